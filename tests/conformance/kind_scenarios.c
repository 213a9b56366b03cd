/*
 * Kind rule-scenarios: one rule in a group of its own, a store, and steps: evaluations, changes,
 * restarts with restoration. The rule runs through the replay, which shares states, labels and
 * series with the daemon.
 */
#include "tests/conformance/conformance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluator/replay.h"
#include "rules/rules.h"
#include "tests/conformance/eval_script.h"

struct scene {
	struct tally *tally;
	const char *name;
	const json_t *c;
	json_t *rule; /* as changed so far */
	struct memory *store;
	struct limits limits;
	struct arena arena;
	struct rule_set *sets[64]; /* each version of the rule; the last is at work */
	size_t n_sets;
	struct replay *replay;
	struct replay_group *group;
	ms_t query_offset;
	bool failed;
	size_t sent; /* by the last evaluation */
};

static ms_t seconds(const json_t *o, const char *key, ms_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? (ms_t)llround(json_number_value(v) * 1e3) : fallback;
}

static void fail(struct scene *s, size_t step, const char *what, struct str got)
{
	if (!s->failed)
		case_fail(s->tally, s->name, "step %zu: %s: got %.*s", step + 1, what,
			  STR_ARG(got));
	s->failed = true;
}

/* ---- set-up -----------------------------------------------------------------------------------
 */

static void load_store(struct scene *s)
{
	struct str text = case_text(s->c, "load");
	struct script script = {.text = text, .store = s->store};
	struct eval_case none;
	struct err err;

	arena_init(&script.arena);
	if (script_next(&script, &none, &err) || err.msg[0])
		fail(s, 0, "load", str_of(err.msg));
	arena_done(&script.arena);
}

/* The group as a rule file in JSON, which is YAML. */
static bool load_rule(struct scene *s)
{
	json_t *group = json_pack("{s:s, s:[O]}", "name", "g", "rules", s->rule);
	json_t *file = json_pack("{s:[o]}", "groups", group);
	ms_t interval = seconds(s->c, "interval", 0);
	char text[64], *yaml;
	struct rule_defaults d = {.interval = MINUTE,
				  .query_offset = s->query_offset,
				  .limits = &s->limits};
	struct rule_file f = {.name = STR("rule.json")};
	struct diags diags;
	bool ok;

	if (json_object_get(s->c, "limit"))
		json_object_set(group, "limit", json_object_get(s->c, "limit"));
	snprintf(text, sizeof(text), "%lldms", (long long)interval);
	if (interval)
		json_object_set_new(group, "interval", json_string(text));
	yaml = json_dumps(file, 0);
	f.text = str_of(yaml);
	diags_init(&diags);
	ok = s->n_sets < ARRAY_LEN(s->sets) &&
	     rule_set_load(&f, 1, &d, &s->sets[s->n_sets], &diags);
	if (ok)
		s->n_sets++;
	else
		fail(s, 0, "rule", str_of(diags.n ? diags.v[0].msg : "too many changes"));
	diags_done(&diags);
	free(yaml);
	json_decref(file);
	return ok;
}

static struct labels labels_of(struct scene *s, const json_t *o)
{
	struct labels_builder lb;
	struct labels out;
	const char *key;
	json_t *v;

	labels_builder_init(&lb);
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
		labels_builder_set(&lb, str_of(key), str_of(json_string_value(v)));
	out = labels_builder_build(&lb, &s->arena);
	labels_builder_done(&lb);
	return out;
}

static void start(struct scene *s, bool restored)
{
	struct replay_options o = {.limits = &s->limits,
				   .promql = promql_options_default(),
				   .external_labels =
					   labels_of(s, json_object_get(s->c, "external_labels"))};

	replay_free(s->replay);
	engine_options_default(&o.engine);
	s->replay = replay_new(&o, s->store);
	s->group = replay_add(s->replay, &s->sets[s->n_sets - 1]->groups[0]);
	s->group->rules[0].restored = restored;
}

static struct replay_rule *rule(struct scene *s)
{
	return &s->group->rules[0];
}

/* ---- what there is ----------------------------------------------------------------------------
 */

struct found {
	struct scene *s;
	struct str name; /* empty: what the rule wrote */
	ms_t at;
	json_t *out;
};

static json_t *labels_json(struct labels ls)
{
	struct labels_iter it = {0};
	json_t *o = json_object();
	struct label l;

	while (labels_next(ls, &it, &l)) {
		char *key = strndup(l.name.p, l.name.n);

		json_object_set_new(o, key, json_stringn(l.value.p, l.value.n));
		free(key);
	}
	return o;
}

static json_t *number_json(double v)
{
	if (is_stale(v))
		return json_string("stale");
	if (isnan(v))
		return json_string("NaN");
	if (isinf(v))
		return json_string(v > 0 ? "+Inf" : "-Inf");
	return json_real(v);
}

static void find(void *arg, const struct series *series)
{
	struct found *f = arg;
	const struct points *p = &series->points;
	size_t k = points_after(p, f->at);
	bool mine = f->name.n ? str_eq(labels_get(series->labels, STR(LABEL_NAME)), f->name)
			      : map_get(&rule(f->s)->written, labels_bytes(series->labels)) != NULL;

	if (!mine || k == 0 || p->t[k - 1] != f->at || is_stale(p->v[k - 1]))
		return;
	json_array_append_new(f->out, json_pack("{s:o, s:o}", "labels", labels_json(series->labels),
						"value", number_json(p->v[k - 1])));
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static json_t *as_reals(const json_t *v)
{
	json_t *out, *member;
	const char *key;
	size_t i;

	if (json_is_number(v))
		return json_real(json_number_value(v));
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach(v, i, member) json_array_append_new(out, as_reals(member));
		return out;
	}
	if (!json_is_object(v))
		return json_deep_copy(v);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
		json_object_set_new(out, key, as_reals(member));
	return out;
}

/* The same elements in any order. */
static bool same_set(const json_t *want, const json_t *got)
{
	json_t *rest = as_reals(got), *all = as_reals(want), *w;
	bool ok = json_array_size(want) == json_array_size(got);
	size_t i;

	json_array_foreach(all, i, w)
	{
		size_t k = 0;

		while (k < json_array_size(rest) && !json_equal(json_array_get(rest, k), w))
			k++;
		ok = ok && k < json_array_size(rest);
		json_array_remove(rest, k);
	}
	json_decref(all);
	json_decref(rest);
	return ok;
}

static void expect_set(struct scene *s, size_t step, const char *what, const json_t *want,
		       json_t *got)
{
	char *text;

	if (want && !same_set(want, got)) {
		text = json_dumps(got, JSON_SORT_KEYS);
		fail(s, step, what, str_of(text));
		free(text);
	}
	json_decref(got);
}

static void expect_samples(struct scene *s, size_t step, const json_t *o, const char *key,
			   struct str name, ms_t at)
{
	struct found f = {.s = s, .name = name, .at = at, .out = json_array()};

	memory_each(s->store, find, &f);
	expect_set(s, step, key, json_object_get(o, key), f.out);
}

static void expect_text(struct scene *s, size_t step, const json_t *o, const char *key,
			const char *got)
{
	const json_t *want = json_object_get(o, key);

	if (!want)
		return;
	if (json_is_null(want) ? got == NULL : got && strstr(got, json_string_value(want)) != NULL)
		return;
	fail(s, step, key, str_of(got ? got : "no error"));
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static void send(struct scene *s, ms_t at)
{
	ms_t resend_delay = seconds(s->c, "resend_delay", MINUTE);
	struct active *a;

	s->sent = 0;
	states_each(&rule(s)->states, a)
	{
		if (!state_needs_sending(a, at, resend_delay))
			continue;
		a->sent_at = at;
		s->sent++;
	}
}

static void step_eval(struct scene *s, size_t step, const json_t *o)
{
	ms_t at = seconds(o, "eval", 0), sample_time = seconds(o, "sample_time", at);
	const json_t *sent = json_object_get(o, "sent");

	replay_eval(s->replay, s->group, at);
	send(s, at);
	expect_text(s, step, o, "error", rule(s)->error);
	expect_text(s, step, o, "append_error", rule(s)->error);
	if (json_object_get(o, "ALERTS"))
		expect_samples(s, step, o, "ALERTS", STR("ALERTS"), sample_time);
	if (json_object_get(o, "ALERTS_FOR_STATE"))
		expect_samples(s, step, o, "ALERTS_FOR_STATE", STR("ALERTS_FOR_STATE"),
			       sample_time);
	if (json_object_get(o, "samples"))
		expect_samples(s, step, o, "samples", STR(""), sample_time);
	if (sent && (size_t)json_integer_value(sent) != s->sent)
		fail(s, step, "sent", s->sent ? STR("more") : STR("0"));
}

static void step_change(struct scene *s, const json_t *o)
{
	json_object_update(s->rule, json_object_get(o, "change"));
	if (load_rule(s)) {
		s->group->def = &s->sets[s->n_sets - 1]->groups[0];
		rule(s)->rule = &s->group->def->rules[0];
	}
}

static void step_restart(struct scene *s, const json_t *o)
{
	s->query_offset = seconds(o, "query_offset", s->query_offset);
	if (load_rule(s))
		start(s, false);
}

static void step_restore(struct scene *s, size_t step, const json_t *o)
{
	json_t *got = json_array();
	struct active *a;

	replay_restore(s->replay, s->group, seconds(o, "restore", 0),
		       seconds(s->c, "outage_tolerance", HOUR),
		       seconds(s->c, "for_grace_period", 10 * MINUTE));
	states_each(&rule(s)->states, a)
	{
		if (a->state != ALERT_INACTIVE)
			json_array_append_new(got, json_pack("{s:o, s:f}", "labels",
							     labels_json(a->labels), "active_at",
							     (double)a->active_at / 1e3));
	}
	expect_set(s, step, "active", json_object_get(o, "active"), got);
}

static void stored(void *arg, const struct series *series)
{
	struct found *f = arg;

	if (!str_eq(labels_get(series->labels, STR(LABEL_NAME)), f->name))
		return;
	for (size_t k = 0; k < series->points.n; k++)
		json_array_append_new(f->out, json_pack("[f, o]", (double)series->points.t[k] / 1e3,
							number_json(series->points.v[k])));
}

static void step_stored(struct scene *s, size_t step, const json_t *o)
{
	struct found f = {.name = case_text(o, "stored"), .out = json_array()};

	memory_each(s->store, stored, &f);
	expect_set(s, step, "points", json_object_get(o, "points"), f.out);
}

static void run_step(struct scene *s, size_t step, const json_t *o)
{
	if (json_object_get(o, "change"))
		step_change(s, o);
	if (json_object_get(o, "restart"))
		step_restart(s, o);
	if (json_object_get(o, "eval"))
		step_eval(s, step, o);
	if (json_object_get(o, "restore"))
		step_restore(s, step, o);
	if (json_object_get(o, "stored"))
		step_stored(s, step, o);
	expect_text(s, step, o, "health", rule_health_name(rule(s)->health));
	expect_text(s, step, o, "last_error", rule(s)->error);
}

static void run_case(struct tally *t, const char *name, const json_t *c)
{
	char full[768];
	struct scene s = {.tally = t, .name = full, .c = c, .store = memory_new()};
	const json_t *steps = json_object_get(c, "steps"), *o;
	size_t i;

	snprintf(full, sizeof(full), "%s %.*s", name, STR_ARG(case_text(c, "name")));
	s.rule = json_deep_copy(json_object_get(c, "rule"));
	s.query_offset = seconds(c, "query_offset", 0);
	limits_default(&s.limits);
	arena_init(&s.arena);
	load_store(&s);
	if (load_rule(&s)) {
		start(&s, true);
		json_array_foreach(steps, i, o) run_step(&s, i, o);
	}
	if (!s.failed)
		case_pass(t);
	replay_free(s.replay);
	for (size_t k = 0; k < s.n_sets; k++)
		rule_set_free(s.sets[k]);
	memory_free(s.store);
	json_decref(s.rule);
	arena_done(&s.arena);
}

void kind_rule_scenarios(struct tally *t, const char *path)
{
	json_cases(t, path, run_case);
}
