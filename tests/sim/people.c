/* Random teams on call; see people.h. */
#include "tests/sim/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/tz.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/link.h"
#include "tests/sim/receivers.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define PEOPLE_MAX 20
#define SCHEDULES 3
#define ALERTS 6
#define CHUNK (20 * SECOND)
#define SLACK (10 * SECOND) /* what was on its way when an acknowledgement became durable */
#define ANSWERS_MAX 64
#define CHANGES_MAX 256
#define TOKEN_MAX 400
#define TIMELINE_FULL 1900 /* events; incident.c keeps 2000 */

enum turn_kind { TURN_ALWAYS, TURN_DAILY, TURN_WEEKLY };

struct plan_schedule {
	enum turn_kind kind;
	const char *zone;
	struct tz *tz;
	int minutes; /* of the hand-off */
	int people[PEOPLE_MAX];
	int n;
};

/* An override as it was made: `add` instead of `remove`. */
struct change {
	int schedule, add, remove;
	ms_t from, to;
};

/* Somebody is going to answer. */
struct plan_answer {
	ms_t at; /* mono */
	uint64_t incident;
	int person;
	char token[TOKEN_MAX];
};

/* What is known of an incident from outside. */
struct watch {
	ms_t acked_mono, acked_wall; /* durable; 0: not */
	uint64_t turn;		     /* of an acknowledgement that is not durable yet */
	int life;
	ms_t asked_wall;
	size_t seen;	/* events that were checked */
	ms_t step_wall; /* of the last step; 0: none */
	int step;
	bool full;	/* its timeline forgets its beginning: nothing can be said of it */
	bool early;	/* something since then lets the next step come early */
	size_t crashes; /* as of the last step */
};

struct team {
	struct sim *sim;
	int n_people;
	bool telegram; /* person 0 answers there */
	struct plan_schedule schedules[SCHEDULES];
	ms_t gaps[2]; /* between the steps */
	ms_t wait, lease;
	struct change changes[CHANGES_MAX];
	int n_changes;
	struct plan_answer answers[ANSWERS_MAX];
	int n_answers;
	struct watch *watches; /* by incident */
	size_t n_watches, cap_watches;
	size_t pages_seen;
	bool faults, quiet; /* faults may be; they are over */
	ms_t alive_at;	    /* mono, the last outgoing heartbeat */
	size_t answered, paged;
};

static uint64_t pick(struct sim *s, uint64_t n)
{
	return sim_random(s) % n;
}

/* ---- the plan ------------------------------------------------------------------------------ */
static void draw_schedule(struct plan_schedule *p, struct team *t)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
					    "Australia/Lord_Howe", "America/Santiago"};
	struct sim *s = t->sim;

	*p = (struct plan_schedule){
		.kind = (enum turn_kind)pick(s, 3),
		.zone = zones[pick(s, ARRAY_LEN(zones))],
		.minutes = (int)pick(s, 24 * 4) * 15,
	};
	p->tz = tz_open(str_of(p->zone));
	p->n = 1 + (int)pick(s, (uint64_t)t->n_people);
	for (int i = 0; i < p->n; i++)
		p->people[i] = i;
}

static void draw(struct team *t)
{
	static const ms_t gaps[] = {2 * MINUTE, 5 * MINUTE, 15 * MINUTE};
	static const ms_t leases[] = {30 * MINUTE, HOUR, 0};
	struct sim *s = t->sim;

	t->telegram = pick(s, 2);
	for (int i = 0; i < SCHEDULES; i++)
		draw_schedule(&t->schedules[i], t);
	t->gaps[0] = gaps[pick(s, 3)];
	t->gaps[1] = t->gaps[0] + gaps[pick(s, 3)];
	t->wait = gaps[pick(s, 3)];
	t->lease = leases[pick(s, 3)];
}

static void put_person(struct buf *b, const struct team *t, int i)
{
	buf_printf(b, "    p%d:\n      contacts:\n", i);
	if (i == 0 && t->telegram)
		buf_adds(b, "        push: {telegram: {api_url: 'http://telegram.sim', bot_token: "
			    "'1:t', chat_id: '77', parse_mode: '', message: '{{ .Status }} {{ "
			    ".CommonAnnotations.incident }} {{ .CommonAnnotations.answer }}'}}\n");
	else
		buf_printf(b, "        push: {webhook: {url: 'http://p%d.sim/'}}\n", i);
	if (i % 2)
		buf_printf(b,
			   "        call: {webhook: {url: 'http://p%d.sim/call'}}\n"
			   "      urgent: [push, {after: 2m, do: call}]\n",
			   i);
}

static void put_schedule(struct buf *b, const struct plan_schedule *p, int i)
{
	buf_printf(b, "    s%d:\n      time_zone: %s\n      layers:\n      - people: [", i,
		   p->zone);
	for (int k = 0; k < (p->kind == TURN_ALWAYS ? 1 : p->n); k++)
		buf_printf(b, "%sp%d", k ? ", " : "", p->people[k]);
	buf_adds(b, "]\n");
	if (p->kind != TURN_ALWAYS)
		buf_printf(b,
			   "        rotation: %s\n        since: 2025-12-01\n"
			   "        handoff: \"%s%02d:%02d\"\n",
			   p->kind == TURN_DAILY ? "daily" : "weekly",
			   p->kind == TURN_DAILY ? "" : "Mon ", p->minutes / 60, p->minutes % 60);
}

static void write_config(const struct team *t)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b,
		 "prometheus: {url: 'http://prom.sim'}\nrule_files: [rules.yml]\n"
		 "heartbeats: {out: [{url: 'http://alive.sim/', every: 1m}]}\n"
		 "route: {receiver: team, group_by: [alertname], group_wait: 5s, "
		 "group_interval: 30s, repeat_interval: 12h, routes: [{receiver: self, matchers: "
		 "['alertname=~\"Rouse.*\"']}]}\n"
		 "receivers: [{name: team, oncall_configs: [{policy: backend}]}, {name: self, "
		 "webhook_configs: [{url: 'http://self.sim/'}]}]\n"
		 "oncall:\n  canary: false\n  people:\n");
	for (int i = 0; i < t->n_people; i++)
		put_person(&b, t, i);
	buf_adds(&b, "  schedules:\n");
	for (int i = 0; i < SCHEDULES; i++)
		put_schedule(&b, &t->schedules[i], i);
	buf_printf(&b,
		   "  policies:\n    backend:\n      steps:\n      - page: schedule/s0\n"
		   "      - {after: %llds, page: schedule/s1}\n"
		   "      - {after: %llds, page: [schedule/s2, person/p0]}\n"
		   "      wait: %llds\n      ack_lease: %llds\n      last_resort: person/p0\n",
		   (long long)(t->gaps[0] / SECOND), (long long)(t->gaps[1] / SECOND),
		   (long long)(t->wait / SECOND), (long long)(t->lease / SECOND));
	sim_file(t->sim, "rouse.yml", buf_str(&b));
	buf_clear(&b);
	buf_adds(&b, "groups:\n- name: g\n  interval: 1m\n  rules:\n");
	for (int i = 0; i < ALERTS; i++)
		buf_printf(&b, "  - {alert: A%d, expr: 'up{app=\"a%d\"} == 0'}\n", i, i);
	sim_file(t->sim, "rules.yml", buf_str(&b));
	buf_done(&b);
}

/* ---- an account of its own ----------------------------------------------------------------- */
/* Who it is by the plan: hand-offs are counted from the one of Monday, 2025-12-01. */
static int by_plan(const struct plan_schedule *p, ms_t at)
{
	static const ms_t monday = (ms_t)1764547200000; /* 2025-12-01, as if UTC */
	ms_t local = at + (ms_t)tz_offset_s(p->tz, at) * SECOND;
	int64_t day = (local - monday) / DAY, turn;

	if (p->kind == TURN_ALWAYS)
		return p->people[0];
	/* A day that has not been handed off yet still belongs to the one before. */
	while (tz_first(p->tz, monday + day * DAY + p->minutes * MINUTE) > at)
		day--;
	while (tz_first(p->tz, monday + (day + 1) * DAY + p->minutes * MINUTE) <= at)
		day++;
	turn = p->kind == TURN_DAILY ? day : (day < 0 ? (day - 6) / 7 : day / 7);
	return p->people[((turn % p->n) + p->n) % p->n];
}

static int on_call(const struct team *t, int schedule, ms_t at)
{
	int who = by_plan(&t->schedules[schedule], at);

	for (int i = 0; i < t->n_changes; i++) {
		const struct change *c = &t->changes[i];

		if (c->schedule == schedule && at >= c->from && at < c->to && c->remove == who)
			who = c->add;
	}
	return who;
}

/* ---- incidents ----------------------------------------------------------------------------- */
static struct oncall *oncall_of(const struct team *t)
{
	return notify_oncall(core_notify(t->sim->core));
}

static struct watch *watch_of(struct team *t, uint64_t id)
{
	t->watches = mem_reserve(t->watches, &t->cap_watches, id + 1, sizeof(*t->watches));
	while (t->n_watches <= id)
		t->watches[t->n_watches++] = (struct watch){0};
	return &t->watches[id];
}

/* Lets pages follow an acknowledgement, or a step come early. */
static bool goes_on(const char *kind)
{
	static const char *const kinds[] = {"lease",	 "unacknowledged", "reopened", "urgent",
					    "escalated", "called",	   "assigned", "awake"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

static ms_t least_gap(const struct team *t, int step)
{
	return step == 1 ? 0 : step == 2 ? t->gaps[0] : t->gaps[1] - t->gaps[0];
}

/* What the incident's timeline said last: an invariant that breaks is looked into from there. */
static void tell_end_of(const struct incident *i)
{
	for (size_t k = i->n_events > 20 ? i->n_events - 20 : 0; k < i->n_events; k++)
		printf("  %lld %s %s: %s\n", (long long)i->events[k].at, i->events[k].kind,
		       i->events[k].who, i->events[k].text);
}

_Noreturn static void fail_step(struct team *t, const struct incident *i, int step, ms_t gap)
{
	tell_end_of(i);
	sim_fail(t->sim, "S10", "#%llu: step %d came %lld s after the one before, not %lld",
		 (unsigned long long)i->id, step, (long long)(gap / SECOND),
		 (long long)(least_gap(t, step) / SECOND));
}

/* S10: not before its delay, and not after it. */
static void check_step(struct team *t, const struct incident *i, struct watch *w,
		       const struct incident_event *e)
{
	struct sim *s = t->sim;
	int step = e->text[5] - '0';
	ms_t gap = e->at - w->step_wall;
	bool first = !w->step_wall;

	if (!first && step > 1 && !w->early && gap < least_gap(t, step) - SECOND)
		fail_step(t, i, step, gap);
	if (!first && step > 1 && step == w->step + 1 && s->crashes == w->crashes && !w->early &&
	    gap > least_gap(t, step) + 5 * SECOND)
		fail_step(t, i, step, gap);
	w->step_wall = e->at;
	w->step = step;
	w->crashes = s->crashes;
	w->early = false;
}

/* S10: whom the schedule names at that instant. "...: step 1 of 3, s0: layer ..." */
static void check_paged(struct team *t, const struct incident *i, const struct watch *w,
			const struct incident_event *e)
{
	const char *at = strstr(e->text, ", s");
	int schedule, who;

	if (!at || e->at != w->step_wall || strncmp(e->who, "p", 1) != 0)
		return;
	schedule = at[3] - '0';
	who = (int)strtol(e->who + 1, NULL, 10);
	if (schedule < 0 || schedule >= SCHEDULES || on_call(t, schedule, e->at) != who)
		sim_fail(t->sim, "S10", "#%llu: p%d was paged for s%d, on call is p%d",
			 (unsigned long long)i->id, who, schedule, on_call(t, schedule, e->at));
}

static bool check_incident(void *arg, const struct incident *i)
{
	struct team *t = arg;
	struct watch *w = watch_of(t, i->id);

	w->full |= i->n_events >= TIMELINE_FULL;
	if (w->full)
		return true;
	/* What was not durable is gone after a crash, and is said anew. */
	w->seen = MIN(w->seen, i->n_events);
	for (; w->seen < i->n_events; w->seen++) {
		const struct incident_event *e = &i->events[w->seen];

		if (strncmp(e->kind, "step", 5) == 0)
			check_step(t, i, w, e);
		else if (strcmp(e->kind, "paged") == 0)
			check_paged(t, i, w, e);
		else if (goes_on(e->kind) || strcmp(e->kind, "failed") == 0 ||
			 strcmp(e->kind, "nobody") == 0 || strcmp(e->kind, "acknowledged") == 0)
			w->early = true;
	}
	return true;
}

/* ---- pages --------------------------------------------------------------------------------- */
/* "#12" of a page's text; 0: it is none. */
static uint64_t incident_of(const struct page *p)
{
	const char *at = strstr(p->body, "\"incident\":\"#");
	const char *text = strstr(p->body, "firing #");

	if (at)
		return strtoull(at + strlen("\"incident\":\"#"), NULL, 10);
	return text ? strtoull(text + strlen("firing #"), NULL, 10) : 0;
}

static bool is_real(const struct page *p)
{
	if (p->edit || strstr(p->body, "\"status\":\"resolved\"") ||
	    strstr(p->body, "runs out soon"))
		return false;
	return strstr(p->body, "triggered") != NULL;
}

/* S4 */
static void check_acked(struct team *t, uint64_t id, const struct page *p)
{
	struct watch *w = watch_of(t, id);
	const struct incident *i = t->sim->core ? oncall_incident(oncall_of(t), id) : NULL;

	if (!w->acked_mono || p->mono <= w->acked_mono + SLACK || !i || w->full)
		return;
	for (size_t k = 0; k < i->n_events; k++) {
		if (i->events[k].at >= w->acked_wall && goes_on(i->events[k].kind))
			return;
	}
	sim_fail(t->sim, "S4", "#%llu: %s was paged after the acknowledgement",
		 (unsigned long long)id, p->to);
}

static void plan_answer(struct team *t, uint64_t id, int person, const struct page *p)
{
	struct sim *s = t->sim;
	const char *token = strstr(p->body, "answer?t=");
	struct plan_answer *a;
	uint64_t mood = pick(s, 4);

	if (t->n_answers == ANSWERS_MAX || mood == 0)
		return; /* asleep */
	a = &t->answers[t->n_answers++];
	*a = (struct plan_answer){
		.at = s->now.mono + sim_span(s, mood == 1 ? MINUTE : 25 * MINUTE),
		.incident = id,
		.person = person,
	};
	if (token)
		snprintf(a->token, sizeof(a->token), "%.*s", (int)strcspn(token + 9, " ,\"\\"),
			 token + 9);
}

static void take_pages(struct team *t)
{
	struct receivers *r = world_receivers(t->sim->world);

	for (; t->pages_seen < receivers_pages(r); t->pages_seen++) {
		const struct page *p = receivers_page(r, t->pages_seen);
		uint64_t id = incident_of(p);

		if (strcmp(p->to, "alive.sim") == 0) {
			t->alive_at = p->mono;
			continue;
		}
		if (!id || !is_real(p))
			continue;
		check_acked(t, id, p);
		if (p->refused || p->answer_lost)
			continue;
		t->paged++;
		plan_answer(t, id, p->to[0] == 'p' ? (int)strtol(p->to + 1, NULL, 10) : 0, p);
	}
}

/* ---- answers ------------------------------------------------------------------------------- */
static enum oncall_result answer_now(struct team *t, const struct plan_answer *a)
{
	struct sim *s = t->sim;
	char name[8], data[60];
	struct actor by = {.means = STR("page")};
	struct arena arena;
	struct link link;
	enum oncall_result r = ONCALL_UNKNOWN;

	snprintf(name, sizeof(name), "p%d", a->person);
	by.who = str_of(name);
	if (a->person == 0 && t->telegram && pick(s, 2)) {
		snprintf(data, sizeof(data), "ack:%llu:-1", (unsigned long long)a->incident);
		receivers_press(world_receivers(s->world), str_of(data), STR("77"));
		return ONCALL_UNKNOWN; /* nobody knows when it is heard */
	}
	if (!*a->token || pick(s, 2))
		return oncall_ack(oncall_of(t), s->now, a->incident, by);
	arena_init(&arena);
	if (link_read(oncall_of(t), str_of(a->token), s->now.wall, &arena, &link) == LINK_GOOD) {
		if (link.incident != a->incident)
			sim_fail(s, "S14", "the link of #%llu is for #%llu",
				 (unsigned long long)a->incident,
				 (unsigned long long)link.incident);
		r = link_use(oncall_of(t), s->now, &link, str_of(a->token), STR("link"));
	}
	arena_done(&arena);
	return r;
}

static void do_answer(struct team *t, const struct plan_answer *a)
{
	struct watch *w = watch_of(t, a->incident);

	t->answered++;
	if (answer_now(t, a) != ONCALL_DONE)
		return;
	w->turn = core_turn(t->sim->core);
	w->life = t->sim->life;
	w->asked_wall = t->sim->now.wall;
}

static void take_answers(struct team *t)
{
	struct sim *s = t->sim;

	for (int i = 0; i < t->n_answers && s->core; i++) {
		struct plan_answer a = t->answers[i];

		if (a.at > s->now.mono)
			continue;
		t->answers[i--] = t->answers[--t->n_answers];
		do_answer(t, &a);
	}
	for (size_t id = 0; id < t->n_watches && s->core; id++) {
		struct watch *w = &t->watches[id];

		if (w->turn && w->life != s->life)
			w->turn = 0; /* nobody knows */
		if (!w->turn || core_durable_turn(s->core) < w->turn)
			continue;
		w->turn = 0;
		w->acked_mono = s->now.mono;
		w->acked_wall = w->asked_wall;
	}
}

/* ---- changes ------------------------------------------------------------------------------- */
static void set(struct team *t, int alert, double v)
{
	char name[32];
	struct err err;

	snprintf(name, sizeof(name), "up{app=\"a%d\"}", alert);
	CHECK(world_series(t->sim->world, str_of(name), v, &err));
}

static void change_plan(struct team *t)
{
	struct sim *s = t->sim;
	struct change c = {.schedule = (int)pick(s, SCHEDULES),
			   .add = (int)pick(s, (uint64_t)t->n_people),
			   .from = s->now.wall,
			   .to = s->now.wall + HOUR + sim_span(s, 3 * DAY)};
	char schedule[8], add[8], remove[8];
	struct override o = {.from = c.from, .to = c.to, .by = STR("sim"), .made_at = c.from};
	struct err err;
	uint64_t id;

	c.remove = on_call(t, c.schedule, c.from);
	if (!s->core || t->n_changes == CHANGES_MAX || c.add == c.remove)
		return;
	snprintf(schedule, sizeof(schedule), "s%d", c.schedule);
	snprintf(add, sizeof(add), "p%d", c.add);
	snprintf(remove, sizeof(remove), "p%d", c.remove);
	o.schedule = str_of(schedule);
	o.add = str_of(add);
	o.remove = str_of(remove);
	if (!oncall_override_put(oncall_of(t), s->now, &o, STR("story"), &id, &err))
		return;
	/* Who asks waits for the answer; without one it was not made. */
	for (int i = 0, life = s->life; i < 30; i++) {
		uint64_t turn = core_turn(s->core);

		run_for(s, 2 * SECOND);
		if (s->life != life)
			sim_fail(s, "people", "a crash came where none was planned");
		if (core_durable_turn(s->core) >= turn)
			break;
	}
	t->changes[t->n_changes++] = c;
}

static void change_receivers(struct team *t)
{
	static const int statuses[] = {200, 200, 200, 0, -1, 503, 429, 404};
	struct sim *s = t->sim;
	char host[16];

	snprintf(host, sizeof(host), "p%d.sim", (int)pick(s, (uint64_t)t->n_people));
	receivers_set(world_receivers(s->world), t->telegram && !pick(s, 4) ? "telegram.sim" : host,
		      statuses[pick(s, ARRAY_LEN(statuses))], "");
}

static void change(struct team *t)
{
	struct sim *s = t->sim;
	uint64_t what = pick(s, 12);
	struct err err = {.pos = -1};

	if (what < 6)
		set(t, (int)pick(s, ALERTS), pick(s, 3) ? 1 : 0);
	else if (what < 8)
		change_plan(t);
	else if (what < 10 && t->faults)
		change_receivers(t);
	else if (what == 10 && t->faults) {
		sim_crash(s, pick(s, 2));
		if (pick(s, 2)) {
			ms_t down = sim_span(s, 20 * MINUTE);

			s->now.mono += down;
			s->now.wall += down;
		}
		run_start(s);
	} else if (what == 11 && !sim_reload(s, &err)) {
		sim_fail(s, "reload", "%s", err.msg);
	}
}

static void live(struct team *t, ms_t span)
{
	ms_t end = t->sim->now.mono + span;

	while (t->sim->now.mono < end) {
		run_for(t->sim, MIN(CHUNK, end - t->sim->now.mono));
		take_pages(t);
		take_answers(t);
		if (t->sim->core)
			oncall_incidents(oncall_of(t), check_incident, t);
	}
}

/* ---- the end ------------------------------------------------------------------------------- */
/* Most days nothing happens for hours: nobody looks so often then. */
static bool any_open(void *arg, const struct incident *i)
{
	*(bool *)arg |= i->status != INCIDENT_RESOLVED;
	return i->status == INCIDENT_RESOLVED;
}

static bool quiet_now(const struct team *t)
{
	bool open = false;

	if (t->sim->core)
		oncall_incidents(oncall_of(t), any_open, &open);
	return !open;
}

struct ending {
	struct team *t;
	ms_t since;
};

static bool check_end(void *arg, const struct incident *i)
{
	struct ending *e = arg;
	struct sim *s = e->t->sim;

	if (i->status != INCIDENT_TRIGGERED)
		return true;
	for (size_t k = i->n_events; k-- > 0 && i->events[k].at >= e->since;) {
		if (strcmp(i->events[k].kind, "sent") == 0)
			return true;
	}
	sim_fail(s, "L1", "#%llu is in nobody's hands, and nobody was told of it for long",
		 (unsigned long long)i->id);
}

static bool check_over(void *arg, const struct incident *i)
{
	struct team *t = arg;

	if (i->status != INCIDENT_RESOLVED)
		sim_fail(t->sim, "L3", "#%llu is %s, although nothing fires",
			 (unsigned long long)i->id, incident_status_name(i->status));
	return true;
}

static void settle(struct team *t)
{
	struct sim *s = t->sim;
	struct ending e = {.t = t};
	size_t before;

	t->faults = false;
	s->faults = (struct faults){.latency = 5, .commit = 5};
	receivers_heal(world_receivers(s->world));
	for (int i = 0; i < 3; i++)
		set(t, i, 0);
	live(t, 40 * MINUTE); /* a receiver that was refused rests for long */
	e.since = s->now.wall;
	t->n_answers = 0;
	live(t, 45 * MINUTE);
	oncall_incidents(oncall_of(t), check_end, &e);
	if (s->now.mono - t->alive_at > 3 * MINUTE)
		sim_fail(s, "L5", "no heartbeat has gone out for %lld s",
			 (long long)((s->now.mono - t->alive_at) / SECOND));
	for (int i = 0; i < ALERTS; i++)
		set(t, i, 1);
	live(t, 10 * MINUTE);
	oncall_incidents(oncall_of(t), check_over, t);
	before = t->paged;
	live(t, HOUR);
	if (t->paged != before)
		sim_fail(s, "L3", "somebody was paged although all is over");
}

uint64_t people_run(uint64_t seed, int days, bool verbose)
{
	struct sim *s = sim_new(seed);
	struct team t = {.sim = s, .n_people = 2 + (int)pick(s, PEOPLE_MAX - 1)};
	ms_t end = s->now.mono + days * DAY;
	uint64_t trace;

	s->verbose = verbose;
	t.faults = pick(s, 4) != 0;
	if (t.faults)
		s->faults = (struct faults){.latency = sim_span(s, 2 * SECOND),
					    .commit = sim_span(s, 200),
					    .lose_request = 20,
					    .lose_reply = (int)pick(s, 2) * 20,
					    .error = 20};
	else
		s->faults = (struct faults){.latency = 5, .commit = 5};
	draw(&t);
	write_config(&t);
	for (int i = 0; i < ALERTS; i++)
		set(&t, i, 1);
	run_start(s);
	while (s->now.mono < end) {
		change(&t);
		live(&t, sim_span(s, HOUR));
		/* Longer rests when nothing goes on, so that a year has its nights. */
		if (quiet_now(&t))
			run_for(s, sim_span(s, 12 * HOUR));
	}
	settle(&t);
	if (verbose)
		printf("seed %llu: %d people, %zu pages, %zu answers, %d changes of the plan\n",
		       (unsigned long long)seed, t.n_people, t.paged, t.answered, t.n_changes);
	trace = s->trace;
	for (int i = 0; i < SCHEDULES; i++)
		tz_free(t.schedules[i].tz);
	free(t.watches);
	sim_free(s);
	return trace;
}
