/*
 * Alerts that come and go: how often each has begun lately. A route with `flapping` says so once
 * and holds the alert to fire until it has been quiet, instead of telling every change.
 *
 * In memory only: a restart forgets it. Kept only while a route asks for it.
 */
#ifndef NOTIFY_FLAP_H
#define NOTIFY_FLAP_H

#include "base/base.h"
#include "notify/alert.h"

struct notify;
struct route;

#define FLAP_TIMES_MAX 32

/* The alert begins to fire. */
void flap_note(struct notify *n, ms_t mono, const struct alert *a);
/* Whether the alert began as often as the route calls flapping, within its time until now. */
bool flap_is(const struct notify *n, ms_t mono, const struct route *r, const struct alert *a);
/* Forgets what is too old to matter. */
void flap_expire(struct notify *n, ms_t mono);
void flap_free(struct notify *n);

#endif
