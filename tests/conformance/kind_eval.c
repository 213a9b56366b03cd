/*
 * Kind promql: scripts of loads and evals through the engine. Each instant eval is also run with
 * `@` on its selectors at other times, and each of these as a range query.
 */
#include "tests/conformance/conformance.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "promql/engine.h"
#include "promql/functions.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "tests/conformance/eval_script.h"

struct run {
	const struct eval_case *c;
	struct script *s;
	struct arena a;
	struct notes notes;
	struct err err;
	struct result result;
	bool ok;
	char why[1024];
};

static bool differs(struct run *r, const char *fmt, ...) ATTR_PRINTF(2, 3);
static bool differs(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- comparing --------------------------------------------------------------------------------
 */

#define SMALLEST 0x1p-1022

static bool floats_equal(double a, double b)
{
	double sum = fabs(a) + fabs(b), diff = fabs(a - b);

	if (is_stale(a) || is_stale(b))
		return is_stale(a) && is_stale(b);
	if ((isnan(a) && isnan(b)) || a == b)
		return true;
	if (a == 0 || b == 0 || sum < SMALLEST)
		return diff < 1e-6 * SMALLEST;
	return diff / MIN(sum, 1.7976931348623157e308) < 1e-6;
}

static bool buckets_equal(const struct histogram_buckets *a, const struct histogram_buckets *b)
{
	struct histogram_iter ia = {.b = a}, ib = {.b = b};
	bool more;

	while ((more = histogram_next(&ia)) == histogram_next(&ib) && more) {
		if (ia.index != ib.index || !floats_equal(ia.count, ib.count))
			return false;
	}
	return !more && a->n_counts == b->n_counts;
}

static bool histograms_equal(struct arena *a, const struct histogram *x, const struct histogram *y,
			     bool hint)
{
	x = histogram_compact(a, x);
	y = histogram_compact(a, y);
	if (x->schema != y->schema || x->zero_threshold != y->zero_threshold ||
	    x->n_custom_values != y->n_custom_values || (hint && x->reset != y->reset))
		return false;
	for (size_t i = 0; i < x->n_custom_values; i++) {
		if (x->custom_values[i] != y->custom_values[i])
			return false;
	}
	return floats_equal(x->count, y->count) && floats_equal(x->sum, y->sum) &&
	       floats_equal(x->zero_count, y->zero_count) && buckets_equal(&x->pos, &y->pos) &&
	       buckets_equal(&x->neg, &y->neg);
}

static void put_sample(struct buf *b, double v, const struct histogram *h)
{
	if (h)
		histogram_put(b, h);
	else
		buf_printf(b, "%.17g", v);
}

static bool sample_equal(struct run *r, struct labels labels, const struct series_value *want,
			 const struct points *p, size_t k)
{
	const struct histogram *h = p->h ? p->h[k] : NULL;
	struct buf b;

	if (want->hist ? h && histograms_equal(&r->a, want->hist, h, want->reset_hint_set)
		       : !h && floats_equal(want->v, p->v[k]))
		return true;
	buf_init(&b, sizeof(r->why));
	labels_put(&b, labels, true);
	buf_printf(&b, " at %g: expected ", (double)p->t[k] / 1e3);
	put_sample(&b, want->v, want->hist);
	buf_adds(&b, ", got ");
	put_sample(&b, p->v[k], h);
	differs(r, "%s", buf_cstr(&b));
	buf_done(&b);
	return false;
}

static const struct result_series *result_find(const struct result *res, struct labels labels)
{
	for (size_t k = 0; k < res->n; k++) {
		if (labels_eq(res->v[k].labels, labels))
			return &res->v[k];
	}
	return NULL;
}

static bool say_labels(struct run *r, const char *what, struct labels labels)
{
	struct buf b;

	buf_init(&b, sizeof(r->why));
	labels_put(&b, labels, true);
	differs(r, "%s %s", what, buf_cstr(&b));
	buf_done(&b);
	return false;
}

/* A row of values against a series: value i stands at start + i * step. */
static bool row_equal(struct run *r, const struct series_desc *want,
		      const struct result_series *got)
{
	size_t k = 0;

	for (size_t i = 0; i < want->n; i++) {
		ms_t t = r->c->rows_start + (ms_t)i * r->c->rows_step;

		if (want->values[i].omitted)
			continue;
		if (k == got->points.n || got->points.t[k] != t)
			return say_labels(r, "a value is missing or too many:", want->labels);
		if (!sample_equal(r, want->labels, &want->values[i], &got->points, k++))
			return false;
	}
	return k == got->points.n || say_labels(r, "too many values:", want->labels);
}

static bool matrix_equal(struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->c->n_rows; i++) {
		const struct series_desc *want = &r->c->rows[i];
		const struct result_series *got = result_find(&r->result, want->labels);
		bool any = false;

		for (size_t k = 0; k < want->n; k++)
			any |= !want->values[k].omitted;
		if (!got && any)
			return say_labels(r, "missing:", want->labels);
		if (got && !row_equal(r, want, got))
			return false;
		n += got != NULL;
	}
	for (size_t k = 1; k < r->result.n; k++) {
		if (labels_cmp(r->result.v[k - 1].labels, r->result.v[k].labels) >= 0)
			return differs(r, "the result is not sorted");
	}
	for (size_t k = 0; k < r->result.n; k++) {
		bool wanted = false;

		for (size_t i = 0; i < r->c->n_rows; i++)
			wanted |= labels_eq(r->c->rows[i].labels, r->result.v[k].labels);
		if (!wanted)
			return say_labels(r, "not expected:", r->result.v[k].labels);
	}
	return n == r->result.n || differs(r, "%zu series instead of %zu", r->result.n, n);
}

/* The point at time t of a series; -1: none. */
static ptrdiff_t point_at(const struct points *p, ms_t t)
{
	for (size_t k = 0; k < p->n; k++) {
		if (p->t[k] == t)
			return (ptrdiff_t)k;
	}
	return -1;
}

static bool vector_equal(struct run *r, ms_t t)
{
	size_t n = 0;

	for (size_t k = 0; k < r->result.n; k++)
		n += point_at(&r->result.v[k].points, t) >= 0;
	for (size_t i = 0; i < r->c->n_rows; i++) {
		const struct series_desc *want = &r->c->rows[i];
		const struct result_series *got = result_find(&r->result, want->labels);
		ptrdiff_t at = got ? point_at(&got->points, t) : -1;

		if (at < 0)
			return say_labels(r, "missing:", want->labels);
		if (!sample_equal(r, want->labels, &want->values[0], &got->points, (size_t)at))
			return false;
		if (r->c->ordered && got != &r->result.v[i])
			return say_labels(r, "not in its place:", want->labels);
	}
	if (n == r->c->n_rows)
		return true;
	for (size_t k = 0; k < r->result.n; k++) {
		bool wanted = false;

		for (size_t i = 0; i < r->c->n_rows; i++)
			wanted |= labels_eq(r->c->rows[i].labels, r->result.v[k].labels);
		if (!wanted)
			return say_labels(r, "not expected:", r->result.v[k].labels);
	}
	return differs(r, "%zu series instead of %zu", n, r->c->n_rows);
}

static bool number_equal(struct run *r, ms_t t)
{
	ptrdiff_t at = r->result.n == 1 ? point_at(&r->result.v[0].points, t) : -1;

	if (at < 0)
		return differs(r, "no scalar");
	if (!floats_equal(r->c->number, r->result.v[0].points.v[at]))
		return differs(r, "expected %g, got %.17g", r->c->number,
			       r->result.v[0].points.v[at]);
	return true;
}

static bool value_equal(struct run *r, ms_t t)
{
	if (r->c->has_string)
		return str_eq(r->c->string, r->result.text) || differs(r, "another string");
	if (r->c->has_number)
		return number_equal(r, t);
	return r->c->range || r->c->matrix ? matrix_equal(r) : vector_equal(r, t);
}

/* ---- texts ------------------------------------------------------------------------------------
 */

static bool text_matches(const struct expectation *e, struct str text)
{
	OWNED(regex) re = NULL;
	bool yes = false;

	if (e->kind == EXPECT_MSG)
		return str_eq(str_trim(text), e->text);
	if (e->kind == EXPECT_REGEX)
		return regex_compile(e->text, 0, NULL, &re, NULL) &&
		       regex_match(re, text, &yes, NULL) && yes;
	return true;
}

static bool notes_as_expected(struct run *r, const struct expectations *e, bool warning)
{
	const char *what = warning ? "warning" : "info";

	for (size_t i = 0; i < r->notes.n; i++) {
		bool matched = e->n == 0;

		if (r->notes.v[i].warning != warning)
			continue;
		if (e->none)
			return differs(r, "unexpected %s: %.*s", what, STR_ARG(r->notes.v[i].text));
		for (size_t k = 0; k < e->n; k++)
			matched |= text_matches(&e->v[k], r->notes.v[i].text);
		if (!matched)
			return differs(r, "unexpected %s: %.*s", what, STR_ARG(r->notes.v[i].text));
	}
	for (size_t k = 0; k < e->n; k++) {
		bool found = false;

		for (size_t i = 0; i < r->notes.n; i++)
			found |= r->notes.v[i].warning == warning &&
				 text_matches(&e->v[k], r->notes.v[i].text);
		if (!found)
			return differs(r, "no %s: %.*s", what, STR_ARG(e->v[k].text));
	}
	return true;
}

static bool failure_as_expected(struct run *r)
{
	if (r->ok)
		return differs(r, "should have failed");
	return text_matches(&r->c->fail, str_of(r->err.msg)) || differs(r, "error: %s", r->err.msg);
}

/* ---- running ----------------------------------------------------------------------------------
 */

static bool parse(struct str text, struct arena *a, const struct expr **out, struct err *err)
{
	const struct promql_options o = {true, true, true, true};
	struct limits l;

	limits_default(&l);
	return promql_parse(text, &o, &l, a, out, err);
}

static bool evaluate(struct run *r, const struct expr *e, ms_t start, ms_t end, ms_t step)
{
	struct engine_query q = {.source = memory_source(r->s->store),
				 .expr = e,
				 .start = start,
				 .end = end,
				 .step = step};
	struct engine_options o;

	engine_options_default(&o);
	o.delayed_name_removal = true;
	o.start_timestamps = true;
	r->err.msg[0] = 0;
	r->ok = engine_eval(&o, &q, &r->a, &r->result, &r->notes, &r->err);
	return r->ok;
}

/* When a query is evaluated; what is compared of the result: all (MS_NONE), or the point at t. */
struct span {
	ms_t start, end, step, t;
};

/* Runs a text and compares. */
static bool check(const struct eval_case *c, struct script *s, struct str text, struct span span,
		  char *why)
{
	struct run r = {.c = c, .s = s};
	const struct expr *e;
	bool good;

	arena_init(&r.a);
	notes_init(&r.notes, text);
	if (!parse(text, &r.a, &e, &r.err)) {
		good = differs(&r, "does not parse: %s", r.err.msg);
	} else {
		evaluate(&r, e, span.start, span.end, span.step);
		if (c->fails)
			good = failure_as_expected(&r);
		else if (!r.ok)
			good = differs(&r, "error: %s", r.err.msg);
		else
			good = value_equal(&r, span.t == MS_NONE ? span.start : span.t) &&
			       (span.t != MS_NONE || (notes_as_expected(&r, &c->warn, true) &&
						      notes_as_expected(&r, &c->info, false)));
	}
	memcpy(why, r.why, sizeof(r.why));
	notes_done(&r.notes);
	arena_done(&r.a);
	return good;
}

/* ---- the same with `@` ------------------------------------------------------------------------
 */

static const struct expr *pinned(struct arena *a, const struct expr *e, ms_t at);

static void pin_time(struct expr_time *t, ms_t at)
{
	if (t->at_kind != AT_NONE)
		return;
	t->at_kind = AT_TIME;
	t->at = at;
}

static const struct expr **pinned_args(struct arena *a, const struct expr *e, ms_t at)
{
	const struct expr **args = ARENA_ARRAY(a, const struct expr *, e->u.call.n_args);

	for (size_t i = 0; i < e->u.call.n_args; i++)
		args[i] = pinned(a, e->u.call.args[i], at);
	return args;
}

/* A copy with `@` on every selector and subquery that has none; what a subquery has inside stays.
 */
static const struct expr *pinned(struct arena *a, const struct expr *e, ms_t at)
{
	struct expr *out;

	if (!e)
		return NULL;
	out = ARENA_NEW(a, struct expr);
	*out = *e;
	switch ((int)e->kind) {
	case EXPR_SELECTOR:
		if (!e->u.selector.label_only)
			pin_time(&out->u.selector.time, at);
		break;
	case EXPR_MATRIX: out->u.matrix.selector = pinned(a, e->u.matrix.selector, at); break;
	case EXPR_SUBQUERY: pin_time(&out->u.subquery.time, at); break;
	case EXPR_CALL: out->u.call.args = pinned_args(a, e, at); break;
	case EXPR_AGGREGATE:
		out->u.aggregate.expr = pinned(a, e->u.aggregate.expr, at);
		out->u.aggregate.param = pinned(a, e->u.aggregate.param, at);
		break;
	case EXPR_BINARY:
		out->u.binary.lhs = pinned(a, e->u.binary.lhs, at);
		out->u.binary.rhs = pinned(a, e->u.binary.rhs, at);
		break;
	case EXPR_UNARY: out->u.unary.expr = pinned(a, e->u.unary.expr, at); break;
	case EXPR_PAREN: out->u.paren.expr = pinned(a, e->u.paren.expr, at); break;
	default: break;
	}
	return out;
}

struct uses {
	bool clock; /* depends on the time of evaluation in its own right */
	bool query; /* start(), end(), range(), step() */
};

static bool visit(void *arg, const struct expr *e)
{
	static const char *const CLOCK[] = {"time",	   "timestamp",	    "minute",
					    "hour",	   "day_of_week",   "day_of_month",
					    "day_of_year", "month",	    "days_in_month",
					    "year",	   "predict_linear"};
	static const char *const QUERY[] = {"start", "end", "range", "step"};
	struct uses *u = arg;

	for (size_t i = 0; e->kind == EXPR_CALL && i < ARRAY_LEN(CLOCK); i++)
		u->clock |= str_is(e->u.call.name, CLOCK[i]);
	for (size_t i = 0; e->kind == EXPR_CALL && i < ARRAY_LEN(QUERY); i++)
		u->query |= str_is(e->u.call.name, QUERY[i]);
	if (e->kind == EXPR_SELECTOR)
		u->query |= e->u.selector.time.at_kind > AT_TIME;
	if (e->kind == EXPR_SUBQUERY)
		u->query |= e->u.subquery.time.at_kind > AT_TIME;
	if (e->kind == EXPR_DURATION)
		u->query |= e->u.duration.op == DUR_STEP || e->u.duration.op == DUR_RANGE;
	return true;
}

static bool as_range_too(const struct eval_case *c, const struct uses *u)
{
	return !c->ordered && !c->has_string && !c->matrix && !c->fails && !u->query;
}

/* The instant query at t, and as one step of a range. */
static bool check_at(const struct eval_case *c, struct script *s, struct str text, ms_t t,
		     const struct uses *u, char *why)
{
	if (!check(c, s, text, (struct span){t, t, 0, MS_NONE}, why))
		return false;
	return !as_range_too(c, u) ||
	       check(c, s, text, (struct span){t - MINUTE, t + MINUTE, MINUTE, t}, why);
}

static bool check_pinned(const struct eval_case *c, struct script *s, const struct expr *e,
			 const struct uses *u, char *why)
{
	ms_t t = c->start;
	ms_t times[] = {t ? -10 * t : -SECOND, 0, t ? t / 5 : SECOND, t, 10 * t};
	struct arena a;
	struct buf text;
	bool good = true;

	if (u->clock || u->query)
		return true;
	arena_init(&a);
	buf_init(&text, BUF_MAX_ANY);
	promql_print(&text, pinned(&a, e, t));
	for (size_t i = 0; good && i < ARRAY_LEN(times); i++)
		good = check_at(c, s, buf_str(&text), times[i], u, why);
	if (!good)
		memcpy(why + strlen(why), " [with @]", 10);
	buf_done(&text);
	arena_done(&a);
	return good;
}

static void run_case(struct tally *t, struct script *s, const struct eval_case *c, const char *name)
{
	struct uses u = {0};
	const struct expr *e;
	struct arena a;
	struct err err;
	char why[1100];
	bool good;

	arena_init(&a);
	if (!parse(c->expr, &a, &e, &err)) {
		case_fail(t, name, "does not parse: %s", err.msg);
		arena_done(&a);
		return;
	}
	expr_walk(e, visit, &u);
	good = c->range ? check(c, s, c->expr, (struct span){c->start, c->end, c->step, MS_NONE},
				why)
			: check_at(c, s, c->expr, c->start, &u, why) &&
				  check_pinned(c, s, e, &u, why);
	if (good)
		case_pass(t);
	else
		case_fail(t, name, "%s", why);
	arena_done(&a);
}

static void run_file(struct tally *t, const char *path)
{
	struct script s = {.store = memory_new()};
	struct eval_case c;
	struct err err;
	size_t n;
	char *text = file_read(path, &n);

	s.text = (struct str){.p = text, .n = n};
	arena_init(&s.arena);
	while (script_next(&s, &c, &err)) {
		char name[1024];

		snprintf(name, sizeof(name), "%s:%zu %.*s", path, c.line,
			 (int)MIN(c.expr.n, (size_t)200), c.expr.p);
		run_case(t, &s, &c, name);
	}
	if (err.msg[0])
		case_fail(t, path, "line %zu: %s", s.line, err.msg);
	arena_done(&s.arena);
	memory_free(s.store);
	free(text);
}

static int is_script(const struct dirent *d)
{
	return str_ends(str_of(d->d_name), ".test");
}

void kind_promql(struct tally *t, const char *path)
{
	struct dirent **v;
	int n = scandir(path, &v, is_script, alphasort);

	if (n < 0) {
		run_file(t, path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, v[i]->d_name);
		run_file(t, file);
		free(v[i]);
	}
	free(v);
}
