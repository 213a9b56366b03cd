/* Obvious, not fast. */
#include "tests/unit/slow_eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "promql/functions.h"
#include "promql/matcher.h"
#include "promql/series.h"

#define LOOKBACK (5 * MINUTE)

struct slow_range {
	struct labels labels;
	struct slow_sample *v;
	size_t n;
};

static void push(struct slow *s, struct slow_vector *out, struct labels labels, double v)
{
	if (out->n == out->cap) {
		struct slow_element *old = out->v;

		out->cap = out->cap ? out->cap * 2 : 8;
		out->v = ARENA_ARRAY(s->a, struct slow_element, out->cap);
		if (out->n)
			memcpy(out->v, old, out->n * sizeof(*old));
	}
	out->v[out->n++] = (struct slow_element){labels, v};
}

static bool unique(const struct slow_vector *v)
{
	for (size_t i = 0; i < v->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (labels_eq(v->v[i].labels, v->v[k].labels))
				return false;
		}
	}
	return true;
}

static bool nameless(struct slow *s, struct slow_vector *v)
{
	for (size_t i = 0; i < v->n; i++)
		v->v[i].labels = labels_without_name(s->a, v->v[i].labels);
	return unique(v);
}

static ms_t when(const struct slow *s, const struct expr_time *time, ms_t t)
{
	if (time->at_kind == AT_TIME)
		t = time->at;
	if (time->at_kind == AT_START)
		t = s->start;
	if (time->at_kind == AT_END)
		t = s->end;
	return t - time->offset;
}

static bool selected(const struct expr *e, struct labels labels)
{
	bool yes = true;

	for (size_t i = 0; yes && i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];

		CHECK(matcher_test(m, labels_get(labels, m->name), &yes, NULL));
	}
	return yes;
}

static bool selector(struct slow *s, const struct expr *e, ms_t t, bool times,
		     struct slow_vector *out)
{
	ms_t at = when(s, &e->u.selector.time, t);

	for (size_t i = 0; i < s->n; i++) {
		const struct slow_sample *last = NULL;

		if (!selected(e, s->series[i].labels))
			continue;
		for (size_t k = 0; k < s->series[i].n; k++) {
			const struct slow_sample *p = &s->series[i].v[k];

			if (p->t <= at && p->t > at - LOOKBACK)
				last = p;
		}
		if (last && !last->stale)
			push(s, out, s->series[i].labels, times ? (double)last->t / 1e3 : last->v);
	}
	return true;
}

/* ---- ranges ------------------------------------------------------------------------------------
 */

struct ranges {
	struct slow_range *v;
	size_t n;
	ms_t start, end; /* (start, end] */
	ms_t t;		 /* of the evaluation */
	double param;	 /* of the function */
};

static void add_point(struct slow *s, struct ranges *r, struct labels labels, ms_t t, double v)
{
	struct slow_range *at = NULL;

	for (size_t i = 0; i < r->n; i++) {
		if (labels_eq(r->v[i].labels, labels))
			at = &r->v[i];
	}
	if (!at) {
		struct slow_range *old = r->v;

		r->v = ARENA_ARRAY(s->a, struct slow_range, r->n + 1);
		if (r->n)
			memcpy(r->v, old, r->n * sizeof(*old));
		at = &r->v[r->n++];
		at->labels = labels;
		at->v = ARENA_ARRAY(s->a, struct slow_sample, 4096);
	}
	CHECK(at->n < 4096);
	at->v[at->n++] = (struct slow_sample){.t = t, .v = v};
}

static void matrix(struct slow *s, const struct expr *e, ms_t t, struct ranges *r)
{
	const struct expr *sel = e->u.matrix.selector;

	r->end = when(s, &sel->u.selector.time, t);
	r->start = r->end - e->u.matrix.range;
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->series[i].n && selected(sel, s->series[i].labels); k++) {
			const struct slow_sample *p = &s->series[i].v[k];

			if (p->t > r->start && p->t <= r->end && !p->stale)
				add_point(s, r, s->series[i].labels, p->t, p->v);
		}
	}
}

static bool subquery(struct slow *s, const struct expr *e, ms_t t, struct ranges *r)
{
	ms_t step = e->u.subquery.step ? e->u.subquery.step : MINUTE;

	r->end = when(s, &e->u.subquery.time, t);
	r->start = r->end - e->u.subquery.range;
	for (ms_t at = r->start - (r->start % step) - step; at <= r->end; at += step) {
		struct slow_vector v = {0};

		if (at <= r->start)
			continue;
		if (!slow_eval(s, e->u.subquery.expr, at, &v))
			return false;
		for (size_t i = 0; i < v.n; i++)
			add_point(s, r, v.v[i].labels, at, v.v[i].v);
	}
	return true;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

static double quantile(struct slow *s, double q, const double *values, size_t n)
{
	double *v = ARENA_ARRAY(s->a, double, n + 1), rank;
	size_t at;

	if (n == 0 || isnan(q))
		return (double)NAN;
	if (q < 0)
		return -(double)INFINITY;
	if (q > 1)
		return (double)INFINITY;
	memcpy(v, values, n * sizeof(*v));
	qsort(v, n, sizeof(*v), by_value);
	rank = q * (double)(n - 1);
	at = (size_t)rank;
	return v[at] * (1 - (rank - (double)at)) + v[MIN(at + 1, n - 1)] * (rank - (double)at);
}

static double extrapolated(const struct slow_range *p, const struct ranges *r, bool counter,
			   bool per_second)
{
	double result = p->v[p->n - 1].v - p->v[0].v;
	double sampled = (double)(p->v[p->n - 1].t - p->v[0].t) / 1e3;
	double average = sampled / (double)(p->n - 1);
	double to_start = (double)(p->v[0].t - r->start) / 1e3;
	double to_end = (double)(r->end - p->v[p->n - 1].t) / 1e3;

	for (size_t i = 1; counter && i < p->n; i++) {
		if (p->v[i].v < p->v[i - 1].v)
			result += p->v[i - 1].v;
	}
	if (to_start >= average * 1.1)
		to_start = average / 2;
	if (counter && result > 0 && p->v[0].v >= 0) {
		double to_zero = sampled * (p->v[0].v / result);

		if (to_zero < to_start)
			to_start = to_zero;
	}
	if (to_end >= average * 1.1)
		to_end = average / 2;
	result *= (sampled + to_start + to_end) / sampled;
	return per_second ? result / ((double)(r->end - r->start) / 1e3) : result;
}

static double slope(const struct slow_range *p, ms_t origin, double *intercept)
{
	double n = (double)p->n, x = 0, y = 0, xy = 0, x2 = 0, b;
	bool constant = true;

	for (size_t i = 0; i < p->n; i++) {
		double t = (double)(p->v[i].t - origin) / 1e3;

		constant = constant && p->v[i].v == p->v[0].v;
		x += t;
		y += p->v[i].v;
		xy += t * p->v[i].v;
		x2 += t * t;
	}
	if (constant) {
		*intercept = isinf(p->v[0].v) ? (double)NAN : p->v[0].v;
		return isinf(p->v[0].v) ? (double)NAN : 0;
	}
	b = (xy - x * y / n) / (x2 - x * x / n);
	*intercept = y / n - b * x / n;
	return b;
}

/* The value of a function over one window; false: none. */
static bool over(struct slow *s, const struct expr *call, const struct slow_range *p,
		 const struct ranges *r, double *out)
{
	struct str f = call->u.call.name;
	const struct slow_sample *last = &p->v[p->n - 1];
	double sum = 0, least = (double)NAN, most = (double)NAN, changes = 0, resets = 0, sq = 0;
	double *values = ARENA_ARRAY(s->a, double, p->n), intercept, mean;

	for (size_t i = 0; i < p->n; i++) {
		double v = values[i] = p->v[i].v;

		sum += v;
		least = isnan(least) || v < least ? v : least;
		most = isnan(most) || v > most ? v : most;
		if (i) {
			double before = p->v[i - 1].v;

			changes += v != before && !(isnan(v) && isnan(before));
			resets += v < before;
		}
	}
	mean = sum / (double)p->n;
	for (size_t i = 0; i < p->n; i++)
		sq += (p->v[i].v - mean) * (p->v[i].v - mean);
	if (str_is(f, "sum_over_time"))
		*out = sum;
	else if (str_is(f, "avg_over_time"))
		*out = mean;
	else if (str_is(f, "min_over_time"))
		*out = least;
	else if (str_is(f, "max_over_time"))
		*out = most;
	else if (str_is(f, "count_over_time"))
		*out = (double)p->n;
	else if (str_is(f, "last_over_time"))
		*out = last->v;
	else if (str_is(f, "first_over_time"))
		*out = p->v[0].v;
	else if (str_is(f, "present_over_time"))
		*out = 1;
	else if (str_is(f, "stdvar_over_time"))
		*out = sq / (double)p->n;
	else if (str_is(f, "stddev_over_time"))
		*out = sqrt(sq / (double)p->n);
	else if (str_is(f, "quantile_over_time"))
		*out = quantile(s, r->param, values, p->n);
	else if (str_is(f, "changes"))
		*out = changes;
	else if (str_is(f, "resets"))
		*out = resets;
	else if (p->n < 2)
		return false;
	else if (str_is(f, "rate"))
		*out = extrapolated(p, r, true, true);
	else if (str_is(f, "increase"))
		*out = extrapolated(p, r, true, false);
	else if (str_is(f, "delta"))
		*out = extrapolated(p, r, false, false);
	else if (str_is(f, "idelta"))
		*out = last->v - last[-1].v;
	else if (str_is(f, "irate"))
		*out = (last->v < last[-1].v ? last->v : last->v - last[-1].v) /
		       ((double)(last->t - last[-1].t) / 1e3);
	else if (str_is(f, "deriv"))
		*out = slope(p, p->v[0].t, &intercept);
	else if (str_is(f, "predict_linear"))
		*out = slope(p, r->t, &intercept) * r->param + intercept;
	else
		CHECK(false); /* a function that is not known */
	return true;
}

static bool range_call(struct slow *s, const struct expr *e, size_t arg, ms_t t,
		       struct slow_vector *out)
{
	const struct expr *m = expr_unwrap(e->u.call.args[arg]);
	struct ranges r = {0};
	struct slow_vector param = {0};

	if (e->u.call.n_args > 1 && !slow_eval(s, e->u.call.args[arg ? 0 : 1], t, &param))
		return false;
	if (m->kind == EXPR_MATRIX)
		matrix(s, m, t, &r);
	else if (!subquery(s, m, t, &r))
		return false;
	r.t = t;
	r.param = param.n ? param.v[0].v : 0;
	for (size_t i = 0; i < r.n; i++) {
		double v;

		if (over(s, e, &r.v[i], &r, &v))
			push(s, out, r.v[i].labels, v);
	}
	return str_is(e->u.call.name, "last_over_time") ||
	       str_is(e->u.call.name, "first_over_time") || nameless(s, out);
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static double math(struct str f, double v, double p)
{
	if (str_is(f, "abs"))
		return fabs(v);
	if (str_is(f, "ceil"))
		return ceil(v);
	if (str_is(f, "floor"))
		return floor(v);
	if (str_is(f, "sqrt"))
		return sqrt(v);
	if (str_is(f, "exp"))
		return exp(v);
	if (str_is(f, "ln"))
		return log(v);
	if (str_is(f, "sgn"))
		return v > 0 ? 1 : v < 0 ? -1 : v;
	if (str_is(f, "clamp_min"))
		return isnan(v) || isnan(p) ? (double)NAN : v < p ? p : v;
	if (str_is(f, "clamp_max"))
		return isnan(v) || isnan(p) ? (double)NAN : v > p ? p : v;
	CHECK(false); /* a function that is not known */
	return 0;
}

static bool absent(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out)
{
	const struct expr *arg = expr_unwrap(e->u.call.args[0]);
	struct slow_vector v = {0};
	struct labels_builder lb;

	if (!slow_eval(s, arg, t, &v))
		return false;
	if (v.n)
		return true;
	labels_builder_init(&lb);
	for (size_t i = 0; arg->kind == EXPR_SELECTOR && i < arg->u.selector.n_matchers; i++) {
		const struct matcher *m = &arg->u.selector.matchers[i];

		if (m->op == MATCH_EQ && !str_is(m->name, LABEL_NAME))
			labels_builder_set(&lb, m->name, m->value);
	}
	push(s, out, labels_builder_build(&lb, s->a), 1);
	labels_builder_done(&lb);
	return true;
}

static bool call(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out)
{
	struct str f = e->u.call.name;
	struct slow_vector v = {0}, p = {0};
	const struct expr *arg;

	if (str_is(f, "time")) {
		push(s, out, (struct labels){0}, (double)t / 1e3);
		out->scalar = true;
		return true;
	}
	for (size_t i = 0; i < e->u.call.n_args; i++) {
		if (e->u.call.args[i]->type == PROMQL_MATRIX)
			return range_call(s, e, i, t, out);
	}
	if (str_is(f, "absent"))
		return absent(s, e, t, out);
	arg = expr_unwrap(e->u.call.args[0]);
	if (str_is(f, "timestamp") && arg->kind == EXPR_SELECTOR)
		return selector(s, arg, t, true, out) && nameless(s, out);
	if (!slow_eval(s, arg, t, &v) ||
	    (e->u.call.n_args > 1 && !slow_eval(s, e->u.call.args[1], t, &p)))
		return false;
	if (str_is(f, "vector")) {
		*out = v;
		out->scalar = false;
		return true;
	}
	if (str_is(f, "scalar")) {
		push(s, out, (struct labels){0}, v.n == 1 ? v.v[0].v : (double)NAN);
		out->scalar = true;
		return true;
	}
	for (size_t i = 0; i < v.n; i++)
		push(s, out, v.v[i].labels,
		     str_is(f, "timestamp") ? (double)t / 1e3
					    : math(f, v.v[i].v, p.n ? p.v[0].v : 0));
	return nameless(s, out);
}

/* ---- aggregations ------------------------------------------------------------------------------
 */

static bool listed(const struct strs *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (str_eq(names->v[i], name))
			return true;
	}
	return false;
}

static struct labels pick_labels(struct slow *s, struct labels ls, const struct strs *names,
				 bool keep)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct labels out;
	struct label l;

	labels_builder_init(&lb);
	while (labels_next(ls, &it, &l)) {
		if (keep ? listed(names, l.name)
			 : !listed(names, l.name) && !str_is(l.name, LABEL_NAME))
			labels_builder_set(&lb, l.name, l.value);
	}
	out = labels_builder_build(&lb, s->a);
	labels_builder_done(&lb);
	return out;
}

static double fold(struct slow *s, enum aggregate_op op, const double *v, size_t n, double param)
{
	double sum = 0, least = (double)NAN, most = (double)NAN, sq = 0;

	for (size_t i = 0; i < n; i++) {
		sum += v[i];
		least = isnan(least) || v[i] < least ? v[i] : least;
		most = isnan(most) || v[i] > most ? v[i] : most;
	}
	for (size_t i = 0; i < n; i++)
		sq += (v[i] - sum / (double)n) * (v[i] - sum / (double)n);
	switch ((int)op) {
	case AGGR_SUM: return sum;
	case AGGR_AVG: return sum / (double)n;
	case AGGR_MIN: return least;
	case AGGR_MAX: return most;
	case AGGR_COUNT: return (double)n;
	case AGGR_GROUP: return 1;
	case AGGR_STDVAR: return sq / (double)n;
	case AGGR_STDDEV: return sqrt(sq / (double)n);
	case AGGR_QUANTILE: return quantile(s, param, v, n);
	default: CHECK(false); /* a aggregation that is not known */
	}
	return 0;
}

static bool aggregate(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out)
{
	struct slow_vector v = {0}, p = {0};
	struct labels *groups;

	if ((e->u.aggregate.param && !slow_eval(s, e->u.aggregate.param, t, &p)) ||
	    !slow_eval(s, e->u.aggregate.expr, t, &v))
		return false;
	groups = ARENA_ARRAY(s->a, struct labels, v.n + 1);
	for (size_t i = 0; i < v.n; i++)
		groups[i] = pick_labels(s, v.v[i].labels, &e->u.aggregate.grouping,
					!e->u.aggregate.without);
	for (size_t i = 0; i < v.n; i++) {
		double *values = ARENA_ARRAY(s->a, double, v.n);
		bool seen = false;
		size_t n = 0;

		for (size_t k = 0; k < v.n; k++) {
			if (!labels_eq(groups[i], groups[k]))
				continue;
			seen |= k < i;
			values[n++] = v.v[k].v;
		}
		if (!seen)
			push(s, out, groups[i],
			     fold(s, e->u.aggregate.op, values, n, p.n ? p.v[0].v : 0));
	}
	return true;
}

/* ---- operators ---------------------------------------------------------------------------------
 */

static double arithmetic(enum binary_op op, double l, double r)
{
	switch ((int)op) {
	case OP_ADD: return l + r;
	case OP_SUB: return l - r;
	case OP_MUL: return l * r;
	case OP_DIV: return l / r;
	case OP_MOD: return fmod(l, r);
	case OP_POW: return pow(l, r);
	default: return atan2(l, r);
	}
}

static bool compares(enum binary_op op, double l, double r)
{
	switch ((int)op) {
	case OP_EQ: return l == r;
	case OP_NE: return l != r;
	case OP_LT: return l < r;
	case OP_GT: return l > r;
	case OP_LE: return l <= r;
	default: return l >= r;
	}
}

/* The value of l op r, of the comparison's element `kept`; false: it is filtered out. */
static bool combine(const struct expr *e, double l, double r, double kept, double *out)
{
	if (!binary_op_is_comparison(e->u.binary.op)) {
		*out = arithmetic(e->u.binary.op, l, r);
		return true;
	}
	*out = e->u.binary.return_bool ? compares(e->u.binary.op, l, r) : kept;
	return e->u.binary.return_bool || compares(e->u.binary.op, l, r);
}

static bool drops_name(const struct expr *e)
{
	return !binary_op_is_comparison(e->u.binary.op) || e->u.binary.return_bool;
}

static bool sets(struct slow *s, const struct expr *e, const struct slow_vector *l,
		 const struct slow_vector *r, struct slow_vector *out)
{
	const struct vector_matching *m = &e->u.binary.matching;
	const struct slow_vector *sides[] = {l, r};

	for (int side = 0; side < (e->u.binary.op == OP_OR ? 2 : 1); side++) {
		for (size_t i = 0; i < sides[side]->n; i++) {
			const struct slow_element *el = &sides[side]->v[i];
			struct labels sig = pick_labels(s, el->labels, &m->labels, m->on);
			bool there = false;

			for (size_t k = 0; k < sides[!side]->n; k++)
				there |= labels_eq(sig, pick_labels(s, sides[!side]->v[k].labels,
								    &m->labels, m->on));
			if (e->u.binary.op == OP_AND	  ? there
			    : e->u.binary.op == OP_UNLESS ? !there
							  : side == 0 || !there)
				push(s, out, el->labels, el->v);
		}
	}
	return unique(out);
}

static struct labels joined(struct slow *s, const struct expr *e, struct labels many,
			    struct labels one)
{
	const struct vector_matching *m = &e->u.binary.matching;
	struct labels_builder lb;
	struct labels out;

	labels_builder_init(&lb);
	labels_builder_from(&lb, many);
	if (drops_name(e))
		labels_builder_del(&lb, STR(LABEL_NAME));
	if (m->card == CARD_ONE_TO_ONE) {
		struct labels_iter it = {0};
		struct label l;

		while (labels_next(many, &it, &l)) {
			if (listed(&m->labels, l.name) != m->on)
				labels_builder_del(&lb, l.name);
		}
	}
	if (m->card == CARD_ONE_TO_ONE && !m->on && !drops_name(e))
		labels_builder_set(&lb, STR(LABEL_NAME), labels_get(many, STR(LABEL_NAME)));
	for (size_t i = 0; i < m->include.n; i++)
		labels_builder_set(&lb, m->include.v[i], labels_get(one, m->include.v[i]));
	out = labels_builder_build(&lb, s->a);
	labels_builder_done(&lb);
	return out;
}

static bool vectors(struct slow *s, const struct expr *e, const struct slow_vector *l,
		    const struct slow_vector *r, struct slow_vector *out)
{
	const struct vector_matching *m = &e->u.binary.matching;
	bool swapped = m->card == CARD_ONE_TO_MANY;
	const struct slow_vector *many = swapped ? r : l, *one = swapped ? l : r;
	struct labels *results = ARENA_ARRAY(s->a, struct labels, many->n + 1);
	struct labels *sigs = ARENA_ARRAY(s->a, struct labels, many->n + 1);
	size_t n = 0;

	if (many->n == 0 || one->n == 0)
		return true;
	for (size_t i = 0; i < one->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (labels_eq(pick_labels(s, one->v[i].labels, &m->labels, m->on),
				      pick_labels(s, one->v[k].labels, &m->labels, m->on)))
				return false;
		}
	}
	for (size_t i = 0; i < many->n; i++) {
		struct labels sig = pick_labels(s, many->v[i].labels, &m->labels, m->on);

		for (size_t k = 0; k < one->n; k++) {
			double lv = swapped ? one->v[k].v : many->v[i].v, v;
			double rv = swapped ? many->v[i].v : one->v[k].v;
			struct labels result;

			if (!labels_eq(sig, pick_labels(s, one->v[k].labels, &m->labels, m->on)) ||
			    !combine(e, lv, rv, lv, &v))
				continue;
			result = joined(s, e, many->v[i].labels, one->v[k].labels);
			for (size_t j = 0; j < n; j++) {
				if (labels_eq(sigs[j], sig) &&
				    (m->card == CARD_ONE_TO_ONE || labels_eq(results[j], result)))
					return false;
			}
			sigs[n] = sig;
			results[n++] = result;
			push(s, out, result, v);
		}
	}
	return unique(out);
}

static bool binary(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out)
{
	struct slow_vector l = {0}, r = {0};
	double v;

	if (!slow_eval(s, e->u.binary.lhs, t, &l) || !slow_eval(s, e->u.binary.rhs, t, &r))
		return false;
	if (l.scalar && r.scalar) {
		combine(e, l.v[0].v, r.v[0].v, 0, &v);
		push(s, out, (struct labels){0}, v);
		out->scalar = true;
		return true;
	}
	if (!l.scalar && !r.scalar)
		return binary_op_is_set(e->u.binary.op) ? sets(s, e, &l, &r, out)
							: vectors(s, e, &l, &r, out);
	for (size_t i = 0; i < (l.scalar ? r.n : l.n); i++) {
		const struct slow_element *el = l.scalar ? &r.v[i] : &l.v[i];
		double lv = l.scalar ? l.v[0].v : el->v, rv = l.scalar ? el->v : r.v[0].v;

		if (combine(e, lv, rv, el->v, &v))
			push(s, out, el->labels, v);
	}
	return !drops_name(e) || nameless(s, out);
}

bool slow_eval(struct slow *s, const struct expr *e, ms_t t, struct slow_vector *out)
{
	e = expr_unwrap(e);
	switch ((int)e->kind) {
	case EXPR_NUMBER:
		push(s, out, (struct labels){0}, e->u.number.v);
		out->scalar = true;
		return true;
	case EXPR_SELECTOR: return selector(s, e, t, false, out);
	case EXPR_CALL: return call(s, e, t, out);
	case EXPR_AGGREGATE: return aggregate(s, e, t, out);
	case EXPR_BINARY: return binary(s, e, t, out);
	case EXPR_UNARY:
		if (!slow_eval(s, e->u.unary.expr, t, out))
			return false;
		for (size_t i = 0; e->u.unary.op == OP_SUB && i < out->n; i++)
			out->v[i].v = -out->v[i].v;
		return out->scalar || e->u.unary.op == OP_ADD || nameless(s, out);
	default: CHECK(false); /* a node that is not known */
	}
	return false;
}
