/*
 * Which branch fired: when an alert starts to fire, the parts of its expression are asked for one
 * by one at the same instant, and the alert learns in words which of them hold with which values
 * (evaluator/explain.h). The page does not wait for it: the words are there when they come before
 * the group's flush, and in the next page otherwise.
 */
#ifndef EVALUATOR_BRANCH_H
#define EVALUATOR_BRANCH_H

#include "base/base.h"
#include "evaluator/group.h"

struct branch;

/* Asks, if the rule's expression has parts that say more than its value. */
void branch_ask(struct core *c, struct now now, struct rule_run *rr, const struct active *a);
/* Drops the questions about rules of this group (it goes away), or all with NULL. */
void branches_drop(struct core *c, const struct group *g);

#endif
