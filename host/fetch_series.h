/* A Prometheus as a source of samples for rouse's own engine: what a query selects is fetched raw.
 */
#ifndef HOST_FETCH_SERIES_H
#define HOST_FETCH_SERIES_H

#include "base/err.h"
#include "host/prom_client.h"
#include "promql/engine.h"
#include "promql/memory.h"

/* Adds the samples that q needs (its source is not looked at) to m, at most `samples` in all. The
 * API tells no stale markers and no start timestamps: a series that ended is seen for as long as
 * the lookback. */
ATTR_CHECK bool fetch_series(struct prom_client *c, const struct engine_options *o,
			     const struct engine_query *q, size_t samples, struct memory *m,
			     struct err *err);

#endif
