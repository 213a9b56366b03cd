/*
 * Native histograms out of the query API, which lists filled buckets by their bounds and does not
 * tell the schema. Bounds of an exponential schema s are 2^(i/2^s): the ratio of one bucket's
 * bounds gives s, the lower bound gives i, and every other bucket must agree. What does not agree
 * has custom bounds.
 */
#include <float.h>
#include <math.h>

#include "evaluator/decode_series.h"
#include "promql/histogram.h"

#define SCHEMA_MIN (-4)
#define SCHEMA_MAX 8
#define NEAR 1e-9 /* how far a bound may be off, relative: far less than a bucket of schema 8 */

struct bounds {
	double lo, hi; /* of the mirrored bucket if it is negative: 0 < lo < hi */
};

static bool is_zero_bucket(const struct decode_bucket *b)
{
	return b->boundary == 3 && isfinite(b->hi) && b->lo == -b->hi;
}

static bool is_negative(const struct decode_bucket *b)
{
	return b->hi <= 0;
}

static struct bounds bounds_of(const struct decode_bucket *b)
{
	if (is_negative(b))
		return (struct bounds){.lo = -b->hi, .hi = -b->lo};
	return (struct bounds){.lo = b->lo, .hi = b->hi};
}

static bool near(double a, double b)
{
	return fabs(a - b) <= NEAR * fabs(b);
}

/* The schema whose buckets have this ratio of bounds. */
static bool find_schema(const struct decode_bucket *v, size_t n, int32_t *schema)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct bounds b = bounds_of(&v[i]);

		if (is_zero_bucket(&v[i]))
			continue;
		if (!(b.lo > 0 && b.hi > b.lo))
			return false;
		any = true;
		if (b.hi >= DBL_MAX)
			continue;

		double s = -log2(log2(b.hi) - log2(b.lo));

		if (!(fabs(s - nearbyint(s)) < 1e-3 && s > SCHEMA_MIN - 0.5 &&
		      s < SCHEMA_MAX + 0.5))
			return false;
		*schema = (int32_t)nearbyint(s);
		return true;
	}
	*schema = 0;
	return !any;
}

/* The index of a bucket: its upper bound is 2^(index / 2^schema). */
static bool find_index(struct bounds b, int32_t schema, int32_t *index)
{
	double below = nearbyint(ldexp(log2(b.lo), schema));

	if (!(b.lo > 0 && b.hi > b.lo) || !near(exp2(ldexp(below, -schema)), b.lo))
		return false;
	if (b.hi < DBL_MAX && !near(exp2(ldexp(below + 1, -schema)), b.hi))
		return false;
	*index = (int32_t)below + 1;
	return true;
}

/* Appends a filled bucket; indexes must rise. */
static bool add_filled(struct histogram_buckets *to, int32_t *next, int32_t index, double count)
{
	struct histogram_span *last = to->n_spans ? &to->spans[to->n_spans - 1] : NULL;

	if (last && index < *next)
		return false;
	if (last && index == *next)
		last->length++;
	else
		to->spans[to->n_spans++] =
			(struct histogram_span){.offset = last ? index - *next : index,
						.length = 1};
	to->counts[to->n_counts++] = count;
	*next = index + 1;
	return true;
}

static void buckets_init(struct histogram_buckets *b, struct arena *a, size_t n)
{
	*b = (struct histogram_buckets){
		.spans = ARENA_ARRAY(a, struct histogram_span, n),
		.counts = ARENA_ARRAY(a, double, n),
	};
}

static bool fill_exponential(struct histogram *h, const struct decode_bucket *v, size_t n)
{
	int32_t next_neg = 0, next_pos = 0, index;
	size_t neg = 0;

	while (neg < n && is_negative(&v[neg]) && !is_zero_bucket(&v[neg]))
		neg++;
	/* Negative buckets come from the farthest to the nearest; spans go the other way. */
	for (size_t i = neg; i-- > 0;) {
		if (v[i].boundary != 1 || !find_index(bounds_of(&v[i]), h->schema, &index) ||
		    !add_filled(&h->neg, &next_neg, index, v[i].count))
			return false;
	}
	for (size_t i = neg; i < n; i++) {
		if (is_zero_bucket(&v[i])) {
			h->zero_threshold = v[i].hi;
			h->zero_count += v[i].count;
		} else if (v[i].boundary != 0 || is_negative(&v[i]) ||
			   !find_index(bounds_of(&v[i]), h->schema, &index) ||
			   !add_filled(&h->pos, &next_pos, index, v[i].count)) {
			return false;
		}
	}
	return true;
}

/* Custom bounds: each bucket ends at one, and so does each gap between two. */
static void fill_custom(struct histogram *h, struct arena *a, const struct decode_bucket *v,
			size_t n)
{
	double last = -HUGE_VAL;
	int32_t next = 0, index = 0;

	h->schema = HISTOGRAM_CUSTOM_SCHEMA;
	h->zero_count = h->zero_threshold = 0;
	h->custom_values = ARENA_ARRAY(a, double, 2 * n + 1);
	buckets_init(&h->neg, a, 0);
	buckets_init(&h->pos, a, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (v[i].lo > last) {
			h->custom_values[h->n_custom_values++] = v[i].lo;
			index++;
		}
		/* Rises by one at least each time, so it cannot fail. */
		CHECK(add_filled(&h->pos, &next, index++, v[i].count));
		last = v[i].hi;
		if (last < HUGE_VAL)
			h->custom_values[h->n_custom_values++] = last;
	}
}

struct histogram *decode_histogram(struct arena *a, double count, double sum,
				   const struct decode_bucket *v, size_t n)
{
	struct histogram *h = ARENA_NEW(a, struct histogram);

	*h = (struct histogram){.reset = RESET_UNKNOWN, .count = count, .sum = sum};
	buckets_init(&h->neg, a, n);
	buckets_init(&h->pos, a, n);
	if (!find_schema(v, n, &h->schema) || !fill_exponential(h, v, n))
		fill_custom(h, a, v, n);
	return h;
}
