/* Regular expressions: Go's syntax and errors, anchoring, replacement, and no explosion. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/regex.h"

static bool matches(const char *pattern, unsigned flags, const char *text)
{
	struct regex *r;
	struct err err;
	bool hit;

	if (!regex_compile(str_of(pattern), flags, NULL, &r, &err))
		fail_msg("%s", err.msg);
	assert_true(regex_match(r, str_of(text), &hit, &err));
	regex_free(r);
	return hit;
}

static void test_match(void **state)
{
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *text;
		bool hit;
	} CASES[] = {
		{"b", 0, "abc", true},
		{"b", REGEX_ANCHORED, "abc", false},
		{"a|abc", REGEX_ANCHORED, "abc", true},
		{"a|b|", REGEX_ANCHORED, "", true},
		{"a|b", REGEX_ANCHORED, "", false},
		{"a.c", REGEX_ANCHORED, "a\nc", false},
		{"a.c", REGEX_ANCHORED | REGEX_DOTALL, "a\nc", true},
		{"(?-s)a.c", REGEX_ANCHORED | REGEX_DOTALL, "a\nc", false},
		{"abc$", 0, "abc\n", false}, /* PCRE2's own $ would match */
		{"(?m)^b$", 0, "a\nb\n", true},
		{"(?m)^$", 0, "a\n", true},
		{"(?i)ABC", REGEX_ANCHORED, "abc", true},
		{"(?i:a)b", REGEX_ANCHORED, "AB", false},
		{"a(?i)b|c", REGEX_ANCHORED, "C", true},
		{"\\d+\\.\\w", REGEX_ANCHORED, "12.x", true},
		{"\\d", 0, "\xD9\xA9", false}, /* an Arabic digit: classes are ASCII */
		{"\\s", 0, "\v", false},
		{"[\\S]", 0, "\v", true},
		{"[^\\S]", 0, " ", true},
		{"\\pL+", REGEX_ANCHORED, "\xC3\xA9t\xC3\xA9", true},
		{"\\p{Greek}", 0, "\xCE\xB1", true},
		{"\\P{^Greek}", 0, "\xCE\xB1", true},
		{"[[:alpha:]-]+", REGEX_ANCHORED, "a-b", true},
		{"[[:^alpha:]]", 0, "a", false},
		{"[]a]+", REGEX_ANCHORED, "]a", true},
		{"[a-]+", REGEX_ANCHORED, "a-", true},
		{"\\Qa.b\\E+", REGEX_ANCHORED, "a.bb", true},
		{"\\Qa.b", REGEX_ANCHORED, "a.b", true},
		{"x\\z", 0, "x", true},
		{"\\x41\\x{1F600}\\101", REGEX_ANCHORED,
		 "A\xF0\x9F\x98\x80"
		 "A",
		 true},
		{"a{,2}", REGEX_ANCHORED, "a{,2}", true},
		{"a{2", REGEX_ANCHORED, "a{2", true},
		{"a{2,3}?", REGEX_ANCHORED, "aaa", true},
		{"(?P<n>a)(?<m>b)", REGEX_ANCHORED, "ab", true},
		{"(^a)*", REGEX_ANCHORED, "a", true},
		{"\\_\\-\\/", REGEX_ANCHORED, "_-/", true},
		{".", REGEX_ANCHORED, "\xFF", true}, /* reads as U+FFFD */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		if (matches(CASES[i].pattern, CASES[i].flags, CASES[i].text) != CASES[i].hit)
			fail_msg("%s on \"%s\"", CASES[i].pattern, CASES[i].text);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *pattern, *msg;
	} CASES[] = {
		{"(", "missing closing ): `(`"},
		{"a)b", "unexpected ): `a)b`"},
		{"[a", "missing closing ]: `[a`"},
		{"x[z-a]", "invalid character class range: `z-a`"},
		{"[[:foo:]]", "invalid character class range: `[:foo:]`"},
		{"\\pQ", "invalid character class range: `\\pQ`"},
		{"\\p{", "invalid character class range: `\\p{`"},
		{"*a", "missing argument to repetition operator: `*`"},
		{"a|+", "missing argument to repetition operator: `+`"},
		{"a**", "invalid nested repetition operator: `**`"},
		{"a++", "invalid nested repetition operator: `++`"},
		{"a{1,2}+b", "invalid nested repetition operator: `{1,2}+`"},
		{"a{1001}", "invalid repeat count: `{1001}`"},
		{"a{2,1}", "invalid repeat count: `{2,1}`"},
		{"(a{100}){11}", "invalid repeat count: `{11}`"},
		{"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
		{"(?!a)", "invalid or unsupported Perl syntax: `(?!`"},
		{"(?>a)", "invalid or unsupported Perl syntax: `(?>`"},
		{"(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"},
		{"(?<=a)", "invalid named capture: `(?<=a)`"},
		{"(?P<a b>x)", "invalid named capture: `(?P<a b>`"},
		{"(a)\\1", "invalid escape sequence: `\\1`"},
		{"\\C", "invalid escape sequence: `\\C`"},
		{"\\K", "invalid escape sequence: `\\K`"},
		{"\\x{110000}", "invalid escape sequence: `\\x{11000"},
		{"a\\", "trailing backslash at end of expression: ``"},
		{"\xFF", "invalid UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct regex *r;
		struct err err;

		if (regex_compile(str_of(CASES[i].pattern), 0, NULL, &r, &err))
			fail_msg("%s compiles", CASES[i].pattern);
		if (!strstr(err.msg, CASES[i].msg) ||
		    !str_starts(str_of(err.msg), "error parsing regexp: "))
			fail_msg("%s: expected %s, got %s", CASES[i].pattern, CASES[i].msg,
				 err.msg);
	}
}

static void test_nesting_is_limited(void **state)
{
	struct regex *r;
	struct err err;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_fill(&b, '(', 100000);
	assert_false(regex_compile(buf_str(&b), 0, NULL, &r, &err));
	assert_non_null(strstr(err.msg, "nests too deeply"));
	buf_clear(&b);
	buf_fill(&b, '(', 900);
	buf_fill(&b, ')', 900);
	assert_true(regex_compile(buf_str(&b), 0, NULL, &r, &err));
	regex_free(r);
	buf_done(&b);
}

/* Exponential for a backtracking matcher. */
static void test_does_not_explode(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_fill(&b, 'a', 5000);
	buf_addc(&b, 'c');
	assert_false(matches("(a*)*b", REGEX_ANCHORED, buf_cstr(&b)));
	assert_false(matches("(a|a)*b", 0, buf_cstr(&b)));
	buf_done(&b);
}

static void expect_replaced(const char *pattern, const char *text, const char *with,
			    const char *want)
{
	struct regex *r;
	struct err err;
	struct buf b;

	buf_init(&b, 1000);
	assert_true(regex_compile(str_of(pattern), 0, NULL, &r, &err));
	assert_true(regex_replace(r, str_of(text), str_of(with), &b, &err));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	regex_free(r);
}

static void test_replace(void **state)
{
	(void)state;
	expect_replaced("a+", "baac", "<$0>", "b<aa>c");
	expect_replaced("(a)(b)?", "ab a", "[$1$2]", "[ab] [a]");
	expect_replaced("(?P<x>a)", "a", "${x}y $xy $$ $ ${ $-", "ay  $ $ ${ $-");
	expect_replaced("x*", "abc", "-", "-a-b-c-");
	expect_replaced("a*", "baaac", "-", "-b-c-");
	expect_replaced("", "\xC3\xA9", ".", ".\xC3\xA9.");
	expect_replaced("b", "abc", "$1$01$9", "ac");
	expect_replaced("^a", "aaa", "", "aa");
}

static void test_expand(void **state)
{
	struct regex *r;
	struct err err;
	struct buf b;
	struct arena a;
	bool hit;

	(void)state;
	arena_init(&a);
	buf_init(&b, 1000);
	assert_true(regex_compile(STR("(.*):(\\d+)"), REGEX_ANCHORED, &a, &r, &err));
	assert_int_equal(regex_groups(r), 2);
	assert_true(regex_expand(r, STR("host:80"), STR("$2/$1"), &b, &hit, &err));
	assert_true(hit);
	assert_string_equal(buf_cstr(&b), "80/host");
	assert_true(regex_expand(r, STR("host"), STR("$2"), &b, &hit, &err));
	assert_false(hit);
	assert_string_equal(buf_cstr(&b), "80/host");
	buf_clear(&b);
	regex_quote(&b, STR("a.b*c"));
	assert_string_equal(buf_cstr(&b), "a\\.b\\*c");
	buf_done(&b);
	arena_done(&a);
}

TEST_GROUP(regex, cmocka_unit_test(test_match), cmocka_unit_test(test_errors),
	   cmocka_unit_test(test_nesting_is_limited), cmocka_unit_test(test_does_not_explode),
	   cmocka_unit_test(test_replace), cmocka_unit_test(test_expand))
