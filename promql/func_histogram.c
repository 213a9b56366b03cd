/*
 * Functions of histograms. A classic histogram is a group of rows that differ in `le` only; it and
 * a native one of the same labels at the same step cannot both be meant.
 */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "promql/buckets.h"
#include "promql/grouping.h"
#include "promql/labels.h"
#include "promql/windows.h"

/* ---- one histogram, one number ----------------------------------------------------------------
 */

static bool each_hist(struct call *c,
		      double (*fn)(struct arena *scratch, const struct histogram *h),
		      struct vec *out)
{
	struct eval *ev = c->ev;
	struct arena scratch;

	*out = c->args[0].vec;
	arena_init(&scratch);
	for (size_t k = 0; k < out->n; k++) {
		struct row *r = &out->v[k];

		for (size_t i = 0; i < ev->grid.n; i++) {
			if (!row_has(r, i))
				continue;
			r->v[i] = row_hist(r, i) ? fn(&scratch, r->h[i]) : stale_nan();
			arena_clear(&scratch);
		}
		r->h = NULL;
	}
	arena_done(&scratch);
	return eval_work(ev, out->n * ev->grid.n);
}

static double count_of(struct arena *scratch ATTR_UNUSED, const struct histogram *h)
{
	return h->count;
}

static double sum_of(struct arena *scratch ATTR_UNUSED, const struct histogram *h)
{
	return h->sum;
}

static double avg_of(struct arena *scratch ATTR_UNUSED, const struct histogram *h)
{
	return h->sum / h->count;
}

static double stddev_of(struct arena *scratch, const struct histogram *h)
{
	return sqrt(native_variance(scratch, h));
}

#define OF_HISTOGRAM(name, fn) \
	static bool histogram_##name(struct call *c, struct vec *out) \
	{ \
		return each_hist(c, fn, out); \
	}

OF_HISTOGRAM(avg, avg_of)
OF_HISTOGRAM(count, count_of)
OF_HISTOGRAM(stddev, stddev_of)
OF_HISTOGRAM(stdvar, native_variance)
OF_HISTOGRAM(sum, sum_of)

/* ---- classic and native ones together ---------------------------------------------------------
 */

struct bound_row {
	double upper;
	const struct row *row;
};

/* All of one histogram: its classic buckets by bound, its native rows. */
struct hist_group {
	struct labels labels;
	bool drop_name;
	struct bound_row *classic;
	size_t n_classic;
	const struct row **native;
	size_t n_native;
	struct classic_bucket *buckets; /* scratch of one step */
};

/* What is computed of each. */
struct measure {
	struct call *c;
	const struct expr *e; /* the vector argument, for annotations */
	const double *a, *b;  /* scalars */
	double (*classic)(struct measure *m, const struct hist_group *g, size_t n, size_t step);
	double (*native)(struct measure *m, const struct hist_group *g, const struct histogram *h,
			 size_t step);
	struct arena scratch;
};

static struct str group_name(const struct hist_group *g)
{
	return eval_metric_name(g->labels);
}

static int by_bound(const void *x, const void *y)
{
	double a = ((const struct bound_row *)x)->upper, b = ((const struct bound_row *)y)->upper;

	return (a > b) - (a < b);
}

static bool has_float(const struct eval *ev, const struct row *r)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (row_has(r, i) && !row_hist(r, i))
			return true;
	}
	return false;
}

static void note_bad_bound(struct measure *m, const struct row *r, struct str le)
{
	struct str name = eval_metric_name(r->labels);

	notes_warn(m->c->ev->notes, m->e->start,
		   "bucket label \"le\" is missing or has a malformed value of \"%.*s\" for "
		   "metric name \"%.*s\"",
		   STR_ARG(le), STR_ARG(name));
}

static void group_add(struct measure *m, struct hist_group *g, const struct row *r)
{
	struct str le = labels_get(r->labels, STR("le"));
	double upper;

	g->drop_name |= r->drop_name;
	if (r->h)
		g->native[g->n_native++] = r;
	if (!has_float(m->c->ev, r))
		return;
	if (num_float(le, &upper) == NUM_SYNTAX)
		note_bad_bound(m, r, le);
	else
		g->classic[g->n_classic++] = (struct bound_row){.upper = upper, .row = r};
}

static size_t buckets_at(const struct hist_group *g, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < g->n_classic; k++) {
		const struct row *r = g->classic[k].row;

		if (row_has(r, i) && !row_hist(r, i))
			g->buckets[n++] = (struct classic_bucket){.upper = g->classic[k].upper,
								  .count = r->v[i]};
	}
	return n;
}

static const struct histogram *native_at(const struct hist_group *g, size_t i)
{
	for (size_t k = 0; k < g->n_native; k++) {
		if (row_has(g->native[k], i) && row_hist(g->native[k], i))
			return g->native[k]->h[i];
	}
	return NULL;
}

static bool measure_group(struct measure *m, const struct hist_group *g, struct row *out)
{
	struct eval *ev = m->c->ev;

	*out = (struct row){.labels = g->labels, .drop_name = g->drop_name, .v = eval_column(ev)};
	if (!out->v)
		return false;
	for (size_t i = 0; i < ev->grid.n; i++) {
		const struct histogram *h = native_at(g, i);
		size_t n = buckets_at(g, i);

		if (h && n)
			notes_warn(ev->notes, m->e->start,
				   "vector contains a mix of classic and native histograms for "
				   "metric name \"%.*s\"",
				   STR_ARG(group_name(g)));
		else if (h)
			out->v[i] = m->native(m, g, h, i);
		else if (n)
			out->v[i] = m->classic(m, g, n, i);
		arena_clear(&m->scratch);
	}
	return eval_work(ev, (g->n_classic + g->n_native) * ev->grid.n);
}

static bool measure_all(struct measure *m, const struct vec *in, struct vec *out)
{
	static const struct str LE[] = {{"le", 2}};
	struct arena *a = m->c->ev->a;
	struct grouping groups;
	struct members members;
	struct hist_group g = {.classic = ARENA_ARRAY(a, struct bound_row, in->n),
			       .native = ARENA_ARRAY(a, const struct row *, in->n),
			       .buckets = ARENA_ARRAY(a, struct classic_bucket, in->n)};
	uint32_t *of;

	grouping_init(&groups, a, (struct strs){.v = LE, .n = 1}, false);
	groups.metric = GROUPING_WHOLE;
	of = grouping_rows(&groups, in);
	members = members_of(a, of, in->n, groups.n);
	*out = (struct vec){.v = eval_rows(m->c->ev, groups.n), .n = groups.n};
	for (size_t k = 0; k < groups.n; k++) {
		g.labels = groups.labels[k];
		g.drop_name = false;
		g.n_classic = g.n_native = 0;
		for (size_t i = members.first[k]; i < members.first[k + 1]; i++)
			group_add(m, &g, &in->v[members.rows[i]]);
		qsort(g.classic, g.n_classic, sizeof(*g.classic), by_bound);
		if (!measure_group(m, &g, &out->v[k]))
			return false;
	}
	return true;
}

static bool measure(struct measure *m, const struct vec *in, struct vec *out)
{
	bool ok;

	arena_init(&m->scratch);
	ok = measure_all(m, in, out);
	arena_done(&m->scratch);
	return ok;
}

/* ---- quantiles --------------------------------------------------------------------------------
 */

static double quantile_of_classic(struct measure *m, const struct hist_group *g, size_t n,
				  size_t step)
{
	struct classic_told told = {0};
	double v = classic_quantile(m->a[step], g->buckets, n, &told);

	if (told.forced)
		notes_info(m->c->ev->notes, m->e->start,
			   "input to histogram_quantile needed to be fixed for monotonicity (see "
			   "https://prometheus.io/docs/prometheus/latest/querying/functions/"
			   "#histogram_quantile) for metric name \"%.*s\"",
			   STR_ARG(group_name(g)));
	return v;
}

static double quantile_of_native(struct measure *m, const struct hist_group *g,
				 const struct histogram *h, size_t step)
{
	enum native_told told;
	double v = native_quantile(&m->scratch, m->a[step], h, &told);

	if (told != NATIVE_OK)
		notes_info(m->c->ev->notes, m->e->start,
			   "input to histogram_quantile has NaN observations, result is %s for "
			   "metric name \"%.*s\"",
			   told == NATIVE_NAN_RESULT ? "NaN" : "skewed higher",
			   STR_ARG(group_name(g)));
	return v;
}

static void note_quantiles(struct call *c, const struct arg *q)
{
	for (size_t i = 0; i < c->ev->grid.n; i++) {
		double v = q->vec.v[0].v[i];

		if (!(v >= 0 && v <= 1))
			eval_note_quantile(c->ev, q->e, v);
	}
}

static bool histogram_quantile(struct call *c, struct vec *out)
{
	struct measure m = {.c = c,
			    .e = c->args[1].e,
			    .a = c->args[0].vec.v[0].v,
			    .classic = quantile_of_classic,
			    .native = quantile_of_native};

	note_quantiles(c, &c->args[0]);
	return measure(&m, &c->args[1].vec, out);
}

/* The label value of a quantile; of a range query that of its first step. */
static void label_quantile(struct call *c, struct vec *vec, double q)
{
	struct labels_builder lb;
	struct buf text;

	buf_init(&text, 64);
	num_put_float(&text, q, 'g', -1);
	if (isfinite(q) && str_find_char(buf_str(&text), '.') < 0 &&
	    str_find_char(buf_str(&text), 'e') < 0)
		buf_adds(&text, ".0");
	labels_builder_init(&lb);
	for (size_t k = 0; k < vec->n; k++) {
		labels_builder_from(&lb, vec->v[k].labels);
		labels_builder_set(&lb, c->args[1].text, buf_str(&text));
		vec->v[k].labels = labels_builder_build(&lb, c->ev->a);
	}
	labels_builder_done(&lb);
	buf_done(&text);
}

static bool histogram_quantiles(struct call *c, struct vec *out)
{
	size_t n = 0;

	if (!eval_label_is_valid(c->ev, c->args[1].e, "label name", c->args[1].text))
		return false;
	*out = (struct vec){.v = eval_rows(c->ev, c->args[0].vec.n * c->n)};
	for (size_t i = 2; i < c->n; i++) {
		struct measure m = {.c = c,
				    .e = c->args[0].e,
				    .a = c->args[i].vec.v[0].v,
				    .classic = quantile_of_classic,
				    .native = quantile_of_native};
		struct vec one;

		note_quantiles(c, &c->args[i]);
		if (!measure(&m, &c->args[0].vec, &one))
			return false;
		label_quantile(c, &one, m.a[0]);
		for (size_t k = 0; k < one.n; k++)
			out->v[n++] = one.v[k];
	}
	out->n = n;
	return true;
}

/* ---- fractions --------------------------------------------------------------------------------
 */

static double fraction_of_classic(struct measure *m, const struct hist_group *g, size_t n,
				  size_t step)
{
	return classic_fraction(m->a[step], m->b[step], g->buckets, n);
}

static double fraction_of_native(struct measure *m, const struct hist_group *g,
				 const struct histogram *h, size_t step)
{
	if (isnan(h->sum))
		notes_info(m->c->ev->notes, m->e->start,
			   "input to histogram_fraction has NaN observations, which are excluded "
			   "from all fractions for metric name \"%.*s\"",
			   STR_ARG(group_name(g)));
	return native_fraction(&m->scratch, m->a[step], m->b[step], h);
}

static bool histogram_fraction(struct call *c, struct vec *out)
{
	struct measure m = {.c = c,
			    .e = c->args[2].e,
			    .a = c->args[0].vec.v[0].v,
			    .b = c->args[1].vec.v[0].v,
			    .classic = fraction_of_classic,
			    .native = fraction_of_native};

	return measure(&m, &c->args[2].vec, out);
}

const struct func FUNCS_HISTOGRAM[] = {
	{"histogram_avg", histogram_avg, FUNC_NO_BUCKETS},
	{"histogram_count", histogram_count, FUNC_NO_BUCKETS},
	{"histogram_fraction", histogram_fraction, FUNC_BUCKETS},
	{"histogram_quantile", histogram_quantile, FUNC_BUCKETS},
	{"histogram_quantiles", histogram_quantiles, FUNC_BUCKETS},
	{"histogram_stddev", histogram_stddev, FUNC_BUCKETS},
	{"histogram_stdvar", histogram_stdvar, FUNC_BUCKETS},
	{"histogram_sum", histogram_sum, FUNC_NO_BUCKETS},
	{0},
};
