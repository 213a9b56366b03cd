/*
 * What people may do with the runbook of an incident, for the API and the page alike: tick a step,
 * skip it, take that back, run its command.
 */
#ifndef WEB_RUNBOOK_H
#define WEB_RUNBOOK_H

#include "oncall/tick.h"
#include "web/exchange.h"

/* How old an incident may be to count for the use of runbooks. */
#define RUNBOOK_USE_SPAN (90 * DAY)

/* Those of the configuration; NULL: none. */
const struct runbooks *runbooks_of(const struct exchange *x);
/* The one for the incident (NULL: none, or it is gone). */
const struct runbook *runbook_of(const struct exchange *x, const struct incident *i);

struct step_verb {
	struct str step;
	struct str state; /* "done", "skipped", "open", "run" */
	struct str by;	  /* as it was asked; a user who is known counts more */
	struct str means;
	bool confirmed; /* run: somebody has seen what it is */
};
/* Does it. False: it was not done, and *why says why; *status is an HTTP status. */
ATTR_CHECK bool runbook_do(struct exchange *x, uint64_t id, const struct step_verb *v, int *status,
			   struct str *why);

#endif
