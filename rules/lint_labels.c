/*
 * Which labels can a result have? Aggregations and absent() close the set, selectors leave it open.
 * From that: label sets that never match, and sides of an `or` that are told apart.
 */
#include <string.h>

#include "base/buf.h"
#include "promql/functions.h"
#include "promql/labels.h"
#include "promql/matcher.h"
#include "promql/print.h"
#include "rules/lint_private.h"

static bool among(const struct strs *s, struct str name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (str_eq(s->v[i], name))
			return true;
	}
	return false;
}

bool label_set_has(const struct label_set *s, struct str name)
{
	return among(&s->names, name) != s->open;
}

static struct strs plus(struct arena *a, const struct strs *s, struct str name)
{
	struct str *v = ARENA_ARRAY(a, struct str, s->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!str_eq(s->v[i], name))
			v[n++] = s->v[i];
	}
	v[n++] = name;
	return (struct strs){.v = v, .n = n};
}

static struct strs minus(struct arena *a, const struct strs *s, struct str name)
{
	struct str *v = ARENA_ARRAY(a, struct str, s->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!str_eq(s->v[i], name))
			v[n++] = s->v[i];
	}
	return (struct strs){.v = v, .n = n};
}

/* With the label, or without it. */
static struct label_set with(struct arena *a, struct label_set s, struct str name)
{
	s.names = s.open ? minus(a, &s.names, name) : plus(a, &s.names, name);
	return s;
}

static struct label_set without(struct arena *a, struct label_set s, struct str name)
{
	s.names = s.open ? plus(a, &s.names, name) : minus(a, &s.names, name);
	return s;
}

static struct label_set only(struct arena *a, const struct label_set *s, const struct strs *names)
{
	struct label_set out = {0};

	for (size_t i = 0; i < names->n; i++) {
		if (label_set_has(s, names->v[i]))
			out = with(a, out, names->v[i]);
	}
	return out;
}

static struct label_set either(struct arena *a, struct label_set x, struct label_set y)
{
	if (x.open != y.open) {
		struct label_set *closed = x.open ? &y : &x, *open = x.open ? &x : &y;

		for (size_t i = 0; i < closed->names.n; i++)
			*open = with(a, *open, closed->names.v[i]);
		return *open;
	}
	if (!x.open) {
		for (size_t i = 0; i < y.names.n; i++)
			x = with(a, x, y.names.v[i]);
		return x;
	}
	for (size_t i = 0; i < x.names.n; i++) {
		if (label_set_has(&y, x.names.v[i]))
			x = with(a, x, x.names.v[i]);
	}
	return x;
}

/* ---- expressions -------------------------------------------------------------------------------
 */

static struct label_set of_selector(struct arena *a, const struct expr *e)
{
	struct label_set s = {.open = true};

	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];

		if (m->op == MATCH_EQ && m->value.n == 0)
			s = without(a, s, m->name);
	}
	return s;
}

static struct label_set of_absent(struct arena *a, const struct expr *e)
{
	const struct expr *what = expr_unwrap(e->u.call.args[0]);
	struct label_set s = {0};

	if (what->kind == EXPR_MATRIX)
		what = expr_unwrap(what->u.matrix.selector);
	for (size_t i = 0; what->kind == EXPR_SELECTOR && i < what->u.selector.n_matchers; i++) {
		const struct matcher *m = &what->u.selector.matchers[i];

		if (m->op == MATCH_EQ && m->value.n && !str_is(m->name, LABEL_NAME))
			s = with(a, s, m->name);
	}
	return s;
}

static bool text_arg(const struct expr *e, size_t i, struct str *out)
{
	const struct expr *arg = i < e->u.call.n_args ? expr_unwrap(e->u.call.args[i]) : NULL;

	if (!arg || arg->kind != EXPR_STRING)
		return false;
	*out = arg->u.string.v;
	return true;
}

static struct label_set of_call(struct arena *a, const struct expr *e)
{
	const char *name = e->u.call.fn->name;
	struct label_set s = {0};
	struct str dst;

	if (strcmp(name, "absent") == 0 || strcmp(name, "absent_over_time") == 0)
		return of_absent(a, e);
	if (strcmp(name, "info") == 0)
		return (struct label_set){.open = true};
	for (size_t i = 0; i < e->u.call.n_args; i++) {
		if (e->u.call.args[i]->type == PROMQL_VECTOR ||
		    e->u.call.args[i]->type == PROMQL_MATRIX) {
			s = label_set_of(a, e->u.call.args[i]);
			break;
		}
	}
	if ((strcmp(name, "label_replace") == 0 || strcmp(name, "label_join") == 0 ||
	     strcmp(name, "histogram_quantiles") == 0) &&
	    text_arg(e, 1, &dst))
		s = with(a, s, dst);
	if (str_starts(str_of(name), "histogram_quantile") ||
	    strcmp(name, "histogram_fraction") == 0)
		s = without(a, s, STR("le"));
	return s;
}

static struct label_set of_aggregate(struct arena *a, const struct expr *e)
{
	enum aggregate_op op = e->u.aggregate.op;
	struct label_set s = label_set_of(a, e->u.aggregate.expr);

	/* These pick series, with all their labels. */
	if (op == AGGR_TOPK || op == AGGR_BOTTOMK || op == AGGR_LIMITK || op == AGGR_LIMIT_RATIO)
		return s;
	if (!e->u.aggregate.without) {
		s = only(a, &s, &e->u.aggregate.grouping);
	} else {
		for (size_t i = 0; i < e->u.aggregate.grouping.n; i++)
			s = without(a, s, e->u.aggregate.grouping.v[i]);
	}
	if (op == AGGR_COUNT_VALUES && expr_unwrap(e->u.aggregate.param)->kind == EXPR_STRING)
		s = with(a, s, expr_unwrap(e->u.aggregate.param)->u.string.v);
	return s;
}

static struct label_set of_matching(struct arena *a, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;
	bool right = m->card == CARD_ONE_TO_MANY;
	struct label_set s = label_set_of(a, right ? e->u.binary.rhs : e->u.binary.lhs);

	if (m->card == CARD_ONE_TO_ONE && m->on)
		s = only(a, &s, &m->labels);
	for (size_t i = 0; m->card == CARD_ONE_TO_ONE && !m->on && i < m->labels.n; i++)
		s = without(a, s, m->labels.v[i]);
	for (size_t i = 0; i < m->include.n; i++)
		s = with(a, s, m->include.v[i]);
	return s;
}

static struct label_set of_binary(struct arena *a, const struct expr *e)
{
	const struct expr *l = e->u.binary.lhs, *r = e->u.binary.rhs;

	if (e->u.binary.op == OP_OR)
		return either(a, label_set_of(a, l), label_set_of(a, r));
	if (binary_op_is_set(e->u.binary.op))
		return label_set_of(a, l);
	if (l->type == PROMQL_VECTOR && r->type == PROMQL_VECTOR)
		return of_matching(a, e);
	return label_set_of(a, l->type == PROMQL_VECTOR ? l : r);
}

struct label_set label_set_of(struct arena *a, const struct expr *e)
{
	e = expr_unwrap(e);
	switch ((int)e->kind) {
	case EXPR_SELECTOR: return of_selector(a, e);
	case EXPR_MATRIX: return label_set_of(a, e->u.matrix.selector);
	case EXPR_SUBQUERY: return label_set_of(a, e->u.subquery.expr);
	case EXPR_CALL: return of_call(a, e);
	case EXPR_AGGREGATE: return of_aggregate(a, e);
	case EXPR_BINARY: return of_binary(a, e);
	case EXPR_UNARY: return label_set_of(a, e->u.unary.expr);
	default: return (struct label_set){0};
	}
}

/* ---- labels that are always there --------------------------------------------------------------
 */

static struct strs label_certain(struct arena *a, const struct expr *e);

/* What a series must have to be selected at all. */
static struct strs certain_of_selector(struct arena *a, const struct expr *e)
{
	struct strs out = {0};

	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];

		if (!m->matches_empty && !str_is(m->name, LABEL_NAME))
			out = plus(a, &out, m->name);
	}
	return out;
}

static struct strs certain_of_call(struct arena *a, const struct expr *e)
{
	struct str name = e->u.call.name, dst;
	struct strs out = {0};

	if (str_starts(name, "absent"))
		return of_absent(a, e).names;
	for (size_t i = 0; i < e->u.call.n_args; i++) {
		int type = (int)e->u.call.args[i]->type;

		if (type == PROMQL_VECTOR || type == PROMQL_MATRIX) {
			out = label_certain(a, e->u.call.args[i]);
			break;
		}
	}
	/* These may write nothing, and empty what was there. */
	if ((str_starts(name, "label_") || str_is(name, "histogram_quantiles")) &&
	    text_arg(e, 1, &dst))
		out = minus(a, &out, dst);
	if (str_starts(name, "histogram_"))
		out = minus(a, &out, STR("le"));
	return out;
}

/* Who aggregates by a label is taken to have it. */
static struct strs certain_of_aggregate(struct arena *a, const struct expr *e)
{
	enum aggregate_op op = e->u.aggregate.op;
	struct label_set by;
	struct strs out;

	if (op == AGGR_TOPK || op == AGGR_BOTTOMK || op == AGGR_LIMITK || op == AGGR_LIMIT_RATIO)
		return label_certain(a, e->u.aggregate.expr);
	if (!e->u.aggregate.without) {
		by = label_set_of(a, e);
		return by.names;
	}
	out = label_certain(a, e->u.aggregate.expr);
	for (size_t i = 0; i < e->u.aggregate.grouping.n; i++)
		out = minus(a, &out, e->u.aggregate.grouping.v[i]);
	return out;
}

static struct strs both(struct arena *a, struct strs x, struct strs y)
{
	struct strs out = {0};

	for (size_t i = 0; i < x.n; i++) {
		if (among(&y, x.v[i]))
			out = plus(a, &out, x.v[i]);
	}
	return out;
}

static struct strs certain_of_binary(struct arena *a, const struct expr *e)
{
	const struct expr *l = e->u.binary.lhs, *r = e->u.binary.rhs;
	const struct vector_matching *m = &e->u.binary.matching;
	struct strs out;

	if (e->u.binary.op == OP_OR)
		return both(a, label_certain(a, l), label_certain(a, r));
	if (binary_op_is_set(e->u.binary.op))
		return label_certain(a, l);
	if (l->type != PROMQL_VECTOR || r->type != PROMQL_VECTOR)
		return label_certain(a, l->type == PROMQL_VECTOR ? l : r);
	if (m->fill_lhs || m->fill_rhs)
		return (struct strs){0};
	out = label_certain(a, m->card == CARD_ONE_TO_MANY ? r : l);
	if (m->card == CARD_ONE_TO_ONE && m->on)
		return both(a, out, m->labels);
	for (size_t i = 0; m->card == CARD_ONE_TO_ONE && i < m->labels.n; i++)
		out = minus(a, &out, m->labels.v[i]);
	for (size_t i = 0; i < m->include.n; i++)
		out = minus(a, &out, m->include.v[i]);
	return out;
}

static struct strs label_certain(struct arena *a, const struct expr *e)
{
	e = expr_unwrap(e);
	switch ((int)e->kind) {
	case EXPR_SELECTOR: return certain_of_selector(a, e);
	case EXPR_MATRIX: return label_certain(a, e->u.matrix.selector);
	case EXPR_SUBQUERY: return label_certain(a, e->u.subquery.expr);
	case EXPR_CALL: return certain_of_call(a, e);
	case EXPR_AGGREGATE: return certain_of_aggregate(a, e);
	case EXPR_BINARY: return certain_of_binary(a, e);
	case EXPR_UNARY: return label_certain(a, e->u.unary.expr);
	default: return (struct strs){0};
	}
}

/* ---- findings ----------------------------------------------------------------------------------
 */

static struct str names_text(struct arena *a, const struct strs *s)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_addc(&b, '{');
	for (size_t i = 0; i < s->n; i++) {
		buf_adds(&b, i ? ", " : "");
		buf_add(&b, s->v[i]);
	}
	buf_addc(&b, '}');
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

/* The labels that the sides are matched by, of one side. */
static struct label_set signature(struct arena *a, const struct vector_matching *m,
				  struct label_set s)
{
	if (m->on)
		return only(a, &s, &m->labels);
	for (size_t i = 0; i < m->labels.n; i++)
		s = without(a, s, m->labels.v[i]);
	return without(a, s, STR(LABEL_NAME));
}

static bool has_absent(const struct expr *e)
{
	e = expr_unwrap(e);
	if (e->kind == EXPR_CALL)
		return str_starts(e->u.call.name, "absent") || str_is(e->u.call.name, "vector");
	if (e->kind == EXPR_BINARY)
		return has_absent(e->u.binary.lhs) || has_absent(e->u.binary.rhs);
	return e->kind == EXPR_AGGREGATE && has_absent(e->u.aggregate.expr);
}

/* A label by which the sides are matched, that one always has and the other never. */
static bool apart(const struct strs *certain, const struct label_set *have,
		  const struct label_set *other, struct str *label)
{
	for (size_t i = 0; i < certain->n; i++) {
		*label = certain->v[i];
		if (label_set_has(have, *label) && !label_set_has(other, *label))
			return true;
	}
	return false;
}

/* The sides of a binary operator: by what they are matched. */
struct sides {
	struct label_set left, right;
	struct str label; /* that tells them apart: */
	bool on_left;	  /* the left side always has it, the right never; else the reverse */
};

static bool never_match(struct arena *a, const struct expr *e, struct sides *s)
{
	const struct expr *l = e->u.binary.lhs, *r = e->u.binary.rhs;
	const struct vector_matching *m = &e->u.binary.matching;
	struct strs left = label_certain(a, l), right = label_certain(a, r);

	s->left = signature(a, m, label_set_of(a, l));
	s->right = signature(a, m, label_set_of(a, r));
	s->on_left = apart(&left, &s->left, &s->right, &s->label);
	return s->on_left || apart(&right, &s->right, &s->left, &s->label);
}

static void tell_or(struct linter *l, const struct expr *e, const struct sides *s)
{
	/* What is there only when nothing else is pages once. */
	if (s->left.open || s->right.open || has_absent(e))
		return;
	lint_tell(l, LINT_OR_DIFFERENT_LABELS, e,
		  "the sides of `or` have the labels %.*s and %.*s: when both hold, two alerts "
		  "fire "
		  "for one thing; give both sides the same labels, or write `or on()`",
		  STR_ARG(names_text(&l->arena, &s->left.names)),
		  STR_ARG(names_text(&l->arena, &s->right.names)));
}

static void tell_never_matches(struct linter *l, const struct expr *e, const struct sides *s)
{
	const char *never = e->u.binary.op == OP_UNLESS ? "`unless` never takes anything away"
							: "they never match";
	const char *better = "aggregate both by the same labels, or use on() or ignoring()";

	if (s->left.open || s->right.open)
		lint_tell(l, LINT_NEVER_MATCHES, e,
			  "the %s side always has the label %.*s, the %s side never: %s; %s",
			  s->on_left ? "left" : "right", STR_ARG(s->label),
			  s->on_left ? "right" : "left", never, better);
	else
		lint_tell(l, LINT_NEVER_MATCHES, e,
			  "the left side has the labels %.*s, the right side %.*s: %s; %s",
			  STR_ARG(names_text(&l->arena, &s->left.names)),
			  STR_ARG(names_text(&l->arena, &s->right.names)), never, better);
}

static void check_matching(struct linter *l, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;
	struct sides s;

	if (m->fill_lhs || m->fill_rhs || !never_match(&l->arena, e, &s))
		return;
	if (e->u.binary.op == OP_OR)
		tell_or(l, e, &s);
	else
		tell_never_matches(l, e, &s);
}

static bool visit(void *arg, const struct expr *e)
{
	if (e->kind == EXPR_BINARY && e->u.binary.has_matching)
		check_matching(arg, e);
	return true;
}

void lint_labels(struct linter *l)
{
	expr_walk(l->rule->expr, visit, l);
}
