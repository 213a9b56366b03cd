/*
 * Calendars that are read: what each way of writing an event comes to, and that every mistake is
 * refused with its line.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/time.h"
#include "oncall/ical_in.h"

static ms_t instant(const char *text)
{
	ms_t t;

	if (!time_rfc3339(str_of(text), &t))
		fail_msg("%s", text);
	return t;
}

static struct str calendar_of(struct arena *a, const char *body)
{
	return arena_printf(a, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%s\r\nEND:VCALENDAR\r\n", body);
}

static bool parse(struct str text, const char *zone, struct arena *a, struct ical_spans *out,
		  struct err *err)
{
	OWNED(tz) tz = tz_open(str_of(zone));
	struct limits l;
	struct ical_look look = {.tz = tz,
				 .from = instant("2026-01-01T00:00:00Z"),
				 .to = instant("2027-01-01T00:00:00Z"),
				 .limits = &l};

	limits_default(&l);
	l.calendar_events = 5;
	l.calendar_spans = 400;
	return ical_in_parse(text, &look, a, out, err);
}

static void put(struct buf *b, ms_t t)
{
	struct civil c = civil_of(t);

	buf_printf(b, "%02d%02dT%02d%02d", c.month, c.day, c.hour, c.minute);
}

/* The first spans as "0102T0304-0103T0000 summary", with "; " between them. */
static void is(const char *body, const char *zone, const char *want)
{
	struct ical_spans got;
	struct arena a;
	struct err err = {0};
	struct buf b;

	arena_init(&a);
	if (!parse(calendar_of(&a, body), zone, &a, &got, &err))
		fail_msg("%s: line %d: %s", body, err.line, err.msg);
	buf_init(&b, 600);
	for (size_t i = 0; i < got.n && i < 6; i++) {
		buf_adds(&b, i ? "; " : "");
		put(&b, got.v[i].from);
		buf_addc(&b, '-');
		put(&b, got.v[i].to);
		if (got.v[i].event->summary.n)
			buf_printf(&b, " %.*s", STR_ARG(got.v[i].event->summary));
	}
	if (strcmp(buf_cstr(&b), want) != 0)
		fail_msg("%s:\n%s\nnot\n%s", body, buf_cstr(&b), want);
	buf_done(&b);
	arena_done(&a);
}

#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "\r\nEND:VEVENT"

static void test_events(void **state ATTR_UNUSED)
{
	/* Whole days are on the clocks that are asked for. */
	is(EVENT("SUMMARY:New Year\\, all\r\n  day\r\nDTSTART;VALUE=DATE:20260101"),
	   "Europe/Berlin", "1231T2300-0101T2300 New Year, all day");
	is(EVENT("DTSTART;VALUE=DATE:20260329\r\nDTEND;VALUE=DATE:20260330"), "Europe/Berlin",
	   "0328T2300-0329T2200");
	is(EVENT("DTSTART:20260105T090000Z\r\nDTEND:20260105T170000Z"), "Europe/Berlin",
	   "0105T0900-0105T1700");
	is(EVENT("DTSTART:20260105T090000\r\nDURATION:PT8H"), "Europe/Berlin",
	   "0105T0800-0105T1600");
	is(EVENT("DTSTART;TZID=America/New_York:20260105T090000\r\n"
		 "DTEND;TZID=America/New_York:20260105T170000"),
	   "Europe/Berlin", "0105T1400-0105T2200");
	is(EVENT("DTSTART;TZID=/citadel.org/20190914_1/America/New_York:20260105T090000\r\n"
		 "DURATION:P1D"),
	   "UTC", "0105T1400-0106T1400");
	/* A time that a change of the clocks skips, and what takes no time. */
	is(EVENT("DTSTART:20260329T023000\r\nDTEND:20260329T040000"), "Europe/Berlin",
	   "0329T0100-0329T0200");
	is(EVENT("DTSTART:20260329T023000Z"), "UTC", "");
	is(EVENT("DTSTART:20260105T090000Z\r\nDTEND:20260105T170000Z\r\nSTATUS:CANCELLED"), "UTC",
	   "");
	/* An alarm in an event is not the event's. */
	is(EVENT("DTSTART:20260105T090000Z\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nDURATION:PT9H\r\n"
		 "END:VALARM\r\nDURATION:PT1H\r\nSUMMARY:yes"),
	   "UTC", "0105T0900-0105T1000 yes");
	is("BEGIN:VTODO\r\nDTSTART:20260105T090000Z\r\nEND:VTODO", "UTC", "");
	/* One that stands alone is there whenever it is. */
	is(EVENT("DTSTART;VALUE=DATE:20310101"), "UTC", "0101T0000-0102T0000");
}

static void test_rules(void **state ATTR_UNUSED)
{
	is(EVENT("DTSTART;VALUE=DATE:19901225\r\nDTEND;VALUE=DATE:19901227\r\nRRULE:FREQ=YEARLY"),
	   "UTC", "1225T0000-1227T0000");
	/* Over the change of the clocks: the same times of the wall. */
	is(EVENT("DTSTART;TZID=Europe/Berlin:20260322T200000\r\nDTEND;TZID=Europe/Berlin:"
		 "20260323T080000\r\nRRULE:FREQ=WEEKLY;COUNT=2"),
	   "UTC", "0322T1900-0323T0700; 0329T1800-0330T0600");
	/* UNTIL is an instant, the rule is on the wall. */
	is(EVENT("DTSTART;TZID=America/Los_Angeles:20260105T200000\r\nDURATION:PT1H\r\n"
		 "RRULE:FREQ=DAILY;UNTIL=20260107T040000Z"),
	   "UTC", "0106T0400-0106T0500; 0107T0400-0107T0500");
	is(EVENT("DTSTART:20260105T080000Z\r\nDURATION:PT12H\r\n"
		 "RRULE:FREQ=HOURLY;INTERVAL=12;COUNT=3"),
	   "UTC", "0105T0800-0105T2000; 0105T2000-0106T0800; 0106T0800-0106T2000");
	is(EVENT("DTSTART;VALUE=DATE:20260105\r\nRRULE:FREQ=DAILY;COUNT=4\r\n"
		 "EXDATE;VALUE=DATE:20260106,20260107\r\nRDATE;VALUE=DATE:20260120"),
	   "UTC", "0105T0000-0106T0000; 0108T0000-0109T0000; 0120T0000-0121T0000");
	is(EVENT("DTSTART:20260105T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
		 "EXDATE;VALUE=DATE:20260106"),
	   "Europe/Berlin", "0105T0800-0105T0900; 0107T0800-0107T0900");
	/* An instance that was moved, and one that was taken out. */
	is(EVENT("UID:a\r\nSUMMARY:alice\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n"
		 "RRULE:FREQ=DAILY;COUNT=3") "\r\n" EVENT("UID:a\r\nSUMMARY:"
							  "bob\r\nRECURRENCE-ID:"
							  "20260106T090000Z\r\nDTSTART:"
							  "20260106T110000Z\r\nDURATION:"
							  "PT1H") "\r\n" EVENT("UID:"
									       "a\r\nRECURRE"
									       "NCE-ID:"
									       "20260107T090"
									       "000Z\r\nDTST"
									       "ART:"
									       "20260107T090"
									       "000Z\r\n"
									       "DURATION:"
									       "PT1H\r\nSTAT"
									       "US:"
									       "CANCELLED"),
	   "UTC", "0105T0900-0105T1000 alice; 0106T1100-0106T1200 bob");
	/* A series that was cut before its beginning, and a rule that never happens. */
	is(EVENT("DTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n"
		 "RRULE:FREQ=DAILY;UNTIL=20260104T090000Z"),
	   "UTC", "");
	is(EVENT("DTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n"
		 "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
	   "UTC", "0105T0900-0105T1000");
}

/* As Outlook writes it: a name of its own, and the rules with it. */
static void test_own_zone(void **state ATTR_UNUSED)
{
	static const char zone[] =
		"BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\n"
		"DTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
		"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"
		"DTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
		"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
	struct arena a;

	arena_init(&a);
	is(arena_cstr(&a,
		      arena_printf(&a, "%s%s", zone,
				   EVENT("DTSTART;TZID=W. Europe Standard Time:20260322T090000\r\n"
					 "DURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2"))),
	   "UTC", "0322T0800-0322T0900; 0329T0700-0329T0800");
	arena_done(&a);
}

static void test_attendees(void **state ATTR_UNUSED)
{
	struct ical_spans s;
	struct arena a;
	struct err err;
	const struct ical_event *e;

	arena_init(&a);
	assert_true(
		parse(calendar_of(&a,
				  EVENT("DTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n"
					"ATTENDEE;CN=\"Doe, Alice\":MAILTO:alice@example.org\r\n"
					"ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org\r\n"
					"ATTENDEE;CUTYPE=ROOM:mailto:room@example.org")),
		      "UTC", &a, &s, &err));
	e = s.v[0].event;
	assert_int_equal(e->n_attendees, 1);
	assert_true(str_is(e->attendees[0].address, "alice@example.org"));
	assert_true(str_is(e->attendees[0].name, "Doe, Alice"));
	assert_int_equal(e->line, 3);
	arena_done(&a);
}

/* A long way from the start: the same as without the short cut, which libical takes for rules
 * without INTERVAL only. */
static void test_from_afar(void **state ATTR_UNUSED)
{
	static const char *const rules[] = {"FREQ=DAILY",
					    "FREQ=WEEKLY",
					    "FREQ=WEEKLY;BYDAY=MO,WE,SA",
					    "FREQ=MONTHLY",
					    "FREQ=MONTHLY;BYDAY=2TU,-1FR",
					    "FREQ=MONTHLY;BYMONTHDAY=-1",
					    "FREQ=YEARLY",
					    "FREQ=YEARLY;BYMONTH=5,11;BYDAY=1MO",
					    "FREQ=YEARLY;BYWEEKNO=20",
					    "FREQ=DAILY;BYMONTH=3,7"};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct ical_spans far, slow;
		struct err err;
		struct str x = arena_printf(&a,
					    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20030604\r\n"
					    "RRULE:%s\r\nEND:VEVENT",
					    rules[i]);
		struct str y = arena_printf(&a,
					    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20030604\r\n"
					    "RRULE:%s;COUNT=9000\r\nEND:VEVENT",
					    rules[i]);

		assert_true(parse(calendar_of(&a, x.p), "UTC", &a, &far, &err));
		assert_true(parse(calendar_of(&a, y.p), "UTC", &a, &slow, &err));
		if (far.n != slow.n)
			fail_msg("%s: %zu, not %zu", rules[i], far.n, slow.n);
		for (size_t k = 0; k < far.n; k++) {
			if (far.v[k].from != slow.v[k].from)
				fail_msg("%s: another day", rules[i]);
		}
	}
	arena_done(&a);
}

static void refused(const char *text, int line, const char *why)
{
	struct ical_spans s;
	struct arena a;
	struct err err = {0};

	arena_init(&a);
	if (parse(str_of(text), "UTC", &a, &s, &err))
		fail_msg("it was taken: %s", text);
	if (err.line != line || !strstr(err.msg, why))
		fail_msg("%s: line %d: %s; not %d: %s", text, err.line, err.msg, line, why);
	arena_done(&a);
}

#define BAD(lines) "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" lines "\nEND:VEVENT\nEND:VCALENDAR\n"

static void test_mistakes(void **state ATTR_UNUSED)
{
	refused("", 1, "it is empty");
	refused("<html>", 1, "no line of a calendar");
	refused("A:b", 1, "BEGIN:VCALENDAR was expected");
	refused("BEGIN:VEVENT", 1, "BEGIN:VCALENDAR was expected");
	refused("BEGIN:VCALENDAR\nEND:VEVENT", 2, "ends nothing");
	refused("BEGIN:VCALENDAR\nBEGIN:VEVENT\nX:y", 4, "in the midst of VEVENT");
	refused("BEGIN:VCALENDAR\nX-A:\xE9\nEND:VCALENDAR", 2, "no text in UTF-8");
	refused(BAD("SUMMARY:x"), 2, "without DTSTART");
	refused(BAD("DTSTART:tomorrow"), 3, "DTSTART: this cannot be read");
	refused(BAD("SUMMARY:x\n y\nDTSTART:20260230T000000Z"), 5, "no such day");
	refused(BAD("DTSTART;TZID=Mars/Base:20260105T000000"), 3, "no time zone \"Mars/Base\"");
	refused(BAD("DTSTART:20260105T000000Z\nDTEND:20260104T000000Z"), 2, "before it begins");
	refused(BAD("DTSTART:20260105T000000Z\nDTEND;VALUE=DATE:20260106"), 2, "of one kind");
	refused(BAD("DTSTART:20260105T000000Z\nRRULE:FREQ=MINUTELY"), 4, "more often");
	refused(BAD("DTSTART:20260105T000000Z\nRRULE:FREQ=OFTEN"), 4, "RRULE: ");
	refused(BAD("DTSTART:20260105T000000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY"), 5, "second");
	refused(BAD("DTSTART:20260105T000000Z\nEXRULE:FREQ=DAILY"), 4, "EXRULE");
	refused(BAD("DTSTART:20260105T000000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY"), 2,
		"more than 400 spans");
	refused("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\n"
		"BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\n"
		"BEGIN:VEVENT\nEND:VEVENT\n",
		12, "more than 5 events");
	refused("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nRRULE:FREQ=SECONDLY\nEND:VTIMEZONE\n", 6,
		"in the midst");
	refused("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nRRULE:FREQ=SECONDLY\nEND:VTIMEZONE\n"
		"END:VCALENDAR\n",
		4, "yearly rule");
}

TEST_GROUP(ical_in, cmocka_unit_test(test_events), cmocka_unit_test(test_rules),
	   cmocka_unit_test(test_own_zone), cmocka_unit_test(test_attendees),
	   cmocka_unit_test(test_from_afar), cmocka_unit_test(test_mistakes));
