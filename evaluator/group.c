/*
 * When groups run. A slot is (k * interval + offset); the first one evaluated is the one after the
 * start. When an iteration took longer than the interval, the slots that passed are counted as
 * missed and the latest one is taken at once, as Prometheus's ticker does.
 */
#include "evaluator/group.h"

#include <stdlib.h>

#include "base/mem.h"
#include "evaluator/core_private.h"
#include "evaluator/evaluation.h"
#include "rules/expand.h"

#define NS_PER_MS 1000000

static void run_slot(struct group *g, struct now now);

static int64_t interval_ns(const struct group *g)
{
	return g->def->interval * NS_PER_MS;
}

ms_t group_slot_ms(const struct group *g)
{
	return g->slot_ns / NS_PER_MS;
}

/* The first millisecond at or after the slot: a timer must not fire before it. */
static ms_t slot_due(int64_t slot_ns)
{
	return (slot_ns + NS_PER_MS - 1) / NS_PER_MS;
}

static void on_timer(struct timer *t, struct now now)
{
	struct group *g = CONTAINER(t, struct group, timer);

	if (!g->running)
		run_slot(g, now);
}

static void arm(struct group *g)
{
	timer_set(&g->core->timers, &g->timer, TIMER_WALL, slot_due(g->slot_ns + interval_ns(g)),
		  on_timer);
}

/* Advances to the latest slot that is due and evaluates it. */
static void run_slot(struct group *g, struct now now)
{
	int64_t passed = (now.wall * NS_PER_MS - g->slot_ns) / interval_ns(g);

	if (passed < 1) {
		arm(g);
		return;
	}
	g->missed += (uint64_t)(passed - 1);
	g->iterations += (uint64_t)passed;
	g->slot_ns += passed * interval_ns(g);
	g->last_start = now.wall;
	g->started_mono = now.mono;
	evaluation_start(g, now);
}

static void start(struct group *g, struct now now)
{
	g->slot_ns = rule_group_slot_ns(g->def, now.wall * NS_PER_MS);
	g->started = true;
	arm(g);
}

void group_finished(struct group *g, struct now now, bool reached)
{
	g->running = NULL;
	g->last_s = (double)(now.mono - g->started_mono) / 1000;
	g->evaluations_done = MIN(g->evaluations_done + 1, 2u);
	core_group_done(g->core, now, g, reached);
	if (now.wall * NS_PER_MS - g->slot_ns >= interval_ns(g))
		timer_set(&g->core->timers, &g->timer, TIMER_WALL, now.wall, on_timer);
	else
		arm(g);
}

static unsigned needs_of(const struct rule_text *t, size_t n)
{
	unsigned needs = 0;

	for (size_t i = 0; i < n; i++)
		needs |= t[i].expand ? expand_needs(t[i].expand) : 0;
	return needs;
}

/* Rules that share name and labels within a group are told apart by their order. */
static char *key_of(const struct group *g, size_t at)
{
	const struct rule *r = &g->def->rules[at];
	struct buf b;
	size_t twin = 0;

	for (size_t i = 0; i < at; i++)
		twin += str_eq(g->def->rules[i].name, r->name) &&
			labels_eq(g->def->rules[i].labels, r->labels);
	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, g->def->key);
	buf_addc(&b, ';');
	buf_add(&b, r->name);
	buf_addc(&b, ';');
	labels_put(&b, r->labels, false);
	if (twin)
		buf_printf(&b, "#%zu", twin);
	return buf_take(&b, NULL);
}

static void rule_run_init(struct group *g, size_t i)
{
	struct rule_run *rr = &g->rules[i];
	const struct rule *r = &g->def->rules[i];

	*rr = (struct rule_run){
		.rule = r,
		.group = g,
		.key = key_of(g, i),
		.label_needs = needs_of(r->label_texts, r->n_labels),
		.text_needs = needs_of(r->annotations, r->n_annotations),
		.last_evaluation = MS_NONE,
	};
	states_init(&rr->states);
	map_init(&rr->written);
}

struct group *group_new(struct core *c, struct now now, struct rule_set *set,
			const struct rule_group *def)
{
	struct group *g = MEM_NEW(struct group);

	g->core = c;
	g->set = rule_set_ref(set);
	g->def = def;
	g->last_start = MS_NONE;
	g->rules = mem_alloc(def->n * sizeof(*g->rules));
	for (size_t i = 0; i < def->n; i++)
		rule_run_init(g, i);
	start(g, now);
	return g;
}

static void seen_clear(struct rule_run *rr)
{
	for (size_t i = 0; i < rr->n_seen; i++)
		labels_free(rr->seen[i].labels);
	rr->n_seen = 0;
}

static void rule_run_done(struct rule_run *rr)
{
	states_done(&rr->states);
	seen_clear(rr);
	free(rr->seen);
	map_done(&rr->written);
	free(rr->key);
	free(rr->last_error);
}

void group_free(struct group *g)
{
	if (!g)
		return;
	timer_stop(&g->core->timers, &g->timer);
	if (g->running)
		evaluation_cancel(g->running);
	for (size_t i = 0; i < g->def->n; i++)
		rule_run_done(&g->rules[i]);
	for (size_t i = 0; i < g->n_stale; i++)
		labels_free(g->stale[i]);
	free(g->stale);
	free(g->rules);
	rule_set_free(g->set);
	free(g);
}

static void stale_add(struct group *g, struct map *written)
{
	map_each (written, e) {
		g->stale = mem_grow(g->stale, (g->n_stale + 1) * sizeof(*g->stale));
		g->stale[g->n_stale++] = labels_heap(labels_of_bytes(e->key));
	}
}

struct str rule_run_identity(const struct rule_run *rr)
{
	return str_from(str_of(rr->key), rr->group->def->key.n + 1);
}

void rule_take_state(struct rule_run *to, struct rule_run *from)
{
	to->settled = from->settled = true;
	states_done(&to->states);
	to->states = from->states;
	states_init(&from->states);
	map_done(&to->written);
	to->written = from->written;
	map_init(&from->written);
	to->restored = from->restored || to->group->known;
	to->n_pending = from->n_pending;
	to->n_firing = from->n_firing;
	seen_clear(from);
}

void group_take_state(struct group *g, struct group *from)
{
	g->known = from->known;
	g->evaluations_done = from->evaluations_done;
	g->blind = from->blind;
	for (size_t i = 0; i < from->def->n; i++) {
		struct rule_run *to = NULL;

		for (size_t k = 0; k < g->def->n && !to; k++) {
			if (str_eq(str_of(g->rules[k].key), str_of(from->rules[i].key)) &&
			    g->rules[k].rule->alerting == from->rules[i].rule->alerting)
				to = &g->rules[k];
		}
		if (to)
			rule_take_state(to, &from->rules[i]);
	}
	for (size_t k = 0; k < g->def->n; k++)
		g->rules[k].restored |= g->known; /* new ones: nothing will be restored */
}

void group_take_stale(struct group *g, const struct group *from)
{
	for (size_t i = 0; i < from->def->n; i++)
		stale_add(g, &from->rules[i].written);
}

void group_shift(struct group *g, struct now now, ms_t by)
{
	for (size_t i = 0; i < g->def->n; i++)
		states_shift(&g->rules[i].states, by);
	if (g->running)
		evaluation_cancel(g->running); /* its answers are of another time */
	start(g, now);
}

struct rule_run *group_rule(struct group *g, const struct rule *r)
{
	return &g->rules[r - g->def->rules];
}
