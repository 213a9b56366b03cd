/*
 * Asking Prometheus: several URLs of the same data, the next one when one fails, a bound on how
 * many queries run at once, and the health of each URL.
 *
 * A query ends in one of four ways, and the difference matters: an answer; an error that
 * Prometheus gave about this query (the rule is wrong, all else can be asked); the word that it
 * took too long (the query is heavy, or Prometheus has too much to do); or nobody could be asked
 * (nothing can be known about anything). Prometheus is told to give up a little before we do.
 */
#ifndef EVALUATOR_PROM_H
#define EVALUATOR_PROM_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "evaluator/decode.h"
#include "evaluator/vector.h"

struct config;
struct prom;

enum prom_end {
	PROM_ANSWER,
	PROM_REFUSED,	  /* Prometheus says no: bad query, too many samples */
	PROM_TOO_SLOW,	  /* Prometheus gave up after the time it was given */
	PROM_UNREACHABLE, /* no URL gave an answer that makes sense */
};

struct prom_query;
typedef void prom_done_fn(struct prom_query *q, struct now now, enum prom_end end,
			  const struct err *err);

/* One query at a time; embedded in its owner. */
struct prom_query {
	struct io_call call;
	struct prom *prom;
	struct config *config;	 /* held while it runs */
	struct prom_query *next; /* waiting for its turn */
	struct decoder decoder;
	bool decoder_ready;
	bool waiting, running;
	struct str expr;  /* borrowed until done */
	struct str range; /* "[1h]" to be put behind expr; "" for none */
	ms_t at;
	struct vector *out; /* NULL: the body is wanted raw */
	struct str body;    /* of a raw answer, borrowed for the call of done */
	size_t url;	    /* asked now */
	size_t tried;	    /* how many have been */
	prom_done_fn *done;
};

struct prom_url_health {
	bool healthy;
	ms_t last_ok, last_failed; /* wall, MS_NONE */
	char *last_error;	   /* owned, NULL: none */
	uint64_t queries, failures;
};

struct prom *prom_new(const struct io *io, const struct limits *l);
void prom_free(struct prom *p);
OWNED_DEFINE(prom)
/* The URLs to ask from now on (there may be none); queries that run end as they began. */
void prom_configure(struct prom *p, struct config *cfg);
/* Health by index of prometheus.urls; *current is the one asked first. */
const struct prom_url_health *prom_health(const struct prom *p, size_t *n, size_t *current);

/* Whether any query was answered or refused at `mono` or later: somebody is there. */
bool prom_answered_since(const struct prom *p, ms_t mono);
/* To be called now and then: a minute after a fail-over the first URL is asked first again. */
void prom_prefer_first(struct prom *p, struct now now);

/* Asks `expr` as an instant query at wall time `at`; done comes later, never from in here. With
 * out NULL the answer is left as it is, in q->body. */
void prom_query_start(struct prom_query *q, struct prom *p, struct str expr, ms_t at,
		      struct vector *out, prom_done_fn *done);
/* Gives up without a word; for an owner that goes away. Safe at any time. */
void prom_query_cancel(struct prom_query *q);
void prom_query_free(struct prom_query *q); /* cancel, and give the memory back */

#endif
