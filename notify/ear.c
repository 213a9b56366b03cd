/*
 * Rounds of listening; see ear.h. A round is some requests and their replies, then what was heard
 * is acted on, then, when that is on disk, the kind may tell the service.
 */
#include "notify/ear.h"

#include <stdlib.h>

#include "base/mem.h"
#include "notify/hearing.h"
#include "notify/inner.h"
#include "notify/paging.h"
#include "oncall/link.h"

#define REQUEST_TIMEOUT (20 * SECOND)
#define REPLY_MAX ((size_t)1 << 20)
#define STEPS_MAX (2 * HEARD_MAX)
#define PAUSE_MAX MINUTE
#define FRESH (5 * MINUTE) /* so long a message is asked about often */
#define OFTEN (2 * SECOND)
#define SELDOM (10 * SECOND)
#define DEAF_AFTER 5 /* failures in a row */

struct ear {
	struct notify *n;
	char *id; /* kind, a blank, account */
	const struct receiver_kind *kind;
	struct str account; /* within id */
	struct timer timer;
	char *cursor;
	size_t failures; /* in a row */
	bool deaf;	 /* the self alert is out */
	/* the round that goes on */
	struct io_call call;
	struct arena arena;
	struct notify_config *config; /* NULL: there is none */
	struct hearing h;
	ms_t begun_mono;
	uint64_t turn; /* waits until it is durable; 0: does not */
};

static void round_next(struct ear *e, struct now now, const struct io_reply *reply);

/* ---- which there are ----------------------------------------------------------------------- */
static const struct hearing_kind *hearing_of(const struct lane *l)
{
	const struct integration *to = l->dest->to;

	return to && to->account.n ? to->kind->hearing : NULL;
}

static bool is_for(const struct ear *e, const struct lane *l)
{
	return hearing_of(l) == e->kind->hearing && str_eq(l->dest->to->account, e->account);
}

static struct ear *ear_of(struct notify *n, const struct integration *to)
{
	struct buf id;
	struct ear *e;

	buf_init(&id, BUF_MAX_ANY);
	buf_printf(&id, "%s %.*s", to->kind->name, STR_ARG(to->account));
	e = map_get(&n->ears, buf_str(&id));
	if (!e) {
		e = MEM_NEW(struct ear);
		e->n = n;
		e->kind = to->kind;
		e->id = mem_str(buf_str(&id));
		e->account = str_from(str_of(e->id), strlen(to->kind->name) + 1);
		map_put(&n->ears, str_of(e->id), e);
	}
	buf_done(&id);
	return e;
}

/* ---- what is asked about ------------------------------------------------------------------- */
struct choice {
	const struct ear *e;
	ms_t mono, wall;
	struct lane *lane; /* the most overdue */
	ms_t due;
	ms_t since; /* the oldest page of all */
};

static ms_t lane_due(const struct choice *c, const struct lane *l)
{
	ms_t age = c->wall - l->sent_at;

	return l->asked_mono + (age >= 0 && age < FRESH ? OFTEN : SELDOM);
}

static bool choose(void *arg, struct lane *l, const struct incident *i)
{
	struct choice *c = arg;
	ms_t due;

	if (!is_for(c->e, l))
		return true;
	c->since = MIN(c->since, i->opened_at);
	if (!c->e->kind->hearing->stream && !(l->message_id && *l->message_id))
		return true;
	due = lane_due(c, l);
	if (c->lane && due >= c->due)
		return true;
	c->lane = l;
	c->due = due;
	return true;
}

static void tick(struct timer *t, struct now now);

static void rest_until(struct ear *e, ms_t mono)
{
	if (!e->n->stopped)
		timer_set(e->n->env.timers, &e->timer, TIMER_MONO, mono, tick);
}

/* ---- rounds -------------------------------------------------------------------------------- */
static void round_end(struct ear *e)
{
	arena_done(&e->arena);
	notify_config_free(e->config);
	e->config = NULL;
	e->turn = 0;
}

/* What cannot be heard is no reason not to page, but somebody must know that answers do not come
 * through. */
static void tell_deaf(struct ear *e, bool firing)
{
	struct buf text;

	if (e->deaf == firing)
		return;
	e->deaf = firing;
	buf_init(&text, BUF_MAX_ANY);
	buf_printf(&text, "answers by %s do not arrive: %s", e->kind->name, e->h.d.err.msg);
	notify_self(e->n, SELF_DEAF, e->kind->name, buf_cstr(&text), firing);
	buf_done(&text);
}

static void failed(struct ear *e, struct now now)
{
	ms_t pause = MIN(SECOND << MIN(e->failures, (size_t)6), PAUSE_MAX);

	e->failures++;
	io_log(e->n->env.io, LOG_LEVEL_WARN, "answers cannot be heard", "kind=%s error=%s",
	       e->kind->name, io_quote(str_of(e->h.d.err.msg)).text);
	if (e->failures >= DEAF_AFTER)
		tell_deaf(e, true);
	rest_until(e, now.mono + MAX(pause, e->h.d.wait));
	round_end(e);
}

static void done(struct ear *e, struct now now)
{
	ms_t next = MAX(e->begun_mono + e->kind->hearing->every, now.mono + e->h.d.wait);

	if (e->h.new_cursor.p) {
		free(e->cursor);
		e->cursor = mem_str(e->h.new_cursor);
	}
	e->failures = 0;
	tell_deaf(e, false);
	rest_until(e, next);
	round_end(e);
}

static void on_done(struct io_call *call, struct now now, const struct io_reply *reply)
{
	struct ear *e = CONTAINER(call, struct ear, call);
	struct notify *n = e->n;

	notify_enter(n);
	e->h.d.step++;
	round_next(e, now, reply);
	notify_leave(n, now);
}

static void send_request(struct ear *e)
{
	struct io_request *q = &e->h.d.request;

	q->lane = IO_LANE_PAGE;
	if (!q->timeout)
		q->timeout = REQUEST_TIMEOUT;
	if (!q->max_reply)
		q->max_reply = REPLY_MAX;
	q->config = e->h.d.to->http;
	e->call = (struct io_call){.on_done = on_done};
	io_fetch(e->n->env.io, &e->call, q);
}

static void begin(struct ear *e, struct now now, struct lane *l, ms_t since)
{
	bool stream = e->kind->hearing->stream;

	l->asked_mono = e->begun_mono = now.mono;
	e->config = notify_config_ref(e->n->config);
	arena_init(&e->arena);
	e->h = (struct hearing){
		.d = {.to = l->dest->to,
		      .arena = &e->arena,
		      .deadline = REQUEST_TIMEOUT,
		      .limits = e->n->env.limits,
		      .wait = -1},
		.message = stream ? STR("") : arena_str(&e->arena, str_of(l->message_id)),
		.cursor = str_of(e->cursor),
		.since = since,
	};
	round_next(e, now, NULL);
}

static void tick(struct timer *t, struct now now)
{
	struct ear *e = CONTAINER(t, struct ear, timer);
	struct choice c = {.e = e, .mono = now.mono, .wall = now.wall, .since = now.wall};
	struct notify *n = e->n;

	if (e->config || n->stopped)
		return;
	notify_enter(n);
	paging_each(n, choose, &c);
	if (c.lane && !e->kind->hearing->stream && c.due > now.mono)
		rest_until(e, c.due);
	else if (c.lane)
		begin(e, now, c.lane, c.since);
	else
		tell_deaf(e, false); /* nothing to hear */
	notify_leave(n, now);
}

/* ---- what was heard ------------------------------------------------------------------------ */
struct search {
	const struct ear *e;
	const struct heard *heard;
	struct str person;
	uint64_t incident;
	ms_t at;
};

static bool search_message(void *arg, struct lane *l, const struct incident *i)
{
	struct search *s = arg;

	const struct hearing_kind *kind = s->e->kind->hearing;

	if (is_for(s->e, l) && l->message_id && str_eq(str_of(l->message_id), s->heard->message) &&
	    (!s->heard->place.n || kind->sends_to(l->dest->to, s->heard->place)))
		s->incident = i->id;
	return !s->incident;
}

/* The newest that this person had been paged for when the answer was sent: an old answer must not
 * count for a new page. */
static bool search_newest(void *arg, struct lane *l, const struct incident *i)
{
	struct search *s = arg;

	if (is_for(s->e, l) && str_eq(paging_person(str_of(l->dest->id)), s->person) &&
	    l->sent_at >= s->at && l->sent_at <= s->heard->at) {
		s->at = l->sent_at;
		s->incident = i->id;
	}
	return true;
}

static uint64_t incident_of(struct ear *e, const struct heard *x, struct str person)
{
	struct search s = {.e = e, .heard = x, .person = person, .at = INT64_MIN};

	if (x->incident)
		return x->incident;
	if (x->message.n)
		paging_each(e->n, search_message, &s);
	else if (person.n)
		paging_each(e->n, search_newest, &s);
	return s.incident;
}

static struct str said(struct ear *e, uint64_t id, enum answer_verb verb, enum oncall_result r)
{
	const struct incident *i = oncall_incident(e->n->oncall, id);
	unsigned long long number = (unsigned long long)id;

	if (!i)
		return arena_str(&e->arena, STR("there is no such incident"));
	if (r == ONCALL_RESOLVED || i->status == INCIDENT_RESOLVED)
		return arena_printf(&e->arena, "#%llu is over", number);
	if (r == ONCALL_UNKNOWN)
		return arena_str(&e->arena, STR("noted; only people of oncall.people change it"));
	if (i->status == INCIDENT_ACKNOWLEDGED)
		return arena_printf(&e->arena, "#%llu is %s's", number, i->acked_by);
	if (r == ONCALL_ALREADY)
		return arena_printf(&e->arena, "#%llu has gone on since", number);
	return arena_printf(&e->arena, "#%llu: %s", number,
			    verb == ANSWER_SNOOZE     ? "snoozed for 30 minutes"
			    : verb == ANSWER_ESCALATE ? "escalated"
						      : "noted");
}

static struct str person_of(const struct ear *e, const struct heard *x)
{
	struct str person = notify_config_person(e->n->config, e->kind->name, x->user);

	return person.n ? person : notify_config_person(e->n->config, e->kind->name, x->also);
}

static void act(struct ear *e, struct now now, struct heard *x)
{
	struct str person = person_of(e, x);
	struct answer a = {
		.verb = x->verb,
		.person = person,
		.as = x->name.n ? x->name : x->user,
		.means = str_of(e->kind->name),
		.once = x->once,
		.text = x->text,
		.seen = x->seen,
	};
	uint64_t id;
	struct link link;
	enum oncall_result r;

	if (x->token.n) {
		if (link_read(e->n->oncall, x->token, now.wall, &e->arena, &link) != LINK_GOOD)
			return;
		r = link_use(e->n->oncall, now, &link, x->token, str_of(e->kind->name));
		id = link.incident;
	} else {
		id = incident_of(e, x, person);
		r = id ? oncall_answer(e->n->oncall, now, id, &a) : ONCALL_UNKNOWN;
	}
	x->said = said(e, id, x->verb, r);
}

/* Acts on all of it. False: nothing has changed, so there is nothing to wait for. */
static bool act_on_all(struct ear *e, struct now now)
{
	uint64_t before = oncall_version(e->n->oncall);

	for (size_t i = 0; i < e->h.n; i++)
		act(e, now, &e->h.heard[i]);
	return oncall_version(e->n->oncall) != before;
}

static void round_next(struct ear *e, struct now now, const struct io_reply *reply)
{
	enum hear_result r;

	e->h.d.request = (struct io_request){0};
	e->h.d.err.msg[0] = 0;
	r = e->kind->hearing->step(&e->h, now, reply);
	if (r == HEAR_REQUEST && e->h.d.step < STEPS_MAX) {
		send_request(e);
	} else if (r == HEAR_HEARD) {
		if (act_on_all(e, now))
			e->turn = e->n->turn;
		else
			round_next(e, now, NULL);
	} else if (r == HEAR_DONE) {
		done(e, now);
	} else {
		failed(e, now);
	}
}

/* ---- for others ---------------------------------------------------------------------------- */
void ear_open(struct notify *n, struct now now, const struct lane *l)
{
	struct ear *e;

	if (n->stopped || !hearing_of(l))
		return;
	e = ear_of(n, l->dest->to);
	if (!e->config && !timer_is_set(&e->timer))
		rest_until(e, now.mono);
}

struct opening {
	struct notify *n;
	struct now now;
};

static bool open_one(void *arg, struct lane *l, const struct incident *i)
{
	struct opening *o = arg;

	(void)i;
	ear_open(o->n, o->now, l);
	return true;
}

void ear_open_all(struct notify *n, struct now now)
{
	struct opening o = {n, now};

	paging_each(n, open_one, &o);
}

void ear_durable(struct notify *n, struct now now)
{
	map_each (&n->ears, entry) {
		struct ear *e = entry->value;

		if (!e->turn || n->durable < e->turn)
			continue;
		e->turn = 0;
		round_next(e, now, NULL);
	}
}

static void stop(struct ear *e)
{
	timer_stop(e->n->env.timers, &e->timer);
	io_cancel(e->n->env.io, &e->call);
	if (e->config)
		round_end(e);
}

void ear_stop_all(struct notify *n)
{
	map_each (&n->ears, entry)
		stop(entry->value);
}

void ear_free_all(struct notify *n)
{
	map_each (&n->ears, entry) {
		struct ear *e = entry->value;

		stop(e);
		free(e->id);
		free(e->cursor);
		free(e);
	}
	map_done(&n->ears);
}
