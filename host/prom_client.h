/*
 * Asking a Prometheus from the command line (query, backtest, check --prometheus): blocking calls
 * over libcurl, with limits. The daemon does not use this: it has its own loop (host/http_out.h).
 */
#ifndef HOST_PROM_CLIENT_H
#define HOST_PROM_CLIENT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "promql/engine.h"

struct prom_client;

struct prom_client_options {
	struct str url;		/* http://host:9090, maybe with a path and user:password@ */
	struct str bearer_file; /* empty: none */
	ms_t timeout;		/* of one request */
	const struct limits *limits;
	bool (*stop)(void *arg); /* asked several times a second; true: give up. May be NULL */
	void *stop_arg;
};

struct prom_client *prom_client_new(const struct prom_client_options *o, struct err *err);
void prom_client_free(struct prom_client *c);
OWNED_DEFINE(prom_client)

struct prom_question {
	struct str expr;
	ms_t start, end, step; /* step 0: at the instant `end` */
};

/* The answer of POST /api/v1/query or /api/v1/query_range as a result (histograms included) in the
 * arena; warnings and infos go to notes (may be NULL). err has Prometheus's words ("bad_data:
 * ..."), or begins with "cannot ask" and says what could not be reached. */
ATTR_CHECK bool prom_client_query(struct prom_client *c, const struct prom_question *q,
				  struct arena *a, struct result *out, struct notes *notes,
				  struct err *err);
/* GET path?query (already encoded) as a JSON text in the arena, of an answer with status
 * "success": for /api/v1/series, /api/v1/label/x/values, /api/v1/metadata. */
ATTR_CHECK bool prom_client_get(struct prom_client *c, struct str path_and_query, struct arena *a,
				struct str *body, struct err *err);

/* Any request, for APIs with answers of their own. */
struct prom_call {
	const char *method;
	struct str path; /* and query, encoded */
	struct str json; /* body; empty: none */
	/* out */
	int status;
	struct str body; /* in the arena */
};
/* False only if there was no answer. */
ATTR_CHECK bool prom_client_call(struct prom_client *c, struct prom_call *call, struct arena *a,
				 struct err *err);

#endif
