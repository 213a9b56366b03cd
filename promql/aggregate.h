/* Aggregation operators over a grid: a node function of the engine. */
#ifndef PROMQL_AGGREGATE_H
#define PROMQL_AGGREGATE_H

#include "promql/grouping.h"

ATTR_CHECK bool eval_aggregate(struct eval *ev, const struct expr *e, struct vec *out);

/* Between aggregate.c and aggregate_pick.c: the rows of one group. */
struct bundle {
	const struct expr *e; /* EXPR_AGGREGATE */
	struct row **rows;
	size_t n;
	struct labels labels;
	bool drop_name;
	const double *param; /* one a step; NULL: the operator has none */
};

/* topk, bottomk, limitk, limit_ratio: takes away the values that are not picked, in place. */
ATTR_CHECK bool aggregate_pick(struct eval *ev, const struct bundle *b);
/* After topk and bottomk of one step: orders the rows. */
void aggregate_pick_order(const struct bundle *b);
/* count_values: adds a row for each value that is there to out. */
ATTR_CHECK bool aggregate_count_values(struct eval *ev, const struct bundle *b, struct vec *out);
ATTR_CHECK bool aggregate_quantile(struct eval *ev, const struct bundle *b, struct row *out);
/* Rows that got the same labels, from different groups, become one. */
void aggregate_join_counts(struct eval *ev, struct vec *vec);
/* At every step, whether there are rows or not. */
ATTR_CHECK bool aggregate_param_is_valid(struct eval *ev, const struct expr *e,
					 const double *param);
/* Tells once that histograms were left out. */
void aggregate_ignored(struct eval *ev, const struct bundle *b);

#endif
