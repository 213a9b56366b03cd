/*
 * Functions that fold a window into one value. Sums, minima and maxima slide: the window is kept
 * as a suffix of folded values and a running front, so a sample is touched twice however wide the
 * window is, and nothing is ever subtracted.
 */
#include <math.h>

#include "promql/absent.h"
#include "promql/stats.h"
#include "promql/windows.h"

/* ---- sliding folds ----------------------------------------------------------------------------
 */

struct slide {
	struct kahan *suffix; /* [k]: the fold of k .. mid - 1 */
	struct kahan front;   /* of mid .. to - 1 */
	size_t mid, to;
	void (*add)(struct kahan *k, double v);
};

static void add_min(struct kahan *k, double v)
{
	if (k->v > v || isnan(k->v))
		k->v = v;
}

static void add_max(struct kahan *k, double v)
{
	if (k->v < v || isnan(k->v))
		k->v = v;
}

/* NaN is the neutral element of min and max, 0 that of sums. */
static double neutral(const struct slide *s)
{
	return s->add == kahan_add ? 0 : (double)NAN;
}

static struct kahan slide_to(struct slide *s, const struct window *w)
{
	struct kahan out;

	if (w->from >= s->mid) {
		struct kahan k = {.v = neutral(s)};

		for (size_t i = w->to; i-- > w->from;) {
			s->add(&k, w->p->v[i]);
			s->suffix[i] = k;
		}
		s->mid = s->to = w->to;
		s->front = (struct kahan){.v = neutral(s)};
	}
	for (; s->to < w->to; s->to++)
		s->add(&s->front, w->p->v[s->to]);
	if (w->from >= s->mid)
		return s->front;
	out = s->suffix[w->from];
	s->add(&out, s->front.v);
	out.c += s->front.c;
	return out;
}

/* The same left to right, for what must not depend on the order (overflow). */
static double scan_sum(const struct window *w)
{
	struct kahan k = {0};

	for (size_t i = w->from; i < w->to; i++)
		kahan_add(&k, w->p->v[i]);
	return kahan_value(&k);
}

static double scan_mean(const struct window *w)
{
	struct mean m = {0};

	for (size_t i = w->from; i < w->to; i++)
		mean_add(&m, w->p->v[i]);
	return mean_value(&m);
}

static double settle(const struct slide *s, const struct window *w, struct kahan k, bool mean)
{
	double n = (double)(w->to - w->from);

	if (s->add != kahan_add)
		return k.v;
	if (!isfinite(k.v))
		return mean ? scan_mean(w) : scan_sum(w);
	return mean ? k.v / n + k.c / n : kahan_value(&k);
}

/* ---- windows with histograms ------------------------------------------------------------------
 */

static struct histogram *sum_hists(struct eval *ev, const struct range_set *rs,
				   const struct range *r, const struct window *w, bool mean)
{
	struct histogram_sum *s = histogram_sum_new(ev->a, w->p->h[w->from]);
	struct histogram_told told = {0};

	for (size_t k = w->from + 1; k < w->to; k++) {
		if (!(mean ? histogram_mean_add : histogram_sum_add)(s, w->p->h[k], &told)) {
			note_schemas(ev, rs, r);
			return NULL;
		}
	}
	note_told(ev, rs, &told, "aggregation");
	return histogram_compact(ev->a, mean ? histogram_sum_mean(s) : histogram_sum_result(s));
}

static bool sum_mixed(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out, bool mean)
{
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		size_t hists;

		window_move(c->ev, rs, &w, i);
		hists = window_hists(&w);
		if (w.from == w.to)
			continue;
		if (hists == 0) {
			out->v[i] = mean ? scan_mean(&w) : scan_sum(&w);
		} else if (hists < w.to - w.from) {
			note_mixed(c->ev, rs, r);
		} else {
			put_hist(c->ev, out, i, sum_hists(c->ev, rs, r, &w, mean));
		}
		if (!eval_work(c->ev, w.to - w.from))
			return false;
	}
	return true;
}

static double fold_floats(const double *v, size_t n, void (*add)(struct kahan *k, double v))
{
	struct kahan k = {.v = (double)NAN};

	for (size_t i = 0; i < n; i++)
		add(&k, v[i]);
	return k.v;
}

/* ---- sum, avg, min, max -----------------------------------------------------------------------
 */

static bool slide(struct call *c, const struct range_set *rs, const struct range *r,
		  struct row *out, void (*add)(struct kahan *k, double v), bool mean)
{
	struct slide s = {.suffix = ARENA_ARRAY(c->ev->a, struct kahan, r->p.n), .add = add};
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		window_move(c->ev, rs, &w, i);
		if (w.from < w.to)
			out->v[i] = settle(&s, &w, slide_to(&s, &w), mean);
	}
	return true;
}

static bool sum_range(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out)
{
	return r->p.h ? sum_mixed(c, rs, r, out, false) : slide(c, rs, r, out, kahan_add, false);
}

static bool avg_range(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out)
{
	return r->p.h ? sum_mixed(c, rs, r, out, true) : slide(c, rs, r, out, kahan_add, true);
}

/* Calls fn for the floats of each window that has some; histograms beside them are noted. */
static bool each_floats(struct call *c, const struct range_set *rs, const struct range *r,
			struct row *out,
			double (*fn)(const struct call *c, double *v, size_t n, size_t step))
{
	double *scratch = ARENA_ARRAY(c->ev->a, double, r->p.n);
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		const double *v;
		size_t n;

		window_move(c->ev, rs, &w, i);
		v = window_floats(&w, scratch, &n);
		if (n == 0)
			continue;
		if (n < w.to - w.from)
			note_ignored(c->ev, rs, r);
		for (size_t k = 0; v != scratch && k < n; k++)
			scratch[k] = v[k];
		out->v[i] = fn(c, scratch, n, i);
		if (!eval_work(c->ev, n))
			return false;
	}
	return true;
}

static double min_of(const struct call *c ATTR_UNUSED, double *v, size_t n, size_t step ATTR_UNUSED)
{
	return fold_floats(v, n, add_min);
}

static double max_of(const struct call *c ATTR_UNUSED, double *v, size_t n, size_t step ATTR_UNUSED)
{
	return fold_floats(v, n, add_max);
}

static bool min_range(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out)
{
	return r->p.h ? each_floats(c, rs, r, out, min_of) : slide(c, rs, r, out, add_min, false);
}

static bool max_range(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out)
{
	return r->p.h ? each_floats(c, rs, r, out, max_of) : slide(c, rs, r, out, add_max, false);
}

/* ---- spread -----------------------------------------------------------------------------------
 */

static double variance(const struct call *c ATTR_UNUSED, double *v, size_t n,
		       size_t step ATTR_UNUSED)
{
	struct spread s = {0};

	for (size_t i = 0; i < n; i++)
		spread_add(&s, v[i]);
	return spread_variance(&s);
}

static double deviation(const struct call *c, double *v, size_t n, size_t step)
{
	return sqrt(variance(c, v, n, step));
}

static double quantile(const struct call *c, double *v, size_t n, size_t step)
{
	double q = c->args[0].vec.v[0].v[step];

	if (!(q >= 0 && q <= 1))
		eval_note_quantile(c->ev, c->args[0].e, q);
	return stats_quantile(q, v, n);
}

static double median_deviation(const struct call *c ATTR_UNUSED, double *v, size_t n,
			       size_t step ATTR_UNUSED)
{
	double median = stats_quantile(0.5, v, n);

	for (size_t i = 0; i < n; i++) {
		if (isnan(v[i]))
			return v[i];
		v[i] = fabs(v[i] - median);
	}
	return stats_quantile(0.5, v, n);
}

#define OF_FLOATS(name) \
	static bool name##_range(struct call *c, const struct range_set *rs, \
				 const struct range *r, struct row *out) \
	{ \
		return each_floats(c, rs, r, out, name); \
	}

OF_FLOATS(variance)
OF_FLOATS(deviation)
OF_FLOATS(quantile)
OF_FLOATS(median_deviation)

/* ---- first, last, count -----------------------------------------------------------------------
 */

enum what { WHAT_FIRST, WHAT_LAST, WHAT_COUNT, WHAT_PRESENT, WHAT_FIRST_TIME, WHAT_LAST_TIME };

static void sample_at(struct eval *ev, const struct points *p, size_t k, struct row *out, size_t i)
{
	if (p->h && p->h[k])
		put_hist(ev, out, i, p->h[k]);
	else
		out->v[i] = p->v[k];
}

static bool pick(struct call *c, const struct range_set *rs, const struct range *r, struct row *out,
		 enum what what)
{
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		window_move(c->ev, rs, &w, i);
		if (w.from == w.to)
			continue;
		switch (what) {
		case WHAT_FIRST: sample_at(c->ev, &r->p, w.from, out, i); break;
		case WHAT_LAST: sample_at(c->ev, &r->p, w.to - 1, out, i); break;
		case WHAT_COUNT: out->v[i] = (double)(w.to - w.from); break;
		case WHAT_PRESENT: out->v[i] = 1; break;
		case WHAT_FIRST_TIME: out->v[i] = (double)r->p.t[w.from] / 1e3; break;
		case WHAT_LAST_TIME: out->v[i] = (double)r->p.t[w.to - 1] / 1e3; break;
		}
	}
	return true;
}

#define PICK(name, what) \
	static bool name##_range(struct call *c, const struct range_set *rs, \
				 const struct range *r, struct row *out) \
	{ \
		return pick(c, rs, r, out, what); \
	}

PICK(first, WHAT_FIRST)
PICK(last, WHAT_LAST)
PICK(count, WHAT_COUNT)
PICK(present, WHAT_PRESENT)
PICK(first_time, WHAT_FIRST_TIME)
PICK(last_time, WHAT_LAST_TIME)

/* When the greatest (least) value was, the last time if it was so more than once. */
static bool extreme_time(struct call *c, const struct range_set *rs, const struct range *r,
			 struct row *out, int sign)
{
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		double best = (double)NAN;

		window_move(c->ev, rs, &w, i);
		for (size_t k = w.from; k < w.to; k++) {
			double v = r->p.v[k];

			if (r->p.h && r->p.h[k])
				continue;
			if (isnan(best) || sign * v >= sign * best) {
				best = v;
				out->v[i] = (double)r->p.t[k] / 1e3;
			}
		}
		if (row_has(out, i) && window_hists(&w))
			note_ignored(c->ev, rs, r);
		if (!eval_work(c->ev, w.to - w.from))
			return false;
	}
	return true;
}

static bool max_time_range(struct call *c, const struct range_set *rs, const struct range *r,
			   struct row *out)
{
	return extreme_time(c, rs, r, out, 1);
}

static bool min_time_range(struct call *c, const struct range_set *rs, const struct range *r,
			   struct row *out)
{
	return extreme_time(c, rs, r, out, -1);
}

/* ---- functions --------------------------------------------------------------------------------
 */

static bool absent_over_time(struct call *c, struct vec *out)
{
	const struct range_set *rs = &c->args[0].ranges;

	if (!eval_scalar(c->ev, 1, out))
		return false;
	out->v[0].labels = absent_labels(c->ev->a, c->args[0].e);
	for (size_t k = 0; k < rs->n; k++) {
		struct window w = window_first(&rs->v[k].p);

		for (size_t i = 0; i < c->ev->grid.n; i++) {
			window_move(c->ev, rs, &w, i);
			if (w.from < w.to)
				out->v[0].v[i] = stale_nan();
		}
		if (!eval_work(c->ev, rs->v[k].p.n + c->ev->grid.n))
			return false;
	}
	return true;
}

#define OVER_TIME(name, arg) \
	static bool name##_over_time(struct call *c, struct vec *out) \
	{ \
		return each_range(c, arg, name##_range, out); \
	}

OVER_TIME(avg, 0)
OVER_TIME(count, 0)
OVER_TIME(deviation, 0)
OVER_TIME(first, 0)
OVER_TIME(first_time, 0)
OVER_TIME(last, 0)
OVER_TIME(last_time, 0)
OVER_TIME(max, 0)
OVER_TIME(max_time, 0)
OVER_TIME(median_deviation, 0)
OVER_TIME(min, 0)
OVER_TIME(min_time, 0)
OVER_TIME(present, 0)
OVER_TIME(quantile, 1)
OVER_TIME(sum, 0)
OVER_TIME(variance, 0)

const struct func FUNCS_OVER_TIME[] = {
	{"absent_over_time", absent_over_time, 0},
	{"avg_over_time", avg_over_time, 0},
	{"count_over_time", count_over_time, 0},
	{"first_over_time", first_over_time, FUNC_KEEPS_NAME},
	{"last_over_time", last_over_time, FUNC_KEEPS_NAME},
	{"mad_over_time", median_deviation_over_time, 0},
	{"max_over_time", max_over_time, 0},
	{"min_over_time", min_over_time, 0},
	{"present_over_time", present_over_time, 0},
	{"quantile_over_time", quantile_over_time, 0},
	{"stddev_over_time", deviation_over_time, 0},
	{"stdvar_over_time", variance_over_time, 0},
	{"sum_over_time", sum_over_time, 0},
	{"ts_of_first_over_time", first_time_over_time, 0},
	{"ts_of_last_over_time", last_time_over_time, 0},
	{"ts_of_max_over_time", max_time_over_time, 0},
	{"ts_of_min_over_time", min_time_over_time, 0},
	{0},
};
