/* One instant query `selector[span]` for each different selector, over the span of all of them: so
 * a series that two selectors find comes with the same samples twice. */
#include "host/fetch_series.h"

#include "base/map.h"
#include "promql/print.h"

struct fetch {
	struct map selectors; /* texts */
	ms_t from, to;
	struct memory *m;
	struct err *err;
};

static void need(void *arg, const struct expr *selector, ms_t from, ms_t to)
{
	struct fetch *f = arg;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_print_bare(&b, selector);
	map_put(&f->selectors, buf_str(&b), f);
	buf_done(&b);
	f->from = MIN(f->from, from);
	f->to = MAX(f->to, to);
}

static bool add_series(struct fetch *f, const struct result_series *s)
{
	struct memory_series *to = memory_series(f->m, s->labels);

	for (size_t i = 0; i < s->points.n; i++) {
		const struct histogram *h = s->points.h ? s->points.h[i] : NULL;

		if (memory_append(f->m, to, s->points.t[i], s->points.v[i], h, 0) == MEMORY_FULL)
			return err_set(f->err, -1,
				       "the query needs more samples than may be fetched: ask for "
				       "less time or fewer series");
	}
	return true;
}

/* The window is open to the left; one millisecond more takes its first sample in. */
static bool fetch_one(struct fetch *f, struct prom_client *c, struct str selector)
{
	struct prom_question q = {.end = f->to};
	struct arena a;
	struct result r;
	bool ok;

	arena_init(&a);
	q.expr = arena_printf(&a, "%.*s[%lldms]", STR_ARG(selector),
			      (long long)(f->to - f->from + 1));
	ok = prom_client_query(c, &q, &a, &r, NULL, f->err);
	for (size_t i = 0; ok && i < r.n; i++)
		ok = add_series(f, &r.v[i]);
	arena_done(&a);
	return ok;
}

bool fetch_series(struct prom_client *c, const struct engine_options *o,
		  const struct engine_query *q, size_t samples, struct memory *m, struct err *err)
{
	struct fetch f = {.from = INT64_MAX, .to = INT64_MIN, .m = m, .err = err};
	bool ok;

	map_init(&f.selectors);
	memory_limit(m, samples);
	ok = engine_needs(o, q, need, &f, err);
	map_each (&f.selectors, e)
		ok = ok && fetch_one(&f, c, e->key);
	map_done(&f.selectors);
	return ok;
}
