/*
 * The audit log: who changed what over HTTP. A part of the trail (rows of kind "audit"); the newest
 * are in memory too, to be shown.
 */
#ifndef EVALUATOR_AUDIT_H
#define EVALUATOR_AUDIT_H

#include "base/base.h"
#include "base/err.h"

#define AUDIT_SHOWN 1000
#define AUDIT_TEXT_MAX 300 /* bytes of who and of what */

struct core;
struct store;

struct audit_entry {
	ms_t at;
	char *who;  /* "alice", "token ci", "somebody at 10.0.0.7" */
	char *what; /* "POST /api/rouse/v1/incidents/42/ack" */
};

struct audit {
	struct audit_entry v[AUDIT_SHOWN]; /* a ring */
	size_t next, n;
};

void core_audit(struct core *c, struct now now, struct str who, struct str what);
/* Newest first; fn returns false to stop. */
void core_audit_each(const struct core *c, bool (*fn)(void *arg, const struct audit_entry *e),
		     void *arg);

ATTR_CHECK bool audit_restore(struct core *c, struct store *s, struct err *err);
void audit_done(struct audit *a);

#endif
