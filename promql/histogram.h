/*
 * Native histograms with float counts: {{schema:1 sum:3 buckets:[1 2]}}, and their arithmetic. A
 * plain record; operations give new ones in an arena and never change their arguments.
 */
#ifndef PROMQL_HISTOGRAM_H
#define PROMQL_HISTOGRAM_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#define HISTOGRAM_MIXED \
	"cannot apply this operation on histograms with a mix of exponential and custom bucket " \
	"schemas"
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

static inline bool histogram_is_custom(const struct histogram *h)
{
	return h->schema == HISTOGRAM_CUSTOM_SCHEMA;
}

struct histogram *histogram_dup(struct arena *a, const struct histogram *h);
/* As the literals are written: {{schema:1 count:3.1 ... buckets:[5.1 10 7]}}. */
void histogram_put(struct buf *b, const struct histogram *h);

/* As Go's FloatHistogram.String: {count:3, sum:4, (1,2]:3}. */
void histogram_put_go(struct buf *b, const struct histogram *h);

/* Buckets one by one: struct histogram_iter it = {.b = &h->pos}; while (histogram_next(&it)) ...
 */
struct histogram_iter {
	const struct histogram_buckets *b;
	size_t span, next; /* next: of counts */
	uint32_t in_span;
	bool entered; /* the span's offset is in `after` */
	int64_t after;
	int64_t index; /* of the bucket; its count is b->counts[next - 1] */
	double count;
};
bool histogram_next(struct histogram_iter *it);
/* Upper bound of bucket `index` on the positive side; its lower bound is that of index - 1. */
double histogram_bound(const struct histogram *h, int64_t index);

/* What an operation wants told: the caller makes annotations of it. */
struct histogram_told {
	bool reset_collision;	/* one side says reset, the other not_reset */
	bool bounds_reconciled; /* custom bounds differed: intersected */
};

/* x + sign * y, at the coarser schema; different custom bounds are reconciled to those that both
 * have. False only if one of them has custom bounds and the other not (HISTOGRAM_MIXED
 * says so). told may be NULL. */
ATTR_CHECK bool histogram_add(struct arena *a, const struct histogram *x, const struct histogram *y,
			      int sign, struct histogram **out, struct histogram_told *told);
struct histogram *histogram_scale(struct arena *a, const struct histogram *h,
				  double factor); /* h * factor */
struct histogram *histogram_div(struct arena *a, const struct histogram *h, double by);
struct histogram *histogram_compact(struct arena *a,
				    const struct histogram *h); /* Go: Compact(0) */
struct histogram *histogram_at_schema(struct arena *a, const struct histogram *h, int32_t schema);
/* Exactly the same by Go's FloatHistogram.Equals (the reset hint is not compared). */
bool histogram_eq(const struct histogram *x, const struct histogram *y);
/* Whether `h` after `prev` is a counter reset (FloatHistogram.DetectReset). */
bool histogram_resets(const struct histogram *h, const struct histogram *prev);
/* </ and >/: observations above (below) the bound taken away. */
struct histogram *histogram_trim(struct arena *a, const struct histogram *h, double bound,
				 bool upper);

/* Sums many with Kahan compensation, as sum() and avg() and *_over_time do it. */
struct histogram_sum;
struct histogram_sum *histogram_sum_new(struct arena *a, const struct histogram *first);
ATTR_CHECK bool histogram_sum_add(struct histogram_sum *s, const struct histogram *h,
				  struct histogram_told *told);
/* The same for a mean, which does not overflow where its histograms do not. */
ATTR_CHECK bool histogram_mean_add(struct histogram_sum *s, const struct histogram *h,
				   struct histogram_told *told);
struct histogram *histogram_sum_result(const struct histogram_sum *s);
struct histogram *histogram_sum_mean(const struct histogram_sum *s);

/* Buckets in ascending order of value: negative ones, the zero bucket, positive ones. */
struct histogram_bucket {
	double lower, upper, count;
	bool zero;
};
/* All buckets that are in spans (the zero bucket if it has a count), in the arena. */
size_t histogram_all_buckets(struct arena *a, const struct histogram *h,
			     struct histogram_bucket **out);

#endif
