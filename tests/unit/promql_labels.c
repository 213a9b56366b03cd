/* Label sets: encoding, order, building, printing; matchers. */
#include "tests/unit/unit.h"

#include <string.h>
#include <xxhash.h>

#include "promql/labels.h"
#include "promql/matcher.h"

/* make(a, "b", "2", "a", "1", NULL) */
static struct labels make(struct arena *a, const char *name, ...)
{
	struct labels_builder lb;
	va_list ap;

	labels_builder_init(&lb);
	va_start(ap, name);
	for (; name; name = va_arg(ap, const char *))
		labels_builder_set(&lb, str_of(name), str_of(va_arg(ap, const char *)));
	va_end(ap);

	struct labels ls = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return ls;
}

static void expect_put(struct labels ls, bool metric, const char *want)
{
	struct buf b;

	buf_init(&b, 10000);
	labels_put(&b, ls, metric);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void test_encoding(void **state)
{
	static const char WANT[] = "\4file\1f\4name\1g";
	struct arena a;

	(void)state;
	arena_init(&a);

	struct labels ls = make(&a, "name", "g", "file", "f", NULL);

	assert_int_equal(ls.n, sizeof(WANT) - 1);
	assert_memory_equal(ls.p, WANT, ls.n);
	assert_true(labels_hash(ls) == XXH64(WANT, sizeof(WANT) - 1, 0));
	assert_true(labels_valid(labels_bytes(ls)));
	assert_int_equal(labels_count(ls), 2);
	assert_true(str_is(labels_get(ls, STR("name")), "g"));
	assert_int_equal(labels_get(ls, STR("nam")).n, 0);
	assert_int_equal(labels_get(ls, STR("zzz")).n, 0);
	arena_done(&a);
}

static void test_long_values(void **state)
{
	static const size_t SIZES[] = {0, 1, 254, 255, 256, 65535, 65536, 1000000};
	struct arena a;
	struct labels_builder lb;
	struct labels_iter it;
	struct label l;

	(void)state;
	arena_init(&a);
	labels_builder_init(&lb);
	for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
		struct str value = {.p = arena_alloc(&a, SIZES[i] + 1), .n = SIZES[i]};

		labels_builder_from(&lb, (struct labels){0});
		labels_builder_set(&lb, STR("v"), value);
		labels_builder_set(&lb, STR("w"), STR("end"));

		struct labels ls = labels_builder_build(&lb, &a);

		assert_true(labels_valid(labels_bytes(ls)));
		it = (struct labels_iter){0};
		if (SIZES[i]) {
			assert_true(labels_next(ls, &it, &l));
			assert_true(str_eq(l.value, value));
		}
		assert_true(labels_next(ls, &it, &l));
		assert_true(str_is(l.value, "end"));
		assert_false(labels_next(ls, &it, &l));
	}
	labels_builder_done(&lb);
	arena_done(&a);
}

static void test_valid(void **state)
{
	static const struct str BAD[] = {
		STR("\1"),	     STR("\1a"),       STR("\1a\1"),
		STR("\1a\0"),	     STR("\0\1b"),     STR("\1b\1x\1a\1x"),
		STR("\1a\1x\1a\1x"), STR("\1a\xFF\2"), STR("\1a\xFF\1\0\0b"),
		STR("\1a\1xy"),
	};

	(void)state;
	assert_true(labels_valid(STR("")));
	assert_true(labels_valid(STR("\1a\1x\1b\1x")));
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_false(labels_valid(BAD[i]));
}

static void test_compare(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);

	struct labels none = make(&a, NULL), one = make(&a, "a", "1", NULL);
	struct labels two = make(&a, "a", "1", "b", "1", NULL), other = make(&a, "a", "2", NULL);
	struct labels later = make(&a, "aa", "0", NULL), copy = labels_dup(&a, two);
	struct labels heap = labels_heap(two);

	assert_int_equal(labels_cmp(none, none), 0);
	assert_true(labels_cmp(none, one) < 0 && labels_cmp(one, two) < 0);
	assert_true(labels_cmp(two, other) < 0 && labels_cmp(other, later) < 0);
	assert_true(labels_cmp(later, none) > 0);
	assert_true(labels_eq(two, copy) && labels_eq(two, heap) && !labels_eq(one, two));
	assert_int_equal(labels_cmp(two, copy), 0);
	labels_free(heap);
	arena_done(&a);
}

/* Known from Alertmanager: an empty set has FNV's offset. */
static void test_fingerprint(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_true(labels_fingerprint(make(&a, NULL)) == UINT64_C(14695981039346656037));
	assert_true(labels_fingerprint(make(&a, "a", "b", NULL)) !=
		    labels_fingerprint(make(&a, "ab", "", NULL)));
	arena_done(&a);
}

static void test_builder(void **state)
{
	struct arena a;
	struct labels_builder lb;

	(void)state;
	arena_init(&a);
	labels_builder_init(&lb);
	labels_builder_from(&lb, make(&a, "c", "3", "a", "1", NULL));
	labels_builder_set(&lb, STR("b"), STR("2"));
	labels_builder_set(&lb, STR("a"), STR("one"));
	labels_builder_del(&lb, STR("zzz"));
	assert_true(str_is(labels_builder_get(&lb, STR("a")), "one"));
	labels_builder_set(&lb, STR("c"), STR(""));
	assert_int_equal(labels_builder_get(&lb, STR("c")).n, 0);
	expect_put(labels_builder_build(&lb, &a), false, "{a=\"one\", b=\"2\"}");
	labels_builder_done(&lb);
	arena_done(&a);
}

static void test_put(void **state)
{
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a);
	expect_put(make(&a, NULL), true, "{}");
	expect_put(make(&a, "__name__", "up", NULL), true, "up");
	expect_put(make(&a, "__name__", "up", "j", "x\"\n", NULL), true, "up{j=\"x\\\"\\n\"}");
	expect_put(make(&a, "__name__", "up", NULL), false, "{__name__=\"up\"}");
	expect_put(make(&a, "__name__", "a.b", "k.l", "\xC3\xA9", NULL), true,
		   "{\"a.b\", \"k.l\"=\"\xC3\xA9\"}");
	buf_init(&b, 1000);
	labels_put_json(&b, make(&a, "b", "\"", "a", "1", NULL));
	assert_string_equal(buf_cstr(&b), "{\"a\":\"1\",\"b\":\"\\\"\"}");
	buf_done(&b);
	arena_done(&a);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(label_name_legacy(STR("_a1")) && metric_name_legacy(STR(":a:1")));
	assert_false(label_name_legacy(STR("a:b")) || label_name_legacy(STR("1a")));
	assert_false(label_name_legacy(STR("")) || metric_name_legacy(STR("a.b")));
}

static void test_matchers(void **state)
{
	static const struct {
		enum match_op op;
		const char *value, *text;
		bool ok;
	} CASES[] = {
		{MATCH_EQ, "a", "a", true},	{MATCH_EQ, "a", "ab", false},
		{MATCH_NEQ, "a", "", true},	{MATCH_RE, "a.*", "a\nb", true},
		{MATCH_RE, "a", "ab", false},	{MATCH_NRE, "a|b", "b", false},
		{MATCH_NRE, "a|b", "ab", true}, {MATCH_RE, "", "", true},
	};
	struct arena a;
	struct matcher m;
	struct err err;
	bool ok;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		assert_true(
			matcher_init(&m, CASES[i].op, STR("l"), str_of(CASES[i].value), &a, &err));
		assert_true(matcher_test(&m, str_of(CASES[i].text), &ok, &err));
		assert_int_equal(ok, CASES[i].ok);
		assert_true(matcher_test(&m, STR(""), &ok, &err));
		assert_int_equal(ok, m.matches_empty);
	}
	assert_false(matcher_init(&m, MATCH_RE, STR("l"), STR("("), &a, &err));
	arena_done(&a);
}

TEST_GROUP(labels, cmocka_unit_test(test_encoding), cmocka_unit_test(test_long_values),
	   cmocka_unit_test(test_valid), cmocka_unit_test(test_compare),
	   cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_builder),
	   cmocka_unit_test(test_put), cmocka_unit_test(test_names),
	   cmocka_unit_test(test_matchers))
