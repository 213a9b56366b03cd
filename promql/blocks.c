/*
 * Reading blocks. A select walks the series of each block that overlaps its span, tests the
 * matchers on the symbols and decodes the chunks of those that pass: no index of postings is
 * needed for a tool that asks a few questions.
 */
#include "promql/blocks.h"

#include <stdlib.h>

#include "base/map.h"
#include "promql/matcher.h"

#define INDEX_MAGIC 0xBAAAD700u
#define TOC_BYTES 52
#define SEGMENT_HEAD 8
#define LABELS_MOST 256
#define CHUNK_XOR 1
#define SAMPLES_MOST 50000000 /* of one selector: about a gigabyte */

/* ---- bytes -------------------------------------------------------------------------------------
 */

struct reader {
	struct str s;
	size_t at;
	bool bad; /* past the end, or nonsense: everything reads as 0 from here */
};

static uint64_t big_endian(struct reader *r, size_t bytes)
{
	uint64_t x = 0;

	if (r->bad || r->s.n - r->at < bytes) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		x = x << 8 | (unsigned char)r->s.p[r->at++];
	return x;
}

static uint64_t uvarint(struct reader *r)
{
	uint64_t x = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		uint64_t byte = big_endian(r, 1);

		x |= (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return x;
	}
	r->bad = true;
	return 0;
}

static int64_t zigzag(uint64_t x)
{
	return (int64_t)(x >> 1) ^ -(int64_t)(x & 1);
}

static struct reader reader_at(struct str s, uint64_t at)
{
	return (struct reader){.s = s, .at = (size_t)MIN(at, s.n), .bad = at > s.n};
}

static struct str bytes(struct reader *r, uint64_t n)
{
	struct str s = str_cut(r->s, r->at, r->at);

	if (r->bad || r->s.n - r->at < n) {
		r->bad = true;
		return s;
	}
	s = str_cut(r->s, r->at, r->at + (size_t)n);
	r->at += (size_t)n;
	return s;
}

/* ---- bits of a chunk ---------------------------------------------------------------------------
 */

struct bits {
	struct str s;
	size_t at; /* in bits */
	bool bad;
};

static uint64_t take(struct bits *b, int n)
{
	uint64_t x = 0;

	if (b->bad || b->s.n * 8 - b->at < (size_t)n) {
		b->bad = true;
		return 0;
	}
	for (int i = 0; i < n; i++, b->at++)
		x = x << 1 | ((unsigned char)b->s.p[b->at / 8] >> (7 - b->at % 8) & 1);
	return x;
}

static uint64_t take_uvarint(struct bits *b)
{
	uint64_t x = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		uint64_t byte = take(b, 8);

		x |= (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return x;
	}
	b->bad = true;
	return 0;
}

/* The change of the distance between two samples. */
static uint64_t take_delta(struct bits *b)
{
	static const int SIZES[] = {0, 14, 17, 20, 64};
	size_t kind = 0;
	uint64_t x;

	while (kind < 4 && take(b, 1))
		kind++;
	x = take(b, SIZES[kind]);
	if (kind > 0 && kind < 4 && x > UINT64_C(1) << (SIZES[kind] - 1))
		x -= UINT64_C(1) << SIZES[kind];
	return x;
}

struct xor_state {
	uint64_t v;
	int lead, trail;
};

static void take_value(struct bits *b, struct xor_state *x)
{
	int n;

	if (!take(b, 1))
		return;
	if (take(b, 1)) {
		x->lead = (int)take(b, 5);
		n = (int)take(b, 6);
		n = n ? n : 64;
		x->trail = 64 - x->lead - n;
	} else {
		n = 64 - x->lead - x->trail;
	}
	if (x->trail < 0 || n < 1) {
		b->bad = true;
		return;
	}
	x->v ^= take(b, n) << x->trail;
}

/* ---- one query ---------------------------------------------------------------------------------
 */

struct build {
	struct labels labels;
	ms_t *t;
	double *v;
	size_t n, cap;
};

struct scan {
	const struct series_query *q;
	const struct block *block;
	struct arena *a;
	struct err *err;
	struct str *symbols;
	size_t n_symbols;
	int version;
	struct map found; /* labels -> struct build */
	struct str names[LABELS_MOST], values[LABELS_MOST];
	size_t n_labels;
	size_t samples; /* so far */
};

static bool broken(struct scan *s, const char *what)
{
	return err_set(s->err, -1, "block %.*s: %s", STR_ARG(s->block->name), what);
}

static void append(struct scan *s, struct build *b, ms_t t, double v)
{
	if (t <= s->q->from || t > s->q->to || (b->n && t <= b->t[b->n - 1]))
		return;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 128;
		ms_t *times = ARENA_ARRAY(s->a, ms_t, cap);
		double *values = ARENA_ARRAY(s->a, double, cap);

		if (b->n) {
			memcpy(times, b->t, b->n * sizeof(*times));
			memcpy(values, b->v, b->n * sizeof(*values));
		}
		b->t = times;
		b->v = values;
		b->cap = cap;
	}
	b->t[b->n] = t;
	b->v[b->n++] = v;
	s->samples++;
}

static bool read_xor(struct scan *s, struct build *b, struct str data)
{
	struct bits in = {.s = data};
	struct xor_state x = {0};
	uint64_t n = take(&in, 16), t = 0, delta = 0;

	for (uint64_t i = 0; i < n; i++) {
		double v;

		if (i == 0) {
			t = (uint64_t)zigzag(take_uvarint(&in));
			x.v = take(&in, 64);
		} else {
			delta = i == 1 ? take_uvarint(&in) : delta + take_delta(&in);
			t += delta;
			take_value(&in, &x);
		}
		if (in.bad)
			return broken(s, "a chunk ends in the middle");
		memcpy(&v, &x.v, sizeof(v));
		append(s, b, (ms_t)t, v);
	}
	if (s->samples > SAMPLES_MOST)
		return err_set(s->err, -1,
			       "a selector finds more than %d samples: ask for less "
			       "time or fewer series",
			       SAMPLES_MOST);
	return true;
}

static bool read_chunk(struct scan *s, struct build *b, uint64_t ref)
{
	uint64_t segment = ref >> 32;
	struct reader r;
	struct str data;
	uint64_t encoding, size;
	struct buf name;

	if (segment >= s->block->n_segments)
		return broken(s, "a file of its chunks is missing");
	r = reader_at(s->block->segments[segment], ref & UINT32_MAX);
	size = uvarint(&r);
	encoding = big_endian(&r, 1);
	data = bytes(&r, size);
	if (r.bad || (ref & UINT32_MAX) < SEGMENT_HEAD)
		return broken(s, "a chunk lies outside of its file");
	if (encoding == CHUNK_XOR)
		return read_xor(s, b, data);
	buf_init(&name, 256);
	labels_put(&name, b->labels, true);
	err_set(s->err, -1,
		"block %.*s: %.*s has native histograms, which are not read from blocks",
		STR_ARG(s->block->name), STR_ARG(buf_str(&name)));
	buf_done(&name);
	return false;
}

/* ---- series of the index -----------------------------------------------------------------------
 */

static struct str symbol(const struct scan *s, struct reader *r)
{
	uint64_t ref = uvarint(r);

	if (s->version == 1) { /* a place in the file */
		struct reader at = reader_at(s->block->index, ref);
		struct str text = bytes(&at, uvarint(&at));

		r->bad |= at.bad;
		return text;
	}
	r->bad |= ref >= s->n_symbols;
	return r->bad ? (struct str){0} : s->symbols[ref];
}

static bool read_labels(struct scan *s, struct reader *r)
{
	uint64_t n = uvarint(r);

	if (n > LABELS_MOST)
		return broken(s, "a series has too many labels");
	s->n_labels = (size_t)n;
	for (size_t i = 0; i < n; i++) {
		s->names[i] = symbol(s, r);
		s->values[i] = symbol(s, r);
	}
	return true;
}

static struct str value_of(const struct scan *s, struct str name)
{
	for (size_t i = 0; i < s->n_labels; i++) {
		if (str_eq(s->names[i], name))
			return s->values[i];
	}
	return (struct str){0};
}

static bool wanted(struct scan *s, bool *yes)
{
	*yes = true;
	for (size_t i = 0; *yes && i < s->q->n_matchers; i++) {
		const struct matcher *m = &s->q->matchers[i];

		if (!matcher_test(m, value_of(s, m->name), yes, s->err))
			return false;
	}
	return true;
}

static struct build *build_of(struct scan *s)
{
	struct labels_builder lb;
	struct labels labels;
	struct build *b;

	labels_builder_init(&lb);
	for (size_t i = 0; i < s->n_labels; i++)
		labels_builder_set(&lb, s->names[i], s->values[i]);
	labels = labels_builder_build(&lb, s->a);
	labels_builder_done(&lb);
	b = map_get(&s->found, labels_bytes(labels));
	if (!b) {
		b = ARENA_NEW(s->a, struct build);
		b->labels = labels;
		map_put(&s->found, labels_bytes(labels), b);
	}
	return b;
}

static bool read_chunks(struct scan *s, struct reader *r)
{
	struct build *b = build_of(s);
	uint64_t n = uvarint(r), ref = 0, end = 0;

	for (uint64_t i = 0; i < n && !r->bad; i++) {
		uint64_t first = end + (i ? uvarint(r) : (uint64_t)zigzag(uvarint(r)));

		end = first + uvarint(r);
		ref = i ? ref + (uint64_t)zigzag(uvarint(r)) : uvarint(r);
		if (r->bad || (ms_t)end <= s->q->from || (ms_t)first > s->q->to)
			continue;
		if (!read_chunk(s, b, ref))
			return false;
	}
	return true;
}

static bool read_one(struct scan *s, struct str entry)
{
	struct reader r = {.s = entry};
	bool yes;

	if (!read_labels(s, &r) || !wanted(s, &yes))
		return false;
	if (!r.bad && yes && !read_chunks(s, &r))
		return false;
	return !r.bad || broken(s, "a series of its index is cut off");
}

static bool read_symbols(struct scan *s, uint64_t at)
{
	struct reader r = reader_at(s->block->index, at);
	uint64_t n;

	big_endian(&r, 4);
	n = big_endian(&r, 4);
	if (r.bad || n > s->block->index.n)
		return broken(s, "the symbols of its index are cut off");
	s->n_symbols = (size_t)n;
	s->symbols = ARENA_ARRAY(s->a, struct str, s->n_symbols + 1);
	for (size_t i = 0; i < s->n_symbols; i++)
		s->symbols[i] = bytes(&r, uvarint(&r));
	return !r.bad || broken(s, "the symbols of its index are cut off");
}

/* Entries begin at multiples of 16; zeros fill what is between. */
static bool read_series(struct scan *s, uint64_t from, uint64_t to)
{
	struct reader r = reader_at(str_cut(s->block->index, 0, (size_t)to), from);

	while (!r.bad && r.at < r.s.n) {
		uint64_t n;

		r.at = MIN((r.at + 15) & ~(size_t)15, r.s.n);
		if (r.at == r.s.n)
			break;
		n = uvarint(&r);
		if (n == 0)
			continue;

		struct str entry = bytes(&r, n);

		if (r.bad)
			break;
		if (!read_one(s, entry))
			return false;
		big_endian(&r, 4); /* the checksum */
	}
	return !r.bad || broken(s, "the series of its index are cut off");
}

static bool read_block(struct scan *s)
{
	struct str index = s->block->index;
	struct reader head = {.s = index}, toc;
	uint64_t symbols, series, end;

	if (big_endian(&head, 4) != INDEX_MAGIC || index.n < TOC_BYTES)
		return broken(s, "its index is no index of Prometheus");
	s->version = (int)big_endian(&head, 1);
	if (s->version != 1 && s->version != 2)
		return err_set(s->err, -1,
			       "block %.*s: its index has version %d, 1 and 2 are known",
			       STR_ARG(s->block->name), s->version);
	toc = reader_at(index, index.n - TOC_BYTES);
	symbols = big_endian(&toc, 8);
	series = big_endian(&toc, 8);
	end = index.n - TOC_BYTES;
	for (int i = 0; i < 4; i++) { /* the section behind the series */
		uint64_t other = big_endian(&toc, 8);

		if (other > series)
			end = MIN(end, other);
	}
	return read_symbols(s, symbols) && read_series(s, series, end);
}

/* ---- the source --------------------------------------------------------------------------------
 */

static int by_labels(const void *x, const void *y)
{
	return labels_cmp(((const struct series *)x)->labels, ((const struct series *)y)->labels);
}

static void collect(struct scan *s, const struct series **out, size_t *n)
{
	struct series *v = ARENA_ARRAY(s->a, struct series, s->found.n + 1);

	*n = 0;
	map_each (&s->found, e) {
		const struct build *b = e->value;

		if (b->n)
			v[(*n)++] = (struct series){
				.labels = b->labels,
				.points = {.t = b->t, .v = b->v, .n = b->n},
			};
	}
	if (*n)
		qsort(v, *n, sizeof(*v), by_labels);
	*out = v;
}

static bool blocks_select(const struct series_source *source, const struct series_query *q,
			  struct arena *a, const struct series **out, size_t *n, struct err *err)
{
	const struct blocks *b = (const struct blocks *)(const void *)source; /* its first member */
	struct scan s = {.q = q, .a = a, .err = err};
	bool ok = true;

	map_init(&s.found);
	for (size_t i = 0; ok && i < b->n; i++) {
		s.block = &b->v[i];
		if (s.block->to > q->from && s.block->from <= q->to)
			ok = read_block(&s);
	}
	if (ok)
		collect(&s, out, n);
	map_done(&s.found);
	return ok;
}

void blocks_init(struct blocks *b, const struct block *v, size_t n)
{
	*b = (struct blocks){.source = {.select = blocks_select}, .v = v, .n = n};
}
