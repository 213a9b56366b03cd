/* Why (not); see explain.h. */
#include "notify/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "notify/flap.h"
#include "notify/inhibit.h"
#include "notify/inner.h"
#include "notify/matcher.h"
#include "notify/route.h"
#include "notify/silence.h"

const char *explain_kind_name(enum explain_kind k)
{
	static const char *const NAMES[] = {
		[EXPLAIN_NOBODY] = "nobody",
		[EXPLAIN_INHIBITED] = "inhibition",
		[EXPLAIN_TIME] = "time_interval",
		[EXPLAIN_SILENCED] = "silence",
		[EXPLAIN_GROUP_WAIT] = "group_wait",
		[EXPLAIN_GROUP_INTERVAL] = "group_interval",
		[EXPLAIN_UNDERWAY] = "delivery",
		[EXPLAIN_REFUSED] = "refused",
		[EXPLAIN_TOLD] = "told",
		[EXPLAIN_NO_ENDS] = "send_resolved",
		[EXPLAIN_FLAPPING] = "flapping",
		[EXPLAIN_UNKNOWN] = "unknown",
	};

	return NAMES[k];
}

struct asking {
	const struct notify *n;
	struct now now;
	ms_t at; /* wall */
	bool past;
	bool flaps; /* in the group at hand */
	const struct explain_query *q;
	struct arena *arena;  /* of one alert */
	struct explanation e; /* what is known so far */
	bool (*fn)(void *arg, const struct explanation *e);
	void *arg;
	bool stop;
};

/* ---- words ------------------------------------------------------------------------------- */
static struct str when(const struct asking *x, ms_t wall)
{
	struct str s;
	struct buf b;

	buf_init(&b, 64);
	time_put_rfc3339(&b, wall / 1000 * 1000);
	s = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static struct str span(const struct asking *x, ms_t d)
{
	struct str s;
	struct buf b;

	buf_init(&b, 64);
	num_put_duration(&b, MAX(d, 0) / 1000 * 1000);
	s = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static struct str labels_text(struct arena *a, struct labels ls)
{
	struct str s;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	route_put_labels(&b, ls);
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static void say(struct asking *x, enum explain_kind kind, struct str object, ms_t until,
		struct str text)
{
	x->e.kind = kind;
	x->e.object = object;
	x->e.until = until;
	x->e.text = text;
	x->stop = x->stop || !x->fn(x->arg, &x->e);
}

static struct str row_id(const struct asking *x, const struct row *r)
{
	return arena_printf(x->arena, "%llu", (unsigned long long)r->id);
}

/* ---- what keeps an alert back ------------------------------------------------------------ */
struct first_name {
	struct arena *arena;
	struct str name;
};

static void take_name(void *arg, struct str name)
{
	struct first_name *f = arg;

	if (!f->name.n)
		f->name = arena_str(f->arena, name);
}

static struct str inhibited_text(struct arena *a, const struct inhibit_rule *r, struct str source)
{
	if (r && r->name.n)
		return arena_printf(a, "inhibited by %.*s (inhibition rule \"%.*s\")",
				    STR_ARG(source), STR_ARG(r->name));
	return arena_printf(a, "inhibited by %.*s", STR_ARG(source));
}

static struct str silenced_text(struct arena *a, const struct silence *s)
{
	struct str text;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "silenced by %.*s until ", STR_ARG(s->created_by));
	time_put_rfc3339(&b, s->ends_at / 1000 * 1000);
	buf_printf(&b, ": %.*s (silence %.*s)", STR_ARG(s->comment), STR_ARG(s->id));
	text = arena_str(a, buf_str(&b));
	buf_done(&b);
	return text;
}

bool explain_keeper(const struct group *g, ms_t wall, struct labels ls, struct arena *a,
		    struct keeper *out)
{
	const struct alert *source = inhibitor_find(g->n->inhibitor, wall, ls);
	struct first_name f = {.arena = a};
	const struct silence *s;

	/* In the order of Alertmanager's stages. */
	if (source) {
		out->by = "inhibition";
		out->object = labels_text(a, source->labels);
		out->text =
			inhibited_text(a, inhibitor_rule(g->n->inhibitor, wall, ls), out->object);
		return true;
	}
	if (route_muted(g->route, wall)) {
		route_muted_by(g->route, wall, take_name, &f);
		out->by = "time_interval";
		out->object = f.name;
		out->text = arena_printf(a, "%s time interval \"%.*s\"",
					 route_rests(g->route, wall) ? "outside the active"
								     : "muted by the",
					 STR_ARG(f.name));
		return true;
	}
	s = notify_silenced(g->n, wall, ls);
	if (!s)
		return false;
	out->by = "silence";
	out->object = arena_str(a, s->id);
	out->text = silenced_text(a, s);
	return true;
}

static enum explain_kind kind_of_keeper(struct str by)
{
	return str_is(by, "silence")	  ? EXPLAIN_SILENCED
	       : str_is(by, "inhibition") ? EXPLAIN_INHIBITED
					  : EXPLAIN_TIME;
}

/* ---- one integration, now ---------------------------------------------------------------- */
/* The newest done row of a lane that speaks of the alert; NULL: none is remembered. */
static const struct row *last_row(const struct asking *x, const char *group_key, const char *dest,
				  ms_t until)
{
	for (const struct row *r = x->n->newest; r; r = r->older) {
		if (r->created_at <= until && strcmp(r->receiver, dest) == 0 &&
		    strcmp(r->group_key, group_key) == 0 && r->status != OUTBOX_REPLACED &&
		    (hashes_has(r->firing, x->e.alert) || hashes_has(r->told_resolved, x->e.alert)))
			return r;
	}
	return NULL;
}

static ms_t flush_wall(const struct asking *x, const struct group *g)
{
	return x->now.wall + MAX(g->timer.due - x->now.mono, 0);
}

/* The first flush at which what was told is old enough to be told again. */
static ms_t repeat_wall(const struct asking *x, const struct group *g, const struct lane *l)
{
	ms_t old_enough = x->now.wall + g->route->repeat_interval - (x->now.mono - l->sent_mono);
	ms_t at = flush_wall(x, g), every = g->route->group_interval;

	if (at < old_enough)
		at += (old_enough - at + every - 1) / every * every;
	return at;
}

static void explain_open_row(struct asking *x, const struct row *r)
{
	const struct lane *l = r->lane;

	if (r->status == OUTBOX_RETRY)
		say(x, EXPLAIN_UNDERWAY, row_id(x, r),
		    x->now.wall + MAX(r->next_mono - x->now.mono, 0),
		    arena_printf(
			    x->arena,
			    "not delivered yet, after %d attempts: %s; the next one is at %.*s",
			    r->attempts, r->error,
			    STR_ARG(when(x, x->now.wall + MAX(r->next_mono - x->now.mono, 0)))));
	else if (r->status == OUTBOX_SENDING)
		say(x, EXPLAIN_UNDERWAY, row_id(x, r), MS_NONE,
		    arena_printf(x->arena, "on its way since %.*s",
				 STR_ARG(when(x, r->created_at))));
	else if (l->first != r)
		say(x, EXPLAIN_UNDERWAY, row_id(x, r), MS_NONE,
		    arena_printf(x->arena, "waits behind delivery %llu, which is not through: %s",
				 (unsigned long long)l->first->id, l->first->error));
	else
		say(x, EXPLAIN_UNDERWAY, row_id(x, r), MS_NONE,
		    l->dest->paused ? STR("waits: the receiver asked to be left alone for a while")
				    : STR("about to be sent"));
}

static void explain_told(struct asking *x, const struct group *g, const struct lane *l)
{
	const struct row *r = last_row(x, g->key, l->dest->id, x->now.wall);
	ms_t again = repeat_wall(x, g, l);

	say(x, EXPLAIN_TOLD, r ? row_id(x, r) : STR(""), again,
	    arena_printf(x->arena,
			 "told at %.*s; again at %.*s if nothing changes (repeat_interval %.*s, at "
			 "a flush every %.*s)",
			 STR_ARG(when(x, l->sent_at)), STR_ARG(when(x, again)),
			 STR_ARG(span(x, g->route->repeat_interval)),
			 STR_ARG(span(x, g->route->group_interval))));
}

/* Nothing is open, and the lane was not told that it fires. */
static void explain_news(struct asking *x, const struct group *g, const struct lane *l)
{
	const struct row *r = last_row(x, g->key, l->dest->id, x->now.wall);
	ms_t next = flush_wall(x, g);

	if (r && r->status == OUTBOX_DEAD)
		say(x, EXPLAIN_REFUSED, row_id(x, r), next,
		    arena_printf(x->arena, "refused at %.*s: %s; it is tried again at %.*s%s%.*s",
				 STR_ARG(when(x, r->done_at)), r->error, STR_ARG(when(x, next)),
				 g->fallback ? ", and told to " : "",
				 STR_ARG(g->fallback ? g->fallback->name : STR(""))));
	else if (!g->flushed)
		say(x, EXPLAIN_GROUP_WAIT, STR(""), next,
		    arena_printf(x->arena,
				 "its group waits %.*s for company (group_wait); it is told at "
				 "%.*s",
				 STR_ARG(span(x, g->route->group_wait)), STR_ARG(when(x, next))));
	else
		say(x, EXPLAIN_GROUP_INTERVAL, STR(""), next,
		    arena_printf(x->arena,
				 "its group tells news every %.*s (group_interval); it is told at "
				 "%.*s",
				 STR_ARG(span(x, g->route->group_interval)),
				 STR_ARG(when(x, next))));
}

static void explain_end(struct asking *x, const struct group *g, const struct lane *l)
{
	const struct row *r = last_row(x, g->key, l->dest->id, x->now.wall);
	bool knows = hashes_has(l->firing, x->e.alert) || hashes_has(l->doubt, x->e.alert);

	if (!l->dest->to->send_resolved)
		say(x, EXPLAIN_NO_ENDS, STR("send_resolved"), MS_NONE,
		    STR("it is over, and the integration does not hear of ends (send_resolved: "
			"false)"));
	else if (knows)
		say(x, EXPLAIN_GROUP_INTERVAL, STR(""), flush_wall(x, g),
		    arena_printf(x->arena, "it is over; that is told at %.*s (group_interval %.*s)",
				 STR_ARG(when(x, flush_wall(x, g))),
				 STR_ARG(span(x, g->route->group_interval))));
	else if (r && hashes_has(r->told_resolved, x->e.alert))
		say(x, EXPLAIN_TOLD, row_id(x, r), MS_NONE,
		    arena_printf(x->arena, "told at %.*s that it is over",
				 STR_ARG(when(x, r->done_at))));
	else
		say(x, EXPLAIN_TOLD, STR(""), MS_NONE,
		    STR("it was over before anybody was told: nothing is said of it"));
}

static void explain_lane(struct asking *x, const struct group *g, const struct lane *l)
{
	const struct row *open = NULL;

	x->e.integration = str_of(l->dest->id);
	for (const struct row *r = l->first; r; r = r->lane_next) {
		if (hashes_has(r->firing, x->e.alert) || hashes_has(r->told_resolved, x->e.alert))
			open = r;
	}
	if (open)
		explain_open_row(x, open);
	else if (!x->e.firing && x->flaps)
		say(x, EXPLAIN_FLAPPING, STR("flapping"), MS_NONE,
		    arena_printf(x->arena,
				 "it is over, but it began %u times within %.*s: its end is told "
				 "when "
				 "it has been quiet for that long (flapping)",
				 g->route->flap_times, STR_ARG(span(x, g->route->flap_within))));
	else if (!x->e.firing)
		explain_end(x, g, l);
	else if (hashes_has(l->firing, x->e.alert))
		explain_told(x, g, l);
	else
		explain_news(x, g, l);
}

static void explain_group_now(struct asking *x, const struct group *g)
{
	struct keeper k;

	x->e.integration = STR("");
	if (!g->receiver || !g->receiver->n) {
		say(x, EXPLAIN_NOBODY, g->route->receiver, MS_NONE,
		    arena_printf(x->arena, "receiver \"%.*s\" has no integrations: it tells nobody",
				 STR_ARG(g->route->receiver)));
		return;
	}
	if (explain_keeper(g, x->now.wall, x->e.labels, x->arena, &k)) {
		say(x, kind_of_keeper(str_of(k.by)), k.object, MS_NONE, k.text);
		return;
	}
	for (size_t i = 0; i < g->n_lanes && !x->stop; i++) {
		if (i < g->n_own || g->lanes[i]->told || g->lanes[i]->first)
			explain_lane(x, g, g->lanes[i]);
	}
}

/* ---- the past ---------------------------------------------------------------------------- */
/* The last event about the alert in the group until then, if it says that it is kept back. */
static const struct event *kept_at(const struct asking *x, struct str group_key)
{
	for (const struct event *e = x->n->journal.newest; e; e = e->older) {
		if (e->kind == EVENT_OVER || e->at > x->at || e->alert != x->e.alert ||
		    !str_is(group_key, e->group_key))
			continue;
		/* One that belongs to an earlier life says nothing. */
		return e->kind == EVENT_KEPT && e->at >= x->e.starts_at ? e : NULL;
	}
	return NULL;
}

static void explain_row_then(struct asking *x, const struct row *r)
{
	bool open = r->done_at == MS_NONE || r->done_at > x->at;

	if (open)
		say(x, EXPLAIN_UNDERWAY, row_id(x, r), r->done_at,
		    arena_printf(x->arena, "was on its way since %.*s, after %d attempts: %s",
				 STR_ARG(when(x, r->created_at)), r->attempts, r->error));
	else if (r->status == OUTBOX_DEAD)
		say(x, EXPLAIN_REFUSED, row_id(x, r), MS_NONE,
		    arena_printf(x->arena, "was refused at %.*s: %s", STR_ARG(when(x, r->done_at)),
				 r->error));
	else
		say(x, EXPLAIN_TOLD, row_id(x, r), MS_NONE,
		    arena_printf(x->arena, "had been told at %.*s (%s)",
				 STR_ARG(when(x, r->done_at)), r->reason));
}

static void explain_nothing_then(struct asking *x, const struct route *rt)
{
	if (x->at < x->e.starts_at + rt->group_wait)
		say(x, EXPLAIN_GROUP_WAIT, STR(""), x->e.starts_at + rt->group_wait,
		    arena_printf(x->arena, "its group waited %.*s for company (group_wait)",
				 STR_ARG(span(x, rt->group_wait))));
	else
		say(x, EXPLAIN_UNKNOWN, STR(""), MS_NONE,
		    STR("nothing is remembered of that time: neither that it was told nor that "
			"something kept it back"));
}

static void explain_route_then(void *arg, const struct route *rt)
{
	struct asking *x = arg;
	const struct receiver *rc = notify_config_receiver(x->n->config, rt->receiver);
	const struct event *kept;
	struct str key;
	bool any = false;

	if (x->stop || (x->q->receiver.n && !str_eq(rt->receiver, x->q->receiver)))
		return;
	key = labels_text(x->arena, route_group_labels(rt, x->e.labels, x->arena));
	key = arena_printf(x->arena, "%.*s:%.*s", STR_ARG(rt->key), STR_ARG(key));
	x->e.route = rt;
	x->e.receiver = rt->receiver;
	x->e.group_key = key;
	x->e.integration = STR("");
	kept = kept_at(x, key);
	if (kept) {
		say(x, kind_of_keeper(str_of(kept->by)), str_of(kept->object), MS_NONE,
		    arena_printf(x->arena, "%s (since %.*s)", kept->text,
				 STR_ARG(when(x, kept->at))));
		return;
	}
	for (size_t i = 0; rc && i < rc->n && !x->stop; i++) {
		char *dest = mem_str(rc->integrations[i].id), *group = mem_str(key);
		const struct row *r = last_row(x, group, dest, x->at);

		x->e.integration = rc->integrations[i].id;
		if (r && r->created_at >= x->e.starts_at)
			explain_row_then(x, r);
		any |= r && r->created_at >= x->e.starts_at;
		free(dest);
		free(group);
	}
	x->e.integration = STR("");
	if (!any)
		explain_nothing_then(x, rt);
}

static void explain_then(struct asking *x)
{
	route_match(x->n->config ? x->n->config->root : NULL, x->e.labels, explain_route_then, x);
}

/* ---- the question ------------------------------------------------------------------------ */
static bool is_asked(const struct explain_query *q, struct labels ls)
{
	struct err err;
	bool ok;

	return am_matchers_test(q->matchers, q->n, ls, &ok, &err) && ok;
}

static void explain_live(struct asking *x, const struct kept_alert *ka)
{
	const struct alert *a = &ka->a;

	x->e = (struct explanation){.alert = a->hash,
				    .labels = a->labels,
				    .starts_at = a->starts_at,
				    .ends_at = alert_resolved(a, x->at) ? a->ends_at : MS_NONE,
				    .firing = !alert_resolved(a, x->at),
				    .until = MS_NONE};
	if (x->past) {
		explain_then(x);
		return;
	}
	for (size_t i = 0; i < ka->n_in && !x->stop; i++) {
		const struct group *g = ka->in[i]->group;

		if (x->q->receiver.n && !str_eq(g->route->receiver, x->q->receiver))
			continue;
		x->e.route = g->route;
		x->e.receiver = g->route->receiver;
		x->e.group_key = str_of(g->key);
		x->flaps = flap_is(x->n, x->now.mono, g->route, a);
		explain_group_now(x, g);
	}
	if (!x->n->config || !x->n->config->root)
		say(x, EXPLAIN_NOBODY, STR("route"), MS_NONE,
		    STR("there are no routes: rouse tells nobody"));
}

/* A life that is over: at its time, or, asked for now, the last one as it ended. */
static void explain_over(struct asking *x, const struct event *e, ms_t at)
{
	ms_t asked = x->at;

	x->at = at;
	x->e = (struct explanation){.alert = e->alert,
				    .labels = e->labels,
				    .starts_at = e->starts_at,
				    .ends_at = e->at <= at ? e->at : MS_NONE,
				    .firing = e->at > at,
				    .until = MS_NONE};
	explain_then(x);
	x->at = asked;
}

static bool is_live(const struct notify *n, struct labels ls)
{
	return map_get(&n->alerts, labels_bytes(ls)) != NULL;
}

/* Is there a later event of the same alert's end? */
static bool is_last_life(const struct event *e)
{
	for (const struct event *x = e->newer; x; x = x->newer) {
		if (x->kind == EVENT_OVER && x->alert == e->alert)
			return false;
	}
	return true;
}

static void explain_journal(struct asking *x)
{
	for (const struct event *e = x->n->journal.newest; e && !x->stop; e = e->older) {
		if (e->kind != EVENT_OVER || !is_asked(x->q, e->labels))
			continue;
		if (x->past ? e->starts_at <= x->at && x->at <= e->at
			    : !is_live(x->n, e->labels) && is_last_life(e))
			explain_over(x, e, x->past ? x->at : x->now.wall);
	}
}

void notify_explain(const struct notify *n, struct now now, const struct explain_query *q,
		    bool (*fn)(void *arg, const struct explanation *e), void *arg)
{
	struct arena a;
	struct asking x = {.n = n,
			   .now = now,
			   .at = q->at == MS_NONE ? now.wall : q->at,
			   .past = q->at != MS_NONE && q->at < now.wall,
			   .q = q,
			   .arena = &a,
			   .fn = fn,
			   .arg = arg};

	map_each (&n->alerts, e) {
		const struct kept_alert *ka = e->value;

		if (x.stop || ka->a.starts_at > x.at || !is_asked(q, ka->a.labels))
			continue;
		arena_init(&a);
		explain_live(&x, ka);
		arena_done(&a);
	}
	arena_init(&a);
	explain_journal(&x);
	arena_done(&a);
}

/* ---- the timeline ------------------------------------------------------------------------ */
struct timeline {
	struct entry {
		struct explain_event e;
		size_t seq; /* of equal times the first comes first */
	} * v;
	size_t n, cap;
	struct arena arena;
};

static void note(struct timeline *t, ms_t at, const char *kind, struct str text)
{
	t->v = mem_reserve(t->v, &t->cap, t->n + 1, sizeof(*t->v));
	t->v[t->n] = (struct entry){{.at = at, .kind = kind, .text = text}, t->n};
	t->n++;
}

static void note_event(struct timeline *t, const struct event *e)
{
	struct arena *a = &t->arena;

	switch (e->kind) {
	case EVENT_OVER:
		note(t, e->starts_at, "fires", STR("begins to fire"));
		note(t, e->at, "over", STR("is over"));
		break;
	case EVENT_KEPT:
		note(t, e->at, "kept",
		     arena_printf(a, "kept back in %s: %s", e->group_key, e->text));
		break;
	case EVENT_FREED:
		note(t, e->at, "freed", arena_printf(a, "no longer kept back in %s", e->group_key));
		break;
	}
}

static void note_row(struct timeline *t, const struct row *r, bool over)
{
	struct arena *a = &t->arena;
	const char *what = over ? "its end" : "it";

	note(t, r->created_at, "queued",
	     arena_printf(a, "%s is to be told to %s: %s (delivery %llu)", what, r->receiver,
			  r->reason, (unsigned long long)r->id));
	if (r->status == OUTBOX_SENT)
		note(t, r->done_at, "sent",
		     arena_printf(a, "%s was told to %s, after %d attempts", what, r->receiver,
				  r->attempts));
	else if (r->status == OUTBOX_DEAD)
		note(t, r->done_at, "dead",
		     arena_printf(a, "%s refused it: %s", r->receiver, r->error));
	else if (r->status == OUTBOX_REPLACED)
		note(t, r->done_at, "replaced",
		     arena_printf(a, "not told to %s: %s", r->receiver, r->error));
	else if (r->error && *r->error)
		note(t, r->next_at, "retry",
		     arena_printf(a, "not through to %s yet: %s", r->receiver, r->error));
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->e.at != y->e.at)
		return x->e.at > y->e.at ? 1 : -1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

void notify_timeline(const struct notify *n, struct now now, uint64_t alert,
		     bool (*fn)(void *arg, const struct explain_event *e), void *arg)
{
	struct timeline t = {0};

	arena_init(&t.arena);
	for (const struct event *e = n->journal.oldest; e; e = e->newer) {
		if (e->alert == alert)
			note_event(&t, e);
	}
	for (const struct row *r = n->oldest; r; r = r->newer) {
		if (hashes_has(r->firing, alert) || hashes_has(r->told_resolved, alert))
			note_row(&t, r, hashes_has(r->told_resolved, alert));
	}
	map_each (&n->alerts, e) {
		const struct alert *a = &((const struct kept_alert *)e->value)->a;

		if (a->hash != alert)
			continue;
		note(&t, a->starts_at, "fires", STR("begins to fire"));
		if (alert_resolved(a, now.wall))
			note(&t, a->ends_at, "over", STR("is over"));
	}
	qsort(t.v, t.n, sizeof(*t.v), by_time);
	for (size_t i = 0; i < t.n; i++) {
		if (!fn(arg, &t.v[i].e))
			break;
	}
	free(t.v);
	arena_done(&t.arena);
}
