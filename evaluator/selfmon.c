/*
 * rouse about itself: blind (Prometheus cannot be asked), a store that does not take what must be
 * durable, a clock that jumps, and whatever the notifier reports. Each is an alert that goes the
 * way of all alerts, so that somebody is told.
 *
 * Tilt: when the wall clock steps, ages must not jump with it: an alert that has been pending for
 * 20 s is still 20 s old after the clock was set an hour ahead.
 */
#include "evaluator/core_private.h"

#include <stdlib.h>

#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/group.h"
#include "notify/notify.h"

#define REPLACED_TOLD_FOR HOUR
#define CLOCK_STEP (2 * SECOND) /* wall against mono between two ticks: more is a jump */

struct self_alert {
	ms_t since;
	bool firing;
};

static struct str key_of(struct arena *a, struct str name, struct str what)
{
	return arena_printf(a, "%.*s %.*s", STR_ARG(name), STR_ARG(what));
}

static struct labels labels_of(struct core *c, struct arena *a, struct str name, struct str what)
{
	struct labels_builder b;
	struct labels_iter it = {0};
	struct label l;

	labels_builder_init(&b);
	if (c->config) {
		while (labels_next(c->config->prometheus.external_labels, &it, &l))
			labels_builder_set(&b, l.name, l.value);
	}
	labels_builder_set(&b, STR(LABEL_ALERTNAME), name);
	labels_builder_set(&b, STR("severity"), STR("critical"));
	if (what.n)
		labels_builder_set(&b, STR("subject"), what);

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

static struct labels annotations_of(struct arena *a, struct str text)
{
	struct labels_builder b;

	labels_builder_init(&b);
	labels_builder_set(&b, STR("summary"), text);

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

void selfmon_alert(struct core *c, struct now now, struct str name, struct str what,
		   struct str text, bool firing)
{
	struct arena a;

	arena_init(&a);

	struct str key = key_of(&a, name, what);
	struct self_alert *s = map_get(&c->self_alerts, key);

	if (!s && firing) {
		s = MEM_NEW(struct self_alert);
		map_put(&c->self_alerts, key, s);
	}
	if (s && s->firing != firing) {
		if (firing)
			s->since = now.wall;
		s->firing = firing;

		struct alert_in in = {
			.labels = labels_of(c, &a, name, what),
			.annotations = annotations_of(&a, text),
			.starts_at = s->since,
			.ends_at = firing ? MS_NONE : now.wall,
			.source = ALERT_FROM_SELF,
		};

		core_event(c, now, firing ? "self-firing" : "self-resolved", key, "%.*s",
			   STR_ARG(text));
		notify_put(c->notify, now, &in, 1);
		core_changed(c);
	}
	arena_done(&a);
}

static bool restored(void *arg, const struct alert *al)
{
	struct core *c = arg;
	struct self_alert *s;
	struct arena a;

	if (al->source != ALERT_FROM_SELF || al->ends_at != MS_NONE)
		return true;
	arena_init(&a);
	s = MEM_NEW(struct self_alert);
	*s = (struct self_alert){.since = al->starts_at, .firing = true};
	free(map_put(&c->self_alerts,
		     key_of(&a, labels_get(al->labels, STR(LABEL_ALERTNAME)),
			    labels_get(al->labels, STR("subject"))),
		     s));
	arena_done(&a);
	return true;
}

static void on_replaced_over(struct timer *t, struct now now)
{
	struct core *c = CONTAINER(t, struct core, replaced_over);

	selfmon_alert(c, now, STR("RouseStoreReplaced"), STR(""),
		      STR("rouse goes on with the new store"), false);
}

static void replaced_until(struct core *c, struct now now)
{
	timer_set(&c->timers, &c->replaced_over, TIMER_MONO, now.mono + REPLACED_TOLD_FOR,
		  on_replaced_over);
}

void selfmon_replaced(struct core *c, struct now now, struct str text)
{
	selfmon_alert(c, now, STR("RouseStoreReplaced"), STR(""), text, true);
	replaced_until(c, now);
}

void selfmon_restored(struct core *c, struct now now)
{
	const struct self_alert *s;

	notify_alerts(c->notify, restored, c);
	s = map_get(&c->self_alerts, STR("RouseBlind "));
	if (s) {
		c->blind = true;
		c->blind_since = s->since;
		c->blind_since_mono = now.mono;
	}
	if (map_get(&c->self_alerts, STR("RouseStoreReplaced ")))
		replaced_until(c, now);
	s = map_get(&c->self_alerts, STR("RouseStoreFailing "));
	c->store_failing = s != NULL;
}

struct relabeling {
	struct core *c;
	struct arena arena;
	struct alert_in *v;
	size_t n, cap;
	ms_t wall;
};

/* An alert of ours that has other labels than it would get now: one ends, one begins. It may have
 * ended already, under labels that nobody knew. */
static bool relabel(void *arg, const struct alert *al)
{
	struct relabeling *r = arg;
	struct str name = labels_get(al->labels, STR(LABEL_ALERTNAME));
	struct str what = labels_get(al->labels, STR("subject"));
	struct labels ls = labels_of(r->c, &r->arena, name, what);
	const struct self_alert *s = map_get(&r->c->self_alerts, key_of(&r->arena, name, what));
	struct alert_in in = {
		.labels = labels_dup(&r->arena, al->labels),
		.annotations = labels_dup(&r->arena, al->annotations),
		.starts_at = al->starts_at,
		.ends_at = r->wall,
		.source = ALERT_FROM_SELF,
	};

	if (al->source != ALERT_FROM_SELF || al->ends_at != MS_NONE || labels_eq(ls, al->labels))
		return true;
	r->v = mem_reserve(r->v, &r->cap, r->n + 2, sizeof(*r->v));
	r->v[r->n++] = in;
	in.labels = ls;
	in.ends_at = MS_NONE;
	if (s && s->firing)
		r->v[r->n++] = in;
	return true;
}

void selfmon_relabel(struct core *c, struct now now)
{
	struct relabeling r = {.c = c, .wall = now.wall};

	arena_init(&r.arena);
	notify_alerts(c->notify, relabel, &r);
	if (r.n)
		notify_put(c->notify, now, r.v, r.n);
	arena_done(&r.arena);
	free(r.v);
}

void selfmon_done(struct core *c)
{
	timer_stop(&c->timers, &c->replaced_over);
	map_each (&c->self_alerts, e)
		free(e->value);
	map_done(&c->self_alerts);
}

/* ---- blind ---------------------------------------------------------------------------- */

static size_t blind_groups(const struct core *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_groups; i++)
		n += c->groups[i]->blind >= c->config->prometheus.blind_after;
	return n;
}

/* A Prometheus that is restarted is away for minutes, too: the status page says so at once, but
 * nobody is woken before it has lasted. */
static void blind_page(struct core *c, struct now now)
{
	const struct prometheus_config *p = &c->config->prometheus;
	char text[256];

	if (now.mono - c->blind_since_mono < p->blind_for)
		return;
	snprintf(text, sizeof(text),
		 "rouse is blind: Prometheus has not answered for %d evaluations in a row and more "
		 "than %lld s; no alert fires or resolves until it does",
		 p->blind_after, (long long)(p->blind_for / SECOND));
	selfmon_alert(c, now, STR("RouseBlind"), STR(""), str_of(text), true);
}

void selfmon_blind(struct core *c, struct now now, bool seen)
{
	size_t n = blind_groups(c);

	if (n && !c->blind) {
		c->blind = true;
		c->blind_since = now.wall;
		c->blind_since_mono = now.mono;
		io_log(c->io, LOG_LEVEL_ERROR, "blind: Prometheus does not answer", "groups=%zu",
		       n);
		core_changed(c);
	} else if (!n && c->blind && seen) {
		c->blind = false;
		io_log(c->io, LOG_LEVEL_INFO, "Prometheus answers again", "blind_s=%lld",
		       (long long)((now.wall - c->blind_since) / SECOND));
		selfmon_alert(c, now, STR("RouseBlind"), STR(""),
			      STR("rouse sees again: Prometheus answers"), false);
		core_changed(c);
	}
	if (c->blind)
		blind_page(c, now);
}

/* ---- the store -------------------------------------------------------------------------- */

void selfmon_store(struct core *c, struct now now, bool ok, struct str error)
{
	if (ok == !c->store_failing)
		return;
	c->store_failing = !ok;
	free(c->store_error);
	c->store_error = ok ? NULL : mem_str(error);
	if (!ok)
		io_log(c->io, LOG_LEVEL_ERROR, "the store does not take what must be durable",
		       "err=%s", io_quote(error).text);
	selfmon_alert(c, now, STR("RouseStoreFailing"), STR(""),
		      ok ? STR("the store takes writes again")
			 : STR("the store does not take writes: pages go out, but a restart may "
			       "forget them or send them twice"),
		      !ok);
}

/* ---- the clock ------------------------------------------------------------------------ */

ms_t selfmon_clock(struct core *c, struct now now)
{
	ms_t step = 0;

	if (c->last.mono != MS_NONE)
		step = (now.wall - c->last.wall) - (now.mono - c->last.mono);
	c->last = now;
	if (step > -CLOCK_STEP && step < CLOCK_STEP) {
		c->tilt = false;
		return 0;
	}
	c->tilt = true;
	c->tilts++;
	io_log(c->io, LOG_LEVEL_WARN, "the wall clock jumped", "by_ms=%lld", (long long)step);
	return step;
}
