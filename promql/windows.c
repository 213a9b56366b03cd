/* Rows of ranges and their annotations. */
#include "promql/windows.h"

#include "promql/labels.h"

static bool row_any(const struct eval *ev, const struct row *r)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (row_has(r, i))
			return true;
	}
	return false;
}

bool each_range(struct call *c, size_t arg, range_fn *fn, struct vec *out)
{
	const struct range_set *rs = &c->args[arg].ranges;
	struct eval *ev = c->ev;

	*out = (struct vec){.v = eval_rows(ev, rs->n)};
	for (size_t k = 0; k < rs->n; k++) {
		struct row *r = &out->v[out->n];

		*r = (struct row){.labels = rs->v[k].labels,
				  .drop_name = rs->v[k].drop_name,
				  .v = eval_column(ev)};
		if (!r->v || !fn(c, rs, &rs->v[k], r) || !eval_work(ev, rs->v[k].p.n + ev->grid.n))
			return false;
		if (row_any(ev, r))
			out->n++;
		else
			eval_column_free(ev, r->v);
	}
	return true;
}

size_t window_hists(const struct window *w)
{
	size_t n = 0;

	for (size_t k = w->from; w->p->h && k < w->to; k++)
		n += w->p->h[k] != NULL;
	return n;
}

const double *window_floats(const struct window *w, double *scratch, size_t *n)
{
	if (window_hists(w) == 0) {
		*n = w->to - w->from;
		return w->p->v + w->from;
	}
	*n = 0;
	for (size_t k = w->from; k < w->to; k++) {
		if (!w->p->h[k])
			scratch[(*n)++] = w->p->v[k];
	}
	return scratch;
}

/* ---- annotations ------------------------------------------------------------------------------
 */

void note_mixed(struct eval *ev, const struct range_set *rs, const struct range *r)
{
	struct str name = eval_metric_name(r->labels);

	notes_warn(ev->notes, rs->e->start,
		   "encountered a mix of histograms and floats for metric name \"%.*s\"",
		   STR_ARG(name));
}

void note_ignored(struct eval *ev, const struct range_set *rs, const struct range *r)
{
	struct str name = eval_metric_name(r->labels);

	notes_info(ev->notes, rs->e->start,
		   "ignored histograms in a range containing both floats and histograms for "
		   "metric name \"%.*s\"",
		   STR_ARG(name));
}

void note_schemas(struct eval *ev, const struct range_set *rs, const struct range *r)
{
	struct str name = eval_metric_name(r->labels);

	notes_warn(ev->notes, rs->e->start,
		   "vector contains a mix of histograms with exponential and custom buckets "
		   "schemas for metric name \"%.*s\"",
		   STR_ARG(name));
}

void note_not_counter(struct eval *ev, const struct range_set *rs, const struct range *r)
{
	struct str name = eval_metric_name(r->labels);

	notes_warn(ev->notes, rs->e->start,
		   "this native histogram metric is not a counter: \"%.*s\"", STR_ARG(name));
}

void note_not_gauge(struct eval *ev, const struct range_set *rs, const struct range *r)
{
	struct str name = eval_metric_name(r->labels);

	notes_warn(ev->notes, rs->e->start, "this native histogram metric is not a gauge: \"%.*s\"",
		   STR_ARG(name));
}

void note_told(struct eval *ev, const struct range_set *rs, const struct histogram_told *told,
	       const char *what)
{
	if (told->reset_collision)
		notes_warn(ev->notes, rs->e->start,
			   "conflicting counter resets during histogram %s", what);
	if (told->bounds_reconciled)
		notes_info(ev->notes, rs->e->start,
			   "mismatched custom buckets were reconciled during %s", what);
}
