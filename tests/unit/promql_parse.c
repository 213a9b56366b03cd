/* Expressions: what is refused, where and in which words; canonical and pretty texts; limits. */
#include "tests/unit/unit.h"

#include <string.h>

#include "promql/functions.h"
#include "promql/parse.h"
#include "promql/print.h"

static const struct promql_options EVERYTHING = {true, true, true, true};

struct parsed {
	struct arena arena;
	const struct expr *e;
	struct err err;
	bool ok;
};

static void parse_with(struct parsed *p, const char *text, struct promql_options o)
{
	struct limits l;

	limits_default(&l);
	*p = (struct parsed){0};
	p->ok = promql_parse(str_of(text), &o, &l, &p->arena, &p->e, &p->err);
}

static void expect_print(const char *text, const char *want)
{
	struct parsed p, again;
	struct buf b, b2;

	parse_with(&p, text, EVERYTHING);
	if (!p.ok)
		fail_msg("%s: %s", text, p.err.msg);
	buf_init(&b, 100000);
	buf_init(&b2, 100000);
	promql_print(&b, p.e);
	assert_string_equal(buf_cstr(&b), want);
	parse_with(&again, buf_cstr(&b), EVERYTHING);
	assert_true(again.ok);
	promql_print(&b2, again.e);
	assert_string_equal(buf_cstr(&b2), want);
	buf_done(&b);
	buf_done(&b2);
	arena_done(&p.arena);
	arena_done(&again.arena);
}

static void test_print(void **state)
{
	static const struct {
		const char *text, *print;
	} CASES[] = {
		{"1+2 * 3^-4^5", "1 + 2 * 3 ^ -4 ^ 5"},
		{"- - 1", "1"},
		{"-(1)", "-(1)"},
		{"0x1f + 017 + 1_000 + .5e1", "31 + 15 + 1000 + 5"},
		{"iNf - NAN", "+Inf - NaN"},
		{"90m * 1.5", "1h30m * 1.5"},
		{"a{z='1', b=~`x\\d`}", "a{b=~\"x\\\\d\",z=\"1\"}"},
		{"{\"a b\", 'c.d'!=\"e\"}", "{\"c.d\"!=\"e\",__name__=\"a b\"}"},
		{"SUM BY(a,\"b c\",)(x)", "sum by (a, \"b c\") (x)"},
		{"sum(x) without ()", "sum without () (x)"},
		{"count_values by(l) (\"v\", x)", "count_values by (l) (\"v\", x)"},
		{"sum by (\"without\", on) (x)", "sum by (\"without\", on) (x)"},
		{"a AND b or c Unless d", "a and b or c unless d"},
		{"a / on(x) group_left b", "a / on (x) group_left () b"},
		{"a == bool ignoring(x) b", "a == bool ignoring (x) b"},
		{"a + fill_right(2) fill_left(1) b", "a + fill_left (1) fill_right (2) b"},
		{"a + fill(NaN) b", "a + fill (NaN) b"},
		{"a + fill", "a + fill"},
		{"h </ 2 >/ 1", "h </ 2 >/ 1"},
		{"x offset 5", "x offset 5s"},
		{"x offset 0s", "x"},
		{"x offset -1h @ 1.5", "x @ 1.500 offset -1h"},
		{"x[5m] offset (1h * 2) @ end()", "x[5m] @ end() offset (1h * 2)"},
		{"x offset --5 * 2", "x offset 5s * 2"},
		{"x[1h+-step():(2)]", "x[1h + -step():(2)]"},
		{"x[min_of(1, range()) % 7]", "x[min_of(1, range()) % 7]"},
		{"x anchored offset 1m", "x anchored offset 1m"},
		{"x[300] smoothed", "x[5m] smoothed"},
		{"rate(x[5m])[1h:] offset 1d", "rate(x[5m])[1h:] offset 1d"},
		{"# all\nup # of it\n", "up"},
		{"start() + step", "start() + step"},
		{"sum + by", "sum + by"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		expect_print(CASES[i].text, CASES[i].print);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		int pos, end;
		const char *msg;
	} CASES[] = {
		{"", 0, 0, "no expression found in input"},
		{"sum by (x) foo", 11, 14, "unexpected identifier \"foo\" in aggregation"},
		{"a + on b", 7, 8, "unexpected identifier \"b\" in grouping opts, expected \"(\""},
		{"a{b=\"c\",,}", 8, 9,
		 "unexpected \",\" in label matching, expected identifier or \"}\""},
		{"a{\"b\" c}", 6, 7,
		 "unexpected identifier \"c\" in label matching, expected \",\" or \"}\""},
		{"a[5m 5m]", 5, 7,
		 "unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\""},
		{"a[5m:1m 1]", 8, 9,
		 "unexpected number \"1\" in subquery selector, expected \"]\""},
		{"a @ start", 9, 9, "unexpected end of input in @, expected timestamp"},
		{"\"a long literal\" \"b\"", 17, 20, "unexpected string \"\\\"b\\\"\""},
		{"rat(x)", 0, 3, "unknown function with name \"rat\""},
		{"rate(x)", 5, 6,
		 "expected type range vector in call to function \"rate\", got instant vector"},
		{"a{b=~\"x(\"}", 2, 9, "error parsing regexp: missing closing ): `x(`"},
		{"a{__name__=\"b\"}", 0, 15, "metric name must not be set twice: \"a\" or \"b\""},
		{"a[5m] + 1", 0, 5,
		 "binary expression must contain only scalar and instant vector types"},
		{"sum by (\"\") (x)", 8, 10, "invalid label name for grouping: \"\""},
		{"x offset NaN", 9, 12, "duration out of range"},
		{"a smoothed anchored", 0, 1,
		 "anchored and smoothed modifiers cannot be used together"},
		{"up @ 1 @ 2", 0, 6, "@ <timestamp> may not be set multiple times"},
		{"a and fill(1) b", 0, 15,
		 "filling in missing series not allowed for set operators"},
		{"label_join(x, \"a\")", 0, 18,
		 "expected at least 3 argument(s) in call to \"label_join\", got 2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct parsed p;

		parse_with(&p, CASES[i].text, EVERYTHING);
		if (p.ok)
			fail_msg("%s parses", CASES[i].text);
		assert_string_equal(p.err.msg, CASES[i].msg);
		assert_int_equal(p.err.pos, CASES[i].pos);
		assert_int_equal(p.err.end, CASES[i].end);
		arena_done(&p.arena);
	}
}

/* One mistake may not hide the others, nor invent some. */
static void test_all_errors(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} CASES[] = {
		{"a{b=c, d, e=\"f\"}", 2}, {"foo bar {", 2},	      {"sum(foo,) + avg(bar,)", 2},
		{"a + on b c", 2},	   {"sum without(==)(x)", 1}, {"(a b) + 1", 1},
		{"-x[5m] + -y[5m]", 4},
	};
	struct limits l;

	(void)state;
	limits_default(&l);
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct promql_errors errors;
		const struct expr *e;
		struct arena a;

		arena_init(&a);
		assert_false(
			promql_parse_all(str_of(CASES[i].text), &EVERYTHING, &l, &a, &e, &errors));
		if (errors.count != CASES[i].count)
			fail_msg("%s: %zu errors", CASES[i].text, errors.count);
		arena_done(&a);
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *text, *msg;
	} CASES[] = {
		{"mad_over_time(x[5m])", "function \"mad_over_time\" is not enabled"},
		{"limitk(1, x)", "limitk() is experimental and must be enabled with "
				 "--enable-feature=promql-experimental-functions"},
		{"x anchored", "anchored modifier is experimental and not enabled"},
		{"a + fill(1) b", "binop fill modifiers are experimental and not enabled"},
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		parse_with(&p, CASES[i].text, promql_options_default());
		assert_false(p.ok);
		assert_string_equal(p.err.msg, CASES[i].msg);
		arena_done(&p.arena);
	}
	parse_with(&p, "x[1h * 2]", promql_options_default());
	assert_true(p.ok);
	arena_done(&p.arena);
	parse_with(&p, "x[1h * 2]", (struct promql_options){0});
	assert_string_equal(p.err.msg, "experimental duration expression is not enabled");
	arena_done(&p.arena);
}

static void test_error_is_shown(void **state)
{
	static const char TEXT[] = "sum(\n\t\xC3\xA9"
				   "x + rate(up)\n)";
	struct parsed p;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	parse_with(&p, "sum(\n\t\"\xC3\xA9\" + rate(up)\n)", EVERYTHING);
	promql_error_put(&b, str_of("sum(\n\t\"\xC3\xA9\" + rate(up)\n)"), &p.err);
	assert_string_equal(buf_cstr(&b),
			    "2:14: parse error: expected type range vector in call to "
			    "function \"rate\", got instant vector");
	assert_int_equal(p.err.line, 2);
	assert_int_equal(p.err.col, 14);
	arena_done(&p.arena);

	buf_clear(&b);
	p.err = (struct err){.pos = 9, .end = 17};
	promql_error_put_place(&b, str_of(TEXT), &p.err, 2);
	assert_string_equal(buf_cstr(&b), "  \t\xC3\xA9"
					  "x + rate(up)\n  \t  ^~~~~~~~\n");
	buf_clear(&b);
	p.err = (struct err){.pos = 3, .end = 3};
	promql_error_put_place(&b, STR("1 /"), &p.err, 0);
	assert_string_equal(buf_cstr(&b), "1 /\n   ^\n");
	buf_done(&b);
}

/* Thousands of levels are refused, and not by running out of stack. */
static void test_depth(void **state)
{
	static const struct {
		const char *open, *middle, *close;
	} CASES[] = {
		{"(", "1", ")"},    {"-", "x", ""},	     {"1 + ", "1", ""},	 {"1 ^ ", "1", ""},
		{"sum(", "x", ")"}, {"x", "[5m:]", "[5m:]"}, {"x[(", "1", ")]"}, {"abs(", "x", ")"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct parsed p;

		buf_clear(&b);
		for (size_t k = 0; k < 20000; k++)
			buf_adds(&b, k && CASES[i].open[0] == 'x'
					     ? CASES[i].open + (CASES[i].open[1] ? 2 : 1)
					     : CASES[i].open);
		buf_adds(&b, CASES[i].middle);
		for (size_t k = 0; k < 20000; k++)
			buf_adds(&b, CASES[i].close);
		parse_with(&p, buf_cstr(&b), EVERYTHING);
		assert_false(p.ok);
		if (!strstr(p.err.msg, "nested too deeply"))
			fail_msg("case %zu: %s", i, p.err.msg);
		arena_done(&p.arena);
	}
	buf_done(&b);
}

static void test_length(void **state)
{
	struct limits l;
	struct arena a;
	const struct expr *e;
	struct err err;

	(void)state;
	limits_default(&l);
	l.expr_bytes = 5;
	arena_init(&a);
	assert_true(promql_parse(STR("a + b"), &EVERYTHING, &l, &a, &e, &err));
	assert_false(promql_parse(STR("a + bc"), &EVERYTHING, &l, &a, &e, &err));
	assert_non_null(strstr(err.msg, "too long"));
	arena_done(&a);
}

static void test_places_of_nodes(void **state)
{
	struct parsed p;

	(void)state;
	parse_with(&p, " sum(rate(x{a=\"b\"}[5m])) + -y offset 5m", EVERYTHING);
	assert_true(p.ok);
	assert_int_equal(p.e->start, 1);
	assert_int_equal(p.e->end, 39);
	assert_int_equal(p.e->type, PROMQL_VECTOR);

	const struct expr *sum = p.e->u.binary.lhs, *minus = p.e->u.binary.rhs;
	const struct expr *rate = sum->u.aggregate.expr;

	assert_int_equal(sum->start, 1);
	assert_int_equal(sum->end, 24);
	assert_int_equal(rate->start, 5);
	assert_int_equal(rate->end, 23);
	assert_int_equal(rate->u.call.args[0]->type, PROMQL_MATRIX);
	assert_int_equal(rate->u.call.args[0]->u.matrix.range, 5 * MINUTE);
	assert_int_equal(minus->start, 27);
	assert_int_equal(minus->u.unary.expr->u.selector.time.offset, 5 * MINUTE);
	assert_int_equal(p.e->depth, 5);
	arena_done(&p.arena);
}

static void test_pretty(void **state)
{
	struct parsed p;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	parse_with(&p, "topk(3, -sum by (a) (x)) > on () group_left (b) (y + 1)", EVERYTHING);
	promql_pretty(&b, p.e, 12);
	assert_string_equal(buf_cstr(&b),
			    "  topk(\n    3,\n    -sum by (a) (\n      x\n    )\n  )\n"
			    "> on () group_left (b)\n  (y + 1)");
	buf_clear(&b);
	promql_pretty(&b, p.e, 100);
	assert_null(strchr(buf_cstr(&b), '\n'));
	buf_done(&b);
	arena_done(&p.arena);
}

static void count_selector(void *arg, const struct expr *e)
{
	assert_int_equal(e->kind, EXPR_SELECTOR);
	++*(size_t *)arg;
}

static void test_selectors(void **state)
{
	struct parsed p;
	size_t n = 0, count;
	struct limits l;
	struct err err;
	const struct matcher *m;

	(void)state;
	parse_with(&p, "sum(a) / (b[5m:] + -label_replace(c, \"\", \"\", \"\", \"\"))", EVERYTHING);
	assert_false(p.ok); /* a range is no operand */
	arena_done(&p.arena);
	parse_with(&p, "sum(a) / (rate(b[5m:1m]) + -c)", EVERYTHING);
	expr_selectors(p.e, count_selector, &n);
	assert_int_equal(n, 3);

	limits_default(&l);
	assert_true(promql_parse_selector(STR("up{a!=\"b\"}"), &l, &p.arena, &m, &count, &err));
	assert_int_equal(count, 2);
	assert_true(str_is(m[0].name, "a") && m[0].op == MATCH_NEQ);
	assert_false(promql_parse_selector(STR("up + 1"), &l, &p.arena, &m, &count, &err));
	assert_false(promql_parse_selector(STR(""), &l, &p.arena, &m, &count, &err));
	arena_done(&p.arena);
}

static void test_functions(void **state)
{
	size_t n;
	const struct promql_function *f = promql_functions(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(promql_function_find(str_of(f[i].name)), &f[i]);
		assert_true(i == 0 || strcmp(f[i - 1].name, f[i].name) < 0);
	}
	assert_null(promql_function_find(STR("Rate")));
	assert_int_equal(promql_function_arg(promql_function_find(STR("label_join")), 9),
			 PROMQL_STRING);
}

TEST_GROUP(parse, cmocka_unit_test(test_print), cmocka_unit_test(test_errors),
	   cmocka_unit_test(test_all_errors), cmocka_unit_test(test_options),
	   cmocka_unit_test(test_error_is_shown), cmocka_unit_test(test_depth),
	   cmocka_unit_test(test_length), cmocka_unit_test(test_places_of_nodes),
	   cmocka_unit_test(test_pretty), cmocka_unit_test(test_selectors),
	   cmocka_unit_test(test_functions))
