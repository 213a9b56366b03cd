/*
 * The world around rouse: one Prometheus whose series are set by a script, and receivers that
 * remember every request. The Prometheus evaluates the little PromQL that the simulator's rules
 * use (selectors, comparisons with numbers, or/and/unless, absent, sum, count), slowly and
 * obviously.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "promql/labels.h"

struct sim;
struct world;

enum prom_mode {
	PROM_UP,
	PROM_DOWN,
	PROM_HANGS,
	PROM_ERROR,
	PROM_GARBAGE,
	PROM_HALF,
	PROM_SAYS_NO
};

/* A request that a receiver got (and answered with 2xx, unless `refused`). */
struct page {
	ms_t wall, mono;
	char *to;  /* the URL's host: hook.sim */
	char *key; /* idempotency key, "" if none */
	char *body;
	bool refused; /* answered with an error, on purpose of the script */
	bool answer_lost;
	bool consumed; /* by an expectation */
};

struct world *world_new(struct sim *s);
void world_free(struct world *w);

/* up{app="x"} = 1, in the text form of a selector without a comparison. */
ATTR_CHECK bool world_series(struct world *w, struct str series, double v, struct err *err);
ATTR_CHECK bool world_gone(struct world *w, struct str series, struct err *err);
void world_prom(struct world *w, enum prom_mode mode);
/* Receivers by host name. status 200: well; 0: nobody listens; -1: takes it and never answers. */
void world_receiver(struct world *w, const char *host, int status, const char *retry_after);

/* What remote_write has written: the value of a series now; false if it has none. */
ATTR_CHECK bool world_written(struct world *w, struct str series, double *v, struct err *err);
/* The answer to remote write requests: 204, or a status that refuses them. */
void world_write_status(struct world *w, int status);

size_t world_pages(const struct world *w);
struct page *world_page(struct world *w, size_t i);

/* What an arrived request leads to. Strings live in the arena. */
struct answer {
	enum io_outcome outcome;
	int status;
	struct str body;
	struct io_header headers[2];
	size_t n_headers;
	struct str error;
	ms_t delay; /* beside the network's */
	bool prom;  /* it was a query */
	bool good;  /* and this is its true answer: */
	struct str expr;
	ms_t at;
	size_t n; /* elements */
};
void world_arrive(struct world *w, struct str url, struct str body, struct str key, struct arena *a,
		  struct answer *out);
/* The truth about an expression now: how many elements, and whether labels are among them. */
size_t world_truth(struct world *w, struct str expr);

#endif
