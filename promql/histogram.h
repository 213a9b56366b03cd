/*
 * A native histogram with float counts, as rule tests write it: {{schema:1 sum:3 buckets:[1 2]}}.
 * A plain record; arithmetic on it belongs to the engine, but for what series descriptions need.
 */
#ifndef PROMQL_HISTOGRAM_H
#define PROMQL_HISTOGRAM_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#define HISTOGRAM_CUSTOM_SCHEMA (-53) /* bucket bounds are custom_values */

enum counter_reset { RESET_UNKNOWN, RESET_RESET, RESET_NOT_RESET, RESET_GAUGE };

struct histogram_span {
	int32_t offset;
	uint32_t length;
};

struct histogram_buckets {
	struct histogram_span *spans;
	size_t n_spans;
	double *counts; /* absolute */
	size_t n_counts;
};

struct histogram {
	int32_t schema;
	enum counter_reset reset;
	double count, sum, zero_count, zero_threshold;
	struct histogram_buckets pos, neg;
	double *custom_values;
	size_t n_custom_values;
};

struct histogram *histogram_dup(struct arena *a, const struct histogram *h);
/* a + sign * b; a's layout if they agree, else both laid out anew at the coarser schema. Fails if
 * only one of them has custom bounds. */
ATTR_CHECK bool histogram_add(struct arena *a, const struct histogram *x, const struct histogram *y,
			      int sign, struct histogram **out, struct err *err);
/* As the literals are written: {{schema:1 count:3.1 ... buckets:[5.1 10 7]}}. */
void histogram_put(struct buf *b, const struct histogram *h);

#endif
