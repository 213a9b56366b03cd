/*
 * One request on its way through web/: who asks, what is answered. Handlers read the request by
 * exchange_param and friends, write into `body` and end with one call of web/answer.h. One whose
 * answer takes long sets `step` instead, which is called until it has answered; between two calls
 * everything but the exchange may change.
 *
 * struct web is here too, for the files of this folder only.
 */
#ifndef WEB_EXCHANGE_H
#define WEB_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "web/form.h"
#include "web/web.h"

#define WEB_ROUTES_MAX 64
#define WEB_CODES_MAX 12 /* status codes told apart for each route in /metrics */

struct web_code_count {
	int status; /* 0: unused */
	uint64_t n;
};

/* What the newest event said, so that many streams cost one count. */
struct web_event_cache {
	uint64_t version;
	bool valid;
	size_t firing, pending, failing, rules;
	bool blind;
};

struct web {
	struct core *core;
	struct web_options options; /* strings live in the arena below */
	struct arena arena;
	struct web_event_cache event;
	struct form_recent recent;
	struct web_code_count counts[WEB_ROUTES_MAX + 1][WEB_CODES_MAX]; /* last: no route */
};

struct exchange {
	struct web *web;
	struct core *core;
	struct now now;
	const struct web_request *req;
	struct str user;     /* who asks; empty: nobody is known (web/access.h) */
	unsigned permits;    /* what they may */
	struct str path;     /* below the route prefix; begins with / */
	struct arena *arena; /* of this request */
	struct buf body;
	struct str made; /* a body that is in the arena already; instead of the other one */
	struct web_answer *out;
	size_t route; /* the number of its route, for the counters */
	bool audited; /* it changes something: if it is done, that is written down */
	void (*step)(struct exchange *x);
	void (*done)(struct exchange *x); /* frees what `state` owns, once, however it ended */
	void *state;			  /* the handler's own, in the arena */
};

/* The first value of a query parameter; empty if absent. */
struct str exchange_param(const struct exchange *x, const char *name);
/* A header by its lower-case name; empty if absent. */
struct str exchange_header(const struct exchange *x, const char *name);
/* Whether a parameter that may be given several times (rule_name[]) lets `value` pass: it was not
 * given, or once with exactly that value. */
bool exchange_param_allows(const struct exchange *x, const char *name, struct str value);

#endif
