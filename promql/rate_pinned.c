/*
 * Rates between pinned ends. `anchored` takes the last sample at or before each end of the window,
 * `smoothed` interpolates there; nothing is extrapolated. Floats and histograms follow the same
 * path: pairs of neighbours, the outer two of which may count in part.
 */
#include "promql/rate.h"

/* The samples first .. last span the window. Ends that lie between two samples are `left` of the
 * way from first to first + 1, `right` of the way from last - 1 to last. */
struct pins {
	size_t first, last;
	double left, right;
	bool cut_left, cut_right;
};

static double share(const struct points *p, size_t k, ms_t t)
{
	return (double)(t - p->t[k]) / (double)(p->t[k + 1] - p->t[k]);
}

static bool pin(const struct eval *ev, const struct range_set *rs, const struct window *w,
		struct pins *out)
{
	const struct points *p = w->p;
	ms_t lookback = ev->o->lookback;

	*out = (struct pins){.first = w->from, .last = w->to - 1};
	if (!rs->smoothed && w->from == w->to)
		return false;
	if (w->from > 0 && p->t[w->from - 1] > w->start - lookback)
		out->first = w->from - 1;
	if (rs->smoothed && w->to < p->n && (w->to == 0 || p->t[w->to - 1] < w->end) &&
	    p->t[w->to] <= w->end + lookback) {
		out->last = w->to;
		out->cut_right = true;
	}
	if (out->first > out->last || out->last >= p->n || p->t[out->last] <= w->start ||
	    p->t[out->first] > w->end)
		return false;
	if (out->first == out->last)
		out->cut_right = false;
	out->cut_left = rs->smoothed && p->t[out->first] < w->start && out->first < out->last;
	if (out->cut_left)
		out->left = share(p, out->first, w->start);
	if (out->cut_right)
		out->right = share(p, out->last - 1, w->end);
	return true;
}

/* ---- floats -----------------------------------------------------------------------------------
 */

static bool falls(const struct eval *ev, const struct points *p, size_t k, struct rate_kind kind)
{
	return kind.counter && rate_is_reset(ev, p, k + 1);
}

static double float_growth(const struct eval *ev, const struct points *p, const struct pins *at,
			   struct rate_kind kind)
{
	const double *v = p->v;
	double sum = 0;

	for (size_t k = at->first; k < at->last; k++) {
		/* Over a restart only what was counted after it grew. */
		double base = falls(ev, p, k, kind) ? 0 : v[k];
		double from = k == at->first && at->cut_left ? at->left : 0;
		double to = k == at->last - 1 && at->cut_right ? at->right : 1;

		sum += (v[k + 1] - base) * (to - from);
	}
	return sum;
}

/* ---- histograms -------------------------------------------------------------------------------
 */

static bool hist_growth(struct eval *ev, const struct range_set *rs, const struct range *r,
			const struct pins *at, struct rate_kind kind, struct histogram **out)
{
	const struct histogram *const *h = r->p.h;
	struct histogram_told told = {0};

	*out = histogram_scale(ev->a, h[at->last], 0);
	for (size_t k = at->first; k < at->last; k++) {
		struct histogram *part = histogram_dup(ev->a, h[k + 1]);
		double from = k == at->first && at->cut_left ? at->left : 0;
		double to = k == at->last - 1 && at->cut_right ? at->right : 1;

		if (!falls(ev, &r->p, k, kind) &&
		    !histogram_add(ev->a, part, h[k], -1, &part, &told))
			return false;
		part = histogram_scale(ev->a, part, to - from);
		if (!histogram_add(ev->a, *out, part, 1, out, &told))
			return false;
	}
	told.reset_collision = false;
	note_told(ev, rs, &told, "subtraction");
	return true;
}

/* NULL: noted why there is none. */
static const struct histogram *hist_rate(struct eval *ev, const struct range_set *rs,
					 const struct range *r, const struct pins *at,
					 struct rate_kind kind)
{
	struct histogram *h;
	double factor = kind.per_second ? 1 / ((double)rs->range / 1e3) : 1;

	rate_note_hints(ev, rs, r, at->first, at->last + 1, kind.counter);
	if (hist_growth(ev, rs, r, at, kind, &h))
		return rate_finish(ev, h, factor);
	note_schemas(ev, rs, r);
	return NULL;
}

bool rate_pinned(struct eval *ev, const struct range_set *rs, const struct range *r,
		 struct rate_kind kind, struct row *out)
{
	struct window w = window_first(&r->p);

	for (size_t i = 0; i < ev->grid.n; i++) {
		struct window all;
		struct pins at;
		size_t hists;

		window_move(ev, rs, &w, i);
		if (!pin(ev, rs, &w, &at))
			continue;
		all = (struct window){.p = &r->p, .from = at.first, .to = at.last + 1};
		hists = window_hists(&all);
		if (hists && hists < all.to - all.from) {
			note_mixed(ev, rs, r);
		} else if (hists) {
			put_hist(ev, out, i, hist_rate(ev, rs, r, &at, kind));
		} else {
			out->v[i] = float_growth(ev, &r->p, &at, kind);
			if (kind.per_second)
				out->v[i] /= (double)rs->range / 1e3;
		}
		if (!eval_work(ev, all.to - all.from))
			return false;
	}
	return true;
}
