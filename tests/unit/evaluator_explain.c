/* Explanations: expressions, answers to the questions they ask, and the words that come out. */
#include <string.h>

#include "evaluator/explain.h"
#include "promql/series_desc.h"
#include "rules/rules.h"
#include "tests/unit/unit.h"

/* An answer: the question and its elements, `series value` each; NULL ends the list. */
struct answer {
	const char *query;
	const char *elements[4];
};

static struct rule_set *rule_of(const char *expr)
{
	struct limits l;
	struct rule_defaults d = {.interval = MINUTE, .limits = &l};
	struct rule_file f = {.name = STR("rules.yml")};
	struct rule_set *rs = NULL;
	struct diags diags;
	struct buf b;

	limits_default(&l);
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b,
		   "groups: [{name: g, rules: [{alert: A, labels: {severity: page}, expr: '%s'}]}]",
		   expr);
	f.text = buf_str(&b);
	diags_init(&diags);
	assert_true(rule_set_load(&f, 1, &d, &rs, &diags));
	diags_done(&diags);
	buf_done(&b);
	return rs;
}

static void add(struct vector *v, const char *element)
{
	struct series_desc d;
	struct limits l;
	struct err err;

	limits_default(&l);
	assert_true(series_desc_parse(str_of(element), &l, &v->arena, &d, &err));
	vector_add(v, (struct sample){.labels = d.labels, .v = d.values[0].v});
}

static void answer(struct explain *x, struct explain_part *p, const struct answer *answers,
		   size_t n)
{
	struct vector v;

	for (size_t i = 0; i < n; i++) {
		if (!str_is(p->query, answers[i].query))
			continue;
		vector_init(&v);
		for (size_t k = 0; answers[i].elements[k]; k++)
			add(&v, answers[i].elements[k]);
		explain_take(x, p, &v);
		vector_done(&v);
		return;
	}
	explain_take(x, p, NULL);
}

/* want NULL: there is nothing to explain. */
static void check(const char *expr, const char *alert, const struct answer *answers, size_t n,
		  const char *want)
{
	OWNED(rule_set) rs = rule_of(expr);
	struct explain_part *p;
	struct series_desc d;
	struct explain x;
	struct limits l;
	struct arena a;
	struct err err;
	struct buf b;
	bool any;

	limits_default(&l);
	arena_init(&a);
	assert_true(series_desc_parse(str_of(alert), &l, &a, &d, &err));
	any = explain_init(&x, &rs->groups[0].rules[0], d.labels, d.values[0].v, 1700000000000);
	assert_int_equal(any, want != NULL);
	while (any && (p = explain_next(&x)))
		answer(&x, p, answers, n);
	buf_init(&b, BUF_MAX_ANY);
	explain_put(&x, &b);
	if (want)
		assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	explain_done(&x);
	arena_done(&a);
}

#define CHECK_WORDS(expr, alert, answers, want) \
	check(expr, alert, answers, ARRAY_LEN(answers), want)

static void test_simple_says_nothing(void **state ATTR_UNUSED)
{
	check("up == 0", "{alertname=\"A\", severity=\"page\"} 0", NULL, 0, NULL);
	check("rate(x[5m]) > 3", "{alertname=\"A\"} 4", NULL, 0, NULL);
	check("vector(1)", "{alertname=\"A\"} 1", NULL, 0, NULL);
}

static void test_sides_of_or(void **state ATTR_UNUSED)
{
	static const struct answer first[] = {{"sum(up) == 0", {"{} 0", NULL}},
					      {"absent(up)", {NULL}}};
	static const struct answer second[] = {{"sum(up) == 0", {NULL}},
					       {"absent(up)", {"{} 1", NULL}},
					       {"max_over_time(timestamp(up)[1d:5m])",
						{"{i=\"1\"} 1699990000", "{} 1699999860", NULL}},
					       {"last_over_time(up[1d])", {"{i=\"1\"} 1", NULL}}};
	static const struct answer lost[] = {{"absent(up)", {"{} 1", NULL}}};

	CHECK_WORDS("sum(up) == 0 or absent(up)", "{alertname=\"A\", severity=\"page\"} 0", first,
		    "sum(up) == 0 holds with value 0; absent(up) does not hold");
	CHECK_WORDS("sum(up) == 0 or absent(up)", "{alertname=\"A\"} 1", second,
		    "absent(up) holds: no such series, last seen 22:11 UTC with value 1; "
		    "sum(up) == 0 does not hold");
	CHECK_WORDS("sum(up) == 0 or absent(up)", "{alertname=\"A\"} 1", lost,
		    "absent(up) holds: no such series; sum(up) == 0 could not be asked");
}

static void test_only_its_own_element_counts(void **state ATTR_UNUSED)
{
	static const struct answer answers[] = {{"a > 1", {"a{i=\"1\"} 5", "a{i=\"2\"} 7", NULL}},
						{"b > 1", {"b{i=\"1\"} 9", NULL}}};

	CHECK_WORDS("a > 1 or b > 1", "{alertname=\"A\", i=\"2\"} 7", answers,
		    "a > 1 holds with value 7; b > 1 does not hold");
}

static void test_and_unless(void **state ATTR_UNUSED)
{
	static const struct answer both[] = {{"b > 2", {"b{job=\"x\"} 3", "b{job=\"y\"} 4", NULL}}};
	static const struct answer without[] = {{"maintenance", {NULL}}};

	CHECK_WORDS("a > 1 and on(job) b > 2", "{alertname=\"A\", job=\"x\", i=\"1\"} 5", both,
		    "a > 1 holds with value 5 and b > 2 holds with value 3");
	CHECK_WORDS("a > 1 unless maintenance", "{alertname=\"A\", job=\"x\"} 5", without,
		    "a > 1 holds with value 5 and maintenance does not hold");
}

static void test_values_of_a_comparison(void **state ATTR_UNUSED)
{
	static const struct answer two[] = {{"a", {"a{i=\"1\"} 5", NULL}},
					    {"b", {"b{i=\"1\"} 3", NULL}}};
	static const struct answer ratio[] = {{"free", {"free{i=\"1\"} 4", NULL}},
					      {"size", {"size{i=\"1\"} 100", NULL}}};

	CHECK_WORDS("a > b", "{alertname=\"A\", i=\"1\"} 5", two,
		    "a > b holds with value 5 (a is 5, b is 3)");
	CHECK_WORDS("free / size * 100 < 10", "{alertname=\"A\", i=\"1\"} 4", ratio,
		    "free / size * 100 < 10 holds with value 4 (free is 4, size is 100)");
}

static void test_last_seen_on_another_day(void **state ATTR_UNUSED)
{
	static const struct answer answers[] = {{"max_over_time(timestamp(up{job=\"x\"})[1d:5m])",
						 {"{job=\"x\"} 1699914000", NULL}},
						{"last_over_time(up{job=\"x\"}[1d])",
						 {"up{job=\"x\"} 0.5", NULL}}};
	static const struct answer never[] = {
		{"max_over_time(timestamp(up{job=\"x\"})[1d:5m])", {NULL}}};

	CHECK_WORDS("absent(up{job=\"x\"})", "{alertname=\"A\", job=\"x\"} 1", answers,
		    "absent(up{job=\"x\"}) holds: no such series, last seen 2023-11-13 22:20 UTC "
		    "with value 0.5");
	CHECK_WORDS("absent(up{job=\"x\"}) > 0", "{alertname=\"A\", job=\"x\"} 1", never,
		    "absent(up{job=\"x\"}) > 0 holds: no such series, none in the last 1d");
}

TEST_GROUP(explain, cmocka_unit_test(test_simple_says_nothing), cmocka_unit_test(test_sides_of_or),
	   cmocka_unit_test(test_only_its_own_element_counts), cmocka_unit_test(test_and_unless),
	   cmocka_unit_test(test_values_of_a_comparison),
	   cmocka_unit_test(test_last_seen_on_another_day))
