/*
 * Who did which step of a runbook in an incident, and when: events of the timeline and nothing
 * else, so that what is durable is what is shown. Their text is "RUNBOOK/STEP: words", then what
 * else there is.
 */
#ifndef ONCALL_TICK_H
#define ONCALL_TICK_H

#include "oncall/incident.h"
#include "oncall/runbook.h"

enum tick {
	TICK_OPEN, /* nobody has said anything, or it was taken back */
	TICK_DONE,
	TICK_SKIPPED,
};
const char *tick_name(enum tick t); /* "open", "done", "skipped" */

/* A step as events name it. */
struct step_name {
	struct str runbook, step, words;
};
static inline struct step_name step_name_of(const struct runbook *r, const struct runbook_step *s)
{
	return (struct step_name){r->name, s->id, s->words};
}

/* TICK_OPEN takes it back. Also when the incident is over: recovery comes then. The same by the
 * same person again is ONCALL_ALREADY. */
enum oncall_result oncall_tick(struct oncall *oc, struct now now, uint64_t id,
			       const struct step_name *s, enum tick t, struct actor by);
/* A command of a step begins; ONCALL_ALREADY: it runs, as far as the timeline knows. */
enum oncall_result oncall_step_run(struct oncall *oc, struct now now, uint64_t id,
				   const struct step_name *s, struct str command, struct actor by);
/* It has ended; `how` ("status 0 after 1.2s") and what it said. */
void oncall_step_ran(struct oncall *oc, struct now now, uint64_t id, const struct step_name *s,
		     struct str how, struct str output);

struct step_state {
	enum tick tick;
	const struct incident_event *by;  /* the event that made it so; NULL: none */
	const struct incident_event *run; /* the newest start of its command; NULL: none */
	const struct incident_event *ran; /* its end; NULL: none, or it runs */
};
void incident_step(const struct incident *i, struct str runbook, struct str step,
		   struct step_state *out);
/* What an event says of its step: "status 0 after 1.2s", and below it what the command said. */
struct str incident_step_result(const struct incident_event *e, const struct step_name *s);

/* ---- use ----------------------------------------------------------------------------------- */
/* In incidents that were opened in a span of time. A step that nobody touched counts as skipped
 * where the incident is over and others of the runbook were done or skipped. */
struct step_use {
	const struct runbook_step *step;
	size_t done, skipped;
};
struct runbook_use {
	const struct runbook *runbook;
	size_t matched, opened; /* incidents; opened: with a step done, skipped or run */
	ms_t last_opened;	/* MS_NONE: never */
	struct step_use *steps; /* in the order of the file's stages */
};
/* One a runbook, in their order; all of it in the arena. */
struct runbook_use *runbook_uses(const struct oncall *oc, const struct runbooks *r, ms_t since,
				 struct arena *a);
/* It matched and nobody opened it. */
bool runbook_use_never_opened(const struct runbook_use *u);
/* Skipped at least twice, and never done. */
bool step_use_always_skipped(const struct step_use *s);

#endif
