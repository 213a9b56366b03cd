/* Series by label set in a map, and by metric name in lists that are kept sorted when read. */
#include "promql/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "promql/histogram.h"
#include "promql/matcher.h"
#include "promql/series_desc.h"

#define SAMPLES_MAX ((size_t)100000000)

struct memory_series {
	struct labels labels;
	size_t n, cap;
	ms_t *t;
	double *v;
	const struct histogram **h; /* NULL as long as there is none */
	ms_t *st;		    /* the same */
};

/* The series of one metric name. */
struct family {
	struct memory_series **v;
	size_t n, cap;
	bool sorted;
};

struct memory {
	struct series_source source; /* first */
	struct arena arena;	     /* labels, histograms */
	struct map series;	     /* by encoding of the labels */
	struct map families;
	size_t samples, limit;
};

static bool memory_select(const struct series_source *s, const struct series_query *q,
			  struct arena *a, const struct series **out, size_t *n, struct err *err);

struct memory *memory_new(void)
{
	struct memory *m = MEM_NEW(struct memory);

	m->source.select = memory_select;
	m->limit = SAMPLES_MAX;
	arena_init(&m->arena);
	map_init(&m->series);
	map_init(&m->families);
	return m;
}

void memory_clear(struct memory *m)
{
	map_each (&m->series, e) {
		struct memory_series *s = (struct memory_series *)e->value;

		free(s->t);
		free(s->v);
		free(s->h);
		free(s->st);
		free(s);
	}
	map_each (&m->families, e) {
		free(((struct family *)e->value)->v);
		free(e->value);
	}
	map_clear(&m->series);
	map_clear(&m->families);
	arena_clear(&m->arena);
	m->samples = 0;
}

void memory_free(struct memory *m)
{
	if (!m)
		return;
	memory_clear(m);
	map_done(&m->series);
	map_done(&m->families);
	arena_done(&m->arena);
	free(m);
}

const struct series_source *memory_source(const struct memory *m)
{
	return &m->source;
}

void memory_limit(struct memory *m, size_t samples)
{
	m->limit = samples;
}

size_t memory_samples(const struct memory *m)
{
	return m->samples;
}

/* ---- adding -----------------------------------------------------------------------------------
 */

static void family_add(struct memory *m, struct memory_series *s)
{
	struct str name = labels_get(s->labels, STR(LABEL_NAME));
	struct family *f = (struct family *)map_get(&m->families, name);

	if (!f) {
		f = MEM_NEW(struct family);
		map_put(&m->families, name, f);
	}
	f->v = mem_reserve(f->v, &f->cap, f->n + 1, sizeof(struct memory_series *));
	f->v[f->n++] = s;
	f->sorted = false;
}

struct memory_series *memory_series(struct memory *m, struct labels labels)
{
	struct memory_series *s = (struct memory_series *)map_get(&m->series, labels_bytes(labels));

	if (s)
		return s;
	s = MEM_NEW(struct memory_series);
	s->labels = labels_dup(&m->arena, labels);
	map_put(&m->series, labels_bytes(labels), s);
	family_add(m, s);
	return s;
}

struct labels memory_series_labels(const struct memory_series *s)
{
	return s->labels;
}

static void make_room(struct memory_series *s, bool hist, bool start)
{
	size_t cap = s->cap;

	if (s->n == cap) {
		s->t = mem_reserve(s->t, &s->cap, s->n + 1, sizeof(*s->t));
		s->v = mem_grow(s->v, s->cap * sizeof(*s->v));
		if (s->h)
			s->h = mem_grow(s->h, s->cap * sizeof(struct histogram *));
		if (s->st)
			s->st = mem_grow(s->st, s->cap * sizeof(*s->st));
	}
	if (hist && !s->h)
		s->h = mem_alloc(s->cap * sizeof(struct histogram *));
	if (start && !s->st)
		s->st = mem_alloc(s->cap * sizeof(*s->st));
}

static bool same_sample(const struct memory_series *s, size_t i, double v,
			const struct histogram *h)
{
	const struct histogram *old = s->h ? s->h[i] : NULL;

	if (old || h)
		return old && h && histogram_eq(old, h);
	return memcmp(&s->v[i], &v, sizeof(v)) == 0;
}

/* A time that is not after the last one. */
static enum memory_append append_late(const struct memory_series *s, ms_t t, double v,
				      const struct histogram *h)
{
	struct points p = {.t = s->t, .n = s->n};
	size_t after = points_after(&p, t);

	if (after == 0 || s->t[after - 1] != t)
		return MEMORY_OUT_OF_ORDER;
	return same_sample(s, after - 1, v, h) ? MEMORY_OK : MEMORY_DUPLICATE;
}

/* What a counter's histogram is told by the one before, as Prometheus's storage tells it. */
static enum counter_reset hint_after(const struct memory_series *s, const struct histogram *h)
{
	const struct histogram *prev = s->n && s->h ? s->h[s->n - 1] : NULL;

	if (h->reset != RESET_UNKNOWN || !prev || prev->reset == RESET_GAUGE ||
	    prev->schema != h->schema || prev->zero_threshold != h->zero_threshold ||
	    prev->n_custom_values != h->n_custom_values || histogram_resets(h, prev))
		return h->reset;
	return RESET_NOT_RESET;
}

static const struct histogram *histogram_keep(struct memory *m, const struct memory_series *s,
					      const struct histogram *h)
{
	struct histogram *kept = histogram_dup(&m->arena, h);

	kept->reset = hint_after(s, h);
	return kept;
}

enum memory_append memory_append(struct memory *m, struct memory_series *s, ms_t t, double v,
				 const struct histogram *h, ms_t st)
{
	if (s->n && t <= s->t[s->n - 1])
		return append_late(s, t, v, h);
	if (m->samples >= m->limit)
		return MEMORY_FULL;
	make_room(s, h, st);
	s->t[s->n] = t;
	s->v[s->n] = h ? 0 : v;
	if (s->h)
		s->h[s->n] = h ? histogram_keep(m, s, h) : NULL;
	if (s->st)
		s->st[s->n] = st;
	s->n++;
	m->samples++;
	return MEMORY_OK;
}

bool memory_load(struct memory *m, const struct series_desc *d, const ms_t *st_offsets, ms_t first,
		 ms_t interval, struct err *err)
{
	struct memory_series *s = memory_series(m, d->labels);

	for (size_t i = 0; i < d->n; i++) {
		const struct series_value *v = &d->values[i];
		ms_t t = first + (ms_t)i * interval;
		ms_t st = st_offsets && st_offsets[i] != MS_NONE ? t + st_offsets[i] : 0;

		if (v->omitted)
			continue;
		switch (memory_append(m, s, t, v->v, v->hist, st)) {
		case MEMORY_OK: break;
		case MEMORY_DUPLICATE:
			return err_set(err, -1, "duplicate sample for timestamp %lld",
				       (long long)t);
		case MEMORY_OUT_OF_ORDER: return err_set(err, -1, "out of order sample");
		case MEMORY_FULL:
			return err_set(err, -1, "more than %zu samples are loaded", m->limit);
		}
	}
	return true;
}

/* ---- selecting --------------------------------------------------------------------------------
 */

static struct series series_of(const struct memory_series *s)
{
	return (struct series){.labels = s->labels,
			       .points = {.t = s->t, .v = s->v, .h = s->h, .st = s->st, .n = s->n}};
}

void memory_each(const struct memory *m, void (*fn)(void *arg, const struct series *s), void *arg)
{
	map_each (&m->series, e) {
		struct series s = series_of((const struct memory_series *)e->value);

		fn(arg, &s);
	}
}

static int by_labels(const void *x, const void *y)
{
	const struct memory_series *a = *(struct memory_series *const *)x;
	const struct memory_series *b = *(struct memory_series *const *)y;

	return labels_cmp(a->labels, b->labels);
}

static int series_by_labels(const void *x, const void *y)
{
	return labels_cmp(((const struct series *)x)->labels, ((const struct series *)y)->labels);
}

struct selection {
	const struct series_query *q;
	struct series *v;
	size_t n;
	struct err *err;
};

static bool matches(const struct selection *s, struct labels labels, bool *yes)
{
	*yes = true;
	for (size_t i = 0; *yes && i < s->q->n_matchers; i++) {
		const struct matcher *m = &s->q->matchers[i];

		if (!matcher_test(m, labels_get(labels, m->name), yes, s->err))
			return false;
	}
	return true;
}

static bool select_family(struct selection *s, struct family *f)
{
	if (!f->sorted)
		qsort(f->v, f->n, sizeof(struct memory_series *), by_labels);
	f->sorted = true;
	for (size_t k = 0; k < f->n; k++) {
		const struct memory_series *ms = f->v[k];
		bool yes;

		if (ms->n == 0 || ms->t[0] > s->q->to || ms->t[ms->n - 1] <= s->q->from)
			continue;
		if (!matches(s, ms->labels, &yes))
			return false;
		if (yes)
			s->v[s->n++] = series_of(ms);
	}
	return true;
}

/* The one metric name asked for, if there is one. */
static const struct matcher *name_matcher(const struct series_query *q)
{
	for (size_t i = 0; i < q->n_matchers; i++) {
		if (q->matchers[i].op == MATCH_EQ && str_eq(q->matchers[i].name, STR(LABEL_NAME)))
			return &q->matchers[i];
	}
	return NULL;
}

static bool memory_select(const struct series_source *source, const struct series_query *q,
			  struct arena *a, const struct series **out, size_t *n, struct err *err)
{
	const struct memory *m = (const struct memory *)(const void *)source; /* its first member */
	const struct matcher *name = name_matcher(q);
	struct selection s = {.q = q, .err = err};

	if (name) {
		struct family *f = (struct family *)map_get(&m->families, name->value);

		s.v = ARENA_ARRAY(a, struct series, f ? f->n : 1);
		if (f && !select_family(&s, f))
			return false;
	} else {
		s.v = ARENA_ARRAY(a, struct series, m->series.n + 1);
		map_each (&m->families, e) {
			if (!select_family(&s, (struct family *)e->value))
				return false;
		}
		qsort(s.v, s.n, sizeof(*s.v), series_by_labels);
	}
	*out = s.v;
	*n = s.n;
	return true;
}
