/*
 * PromQL: tokens, trees, errors, canonical and pretty texts, series descriptions, dependencies.
 * A tree is turned into the JSON of the corpus with all defaults left out, and so is the expected
 * one, so that both may or may not write them.
 */
#include "tests/conformance/conformance.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promql/depend.h"
#include "promql/functions.h"
#include "promql/lex.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "promql/series_desc.h"

#define DEEP 100000 /* one of the cases is a chain of 11,000 operators */
#define DEEP_STACK ((size_t)256 << 20)

static struct limits deep_limits(void)
{
	struct limits l;

	limits_default(&l);
	l.expr_depth = DEEP;
	return l;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *str_json(struct str s)
{
	return json_stringn_nocheck(s.p ? s.p : "", s.n);
}

static json_t *float_json(double v)
{
	if (isnan(v))
		return json_string("NaN");
	if (isinf(v))
		return json_string(v > 0 ? "+Inf" : "-Inf");
	return json_real(v);
}

static bool is_default(const json_t *v)
{
	if (json_is_number(v))
		return json_number_value(v) == 0;
	if (json_is_string(v))
		return json_string_length(v) == 0;
	return json_is_null(v) || json_is_false(v) || (json_is_array(v) && !json_array_size(v));
}

/* A copy without members that have their default, all numbers as reals. */
static json_t *bare(const json_t *v)
{
	json_t *out, *member;
	const char *key;
	size_t i;

	if (json_is_number(v))
		return json_real(json_number_value(v));
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach(v, i, member) json_array_append_new(out, bare(member));
		return out;
	}
	if (!json_is_object(v))
		return json_deep_copy(v);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
	{
		if (json_object_get(member, "b64"))
			json_object_set_new_nocheck(out, key, str_json(case_text(v, key)));
		else if (!is_default(member))
			json_object_set_new_nocheck(out, key, bare(member));
	}
	return out;
}

static bool same(const json_t *want, const json_t *got)
{
	json_t *a = bare(want), *b = bare(got);
	bool ok = json_equal(a, b);

	json_decref(a);
	json_decref(b);
	return ok;
}

/* Fails with both texts unless they are the same. */
static bool expect_json(struct tally *t, const char *name, const char *what, const json_t *want,
			json_t *got)
{
	bool ok = same(want, got);

	if (!ok) {
		char *w = json_dumps(want, JSON_ENCODE_ANY | JSON_SORT_KEYS);
		char *g = json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS);

		case_fail(t, name, "%s: expected %s, got %s", what, w, g);
		free(w);
		free(g);
	}
	json_decref(got);
	return ok;
}

/* ---- trees ------------------------------------------------------------------------------------
 */

static json_t *tree_json(const struct expr *e);

static json_t *strs_json(struct strs s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s.n; i++)
		json_array_append_new(out, str_json(s.v[i]));
	return out;
}

static void set(json_t *o, const char *key, json_t *v)
{
	json_object_set_new_nocheck(o, key, v);
}

static json_t *maybe(const struct expr *e)
{
	return e ? tree_json(e) : json_null();
}

static json_t *matchers_json(const struct matcher *m, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();

		set(one, "name", str_json(m[i].name));
		set(one, "op", json_string(match_op_text(m[i].op)));
		set(one, "value", str_json(m[i].value));
		json_array_append_new(out, one);
	}
	return out;
}

static void time_json(json_t *o, const struct expr_time *t)
{
	set(o, "OriginalOffset", json_integer(t->offset));
	set(o, "OriginalOffsetExpr", maybe(t->offset_expr));
	if (t->at_kind == AT_TIME)
		set(o, "Timestamp", json_integer(t->at));
	else if (t->at_kind != AT_NONE)
		set(o, "StartOrEnd", json_string(t->at_kind == AT_START ? "start" : "end"));
}

static json_t *matching_json(const struct vector_matching *m)
{
	static const char *const CARDS[] = {"CardOneToOne", "CardManyToOne", "CardOneToMany",
					    "CardManyToMany"};
	json_t *o = json_object();

	set(o, "node", json_string("VectorMatching"));
	set(o, "Card", json_string(CARDS[m->card]));
	set(o, "MatchingLabels", strs_json(m->labels));
	set(o, "On", json_boolean(m->on));
	set(o, "Include", strs_json(m->include));
	if (m->fill_lhs || m->fill_rhs) {
		json_t *fill = json_object();

		set(fill, "node", json_string("VectorMatchFillValues"));
		set(fill, "LHS", m->fill_lhs ? float_json(*m->fill_lhs) : json_null());
		set(fill, "RHS", m->fill_rhs ? float_json(*m->fill_rhs) : json_null());
		set(o, "FillValues", fill);
	}
	return o;
}

static void binary_json(json_t *o, const struct expr *e)
{
	set(o, "Op", json_string(binary_op_text(e->u.binary.op)));
	set(o, "LHS", tree_json(e->u.binary.lhs));
	set(o, "RHS", tree_json(e->u.binary.rhs));
	set(o, "ReturnBool", json_boolean(e->u.binary.return_bool));
	if (e->u.binary.has_matching)
		set(o, "VectorMatching", matching_json(&e->u.binary.matching));
}

static void selector_json(json_t *o, const struct expr *e)
{
	set(o, "Name", str_json(e->u.selector.name));
	set(o, "LabelMatchers", matchers_json(e->u.selector.matchers, e->u.selector.n_matchers));
	set(o, "Anchored", json_boolean(e->u.selector.anchored));
	set(o, "Smoothed", json_boolean(e->u.selector.smoothed));
	set(o, "BypassEmptyMatcherCheck", json_boolean(e->u.selector.label_only));
	time_json(o, &e->u.selector.time);
}

static void ranges_json(json_t *o, const struct expr *e)
{
	if (e->kind == EXPR_MATRIX) {
		set(o, "VectorSelector", tree_json(e->u.matrix.selector));
		set(o, "Range", json_integer(e->u.matrix.range));
		set(o, "RangeExpr", maybe(e->u.matrix.range_expr));
		return;
	}
	set(o, "Expr", tree_json(e->u.subquery.expr));
	set(o, "Range", json_integer(e->u.subquery.range));
	set(o, "RangeExpr", maybe(e->u.subquery.range_expr));
	set(o, "Step", json_integer(e->u.subquery.step));
	set(o, "StepExpr", maybe(e->u.subquery.step_expr));
	time_json(o, &e->u.subquery.time);
}

static void call_json(json_t *o, const struct expr *e)
{
	json_t *args = json_array();

	for (size_t i = 0; i < e->u.call.n_args; i++)
		json_array_append_new(args, tree_json(e->u.call.args[i]));
	set(o, "Func", json_string(e->u.call.fn->name));
	set(o, "Args", args);
}

static void aggregate_json(json_t *o, const struct expr *e)
{
	set(o, "Op", json_string(aggregate_op_text(e->u.aggregate.op)));
	set(o, "Expr", tree_json(e->u.aggregate.expr));
	set(o, "Param", maybe(e->u.aggregate.param));
	set(o, "Grouping", strs_json(e->u.aggregate.grouping));
	set(o, "Without", json_boolean(e->u.aggregate.without));
}

static void duration_json(json_t *o, const struct expr *e)
{
	set(o, "Op", json_string(duration_op_text(e->u.duration.op)));
	set(o, "LHS", maybe(e->u.duration.lhs));
	set(o, "RHS", maybe(e->u.duration.rhs));
	set(o, "Wrapped", json_boolean(e->u.duration.wrapped));
}

static const char *node_name(enum expr_kind k)
{
	static const char *const NAMES[] = {"NumberLiteral",  "StringLiteral", "VectorSelector",
					    "MatrixSelector", "SubqueryExpr",  "Call",
					    "AggregateExpr",  "BinaryExpr",    "UnaryExpr",
					    "ParenExpr",      "DurationExpr"};

	return NAMES[k];
}

static json_t *tree_json(const struct expr *e)
{
	json_t *o = json_object();

	set(o, "node", json_string(node_name(e->kind)));
	switch (e->kind) {
	case EXPR_NUMBER:
		set(o, "Val", float_json(e->u.number.v));
		set(o, "Duration", json_boolean(e->u.number.duration));
		break;
	case EXPR_STRING: set(o, "Val", str_json(e->u.string.v)); break;
	case EXPR_SELECTOR: selector_json(o, e); break;
	case EXPR_MATRIX:
	case EXPR_SUBQUERY: ranges_json(o, e); break;
	case EXPR_CALL: call_json(o, e); break;
	case EXPR_AGGREGATE: aggregate_json(o, e); break;
	case EXPR_BINARY: binary_json(o, e); break;
	case EXPR_UNARY:
		set(o, "Op", json_string(binary_op_text(e->u.unary.op)));
		set(o, "Expr", tree_json(e->u.unary.expr));
		break;
	case EXPR_PAREN: set(o, "Expr", tree_json(e->u.paren.expr)); break;
	case EXPR_DURATION: duration_json(o, e); break;
	}
	return o;
}

/* ---- promql-parse -----------------------------------------------------------------------------
 */

static struct promql_options options_of(const json_t *c)
{
	struct promql_options o = {0};
	size_t i;
	json_t *flag;

	json_array_foreach(json_object_get(c, "flags"), i, flag)
	{
		const char *f = json_string_value(flag);

		o.experimental_functions |= !strcmp(f, "experimental-functions");
		o.duration_expressions |= !strcmp(f, "duration-expressions");
		o.extended_range_selectors |= !strcmp(f, "extended-range-selectors");
		o.binop_fill_modifiers |= !strcmp(f, "binop-fill-modifiers");
	}
	return o;
}

/* Whether e is the error that the case describes by `error` and `pos`. */
static bool error_is(struct tally *t, const char *name, const json_t *want,
		     const struct promql_error *e)
{
	struct str text = case_text(want, "error");
	const json_t *pos = json_object_get(want, "pos");

	if (text.p && str_find(e->msg, text) < 0) {
		case_fail(t, name, "expected error \"%.*s\", got \"%.*s\"", STR_ARG(text),
			  STR_ARG(e->msg));
		return false;
	}
	if (pos && (json_integer_value(json_array_get(pos, 0)) != e->pos ||
		    json_integer_value(json_array_get(pos, 1)) != e->end)) {
		case_fail(t, name, "\"%.*s\": expected at %lld..%lld, got %d..%d", STR_ARG(e->msg),
			  json_integer_value(json_array_get(pos, 0)),
			  json_integer_value(json_array_get(pos, 1)), e->pos, e->end);
		return false;
	}
	return true;
}

static void parse_refused(struct tally *t, const char *name, const json_t *c,
			  const struct promql_errors *errors)
{
	const json_t *count = json_object_get(c, "error_count"), *want;
	size_t expected = count ? (size_t)json_integer_value(count) : 1, i;

	if (!error_is(t, name, c, &errors->v[0]))
		return;
	if (json_object_get(c, "error") && expected != errors->count) {
		case_fail(t, name, "expected %zu errors, got %zu; the second: %.*s", expected,
			  errors->count, STR_ARG(errors->v[errors->n > 1].msg));
		return;
	}
	json_array_foreach(json_object_get(c, "errors"), i, want)
	{
		if (!error_is(t, name, want, &errors->v[i]))
			return;
	}
	case_pass(t);
}

struct selector_list {
	json_t *texts;
};

static void add_selector(void *arg, const struct expr *e)
{
	struct selector_list *list = arg;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		buf_adds(&b, i ? ", " : "{");
		matcher_put(&b, &e->u.selector.matchers[i]);
	}
	buf_addc(&b, '}');
	json_array_append_new(list->texts, str_json(buf_str(&b)));
	buf_done(&b);
}

static bool expect_text(struct tally *t, const char *name, const char *what, struct str want,
			const struct buf *got)
{
	if (str_eq(want, buf_str(got)))
		return true;
	case_fail(t, name, "%s: expected\n%.*s\ngot\n%.*s", what, STR_ARG(want),
		  STR_ARG(buf_str(got)));
	return false;
}

static void parse_accepted(struct tally *t, const char *name, const json_t *c, const struct expr *e)
{
	const json_t *ast = json_object_get(c, "ast"), *selectors = json_object_get(c, "selectors");
	struct selector_list list = {0};
	struct str print = case_text(c, "print");
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, e);

	bool ok = !print.p || expect_text(t, name, "print", print, &b);

	buf_done(&b);
	if (ok && ast)
		ok = expect_json(t, name, "ast", ast, tree_json(e));
	if (ok && selectors) {
		list.texts = json_array();
		expr_selectors(e, add_selector, &list);
		ok = expect_json(t, name, "selectors", selectors, list.texts);
	}
	if (ok)
		case_pass(t);
}

static void parse_case(struct tally *t, const char *name, const json_t *c)
{
	struct str input = case_text(c, "input");
	struct promql_options o = options_of(c);
	struct limits l = deep_limits();
	bool want = json_is_true(json_object_get(c, "ok"));
	const struct expr *e;
	struct promql_errors errors;
	struct arena a;

	arena_init(&a);

	bool ok = promql_parse_all(input, &o, &l, &a, &e, &errors);

	if (ok && !want)
		case_fail(t, name, "should be refused");
	else if (!ok && want)
		case_fail(t, name, "should be accepted: %.*s", STR_ARG(errors.v[0].msg));
	else if (ok)
		parse_accepted(t, name, c, e);
	else
		parse_refused(t, name, c, &errors);
	arena_done(&a);
}

struct parse_run {
	struct tally *t;
	const char *path;
};

static void *parse_cases(void *arg)
{
	struct parse_run *run = arg;

	json_cases(run->t, run->path, parse_case);
	return NULL;
}

/* On a thread with a stack for that chain, also when sanitizers make frames big. */
void kind_promql_parse(struct tally *t, const char *path)
{
	struct parse_run run = {.t = t, .path = path};
	pthread_attr_t attr;
	pthread_t thread;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, DEEP_STACK) == 0);
	CHECK(pthread_create(&thread, &attr, parse_cases, &run) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	pthread_attr_destroy(&attr);
}

/* ---- promql-lex -------------------------------------------------------------------------------
 */

#define TOKENS_MAX 10000

static json_t *lex_json(struct str input, bool series, struct arena *a, bool *error)
{
	json_t *out = json_array();
	struct lexer l;
	struct item i;

	*error = false;
	lex_init(&l, input, series, a);
	for (size_t n = 0; n < TOKENS_MAX; n++) {
		lex_next(&l, &i);
		if (i.type == T_EOF)
			break;
		*error = *error || i.type == T_ERROR;

		json_t *one = json_array();

		json_array_append_new(one, json_string(token_name(i.type)));
		json_array_append_new(one, json_integer(i.pos));
		json_array_append_new(one, str_json(i.text));
		json_array_append_new(out, one);
	}
	return out;
}

static void lex_case(struct tally *t, const char *name, const json_t *c)
{
	bool want = json_is_true(json_object_get(c, "ok")), error;
	struct arena a;

	arena_init(&a);

	json_t *got = lex_json(case_text(c, "input"), json_is_true(json_object_get(c, "series")),
			       &a, &error);

	if (!want) {
		json_decref(got);
		if (error)
			case_pass(t);
		else
			case_fail(t, name, "the lexer should report an error");
	} else if (expect_json(t, name, "tokens", json_object_get(c, "tokens"), got)) {
		case_pass(t);
	}
	arena_done(&a);
}

void kind_promql_lex(struct tally *t, const char *path)
{
	json_cases(t, path, lex_case);
}

/* ---- promql-pretty ----------------------------------------------------------------------------
 */

static void pretty_case(struct tally *t, const char *name, const json_t *c)
{
	struct promql_options o = options_of(c);
	struct limits l = deep_limits();
	const struct expr *e;
	struct err err;
	struct arena a;
	struct buf b;

	arena_init(&a);
	buf_init(&b, BUF_MAX_ANY);
	if (!promql_parse(case_text(c, "input"), &o, &l, &a, &e, &err)) {
		case_fail(t, name, "does not parse: %s", err.msg);
	} else {
		promql_pretty(&b, e, (size_t)json_integer_value(json_object_get(c, "width")));
		if (expect_text(t, name, "pretty", case_text(c, "pretty"), &b))
			case_pass(t);
	}
	buf_done(&b);
	arena_done(&a);
}

void kind_promql_pretty(struct tally *t, const char *path)
{
	json_cases(t, path, pretty_case);
}

/* ---- promql-series ----------------------------------------------------------------------------
 */

static json_t *spans_json(const struct histogram_buckets *b)
{
	json_t *out = json_array();

	for (size_t i = 0; i < b->n_spans; i++)
		json_array_append_new(out, json_pack("[i,I]", b->spans[i].offset,
						     (json_int_t)b->spans[i].length));
	return out;
}

static json_t *floats_json(const double *v, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, float_json(v[i]));
	return out;
}

static json_t *histogram_json(const struct histogram *h)
{
	static const char *const RESETS[] = {"", "reset", "not_reset", "gauge"};
	json_t *o = json_object();

	set(o, "Schema", json_integer(h->schema));
	set(o, "Count", float_json(h->count));
	set(o, "Sum", float_json(h->sum));
	set(o, "ZeroCount", float_json(h->zero_count));
	set(o, "ZeroThreshold", float_json(h->zero_threshold));
	set(o, "PositiveSpans", spans_json(&h->pos));
	set(o, "NegativeSpans", spans_json(&h->neg));
	set(o, "PositiveBuckets", floats_json(h->pos.counts, h->pos.n_counts));
	set(o, "NegativeBuckets", floats_json(h->neg.counts, h->neg.n_counts));
	set(o, "CustomValues", floats_json(h->custom_values, h->n_custom_values));
	set(o, "CounterResetHint", json_string(RESETS[h->reset]));
	return o;
}

static json_t *values_json(const struct series_desc *d)
{
	json_t *out = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct series_value *v = &d->values[i];
		uint64_t bits;

		memcpy(&bits, &v->v, sizeof(bits));
		if (v->omitted)
			json_array_append_new(out, json_null());
		else if (v->hist)
			json_array_append_new(out, histogram_json(v->hist));
		else if (bits == SERIES_STALE_BITS)
			json_array_append_new(out, json_string("stale"));
		else
			json_array_append_new(out, float_json(v->v));
	}
	return out;
}

static json_t *labels_json(struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	json_t *o = json_object();

	while (labels_next(ls, &it, &l))
		json_object_setn_new_nocheck(o, l.name.p, l.name.n, str_json(l.value));
	return o;
}

/* An empty array in place of `values` would count as a default: compare them wrapped. */
static bool expect_values(struct tally *t, const char *name, const json_t *c,
			  const struct series_desc *d)
{
	const json_t *want = json_object_get(c, "values"), *print;
	const json_t *fields = json_object_get(c, "histogram_fields");

	if (want && !expect_json(t, name, "values", want, values_json(d)))
		return false;
	if (fields &&
	    (d->n != 1 || !d->values[0].hist ||
	     !expect_json(t, name, "histogram", fields, histogram_json(d->values[0].hist))))
		return false;
	print = json_object_get(c, "print_histogram");
	if (!print)
		return true;

	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (d->n == 1 && d->values[0].hist)
		histogram_put(&b, d->values[0].hist);

	bool ok = expect_text(t, name, "print", case_text(c, "print_histogram"), &b);

	buf_done(&b);
	return ok;
}

static void series_refused(struct tally *t, const char *name, const json_t *c,
			   const struct err *err)
{
	struct str want = case_text(c, "error");
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_error_put(&b, case_text(c, "input"), err);
	if (json_is_true(json_object_get(c, "ok")))
		case_fail(t, name, "should be accepted: %s", buf_cstr(&b));
	else if (want.p && str_find(buf_str(&b), want) < 0)
		case_fail(t, name, "expected error \"%.*s\", got \"%s\"", STR_ARG(want),
			  buf_cstr(&b));
	else
		case_pass(t);
	buf_done(&b);
}

static void series_case(struct tally *t, const char *name, const json_t *c)
{
	const json_t *labels = json_object_get(c, "labels");
	struct limits l = deep_limits();
	struct series_desc d;
	struct err err;
	struct arena a;

	arena_init(&a);
	if (!series_desc_parse(case_text(c, "input"), &l, &a, &d, &err))
		series_refused(t, name, c, &err);
	else if (!json_is_true(json_object_get(c, "ok")))
		case_fail(t, name, "should be refused");
	else if ((!labels || expect_json(t, name, "labels", labels, labels_json(d.labels))) &&
		 expect_values(t, name, c, &d))
		case_pass(t);
	arena_done(&a);
}

void kind_promql_series(struct tally *t, const char *path)
{
	json_cases(t, path, series_case);
}

/* ---- rule-dependencies ------------------------------------------------------------------------
 */

/* The rules of the case; false: one does not parse. */
static bool read_rules(struct tally *t, const char *name, const json_t *rules, struct arena *a,
		       struct depend_rule *out)
{
	struct promql_options o = promql_options_default();
	struct limits l = deep_limits();
	size_t i;
	json_t *r;

	json_array_foreach(rules, i, r)
	{
		struct err err;

		out[i].is_alert = json_object_get(r, "alert") != NULL;
		out[i].name = case_text(r, out[i].is_alert ? "alert" : "record");
		if (!promql_parse(case_text(r, "expr"), &o, &l, a, &out[i].expr, &err)) {
			case_fail(t, name, "rule %zu does not parse: %s", i, err.msg);
			return false;
		}
	}
	return true;
}

static json_t *dependencies_json(const struct depend_rule *rules, size_t n,
				 const struct depend_result *results)
{
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++) {
		json_t *on = json_array();

		for (size_t k = 0; k < results[i].n_on; k++)
			json_array_append_new(on, str_json(rules[results[i].on[k]].name));
		json_object_setn_new_nocheck(out, rules[i].name.p, rules[i].name.n, on);
	}
	return out;
}

static json_t *known_json(const struct depend_rule *rules, size_t n,
			  const struct depend_result *results)
{
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_setn_new_nocheck(out, rules[i].name.p, rules[i].name.n,
					     json_pack("{s:b,s:b}", "no_dependents",
						       results[i].no_dependents, "no_dependencies",
						       results[i].no_dependencies));
	return out;
}

static void dependencies_case(struct tally *t, const char *name, const json_t *c)
{
	const json_t *rules = json_object_get(c, "rules");
	const json_t *dependencies = json_object_get(c, "dependencies");
	const json_t *want = json_object_get(c, "known");
	size_t n = json_array_size(rules);
	struct arena a;
	bool known;

	arena_init(&a);

	struct depend_rule *list = ARENA_ARRAY(&a, struct depend_rule, n);

	if (read_rules(t, name, rules, &a, list)) {
		const struct depend_result *results = depend_analyse(list, n, &a, &known);

		if ((!dependencies || expect_json(t, name, "dependencies", dependencies,
						  dependencies_json(list, n, results))) &&
		    (!want || expect_json(t, name, "known", want, known_json(list, n, results))))
			case_pass(t);
	}
	arena_done(&a);
}

void kind_rule_dependencies(struct tally *t, const char *path)
{
	json_cases(t, path, dependencies_case);
}
