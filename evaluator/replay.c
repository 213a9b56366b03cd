/* One rule at one time, and groups step by step. */
#include "evaluator/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evaluator/replay_private.h"
#include "promql/histogram.h"
#include "promql/matcher.h"
#include "promql/parse.h"

/* ---- life ------------------------------------------------------------------------------------ */

struct replay *replay_new(const struct replay_options *o, struct memory *store)
{
	struct replay *r = MEM_NEW(struct replay);

	r->o = *o;
	r->store = store;
	expander_init(&r->expander, o->limits);
	arena_init(&r->arena);
	element_maker_init(&r->maker, &r->expander, &r->arena);
	return r;
}

static void group_free(struct replay_group *g)
{
	for (size_t i = 0; i < g->def->n; i++) {
		states_done(&g->rules[i].states);
		map_done(&g->rules[i].written);
		free(g->rules[i].error);
	}
	free(g->rules);
	free(g);
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		group_free(r->groups[i]);
	free(r->groups);
	element_maker_done(&r->maker);
	expander_done(&r->expander);
	arena_done(&r->arena);
	free(r);
}

struct replay_group *replay_add(struct replay *r, const struct rule_group *def)
{
	struct replay_group *g = MEM_NEW(struct replay_group);

	g->def = def;
	g->rules = mem_alloc((def->n + 1) * sizeof(*g->rules));
	for (size_t i = 0; i < def->n; i++) {
		struct replay_rule *rr = &g->rules[i];

		rr->rule = &def->rules[i];
		rr->group = g;
		states_init(&rr->states);
		map_init(&rr->written);
	}
	r->groups = mem_reserve(r->groups, &r->cap, r->n + 1, sizeof(struct replay_group *));
	r->groups[r->n++] = g;
	return g;
}

/* ---- the store as it was at a time ------------------------------------------------------------
 */

/* Hides what is later than `until`. */
struct past_source {
	struct series_source source; /* first */
	const struct series_source *inner;
	ms_t until;
};

static bool past_select(const struct series_source *s, const struct series_query *q,
			struct arena *a, const struct series **out, size_t *n, struct err *err)
{
	const struct past_source *p = (const struct past_source *)(const void *)s;
	struct series *v;

	if (!p->inner->select(p->inner, q, a, out, n, err))
		return false;
	v = ARENA_ARRAY(a, struct series, *n);
	for (size_t i = 0; i < *n; i++) {
		v[i] = (*out)[i];
		v[i].points.n = points_after(&v[i].points, p->until);
	}
	*out = v;
	return true;
}

static bool query(struct replay *r, const struct expr *e, ms_t at, ms_t until, struct result *out,
		  struct err *err)
{
	struct past_source past = {.source = {.select = past_select},
				   .inner = memory_source(r->store),
				   .until = until};
	struct engine_query q = {.source = &past.source, .expr = e, .start = at, .end = at};

	if (!engine_eval(&r->o.engine, &q, &r->arena, out, NULL, err))
		return false;
	if (out->type != PROMQL_VECTOR && out->type != PROMQL_SCALAR)
		return err_set(err, -1, "rule result is not a vector or scalar");
	return true;
}

/* ---- queries of templates ---------------------------------------------------------------------
 */

static enum query_state template_query(void *user, struct str text, ms_t at,
				       struct query_result *out)
{
	struct replay *r = user;
	const struct expr *e;
	struct rule_sample *v;
	struct result res;
	struct err err;

	*out = (struct query_result){0};
	if (!promql_parse(text, &r->o.promql, r->o.limits, &r->arena, &e, &err) ||
	    !query(r, e, at, at, &res, &err)) {
		out->error = arena_str(&r->arena, str_of(err.msg));
		return QUERY_ERROR;
	}
	v = ARENA_ARRAY(&r->arena, struct rule_sample, res.n);
	for (size_t i = 0; i < res.n; i++)
		v[i] = (struct rule_sample){.labels = res.v[i].labels,
					    .value = res.v[i].points.v[0]};
	out->v = v;
	out->n = res.n;
	return QUERY_ANSWER;
}

/* ---- what a rule writes -----------------------------------------------------------------------
 */

static ms_t written_at(const struct replay_rule *rr, ms_t ts)
{
	return ts - rr->group->def->query_offset;
}

/* A write of one rule. */
struct write {
	struct replay *r;
	struct replay_rule *rr;
	struct map now; /* series that were written */
	ms_t at;
	enum memory_append trouble; /* the last one */
};

static void write_begin(struct write *w, struct replay *r, struct replay_rule *rr, ms_t ts)
{
	*w = (struct write){.r = r, .rr = rr, .at = written_at(rr, ts)};
	map_init(&w->now);
}

static void append(struct write *w, struct memory_series *s, double v, const struct histogram *h)
{
	enum memory_append end = memory_append(w->r->store, s, w->at, v, h, 0);

	map_put(&w->now, labels_bytes(memory_series_labels(s)), s);
	if (end != MEMORY_OK)
		w->trouble = end;
}

/* Stale markers for what was written before and is not now; they give way to samples. False: the
 * store refused a sample. */
static bool write_end(struct write *w)
{
	map_each (&w->rr->written, e) {
		if (!map_get(&w->now, e->key) && memory_append(w->r->store, e->value, w->at,
							       stale_nan(), NULL, 0) == MEMORY_FULL)
			w->trouble = MEMORY_FULL;
	}
	map_done(&w->rr->written);
	w->rr->written = w->now;
	switch (w->trouble) {
	case MEMORY_OK: return true;
	case MEMORY_DUPLICATE: return replay_fail(w->rr, "duplicate sample for timestamp");
	case MEMORY_OUT_OF_ORDER: return replay_fail(w->rr, "out of order sample");
	case MEMORY_FULL: break;
	}
	return replay_fail(w->rr, "too many samples in all");
}

static void write_alert(struct write *w, const struct active *a)
{
	struct element_maker *m = &w->r->maker;
	struct labels ls;

	ls = element_alert_series(m, w->rr->rule, a->labels, STR("ALERTS"),
				  str_of(alert_state_name(a->state)));
	append(w, memory_series(w->r->store, ls), 1, NULL);
	ls = element_alert_series(m, w->rr->rule, a->labels, STR("ALERTS_FOR_STATE"),
				  (struct str){0});
	append(w, memory_series(w->r->store, ls), (double)(a->active_at / SECOND), NULL);
}

static bool write_alerts(struct replay *r, struct replay_rule *rr, ms_t ts)
{
	struct active *a;
	struct write w;

	if (!rr->restored || r->o.no_alert_series)
		return true;
	write_begin(&w, r, rr, ts);
	states_each(&rr->states, a)
	{
		if (a->state != ALERT_INACTIVE)
			write_alert(&w, a);
	}
	return write_end(&w);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

bool replay_fail(struct replay_rule *rr, const char *why)
{
	char *error = mem_str(str_of(why));

	free(rr->error);
	rr->error = error;
	rr->health = RULE_ERR;
	return false;
}

void replay_ok(struct replay_rule *rr)
{
	free(TAKE(rr->error));
	rr->health = RULE_OK;
}

static bool over_limit(struct replay_rule *rr, size_t n, const char *what)
{
	int64_t limit = rr->group->def->limit;
	char why[128];

	if (limit <= 0 || n <= (size_t)limit)
		return false;
	snprintf(why, sizeof(why), "exceeded limit of %lld with %zu %s", (long long)limit, n, what);
	replay_fail(rr, why);
	return true;
}

static void on_change(void *arg ATTR_UNUSED, struct active *a ATTR_UNUSED,
		      enum state_change what ATTR_UNUSED)
{
}

static bool needs(const struct rule *r, unsigned what)
{
	unsigned all = 0;

	for (size_t i = 0; i < r->n_labels; i++)
		all |= expand_needs(r->label_texts[i].expand);
	for (size_t i = 0; i < r->n_annotations; i++)
		all |= expand_needs(r->annotations[i].expand);
	return all & what;
}

/* Whether the texts come out as they did for this element the last time. */
static bool same_texts(const struct rule *r, const struct replay_seen *seen, double value)
{
	if (!seen || !seen->active || needs(r, EXPAND_QUERY | EXPAND_NOW))
		return false;
	return memcmp(&seen->value, &value, sizeof(value)) == 0 || !needs(r, EXPAND_VALUE);
}

/* The alert of element i; NULL: its labels are another's of this result. */
static struct active *element_see(struct replay *r, struct replay_rule *rr,
				  const struct replay_result *res, size_t i, ms_t ts,
				  struct labels *annotations)
{
	struct expand_env env = {.external_labels = r->o.external_labels,
				 .external_url = r->o.external_url,
				 .at = ts,
				 .query = {.fn = template_query, .user = r}};
	struct replay_seen *seen = res->seen ? res->seen[i] : NULL;
	const struct sample *s = &res->v[i];
	struct labels labels;

	if (same_texts(rr->rule, seen, s->v)) {
		*annotations = seen->active->annotations;
		return states_see_again(&rr->states, seen->active);
	}
	CHECK(element_labels(&r->maker, rr->rule, &env, s, &labels));
	CHECK(element_annotations(&r->maker, rr->rule, &env, s, annotations));
	return states_see(&rr->states, labels);
}

static bool step_alerts(struct replay *r, struct replay_rule *rr, const struct replay_result *res,
			ms_t ts)
{
	struct state_rule sr = {.hold = rr->rule->hold,
				.keep_firing_for = rr->rule->keep_firing_for,
				.settling_since = MS_NONE};
	struct active **active = ARENA_ARRAY(&r->arena, struct active *, res->n);
	struct labels *annotations = ARENA_ARRAY(&r->arena, struct labels, res->n);

	states_begin(&rr->states);
	for (size_t i = 0; i < res->n; i++) {
		active[i] = element_see(r, rr, res, i, ts, &annotations[i]);
		if (active[i])
			continue;
		states_abort(&rr->states);
		return replay_fail(rr, "vector contains metrics with the same labelset after "
				       "applying alert labels");
	}
	if (over_limit(rr, states_would_be_active(&rr->states, &sr, ts), "alerts")) {
		states_drop(&rr->states, on_change, NULL);
		return false;
	}
	for (size_t i = 0; i < res->n; i++) {
		states_apply(&rr->states, active[i], annotations[i], res->v[i].v, ts, on_change,
			     NULL);
		if (res->seen)
			*res->seen[i] =
				(struct replay_seen){.active = active[i], .value = res->v[i].v};
	}
	states_step(&rr->states, &sr, ts, on_change, NULL);
	return write_alerts(r, rr, ts);
}

static struct memory_series *recorded(struct replay *r, struct replay_rule *rr,
				      const struct replay_result *res, size_t i)
{
	struct replay_seen *seen = res->seen ? res->seen[i] : NULL;
	struct memory_series *s = seen ? seen->recorded : NULL;

	if (!s)
		s = memory_series(r->store,
				  element_recorded(&r->maker, rr->rule, res->v[i].labels));
	if (seen)
		seen->recorded = s;
	return s;
}

static bool record(struct replay *r, struct replay_rule *rr, const struct replay_result *res,
		   ms_t ts)
{
	struct memory_series **series = ARENA_ARRAY(&r->arena, struct memory_series *, res->n);
	struct map twice;
	struct write w;
	bool unique = true;

	map_init(&twice);
	for (size_t i = 0; i < res->n; i++) {
		series[i] = recorded(r, rr, res, i);
		unique &=
			!map_put(&twice, labels_bytes(memory_series_labels(series[i])), series[i]);
	}
	map_done(&twice);
	if (!unique)
		return replay_fail(rr, "vector contains metrics with the same labelset after "
				       "applying rule labels");
	if (over_limit(rr, res->n, "series"))
		return false;
	write_begin(&w, r, rr, ts);
	for (size_t i = 0; i < res->n; i++)
		append(&w, series[i], res->v[i].v, res->v[i].h);
	return write_end(&w);
}

bool replay_step(struct replay *r, struct replay_rule *rr, const struct replay_result *res, ms_t ts)
{
	bool ok = rr->rule->alerting ? step_alerts(r, rr, res, ts) : record(r, rr, res, ts);

	if (ok)
		replay_ok(rr);
	if (ok && r->see && rr->rule->alerting)
		r->see(r->see_arg, rr, ts);
	return ok;
}

/* ---- step by step -----------------------------------------------------------------------------
 */

void replay_eval_rule(struct replay *r, struct replay_rule *rr, ms_t ts)
{
	struct replay_result in = {0};
	struct result res;
	struct err err;

	arena_clear(&r->arena);
	if (!query(r, rr->rule->expr, written_at(rr, ts), ts, &res, &err)) {
		replay_fail(rr, err.msg);
		return;
	}
	in.v = ARENA_ARRAY(&r->arena, struct sample, res.n);
	in.n = res.n;
	for (size_t i = 0; i < res.n; i++) {
		const struct points *p = &res.v[i].points;

		in.v[i] = (struct sample){.labels = res.v[i].labels,
					  .v = p->v[0],
					  .h = p->h && p->h[0] ? histogram_dup(&r->arena, p->h[0])
							       : NULL};
	}
	if (!replay_step(r, rr, &in, ts))
		return;
}

void replay_eval(struct replay *r, struct replay_group *g, ms_t ts)
{
	for (size_t i = 0; i < g->def->n; i++)
		replay_eval_rule(r, &g->rules[i], ts);
}

/* ---- restoring ---------------------------------------------------------------------------------
 */

/* The newest point of a series that is no stale marker's, if it is the last one at all. */
static bool last_value(const struct points *p, double *v, ms_t *t)
{
	if (p->n == 0 || is_stale(p->v[p->n - 1]))
		return false;
	*v = p->v[p->n - 1];
	*t = p->t[p->n - 1];
	return true;
}

static void restore_rule(struct replay *r, struct replay_rule *rr, ms_t ts, ms_t tolerance,
			 ms_t grace)
{
	struct matcher m[2];
	struct series_query q = {.matchers = m,
				 .n_matchers = 2,
				 .from = ts - tolerance - 1,
				 .to = ts};
	struct past_source past = {.inner = memory_source(r->store), .until = ts};
	const struct series *v;
	struct err err;
	size_t n;

	if (!matcher_init(&m[0], MATCH_EQ, STR(LABEL_NAME), STR("ALERTS_FOR_STATE"), &r->arena,
			  &err) ||
	    !matcher_init(&m[1], MATCH_EQ, STR(LABEL_ALERTNAME), rr->rule->name, &r->arena, &err) ||
	    !past_select(&past.source, &q, &r->arena, &v, &n, &err))
		return;
	for (size_t i = 0; i < n; i++) {
		struct labels ls = labels_without_name(&r->arena, v[i].labels);
		struct active *a = map_get(&rr->states.by_labels, labels_bytes(ls));
		double active_at;
		ms_t at;

		if (a && a->state == ALERT_PENDING && last_value(&v[i].points, &active_at, &at) &&
		    at >= ts - tolerance)
			a->active_at = state_restored_active_at(rr->rule->hold, grace, ts, at,
								(ms_t)(active_at * 1e3));
	}
}

void replay_restore(struct replay *r, struct replay_group *g, ms_t ts, ms_t tolerance, ms_t grace)
{
	for (size_t i = 0; i < g->def->n; i++) {
		arena_clear(&r->arena);
		if (g->rules[i].rule->alerting)
			restore_rule(r, &g->rules[i], ts, tolerance, grace);
		g->rules[i].restored = true;
	}
}
