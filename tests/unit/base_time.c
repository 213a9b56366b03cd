/* Civil dates, RFC 3339 and HTTP dates. */
#include "tests/unit/unit.h"

#include "base/time.h"

#define AT ((ms_t)1795413600000) /* 2026-11-23T06:00:00Z, a Monday */

static void test_civil(ATTR_UNUSED void **state)
{
	struct civil c = civil_of(AT + 61123);

	assert_int_equal(c.year, 2026);
	assert_int_equal(c.month, 11);
	assert_int_equal(c.day, 23);
	assert_int_equal(c.hour, 6);
	assert_int_equal(c.minute, 1);
	assert_int_equal(c.second, 1);
	assert_int_equal(c.milli, 123);
	assert_int_equal(c.weekday, 1);
	assert_int_equal(c.yearday, 327);

	c = civil_of(-1);
	assert_int_equal(c.year, 1969);
	assert_int_equal(c.yearday, 365);
	assert_int_equal(c.weekday, 3);
	assert_int_equal(c.milli, 999);

	c = civil_of(951782400000); /* 29 February 2000 */
	assert_int_equal(c.month, 2);
	assert_int_equal(c.day, 29);
	assert_int_equal(c.yearday, 60);
}

/* Every day of 800 years there and back, and weekdays go on by one. */
static void test_every_day(ATTR_UNUSED void **state)
{
	struct civil from = {.year = 1600, .month = 1, .day = 1};
	ms_t at = civil_to(&from);
	int weekday = civil_of(at).weekday, yearday = 1;

	for (int i = 0; i < 292194; i++, at += DAY) {
		struct civil c = civil_of(at + 12345678);

		assert_true(civil_to(&c) == at + 12345678);
		assert_int_equal(c.weekday, weekday);
		if (c.month == 1 && c.day == 1)
			yearday = 1;
		assert_int_equal(c.yearday, yearday++);
		weekday = (weekday + 1) % 7;
	}
}

static void test_carry(ATTR_UNUSED void **state)
{
	struct civil c = {.year = 2026, .month = 14, .day = 0, .hour = 24, .second = -1};
	struct civil d;

	d = civil_of(civil_to(&c)); /* 1 Feb 2027, minus a day, plus 24 hours, minus a second */
	assert_int_equal(d.year, 2027);
	assert_int_equal(d.month, 1);
	assert_int_equal(d.day, 31);
	assert_int_equal(d.hour, 23);
	assert_int_equal(d.second, 59);
	c = (struct civil){.year = 2026, .month = -11, .day = 1};
	d = civil_of(civil_to(&c));
	assert_int_equal(d.year, 2025);
	assert_int_equal(d.month, 1);
}

static void check_put(ms_t at, const char *shortest, const char *milli)
{
	struct buf b;

	buf_init(&b, 100);
	time_put_rfc3339(&b, at);
	assert_string_equal(buf_cstr(&b), shortest);
	buf_clear(&b);
	time_put_rfc3339_milli(&b, at);
	assert_string_equal(buf_cstr(&b), milli);
	buf_done(&b);
}

static void test_put(ATTR_UNUSED void **state)
{
	check_put(AT, "2026-11-23T06:00:00Z", "2026-11-23T06:00:00.000Z");
	check_put(AT + 120, "2026-11-23T06:00:00.12Z", "2026-11-23T06:00:00.120Z");
	check_put(AT + 7, "2026-11-23T06:00:00.007Z", "2026-11-23T06:00:00.007Z");
	check_put(MS_NONE, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z");
	check_put(-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
}

struct date_case {
	const char *text;
	ms_t want; /* MS_NONE: refused */
};

static void test_read(ATTR_UNUSED void **state)
{
	static const struct date_case cases[] = {
		{"2026-11-23T06:00:00Z", AT},
		{"2026-11-23T07:30:00+01:30", AT},
		{"2026-11-22T22:00:00.5-08:00", AT + 500},
		{"2026-11-23T06:00:00.123456789Z", AT + 123},
		{"2024-02-29T00:00:00Z", 1709164800000},
		{"2023-02-29T00:00:00Z", MS_NONE},
		{"2026-13-01T00:00:00Z", MS_NONE},
		{"2026-11-31T00:00:00Z", MS_NONE},
		{"2026-11-23T24:00:00Z", MS_NONE},
		{"2026-11-23T06:60:00Z", MS_NONE},
		{"2026-11-23T06:00:60Z", MS_NONE},
		{"2026-11-23T06:00:00", MS_NONE},
		{"2026-11-23T06:00:00.Z", MS_NONE},
		{"2026-11-23 06:00:00Z", MS_NONE},
		{"2026-11-23T06:00:00Zx", MS_NONE},
		{"2026-11-23T06:00:00+0100", MS_NONE},
		{"26-11-23T06:00:00Z", MS_NONE},
		{"", MS_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ms_t at = MS_NONE;

		assert_int_equal(time_rfc3339(str_of(cases[i].text), &at),
				 cases[i].want != MS_NONE);
		assert_true(at == cases[i].want);
	}
}

static void test_http_date(ATTR_UNUSED void **state)
{
	static const struct date_case cases[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777000},
		{"Sun Nov  6 08:49:37 1994", 784111777000},
		{"Wed Nov 16 08:49:37 1994", 784975777000},
		{" Mon, 23 Nov 2026 06:00:00 GMT ", AT},
		{"Monday, 23-Nov-26 06:00:00 GMT", AT},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800000},
		{"Sun, 06 Nov 1994 08:49:37 UTC", MS_NONE},
		{"Sun, 31 Feb 1994 08:49:37 GMT", MS_NONE},
		{"Sun, 06 Nov 1994 08:49 GMT", MS_NONE},
		{"06 Nov 1994 08:49:37 GMT", MS_NONE},
		{"120", MS_NONE},
		{"", MS_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ms_t at = MS_NONE;

		assert_int_equal(time_http_date(str_of(cases[i].text), &at),
				 cases[i].want != MS_NONE);
		assert_true(at == cases[i].want);
	}
}

TEST_GROUP(time, cmocka_unit_test(test_civil), cmocka_unit_test(test_every_day),
	   cmocka_unit_test(test_carry), cmocka_unit_test(test_put), cmocka_unit_test(test_read),
	   cmocka_unit_test(test_http_date))
