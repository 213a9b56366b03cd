/*
 * Is somebody going to be told? The question of the simulator's oracle (S1) after every turn: it
 * looks for a way forward for each firing alert, and does not ask how it came about. The daemon
 * itself does not call it.
 */
#include "notify/inner.h"
#include "notify/route.h"

static bool is_starting(const struct notify *n, const struct row *r)
{
	for (size_t i = 0; i < n->n_starting; i++) {
		if (n->starting[i] == r)
			return true;
	}
	return false;
}

/* Something will move the destination's waiting rows. */
static bool dest_moves(const struct dest *d)
{
	return !d->to || d->running > 0 || (d->paused && timer_is_set(&d->timer));
}

/* The first open row of a lane moves, the others wait for it. */
static bool row_moves(const struct notify *n, const struct row *r)
{
	if (r->status == OUTBOX_SENDING)
		return r->attempt || r->leader || is_starting(n, r);
	if (r->is_ready)
		return dest_moves(r->lane->dest);
	return r->status == OUTBOX_RETRY && timer_is_set(&r->timer);
}

/* The group asks again by itself (its timer), so a lane only has to be able to move. */
static bool group_covers(const struct group *g)
{
	if (!timer_is_set(&g->timer))
		return false;
	for (size_t i = 0; i < g->n_lanes; i++) {
		const struct row *first = g->lanes[i]->first;

		if (first && !row_moves(g->n, first))
			return false;
	}
	return true;
}

struct covering {
	const struct notify *n;
	const struct alert *alert;
	bool covered;
};

static void route_found(void *arg, const struct route *r)
{
	struct covering *c = arg;
	const struct kept_alert *ka = map_get(&c->n->alerts, labels_bytes(c->alert->labels));
	bool held = false;

	for (size_t i = 0; ka && i < ka->n_in; i++) {
		if (ka->in[i]->group->route == r)
			held = group_covers(ka->in[i]->group);
	}
	c->covered = c->covered && held;
}

bool notify_covers(const struct notify *n, const struct alert *a)
{
	struct covering c = {.n = n, .alert = a, .covered = true};

	if (n->config && !n->stopped)
		route_match(n->config->root, a->labels, route_found, &c);
	return c.covered;
}
