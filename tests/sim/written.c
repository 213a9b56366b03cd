/* Takes remote write requests apart: snappy, then the few protobuf fields there are. */
#include "tests/sim/written.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "evaluator/remote_write.h"

#define LOOKBACK (5 * MINUTE)

struct field {
	int number, wire;
	uint64_t v;
	struct str bytes;
};

static bool varint(struct str *in, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < in->n && i < 10; i++) {
		*out |= (uint64_t)((unsigned char)in->p[i] & 127) << (7 * i);
		if (!((unsigned char)in->p[i] & 128)) {
			*in = str_from(*in, i + 1);
			return true;
		}
	}
	return false;
}

static bool next(struct str *in, struct field *f)
{
	uint64_t head, n;

	if (!in->n || !varint(in, &head))
		return false;
	*f = (struct field){.number = (int)(head >> 3), .wire = (int)(head & 7)};
	if (f->wire == 0)
		return varint(in, &f->v);
	n = 8;
	if (f->wire == 2 && !varint(in, &n))
		return false;
	if ((f->wire != 1 && f->wire != 2) || n > in->n)
		return false;
	f->bytes = str_cut(*in, 0, n);
	*in = str_from(*in, n);
	return true;
}

static void take_label(struct str in, struct labels_builder *b)
{
	struct str name = {0}, value = {0};
	struct field f;

	while (next(&in, &f))
		*(f.number == 1 ? &name : &value) = f.bytes;
	labels_builder_set(b, name, value);
}

static struct written_sample take_sample(struct str in)
{
	struct written_sample s = {0};
	struct field f;

	while (next(&in, &f)) {
		if (f.number == 1)
			memcpy(&s.v, f.bytes.p, sizeof(s.v));
		else
			s.at = (ms_t)f.v;
	}
	s.stale = remote_write_is_stale(s.v);
	return s;
}

static struct written_series *series_of(struct written *w, struct labels ls)
{
	for (size_t i = 0; i < w->n; i++) {
		if (labels_eq(w->v[i].labels, ls))
			return &w->v[i];
	}
	w->v = mem_reserve(w->v, &w->cap, w->n + 1, sizeof(*w->v));
	w->v[w->n] = (struct written_series){.labels = labels_heap(ls)};
	return &w->v[w->n++];
}

static void take_series(struct written *w, struct str in)
{
	struct written_sample sample = {0};
	struct labels_builder b;
	struct written_series *s;
	struct arena a;
	struct field f;

	arena_init(&a);
	labels_builder_init(&b);
	while (next(&in, &f)) {
		if (f.number == 1)
			take_label(f.bytes, &b);
		else if (f.number == 2)
			sample = take_sample(f.bytes);
	}
	s = series_of(w, labels_builder_build(&b, &a));
	s->v = mem_reserve(s->v, &s->cap, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = sample;
	labels_builder_done(&b);
	arena_done(&a);
}

bool written_take(struct written *w, struct str body)
{
	size_t n;
	struct str in;
	struct field f;
	char *plain;

	if (snappy_uncompressed_length(body.p, body.n, &n) != SNAPPY_OK || n > (64u << 20))
		return false;
	plain = mem_alloc(n);
	if (snappy_uncompress(body.p, body.n, plain, &n) != SNAPPY_OK) {
		free(plain);
		return false;
	}
	in = (struct str){.p = plain, .n = n};
	while (next(&in, &f)) {
		if (f.number == 1)
			take_series(w, f.bytes);
	}
	w->requests++;
	free(plain);
	return in.n == 0;
}

const struct written_sample *written_at(const struct written_series *s, ms_t at)
{
	for (size_t i = s->n; i-- > 0;) {
		if (s->v[i].at > at)
			continue;
		return s->v[i].stale || s->v[i].at <= at - LOOKBACK ? NULL : &s->v[i];
	}
	return NULL;
}

void written_done(struct written *w)
{
	for (size_t i = 0; i < w->n; i++) {
		labels_free(w->v[i].labels);
		free(w->v[i].v);
	}
	free(w->v);
	*w = (struct written){0};
}
