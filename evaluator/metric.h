/*
 * The evaluator's own measures: summaries over the last minutes, and writing them in Prometheus's
 * text format.
 */
#ifndef EVALUATOR_METRIC_H
#define EVALUATOR_METRIC_H

#include "base/base.h"
#include "base/buf.h"

#define METRIC_WINDOW 512

/* Quantiles over the latest METRIC_WINDOW observations. */
struct metric_summary {
	float window[METRIC_WINDOW];
	uint64_t count;
	double sum;
};

void metric_observe(struct metric_summary *s, double v);
/* name{quantile="0.5"} ..., name_sum, name_count; quantiles of an empty one are NaN. */
void metric_put_summary(struct buf *b, const char *name, const char *help,
			const struct metric_summary *s, const double *quantiles, size_t n);
void metric_put_head(struct buf *b, const char *name, const char *type, const char *help);
/* name{label="value"} v; label NULL for none. */
void metric_put(struct buf *b, const char *name, const char *label, struct str value, double v);

#endif
