/*
 * What the files of incidents and of overrides share; nobody else includes this.
 */
#ifndef ONCALL_INNER_H
#define ONCALL_INNER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "oncall/incident.h"
#include "oncall/mark.h"
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
	struct mark **marks; /* by id */
	size_t n_marks, cap_marks;
	uint64_t last_mark;
	struct drill_run **drills;
	size_t n_drills, cap_drills;
	uint64_t version;
	bool stopped;
	bool has_link_key;
	unsigned char link_key[32]; /* signs links; in the store */
};

static inline struct batch *oncall_batch(struct oncall *oc)
{
	return oc->env.batch(oc->env.core);
}

/* ---- incident.c -------------------------------------------------------------------------- */
struct incident *incident_find(const struct oncall *oc, uint64_t id); /* or NULL */
/* Adds to the timeline. `who` may be empty. */
void incident_say(struct incident *i, ms_t at, const char *kind, struct str who, const char *fmt,
		  ...) ATTR_PRINTF(5, 6);
/* The same with a text that is there already. */
void incident_write(struct incident *i, ms_t at, const char *kind, struct str who, struct str text);
void incident_set(char **at, struct str text);
/* The policy from its first step on. */
void incident_begin(struct incident *i, struct now now);
void incident_resolve(struct incident *i, struct now now, struct str who, struct str why);
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

/* ---- merge.c ----------------------------------------------------------------------------- */
/* Its own alerts are over; true: it goes on for those of its parts. */
bool merge_part_over(struct incident *i, struct now now);
/* It is over: its parts too, or what it is a part of. */
void merge_resolved(struct incident *i, struct now now, struct str who);

/* ---- link.c ------------------------------------------------------------------------------ */
/* For store_select of the meta table. */
bool link_load_key(void *oncall, const struct val *v, size_t n);
/* Makes one where there is none yet. */
void link_have_key(struct oncall *oc);

/* ---- drill.c ----------------------------------------------------------------------------- */
/* For store_select of the meta table. */
bool drill_load(void *oncall, const struct val *v, size_t n);
void drill_configure(struct oncall *oc, struct now now);
void drill_stop_all(struct oncall *oc);
void drill_free_all(struct oncall *oc);
/* An acknowledgement ends a drill; other incidents are left alone. */
void drill_acknowledged(struct incident *i, struct now now, struct str who);
/* When a drill that goes on has failed; MS_NONE: it is none. */
ms_t drill_due(const struct incident *i);
void drill_fail(struct incident *i, struct now now);

/* ---- mark.c ------------------------------------------------------------------------------ */
ATTR_CHECK bool mark_restore(struct oncall *oc, struct store *s, struct err *err);
void mark_free_all(struct oncall *oc);

/* ---- override.c -------------------------------------------------------------------------- */
ATTR_CHECK bool override_restore(struct oncall *oc, struct store *s, struct err *err);
void override_free_all(struct oncall *oc);

#endif
