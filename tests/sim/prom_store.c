/* Steps of values to samples. */
#include "tests/sim/prom_store.h"

#include <stdlib.h>

#include "base/mem.h"
#include "promql/matcher.h"

#define SCRAPE (10 * SECOND)
#define SAMPLES_MAX 2000 /* of one series in one answer: longer spans are sampled wider */

static bool store_select(const struct series_source *source, const struct series_query *q,
			 struct arena *a, const struct series **out, size_t *n, struct err *err);

void prom_store_init(struct prom_store *s)
{
	*s = (struct prom_store){.source = {.select = store_select}};
}

void prom_store_done(struct prom_store *s)
{
	for (size_t i = 0; i < s->n; i++) {
		labels_free(s->v[i].labels);
		free(s->v[i].v);
	}
	free(s->v);
	written_done(&s->written);
}

static struct prom_series *find(struct prom_store *s, struct labels labels)
{
	for (size_t i = 0; i < s->n; i++) {
		if (labels_eq(s->v[i].labels, labels))
			return &s->v[i];
	}
	return NULL;
}

static void change(struct prom_series *p, ms_t now, double v)
{
	while (p->n && p->v[p->n - 1].at >= now) /* the clock may have been set back */
		p->n--;
	p->v = mem_reserve(p->v, &p->cap, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = (struct prom_change){.at = now, .v = v};
}

void prom_store_set(struct prom_store *s, struct labels labels, ms_t now, double v)
{
	struct prom_series *p = find(s, labels);

	if (!p) {
		s->v = mem_reserve(s->v, &s->cap, s->n + 1, sizeof(*s->v));
		p = &s->v[s->n++];
		*p = (struct prom_series){.labels = labels_heap(labels)};
	}
	change(p, now, v);
}

bool prom_store_gone(struct prom_store *s, struct labels labels, ms_t now)
{
	struct prom_series *p = find(s, labels);

	if (!p || is_stale(p->v[p->n - 1].v))
		return false;
	change(p, now, stale_nan());
	return true;
}

void prom_store_shift(struct prom_store *s, ms_t by)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->v[i].n; k++)
			s->v[i].v[k].at += by;
	}
}

/* ---- samples ----------------------------------------------------------------------------------
 */

struct samples {
	ms_t *t;
	double *v;
	size_t n;
};

static void sample(struct samples *s, ms_t t, double v)
{
	if (s->n && s->t[s->n - 1] >= t)
		return;
	s->t[s->n] = t;
	s->v[s->n++] = v;
}

/* The value that holds at t. Before the first one it is the present one: a question that was under
 * way when the clock was stepped means now. */
static double value_at(const struct prom_series *p, ms_t t)
{
	size_t i = p->n;

	while (i > 0 && p->v[i - 1].at > t)
		i--;
	return p->v[i ? i - 1 : p->n - 1].v;
}

static struct points points_of(const struct prom_series *p, const struct series_query *q,
			       struct arena *a)
{
	ms_t step = MAX(SCRAPE, (q->to - q->from) / SAMPLES_MAX);
	size_t most = (size_t)((q->to - q->from) / step) + p->n + 3, at = 0;
	struct samples s = {.t = ARENA_ARRAY(a, ms_t, most), .v = ARENA_ARRAY(a, double, most)};

	/* Regular samples, each change at its own time, and one at the end. */
	for (ms_t t = (MAX(q->from, p->v[0].at) / step + 1) * step; t < q->to; t += step) {
		for (; at < p->n && p->v[at].at <= t; at++) {
			if (p->v[at].at > q->from)
				sample(&s, p->v[at].at, p->v[at].v);
		}
		if (!is_stale(value_at(p, t)))
			sample(&s, t, value_at(p, t));
	}
	for (; at < p->n && p->v[at].at <= q->to; at++) {
		if (p->v[at].at > q->from)
			sample(&s, p->v[at].at, p->v[at].v);
	}
	if (!is_stale(value_at(p, q->to)))
		sample(&s, q->to, value_at(p, q->to));
	return (struct points){.t = s.t, .v = s.v, .n = s.n};
}

static struct points points_of_written(const struct written_series *w, struct arena *a)
{
	struct samples s = {.t = ARENA_ARRAY(a, ms_t, w->n), .v = ARENA_ARRAY(a, double, w->n)};

	for (size_t i = 0; i < w->n; i++)
		sample(&s, w->v[i].at, w->v[i].stale ? stale_nan() : w->v[i].v);
	return (struct points){.t = s.t, .v = s.v, .n = s.n};
}

static bool selected(const struct series_query *q, struct labels labels)
{
	bool all = true;

	for (size_t k = 0; k < q->n_matchers && all; k++) {
		const struct matcher *m = &q->matchers[k];

		CHECK(matcher_test(m, labels_get(labels, m->name), &all, NULL));
	}
	return all;
}

static int by_labels(const void *x, const void *y)
{
	return labels_cmp(((const struct series *)x)->labels, ((const struct series *)y)->labels);
}

static bool store_select(const struct series_source *source, const struct series_query *q,
			 struct arena *a, const struct series **out, size_t *n,
			 struct err *err ATTR_UNUSED)
{
	const struct prom_store *s = (const struct prom_store *)(const void *)source;
	struct series *v = ARENA_ARRAY(a, struct series, s->n + s->written.n + 1);

	*n = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (selected(q, s->v[i].labels))
			v[(*n)++] = (struct series){.labels = s->v[i].labels,
						    .points = points_of(&s->v[i], q, a)};
	}
	for (size_t i = 0; i < s->written.n; i++) {
		if (selected(q, s->written.v[i].labels))
			v[(*n)++] =
				(struct series){.labels = s->written.v[i].labels,
						.points = points_of_written(&s->written.v[i], a)};
	}
	if (*n > 1)
		qsort(v, *n, sizeof(*v), by_labels);
	*out = v;
	return true;
}
