/*
 * One series of a result. The hot path of the decoder: labels go, piece by piece, into the encoding
 * of promql/labels.h in a scratch buffer; Prometheus sends names in order, so the scratch is the
 * label set and is copied to the arena as it is. Names out of order and empty values take the slow
 * way, which sorts.
 */
#include "evaluator/decode_series.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

#define SHORT_MAX 254 /* longest piece whose length is one byte */
#define SLACK 64      /* room that add_piece may scribble over behind what it adds */

enum { SEEN_METRIC = 1, SEEN_VALUE = 2, SEEN_HISTOGRAM = 4, SEEN_COUNT = 8, SEEN_SUM = 16 };

/* What of a series is not in the decoder's scratch. */
struct series {
	uint32_t seen;
	bool plain; /* the scratch is a proper label set already */
	double v;
	double count, sum; /* of its histogram */
};

/* ---- labels ---------------------------------------------------------------------------------- */

static void enc_grow(struct decoder *d, size_t n)
{
	d->enc = mem_reserve(d->enc, &d->enc_cap, d->enc_n + n + SLACK, 1);
}

/* Appends length and bytes. `end` is where the text that s may be of ends. */
static inline void add_piece(struct decoder *d, struct str s, const char *end)
{
	if (d->enc_cap - d->enc_n < s.n + SLACK)
		enc_grow(d, s.n);

	char *to = d->enc + d->enc_n;

	if (s.n > SHORT_MAX) {
		*to++ = (char)0xFF;
		*to++ = (char)(s.n & 0xFF);
		*to++ = (char)(s.n >> 8 & 0xFF);
		*to++ = (char)(s.n >> 16 & 0xFF);
		memcpy(to, s.p, s.n);
	} else {
		*to++ = (char)s.n;
		/* Copies of a fixed size are two instructions. */
		if (s.n <= 32 && end - s.p >= 32) {
			memcpy(to, s.p, 16);
			memcpy(to + 16, s.p + 16, 16);
		} else if (s.n) {
			memcpy(to, s.p, s.n);
		}
	}
	d->enc_n = (size_t)(to - d->enc) + s.n;
}

/* A string into the scratch. *from is where its bytes begin there. */
static inline bool read_piece(struct decoder *d, struct json_in *in, struct str *out)
{
	struct str s;

	if (!json_in_string_fast(in, &d->text, &s))
		return false;

	bool inside = s.p >= in->begin && s.p < in->end;

	add_piece(d, s, inside ? in->end : s.p + s.n);
	*out = (struct str){.p = d->enc + d->enc_n - s.n, .n = s.n};
	return true;
}

/* Whether name comes after the one of n bytes at p. */
static inline bool rises(const char *p, size_t n, struct str name)
{
	size_t both = MIN(n, name.n);

	for (size_t i = 0; i < both; i++) {
		if (p[i] != name.p[i])
			return (unsigned char)p[i] < (unsigned char)name.p[i];
	}
	return n < name.n;
}

static bool read_labels(struct decoder *d, struct json_in *in, struct series *s)
{
	size_t last_at = 0, last_n = 0; /* the name before this one, in the scratch */
	bool again = true;

	d->enc_n = 0;
	s->plain = true;
	if (!json_in_take_fast(in, '{') || !json_in_space_fast(in))
		return false;
	if (*in->p == '}') {
		in->p++;
		return true;
	}
	while (again) {
		struct str name, value;

		if (!read_piece(d, in, &name))
			return false;
		if (!name.n)
			return json_in_fail(in, "a label without a name");
		if (last_at && !rises(d->enc + last_at, last_n, name))
			s->plain = false;
		last_at = (size_t)(name.p - d->enc);
		last_n = name.n;
		if (!json_in_take_fast(in, ':') || !json_in_space_fast(in) ||
		    !read_piece(d, in, &value))
			return false;
		if (!value.n)
			s->plain = false;
		if (!json_in_next_fast(in, '}', &again))
			return false;
	}
	return true;
}

static int label_order(const void *a, const void *b)
{
	const struct label *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

/* One length and its bytes out of the scratch. */
static struct str take_piece(const char **p)
{
	const unsigned char *u = (const unsigned char *)*p;
	size_t n = u[0], head = 1;

	if (n == 0xFF) {
		n = u[1] | (size_t)u[2] << 8 | (size_t)u[3] << 16;
		head = 4;
	}

	struct str s = {.p = *p + head, .n = n};

	*p += head + n;
	return s;
}

static char *put_piece(char *to, struct str s)
{
	/* The piece with its head stands in the scratch: copied with it. */
	size_t head = s.n > SHORT_MAX ? 4 : 1;

	memcpy(to, s.p - head, head + s.n);
	return to + head + s.n;
}

/* The slow way: sorts the scratch, leaves out empty values, refuses names that come twice. */
static bool sort_labels(struct decoder *d, struct json_in *in, struct labels *out)
{
	size_t n = 0;

	for (const char *p = d->enc; p < d->enc + d->enc_n;) {
		d->sorting = mem_reserve(d->sorting, &d->sorting_cap, n + 1, sizeof(*d->sorting));
		d->sorting[n].name = take_piece(&p);
		d->sorting[n++].value = take_piece(&p);
	}
	qsort(d->sorting, n, sizeof(*d->sorting), label_order);
	for (size_t i = 1; i < n; i++) {
		if (str_eq(d->sorting[i - 1].name, d->sorting[i].name))
			return json_in_fail(in, "label \"%.*s\" twice in one series",
					    (int)MIN(d->sorting[i].name.n, (size_t)100),
					    d->sorting[i].name.p);
	}

	char *bytes = arena_bytes(&d->out->arena, d->enc_n), *to = bytes;

	for (size_t i = 0; i < n; i++) {
		if (!d->sorting[i].value.n)
			continue;
		to = put_piece(to, d->sorting[i].name);
		to = put_piece(to, d->sorting[i].value);
	}
	*out = (struct labels){.p = bytes, .n = (size_t)(to - bytes)};
	return true;
}

static bool take_labels(struct decoder *d, struct json_in *in, const struct series *s,
			struct labels *out)
{
	if (!d->enc_n) {
		*out = (struct labels){0};
		return true;
	}
	if (!s->plain)
		return sort_labels(d, in, out);

	char *bytes = arena_bytes(&d->out->arena, d->enc_n);

	memcpy(bytes, d->enc, d->enc_n);
	*out = (struct labels){.p = bytes, .n = d->enc_n};
	return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool read_float(struct decoder *d, struct json_in *in, double *out)
{
	struct str s;

	if (!json_in_space_fast(in) || !json_in_string_fast(in, &d->text, &s))
		return false;
	if (num_float(s, out) != NUM_OK)
		return json_in_fail(in, "\"%.*s\" is not a sample value",
				    (int)MIN(s.n, (size_t)100), s.p);
	return true;
}

/* Past `[t,`. */
static bool read_time(struct json_in *in)
{
	return json_in_take_fast(in, '[') && json_in_space_fast(in) && json_in_number(in) &&
	       json_in_take_fast(in, ',');
}

static bool read_value(struct decoder *d, struct json_in *in, struct series *s)
{
	return read_time(in) && read_float(d, in, &s->v) && json_in_take_fast(in, ']');
}

/* [boundary, "lo", "hi", "count"] */
static bool read_bucket(struct decoder *d, struct json_in *in)
{
	struct decode_bucket b = {0};

	if (!json_in_take(in, '[') || !json_in_space(in))
		return false;
	if (*in->p < '0' || *in->p > '3')
		return json_in_unexpected(in);
	b.boundary = *in->p++ - '0';
	if (!json_in_take(in, ',') || !read_float(d, in, &b.lo) || !json_in_take(in, ',') ||
	    !read_float(d, in, &b.hi) || !json_in_take(in, ',') || !read_float(d, in, &b.count) ||
	    !json_in_take(in, ']'))
		return false;
	d->buckets = mem_reserve(d->buckets, &d->buckets_cap, d->n_buckets + 1, sizeof(b));
	d->buckets[d->n_buckets++] = b;
	return true;
}

static bool read_buckets(struct decoder *d, struct json_in *in)
{
	bool again = true;

	d->n_buckets = 0;
	if (!json_in_take(in, '[') || !json_in_space(in))
		return false;
	if (*in->p == ']') {
		in->p++;
		return true;
	}
	while (again) {
		if (!read_bucket(d, in) || !json_in_next(in, ']', &again))
			return false;
	}
	return true;
}

/* What follows a key of a histogram. */
static bool read_histogram_key(struct decoder *d, struct json_in *in, struct str key,
			       struct series *s)
{
	bool count = str_eq(key, STR("count")), sum = str_eq(key, STR("sum"));
	bool buckets = str_eq(key, STR("buckets"));

	if (!json_in_take(in, ':') || !json_in_space(in))
		return false;
	s->seen |= (count ? SEEN_COUNT : 0) | (sum ? SEEN_SUM : 0);
	if (count || sum)
		return read_float(d, in, count ? &s->count : &s->sum);
	return buckets ? read_buckets(d, in) : json_in_skip(in, &d->text, DECODE_DEPTH / 2);
}

/* [t,{"count":"..","sum":"..","buckets":[...]}] */
static bool read_histogram(struct decoder *d, struct json_in *in, struct series *s)
{
	bool again = true;
	struct str key;

	d->n_buckets = 0;
	if (!read_time(in) || !json_in_take(in, '{') || !json_in_space(in))
		return false;
	while (again) {
		if (!json_in_string(in, &d->text, &key) || !read_histogram_key(d, in, key, s) ||
		    !json_in_next(in, '}', &again))
			return false;
	}
	if (!(s->seen & SEEN_COUNT) || !(s->seen & SEEN_SUM))
		return json_in_fail(in, "a histogram without count or sum");
	return json_in_take(in, ']');
}

/* ---- the series ------------------------------------------------------------------------------ */

static uint32_t key_bit(struct str key)
{
	if (str_eq(key, STR("metric")))
		return SEEN_METRIC;
	if (str_eq(key, STR("value")))
		return SEEN_VALUE;
	return str_eq(key, STR("histogram")) ? SEEN_HISTOGRAM : 0;
}

static bool read_key(struct decoder *d, struct json_in *in, struct series *s)
{
	struct str key;

	if (!json_in_string_fast(in, &d->text, &key))
		return false;

	uint32_t bit = key_bit(key);

	if (s->seen & bit)
		return json_in_fail(in, "\"%.*s\" twice in one series", STR_ARG(key));
	s->seen |= bit;
	if (!json_in_take_fast(in, ':') || !json_in_space_fast(in))
		return false;
	if (bit == SEEN_METRIC)
		return read_labels(d, in, s);
	if (bit == SEEN_VALUE)
		return read_value(d, in, s);
	if (bit == SEEN_HISTOGRAM)
		return read_histogram(d, in, s);
	return json_in_skip(in, &d->text, DECODE_DEPTH / 2);
}

static bool finish(struct decoder *d, struct json_in *in, const struct series *s)
{
	struct sample sample = {.v = s->v};

	if (!(s->seen & (SEEN_VALUE | SEEN_HISTOGRAM))) {
		d->no_value = true;
		return true;
	}
	if ((s->seen & SEEN_VALUE) && (s->seen & SEEN_HISTOGRAM))
		return json_in_fail(in, "a series with both value and histogram");
	if (!(s->seen & SEEN_METRIC))
		return json_in_fail(in, "a series without \"metric\"");
	if (!take_labels(d, in, s, &sample.labels))
		return false;
	if (s->seen & SEEN_HISTOGRAM)
		sample.h = decode_histogram(&d->out->arena, s->count, s->sum, d->buckets,
					    d->n_buckets);
	vector_add(d->out, sample);
	return true;
}

bool decode_series(struct decoder *d, struct json_in *in)
{
	struct series s = {.plain = true};
	bool again = true;

	d->enc_n = 0;
	in->p++;
	if (!json_in_space(in))
		return false;
	if (*in->p == '}') {
		in->p++;
		again = false;
	}
	while (again) {
		if (!read_key(d, in, &s) || !json_in_next_fast(in, '}', &again))
			return false;
	}
	return finish(d, in, &s);
}
