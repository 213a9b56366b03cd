/*
 * Incidents as records: opening, acknowledging, ending, their timelines, the store. What is
 * planned for them is escalate.c's.
 */
#include "oncall/incident.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oncall/drill.h"
#include "oncall/inner.h"
#include "store/store.h"

#define EVENTS_MAX 2000	  /* of one incident; later ones push the oldest but the first out */
#define RESOLVED_MAX 5000 /* kept */
#define MATCHED "runbook" /* the event that says which one is for it */

const char *incident_status_name(enum incident_status s)
{
	static const char *const names[] = {
		[INCIDENT_TRIGGERED] = "triggered",
		[INCIDENT_ACKNOWLEDGED] = "acknowledged",
		[INCIDENT_RESOLVED] = "resolved",
		[INCIDENT_MERGED] = "merged",
	};

	return names[s];
}

/* ---- the object ---------------------------------------------------------------------------- */
struct oncall *oncall_new(const struct oncall_env *env)
{
	struct oncall *oc = MEM_NEW(struct oncall);

	oc->env = *env;
	map_init(&oc->open);
	return oc;
}

static void event_done(struct incident_event *e)
{
	free(e->kind);
	free(e->who);
	free(e->text);
}

static void incident_free(struct incident *i)
{
	timer_stop(i->oncall->env.timers, &i->timer);
	escalate_halt(i);
	free(i->cycles);
	for (size_t k = 0; k < i->n_events; k++)
		event_done(&i->events[k]);
	free(i->events);
	free(i->key);
	free(i->policy);
	free(i->severity);
	free(i->title);
	free(i->snapshot);
	free(i->acked_by);
	free(i->runbook);
	free(i);
}

void oncall_free(struct oncall *oc)
{
	if (!oc)
		return;
	for (size_t k = 0; k < oc->n; k++)
		incident_free(oc->incidents[k]);
	free(oc->incidents);
	map_done(&oc->open);
	override_free_all(oc);
	mark_free_all(oc);
	drill_free_all(oc);
	free(oc);
}

void oncall_stop(struct oncall *oc)
{
	oc->stopped = true;
	drill_stop_all(oc);
	for (size_t k = 0; k < oc->n; k++)
		timer_stop(oc->env.timers, &oc->incidents[k]->timer);
}

uint64_t oncall_version(const struct oncall *oc)
{
	return oc->version;
}

const struct oncall_config *oncall_config(const struct oncall *oc)
{
	return oc->config;
}

struct incident *incident_find(const struct oncall *oc, uint64_t id)
{
	size_t low = 0, high = oc->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (oc->incidents[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < oc->n && oc->incidents[low]->id == id ? oc->incidents[low] : NULL;
}

const struct incident *oncall_incident(const struct oncall *oc, uint64_t id)
{
	return incident_find(oc, id);
}

const struct incident *oncall_open_of(const struct oncall *oc, struct str key)
{
	const struct incident *i = map_get(&oc->open, key);

	return i && i->status != INCIDENT_RESOLVED ? i : NULL;
}

void oncall_incidents(const struct oncall *oc, bool (*fn)(void *arg, const struct incident *i),
		      void *arg)
{
	for (size_t k = oc->n; k-- > 0;) {
		if (!fn(arg, oc->incidents[k]))
			return;
	}
}

/* ---- the store ----------------------------------------------------------------------------- */
static void store_cycles(struct incident *i)
{
	struct batch *b = oncall_batch(i->oncall);

	batch_add(b, ST_CYCLE_DEL, V_INT(i->id));
	for (size_t k = 0; k < i->n_cycles; k++) {
		const struct cycle *c = &i->cycles[k];

		batch_add(b, ST_CYCLE_PUT, V_INT(i->id), V_INT(k), V_TEXT(str_of(c->person)),
			  V_TEXT(str_of(c->why)), V_INT(c->urgent), V_INT(c->shadow),
			  V_INT(c->started_at), V_INT(c->next), V_INT(c->sent), V_INT(c->failed));
	}
}

static void store(struct incident *i)
{
	batch_add(oncall_batch(i->oncall), ST_INCIDENT_PUT, V_INT(i->id), V_INT(i->status),
		  V_TEXT(str_of(i->key)), V_TEXT(str_of(i->policy)), V_TEXT(str_of(i->severity)),
		  V_TEXT(str_of(i->title)), V_BLOB(str_of(i->snapshot)), V_INT(i->urgent),
		  V_INT(i->opened_at), V_INT(i->acked_at), V_INT(i->resolved_at),
		  V_TEXT(str_of(i->acked_by)), V_INT(i->lease_at), V_INT(i->reminded),
		  V_INT(i->snoozed_until), V_INT(i->pass), V_INT(i->step), V_INT(i->pass_reached),
		  V_INT(i->next_at), V_INT(i->merged_into), V_INT(i->part_over),
		  V_INT(i->severity_set));
	store_cycles(i);
}

static void due(struct timer *t, struct now now)
{
	struct incident *i = CONTAINER(t, struct incident, timer);

	escalate_run(i, now);
	incident_settle(i, now);
}

static void say_unanswered(struct incident *i, struct now now, bool unanswered)
{
	struct oncall *oc = i->oncall;
	char number[30];

	i->unanswered = unanswered;
	snprintf(number, sizeof(number), "#%llu", (unsigned long long)i->id);
	oc->env.self_alert(oc->env.arg, now, STR("RouseUnanswered"), str_of(number),
			   STR("the incident was escalated to the end of its policy and nobody "
			       "answered"),
			   unanswered);
}

void incident_settle(struct incident *i, struct now now)
{
	struct oncall *oc = i->oncall;
	bool unanswered = escalate_unanswered(i);
	ms_t at;

	store(i);
	oc->version++;
	if (unanswered != i->unanswered)
		say_unanswered(i, now, unanswered);
	at = escalate_due(i);
	if (at == MS_NONE || oc->stopped || !oc->config)
		timer_stop(oc->env.timers, &i->timer);
	else
		timer_set(oc->env.timers, &i->timer, TIMER_WALL, at, due);
}

/* ---- the timeline -------------------------------------------------------------------------- */
static void add_event(struct incident *i, ms_t at, const char *kind, struct str who,
		      struct str text)
{
	if (i->n_events == EVENTS_MAX) {
		event_done(&i->events[1]);
		memmove(&i->events[1], &i->events[2], (i->n_events - 2) * sizeof(*i->events));
		i->n_events--;
	}
	i->events = mem_reserve(i->events, &i->cap_events, i->n_events + 1, sizeof(*i->events));
	i->events[i->n_events++] = (struct incident_event){.at = at,
							   .kind = mem_str(str_of(kind)),
							   .who = mem_str(who),
							   .text = mem_str(text)};
}

void incident_write(struct incident *i, ms_t at, const char *kind, struct str who, struct str text)
{
	add_event(i, at, kind, who, text);
	batch_add(oncall_batch(i->oncall), ST_INCIDENT_EVENT_PUT, V_INT(++i->oncall->last_event),
		  V_INT(i->id), V_INT(at), V_TEXT(str_of(kind)), V_TEXT(who), V_TEXT(text));
}

void incident_say(struct incident *i, ms_t at, const char *kind, struct str who, const char *fmt,
		  ...)
{
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	incident_write(i, at, kind, who, str_of(text));
}

/* ---- opening ------------------------------------------------------------------------------- */
void incident_set(char **at, struct str text)
{
	char *copy = mem_str(text);

	free(*at);
	*at = copy;
}

static void add(struct oncall *oc, struct incident *i)
{
	oc->incidents = mem_reserve(oc->incidents, &oc->cap, oc->n + 1, sizeof(*oc->incidents));
	oc->incidents[oc->n++] = i;
	oc->last_incident = MAX(oc->last_incident, i->id);
	if (*i->key)
		map_put(&oc->open, str_of(i->key), i);
}

static struct incident *incident_new(struct oncall *oc, struct now now, const struct report *r)
{
	struct incident *i = MEM_NEW(struct incident);

	*i = (struct incident){
		.id = oc->last_incident + 1,
		.oncall = oc,
		.key = mem_str(r->key),
		.policy = mem_str(r->policy),
		.severity = mem_str(r->severity),
		.title = mem_str(r->title),
		.snapshot = mem_str(r->snapshot),
		.urgent = r->urgent,
		.opened_at = now.wall,
		.acked_at = MS_NONE,
		.resolved_at = MS_NONE,
		.acked_by = mem_str(STR("")),
		.runbook = mem_str(STR("")),
		.lease_at = MS_NONE,
		.snoozed_until = MS_NONE,
		.next_at = MS_NONE,
		.handoff_at = MS_NONE,
	};
	add(oc, i);
	return i;
}

void incident_begin(struct incident *i, struct now now)
{
	escalate_begin(i, now);
	escalate_run(i, now);
	incident_settle(i, now);
}

static ms_t reopen_within(const struct incident *i)
{
	const struct oncall_config *c = i->oncall->config;
	const struct policy *p = c ? oncall_policy(c, str_of(i->policy)) : NULL;

	return p ? p->reopen_within : 0;
}

void incident_resolve(struct incident *i, struct now now, struct str who, struct str why)
{
	struct oncall *oc = i->oncall;

	i->status = INCIDENT_RESOLVED;
	i->resolved_at = now.wall;
	i->snoozed_until = i->lease_at = MS_NONE;
	escalate_halt(i);
	incident_write(i, now.wall, "resolved", who, why);
	oc->env.withdraw(oc->env.arg, now, i, STR("the incident is over"));
	oc->env.update(oc->env.arg, now, i);
	incident_settle(i, now);
	merge_resolved(i, now, who);
}

static void reopen(struct incident *i, struct now now)
{
	i->status = INCIDENT_TRIGGERED;
	i->resolved_at = i->acked_at = MS_NONE;
	incident_set(&i->acked_by, STR(""));
	i->reminded = i->part_over = false;
	i->merged_into = 0;
	incident_say(i, now.wall, "reopened", STR(""), "it fires again: %s", i->title);
	incident_begin(i, now);
}

/* Which runbook is for it: said when it is another one. */
static void match(struct incident *i, struct now now, struct str runbook)
{
	if (!runbook.n || str_is(runbook, i->runbook))
		return;
	incident_set(&i->runbook, runbook);
	incident_write(i, now.wall, MATCHED, STR(""), runbook);
}

/* What is known changes; who has it in hand is not disturbed, unless it becomes urgent. */
static void refresh(struct incident *i, struct now now, const struct report *r)
{
	struct oncall *oc = i->oncall;
	bool worse = r->urgent && !i->urgent;
	bool changed = !str_eq(str_of(i->snapshot), r->snapshot);

	incident_set(&i->snapshot, r->snapshot);
	i->part_over = false;
	if (!i->severity_set)
		incident_set(&i->severity, r->severity);
	if (!str_eq(str_of(i->title), r->title)) {
		incident_set(&i->title, r->title);
		incident_say(i, now.wall, "changed", STR(""), "%s", i->title);
	}
	i->urgent |= r->urgent;
	if (worse && i->status != INCIDENT_MERGED) {
		incident_say(i, now.wall, "urgent", STR(""), "it has become urgent");
		i->status = INCIDENT_TRIGGERED;
		i->snoozed_until = i->lease_at = MS_NONE;
		escalate_halt(i);
		incident_begin(i, now);
		return;
	}
	if (changed)
		oc->env.update(oc->env.arg, now, i);
	incident_settle(i, now);
}

void oncall_report(struct oncall *oc, struct now now, const struct report *r)
{
	struct incident *i = map_get(&oc->open, r->key);
	bool over = i && i->status == INCIDENT_RESOLVED;

	if (over && now.wall - i->resolved_at > reopen_within(i)) {
		map_delete(&oc->open, r->key);
		i = NULL;
	}
	if (!r->firing) {
		if (!i || over)
			return;
		incident_set(&i->snapshot, r->snapshot);
		if (!merge_part_over(i, now))
			incident_resolve(i, now, STR(""), STR("the alerts are over"));
	} else if (!i) {
		i = incident_new(oc, now, r);
		incident_say(i, now.wall, "opened", STR(""), "%s", i->title);
		match(i, now, r->runbook);
		incident_begin(i, now);
	} else if (over) {
		incident_set(&i->snapshot, r->snapshot);
		incident_set(&i->title, r->title);
		i->urgent |= r->urgent;
		match(i, now, r->runbook);
		reopen(i, now);
	} else {
		match(i, now, r->runbook);
		refresh(i, now, r);
	}
}

uint64_t oncall_open(struct oncall *oc, struct now now, const struct report *r, struct str by)
{
	struct incident *i;

	if (!oc->config || !oncall_policy(oc->config, r->policy))
		return 0;
	i = incident_new(oc, now, r);
	incident_say(i, now.wall, "opened", by, "%s: %s",
		     incident_is_drill(i) ? "as a drill"
		     : *i->key		  ? "by form"
					  : "by hand",
		     i->title);
	match(i, now, r->runbook);
	incident_begin(i, now);
	return i->id;
}

/* ---- what became of pages ------------------------------------------------------------------ */
static struct cycle *cycle_of(struct incident *i, struct str person)
{
	for (size_t k = i->n_cycles; k-- > 0;) {
		if (str_eq(str_of(i->cycles[k].person), person))
			return &i->cycles[k];
	}
	return NULL;
}

void oncall_page_sent(struct oncall *oc, struct now now, uint64_t incident, struct str person,
		      struct str dest)
{
	struct incident *i = incident_find(oc, incident);
	struct cycle *c = i ? cycle_of(i, person) : NULL;

	if (!i)
		return;
	if (c)
		c->sent++;
	incident_say(i, now.wall, "sent", person, "%.*s", STR_ARG(dest));
	incident_settle(i, now);
}

void oncall_page_failed(struct oncall *oc, struct now now, uint64_t incident, struct str person,
			struct str dest, struct str why)
{
	struct incident *i = incident_find(oc, incident);
	struct cycle *c = i ? cycle_of(i, person) : NULL;

	if (!i)
		return;
	incident_say(i, now.wall, "failed", person, "%.*s: %.*s", STR_ARG(dest), STR_ARG(why));
	if (c && i->status == INCIDENT_TRIGGERED) {
		c->failed++;
		escalate_failed(i, now, c);
	}
	incident_settle(i, now);
}

/* ---- life ---------------------------------------------------------------------------------- */
void oncall_configure(struct oncall *oc, struct now now, const struct oncall_config *c)
{
	oc->config = c;
	link_have_key(oc);
	drill_configure(oc, now);
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *i = oc->incidents[k];

		if (i->status == INCIDENT_TRIGGERED && i->snoozed_until == MS_NONE)
			escalate_configured(i, now);
		if (i->status != INCIDENT_RESOLVED)
			incident_settle(i, now);
	}
}

static void shift(ms_t *t, ms_t by)
{
	if (*t != MS_NONE)
		*t += by;
}

void oncall_clock_stepped(struct oncall *oc, struct now now, ms_t by)
{
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *i = oc->incidents[k];

		shift(&i->opened_at, by);
		shift(&i->acked_at, by);
		shift(&i->resolved_at, by);
		shift(&i->lease_at, by);
		shift(&i->snoozed_until, by);
		shift(&i->next_at, by);
		if (i->handoff_at != MS_NONE)
			i->handoff_at = now.wall; /* the plan goes by the clock */
		for (size_t c = 0; c < i->n_cycles; c++)
			i->cycles[c].started_at += by;
		if (i->status != INCIDENT_RESOLVED)
			incident_settle(i, now);
	}
}

void oncall_expire(struct oncall *oc)
{
	size_t resolved = 0, kept = 0;

	for (size_t k = 0; k < oc->n; k++)
		resolved += oc->incidents[k]->status == INCIDENT_RESOLVED;
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *i = oc->incidents[k];

		if (i->status != INCIDENT_RESOLVED || resolved <= RESOLVED_MAX) {
			oc->incidents[kept++] = i;
			continue;
		}
		resolved--;
		if (map_get(&oc->open, str_of(i->key)) == i)
			map_delete(&oc->open, str_of(i->key));
		batch_add(oncall_batch(oc), ST_INCIDENT_DEL, V_INT(i->id));
		batch_add(oncall_batch(oc), ST_CYCLE_DEL, V_INT(i->id));
		batch_add(oncall_batch(oc), ST_INCIDENT_EVENT_DEL, V_INT(i->id));
		incident_free(i);
	}
	oc->n = kept;
}

/* ---- restart ------------------------------------------------------------------------------- */
static bool load_incident(void *arg, const struct val *v, size_t n)
{
	struct oncall *oc = arg;
	struct incident *i = MEM_NEW(struct incident);

	CHECK(n == 22);
	*i = (struct incident){
		.id = (uint64_t)v[0].i,
		.oncall = oc,
		.status = (enum incident_status)v[1].i,
		.key = mem_str(v[2].s),
		.policy = mem_str(v[3].s),
		.severity = mem_str(v[4].s),
		.title = mem_str(v[5].s),
		.snapshot = mem_str(v[6].s),
		.urgent = v[7].i != 0,
		.opened_at = v[8].i,
		.acked_at = v[9].i,
		.resolved_at = v[10].i,
		.acked_by = mem_str(v[11].s),
		.runbook = mem_str(STR("")),
		.lease_at = v[12].i,
		.reminded = v[13].i != 0,
		.snoozed_until = v[14].i,
		.pass = (int)v[15].i,
		.step = (size_t)v[16].i,
		.pass_reached = v[17].i != 0,
		.next_at = v[18].i,
		.merged_into = (uint64_t)v[19].i,
		.part_over = v[20].i != 0,
		.severity_set = v[21].i != 0,
		.handoff_at = MS_NONE,
	};
	i->unanswered = escalate_unanswered(i);
	add(oc, i);
	return true;
}

static bool load_cycle(void *arg, const struct val *v, size_t n)
{
	struct incident *i = incident_find(arg, (uint64_t)v[0].i);

	CHECK(n == 10);
	if (!i)
		return true;
	i->cycles = mem_reserve(i->cycles, &i->cap_cycles, i->n_cycles + 1, sizeof(*i->cycles));
	i->cycles[i->n_cycles++] = (struct cycle){.person = mem_str(v[2].s),
						  .why = mem_str(v[3].s),
						  .urgent = v[4].i != 0,
						  .shadow = v[5].i != 0,
						  .started_at = v[6].i,
						  .next = (size_t)v[7].i,
						  .sent = (size_t)v[8].i,
						  .failed = (size_t)v[9].i};
	return true;
}

static bool load_event(void *arg, const struct val *v, size_t n)
{
	struct oncall *oc = arg;
	struct incident *i = incident_find(oc, (uint64_t)v[1].i);

	CHECK(n == 6);
	oc->last_event = MAX(oc->last_event, (uint64_t)v[0].i);
	if (i) {
		char *kind = mem_str(v[3].s);

		add_event(i, v[2].i, kind, v[4].s, v[5].s);
		if (strcmp(kind, MATCHED) == 0)
			incident_set(&i->runbook, v[5].s);
		free(kind);
	}
	return true;
}

bool oncall_restore(struct oncall *oc, struct store *s, struct err *err)
{
	return store_select(s, ST_META_LOAD, NULL, 0, link_load_key, oc, err) &&
	       store_select(s, ST_META_LOAD, NULL, 0, drill_load, oc, err) &&
	       store_select(s, ST_INCIDENT_LOAD, NULL, 0, load_incident, oc, err) &&
	       store_select(s, ST_CYCLE_LOAD, NULL, 0, load_cycle, oc, err) &&
	       store_select(s, ST_INCIDENT_EVENT_LOAD, NULL, 0, load_event, oc, err) &&
	       override_restore(oc, s, err) && mark_restore(oc, s, err);
}
