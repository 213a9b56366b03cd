/*
 * The remote write message by hand: four kinds of nested messages, a dozen fields. Lengths come
 * before contents in protobuf, so a nested message is made in a scratch buffer first.
 *
 *	WriteRequest { repeated TimeSeries timeseries = 1 }
 *	TimeSeries { repeated Label labels = 1, Sample samples = 2, Histogram histograms = 4 }
 *	Label { string name = 1, value = 2 }
 *	Sample { double value = 1, int64 timestamp = 2 }
 *	BucketSpan { sint32 offset = 1, uint32 length = 2 }
 *	Histogram { double count_float = 2, sum = 3, sint32 schema = 4, double zero_threshold = 5,
 *		zero_count_float = 7, BucketSpan negative_spans = 8, double negative_counts = 10,
 *		BucketSpan positive_spans = 11, double positive_counts = 13, enum reset_hint = 14,
 *		int64 timestamp = 15, double custom_values = 16 }
 */
#include "evaluator/remote_write.h"

#include <math.h>
#include <snappy-c.h>
#include <string.h>

#include "evaluator/decode.h"
#include "promql/histogram.h"

#define STALE_BITS 0x7ff0000000000002u
#define KEEP_BYTES ((size_t)64 * 1024) /* of a buffer, between requests */
#define VARINT_MAX 10

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

const struct io_header remote_write_headers[REMOTE_WRITE_HEADERS] = {
	{.name = {"Content-Encoding", 16}, .value = {"snappy", 6}},
	{.name = {"Content-Type", 12}, .value = {"application/x-protobuf", 22}},
	{.name = {"X-Prometheus-Remote-Write-Version", 33}, .value = {"0.1.0", 5}},
};

double remote_write_stale(void)
{
	uint64_t bits = STALE_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

bool remote_write_is_stale(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits == STALE_BITS;
}

/* ---- protobuf -------------------------------------------------------------------------------- */

static size_t varint_len(uint64_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

static void put_varint(struct buf *b, uint64_t v)
{
	char text[VARINT_MAX];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		text[n++] = (char)(v | 0x80);
	text[n++] = (char)v;
	buf_add(b, (struct str){.p = text, .n = n});
}

static void put_tag(struct buf *b, uint32_t field, enum wire wire)
{
	put_varint(b, field << 3 | (uint32_t)wire);
}

static void put_int(struct buf *b, uint32_t field, uint64_t v)
{
	put_tag(b, field, WIRE_VARINT);
	put_varint(b, v);
}

/* sint32: small negative numbers are short. */
static void put_sint(struct buf *b, uint32_t field, int32_t v)
{
	put_int(b, field, (uint32_t)v << 1 ^ (v < 0 ? UINT32_MAX : 0));
}

/* Little endian, whatever the machine is. */
static void put_fixed(struct buf *b, double v)
{
	uint64_t bits;
	char text[sizeof(bits)];

	memcpy(&bits, &v, sizeof(bits));
	for (size_t i = 0; i < sizeof(bits); i++)
		text[i] = (char)(bits >> 8 * i & 0xFF);
	buf_add(b, (struct str){.p = text, .n = sizeof(text)});
}

static void put_double(struct buf *b, uint32_t field, double v)
{
	put_tag(b, field, WIRE_FIXED64);
	put_fixed(b, v);
}

static void put_bytes(struct buf *b, uint32_t field, struct str s)
{
	put_tag(b, field, WIRE_BYTES);
	put_varint(b, s.n);
	buf_add(b, s);
}

/* A packed list of doubles; nothing when it is empty. */
static void put_doubles(struct buf *b, uint32_t field, const double *v, size_t n)
{
	if (!n)
		return;
	put_tag(b, field, WIRE_BYTES);
	put_varint(b, n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		put_fixed(b, v[i]);
}

/* ---- the message ----------------------------------------------------------------------------- */

void remote_write_init(struct remote_write *w)
{
	*w = (struct remote_write){0};
	buf_init(&w->message, REMOTE_WRITE_MAX);
	buf_init(&w->series, REMOTE_WRITE_MAX);
	buf_init(&w->histogram, REMOTE_WRITE_MAX);
}

void remote_write_done(struct remote_write *w)
{
	buf_done(&w->message);
	buf_done(&w->series);
	buf_done(&w->histogram);
	w->n = 0;
}

void remote_write_begin(struct remote_write *w)
{
	if (w->message.cap > KEEP_BYTES)
		buf_done(&w->message);
	buf_clear(&w->message);
	w->n = 0;
}

static void put_labels(struct buf *b, struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;

	while (labels_next(ls, &it, &l)) {
		put_tag(b, 1, WIRE_BYTES);
		put_varint(b,
			   2 + varint_len(l.name.n) + l.name.n + varint_len(l.value.n) + l.value.n);
		put_bytes(b, 1, l.name);
		put_bytes(b, 2, l.value);
	}
}

static void put_spans(struct buf *b, uint32_t field, const struct histogram_buckets *v)
{
	struct buf span;

	buf_init(&span, 4 * VARINT_MAX);
	for (size_t i = 0; i < v->n_spans; i++) {
		buf_clear(&span);
		put_sint(&span, 1, v->spans[i].offset);
		put_int(&span, 2, v->spans[i].length);
		put_bytes(b, field, buf_str(&span));
	}
	buf_done(&span);
}

/* The numbers of enum counter_reset are those of the protocol's ResetHint, in its order. */
static uint64_t reset_hint(enum counter_reset r)
{
	switch (r) {
	case RESET_UNKNOWN: return 0;
	case RESET_RESET: return 1;
	case RESET_NOT_RESET: return 2;
	case RESET_GAUGE: return 3;
	}
	return 0;
}

static void put_histogram(struct buf *b, const struct histogram *h, ms_t t)
{
	put_double(b, 2, h->count);
	put_double(b, 3, h->sum);
	put_sint(b, 4, h->schema);
	put_double(b, 5, h->zero_threshold);
	put_double(b, 7, h->zero_count);
	put_spans(b, 8, &h->neg);
	put_doubles(b, 10, h->neg.counts, h->neg.n_counts);
	put_spans(b, 11, &h->pos);
	put_doubles(b, 13, h->pos.counts, h->pos.n_counts);
	put_int(b, 14, reset_hint(h->reset));
	put_int(b, 15, (uint64_t)t);
	put_doubles(b, 16, h->custom_values, h->n_custom_values);
}

/* The series in scratch becomes part of the message. */
static void add_series(struct remote_write *w)
{
	if (w->series.full)
		w->message.full = true;
	put_bytes(&w->message, 1, buf_str(&w->series));
	w->n++;
}

void remote_write_add(struct remote_write *w, struct labels ls, double v, ms_t t)
{
	buf_clear(&w->series);
	put_labels(&w->series, ls);
	put_tag(&w->series, 2, WIRE_BYTES);
	put_varint(&w->series, 1 + sizeof(v) + 1 + varint_len((uint64_t)t));
	put_double(&w->series, 1, v);
	put_int(&w->series, 2, (uint64_t)t);
	add_series(w);
}

void remote_write_add_histogram(struct remote_write *w, struct labels ls, const struct histogram *h,
				ms_t t)
{
	buf_clear(&w->series);
	put_labels(&w->series, ls);
	buf_clear(&w->histogram);
	put_histogram(&w->histogram, h, t);
	if (w->histogram.full)
		w->message.full = true;
	put_bytes(&w->series, 4, buf_str(&w->histogram));
	add_series(w);
}

bool remote_write_finish(struct remote_write *w, struct arena *a, struct str *body, struct err *err)
{
	size_t n = snappy_max_compressed_length(w->message.n);

	if (w->message.full)
		return err_set(err, -1, "more than %zu bytes in one request", REMOTE_WRITE_MAX);

	char *p = arena_bytes(a, n);

	CHECK(snappy_compress(w->message.n ? w->message.p : "", w->message.n, p, &n) == SNAPPY_OK);
	*body = (struct str){.p = p, .n = n};
	return true;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c == '-' || c == '_' ? ' ' : c;
}

/* Whether text has the words, in any case, joined by blanks or hyphens. */
static bool has_words(struct str text, const char *words)
{
	size_t n = strlen(words);

	for (size_t at = 0; at + n <= text.n; at++) {
		size_t i = 0;

		while (i < n && fold(text.p[at + i]) == words[i])
			i++;
		if (i == n)
			return true;
	}
	return false;
}

/* Prometheus, Thanos, Cortex and Mimir say it in these words. */
static bool is_tolerated(const struct io_reply *r)
{
	static const char *const words[] = {"out of order", "duplicate sample",
					    "duplicate timestamp", "too old", "out of bounds"};

	if (r->status != 400 && r->status != 409)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (has_words(r->body, words[i]))
			return true;
	}
	return false;
}

enum remote_write_result remote_write_judge(const struct io_reply *r, struct err *err)
{
	if (r->outcome == IO_REPLIED && r->status >= 200 && r->status < 300)
		return REMOTE_WRITE_OK;
	if (r->outcome == IO_REPLIED)
		decode_error_body(r->status, r->body, err);
	else
		err_set(err, -1, "%.*s", STR_ARG(r->error));
	return r->outcome == IO_REPLIED && is_tolerated(r) ? REMOTE_WRITE_TOLERATED
							   : REMOTE_WRITE_FAILED;
}
