/* Groups: slots, equality, duplicates. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "promql/labels.h"
#include "rules/rules.h"

#define NS ((int64_t)1000000)

static struct rule_set *load(const char *text)
{
	struct limits limits;
	struct diags diags;
	struct rule_set *set = NULL;
	struct rule_file f = {.name = STR("/etc/r.yml"), .text = str_of(text)};
	struct rule_defaults d = {.interval = MINUTE, .limits = &limits};

	limits_default(&limits);
	diags_init(&diags);
	if (!rule_set_load(&f, 1, &d, &set, &diags))
		fail_msg("%s", diags.v[0].msg);
	diags_done(&diags);
	return set;
}

/* The hash is that of the set {file, name} in Prometheus's encoding: lengths and bytes, sorted. */
static void test_slot(void **state)
{
	static const char ENCODED[] = "\4file\12/etc/r.yml\4name\3one";
	OWNED(rule_set) set = load("groups: [{name: one, interval: 15s}]");
	const struct rule_group *g = &set->groups[0];
	uint64_t hash = str_hash((struct str){ENCODED, sizeof(ENCODED) - 1});
	int64_t offset = rule_group_offset_ns(g);

	(void)state;
	assert_int_equal(offset, hash % (uint64_t)(15000 * NS));
	for (int64_t wall = 1700000000000 * NS; wall < 1700000020000 * NS; wall += 777 * NS) {
		int64_t slot = rule_group_slot_ns(g, wall);

		assert_true(slot <= wall && wall - slot < 15000 * NS);
		assert_int_equal((slot - offset) % (15000 * NS), 0);
	}
	assert_int_equal(rule_group_slot_ns(g, offset), offset);
}

#define BASE \
	"groups: [{name: g, rules: [{alert: a, expr: up == 0, for: 5m, labels: {l: x}, " \
	"annotations: {s: t}}]}]"

static void test_equality(void **state)
{
	static const struct {
		const char *text;
		bool same;
	} cases[] = {
		{BASE, true},
		{"groups: [{name: g, labels: {l: x}, rules: [{alert: a, expr: 'up==0', for: 300s, "
		 "annotations: {s: t}}]}]",
		 true},
		{"groups: [{name: h, rules: [{alert: a, expr: up == 0, for: 5m, labels: {l: x}, "
		 "annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, rules: [{alert: a, expr: up == 1, for: 5m, labels: {l: x}, "
		 "annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, rules: [{alert: a, expr: up == 0, for: 6m, labels: {l: x}, "
		 "annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, rules: [{alert: a, expr: up == 0, for: 5m, labels: {l: y}, "
		 "annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, rules: [{alert: a, expr: up == 0, for: 5m, labels: {l: x}, "
		 "annotations: {s: u}}]}]",
		 false},
		{"groups: [{name: g, rules: [{alert: a, expr: up == 0, for: 5m, labels: {l: x}, "
		 "annotations: {s: t}, keep_firing_for: 1m}]}]",
		 false},
		{"groups: [{name: g, limit: 1, rules: [{alert: a, expr: up == 0, for: 5m, labels: "
		 "{l: x}, annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, interval: 59s, rules: [{alert: a, expr: up == 0, for: 5m, "
		 "labels: {l: x}, annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, query_offset: 0s, rules: [{alert: a, expr: up == 0, for: 5m, "
		 "labels: {l: x}, annotations: {s: t}}]}]",
		 false},
		{"groups: [{name: g, rules: []}]", false},
	};
	OWNED(rule_set) base = load(BASE);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED(rule_set) other = load(cases[i].text);

		if (rule_group_eq(&base->groups[0], &other->groups[0]) != cases[i].same)
			fail_msg("case %zu", i);
	}
}

static void test_duplicates(void **state)
{
	OWNED(rule_set)
	set = load("groups:\n"
		   "- name: g\n"
		   "  rules:\n"
		   "  - {record: a, expr: 1}\n"
		   "  - {record: a, expr: 2}\n"
		   "  - {record: a, expr: 3}\n"
		   "  - {record: a, expr: 4, labels: {x: y}}\n"
		   "- name: h\n"
		   "  labels: {x: y}\n"
		   "  rules:\n"
		   "  - {alert: a, expr: 4}\n"
		   "  - {alert: b, expr: 4}\n");
	struct diags d;

	(void)state;
	diags_init(&d);
	rule_set_lint_duplicates(set, &d);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.errors, 0);
	assert_int_equal(d.v[0].line, 5);
	assert_string_equal(d.v[0].msg,
			    "3 rules are called a with labels {}, the first one in line 4: might "
			    "cause inconsistency while recording expressions");
	assert_int_equal(d.v[1].line, 11);
	diags_done(&d);
}

static void test_references(void **state)
{
	struct rule_set *set = load("groups: [{name: g}]");

	(void)state;
	assert_ptr_equal(rule_set_ref(set), set);
	rule_set_free(set);
	assert_true(str_is(set->groups[0].name, "g"));
	rule_set_free(set);
	rule_set_free(NULL);
}

TEST_GROUP(group, cmocka_unit_test(test_slot), cmocka_unit_test(test_equality),
	   cmocka_unit_test(test_duplicates), cmocka_unit_test(test_references))
