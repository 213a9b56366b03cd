/*
 * Who asks, and whether they may: a token, the header of a proxy that is trusted, the user whose
 * password the host has checked, or nobody. What each may stands in `access:` (evaluator/access.h);
 * without it whoever gets in may all.
 */
#ifndef WEB_ACCESS_H
#define WEB_ACCESS_H

#include "evaluator/access.h"
#include "web/exchange.h"

/* Fills in who asks (x->user, x->permits). False: there is a token, and it is none of ours; the
 * answer is made. */
ATTR_CHECK bool access_enter(struct exchange *x);
/* False: they may not; the answer is made, 401 or 403. */
ATTR_CHECK bool access_may(struct exchange *x, enum permit p);
/* A page of another site asks (a browser says so). */
bool access_other_site(const struct exchange *x);
/* Writes down that they changed something. */
void access_audit(struct exchange *x);

/* The audit log as JSON, newest first. */
void api_rouse_audit(struct exchange *x);

#endif
