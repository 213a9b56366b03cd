/* Trends through the floats of a window: regression and smoothing. */
#include <math.h>

#include "promql/stats.h"
#include "promql/windows.h"

struct line {
	double slope, intercept;
};

static bool is_float(const struct points *p, size_t k)
{
	return !p->h || !p->h[k];
}

/* Least squares; `origin` is where the intercept is taken. */
static struct line fit(const struct window *w, ms_t origin, size_t *n_floats)
{
	struct kahan x = {0}, y = {0}, xy = {0}, x2 = {0};
	double first = 0, n = 0;
	bool constant = true;

	for (size_t k = w->from; k < w->to; k++) {
		double t = (double)(w->p->t[k] - origin) / 1e3, v = w->p->v[k];

		if (!is_float(w->p, k))
			continue;
		if (n == 0)
			first = v;
		constant = constant && v == first;
		n++;
		kahan_add(&x, t);
		kahan_add(&y, v);
		kahan_add(&xy, t * v);
		kahan_add(&x2, t * t);
	}
	*n_floats = (size_t)n;
	if (constant)
		return isinf(first) ? (struct line){(double)NAN, (double)NAN}
				    : (struct line){0, first};

	double sx = kahan_value(&x), sy = kahan_value(&y);
	double cov = kahan_value(&xy) - sx * sy / n, var = kahan_value(&x2) - sx * sx / n;
	double slope = cov / var;

	return (struct line){slope, sy / n - slope * sx / n};
}

static size_t first_float(const struct window *w)
{
	size_t k = w->from;

	while (k < w->to && !is_float(w->p, k))
		k++;
	return k;
}

/* Calls fn with each window that has two floats; histograms beside floats are noted. */
static bool each_trend(struct call *c, const struct range_set *rs, const struct range *r,
		       struct row *out,
		       double (*fn)(const struct call *c, const struct window *w, size_t step))
{
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		size_t hists, n;

		window_move(c->ev, rs, &w, i);
		hists = window_hists(&w);
		n = w.to - w.from - hists;
		if (n > 0 && hists > 0)
			note_ignored(c->ev, rs, r);
		if (n >= 2)
			out->v[i] = fn(c, &w, i);
		if (!eval_work(c->ev, n))
			return false;
	}
	return true;
}

static double slope(const struct call *c ATTR_UNUSED, const struct window *w,
		    size_t step ATTR_UNUSED)
{
	size_t n;

	return fit(w, w->p->t[first_float(w)], &n).slope;
}

static double prediction(const struct call *c, const struct window *w, size_t step)
{
	size_t n;
	struct line l = fit(w, grid_time(&c->ev->grid, step), &n);

	return l.slope * c->args[1].vec.v[0].v[step] + l.intercept;
}

static double smoothed(const struct call *c, const struct window *w, size_t step)
{
	double sf = c->args[1].vec.v[0].v[step], tf = c->args[2].vec.v[0].v[step];
	double before = 0, now = 0, trend = 0;
	size_t n = 0;

	for (size_t k = w->from; k < w->to; k++) {
		double v = w->p->v[k], next;

		if (!is_float(w->p, k))
			continue;
		if (n == 0)
			now = v;
		if (n == 1)
			trend = v - now;
		if (n > 1)
			trend = tf * (now - before) + (1 - tf) * trend;
		if (n++ == 0)
			continue;
		next = sf * v + (1 - sf) * (now + trend);
		before = now;
		now = next;
	}
	return now;
}

static bool slope_range(struct call *c, const struct range_set *rs, const struct range *r,
			struct row *out)
{
	return each_trend(c, rs, r, out, slope);
}

static bool prediction_range(struct call *c, const struct range_set *rs, const struct range *r,
			     struct row *out)
{
	return each_trend(c, rs, r, out, prediction);
}

static bool smoothed_range(struct call *c, const struct range_set *rs, const struct range *r,
			   struct row *out)
{
	return each_trend(c, rs, r, out, smoothed);
}

static bool trend_deriv(struct call *c, struct vec *out)
{
	return each_range(c, 0, slope_range, out);
}

static bool trend_predict_linear(struct call *c, struct vec *out)
{
	return each_range(c, 0, prediction_range, out);
}

static bool factors_are_valid(struct call *c, size_t arg, const char *what)
{
	const double *v = c->args[arg].vec.v[0].v;

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		if (!(v[i] > 0 && v[i] < 1))
			return eval_fail(c->ev, c->args[arg].e,
					 "invalid %s factor. Expected: 0 < %cf < 1, got: %f", what,
					 what[0], v[i]);
	}
	return true;
}

static bool trend_smoothing(struct call *c, struct vec *out)
{
	return factors_are_valid(c, 1, "smoothing") && factors_are_valid(c, 2, "trend") &&
	       each_range(c, 0, smoothed_range, out);
}

const struct func FUNCS_TREND[] = {
	{"deriv", trend_deriv, 0},
	{"double_exponential_smoothing", trend_smoothing, 0},
	{"predict_linear", trend_predict_linear, 0},
	{0},
};
