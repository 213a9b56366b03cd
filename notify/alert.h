/*
 * An alert as the notifier knows it: from rouse's own rules or from outside.
 */
#ifndef NOTIFY_ALERT_H
#define NOTIFY_ALERT_H

#include "base/base.h"
#include "promql/labels.h"

enum alert_source {
	ALERT_FROM_RULE,      /* rouse's evaluator: fires until the evaluator says otherwise */
	ALERT_FROM_SELF,      /* rouse about itself */
	ALERT_FROM_API,	      /* somebody posted it; may time out */
	ALERT_FROM_SILENCE,   /* the notifier, about a silence */
	ALERT_FROM_HEARTBEAT, /* somebody did not report */
};

/* What a source hands in; everything is borrowed for the call. Annotations are a label set too
 * (an empty annotation is absent in messages, as it prints as nothing). */
struct alert_in {
	struct labels labels; /* identity; alertname included */
	struct labels annotations;
	ms_t starts_at; /* wall; when it began to fire */
	ms_t ends_at;	/* wall; MS_NONE: fires on */
	struct str generator_url;
	enum alert_source source;
	bool explained; /* annotations came after the alert: messages that can be edited are */
};

/* One that is kept. */
struct alert {
	struct labels labels;	   /* owned */
	struct labels annotations; /* owned */
	ms_t starts_at, ends_at, updated_at;
	char *generator_url; /* owned */
	enum alert_source source;
	bool timeout;  /* ends_at was made up from resolve_timeout */
	uint64_t hash; /* labels_hash: what the notification log keeps */
};

/* What the condition of a firing alert is worth. */
struct alert_worth {
	double now, then;   /* then: when it began to fire; NaN: not known */
	const float *trail; /* on the way, oldest first; borrowed until the next event */
	size_t n_trail;
	/* The source\'s own: where it was found. Alerts of one message mostly stand together, so
	 * the next one is looked for there first. NULL at first; not longer than an event. */
	const void *rule;
};

static inline bool alert_resolved(const struct alert *a, ms_t wall)
{
	return a->ends_at != MS_NONE && a->ends_at <= wall;
}

#endif
