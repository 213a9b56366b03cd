/* Prometheus's template functions, and the expansion of rule texts. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "rules/expand.h"

#define AT ((ms_t)1353755652500)

/* A world with one query answer; the first `waits` questions are not answered yet. */
struct world {
	struct arena arena;
	struct limits limits;
	struct expander x;
	struct expand_env env;
	struct rule_sample sample;
	struct query_result answer;
	struct rule_sample answers[2];
	enum query_state state;
	int asked;
	struct str last_query;
	ms_t last_at;
};

static enum query_state answer(void *user, struct str expr, ms_t at, struct query_result *out)
{
	struct world *w = user;

	w->asked++;
	w->last_query = arena_str(&w->arena, expr);
	w->last_at = at;
	*out = w->answer;
	return w->state;
}

static struct labels labels(struct arena *a, const char *const *pairs)
{
	struct labels_builder lb;
	struct labels ls;

	labels_builder_init(&lb);
	for (; *pairs; pairs += 2)
		labels_builder_set(&lb, str_of(pairs[0]), str_of(pairs[1]));
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static void world_init(struct world *w)
{
	static const char *const sample[] = {"__name__", "up",	 "instance", "db:9100",
					     "job",	 "node", NULL};
	static const char *const external[] = {"region", "eu", NULL};
	static const char *const first[] = {"instance", "b", "__value__", "str", NULL};
	static const char *const second[] = {"instance", "a", NULL};

	*w = (struct world){.state = QUERY_ANSWER};
	arena_init(&w->arena);
	limits_default(&w->limits);
	expander_init(&w->x, &w->limits);
	w->sample = (struct rule_sample){.labels = labels(&w->arena, sample), .value = 85.5};
	w->env = (struct expand_env){.external_labels = labels(&w->arena, external),
				     .external_url = STR("http://host:9090/a%20b/c?x=/y"),
				     .at = AT,
				     .query = {.fn = answer, .user = w}};
	w->answers[0] = (struct rule_sample){.labels = labels(&w->arena, first), .value = 11};
	w->answers[1] = (struct rule_sample){.labels = labels(&w->arena, second), .value = 1e6};
	w->answer = (struct query_result){.v = w->answers, .n = 2};
}

static void world_done(struct world *w)
{
	expander_done(&w->x);
	arena_done(&w->arena);
}

static enum expand_result expand(struct world *w, const char *text, struct str *out)
{
	const struct expand *e;
	struct err err;

	if (!expand_compile(&w->arena, STR("Down"), str_of(text), &w->limits, &e, &err))
		fail_msg("%s: %s", text, err.msg);
	return expand_run(&w->x, e, &w->env, &w->sample, &w->arena, out);
}

static void expect(struct world *w, const char *text, const char *want)
{
	struct str got = {0};

	expand(w, text, &got);
	if (!str_is(got, want))
		fail_msg("%s\n  expected %s\n  got      %.*s", text, want, STR_ARG(got));
}

static const char *const expansions[][2] = {
	{"plain", "plain"},
	{"{{ $labels.instance }} is at {{ $value }}", "db:9100 is at 85.5"},
	{"{{ $labels }} {{ len $labels }}", "map[__name__:up instance:db:9100 job:node] 3"},
	{"{{ .Labels.nope }}|{{ $externalLabels.region }}|{{ $externalURL }}",
	 "|eu|http://host:9090/a%20b/c?x=/y"},
	{"{{ externalURL }} {{ pathPrefix }}", "http://host:9090/a%20b/c?x=/y /a b/c"},
	{"{{ if lt $value 90.0 }}ok{{ end }}", "ok"},
	{"{{ query \"up\" | first | value }} {{ query \"up\" | first | label \"instance\" }}",
	 "11 b"},
	{"{{ range query \"x\" | sortByLabel \"instance\" }}{{ .Labels.instance }}={{ .Value }} "
	 "{{ end }}",
	 "a=1e+06 b=11 "},
	{"{{ query \"x\" | first | strvalue }}{{ (query \"x\" | first).Value }}", "str11"},
	{"{{ with args 1 \"b\" }}{{ .arg0 }}{{ .arg1 }}{{ end }}", "1b"},
	{"{{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize -5 }} {{ humanize 0.0 }}",
	 "1.235M 120u -5 0"},
	{"{{ humanize1024 1048576.0 }} {{ humanize1024 1024 }} {{ humanize1024 0.5 }}",
	 "1Mi 1ki 0.5"},
	{"{{ humanizeDuration 3661 }} {{ humanizeDuration 90061.5 }} {{ humanizeDuration 0.002 }} "
	 "{{ humanizeDuration -59.99 }}",
	 "1h 1m 1s 1d 1h 1m 1s 2ms -59.99s"},
	{"{{ humanizePercentage 0.256 }} {{ humanizeTimestamp 1435065584.128 }}",
	 "25.6% 2015-06-23 13:19:44.128 +0000 UTC"},
	{"{{ humanize \"1e3\" }} {{ toDuration 90 | humanizeDuration }}", "1k 1m 30s"},
	{"{{ now }} {{ (now | toTime).Format \"2006\" }} {{ (toTime 0).Unix }}",
	 "1.3537556525e+09 2012 0"},
	{"{{ parseDuration \"1h30m\" }} {{ parseDuration \"-5s\" }} {{ (toDuration 90).String }}",
	 "5400 -5 1m30s"},
	{"{{ title \"hello wOrld_x foo-bar\" }} {{ toUpper \"a\u00e9\" }} {{ toLower \"A\u00c9\" "
	 "}}",
	 "Hello WOrld_x Foo-Bar A\u00c9 a\u00e9"},
	{"{{ match \"^a.c\" \"abcd\" }} {{ reReplaceAll \"(.)b\" \"${1}x\" \"abcb\" }}",
	 "true axcx"},
	{"{{ stripPort \"h:1\" }} {{ stripPort \"[::1]:2\" }} {{ stripPort \"::1\" }}",
	 "h ::1 ::1"},
	{"{{ stripDomain \"a.b.c:9\" }} {{ stripDomain \"a.b\" }} {{ stripDomain \"10.0.0.1:5\" }}",
	 "a:9 a 10.0.0.1:5"},
	{"{{ graphLink \"a b\" }} {{ tableLink \"up\" }} {{ urlQueryEscape \"a&b\" }}",
	 "/graph?g0.expr=a+b&g0.tab=0 /graph?g0.expr=up&g0.tab=1 a%26b"},
	{"{{ $value = 1.5 }}{{ $value }}{{ $labels = 2 }}", "1.5"},
	{"{{ range $value := .Labels }}{{ $value }},{{ end }}", "up,db:9100,node,"},
	{"{{ safeHtml \"<b>\" }}", "<b>"},
	{"{{ define \"x\" }}[{{ . }}]{{ end }}{{ template \"x\" $value }}", "[85.5]"},
};

static void test_expansions(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(expansions); i++)
		expect(&w, expansions[i][0], expansions[i][1]);
	world_done(&w);
}

#define EXEC(col, at, msg) \
	"<error expanding template: error executing template __alert_Down: template: " \
	"__alert_Down:1:" col ": executing \"__alert_Down\" at <" at ">: " msg ">"

static const char *const failures[][2] = {
	{"{{ query \"a\" | toUpper }}",
	 EXEC("127", "toUpper", "wrong type for value; expected string; got template.queryResult")},
	{"{{ lt $value 80 }}", EXEC("115", "lt $value 80",
				    "error calling lt: incompatible types for comparison: float64 "
				    "and int")},
	{"{{ $value.foo }}", EXEC("121", "$value.foo", "can't evaluate field foo in type float64")},
	{"{{ .Nope }}",
	 EXEC("115", ".Nope",
	      "can't evaluate field Nope in type struct { Labels map[string]string; "
	      "ExternalLabels map[string]string; ExternalURL string; Value interface {} }")},
	{"{{ reReplaceAll \"(\" \"\" \"\" }}",
	 EXEC("115", "reReplaceAll \"(\" \"\" \"\"",
	      "error calling reReplaceAll: regexp: Compile(`(`): error parsing regexp: missing "
	      "closing ): `(`")},
	{"{{ parseDuration \"x\" }}",
	 EXEC("115", "parseDuration \"x\"",
	      "error calling parseDuration: not a valid duration string: \"x\"")},
	{"{{ humanize true }}",
	 EXEC("115", "humanize true", "error calling humanize: can't convert bool to float")},
};

static void test_failures(void **state)
{
	struct world w;
	struct str got;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		expect(&w, failures[i][0], failures[i][1]);
		assert_int_equal(expand(&w, failures[i][0], &got), EXPAND_ERROR);
	}
	world_done(&w);
}

static void test_query(void **state)
{
	struct world w;
	struct str got = STR("untouched");

	(void)state;
	world_init(&w);
	w.state = QUERY_WAIT;
	assert_int_equal(expand(&w, "{{ query \"sum(up)\" | first | value }}", &got), EXPAND_WAIT);
	assert_true(str_is(got, "untouched"));
	assert_int_equal(w.asked, 1);
	assert_true(str_is(w.last_query, "sum(up)"));
	assert_int_equal(w.last_at, AT);
	w.state = QUERY_ERROR;
	w.answer.error = STR("it is away");
	assert_int_equal(expand(&w, "{{ query \"sum(up)\" }}", &got), EXPAND_ERROR);
	assert_true(str_ends(got, "error calling query: it is away>"));
	w.state = QUERY_ANSWER;
	w.answer.n = 0;
	assert_int_equal(expand(&w, "{{ query \"up\" | first }}", &got), EXPAND_ERROR);
	assert_true(str_ends(got, "first() called on vector with no elements>"));
	world_done(&w);
}

static unsigned needs(struct world *w, const char *text)
{
	const struct expand *e;
	struct err err;

	assert_true(expand_compile(&w->arena, STR("Down"), str_of(text), &w->limits, &e, &err));
	return expand_needs(e);
}

static void test_needs(void **state)
{
	struct world w;
	const struct expand *e;
	struct err err;
	struct str s;

	(void)state;
	world_init(&w);
	assert_int_equal(needs(&w, "plain"), 0);
	assert_int_equal(needs(&w, "{{ \"constant\" }}"), 0);
	assert_int_equal(needs(&w, "{{ $labels.job }}"), EXPAND_LABELS);
	assert_int_equal(needs(&w, "{{ .Labels.job }}{{ $value }}"), EXPAND_LABELS | EXPAND_VALUE);
	assert_int_equal(needs(&w, "{{ if true }}{{ (.Value) }}{{ end }}"), EXPAND_VALUE);
	assert_int_equal(needs(&w, "{{ $.Value }}"), EXPAND_VALUE);
	assert_int_equal(needs(&w, "{{ . }}"), EXPAND_LABELS | EXPAND_VALUE | EXPAND_EXTERNAL);
	assert_int_equal(needs(&w, "{{ externalURL }}"), EXPAND_EXTERNAL);
	assert_int_equal(needs(&w, "{{ now }}"), EXPAND_NOW);
	assert_int_equal(needs(&w, "{{ with query \"up\" }}x{{ end }}"), EXPAND_QUERY | EXPAND_NOW);
	assert_true(expand_compile(&w.arena, STR("A"), STR("plain"), &w.limits, &e, &err));
	assert_true(expand_plain(e, &s));
	assert_true(str_is(s, "plain"));
	assert_true(expand_compile(&w.arena, STR("A"), STR("{{ 1 }}"), &w.limits, &e, &err));
	assert_false(expand_plain(e, &s));
	assert_true(str_is(expand_text(e), "{{ 1 }}"));
	world_done(&w);
}

static void test_compile_errors(void **state)
{
	struct world w;
	const struct expand *e;
	struct err err;

	(void)state;
	world_init(&w);
	assert_false(expand_compile(&w.arena, STR("A"), STR("x\n{{ nope }}"), &w.limits, &e, &err));
	assert_string_equal(err.msg, "template: __alert_A:2: function \"nope\" not defined");
	assert_int_equal(err.line, 2);
	assert_false(expand_compile(&w.arena, STR("A"), STR("{{ $x }}"), &w.limits, &e, &err));
	assert_string_equal(err.msg, "template: __alert_A:1: undefined variable \"$x\"");
	world_done(&w);
}

static void test_histogram(void **state)
{
	static const struct rule_histogram h = {.text = {.p = "{count:3, sum:10}", .n = 17},
						.count = 3,
						.sum = 10};
	struct world w;

	(void)state;
	world_init(&w);
	w.sample.histogram = &h;
	expect(&w, "{{ $value }} {{ $value.Count }} {{ printf \"%s\" $value }}",
	       "{count:3, sum:10} 3 {count:3, sum:10}");
	world_done(&w);
}

/* Not a byte of the arena stays behind from run to run: scratch is reused. */
static void test_scratch_is_bounded(void **state)
{
	const struct expand *e;
	struct world w;
	struct err err;
	struct str out;
	size_t used;

	(void)state;
	world_init(&w);
	assert_true(expand_compile(&w.arena, STR("A"), STR("{{ $labels.job | toUpper }}"),
				   &w.limits, &e, &err));
	assert_int_equal(expand_run(&w.x, e, &w.env, &w.sample, &w.arena, &out), EXPAND_OK);
	used = arena_used(&w.x.arena);
	for (int i = 0; i < 100; i++)
		assert_int_equal(expand_run(&w.x, e, &w.env, &w.sample, &w.arena, &out), EXPAND_OK);
	assert_int_equal(arena_used(&w.x.arena), used);
	assert_true(str_is(out, "NODE"));
	world_done(&w);
}

TEST_GROUP(rules_func, cmocka_unit_test(test_expansions), cmocka_unit_test(test_failures),
	   cmocka_unit_test(test_query), cmocka_unit_test(test_needs),
	   cmocka_unit_test(test_compile_errors), cmocka_unit_test(test_histogram),
	   cmocka_unit_test(test_scratch_is_bounded))
