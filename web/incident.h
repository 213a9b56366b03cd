/*
 * What people may do with incidents, for the API and the pages alike: a verb, its arguments as
 * texts, who. Changes are answered when they are on disk.
 */
#ifndef WEB_INCIDENT_H
#define WEB_INCIDENT_H

#include "oncall/incident.h"
#include "web/exchange.h"

struct incident_verb {
	struct str name; /* ack, unack, escalate, resolve, note, snooze, page, assign, severity,
			  * merge, tell */
	struct str by;	 /* as it was asked; a user who is known counts more */
	struct str means;
	struct str text;   /* note, tell, severity; merge: into which */
	struct str person; /* page, assign */
	struct str span;   /* snooze: "30m" */
	struct str seen;   /* escalate: the step that was seen; empty: any */
};

/* Does it. False: it was not done, and *why says why; *status is an HTTP status. */
ATTR_CHECK bool incident_do(struct exchange *x, uint64_t id, const struct incident_verb *v,
			    int *status, struct str *why);
/* Opens one that no alert has reported; 0: there is no such policy. */
uint64_t incident_open(struct exchange *x, struct report *r, struct str by);
/* Who asks: the user of the request, else `by`, else "somebody". */
struct str incident_actor(const struct exchange *x, struct str by);

#endif
