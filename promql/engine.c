/*
 * The tree, node by node, each over all steps of the grid. What does not depend on the step (every
 * selector in it has an `@`) is evaluated for one step and spread out.
 */
#include "promql/engine.h"

#include <stdlib.h>
#include <string.h>

#include "promql/aggregate.h"
#include "promql/binop.h"
#include "promql/duration.h"
#include "promql/functions.h"
#include "promql/grouping.h"
#include "promql/select.h"

void engine_options_default(struct engine_options *o)
{
	*o = (struct engine_options){.lookback = 5 * MINUTE,
				     .subquery_step = MINUTE,
				     .max_samples = 50000000,
				     .max_steps = 1000000,
				     .max_series = 1000000,
				     .max_bytes = (size_t)2 << 30};
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

/* Ranges with `anchored` or `smoothed` are for functions that know what to do with them. */
static bool modifier_fits(struct eval *ev, const struct expr *call, const struct expr *arg,
			  unsigned flags)
{
	const struct expr *selector;
	const char *modifier, *takers;

	if (arg->kind != EXPR_MATRIX)
		return true;
	selector = expr_unwrap(arg->u.matrix.selector);
	if (selector->u.selector.anchored && !(flags & FUNC_ANCHORED)) {
		modifier = "anchored";
		takers = "changes, delta, increase, rate, resets";
	} else if (selector->u.selector.smoothed && !(flags & FUNC_SMOOTHED)) {
		modifier = "smoothed";
		takers = "delta, increase, rate";
	} else {
		return true;
	}
	return eval_fail(ev, arg, "%s modifier can only be used with: %s - not with %s", modifier,
			 takers, call->u.call.fn->name);
}

static bool eval_args(struct eval *ev, struct call *c, unsigned flags)
{
	const struct expr *e = c->e;

	for (size_t i = 0; i < c->n; i++) {
		struct arg *arg = &c->args[i];
		bool ok = true;

		arg->e = expr_unwrap(e->u.call.args[i]);
		switch (arg->e->type) {
		case PROMQL_MATRIX:
			ok = modifier_fits(ev, e, arg->e, flags) &&
			     eval_ranges(ev, arg->e, &arg->ranges);
			break;
		case PROMQL_STRING: arg->text = arg->e->u.string.v; break;
		case PROMQL_SCALAR:
		case PROMQL_VECTOR: ok = eval_vec(ev, arg->e, &arg->vec); break;
		case PROMQL_NONE: break;
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool eval_call(struct eval *ev, const struct expr *e, struct vec *out)
{
	const struct func *f = func_find(str_of(e->u.call.fn->name));
	struct call c = {.ev = ev, .e = e, .n = e->u.call.n_args};
	bool outer = ev->tell_resets;

	if (!f)
		return eval_fail(ev, e, "function %s is not known to the engine",
				 e->u.call.fn->name);
	c.args = ARENA_ARRAY(ev->a, struct arg, c.n + 1);
	for (size_t i = 0; i < c.n; i++)
		c.args[i].e = expr_unwrap(e->u.call.args[i]);
	if (f->flags & (FUNC_NO_BUCKETS | FUNC_BUCKETS))
		ev->tell_resets = f->flags & FUNC_NO_BUCKETS;
	if (!(f->flags & FUNC_LAZY) && !eval_args(ev, &c, f->flags))
		return false;
	ev->tell_resets = outer;
	if (!f->fn(&c, out))
		return false;
	if (e->type != PROMQL_VECTOR || (f->flags & FUNC_KEEPS_NAME))
		return true;
	return eval_drop_names(ev, out);
}

static bool eval_node(struct eval *ev, const struct expr *e, struct vec *out)
{
	e = expr_unwrap(e);
	switch (e->kind) {
	case EXPR_NUMBER: return eval_scalar(ev, e->u.number.v, out);
	case EXPR_SELECTOR: return eval_selector(ev, e, SELECTED_VALUE, out);
	case EXPR_CALL: return eval_call(ev, e, out);
	case EXPR_AGGREGATE: return eval_aggregate(ev, e, out);
	case EXPR_BINARY: return eval_binary(ev, e, out);
	case EXPR_UNARY: return eval_unary(ev, e, out);
	case EXPR_PAREN:
	case EXPR_STRING:
	case EXPR_MATRIX:
	case EXPR_SUBQUERY:
	case EXPR_DURATION: break;
	}
	return eval_fail(ev, e, "%s where a vector is needed", promql_type_name(e->type));
}

/* ---- what does not depend on the step ---------------------------------------------------------
 */

static bool reads_the_step(const struct expr *call)
{
	static const char *const NAMES[] = {"time",	    "timestamp",   "start_timestamp",
					    "minute",	    "hour",	   "day_of_week",
					    "day_of_month", "day_of_year", "days_in_month",
					    "month",	    "year",	   "predict_linear"};

	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		if (strcmp(call->u.call.fn->name, NAMES[i]) == 0)
			return true;
	}
	return false;
}

struct steady {
	bool yes;
	bool selects; /* has a selector: worth the trouble */
};

static bool steady_node(void *arg, const struct expr *e)
{
	struct steady *s = arg;

	if (e->kind == EXPR_SELECTOR) {
		s->selects = true;
		s->yes &= e->u.selector.time.at_kind != AT_NONE || e->u.selector.label_only;
	} else if (e->kind == EXPR_SUBQUERY) {
		s->selects = true;
		s->yes &= e->u.subquery.time.at_kind != AT_NONE;
		return false;
	} else if (e->kind == EXPR_CALL) {
		s->yes &= !reads_the_step(e);
	}
	return s->yes;
}

static bool spread(struct eval *ev, struct vec *vec)
{
	for (size_t k = 0; k < vec->n; k++) {
		struct row *r = &vec->v[k], one = *r;

		r->v = eval_column(ev);
		r->h = NULL;
		if (!r->v)
			return false;
		for (size_t i = 0; i < ev->grid.n; i++)
			r->v[i] = one.v[0];
		for (size_t i = 0; row_hist(&one, 0) && i < ev->grid.n; i++)
			eval_hist_column(ev, r)[i] = one.h[0];
		eval_column_free(ev, one.v);
	}
	return true;
}

bool eval_vec(struct eval *ev, const struct expr *e, struct vec *out)
{
	struct steady s = {.yes = true};
	size_t n = ev->grid.n;
	bool ok;

	if (n > 1)
		expr_walk(e, steady_node, &s);
	if (n == 1 || !s.yes || !s.selects)
		return eval_node(ev, e, out);
	ev->grid.n = 1;
	ok = eval_node(ev, e, out);
	ev->grid.n = n;
	return ok && spread(ev, out);
}

/* ---- results ----------------------------------------------------------------------------------
 */

static bool drop_names(struct eval *ev, struct vec *vec)
{
	bool any = false;

	for (size_t k = 0; k < vec->n; k++) {
		struct row *r = &vec->v[k];

		if (!r->drop_name)
			continue;
		any = true;
		r->drop_name = false;
		r->labels = labels_without_metric(ev->a, r->labels);
	}
	return !any || eval_merge_rows(ev, vec);
}

static size_t row_count(const struct eval *ev, const struct row *r)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->grid.n; i++)
		n += row_has(r, i);
	return n;
}

static struct points row_samples(struct eval *ev, const struct row *r, size_t n)
{
	ms_t *t = ARENA_ARRAY(ev->a, ms_t, n);
	double *v = ARENA_ARRAY(ev->a, double, n);
	const struct histogram **h = r->h ? ARENA_ARRAY(ev->a, const struct histogram *, n) : NULL;
	size_t k = 0;

	for (size_t i = 0; i < ev->grid.n; i++) {
		if (!row_has(r, i))
			continue;
		t[k] = grid_time(&ev->grid, i);
		v[k] = r->v[i];
		if (h)
			h[k] = r->h[i];
		k++;
	}
	return (struct points){.t = t, .v = v, .h = h, .n = n};
}

static int by_labels(const void *x, const void *y)
{
	const struct result_series *a = x, *b = y;

	return labels_cmp(a->labels, b->labels);
}

static bool vec_result(struct eval *ev, const struct expr *e, bool instant, struct result *out)
{
	struct vec vec;

	if (!eval_vec(ev, e, &vec) || !drop_names(ev, &vec))
		return false;
	out->v = ARENA_ARRAY(ev->a, struct result_series, vec.n);
	for (size_t k = 0; k < vec.n; k++) {
		size_t n = row_count(ev, &vec.v[k]);

		if (n)
			out->v[out->n++] =
				(struct result_series){.labels = vec.v[k].labels,
						       .points = row_samples(ev, &vec.v[k], n)};
	}
	if (!instant) {
		out->type = PROMQL_MATRIX;
		qsort(out->v, out->n, sizeof(*out->v), by_labels);
	}
	return true;
}

static bool matrix_result(struct eval *ev, const struct expr *e, struct result *out)
{
	struct range_set rs;

	if (!eval_ranges(ev, e, &rs))
		return false;
	out->v = ARENA_ARRAY(ev->a, struct result_series, rs.n);
	for (size_t k = 0; k < rs.n; k++) {
		struct range *r = &rs.v[k];
		struct window w = window_first(&r->p);

		window_move(ev, &rs, &w, 0);
		if (w.from == w.to)
			continue;
		out->v[out->n++] =
			(struct result_series){.labels = r->drop_name
								 ? labels_without_metric(ev->a,
											 r->labels)
								 : r->labels,
					       .points = {.t = r->p.t + w.from,
							  .v = r->p.v + w.from,
							  .h = r->p.h ? r->p.h + w.from : NULL,
							  .n = w.to - w.from}};
	}
	qsort(out->v, out->n, sizeof(*out->v), by_labels);
	return true;
}

static void eval_init(struct eval *ev, const struct engine_options *o, const struct engine_query *q)
{
	size_t n = q->step ? (size_t)((q->end - q->start) / q->step) + 1 : 1;

	*ev = (struct eval){.o = o,
			    .grid = {.start = q->start, .step = q->step, .n = n},
			    .query_end = q->end};
	ev->query = ev->grid;
}

bool engine_eval(const struct engine_options *o, const struct engine_query *q, struct arena *a,
		 struct result *out, struct notes *notes, struct err *err)
{
	const struct expr *e = expr_unwrap(q->expr);
	struct notes own;
	struct eval ev;
	bool ok;

	CHECK(q->end >= q->start && q->step >= 0);
	eval_init(&ev, o, q);
	if (ev.grid.n > o->max_steps)
		return err_set(err, -1, "query has %zu steps, more than %zu", ev.grid.n,
			       o->max_steps);
	if (!notes)
		notes_init(&own, (struct str){0});
	ev.notes = notes ? notes : &own;
	ev.source = q->source;
	ev.a = a;
	ev.err = err;
	*out = (struct result){.type = e->type};
	if (e->type == PROMQL_STRING) {
		out->text = e->u.string.v;
		ok = true;
	} else if (e->type == PROMQL_MATRIX) {
		ok = matrix_result(&ev, e, out);
	} else {
		ok = vec_result(&ev, e, q->step == 0, out);
	}
	if (!notes)
		notes_done(&own);
	return ok;
}

bool engine_needs(const struct engine_options *o, const struct engine_query *q, engine_need_fn *fn,
		  void *arg, struct err *err)
{
	struct arena scratch;
	struct eval ev;
	bool ok;

	arena_init(&scratch);
	eval_init(&ev, o, q);
	ev.a = &scratch;
	ev.err = err;
	ok = select_needs(&ev, q->expr, fn, arg);
	arena_done(&scratch);
	return ok;
}
