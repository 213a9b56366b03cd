/*
 * Leaves of the engine: instant selectors, range selectors and subqueries. The samples of a
 * selector are asked for once, for all steps; a cursor moves over each series.
 */
#include "promql/select.h"

#include <math.h>

#include "promql/duration.h"
#include "promql/info.h"
#include "promql/matcher.h"

/* `offset` and `@` of a selector or subquery, computed. */
struct when {
	ms_t offset, at;
	bool fixed;
};

static bool when_of(struct eval *ev, const struct expr_time *time, struct when *out)
{
	*out = (struct when){.fixed = time->at_kind != AT_NONE};
	switch (time->at_kind) {
	case AT_NONE: break;
	case AT_TIME: out->at = time->at; break;
	case AT_START: out->at = ev->query.start; break;
	case AT_END: out->at = ev->query_end; break;
	}
	return duration_or(ev, time->offset, time->offset_expr, &out->offset);
}

static ms_t when_first(const struct eval *ev, const struct when *w)
{
	return (w->fixed ? w->at : ev->grid.start) - w->offset;
}

static ms_t when_last(const struct eval *ev, const struct when *w)
{
	return (w->fixed ? w->at : grid_time(&ev->grid, ev->grid.n - 1)) - w->offset;
}

struct chosen {
	const struct series *v;
	size_t n;
};

static bool choose(struct eval *ev, const struct expr *selector, ms_t from, ms_t to,
		   struct chosen *out)
{
	struct series_query q = {.matchers = selector->u.selector.matchers,
				 .n_matchers = selector->u.selector.n_matchers,
				 .from = from,
				 .to = to};

	*out = (struct chosen){0};
	if (!ev->source->select(ev->source, &q, ev->a, &out->v, &out->n, ev->err))
		return false;
	if (out->n > ev->o->max_series)
		return eval_fail(ev, selector, "selector matches %zu series, more than %zu", out->n,
				 ev->o->max_series);
	return true;
}

static double value_of(const struct points *p, size_t k, enum selected what)
{
	switch (what) {
	case SELECTED_VALUE: return p->v[k];
	case SELECTED_TIME: return (double)p->t[k] / 1e3;
	case SELECTED_START: return p->st && p->st[k] ? (double)p->st[k] / 1e3 : stale_nan();
	}
	return 0;
}

/* ---- instant selectors ------------------------------------------------------------------------
 */

struct pick {
	const struct expr *e; /* EXPR_SELECTOR */
	struct when when;
	enum selected what;
	bool smoothed;
};

/* A time among samples: `after` is the first one behind it. */
struct spot {
	const struct points *p;
	size_t after;
	ms_t t;
};

static const struct histogram *hist_of(const struct points *p, size_t k)
{
	return p->h ? p->h[k] : NULL;
}

static void take(struct eval *ev, struct row *r, size_t i, const struct points *p, size_t k)
{
	r->v[i] = p->v[k];
	if (hist_of(p, k))
		eval_hist_column(ev, r)[i] = p->h[k];
}

/* `share` of the way between two histograms; a counter that restarted grew from zero. NULL: they
 * have nothing to do with each other. */
static const struct histogram *between(struct eval *ev, const struct histogram *x,
				       const struct histogram *y, double share)
{
	bool restarted = y->reset != RESET_GAUGE && histogram_resets(y, x);
	struct histogram *diff;

	if (restarted)
		return histogram_scale(ev->a, y, share);
	if (!histogram_add(ev->a, y, x, -1, &diff, NULL) ||
	    !histogram_add(ev->a, x, histogram_scale(ev->a, diff, share), 1, &diff, NULL))
		return NULL;
	return diff;
}

static void interpolate(struct eval *ev, const struct pick *pick, struct row *r, size_t i,
			const struct spot *at)
{
	const struct points *p = at->p;
	size_t k = at->after - 1;
	double share = (double)(at->t - p->t[k]) / (double)(p->t[k + 1] - p->t[k]);
	const struct histogram *x = hist_of(p, k), *y = hist_of(p, k + 1), *h;
	struct str name = eval_metric_name(r->labels);

	if (!x && !y) {
		r->v[i] = p->v[k] + (p->v[k + 1] - p->v[k]) * share;
	} else if (!x || !y) {
		notes_warn(ev->notes, pick->e->start,
			   "encountered a mix of histograms and floats for metric name \"%.*s\"",
			   STR_ARG(name));
	} else if ((h = between(ev, x, y, share))) {
		r->v[i] = 0;
		eval_hist_column(ev, r)[i] = h;
	} else {
		notes_warn(ev->notes, pick->e->start,
			   "vector contains a mix of histograms with exponential and custom "
			   "buckets schemas for metric name \"%.*s\"",
			   STR_ARG(name));
	}
}

/* The value between the samples around t; that of the nearer side where there is only one. */
static void smooth(struct eval *ev, const struct pick *pick, struct row *r, size_t i,
		   const struct spot *at)
{
	const struct points *p = at->p;
	size_t after = at->after;
	ms_t lookback = ev->o->lookback, t = at->t;
	bool left = after > 0 && p->t[after - 1] > t - lookback && !is_stale(p->v[after - 1]);
	bool right = after < p->n && p->t[after] <= t + lookback && !is_stale(p->v[after]);

	if (left && (p->t[after - 1] == t || !right))
		take(ev, r, i, p, after - 1);
	else if (left)
		interpolate(ev, pick, r, i, at);
	else if (right)
		take(ev, r, i, p, after);
}

/* The sample's histogram; with ev->tell_resets its hint says what the one before tells. */
static const struct histogram *hist_at(struct eval *ev, const struct points *p, size_t k)
{
	const struct histogram *h = p->h[k], *prev = k ? p->h[k - 1] : NULL;
	struct histogram *out;

	if (!ev->tell_resets || !h || !prev || h->reset != RESET_UNKNOWN)
		return h;
	out = ARENA_NEW(ev->a, struct histogram);
	*out = *h;
	out->reset = histogram_resets(h, prev) ? RESET_RESET : RESET_NOT_RESET;
	return out;
}

/* Fills the row's columns; *any tells whether there was a value at all. */
static bool fill(struct eval *ev, const struct pick *pick, const struct points *p, struct row *r,
		 bool *any)
{
	ms_t lookback = ev->o->lookback;
	size_t at = points_after(p, when_first(ev, &pick->when));

	for (size_t i = 0; i < ev->grid.n; i++) {
		ms_t t = (pick->when.fixed ? pick->when.at : grid_time(&ev->grid, i)) -
			 pick->when.offset;

		while (at < p->n && p->t[at] <= t)
			at++;
		if (pick->smoothed) {
			smooth(ev, pick, r, i, &(struct spot){.p = p, .after = at, .t = t});
			*any |= row_has(r, i);
			continue;
		}
		if (at == 0 || p->t[at - 1] <= t - lookback || is_stale(p->v[at - 1]))
			continue;
		r->v[i] = value_of(p, at - 1, pick->what);
		if (pick->what == SELECTED_VALUE && p->h && p->h[at - 1])
			eval_hist_column(ev, r)[i] = hist_at(ev, p, at - 1);
		*any |= row_has(r, i);
	}
	return eval_work(ev, ev->grid.n);
}

bool eval_selector(struct eval *ev, const struct expr *selector, enum selected what,
		   struct vec *out)
{
	struct pick pick = {.e = selector, .what = what, .smoothed = selector->u.selector.smoothed};
	struct chosen chosen;
	ms_t lookback = ev->o->lookback;

	if (!when_of(ev, &selector->u.selector.time, &pick.when))
		return false;
	if (!choose(ev, selector, when_first(ev, &pick.when) - lookback,
		    when_last(ev, &pick.when) + (pick.smoothed ? lookback : 0), &chosen))
		return false;
	*out = (struct vec){.v = eval_rows(ev, chosen.n)};
	for (size_t k = 0; k < chosen.n; k++) {
		struct row *r = &out->v[out->n];
		bool any = false;

		*r = (struct row){.labels = chosen.v[k].labels, .v = eval_column(ev)};
		if (!r->v || !fill(ev, &pick, &chosen.v[k].points, r, &any))
			return false;
		if (any)
			out->n++;
		else
			eval_column_free(ev, r->v);
	}
	return true;
}

/* ---- range selectors --------------------------------------------------------------------------
 */

/* The samples in (from, to], without stale markers. */
static struct points points_cut(struct eval *ev, const struct points *p, ms_t from, ms_t to)
{
	size_t lo = points_after(p, from), hi = points_after(p, to), stale = 0, n = 0;
	struct points out = {.t = p->t + lo,
			     .v = p->v + lo,
			     .h = p->h ? p->h + lo : NULL,
			     .st = p->st ? p->st + lo : NULL,
			     .n = hi - lo};

	for (size_t k = 0; k < out.n; k++)
		stale += is_stale(out.v[k]);
	if (!stale && !(out.h && ev->tell_resets))
		return out;

	ms_t *t = ARENA_ARRAY(ev->a, ms_t, out.n - stale);
	double *v = ARENA_ARRAY(ev->a, double, out.n - stale);
	const struct histogram **h =
		out.h ? ARENA_ARRAY(ev->a, const struct histogram *, out.n - stale) : NULL;
	ms_t *st = out.st ? ARENA_ARRAY(ev->a, ms_t, out.n - stale) : NULL;

	for (size_t k = 0; k < out.n; k++) {
		if (is_stale(out.v[k]))
			continue;
		t[n] = out.t[k];
		v[n] = out.v[k];
		if (h)
			h[n] = hist_at(ev, &out, k);
		if (st)
			st[n] = out.st[k];
		n++;
	}
	return (struct points){.t = t, .v = v, .h = h, .st = st, .n = n};
}

static bool matrix_ranges(struct eval *ev, const struct expr *e, struct range_set *out)
{
	const struct expr *selector = expr_unwrap(e->u.matrix.selector);
	struct chosen chosen;
	struct when when;
	ms_t before, after;

	*out = (struct range_set){.e = e,
				  .anchored = selector->u.selector.anchored,
				  .smoothed = selector->u.selector.smoothed,
				  .name = selector->u.selector.name};
	if (!when_of(ev, &selector->u.selector.time, &when) ||
	    !duration_positive(ev, e->u.matrix.range, e->u.matrix.range_expr, &out->range))
		return false;
	out->offset = when.offset;
	out->fixed = when.fixed;
	out->at = when.at;
	before = out->anchored || out->smoothed ? ev->o->lookback : 0;
	after = out->smoothed ? ev->o->lookback : 0;

	ms_t from = when_first(ev, &when) - out->range - before;
	ms_t to = when_last(ev, &when) + after;

	if (!choose(ev, selector, from, to, &chosen))
		return false;
	out->v = ARENA_ARRAY(ev->a, struct range, chosen.n);
	for (size_t k = 0; k < chosen.n; k++) {
		struct range *r = &out->v[out->n];

		*r = (struct range){.labels = chosen.v[k].labels,
				    .p = points_cut(ev, &chosen.v[k].points, from, to)};
		if (!eval_work(ev, r->p.n))
			return false;
		out->n += r->p.n > 0;
	}
	return true;
}

/* ---- subqueries -------------------------------------------------------------------------------
 */

/* The multiples of `step` in (from, to]. */
static struct grid multiples(ms_t from, ms_t to, ms_t step)
{
	ms_t first = from / step * step;

	while (first <= from)
		first += step;
	return (struct grid){.start = first,
			     .step = step,
			     .n = to < first ? 0 : (size_t)((to - first) / step) + 1};
}

/* What is sampled again has other neighbours than it had in the store. */
static void forget_resets(struct eval *ev, const struct row *r)
{
	for (size_t i = 0; r->h && i < ev->grid.n; i++) {
		struct histogram *h;

		if (!row_has(r, i) || !r->h[i] || r->h[i]->reset == RESET_GAUGE)
			continue;
		h = ARENA_NEW(ev->a, struct histogram);
		*h = *r->h[i];
		h->reset = RESET_UNKNOWN;
		r->h[i] = h;
	}
}

/* A row's values as samples; `times` is shared by rows without gaps. */
static struct points row_points(struct eval *ev, const struct row *r, const ms_t *times)
{
	size_t n = 0, steps = ev->grid.n;
	struct points p = {.t = times, .v = r->v, .h = r->h, .n = steps};

	forget_resets(ev, r);

	for (size_t i = 0; i < steps; i++)
		n += row_has(r, i);
	if (n == steps)
		return p;

	ms_t *t = ARENA_ARRAY(ev->a, ms_t, n);
	double *v = ARENA_ARRAY(ev->a, double, n);
	const struct histogram **h = r->h ? ARENA_ARRAY(ev->a, const struct histogram *, n) : NULL;

	n = 0;
	for (size_t i = 0; i < steps; i++) {
		if (!row_has(r, i))
			continue;
		t[n] = times[i];
		v[n] = r->v[i];
		if (h)
			h[n] = r->h[i];
		n++;
	}
	return (struct points){.t = t, .v = v, .h = h, .n = n};
}

/* Evaluates the inner expression over `inner` and turns its rows into ranges. */
static bool subquery_rows(struct eval *ev, const struct expr *e, struct grid inner,
			  struct range_set *out)
{
	struct grid outer = ev->grid;
	bool tell_resets = ev->tell_resets;
	struct vec vec;
	ms_t *times;
	bool ok;

	if (inner.n == 0)
		return true;
	if (inner.n > ev->o->max_steps)
		return eval_fail(ev, e, "subquery has %zu steps, more than %zu", inner.n,
				 ev->o->max_steps);
	ev->grid = inner;
	ev->tell_resets = false;
	ok = eval_vec(ev, e->u.subquery.expr, &vec);
	ev->tell_resets = tell_resets;
	if (ok) {
		times = ARENA_ARRAY(ev->a, ms_t, inner.n);
		for (size_t i = 0; i < inner.n; i++)
			times[i] = grid_time(&inner, i);
		out->v = ARENA_ARRAY(ev->a, struct range, vec.n);
		for (size_t k = 0; k < vec.n; k++)
			out->v[out->n++] = (struct range){.labels = vec.v[k].labels,
							  .drop_name = vec.v[k].drop_name,
							  .p = row_points(ev, &vec.v[k], times)};
	}
	ev->grid = outer;
	return ok;
}

static bool subquery_ranges(struct eval *ev, const struct expr *e, struct range_set *out)
{
	struct when when;
	ms_t step = e->u.subquery.step;

	*out = (struct range_set){.e = e};
	if (!when_of(ev, &e->u.subquery.time, &when) ||
	    !duration_positive(ev, e->u.subquery.range, e->u.subquery.range_expr, &out->range))
		return false;
	if (step == 0 && !e->u.subquery.step_expr)
		step = ev->o->subquery_step;
	if (!duration_positive(ev, step, e->u.subquery.step_expr, &step))
		return false;
	out->offset = when.offset;
	out->fixed = when.fixed;
	out->at = when.at;
	return subquery_rows(ev, e,
			     multiples(when_first(ev, &when) - out->range, when_last(ev, &when),
				       step),
			     out);
}

bool eval_ranges(struct eval *ev, const struct expr *e, struct range_set *out)
{
	e = expr_unwrap(e);
	return e->kind == EXPR_MATRIX ? matrix_ranges(ev, e, out) : subquery_ranges(ev, e, out);
}

/* ---- what a query needs -----------------------------------------------------------------------
 */

struct needs {
	struct eval *ev;
	engine_need_fn *fn;
	void *arg;
};

static bool need(const struct needs *n, const struct expr *e);

static bool need_selector(const struct needs *n, const struct expr *selector, ms_t range)
{
	const struct eval *ev = n->ev;
	bool extended = selector->u.selector.anchored || selector->u.selector.smoothed;
	ms_t before = range == 0 || extended ? ev->o->lookback : 0;
	ms_t after = selector->u.selector.smoothed ? ev->o->lookback : 0;
	struct when when;

	if (!when_of(n->ev, &selector->u.selector.time, &when))
		return false;
	n->fn(n->arg, selector, when_first(ev, &when) - range - before,
	      when_last(ev, &when) + after);
	return true;
}

static bool need_matrix(const struct needs *n, const struct expr *e)
{
	ms_t range;

	return duration_positive(n->ev, e->u.matrix.range, e->u.matrix.range_expr, &range) &&
	       need_selector(n, expr_unwrap(e->u.matrix.selector), range);
}

static bool need_subquery(const struct needs *n, const struct expr *e)
{
	struct grid outer = n->ev->grid;
	struct when when;
	ms_t range, step = e->u.subquery.step;
	bool ok;

	if (!when_of(n->ev, &e->u.subquery.time, &when) ||
	    !duration_positive(n->ev, e->u.subquery.range, e->u.subquery.range_expr, &range))
		return false;
	if (step == 0 && !e->u.subquery.step_expr)
		step = n->ev->o->subquery_step;
	if (!duration_positive(n->ev, step, e->u.subquery.step_expr, &step))
		return false;
	n->ev->grid = multiples(when_first(n->ev, &when) - range, when_last(n->ev, &when), step);
	ok = n->ev->grid.n == 0 || need(n, e->u.subquery.expr);
	n->ev->grid = outer;
	return ok;
}

/* The second argument of info() only says which labels are wanted of which info series. */
static bool need_info(const struct needs *n, const struct expr *e)
{
	const struct expr *infos = info_selector(n->ev, e);

	return infos && need_selector(n, infos, 0) && need(n, e->u.call.args[0]);
}

static bool need(const struct needs *n, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_SELECTOR: return need_selector(n, e, 0);
	case EXPR_MATRIX: return need_matrix(n, e);
	case EXPR_SUBQUERY: return need_subquery(n, e);
	case EXPR_CALL:
		if (str_eq(e->u.call.name, STR("info")))
			return need_info(n, e);
		for (size_t i = 0; i < e->u.call.n_args; i++) {
			if (!need(n, e->u.call.args[i]))
				return false;
		}
		return true;
	case EXPR_AGGREGATE:
		return need(n, e->u.aggregate.expr) &&
		       (!e->u.aggregate.param || need(n, e->u.aggregate.param));
	case EXPR_BINARY: return need(n, e->u.binary.lhs) && need(n, e->u.binary.rhs);
	case EXPR_UNARY: return need(n, e->u.unary.expr);
	case EXPR_PAREN: return need(n, e->u.paren.expr);
	case EXPR_NUMBER:
	case EXPR_STRING:
	case EXPR_DURATION: return true;
	}
	return true;
}

bool select_needs(struct eval *ev, const struct expr *e, engine_need_fn *fn, void *arg)
{
	struct needs n = {.ev = ev, .fn = fn, .arg = arg};

	return need(&n, e);
}
