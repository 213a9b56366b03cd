/*
 * Why an alert fires, in words: which parts of its expression hold, with their values. The
 * expression is taken apart at `or`, `and`, `unless`, comparisons and absent(); each part is a
 * question to Prometheus at the same instant, and only what is not known already is asked.
 *
 * Pure: whoever asks (evaluator/branch.h) takes one question after the other and gives answers.
 */
#ifndef EVALUATOR_EXPLAIN_H
#define EVALUATOR_EXPLAIN_H

#include "base/buf.h"
#include "evaluator/vector.h"
#include "rules/rules.h"

#define EXPLAIN_PARTS_MAX 16 /* questions about one alert */

enum explain_answer {
	EXPLAIN_UNKNOWN, /* not asked yet */
	EXPLAIN_FAILED,	 /* Prometheus did not say */
	EXPLAIN_NONE,	 /* no element goes with the alert */
	EXPLAIN_ONE,	 /* one does, with `value` */
	EXPLAIN_MANY,	 /* `n` do */
};

struct explain_part {
	struct str query;
	bool own; /* the alert itself may come from here: its labels, no others */
	enum explain_answer answer;
	double value;
	size_t n;
};

struct explain_node;

struct explain {
	struct arena arena;
	const struct rule *rule;
	struct labels alert;
	ms_t at;
	struct explain_node *root;
	struct explain_part parts[EXPLAIN_PARTS_MAX];
	size_t n;
};

/* `value` is the alert's at `at`; rule and labels are borrowed. False: its expression has no parts
 * that would say more than the value. explain_done is needed either way. */
bool explain_init(struct explain *x, const struct rule *r, struct labels alert, double value,
		  ms_t at);
void explain_done(struct explain *x);
/* What to ask next; NULL: all that is needed is known. */
struct explain_part *explain_next(struct explain *x);
/* v NULL: there was no answer. */
void explain_take(struct explain *x, struct explain_part *p, const struct vector *v);
/* "a > 5 holds with value 7; absent(b) does not hold". Nothing if no part is known to hold. */
void explain_put(const struct explain *x, struct buf *b);

#endif
