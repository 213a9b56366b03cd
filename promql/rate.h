/* What rate() and its kin share: what counts as a reset, and rates of windows whose ends are
 * pinned (`anchored`, `smoothed`). */
#ifndef PROMQL_RATE_H
#define PROMQL_RATE_H

#include "promql/windows.h"

struct rate_kind {
	bool counter;	 /* resets are made up for */
	bool per_second; /* divided by the range */
};

/* Whether the counter restarted between samples k - 1 and k (floats or histograms alike): it fell,
 * or its start timestamp says so. */
bool rate_is_reset(const struct eval *ev, const struct points *p, size_t k);
/* A histogram that is no gauge where one is needed, and the other way round. */
void rate_note_hints(struct eval *ev, const struct range_set *rs, const struct range *r,
		     size_t from, size_t to, bool counter);
/* The result of arithmetic of counters is a gauge. */
const struct histogram *rate_finish(struct eval *ev, const struct histogram *h, double factor);

/* The row of a range with anchored or smoothed windows. */
ATTR_CHECK bool rate_pinned(struct eval *ev, const struct range_set *rs, const struct range *r,
			    struct rate_kind kind, struct row *out);

#endif
