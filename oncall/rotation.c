/*
 * Rotations are counted in units of local time, where every day has 24 hours; only the two ends of
 * a shift are turned into instants. Several hand-offs inside one gap of the clocks come to the same
 * instant: the shifts between them are empty and are passed over.
 */
#include "oncall/rotation.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t units_of_cycle(const struct rotation *r)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->n_lengths; i++)
		n += r->lengths[i];
	return n;
}

/* Units from the origin to the beginning of a shift, and the other way. */
static int64_t units_before(const struct rotation *r, int64_t number)
{
	int64_t cycle = floor_div(number, (int64_t)r->n_lengths);
	int64_t place = number - cycle * (int64_t)r->n_lengths;
	int64_t units = cycle * units_of_cycle(r);

	for (int64_t i = 0; i < place; i++)
		units += r->lengths[i];
	return units;
}

static int64_t number_at(const struct rotation *r, int64_t units)
{
	int64_t whole = units_of_cycle(r), cycle = floor_div(units, whole), place = 0;
	int64_t rest = units - cycle * whole;

	while (rest >= r->lengths[place])
		rest -= r->lengths[place++];
	return cycle * (int64_t)r->n_lengths + place;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* So many months after the origin, on its day or the month's last. */
static ms_t month_local(const struct rotation *r, int64_t months)
{
	struct civil c = civil_of(r->origin);
	int64_t month = c.month - 1 + months;

	c.year += (int)floor_div(month, 12);
	c.month = (int)(month - floor_div(month, 12) * 12) + 1;
	c.day = MIN(c.day, days_in(c.year, c.month));
	return civil_to(&c);
}

static ms_t unit_ms(const struct rotation *r)
{
	return r->unit == ROTATION_HOUR ? HOUR : r->unit == ROTATION_DAY ? DAY : 7 * DAY;
}

static ms_t unit_local(const struct rotation *r, int64_t units)
{
	return r->unit == ROTATION_MONTH ? month_local(r, units) : r->origin + units * unit_ms(r);
}

/* Whole units that have passed at a local time. */
static int64_t units_at(const struct rotation *r, ms_t local)
{
	struct civil a, b;
	int64_t units;

	if (r->unit != ROTATION_MONTH)
		return floor_div(local - r->origin, unit_ms(r));
	a = civil_of(r->origin);
	b = civil_of(local);
	units = (int64_t)(b.year - a.year) * 12 + b.month - a.month;
	return month_local(r, units) > local ? units - 1 : units;
}

static ms_t begin_of(const struct rotation *r, int64_t number)
{
	return tz_first(r->tz, unit_local(r, units_before(r, number)));
}

struct shift rotation_at(const struct rotation *r, ms_t at)
{
	ms_t local = at + tz_offset_s(r->tz, at) * SECOND;
	struct shift s = {.number = number_at(r, units_at(r, local))};

	s.from = begin_of(r, s.number);
	while (s.from > at)
		s.from = begin_of(r, --s.number);
	s.to = begin_of(r, s.number + 1);
	while (s.to <= at) {
		s.from = s.to;
		s.to = begin_of(r, ++s.number + 1);
	}
	return s;
}

ms_t rotation_local(const struct rotation *r, int64_t number)
{
	return unit_local(r, units_before(r, number));
}
