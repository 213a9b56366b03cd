/* Rule files formatted in place: what changes, what must not. */
#include "rules/format.h"
#include "tests/unit/unit.h"

static void check(const char *text, const char *want, size_t want_changed)
{
	struct diags diags;
	struct limits l;
	struct buf out;
	size_t changed;

	limits_default(&l);
	diags_init(&diags);
	buf_init(&out, BUF_MAX_ANY);
	assert_true(rule_file_format(STR("r.yml"), str_of(text), &l, &out, &changed, &diags));
	assert_string_equal(buf_cstr(&out), want);
	assert_int_equal(changed, want_changed);
	buf_done(&out);
	diags_done(&diags);
	if (want_changed)
		check(want, want, 0);
}

#define RULE(expr) "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: " expr "\n    for: 5m\n"

static void test_one_line(void **state ATTR_UNUSED)
{
	check(RULE("sum(x)by(job)>1"), RULE("sum by (job) (x) > 1"), 1);
	check(RULE("up==0   # why"), RULE("up == 0   # why"), 1);
	check(RULE("'up==0'"), RULE("'up == 0'"), 1);
	check(RULE("\"up{a=\\\"b\\\"}==0\""), RULE("'up{a=\"b\"} == 0'"), 1);
	check(RULE("up == 0"), RULE("up == 0"), 0);
	check(RULE("'{a=\"b\"}>1'"), RULE("'{a=\"b\"} > 1'"), 1);
}

static void test_blocks(void **state ATTR_UNUSED)
{
	check(RULE("|\n      up==0"), RULE("up == 0"), 1);
	check(RULE(">-\n      up\n      ==0"), RULE("up == 0"), 1);
	check(RULE(">-\n      up\n      == 0"), RULE(">-\n      up\n      == 0"), 0);
	check(RULE("|\n      # said by a person\n      up==0"),
	      RULE("|\n      # said by a person\n      up==0"), 0);
}

static void test_long_ones_are_broken(void **state ATTR_UNUSED)
{
	check(RULE("sum by(job)(rate(errors_total{code=~\"5..\"}[5m]))/sum by(job)"
		   "(rate(requests_total{handler=\"/api\"}[5m]))>0.05"),
	      RULE("|2\n"
		   "          sum by (job) (rate(errors_total{code=~\"5..\"}[5m]))\n"
		   "        /\n"
		   "          sum by (job) (rate(requests_total{handler=\"/api\"}[5m]))\n"
		   "      >\n"
		   "        0.05"),
	      1);
}

static void test_flow(void **state ATTR_UNUSED)
{
	check("groups: [{name: g, rules: [{alert: A, expr: \"rate(x[5m])>0\", for: 1m}]}]\n",
	      "groups: [{name: g, rules: [{alert: A, expr: 'rate(x[5m]) > 0', for: 1m}]}]\n", 1);
}

static void test_refused(void **state ATTR_UNUSED)
{
	static const char *const BAD[] = {RULE("sum(x"), "groups: [", RULE("up ==")};

	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		struct diags diags;
		struct limits l;
		struct buf out;
		size_t changed;

		limits_default(&l);
		diags_init(&diags);
		buf_init(&out, BUF_MAX_ANY);
		assert_false(
			rule_file_format(STR("r.yml"), str_of(BAD[i]), &l, &out, &changed, &diags));
		assert_int_equal(out.n, 0);
		assert_true(diags.n > 0);
		buf_done(&out);
		diags_done(&diags);
	}
}

TEST_GROUP(format, cmocka_unit_test(test_one_line), cmocka_unit_test(test_blocks),
	   cmocka_unit_test(test_long_ones_are_broken), cmocka_unit_test(test_flow),
	   cmocka_unit_test(test_refused))
