/*
 * Aggregations fold the rows of a group into one, row after row, so that memory is walked in order:
 * an accumulator for each step, one loop for each operator.
 */
#include "promql/aggregate.h"

#include <math.h>
#include <string.h>

#include "promql/labels.h"
#include "promql/stats.h"

struct acc {
	union {
		struct kahan sum;
		struct mean mean;
		struct spread spread;
		double v; /* min, max, count */
	} u;
	size_t floats, hists;
	struct histogram_sum *h;
	bool incompatible;
};

/* ---- one loop for each operator ---------------------------------------------------------------
 */

#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE void each_float(const struct eval *ev, const struct row *r, struct acc *acc,
				     void (*add)(struct acc *a, double v))
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (!row_has(r, i) || row_hist(r, i))
			continue;
		add(&acc[i], r->v[i]);
		acc[i].floats++;
	}
}

static inline void add_sum(struct acc *a, double v)
{
	kahan_add(&a->u.sum, v);
}

static inline void add_mean(struct acc *a, double v)
{
	mean_add(&a->u.mean, v);
}

static inline void add_nothing(struct acc *a ATTR_UNUSED, double v ATTR_UNUSED) {}

static inline void add_min(struct acc *a, double v)
{
	if (a->floats == 0 || a->u.v > v || isnan(a->u.v))
		a->u.v = v;
}

static inline void add_max(struct acc *a, double v)
{
	if (a->floats == 0 || a->u.v < v || isnan(a->u.v))
		a->u.v = v;
}

static inline void add_spread(struct acc *a, double v)
{
	spread_add(&a->u.spread, v);
}

static void add_floats(const struct eval *ev, enum aggregate_op op, const struct row *r,
		       struct acc *acc)
{
	switch ((int)op) {
	case AGGR_SUM: each_float(ev, r, acc, add_sum); break;
	case AGGR_AVG: each_float(ev, r, acc, add_mean); break;
	case AGGR_MIN: each_float(ev, r, acc, add_min); break;
	case AGGR_MAX: each_float(ev, r, acc, add_max); break;
	case AGGR_STDDEV:
	case AGGR_STDVAR: each_float(ev, r, acc, add_spread); break;
	default: each_float(ev, r, acc, add_nothing); break;
	}
}

/* ---- histograms -------------------------------------------------------------------------------
 */

static void tell(struct eval *ev, const struct expr *e, const struct histogram_told *told)
{
	uint32_t pos = e->u.aggregate.expr->start;

	if (told->reset_collision)
		notes_warn(ev->notes, pos,
			   "conflicting counter resets during histogram aggregation");
	if (told->bounds_reconciled)
		notes_info(ev->notes, pos,
			   "mismatched custom buckets were reconciled during aggregation");
}

static void add_histogram(struct eval *ev, const struct expr *e, const struct row *r, size_t i,
			  struct acc *a)
{
	struct histogram_told told = {0};

	if (a->hists++ == 0) {
		a->h = histogram_sum_new(ev->a, r->h[i]);
		return;
	}
	if (a->incompatible)
		return;
	if (!(e->u.aggregate.op == AGGR_AVG ? histogram_mean_add : histogram_sum_add)(a->h, r->h[i],
										      &told)) {
		struct str name = eval_metric_name(r->labels);

		a->incompatible = true;
		notes_warn(ev->notes, e->u.aggregate.expr->start,
			   "vector contains a mix of histograms with exponential and custom "
			   "buckets schemas for metric name \"%.*s\"",
			   STR_ARG(name));
	}
	tell(ev, e, &told);
}

void aggregate_ignored(struct eval *ev, const struct bundle *b)
{
	notes_info(ev->notes, b->e->u.aggregate.expr->start, "ignored histogram in %s aggregation",
		   aggregate_op_text(b->e->u.aggregate.op));
}

static void add_histograms(struct eval *ev, const struct bundle *b, const struct row *r,
			   struct acc *acc)
{
	enum aggregate_op op = b->e->u.aggregate.op;

	for (size_t i = 0; r->h && i < ev->grid.n; i++) {
		if (!row_has(r, i) || !r->h[i])
			continue;
		if (op == AGGR_SUM || op == AGGR_AVG)
			add_histogram(ev, b->e, r, i, &acc[i]);
		else if (op == AGGR_COUNT || op == AGGR_GROUP)
			acc[i].hists++;
		else
			aggregate_ignored(ev, b);
	}
}

/* ---- results ----------------------------------------------------------------------------------
 */

static double result(enum aggregate_op op, const struct acc *a)
{
	switch ((int)op) {
	case AGGR_SUM: return kahan_value(&a->u.sum);
	case AGGR_AVG: return mean_value(&a->u.mean);
	case AGGR_COUNT: return (double)(a->floats + a->hists);
	case AGGR_GROUP: return 1;
	case AGGR_STDDEV: return sqrt(spread_variance(&a->u.spread));
	case AGGR_STDVAR: return spread_variance(&a->u.spread);
	default: return a->u.v;
	}
}

static void put_result(struct eval *ev, const struct expr *e, const struct acc *a, struct row *out,
		       size_t i)
{
	enum aggregate_op op = e->u.aggregate.op;
	bool sums = op == AGGR_SUM || op == AGGR_AVG;
	struct histogram *h;

	if (a->floats + a->hists == 0)
		return;
	if (!sums || a->hists == 0) {
		out->v[i] = result(op, a);
		return;
	}
	if (a->floats) {
		notes_warn(ev->notes, e->u.aggregate.expr->start,
			   "encountered a mix of histograms and floats for aggregation");
		return;
	}
	if (a->incompatible)
		return;
	h = op == AGGR_AVG ? histogram_sum_mean(a->h) : histogram_sum_result(a->h);
	out->v[i] = 0;
	eval_hist_column(ev, out)[i] = histogram_compact(ev->a, h);
}

/* Folds a group into one row; `acc` is scratch, one for each step. */
static bool fold(struct eval *ev, const struct bundle *b, struct acc *acc, struct row *out)
{
	enum aggregate_op op = b->e->u.aggregate.op;

	memset(acc, 0, ev->grid.n * sizeof(*acc));
	for (size_t k = 0; k < b->n; k++) {
		add_floats(ev, op, b->rows[k], acc);
		if (b->rows[k]->h)
			add_histograms(ev, b, b->rows[k], acc);
		if (!eval_work(ev, ev->grid.n))
			return false;
	}
	out->v = eval_column(ev);
	if (!out->v)
		return false;
	for (size_t i = 0; i < ev->grid.n; i++)
		put_result(ev, b->e, &acc[i], out, i);
	return true;
}

static bool picks(enum aggregate_op op)
{
	return op == AGGR_TOPK || op == AGGR_BOTTOMK || op == AGGR_LIMITK || op == AGGR_LIMIT_RATIO;
}

static bool has_any(const struct eval *ev, const struct row *r)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (row_has(r, i))
			return true;
	}
	return false;
}

/* The rows of a group that still have values. */
static bool pick(struct eval *ev, const struct bundle *b, struct vec *out)
{
	enum aggregate_op op = b->e->u.aggregate.op;

	if (!aggregate_pick(ev, b))
		return false;
	if (ev->grid.n == 1 && (op == AGGR_TOPK || op == AGGR_BOTTOMK))
		aggregate_pick_order(b);
	for (size_t k = 0; k < b->n; k++) {
		if (has_any(ev, b->rows[k]))
			out->v[out->n++] = *b->rows[k];
	}
	return true;
}

static bool one_group(struct eval *ev, const struct bundle *b, struct acc *acc, struct vec *out)
{
	enum aggregate_op op = b->e->u.aggregate.op;
	struct row r = {.labels = b->labels, .drop_name = b->drop_name};

	if (picks(op))
		return pick(ev, b, out);
	if (op == AGGR_COUNT_VALUES)
		return aggregate_count_values(ev, b, out);
	if (!(op == AGGR_QUANTILE ? aggregate_quantile(ev, b, &r) : fold(ev, b, acc, &r)))
		return false;
	if (has_any(ev, &r))
		out->v[out->n++] = r;
	else
		eval_column_free(ev, r.v);
	return true;
}

static bool groups(struct eval *ev, const struct expr *e, struct vec *in, const double *param,
		   struct vec *out)
{
	struct grouping g;
	struct members m;
	struct row **rows = ARENA_ARRAY(ev->a, struct row *, in->n);
	struct acc *acc = ARENA_ARRAY(ev->a, struct acc, ev->grid.n);

	grouping_init(&g, ev->a, e->u.aggregate.grouping, !e->u.aggregate.without);
	g.metric = GROUPING_BARE;
	uint32_t *group = grouping_rows(&g, in);

	m = members_of(ev->a, group, in->n, g.n);
	*out = (struct vec){.v = eval_rows(ev, MAX(in->n, g.n))};
	for (size_t k = 0; k < g.n; k++) {
		struct bundle b = {.e = e, .labels = g.labels[k], .rows = rows, .param = param};

		for (size_t i = m.first[k]; i < m.first[k + 1]; i++) {
			rows[b.n++] = &in->v[m.rows[i]];
			b.drop_name |= in->v[m.rows[i]].drop_name;
		}
		if (!one_group(ev, &b, acc, out))
			return false;
		for (size_t i = 0; !picks(e->u.aggregate.op) && i < b.n; i++)
			eval_column_free(ev, b.rows[i]->v);
	}
	return true;
}

bool eval_aggregate(struct eval *ev, const struct expr *e, struct vec *out)
{
	const struct expr *param = e->u.aggregate.param;
	struct vec in, p = {0};

	if (param && param->type == PROMQL_SCALAR && !eval_vec(ev, param, &p))
		return false;
	if (!aggregate_param_is_valid(ev, e, p.n ? p.v[0].v : NULL) ||
	    !eval_vec(ev, e->u.aggregate.expr, &in) ||
	    !groups(ev, e, &in, p.n ? p.v[0].v : NULL, out))
		return false;
	if (e->u.aggregate.op == AGGR_COUNT_VALUES)
		aggregate_join_counts(ev, out);
	return true;
}
