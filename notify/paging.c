/*
 * Pages of incidents; see paging.h. The notifier keeps for each incident that is not over the lanes
 * in which it was told, so that an acknowledgement takes back what has not gone out and edits what
 * has, and the end reaches all who heard of it.
 */
#include "notify/paging.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "notify/ear.h"
#include "notify/hearing.h"
#include "notify/inner.h"
#include "notify/matcher.h"
#include "notify/receivers/oncall.h"
#include "oncall/incident.h"
#include "oncall/link.h"
#include "oncall/runbook.h"

#define PREFIX "incident/"
#define PERSON "person/"
#define SUMMARY_MAX 200

/* The lanes of one incident. */
struct paging {
	struct lane **lanes;
	size_t n, cap;
};

static uint64_t incident_of(struct str group_key)
{
	uint64_t id;

	if (!str_starts(group_key, PREFIX) ||
	    num_uint(str_from(group_key, strlen(PREFIX)), 10, &id) != NUM_OK)
		return 0;
	return id;
}

struct str paging_person(struct str dest)
{
	struct str rest = str_from(dest, strlen(PERSON));
	ptrdiff_t end = str_find_char(rest, '/');

	if (!str_starts(dest, PERSON) || end < 0)
		return STR("");
	return str_cut(rest, 0, (size_t)end);
}

static struct paging *paging_of(struct notify *n, struct str key)
{
	struct paging *p = map_get(&n->pagings, key);

	if (!p) {
		p = MEM_NEW(struct paging);
		map_put(&n->pagings, key, p);
	}
	return p;
}

static void hold_lane(struct notify *n, struct lane *l)
{
	struct paging *p = paging_of(n, str_of(l->group_key));

	for (size_t i = 0; i < p->n; i++) {
		if (p->lanes[i] == l)
			return;
	}
	p->lanes = mem_reserve(p->lanes, &p->cap, p->n + 1, sizeof(struct lane *));
	p->lanes[p->n++] = l;
	l->users++;
}

void paging_each(const struct notify *n,
		 bool (*fn)(void *arg, struct lane *l, const struct incident *i), void *arg)
{
	map_each (&n->pagings, e) {
		const struct paging *p = e->value;
		const struct incident *i = oncall_incident(n->oncall, incident_of(e->key));

		for (size_t k = 0; k < p->n && i && i->status != INCIDENT_RESOLVED; k++) {
			if (!fn(arg, p->lanes[k], i))
				return;
		}
	}
}

static void paging_done(struct paging *p)
{
	free(p->lanes);
	free(p);
}

/* ---- what is said -------------------------------------------------------------------------- */
/* In the order in which somebody wants to know it. */
static void put_facts(struct buf *b, const struct incident *i, const struct oncall_page *p)
{
	buf_printf(b, "#%llu", (unsigned long long)i->id);
	if (i->status == INCIDENT_ACKNOWLEDGED)
		buf_printf(b, " acknowledged by %s", i->acked_by);
	else if (i->merged_into)
		buf_printf(b, " %s, merged into #%llu", incident_status_name(i->status),
			   (unsigned long long)i->merged_into);
	else
		buf_printf(b, " %s", incident_status_name(i->status));
	if (p && p->kind == PAGE_SHADOW)
		buf_adds(b, " (a copy: nothing to do)");
	if (p)
		buf_printf(b, "; %.*s", STR_ARG(p->why));
	if (p && p->next.n)
		buf_printf(b, "; %.*s", STR_ARG(p->next));
}

/* How to answer, the shortest way first; empty once somebody has it. */
static void put_answer(struct buf *b, const struct notify *n, const struct incident *i,
		       const struct integration *to, struct str token)
{
	unsigned long long id = (unsigned long long)i->id;

	if (i->status != INCIDENT_TRIGGERED)
		return;
	buf_adds(b, "acknowledge: ");
	for (const char *c = to->account.n ? to->kind->hearing->how : ""; *c; c++) {
		if (*c == '%')
			buf_printf(b, "%llu", id);
		else
			buf_addc(b, *c);
	}
	if (!to->account.n)
		buf_printf(b, "%s/answer?t=%.*s", n->external_url, STR_ARG(token));
	buf_printf(b, ", or rouse ack %llu", id);
}

static struct str token_of(const struct notify *n, struct now now, const struct incident *i,
			   const struct integration *to, struct arena *a)
{
	struct str person = paging_person(to->id), s;
	struct link l = {.verb = ANSWER_ACK,
			 .incident = i->id,
			 .step = (int64_t)i->step,
			 .expires = now.wall + LINK_GOOD_FOR,
			 .person = person};
	struct buf b;

	if (!person.n)
		l.person = arena_printf(a, "receiver/%.*s", STR_ARG(to->receiver));
	buf_init(&b, BUF_MAX_ANY);
	link_put(&b, n->oncall, &l);
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static void annotate(struct message *m, const char *name, const struct buf *text)
{
	for (size_t k = 0; k < m->n && text->n; k++) {
		struct message_alert *a = &m->alerts[k];

		a->annotations = labels_with(a->annotations, name, buf_str(text), &m->arena);
	}
}

/* "▁▂▅█": how it went. One sample says nothing, nor do many that are the same. */
static void put_trail(struct buf *b, const struct alert_worth *w)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	float low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < w->n_trail; i++) {
		low = MIN(low, w->trail[i]);
		high = MAX(high, w->trail[i]);
	}
	if (!(high > low) || !isfinite(high - low))
		return;
	buf_addc(b, ' ');
	for (size_t i = 0; i < w->n_trail; i++)
		buf_adds(b, bars[(size_t)((w->trail[i] - low) / (high - low) * 7.49f)]);
}

/* "0.93, 0.72 when it began ▁▂▅█" of each alert that fires by a rule. */
static void annotate_values(const struct notify *n, struct message *m)
{
	struct alert_worth w = {.rule = NULL};

	for (size_t k = 0; n->env.worth && k < m->n; k++) {
		struct message_alert *a = &m->alerts[k];
		struct buf b;

		if (a->resolved || !n->env.worth(n->env.core, a->labels, &w))
			continue;
		buf_init(&b, 200);
		buf_printf(&b, "%.4g", w.now);
		if (!isnan(w.then) && w.then != w.now)
			buf_printf(&b, ", %.4g when it began", w.then);
		put_trail(&b, &w);
		a->annotations = labels_with(a->annotations, "value", buf_str(&b), &m->arena);
		buf_done(&b);
	}
}

/* The snapshot with the incident's number and state in it, for that integration; NULL if it cannot
 * be read. */
static struct message *message_of(const struct notify *n, struct now now, const struct incident *i,
				  const struct oncall_page *p, const struct integration *to)
{
	struct message *m = NULL;
	struct err err;
	struct buf facts, answer;
	char number[30];

	if (!message_parse(str_of(i->snapshot), &m, &err)) {
		io_log(n->env.io, LOG_LEVEL_ERROR, "incident cannot be told", "error=%s",
		       io_quote(str_of(err.msg)).text);
		return NULL;
	}
	snprintf(number, sizeof(number), "#%llu", (unsigned long long)i->id);
	m->page = (struct message_page){.incident = i->id,
					.step = (int64_t)i->step,
					.waiting = i->status == INCIDENT_TRIGGERED,
					.token = token_of(n, now, i, to, &m->arena)};
	buf_init(&facts, BUF_MAX_ANY);
	buf_init(&answer, BUF_MAX_ANY);
	put_facts(&facts, i, p);
	put_answer(&answer, n, i, to, m->page.token);
	m->receiver = arena_str(&m->arena, to->receiver);
	m->group_key = arena_printf(&m->arena, PREFIX "%llu", (unsigned long long)i->id);
	m->reason = p ? arena_str(&m->arena, p->why) : str_of(incident_status_name(i->status));
	m->group_labels = labels_with(m->group_labels, "incident", str_of(number), &m->arena);
	m->anew = p != NULL;
	m->at = now.wall;
	for (size_t k = 0; k < m->n; k++) {
		struct message_alert *a = &m->alerts[k];

		if (i->status != INCIDENT_RESOLVED || a->resolved)
			continue;
		a->resolved = true; /* closed by hand */
		a->ends_at = now.wall;
	}
	annotate(m, "incident", &facts);
	annotate(m, "answer", &answer);
	annotate_values(n, m);
	message_finish(m);
	buf_done(&facts);
	buf_done(&answer);
	return m;
}

static void tell(struct notify *n, struct now now, const struct oncall_page *p,
		 const struct integration *to)
{
	const struct incident *i = p->incident;
	struct message *m = message_of(n, now, i, p, to);
	struct lane *l;

	if (!m)
		return;
	l = lane_get(n, m->group_key, dest_get(n, to->id));
	hold_lane(n, l);
	outbox_withdraw(l, now, "a newer page says all of it");
	outbox_queue(l, now, m, NULL);
}

/* ---- what the incident asks for ------------------------------------------------------------ */
static const struct receiver *person_receiver(const struct notify *n, const struct person *p)
{
	size_t at = (size_t)(p - n->config->oncall->people);

	return at < n->config->n_people ? &n->config->people[at] : NULL;
}

static void page(void *arg, struct now now, const struct oncall_page *p)
{
	struct notify *n = arg;
	const struct receiver *rc = p->person ? person_receiver(n, p->person)
					      : notify_config_receiver(n->config, p->receiver);

	if (!rc)
		return;
	notify_enter(n);
	for (size_t i = 0; i < rc->n; i++) {
		if (!p->person || i == p->contact)
			tell(n, now, p, &rc->integrations[i]);
	}
	notify_leave(n, now);
}

static struct paging *find(struct notify *n, const struct incident *i)
{
	char key[40];

	snprintf(key, sizeof(key), PREFIX "%llu", (unsigned long long)i->id);
	return map_get(&n->pagings, str_of(key));
}

static void withdraw(void *arg, struct now now, const struct incident *i, struct str why)
{
	struct notify *n = arg;
	struct paging *p = find(n, i);
	char *text = mem_str(why);

	for (size_t k = 0; p && k < p->n; k++)
		outbox_withdraw(p->lanes[k], now, text);
	free(text);
}

static bool can_edit(const struct lane *l)
{
	const struct integration *to = l->dest->to;

	return to && to->update_message && to->kind->can_update && l->message_id && *l->message_id;
}

/* Who heard that it fires: whoever can be edited hears everything, the others only the end. */
static void update_lane(struct notify *n, struct now now, const struct incident *i, struct lane *l)
{
	const struct integration *to = l->dest->to;
	struct told told = lane_told(l, now, NULL);
	bool over = i->status == INCIDENT_RESOLVED;
	struct message *m;

	if (!to || (!told.firing.n && !told.doubt.n) ||
	    !(can_edit(l) || (over && to->send_resolved)))
		return;
	m = message_of(n, now, i, NULL, to);
	if (m)
		outbox_queue(l, now, m, NULL);
}

void paging_idle(struct notify *n, struct lane *l)
{
	uint64_t id = incident_of(str_of(l->group_key));
	const struct incident *i = id ? oncall_incident(n->oncall, id) : NULL;
	struct paging *p = map_get(&n->pagings, str_of(l->group_key));

	if (!p || l->first || (i && i->status != INCIDENT_RESOLVED))
		return;
	for (size_t k = 0; k < p->n; k++) {
		if (p->lanes[k] != l)
			continue;
		p->lanes[k] = p->lanes[--p->n];
		l->users--;
		break;
	}
	if (!p->n) {
		map_delete(&n->pagings, str_of(l->group_key));
		paging_done(p);
	}
	if (!l->users)
		lane_release(n, l);
}

static void update(void *arg, struct now now, const struct incident *i)
{
	struct notify *n = arg;
	struct paging *p = find(n, i);

	if (!p || !n->config)
		return;
	notify_enter(n);
	for (size_t k = 0; k < p->n; k++)
		update_lane(n, now, i, p->lanes[k]);
	for (size_t k = p->n; i->status == INCIDENT_RESOLVED && k-- > 0;)
		paging_idle(n, p->lanes[k]);
	notify_leave(n, now);
}

/* ---- incidents without alerts -------------------------------------------------------------- */
void notify_snapshot(const struct notify *n, struct now now, struct labels labels,
		     struct labels annotations, struct buf *b)
{
	struct message *m = message_new();
	struct labels none = {.p = ""};

	m->external_url = arena_str(&m->arena, str_of(n->external_url));
	m->at = now.wall;
	m->n = 1;
	m->group_labels = labels_with(none, LABEL_ALERTNAME,
				      labels_get(labels, STR(LABEL_ALERTNAME)), &m->arena);
	m->alerts = ARENA_ARRAY(&m->arena, struct message_alert, 1);
	m->alerts[0] = (struct message_alert){.labels = labels,
					      .annotations = annotations,
					      .starts_at = now.wall,
					      .ends_at = MS_NONE,
					      .hash = labels_hash(labels)};
	message_finish(m);
	message_put(b, m);
	message_free(m);
}

/* ---- words for those who are not paged ----------------------------------------------------- */
void paging_say(struct notify *n, struct now now, const struct paging_words *w)
{
	struct message *m = message_new();
	struct labels none = {.p = ""};

	m->receiver = arena_str(&m->arena, w->to->receiver);
	m->group_key = arena_str(&m->arena, w->key);
	m->reason = arena_str(&m->arena, w->reason);
	m->external_url = arena_str(&m->arena, str_of(n->external_url));
	m->group_labels = labels_with(none, LABEL_ALERTNAME, w->title, &m->arena);
	m->at = now.wall;
	m->anew = true;
	m->n = 1;
	m->alerts = ARENA_ARRAY(&m->arena, struct message_alert, 1);
	m->alerts[0] = (struct message_alert){
		.labels = m->group_labels,
		.annotations = labels_with(none, "summary", w->text, &m->arena),
		.starts_at = w->starts_at,
		.ends_at = w->ends_at,
		.resolved = w->ends_at != MS_NONE,
		.hash = labels_hash(m->group_labels),
	};
	message_finish(m);
	outbox_queue(lane_get(n, m->group_key, dest_get(n, w->to->id)), now, m, NULL);
}

static void tell_receiver(void *arg, struct now now, const struct incident *i, struct str receiver,
			  struct str text)
{
	struct notify *n = arg;
	const struct receiver *rc = n->config ? notify_config_receiver(n->config, receiver) : NULL;
	char key[40];
	struct paging_words w = {.reason = STR("an update"),
				 .title = str_of(i->title),
				 .text = text,
				 .starts_at = i->opened_at,
				 .ends_at = i->resolved_at};

	snprintf(key, sizeof(key), "updates/%llu", (unsigned long long)i->id);
	w.key = str_of(key);
	notify_enter(n);
	for (size_t k = 0; rc && k < rc->n; k++) {
		w.to = &rc->integrations[k];
		paging_say(n, now, &w);
	}
	notify_leave(n, now);
}

static void self_alert(void *arg, struct now now, struct str name, struct str what, struct str text,
		       bool firing)
{
	static const char *const names[] = {"RouseScheduleHole", "RouseUnanswered",
					    "RouseDrillFailed"};
	struct notify *n = arg;
	char *subject = mem_str(what), *words = mem_str(text);

	notify_enter(n);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_is(name, names[i]))
			notify_self(n, names[i], subject, words, firing);
	}
	free(subject);
	free(words);
	notify_leave(n, now);
}

static char *snapshot(void *arg, struct now now, struct str title, struct str words)
{
	struct arena a;
	struct labels none = {.p = ""};
	struct buf b;
	char *s;

	arena_init(&a);
	buf_init(&b, BUF_MAX_ANY);
	notify_snapshot(arg, now, labels_with(none, LABEL_ALERTNAME, title, &a),
			labels_with(none, "summary", words, &a), &b);
	s = mem_str(buf_str(&b));
	buf_done(&b);
	arena_done(&a);
	return s;
}

static void drill_person(void *arg, struct now now, struct str person, struct str by)
{
	(void)notify_drill(arg, now, person, by);
}

static uint64_t entropy(void *arg)
{
	const struct io *io = ((struct notify *)arg)->env.io;

	return io->ops->entropy(io->host);
}

/* ---- life ---------------------------------------------------------------------------------- */
void paging_init(struct notify *n)
{
	struct oncall_env env = {
		.timers = n->env.timers,
		.batch = n->env.batch,
		.page = page,
		.withdraw = withdraw,
		.update = update,
		.tell = tell_receiver,
		.self_alert = self_alert,
		.snapshot = snapshot,
		.drill_person = drill_person,
		.entropy = entropy,
		.event = n->env.event,
		.arg = n,
		.core = n->env.core,
	};

	map_init(&n->pagings);
	n->oncall = oncall_new(&env);
}

void paging_free(struct notify *n)
{
	oncall_free(n->oncall);
	map_each (&n->pagings, e)
		paging_done(e->value);
	map_done(&n->pagings);
}

void paging_configure(struct notify *n, struct now now)
{
	map_each (&n->lanes, e) {
		struct lane *l = e->value;
		uint64_t id = incident_of(str_of(l->group_key));
		const struct incident *i = id ? oncall_incident(n->oncall, id) : NULL;

		if (!i || i->status == INCIDENT_RESOLVED)
			continue;
		hold_lane(n, l);
		/* An earlier life may have been sending while somebody acknowledged. */
		if (!n->configured && i->status == INCIDENT_ACKNOWLEDGED)
			outbox_withdraw_pages(l, now, i->acked_at, "acknowledged");
	}
	oncall_configure(n->oncall, now, n->config->oncall);
}

/* ---- handing over -------------------------------------------------------------------------- */
static bool is_urgent(const struct message *m, const struct oncall_target *c)
{
	struct err err;
	bool ok;

	for (size_t i = 0; i < m->n; i++) {
		if (!m->alerts[i].resolved &&
		    am_matchers_test(c->matchers, c->n_matchers, m->alerts[i].labels, &ok, &err) &&
		    ok)
			return true;
	}
	return false;
}

static struct str severity_of(const struct message *m)
{
	struct str s = labels_get(m->common_labels, STR("severity"));

	return s.n || !m->n ? s : labels_get(m->alerts[0].labels, STR("severity"));
}

/* "Down: api is gone on 3 hosts": what suffices on a watch comes first. */
static void put_title(struct buf *b, const struct message *m)
{
	struct str name = labels_get(m->common_labels, STR(LABEL_ALERTNAME));
	struct str summary = labels_get(m->common_annotations, STR("summary"));

	if (!name.n) {
		message_put_title(b, m);
		return;
	}
	buf_add(b, name);
	if (m->n_firing > 1)
		buf_printf(b, " (%zu)", m->n_firing);
	if (summary.n)
		buf_printf(b, ": %.*s", (int)MIN(summary.n, (size_t)SUMMARY_MAX), summary.p);
}

/* The runbook of the first firing alert that has one; empty: none. */
static struct str runbook_of(const struct notify *n, const struct message *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct message_alert *a = &m->alerts[i];
		struct str named = labels_get(a->annotations, STR("runbook"));
		const struct runbook *r;

		if (a->resolved)
			continue;
		if (!named.n)
			named = labels_get(a->annotations, STR("runbook_url"));
		r = runbooks_match(n->config->runbooks, named,
				   labels_get(a->labels, STR(LABEL_ALERTNAME)));
		if (r)
			return r->name;
	}
	return STR("");
}

void paging_hand_over(struct row *r, struct now now)
{
	const struct oncall_target *c = r->lane->dest->to->config;
	const struct message *m = r->message;
	struct notify *n = r->n;
	struct buf title, snapshot, key;

	buf_init(&title, BUF_MAX_ANY);
	buf_init(&snapshot, BUF_MAX_ANY);
	buf_init(&key, BUF_MAX_ANY);
	put_title(&title, m);
	message_put(&snapshot, m);
	buf_printf(&key, "%s %s", r->receiver, r->group_key);

	struct report report = {.key = buf_str(&key),
				.policy = c->policy,
				.severity = severity_of(m),
				.title = buf_str(&title),
				.snapshot = buf_str(&snapshot),
				.runbook = runbook_of(n, m),
				.urgent = is_urgent(m, c),
				.firing = m->n_firing > 0};

	oncall_report(n->oncall, now, &report);
	buf_done(&title);
	buf_done(&snapshot);
	buf_done(&key);
	outbox_sent(r, now, STR(""));
}

/* ---- what became of pages ------------------------------------------------------------------ */
void paging_sent(struct notify *n, struct now now, const struct row *r)
{
	struct str dest = str_of(r->receiver);
	const struct lane *l;

	oncall_page_sent(n->oncall, now, incident_of(str_of(r->group_key)), paging_person(dest),
			 dest);
	l = lane_find(n, str_of(r->group_key), dest);
	if (l)
		ear_open(n, now, l);
}

void paging_failed(struct notify *n, struct now now, const struct row *r, const char *why)
{
	struct str dest = str_of(r->receiver);

	oncall_page_failed(n->oncall, now, incident_of(str_of(r->group_key)), paging_person(dest),
			   dest, str_of(why));
}
