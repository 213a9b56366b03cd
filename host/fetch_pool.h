/*
 * Range queries of a backtest: in pieces, a few at a time, never more a second than asked for.
 * Pieces of one rule are handed over in order of time; rules are independent of one another.
 */
#ifndef HOST_FETCH_POOL_H
#define HOST_FETCH_POOL_H

#include "evaluator/backtest.h"
#include "host/prom_client.h"

struct fetch_options {
	struct prom_client_options client;
	size_t parallel;
	double max_qps; /* 0: as fast as answers come */
	ms_t piece;	/* the longest span of one query */
	bool progress;	/* on standard error */
};

/* One rule to run; `from` and `to` are slots of its group. */
struct fetch_job {
	struct backtest *backtest;
	ms_t from, to;
	char error[512]; /* why it could not be fetched to the end; empty: it was */
};

/* False: nothing could be asked at all; err says why. Failures of single rules stay in jobs. */
ATTR_CHECK bool fetch_all(const struct fetch_options *o, struct fetch_job *jobs, size_t n,
			  struct err *err);

#endif
