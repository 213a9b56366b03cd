/*
 * The snapshot that is told: what an aggregation group was when it was decided to tell it. It
 * never changes afterwards; the outbox row holds it as JSON, so that a delivery that goes out
 * after a restart says what it would have said before.
 *
 * Firing alerts have no end (MS_NONE); labels and annotations are encoded sets in the arena.
 */
#ifndef NOTIFY_MESSAGE_H
#define NOTIFY_MESSAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "notify/dedup.h"
#include "promql/labels.h"

struct message_alert {
	struct labels labels, annotations;
	ms_t starts_at, ends_at; /* wall; ends_at MS_NONE: firing */
	struct str generator_url;
	uint64_t hash; /* labels_hash */
	bool resolved;
};

/* What a page of an incident (notify/paging.h) can be answered with. */
struct message_page {
	uint64_t incident; /* 0: the message is no page */
	int64_t step;	   /* of the policy, as of the message */
	bool waiting;	   /* nobody has it yet */
	struct str token;  /* that acknowledges (oncall/link.h); empty: none */
};

struct message {
	struct arena arena;
	struct str receiver;  /* name */
	struct str group_key; /* {}/{a="b"}:{alertname="X"} */
	struct str reason;    /* "first notification" ... */
	struct str external_url;
	struct labels group_labels, common_labels, common_annotations;
	struct labels route_labels;   /* as they are written: templates (notify/func.h) */
	struct message_alert *alerts; /* by job, instance, then all labels */
	size_t n, n_firing;
	ms_t at;	/* wall, when it was decided */
	bool self_only; /* only about rouse itself */
	bool anew;	/* a message of its own, also where messages are edited: a page */
	struct message_page page;
};

struct message *message_new(void);
void message_free(struct message *m);
OWNED_DEFINE(message)

/* The set with one label more, or with another value of it, in the arena; an empty value stays. */
struct labels labels_with(struct labels ls, const char *name, struct str value, struct arena *a);
/* The order of alerts in messages and in the API: by job, instance, then all labels. */
int message_order(struct labels a, struct labels b);
/* Sorts the alerts, counts, and works out the common labels and annotations. */
void message_finish(struct message *m);
/* The same with at most max alerts, as if there were no others; lives in the arena (no free),
 * borrows from m. */
struct message *message_head(const struct message *m, size_t max, struct arena *a);
/* A copy without the ends of alerts that are not in `known`; the caller owns it. */
struct message *message_without(const struct message *m, struct hashes known);
static inline bool message_resolved(const struct message *m)
{
	return m->n_firing == 0;
}
const char *message_status(const struct message *m); /* "firing", "resolved" */

/* As it stands in the outbox row. */
void message_put(struct buf *b, const struct message *m);
ATTR_CHECK bool message_parse(struct str json, struct message **out, struct err *err);

/* "[FIRING:2] InstanceDown eu-1 (critical db)": the default subject, without templates. */
void message_put_title(struct buf *b, const struct message *m);

#endif
