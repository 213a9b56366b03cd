/*
 * Aggregation groups: the alerts of one route that share the group labels. A group waits
 * group_wait for company, is flushed, and from then on every group_interval; each flush asks for
 * every integration of the receiver whether there is something to tell.
 *
 * The timer runs on the mono clock; the store keeps the wall time of the next flush, written
 * whenever something waits for it, so that a restart keeps the time and what became overdue
 * meanwhile is flushed at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "notify/explain.h"
#include "notify/flap.h"
#include "notify/inhibit.h"
#include "notify/inner.h"
#include "notify/reminder.h"
#include "notify/route.h"
#include "notify/silence.h"
#include "store/store.h"

static ms_t next_wall(const struct group *g, struct now now)
{
	return now.wall + MAX(g->timer.due - now.mono, 0);
}

static void save(struct group *g, struct now now)
{
	ms_t next = next_wall(g, now);

	if (g->stored_flushed == g->flushed &&
	    (g->stored_next == next ||
	     (g->stored_next != MS_NONE && g->stored_next <= now.wall && next <= now.wall)))
		return;
	g->stored_next = next;
	g->stored_flushed = g->flushed;
	batch_add(notify_batch(g->n), ST_GROUP_PUT, V_TEXT(str_of(g->id)), V_TEXT(g->route->id),
		  V_BLOB(labels_bytes(g->labels)), V_INT(next), V_INT(g->flushed));
}

/* ---- members ----------------------------------------------------------------------------- */
static void join(struct group *g, struct kept_alert *ka)
{
	struct member *m = MEM_NEW(struct member);

	*m = (struct member){.alert = ka,
			     .group = g,
			     .at_alert = ka->n_in,
			     .at_group = g->n_members};
	ka->in = mem_reserve(ka->in, &ka->cap_in, ka->n_in + 1, sizeof(*ka->in));
	ka->in[ka->n_in++] = m;
	g->members = mem_reserve(g->members, &g->cap, g->n_members + 1, sizeof(*g->members));
	g->members[g->n_members++] = m;
}

static bool is_member(const struct group *g, const struct kept_alert *ka)
{
	for (size_t i = 0; i < ka->n_in; i++) {
		if (ka->in[i]->group == g)
			return true;
	}
	return false;
}

/* The last one takes the place of the one that goes. */
static void leave(struct member *m)
{
	struct kept_alert *ka = m->alert;
	struct group *g = m->group;

	ka->in[m->at_alert] = ka->in[--ka->n_in];
	ka->in[m->at_alert]->at_alert = m->at_alert;
	g->members[m->at_group] = g->members[--g->n_members];
	g->members[m->at_group]->at_group = m->at_group;
	free(m);
}

/* ---- making and ending groups ------------------------------------------------------------ */
static void tie_lanes(struct group *g, const struct receiver *r)
{
	size_t n = r ? r->n : 0;

	g->lanes = mem_grow(g->lanes, (g->n_lanes + n + 1) * sizeof(struct lane *));
	for (size_t i = 0; i < n; i++) {
		struct dest *d = dest_get(g->n, r->integrations[i].id);
		struct lane *l = lane_get(g->n, str_of(g->key), d);

		l->users++;
		l->group = g;
		g->lanes[g->n_lanes++] = l;
	}
}

static void tie_fallback(struct group *g)
{
	if (g->n_lanes == g->n_own)
		tie_lanes(g, g->fallback);
}

/* The receiver's, and the fallback's if that was told of the group before. */
static void tie_first_lanes(struct group *g)
{
	const struct receiver *f;

	tie_lanes(g, g->receiver);
	g->n_own = g->n_lanes;
	f = notify_config_receiver(g->n->config, g->route->fallback);
	g->fallback = f == g->receiver ? NULL : f;
	for (size_t i = 0; g->fallback && i < f->n; i++) {
		if (lane_find(g->n, str_of(g->key), f->integrations[i].id)) {
			tie_fallback(g);
			return;
		}
	}
}

static void untie_lanes(struct group *g)
{
	for (size_t i = 0; i < g->n_lanes; i++) {
		g->lanes[i]->users--;
		if (g->lanes[i]->group == g)
			g->lanes[i]->group = NULL;
	}
}

/* Frees the group without a word to the store or the lanes. */
static void group_free(struct group *g)
{
	timer_stop(g->n->env.timers, &g->timer);
	while (g->n_members)
		leave(g->members[g->n_members - 1]);
	labels_free(g->labels);
	free(g->id);
	free(g->key);
	free(g->members);
	free(g->lanes);
	free(g);
}

/* It is empty. */
static void group_end(struct group *g)
{
	struct notify *n = g->n;

	CHECK(g->n_members == 0);
	untie_lanes(g);
	for (size_t i = 0; i < g->n_lanes; i++)
		lane_release(n, g->lanes[i]);
	if (g->stored_next != MS_NONE)
		batch_add(notify_batch(n), ST_GROUP_DEL, V_TEXT(str_of(g->id)));
	CHECK(map_delete(&n->groups, str_of(g->id)) == g);
	group_free(g);
}

static void flush_due(struct timer *t, struct now now);

/* The time an earlier life of the group left behind, or NULL. */
static struct group_time *time_left(struct notify *n, const struct group *g)
{
	struct buf b;
	struct group_time *t;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "i%s", g->id);
	t = map_get(&n->times, buf_str(&b));
	if (!t || t->taken) {
		/* Routes have moved: another place in the tree, the same matchers. */
		buf_clear(&b);
		buf_printf(&b, "k%s", g->key);
		t = map_get(&n->times, buf_str(&b));
	}
	buf_done(&b);
	return t && !t->taken ? t : NULL;
}

static void set_first_timer(struct group *g, struct now now, const struct kept_alert *ka)
{
	struct group_time *left = time_left(g->n, g);
	ms_t wait = g->route->group_wait;

	if (left) {
		left->taken = true;
		g->flushed = g->stored_flushed = left->flushed;
		g->stored_next = left->stored_next;
		/* A time far ahead was written by a clock that was wrong. */
		wait = MIN(MAX(left->next_wall - now.wall, 0), MAX(wait, g->route->group_interval));
	} else if (ka->a.starts_at + wait <= now.wall) {
		wait = 0;
	}
	timer_set(g->n->env.timers, &g->timer, TIMER_MONO, MAX(now.mono + wait, g->n->hold_until),
		  flush_due);
}

static struct group *group_new(struct notify *n, const struct route *r, struct labels labels,
			       struct str id)
{
	struct group *g = MEM_NEW(struct group);
	struct buf key;

	buf_init(&key, BUF_MAX_ANY);
	buf_add(&key, r->key);
	buf_addc(&key, ':');
	route_put_labels(&key, labels);
	*g = (struct group){
		.n = n,
		.route = r,
		.receiver = notify_config_receiver(n->config, r->receiver),
		.labels = labels_heap(labels),
		.id = mem_str(id),
		.key = buf_take(&key, NULL),
		.stored_next = MS_NONE,
	};
	tie_first_lanes(g);
	map_put(&n->groups, id, g);
	return g;
}

struct routing {
	struct notify *n;
	struct now now;
	struct kept_alert *alert;
};

static void route_found(void *arg, const struct route *r)
{
	struct routing *x = arg;
	struct arena a;
	struct buf id;

	arena_init(&a);
	buf_init(&id, BUF_MAX_ANY);

	struct labels labels = route_group_labels(r, x->alert->a.labels, &a);

	buf_add(&id, r->id);
	buf_addc(&id, ':');
	route_put_labels(&id, labels);

	struct group *g = map_get(&x->n->groups, buf_str(&id));

	if (!g) {
		g = group_new(x->n, r, labels, buf_str(&id));
		set_first_timer(g, x->now, x->alert);
	}
	if (!is_member(g, x->alert))
		join(g, x->alert);
	group_touched(g, x->now, x->alert);
	buf_done(&id);
	arena_done(&a);
}

void group_route(struct notify *n, struct now now, struct kept_alert *ka)
{
	struct routing x = {.n = n, .now = now, .alert = ka};

	route_match(n->config ? n->config->root : NULL, ka->a.labels, route_found, &x);
}

void group_touched(struct group *g, struct now now, const struct kept_alert *ka)
{
	/* The first flush does not wait for an alert that has waited long enough elsewhere. */
	if (!g->flushed && g->timer.due > now.mono &&
	    ka->a.starts_at + g->route->group_wait <= now.wall)
		timer_set(g->n->env.timers, &g->timer, TIMER_MONO, MAX(now.mono, g->n->hold_until),
			  flush_due);
	save(g, now);
}

/* ---- flushing ---------------------------------------------------------------------------- */
/* The group at one instant. */
struct snapshot {
	struct hashes firing, resolved;
	size_t n_firing;
	size_t n_inhibited, n_silenced; /* members that are in neither; inhibited comes first */
	struct hashes muted_resolved;	/* those among them that are over */
};

static void snapshot_done(struct snapshot *s)
{
	hashes_done(&s->firing);
	hashes_done(&s->resolved);
	hashes_done(&s->muted_resolved);
}

/* One that flaps is held to fire until it has been quiet. */
static bool is_over(const struct group *g, const struct alert *a, struct now now)
{
	return alert_resolved(a, now.wall) && !flap_is(g->n, now.mono, g->route, a);
}

static struct snapshot snapshot_take(const struct group *g, struct now now)
{
	uint64_t *v = mem_alloc((g->n_members + 1) * sizeof(*v));
	uint64_t *muted = mem_alloc((g->n_members + 1) * sizeof(*muted));
	size_t firing = 0, resolved = g->n_members, n_muted = 0;
	struct snapshot s = {0};

	for (size_t i = 0; i < g->n_members; i++) {
		struct member *m = g->members[i];
		const struct alert *a = &m->alert->a;
		bool over = is_over(g, a, now);

		m->muted = true;
		if (inhibitor_find(g->n->inhibitor, now.wall, a->labels))
			s.n_inhibited++;
		else if (notify_silenced(g->n, now.wall, a->labels))
			s.n_silenced++;
		else
			m->muted = false;
		if (m->muted) {
			if (over)
				muted[n_muted++] = a->hash;
			continue;
		}
		if (over)
			v[--resolved] = a->hash;
		else
			v[firing++] = a->hash;
	}
	s.firing = hashes_of(v, firing);
	s.resolved = hashes_of(v + resolved, g->n_members - resolved);
	s.muted_resolved = hashes_of(muted, n_muted);
	s.n_firing = firing;
	free(v);
	free(muted);
	return s;
}

/* The annotations, and that it is flapping. */
static struct labels with_flapping(const struct route *r, const struct alert *a,
				   struct arena *arena)
{
	struct labels_builder lb;
	struct labels out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "it began %u times or more within ", r->flap_times);
	num_put_duration(&b, r->flap_within);
	buf_adds(&b, "; its end is told when it has been quiet for that long");
	labels_builder_init(&lb);
	labels_builder_from(&lb, a->annotations);
	labels_builder_set(&lb, STR("flapping"), buf_str(&b));
	out = labels_builder_build(&lb, arena);
	labels_builder_done(&lb);
	buf_done(&b);
	return out;
}

static void add_message_alert(struct message *m, const struct alert *a, bool resolved)
{
	m->alerts[m->n++] = (struct message_alert){
		.labels = labels_dup(&m->arena, a->labels),
		.annotations = labels_dup(&m->arena, a->annotations),
		.starts_at = a->starts_at,
		.ends_at = resolved ? a->ends_at : MS_NONE,
		.generator_url = arena_str(&m->arena, str_of(a->generator_url)),
		.hash = a->hash,
		.resolved = resolved,
	};
	m->self_only = m->self_only && a->source == ALERT_FROM_SELF;
}

/* A message of the group, without alerts yet. */
static struct message *start_message(const struct group *g, struct now now)
{
	struct message *m = message_new();
	struct arena *a = &m->arena;

	m->receiver = arena_str(a, g->route->receiver);
	m->group_key = arena_str(a, str_of(g->key));
	m->external_url = arena_str(a, str_of(g->n->external_url));
	m->group_labels = labels_dup(a, g->labels);
	m->route_labels = labels_dup(a, g->route->labels);
	m->at = now.wall;
	m->self_only = true;
	m->alerts = ARENA_ARRAY(a, struct message_alert, g->n_members + 1);
	return m;
}

struct message *group_message(const struct group *g, struct now now)
{
	struct message *m = start_message(g, now);

	for (size_t i = 0; i < g->n_members; i++) {
		const struct alert *al = &g->members[i]->alert->a;

		add_message_alert(m, al, alert_resolved(al, now.wall));
	}
	message_finish(m);
	return m;
}

/* The alerts that fire and are in `firing`, those that are over and in `resolved`. */
static struct message *build_message(const struct group *g, struct now now, enum tell why,
				     struct hashes firing, struct hashes resolved)
{
	struct message *m = start_message(g, now);

	m->reason = str_of(tell_reason(why));
	for (size_t i = 0; i < g->n_members; i++) {
		const struct alert *al = &g->members[i]->alert->a;
		bool over = is_over(g, al, now);

		if (!hashes_has(over ? resolved : firing, al->hash))
			continue;
		add_message_alert(m, al, over);
		if (!over && flap_is(g->n, now.mono, g->route, al))
			m->alerts[m->n - 1].annotations = with_flapping(g->route, al, &m->arena);
	}
	message_finish(m);
	return m;
}

ms_t group_notice_keep(const struct group *g)
{
	ms_t most = g->n->env.data_retention, keep = 2 * g->route->repeat_interval;

	return most > 0 ? MIN(most, keep) : keep;
}

/* Forgets what was told too long ago, and two flushes could say so. What fires is told again as if
 * for the first time; the end of what fired is no news any more. Time in which something was kept
 * back, or the process stood still, does not count: an end in it is still to be told. */
static void expire_notice(const struct group *g, struct lane *lane, struct now now,
			  const struct snapshot *s)
{
	struct told told = lane_told(lane, now, NULL);
	struct hashes over = dedup_ends(&told, s->resolved);
	ms_t keep = group_notice_keep(g) + 2 * g->route->group_interval;

	if (!lane->first && told.any && MIN(told.age, now.mono - lane->held_mono) > keep &&
	    !(s->firing.n && over.n))
		lane_forget(lane);
	hashes_done(&over);
}

/* Queues a message for an integration; what the lane has unsent and the message says too goes. */
static void queue(struct group *g, struct lane *lane, struct now now, const struct snapshot *s,
		  enum tell why)
{
	struct told told = lane_told(lane, now, NULL);
	struct hashes over = dedup_ends(&told, s->resolved);
	struct row *old = outbox_replaceable(lane, s->firing, over);

	if (old) {
		told = lane_told(lane, now, old);
		hashes_done(&over);
		over = dedup_ends(&told, s->resolved);

		enum tell first =
			dedup_tell(&told, s->firing, over, true, g->route->repeat_interval);

		why = first == TELL_NOT ? why : first;
	}
	if (!lane->dest->to->send_resolved)
		over.n = 0;
	outbox_queue(lane, now, build_message(g, now, why, s->firing, over), old);
	hashes_done(&over);
}

/* Whether a member has begun to flap since the last flush. */
static bool flaps_anew(const struct group *g, struct now now)
{
	bool anew = false;

	for (size_t i = 0; g->route->flap_times && i < g->n_members; i++) {
		struct member *m = g->members[i];
		bool flaps = !m->muted && flap_is(g->n, now.mono, g->route, &m->alert->a);

		anew |= flaps && !m->flap_told;
		m->flap_told = flaps;
	}
	return anew;
}

/* Is there something to tell this integration? Queues it. */
static bool tell(struct group *g, struct lane *lane, struct now now, const struct snapshot *s)
{
	const struct integration *to = lane->dest->to;
	struct told told = lane_told(lane, now, NULL);
	struct hashes over = dedup_ends(&told, s->resolved);
	ms_t repeat = g->route->repeat_interval;
	enum tell why = dedup_tell(&told, s->firing, over, to->send_resolved, repeat);
	bool queued = false;

	if (why != TELL_NOT && !s->firing.n && (!to->send_resolved || !over.n)) {
		/* Nobody wants to hear of it, or it is about alerts that the group lost in a
		 * reload; what was told is forgotten, in its turn. Muted ones may be told of later.
		 */
		if (!lane->first && !s->n_inhibited && !s->n_silenced)
			lane_forget(lane);
	} else if (why != TELL_NOT) {
		queue(g, lane, now, s, why);
		queued = true;
	}
	hashes_done(&over);
	return queued;
}

/* The same for whom the notification log counts as Alertmanager's. */
static bool tell_in_time(struct group *g, struct lane *lane, struct now now,
			 const struct snapshot *s)
{
	expire_notice(g, lane, now, s);
	return tell(g, lane, now, s);
}

/* ---- what is muted ----------------------------------------------------------------------- */
/* Where an end makes no noise, or it is asked for, it is told although nothing else is. */
static bool hears_muted_ends(const struct group *g, const struct lane *lane)
{
	const struct integration *to = lane->dest->to;

	return g->route->resolve_while_muted || (to->update_message && to->kind->can_update);
}

static bool tell_own(struct group *g, struct lane *lane, struct now now, const struct snapshot *s)
{
	struct snapshot with_ends = *s;
	bool queued;

	if (!s->muted_resolved.n || !hears_muted_ends(g, lane))
		return tell_in_time(g, lane, now, s);
	with_ends.resolved = hashes_join(s->resolved, s->muted_resolved);
	queued = tell_in_time(g, lane, now, &with_ends);
	hashes_done(&with_ends.resolved);
	return queued;
}

/* While a time interval mutes the route: only that all is over of what was told. */
static bool tell_end(struct group *g, struct lane *lane, struct now now, const struct snapshot *s)
{
	struct snapshot ends = {.n_inhibited = s->n_inhibited, .n_silenced = s->n_silenced};
	struct told told = lane_told(lane, now, NULL);
	bool queued = false;

	if (!told.firing.n || !hears_muted_ends(g, lane))
		return false;
	ends.resolved = hashes_join(s->resolved, s->muted_resolved);
	if (hashes_within(told.firing, ends.resolved))
		queued = tell(g, lane, now, &ends);
	hashes_done(&ends.resolved);
	return queued;
}

/* ---- the fallback ------------------------------------------------------------------------ */
static bool is_broken(const struct group *g)
{
	for (size_t i = 0; i < g->n_own; i++) {
		if (g->lanes[i]->broken)
			return true;
	}
	return false;
}

/* While pages do not arrive the fallback is told like a receiver; after that only what becomes of
 * the alerts that it was told of. */
static bool tell_fallback(struct group *g, struct lane *lane, struct now now,
			  const struct snapshot *s)
{
	struct snapshot known = *s;
	struct told told;
	bool queued;

	if (is_broken(g))
		return tell_in_time(g, lane, now, s);
	told = lane_told(lane, now, NULL);
	if (!told.any)
		return false;
	known.firing = hashes_both(s->firing, told.firing);
	queued = !(hashes_within(told.firing, known.firing) && !told.doubt.n) &&
		 tell(g, lane, now, &known);
	hashes_done(&known.firing);
	return queued;
}

void group_stand_in(struct group *g, struct now now, const struct row *r)
{
	struct told before = lane_told(r->lane, now, r);
	bool is_own = false;

	for (size_t i = 0; i < g->n_own; i++)
		is_own |= g->lanes[i] == r->lane;
	/* A repeat, or the end of some: nobody lacks the news that the others fire. */
	if (!is_own || !g->fallback || hashes_within(r->firing, before.firing))
		return;
	r->lane->broken = true;
	tie_fallback(g);
	for (size_t i = g->n_own; i < g->n_lanes; i++) {
		struct told told = lane_told(g->lanes[i], now, NULL);
		struct hashes known;
		struct message *m;

		if (hashes_within(r->firing, told.firing))
			continue;
		known = hashes_join(told.firing, told.doubt);
		m = message_without(r->message, known);
		hashes_done(&known);
		m->receiver = arena_str(&m->arena, g->fallback->name);
		m->reason = arena_printf(&m->arena, "stands in for %s", r->receiver);
		outbox_queue(g->lanes[i], now, m, NULL);
	}
}

void group_explained(struct group *g, struct now now)
{
	struct snapshot s = snapshot_take(g, now);
	bool muted = route_muted(g->route, now.wall);

	for (size_t i = 0; !muted && i < g->n_own; i++) {
		const struct integration *to = g->lanes[i]->dest->to;
		struct told told = lane_told(g->lanes[i], now, NULL);
		struct hashes over = dedup_ends(&told, s.resolved);

		if (to->update_message && to->kind->can_update && s.n_firing && !over.n &&
		    hashes_within(s.firing, told.firing) && hashes_within(told.firing, s.firing))
			queue(g, g->lanes[i], now, &s, TELL_EXPLAINED);
		hashes_done(&over);
	}
	snapshot_done(&s);
}

/* An end that came by itself is written down when it is first seen. */
static void note_ends(struct group *g, struct now now)
{
	for (size_t i = 0; i < g->n_members; i++) {
		struct kept_alert *ka = g->members[i]->alert;

		if (alert_resolved(&ka->a, now.wall) && ka->a.updated_at < ka->a.ends_at) {
			ka->a.updated_at = now.wall;
			alerts_store(g->n, ka);
			reminder_alert_over(g->n, now, &ka->a);
		}
	}
}

/* In the order of Alertmanager's stages: what an earlier one keeps back, no later one counts. */
static void count_suppressed(const struct group *g, const struct snapshot *s, ms_t wall)
{
	uint64_t *n = g->n->suppressed;
	size_t left = g->n_members - s->n_inhibited;

	n[BY_INHIBITION] += s->n_inhibited;
	if (route_rests(g->route, wall))
		n[BY_ACTIVE_TIME] += left;
	else if (route_muted(g->route, wall))
		n[BY_MUTE_TIME] += left;
	else
		n[BY_SILENCE] += s->n_silenced;
}

/* What keeps members back goes into the journal when it changes. */
static void note_kept(const struct group *g, ms_t wall, bool muted)
{
	struct arena a;

	for (size_t i = 0; i < g->n_members; i++) {
		struct member *m = g->members[i];
		const struct alert *al = &m->alert->a;
		struct keeper k;
		uint64_t by = 0;

		if (!m->muted && !muted && !m->kept_by)
			continue;
		arena_init(&a);
		if (explain_keeper(g, wall, al->labels, &a, &k))
			by = str_hash(k.object) | 1;
		if (by && by != m->kept_by)
			journal_kept(g->n, wall, al, g->key, &k);
		else if (!by && m->kept_by)
			journal_freed(g->n, wall, al, g->key);
		m->kept_by = by;
		arena_done(&a);
	}
}

/* Flushes were due and did not come. */
static bool stood_still(const struct group *g, struct now now)
{
	return g->flushed_mono && now.mono - g->flushed_mono > 2 * g->route->group_interval;
}

static void hold_notices(struct group *g, struct now now)
{
	for (size_t i = 0; i < g->n_lanes; i++)
		g->lanes[i]->held_mono = now.mono;
}

static void flush(struct group *g, struct now now)
{
	struct snapshot s;
	bool told = false, flaps, first = !g->flushed, muted = route_muted(g->route, now.wall);

	timer_set(g->n->env.timers, &g->timer, TIMER_MONO, now.mono + g->route->group_interval,
		  flush_due);
	g->flushed = true;
	note_ends(g, now);
	s = snapshot_take(g, now);
	count_suppressed(g, &s, now.wall);
	if (muted || s.n_inhibited || s.n_silenced || stood_still(g, now))
		hold_notices(g, now);
	g->flushed_mono = now.mono;
	note_kept(g, now.wall, muted);
	/* A time interval keeps everything for the first flush after it. */
	flaps = !muted && flaps_anew(g, now);
	for (size_t i = 0; muted && i < g->n_own; i++)
		told |= tell_end(g, g->lanes[i], now, &s);
	for (size_t i = 0; !muted && i < g->n_lanes; i++) {
		bool now_told = i < g->n_own ? tell_own(g, g->lanes[i], now, &s)
					     : tell_fallback(g, g->lanes[i], now, &s);

		if (flaps && !now_told && i < g->n_own) {
			queue(g, g->lanes[i], now, &s, TELL_FLAPPING);
			now_told = true;
		}
		told |= now_told;
	}
	snapshot_done(&s);
	if (told || first)
		save(g, now);
	group_reap(g, now);
}

static void flush_due(struct timer *t, struct now now)
{
	struct group *g = CONTAINER(t, struct group, timer);
	struct notify *n = g->n;

	notify_enter(n);
	flush(g, now);
	notify_leave(n, now);
}

/* Nothing is on its way to anybody, and nobody who wants to know believes that it fires. */
static bool may_leave(const struct group *g, const struct alert *a)
{
	for (size_t i = 0; i < g->n_lanes; i++) {
		const struct lane *l = g->lanes[i];

		if (l->told && l->dest->to->send_resolved &&
		    (hashes_has(l->firing, a->hash) || hashes_has(l->doubt, a->hash)))
			return false;
	}
	return true;
}

static bool lanes_idle(const struct group *g)
{
	for (size_t i = 0; i < g->n_lanes; i++) {
		if (g->lanes[i]->first)
			return false;
	}
	return true;
}

/* Without anything firing, what was told must first be taken back or forgotten. */
static bool lanes_quiet(const struct group *g)
{
	for (size_t i = 0; i < g->n_lanes; i++) {
		if (g->lanes[i]->told)
			return false;
	}
	return true;
}

void group_reap(struct group *g, struct now now)
{
	struct notify *n = g->n;
	bool firing = false, quiet = lanes_quiet(g);

	if (!lanes_idle(g))
		return;
	for (size_t i = 0; i < g->n_members && !firing; i++)
		firing = !alert_resolved(&g->members[i]->alert->a, now.wall);
	for (size_t i = g->n_members; i > 0; i--) {
		struct kept_alert *ka = g->members[i - 1]->alert;

		if (!alert_resolved(&ka->a, now.wall) || !(firing || quiet) ||
		    !may_leave(g, &ka->a))
			continue;
		leave(g->members[i - 1]);
		alerts_drop_if_done(n, now, ka);
	}
	if (!g->n_members)
		group_end(g);
}

/* ---- configuration and restart ----------------------------------------------------------- */
static void remember_time(struct notify *n, char prefix, const char *name, struct group_time t)
{
	struct buf b;
	struct group_time *copy = MEM_NEW(struct group_time);

	*copy = t;
	buf_init(&b, BUF_MAX_ANY);
	buf_addc(&b, prefix);
	buf_adds(&b, name);
	if (map_get(&n->times, buf_str(&b)))
		free(copy);
	else
		map_put(&n->times, buf_str(&b), copy);
	buf_done(&b);
}

void group_times_free(struct notify *n)
{
	map_each (&n->times, e)
		free(e->value);
	map_clear(&n->times);
}

/* Rows of groups that are no more. */
static void forget_rows(struct notify *n)
{
	map_each (&n->times, e) {
		if (e->key.p[0] == 'i' && !map_get(&n->groups, str_from(e->key, 1)))
			batch_add(notify_batch(n), ST_GROUP_DEL, V_TEXT(str_from(e->key, 1)));
	}
}

void group_rebuild(struct notify *n, struct now now)
{
	struct map old = n->groups;

	map_init(&n->groups);
	map_each (&old, e) {
		struct group *g = e->value;
		struct group_time t = {.next_wall = next_wall(g, now),
				       .stored_next = g->stored_next,
				       .flushed = g->flushed};

		remember_time(n, 'i', g->id, t);
		t.stored_next = MS_NONE; /* that row has another name */
		remember_time(n, 'k', g->key, t);
		untie_lanes(g);
		group_free(g);
	}
	map_done(&old);
	map_each (&n->alerts, e)
		group_route(n, now, e->value);
	map_each (&n->groups, e)
		(void)flaps_anew(e->value, now); /* what flapped before was told before */
	forget_rows(n);
	group_times_free(n);
	map_each (&n->alerts, e)
		alerts_drop_if_done(n, now, e->value);
}

void group_stop_all(struct notify *n)
{
	map_each (&n->groups, e)
		timer_stop(n->env.timers, &((struct group *)e->value)->timer);
}

void group_free_all(struct notify *n)
{
	map_each (&n->groups, e) {
		untie_lanes(e->value);
		group_free(e->value);
	}
	map_done(&n->groups);
	group_times_free(n);
	map_done(&n->times);
}

static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct notify *n = arg;
	char *id = mem_str(v[0].s);

	CHECK(n_vals == 5);
	remember_time(n, 'i', id,
		      (struct group_time){.next_wall = v[3].i,
					  .stored_next = v[3].i,
					  .flushed = v[4].i != 0});
	free(id);
	return true;
}

bool group_restore(struct notify *n, struct store *s, struct err *err)
{
	return store_select(s, ST_GROUP_LOAD, NULL, 0, restore_row, n, err);
}
