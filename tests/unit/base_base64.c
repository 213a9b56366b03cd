/* Base64: both alphabets, padding, and the places Go names when it is not valid. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/base64.h"

static void test_both_ways(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct str plain = str_of(pairs[i][0]), text = str_of(pairs[i][1]);

		assert_true(str_eq(base64_encode(plain, BASE64_STANDARD, &a), text));
		assert_true(base64_decode(text, BASE64_STANDARD, &a, &s, NULL));
		assert_true(str_eq(s, plain));
	}
	arena_done(&a);
}

static void test_alphabets(void **state)
{
	struct str bytes = STR("\xfb\xff\xfe");
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a);
	assert_true(str_is(base64_encode(bytes, BASE64_STANDARD, &a), "+//+"));
	assert_true(str_is(base64_encode(bytes, BASE64_URL, &a), "-__-"));
	assert_true(base64_decode(STR("-__-"), BASE64_URL, &a, &s, NULL) && str_eq(s, bytes));
	assert_false(base64_decode(STR("-__-"), BASE64_STANDARD, &a, &s, NULL));
	assert_false(base64_decode(STR("+//+"), BASE64_URL, &a, &s, NULL));
	assert_true(base64_decode(STR("Z\ng=\r\n=\n"), BASE64_URL, &a, &s, NULL));
	assert_true(str_is(s, "f"));
	arena_done(&a);
}

static void test_where_it_is_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
		{"!!!!", 0},	{"====", 0},   {"x===", 1},	{"=AAA", 0},  {"A=AA", 1},
		{"AA=A", 2},	{"AA==A", 4},  {"AAA=AAAA", 4}, {"AAAAA", 4}, {"AA=", 3},
		{"AAAAAA=", 7}, {"YWJj!a", 4}, {"A", 0},	{"AAA", 0},   {"AA=\n", 4},
	};
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str s;
		size_t at = 99;

		if (base64_decode(str_of(cases[i].text), BASE64_STANDARD, &a, &s, &at) ||
		    at != cases[i].at)
			fail_msg("%s: %zu, not %zu", cases[i].text, at, cases[i].at);
	}
	arena_done(&a);
}

TEST_GROUP(base64, cmocka_unit_test(test_both_ways), cmocka_unit_test(test_alphabets),
	   cmocka_unit_test(test_where_it_is_wrong))
