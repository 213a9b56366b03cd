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

static bool same_names(const struct strs *x, const struct strs *y)
{
	for (size_t i = 0; i < x->n; i++) {
		if (!among(y, x->v[i]))
			return false;
	}
	return x->n == y->n;
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

static void check_matching(struct linter *l, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;
	struct label_set x = label_set_of(&l->arena, e->u.binary.lhs);
	struct label_set y = label_set_of(&l->arena, e->u.binary.rhs);
	struct label_set sx = signature(&l->arena, m, x), sy = signature(&l->arena, m, y);
	bool filled = m->fill_lhs || m->fill_rhs;

	if (x.open || y.open || same_names(&sx.names, &sy.names) || filled)
		return;
	if (e->u.binary.op == OP_OR) {
		/* What is there only when nothing else is pages once. */
		if (!has_absent(e))
			lint_tell(l, LINT_OR_DIFFERENT_LABELS, e,
				  "the sides of `or` have the labels %.*s and %.*s: when both "
				  "hold, "
				  "two alerts fire for one thing; give both sides the same labels, "
				  "or "
				  "write `or on()`",
				  STR_ARG(names_text(&l->arena, &sx.names)),
				  STR_ARG(names_text(&l->arena, &sy.names)));
		return;
	}
	lint_tell(l, LINT_NEVER_MATCHES, e,
		  "the left side has the labels %.*s, the right side %.*s: they never match; "
		  "aggregate both by the same labels, or use on() or ignoring()",
		  STR_ARG(names_text(&l->arena, &sx.names)),
		  STR_ARG(names_text(&l->arena, &sy.names)));
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
