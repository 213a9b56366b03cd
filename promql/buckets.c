/*
 * Within a bucket values are taken as spread evenly: on a linear scale where bounds are given one
 * by one or zero is inside, on a logarithmic one where they grow exponentially.
 */
#include "promql/buckets.h"

#include <math.h>

#include "promql/stats.h"

#define SMALL_DELTA 1e-12 /* relative; below it a falling count is rounding */

/* ---- classic ----------------------------------------------------------------------------------
 */

/* Buckets with the same bound become one. */
static size_t coalesce(struct classic_bucket *b, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && b[kept - 1].upper == b[i].upper)
			b[kept - 1].count += b[i].count;
		else
			b[kept++] = b[i];
	}
	return kept;
}

static bool almost_equal(double a, double b)
{
	double sum = fabs(a) + fabs(b), diff = fabs(a - b);

	if (a == b)
		return true;
	if (a == 0 || b == 0 || sum < 0x1p-1022)
		return diff < SMALL_DELTA * 0x1p-1022;
	return diff / MIN(sum, 1.7976931348623157e308) < SMALL_DELTA;
}

static void make_monotonic(struct classic_bucket *b, size_t n, struct classic_told *told)
{
	double prev = b[0].count;

	for (size_t i = 1; i < n; i++) {
		double now = b[i].count;

		if (now == prev)
			continue;
		if (almost_equal(prev, now)) {
			b[i].count = prev;
		} else if (now < prev) {
			b[i].count = prev;
			told->forced = true;
		} else {
			prev = now;
		}
	}
}

double classic_quantile(double q, struct classic_bucket *b, size_t n, struct classic_told *told)
{
	double rank, start = 0, count;
	size_t at = 0;

	if (isnan(q))
		return (double)NAN;
	if (q < 0)
		return -(double)INFINITY;
	if (q > 1)
		return (double)INFINITY;
	if (n == 0 || b[n - 1].upper != (double)INFINITY)
		return (double)NAN;
	n = coalesce(b, n);
	make_monotonic(b, n, told);
	if (n < 2 || b[n - 1].count == 0)
		return (double)NAN;
	rank = q * b[n - 1].count;
	while (at < n - 1 && !(b[at].count >= rank))
		at++;
	if (at == n - 1)
		return b[n - 2].upper;
	if (at == 0 && b[0].upper <= 0)
		return b[0].upper;
	count = b[at].count;
	if (at > 0) {
		start = b[at - 1].upper;
		count -= b[at - 1].count;
		rank -= b[at - 1].count;
	}
	return start + (b[at].upper - start) * (rank / count);
}

/* ---- ranks ------------------------------------------------------------------------------------
 */

/* How many observations lie below a value: found while walking over ascending buckets. */
struct rank {
	double value, rank;
	bool set;
};

static void rank_visit(struct rank *r, double lower, double upper, double before, double count,
		       bool linear)
{
	double l, u, v;

	if (r->set)
		return;
	if (lower >= r->value) {
		r->rank = before;
		r->set = true;
		return;
	}
	if (upper <= r->value)
		return;
	r->set = true;
	if (isinf(lower) || isinf(upper)) {
		/* Nothing is known of where in it they are: at its finite end. */
		r->rank = before + (isinf(lower) ? count : 0);
		return;
	}
	if (linear) {
		r->rank = before + count * (r->value - lower) / (upper - lower);
		return;
	}
	l = log2(fabs(lower));
	u = log2(fabs(upper));
	v = log2(fabs(r->value));
	r->rank = before + count * (v - l) / (u - l);
}

static double fraction(struct rank *lower, struct rank *upper, double seen, double total)
{
	if (!lower->set || lower->rank > total)
		lower->rank = seen;
	if (!upper->set || upper->rank > total)
		upper->rank = seen;
	return (upper->rank - lower->rank) / total;
}

double classic_fraction(double lower, double upper, struct classic_bucket *b, size_t n)
{
	struct rank from = {.value = lower}, to = {.value = upper};
	double before = 0;

	if (n == 0 || b[n - 1].upper != (double)INFINITY)
		return (double)NAN;
	n = coalesce(b, n);
	if (b[n - 1].count == 0 || isnan(lower) || isnan(upper))
		return (double)NAN;
	if (lower >= upper)
		return 0;
	for (size_t i = 0; i < n; i++) {
		double start = i ? b[i - 1].upper : b[i].upper > 0 ? 0 : -(double)INFINITY;

		rank_visit(&from, start, b[i].upper, before, b[i].count - before, true);
		rank_visit(&to, start, b[i].upper, before, b[i].count - before, true);
		before = b[i].count;
	}
	return fraction(&from, &to, before, before);
}

/* ---- native -----------------------------------------------------------------------------------
 */

/* The zero bucket reaches only to the side where other buckets are, and the first of custom
 * buckets begins at 0 if it ends above. */
static void narrow(const struct histogram *h, struct histogram_bucket *b)
{
	if (histogram_is_custom(h)) {
		if (b->lower == -(double)INFINITY && b->upper > 0)
			b->lower = 0;
	} else if (b->lower < 0 && b->upper > 0) {
		if (h->neg.n_counts == 0 && h->pos.n_counts > 0)
			b->lower = 0;
		else if (h->pos.n_counts == 0 && h->neg.n_counts > 0)
			b->upper = 0;
	}
}

static double within(const struct histogram *h, const struct histogram_bucket *b, double share)
{
	double l, u;

	if (histogram_is_custom(h) || (b->lower <= 0 && b->upper >= 0))
		return b->lower + (b->upper - b->lower) * share;
	l = log2(fabs(b->lower));
	u = log2(fabs(b->upper));
	return b->lower > 0 ? exp2(l + (u - l) * share) : -exp2(u + (l - u) * (1 - share));
}

double native_quantile(struct arena *scratch, double q, const struct histogram *h,
		       enum native_told *told)
{
	bool forward = isnan(h->sum) || q < 0.5;
	struct histogram_bucket *v, b = {0};
	double rank, count = 0;
	size_t n;

	*told = NATIVE_OK;
	if (q < 0)
		return -(double)INFINITY;
	if (q > 1)
		return (double)INFINITY;
	if (h->count == 0 || isnan(q))
		return (double)NAN;
	n = histogram_all_buckets(scratch, h, &v);
	rank = (forward ? q : 1 - q) * h->count;
	for (size_t i = 0; i < n; i++) {
		const struct histogram_bucket *at = &v[forward ? i : n - 1 - i];

		if (at->count == 0)
			continue;
		b = *at;
		count += b.count;
		if (count >= rank)
			break;
	}
	narrow(h, &b);
	if (histogram_is_custom(h) && b.lower == -(double)INFINITY && count >= rank)
		return b.upper;
	count = MIN(count, h->count);
	if (count < rank && isnan(h->sum)) {
		*told = NATIVE_NAN_RESULT;
		return (double)NAN;
	}
	if (histogram_is_custom(h) && b.upper == (double)INFINITY)
		return b.lower;
	if (isnan(h->sum))
		*told = NATIVE_NAN_SKEWED;
	if (count < rank)
		return b.upper;
	rank = forward ? rank - (count - b.count) : count - rank;
	return within(h, &b, rank / b.count);
}

double native_fraction(struct arena *scratch, double lower, double upper, const struct histogram *h)
{
	struct rank from = {.value = lower}, to = {.value = upper};
	struct histogram_bucket *v;
	double before = 0;
	size_t n;

	if (h->count == 0 || isnan(lower) || isnan(upper))
		return (double)NAN;
	if (lower >= upper)
		return 0;
	n = histogram_all_buckets(scratch, h, &v);
	for (size_t i = 0; i < n; i++) {
		struct histogram_bucket b = v[i];
		bool linear = histogram_is_custom(h) || (b.lower <= 0 && b.upper >= 0);

		narrow(h, &b);
		rank_visit(&from, b.lower, b.upper, before, b.count, linear);
		rank_visit(&to, b.lower, b.upper, before, b.count, linear);
		before += b.count;
	}
	return fraction(&from, &to, isnan(h->sum) ? before : h->count, h->count);
}

static double representative(const struct histogram *h, const struct histogram_bucket *b)
{
	double v;

	if (histogram_is_custom(h))
		return (b->upper + b->lower) / 2;
	if (b->lower <= 0 && b->upper >= 0)
		return 0;
	v = sqrt(b->upper * b->lower);
	return b->upper < 0 ? -v : v;
}

double native_variance(struct arena *scratch, const struct histogram *h)
{
	double mean = h->sum / h->count;
	struct histogram_bucket *v;
	struct kahan k = {0};
	size_t n = histogram_all_buckets(scratch, h, &v);

	for (size_t i = 0; i < n; i++) {
		double delta = representative(h, &v[i]) - mean;

		if (v[i].count != 0)
			kahan_add(&k, v[i].count * delta * delta);
	}
	return kahan_value(&k) / h->count;
}
