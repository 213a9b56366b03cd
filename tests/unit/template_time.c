/* Times read by Go's layouts. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "template/gotime.h"

static void test_parse(void **state)
{
	static const struct {
		const char *layout, *text,
			*want; /* printed as RFC 3339 with its offset, or the error */
	} cases[] = {
		{"2006-01-02", "2026-03-04", "2026-03-04T00:00:00Z"},
		{"2006-01-02T15:04:05Z07:00", "2026-03-04T05:06:07+02:00",
		 "2026-03-04T05:06:07+02:00"},
		{"2006-01-02T15:04:05Z07:00", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"},
		{"Mon Jan _2 15:04:05 2006", "Wed Mar  4 05:06:07 2026", "2026-03-04T05:06:07Z"},
		{"January 2, 2006 3:04PM", "march 4, 2026 5:06PM", "2026-03-04T17:06:00Z"},
		{"02 Jan 06 15:04 MST", "04 Mar 26 05:06 CET", "2026-03-04T05:06:00Z"},
		{"2006 002", "2026 063", "2026-03-04T00:00:00Z"},
		{"15:04:05", "05:06:07.25", "0000-01-01T05:06:07Z"},
		{"2006-01-02", "bad",
		 "parsing time \"bad\" as \"2006-01-02\": cannot parse \"bad\" as \"2006\""},
		{"2006-01-02", "2026-02-30", "parsing time \"2026-02-30\": day out of range"},
		{"2006-01-02", "2026-13-01", "parsing time \"2026-13-01\": month out of range"},
		{"2006", "2026x", "parsing time \"2026x\": extra text: \"x\""},
		{"2006-01", "2026",
		 "parsing time \"2026\" as \"2006-01\": cannot parse \"\" as \"-\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct value_time t;
		struct err err = {0};
		struct buf b;

		buf_init(&b, 1000);
		if (gotime_parse(str_of(cases[i].layout), str_of(cases[i].text), &t, &err))
			gotime_format(&b, &t, STR("2006-01-02T15:04:05Z07:00"));
		else
			buf_adds(&b, err.msg);
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
	}
}

TEST_GROUP(gotime, cmocka_unit_test(test_parse))
