/*
 * HTTP in, with libmicrohttpd in the loop (its own epoll inside ours). What is answered comes
 * from web/; here are sockets, TLS, users, limits and time:
 *
 * - a request has an absolute deadline (REQUEST_MS from the accept or from the last answer);
 *   then its socket is shut down, which also ends a client that sends a byte a second;
 * - an answer that must be durable first (after_turn) is held back by suspending the connection;
 * - event streams are suspended connections that are woken when something has changed, and every
 *   15 s for a comment; all are woken before the daemon stops;
 * - libmicrohttpd 0.9.75 says "call me at once" for ever while a TLS client stalls in its
 *   handshake: after eight such turns without an event it is called only every 5 ms.
 *
 * A changed web configuration (or certificate) is taken into use by a new MHD daemon on the same
 * listening socket; connections of the old one are served to their end.
 */
#ifndef HOST_HTTP_IN_H
#define HOST_HTTP_IN_H

#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/worker.h"
#include "web/web.h"

struct core;
struct http_in;

struct http_in_options {
	struct loop *loop;
	struct log *log;
	struct worker *jobs;
	struct core *core; /* may come later */
	const struct limits *limits;
	struct str web_config_file;  /* empty: none */
	const struct str *addresses; /* host:port, :port, [::1]:port; port 0: any */
	size_t n_addresses;
};

/* Binds and listens; nothing is answered before http_in_serve. Errors of the web configuration
 * go to diags, others to err. */
ATTR_CHECK bool http_in_new(const struct http_in_options *o, struct http_in **out,
			    struct diags *diags, struct err *err);
/* Closes everything; what waits gets no answer. */
void http_in_free(struct http_in *h);
/* The core may come later than the sockets, but before http_in_serve. */
void http_in_set_core(struct http_in *h, struct core *core);
/* From now on `web` answers. */
void http_in_serve(struct http_in *h, struct web *web);
/* The real port of the i-th address. */
int http_in_port(const struct http_in *h, size_t i);
/* "address:port" of the i-th, as it is listened on. */
struct str http_in_address(const struct http_in *h, size_t i, struct arena *a);
bool http_in_tls(const struct http_in *h);
bool http_in_has_users(const struct http_in *h); /* passwords are asked for */

/* What pages show has changed: streams are told soon. */
void http_in_changed(struct http_in *h);
/* Looks whether the web configuration or its certificates have changed. */
void http_in_check_config(struct http_in *h);
/* Works on connections; answers what has become durable. */
void http_in_run(struct http_in *h, struct now now);
/* Milliseconds until http_in_run wants to be called again; -1: not before something happens. */
ms_t http_in_wait(const struct http_in *h);

#endif
