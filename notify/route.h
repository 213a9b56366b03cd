/*
 * Which routes an alert takes: the whole tree, depth first (reference: alertmanager.md §1.4).
 */
#ifndef NOTIFY_ROUTE_H
#define NOTIFY_ROUTE_H

#include "base/base.h"
#include "base/buf.h"
#include "notify/config.h"
#include "promql/labels.h"

/* Calls fn for each route that the labels end in, left to right. A node that matched a child is
 * no result itself; the first matching child without `continue` ends the search. A regular
 * expression that gives up counts as matching: better one page too many. */
void route_match(const struct route *root, struct labels ls,
		 void (*fn)(void *arg, const struct route *r), void *arg);
/* The labels that make the group of an alert on this route. */
struct labels route_group_labels(const struct route *r, struct labels ls, struct arena *a);
/* {a="b", c="d"}, values quoted as Go does: the tail of a group key. */
void route_put_labels(struct buf *b, struct labels ls);

/* Whether time intervals keep the route's groups from telling anything: one of `mute` holds, or
 * there are `active` ones and none holds. */
bool route_muted(const struct route *r, ms_t wall);
/* The second of the two: outside all `active` ones. */
bool route_rests(const struct route *r, ms_t wall);
/* The names of those intervals: of `active` all, of `mute` those that hold. */
void route_muted_by(const struct route *r, ms_t wall, void (*fn)(void *arg, struct str name),
		    void *arg);

#endif
