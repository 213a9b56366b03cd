/* Functions that look at labels, put rows in order, or turn vectors into scalars and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/regex.h"
#include "promql/absent.h"
#include "promql/eval.h"
#include "promql/labels.h"
#include "promql/matcher.h"
#include "promql/stats.h"

/* ---- label_replace, label_join ----------------------------------------------------------------
 */

static bool label_is_valid(struct call *c, size_t arg, const char *what)
{
	char words[96];

	snprintf(words, sizeof(words), "%s label name in %.*s():", what,
		 STR_ARG(c->e->u.call.name));
	return eval_label_is_valid(c->ev, c->args[arg].e, words, c->args[arg].text);
}

/* A row whose label `name` now has this value. */
static void row_relabel(struct call *c, struct row *r, struct labels_builder *lb, struct str name,
			struct str value)
{
	labels_builder_from(lb, r->labels);
	labels_builder_set(lb, name, value);
	r->labels = labels_builder_build(lb, c->ev->a);
	if (str_eq(name, STR(LABEL_NAME)))
		r->drop_name = false;
}

static bool fits(struct call *c, const struct buf *value)
{
	return !value->full ||
	       eval_fail(c->ev, c->e, "label value is longer than %zu bytes", LABEL_MAX_BYTES);
}

static bool replace_rows(struct call *c, const struct regex *re, struct vec *vec)
{
	struct str dst = c->args[1].text, with = c->args[2].text, src = c->args[3].text;
	struct labels_builder lb;
	struct buf value;
	bool ok = true;

	labels_builder_init(&lb);
	buf_init(&value, LABEL_MAX_BYTES);
	for (size_t k = 0; ok && k < vec->n; k++) {
		struct row *r = &vec->v[k];
		bool matched;

		buf_clear(&value);
		ok = regex_expand(re, labels_get(r->labels, src), with, &value, &matched,
				  c->ev->err) &&
		     fits(c, &value);
		if (ok && matched)
			row_relabel(c, r, &lb, dst, buf_str(&value));
		ok = ok && eval_work(c->ev, 1);
	}
	buf_done(&value);
	labels_builder_done(&lb);
	return ok;
}

static bool label_replace(struct call *c, struct vec *out)
{
	struct str pattern = c->args[4].text;
	struct regex *re;
	struct err err;

	if (!regex_compile(pattern, REGEX_ANCHORED | REGEX_DOTALL, c->ev->a, &re, &err))
		return eval_fail(c->ev, c->args[4].e,
				 "invalid regular expression in label_replace(): %.*s",
				 STR_ARG(pattern));
	if (!label_is_valid(c, 1, "destination"))
		return false;
	*out = c->args[0].vec;
	return replace_rows(c, re, out) && eval_merge_rows(c->ev, out);
}

static bool join_rows(struct call *c, struct vec *vec)
{
	struct labels_builder lb;
	struct buf value;
	bool ok = true;

	labels_builder_init(&lb);
	buf_init(&value, LABEL_MAX_BYTES);
	for (size_t k = 0; ok && k < vec->n; k++) {
		buf_clear(&value);
		for (size_t i = 3; i < c->n; i++) {
			if (i > 3)
				buf_add(&value, c->args[2].text);
			buf_add(&value, labels_get(vec->v[k].labels, c->args[i].text));
		}
		ok = fits(c, &value);
		if (ok)
			row_relabel(c, &vec->v[k], &lb, c->args[1].text, buf_str(&value));
		ok = ok && eval_work(c->ev, 1);
	}
	buf_done(&value);
	labels_builder_done(&lb);
	return ok;
}

static bool label_join(struct call *c, struct vec *out)
{
	for (size_t i = 3; i < c->n; i++) {
		if (!label_is_valid(c, i, "source"))
			return false;
	}
	if (!label_is_valid(c, 1, "destination"))
		return false;
	*out = c->args[0].vec;
	return join_rows(c, out) && eval_merge_rows(c->ev, out);
}

/* ---- sort -------------------------------------------------------------------------------------
 */

static bool sort_works(struct call *c, struct vec *out)
{
	*out = c->args[0].vec;
	if (c->ev->query.step == 0 && c->ev->grid.n == 1)
		return true;
	notes_warn(c->ev->notes, c->e->start,
		   "sort is ineffective for range queries since results are always ordered by "
		   "labels");
	return false;
}

static int ascending(const void *x, const void *y)
{
	double a = ((const struct row *)x)->v[0], b = ((const struct row *)y)->v[0];

	return isnan(a) || isnan(b) ? isnan(a) - isnan(b) : stats_compare(a, b);
}

static int descending(const void *x, const void *y)
{
	double a = ((const struct row *)x)->v[0], b = ((const struct row *)y)->v[0];

	return isnan(a) || isnan(b) ? isnan(a) - isnan(b) : stats_compare(b, a);
}

static bool sort_by_value(struct call *c, int (*compare)(const void *, const void *),
			  struct vec *out)
{
	size_t n = 0;

	if (!sort_works(c, out))
		return true;
	for (size_t k = 0; k < out->n; k++) {
		if (!row_hist(&out->v[k], 0))
			out->v[n++] = out->v[k];
	}
	out->n = n;
	qsort(out->v, out->n, sizeof(*out->v), compare);
	return true;
}

static bool label_sort(struct call *c, struct vec *out)
{
	return sort_by_value(c, ascending, out);
}

static bool label_sort_desc(struct call *c, struct vec *out)
{
	return sort_by_value(c, descending, out);
}

/* The first run of digits or of other bytes in s. */
static struct str chunk(struct str s)
{
	size_t n = 1;

	while (n < s.n && (s.p[n] >= '0' && s.p[n] <= '9') == (s.p[0] >= '0' && s.p[0] <= '9'))
		n++;
	return str_cut(s, 0, n);
}

/* As people sort: runs of digits by their number. */
static int natural_compare(struct str a, struct str b)
{
	while (a.n && b.n) {
		struct str x = chunk(a), y = chunk(b);
		int64_t nx, ny;
		int c = str_cmp(x, y);

		if (num_int(x, 10, &nx) == NUM_OK && num_int(y, 10, &ny) == NUM_OK)
			c = (nx > ny) - (nx < ny);
		if (c)
			return c;
		a = str_from(a, x.n);
		b = str_from(b, y.n);
	}
	return (a.n > 0) - (b.n > 0);
}

struct label_order {
	const struct call *c;
	int sign;
};

static int by_labels(const void *x, const void *y, void *arg)
{
	struct labels a = ((const struct row *)x)->labels, b = ((const struct row *)y)->labels;
	const struct label_order *order = arg;

	for (size_t i = 1; i < order->c->n; i++) {
		struct str name = order->c->args[i].text;
		int cmp = natural_compare(labels_get(a, name), labels_get(b, name));

		if (cmp)
			return order->sign * cmp;
	}
	return order->sign * labels_cmp(a, b);
}

static bool sort_by_label(struct call *c, int sign, struct vec *out)
{
	struct label_order order = {.c = c, .sign = sign};

	if (sort_works(c, out))
		qsort_r(out->v, out->n, sizeof(*out->v), by_labels, &order);
	return true;
}

static bool label_sort_by_label(struct call *c, struct vec *out)
{
	return sort_by_label(c, 1, out);
}

static bool label_sort_by_label_desc(struct call *c, struct vec *out)
{
	return sort_by_label(c, -1, out);
}

/* ---- vectors and scalars ----------------------------------------------------------------------
 */

static bool label_vector(struct call *c, struct vec *out)
{
	*out = c->args[0].vec;
	return true;
}

static double only_float(const struct vec *vec, size_t i)
{
	const struct row *found = NULL;

	for (size_t k = 0; k < vec->n; k++) {
		if (!row_has(&vec->v[k], i) || row_hist(&vec->v[k], i))
			continue;
		if (found)
			return (double)NAN;
		found = &vec->v[k];
	}
	return found ? found->v[i] : (double)NAN;
}

static bool label_scalar(struct call *c, struct vec *out)
{
	if (!eval_scalar(c->ev, 0, out))
		return false;
	for (size_t i = 0; i < c->ev->grid.n; i++)
		out->v[0].v[i] = only_float(&c->args[0].vec, i);
	return eval_work(c->ev, c->args[0].vec.n * c->ev->grid.n);
}

static bool label_absent(struct call *c, struct vec *out)
{
	const struct vec *vec = &c->args[0].vec;

	if (!eval_scalar(c->ev, 1, out))
		return false;
	out->v[0].labels = absent_labels(c->ev->a, c->args[0].e);
	for (size_t k = 0; k < vec->n; k++) {
		for (size_t i = 0; i < c->ev->grid.n; i++) {
			if (row_has(&vec->v[k], i))
				out->v[0].v[i] = stale_nan();
		}
	}
	return eval_work(c->ev, vec->n * c->ev->grid.n);
}

struct labels absent_labels(struct arena *a, const struct expr *e)
{
	struct labels_builder lb;
	struct labels out;

	if (e->kind == EXPR_MATRIX)
		e = expr_unwrap(e->u.matrix.selector);
	if (e->kind != EXPR_SELECTOR)
		return (struct labels){0};
	labels_builder_init(&lb);
	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= e->u.selector.matchers[k].op == MATCH_EQ &&
				 str_eq(e->u.selector.matchers[k].name, m->name);
		if (str_eq(m->name, STR(LABEL_NAME)))
			continue;
		if (m->op == MATCH_EQ && !again)
			labels_builder_set(&lb, m->name, m->value);
		else
			labels_builder_del(&lb, m->name);
	}
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return out;
}

const struct func FUNCS_LABEL[] = {
	{"absent", label_absent, 0},
	{"label_join", label_join, FUNC_KEEPS_NAME},
	{"label_replace", label_replace, FUNC_KEEPS_NAME},
	{"scalar", label_scalar, 0},
	{"sort", label_sort, FUNC_KEEPS_NAME},
	{"sort_by_label", label_sort_by_label, FUNC_KEEPS_NAME},
	{"sort_by_label_desc", label_sort_by_label_desc, FUNC_KEEPS_NAME},
	{"sort_desc", label_sort_desc, FUNC_KEEPS_NAME},
	{"vector", label_vector, 0},
	{0},
};
