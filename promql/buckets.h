/* Quantiles and fractions of histograms, classic and native: arithmetic only. */
#ifndef PROMQL_BUCKETS_H
#define PROMQL_BUCKETS_H

#include "promql/histogram.h"

/* A bucket of a classic histogram: observations at or below `upper`. */
struct classic_bucket {
	double upper, count;
};

struct classic_told {
	bool forced; /* counts had to be made to grow */
};

/* Both want buckets in ascending order of `upper` and may change them. NaN without a +Inf bucket,
 * without observations. */
double classic_quantile(double q, struct classic_bucket *b, size_t n, struct classic_told *told);
double classic_fraction(double lower, double upper, struct classic_bucket *b, size_t n);

enum native_told { NATIVE_OK, NATIVE_NAN_RESULT, NATIVE_NAN_SKEWED };

double native_quantile(struct arena *scratch, double q, const struct histogram *h,
		       enum native_told *told);
double native_fraction(struct arena *scratch, double lower, double upper,
		       const struct histogram *h);
double native_variance(struct arena *scratch, const struct histogram *h);

#endif
