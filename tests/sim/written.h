/*
 * What rouse has written to the simulated Prometheus: remote write bodies taken apart again, every
 * sample of every series kept. Instant and range lookups as Prometheus does them (5 minutes back,
 * a stale marker ends a series).
 */
#ifndef TESTS_SIM_WRITTEN_H
#define TESTS_SIM_WRITTEN_H

#include "base/base.h"
#include "promql/labels.h"

struct written_sample {
	ms_t at;
	double v;
	bool stale;
};

struct written_series {
	struct labels labels; /* owned */
	struct written_sample *v;
	size_t n, cap;
};

struct written {
	struct written_series *v;
	size_t n, cap;
	size_t requests;
};

void written_done(struct written *w);
/* A request's body (snappy); false if it is not what it should be. */
ATTR_CHECK bool written_take(struct written *w, struct str body);
/* The newest sample at or before `at`, not older than 5 minutes and no marker; or NULL. */
const struct written_sample *written_at(const struct written_series *s, ms_t at);

#endif
