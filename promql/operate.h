/* What an operator makes of two values, floats or histograms. */
#ifndef PROMQL_OPERATE_H
#define PROMQL_OPERATE_H

#include "promql/eval.h"

struct value {
	double v;
	const struct histogram *h; /* NULL: the float */
};

/* What became of two operands. */
enum outcome {
	OUTCOME_NONE, /* they do not go together: noted, no result */
	OUTCOME_DROP, /* a comparison that does not hold */
	OUTCOME_KEEP,
};

/* e is the EXPR_BINARY, for annotations. A comparison gives its left side. */
enum outcome operate(struct eval *ev, const struct expr *e, struct value l, struct value r,
		     struct value *out);
/* Arithmetic of floats. */
double operate_floats(enum binary_op op, double l, double r);
bool compare_floats(enum binary_op op, double l, double r);

#endif
