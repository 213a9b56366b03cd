/*
 * The pending/firing machine. Every move goes through move(), which knows the allowed ones; the
 * caller learns of each change through its callback, in the order of the map (first seen first).
 */
#include "evaluator/state.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void move(struct active *a, enum alert_state to)
{
	static const bool allowed[3][3] = {
		[ALERT_INACTIVE] = {[ALERT_PENDING] = true},
		[ALERT_PENDING] = {[ALERT_FIRING] = true},
		[ALERT_FIRING] = {[ALERT_PENDING] = true, [ALERT_INACTIVE] = true},
	};

	CHECK(allowed[a->state][to]);
	a->state = to;
}

static struct active *active_new(struct labels labels)
{
	struct active *a = MEM_NEW(struct active);

	*a = (struct active){
		.labels = labels_heap(labels),
		.active_at = MS_NONE,
		.fired_at = MS_NONE,
		.resolved_at = MS_NONE,
		.keep_since = MS_NONE,
		.sent_at = MS_NONE,
		.fresh = true,
	};
	return a;
}

static void active_free(struct active *a)
{
	labels_free(a->labels);
	labels_free(a->annotations);
	free(a->because);
	free(a);
}

void states_init(struct states *s)
{
	*s = (struct states){0};
	map_init(&s->by_labels);
}

void states_done(struct states *s)
{
	struct active *a;

	states_each(s, a) active_free(a);
	map_done(&s->by_labels);
}

static void forget(struct states *s, struct active *a)
{
	CHECK(map_delete(&s->by_labels, labels_bytes(a->labels)) == a);
	active_free(a);
}

void states_begin(struct states *s)
{
	s->evaluation++;
}

struct active *states_see_again(struct states *s, struct active *a)
{
	if (a->mark == s->evaluation)
		return NULL;
	a->mark = s->evaluation;
	return a;
}

struct active *states_see(struct states *s, struct labels labels)
{
	struct active *a = map_get(&s->by_labels, labels_bytes(labels));

	if (!a) {
		a = active_new(labels);
		map_put(&s->by_labels, labels_bytes(a->labels), a);
	}
	return states_see_again(s, a);
}

void states_abort(struct states *s)
{
	struct active *a;

	states_each(s, a)
	{
		if (a->fresh)
			forget(s, a);
	}
}

/* A new alert takes the place of the entry: nothing of an earlier life stays. */
static void begin_life(struct active *a, ms_t ts)
{
	CHECK(a->state == ALERT_INACTIVE);
	move(a, ALERT_PENDING);
	a->active_at = ts;
	a->fired_at = a->resolved_at = a->keep_since = a->sent_at = MS_NONE;
	a->fresh = false;
	free(a->because);
	a->because = NULL;
}

/* When it is full every other sample goes, and from then on every other one is kept. */
static void trail_add(struct trail *t, double v)
{
	if (++t->skipped < 1u << t->stride_log2 && t->n)
		return;
	t->skipped = 0;
	if (t->n == TRAIL_MAX) {
		for (size_t i = 0; i < TRAIL_MAX / 2; i++)
			t->v[i] = t->v[2 * i];
		t->n = TRAIL_MAX / 2;
		t->stride_log2 = MIN(t->stride_log2 + 1, 15);
	}
	t->v[t->n++] = (float)v;
}

void states_apply(struct states *s, struct active *a, struct labels annotations, double value,
		  ms_t ts, state_change_fn *fn, void *arg)
{
	bool was_firing = a->state == ALERT_FIRING;
	bool changed = !labels_eq(a->annotations, annotations);

	CHECK(a->mark == s->evaluation);
	a->value = value;
	if (a->state == ALERT_INACTIVE)
		a->trail = (struct trail){0};
	trail_add(&a->trail, value);
	if (changed) {
		labels_free(a->annotations);
		a->annotations = labels_heap(annotations);
	}
	if (a->state == ALERT_INACTIVE) {
		begin_life(a, ts);
		fn(arg, a, STATE_PENDING);
	} else if (a->keep_since != MS_NONE) {
		a->keep_since = MS_NONE;
		fn(arg, a, STATE_BACK);
	} else if (was_firing && changed) {
		fn(arg, a, STATE_UPDATED);
	}
}

/* Resolved follows fired, once: only what was told as firing is told as over. */
static void tell_end(struct active *a, state_change_fn *fn, void *arg)
{
	if (!a->told)
		return;
	a->told = false;
	fn(arg, a, STATE_RESOLVED);
}

static bool settling(const struct state_rule *r)
{
	return r->settling_since != MS_NONE;
}

/* What was there before the gap is only over when an answer after settling says so. */
static bool stays_while_settling(const struct active *a, const struct state_rule *r)
{
	if (!settling(r))
		return false;
	return a->dropped || (a->state != ALERT_INACTIVE && a->active_at <= r->settling_since);
}

static bool keeps_firing(const struct active *a, const struct state_rule *r, ms_t ts)
{
	return a->state == ALERT_FIRING && r->keep_firing_for > 0 &&
	       (a->keep_since == MS_NONE || ts - a->keep_since < r->keep_firing_for);
}

/* An alert that the result no longer has. Returns false when it is to be forgotten. */
static bool absent(struct active *a, const struct state_rule *r, ms_t ts, state_change_fn *fn,
		   void *arg)
{
	if (stays_while_settling(a, r))
		return true;
	switch (a->state) {
	case ALERT_PENDING: tell_end(a, fn, arg); return false;
	case ALERT_INACTIVE: return ts - a->resolved_at <= RESOLVED_RETENTION;
	case ALERT_FIRING: break;
	}
	if (keeps_firing(a, r, ts)) {
		if (a->keep_since == MS_NONE) {
			a->keep_since = ts;
			fn(arg, a, STATE_KEPT);
		}
		return true;
	}
	move(a, ALERT_INACTIVE);
	a->resolved_at = ts;
	tell_end(a, fn, arg);
	return true;
}

/* Whether it was told before. */
static bool set_told(struct active *a)
{
	bool was = a->told;

	a->told = true;
	return was;
}

/* `for` is over, or has become longer than the alert's age. */
static void hold_step(struct active *a, bool seen, const struct state_rule *r, ms_t ts,
		      state_change_fn *fn, void *arg)
{
	bool held = ts - a->active_at >= r->hold;
	bool news = settling(r) && (!seen || a->active_at > r->settling_since);

	if (a->state == ALERT_PENDING && held && !news) {
		move(a, ALERT_FIRING);
		a->fired_at = ts;
		a->fired_value = a->value;
		fn(arg, a, set_told(a) ? STATE_REFIRED : STATE_FIRED);
	} else if (a->state == ALERT_FIRING && !held) {
		move(a, ALERT_PENDING);
		a->fired_at = a->sent_at = a->keep_since = MS_NONE;
		fn(arg, a, STATE_PENDING);
	}
}

/* What `limit` took away was told as firing; only a good evaluation says what it is now. */
static bool dropped_step(struct states *s, struct active *a, const struct state_rule *r,
			 state_change_fn *fn, void *arg)
{
	if (a->mark == s->evaluation) {
		a->dropped = false;
		return true;
	}
	if (settling(r))
		return true;
	tell_end(a, fn, arg);
	return false;
}

void states_drop(struct states *s, state_change_fn *fn, void *arg)
{
	struct active *a;

	states_each(s, a)
	{
		if (a->told) {
			a->state = ALERT_INACTIVE;
			a->dropped = true;
			a->mark = 0;
			fn(arg, a, STATE_DROPPED);
		} else {
			if (!a->fresh)
				fn(arg, a, STATE_FORGOTTEN);
			forget(s, a);
		}
	}
}

size_t states_would_be_active(const struct states *s, const struct state_rule *r, ms_t ts)
{
	const struct active *a;
	size_t n = 0;

	states_each(s, a)
	{
		n += a->mark == s->evaluation || keeps_firing(a, r, ts) ||
		     (a->state != ALERT_INACTIVE && stays_while_settling(a, r));
	}
	return n;
}

void states_step(struct states *s, const struct state_rule *r, ms_t ts, state_change_fn *fn,
		 void *arg)
{
	struct active *a;

	states_each(s, a)
	{
		bool stays = true;

		if (a->dropped)
			stays = dropped_step(s, a, r, fn, arg);
		if (stays && a->mark != s->evaluation)
			stays = absent(a, r, ts, fn, arg);
		if (!stays) {
			fn(arg, a, STATE_FORGOTTEN);
			forget(s, a);
			continue;
		}
		if (a->state != ALERT_INACTIVE)
			hold_step(a, a->mark == s->evaluation, r, ts, fn, arg);
	}
}

struct active *states_restore(struct states *s, const struct active *from)
{
	struct active *a = active_new(from->labels);
	struct labels own = a->labels;

	*a = *from;
	a->labels = own;
	a->annotations = labels_heap(from->annotations);
	a->because = from->because ? mem_str(str_of(from->because)) : NULL;
	a->fired_value = NAN;
	a->mark = 0;
	a->fresh = false;
	CHECK(!map_put(&s->by_labels, labels_bytes(own), a));
	return a;
}

static void shift(ms_t *t, ms_t by)
{
	if (*t != MS_NONE)
		*t += by;
}

void active_shift(struct active *a, ms_t by)
{
	shift(&a->active_at, by);
	shift(&a->fired_at, by);
	shift(&a->resolved_at, by);
	shift(&a->keep_since, by);
	shift(&a->sent_at, by);
}

void states_shift(struct states *s, ms_t by)
{
	struct active *a;

	states_each(s, a) active_shift(a, by);
}

size_t states_count(const struct states *s, enum alert_state state)
{
	const struct active *a;
	size_t n = 0;

	states_each(s, a) n += a->state == state;
	return n;
}

enum alert_state states_worst(const struct states *s)
{
	const struct active *a;
	enum alert_state worst = ALERT_INACTIVE;

	states_each(s, a) worst = MAX(worst, a->state);
	return worst;
}

ms_t state_restored_active_at(ms_t hold, ms_t grace, ms_t now, ms_t sample_at, ms_t active_at)
{
	ms_t down_at = sample_at / SECOND * SECOND;
	ms_t remaining = hold - (down_at - active_at);

	if (remaining <= 0)
		return active_at;
	if (remaining < grace)
		return now + grace - hold;
	return active_at + (now - down_at);
}

bool state_needs_sending(const struct active *a, ms_t ts, ms_t resend_delay)
{
	if (a->state == ALERT_PENDING || a->dropped)
		return false;
	if (a->sent_at == MS_NONE)
		return true;
	if (a->resolved_at != MS_NONE && a->resolved_at > a->sent_at)
		return true;
	return a->sent_at + resend_delay < ts;
}
