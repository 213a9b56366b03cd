/*
 * Who is on call, with many schedules: rotations of every kind, hours, turns that do not count,
 * holidays, a calendar and overrides.
 *
 *	bench_oncall [SCHEDULES [REPEATS]]
 *
 * Prints medians. The goals, for 50 schedules: one instant in less than 1 ms, each change of a
 * month in less than 20 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "oncall/schedule.h"

#define NOW ((ms_t)1795415400000) /* 2026-11-23T06:30:00Z */
#define OVERRIDES 200

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool read_file(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	struct buf b;

	(void)arg;
	(void)path;
	(void)err;
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "BEGIN:VCALENDAR\n");
	for (int i = 0; i < 300; i++)
		buf_printf(&b,
			   "BEGIN:VEVENT\nSUMMARY:p%d\nDTSTART;VALUE=DATE:2026%02d%02d\n"
			   "RRULE:FREQ=YEARLY\nEND:VEVENT\n",
			   i % 20, 1 + i / 25, 1 + i % 25);
	buf_adds(&b, "END:VCALENDAR\n");
	*out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return true;
}

static void put_schedule(struct buf *b, size_t i)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata",
					    "Australia/Lord_Howe", "UTC"};
	static const char *const units[] = {"weekly", "daily", "hourly", "monthly"};

	buf_printf(b,
		   "  s%zu:\n    time_zone: %s\n    holidays: h.ics\n    layers:\n"
		   "    - {name: a, on: holidays, people: [p1]}\n"
		   "    - {name: b, rotation: daily, since: 2026-01-05, people: [p1, p2, p3], "
		   "count: "
		   "active, hours: [{days: mon-fri, from: '09:00', to: '17:00'}]}\n"
		   "    - {name: c, rotation: %s, since: 2020-01-06, pattern: [4, 3], people: "
		   "[p4, [p5, p6], p7], hours: [{days: mon-sat}]}\n"
		   "    - {name: d, calendar: plan.ics}\n"
		   "    fallback: p9\n",
		   i, zones[i % ARRAY_LEN(zones)], units[i % ARRAY_LEN(units)]);
}

static struct oncall_config *make(size_t schedules, struct arena *a)
{
	struct limits l;
	struct oncall_source source = {.file = STR("rouse.yml"),
				       .now = NOW,
				       .limits = &l,
				       .read = read_file};
	struct oncall_config *c = NULL;
	struct yaml_node *root;
	struct diags diags;
	struct err err = {0};
	struct buf b;
	bool more;

	limits_default(&l);
	diags_init(&diags);
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "people:\n");
	for (int i = 0; i < 20; i++)
		buf_printf(&b, "  p%d: {}\n", i);
	buf_adds(&b, "schedules:\n");
	for (size_t i = 0; i < schedules; i++)
		put_schedule(&b, i);
	CHECK(yaml_parse(buf_str(&b), &l, a, &root, &more, &err));
	CHECK(oncall_config_parse(root, &source, &c, &diags));
	diags_done(&diags);
	buf_done(&b);
	return c;
}

static void make_overrides(const struct oncall_config *c, const struct override **out)
{
	static struct override v[OVERRIDES];

	for (size_t i = 0; i < OVERRIDES; i++) {
		v[i] = (struct override){.id = i + 1,
					 .kind = i % 5 ? OVERRIDE_CHANGE : OVERRIDE_SWAP,
					 .schedule = c->schedules[i % c->n_schedules].name,
					 .add = c->people[i % 10].name,
					 .remove = c->people[10 + i % 10].name,
					 .from = NOW + (ms_t)i * 3 * HOUR,
					 .to = NOW + (ms_t)i * 3 * HOUR + 8 * HOUR};
		out[i] = &v[i];
	}
}

/* Everybody at one instant. */
static size_t instant(const struct oncall_config *c, const struct override *const *v, size_t n)
{
	struct roster r;
	size_t looks = 0;

	for (size_t i = 0; i < c->n_schedules; i++, looks++)
		schedule_at(c, &c->schedules[i], v, n, NOW + 10 * DAY + 11 * HOUR, &r);
	return looks;
}

/* Every change of 30 days. */
static size_t month(const struct oncall_config *c, const struct override *const *v, size_t n)
{
	struct roster r;
	size_t looks = 0;

	for (size_t i = 0; i < c->n_schedules; i++) {
		for (ms_t at = NOW; at != MS_NONE && at < NOW + 30 * DAY; at = r.until, looks++)
			schedule_at(c, &c->schedules[i], v, n, at, &r);
	}
	return looks;
}

static void measure(const char *name,
		    size_t (*f)(const struct oncall_config *c, const struct override *const *v,
				size_t n),
		    const struct oncall_config *c, size_t repeats)
{
	const struct override *v[OVERRIDES];
	double *took = mem_alloc(repeats * sizeof(*took));
	size_t looks = 0;

	make_overrides(c, v);
	for (size_t i = 0; i < repeats; i++) {
		double from = seconds();

		looks = f(c, v, OVERRIDES);
		took[i] = seconds() - from;
	}
	qsort(took, repeats, sizeof(*took), by_size);
	printf("%-32s %8.3f ms %8zu looks %8.2f µs each\n", name, took[repeats / 2] * 1e3, looks,
	       took[repeats / 2] * 1e6 / (double)looks);
	free(took);
}

int main(int argc, char **argv)
{
	size_t schedules = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
	size_t repeats = argc > 2 ? strtoul(argv[2], NULL, 10) : 21;
	struct oncall_config *c;
	struct arena a;
	double from = seconds();

	arena_init(&a);
	c = make(schedules, &a);
	printf("%zu schedules with 4 layers, %d overrides, %zu spans of calendars each\n",
	       schedules, OVERRIDES,
	       c->schedules[0].holidays.n + c->schedules[0].layers[3].calendar.n);
	printf("%-32s %8.3f ms\n", "read", (seconds() - from) * 1e3);
	measure("who at one instant", instant, c, repeats);
	measure("each change of 30 days", month, c, repeats);
	oncall_config_free(c);
	arena_done(&a);
	return 0;
}
