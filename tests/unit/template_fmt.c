/* fmt and time layouts, each expectation as Go prints it. */
#include "tests/unit/unit.h"

#include "template/gofmt.h"
#include "template/gotime.h"

struct fmt_case {
	const char *format;
	struct value args[3];
	size_t n;
	const char *want;
};

#define I(x) \
	{ \
		.kind = VALUE_INT, .type = &TYPE_INT, .i = (x) \
	}
#define U(x) \
	{ \
		.kind = VALUE_UINT, .type = &TYPE_UINT64, .u = (x) \
	}
#define F(x) \
	{ \
		.kind = VALUE_FLOAT, .type = &TYPE_FLOAT64, .f = (x) \
	}
#define B(x) \
	{ \
		.kind = VALUE_BOOL, .type = &TYPE_BOOL, .b = (x) \
	}
#define S(x) \
	{ \
		.kind = VALUE_STRING, .type = &TYPE_STRING, .s = {.p = "" x, .n = sizeof(x) - 1 } \
	}
#define D(x) \
	{ \
		.kind = VALUE_INT, .type = &TYPE_DURATION, .i = (x) \
	}
#define NIL \
	{ \
		.kind = VALUE_NONE \
	}

static const struct fmt_case cases[] = {
	{"%d|%5d|%-5d|%05d|%+d|% d",
	 {I(42), I(42), I(42)},
	 3,
	 "42|   42|42   |%!d(MISSING)|%!d(MISSING)|%!d(MISSING)"},
	{"%05d|%+d|% d", {I(-42), I(42), I(42)}, 3, "-0042|+42| 42"},
	{"%x %X %#x", {I(255), I(255), I(255)}, 3, "ff FF 0xff"},
	{"%o %O %b", {I(8), I(8), I(5)}, 3, "10 0o10 101"},
	{"%c %q %U", {I(233), I(65), I(0x1F600)}, 3, "\u00e9 'A' U+1F600"},
	{"%#U|%8.3d|%.0d", {I(233), I(7), I(0)}, 3, "U+00E9 '\u00e9'|     007|"},
	{"%v %v %v", {F(1e6), F(123456), F(1e-5)}, 3, "1e+06 123456 1e-05"},
	{"%f %.2f %8.3f", {F(3.14159), F(2.675), F(-1.5)}, 3, "3.141590 2.67   -1.500"},
	{"%e %g %G", {F(1234.5678), F(1e21), F(1e-7)}, 3, "1.234568e+03 1e+21 1E-07"},
	{"%08.2f|%+.1f|%-8.1f|", {F(-3.14159), F(2), F(2)}, 3, "-0003.14|+2.0|2.0     |"},
	{"%x %#g %b", {F(3.5), F(2), F(1)}, 3, "0x1.cp+01 2.00000 4503599627370496p-52"},
	{"%s|%5s|%-5s|", {S("ab"), S("ab"), S("ab")}, 3, "ab|   ab|ab   |"},
	{"%q %x %.1s", {S("a\"b"), S("hi"), S("\u00e9a")}, 3, "\"a\\\"b\" 6869 \u00e9"},
	{"%#q %+q % x", {S("a b"), S("\u00e9"), S("hi")}, 3, "`a b` \"\\u00e9\" 68 69"},
	{"%t %v %d", {B(true), B(false), B(true)}, 3, "true false %!d(bool=true)"},
	{"%d %s %T", {S("hi"), I(5), F(1)}, 3, "%!d(string=hi) %!s(int=5) float64"},
	{"%v %d %T", {NIL, NIL, NIL}, 3, "<nil> %!d(<nil>) <nil>"},
	{"%v %d %s", {D(90000000000), D(5), D(1500000)}, 3, "1m30s 5 1.5ms"},
	{"%%|%z|%", {I(1)}, 1, "%|%!z(int=1)|%!(NOVERB)"},
	{"%d", {I(1), S("x")}, 2, "1%!(EXTRA string=x)"},
	{"%[2]d %[1]d", {I(1), I(2)}, 2, "2 1"},
	{"%[5]d|%[x]d", {I(1)}, 1, "%!d(BADINDEX)|%!d(BADINDEX)"},
	{"%*d|%.*f", {I(4), I(7)}, 2, "   7|%!(BADPREC)%!f(MISSING)"},
	{"%-*d|", {I(4), I(7)}, 2, "7   |"},
	{"%#v %#v %+v", {S("x"), U(255), I(3)}, 3, "\"x\" 0xff 3"},
	{"%6.2f%%|%v|%v", {F(99.5), F(-0.0), F(0.1)}, 3, " 99.50%|-0|0.1"},
};

static void test_printf(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b;

		buf_init(&b, 1000);
		gofmt_printf(&b, str_of(cases[i].format), cases[i].args, cases[i].n, &a);
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
	}
	arena_done(&a);
}

static void test_special_floats(void **state)
{
	struct value v[] = {F(__builtin_inf()), F(-__builtin_inf()), F(__builtin_nan(""))};
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a);
	buf_init(&b, 1000);
	gofmt_printf(&b, STR("%v %5.1f %06g"), v, 3, &a);
	assert_string_equal(buf_cstr(&b), "+Inf  -Inf    NaN");
	buf_done(&b);
	arena_done(&a);
}

static void test_lists_and_maps(void **state)
{
	struct value list[] = {S("a"), S("b")};
	struct value_pair pairs[] = {{STR("k"), F(1)}, {STR("a"), NIL}};
	struct arena a;
	struct value v[2];
	struct buf b;

	(void)state;
	arena_init(&a);
	v[0] = value_list(&TYPE_STRINGS, list, 2);
	v[1] = value_pairs(&a, &TYPE_ANY_MAP, pairs, 2);
	buf_init(&b, 1000);
	gofmt_printf(&b, STR("%q %v"), v, 2, &a);
	assert_string_equal(buf_cstr(&b), "[\"a\" \"b\"] map[a:<nil> k:1]");
	buf_clear(&b);
	gofmt_printf(&b, STR("%#v %#v"), v, 2, &a);
	assert_string_equal(buf_cstr(&b), "[]string{\"a\", \"b\"} map[string]interface "
					  "{}{\"a\":interface {}(nil), \"k\":1}");
	buf_done(&b);
	arena_done(&a);
}

static const char *const layouts[][2] = {
	{"2006-01-02T15:04:05.999999999Z07:00", "2015-06-03T09:05:07.0123Z"},
	{"Monday, January _2 2006", "Wednesday, June  3 2015"},
	{"Mon Jan 2 3:4:5 PM 06", "Wed Jun 3 9:5:7 AM 15"},
	{"02 03 pm -0700 -07:00 MST", "03 09 am +0000 +00:00 UTC"},
	{"002 __2 .000 ,00 .999999", "154 154 .012 ,01 .0123"},
	{"_2006 Janet 15h04", "_2015 Janet 09h05"},
	{"", ""},
};

static void test_layouts(void **state)
{
	/* 2015-06-03 09:05:07.0123 UTC */
	const struct value_time t = {.s = 1433322307, .ns = 12300000};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		buf_init(&b, 1000);
		gotime_format(&b, &t, str_of(layouts[i][0]));
		assert_string_equal(buf_cstr(&b), layouts[i][1]);
		buf_done(&b);
	}
}

static void test_zones(void **state)
{
	const struct value_time t = {.s = 1433322307,
				     .offset_s = -(5 * 3600 + 30 * 60),
				     .zone = "XST"};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	gotime_format(&b, &t, STR("15:04 MST -07:00 Z0700 -07"));
	assert_string_equal(buf_cstr(&b), "03:35 XST -05:30 -0530 -05");
	buf_done(&b);
}

TEST_GROUP(template_fmt, cmocka_unit_test(test_printf), cmocka_unit_test(test_special_floats),
	   cmocka_unit_test(test_lists_and_maps), cmocka_unit_test(test_layouts),
	   cmocka_unit_test(test_zones))
