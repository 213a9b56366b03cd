/*
 * What incident.c, escalate.c and override.c share; nobody else includes this.
 */
#ifndef ONCALL_INNER_H
#define ONCALL_INNER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "oncall/incident.h"
#include "store/batch.h"

struct oncall {
	struct oncall_env env;
	const struct oncall_config *config; /* NULL: none yet */
	struct incident **incidents;	    /* by number */
	size_t n, cap;
	struct map open; /* by key: those that are not resolved */
	uint64_t last_incident, last_event, last_override;
	struct override **overrides; /* by id */
	size_t n_overrides, cap_overrides;
	uint64_t version;
	bool stopped;
};

static inline struct batch *oncall_batch(struct oncall *oc)
{
	return oc->env.batch(oc->env.core);
}

/* ---- incident.c -------------------------------------------------------------------------- */
/* Adds to the timeline. `who` may be empty. */
void incident_say(struct incident *i, ms_t at, const char *kind, struct str who, const char *fmt,
		  ...) ATTR_PRINTF(5, 6);
/* The same with a text that is there already. */
void incident_write(struct incident *i, ms_t at, const char *kind, struct str who, struct str text);
struct incident *incident_find(const struct oncall *oc, uint64_t id); /* or NULL */
/* Writes it down and sets its timer: the end of every change. */
void incident_settle(struct incident *i, struct now now);

/* ---- escalate.c -------------------------------------------------------------------------- */
/* Begins the policy from its first step, now. */
void escalate_begin(struct incident *i, struct now now);
/* There is another configuration: who is on call is asked anew. What is planned waits as long as
 * the policy is missing. */
void escalate_configured(struct incident *i, struct now now);
/* Nothing more is planned: acknowledged, snoozed or over. */
void escalate_halt(struct incident *i);
/* The policy has come to its end, and it is in nobody's hands. */
bool escalate_unanswered(const struct incident *i);
/* Does all that is due. */
void escalate_run(struct incident *i, struct now now);
/* When escalate_run has something to do; MS_NONE: never. */
ms_t escalate_due(const struct incident *i);
/* Begins to reach somebody; by `why`. */
void escalate_reach(struct incident *i, struct now now, const struct person *p, bool shadow,
		    struct str why);
/* A page of the cycle ended badly: goes on at once. */
void escalate_failed(struct incident *i, struct now now, struct cycle *c);

/* ---- override.c -------------------------------------------------------------------------- */
ATTR_CHECK bool override_restore(struct oncall *oc, struct store *s, struct err *err);
void override_free_all(struct oncall *oc);

#endif
