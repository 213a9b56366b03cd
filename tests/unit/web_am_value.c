/* The reader of JSON: what strings say, which of equal keys counts, what is refused in Go's words.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/buf.h"
#include "web/am_value.h"

static void string_is(const char *json, const char *want)
{
	struct am_value v;
	struct arena a;
	struct err err;

	arena_init(&a);
	assert_true(am_value_read(str_of(json), &a, &v, &err));
	assert_int_equal(v.kind, AM_STRING);
	assert_int_equal(v.text.n, strlen(want));
	assert_memory_equal(v.text.p, want, v.text.n);
	arena_done(&a);
}

static void test_strings(void **state)
{
	(void)state;
	string_is("\"plain\"", "plain");
	string_is("\"\"", "");
	string_is("\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"", "a\"b\\c/d\b\f\n\r\t");
	string_is("\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac");
	string_is("\"\\uD83D\\ude42\"", "\xf0\x9f\x99\x82");
	string_is("\"\\ud83d\"", "\xef\xbf\xbd");
	string_is("\"\\ud83dx\\ude42\"", "\xef\xbf\xbdx\xef\xbf\xbd");
	string_is("\"\xc3\xa9 stays\"", "\xc3\xa9 stays");
	string_is("\"\xff\xc3\"", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_tree(void **state)
{
	struct am_value v;
	struct arena a;
	struct err err;

	(void)state;
	arena_init(&a);
	assert_true(am_value_read(STR(" {\"a\": [1, -2.5e3, true, null], \"b\": {\"a\": \"x\"},"
				      "\"b\": \"last\"} trailing"),
				  &a, &v, &err));
	assert_int_equal(v.n, 3);
	assert_string_equal(am_kind_name(am_member(&v, "a")), "array");
	assert_int_equal(am_member(&v, "a")->n, 4);
	assert_true(str_is(am_member(&v, "a")->items[1].text, "-2.5e3"));
	assert_int_equal(am_member(&v, "a")->items[3].kind, AM_NULL);
	assert_true(str_is(am_member(&v, "b")->text, "last"));
	assert_null(am_member(&v, "c"));
	assert_null(am_member(am_member(&v, "b"), "a"));
	arena_done(&a);
}

static void refused(struct str json, const char *why)
{
	struct am_value v;
	struct arena a;
	struct err err;

	arena_init(&a);
	assert_false(am_value_read(json, &a, &v, &err));
	assert_string_equal(err.msg, why);
	arena_done(&a);
}

static void test_refused(void **state)
{
	struct buf b;

	(void)state;
	refused(STR(""), "unexpected end of JSON input");
	refused(STR("{\"a\":1"), "unexpected end of JSON input");
	refused(STR("\"abc"), "unexpected end of JSON input");
	refused(STR("\"abc\\"), "unexpected end of JSON input");
	refused(STR("\"\\u12"), "unexpected end of JSON input");
	refused(STR("\"a\nb\""), "invalid character '\\n' in string literal");
	refused(STR("\"\\x\""), "invalid character 'x' in string escape code");
	refused(STR("{a:1}"), "invalid character 'a' looking for beginning of object key string");
	refused(STR("[1 2]"), "invalid character '2' after array element");
	refused(STR("nul"), "unexpected end of JSON input");
	buf_init(&b, BUF_MAX_ANY);
	buf_fill(&b, '[', 20000);
	refused(buf_str(&b), "exceeded max depth");
	buf_clear(&b);
	buf_addc(&b, '[');
	for (int i = 0; i < 1100000; i++)
		buf_adds(&b, "0,");
	refused(buf_str(&b), "there are more than 1048576 values");
	buf_done(&b);
}

TEST_GROUP(am_value, cmocka_unit_test(test_strings), cmocka_unit_test(test_tree),
	   cmocka_unit_test(test_refused))
