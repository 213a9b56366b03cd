/* Lints: for each a rule it finds and one it leaves alone; switching off. */
#include <string.h>

#include "rules/lint.h"
#include "tests/unit/unit.h"

static size_t lint(const char *text, const char *options, struct diags *diags)
{
	struct rule_file f = {.name = STR("r.yml"), .text = str_of(text)};
	struct rule_set *rs = NULL;
	struct lint_options o;
	struct limits l;
	struct rule_defaults d = {.interval = MINUTE, .limits = &l};

	limits_default(&l);
	lint_options_default(&o, &l);
	assert_true(lint_options_parse(&o, str_of(options), NULL));
	diags_init(diags);
	assert_true(rule_set_load(&f, 1, &d, &rs, diags));
	rule_set_lint(&(struct lint_pass){rs, &f, 1, &o, diags});
	rule_set_free(rs);
	return diags->n;
}

#define RULE(expr, more) "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: '" expr "'\n" more

/* name NULL: nothing is found. */
static const struct {
	const char *rule, *name;
} CASES[] = {
	{RULE("count(up) == 0", ""), "never-fires"},
	{RULE("count(up) > 3", ""), NULL},
	{RULE("(count(up) or vector(0)) == 0", ""), NULL},
	{RULE("x > x", ""), "never-fires"},
	{RULE("x > y", ""), NULL},
	{RULE("x > 5 and x < 3", ""), "never-fires"},
	{RULE("x > 5 and x < 7", ""), NULL},
	{RULE("x > 5 and on() x < 3", ""), NULL},
	{RULE("x > 5 and ignoring(job) x < 3", ""), NULL},
	{RULE("(x > 5 and on() y) and x < 3", ""), "never-fires"},
	{RULE("x > 5 and y < 3", ""), NULL},
	{RULE("absent(x) == 0", ""), "never-fires"},
	{RULE("absent(x) == 1", ""), NULL},
	{RULE("vector(1) > 2", ""), "never-fires"},
	{RULE("x > NaN", ""), "never-fires"},
	{RULE("x != NaN", ""), NULL},
	{RULE("x unless x", ""), "never-fires"},
	{RULE("x != x", ""), NULL}, /* asks for NaN */
	{RULE("x > +Inf", ""), "never-fires"},
	{RULE("x > bool 5", ""), "never-resolves"},
	{RULE("sum(x) or vector(0)", ""), "never-resolves"},
	{RULE("(sum(x) or vector(0)) > 0", ""), NULL},
	{RULE("vector(1)", ""), NULL}, /* a heartbeat */
	{RULE("absent(x{job=\"a\"})", "    annotations: {s: \"{{ $labels.instance }}\"}\n"),
	 "absent-loses-labels"},
	{RULE("absent(x{job=\"a\"})", "    annotations: {s: \"{{ $labels.job }}\"}\n"), NULL},
	{RULE("sum by (job) (x) > 1", "    annotations: {s: \"{{ $labels.instance }}\"}\n"),
	 "label-not-in-result"},
	{RULE("sum by (job) (x) > 1", "    labels: {team: \"{{ $labels.job }}\"}\n"), NULL},
	{RULE("sum without (job) (x) > 1", "    annotations: {s: \"{{ $labels.job }}\"}\n"),
	 "label-not-in-result"},
	{RULE("x * on (a) group_left (owner) y > 1",
	      "    annotations: {s: \"{{ $labels.owner }}{{ $labels.b }}\"}\n"),
	 NULL},
	{RULE("topk(3, x) > 1", "    annotations: {s: \"{{ $labels.instance }}\"}\n"), NULL},
	{RULE("label_replace(sum(x), \"a\", \"b\", \"\", \"\") > 1",
	      "    annotations: {s: \"{{ $labels.a }}\"}\n"),
	 NULL},
	{RULE("x > 1", "    annotations: {s: \"{{ $labels | humanize }}\"}\n"), "template-fails"},
	{RULE("x > 1", "    annotations: {s: \"{{ $value | humanize }}\"}\n"), NULL},
	{RULE("rate(x[5m]) == 3", ""), "float-equality"},
	{RULE("rate(x[5m]) == 0", ""), NULL},
	{RULE("x == 3", ""), NULL},
	{RULE("up == 0", ""), "missing-for"},
	{RULE("up == 0", "    for: 0m\n"), NULL},
	{RULE("up == 0", "    for: 5m\n"), NULL},
	{RULE("up == 0", "    keep_firing_for: 5m\n"), "missing-for"},
	{RULE("up != 1", ""), "missing-for"},
	{RULE("up == 1", ""), NULL},
	{RULE("x > 1", "    annotations: {s: \"{{ $labels.le | parseDuration }}\"}\n"), NULL},
	{RULE("x > 1", "    annotations: {s: \"{{ $labels.at | toTime }}\"}\n"), NULL},
	{RULE("rate(x[30s]) > 1", ""), "short-range"},
	{RULE("rate(x[1m]) > 1", ""), NULL},
	{RULE("sum by (a) (x) / sum by (b) (y) > 1", ""), "never-matches"},
	{RULE("sum by (a) (x) / on () group_left sum(y) > 1", ""), NULL},
	{RULE("sum by (a, b) (x) / ignoring (b) group_left sum by (a) (y) > 1", ""), NULL},
	{RULE("sum by (a) (x) > 1 and sum by (a, b) (y) > 1", ""), "never-matches"},
	{RULE("sum by (a) (x) unless sum by (b) (y)", ""), "never-matches"},
	{RULE("(sum by (a) (x) or on (a) sum by (a, b) (x)) / sum by (a) (y) > 1", ""), NULL},
	{RULE("x{a=\"b\"} > 1 and hour() > 9", ""), "never-matches"},
	{RULE("x{a=~\".+\"} / sum by (b) (y) > 1", ""), "never-matches"},
	{RULE("x{a=\"b\"} > 1 and on() hour() > 9", ""), NULL},
	{RULE("x{a=~\".*\"} > 1 and hour() > 9", ""), NULL},
	{RULE("x > 1 and hour() > 9", ""), NULL},
	{RULE("x{a=\"b\"} / sum without (b) (y) > 1", ""), NULL},
	{RULE("x{a=\"b\"} / sum without (a) (y) > 1", ""), "never-matches"},
	{RULE("x{a=\"b\"} / ignoring (a) sum without (a) (y) > 1", ""), NULL},
	{RULE("sum(x{a=\"b\"}) / scalar(y) > 1 and vector(1)", ""), NULL},
	{RULE("label_replace(sum by (a) (x), \"b\", \"$1\", \"a\", \"(f.*)\") / sum by (a) (y) > 1",
	      ""),
	 NULL},
	{RULE("sum by (a) (x) > 1 or sum by (a, b) (y) > 1", ""), "or-different-labels"},
	{RULE("sum by (a) (x) > 1 or absent(x)", ""), NULL},
	{RULE("sum by (a) (x) > 1 or sum by (a) (y) > 1", ""), NULL},
};

static void test_cases(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct diags d;
		size_t n = lint(CASES[i].rule, "all", &d);

		if (n != (CASES[i].name ? 1 : 0) ||
		    (n && strncmp(d.v[0].msg, CASES[i].name, strlen(CASES[i].name)) != 0))
			fail_msg("%s: expected %s, got %zu: %s", CASES[i].rule,
				 CASES[i].name ? CASES[i].name : "nothing", n, n ? d.v[0].msg : "");
		diags_done(&d);
	}
}

static void test_place(void **state ATTR_UNUSED)
{
	struct diags d;

	assert_int_equal(lint(RULE("y > 1 and count(up) == 0", ""), "all", &d), 1);
	assert_int_equal(d.v[0].line, 5);
	assert_int_equal(d.v[0].col, 22);
	assert_true(d.v[0].warning);
	diags_done(&d);
}

static void test_switched_off(void **state ATTR_UNUSED)
{
	static const char *const TEXTS[] = {
		"groups:\n- name: g\n  rules:\n  - alert: A # rouse: disable=missing-for\n    "
		"expr: up == 0\n",
		"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0 # rouse: "
		"disable=x,missing-for\n",
		"groups:\n- name: g\n  rules:\n  # rouse: disable=missing-for\n  - alert: A\n    "
		"expr: up == 0\n",
		"groups:\n- name: g\n  rules:\n  # rouse: disable=all\n  - alert: A\n    expr: up "
		"== 0\n",
	};
	struct diags d;

	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		assert_int_equal(lint(TEXTS[i], "all", &d), 0);
		diags_done(&d);
	}
	assert_int_equal(lint("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n"
			      "  - alert: B\n    expr: x > 1 # rouse: disable=missing-for\n",
			      "all", &d),
			 1);
	diags_done(&d);
	/* A comment above a rule is about that rule only. */
	assert_int_equal(lint("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n"
			      "  # rouse: disable=missing-for\n  - alert: B\n    expr: up == 0\n",
			      "all", &d),
			 1);
	assert_int_equal(d.v[0].line, 5);
	diags_done(&d);
	assert_int_equal(lint("groups: [{name: g, rules: [ # rouse: disable=all\n"
			      "{alert: A, expr: up == 0}, {alert: B, expr: up == 0}]}]\n",
			      "all", &d),
			 2);
	diags_done(&d);
	assert_int_equal(lint(RULE("up == 0", ""), "none", &d), 0);
	diags_done(&d);
	assert_int_equal(lint(RULE("up == 0", ""), "-missing-for", &d), 0);
	diags_done(&d);
	assert_int_equal(lint(RULE("up == 0", ""), "missing-for,never-fires", &d), 1);
	diags_done(&d);
}

#define DUPLICATES(above) \
	"groups:\n- name: g\n  rules:\n  - {alert: A, expr: x > 1}\n" above \
	"  - {alert: A, expr: x > 2}\n"

static void test_duplicates(void **state ATTR_UNUSED)
{
	struct diags d;

	assert_int_equal(lint(DUPLICATES(""), "all", &d), 1);
	assert_int_equal(d.v[0].line, 5);
	diags_done(&d);
	assert_int_equal(lint(DUPLICATES("  # rouse: disable=duplicate-rules\n"), "all", &d), 0);
	diags_done(&d);
	assert_int_equal(lint(DUPLICATES("  # rouse: disable=duplicate-rules\n"
					 "  - {alert: A, expr: x > 3}\n"),
			      "all", &d),
			 1);
	assert_int_equal(d.v[0].line, 7);
	diags_done(&d);
	assert_int_equal(lint(DUPLICATES(""), "-duplicate-rules", &d), 0);
	diags_done(&d);
}

/* Findings of the expression, of the rule, and again of an earlier rule have their places. */
static void test_places_of_many(void **state ATTR_UNUSED)
{
	struct diags d;

	lint("groups:\n- name: e\n- name: f\n  rules:\n  - {alert: A, expr: count(x) == 0}\n"
	     "  - {record: b, expr: x}\n- name: g\n  rules:\n  - alert: C\n    expr: |\n"
	     "      y > 1 and\n      count(x) == 0\n",
	     "all", &d);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.v[0].line, 5);
	assert_int_equal(d.v[0].col, 22);
	assert_int_equal(d.v[1].line, 12);
	assert_int_equal(d.v[1].col, 7);
	diags_done(&d);
}

static void test_unknown_name(void **state ATTR_UNUSED)
{
	struct lint_options o;
	struct limits l;
	struct err err;

	limits_default(&l);
	lint_options_default(&o, &l);
	assert_false(lint_options_parse(&o, STR("missing-fr"), &err));
	assert_string_equal(err.msg, "there is no lint missing-fr; did you mean missing-for?");
}

TEST_GROUP(lint, cmocka_unit_test(test_cases), cmocka_unit_test(test_place),
	   cmocka_unit_test(test_switched_off), cmocka_unit_test(test_duplicates),
	   cmocka_unit_test(test_places_of_many), cmocka_unit_test(test_unknown_name))
