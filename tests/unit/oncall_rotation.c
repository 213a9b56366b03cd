/*
 * Rotations: known hand-offs across changes of the clocks, and for every zone of the tz database
 * and every unit, around each transition from 2020 to 2037: shifts follow one another, none is
 * empty, and every instant of a shift says so.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/time.h"
#include "oncall/rotation.h"

static ms_t instant(const char *text)
{
	ms_t t;

	if (!time_rfc3339(str_of(text), &t))
		fail_msg("%s", text);
	return t;
}

static void is(ms_t got, const char *want, const char *what)
{
	struct buf b;

	if (got == instant(want))
		return;
	buf_init(&b, 100);
	time_put_rfc3339(&b, got);
	fail_msg("%s: %s, not %s", what, buf_cstr(&b), want);
}

struct vector {
	const char *zone;
	enum rotation_unit unit;
	int length;
	const char *origin; /* local, as if it were UTC */
	const char *at[5];  /* hand-offs that follow one another */
};

/* oncall.md §2.1: GoAlert's, and the right ones where it is wrong. */
static const struct vector vectors[] = {
	{"America/Chicago",
	 ROTATION_DAY,
	 1,
	 "2026-01-01T02:30:00Z",
	 {"2026-03-07T08:30:00Z", "2026-03-08T08:00:00Z", "2026-03-09T07:30:00Z",
	  "2026-03-10T07:30:00Z"}},
	{"America/Chicago",
	 ROTATION_DAY,
	 1,
	 "2026-01-01T01:30:00Z",
	 {"2026-10-31T06:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T07:30:00Z"}},
	{"America/Los_Angeles",
	 ROTATION_WEEK,
	 1,
	 "2026-01-05T09:00:00Z",
	 {"2026-03-02T17:00:00Z", "2026-03-09T16:00:00Z", "2026-03-16T16:00:00Z"}},
	{"Europe/Berlin",
	 ROTATION_WEEK,
	 1,
	 "2026-01-05T09:00:00Z",
	 {"2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z", "2026-11-02T08:00:00Z"}},
	{"America/New_York",
	 ROTATION_HOUR,
	 12,
	 "2026-01-01T08:00:00Z",
	 {"2026-03-08T01:00:00Z", "2026-03-08T12:00:00Z", "2026-03-09T00:00:00Z"}},
	{"America/New_York",
	 ROTATION_HOUR,
	 1,
	 "2026-01-01T00:00:00Z",
	 {"2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z",
	  "2026-11-01T08:00:00Z"}},
	{"Australia/Lord_Howe",
	 ROTATION_DAY,
	 1,
	 "2026-01-01T02:15:00Z",
	 {"2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
	{"Africa/Cairo",
	 ROTATION_DAY,
	 1,
	 "2026-01-01T00:00:00Z",
	 {"2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"}},
	{"America/Santiago",
	 ROTATION_WEEK,
	 1,
	 "2026-01-04T00:00:00Z",
	 {"2026-08-30T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-13T03:00:00Z"}},
	{"Pacific/Apia",
	 ROTATION_DAY,
	 1,
	 "2011-12-01T12:00:00Z",
	 {"2011-12-28T22:00:00Z", "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z",
	  "2011-12-30T22:00:00Z"}},
	{"UTC",
	 ROTATION_MONTH,
	 1,
	 "2026-01-31T09:00:00Z",
	 {"2026-01-31T09:00:00Z", "2026-02-28T09:00:00Z", "2026-03-31T09:00:00Z",
	  "2026-04-30T09:00:00Z", "2026-05-31T09:00:00Z"}},
};

static void test_vectors(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		OWNED(tz) tz = tz_open(str_of(v->zone));
		struct rotation r = {.tz = tz,
				     .unit = v->unit,
				     .origin = instant(v->origin),
				     .lengths = &v->length,
				     .n_lengths = 1};

		for (size_t k = 0; k + 1 < ARRAY_LEN(v->at) && v->at[k + 1]; k++) {
			struct shift s = rotation_at(&r, instant(v->at[k]));

			is(s.from, v->at[k], v->zone);
			is(s.to, v->at[k + 1], v->zone);
		}
	}
}

/* 4 days, then 3: the numbers go on, also before the origin. */
static void test_pattern(void **state ATTR_UNUSED)
{
	static const int lengths[] = {4, 3};
	struct rotation r = {.unit = ROTATION_DAY,
			     .origin = instant("2026-01-05T09:00:00Z"),
			     .lengths = lengths,
			     .n_lengths = 2};
	struct shift s = rotation_at(&r, instant("2026-01-09T09:00:00Z"));

	assert_int_equal(s.number, 1);
	is(s.to, "2026-01-12T09:00:00Z", "three days");
	s = rotation_at(&r, instant("2026-01-05T08:59:59Z"));
	assert_int_equal(s.number, -1);
	is(s.from, "2026-01-02T09:00:00Z", "before the origin");
	s = rotation_at(&r, instant("2025-12-29T09:00:00Z"));
	assert_int_equal(s.number, -2);
}

/* ---- every zone ---------------------------------------------------------------------------- */
static void fails(const struct rotation *r, const char *zone, ms_t at, const char *why)
{
	struct buf b;

	buf_init(&b, 200);
	time_put_rfc3339(&b, at);
	buf_printf(&b, " unit %d of %zu lengths, origin ", r->unit, r->n_lengths);
	time_put_rfc3339(&b, r->origin);
	fail_msg("%s %s: %s", zone, buf_cstr(&b), why);
}

/* Shifts follow one another over the instant, none is empty, and each says the same of itself at
 * its first, its last and a middle millisecond. */
static void check_around(const struct rotation *r, const char *zone, ms_t at)
{
	ms_t end = at + (r->unit == ROTATION_HOUR ? 4 * HOUR : 2 * DAY);
	struct shift s = rotation_at(r, end - 2 * (end - at));

	for (int i = 0; i < 40 && s.from < end; i++) {
		struct shift next = rotation_at(r, s.to);
		ms_t inside[] = {s.from + (s.to - s.from) / 3, s.to - 1};

		if (s.from >= s.to)
			fails(r, zone, s.from, "an empty shift");
		for (size_t k = 0; k < ARRAY_LEN(inside); k++) {
			struct shift same = rotation_at(r, inside[k]);

			if (same.number != s.number || same.from != s.from || same.to != s.to)
				fails(r, zone, inside[k], "a shift is not the same all through");
		}
		if (next.from != s.to || next.number <= s.number)
			fails(r, zone, s.to, "a shift does not follow the other");
		s = next;
	}
}

/* Where the offset changes between two instants, to the second. */
static ms_t transition(const struct tz *tz, ms_t from, ms_t to)
{
	int before = tz_offset_s(tz, from);

	if (before == tz_offset_s(tz, to))
		return MS_NONE;
	while (to - from > SECOND) {
		ms_t middle = from + (to - from) / 2 / SECOND * SECOND;

		if (tz_offset_s(tz, middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* Hand-offs at midnight, at the ends of the gap or of the hour that comes twice, within it and
 * beside it: minutes of the local day. */
static size_t handoffs(const struct tz *tz, ms_t change, int64_t *out)
{
	ms_t ends[] = {change + tz_offset_s(tz, change - 1) * SECOND,
		       change + tz_offset_s(tz, change) * SECOND};
	ms_t local[] = {0,
			ends[0],
			ends[1],
			(ends[0] + ends[1]) / 2,
			MIN(ends[0], ends[1]) - MINUTE,
			MAX(ends[0], ends[1]) + MINUTE};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		int64_t minute = (local[i] % DAY + DAY) % DAY / MINUTE;
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known |= out[k] == minute;
		if (!known)
			out[n++] = minute;
	}
	return n;
}

static size_t check_change(const struct tz *tz, const char *zone, ms_t change)
{
	static const int one[] = {1}, many[] = {4, 3, 1};
	static const struct {
		const int *v;
		size_t n;
	} lengths[] = {{one, 1}, {many, 3}};
	int64_t minutes[8];
	size_t n = handoffs(tz, change, minutes), done = 0;

	for (int unit = ROTATION_HOUR; unit <= ROTATION_MONTH; unit++) {
		for (size_t i = 0; i < n * ARRAY_LEN(lengths); i++) {
			struct rotation r = {.tz = tz,
					     .unit = (enum rotation_unit)unit,
					     .origin = instant("2020-01-31T00:00:00Z") +
						       minutes[i / 2] * MINUTE,
					     .lengths = lengths[i % 2].v,
					     .n_lengths = lengths[i % 2].n};

			check_around(&r, zone, change);
			done++;
		}
	}
	return done;
}

static size_t check_zone(const char *zone)
{
	OWNED(tz) tz = tz_open(str_of(zone));
	ms_t end = instant("2038-01-01T00:00:00Z");
	size_t n = 0;

	if (!tz)
		fail_msg("%s cannot be opened", zone);
	for (ms_t at = instant("2020-01-01T00:00:00Z"); at < end; at += 7 * DAY) {
		ms_t change = transition(tz, at, at + 7 * DAY);

		if (change != MS_NONE)
			n += check_change(tz, zone, change);
	}
	return n;
}

static void test_every_zone(void **state ATTR_UNUSED)
{
	FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
	char line[500], name[200];
	size_t n = 0;

	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Z %199s", name) == 1)
			n += check_zone(name);
	}
	fclose(f);
	assert_true(n > 100000);
}

TEST_GROUP(rotation, cmocka_unit_test(test_vectors), cmocka_unit_test(test_pattern),
	   cmocka_unit_test(test_every_zone));
