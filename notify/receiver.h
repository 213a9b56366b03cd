/*
 * A kind of receiver: one struct of functions in one file of notify/receivers/. A kind knows how
 * its configuration is read, how a message becomes requests, and what the answers mean. It holds
 * no state: what must be remembered (a message id for edits) is in the delivery.
 */
#ifndef NOTIFY_RECEIVER_H
#define NOTIFY_RECEIVER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/fields.h"
#include "base/io.h"
#include "notify/config.h"

struct hearing_kind;
struct message; /* notify/message.h: the snapshot that is told */
struct template_set;
struct yaml_node;

/* Never two outcomes only. */
enum deliver_result {
	DELIVER_REQUEST, /* `request` must be made, then step is called again with its reply */
	DELIVER_SENT,
	DELIVER_RETRY, /* later; wait says when at the earliest, -1: the policy's back-off */
	DELIVER_PLAIN, /* the body was refused: build again in a plainer form, once */
	DELIVER_DEAD,  /* never again; scope says why */
};

enum dead_scope { DEAD_MESSAGE, DEAD_DESTINATION, DEAD_CREDENTIAL };

struct delivery {
	const struct integration *to;
	const struct message *message;
	struct str key;		/* idempotency key, the same at every attempt */
	struct str provider_id; /* of the message to edit; empty: a new one */
	int attempt;		/* from 1 */
	bool plain;		/* the plainer form is wanted */
	int step;	     /* how many requests of this attempt were answered; kinds may count */
	struct str note;     /* the kind's own, between the steps of one attempt */
	ms_t deadline;	     /* timeout of one request */
	struct arena *arena; /* of this attempt: everything built lives here */
	struct template_set *templates; /* of the configuration; NULL: only plain texts */
	struct str
		memo; /* what the kind told to remember of the destination; empty after a start */
	const struct limits *limits;

	/* out */
	struct io_request request;
	ms_t wait;
	enum dead_scope scope;
	struct str new_provider_id; /* what to remember for later edits */
	struct str new_memo;	    /* p is NULL: as it was; an access token, in memory only */
	struct err err;		    /* why RETRY or DEAD, in words, without secrets */
};

/* One entry of a receiver's list while it is read. */
struct kind_entry {
	struct fields fields; /* its arena is the configuration's */
	const struct yaml_node *node;
	const struct global_config *global;
	const struct config_files *files;
	struct integration *to; /* http is set; check may put another one there */
};

struct receiver_kind {
	const char *name;	/* "webhook": as in metrics and ids */
	const char *config_key; /* "webhook_configs" */
	/* The keys of an entry, in Alertmanager's order; send_resolved, http_config and
	 * update_message are read besides. */
	const struct field *fields;
	size_t n_fields;
	size_t config_size;   /* of the record that the fields go into */
	const void *defaults; /* the record before; NULL: zero */
	bool no_http;	      /* there is no http_config */
	bool all_global;      /* global may have all that is needed: an entry may be nothing */
	bool send_resolved;   /* default */
	/* What the fields alone do not say: what must be there, what comes from global. Mistakes go
	 * to the entry's diags; false: refused. NULL: nothing to check. */
	bool (*check)(const struct kind_entry *e, void *config);
	/* The next thing to do: reply is NULL at the first call of an attempt. */
	enum deliver_result (*step)(struct delivery *d, struct now now,
				    const struct io_reply *reply);
	bool can_update; /* update_message is understood */
	/* ... with this configuration; NULL: with any. */
	bool (*may_update)(const void *config);
	bool hand_over; /* there are no requests: the message goes to notify/paging.c */
	/* How answers to its messages are heard (notify/hearing.h); NULL: they are not. */
	const struct hearing_kind *hearing;
	int parallel; /* requests to one destination at a time; 0: 64 */
};

/* The next step of the delivery, with an empty request to fill in. */
enum deliver_result receiver_step(struct delivery *d, struct now now, const struct io_reply *reply);
/* All kinds, ended by NULL. */
extern const struct receiver_kind *const receiver_kinds[];
const struct receiver_kind *receiver_kind_of(struct str config_key); /* NULL: unknown */

/* What an HTTP answer means by the common rules (2xx SENT; 408 425 429 and 5xx RETRY with
 * Retry-After clamped to [250 ms, 15 min]; 401 403 DEAD credential; 400 404 405 410 413 415 422
 * PLAIN first, then DEAD; redirects DEAD; failures before the request left RETRY, ambiguous ones
 * RETRY too). Fills wait, scope, err. Kinds start from it and refine. */
enum deliver_result receiver_classify(struct delivery *d, struct now now,
				      const struct io_reply *reply);

#endif
