/*
 * The run of a file of unit tests: for each test group a store with its series, the rules over all
 * steps, the alerts as they are at the times that are tested, then the expressions.
 */
#include "evaluator/unittest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/replay.h"
#include "evaluator/unittest_private.h"
#include "promql/matcher.h"
#include "rules/rules.h"

/* One file at work. */
struct run {
	const struct unittest_options *o;
	struct str file;
	struct arena *a;
	struct diags *diags;
	struct test_file tests;
	struct rule_set *rules; /* NULL: there are no rule files */
	struct config *config;	/* of page tests; NULL: none */
	struct unittest_result *out;
};

/* One test group at work. */
struct group_run {
	struct run *run;
	struct test_group *g;
	struct unittest_group *out;
	struct memory *store;
	struct replay *replay;
	struct map by_alert; /* alertname -> struct tests_of */
	size_t failures_cap;
};

/* The alert tests of one name. */
struct tests_of {
	struct alert_test **v;
	size_t n, cap;
};

/* ---- rule files -------------------------------------------------------------------------------
 */

static struct str beside(struct arena *a, struct str file, struct str path)
{
	size_t n = file.n;

	if (path.n && path.p[0] == '/')
		return path;
	while (n > 0 && file.p[n - 1] != '/')
		n--;
	return arena_printf(a, "%.*s%.*s", (int)n, file.p, STR_ARG(path));
}

static void warn(struct run *r, struct str pattern)
{
	struct str *old = r->out->warnings;
	size_t n = r->out->n_warnings;

	r->out->warnings = ARENA_ARRAY(r->a, struct str, n + 1);
	if (n)
		memcpy(r->out->warnings, old, n * sizeof(*old));
	r->out->warnings[r->out->n_warnings++] =
		arena_printf(r->a, "no file match pattern %.*s", STR_ARG(pattern));
}

static bool read_rule_file(struct run *r, struct str path, struct rule_file *out)
{
	struct err err;

	out->name = path;
	if (r->o->files->read(r->o->files->arg, path, r->a, &out->text, &err))
		return true;
	diags_add(r->diags, path, 0, 0, "%s", err.msg);
	return false;
}

static bool load_rules(struct run *r)
{
	struct rule_defaults d = {.interval = MINUTE,
				  .ignore_unknown_fields = r->o->ignore_unknown_fields,
				  .promql = &r->o->promql,
				  .limits = r->o->limits};
	struct rule_file *files = NULL;
	size_t n = 0, cap = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < r->tests.rule_files.n; i++) {
		struct str pattern = beside(r->a, r->file, r->tests.rule_files.v[i]), *paths;
		struct err err;
		size_t found;

		if (!r->o->files->glob(r->o->files->arg, pattern, r->a, &paths, &found, &err)) {
			diags_add(r->diags, r->file, 0, 0, "%s", err.msg);
			ok = false;
			break;
		}
		if (found == 0)
			warn(r, pattern);
		files = mem_reserve(files, &cap, n + found + 1, sizeof(*files));
		for (size_t k = 0; k < found; k++)
			ok = read_rule_file(r, paths[k], &files[n++]) && ok;
	}
	ok = ok && (n == 0 || rule_set_load(files, n, &d, &r->rules, r->diags));
	free(files);
	return ok;
}

/* The configuration whose routes pages take. */
static bool load_config(struct run *r)
{
	struct config_args args = {.group_wait = MS_NONE};

	if (r->tests.config_file.n == 0)
		return true;
	if (!config_load(beside(r->a, r->file, r->tests.config_file), &args, r->o->files,
			 r->o->limits, &r->config, r->diags))
		return false;
	if (r->config->notify && r->config->notify->root)
		return true;
	diags_add(r->diags, r->file, 0, 0, "config_file %.*s has no route",
		  STR_ARG(r->tests.config_file));
	return false;
}

/* ---- one group --------------------------------------------------------------------------------
 */

static void fail(struct group_run *gr, struct unittest_failure f)
{
	struct unittest_failure *old = gr->out->failures;

	if (gr->out->n_failures == gr->failures_cap) {
		gr->failures_cap = gr->failures_cap ? gr->failures_cap * 2 : 4;
		gr->out->failures =
			ARENA_ARRAY(gr->run->a, struct unittest_failure, gr->failures_cap);
		if (gr->out->n_failures)
			memcpy(gr->out->failures, old, gr->out->n_failures * sizeof(*old));
	}
	gr->out->failures[gr->out->n_failures++] = f;
	gr->run->out->ok = false;
}

static bool load_series(struct group_run *gr)
{
	struct err err;

	memory_clear(gr->store);
	for (size_t i = 0; i < gr->g->n_series; i++) {
		if (memory_load(gr->store, &gr->g->series[i], NULL, gr->g->start, gr->g->interval,
				&err))
			continue;
		fail(gr, test_rule_error(gr->run->a, STR("input_series"), 0, str_of(err.msg),
					 gr->g->line));
		return false;
	}
	return true;
}

/* The last evaluation at or before a test's time. */
static ms_t evaluated_at(const struct group_run *gr, ms_t eval_time)
{
	ms_t step = gr->run->tests.evaluation_interval;

	return gr->g->start + eval_time / step * step;
}

static void capture(struct group_run *gr, struct alert_test *t, const struct replay_rule *rr)
{
	struct arena *a = gr->run->a;
	const struct active *alert;

	states_each(&rr->states, alert)
	{
		if (alert->state != ALERT_FIRING)
			continue;
		t->got = mem_reserve(t->got, &t->got_cap, t->n_got + 1, sizeof(*t->got));
		t->got[t->n_got++] =
			(struct test_alert){.labels = labels_dup(a, alert->labels),
					    .annotations = labels_dup(a, alert->annotations)};
	}
}

/* With the external labels that it has not itself. */
static struct labels as_told(const struct group_run *gr, struct labels alert)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct labels out;
	struct label l;

	labels_builder_init(&lb);
	labels_builder_from(&lb, alert);
	while (labels_next(gr->g->external_labels, &it, &l)) {
		if (!labels_builder_get(&lb, l.name).n)
			labels_builder_set(&lb, l.name, l.value);
	}
	out = labels_builder_build(&lb, gr->run->a);
	labels_builder_done(&lb);
	return out;
}

static void capture_pages(struct group_run *gr, struct page_test *t, const struct replay_rule *rr)
{
	const struct active *alert;

	states_each(&rr->states, alert)
	{
		if (alert->state != ALERT_FIRING)
			continue;
		t->firing =
			mem_reserve(t->firing, &t->firing_cap, t->n_firing + 1, sizeof(*t->firing));
		t->firing[t->n_firing++] =
			(struct test_alert){.labels = as_told(gr, alert->labels),
					    .annotations =
						    labels_dup(gr->run->a, alert->annotations)};
	}
}

static void see(void *arg, struct replay_rule *rr, ms_t ts)
{
	struct group_run *gr = arg;
	const struct tests_of *tests = map_get(&gr->by_alert, rr->rule->name);

	for (size_t i = 0; i < gr->g->n_pages; i++) {
		if (evaluated_at(gr, gr->g->pages[i].eval_time) == ts)
			capture_pages(gr, &gr->g->pages[i], rr);
	}
	for (size_t i = 0; tests && i < tests->n; i++) {
		if (evaluated_at(gr, tests->v[i]->eval_time) == ts)
			capture(gr, tests->v[i], rr);
	}
}

/* How early a group is evaluated; those that are not named tie with the first. */
static size_t order_of(const struct run *r, const struct rule_group *g)
{
	for (size_t i = 0; i < r->tests.group_eval_order.n; i++) {
		if (str_eq(r->tests.group_eval_order.v[i], g->name))
			return i;
	}
	return 0;
}

static void add_groups(struct group_run *gr)
{
	const struct run *r = gr->run;
	size_t n = r->rules ? r->rules->n : 0, orders = MAX(r->tests.group_eval_order.n, (size_t)1);

	for (size_t order = 0; order < orders; order++) {
		for (size_t i = 0; i < n; i++) {
			const struct rule_group *g = &r->rules->groups[i];
			struct replay_group *rg;

			if (order_of(r, g) != order)
				continue;
			rg = replay_add(gr->replay, g);
			for (size_t k = 0; k < g->n; k++)
				rg->rules[k].restored = true;
		}
	}
}

/* Whether anybody reads ALERTS or ALERTS_FOR_STATE: a selector of them, or of any name. */
static void visit_alerts(void *arg, const struct expr *selector)
{
	bool *reads = arg, named = false;

	for (size_t i = 0; i < selector->u.selector.n_matchers; i++) {
		const struct matcher *m = &selector->u.selector.matchers[i];

		if (m->op != MATCH_EQ || !str_eq(m->name, STR(LABEL_NAME)))
			continue;
		named = true;
		*reads |= str_starts(m->value, "ALERTS");
	}
	*reads |= !named;
}

static bool reads_alerts(const struct group_run *gr)
{
	const struct rule_set *rs = gr->run->rules;
	bool reads = false;

	for (size_t i = 0; rs && i < rs->n; i++) {
		for (size_t k = 0; k < rs->groups[i].n; k++)
			expr_selectors(rs->groups[i].rules[k].expr, visit_alerts, &reads);
	}
	for (size_t i = 0; i < gr->g->n_exprs; i++)
		expr_selectors(gr->g->exprs[i].expr, visit_alerts, &reads);
	return reads;
}

static struct engine_options engine_options(const struct group_run *gr)
{
	struct engine_options o = gr->run->o->engine;

	o.subquery_step = gr->run->tests.evaluation_interval;
	return o;
}

static void start(struct group_run *gr)
{
	struct replay_options o = {.engine = engine_options(gr),
				   .promql = gr->run->o->promql,
				   .limits = gr->run->o->limits,
				   .external_labels = gr->g->external_labels,
				   .external_url = gr->g->external_url,
				   .no_alert_series = !reads_alerts(gr)};

	replay_free(gr->replay);
	gr->replay = replay_new(&o, gr->store);
	gr->replay->see = see;
	gr->replay->see_arg = gr;
	add_groups(gr);
	for (size_t i = 0; i < gr->g->n_alerts; i++)
		gr->g->alerts[i].n_got = 0;
	for (size_t i = 0; i < gr->g->n_pages; i++)
		gr->g->pages[i].n_firing = 0;
}

static void tell_rule_errors(struct group_run *gr, ms_t at)
{
	for (size_t g = 0; g < gr->replay->n; g++) {
		const struct replay_group *rg = gr->replay->groups[g];

		for (size_t k = 0; k < rg->def->n; k++) {
			const struct replay_rule *rr = &rg->rules[k];

			if (rr->error)
				fail(gr,
				     test_rule_error(gr->run->a, rr->rule->name, at - gr->g->start,
						     str_of(rr->error), gr->g->line));
		}
	}
}

/* Evaluates the rules up to the last time that is tested. */
static bool run_rules(struct group_run *gr)
{
	ms_t end = 0, at;
	bool again = false;

	for (size_t i = 0; i < gr->g->n_alerts; i++)
		end = MAX(end, gr->g->alerts[i].eval_time);
	for (size_t i = 0; i < gr->g->n_exprs; i++)
		end = MAX(end, gr->g->exprs[i].eval_time);
	for (size_t i = 0; i < gr->g->n_pages; i++)
		end = MAX(end, gr->g->pages[i].eval_time);
	for (int attempt = 0; attempt < 2; attempt++) {
		if (!load_series(gr))
			return false;
		start(gr);
		if (replay_run(gr->replay, gr->g->start, gr->g->start + end,
			       gr->run->tests.evaluation_interval, &again, &at))
			return true;
		if (!again)
			break;
	}
	tell_rule_errors(gr, at);
	return false;
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static bool alerts_equal(const struct alert_test *t)
{
	if (t->n_exp != t->n_got)
		return false;
	for (size_t i = 0; i < t->n_exp; i++) {
		if (!labels_eq(t->exp[i].labels, t->got[i].labels) ||
		    !labels_eq(t->exp[i].annotations, t->got[i].annotations))
			return false;
	}
	return true;
}

static int by_eval_time(const void *x, const void *y)
{
	const struct alert_test *a = *(struct alert_test *const *)x;
	const struct alert_test *b = *(struct alert_test *const *)y;

	if (a->eval_time != b->eval_time)
		return a->eval_time < b->eval_time ? -1 : 1;
	return (a > b) - (a < b);
}

static void compare_alerts(struct group_run *gr)
{
	size_t n = gr->g->n_alerts;
	struct alert_test **v = ARENA_ARRAY(gr->run->a, struct alert_test *, n);

	for (size_t i = 0; i < n; i++)
		v[i] = &gr->g->alerts[i];
	if (n)
		qsort(v, n, sizeof(struct alert_test *), by_eval_time);
	for (size_t i = 0; i < n; i++) {
		test_alerts_sort(v[i]->exp, v[i]->n_exp);
		test_alerts_sort(v[i]->got, v[i]->n_got);
		if (!alerts_equal(v[i]))
			fail(gr, test_alert_failure(gr->run->a, gr->g, v[i]));
	}
}

static void compare_pages(struct group_run *gr)
{
	for (size_t i = 0; i < gr->g->n_pages; i++) {
		struct unittest_failure f;

		if (!test_pages(gr->run->a, gr->run->config->notify, &gr->g->pages[i], &f))
			fail(gr, f);
	}
}

static int sample_cmp(const void *x, const void *y)
{
	return labels_cmp(((const struct test_sample *)x)->labels,
			  ((const struct test_sample *)y)->labels);
}

static bool values_equal(double a, double b, bool fuzzy)
{
	if (a == b)
		return true;
	return fuzzy && (nextafter(a, b) == b || (isnan(a) && isnan(b)));
}

static bool histograms_equal(struct arena *a, const struct histogram *x, const struct histogram *y)
{
	struct buf bx, by;
	bool same;

	buf_init(&bx, BUF_MAX_ANY);
	buf_init(&by, BUF_MAX_ANY);
	histogram_put(&bx, histogram_compact(a, x));
	histogram_put(&by, histogram_compact(a, y));
	same = str_eq(buf_str(&bx), buf_str(&by));
	buf_done(&bx);
	buf_done(&by);
	return same;
}

static bool samples_equal(const struct run *r, const struct expr_test *t,
			  const struct test_sample *got, size_t n)
{
	if (n != t->n_exp)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct test_sample *e = &t->exp[i], *g = &got[i];

		if (!labels_eq(e->labels, g->labels) || !e->hist != !g->hist)
			return false;
		if (e->hist ? !histograms_equal(r->a, e->hist, g->hist)
			    : !values_equal(e->value, g->value, r->tests.fuzzy_compare))
			return false;
	}
	return true;
}

static void run_expr(struct group_run *gr, struct expr_test *t)
{
	struct engine_options o = engine_options(gr);
	struct engine_query q = {.source = memory_source(gr->store),
				 .expr = t->expr,
				 .start = gr->g->start + t->eval_time,
				 .end = gr->g->start + t->eval_time};
	struct arena *a = gr->run->a;
	struct test_sample *got;
	struct result res;
	struct err err;

	if (!engine_eval(&o, &q, a, &res, NULL, &err)) {
		fail(gr, test_expr_error(a, t, str_of(err.msg)));
		return;
	}
	if (res.type != PROMQL_VECTOR && res.type != PROMQL_SCALAR) {
		fail(gr, test_expr_error(a, t, STR("rule result is not a vector or scalar")));
		return;
	}
	got = ARENA_ARRAY(a, struct test_sample, res.n);
	for (size_t i = 0; i < res.n; i++)
		got[i] = (struct test_sample){.labels = res.v[i].labels,
					      .value = res.v[i].points.v[0],
					      .hist = res.v[i].points.h ? res.v[i].points.h[0]
									: NULL};
	if (res.n > 1)
		qsort(got, res.n, sizeof(*got), sample_cmp);
	if (t->n_exp > 1)
		qsort(t->exp, t->n_exp, sizeof(*t->exp), sample_cmp);
	if (!samples_equal(gr->run, t, got, res.n))
		fail(gr, test_samples_failure(a, t, got, res.n));
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static void index_tests(struct group_run *gr)
{
	map_init(&gr->by_alert);
	for (size_t i = 0; i < gr->g->n_alerts; i++) {
		struct alert_test *t = &gr->g->alerts[i];
		struct tests_of *of = map_get(&gr->by_alert, t->alertname);

		if (!of) {
			of = MEM_NEW(struct tests_of);
			map_put(&gr->by_alert, t->alertname, of);
		}
		of->v = mem_reserve(of->v, &of->cap, of->n + 1, sizeof(struct alert_test *));
		of->v[of->n++] = t;
	}
}

static void group_done(struct group_run *gr)
{
	map_each (&gr->by_alert, e) {
		free(((struct tests_of *)e->value)->v);
		free(e->value);
	}
	map_done(&gr->by_alert);
	for (size_t i = 0; i < gr->g->n_alerts; i++)
		free(TAKE(gr->g->alerts[i].got));
	for (size_t i = 0; i < gr->g->n_pages; i++)
		free(TAKE(gr->g->pages[i].firing));
	replay_free(gr->replay);
	memory_free(gr->store);
}

static void run_group(struct run *r, struct test_group *g, struct unittest_group *out)
{
	struct group_run gr = {.run = r, .g = g, .out = out, .store = memory_new()};

	index_tests(&gr);
	if (run_rules(&gr)) {
		compare_alerts(&gr);
		compare_pages(&gr);
		for (size_t i = 0; i < g->n_exprs; i++)
			run_expr(&gr, &g->exprs[i]);
	}
	group_done(&gr);
}

static bool wanted(const struct run *r, struct str name)
{
	bool yes = r->o->n_run == 0;

	for (size_t i = 0; !yes && i < r->o->n_run; i++) {
		if (!regex_match(r->o->run[i], name, &yes, NULL))
			return false;
	}
	return yes;
}

/* ---- which rules are tested -------------------------------------------------------------------
 */

struct coverage {
	struct unittest_rule *rules;
	const struct rule **defs;
	size_t n;
	struct map by_name; /* recorded name -> first rule number + 1 */
	bool changed;
};

static void touch(struct coverage *c, bool alerting, struct str name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->rules[i].alerting != alerting || c->rules[i].touched ||
		    (name.n && !str_eq(c->rules[i].name, name)))
			continue;
		c->rules[i].touched = true;
		c->changed = true;
	}
}

static void touch_read(void *arg, const struct expr *selector)
{
	struct coverage *c = arg;
	struct str metric = {0}, alert = {0};

	for (size_t i = 0; i < selector->u.selector.n_matchers; i++) {
		const struct matcher *m = &selector->u.selector.matchers[i];

		if (m->op == MATCH_EQ && str_eq(m->name, STR(LABEL_NAME)))
			metric = m->value;
		if (m->op == MATCH_EQ && str_eq(m->name, STR(LABEL_ALERTNAME)))
			alert = m->value;
	}
	if (str_is(metric, "ALERTS") || str_is(metric, "ALERTS_FOR_STATE"))
		touch(c, true, alert);
	else if (metric.n && map_get(&c->by_name, metric))
		touch(c, false, metric);
}

/* The alerts that a page is expected to have. */
static void touch_pages(struct coverage *c, const struct page_test *t)
{
	for (size_t i = 0; i < t->n_exp; i++) {
		for (size_t k = 0; k < t->exp[i].alerts.n; k++)
			touch(c, true, t->exp[i].alerts.v[k]);
	}
}

static void list_rules(struct run *r, struct coverage *c)
{
	size_t n = r->rules ? r->rules->n_rules : 0;

	*c = (struct coverage){.rules = ARENA_ARRAY(r->a, struct unittest_rule, n + 1),
			       .defs = ARENA_ARRAY(r->a, const struct rule *, n + 1)};
	map_init(&c->by_name);
	for (size_t g = 0; r->rules && g < r->rules->n; g++) {
		const struct rule_group *group = &r->rules->groups[g];

		for (size_t k = 0; k < group->n; k++) {
			const struct rule *rule = &group->rules[k];

			c->defs[c->n] = rule;
			c->rules[c->n++] =
				(struct unittest_rule){.file = arena_str(r->a, group->file),
						       .group = arena_str(r->a, group->name),
						       .name = arena_str(r->a, rule->name),
						       .line = rule->line,
						       .alerting = rule->alerting};
			if (!rule->alerting)
				map_put(&c->by_name, rule->name, c);
		}
	}
	r->out->rules = c->rules;
	r->out->n_rules = c->n;
}

static void cover(struct run *r)
{
	struct coverage c;

	list_rules(r, &c);
	for (size_t i = 0; i < r->tests.n_groups; i++) {
		const struct test_group *g = &r->tests.groups[i];

		for (size_t k = 0; k < g->n_alerts; k++)
			touch(&c, true, g->alerts[k].alertname);
		for (size_t k = 0; k < g->n_exprs; k++)
			expr_selectors(g->exprs[k].expr, touch_read, &c);
		for (size_t k = 0; k < g->n_pages; k++)
			touch_pages(&c, &g->pages[k]);
	}
	do {
		c.changed = false;
		for (size_t i = 0; i < c.n; i++) {
			if (c.rules[i].touched)
				expr_selectors(c.defs[i]->expr, touch_read, &c);
		}
	} while (c.changed);
	map_done(&c.by_name);
}

bool unittest_run(struct str file, struct str text, const struct unittest_options *o,
		  struct arena *a, struct diags *diags, struct unittest_result *out)
{
	struct run r = {.o = o, .file = file, .a = a, .diags = diags, .out = out};
	struct fields f = {.arena = a,
			   .file = file,
			   .diags = diags,
			   .ignore_unknown = o->ignore_unknown_fields};
	bool ok;

	*out = (struct unittest_result){.ok = true};
	ok = test_file_read(&f, text, o, &r.tests) && load_rules(&r) && load_config(&r);
	if (ok) {
		cover(&r);
		out->n_groups = r.tests.n_groups;
		out->groups = ARENA_ARRAY(a, struct unittest_group, out->n_groups);
	}
	for (size_t i = 0; ok && i < out->n_groups; i++) {
		struct test_group *g = &r.tests.groups[i];

		out->groups[i] = (struct unittest_group){.name = g->name,
							 .line = g->line,
							 .left_out = !wanted(&r, g->name)};
		if (!out->groups[i].left_out)
			run_group(&r, g, &out->groups[i]);
	}
	rule_set_free(r.rules);
	config_free(r.config);
	return ok;
}
