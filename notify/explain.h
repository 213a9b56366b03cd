/*
 * Why is (or was) somebody told of an alert, or not? For each route of the alert the one thing that
 * decides, and for each integration what became of it: read from the groups, lanes and the outbox
 * as they are, for the past from the journal and the outbox's history, by the routes of today.
 */
#ifndef NOTIFY_EXPLAIN_H
#define NOTIFY_EXPLAIN_H

#include "base/arena.h"
#include "base/base.h"
#include "promql/labels.h"
#include "promql/matcher.h"

struct group;
struct keeper;
struct notify;
struct route;

enum explain_kind {
	EXPLAIN_NOBODY,		/* the receiver has no integrations, or there are no routes */
	EXPLAIN_INHIBITED,	/* object: the labels of the alert that inhibits it */
	EXPLAIN_TIME,		/* object: the time interval */
	EXPLAIN_SILENCED,	/* object: the silence's id */
	EXPLAIN_GROUP_WAIT,	/* the group waits for company; until: when it is flushed */
	EXPLAIN_GROUP_INTERVAL, /* news wait for the next flush; until: then */
	EXPLAIN_UNDERWAY,	/* object: the delivery */
	EXPLAIN_REFUSED,	/* object: the delivery; until: when it is tried again */
	EXPLAIN_TOLD,		/* object: the delivery, if it is remembered; until: when again */
	EXPLAIN_NO_ENDS,	/* send_resolved is off */
	EXPLAIN_FLAPPING,	/* it is over, and held to fire until it has been quiet */
	EXPLAIN_UNKNOWN,	/* nothing is remembered of that time */
};
const char *explain_kind_name(enum explain_kind k); /* "silence", "group_wait" ... */

struct explanation {
	uint64_t alert; /* hash: the same for all that is said of one alert */
	struct labels labels;
	ms_t starts_at, ends_at;   /* MS_NONE: fires on */
	bool firing;		   /* at the time that was asked for */
	const struct route *route; /* NULL: none */
	struct str receiver, group_key;
	struct str integration; /* "team/webhook/0"; empty: all of the receiver */
	enum explain_kind kind;
	struct str object; /* what decides; may be empty */
	ms_t until;	   /* wall; MS_NONE: open, or it does not matter */
	struct str text;   /* a sentence */
};

struct explain_query {
	const struct matcher *matchers; /* of the alert's labels; all must pass */
	size_t n;
	struct str receiver; /* empty: all */
	ms_t at;	     /* wall; MS_NONE: now */
};

/* Calls fn for each integration of each route of each alert, or once where all of a receiver is
 * kept back; false stops. Records are borrowed for the call. Alerts that nobody remembers are not
 * in it. */
void notify_explain(const struct notify *n, struct now now, const struct explain_query *q,
		    bool (*fn)(void *arg, const struct explanation *e), void *arg);

/* One thing that happened to an alert. */
struct explain_event {
	ms_t at;
	const char *kind; /* fires, over, kept, freed, told, sent, dead ... */
	struct str text;
};
/* What is remembered of an alert, oldest first. */
void notify_timeline(const struct notify *n, struct now now, uint64_t alert,
		     bool (*fn)(void *arg, const struct explain_event *e), void *arg);

/* For the journal: what keeps alerts with these labels back in the group; false: nothing. */
bool explain_keeper(const struct group *g, ms_t wall, struct labels ls, struct arena *a,
		    struct keeper *out);

#endif
