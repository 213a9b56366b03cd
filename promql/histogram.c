/* Native histograms as records: buckets one by one, their bounds, and their texts. */
#include "promql/histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/num.h"

#define GAP_MAX 100000 /* empty buckets written out in one gap of a literal */

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

bool histogram_next(struct histogram_iter *it)
{
	for (; it->span < it->b->n_spans; it->span++, it->entered = false) {
		const struct histogram_span *s = &it->b->spans[it->span];

		if (!it->entered) {
			it->after += s->offset;
			it->in_span = 0;
			it->entered = true;
		}
		if (it->in_span < s->length)
			break;
	}
	if (it->span == it->b->n_spans || it->next == it->b->n_counts)
		return false;
	it->in_span++;
	it->index = it->after++;
	it->count = it->b->counts[it->next++];
	return true;
}

double histogram_bound(const struct histogram *h, int64_t index)
{
	int32_t schema = h->schema;
	int64_t fraction;

	if (histogram_is_custom(h)) {
		if (index < 0)
			return -(double)INFINITY;
		return (size_t)index < h->n_custom_values ? h->custom_values[index]
							  : (double)INFINITY;
	}
	if (schema < 0) {
		double e = (double)index * exp2(-(double)schema);

		return e == 1024 ? DBL_MAX : exp2(e);
	}
	fraction = index & (((int64_t)1 << schema) - 1);
	if (fraction == 0 && index >> schema == 1024)
		return DBL_MAX;
	return ldexp(exp2((double)fraction / (double)((int64_t)1 << schema)),
		     (int)(index >> schema));
}

size_t histogram_all_buckets(struct arena *a, const struct histogram *h,
			     struct histogram_bucket **out)
{
	struct histogram_iter pos = {.b = &h->pos}, neg = {.b = &h->neg};
	struct histogram_bucket *v =
		ARENA_ARRAY(a, struct histogram_bucket, h->pos.n_counts + h->neg.n_counts + 1);
	size_t n = h->neg.n_counts, at = n;

	while (at > 0 && histogram_next(&neg))
		v[--at] = (struct histogram_bucket){.lower = -histogram_bound(h, neg.index),
						    .upper = -histogram_bound(h, neg.index - 1),
						    .count = neg.count};
	if (h->zero_count > 0)
		v[n++] = (struct histogram_bucket){.lower = -h->zero_threshold,
						   .upper = h->zero_threshold,
						   .count = h->zero_count,
						   .zero = true};
	while (histogram_next(&pos))
		v[n++] = (struct histogram_bucket){.lower = histogram_bound(h, pos.index - 1),
						   .upper = histogram_bound(h, pos.index),
						   .count = pos.count};
	*out = v;
	return n;
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
	struct histogram_iter it = {.b = buckets};
	int64_t next;

	if (!histogram_next(&it))
		return;
	put_int(b, offset_key, it.index);
	put_key(b, key);
	buf_addc(b, '[');
	num_put_float(b, it.count, 'g', -1);
	for (next = it.index + 1; histogram_next(&it); next++) {
		for (; next < it.index && it.index - next < GAP_MAX; next++)
			buf_adds(b, " 0");
		buf_addc(b, ' ');
		num_put_float(b, it.count, 'g', -1);
	}
	buf_addc(b, ']');
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

static void put_go_bucket(struct buf *b, const struct histogram_bucket *bucket)
{
	bool negative = !bucket->zero && bucket->upper <= 0;

	if (bucket->count == 0)
		return;
	buf_adds(b, bucket->zero || negative ? ", [" : ", (");
	num_put_float(b, bucket->lower, 'g', -1);
	buf_addc(b, ',');
	num_put_float(b, bucket->upper, 'g', -1);
	buf_adds(b, negative ? "):" : "]:");
	num_put_float(b, bucket->count, 'g', -1);
}

void histogram_put_go(struct buf *b, const struct histogram *h)
{
	struct histogram_bucket *v;
	struct arena scratch;
	size_t n;

	buf_adds(b, "{count:");
	num_put_float(b, h->count, 'g', -1);
	buf_adds(b, ", sum:");
	num_put_float(b, h->sum, 'g', -1);
	arena_init(&scratch);
	n = histogram_all_buckets(&scratch, h, &v);
	for (size_t i = 0; i < n; i++)
		put_go_bucket(b, &v[i]);
	arena_done(&scratch);
	buf_addc(b, '}');
}
