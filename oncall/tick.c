/* Ticks of runbooks' steps; see tick.h. */
#include "oncall/tick.h"

#include <string.h>

#include "base/map.h"
#include "oncall/inner.h"

#define SKIPPED_ALWAYS 2
#define STEP_DONE "step done"
#define STEP_SKIPPED "step skipped"
#define STEP_UNDONE "step undone"
#define STEP_RUN "step run"
#define STEP_RAN "step ran"

const char *tick_name(enum tick t)
{
	static const char *const names[] =
		{[TICK_OPEN] = "open", [TICK_DONE] = "done", [TICK_SKIPPED] = "skipped"};

	return names[t];
}

static const char *kind_of(enum tick t)
{
	static const char *const kinds[] =
		{[TICK_OPEN] = STEP_UNDONE, [TICK_DONE] = STEP_DONE, [TICK_SKIPPED] = STEP_SKIPPED};

	return kinds[t];
}

/* ---- reading ------------------------------------------------------------------------------- */
/* Whether an event's text begins with "RUNBOOK/STEP:". */
static bool is_about(const struct incident_event *e, struct str runbook, struct str step)
{
	struct str s = str_of(e->text);

	if (strncmp(e->kind, "step ", 5) != 0 || s.n < runbook.n + step.n + 2)
		return false;
	return str_eq(str_cut(s, 0, runbook.n), runbook) && s.p[runbook.n] == '/' &&
	       str_eq(str_cut(s, runbook.n + 1, runbook.n + 1 + step.n), step) &&
	       s.p[runbook.n + 1 + step.n] == ':';
}

void incident_step(const struct incident *i, struct str runbook, struct str step,
		   struct step_state *out)
{
	*out = (struct step_state){0};
	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];

		if (!is_about(e, runbook, step))
			continue;
		if (strcmp(e->kind, STEP_RUN) == 0) {
			out->run = e;
			out->ran = NULL;
			continue;
		}
		if (strcmp(e->kind, STEP_RAN) == 0) {
			out->ran = e;
			continue;
		}
		out->by = e;
		out->tick = strcmp(e->kind, STEP_DONE) == 0	 ? TICK_DONE
			    : strcmp(e->kind, STEP_SKIPPED) == 0 ? TICK_SKIPPED
								 : TICK_OPEN;
	}
}

struct str incident_step_result(const struct incident_event *e, const struct step_name *s)
{
	/* "RUNBOOK/STEP: WORDS: " */
	return str_from(str_of(e->text), s->runbook.n + s->step.n + s->words.n + 5);
}

/* ---- changes ------------------------------------------------------------------------------- */
static void write_event(struct incident *i, struct now now, const char *kind, struct str who,
			const struct step_name *s, struct str more)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "%.*s/%.*s: %.*s%.*s", STR_ARG(s->runbook), STR_ARG(s->step),
		   STR_ARG(s->words), STR_ARG(more));
	incident_write(i, now.wall, kind, who, buf_str(&b));
	incident_settle(i, now);
	buf_done(&b);
}

enum oncall_result oncall_tick(struct oncall *oc, struct now now, uint64_t id,
			       const struct step_name *s, enum tick t, struct actor by)
{
	struct incident *i = incident_find(oc, id);
	struct step_state was;
	struct str more;
	char means[100];

	if (!i)
		return ONCALL_UNKNOWN;
	incident_step(i, s->runbook, s->step, &was);
	if (was.tick == t && (t == TICK_OPEN || str_is(by.who, was.by->who)))
		return ONCALL_ALREADY;
	snprintf(means, sizeof(means), " (%.*s)", (int)MIN(by.means.n, (size_t)80), by.means.p);
	more = str_of(means);
	write_event(i, now, kind_of(t), by.who, s, more);
	return ONCALL_DONE;
}

enum oncall_result oncall_step_run(struct oncall *oc, struct now now, uint64_t id,
				   const struct step_name *s, struct str command, struct actor by)
{
	struct incident *i = incident_find(oc, id);
	struct buf more;

	if (!i)
		return ONCALL_UNKNOWN;
	buf_init(&more, BUF_MAX_ANY);
	buf_printf(&more, " (%.*s)\n%.*s", (int)MIN(by.means.n, (size_t)80), by.means.p,
		   STR_ARG(command));
	write_event(i, now, STEP_RUN, by.who, s, buf_str(&more));
	buf_done(&more);
	return ONCALL_DONE;
}

void oncall_step_ran(struct oncall *oc, struct now now, uint64_t id, const struct step_name *s,
		     struct str how, struct str output)
{
	struct incident *i = incident_find(oc, id);
	struct buf more;

	if (!i)
		return;
	buf_init(&more, BUF_MAX_ANY);
	buf_printf(&more, ": %.*s\n%.*s", STR_ARG(how), STR_ARG(output));
	write_event(i, now, STEP_RAN, STR(""), s, buf_str(&more));
	buf_done(&more);
}

/* ---- use ----------------------------------------------------------------------------------- */
struct counting {
	const struct runbooks *runbooks;
	struct runbook_use *uses;
	struct map by_name; /* of struct runbook_use */
	ms_t since;
};

static bool count_steps(const struct incident *i, struct runbook_use *u)
{
	struct str name = u->runbook->name;
	ms_t last = MS_NONE;

	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];

		if (strncmp(e->kind, "step ", 5) == 0 && str_starts(str_of(e->text), name.p) &&
		    e->text[name.n] == '/')
			last = e->at;
	}
	if (last == MS_NONE)
		return false;
	u->last_opened = u->last_opened == MS_NONE ? last : MAX(u->last_opened, last);
	for (size_t k = 0; k < u->runbook->n_steps; k++) {
		struct step_use *s = &u->steps[k];
		struct step_state st;

		incident_step(i, name, s->step->id, &st);
		s->done += st.tick == TICK_DONE || (st.tick == TICK_OPEN && st.ran);
		s->skipped += st.tick == TICK_SKIPPED ||
			      (st.tick == TICK_OPEN && !st.run && i->status == INCIDENT_RESOLVED);
	}
	return true;
}

static bool count_incident(void *arg, const struct incident *i)
{
	struct counting *c = arg;
	struct runbook_use *u = map_get(&c->by_name, str_of(i->runbook));

	if (i->opened_at < c->since || !u)
		return true;
	u->matched++;
	u->opened += count_steps(i, u);
	return true;
}

static void use_init(struct runbook_use *u, const struct runbook *r, struct arena *a)
{
	size_t n = 0;

	*u = (struct runbook_use){.runbook = r, .last_opened = MS_NONE};
	u->steps = ARENA_ARRAY(a, struct step_use, r->n_steps + 1);
	for (size_t s = 0; s < RUNBOOK_STAGES; s++) {
		for (size_t k = 0; k < r->stages[s].n; k++)
			u->steps[n++].step = &r->stages[s].steps[k];
	}
}

struct runbook_use *runbook_uses(const struct oncall *oc, const struct runbooks *r, ms_t since,
				 struct arena *a)
{
	struct counting c = {.runbooks = r, .since = since};
	size_t n = r ? r->n : 0;

	c.uses = ARENA_ARRAY(a, struct runbook_use, n + 1);
	map_init(&c.by_name);
	for (size_t i = 0; i < n; i++) {
		use_init(&c.uses[i], &r->v[i], a);
		map_put(&c.by_name, r->v[i].name, &c.uses[i]);
	}
	oncall_incidents(oc, count_incident, &c);
	map_done(&c.by_name);
	return c.uses;
}

bool runbook_use_never_opened(const struct runbook_use *u)
{
	return u->matched > 0 && u->opened == 0;
}

bool step_use_always_skipped(const struct step_use *s)
{
	return s->skipped >= SKIPPED_ALWAYS && s->done == 0;
}
