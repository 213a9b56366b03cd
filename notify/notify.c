/* The notifier as an object: its life, its turns, its configuration. */
#include "notify/notify.h"

#include <stdlib.h>

#include "base/mem.h"
#include "notify/ear.h"
#include "notify/flap.h"
#include "notify/inhibit.h"
#include "notify/inner.h"
#include "notify/paging.h"
#include "notify/reminder.h"
#include "oncall/incident.h"

struct notify *notify_new(const struct notify_env *env)
{
	struct notify *n = MEM_NEW(struct notify);

	n->env = *env;
	n->external_url = mem_str(STR(""));
	map_init(&n->alerts);
	map_init(&n->groups);
	map_init(&n->lanes);
	map_init(&n->dests);
	map_init(&n->times);
	map_init(&n->silences);
	map_init(&n->silence_index);
	map_init(&n->names);
	map_init(&n->flaps);
	map_init(&n->ears);
	map_init(&n->canaries);
	paging_init(n);
	n->next_id = 1;
	n->turn = 1;
	return n;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;
	reminder_stop(n);
	ear_free_all(n);
	canary_free_all(n);
	paging_free(n);
	group_free_all(n);
	outbox_free_all(n);
	lane_free_all(n);
	inhibitor_free(n->inhibitor);
	alerts_free(n);
	silence_free_all(n);
	journal_free(n);
	flap_free(n);
	for (struct self_event *e = n->self_first, *next; e; e = next) {
		next = e->next;
		free(e->what);
		free(e->text);
		free(e);
	}
	notify_config_free(n->config);
	free(n->external_url);
	free(n);
}

/* ---- entries ----------------------------------------------------------------------------- */
void notify_enter(struct notify *n)
{
	n->depth++;
}

void notify_leave(struct notify *n, struct now now)
{
	/* Raising comes back as notify_put: depth stays up so that only this loop raises. */
	while (n->depth == 1 && n->self_first) {
		struct self_event *e = n->self_first;

		n->self_first = e->next;
		if (!n->self_first)
			n->self_last = NULL;
		if (n->env.self_alert)
			n->env.self_alert(n->env.core, now, str_of(e->name), str_of(e->what),
					  str_of(e->text), e->firing);
		free(e->what);
		free(e->text);
		free(e);
	}
	n->depth--;
}

void notify_self(struct notify *n, const char *name, const char *what, const char *text,
		 bool firing)
{
	struct self_event *e = MEM_NEW(struct self_event);

	*e = (struct self_event){.name = name,
				 .what = mem_str(str_of(what)),
				 .text = mem_str(str_of(text)),
				 .firing = firing};
	*(n->self_last ? &n->self_last->next : &n->self_first) = e;
	n->self_last = e;
}

void notify_put(struct notify *n, struct now now, const struct alert_in *alerts, size_t count)
{
	notify_enter(n);
	alerts_put(n, now, alerts, count);
	notify_leave(n, now);
}

void notify_taken(struct notify *n)
{
	n->turn++;
}

void notify_committed(struct notify *n, struct now now, bool ok)
{
	/* A failed commit is tried again by the core, and is said by it; a page does not wait. */
	(void)ok;
	notify_enter(n);
	if (n->durable + 1 == n->turn)
		n->turn++; /* nobody said that the batch was taken: it held everything */
	n->durable++;
	outbox_durable(n, now);
	ear_durable(n, now);
	notify_leave(n, now);
}

void notify_stop(struct notify *n)
{
	n->stopped = true;
	reminder_stop(n);
	oncall_stop(n->oncall);
	ear_stop_all(n);
	group_stop_all(n);
	outbox_stop_all(n);
}

struct oncall *notify_oncall(struct notify *n)
{
	return n->oncall;
}

/* ---- configuration ----------------------------------------------------------------------- */
bool notify_restore(struct notify *n, struct now now, struct store *s, struct err *err)
{
	CHECK(!n->configured);
	return journal_restore(n, s, err) && silence_restore(n, s, err) &&
	       alerts_restore(n, now, s, err) && group_restore(n, s, err) &&
	       lane_restore(n, now, s, err) && outbox_restore(n, now, s, err) &&
	       oncall_restore(n->oncall, s, err) && canary_restore(n, s, err);
}

static void bind_receivers(struct notify *n, const struct receiver *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < v[i].n; k++) {
			const struct integration *to = &v[i].integrations[k];

			dest_get(n, to->id)->to = to;
		}
	}
}

static void bind_dests(struct notify *n)
{
	const struct notify_config *c = n->config;

	map_each (&n->dests, e)
		((struct dest *)e->value)->to = NULL;
	bind_receivers(n, c->receivers, c->n_receivers);
	bind_receivers(n, c->people, c->n_people);
}

static void bind_inhibitor(struct notify *n)
{
	inhibitor_free(n->inhibitor);
	n->inhibitor = inhibitor_new(n->config->inhibit_rules, n->config->n_inhibit_rules);
	map_each (&n->alerts, e)
		inhibitor_add(n->inhibitor, &((struct kept_alert *)e->value)->a);
}

/* A self alert from an earlier life about a receiver that is not configured any more would never
 * end by itself. Receivers are named by ids with two slashes. */
static void end_orphans(struct notify *n)
{
	map_each (&n->alerts, e) {
		const struct kept_alert *ka = e->value;
		struct labels_iter it = {0};
		struct label l;

		if (ka->a.source != ALERT_FROM_SELF ||
		    !str_is(labels_get(ka->a.labels, STR(LABEL_ALERTNAME)), SELF_RECEIVER))
			continue;
		while (labels_next(ka->a.labels, &it, &l)) {
			ptrdiff_t at = str_find_char(l.value, '/');
			const struct dest *d = map_get(&n->dests, l.value);

			if (at < 0 || str_find_char(str_from(l.value, (size_t)at + 1), '/') < 0 ||
			    (d && d->to))
				continue;

			char *what = mem_str(l.value);

			notify_self(n, SELF_RECEIVER, what, "", false);
			free(what);
		}
	}
}

static void release_lanes(struct notify *n)
{
	map_each (&n->lanes, e)
		lane_release(n, e->value);
}

void notify_configure(struct notify *n, struct now now, const struct notify_config *c,
		      struct str external_url)
{
	struct notify_config *old = n->config;

	notify_enter(n);
	n->config = notify_config_ref((struct notify_config *)(uintptr_t)c);
	free(n->external_url);
	n->external_url = mem_str(external_url);
	if (!n->configured)
		n->hold_until = now.mono + n->env.start_delay;
	bind_dests(n);
	bind_inhibitor(n);
	group_rebuild(n, now);
	outbox_rebind(n, now);
	paging_configure(n, now);
	ear_open_all(n, now);
	canary_configure(n, now);
	release_lanes(n);
	if (!n->configured)
		end_orphans(n);
	reminder_update(n, now);
	n->configured = true;
	n->version++;
	notify_config_free(old);
	notify_leave(n, now);
}
