/*
 * The world around rouse: one Prometheus whose series are set by a script, and receivers
 * (receivers.h). The Prometheus evaluates the little PromQL that the simulator's rules
 * use (selectors, comparisons with numbers, or/and/unless, absent, sum, count), slowly and
 * obviously.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "promql/labels.h"

struct receivers;
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

struct world *world_new(struct sim *s);
void world_free(struct world *w);

/* up{app="x"} = 1, in the text form of a selector without a comparison. */
ATTR_CHECK bool world_series(struct world *w, struct str series, double v, struct err *err);
ATTR_CHECK bool world_gone(struct world *w, struct str series, struct err *err);
void world_prom(struct world *w, enum prom_mode mode);
void world_clock_stepped(struct world *w, ms_t by);
/* Queries that have `part` in their expression ("": all) are answered so much later, or refused
 * when their timeout is over; MS_NONE: they hang. */
void world_slow(struct world *w, ms_t delay, struct str part);
struct receivers *world_receivers(struct world *w);

/* What remote_write has written: the value of a series now; false if it has none. */
ATTR_CHECK bool world_written(struct world *w, struct str series, double *v, struct err *err);
/* Whether ALERTS of a firing alert is written now, and not as pending too: name, severity (may be
 * empty) and the element's labels as in answer.ids. */
bool world_written_alert(struct world *w, struct str name, struct str severity, struct str id);
/* The answer to remote write requests: 204, or a status that refuses them. */
void world_write_status(struct world *w, int status);

struct request {
	struct str method, url, body;
	struct str key; /* idempotency key; empty if none */
	bool mail;
};

/* What an arrived request leads to. Strings live in the arena. */
struct sim_answer {
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
	size_t n;	 /* elements */
	struct str *ids; /* one an element: its labels without the name, "app=a,i=1," */
};
void world_arrive(struct world *w, const struct request *r, struct arena *a,
		  struct sim_answer *out);
/* The truth about an expression now: how many elements, and which. */
size_t world_truth(struct world *w, struct str expr, struct arena *a, struct str **ids);

#endif
