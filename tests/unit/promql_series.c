/* Series descriptions, histograms, dependencies between rules. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "promql/depend.h"
#include "promql/parse.h"
#include "promql/series_desc.h"

static bool series(struct arena *a, const char *text, struct series_desc *d, struct err *err)
{
	struct limits l;

	limits_default(&l);
	l.reply_series = 1000;
	return series_desc_parse(str_of(text), &l, a, d, err);
}

static void test_values(void **state)
{
	static const double WANT[] = {1, 2, 2.5, 3, -1, -1, 300};
	struct series_desc d;
	struct err err;
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_true(series(&a, "m{l='v'} 1 2+.5x2\t-1x1  5m _x2 stale", &d, &err));
	assert_int_equal(d.n, 10);
	for (size_t i = 0; i < ARRAY_LEN(WANT); i++)
		assert_true(d.values[i].v == WANT[i] && !d.values[i].omitted);
	assert_true(d.values[7].omitted && d.values[8].omitted);

	uint64_t bits;

	memcpy(&bits, &d.values[9].v, sizeof(bits));
	assert_true(bits == SERIES_STALE_BITS);
	assert_true(str_is(labels_get(d.labels, STR(LABEL_NAME)), "m"));
	assert_true(series(&a, "{}", &d, &err) && d.n == 0);
	arena_done(&a);
}

static void test_series_errors(void **state)
{
	static const struct {
		const char *text, *msg;
	} CASES[] = {
		{"m 1+1", "unexpected end of input in series values"},
		{"m foo",
		 "unexpected identifier \"foo\" in series values, expected number or \"stale\""},
		{"m{a=} 1", "unexpected \"}\" in label set, expected string"},
		{"m{a 1", "unexpected character inside braces: '1'"},
		{"m 1x1.5",
		 "invalid repetition in series values: strconv.ParseUint: parsing \"1.5\": "
		 "invalid syntax"},
		{"m 1x1000", "too many values in series description: at most 1000 are allowed"},
		{"m {{schema:1 bad:2}}", "bad histogram descriptor found: \"bad\""},
		{"m {{sum}}", "missing `:` for histogram descriptor"},
		{"m {{schema:1 sum:[}}",
		 "unexpected \"[\" in histogram description, expected histogram description key, "
		 "e.g. buckets:[5 10 7]"},
		{"m {{schema:2}}+{{schema:1}}x1",
		 "error combining histograms: cannot merge from schema 1 to 2"},
	};
	struct series_desc d;
	struct err err;
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		if (series(&a, CASES[i].text, &d, &err))
			fail_msg("%s is accepted", CASES[i].text);
		assert_string_equal(err.msg, CASES[i].msg);
	}
	arena_done(&a);
}

static void expect_sum(const char *text, const char *want)
{
	struct series_desc d;
	struct err err;
	struct arena a;
	struct buf b;

	arena_init(&a);
	buf_init(&b, 1000);
	if (!series(&a, text, &d, &err))
		fail_msg("%s: %s", text, err.msg);
	histogram_put(&b, d.values[d.n - 1].hist);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	arena_done(&a);
}

static void test_histograms(void **state)
{
	(void)state;
	expect_sum("m {{buckets:[1 2] count:3}}+{{buckets:[1 1] count:2}}x2",
		   "{{count:7 buckets:[3 4]}}");
	/* apart: the gap is empty */
	expect_sum("m {{buckets:[1]}}+{{offset:2 buckets:[1]}}x1", "{{buckets:[1 0 1]}}");
	/* schema 1's buckets 1 and 2 are one at schema 0 */
	expect_sum("m {{schema:0 offset:1 buckets:[1]}}+{{schema:1 offset:1 buckets:[1 1]}}x1",
		   "{{offset:1 buckets:[3]}}");
	/* a wider zero bucket takes in what begins below it: (0.5, 1] and (1, 2] */
	expect_sum("m {{z_bucket:1 z_bucket_w:1 offset:1 buckets:[5]}}+{{buckets:[2 3]}}x1",
		   "{{z_bucket:3 z_bucket_w:1 offset:1 buckets:[8]}}");
	expect_sum("m {{schema:-53 custom_values:[1 5] buckets:[1 1]}}-"
		   "{{schema:-53 custom_values:[1 5] buckets:[1]}}x1",
		   "{{schema:-53 custom_values:[1 5] buckets:[0 1]}}");
	expect_sum("m {{counter_reset_hint:gauge n_buckets:[2] n_offset:-1}}",
		   "{{counter_reset_hint:gauge n_offset:-1 n_buckets:[2]}}");
}

static const struct expr *parse(struct arena *a, const char *text)
{
	struct promql_options o = promql_options_default();
	struct limits l;
	const struct expr *e;
	struct err err;

	limits_default(&l);
	if (!promql_parse(str_of(text), &o, &l, a, &e, &err))
		fail_msg("%s: %s", text, err.msg);
	return e;
}

static void test_dependencies(void **state)
{
	struct arena a;
	bool known;

	(void)state;
	arena_init(&a);

	struct depend_rule rules[] = {
		{STR("r:one"), false, parse(&a, "up")},
		{STR("Alert"), true, parse(&a, "r:one > 0")},
		{STR("r:two"), false,
		 parse(&a, "ALERTS{alertname!~\"B.*\"} or {__name__=~\"r:.*\"}")},
		{STR("r:three"), false, parse(&a, "later + r:three")},
	};
	const struct depend_result *r = depend_analyse(rules, ARRAY_LEN(rules), &a, &known);

	assert_true(known);
	assert_int_equal(r[0].n_on, 0);
	assert_true(r[0].no_dependencies && r[0].has_dependents && !r[0].no_dependents);
	assert_int_equal(r[1].n_on, 1);
	assert_int_equal(r[2].n_on, 2);
	assert_int_equal(r[2].on[1], 1);
	assert_true(r[3].no_dependencies && r[3].no_dependents);

	rules[3].expr = parse(&a, "{job=\"x\"}");
	r = depend_analyse(rules, ARRAY_LEN(rules), &a, &known);
	assert_false(known);
	assert_true(r[0].has_dependents && !r[0].no_dependencies && !r[3].no_dependents);
	r = depend_analyse(rules + 3, 1, &a, &known);
	assert_true(known && r[0].no_dependents);
	arena_done(&a);
}

TEST_GROUP(series, cmocka_unit_test(test_values), cmocka_unit_test(test_series_errors),
	   cmocka_unit_test(test_histograms), cmocka_unit_test(test_dependencies))
