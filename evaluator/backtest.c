/* Range results walked slot by slot. */
#include "evaluator/backtest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "promql/histogram.h"

#define NS_PER_MS 1000000

void backtest_init(struct backtest *b, const struct rule_group *g, const struct rule *r,
		   const struct limits *l)
{
	*b = (struct backtest){.group = g, .rule = r};
	expander_init(&b->expander, l);
	states_init(&b->states);
	arena_init(&b->labels);
	arena_init(&b->step);
	map_init(&b->open);
	element_maker_init(&b->maker, &b->expander, &b->step);
}

void backtest_done(struct backtest *b)
{
	states_done(&b->states);
	arena_done(&b->labels);
	arena_done(&b->step);
	map_done(&b->open);
	element_maker_done(&b->maker);
	expander_done(&b->expander);
	free(b->v);
}

ms_t backtest_slot(const struct rule_group *g, ms_t t)
{
	int64_t slot = rule_group_slot_ns(g, t * NS_PER_MS) / NS_PER_MS;

	return slot < t ? slot + g->interval : slot;
}

/* ---- episodes ----------------------------------------------------------------------------------
 */

static struct episode *last_of(const struct backtest *b, struct labels labels)
{
	size_t number = (size_t)map_get(&b->open, labels_bytes(labels));

	return number ? &b->v[number - 1] : NULL;
}

static void begin(struct backtest *b, const struct active *a)
{
	const struct episode *before = last_of(b, a->labels);
	struct episode e = {.labels = before ? before->labels : labels_dup(&b->labels, a->labels),
			    .pending_at = a->active_at,
			    .fired_at = b->now,
			    .ended_at = MS_NONE,
			    .value = a->value};

	e.flap =
		before && before->ended_at != MS_NONE && b->now - before->ended_at <= BACKTEST_FLAP;
	b->v = mem_reserve(b->v, &b->cap, b->n + 1, sizeof(*b->v));
	b->v[b->n++] = e;
	map_put(&b->open, labels_bytes(a->labels), (void *)(uintptr_t)b->n);
}

static void on_change(void *arg, struct active *a, enum state_change what)
{
	struct backtest *b = arg;
	struct episode *e = last_of(b, a->labels);

	switch ((int)what) {
	case STATE_FIRED: begin(b, a); break;
	case STATE_RESOLVED:
		if (e)
			e->ended_at = b->now;
		break;
	case STATE_FORGOTTEN: b->almost += a->state == ALERT_PENDING; break;
	default: break;
	}
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static void failed(struct backtest *b, const char *why)
{
	if (b->errors++)
		return;
	snprintf(b->error, sizeof(b->error), "%s", why);
	b->error_at = b->now;
}

static void step(struct backtest *b, const struct sample *v, size_t n)
{
	struct state_rule sr = {.hold = b->rule->hold,
				.keep_firing_for = b->rule->keep_firing_for,
				.settling_since = MS_NONE};
	struct expand_env env = {.at = b->now};
	struct active **active = ARENA_ARRAY(&b->step, struct active *, n);

	states_begin(&b->states);
	for (size_t i = 0; i < n; i++) {
		struct labels labels;

		element_labels(&b->maker, b->rule, &env, &v[i], &labels);
		active[i] = states_see(&b->states, labels);
		if (active[i])
			continue;
		states_abort(&b->states);
		failed(b, "vector contains metrics with the same labelset after applying alert "
			  "labels");
		return;
	}
	if (b->group->limit > 0 &&
	    states_would_be_active(&b->states, &sr, b->now) > (size_t)b->group->limit) {
		failed(b, "the group's limit of alerts is exceeded");
		states_drop(&b->states, on_change, b);
		return;
	}
	for (size_t i = 0; i < n; i++)
		states_apply(&b->states, active[i], (struct labels){0}, v[i].v, b->now, on_change,
			     b);
	states_step(&b->states, &sr, b->now, on_change, b);
}

void backtest_feed(struct backtest *b, const struct result *r, ms_t from, ms_t to)
{
	struct arena a;
	size_t *at;
	struct sample *v;

	arena_init(&a);
	at = ARENA_ARRAY(&a, size_t, r->n);
	v = ARENA_ARRAY(&a, struct sample, r->n);
	for (b->now = from; b->now <= to; b->now += b->group->interval) {
		ms_t t = b->now - b->group->query_offset;
		size_t n = 0;

		arena_clear(&b->step);
		for (size_t k = 0; k < r->n; k++) {
			const struct points *p = &r->v[k].points;

			while (at[k] < p->n && p->t[at[k]] < t)
				at[k]++;
			if (at[k] < p->n && p->t[at[k]] == t)
				v[n++] =
					(struct sample){.labels = r->v[k].labels, .v = p->v[at[k]]};
		}
		step(b, v, n);
	}
	arena_done(&a);
}

/* ---- sums --------------------------------------------------------------------------------------
 */

struct backtest_sum backtest_sum(const struct backtest *b, ms_t end,
				 bool (*at_night)(void *arg, ms_t t), void *arg)
{
	struct backtest_sum s = {.pages = b->n, .series = b->open.n};

	for (size_t i = 0; i < b->n; i++) {
		const struct episode *e = &b->v[i];
		ms_t length = (e->ended_at == MS_NONE ? end : e->ended_at) - e->fired_at;

		s.firing += length;
		s.longest = MAX(s.longest, length);
		s.flaps += e->flap;
		s.night += at_night && at_night(arg, e->fired_at);
	}
	return s;
}
