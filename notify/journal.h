/*
 * What happened to alerts, for those who ask later (notify/explain.h): an alert's end, and when
 * a group began or ceased to keep one back and for what. What was told stands in the outbox.
 *
 * A ring of limits.event_rows; the oldest goes. It is durable as a part of the core's trail
 * (notify_env.event).
 */
#ifndef NOTIFY_JOURNAL_H
#define NOTIFY_JOURNAL_H

#include "base/base.h"
#include "base/err.h"
#include "promql/labels.h"

struct alert;
struct notify;
struct store;

enum event_kind {
	EVENT_OVER,  /* the alert is over and forgotten */
	EVENT_KEPT,  /* a group keeps it back */
	EVENT_FREED, /* ... no more */
};

struct event {
	ms_t at; /* wall */
	enum event_kind kind;
	uint64_t alert;	      /* hash */
	ms_t starts_at;	      /* OVER; it ended at `at` */
	struct labels labels; /* OVER: of the alert; owned */
	char *group_key;      /* KEPT, FREED */
	char *by, *object;    /* KEPT: "silence" and its id, "inhibition" and labels ... */
	char *text;	      /* KEPT: in words */
	struct event *older, *newer;
};

struct journal {
	struct event *oldest, *newest;
	size_t n;
};

void journal_over(struct notify *n, const struct alert *a);
/* What keeps an alert back. All borrowed. */
struct keeper {
	const char *by; /* as in Alertmanager's suppressed metric: silence, inhibition ... */
	struct str object, text;
};
void journal_kept(struct notify *n, ms_t wall, const struct alert *a, const char *group_key,
		  const struct keeper *k);
void journal_freed(struct notify *n, ms_t wall, const struct alert *a, const char *group_key);
/* Older than data_retention. */
void journal_expire(struct notify *n, ms_t wall);
void journal_free(struct notify *n);
ATTR_CHECK bool journal_restore(struct notify *n, struct store *s, struct err *err);

#endif
