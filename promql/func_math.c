/* Functions of one value at a time. Histograms have no such value and are left out. */
#include <math.h>

#include "promql/eval.h"

/* Applies fn to every float in place. */
static bool each(struct call *c, size_t arg, double (*fn)(double), struct vec *out)
{
	struct eval *ev = c->ev;

	*out = c->args[arg].vec;
	for (size_t k = 0; k < out->n; k++) {
		struct row *r = &out->v[k];

		for (size_t i = 0; i < ev->grid.n; i++) {
			if (!row_has(r, i))
				continue;
			r->v[i] = row_hist(r, i) ? stale_nan() : fn(r->v[i]);
		}
		r->h = NULL;
		if (!eval_work(ev, ev->grid.n))
			return false;
	}
	return true;
}

static double sgn(double v)
{
	return v > 0 ? 1 : v < 0 ? -1 : v;
}

static double deg(double v)
{
	return v * 180 / M_PI;
}

static double rad(double v)
{
	return v * M_PI / 180;
}

#define MATH(name, fn) \
	static bool math_##name(struct call *c, struct vec *out) \
	{ \
		return each(c, 0, fn, out); \
	}

MATH(abs, fabs)
MATH(acos, acos)
MATH(acosh, acosh)
MATH(asin, asin)
MATH(asinh, asinh)
MATH(atan, atan)
MATH(atanh, atanh)
MATH(ceil, ceil)
MATH(cos, cos)
MATH(cosh, cosh)
MATH(deg, deg)
MATH(exp, exp)
MATH(floor, floor)
MATH(ln, log)
MATH(log10, log10)
MATH(log2, log2)
MATH(rad, rad)
MATH(sgn, sgn)
MATH(sin, sin)
MATH(sinh, sinh)
MATH(sqrt, sqrt)
MATH(tan, tan)
MATH(tanh, tanh)

/* ---- with a parameter -------------------------------------------------------------------------
 */

/* The scalar of an argument at each step; NULL if it was left out. */
static const double *scalar_of(const struct call *c, size_t arg)
{
	return arg < c->n ? c->args[arg].vec.v[0].v : NULL;
}

/* Applies fn with the parameters of the step. */
static bool each_with(struct call *c, double (*fn)(double v, double a, double b), const double *a,
		      const double *b, struct vec *out)
{
	struct eval *ev = c->ev;

	*out = c->args[0].vec;
	for (size_t k = 0; k < out->n; k++) {
		struct row *r = &out->v[k];

		for (size_t i = 0; i < ev->grid.n; i++) {
			if (!row_has(r, i))
				continue;
			r->v[i] = row_hist(r, i) ? stale_nan()
						 : fn(r->v[i], a ? a[i] : 1, b ? b[i] : 1);
		}
		r->h = NULL;
		if (!eval_work(ev, ev->grid.n))
			return false;
	}
	return true;
}

/* As Go's math.Max and Min: NaN if one of them is. */
static double max_of(double a, double b)
{
	return isnan(a) || isnan(b) ? (double)NAN : a > b ? a : b;
}

static double min_of(double a, double b)
{
	return isnan(a) || isnan(b) ? (double)NAN : a < b ? a : b;
}

static double clamp(double v, double lo, double hi)
{
	return lo > hi ? stale_nan() : max_of(lo, min_of(hi, v));
}

static double clamp_max(double v, double hi, double unused ATTR_UNUSED)
{
	return min_of(hi, v);
}

static double clamp_min(double v, double lo, double unused ATTR_UNUSED)
{
	return max_of(lo, v);
}

/* To the nearest multiple, halves up; the inverse makes 0.1 come out as people write it. */
static double round_to(double v, double to, double unused ATTR_UNUSED)
{
	double inverse = 1 / to;

	return floor(v * inverse + 0.5) / inverse;
}

static bool math_clamp(struct call *c, struct vec *out)
{
	return each_with(c, clamp, scalar_of(c, 1), scalar_of(c, 2), out);
}

static bool math_clamp_max(struct call *c, struct vec *out)
{
	return each_with(c, clamp_max, scalar_of(c, 1), NULL, out);
}

static bool math_clamp_min(struct call *c, struct vec *out)
{
	return each_with(c, clamp_min, scalar_of(c, 1), NULL, out);
}

static bool math_round(struct call *c, struct vec *out)
{
	return each_with(c, round_to, scalar_of(c, 1), NULL, out);
}

/* ---- scalars ----------------------------------------------------------------------------------
 */

static bool math_pi(struct call *c, struct vec *out)
{
	return eval_scalar(c->ev, M_PI, out);
}

/* The first scalar, in place, with fn of both. */
static bool two_scalars(struct call *c, double (*fn)(double, double), struct vec *out)
{
	double *a = c->args[0].vec.v[0].v;
	const double *b = c->args[1].vec.v[0].v;

	for (size_t i = 0; i < c->ev->grid.n; i++)
		a[i] = fn(a[i], b[i]);
	*out = c->args[0].vec;
	return true;
}

static bool math_max_of(struct call *c, struct vec *out)
{
	return two_scalars(c, max_of, out);
}

static bool math_min_of(struct call *c, struct vec *out)
{
	return two_scalars(c, min_of, out);
}

const struct func FUNCS_MATH[] = {
	{"abs", math_abs, 0},
	{"acos", math_acos, 0},
	{"acosh", math_acosh, 0},
	{"asin", math_asin, 0},
	{"asinh", math_asinh, 0},
	{"atan", math_atan, 0},
	{"atanh", math_atanh, 0},
	{"ceil", math_ceil, 0},
	{"clamp", math_clamp, 0},
	{"clamp_max", math_clamp_max, 0},
	{"clamp_min", math_clamp_min, 0},
	{"cos", math_cos, 0},
	{"cosh", math_cosh, 0},
	{"deg", math_deg, 0},
	{"exp", math_exp, 0},
	{"floor", math_floor, 0},
	{"ln", math_ln, 0},
	{"log10", math_log10, 0},
	{"log2", math_log2, 0},
	{"max_of", math_max_of, 0},
	{"min_of", math_min_of, 0},
	{"pi", math_pi, 0},
	{"rad", math_rad, 0},
	{"round", math_round, 0},
	{"sgn", math_sgn, 0},
	{"sin", math_sin, 0},
	{"sinh", math_sinh, 0},
	{"sqrt", math_sqrt, 0},
	{"tan", math_tan, 0},
	{"tanh", math_tanh, 0},
	{0},
};
