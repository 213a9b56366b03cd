/*
 * What is served: pages, APIs, metrics, event streams. Pure: a request and a `now` in, an answer
 * out. Sockets, TLS and passwords are the host's (host/http_in).
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"

struct core;
struct web;

struct web_options {
	struct str route_prefix; /* "" or "/rouse", no trailing slash */
	struct str external_url; /* no trailing slash */
	struct str version;	 /* "0.1.0" */
	bool no_cluster;	 /* status lists no peer, not even us */
	/* Asked by POST /-/reload: loads and applies; false with words for the answer. */
	bool (*reload)(void *host, struct now now, struct err *err);
	void *host;
	/* Measures of the process for /metrics (process_*, rouse_build_info): written by the host.
	 */
	void (*metrics)(void *host, struct buf *b);
};

struct web *web_new(struct core *core, const struct web_options *o);
void web_free(struct web *w);
OWNED_DEFINE(web)

struct web_param { /* decoded */
	struct str name, value;
};

struct web_request {
	struct str method;
	struct str path; /* decoded, without the query; begins with / */
	const struct web_param *query;
	size_t n_query;
	const struct web_param *headers; /* names in lower case */
	size_t n_headers;
	struct str body;
	struct str remote; /* address, for logs */
	struct str user;   /* who has shown a password; empty: nobody had to */
};

enum web_kind {
	WEB_ANSWER,
	WEB_STREAM, /* server-sent events: after the head, web_event_put whenever something changed
		     */
};

struct exchange;

struct web_answer {
	struct exchange *work; /* not NULL: not yet an answer, see web_continue */
	enum web_kind kind;
	int status;
	const struct io_header *headers; /* Content-Type included */
	size_t n_headers;
	struct str body;     /* in the arena, or static */
	uint64_t after_turn; /* send only when core_durable_turn has reached it; 0: at once */
};

/* Whether who asks with this Authorization header needs no password: a token that is known. */
bool web_lets_in(struct web *w, struct str authorization);
/* Whether anybody may ask for the path, without a password: what signed links and forms lead to. */
bool web_is_open(struct web *w, struct str path);
/* Answers one request; everything in the answer lives in the arena or for ever. */
void web_handle(struct web *w, struct now now, const struct web_request *r, struct arena *a,
		struct web_answer *out);
/* The same in pieces of a few milliseconds, for those who have something else to do meanwhile:
 * as long as out->work is set the answer is not ready, and web_continue goes on with it or
 * web_abandon gives it up. `out`, the arena and what the request points to stay where they are
 * until then. */
void web_begin(struct web *w, struct now now, const struct web_request *r, struct arena *a,
	       struct web_answer *out);
void web_continue(struct web_answer *out);
void web_abandon(struct web_answer *out);
/* The bytes for one event stream whose client has seen version *seen; updates it. Nothing is
 * written when there is no news. The host sends a comment line every 15 s by itself. */
void web_event_put(struct web *w, struct now now, uint64_t *seen, struct buf *b);

#endif
