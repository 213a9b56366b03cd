/* Numbers and durations, at their edges. The expected texts are what Go prints. */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/num.h"

struct float_case {
	double v;
	char fmt;
	int prec;
	const char *want;
};

static void test_put_float(ATTR_UNUSED void **state)
{
	static const struct float_case cases[] = {
		{0, 'g', -1, "0"},
		{-0.0, 'g', -1, "-0"},
		{0, 'e', -1, "0e+00"},
		{0, 'f', 3, "0.000"},
		{1, 'f', -1, "1"},
		{100000, 'g', -1, "100000"},
		{1e6, 'g', -1, "1e+06"},
		{1234567, 'g', -1, "1.234567e+06"},
		{1e21, 'f', -1, "1000000000000000000000"},
		{1e21, 'g', -1, "1e+21"},
		{1e23, 'f', -1, "100000000000000000000000"},
		{0.0001, 'g', -1, "0.0001"},
		{0.00001, 'g', -1, "1e-05"},
		{0.1, 'f', -1, "0.1"},
		{1.0 / 3, 'f', -1, "0.3333333333333333"},
		{9007199254740993.0, 'f', -1, "9007199254740992"},
		{123456789012345678.0, 'f', -1, "123456789012345680"},
		{5e-324, 'g', -1, "5e-324"},
		{2.2250738585072014e-308, 'E', -1, "2.2250738585072014E-308"},
		{1.7976931348623157e308, 'G', -1, "1.7976931348623157E+308"},
		{0x1p-1022, 'e', -1, "2.2250738585072014e-308"},
		{0x1p-44, 'e', -1, "5.684341886080802e-14"},
		{2.5, 'f', 0, "2"},
		{3.5, 'f', 0, "4"},
		{0.125, 'f', 2, "0.12"},
		{1234.5678, 'e', 2, "1.23e+03"},
		{1234.5678, 'g', 4, "1235"},
		{123456, 'g', 4, "1.235e+05"},
		{100, 'g', 4, "100"},
		{0.000012345, 'g', 3, "1.23e-05"},
		{1, 'g', 0, "1"},
	};
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		num_put_float(&b, cases[i].v, cases[i].fmt, cases[i].prec);
		assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_clear(&b);
	num_put_float(&b, (double)NAN, 'f', -1);
	num_put_float(&b, HUGE_VAL, 'f', 2);
	num_put_float(&b, -HUGE_VAL, 'e', -1);
	assert_string_equal(buf_cstr(&b), "NaN+Inf-Inf");
	buf_done(&b);
}

/* More digits than there are end in zeros, and the buffer's maximum holds. */
static void test_put_float_long(ATTR_UNUSED void **state)
{
	struct buf b;

	buf_init(&b, 3000);
	num_put_float(&b, 5e-324, 'f', 2000);
	assert_int_equal(b.n, 2002);
	assert_int_equal(b.p[1075], '5'); /* 2^-1074 has 1074 decimals, the last is a 5 */
	assert_int_equal(b.p[1076], '0');
	num_put_float(&b, 1, 'f', 2000);
	assert_true(b.full);
	assert_true(b.n <= 3000);
	buf_done(&b);
}

static double of_bits(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* Every shortest text reads back as the same bits: all powers of two and numbers of all sizes. */
static void test_round_trip(ATTR_UNUSED void **state)
{
	uint64_t x = 88172645463325252u;
	struct buf b;

	buf_init(&b, 4096);
	for (int i = -1074; i < 60000; i++) {
		double v = i < 1024 ? ldexp(1, i) : of_bits(x), back = -1;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (!isfinite(v))
			continue;
		buf_clear(&b);
		num_put_float(&b, v, "efg"[(i + 1074) % 3], -1);
		assert_int_equal(num_float(buf_str(&b), &back), NUM_OK);
		assert_memory_equal(&back, &v, sizeof(v));
	}
	buf_done(&b);
}

struct read_case {
	const char *text;
	enum num_result result;
	uint64_t bits;
};

static void test_read_float(ATTR_UNUSED void **state)
{
	static const struct read_case cases[] = {
		{"0", NUM_OK, 0},
		{"-0", NUM_OK, 0x8000000000000000},
		{"1.", NUM_OK, 0x3ff0000000000000},
		{".5", NUM_OK, 0x3fe0000000000000},
		{"1e23", NUM_OK, 0x44b52d02c7e14af6},
		{"9007199254740993", NUM_OK, 0x4340000000000000},
		{"9007199254740992.99999999999999999999999999", NUM_OK, 0x4340000000000000},
		{"9007199254740993.00000000000000000000000001", NUM_OK, 0x4340000000000001},
		{"2.4703282292062327e-324", NUM_OK, 0},
		{"2.4703282292062328e-324", NUM_OK, 1},
		{"1e-400", NUM_OK, 0},
		{"1e400", NUM_RANGE, 0x7ff0000000000000},
		{"-1e99999999999999999999", NUM_RANGE, 0xfff0000000000000},
		{"0e99999999999999999999", NUM_OK, 0},
		{"0x1p4", NUM_OK, 0x4030000000000000},
		{"0X1.8P-1074", NUM_OK, 2},
		{"0x_1p4", NUM_OK, 0x4030000000000000},
		{"1_000.5", NUM_OK, 0x408f440000000000},
		{"+Inf", NUM_OK, 0x7ff0000000000000},
		{"-infinity", NUM_OK, 0xfff0000000000000},
		{"", NUM_SYNTAX, 0},
		{".", NUM_SYNTAX, 0},
		{"1e", NUM_SYNTAX, 0},
		{"1e+", NUM_SYNTAX, 0},
		{"0x1", NUM_SYNTAX, 0},
		{"0x", NUM_SYNTAX, 0},
		{"1__0", NUM_SYNTAX, 0},
		{"1_.5", NUM_SYNTAX, 0},
		{"1 ", NUM_SYNTAX, 0},
		{"+nan", NUM_SYNTAX, 0},
		{"1,5", NUM_SYNTAX, 0},
		{"1f", NUM_SYNTAX, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		double v = 0, want = of_bits(cases[i].bits);

		assert_int_equal(num_float(str_of(cases[i].text), &v), cases[i].result);
		assert_memory_equal(&v, &want, sizeof(v));
	}

	double v = 0;

	assert_int_equal(num_float(STR("nAn"), &v), NUM_OK);
	assert_true(isnan(v));
}

/* A slice is read to its end and no further, however long it is. */
static void test_read_float_slice(ATTR_UNUSED void **state)
{
	char text[1200];
	double v = 0;

	memset(text, '0', sizeof(text));
	text[0] = '7';
	text[1] = '.';
	text[1100] = '9';
	assert_int_equal(num_float((struct str){.p = text, .n = 1000}, &v), NUM_OK);
	assert_true(v == 7);
	assert_int_equal(num_float((struct str){.p = "12345", .n = 3}, &v), NUM_OK);
	assert_true(v == 123);
}

struct int_case {
	const char *text;
	int base;
	enum num_result result;
	int64_t want;
};

static void test_ints(ATTR_UNUSED void **state)
{
	static const struct int_case cases[] = {
		{"0", 10, NUM_OK, 0},
		{"-9223372036854775808", 10, NUM_OK, INT64_MIN},
		{"-9223372036854775809", 10, NUM_RANGE, INT64_MIN},
		{"9223372036854775807", 10, NUM_OK, INT64_MAX},
		{"9223372036854775808", 10, NUM_RANGE, INT64_MAX},
		{"99999999999999999999999", 10, NUM_RANGE, INT64_MAX},
		{"+7", 10, NUM_OK, 7},
		{"0x1F", 0, NUM_OK, 31},
		{"0b101", 0, NUM_OK, 5},
		{"0o17", 0, NUM_OK, 15},
		{"017", 0, NUM_OK, 15},
		{"1_000", 0, NUM_OK, 1000},
		{"1_000", 10, NUM_SYNTAX, -1},
		{"08", 0, NUM_SYNTAX, -1},
		{"0x", 0, NUM_SYNTAX, -1},
		{"", 10, NUM_SYNTAX, -1},
		{"-", 10, NUM_SYNTAX, -1},
		{"--1", 10, NUM_SYNTAX, -1},
		{"z", 36, NUM_OK, 35},
	};
	uint64_t u = 0;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t v = -1;

		assert_int_equal(num_int(str_of(cases[i].text), cases[i].base, &v),
				 cases[i].result);
		assert_true(v == cases[i].want);
	}
	assert_int_equal(num_uint(STR("18446744073709551615"), 10, &u), NUM_OK);
	assert_true(u == UINT64_MAX);
	assert_int_equal(num_uint(STR("+1"), 10, &u), NUM_SYNTAX);
}

static void test_put_ints(ATTR_UNUSED void **state)
{
	struct buf b;

	buf_init(&b, 200);
	num_put_int(&b, INT64_MIN);
	buf_addc(&b, ' ');
	num_put_int(&b, -1);
	buf_addc(&b, ' ');
	num_put_int(&b, 100);
	buf_addc(&b, ' ');
	num_put_uint(&b, UINT64_MAX);
	assert_string_equal(buf_cstr(&b), "-9223372036854775808 -1 100 18446744073709551615");
	buf_done(&b);
}

struct duration_case {
	const char *text;
	int64_t want; /* -1: refused */
	const char *says;
};

static void test_durations(ATTR_UNUSED void **state)
{
	static const struct duration_case cases[] = {
		{"0", 0, "0s"},
		{"0s", 0, "0s"},
		{"1h30m", 90 * MINUTE, "1h30m"},
		{"90s", 90 * SECOND, "1m30s"},
		{"120m", 2 * HOUR, "2h"},
		{"365d", 365 * DAY, "1y"},
		{"14d", 14 * DAY, "2w"},
		{"8d", 8 * DAY, "8d"},
		{"1y2w3d4h5m6s7ms", 365 * DAY + 17 * DAY + 4 * HOUR + 5 * MINUTE + 6007,
		 "382d4h5m6s7ms"},
		{"292y", 292 * 365 * DAY, "292y"},
		{"", -1, "empty duration string"},
		{"1", -1, "not a valid duration string: \"1\""},
		{"1m1h", -1, "not a valid duration string: \"1m1h\""},
		{"1d1d", -1, "not a valid duration string: \"1d1d\""},
		{"+5s", -1, "not a valid duration string: \"+5s\""},
		{"1.5h", -1, "unknown unit \".\" in duration \"1.5h\""},
		{"5S", -1, "unknown unit \"S\" in duration \"5S\""},
		{"5\"", -1, "unknown unit \"\\\"\" in duration \"5\\\"\""},
		{"300y", -1, "duration out of range"},
		{"99999999999999999999s", -1,
		 "not a valid duration string: \"99999999999999999999s\""},
	};
	struct buf b;

	buf_init(&b, 200);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};
		ms_t v = -1;

		assert_int_equal(num_duration(str_of(cases[i].text), &v, &err), cases[i].want >= 0);
		assert_true(v == cases[i].want);
		if (v < 0) {
			assert_string_equal(err.msg, cases[i].says);
			continue;
		}
		buf_clear(&b);
		num_put_duration(&b, v);
		assert_string_equal(buf_cstr(&b), cases[i].says);
	}
	buf_clear(&b);
	num_put_duration(&b, -90 * SECOND);
	assert_string_equal(buf_cstr(&b), "-1m30s");
	buf_done(&b);
}

static void test_go_durations(ATTR_UNUSED void **state)
{
	static const struct duration_case cases[] = {
		{"0", 0, "0s"},
		{"1.5h", 5400000000000, "1h30m0s"},
		{"1h15m30.918273645s", 4530918273645, "1h15m30.918273645s"},
		{"1500us", 1500000, "1.5ms"},
		{"10\xC2\xB5s", 10000, "10\xC2\xB5s"},
		{"7ns", 7, "7ns"},
		{"1h1h", 7200000000000, "2h0m0s"},
		{"9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s"},
		{"", -1, "time: invalid duration \"\""},
		{".s", -1, "time: invalid duration \".s\""},
		{"1", -1, "time: missing unit in duration \"1\""},
		{"1..5h", -1, "time: missing unit in duration \"1..5h\""},
		{"1d", -1, "time: unknown unit \"d\" in duration \"1d\""},
		{"1\xC3\xA9", -1, "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\""},
		{"9223372036854775808ns", -1, "time: invalid duration \"9223372036854775808ns\""},
		{"3000000h", -1, "time: invalid duration \"3000000h\""},
	};
	struct buf b;
	int64_t v;

	buf_init(&b, 200);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};

		v = -1;
		assert_int_equal(num_go_duration(str_of(cases[i].text), &v, &err),
				 cases[i].want >= 0);
		assert_true(v == cases[i].want);
		if (v < 0) {
			assert_string_equal(err.msg, cases[i].says);
			continue;
		}
		buf_clear(&b);
		num_put_go_duration(&b, v);
		assert_string_equal(buf_cstr(&b), cases[i].says);
	}
	assert_true(num_go_duration(STR("-9223372036854775808ns"), &v, NULL));
	buf_clear(&b);
	num_put_go_duration(&b, v);
	assert_string_equal(buf_cstr(&b), "-2562047h47m16.854775808s");
	buf_done(&b);
}

TEST_GROUP(num, cmocka_unit_test(test_put_float), cmocka_unit_test(test_put_float_long),
	   cmocka_unit_test(test_round_trip), cmocka_unit_test(test_read_float),
	   cmocka_unit_test(test_read_float_slice), cmocka_unit_test(test_ints),
	   cmocka_unit_test(test_put_ints), cmocka_unit_test(test_durations),
	   cmocka_unit_test(test_go_durations))
