/*
 * The alerts the notifier holds. A row of the store is written when an alert begins to fire, is
 * over, or begins anew; what changes in between (annotations, a later end) stays in memory and is
 * told with the next message.
 *
 * Alerts from outside end by themselves when nobody renews them. Renewals are not durable, so
 * after a restart such an alert gets its whole time again: missing data decides nothing.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "notify/flap.h"
#include "notify/inhibit.h"
#include "notify/inner.h"
#include "notify/reminder.h"
#include "oncall/incident.h"
#include "store/store.h"

static void kept_free(struct kept_alert *ka)
{
	labels_free(ka->a.labels);
	labels_free(ka->a.annotations);
	free(ka->a.generator_url);
	free(ka->in);
	free(ka);
}

void alerts_store(struct notify *n, const struct kept_alert *ka)
{
	const struct alert *a = &ka->a;

	batch_add(notify_batch(n), ST_ALERT_PUT, V_INT(ka->id), V_BLOB(labels_bytes(a->labels)),
		  V_BLOB(labels_bytes(a->annotations)), V_INT(a->starts_at), V_INT(a->ends_at),
		  V_INT(a->updated_at), V_INT(a->timeout), V_TEXT(str_of(a->generator_url)),
		  V_INT(a->source));
}

/* ---- how many of one name ---------------------------------------------------------------- */
struct alert_count {
	size_t n;
};

static struct alert_count *count_of(struct notify *n, struct labels ls)
{
	return map_get(&n->names, labels_get(ls, STR(LABEL_ALERTNAME)));
}

static void count_in(struct notify *n, struct labels ls)
{
	struct alert_count *c = count_of(n, ls);

	if (!c) {
		c = MEM_NEW(struct alert_count);
		map_put(&n->names, labels_get(ls, STR(LABEL_ALERTNAME)), c);
	}
	c->n++;
}

static void count_out(struct notify *n, struct labels ls)
{
	struct alert_count *c = count_of(n, ls);

	CHECK(c && c->n);
	if (--c->n == 0)
		free(map_delete(&n->names, labels_get(ls, STR(LABEL_ALERTNAME))));
}

/* A new alert from outside beyond what there may be of them, or of its name. */
static bool too_many(struct notify *n, const struct alert_in *in)
{
	const struct limits *l = n->env.limits;
	const struct alert_count *c;
	bool of_name;

	if (in->source != ALERT_FROM_API)
		return false;
	c = l->alerts_of_name ? count_of(n, in->labels) : NULL;
	of_name = c && c->n >= l->alerts_of_name;
	if (!of_name && n->n_posted < l->posted_alerts)
		return false;
	n->alerts_dropped++;
	return true;
}

void alerts_drop_if_done(struct notify *n, struct now now, struct kept_alert *ka)
{
	if (ka->n_in || !alert_resolved(&ka->a, now.wall))
		return;
	journal_over(n, &ka->a);
	batch_add(notify_batch(n), ST_ALERT_DEL, V_INT(ka->id));
	CHECK(map_delete(&n->alerts, labels_bytes(ka->a.labels)) == ka);
	n->n_posted -= ka->posted;
	count_out(n, ka->a.labels);
	if (n->inhibitor)
		inhibitor_remove(n->inhibitor, &ka->a);
	kept_free(ka);
	n->version++;
}

void alerts_free(struct notify *n)
{
	map_each (&n->alerts, e)
		kept_free(e->value);
	map_done(&n->alerts);
	map_each (&n->names, e)
		free(e->value);
	map_done(&n->names);
}

/* True if they changed. */
static bool set_annotations(struct alert *a, const struct alert_in *in)
{
	bool changed = !labels_eq(a->annotations, in->annotations);

	if (changed) {
		labels_free(a->annotations);
		a->annotations = labels_heap(in->annotations);
	}
	if (!str_eq(str_of(a->generator_url), in->generator_url)) {
		free(a->generator_url);
		a->generator_url = mem_str(in->generator_url);
	}
	return changed;
}

/* Start and end as given, with the defaults of an alert from outside. */
struct span {
	ms_t from, to;
	bool timeout;
};

static struct span span_of(const struct notify *n, struct now now, const struct alert_in *in)
{
	struct span s = {.from = in->starts_at, .to = in->ends_at};

	if (s.from == MS_NONE)
		s.from = s.to != MS_NONE && s.to < now.wall ? s.to : now.wall;
	if (in->source == ALERT_FROM_API && s.to == MS_NONE) {
		s.to = now.wall + (n->config ? n->config->global.resolve_timeout : 5 * MINUTE);
		s.timeout = true;
	}
	return s;
}

/* Two reports of one alert from outside whose times overlap become one (reference:
 * alertmanager.md §3). */
static struct span span_merge(const struct alert *old, struct span s, struct now now)
{
	bool overlap = (s.to > old->starts_at && s.to < old->ends_at) ||
		       (s.from > old->starts_at && s.from < old->ends_at);

	if (old->ends_at == MS_NONE || !overlap)
		return s;
	s.from = MIN(s.from, old->starts_at);
	if (s.to <= now.wall) {
		if (alert_resolved(old, now.wall) && old->ends_at > s.to)
			s.to = old->ends_at;
	} else if (old->ends_at > s.to && !old->timeout) {
		s.to = old->ends_at;
	}
	return s;
}

static void add_alert(struct notify *n, struct now now, const struct alert_in *in, struct span s)
{
	struct kept_alert *ka = MEM_NEW(struct kept_alert);

	ka->id = ++n->last_alert;
	ka->posted = in->source == ALERT_FROM_API;
	n->n_posted += ka->posted;
	ka->a = (struct alert){
		.labels = labels_heap(in->labels),
		.annotations = labels_heap(in->annotations),
		.starts_at = s.from,
		.ends_at = s.to,
		.updated_at = now.wall,
		.generator_url = mem_str(in->generator_url),
		.source = in->source,
		.timeout = s.timeout,
		.hash = labels_hash(in->labels),
	};
	map_put(&n->alerts, labels_bytes(ka->a.labels), ka);
	count_in(n, ka->a.labels);
	if (n->inhibitor)
		inhibitor_add(n->inhibitor, &ka->a);
	alerts_store(n, ka);
	flap_note(n, now.mono, &ka->a);
	group_route(n, now, ka);
}

static void update_alert(struct notify *n, struct now now, struct kept_alert *ka,
			 const struct alert_in *in, struct span s)
{
	struct alert *a = &ka->a;
	bool was_over = alert_resolved(a, now.wall);
	bool is_over = s.to != MS_NONE && s.to <= now.wall;
	bool moved = was_over != is_over || (!is_over && s.from != a->starts_at);

	bool changed = set_annotations(a, in);

	a->updated_at = now.wall;
	a->source = in->source;
	a->timeout = s.timeout;
	if (was_over && is_over)
		return;
	a->starts_at = s.from;
	a->ends_at = s.to;
	if (!moved) {
		for (size_t i = 0; changed && in->explained && i < ka->n_in; i++)
			group_explained(ka->in[i]->group, now);
		return;
	}
	alerts_store(n, ka);
	if (is_over) {
		reminder_alert_over(n, now, a);
		for (size_t i = 0; i < ka->n_in; i++)
			group_touched(ka->in[i]->group, now, ka);
		alerts_drop_if_done(n, now, ka);
	} else {
		if (was_over)
			flap_note(n, now.mono, a);
		group_route(n, now, ka); /* it may have left some groups, but not all */
	}
}

void alerts_put(struct notify *n, struct now now, const struct alert_in *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct kept_alert *ka = map_get(&n->alerts, labels_bytes(in[i].labels));
		struct span s = span_of(n, now, &in[i]);

		if (ka) {
			if (in[i].source == ALERT_FROM_API)
				s = span_merge(&ka->a, s, now);
			update_alert(n, now, ka, &in[i], s);
		} else if ((s.to == MS_NONE || s.to > now.wall) && !too_many(n, &in[i])) {
			add_alert(n, now, &in[i], s);
		}
		/* The end of an alert that nobody knows is no news. */
	}
	n->version += count > 0;
}

struct restoring {
	struct notify *n;
	struct now now;
};

static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct restoring *r = arg;
	struct kept_alert *ka;

	CHECK(n_vals == 9);
	r->n->last_alert = MAX(r->n->last_alert, (uint64_t)v[0].i);
	if (!labels_valid(v[1].s) || !annotations_valid(v[2].s) || map_get(&r->n->alerts, v[1].s))
		return true;
	ka = MEM_NEW(struct kept_alert);
	ka->id = (uint64_t)v[0].i;
	ka->a = (struct alert){
		.labels = labels_heap(labels_of_bytes(v[1].s)),
		.annotations = labels_heap(labels_of_bytes(v[2].s)),
		.starts_at = v[3].i,
		.ends_at = v[4].i,
		.updated_at = v[5].i,
		.timeout = v[6].i != 0,
		.generator_url = mem_str(v[7].s),
		.source = (enum alert_source)v[8].i,
	};
	ka->a.hash = labels_hash(ka->a.labels);
	ka->posted = ka->a.source == ALERT_FROM_API;
	r->n->n_posted += ka->posted;
	/* It was written while it fired: renewals since then are not known here. The clock may have
	 * been set back meanwhile. */
	if (ka->a.ends_at != MS_NONE && ka->a.ends_at > ka->a.updated_at)
		ka->a.ends_at += r->now.wall - ka->a.updated_at;
	else
		ka->a.ends_at = MIN(ka->a.ends_at, r->now.wall);
	ka->a.starts_at = MIN(ka->a.starts_at, r->now.wall);
	ka->a.updated_at = MIN(ka->a.updated_at, r->now.wall);
	map_put(&r->n->alerts, labels_bytes(ka->a.labels), ka);
	count_in(r->n, ka->a.labels);
	return true;
}

bool alerts_restore(struct notify *n, struct now now, struct store *s, struct err *err)
{
	struct restoring r = {.n = n, .now = now};

	return store_select(s, ST_ALERT_LOAD, NULL, 0, restore_row, &r, err);
}

void notify_clock_stepped(struct notify *n, struct now now, ms_t by)
{
	map_each (&n->alerts, e) {
		struct alert *a = &((struct kept_alert *)e->value)->a;

		a->starts_at += by;
		a->updated_at += by;
		if (a->ends_at != MS_NONE)
			a->ends_at += by;
	}
	outbox_clock_stepped(n, by);
	oncall_clock_stepped(n->oncall, now, by);
	n->version++;
}
