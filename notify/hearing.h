/*
 * Hearing answers without a public address: what a kind of receiver can do to learn that somebody
 * pressed a button, reacted or replied to a page. Two manners: a stream (one request of an account
 * tells of all answers: Telegram, ntfy, SMS) and asking about each message (Discord, Slack,
 * Matrix ...). ear.c makes the requests, decides what is asked, and acts on what was heard.
 */
#ifndef NOTIFY_HEARING_H
#define NOTIFY_HEARING_H

#include "base/base.h"
#include "notify/receiver.h"
#include "oncall/answer.h"

struct json_t;

/* One answer; texts in the hearing's arena. */
struct heard {
	enum answer_verb verb;
	struct str user; /* the account, as people are known by (accounts:) */
	struct str also; /* another name of that account; empty: none */
	struct str name; /* how the service shows it; empty: as user */
	ms_t at; /* wall, when it was sent; 0: not known, then it must name what it answers */
	uint64_t incident;  /* 0: by message */
	struct str message; /* id of the message that was answered; empty: the newest that was told
			     * to that user before it */
	struct str text;    /* note: what was said */
	struct str place;   /* where that message is, if ids count only there; empty: they do not */
	int64_t seen;	    /* escalate: the step that was seen, or -1 */
	struct str token;   /* a signed link's: it says incident and person itself */
	struct str once;    /* unique for this answer in its service */
	struct str handle;  /* the kind's own, to tell the user what became of it */
	/* what became of it: "#42 is yours" */
	struct str said;
};

#define HEARD_MAX 100 /* of one request; more come with the next */

enum hear_result {
	HEAR_REQUEST, /* d.request must be made, then step is called with its reply */
	HEAR_HEARD,   /* `heard` is to be acted on; when that is on disk, step is called without a
			 reply */
	HEAR_DONE,
	HEAR_FAILED, /* d.err says why; again after a pause */
};

struct hearing {
	/* For what requests need, as in a delivery: to (one integration of the account), arena (of
	 * this round), step (requests of this round that were answered), note; out: request, wait
	 * (until the next round at least; -1: as usual), err. There is no message. */
	struct delivery d;
	struct str message; /* id of the one that is asked about; empty: a stream */
	struct str cursor;  /* a stream: what the last round left; empty at first */
	ms_t since;	    /* a stream: when the oldest page was told that may be answered, wall */
	/* out */
	struct heard *heard;
	size_t n;
	size_t told;	       /* the kind's own: so many of them were told what became of it */
	struct str new_cursor; /* p is NULL: as it was */
};

struct hearing_kind {
	bool stream;
	bool signs;	 /* an answer says by itself who gave it */
	ms_t every;	 /* between the beginnings of two rounds, at least */
	const char *how; /* for the page, a % stands for the incident's number */
	/* Names the account whose requests are shared; empty: this one cannot hear. */
	struct str (*account)(const struct integration *to, struct arena *a);
	/* Who reads what is sent there, if it is one person's; empty: not known. */
	struct str (*user)(const struct integration *to, struct arena *a);
	/* Whether it sends to a heard place; NULL: there are no places. */
	bool (*sends_to)(const struct integration *to, struct str place);
	enum hear_result (*step)(struct hearing *h, struct now now, const struct io_reply *reply);
};

/* One more answer in h->heard, or NULL if there are very many. */
struct heard *hearing_add(struct hearing *h);
/* A GET of the address with the integration's http_config. */
enum hear_result hearing_get(struct hearing *h, struct str url);
/* The body as JSON if the status is 2xx; else NULL and h->d.err says why. json_decref is the
 * caller's. */
struct json_t *hearing_json(struct hearing *h, struct now now, const struct io_reply *reply);
/* Adds a reaction of somebody, if it means anything. */
void hearing_reaction(struct hearing *h, struct str reaction, struct str user, struct str name);
#endif
