/*
 * Two questions a rule: the last hour of ALERTS_FOR_STATE (what was active, since when, last seen
 * when), and the same series one and a half intervals after the last sample: a series that is gone
 * there was ended by a stale marker, so its alert was over before the outage. (The API never shows
 * the marker itself.)
 */
#include "evaluator/restore.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/group.h"
#include "evaluator/prom.h"
#include "promql/matcher.h"
#include "store/batch.h"

struct restore {
	struct core *core;
	struct restore *next;
	struct group *group;
	size_t at;  /* rule */
	ms_t begun; /* mono */
	struct prom_query query;
	struct vector alive;
	struct arena arena; /* of the rule at work */
	struct buf expr;
	char range[48];
	struct past *past;
	size_t n;
	ms_t down_at; /* the latest sample of any series */
};

/* An alert as a series tells it. */
struct past {
	struct labels labels; /* without name and alertstate */
	ms_t sample_at, active_at;
};

static void rule_begin(struct restore *r, struct now now);

static void restore_free(struct restore *r)
{
	struct restore **at = &r->core->restores;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	prom_query_free(&r->query);
	vector_done(&r->alive);
	arena_done(&r->arena);
	buf_done(&r->expr);
	free(r);
}

void restores_drop(struct core *c, const struct group *g)
{
	for (struct restore *r = c->restores, *next; r; r = next) {
		next = r->next;
		if (g && r->group != g)
			continue;
		r->group->known = false; /* its successor asks again */
		restore_free(r);
	}
}

static struct rule_run *rule_at(struct restore *r)
{
	return &r->group->rules[r->at];
}

static void rule_done(struct restore *r, struct now now)
{
	rule_at(r)->restored = true;
	r->at++;
	rule_begin(r, now);
}

/* ---- the second answer: who was alive after the last sample -------------------------------------
 */

static bool was_alive(const struct restore *r, const struct past *p)
{
	for (size_t i = 0; i < r->alive.n; i++) {
		struct arena a;
		bool same;

		arena_init(&a);
		same = labels_eq(labels_without_name(&a, r->alive.v[i].labels), p->labels);
		arena_done(&a);
		if (same)
			return true;
	}
	return false;
}

static void apply(struct restore *r, struct now now, bool know_alive)
{
	const struct prometheus_config *pc = &r->core->config->prometheus;
	struct rule_run *rr = rule_at(r);

	for (size_t i = 0; i < r->n; i++) {
		const struct past *p = &r->past[i];
		struct active *a = map_get(&rr->states.by_labels, labels_bytes(p->labels));

		if (!a || a->state != ALERT_PENDING || (know_alive && !was_alive(r, p)))
			continue;
		a->active_at = state_restored_active_at(rr->rule->hold, pc->for_grace_period,
							now.wall, p->sample_at, p->active_at);
		rule_alerts_store(r->core, rr, a);
	}
	core_changed(r->core);
	rule_done(r, now);
}

static void on_alive(struct prom_query *q, struct now now, enum prom_end end,
		     const struct err *err ATTR_UNUSED)
{
	struct restore *r = CONTAINER(q, struct restore, query);

	apply(r, now, end == PROM_ANSWER);
}

static void ask_alive(struct restore *r, struct now now)
{
	ms_t at = r->down_at + r->group->def->interval * 3 / 2;

	if (at >= now.wall) {
		apply(r, now, false);
		return;
	}
	r->query.range = STR("");
	prom_query_start(&r->query, r->core->prom, buf_str(&r->expr), at, &r->alive, on_alive);
}

/* ---- the first answer: the last hour -------------------------------------------------- */

static struct labels labels_of_json(struct arena *a, const json_t *metric)
{
	struct labels_builder b;
	const char *name;
	json_t *value;

	labels_builder_init(&b);
	json_object_foreach((json_t *)(uintptr_t)metric, name, value)
		labels_builder_set(&b, str_of(name), str_of(json_string_value(value)));
	labels_builder_del(&b, STR(LABEL_NAME));

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

/* [[t, "v"], ...]: the last pair counts. */
static bool past_of_json(struct restore *r, const json_t *series, struct past *p)
{
	const json_t *values = json_object_get(series, "values");
	const json_t *last = json_array_get(values, json_array_size(values) - 1);
	const json_t *at = json_array_get(last, 0);
	double v;

	if (!json_is_number(at) ||
	    num_float(str_of(json_string_value(json_array_get(last, 1))), &v) != NUM_OK ||
	    !isfinite(v) || fabs(v) > 1e12)
		return false;
	*p = (struct past){
		.labels = labels_of_json(&r->arena, json_object_get(series, "metric")),
		.sample_at = (ms_t)llround(json_number_value(at) * 1000),
		.active_at = (ms_t)llround(v) * SECOND,
	};
	return true;
}

static bool read_past(struct restore *r, struct str body)
{
	json_t *root = json_loadb(body.p, body.n, 0, NULL), *series;
	json_t *result = json_object_get(json_object_get(root, "data"), "result");
	size_t i;

	r->n = 0;
	r->down_at = MS_NONE;
	r->past = ARENA_ARRAY(&r->arena, struct past, json_array_size(result));
	json_array_foreach(result, i, series)
	{
		if (!past_of_json(r, series, &r->past[r->n]))
			continue;
		r->down_at = MAX(r->down_at, r->past[r->n].sample_at);
		r->n++;
	}
	json_decref(root);
	return r->n > 0;
}

static void on_past(struct prom_query *q, struct now now, enum prom_end end, const struct err *err)
{
	struct restore *r = CONTAINER(q, struct restore, query);

	if (end != PROM_ANSWER)
		io_log(r->core->io, LOG_LEVEL_WARN,
		       "cannot restore the age of alerts from Prometheus", "rule=%s err=%s",
		       io_quote(rule_at(r)->rule->name).text, io_quote(str_of(err->msg)).text);
	if (end == PROM_ANSWER && read_past(r, q->body))
		ask_alive(r, now);
	else
		rule_done(r, now);
}

/* ---- asking --------------------------------------------------------------------------- */

static void put_matcher(struct buf *b, struct str name, struct str value)
{
	const struct matcher m = {.op = MATCH_EQ, .name = name, .value = value};

	matcher_put(b, &m);
}

static void put_expr(struct buf *b, const struct rule *rule)
{
	buf_clear(b);
	buf_adds(b, "ALERTS_FOR_STATE{");
	put_matcher(b, STR(LABEL_ALERTNAME), rule->name);
	for (size_t i = 0; i < rule->n_labels; i++) {
		const struct rule_text *t = &rule->label_texts[i];

		if (str_find(t->value, STR("{{")) >= 0 || !t->value.n)
			continue;
		buf_adds(b, ", ");
		put_matcher(b, t->name, t->value);
	}
	buf_addc(b, '}');
}

/* Short ones are not restored, and without alerts there is nothing to restore. */
static bool worth_asking(const struct core *c, const struct rule_run *rr)
{
	return rr->rule->alerting && !rr->restored &&
	       rr->rule->hold >= c->config->prometheus.for_grace_period &&
	       states_worst(&rr->states) != ALERT_INACTIVE;
}

static void rule_begin(struct restore *r, struct now now)
{
	struct group *g = r->group;

	arena_clear(&r->arena);
	while (r->at < g->def->n && !worth_asking(r->core, &g->rules[r->at]))
		g->rules[r->at++].restored = true;
	if (r->at == g->def->n) {
		g->last_restore_s = (double)(now.mono - r->begun) / 1000;
		batch_add(core_batch(r->core), ST_RULE_GROUP_PUT, V_TEXT(g->def->key),
			  V_INT(now.wall));
		restore_free(r);
		return;
	}
	put_expr(&r->expr, g->rules[r->at].rule);
	r->query.range = str_of(r->range);
	prom_query_start(&r->query, r->core->prom, buf_str(&r->expr), now.wall, NULL, on_past);
}

void restore_begin(struct core *c, struct now now, struct group *g)
{
	if (g->known)
		return;

	struct restore *r = MEM_NEW(struct restore);

	r->core = c;
	r->group = g;
	r->begun = now.mono;
	vector_init(&r->alive);
	arena_init(&r->arena);
	buf_init(&r->expr, BUF_MAX_ANY);
	snprintf(r->range, sizeof(r->range), "[%llds]",
		 (long long)(c->config->prometheus.for_outage_tolerance / SECOND));
	r->next = c->restores;
	c->restores = r;
	g->known = true; /* asked once; what cannot be restored counts as restored */
	rule_begin(r, now);
}
