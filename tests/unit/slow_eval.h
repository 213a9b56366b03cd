/*
 * A second evaluator of PromQL, to be compared with the engine: one instant at a time, every sample
 * looked at every time, nothing clever. Floats only; it knows what tests/unit/promql_oracle.c makes
 * expressions of.
 */
#ifndef TESTS_UNIT_SLOW_EVAL_H
#define TESTS_UNIT_SLOW_EVAL_H

#include "base/arena.h"
#include "promql/ast.h"
#include "promql/labels.h"

struct slow_sample {
	ms_t t;
	double v;
	bool stale;
};

struct slow_series {
	struct labels labels;
	struct slow_sample *v;
	size_t n;
};

struct slow_element {
	struct labels labels;
	double v;
};

struct slow_vector {
	struct slow_element *v;
	size_t n, cap;
	bool scalar;
};

struct slow {
	const struct slow_series *series;
	size_t n;
	struct arena *a;
	ms_t start, end; /* of the query, for @ start() and end() */
};

/* False: the query fails. */
bool slow_eval(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out);

#endif
