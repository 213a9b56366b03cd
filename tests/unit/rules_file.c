/* Rule files: what is read, what is refused, in which words and at which place. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml_source.h"
#include "promql/labels.h"
#include "rules/rules.h"

struct load {
	struct rule_set *set;
	struct diags diags;
	struct limits limits;
	struct rule_defaults defaults;
	bool ok;
};

static void load_init(struct load *l)
{
	*l = (struct load){0};
	limits_default(&l->limits);
	diags_init(&l->diags);
	l->defaults = (struct rule_defaults){.interval = MINUTE, .limits = &l->limits};
}

static void load_text(struct load *l, const char *text)
{
	struct rule_file f = {.name = STR("r.yml"), .text = str_of(text)};

	l->ok = rule_set_load(&f, 1, &l->defaults, &l->set, &l->diags);
}

static void load_done(struct load *l)
{
	rule_set_free(l->set);
	diags_done(&l->diags);
}

/* All errors as "line:col: message", one a line. */
static void load_errors(const struct load *l, struct buf *b)
{
	for (size_t i = 0; i < l->diags.n; i++) {
		const struct diag *d = &l->diags.v[i];

		buf_printf(b, "%d:%d: %s%s\n", d->line, d->col, d->warning ? "warning: " : "",
			   d->msg);
	}
}

static void expect(const char *text, const char *errors)
{
	struct load l;
	struct buf b;

	load_init(&l);
	load_text(&l, text);
	buf_init(&b, BUF_MAX_ANY);
	load_errors(&l, &b);
	assert_string_equal(buf_cstr(&b), errors);
	assert_int_equal(l.ok, l.diags.errors == 0);
	buf_done(&b);
	load_done(&l);
}

#define GROUP "groups:\n- name: g\n  rules:\n"

static void test_reads_everything(void **state)
{
	struct load l;
	const struct rule_group *g;
	const struct rule *r;

	(void)state;
	load_init(&l);
	l.defaults.query_offset = 7 * SECOND;
	load_text(&l, "groups:\n"
		      "- name: one\n"
		      "  interval: 1m30s\n"
		      "  query_offset: 0s\n"
		      "  limit: 10\n"
		      "  labels: {team: db, severity: low}\n"
		      "  rules:\n"
		      "  - alert: Down\n"
		      "    expr: up==0\n"
		      "    for: 5m\n"
		      "    keep_firing_for: 500ms\n"
		      "    labels: {severity: page, zone: ''}\n"
		      "    annotations: {summary: 'down {{ $labels.instance }}', b: x}\n"
		      "  - {record: 'a:b', expr: 1, labels: {n: 5}}\n"
		      "- name: two\n");
	assert_true(l.ok);
	assert_int_equal(l.set->n, 2);
	assert_int_equal(l.set->n_rules, 2);
	g = &l.set->groups[0];
	assert_true(str_is(g->key, "r.yml;one"));
	assert_int_equal(g->interval, 90 * SECOND);
	assert_true(g->has_query_offset);
	assert_int_equal(g->query_offset, 0);
	assert_int_equal(g->limit, 10);
	assert_true(str_is(labels_get(g->labels, STR("severity")), "low"));
	r = &g->rules[0];
	assert_true(r->alerting);
	assert_true(str_is(r->expr_text, "up==0"));
	assert_true(str_is(r->query, "up == 0"));
	assert_int_equal(r->hold, 5 * MINUTE);
	assert_int_equal(r->keep_firing_for, 500);
	assert_int_equal(labels_count(r->labels), 2);
	assert_true(str_is(labels_get(r->labels, STR("severity")), "page"));
	/* The empty one stays as a text: it takes the label off a result. */
	assert_int_equal(r->n_labels, 3);
	assert_true(str_is(r->label_texts[0].name, "severity"));
	assert_true(str_is(r->label_texts[1].name, "team"));
	assert_true(str_is(r->label_texts[2].name, "zone"));
	assert_non_null(r->label_texts[0].expand);
	assert_int_equal(r->n_annotations, 2);
	assert_true(str_is(r->annotations[0].name, "b"));
	assert_int_equal(r->line, 8);
	assert_int_equal(r->number, 1);
	r = &g->rules[1];
	assert_false(r->alerting);
	assert_true(str_is(r->name, "a:b"));
	assert_true(str_is(labels_get(r->labels, STR("n")), "5"));
	assert_null(r->label_texts[0].expand);
	g = &l.set->groups[1];
	assert_int_equal(g->interval, MINUTE);
	assert_false(g->has_query_offset);
	assert_int_equal(g->query_offset, 7 * SECOND);
	load_done(&l);
}

static void test_nothing_is_fine(void **state)
{
	(void)state;
	expect("", "");
	expect("# only this\n", "");
	expect("groups:\n", "");
	expect("groups: []\n", "");
	expect("groups: []\n---\ngroups: []\n", "0:0: warning: the file has more than one YAML "
						"document; only the first one is read\n");
}

static void test_structure(void **state)
{
	(void)state;
	expect("- a\n", "1:1: a rule file is a map with the key groups, found a list\n");
	expect("group: []\n", "1:1: field group not found in type rulefmt.RuleGroups; did you mean "
			      "groups?\n");
	expect("groups: {}\n", "1:9: field 'groups' must be a list, found a map\n");
	expect("groups:\n- name: a\n  intervall: 5m\n  rules: []\n",
	       "3:3: field intervall not found in type rulefmt.RuleGroup; did you mean "
	       "interval?\n");
	expect(GROUP "  - alert: A\n    expr: 1\n    fro: 5m\n",
	       "6:5: field fro not found in type rulefmt.Rule; did you mean for?\n");
	expect(GROUP "  - alert: A\n    expr: 1\n    namespace: 5m\n",
	       "6:5: field namespace not found in type rulefmt.Rule\n");
	expect(GROUP "  - text\n", "4:5: type rulefmt.Rule must be a map, found text\n");
	expect("groups:\n- name: g\n  limit: 1.5\n",
	       "3:10: field 'limit' must be a whole number, found \"1.5\"\n");
	expect("groups:\n- name: g\n  interval: 1.5m\n",
	       "3:13: field 'interval': unknown unit \".\" in duration \"1.5m\"\n");
	expect(GROUP "  - {alert: A, expr: 1, for: x}\n",
	       "4:30: field 'for': not a valid duration string: \"x\"\n");
	expect(GROUP "  - {alert: A, expr: 1, for: 5}\n",
	       "4:30: field 'for': not a valid duration string: \"5\"\n");
	expect(GROUP "  - {alert: A, expr: 1, labels: {a: [b]}}\n",
	       "4:37: field 'labels' must be text, found a list\n");
}

static void test_validation(void **state)
{
	(void)state;
	expect("groups:\n- rules: []\n- name: g\n- name: g\n",
	       "2:3: Groupname must not be empty\n"
	       "4:3: groupname: \"g\" is repeated in the same file\n");
	expect("groups:\n- name: g\n  labels: {__name__: x}\n",
	       "3:22: invalid label name: __name__\n");
	expect(GROUP "  - expr: 1\n",
	       "4:5: group \"g\", rule 1, \"\": one of 'record' or 'alert' must be set\n");
	expect(GROUP "  - expr: 1\n    alert: a\n    record: b\n",
	       "6:13: group \"g\", rule 1, \"a\": only one of 'record' and 'alert' must be set\n");
	expect(GROUP "  - alert: a\n  - record: b\n    expr: ''\n",
	       "4:5: group \"g\", rule 1, \"a\": field 'expr' must be set in rule\n"
	       "6:11: group \"g\", rule 2, \"b\": field 'expr' must be set in rule\n");
	expect(GROUP
	       "  - {record: b, expr: 1, for: 1m, keep_firing_for: 1m, annotations: {a: b}}\n",
	       "4:14: group \"g\", rule 1, \"b\": invalid field 'annotations' in recording rule\n"
	       "4:14: group \"g\", rule 1, \"b\": invalid field 'for' in recording rule\n"
	       "4:14: group \"g\", rule 1, \"b\": invalid field 'keep_firing_for' in recording "
	       "rule\n");
	expect(GROUP "  - record: 'a{b=\"c\"}'\n    expr: 1\n",
	       "4:13: group \"g\", rule 1, \"a{b=\\\"c\\\"}\": braces present in the recording "
	       "rule "
	       "name; should it be in expr?: a{b=\"c\"}\n");
	expect(GROUP "  - alert: a\n    expr: 1\n    labels:\n      '': x\n      __name__: y\n",
	       "7:11: group \"g\", rule 1, \"a\": invalid label name: \n"
	       "8:17: group \"g\", rule 1, \"a\": invalid label name: __name__\n");
	expect(GROUP "  - alert: a\n    expr: 1\n    annotations: {s: '{{ $x }}'}\n",
	       "6:22: group \"g\", rule 1, \"a\": annotation \"s\": template: __alert_a:1: "
	       "undefined "
	       "variable \"$x\"\n");
}

static void test_legacy_names(void **state)
{
	static const char TEXT[] = GROUP "  - {alert: a, expr: 1, annotations: {x-y: ''}, labels: "
					 "{p.q: r}}\n  - {record: a b, expr: 1}\n";
	struct load l;

	(void)state;
	expect(TEXT, "");
	load_init(&l);
	l.defaults.legacy_names = true;
	load_text(&l, TEXT);
	assert_false(l.ok);
	assert_int_equal(l.diags.n, 3);
	assert_string_equal(l.diags.v[0].msg,
			    "group \"g\", rule 1, \"a\": invalid label name: p.q");
	assert_string_equal(l.diags.v[1].msg,
			    "group \"g\", rule 1, \"a\": invalid annotation name: x-y");
	assert_string_equal(l.diags.v[2].msg,
			    "group \"g\", rule 2, \"a b\": invalid recording rule name: a b");
	load_done(&l);
}

/* The mistake is the brace behind `rate(hi`, wherever the YAML puts it. */
static void test_expression_places(void **state)
{
#define BAD "group \"g\", rule 1, \"a\": could not parse expression: "
	(void)state;
	expect(GROUP "  - alert: a\n    expr: up ===== 0\n",
	       "5:16: " BAD "1:6: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: 'a{b=''c''} ===== 0'\n",
	       "5:25: " BAD "1:12: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: \"a{b=\\\"c\\\"} ===== 0\"\n",
	       "5:25: " BAD "1:12: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: |\n      up\n        ===== 0\n",
	       "7:11: " BAD "2:5: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: >-\n      up\n      ===== 0\n",
	       "7:9: " BAD "1:6: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: up\n      or\n      up ===== 0\n",
	       "7:12: " BAD "1:12: parse error: unexpected <op:==>\n");
	expect(GROUP "  - alert: a\n    expr: \"\\u00e9\"\n",
	       "5:12: " BAD "1:1: parse error: unexpected character: 'é'\n");
#undef BAD
}

static void test_all_errors_of_all_files(void **state)
{
	struct rule_file files[] = {
		{.name = STR("a.yml"), .text = STR(GROUP "  - {alert: a}\n")},
		{.name = STR("b.yml"), .text = STR("groups: [")},
		{.name = STR("c.yml"), .text = STR(GROUP "  - {alert: a, expr: (}\n")},
	};
	struct load l;

	(void)state;
	load_init(&l);
	assert_false(rule_set_load(files, 3, &l.defaults, &l.set, &l.diags));
	assert_null(l.set);
	assert_int_equal(l.diags.errors, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(l.diags.v[i].file, files[i].name.p);
		assert_true(l.diags.v[i].line > 0);
	}
	load_done(&l);
}

static void test_bad_input(void **state)
{
	static const char BINARY[] = "\x7f"
				     "ELF\x02\x01\x01\x00\xff\xfe";
	struct load l;
	char *deep = mem_alloc(20001);
	struct rule_file f[] = {
		{.name = STR("binary"), .text = {BINARY, sizeof(BINARY) - 1}},
		{.name = STR("deep"), .text = {deep, 20000}},
		{.name = STR("big"), .text = {NULL, (size_t)100 << 20}},
	};
	char *big = mem_alloc(f[2].text.n);

	(void)state;
	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	memset(big, '#', f[2].text.n);
	f[2].text.p = big;
	load_init(&l);
	assert_false(rule_set_load(f, 3, &l.defaults, &l.set, &l.diags));
	assert_int_equal(l.diags.errors, 3);
	load_done(&l);
	free(deep);
	free(big);
}

static void test_limits(void **state)
{
	struct load l;

	(void)state;
	load_init(&l);
	l.limits.rules = 2;
	load_text(&l, GROUP "  - {record: a, expr: 1}\n  - {record: b, expr: 1}\n");
	assert_true(l.ok);
	load_done(&l);
	load_init(&l);
	l.limits.rules = 2;
	load_text(&l, GROUP "  - {record: a, expr: 1}\n  - {record: b, expr: 1}\n"
			    "  - {record: c, expr: 1}\n");
	assert_false(l.ok);
	assert_int_equal(l.diags.errors, 1);
	load_done(&l);
}

static void test_unknown_fields_may_pass(void **state)
{
	struct load l;

	(void)state;
	load_init(&l);
	l.defaults.ignore_unknown_fields = true;
	load_text(&l, "x: 1\n" GROUP "  - {record: a, expr: 1, owner: me}\n");
	assert_true(l.ok);
	assert_int_equal(l.diags.n, 0);
	load_done(&l);
}

TEST_GROUP(file, cmocka_unit_test(test_reads_everything), cmocka_unit_test(test_nothing_is_fine),
	   cmocka_unit_test(test_structure), cmocka_unit_test(test_validation),
	   cmocka_unit_test(test_legacy_names), cmocka_unit_test(test_expression_places),
	   cmocka_unit_test(test_all_errors_of_all_files), cmocka_unit_test(test_bad_input),
	   cmocka_unit_test(test_limits), cmocka_unit_test(test_unknown_fields_may_pass))
