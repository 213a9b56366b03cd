/* JSON strings and numbers as Go writes them. */
#include "tests/unit/unit.h"

#include <math.h>

#include "base/json.h"

static void check(struct str in, const char *plain, const char *html)
{
	struct buf b;

	buf_init(&b, 1000);
	json_put_str(&b, in);
	assert_string_equal(buf_cstr(&b), plain);
	buf_clear(&b);
	json_put_str_html(&b, in);
	assert_string_equal(buf_cstr(&b), html);
	buf_done(&b);
}

static void test_strings(ATTR_UNUSED void **state)
{
	check(STR(""), "\"\"", "\"\"");
	check((struct str){0}, "\"\"", "\"\"");
	check(STR("plain"), "\"plain\"", "\"plain\"");
	check(STR("a<b>&c"), "\"a<b>&c\"", "\"a\\u003cb\\u003e\\u0026c\"");
	check(STR("\"\\/\b\f\n\r\t\v\0\x1f\x7f"),
	      "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u000b\\u0000\\u001f\x7f\"",
	      "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u000b\\u0000\\u001f\x7f\"");
	check(STR("\u00e9\u20ac\U0001f600"), "\"\u00e9\u20ac\U0001f600\"",
	      "\"\u00e9\u20ac\U0001f600\"");
	check(STR("\u2027\u2028\u2029\u202a"), "\"\u2027\\u2028\\u2029\u202a\"",
	      "\"\u2027\\u2028\\u2029\u202a\"");
}

/* Each byte that begins no valid sequence becomes one replacement character. */
static void test_bad_utf8(ATTR_UNUSED void **state)
{
	check(STR("a\xff"), "\"a\\ufffd\"", "\"a\\ufffd\"");
	check(STR("\xe2\x82"), "\"\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\"");
	check(STR("\xed\xa0\x80z"), "\"\\ufffd\\ufffd\\ufffdz\"", "\"\\ufffd\\ufffd\\ufffdz\"");
	check(STR("\xc0\x80"), "\"\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\"");
	check(STR("\xf0\x9f\x98"), "\"\\ufffd\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\\ufffd\"");
}

static void check_float(double v, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	json_put_float(&b, v);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void test_floats(ATTR_UNUSED void **state)
{
	check_float(0, "0");
	check_float(-0.0, "-0");
	check_float(1e20, "100000000000000000000");
	check_float(1e21, "1e+21");
	check_float(1e-6, "0.000001");
	check_float(9.99e-7, "9.99e-7");
	check_float(1e-10, "1e-10");
	check_float(-1.5e300, "-1.5e+300");
	check_float((double)NAN, "null");
	check_float(HUGE_VAL, "null");
}

TEST_GROUP(json, cmocka_unit_test(test_strings), cmocka_unit_test(test_bad_utf8),
	   cmocka_unit_test(test_floats))
