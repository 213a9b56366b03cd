/*
 * Native histograms as literals: adding and printing. Buckets are spread out to (index, count)
 * pairs for that, and packed into spans again.
 */
#include "promql/histogram.h"

#include <math.h>
#include <string.h>

#include "base/num.h"

struct bucket {
	int64_t index;
	double count;
};

struct sparse {
	struct bucket *v; /* ascending */
	size_t n;
};

static struct histogram_buckets buckets_dup(struct arena *a, const struct histogram_buckets *b)
{
	struct histogram_buckets out = {.n_spans = b->n_spans, .n_counts = b->n_counts};

	out.spans = ARENA_ARRAY(a, struct histogram_span, b->n_spans);
	out.counts = ARENA_ARRAY(a, double, b->n_counts);
	if (b->n_spans)
		memcpy(out.spans, b->spans, b->n_spans * sizeof(*b->spans));
	if (b->n_counts)
		memcpy(out.counts, b->counts, b->n_counts * sizeof(*b->counts));
	return out;
}

struct histogram *histogram_dup(struct arena *a, const struct histogram *h)
{
	struct histogram *out = ARENA_NEW(a, struct histogram);

	*out = *h;
	out->pos = buckets_dup(a, &h->pos);
	out->neg = buckets_dup(a, &h->neg);
	out->custom_values = ARENA_ARRAY(a, double, h->n_custom_values);
	if (h->n_custom_values)
		memcpy(out->custom_values, h->custom_values,
		       h->n_custom_values * sizeof(*h->custom_values));
	return out;
}

/* The buckets at a resolution `shift` steps coarser; neighbours that fall together are summed. */
static struct sparse spread(struct arena *a, const struct histogram_buckets *b, int shift)
{
	struct sparse out = {.v = ARENA_ARRAY(a, struct bucket, b->n_counts)};
	int64_t index = 0;
	size_t k = 0;

	for (size_t s = 0; s < b->n_spans; s++) {
		index += b->spans[s].offset;
		for (uint32_t i = 0; i < b->spans[s].length && k < b->n_counts; i++, index++) {
			int64_t at = shift ? ((index - 1) >> shift) + 1 : index;

			if (out.n && out.v[out.n - 1].index == at)
				out.v[out.n - 1].count += b->counts[k++];
			else
				out.v[out.n++] =
					(struct bucket){.index = at, .count = b->counts[k++]};
		}
	}
	return out;
}

static struct sparse merge(struct arena *a, struct sparse x, struct sparse y, int sign)
{
	struct sparse out = {.v = ARENA_ARRAY(a, struct bucket, x.n + y.n)};
	size_t i = 0, k = 0;

	while (i < x.n || k < y.n) {
		bool both = i < x.n && k < y.n && x.v[i].index == y.v[k].index;

		if (k >= y.n || (i < x.n && x.v[i].index <= y.v[k].index)) {
			out.v[out.n] = x.v[i++];
			out.v[out.n].count += both ? sign * y.v[k++].count : 0;
		} else {
			out.v[out.n] = y.v[k++];
			out.v[out.n].count *= sign;
		}
		out.n++;
	}
	return out;
}

static struct histogram_buckets pack(struct arena *a, struct sparse s)
{
	struct histogram_buckets out = {.spans = ARENA_ARRAY(a, struct histogram_span, s.n),
					.counts = ARENA_ARRAY(a, double, s.n),
					.n_counts = s.n};
	int64_t next = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (i == 0 || s.v[i].index != next)
			out.spans[out.n_spans++] =
				(struct histogram_span){.offset = (int32_t)(s.v[i].index - next)};
		out.spans[out.n_spans - 1].length++;
		out.counts[i] = s.v[i].count;
		next = s.v[i].index + 1;
	}
	return out;
}

static double upper_bound(int64_t index, int32_t schema)
{
	return exp2((double)index * exp2(-(double)schema));
}

/* Moves the buckets that begin below the threshold into the zero bucket. Returns the threshold,
 * raised if a bucket with something in it sticks out of it. */
static double absorb(struct sparse *s, int32_t schema, double threshold, double *zero)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (upper_bound(s->v[i].index - 1, schema) >= threshold) {
			s->v[n++] = s->v[i];
			continue;
		}
		*zero += s->v[i].count;
		if (s->v[i].count != 0)
			threshold = MAX(threshold, upper_bound(s->v[i].index, schema));
	}
	s->n = n;
	return threshold;
}

static enum counter_reset combined_reset(enum counter_reset x, enum counter_reset y)
{
	if (x == y)
		return x;
	return x == RESET_GAUGE || y == RESET_GAUGE ? RESET_GAUGE : RESET_UNKNOWN;
}

static bool same_bounds(const struct histogram *x, const struct histogram *y)
{
	return x->n_custom_values == y->n_custom_values &&
	       (x->n_custom_values == 0 ||
		memcmp(x->custom_values, y->custom_values,
		       x->n_custom_values * sizeof(*x->custom_values)) == 0);
}

/* Both sides at one resolution and with one zero bucket. */
struct sides {
	struct sparse pos[2], neg[2];
	double zero[2], threshold;
	int32_t schema;
};

static struct sides align(struct arena *a, const struct histogram *const h[2])
{
	struct sides s = {.schema = MIN(h[0]->schema, h[1]->schema),
			  .threshold = MAX(h[0]->zero_threshold, h[1]->zero_threshold)};

	for (int i = 0; i < 2; i++) {
		s.pos[i] = spread(a, &h[i]->pos, h[i]->schema - s.schema);
		s.neg[i] = spread(a, &h[i]->neg, h[i]->schema - s.schema);
		s.zero[i] = h[i]->zero_count;
	}
	if (h[0]->zero_threshold == h[1]->zero_threshold || s.schema == HISTOGRAM_CUSTOM_SCHEMA)
		return s;
	for (double before = -1; before != s.threshold;) {
		before = s.threshold;
		for (int i = 0; i < 2; i++) {
			s.threshold = absorb(&s.pos[i], s.schema, s.threshold, &s.zero[i]);
			s.threshold = absorb(&s.neg[i], s.schema, s.threshold, &s.zero[i]);
		}
	}
	return s;
}

bool histogram_add(struct arena *a, const struct histogram *x, const struct histogram *y, int sign,
		   struct histogram **out, struct err *err)
{
	bool custom = x->schema == HISTOGRAM_CUSTOM_SCHEMA;

	if (custom != (y->schema == HISTOGRAM_CUSTOM_SCHEMA))
		return err_set(err, -1,
			       "cannot apply this operation on histograms with a mix of "
			       "exponential and custom bucket schemas");
	if (custom && !same_bounds(x, y))
		return err_set(err, -1,
			       "cannot apply this operation on custom buckets histograms with "
			       "different custom bounds");

	struct sides s = align(a, (const struct histogram *const[]){x, y});
	struct histogram *sum = histogram_dup(a, x);

	sum->schema = s.schema;
	sum->reset = combined_reset(x->reset, y->reset);
	sum->count = x->count + sign * y->count;
	sum->sum = x->sum + sign * y->sum;
	sum->zero_count = s.zero[0] + sign * s.zero[1];
	sum->zero_threshold = s.threshold;
	sum->pos = pack(a, merge(a, s.pos[0], s.pos[1], sign));
	sum->neg = pack(a, merge(a, s.neg[0], s.neg[1], sign));
	*out = sum;
	return true;
}

/* ---- printing ---------------------------------------------------------------------------------
 */

static void put_key(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_addc(b, ' ');
	buf_printf(b, "%s:", key);
}

static void put_float(struct buf *b, const char *key, double v)
{
	if (v == 0)
		return;
	put_key(b, key);
	num_put_float(b, v, 'g', -1);
}

static void put_int(struct buf *b, const char *key, int64_t v)
{
	if (v == 0)
		return;
	put_key(b, key);
	num_put_int(b, v);
}

static void put_list(struct buf *b, const char *key, const double *v, size_t n)
{
	if (n == 0)
		return;
	put_key(b, key);
	for (size_t i = 0; i < n; i++) {
		buf_addc(b, i ? ' ' : '[');
		num_put_float(b, v[i], 'g', -1);
	}
	buf_addc(b, ']');
}

/* A literal has one span: gaps are written as empty buckets. */
static void put_buckets(struct buf *b, const char *offset_key, const char *key,
			const struct histogram_buckets *buckets)
{
	struct arena scratch;

	if (buckets->n_counts == 0)
		return;
	arena_init(&scratch);

	struct sparse s = spread(&scratch, buckets, 0);
	size_t n = (size_t)(s.v[s.n - 1].index - s.v[0].index) + 1;

	if (n <= 100000) {
		double *counts = ARENA_ARRAY(&scratch, double, n);

		for (size_t i = 0; i < s.n; i++)
			counts[s.v[i].index - s.v[0].index] = s.v[i].count;
		put_int(b, offset_key, s.v[0].index);
		put_list(b, key, counts, n);
	}
	arena_done(&scratch);
}

void histogram_put(struct buf *b, const struct histogram *h)
{
	static const char *const RESETS[] = {"", "reset", "not_reset", "gauge"};

	buf_adds(b, "{{");
	put_int(b, "schema", h->schema);
	put_float(b, "count", h->count);
	put_float(b, "sum", h->sum);
	put_float(b, "z_bucket", h->zero_count);
	put_float(b, "z_bucket_w", h->zero_threshold);
	put_list(b, "custom_values", h->custom_values, h->n_custom_values);
	if (h->reset != RESET_UNKNOWN) {
		put_key(b, "counter_reset_hint");
		buf_adds(b, RESETS[h->reset]);
	}
	put_buckets(b, "offset", "buckets", &h->pos);
	put_buckets(b, "n_offset", "n_buckets", &h->neg);
	buf_adds(b, "}}");
}
