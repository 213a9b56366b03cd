/* Inside replay: between the evaluation of one rule and the run over all steps. */
#ifndef EVALUATOR_REPLAY_PRIVATE_H
#define EVALUATOR_REPLAY_PRIVATE_H

#include "evaluator/replay.h"

/* An element of a result that came before: what was made of it then. */
struct replay_seen {
	struct active *active; /* NULL: not in the last result */
	double value;
	struct memory_series *recorded; /* NULL: not made yet */
};

/* One result at one time: elements and, for each, what is remembered of it (NULL: nothing). */
struct replay_result {
	struct sample *v;
	struct replay_seen **seen;
	size_t n;
};

/* Queries and steps one rule. */
void replay_eval_rule(struct replay *r, struct replay_rule *rr, ms_t ts);
/* Steps the rule's alerts or records the series. False: the rule's error is set. */
bool replay_step(struct replay *r, struct replay_rule *rr, const struct replay_result *res,
		 ms_t ts);
bool replay_fail(struct replay_rule *rr, const char *why);
void replay_ok(struct replay_rule *rr);

#endif
