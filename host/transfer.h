/*
 * One request on its way out, for the files http_*.c of this folder only. See http_out.h for its
 * states.
 */
#ifndef HOST_TRANSFER_H
#define HOST_TRANSFER_H

#include "host/lazy_curl.h"
#include <sys/queue.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/http_config.h"
#include "base/io.h"
#include "host/dns.h"
#include "host/files.h"
#include "host/loop.h"
#include "host/oauth2.h"
#include "host/url.h"

#define LANES 2
#define LANE_SLOW 250	 /* ms */
#define EASY_POOL 32	 /* handles kept for reuse, a lane */
#define TRANSFER_POOL 64 /* kept for reuse */
#define REDIRECTS_MOST 10
#define REPLY_HEADERS_MOST 256 /* of one reply; more are left out */

struct exec_run;
struct talk_run;
struct http_out;
struct lane;

enum transfer_state {
	TRANSFER_QUEUED,
	TRANSFER_TOKEN,
	TRANSFER_NAME,
	TRANSFER_COMMAND,
	TRANSFER_TALK,
	TRANSFER_RUNNING,
	TRANSFER_OVER
};

/* A curl handle and what it was last set up for: the next request with the same base needs only
 * its own options. */
struct easy {
	CURL *curl;
	const struct http_config *config;
	const char *method; /* "GET", "POST", "" (anything else) */
	unsigned generation;
	bool target; /* it has a request target beside its URL */
	bool set_up;
};

struct transfer {
	struct http_out *out;
	struct lane *lane;
	struct io_call *call;	    /* NULL: cancelled */
	TAILQ_ENTRY(transfer) link; /* in the list of its state */
	enum transfer_state state;
	struct easy easy;
	struct arena arena; /* everything below that is text */

	/* the request */
	struct io_request req;
	struct io_mail mail;
	struct url url;
	struct str proxy;     /* in use for this hop; empty: none */
	struct str addresses; /* of the host (or proxy) to connect to; empty: curl knows */
	int redirects;
	bool foreign; /* redirected to another host: no credentials */
	ms_t begun;   /* mono */
	ms_t started; /* mono; when it left the queue */
	struct timer deadline;
	struct dns_query name;
	struct token_wait token;
	struct exec_run *exec;
	struct talk_run *talk;
	struct str bearer;							  /* oauth2's */
	struct curl_slist *headers, *proxy_headers, *resolve, *connect_to, *rcpt; /* in the arena */
	bool refused;	/* SMTP: the server said 4xx or 5xx; status and body say what */
	size_t body_at; /* SMTP: how much curl has taken */

	/* the reply */
	enum io_outcome outcome;
	int status;
	struct io_header *reply_headers;
	size_t n_reply_headers, reply_headers_cap;
	struct buf body;
	size_t received;
	bool streaming, too_big;
	struct str error;
	char curl_error[CURL_ERROR_SIZE];
};

TAILQ_HEAD(transfer_list, transfer);

/* Ends a transfer: it goes to the list of those that are over. */
void transfer_fail(struct transfer *t, enum io_outcome outcome, const char *fmt, ...)
	ATTR_PRINTF(3, 4);
/* Goes on after a name or a token has come. */
void transfer_go_on(struct transfer *t, struct now now);
/* The host curl will connect to, in words for an error. */
struct str transfer_peer(struct transfer *t);
struct secrets *transfer_secrets(struct transfer *t);

/* http_setup.c: everything curl must know. False: refused, err says why. */
ATTR_CHECK bool setup_request(struct transfer *t, struct err *err);
/* Which proxy this hop goes through, if any. */
ATTR_CHECK bool setup_proxy(struct transfer *t, struct err *err);
/* Whether the proxy is left out for this host: `no_proxy` as everybody writes it. */
bool setup_no_proxy(struct str list, struct str host, int port);
void setup_tls(CURL *c, const struct tls_config *tls);
/* A header of the request; false: it could not be one. */
ATTR_CHECK bool setup_add_header(struct transfer *t, struct str name, struct str value,
				 struct err *err);
/* http_mail.c */
ATTR_CHECK bool setup_mail(struct transfer *t, struct err *err);
/* A line of the server's part of the dialogue. */
void setup_mail_line(struct transfer *t, struct str line);

/* Wraps setting an option that cannot fail. */
#define SETOPT(c, option, value) CHECK(curl_easy_setopt(c, option, value) == CURLE_OK)

#endif
