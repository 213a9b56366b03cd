/* The clock and the calendar (UTC), and the query's own times. */
#include <math.h>

#include "base/time.h"

#include "promql/eval.h"

#define SECONDS_MAX 6e10 /* some 1,900 years: beyond it a calendar is no calendar */

static bool time_time(struct call *c, struct vec *out)
{
	if (!eval_scalar(c->ev, 0, out))
		return false;
	for (size_t i = 0; i < c->ev->grid.n; i++)
		out->v[0].v[i] = (double)grid_time(&c->ev->grid, i) / 1e3;
	return true;
}

static bool time_start(struct call *c, struct vec *out)
{
	return eval_scalar(c->ev, (double)c->ev->query.start / 1e3, out);
}

static bool time_end(struct call *c, struct vec *out)
{
	return eval_scalar(c->ev, (double)c->ev->query_end / 1e3, out);
}

static bool time_range(struct call *c, struct vec *out)
{
	return eval_scalar(c->ev, (double)(c->ev->query_end - c->ev->query.start) / 1e3, out);
}

static bool time_step(struct call *c, struct vec *out)
{
	return eval_scalar(c->ev, (double)c->ev->query.step / 1e3, out);
}

/* ---- when a sample was taken ------------------------------------------------------------------
 */

/* Of a selector the samples' own times; of anything else the time of the step. */
static bool times(struct call *c, enum selected what, struct vec *out)
{
	const struct expr *e = c->args[0].e;

	if (e->kind == EXPR_SELECTOR)
		return eval_selector(c->ev, e, what, out);
	if (!eval_vec(c->ev, e, out))
		return false;
	for (size_t k = 0; k < out->n; k++) {
		for (size_t i = 0; i < c->ev->grid.n; i++) {
			if (!row_has(&out->v[k], i))
				continue;
			out->v[k].v[i] = what == SELECTED_TIME
						 ? (double)grid_time(&c->ev->grid, i) / 1e3
						 : stale_nan();
		}
		out->v[k].h = NULL;
	}
	return true;
}

static bool time_timestamp(struct call *c, struct vec *out)
{
	return times(c, SELECTED_TIME, out);
}

static bool time_start_timestamp(struct call *c, struct vec *out)
{
	return times(c, SELECTED_START, out);
}

/* ---- calendar ---------------------------------------------------------------------------------
 */

static double minute(const struct civil *t)
{
	return t->minute;
}

static double hour(const struct civil *t)
{
	return t->hour;
}

static double day_of_week(const struct civil *t)
{
	return t->weekday;
}

static double day_of_month(const struct civil *t)
{
	return t->day;
}

static double day_of_year(const struct civil *t)
{
	return t->yearday;
}

/* The day before the first of the next month. */
static double days_in_month(const struct civil *t)
{
	struct civil last = {.year = t->year, .month = t->month + 1};

	return civil_of(civil_to(&last)).day;
}

static double month(const struct civil *t)
{
	return t->month;
}

static double year(const struct civil *t)
{
	return t->year;
}

static double part_of(double seconds, double (*part)(const struct civil *t))
{
	struct civil c;

	if (!(fabs(seconds) < SECONDS_MAX))
		return (double)NAN;
	c = civil_of((ms_t)floor(seconds) * SECOND);
	return part(&c);
}

static bool calendar(struct call *c, double (*part)(const struct civil *t), struct vec *out)
{
	if (c->n == 0 && !time_time(c, out))
		return false;
	if (c->n)
		*out = c->args[0].vec;
	for (size_t k = 0; k < out->n; k++) {
		struct row *r = &out->v[k];

		for (size_t i = 0; i < c->ev->grid.n; i++) {
			if (!row_has(r, i))
				continue;
			r->v[i] = row_hist(r, i) ? stale_nan() : part_of(r->v[i], part);
		}
		r->h = NULL;
	}
	return eval_work(c->ev, out->n * c->ev->grid.n);
}

#define CALENDAR(name) \
	static bool time_##name(struct call *c, struct vec *out) \
	{ \
		return calendar(c, name, out); \
	}

CALENDAR(minute)
CALENDAR(hour)
CALENDAR(day_of_week)
CALENDAR(day_of_month)
CALENDAR(day_of_year)
CALENDAR(days_in_month)
CALENDAR(month)
CALENDAR(year)

const struct func FUNCS_TIME[] = {
	{"day_of_month", time_day_of_month, 0},
	{"day_of_week", time_day_of_week, 0},
	{"day_of_year", time_day_of_year, 0},
	{"days_in_month", time_days_in_month, 0},
	{"end", time_end, 0},
	{"hour", time_hour, 0},
	{"minute", time_minute, 0},
	{"month", time_month, 0},
	{"range", time_range, 0},
	{"start", time_start, 0},
	{"start_timestamp", time_start_timestamp, FUNC_LAZY},
	{"step", time_step, 0},
	{"time", time_time, 0},
	{"timestamp", time_timestamp, FUNC_LAZY},
	{"year", time_year, 0},
	{0},
};
