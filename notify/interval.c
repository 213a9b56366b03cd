/* Time intervals: reading and asking; see interval.h. */
#include "notify/interval.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/tz.h"
#include "base/yaml_out.h"

static const char *const WEEKDAYS[] = {"sunday",   "monday", "tuesday", "wednesday",
				       "thursday", "friday", "saturday"};
static const char *const MONTHS[] = {"january",	  "february", "march",	  "april",
				     "may",	  "june",     "july",	  "august",
				     "september", "october",  "november", "december"};

/* ---- reading ----------------------------------------------------------------------------- */
static bool number_of(struct str s, int *out)
{
	int64_t v;

	if (num_int(s, 10, &v) != NUM_OK || v < -1000000 || v > 1000000)
		return false;
	*out = (int)v;
	return true;
}

static bool index_of(struct str s, const char *const *names, size_t n, int *out)
{
	for (size_t i = 0; i < n; i++) {
		if (s.n == strlen(names[i]) && strncasecmp(s.p, names[i], s.n) == 0) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

static bool weekday_of(struct str s, int *out)
{
	return index_of(s, WEEKDAYS, ARRAY_LEN(WEEKDAYS), out);
}

static bool month_of(struct str s, int *out)
{
	if (!index_of(s, MONTHS, ARRAY_LEN(MONTHS), out))
		return number_of(s, out);
	++*out;
	return true;
}

/* How the ranges of one key are read; `check` may be NULL: only that the end is no earlier. */
struct range_kind {
	const char *key, *noun;
	bool (*member)(struct str s, int *out);
	bool (*check)(const struct fields *f, const struct yaml_node *at, struct range r);
};

static bool check_days(const struct fields *f, const struct yaml_node *at, struct range r)
{
	/* The shortest month decides what can never hold. */
	int first = r.first < 0 ? 28 + r.first : r.first;
	int last = r.last < 0 ? 28 + r.last : r.last;

	if (r.first == 0 || r.first < -31 || r.first > 31)
		return fields_error(f, at, "%d is not a valid day of the month: out of range",
				    r.first);
	if (r.last == 0 || r.last < -31 || r.last > 31)
		return fields_error(f, at, "%d is not a valid day of the month: out of range",
				    r.last);
	if (r.first < 0 && r.last > 0)
		return fields_error(f, at, "end day must be negative if start day is negative");
	if (first > last)
		return fields_error(f, at, "end day %d is always before start day %d", r.last,
				    r.first);
	return true;
}

static const struct range_kind RANGE_WEEKDAYS = {"weekdays", "weekday", weekday_of, NULL};
static const struct range_kind RANGE_DAYS = {"days_of_month", "day of the month", number_of,
					     check_days};
static const struct range_kind RANGE_MONTHS = {"months", "month", month_of, NULL};
static const struct range_kind RANGE_YEARS = {"years", "year", number_of, NULL};

/* a or a:b */
static bool read_range(const struct fields *f, const struct yaml_node *node,
		       const struct range_kind *kind, struct range *out)
{
	struct str text, first, last;
	ptrdiff_t colon;

	if (!fields_text(f, node, kind->key, &text))
		return false;
	colon = str_find_char(text, ':');
	first = last = text;
	if (colon >= 0) {
		first = str_cut(text, 0, (size_t)colon);
		last = str_from(text, (size_t)colon + 1);
	}
	if (str_find_char(last, ':') >= 0)
		return fields_error(f, node, "couldn't parse range %.*s, invalid format",
				    STR_ARG(text));
	if (!kind->member(first, &out->first))
		return fields_error(f, node, "%.*s is not a valid %s", STR_ARG(first), kind->noun);
	if (!kind->member(last, &out->last))
		return fields_error(f, node, "%.*s is not a valid %s", STR_ARG(last), kind->noun);
	if (kind->check)
		return kind->check(f, node, *out);
	if (out->first > out->last)
		return fields_error(f, node, "end %s %.*s is before start %s %.*s", kind->noun,
				    STR_ARG(last), kind->noun, STR_ARG(first));
	return true;
}

static bool read_ranges(const struct fields *f, const struct yaml_node *list,
			const struct range_kind *kind, struct ranges *out)
{
	bool ok = true;

	if (!list)
		return true;
	out->given = true;
	out->v = ARENA_ARRAY(f->arena, struct range, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		ok &= read_range(f, list->items[i], kind, &out->v[out->n++]);
	return ok;
}

/* HH:MM, up to 24:00, in minutes. */
static bool minute_of(struct str s, int *out)
{
	if (s.n != 5 || !isdigit((unsigned char)s.p[0]) || !isdigit((unsigned char)s.p[1]) ||
	    s.p[2] != ':' || !isdigit((unsigned char)s.p[3]) || !isdigit((unsigned char)s.p[4]))
		return false;

	int hour = (s.p[0] - '0') * 10 + s.p[1] - '0', minute = (s.p[3] - '0') * 10 + s.p[4] - '0';

	*out = hour * 60 + minute;
	return minute < 60 && *out <= 24 * 60;
}

struct times_draft {
	struct str start_time, end_time;
};

static const struct field TIMES_FIELDS[] = {
	FIELD(TEXT, struct times_draft, start_time),
	FIELD(TEXT, struct times_draft, end_time),
};

static bool read_time(const struct fields *f, const struct yaml_node *node, struct range *out)
{
	struct times_draft d = {0};

	if (!FIELDS_READ(f, node, "a range of times", TIMES_FIELDS, &d))
		return false;
	if (!d.start_time.n || !d.end_time.n)
		return fields_error(f, node, "both start and end times must be provided");
	if (!minute_of(d.start_time, &out->first))
		return fields_error(f, yaml_get(node, "start_time"),
				    "couldn't parse timestamp %.*s, invalid format: write HH:MM, "
				    "from 00:00 to 24:00",
				    STR_ARG(d.start_time));
	if (!minute_of(d.end_time, &out->last))
		return fields_error(f, yaml_get(node, "end_time"),
				    "couldn't parse timestamp %.*s, invalid format: write HH:MM, "
				    "from 00:00 to 24:00",
				    STR_ARG(d.end_time));
	if (out->first >= out->last)
		return fields_error(f, node, "start time cannot be equal or greater than end time");
	return true;
}

static bool read_times(const struct fields *f, const struct yaml_node *list, struct ranges *out)
{
	bool ok = true;

	if (!list)
		return true;
	out->given = true;
	out->v = ARENA_ARRAY(f->arena, struct range, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		ok &= read_time(f, list->items[i], &out->v[out->n++]);
	return ok;
}

struct period_draft {
	const struct yaml_node *times, *weekdays, *days_of_month, *months, *years;
	struct str location;
};

static const struct field PERIOD_FIELDS[] = {
	FIELD(LIST, struct period_draft, times),	 FIELD(LIST, struct period_draft, weekdays),
	FIELD(LIST, struct period_draft, days_of_month), FIELD(LIST, struct period_draft, months),
	FIELD(LIST, struct period_draft, years),	 FIELD(TEXT, struct period_draft, location),
};

bool period_read(const struct fields *f, const struct yaml_node *node, struct period *out)
{
	struct period_draft d = {0};
	bool ok = FIELDS_READ(f, node, "time_interval", PERIOD_FIELDS, &d);

	*out = (struct period){.location = d.location};
	ok &= read_times(f, d.times, &out->times);
	ok &= read_ranges(f, d.weekdays, &RANGE_WEEKDAYS, &out->weekdays);
	ok &= read_ranges(f, d.days_of_month, &RANGE_DAYS, &out->days_of_month);
	ok &= read_ranges(f, d.months, &RANGE_MONTHS, &out->months);
	ok &= read_ranges(f, d.years, &RANGE_YEARS, &out->years);
	if (!d.location.n || !ok)
		return ok;
	out->tz = tz_open(d.location);
	if (!out->tz)
		return fields_error(f, yaml_get(node, "location"),
				    "unknown time zone %.*s: write a name of the tz database, as "
				    "Europe/Berlin",
				    STR_ARG(d.location));
	return true;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void put_range(struct yaml_out *o, struct range r, const char *const *names)
{
	char text[64];

	if (names && r.first == r.last)
		snprintf(text, sizeof(text), "%s", names[r.first]);
	else if (names)
		snprintf(text, sizeof(text), "%s:%s", names[r.first], names[r.last]);
	else if (r.first == r.last)
		snprintf(text, sizeof(text), "%d", r.first);
	else
		snprintf(text, sizeof(text), "%d:%d", r.first, r.last);
	yaml_out_text(o, str_of(text));
}

static void put_ranges(struct yaml_out *o, const char *key, const struct ranges *r,
		       const char *const *names)
{
	if (!r->given || !r->n)
		return;
	yaml_out_key(o, key);
	yaml_out_flow_list(o);
	for (size_t i = 0; i < r->n; i++)
		put_range(o, r->v[i], names);
	yaml_out_list_end(o);
}

static void put_minute(struct yaml_out *o, const char *key, int minute)
{
	char text[32];

	snprintf(text, sizeof(text), "%02d:%02d", minute / 60, minute % 60);
	yaml_out_key(o, key);
	yaml_out_text(o, str_of(text));
}

static void put_times(struct yaml_out *o, const struct ranges *r)
{
	if (!r->given || !r->n)
		return;
	yaml_out_key(o, "times");
	yaml_out_list(o);
	for (size_t i = 0; i < r->n; i++) {
		yaml_out_map(o);
		put_minute(o, "start_time", r->v[i].first);
		put_minute(o, "end_time", r->v[i].last);
		yaml_out_map_end(o);
	}
	yaml_out_list_end(o);
}

void period_put(struct yaml_out *o, const struct period *p)
{
	yaml_out_map(o);
	put_times(o, &p->times);
	put_ranges(o, "weekdays", &p->weekdays, WEEKDAYS);
	put_ranges(o, "days_of_month", &p->days_of_month, NULL);
	put_ranges(o, "months", &p->months, NULL);
	put_ranges(o, "years", &p->years, NULL);
	if (p->location.n) {
		yaml_out_key(o, "location");
		yaml_out_text(o, p->location);
	}
	yaml_out_map_end(o);
}

/* ---- asking ------------------------------------------------------------------------------ */
static bool within(const struct ranges *r, int v)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].first <= v && v <= r->v[i].last)
			return true;
	}
	return !r->given;
}

static bool within_times(const struct ranges *r, int minute)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].first <= minute && minute < r->v[i].last)
			return true;
	}
	return !r->given;
}

static int month_length(const struct civil *c)
{
	struct civil next = {.year = c->year, .month = c->month + 1, .day = 0};

	return civil_of(civil_to(&next)).day;
}

/* A range that begins after the month's end holds never; others are cut to the month. */
static bool within_days(const struct ranges *r, const struct civil *c)
{
	int length = r->n ? month_length(c) : 0;

	for (size_t i = 0; i < r->n; i++) {
		int first = r->v[i].first, last = r->v[i].last;

		first = first < 0 ? length + first + 1 : first;
		last = last < 0 ? length + last + 1 : last;
		if (first <= c->day && c->day <= last)
			return true;
	}
	return !r->given;
}

bool period_contains(const struct period *p, ms_t wall)
{
	struct civil c = tz_civil(p->tz, wall);

	return within_times(&p->times, c.hour * 60 + c.minute) && within(&p->weekdays, c.weekday) &&
	       within_days(&p->days_of_month, &c) && within(&p->months, c.month) &&
	       within(&p->years, c.year);
}

void time_interval_done(struct time_interval *i)
{
	for (size_t k = 0; k < i->n; k++)
		tz_free(i->periods[k].tz);
}

bool time_interval_contains(const struct time_interval *i, ms_t wall)
{
	for (size_t k = 0; k < i->n; k++) {
		if (period_contains(&i->periods[k], wall))
			return true;
	}
	return false;
}
