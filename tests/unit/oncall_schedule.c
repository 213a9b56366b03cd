/*
 * Who is on call: layers, hours, turns that do not count, overrides, and whether an answer holds as
 * long as it says. A slow second opinion looks at every minute.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/time.h"
#include "base/yaml.h"
#include "oncall/schedule.h"

#define PEOPLE "people: {alice: {}, bob: {}, carol: {}, dave: {}}\n"

static struct arena arena;

static ms_t instant(const char *text)
{
	ms_t t;

	if (!time_rfc3339(str_of(text), &t))
		fail_msg("%s", text);
	return t;
}

/* The calendars of the tests, by their paths. */
static const struct {
	const char *path, *text;
} FILES[] = {
	{"etc/holidays.ics",
	 "BEGIN:VCALENDAR\n"
	 "BEGIN:VEVENT\nSUMMARY:Christmas\nDTSTART;VALUE=DATE:19901225\nDTEND;VALUE=DATE:19901227\n"
	 "RRULE:FREQ=YEARLY\nEND:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:Founding day\nDTSTART;VALUE=DATE:20261208\nEND:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:Half a day\nDTSTART:20261209T120000\nDTEND:20261210T000000\n"
	 "END:VEVENT\nEND:VCALENDAR\n"},
	{"etc/plan.ics",
	 "BEGIN:VCALENDAR\n"
	 "BEGIN:VEVENT\nSUMMARY:ALICE on call\nDTSTART:20261201T090000\nDTEND:20261203T090000\n"
	 "END:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:@bob/carol\nDTSTART:20261203T090000\nDTEND:20261204T090000\n"
	 "END:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:Dave of the Docks\\, and not bobby\nDTSTART:20261203T120000\n"
	 "DTEND:20261203T130000\nEND:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:primary\nDTSTART:20261204T090000\nDTEND:20261205T090000\n"
	 "ATTENDEE:mailto:ally@example.org\nATTENDEE;CN=Carol:mailto:c@example.org\n"
	 "ATTENDEE:mailto:zoe@example.org\nEND:VEVENT\n"
	 "BEGIN:VEVENT\nSUMMARY:Zoe on call\nDTSTART:20261205T090000\nDTEND:20261206T090000\n"
	 "END:VEVENT\nEND:VCALENDAR\n"},
	{"etc/bad.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR\n"},
};

static bool read_file(void *arg ATTR_UNUSED, struct str path, struct arena *a, struct str *out,
		      struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
		if (!str_is(path, FILES[i].path))
			continue;
		*out = arena_str(a, str_of(FILES[i].text));
		return true;
	}
	return err_set(err, -1, "cannot open %.*s: No such file", STR_ARG(path));
}

/* The configuration, or what is wrong with it. */
static struct oncall_config *parse(const char *yaml, struct diags *diags)
{
	struct oncall_config *c = NULL;
	struct yaml_node *root;
	struct limits l;
	struct oncall_source source = {.file = STR("rouse.yml"),
				       .dir = STR("etc"),
				       .now = instant("2026-12-01T00:00:00Z"),
				       .limits = &l,
				       .read = read_file};
	struct err err = {0};
	bool more;

	limits_default(&l);
	diags_init(diags);
	if (!yaml_parse(str_of(yaml), &l, &arena, &root, &more, &err))
		fail_msg("%s", err.msg);
	if (!oncall_config_parse(root, &source, &c, diags))
		return NULL;
	return c;
}

static struct oncall_config *good(const char *yaml)
{
	struct diags diags;
	struct oncall_config *c = parse(yaml, &diags);

	if (!c)
		fail_msg("%d: %s", diags.v[0].line, diags.v[0].msg);
	diags_done(&diags);
	return c;
}

/* "alice bob" */
static const char *names(const struct roster *r)
{
	struct buf b;
	const char *s;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < r->n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(r->v[i].person->name));
	s = arena_cstr(&arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static void who(const struct oncall_config *c, const char *at, const char *want)
{
	struct roster r;

	schedule_at(c, &c->schedules[0], NULL, 0, instant(at), &r);
	if (strcmp(names(&r), want) != 0)
		fail_msg("%s: %s, not %s", at, names(&r), want);
}

static void test_layers(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good(PEOPLE
		 "schedules:\n"
		 "  s:\n"
		 "    time_zone: Europe/Berlin\n"
		 "    layers:\n"
		 "    - {name: day, rotation: weekly, handoff: Mon 09:00, since: 2026-01-05,"
		 " people: [alice, [bob, carol]], hours: [{days: mon-fri, from: '09:00', to: "
		 "'17:00'}]}\n"
		 "    - {name: night, people: [dave], until: 2026-07-01}\n"
		 "    fallback: carol\n");

	who(c, "2026-01-05T07:59:00Z", "dave");
	who(c, "2026-01-05T08:00:00Z", "alice");
	who(c, "2026-01-05T16:00:00Z", "dave");
	who(c, "2026-01-12T08:00:00Z", "bob carol");
	who(c, "2026-01-17T12:00:00Z", "dave");
	who(c, "2026-06-30T21:59:00Z", "dave");
	who(c, "2026-06-30T22:00:00Z", "carol");
}

/* On holidays another layer; the shifts keep their turns. */
static void test_holidays(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good(PEOPLE
		 "schedules:\n"
		 "  s:\n"
		 "    time_zone: Europe/Berlin\n"
		 "    holidays: holidays.ics\n"
		 "    layers:\n"
		 "    - {name: off, on: holidays, people: [dave]}\n"
		 "    - {name: days, on: workdays, rotation: daily, since: 2026-12-07, people: "
		 "[alice, bob, carol]}\n"
		 "    fallback: bob\n");
	struct roster r;
	struct buf b;

	who(c, "2026-12-07T12:00:00Z", "alice");
	who(c, "2026-12-07T22:59:59Z", "alice");
	who(c, "2026-12-07T23:00:00Z", "dave");
	who(c, "2026-12-08T22:59:59Z", "dave");
	who(c, "2026-12-08T23:00:00Z", "carol");
	who(c, "2026-12-09T11:00:00Z", "dave");
	who(c, "2026-12-09T23:00:00Z", "alice");
	who(c, "2027-12-26T12:00:00Z", "dave");
	schedule_at(c, &c->schedules[0], NULL, 0, instant("2026-12-08T12:00:00Z"), &r);
	buf_init(&b, 200);
	on_call_put_why(&b, &r.v[0]);
	assert_string_equal(buf_cstr(&b), "layer off: Founding day");
	buf_done(&b);
	assert_true(r.until == instant("2026-12-08T23:00:00Z"));
	schedule_at(c, &c->schedules[0], NULL, 0, instant("2026-12-10T12:00:00Z"), &r);
	assert_true(r.until == instant("2026-12-10T23:00:00Z"));
}

/* A plan that is kept in a calendar program. */
static void test_calendar(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good("people:\n"
		 "  alice: {contacts: {mail: {email: {to: 'Ally@example.org'}}}}\n"
		 "  bob: {}\n  carol: {}\n  dave: {name: Dave of the docks}\n"
		 "schedules:\n"
		 "  s:\n"
		 "    layers:\n"
		 "    - {name: team, calendar: plan.ics}\n"
		 "    fallback: dave\n");

	who(c, "2026-12-01T08:59:00Z", "dave");
	who(c, "2026-12-01T09:00:00Z", "alice");
	who(c, "2026-12-03T09:00:00Z", "bob carol");
	who(c, "2026-12-03T12:30:00Z", "bob carol dave");
	who(c, "2026-12-04T12:00:00Z", "alice carol");
	who(c, "2026-12-05T12:00:00Z", "dave"); /* whom nobody knows is not on call */
}

/* Nobody's turn is eaten by the weekend. */
static void test_active_turns(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good(PEOPLE
		 "schedules:\n"
		 "  s:\n"
		 "    gap: intended\n"
		 "    layers:\n"
		 "    - {rotation: daily, since: 2026-01-05, people: [alice, bob, carol], count: "
		 "active, hours: [{days: mon-fri}]}\n");

	who(c, "2026-01-05T12:00:00Z", "alice");
	who(c, "2026-01-09T12:00:00Z", "bob");
	who(c, "2026-01-10T12:00:00Z", "");
	who(c, "2026-01-12T12:00:00Z", "carol");
	who(c, "2026-01-13T12:00:00Z", "alice");
	who(c, "2026-01-02T12:00:00Z", "");
}

static void with(const struct oncall_config *c, const struct override *o, const char *at,
		 const char *want)
{
	struct roster r;

	schedule_at(c, &c->schedules[0], &o, 1, instant(at), &r);
	if (strcmp(names(&r), want) != 0)
		fail_msg("%s: %s, not %s", at, names(&r), want);
}

static void test_overrides(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good(PEOPLE "schedules: {s: {layers: [{rotation: weekly, since: 2026-01-05, people: "
			"[alice, bob]}]}}\n");
	struct override o = {.id = 7,
			     .schedule = STR("s"),
			     .by = STR("bob"),
			     .from = instant("2026-01-06T00:00:00Z"),
			     .to = instant("2026-01-20T00:00:00Z")};

	o.add = STR("carol");
	with(c, &o, "2026-01-07T00:00:00Z", "alice carol");
	o.remove = STR("alice");
	with(c, &o, "2026-01-07T00:00:00Z", "carol");
	with(c, &o, "2026-01-13T00:00:00Z", "bob"); /* alice is not on call: nobody is replaced */
	with(c, &o, "2026-01-20T00:00:00Z", "alice");
	o.add = STR("");
	with(c, &o, "2026-01-07T00:00:00Z", "");
	o.remove = STR("");
	o.kind = OVERRIDE_TEMPORARY;
	with(c, &o, "2026-01-07T00:00:00Z", "");
	o.add = STR("dave");
	with(c, &o, "2026-01-07T00:00:00Z", "dave");
	o.add = STR("zoe"); /* who has left */
	with(c, &o, "2026-01-07T00:00:00Z", "alice");
}

/* Both ways at once, also where the two are on call together. */
static void test_swap(void **state ATTR_UNUSED)
{
	OWNED(oncall_config)
	c = good(PEOPLE "schedules: {s: {layers: [{rotation: weekly, since: 2026-01-05, people: "
			"[alice, bob, [alice, bob], carol, [dave, bob]]}]}}\n");
	struct override o = {.id = 7,
			     .kind = OVERRIDE_SWAP,
			     .schedule = STR("s"),
			     .by = STR("bob"),
			     .remove = STR("alice"),
			     .add = STR("bob"),
			     .from = instant("2026-01-05T00:00:00Z"),
			     .to = instant("2026-02-09T00:00:00Z")};
	const struct override *v = &o;
	struct roster r;
	struct buf b;

	with(c, &o, "2026-01-05T00:00:00Z", "bob");
	with(c, &o, "2026-01-12T00:00:00Z", "alice");
	with(c, &o, "2026-01-19T00:00:00Z", "alice bob");
	with(c, &o, "2026-01-26T00:00:00Z", "carol");
	with(c, &o, "2026-02-02T00:00:00Z", "dave alice");
	with(c, &o, "2026-02-09T00:00:00Z", "alice");
	schedule_at(c, &c->schedules[0], &v, 1, instant("2026-01-12T00:00:00Z"), &r);
	buf_init(&b, 200);
	on_call_put_why(&b, &r.v[0]);
	assert_string_equal(buf_cstr(&b), "swap 7 by bob instead of bob");
	buf_clear(&b);
	override_put_what(&b, &o);
	assert_string_equal(buf_cstr(&b), "alice and bob swapped");
	buf_done(&b);
	o.add = STR("zoe"); /* who has left */
	with(c, &o, "2026-01-12T00:00:00Z", "bob");
}

static void refused(const struct oncall_config *c, struct override o, const struct override *other,
		    const char *why)
{
	struct err err = {0};

	if (override_check(c, &o, &other, other ? 1 : 0, instant("2026-01-01T00:00:00Z"), &err))
		fail_msg("it was taken: %s", why);
	if (!strstr(err.msg, why))
		fail_msg("\"%s\", not \"%s\"", err.msg, why);
}

static void test_override_check(void **state ATTR_UNUSED)
{
	OWNED(oncall_config) c = good(PEOPLE "schedules: {s: {layers: [{people: [alice]}]}}\n");
	struct override ok = {.id = 3,
			      .schedule = STR("s"),
			      .add = STR("bob"),
			      .from = instant("2026-01-06T00:00:00Z"),
			      .to = instant("2026-01-08T00:00:00Z")};
	struct override o;
	struct err err;

	assert_true(override_check(c, &ok, NULL, 0, 0, &err));
	refused(c, ok, &ok, "override 3");
	o = ok;
	o.schedule = STR("t");
	refused(c, o, NULL, "no schedule \"t\"");
	o = ok;
	o.add = STR("zoe");
	refused(c, o, NULL, "nobody called \"zoe\"");
	o = ok;
	o.remove = o.add;
	refused(c, o, NULL, "the same person");
	o = ok;
	o.add = STR("");
	refused(c, o, NULL, "whom");
	o = ok;
	o.kind = OVERRIDE_SWAP;
	refused(c, o, NULL, "of two people");
	o.remove = STR("alice");
	refused(c, o, &ok, "override 3");
	o.add = STR("alice");
	refused(c, o, NULL, "with themselves");
	o = ok;
	o.kind = OVERRIDE_TEMPORARY;
	assert_true(override_check(c, &o, (const struct override *const[]){&ok}, 1, 0, &err));
	o = ok;
	o.to = o.from;
	refused(c, o, NULL, "before it begins");
	o = ok;
	o.from -= 300 * DAY;
	o.to = instant("2025-12-01T00:00:00Z");
	refused(c, o, NULL, "in the past");
	o = ok;
	o.to = o.from + 400 * DAY;
	refused(c, o, NULL, "longer than a year");
}

/* ---- the second opinion -------------------------------------------------------------------- */
static unsigned next_number(void)
{
	static uint64_t x = 7;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(x >> 33);
}

static unsigned pick(unsigned n)
{
	return next_number() % n;
}

static void put_layer(struct buf *b)
{
	static const char *const units[] = {"hourly", "daily", "weekly", "monthly"};
	static const char *const days[] = {"mon-fri", "sat,sun", "wed", "fri-mon"};
	static const char *const people[] = {"[alice, bob]", "[alice, nobody, carol]",
					     "[[alice, dave], bob, carol]"};
	unsigned unit = pick(4);

	buf_printf(b, "    - {rotation: %s, since: 2026-0%u-0%u, people: %s", units[unit],
		   1 + pick(9), 1 + pick(9), people[pick(3)]);
	if (pick(2))
		buf_printf(b, ", every: %u", 1 + pick(3));
	if (pick(2))
		buf_printf(b, ", hours: [{days: '%s', from: '%02u:30', to: '%02u:00'}]%s",
			   days[pick(4)], pick(24), pick(24), pick(2) ? ", count: active" : "");
	buf_adds(b, "}\n");
}

/* Nothing changes before `until`, and at `until` it is looked at again. */
static void check_until(const struct oncall_config *c, ms_t from, ms_t to)
{
	struct roster at, r;

	schedule_at(c, &c->schedules[0], NULL, 0, from, &at);
	for (ms_t t = from; t < to; t += 15 * MINUTE) {
		if (at.until != MS_NONE && t >= at.until) {
			struct roster before;

			schedule_at(c, &c->schedules[0], NULL, 0, at.until - 1, &before);
			if (strcmp(names(&before), names(&at)) != 0)
				fail_msg("it changed before it said so");
			schedule_at(c, &c->schedules[0], NULL, 0, at.until, &at);
			t = MAX(t, from);
		}
		schedule_at(c, &c->schedules[0], NULL, 0, t, &r);
		if (t < at.until && strcmp(names(&r), names(&at)) != 0)
			fail_msg("at %lld: %s, but %s was to hold", (long long)t, names(&r),
				 names(&at));
	}
}

static void test_until(void **state ATTR_UNUSED)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/Santiago",
					    "Australia/Lord_Howe"};
	static const char *const times[] = {"2026-03-27T00:00:00Z", "2026-10-22T00:00:00Z",
					    "2026-09-04T00:00:00Z", "2026-10-01T00:00:00Z"};

	for (int i = 0; i < 120; i++) {
		unsigned zone = pick(4);
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		buf_printf(&b,
			   PEOPLE "schedules:\n  s:\n    gap: intended\n    time_zone: %s\n    "
				  "layers:\n",
			   zones[zone]);
		for (unsigned k = 1 + pick(3); k; k--)
			put_layer(&b);

		OWNED(oncall_config) c = good(buf_cstr(&b));

		check_until(c, instant(times[zone]), instant(times[zone]) + 6 * DAY);
		buf_done(&b);
		arena_clear(&arena);
	}
}

/* ---- mistakes ------------------------------------------------------------------------------ */
static void wrong(const char *yaml, int line, const char *why)
{
	struct diags diags;
	struct oncall_config *c = parse(yaml, &diags);
	bool found = false;

	for (size_t i = 0; i < diags.n; i++)
		found |= diags.v[i].line == line && strstr(diags.v[i].msg, why) != NULL;
	if (!found)
		fail_msg("\"%s\" at line %d was expected: %s", why, line,
			 diags.n ? diags.v[0].msg : "nothing is said");
	oncall_config_free(c);
	diags_done(&diags);
}

static void test_mistakes(void **state ATTR_UNUSED)
{
	wrong("people: {a b: {}}", 1, "is no name for a person");
	wrong("people: {nobody: {}}", 1, "is no name for a person");
	wrong("people:\n  alice: {time_zone: Mars/Base}", 2, "no time zone \"Mars/Base\"");
	wrong("people:\n  alice: {contacts: {push: {ntfy: {}, email: {}}}}", 2, "one key");
	wrong("people:\n  alice: {urgent: [push]}", 2, "has no contact \"push\"");
	wrong("people:\n  alice: {quiet: nine}", 2, "quiet hours are like");
	wrong("people:\n  alice: {}", 2, "alice cannot be reached");
	wrong("people:\n  alice: {phone: 1}", 2, "phone");
	wrong(PEOPLE "schedules:\n  s: {layers: [{people: [alise]}]}", 3, "did you mean alice?");
	wrong(PEOPLE "schedules:\n  s: {layers: []}", 3, "needs 1 to");
	wrong(PEOPLE "schedules:\n  s: {layers: [{rotation: daily, people: [[bob, bob]], since: "
		     "2026-01-01}]}",
	      3, "twice");
	wrong(PEOPLE "schedules:\n  s: {layers: [{rotation: daily, people: [bob]}]}", 3,
	      "needs since");
	wrong(PEOPLE "schedules:\n  s: {layers: [{rotation: daily, since: 2026-02-30, people: "
		     "[bob]}]}",
	      3, "is no date");
	wrong(PEOPLE "schedules:\n  s: {layers: [{rotation: weekly, handoff: '09:00', since: "
		     "2026-01-01, people: [bob]}]}",
	      3, "like \"Mon 09:00\"");
	wrong(PEOPLE "schedules:\n  s: {layers: [{people: [bob], since: 2026-01-02, until: "
		     "2026-01-01}]}",
	      3, "until is before since");
	wrong(PEOPLE "schedules:\n  s: {layers: [{people: [bob], until: 2026-12-05}]}", 3,
	      "nobody is on call in schedule s from 2026-12-05 00:00 UTC");
	wrong(PEOPLE "schedules:\n  s: {layers: [{people: [nobody]}]}", 3, "for good");
	wrong(PEOPLE "schedules:\n  s: {layers: [{people: [bob], on: holidays}]}", 3,
	      "has no holidays");
	wrong(PEOPLE "schedules:\n  s: {holidays: holidays.ics, layers: [{people: [bob], on: "
		     "sundays}]}",
	      3, "on must be");
	wrong(PEOPLE "schedules:\n  s: {holidays: [none.ics], layers: [{people: [bob]}]}", 3,
	      "cannot open etc/none.ics");
	wrong(PEOPLE "schedules:\n  s: {holidays: {}, layers: [{people: [bob]}]}", 3,
	      "a file or a list");
	wrong(PEOPLE "schedules:\n  s: {layers: [{calendar: bad.ics}]}", 3,
	      "DTSTART: this cannot be read");
	wrong(PEOPLE "schedules:\n  s: {layers: [{calendar: plan.ics, people: [bob]}]}", 3,
	      "with calendar there is no rotation");
	wrong(PEOPLE "schedules:\n  s: {layers: [{calendar: plan.ics}]}", 17,
	      "\"primary\" invites zoe@example.org");
	wrong(PEOPLE "schedules:\n  s: {layers: [{calendar: plan.ics}]}", 25,
	      "\"Zoe on call\" names nobody");
	wrong(PEOPLE "policies:\n  p: {}", 3, "needs 1 to");
	wrong(PEOPLE "policies:\n  p: {steps: [{page: alice}]}", 3, "goes to schedule/NAME");
	wrong(PEOPLE "policies:\n  p: {steps: [{page: schedule/s}]}", 3, "no schedule \"s\"");
	wrong(PEOPLE "policies:\n  p: {steps: [{page: person/bob, after: 5m}, {page: person/bob, "
		     "after: 5m}]}",
	      3, "must be after");
	wrong(PEOPLE "policies:\n  p: {repeat: often, steps: [{page: person/bob}]}", 3,
	      "forever or a number");
}

TEST_GROUP(schedule, cmocka_unit_test(test_layers), cmocka_unit_test(test_active_turns),
	   cmocka_unit_test(test_holidays), cmocka_unit_test(test_calendar),
	   cmocka_unit_test(test_overrides), cmocka_unit_test(test_swap),
	   cmocka_unit_test(test_override_check), cmocka_unit_test(test_until),
	   cmocka_unit_test(test_mistakes));
