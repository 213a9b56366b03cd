/*
 * Aggregations that look at the values of a group step by step: those that pick some of the rows,
 * quantile and count_values.
 */
#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/num.h"
#include "promql/aggregate.h"
#include "promql/labels.h"
#include "promql/stats.h"

/* ---- parameters -------------------------------------------------------------------------------
 */

static bool count_is_valid(struct eval *ev, const struct expr *param, double v)
{
	if (isnan(v))
		return eval_fail(ev, param, "Parameter value is NaN");
	if (v <= -9223372036854775808.0)
		return eval_fail(ev, param, "Scalar value %g underflows int64", v);
	if (v >= 9223372036854775808.0)
		return eval_fail(ev, param, "Scalar value %g overflows int64", v);
	return true;
}

static bool ratio_is_valid(struct eval *ev, const struct expr *param, double v)
{
	double capped = MAX(-1.0, MIN(1.0, v));

	if (isnan(v))
		return eval_fail(ev, param, "Ratio value is NaN");
	if (capped != v)
		notes_warn(ev->notes, param->start,
			   "ratio value should be between -1 and 1, got %g, capping to %g", v,
			   capped);
	return true;
}

bool aggregate_param_is_valid(struct eval *ev, const struct expr *e, const double *param)
{
	enum aggregate_op op = e->u.aggregate.op;
	bool count = op == AGGR_TOPK || op == AGGR_BOTTOMK || op == AGGR_LIMITK;

	for (size_t i = 0; param && i < ev->grid.n; i++) {
		if (count && !count_is_valid(ev, e->u.aggregate.param, param[i]))
			return false;
		if (op == AGGR_LIMIT_RATIO && !ratio_is_valid(ev, e->u.aggregate.param, param[i]))
			return false;
	}
	return true;
}

/* ---- picking ----------------------------------------------------------------------------------
 */

/* Whether a comes before b for topk (bottomk): the better value, NaN last. */
static int better(bool top, double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return top ? (a < b) - (a > b) : (a > b) - (a < b);
}

struct candidate {
	double v;
	uint32_t row;
};

/* A heap with the worst on top: the later one among equals. */
static bool worse(bool top, const struct candidate *a, const struct candidate *b)
{
	int c = better(top, a->v, b->v);

	return c ? c > 0 : a->row > b->row;
}

static void sift_down(struct candidate *h, size_t n, bool top)
{
	for (size_t i = 0, child = 1; child < n; i = child, child = 2 * i + 1) {
		struct candidate moved = h[i];

		if (child + 1 < n && worse(top, &h[child + 1], &h[child]))
			child++;
		if (!worse(top, &h[child], &h[i]))
			return;
		h[i] = h[child];
		h[child] = moved;
	}
}

static void sift_up(struct candidate *h, size_t i, bool top)
{
	for (size_t parent; i > 0 && worse(top, &h[i], &h[parent = (i - 1) / 2]); i = parent) {
		struct candidate moved = h[i];

		h[i] = h[parent];
		h[parent] = moved;
	}
}

static void pick_k_at(struct eval *ev, const struct bundle *b, size_t i, size_t k,
		      struct candidate *heap)
{
	bool top = b->e->u.aggregate.op == AGGR_TOPK;
	size_t n = 0;

	for (uint32_t r = 0; r < b->n; r++) {
		struct candidate c = {.v = b->rows[r]->v[i], .row = r};

		if (!row_has(b->rows[r], i))
			continue;
		b->rows[r]->v[i] = stale_nan();
		if (row_hist(b->rows[r], i)) {
			aggregate_ignored(ev, b);
		} else if (n < k) {
			heap[n] = c;
			sift_up(heap, n++, top);
		} else if (k && better(top, c.v, heap[0].v) < 0) {
			heap[0] = c;
			sift_down(heap, n, top);
		}
	}
	for (size_t c = 0; c < n; c++)
		b->rows[heap[c].row]->v[i] = heap[c].v;
}

static void limit_k_at(const struct bundle *b, size_t i, size_t k)
{
	for (size_t r = 0; r < b->n; r++) {
		if (row_has(b->rows[r], i) && k > 0)
			k--;
		else
			b->rows[r]->v[i] = stale_nan();
	}
}

/* Which series pass is a matter of their labels' hash, the same at every step. */
static void limit_ratio_at(const struct bundle *b, size_t i, double ratio)
{
	for (size_t r = 0; r < b->n; r++) {
		double place = (double)labels_hash(b->rows[r]->labels) / 18446744073709551615.0;
		bool pass = ratio >= 0 ? place < ratio : place >= 1 + ratio;

		if (!pass || ratio == 0)
			b->rows[r]->v[i] = stale_nan();
	}
}

bool aggregate_pick(struct eval *ev, const struct bundle *b)
{
	enum aggregate_op op = b->e->u.aggregate.op;
	struct candidate *heap = ARENA_ARRAY(ev->a, struct candidate, b->n);

	for (size_t i = 0; i < ev->grid.n; i++) {
		double param = b->param[i];
		size_t k = param < 1 ? 0 : (size_t)MIN(param, 1e18);

		if (op == AGGR_LIMIT_RATIO)
			limit_ratio_at(b, i, MAX(-1.0, MIN(1.0, param)));
		else if (op == AGGR_LIMITK)
			limit_k_at(b, i, k);
		else
			pick_k_at(ev, b, i, k, heap);
		if (!eval_work(ev, b->n))
			return false;
	}
	return true;
}

static int top_first(const void *x, const void *y)
{
	const struct row *a = *(struct row *const *)x, *b = *(struct row *const *)y;

	return better(true, a->v[0], b->v[0]);
}

static int bottom_first(const void *x, const void *y)
{
	const struct row *a = *(struct row *const *)x, *b = *(struct row *const *)y;

	return better(false, a->v[0], b->v[0]);
}

void aggregate_pick_order(const struct bundle *b)
{
	qsort(b->rows, b->n, sizeof(struct row *),
	      b->e->u.aggregate.op == AGGR_TOPK ? top_first : bottom_first);
}

/* ---- quantile ---------------------------------------------------------------------------------
 */

bool aggregate_quantile(struct eval *ev, const struct bundle *b, struct row *out)
{
	double *values = ARENA_ARRAY(ev->a, double, b->n);

	out->v = eval_column(ev);
	for (size_t i = 0; out->v && i < ev->grid.n; i++) {
		double q = b->param[i];
		size_t n = 0;

		if (!(q >= 0 && q <= 1))
			eval_note_quantile(ev, b->e->u.aggregate.param, q);
		for (size_t r = 0; r < b->n; r++) {
			if (!row_has(b->rows[r], i))
				continue;
			if (row_hist(b->rows[r], i))
				aggregate_ignored(ev, b);
			else
				values[n++] = b->rows[r]->v[i];
		}
		if (n)
			out->v[i] = stats_quantile(q, values, n);
		if (!eval_work(ev, b->n))
			return false;
	}
	return out->v;
}

/* ---- count_values -----------------------------------------------------------------------------
 */

struct counter {
	struct eval *ev;
	const struct bundle *b;
	struct map rows; /* by the value's text */
	struct vec *out;
	size_t cap;
	struct labels_builder lb;
	struct str label;
};

static struct row *row_new(struct counter *c, struct str text)
{
	struct row *r = ARENA_NEW(c->ev->a, struct row);

	labels_builder_from(&c->lb, c->b->labels);
	labels_builder_set(&c->lb, c->label, text);
	*r = (struct row){.labels = labels_builder_build(&c->lb, c->ev->a),
			  .drop_name = c->b->drop_name,
			  .v = eval_column(c->ev)};
	map_put(&c->rows, text, r);
	return r;
}

static bool count_value(struct counter *c, const struct row *r, size_t i, struct buf *text)
{
	struct row *to;

	buf_clear(text);
	if (row_hist(r, i))
		histogram_put_go(text, r->h[i]);
	else
		num_put_float(text, r->v[i], 'f', -1);
	to = (struct row *)map_get(&c->rows, buf_str(text));
	if (!to)
		to = row_new(c, buf_str(text));
	if (!to->v)
		return false;
	to->v[i] = row_has(to, i) ? to->v[i] + 1 : 1;
	return true;
}

/* The rows that were made join those of other groups. */
static void hand_over(struct counter *c)
{
	struct row *v = eval_rows(c->ev, c->out->n + c->rows.n);

	for (size_t k = 0; k < c->out->n; k++)
		v[k] = c->out->v[k];
	c->out->v = v;
	map_each (&c->rows, entry)
		c->out->v[c->out->n++] = *(const struct row *)entry->value;
}

void aggregate_join_counts(struct eval *ev, struct vec *vec)
{
	struct grouping g;
	size_t n = 0;

	grouping_init(&g, ev->a, (struct strs){0}, false);
	g.metric = GROUPING_WHOLE;
	for (size_t k = 0; k < vec->n; k++) {
		struct row *r = &vec->v[k], *to = &vec->v[grouping_of(&g, r->labels)];

		if (g.n > n) {
			vec->v[n++] = *r;
			continue;
		}
		for (size_t i = 0; i < ev->grid.n; i++) {
			if (row_has(r, i))
				to->v[i] = r->v[i] + (row_has(to, i) ? to->v[i] : 0);
		}
	}
	vec->n = n;
}

bool aggregate_count_values(struct eval *ev, const struct bundle *b, struct vec *out)
{
	const struct expr *param = expr_unwrap(b->e->u.aggregate.param);
	struct counter c = {.ev = ev, .b = b, .out = out, .label = param->u.string.v};
	struct buf text;
	bool ok = eval_label_is_valid(ev, param, "label name", c.label);

	map_init(&c.rows);
	labels_builder_init(&c.lb);
	buf_init(&text, BUF_MAX_ANY);
	for (size_t i = 0; ok && i < ev->grid.n; i++) {
		for (size_t r = 0; ok && r < b->n; r++)
			ok = !row_has(b->rows[r], i) || count_value(&c, b->rows[r], i, &text);
	}
	if (ok)
		hand_over(&c);
	buf_done(&text);
	labels_builder_done(&c.lb);
	map_done(&c.rows);
	return ok;
}
