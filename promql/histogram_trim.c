/*
 * The operators </ and >/: what lies above (below) a bound is taken away, a bucket that the bound
 * cuts is split as quantiles split it. The sum is then estimated from the middles of what is left,
 * as it is in Prometheus.
 */
#include <math.h>

#include "promql/histogram.h"

struct trim {
	double bound;
	bool upper;  /* keep what is below the bound */
	bool linear; /* buckets have custom bounds */
	bool changed, positive, negative;
	double count, sum;
};

static double middle(const struct trim *t, double lower, double upper)
{
	if (isinf(lower) && isinf(upper))
		return 0;
	if (isinf(lower))
		return upper > 0 ? upper / 2 : upper;
	if (isinf(upper))
		return lower;
	if (t->linear)
		return (lower + upper) / 2;
	return copysign(sqrt(fabs(lower * upper)), upper > 0 ? 1 : -1);
}

/* The share of a bucket with finite bounds that lies below the bound. */
static double share_below(const struct trim *t, double lower, double upper)
{
	double l, u, b;

	if (t->linear)
		return (t->bound - lower) / (upper - lower);
	l = log2(fabs(lower));
	u = log2(fabs(upper));
	b = log2(fabs(t->bound));
	return (b - l) / (u - l);
}

static double keep(struct trim *t, double count, double mid)
{
	t->count += count;
	t->sum += count * mid;
	return count;
}

/* A bucket without a lower bound that the bound cuts: it begins at 0 if it ends above. */
static double cut_open_below(struct trim *t, double upper, double count)
{
	bool from_zero = upper > 0 && !isinf(upper) && t->bound >= 0;

	if (from_zero && t->upper)
		return keep(t, count * t->bound / upper, t->bound / 2);
	if (from_zero)
		return keep(t, count * (1 - t->bound / upper), (t->bound + upper) / 2);
	if (t->upper && upper <= 0)
		return keep(t, count, t->bound);
	return 0;
}

static double cut(struct trim *t, double lower, double upper, double count)
{
	double below;

	if (isinf(lower))
		return cut_open_below(t, upper, count);
	if (isinf(upper))
		return t->upper ? 0 : keep(t, count, t->bound);
	below = share_below(t, lower, upper) * count;
	return t->upper ? keep(t, below, middle(t, lower, t->bound))
			: keep(t, count - below, middle(t, t->bound, upper));
}

static double trim_bucket(struct trim *t, double lower, double upper, double count)
{
	double left = 0;

	if (t->upper ? upper <= t->bound : lower >= t->bound)
		left = keep(t, count, middle(t, lower, upper));
	else if (t->upper ? lower < t->bound : upper > t->bound)
		left = cut(t, lower, upper, count);
	t->changed |= left != count;
	return left;
}

/* Within the zero bucket values are spread evenly, on the side that has other buckets. */
static double trim_zero(struct trim *t, const struct histogram *h)
{
	double lower = t->positive && !t->negative ? 0 : -h->zero_threshold;
	double upper = t->negative && !t->positive ? 0 : h->zero_threshold;

	if (h->zero_count <= 0)
		return h->zero_count;
	t->linear = true;
	return trim_bucket(t, lower, upper, h->zero_count);
}

struct histogram *histogram_trim(struct arena *a, const struct histogram *h, double bound,
				 bool upper)
{
	struct trim t = {.bound = bound, .upper = upper, .linear = histogram_is_custom(h)};
	struct histogram *out = histogram_dup(a, h);
	struct histogram_iter pos = {.b = &h->pos}, neg = {.b = &h->neg};

	while (histogram_next(&pos)) {
		if (pos.count == 0)
			continue;
		t.positive = true;
		out->pos.counts[pos.next - 1] =
			trim_bucket(&t, histogram_bound(h, pos.index - 1),
				    histogram_bound(h, pos.index), pos.count);
	}
	while (histogram_next(&neg)) {
		if (neg.count == 0)
			continue;
		t.negative = true;
		out->neg.counts[neg.next - 1] =
			trim_bucket(&t, -histogram_bound(h, neg.index),
				    -histogram_bound(h, neg.index - 1), neg.count);
	}
	out->zero_count = trim_zero(&t, h);
	if (!t.changed)
		return out;
	out->count = t.count;
	out->sum = t.sum;
	return histogram_compact(a, out);
}
