/*
 * Many pages at once to one contact: whoever has been paged a few times within a minute is awake;
 * what waits then goes in one message instead of one each. Nothing is held back for it: rows are
 * bundled only when they could all start at this moment. Each stays a row of its own, durable, with
 * its own end: if the message is refused they go one by one.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "notify/inner.h"
#include "notify/paging.h"

#define CARRY_MAX 50

bool bundle_may(const struct row *r)
{
	return r->is_page && !r->alone && r->message->page.incident && !r->twice &&
	       paging_person(str_of(r->receiver)).n > 0;
}

bool bundle_begin(struct dest *d, const struct row *r)
{
	ms_t *oldest = &d->page_begun[d->next_begun];
	bool many = *oldest && r->next_at - *oldest < MINUTE;

	*oldest = MAX(r->next_at, (ms_t)1);
	d->next_begun = (d->next_begun + 1) % BUNDLE_FROM;
	return many;
}

void bundle_carry(struct row *leader, struct row *r)
{
	if (leader->n_carried == 0)
		leader->carried = mem_alloc(CARRY_MAX * sizeof(struct row *));
	CHECK(leader->n_carried < CARRY_MAX && !r->leader);
	leader->carried[leader->n_carried++] = r;
	r->leader = leader;
}

struct row **bundle_release(struct row *leader, size_t *n)
{
	struct row **v = leader->carried;

	*n = leader->n_carried;
	for (size_t i = 0; i < *n; i++)
		v[i]->leader = NULL;
	leader->carried = NULL;
	leader->n_carried = 0;
	return v;
}

void bundle_leave(struct row *r)
{
	struct row *l = r->leader;

	for (size_t i = 0; l && i < l->n_carried; i++) {
		if (l->carried[i] == r)
			l->carried[i--] = l->carried[--l->n_carried];
	}
	r->leader = NULL;
}

/* ---- the message --------------------------------------------------------------------------- */
/* The first alert of a page stands for all of it: its text says which incident that is. */
static struct message_alert alert_of(const struct message *m, struct str answer, struct arena *a)
{
	struct message_alert al = m->alerts[0];
	struct str summary = labels_get(al.annotations, STR("summary"));

	if (!summary.n)
		summary = labels_get(al.labels, STR(LABEL_ALERTNAME));
	al.annotations =
		labels_with(al.annotations, "summary",
			    arena_printf(a, "#%llu %.*s", (unsigned long long)m->page.incident,
					 STR_ARG(summary)),
			    a);
	al.annotations = labels_with(al.annotations, "answer", answer, a);
	return al;
}

struct message *bundle_message(const struct row *leader, struct now now)
{
	struct message *m = message_new();
	size_t n = leader->n_carried + 1;
	struct str numbers = STR(""), answer;
	struct labels none = {.p = ""};

	for (size_t i = 0; i < n; i++) {
		const struct row *r = i ? leader->carried[i - 1] : leader;

		numbers = arena_printf(&m->arena, "%.*s%s%llu", STR_ARG(numbers), i ? " " : "",
				       (unsigned long long)r->message->page.incident);
	}
	answer = arena_printf(&m->arena, "acknowledge: rouse ack %.*s, or %s/incidents",
			      STR_ARG(numbers), leader->n->external_url);
	m->receiver = arena_str(&m->arena, leader->message->receiver);
	m->group_key = arena_str(&m->arena, leader->message->group_key);
	m->reason = arena_printf(&m->arena, "%zu pages at once", n);
	m->external_url = arena_str(&m->arena, str_of(leader->n->external_url));
	m->group_labels = labels_with(none, LABEL_ALERTNAME,
				      arena_printf(&m->arena, "%zu incidents", n), &m->arena);
	m->group_labels =
		labels_with(m->group_labels, "incident",
			    arena_printf(&m->arena, "#%.*s", STR_ARG(numbers)), &m->arena);
	m->at = now.wall;
	m->anew = true;
	m->alerts = ARENA_ARRAY(&m->arena, struct message_alert, n);
	for (size_t i = 0; i < n; i++) {
		const struct message *one = (i ? leader->carried[i - 1] : leader)->message;

		if (one->n)
			m->alerts[m->n++] = alert_of(one, answer, &m->arena);
	}
	message_finish(m);
	return m;
}
