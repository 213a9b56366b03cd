/* Zones: names, and what the clock on the wall shows around a change. */
#include "tests/unit/unit.h"

#include "base/tz.h"

static void test_names(void **state)
{
	static const char *const good[] = {"",
					   "UTC",
					   "Local",
					   "Europe/Berlin",
					   "America/Argentina/Ushuaia",
					   "Etc/GMT+5",
					   "EST5EDT",
					   "Asia/Kathmandu"};
	static const char *const bad[] =
		{"europe/berlin",  "Europe/Atlantis", "+02:00",
		 "UTC+2",	   "ABC-3",	      "../etc/passwd",
		 "/etc/localtime", "Europe",	      "CET-1CEST,M3.5.0,M10.5.0/3"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		OWNED(tz) tz = tz_open(str_of(good[i]));

		if (!tz)
			fail_msg("%s is refused", good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		OWNED(tz) tz = tz_open(str_of(bad[i]));

		if (tz)
			fail_msg("%s is taken", bad[i]);
	}
}

/* Berlin, 2026-03-29: after 01:59:59 comes 03:00:00; 2026-10-25: 02:30 comes twice. */
static void test_changes(void **state)
{
	OWNED(tz) tz = tz_open(STR("Europe/Berlin"));
	struct civil spring = {.year = 2026, .month = 3, .day = 29, .hour = 1};
	struct civil autumn = {.year = 2026, .month = 10, .day = 25, .hour = 0, .minute = 30};
	ms_t at = civil_to(&spring);

	(void)state;
	assert_int_equal(tz_civil(tz, at - 1).hour, 1);
	assert_int_equal(tz_civil(tz, at).hour, 3);
	assert_string_equal(tz_abbreviation(tz, at - 1), "CET");
	assert_string_equal(tz_abbreviation(tz, at), "CEST");
	at = civil_to(&autumn);
	assert_int_equal(tz_civil(tz, at).hour, 2);
	assert_int_equal(tz_civil(tz, at + HOUR).hour, 2);
	assert_int_equal(tz_offset_s(tz, at), 7200);
	assert_int_equal(tz_offset_s(tz, at + HOUR), 3600);
	assert_int_equal(tz_offset_s(NULL, at), 0);
	/* Before 1970 the seconds are below zero. */
	assert_int_equal(tz_civil(tz, -1).hour, 0);
}

TEST_GROUP(tz, cmocka_unit_test(test_names), cmocka_unit_test(test_changes))
