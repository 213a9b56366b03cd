/* Durations are computed in seconds as doubles and rounded to milliseconds at the end. */
#include "promql/duration.h"

#include <math.h>

#define DURATION_MAX_S 9.2e9 /* what Go's time.Duration can hold, in seconds */

static bool seconds(struct eval *ev, const struct expr *e, double *out);

static bool operate(struct eval *ev, const struct expr *e, double l, double r, double *out)
{
	switch (e->u.duration.op) {
	case DUR_ADD: *out = l + r; return true;
	case DUR_SUB: *out = l - r; return true;
	case DUR_MUL: *out = l * r; return true;
	case DUR_DIV:
		if (r == 0)
			return eval_fail(ev, e, "division by zero");
		*out = l / r;
		return true;
	case DUR_MOD:
		if (r == 0)
			return eval_fail(ev, e, "modulo by zero");
		*out = fmod(l, r);
		return true;
	case DUR_POW: *out = pow(l, r); return true;
	case DUR_STEP: *out = (double)ev->query.step / 1e3; return true;
	case DUR_RANGE: *out = (double)(ev->query_end - ev->query.start) / 1e3; return true;
	case DUR_MIN: *out = l < r ? l : r; return true;
	case DUR_MAX: *out = l > r ? l : r; return true;
	}
	return false;
}

static bool seconds(struct eval *ev, const struct expr *e, double *out)
{
	double l = 0, r = 0;

	e = expr_unwrap(e);
	if (e->kind == EXPR_NUMBER) {
		*out = e->u.number.v;
		return true;
	}
	CHECK(e->kind == EXPR_DURATION);
	if (e->u.duration.lhs && !seconds(ev, e->u.duration.lhs, &l))
		return false;
	if (e->u.duration.rhs && !seconds(ev, e->u.duration.rhs, &r))
		return false;
	return operate(ev, e, l, r, out);
}

bool duration_eval(struct eval *ev, const struct expr *e, ms_t *out)
{
	double s;

	if (!seconds(ev, e, &s))
		return false;
	if (!(fabs(s) <= DURATION_MAX_S))
		return eval_fail(ev, e, "duration out of range");
	*out = (ms_t)round(s * 1e3);
	return true;
}

bool duration_or(struct eval *ev, ms_t written, const struct expr *e, ms_t *out)
{
	if (e)
		return duration_eval(ev, e, out);
	*out = written;
	return true;
}

bool duration_positive(struct eval *ev, ms_t written, const struct expr *e, ms_t *out)
{
	if (!duration_or(ev, written, e, out))
		return false;
	if (*out <= 0)
		return eval_fail(ev, e, "duration must be greater than 0");
	return true;
}
