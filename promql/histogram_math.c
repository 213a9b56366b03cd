/*
 * Arithmetic of native histograms. Both sides are laid out as lists of (index, count), brought to
 * one zero bucket and one resolution, and merged; every count is a compensated sum, so that adding
 * two and adding a thousand is the same code. Facts follow Prometheus's FloatHistogram.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "promql/histogram.h"
#include "promql/stats.h"

struct cell {
	int64_t index;
	struct kahan k;
};

struct cells {
	struct cell *v; /* ascending */
	size_t n;
};

struct histogram_sum {
	struct arena *a;
	struct cells pos, neg;
	struct kahan count, sum, zero;
	double threshold;
	int32_t schema;
	enum counter_reset reset;
	bool has_reset, has_not_reset; /* hints that were seen */
	const double *custom_values;
	size_t n_custom_values;
	double n;     /* histograms in it */
	bool running; /* a mean that would overflow as a sum: already divided by n */
};

/* ---- lists of buckets -------------------------------------------------------------------------
 */

static struct cells cells_of(struct arena *a, const struct histogram_buckets *b, int sign)
{
	struct cells out = {.v = ARENA_ARRAY(a, struct cell, b->n_counts)};
	struct histogram_iter it = {.b = b};

	while (histogram_next(&it))
		out.v[out.n++] = (struct cell){.index = it.index, .k = {.v = sign * it.count}};
	return out;
}

static void kahan_join(struct kahan *to, const struct kahan *from)
{
	kahan_add(to, from->v);
	to->c += from->c;
}

/* Neighbours that get the same index become one. */
static void cells_join(struct cells *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (n && c->v[n - 1].index == c->v[i].index)
			kahan_join(&c->v[n - 1].k, &c->v[i].k);
		else
			c->v[n++] = c->v[i];
	}
	c->n = n;
}

static void cells_coarsen(struct cells *c, int shift)
{
	if (shift <= 0)
		return;
	for (size_t i = 0; i < c->n; i++)
		c->v[i].index = ((c->v[i].index - 1) >> shift) + 1;
	cells_join(c);
}

/* Adds in place when every index of `from` is there already. */
static bool cells_fit(struct cells *to, const struct cells *from)
{
	size_t i = 0;

	for (size_t k = 0; k < from->n; k++, i++) {
		while (i < to->n && to->v[i].index < from->v[k].index)
			i++;
		if (i == to->n || to->v[i].index != from->v[k].index)
			return false;
	}
	i = 0;
	for (size_t k = 0; k < from->n; k++, i++) {
		while (to->v[i].index < from->v[k].index)
			i++;
		kahan_join(&to->v[i].k, &from->v[k].k);
	}
	return true;
}

static void cells_add(struct arena *a, struct cells *to, const struct cells *from)
{
	struct cells out;
	size_t i = 0, k = 0;

	if (cells_fit(to, from))
		return;
	out = (struct cells){.v = ARENA_ARRAY(a, struct cell, to->n + from->n)};
	while (i < to->n || k < from->n) {
		bool mine = k == from->n || (i < to->n && to->v[i].index <= from->v[k].index);

		out.v[out.n++] = mine ? to->v[i++] : from->v[k++];
	}
	*to = out;
	cells_join(to);
}

static struct histogram_buckets cells_pack(struct arena *a, const struct cells *c)
{
	struct histogram_buckets out = {.spans = ARENA_ARRAY(a, struct histogram_span, c->n),
					.counts = ARENA_ARRAY(a, double, c->n),
					.n_counts = c->n};
	int64_t next = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (i == 0 || c->v[i].index != next)
			out.spans[out.n_spans++] =
				(struct histogram_span){.offset = (int32_t)(c->v[i].index - next)};
		out.spans[out.n_spans - 1].length++;
		out.counts[i] = kahan_value(&c->v[i].k);
		next = c->v[i].index + 1;
	}
	return out;
}

/* ---- one zero bucket --------------------------------------------------------------------------
 */

/* Moves the buckets that begin below the threshold into the zero bucket. Returns the threshold,
 * raised if a bucket with something in it sticks out. */
static double absorb(struct cells *c, int32_t schema, double threshold, struct kahan *zero)
{
	const struct histogram h = {.schema = schema};
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (histogram_bound(&h, c->v[i].index - 1) >= threshold) {
			c->v[n++] = c->v[i];
			continue;
		}
		kahan_join(zero, &c->v[i].k);
		if (kahan_value(&c->v[i].k) != 0)
			threshold = MAX(threshold, histogram_bound(&h, c->v[i].index));
	}
	c->n = n;
	return threshold;
}

static void absorb_both(struct histogram_sum *s, double *threshold)
{
	if (s->threshold == *threshold)
		return;
	*threshold = absorb(&s->pos, s->schema, *threshold, &s->zero);
	*threshold = absorb(&s->neg, s->schema, *threshold, &s->zero);
	s->threshold = *threshold;
}

static void one_zero_bucket(struct histogram_sum *x, struct histogram_sum *y)
{
	double threshold = MAX(x->threshold, y->threshold);

	while (x->threshold != threshold || y->threshold != threshold) {
		absorb_both(x, &threshold);
		absorb_both(y, &threshold);
	}
}

/* ---- custom bounds ----------------------------------------------------------------------------
 */

static bool same_bounds(const double *x, size_t nx, const double *y, size_t ny)
{
	for (size_t i = 0; i < MIN(nx, ny); i++) {
		if (x[i] != y[i])
			return false;
	}
	return nx == ny;
}

static void rebound(struct histogram_sum *s, const double *bounds, size_t n)
{
	for (size_t i = 0; i < s->pos.n; i++) {
		int64_t old = s->pos.v[i].index;
		size_t at = 0;

		while (at < n &&
		       (old >= (int64_t)s->n_custom_values || bounds[at] < s->custom_values[old]))
			at++;
		s->pos.v[i].index = (int64_t)at;
	}
	cells_join(&s->pos);
	s->custom_values = bounds;
	s->n_custom_values = n;
}

/* Bounds become those that both have. True if they differed. */
static bool one_set_of_bounds(struct histogram_sum *x, struct histogram_sum *y)
{
	double *both;
	size_t n = 0;

	if (same_bounds(x->custom_values, x->n_custom_values, y->custom_values, y->n_custom_values))
		return false;
	both = ARENA_ARRAY(x->a, double, x->n_custom_values);
	for (size_t i = 0, k = 0; i < x->n_custom_values && k < y->n_custom_values;) {
		double a = x->custom_values[i], b = y->custom_values[k];

		if (a == b)
			both[n++] = a;
		i += a <= b;
		k += b <= a;
	}
	rebound(x, both, n);
	rebound(y, both, n);
	return true;
}

/* ---- sums -------------------------------------------------------------------------------------
 */

static struct histogram_sum *sum_of(struct arena *a, const struct histogram *h, int sign)
{
	struct histogram_sum *s = ARENA_NEW(a, struct histogram_sum);

	*s = (struct histogram_sum){.a = a,
				    .pos = cells_of(a, &h->pos, sign),
				    .neg = cells_of(a, &h->neg, sign),
				    .count = {.v = sign * h->count},
				    .sum = {.v = sign * h->sum},
				    .zero = {.v = sign * h->zero_count},
				    .threshold = h->zero_threshold,
				    .schema = h->schema,
				    .reset = h->reset,
				    .has_reset = h->reset == RESET_RESET,
				    .has_not_reset = h->reset == RESET_NOT_RESET,
				    .custom_values = h->custom_values,
				    .n_custom_values = h->n_custom_values,
				    .n = 1};
	return s;
}

struct histogram_sum *histogram_sum_new(struct arena *a, const struct histogram *first)
{
	return sum_of(a, first, 1);
}

static enum counter_reset joint_reset(enum counter_reset x, enum counter_reset y)
{
	if (x == y)
		return x;
	return x == RESET_GAUGE || y == RESET_GAUGE ? RESET_GAUGE : RESET_UNKNOWN;
}

static bool join(struct histogram_sum *x, struct histogram_sum *y, struct histogram_told *told)
{
	bool custom = x->schema == HISTOGRAM_CUSTOM_SCHEMA, reconciled = false;
	int32_t schema = MIN(x->schema, y->schema);

	if (custom != (y->schema == HISTOGRAM_CUSTOM_SCHEMA))
		return false;
	x->reset = joint_reset(x->reset, y->reset);
	x->has_reset |= y->has_reset;
	x->has_not_reset |= y->has_not_reset;
	if (custom) {
		reconciled = one_set_of_bounds(x, y);
	} else {
		one_zero_bucket(x, y);
		cells_coarsen(&x->pos, x->schema - schema);
		cells_coarsen(&x->neg, x->schema - schema);
		cells_coarsen(&y->pos, y->schema - schema);
		cells_coarsen(&y->neg, y->schema - schema);
		x->schema = schema;
	}
	kahan_join(&x->count, &y->count);
	kahan_join(&x->sum, &y->sum);
	kahan_join(&x->zero, &y->zero);
	cells_add(x->a, &x->pos, &y->pos);
	cells_add(x->a, &x->neg, &y->neg);
	x->n += y->n;
	if (told) {
		told->reset_collision |= x->has_reset && x->has_not_reset;
		told->bounds_reconciled |= reconciled;
	}
	return true;
}

bool histogram_sum_add(struct histogram_sum *s, const struct histogram *h,
		       struct histogram_told *told)
{
	return join(s, sum_of(s->a, h, 1), told);
}

struct histogram *histogram_sum_result(const struct histogram_sum *s)
{
	struct histogram *h = ARENA_NEW(s->a, struct histogram);

	*h = (struct histogram){.schema = s->schema,
				.reset = s->reset,
				.count = kahan_value(&s->count),
				.sum = kahan_value(&s->sum),
				.zero_count = kahan_value(&s->zero),
				.zero_threshold = s->threshold,
				.pos = cells_pack(s->a, &s->pos),
				.neg = cells_pack(s->a, &s->neg),
				.n_custom_values = s->n_custom_values};
	h->custom_values = ARENA_ARRAY(s->a, double, s->n_custom_values);
	if (s->n_custom_values)
		memcpy(h->custom_values, s->custom_values, s->n_custom_values * sizeof(double));
	return h;
}

static double largest(const struct cells *c)
{
	double max = 0;

	for (size_t i = 0; i < c->n; i++)
		max = MAX(max, fabs(c->v[i].k.v));
	return max;
}

static bool near_overflow(const struct histogram_sum *s)
{
	double max = MAX(fabs(s->count.v), MAX(fabs(s->sum.v), fabs(s->zero.v)));

	return MAX(max, MAX(largest(&s->pos), largest(&s->neg))) > DBL_MAX / 4;
}

static void kahan_scale(struct kahan *k, double by, double over)
{
	k->v = k->v * by / over;
	k->c = k->c * by / over;
}

static void sum_scale(struct histogram_sum *s, double by, double over)
{
	kahan_scale(&s->count, by, over);
	kahan_scale(&s->sum, by, over);
	kahan_scale(&s->zero, by, over);
	for (size_t i = 0; i < s->pos.n; i++)
		kahan_scale(&s->pos.v[i].k, by, over);
	for (size_t i = 0; i < s->neg.n; i++)
		kahan_scale(&s->neg.v[i].k, by, over);
}

bool histogram_mean_add(struct histogram_sum *s, const struct histogram *h,
			struct histogram_told *told)
{
	struct histogram_sum *y = sum_of(s->a, h, 1);

	if (!s->running && (near_overflow(s) || near_overflow(y))) {
		s->running = true;
		sum_scale(s, 1, s->n);
	}
	if (s->running) {
		sum_scale(s, s->n / (s->n + 1), 1);
		sum_scale(y, 1, s->n + 1);
	}
	return join(s, y, told);
}

struct histogram *histogram_sum_mean(const struct histogram_sum *s)
{
	struct histogram *sum = histogram_sum_result(s);

	return s->running ? sum : histogram_div(s->a, sum, s->n);
}

bool histogram_add(struct arena *a, const struct histogram *x, const struct histogram *y, int sign,
		   struct histogram **out, struct histogram_told *told)
{
	struct histogram_sum *s = sum_of(a, x, 1);

	if (!join(s, sum_of(a, y, sign), told))
		return false;
	*out = histogram_sum_result(s);
	return true;
}

/* ---- scaling and packing ----------------------------------------------------------------------
 */

struct histogram *histogram_scale(struct arena *a, const struct histogram *h, double factor)
{
	struct histogram *out = histogram_dup(a, h);

	out->count *= factor;
	out->sum *= factor;
	out->zero_count *= factor;
	for (size_t i = 0; i < out->pos.n_counts; i++)
		out->pos.counts[i] *= factor;
	for (size_t i = 0; i < out->neg.n_counts; i++)
		out->neg.counts[i] *= factor;
	if (factor < 0)
		out->reset = RESET_GAUGE;
	return out;
}

struct histogram *histogram_div(struct arena *a, const struct histogram *h, double by)
{
	struct histogram *out = histogram_dup(a, h);

	out->count /= by;
	out->sum /= by;
	out->zero_count /= by;
	if (by == 0) {
		out->pos = out->neg = (struct histogram_buckets){0};
		return out;
	}
	for (size_t i = 0; i < out->pos.n_counts; i++)
		out->pos.counts[i] /= by;
	for (size_t i = 0; i < out->neg.n_counts; i++)
		out->neg.counts[i] /= by;
	if (by < 0)
		out->reset = RESET_GAUGE;
	return out;
}

static struct histogram_buckets without_empty(struct arena *a, const struct histogram_buckets *b)
{
	struct cells c = cells_of(a, b, 1);
	size_t n = 0;

	for (size_t i = 0; i < c.n; i++) {
		if (c.v[i].k.v != 0)
			c.v[n++] = c.v[i];
	}
	c.n = n;
	return cells_pack(a, &c);
}

struct histogram *histogram_compact(struct arena *a, const struct histogram *h)
{
	struct histogram *out = ARENA_NEW(a, struct histogram);

	*out = *h;
	out->pos = without_empty(a, &h->pos);
	out->neg = without_empty(a, &h->neg);
	return out;
}

struct histogram *histogram_at_schema(struct arena *a, const struct histogram *h, int32_t schema)
{
	struct histogram_sum *s = sum_of(a, h, 1);

	if (histogram_is_custom(h) || h->schema <= schema)
		return histogram_dup(a, h);
	cells_coarsen(&s->pos, s->schema - schema);
	cells_coarsen(&s->neg, s->schema - schema);
	s->schema = schema;
	return histogram_sum_result(s);
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static bool same_bits(double x, double y)
{
	return memcmp(&x, &y, sizeof(x)) == 0;
}

static bool same_buckets(const struct histogram_buckets *x, const struct histogram_buckets *y)
{
	struct histogram_iter ix = {.b = x}, iy = {.b = y};
	bool more;

	while ((more = histogram_next(&ix)) == histogram_next(&iy) && more) {
		if (ix.index != iy.index || !same_bits(ix.count, iy.count))
			return false;
	}
	return x->n_counts == y->n_counts && !more;
}

bool histogram_eq(const struct histogram *x, const struct histogram *y)
{
	return x->schema == y->schema && same_bits(x->count, y->count) &&
	       same_bits(x->sum, y->sum) && same_bits(x->zero_count, y->zero_count) &&
	       x->zero_threshold == y->zero_threshold &&
	       same_bounds(x->custom_values, x->n_custom_values, y->custom_values,
			   y->n_custom_values) &&
	       same_buckets(&x->pos, &y->pos) && same_buckets(&x->neg, &y->neg);
}

/* Whether a bucket lost counts. */
static bool fell(const struct cells *now, const struct cells *before)
{
	size_t i = 0;

	for (size_t k = 0; k < before->n; k++) {
		double old = kahan_value(&before->v[k].k);

		while (i < now->n && now->v[i].index < before->v[k].index)
			i++;
		if (i < now->n && now->v[i].index == before->v[k].index) {
			if (kahan_value(&now->v[i].k) < old)
				return true;
		} else if (old > 0) {
			return true;
		}
	}
	return false;
}

static bool resets(struct histogram_sum *now, struct histogram_sum *before)
{
	double threshold = now->threshold;

	if (now->schema == HISTOGRAM_CUSTOM_SCHEMA) {
		one_set_of_bounds(now, before);
		return fell(&now->pos, &before->pos);
	}
	if (now->schema > before->schema || now->threshold < before->threshold)
		return true;
	absorb_both(before, &threshold);
	if (threshold != now->threshold || now->zero.v < kahan_value(&before->zero))
		return true;
	cells_coarsen(&before->pos, before->schema - now->schema);
	cells_coarsen(&before->neg, before->schema - now->schema);
	return fell(&now->pos, &before->pos) || fell(&now->neg, &before->neg);
}

bool histogram_resets(const struct histogram *h, const struct histogram *prev)
{
	struct arena scratch;
	bool yes;

	if (h->reset == RESET_RESET || h->reset == RESET_NOT_RESET)
		return h->reset == RESET_RESET;
	if (h->count < prev->count || histogram_is_custom(h) != histogram_is_custom(prev))
		return true;
	arena_init(&scratch);
	yes = resets(sum_of(&scratch, h, 1), sum_of(&scratch, prev, 1));
	arena_done(&scratch);
	return yes;
}
