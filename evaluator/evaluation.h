/*
 * One iteration of a group: its rules in order, each expanded, stepped and written before the next
 * one begins; only the questions to Prometheus run ahead. Every wait is a call of base/io.h, so an
 * iteration is a little machine:
 *
 *	ASK -> (answer) -> EXPAND -> [a template asks: ASK_TEMPLATE -> EXPAND again]
 *	    -> STEP -> [remote_write: WRITE] -> next rule | done
 *
 * A question that nobody answers fails its rule; the second in a row ends the iteration, if nothing
 * else was answered meanwhile either.
 *
 * Templates that query are executed again once the answer is there; all answers of one rule are
 * remembered until its step, so each question is asked once.
 */
#ifndef EVALUATOR_EVALUATION_H
#define EVALUATOR_EVALUATION_H

#include "base/arena.h"
#include "base/base.h"
#include "evaluator/group.h"
#include "evaluator/prom.h"
#include "evaluator/vector.h"

struct evaluation;

/* Begins the iteration of g's present slot. */
void evaluation_start(struct group *g, struct now now);
/* Gives up: nothing of the rule at work has changed. */
void evaluation_cancel(struct evaluation *ev);
/* Frees those kept for reuse. */
void evaluations_done(struct core *c);

#endif
