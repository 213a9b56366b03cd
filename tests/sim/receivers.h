/*
 * Who is told: hosts that remember every request. What a host is follows from the request: a mail
 * server (SMTP), an Alertmanager (/api/v2/alerts), Discord (any host whose name begins so: it names
 * messages, and lets them be edited), Telegram (likewise; it keeps what is pressed until somebody
 * has confirmed it), or a webhook.
 */
#ifndef TESTS_SIM_RECEIVERS_H
#define TESTS_SIM_RECEIVERS_H

#include "base/base.h"

struct sim_answer;
struct arena;
struct request;
struct sim;

/* A request that a receiver got (and answered with 2xx, unless `refused`). */
struct page {
	ms_t wall, mono;
	char *to;  /* the URL's host: hook.sim */
	char *at;  /* host and path, without the message that is edited: hook.sim/team/0 */
	char *key; /* idempotency key, "" if none */
	char *body;
	bool refused; /* answered with an error */
	bool mail, edit;
	bool answer_lost;
	bool consumed; /* by an expectation */
};

struct receivers;

/* Host and path of a URL; what follows /messages/ is not the place but the message. */
struct str receivers_place(struct str url);

struct receivers *receivers_new(struct sim *s);
void receivers_free(struct receivers *r);

/* By host name. status 200: well; 0: nobody listens; -1: takes it and never answers. An empty
 * `retry_after` lets chance say when to come again. */
void receivers_set(struct receivers *r, const char *host, int status, const char *retry_after);
/* All are well. */
void receivers_heal(struct receivers *r);
/* Discord forgets its messages: edits are answered with 404. */
void receivers_forget(struct receivers *r);
/* A user of Telegram presses a button: "ack:1:0". */
void receivers_press(struct receivers *r, struct str data, struct str user);
size_t receivers_pages(const struct receivers *r);
struct page *receivers_page(struct receivers *r, size_t i);
void receivers_arrive(struct receivers *r, const struct request *q, struct str host,
		      struct arena *a, struct sim_answer *out);

#endif
