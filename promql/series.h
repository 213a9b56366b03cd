/*
 * Where the engine's samples come from: one function that gives the series of a selector. A store
 * in memory (promql/memory.h), answers fetched from a Prometheus and recorded data all stand behind
 * it; the engine knows none of them.
 */
#ifndef PROMQL_SERIES_H
#define PROMQL_SERIES_H

#include <string.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "promql/labels.h"

struct histogram;
struct matcher;

/* The NaN that ends a series; no other NaN is one. The engine also uses it for "no value". */
#define STALE_BITS UINT64_C(0x7ff0000000000002)

static inline double stale_nan(void)
{
	uint64_t bits = STALE_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static inline bool is_stale(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits == STALE_BITS;
}

/* Samples of one series, as columns, ascending in time, no time twice. */
struct points {
	const ms_t *t;
	const double *v;		  /* stale markers included; 0 where there is a histogram */
	const struct histogram *const *h; /* NULL: floats only; else NULL at each float */
	const ms_t *st;			  /* start timestamps, 0 where unknown; NULL: none known */
	size_t n;
};

struct series {
	struct labels labels;
	struct points points;
};

struct series_query {
	const struct matcher *matchers; /* all must match; includes the one of the metric name */
	size_t n_matchers;
	ms_t from, to; /* samples with from < t <= to are needed */
};

/* Embedded in the store that implements it. */
struct series_source {
	/* The matching series that may have samples in the span, sorted by labels_cmp, no label
	 * set twice. They may have more samples than asked for. Arrays live in the arena or in
	 * the source, and then until it changes. */
	bool (*select)(const struct series_source *s, const struct series_query *q, struct arena *a,
		       const struct series **out, size_t *n, struct err *err);
};

/* The first index whose time is greater than t. */
static inline size_t points_after(const struct points *p, ms_t t)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->t[mid] <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#endif
