/*
 * The tools every part of the engine uses: columns and their count, the stop question, errors with
 * a place, rows that become equal, names that are dropped.
 */
#include "promql/eval.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"
#include "promql/grouping.h"
#include "promql/labels.h"
#include "promql/print.h"

#define STOP_EVERY ((size_t)1 << 16) /* samples between two questions whether to stop */

/* A column knows its length, so that it can be used again for a grid of the same length. */
struct column {
	struct column *next;
	size_t n;
	double v[];
};

bool eval_fail(struct eval *ev, const struct expr *e, const char *fmt, ...)
{
	char msg[sizeof(ev->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(ev->err, e ? (int)e->start : -1, "%s", msg);
	if (e && ev->err)
		ev->err->end = (int)e->end;
	return false;
}

bool eval_work(struct eval *ev, size_t n)
{
	if (arena_used(ev->a) > ev->o->max_bytes)
		return eval_fail(ev, NULL, "query needs more than %zu MB of memory",
				 ev->o->max_bytes >> 20);
	if (n < ev->until_stop) {
		ev->until_stop -= n;
		return true;
	}
	ev->until_stop = STOP_EVERY;
	if (ev->o->stop && ev->o->stop(ev->o->stop_arg))
		return eval_fail(ev, NULL, "query was stopped before it was done");
	return true;
}

static struct column *column_of(double *v)
{
	return CONTAINER(v, struct column, v);
}

double *eval_column(struct eval *ev)
{
	struct column *c = ev->free_columns;
	size_t n = ev->grid.n;

	if (n > ev->o->max_samples || ev->held > ev->o->max_samples - n) {
		eval_fail(ev, NULL,
			  "query processing would load too many samples into memory in query "
			  "execution");
		return NULL;
	}
	if (!eval_work(ev, n))
		return NULL;
	if (c && c->n == n) {
		ev->free_columns = c->next;
	} else {
		c = (struct column *)(void *)arena_alloc(ev->a, sizeof(*c) + n * sizeof(double));
		c->n = n;
	}
	ev->held += n;
	for (size_t i = 0; i < n; i++)
		c->v[i] = stale_nan();
	return c->v;
}

void eval_column_free(struct eval *ev, double *v)
{
	struct column *c = column_of(v);

	ev->held -= MIN(ev->held, c->n);
	c->next = ev->free_columns;
	ev->free_columns = c;
}

const struct histogram **eval_hist_column(struct eval *ev, struct row *r)
{
	if (!r->h)
		r->h = ARENA_ARRAY(ev->a, const struct histogram *, ev->grid.n);
	return r->h;
}

struct row *eval_rows(struct eval *ev, size_t n)
{
	return ARENA_ARRAY(ev->a, struct row, n);
}

bool eval_scalar(struct eval *ev, double v, struct vec *out)
{
	*out = (struct vec){.v = eval_rows(ev, 1), .n = 1};
	out->v[0].v = eval_column(ev);
	for (size_t i = 0; out->v[0].v && i < ev->grid.n; i++)
		out->v[0].v[i] = v;
	return out->v[0].v;
}

bool eval_label_is_valid(struct eval *ev, const struct expr *e, const char *what, struct str name)
{
	struct buf b;

	if (name.n && str_is_utf8(name))
		return true;
	buf_init(&b, 512);
	promql_put_quoted(&b, name);
	eval_fail(ev, e, "invalid %s %s", what, buf_cstr(&b));
	buf_done(&b);
	return false;
}

void eval_note_quantile(struct eval *ev, const struct expr *e, double q)
{
	struct buf b;

	buf_init(&b, 64);
	num_put_float(&b, q, 'g', -1);
	notes_warn(ev->notes, e->start, "quantile value should be between 0 and 1, got %s",
		   buf_cstr(&b));
	buf_done(&b);
}

struct str eval_metric_name(struct labels labels)
{
	return labels_get(labels, STR(LABEL_NAME));
}

/* ---- rows with equal labels -------------------------------------------------------------------
 */

/* Moves the values of `from` into `to`; false if both have one at the same step. */
static bool row_absorb(struct eval *ev, struct row *to, const struct row *from)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (!row_has(from, i))
			continue;
		if (row_has(to, i))
			return false;
		to->v[i] = from->v[i];
		if (row_hist(from, i))
			eval_hist_column(ev, to)[i] = from->h[i];
	}
	to->drop_name = to->drop_name && from->drop_name;
	return true;
}

bool eval_merge_rows(struct eval *ev, struct vec *vec)
{
	return eval_merge_rows_or(ev, vec, "vector cannot contain metrics with the same labelset");
}

bool eval_merge_rows_or(struct eval *ev, struct vec *vec, const char *error)
{
	size_t size = 4, kept = 0;
	uint32_t *slots;

	if (vec->n < 2)
		return true;
	while (size < vec->n * 2)
		size *= 2;
	slots = ARENA_ARRAY(ev->a, uint32_t, size);
	for (size_t k = 0; k < vec->n; k++) {
		struct row *r = &vec->v[k];
		size_t at = labels_hash(r->labels) & (size - 1);

		while (slots[at] && !labels_eq(vec->v[slots[at] - 1].labels, r->labels))
			at = (at + 1) & (size - 1);
		if (!slots[at]) {
			vec->v[kept] = *r;
			slots[at] = (uint32_t)++kept;
		} else if (!row_absorb(ev, &vec->v[slots[at] - 1], r)) {
			return eval_fail(ev, NULL, "%s", error);
		}
	}
	vec->n = kept;
	return true;
}

bool eval_drop_names(struct eval *ev, struct vec *vec)
{
	for (size_t k = 0; k < vec->n; k++) {
		struct row *r = &vec->v[k];

		r->drop_name = ev->o->delayed_name_removal;
		if (!ev->o->delayed_name_removal)
			r->labels = labels_without_metric(ev->a, r->labels);
	}
	return ev->o->delayed_name_removal || eval_merge_rows(ev, vec);
}

/* ---- windows ----------------------------------------------------------------------------------
 */

ms_t range_end(const struct eval *ev, const struct range_set *rs, size_t step)
{
	return (rs->fixed ? rs->at : grid_time(&ev->grid, step)) - rs->offset;
}

struct window window_first(const struct points *p)
{
	return (struct window){.p = p};
}

void window_move(const struct eval *ev, const struct range_set *rs, struct window *w, size_t step)
{
	const ms_t *t = w->p->t;
	size_t n = w->p->n;

	w->end = range_end(ev, rs, step);
	w->start = w->end - rs->range;
	while (w->to < n && t[w->to] <= w->end)
		w->to++;
	while (w->from < w->to && t[w->from] <= w->start)
		w->from++;
}
