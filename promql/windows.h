/* What functions of ranges share: a row for each range, and what they note about histograms. */
#ifndef PROMQL_WINDOWS_H
#define PROMQL_WINDOWS_H

#include "promql/eval.h"

/* Fills the row of one range: its column is all absent, its labels are set. */
typedef bool range_fn(struct call *c, const struct range_set *rs, const struct range *r,
		      struct row *out);
/* Calls fn for each range of argument `arg`; rows without any value are left out. */
ATTR_CHECK bool each_range(struct call *c, size_t arg, range_fn *fn, struct vec *out);

/* How many of a window's samples are histograms. */
size_t window_hists(const struct window *w);
/* The floats of a window: in place, or gathered in `scratch` (room for p->n) if it has histograms
 * too. */
const double *window_floats(const struct window *w, double *scratch, size_t *n);

/* h NULL: nothing is put. */
static inline void put_hist(struct eval *ev, struct row *r, size_t i, const struct histogram *h)
{
	if (!h)
		return;
	r->v[i] = 0;
	eval_hist_column(ev, r)[i] = h;
}

/* Annotations, at the place of the range's expression, with its metric's name. */
void note_mixed(struct eval *ev, const struct range_set *rs, const struct range *r);
void note_ignored(struct eval *ev, const struct range_set *rs, const struct range *r);
void note_schemas(struct eval *ev, const struct range_set *rs, const struct range *r);
void note_not_counter(struct eval *ev, const struct range_set *rs, const struct range *r);
void note_not_gauge(struct eval *ev, const struct range_set *rs, const struct range *r);
/* `what`: "addition", "subtraction", "aggregation". */
void note_told(struct eval *ev, const struct range_set *rs, const struct histogram_told *told,
	       const char *what);

#endif
