/*
 * Escalation: passes over a policy's steps, and for each person that a step names a cycle over
 * their contacts. Everything here is decided when its time comes, never ahead: who is on call is
 * asked when the step begins, and again when the schedule hands off while nobody has answered.
 *
 *	pass 0: step 0, after its delay step 1, ..., the last step, wait
 *	pass 1: the same                                           (repeat)
 *	after the last pass: the last resort, again after each wait
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "oncall/inner.h"

#define ACKER_FIRST (5 * MINUTE) /* so long only who had acknowledged is paged again */
#define REMIND_BEFORE (10 * MINUTE)
#define ROUNDS_MAX 64 /* of one run: steps that are due together */
#define HOLE "RouseScheduleHole"

static const struct policy *policy_of(const struct incident *i)
{
	const struct oncall_config *c = i->oncall->config;

	return c ? oncall_policy(c, str_of(i->policy)) : NULL;
}

static const struct person *person_of(const struct incident *i, const char *name)
{
	const struct oncall_config *c = i->oncall->config;

	return c ? oncall_person(c, str_of(name)) : NULL;
}

/* ---- one person's contacts ----------------------------------------------------------------- */
struct sequence {
	const struct reach *v;
	size_t n;
};

static struct sequence sequence_of(const struct person *p, bool urgent)
{
	if (!p)
		return (struct sequence){0};
	return urgent ? (struct sequence){p->urgent, p->n_urgent}
		      : (struct sequence){p->normal, p->n_normal};
}

/* The end of the quiet hours that `at` is in; `at` if it is in none. */
static ms_t after_quiet(const struct person *p, ms_t at)
{
	struct civil c = tz_civil(p->tz, at);
	int minute = c.hour * 60 + c.minute, left;
	bool over_midnight = p->quiet_from > p->quiet_to;
	bool quiet = over_midnight ? minute >= p->quiet_from || minute < p->quiet_to
				   : minute >= p->quiet_from && minute < p->quiet_to;

	if (!quiet)
		return at;
	left = p->quiet_to - minute + (p->quiet_to <= minute ? 24 * 60 : 0);
	return at - at % MINUTE + left * MINUTE;
}

/* When the cycle's next contact is due; MS_NONE: there is none left. */
static ms_t cycle_due(const struct incident *i, const struct cycle *c)
{
	const struct person *p = person_of(i, c->person);
	struct sequence s = sequence_of(p, c->urgent);
	ms_t at;

	if (c->next >= s.n)
		return MS_NONE;
	at = c->started_at + s.v[c->next].after;
	return c->urgent ? at : after_quiet(p, at);
}

static struct cycle *cycle_find(struct incident *i, struct str person, bool shadow)
{
	for (size_t k = i->n_cycles; k-- > 0;) {
		if (str_eq(str_of(i->cycles[k].person), person) && i->cycles[k].shadow == shadow)
			return &i->cycles[k];
	}
	return NULL;
}

static void page_contact(struct incident *i, struct now now, struct cycle *c,
			 const struct person *p, size_t contact)
{
	struct buf next;
	struct oncall_page page = {.incident = i,
				   .kind = c->shadow ? PAGE_SHADOW : PAGE_FIRE,
				   .person = p,
				   .contact = contact,
				   .why = str_of(c->why)};

	buf_init(&next, 1000);
	incident_put_plan(&next, i, now.wall);
	page.next = buf_str(&next);
	incident_say(i, now.wall, "paged", str_of(c->person), "by %.*s (%.*s): %s",
		     STR_ARG(p->contacts[contact].name), STR_ARG(p->contacts[contact].kind),
		     c->why);
	i->oncall->env.page(i->oncall->env.arg, now, &page);
	buf_done(&next);
}

static void run_cycle(struct incident *i, struct now now, size_t at)
{
	const struct person *p = person_of(i, i->cycles[at].person);
	ms_t due;

	while ((due = cycle_due(i, &i->cycles[at])) != MS_NONE && due <= now.wall) {
		struct sequence s = sequence_of(p, i->cycles[at].urgent);
		size_t contact = s.v[i->cycles[at].next++].contact;

		page_contact(i, now, &i->cycles[at], p, contact);
	}
}

static void cycle_done(struct cycle *c)
{
	free(c->person);
	free(c->why);
}

void escalate_reach(struct incident *i, struct now now, const struct person *p, bool shadow,
		    struct str why)
{
	struct cycle *c = cycle_find(i, p->name, shadow);

	if (!c) {
		i->cycles =
			mem_reserve(i->cycles, &i->cap_cycles, i->n_cycles + 1, sizeof(*i->cycles));
		c = &i->cycles[i->n_cycles++];
	} else {
		cycle_done(c);
	}
	*c = (struct cycle){.person = mem_str(p->name),
			    .why = mem_str(why),
			    .urgent = i->urgent,
			    .shadow = shadow,
			    .started_at = now.wall};
	if (!sequence_of(p, i->urgent).n)
		incident_say(i, now.wall, "unreachable", p->name, "has no contact: %.*s",
			     STR_ARG(why));
	run_cycle(i, now, (size_t)(c - i->cycles));
}

void escalate_failed(struct incident *i, struct now now, struct cycle *c)
{
	ms_t due = cycle_due(i, c);
	bool alone = true;

	if (due != MS_NONE) {
		c->started_at -= due > now.wall ? due - now.wall : 0;
		return;
	}
	for (size_t k = 0; k < i->n_cycles; k++) {
		const struct cycle *o = &i->cycles[k];

		alone &= o->shadow || (o->failed && !o->sent && cycle_due(i, o) == MS_NONE);
	}
	if (alone && i->status == INCIDENT_TRIGGERED && i->snoozed_until == MS_NONE)
		i->next_at = MIN(i->next_at, now.wall);
}

/* ---- targets of a step --------------------------------------------------------------------- */
struct stepping {
	struct incident *i;
	struct now now;
	const char *what; /* "step 1", "last resort" */
	size_t n;	  /* paged; shadows do not count */
	bool only_new;	  /* who is being reached already is left alone */
};

static void reach(struct stepping *s, const struct person *p, bool shadow, struct str why)
{
	if (s->only_new && cycle_find(s->i, p->name, shadow))
		return;
	escalate_reach(s->i, s->now, p, shadow, why);
	s->n += !shadow && sequence_of(p, s->i->urgent).n > 0;
}

static void reach_schedule(struct stepping *s, const struct schedule *sc)
{
	struct roster r;
	struct buf why;

	buf_init(&why, 1000);
	oncall_who(s->i->oncall, sc, s->now.wall, &r);
	s->i->handoff_at = ms_earlier(s->i->handoff_at, r.until);
	for (size_t k = 0; k < r.n; k++) {
		buf_clear(&why);
		buf_printf(&why, "%s, %.*s: ", s->what, STR_ARG(sc->name));
		on_call_put_why(&why, &r.v[k]);
		reach(s, r.v[k].person, false, buf_str(&why));
	}
	for (size_t k = 0; r.n && k < sc->n_shadows; k++) {
		buf_clear(&why);
		buf_printf(&why, "%s, %.*s: shadow", s->what, STR_ARG(sc->name));
		reach(s, sc->shadows[k], true, buf_str(&why));
	}
	buf_done(&why);
}

static void reach_receiver(struct stepping *s, struct str name)
{
	struct oncall *oc = s->i->oncall;
	struct oncall_page page = {.incident = s->i,
				   .kind = PAGE_FIRE,
				   .receiver = name,
				   .why = str_of(s->what)};

	if (s->only_new)
		return;
	incident_say(s->i, s->now.wall, "paged", STR(""), "receiver %.*s: %s", STR_ARG(name),
		     s->what);
	oc->env.page(oc->env.arg, s->now, &page);
	s->n++;
}

static void reach_target(struct stepping *s, const struct target *t)
{
	switch (t->kind) {
	case TARGET_PERSON: reach(s, t->person, false, str_of(s->what)); break;
	case TARGET_SCHEDULE: reach_schedule(s, t->schedule); break;
	case TARGET_RECEIVER: reach_receiver(s, t->name); break;
	}
}

static void reach_step(struct stepping *s, const struct policy_step *st)
{
	size_t only = st->round_robin ? (size_t)(s->i->id % st->n_targets) : 0;

	for (size_t k = 0; k < st->n_targets; k++) {
		if (!st->round_robin || k == only)
			reach_target(s, &st->targets[k]);
	}
}

/* ---- passes -------------------------------------------------------------------------------- */
/* Said anew with each pass: what is so already is no news. */
static void hole(struct incident *i, struct now now, bool found)
{
	struct oncall *oc = i->oncall;

	oc->env.self_alert(oc->env.arg, now, STR(HOLE), str_of(i->policy),
			   STR("no step of the policy has anybody who can be reached"), found);
}

static void last_resort(struct incident *i, struct now now, const struct policy *p)
{
	struct stepping s = {.i = i, .now = now, .what = "last resort"};

	for (size_t k = 0; k < p->n_last_resort; k++)
		reach_target(&s, &p->last_resort[k]);
	i->next_at = now.wall + p->wait;
	if (!s.n)
		incident_say(i, now.wall, "nobody", STR(""),
			     "the last resort of policy %s is nobody", i->policy);
}

static void begin_pass(struct incident *i, int pass)
{
	i->pass = pass;
	i->step = 0;
	i->pass_reached = false;
	i->handoff_at = MS_NONE;
}

/* When a step comes after the first one. */
static ms_t after_of(const struct policy *p, size_t step)
{
	return step ? p->steps[step].after : 0;
}

/* What comes next is planned before anybody is paged: the page says so. It keeps its distance from
 * this step, also when this one came early (by hand, as nobody was there) or late (after a stop).
 */
static void plan_next(struct incident *i, struct now now, const struct policy *p)
{
	ms_t wait = i->step + 1 == p->n_steps ? p->wait
					      : after_of(p, i->step + 1) - after_of(p, i->step);

	i->step++;
	i->next_at = now.wall + wait;
}

static void run_step(struct incident *i, struct now now, const struct policy *p)
{
	const struct policy_step *st = &p->steps[i->step];
	struct stepping s = {.i = i, .now = now};
	char what[60];

	snprintf(what, sizeof(what), "step %zu of %zu", i->step + 1, p->n_steps);
	s.what = what;
	incident_say(i, now.wall, "step", STR(""), "%s%s", what, i->pass ? ", again" : "");
	plan_next(i, now, p);
	reach_step(&s, st);
	i->pass_reached |= s.n > 0;
	if (i->step == p->n_steps) {
		hole(i, now, !i->pass_reached);
		if (!i->pass_reached)
			last_resort(i, now, p);
	} else if (!s.n) {
		incident_say(i, now.wall, "nobody", STR(""), "%s has nobody: on to the next", what);
		i->next_at = now.wall;
	}
}

/* The end of a pass, or of the wait behind the last resort. */
static void run_end(struct incident *i, struct now now, const struct policy *p)
{
	if (p->repeat == REPEAT_FOREVER || i->pass < p->repeat) {
		begin_pass(i, i->pass + 1);
		run_step(i, now, p);
		return;
	}
	if (p->n_last_resort) {
		last_resort(i, now, p);
		return;
	}
	incident_say(i, now.wall, "unanswered", STR(""),
		     "the policy is at its end: nobody answered");
	i->next_at = MS_NONE;
}

bool escalate_unanswered(const struct incident *i)
{
	return i->status == INCIDENT_TRIGGERED && i->next_at == MS_NONE &&
	       i->snoozed_until == MS_NONE;
}

/* The schedule handed off while nobody had answered: who is on call now hears of it. */
static void run_handoff(struct incident *i, struct now now, const struct policy *p)
{
	struct stepping s = {.i = i,
			     .now = now,
			     .what = "inherited at the hand-off",
			     .only_new = true};

	i->handoff_at = MS_NONE;
	for (size_t k = 0; k < i->step && k < p->n_steps; k++) {
		for (size_t t = 0; t < p->steps[k].n_targets; t++) {
			if (p->steps[k].targets[t].kind == TARGET_SCHEDULE)
				reach_schedule(&s, p->steps[k].targets[t].schedule);
		}
	}
}

void escalate_configured(struct incident *i, struct now now)
{
	if (policy_of(i)) {
		i->handoff_at = now.wall;
		return;
	}
	incident_say(i, now.wall, "nobody", STR(""), "there is no policy %s any more", i->policy);
	hole(i, now, true);
}

void escalate_begin(struct incident *i, struct now now)
{
	begin_pass(i, 0);
	i->next_at = now.wall;
}

void escalate_halt(struct incident *i)
{
	for (size_t k = 0; k < i->n_cycles; k++)
		cycle_done(&i->cycles[k]);
	i->n_cycles = 0;
	i->next_at = i->handoff_at = MS_NONE;
}

/* ---- acknowledged -------------------------------------------------------------------------- */
static ms_t remind_at(const struct incident *i)
{
	if (i->lease_at == MS_NONE || i->reminded)
		return MS_NONE;
	return i->lease_at - MIN(REMIND_BEFORE, (i->lease_at - i->acked_at) / 4);
}

static void remind(struct incident *i, struct now now)
{
	const struct person *p = person_of(i, i->acked_by);
	struct sequence s = sequence_of(p, true);
	struct oncall_page page = {.incident = i,
				   .kind = PAGE_REMIND,
				   .person = p,
				   .why = STR("your acknowledgement runs out soon"),
				   .next = STR("acknowledge again, or it goes on")};

	i->reminded = true;
	if (!s.n)
		return;
	page.contact = s.v[0].contact;
	incident_say(i, now.wall, "reminded", p->name, "the acknowledgement runs out soon");
	i->oncall->env.page(i->oncall->env.arg, now, &page);
}

/* Nobody has said that it is still being worked on: its owner first, then all of the policy. */
static void end_lease(struct incident *i, struct now now)
{
	const struct person *p = person_of(i, i->acked_by);

	incident_say(i, now.wall, "lease", str_of(i->acked_by),
		     "the acknowledgement has run out: it goes on");
	i->status = INCIDENT_TRIGGERED;
	i->lease_at = MS_NONE;
	escalate_begin(i, now);
	if (p) {
		i->next_at = now.wall + ACKER_FIRST;
		escalate_reach(i, now, p, false, STR("your acknowledgement has run out"));
	}
}

/* ---- what is due --------------------------------------------------------------------------- */
ms_t escalate_due(const struct incident *i)
{
	ms_t due = MS_NONE;

	if (i->status == INCIDENT_RESOLVED || i->status == INCIDENT_MERGED)
		return MS_NONE;
	if (i->snoozed_until != MS_NONE)
		return ms_earlier(i->snoozed_until, drill_due(i));
	if (i->status == INCIDENT_ACKNOWLEDGED)
		return ms_earlier(remind_at(i), i->lease_at);
	due = policy_of(i) ? ms_earlier(i->next_at, i->handoff_at) : MS_NONE;
	due = ms_earlier(due, drill_due(i));
	for (size_t k = 0; k < i->n_cycles; k++)
		due = ms_earlier(due, cycle_due(i, &i->cycles[k]));
	return due;
}

static bool is_due(ms_t at, struct now now)
{
	return at != MS_NONE && at <= now.wall;
}

static void run_triggered(struct incident *i, struct now now)
{
	const struct policy *p = policy_of(i);

	for (size_t k = 0; k < i->n_cycles; k++)
		run_cycle(i, now, k);
	if (!p)
		return;
	if (is_due(i->next_at, now)) {
		if (i->step < p->n_steps)
			run_step(i, now, p);
		else
			run_end(i, now, p);
	} else if (is_due(i->handoff_at, now)) {
		run_handoff(i, now, p);
	}
}

void escalate_run(struct incident *i, struct now now)
{
	for (int round = 0; round < ROUNDS_MAX && is_due(escalate_due(i), now); round++) {
		if (is_due(drill_due(i), now)) {
			drill_fail(i, now);
		} else if (i->snoozed_until != MS_NONE) {
			i->snoozed_until = MS_NONE;
			incident_say(i, now.wall, "awake", STR(""), "the snooze is over");
			if (i->status == INCIDENT_TRIGGERED)
				escalate_begin(i, now);
		} else if (i->status == INCIDENT_TRIGGERED) {
			run_triggered(i, now);
		} else if (is_due(i->lease_at, now)) {
			end_lease(i, now);
		} else {
			remind(i, now);
		}
	}
}

/* ---- in words ------------------------------------------------------------------------------ */
static void put_in(struct buf *b, ms_t span)
{
	buf_adds(b, " in ");
	num_put_duration(b, MAX(span, SECOND) / SECOND * SECOND);
}

static void put_step(struct buf *b, const struct incident *i, const struct policy_step *st)
{
	for (size_t k = 0; k < st->n_targets; k++) {
		const struct target *t = &st->targets[k];
		struct roster r = {.n = 0};

		if (k)
			buf_adds(b, ", ");
		if (t->kind == TARGET_SCHEDULE)
			oncall_who(i->oncall, t->schedule, i->next_at, &r);
		if (t->kind != TARGET_SCHEDULE || !r.n)
			buf_add(b, t->name);
		for (size_t p = 0; p < r.n; p++)
			buf_printf(b, "%s%.*s", p ? ", " : "", STR_ARG(r.v[p].person->name));
	}
}

void incident_put_plan(struct buf *b, const struct incident *i, ms_t wall)
{
	const struct policy *p = policy_of(i);
	size_t before = b->n;

	for (size_t k = 0; i->status == INCIDENT_TRIGGERED && k < i->n_cycles; k++) {
		const struct cycle *c = &i->cycles[k];
		const struct person *who = person_of(i, c->person);
		ms_t due = cycle_due(i, c);

		if (due == MS_NONE || c->shadow)
			continue;
		buf_printf(b, "%s%s by %.*s", b->n > before ? "; " : "", c->person,
			   STR_ARG(who->contacts[sequence_of(who, c->urgent).v[c->next].contact]
					   .name));
		put_in(b, due - wall);
	}
	if (!p || i->status != INCIDENT_TRIGGERED || i->next_at == MS_NONE)
		return;
	if (i->step < p->n_steps) {
		buf_adds(b, b->n > before ? "; then " : "then ");
		put_step(b, i, &p->steps[i->step]);
		put_in(b, i->next_at - wall);
	} else {
		buf_printf(b, "%s%s", b->n > before ? "; then " : "then ",
			   p->repeat == REPEAT_FOREVER || i->pass < p->repeat ? "all of it again"
			   : p->n_last_resort				      ? "the last resort"
									      : "nobody");
		put_in(b, i->next_at - wall);
	}
}
