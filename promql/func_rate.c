/*
 * Rates of change. Where a counter restarted is found once for a series; a window then costs only
 * its two ends and the restarts in it. Extrapolation to the window's edges and start timestamps
 * are Prometheus's.
 */
#include <math.h>

#include "promql/rate.h"

/* ---- resets -----------------------------------------------------------------------------------
 */

static ms_t start_of(const struct eval *ev, const struct points *p, size_t k)
{
	if (!ev->o->start_timestamps || !p->st || p->st[k] >= p->t[k])
		return 0;
	return p->st[k];
}

/* A start after the sample before, or at it where that one had another start of its own. */
static bool started_anew(const struct eval *ev, const struct points *p, size_t k)
{
	ms_t start = start_of(ev, p, k), before = p->t[k - 1];

	if (start == 0)
		return false;
	return start > before || (start == before && start_of(ev, p, k - 1) != 0);
}

bool rate_is_reset(const struct eval *ev, const struct points *p, size_t k)
{
	const struct histogram *h = p->h ? p->h[k] : NULL, *prev = p->h ? p->h[k - 1] : NULL;

	if (p->st && started_anew(ev, p, k))
		return true;
	if (h && prev)
		return histogram_resets(h, prev);
	return !h && !prev && p->v[k] < p->v[k - 1];
}

static void note_overlaps(struct eval *ev, const struct range_set *rs, const struct range *r,
			  const struct window *w)
{
	const struct points *p = &r->p;
	struct str name = eval_metric_name(r->labels);

	for (size_t k = w->from + 1; p->st && k < w->to; k++) {
		ms_t start = start_of(ev, p, k);

		if (start && start < p->t[k - 1] && start != p->st[k - 1])
			notes_warn(ev->notes, rs->e->start,
				   "sample has start time that overlaps with previous sample "
				   "timestamp for metric \"%.*s\"",
				   STR_ARG(name));
	}
}

/* The indices at which the series restarted, ascending. */
struct resets {
	size_t *v;
	size_t n;
	size_t next; /* the first one that is in the window */
};

static struct resets resets_of(struct eval *ev, const struct points *p)
{
	struct resets out = {0};

	for (size_t k = 1; k < p->n; k++)
		out.n += rate_is_reset(ev, p, k);
	out.v = ARENA_ARRAY(ev->a, size_t, out.n);
	out.n = 0;
	for (size_t k = 1; k < p->n; k++) {
		if (rate_is_reset(ev, p, k))
			out.v[out.n++] = k;
	}
	return out;
}

/* ---- extrapolation ----------------------------------------------------------------------------
 */

/* Where the first sample of a window grew from zero, if its start is known to lie in the window. */
static ms_t zero_of(const struct eval *ev, const struct window *w, struct rate_kind kind)
{
	ms_t start = kind.counter ? start_of(ev, w->p, w->from) : 0;

	return start && start > w->start ? start : MS_NONE;
}

/* How much more the whole window has than its samples. `first` is the first sample's value,
 * `result` the growth that was seen. */
static double extrapolation(const struct window *w, struct rate_kind kind, ms_t zero, double first,
			    double result)
{
	ms_t t0 = w->p->t[w->from], t1 = w->p->t[w->to - 1];
	size_t gaps = w->to - w->from - 1;
	double average = gaps ? (double)(t1 - t0) / 1e3 / (double)gaps : 0;
	double sampled = (double)(t1 - (zero == MS_NONE ? t0 : zero)) / 1e3;
	double to_start = (double)(t0 - w->start) / 1e3, to_end = (double)(w->end - t1) / 1e3;

	if (to_start >= average * 1.1)
		to_start = average / 2;
	if (kind.counter && result > 0 && first >= 0)
		to_start = MIN(to_start, sampled * (first / result));
	if (zero != MS_NONE)
		to_start = 0;
	if (to_end >= average * 1.1)
		to_end = average / 2;
	return (sampled + to_start + to_end) / sampled;
}

/* ---- floats -----------------------------------------------------------------------------------
 */

static double rate_of_floats(struct eval *ev, const struct range_set *rs, const struct window *w,
			     struct rate_kind kind, struct resets *resets)
{
	const double *v = w->p->v;
	ms_t zero = w->from < w->to ? zero_of(ev, w, kind) : MS_NONE;
	double result;

	if (w->to - w->from < (zero == MS_NONE ? 2 : 1))
		return stale_nan();
	result = v[w->to - 1] - (zero == MS_NONE ? v[w->from] : 0);
	while (resets->next < resets->n && resets->v[resets->next] <= w->from)
		resets->next++;
	for (size_t k = resets->next; k < resets->n && resets->v[k] < w->to; k++)
		result += v[resets->v[k] - 1];
	result *= extrapolation(w, kind, zero, v[w->from], result);
	return kind.per_second ? result / ((double)rs->range / 1e3) : result;
}

/* ---- histograms -------------------------------------------------------------------------------
 */

void rate_note_hints(struct eval *ev, const struct range_set *rs, const struct range *r,
		     size_t from, size_t to, bool counter)
{
	const struct histogram *const *h = r->p.h;

	for (size_t k = from; counter && k < to; k++) {
		if (h[k]->reset == RESET_GAUGE)
			note_not_counter(ev, rs, r);
	}
	if (!counter && (h[from]->reset != RESET_GAUGE || h[to - 1]->reset != RESET_GAUGE))
		note_not_gauge(ev, rs, r);
}

const struct histogram *rate_finish(struct eval *ev, const struct histogram *h, double factor)
{
	struct histogram *out = histogram_compact(ev->a, histogram_scale(ev->a, h, factor));

	out->reset = RESET_GAUGE;
	return out;
}

/* All that is looked at is of one family of schemas; *schema is the coarsest. */
static bool one_kind(const struct window *w, size_t from, int32_t *schema)
{
	const struct histogram *const *h = w->p->h;

	*schema = h[w->to - 1]->schema;
	for (size_t k = from; k < w->to; k++) {
		if (histogram_is_custom(h[k]) != histogram_is_custom(h[w->to - 1]))
			return false;
		*schema = MIN(*schema, h[k]->schema);
	}
	return true;
}

/* to + sign * h, noting what had to be reconciled. */
static bool combine(struct eval *ev, const struct range_set *rs, struct histogram **to,
		    const struct histogram *h, int sign)
{
	struct histogram_told told = {0};

	if (!histogram_add(ev->a, *to, h, sign, to, &told))
		return false;
	told.reset_collision = false;
	note_told(ev, rs, &told, sign > 0 ? "addition" : "subtraction");
	return true;
}

/* The growth within a window, resets made up for; NULL: noted why there is none. */
static struct histogram *growth(struct eval *ev, const struct range_set *rs, const struct range *r,
				const struct window *w, struct rate_kind kind, bool from_zero)
{
	const struct histogram *const *h = r->p.h;
	bool first_falls =
		kind.counter && w->to - w->from > 1 && rate_is_reset(ev, &r->p, w->from + 1);
	bool skip_first = first_falls && !from_zero;
	struct histogram *out;
	bool ok = true;
	int32_t schema;

	rate_note_hints(ev, rs, r, w->from, w->to, kind.counter);
	if (!one_kind(w, w->from + skip_first, &schema)) {
		note_schemas(ev, rs, r);
		return NULL;
	}
	out = histogram_at_schema(ev->a, h[w->to - 1], schema);
	if (!from_zero && !skip_first)
		ok = combine(ev, rs, &out, h[w->from], -1);
	for (size_t k = w->from + 1 + skip_first; kind.counter && ok && k < w->to; k++) {
		if (rate_is_reset(ev, &r->p, k))
			ok = combine(ev, rs, &out, h[k - 1], 1);
	}
	if (!ok)
		note_schemas(ev, rs, r);
	return ok ? out : NULL;
}

/* NULL: there is no result. */
static const struct histogram *rate_of_hists(struct eval *ev, const struct range_set *rs,
					     const struct range *r, const struct window *w,
					     struct rate_kind kind)
{
	ms_t zero = zero_of(ev, w, kind);
	struct histogram *h;
	double factor;

	if (w->to - w->from < (zero == MS_NONE ? 2 : 1))
		return NULL;
	h = growth(ev, rs, r, w, kind, zero != MS_NONE);
	if (!h)
		return NULL;
	factor = extrapolation(w, kind, zero, r->p.h[w->from]->count, h->count);
	if (kind.per_second)
		factor /= (double)rs->range / 1e3;
	return rate_finish(ev, h, factor);
}

/* ---- rate, increase, delta --------------------------------------------------------------------
 */

static void note_name(struct eval *ev, const struct range_set *rs, const struct range *r,
		      const struct row *out)
{
	static const char *const ENDS[] = {"_total", "_sum", "_count", "_bucket"};
	struct str name = eval_metric_name(r->labels);
	bool counter = name.n == 0, floats = false;

	for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
		counter |= str_ends(name, ENDS[i]);
	for (size_t i = 0; !counter && !floats && i < ev->grid.n; i++)
		floats = row_has(out, i) && !row_hist(out, i);
	if (!counter && floats)
		notes_info(ev->notes, rs->e->start,
			   "metric might not be a counter, name does not end in "
			   "_total/_sum/_count/_bucket: \"%.*s\"",
			   STR_ARG(name));
}

static bool rate_row(struct eval *ev, const struct range_set *rs, const struct range *r,
		     struct rate_kind kind, struct row *out)
{
	struct resets resets = {0};
	struct window w = window_first(&r->p);

	if (kind.counter)
		resets = resets_of(ev, &r->p);
	for (size_t i = 0; i < ev->grid.n; i++) {
		size_t hists;

		window_move(ev, rs, &w, i);
		if (w.from == w.to)
			continue;
		if (r->p.st && kind.counter)
			note_overlaps(ev, rs, r, &w);
		hists = window_hists(&w);
		if (hists == 0)
			out->v[i] = rate_of_floats(ev, rs, &w, kind, &resets);
		else if (hists < w.to - w.from)
			note_mixed(ev, rs, r);
		else
			put_hist(ev, out, i, rate_of_hists(ev, rs, r, &w, kind));
		if (hists && !eval_work(ev, hists))
			return false;
	}
	return true;
}

static bool any_rate(struct call *c, const struct range_set *rs, const struct range *r,
		     struct rate_kind kind, struct row *out)
{
	bool ok = rs->anchored || rs->smoothed ? rate_pinned(c->ev, rs, r, kind, out)
					       : rate_row(c->ev, rs, r, kind, out);

	if (ok && kind.counter)
		note_name(c->ev, rs, r, out);
	return ok;
}

static bool rate_range(struct call *c, const struct range_set *rs, const struct range *r,
		       struct row *out)
{
	return any_rate(c, rs, r, (struct rate_kind){.counter = true, .per_second = true}, out);
}

static bool increase_range(struct call *c, const struct range_set *rs, const struct range *r,
			   struct row *out)
{
	return any_rate(c, rs, r, (struct rate_kind){.counter = true}, out);
}

static bool delta_range(struct call *c, const struct range_set *rs, const struct range *r,
			struct row *out)
{
	return any_rate(c, rs, r, (struct rate_kind){0}, out);
}

static bool is_hist(const struct points *p, size_t k)
{
	return p->h && p->h[k];
}

/* ---- irate, idelta ----------------------------------------------------------------------------
 */

/* The difference of the last two histograms times factor; NULL: noted why not. */
static const struct histogram *last_growth(struct eval *ev, const struct range_set *rs,
					   const struct range *r, size_t last, double factor,
					   bool counter)
{
	const struct histogram *const *h = r->p.h;
	struct histogram *out = histogram_dup(ev->a, h[last]);

	rate_note_hints(ev, rs, r, last - 1, last + 1, counter);
	if (counter && rate_is_reset(ev, &r->p, last))
		return rate_finish(ev, out, factor);
	if (histogram_is_custom(h[last]) != histogram_is_custom(h[last - 1])) {
		note_schemas(ev, rs, r);
		return NULL;
	}
	return combine(ev, rs, &out, h[last - 1], -1) ? rate_finish(ev, out, factor) : NULL;
}

static double float_difference(const struct eval *ev, const struct points *p, size_t last,
			       bool counter)
{
	if (counter && rate_is_reset(ev, p, last))
		return p->v[last];
	return p->v[last] - p->v[last - 1];
}

static bool last_two(struct call *c, const struct range_set *rs, const struct range *r,
		     bool counter, struct row *out)
{
	struct window w = window_first(&r->p);
	const struct points *p = &r->p;

	for (size_t i = 0; i < c->ev->grid.n; i++) {
		size_t last;
		double factor;

		window_move(c->ev, rs, &w, i);
		if (w.to - w.from < 2)
			continue;
		last = w.to - 1;
		factor = counter ? 1e3 / (double)(p->t[last] - p->t[last - 1]) : 1;
		if (is_hist(p, last) != is_hist(p, last - 1))
			note_mixed(c->ev, rs, r);
		else if (is_hist(p, last))
			put_hist(c->ev, out, i, last_growth(c->ev, rs, r, last, factor, counter));
		else
			out->v[i] = float_difference(c->ev, p, last, counter) * factor;
	}
	return true;
}

static bool irate_range(struct call *c, const struct range_set *rs, const struct range *r,
			struct row *out)
{
	return last_two(c, rs, r, true, out);
}

static bool idelta_range(struct call *c, const struct range_set *rs, const struct range *r,
			 struct row *out)
{
	return last_two(c, rs, r, false, out);
}

/* ---- changes, resets --------------------------------------------------------------------------
 */

static bool is_change(const struct eval *ev ATTR_UNUSED, const struct points *p, size_t k)
{
	if (is_hist(p, k) != is_hist(p, k - 1))
		return true;
	if (is_hist(p, k))
		return !histogram_eq(p->h[k], p->h[k - 1]);
	return p->v[k] != p->v[k - 1] && !(isnan(p->v[k]) && isnan(p->v[k - 1]));
}

static bool is_restart(const struct eval *ev, const struct points *p, size_t k)
{
	return is_hist(p, k) != is_hist(p, k - 1) || rate_is_reset(ev, p, k);
}

/* How often `happens` between neighbours in a window; `before[k]`: how often up to sample k. */
static bool count_pairs(struct call *c, const struct range_set *rs, const struct range *r,
			bool (*happens)(const struct eval *ev, const struct points *p, size_t k),
			struct row *out)
{
	uint32_t *before = ARENA_ARRAY(c->ev->a, uint32_t, r->p.n);
	struct window w = window_first(&r->p);

	for (size_t k = 1; k < r->p.n; k++)
		before[k] = before[k - 1] + happens(c->ev, &r->p, k);
	for (size_t i = 0; i < c->ev->grid.n; i++) {
		size_t from;

		window_move(c->ev, rs, &w, i);
		from = w.from;
		if (from == w.to)
			continue;
		if (rs->anchored && from > 0 && r->p.t[from - 1] > w.start - c->ev->o->lookback)
			from--;
		out->v[i] = before[w.to - 1] - before[from];
	}
	return true;
}

static bool changes_range(struct call *c, const struct range_set *rs, const struct range *r,
			  struct row *out)
{
	return count_pairs(c, rs, r, is_change, out);
}

static bool resets_range(struct call *c, const struct range_set *rs, const struct range *r,
			 struct row *out)
{
	return count_pairs(c, rs, r, is_restart, out);
}

#define OF_RANGE(name) \
	static bool rate_##name(struct call *c, struct vec *out) \
	{ \
		return each_range(c, 0, name##_range, out); \
	}

OF_RANGE(changes)
OF_RANGE(delta)
OF_RANGE(idelta)
OF_RANGE(increase)
OF_RANGE(irate)
OF_RANGE(rate)
OF_RANGE(resets)

const struct func FUNCS_RATE[] = {
	{"changes", rate_changes, FUNC_ANCHORED},
	{"delta", rate_delta, FUNC_ANCHORED | FUNC_SMOOTHED},
	{"idelta", rate_idelta, 0},
	{"increase", rate_increase, FUNC_ANCHORED | FUNC_SMOOTHED},
	{"irate", rate_irate, 0},
	{"rate", rate_rate, FUNC_ANCHORED | FUNC_SMOOTHED},
	{"resets", rate_resets, FUNC_ANCHORED},
	{0},
};
