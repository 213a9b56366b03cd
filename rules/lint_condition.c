/*
 * Conditions that cannot become true, cannot become false, or depend on chance: contradictions,
 * counts of nothing, equality of computed numbers, ranges with too few samples.
 */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "promql/functions.h"
#include "promql/matcher.h"
#include "promql/print.h"
#include "rules/lint_private.h"

static struct str text_of(struct linter *l, const struct expr *e)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, expr_unwrap(e));
	out = arena_str(&l->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* A number, with its sign. */
static bool number_of(const struct expr *e, double *v)
{
	e = expr_unwrap(e);
	if (e->kind == EXPR_UNARY && number_of(e->u.unary.expr, v)) {
		*v = e->u.unary.op == OP_SUB ? -*v : *v;
		return true;
	}
	if (e->kind != EXPR_NUMBER)
		return false;
	*v = e->u.number.v;
	return true;
}

/* "vector op number", the vector on the left. */
struct condition {
	const struct expr *e, *vector;
	enum binary_op op;
	double number;
};

static enum binary_op mirrored(enum binary_op op)
{
	switch ((int)op) {
	case OP_LT: return OP_GT;
	case OP_GT: return OP_LT;
	case OP_LE: return OP_GE;
	case OP_GE: return OP_LE;
	default: return op;
	}
}

static bool condition_of(const struct expr *e, struct condition *c)
{
	e = expr_unwrap(e);
	if (e->kind != EXPR_BINARY || !binary_op_is_comparison(e->u.binary.op) ||
	    e->u.binary.return_bool)
		return false;
	c->e = e;
	c->op = e->u.binary.op;
	c->vector = expr_unwrap(e->u.binary.lhs);
	if (c->vector->type == PROMQL_VECTOR && number_of(e->u.binary.rhs, &c->number))
		return true;
	c->vector = expr_unwrap(e->u.binary.rhs);
	c->op = mirrored(c->op);
	return c->vector->type == PROMQL_VECTOR && number_of(e->u.binary.lhs, &c->number);
}

static bool compare(enum binary_op op, double v, double number)
{
	switch ((int)op) {
	case OP_EQ: return v == number;
	case OP_NE: return v != number;
	case OP_LT: return v < number;
	case OP_GT: return v > number;
	case OP_LE: return v <= number;
	default: return v >= number;
	}
}

/* ---- never fires -------------------------------------------------------------------------------
 */

/* Values of a vector that are known beforehand: from low to high. */
struct span {
	double low, high;
};

static bool is_call(const struct expr *e, const char *name)
{
	return e->kind == EXPR_CALL && str_is(e->u.call.name, name);
}

static bool span_of(const struct expr *e, struct span *s)
{
	double v;

	if (is_call(e, "absent") || is_call(e, "absent_over_time") ||
	    is_call(e, "present_over_time"))
		*s = (struct span){1, 1};
	else if (is_call(e, "vector") && number_of(e->u.call.args[0], &v))
		*s = (struct span){v, v};
	else if (e->kind == EXPR_AGGREGATE && e->u.aggregate.op == AGGR_COUNT)
		*s = (struct span){1, (double)INFINITY};
	else if (e->kind == EXPR_AGGREGATE && e->u.aggregate.op == AGGR_GROUP)
		*s = (struct span){1, 1};
	else if (is_call(e, "count_over_time"))
		*s = (struct span){1, (double)INFINITY};
	else if (is_call(e, "changes") || is_call(e, "resets") || is_call(e, "abs"))
		*s = (struct span){0, (double)INFINITY};
	else
		return false;
	return true;
}

static bool possible(const struct condition *c, const struct span *s)
{
	switch ((int)c->op) {
	case OP_EQ: return c->number >= s->low && c->number <= s->high;
	case OP_NE: return s->low != s->high || s->low != c->number;
	case OP_LT:
	case OP_LE: return compare(c->op, s->low, c->number);
	default: return compare(c->op, s->high, c->number);
	}
}

static bool is_count(const struct expr *e)
{
	return e->kind == EXPR_AGGREGATE && e->u.aggregate.op == AGGR_COUNT;
}

static void check_span(struct linter *l, const struct condition *c)
{
	struct span all = {-(double)INFINITY, (double)INFINITY}, s = all;
	bool known = span_of(c->vector, &s);

	if (isnan(c->number)) {
		/* Everything differs from NaN, NaN included. */
		if (c->op == OP_NE)
			return;
		lint_tell(l, LINT_NEVER_FIRES, c->e, "nothing compares with NaN: this never holds");
	} else if (known && !possible(c, &s) && is_count(c->vector)) {
		lint_tell(l, LINT_NEVER_FIRES, c->e,
			  "a count of nothing is not 0 but no result: this never holds; use "
			  "absent(), or put `or vector(0)` behind the count");
	} else if (!possible(c, &s)) {
		lint_tell(l, LINT_NEVER_FIRES, c->e, "the left side never has such a value");
	}
}

/* x > x */
static void check_itself(struct linter *l, const struct expr *e)
{
	enum binary_op op = e->u.binary.op;

	if (e->u.binary.return_bool || !(op == OP_LT || op == OP_GT || op == OP_UNLESS) ||
	    e->u.binary.lhs->type != PROMQL_VECTOR || e->u.binary.rhs->type != PROMQL_VECTOR)
		return;
	if (e->u.binary.matching.labels.n == 0 &&
	    str_eq(text_of(l, e->u.binary.lhs), text_of(l, e->u.binary.rhs)))
		lint_tell(l, LINT_NEVER_FIRES, e, "both sides are the same: this never holds");
}

/* The conditions of a chain of `and`. */
#define CHAIN_MAX 16

struct chain {
	struct condition v[CHAIN_MAX];
	size_t n;
};

/* With on() or ignoring() the right side may be about another series. */
static void collect(struct chain *c, const struct expr *e)
{
	e = expr_unwrap(e);
	if (e->kind == EXPR_BINARY && e->u.binary.op == OP_AND) {
		collect(c, e->u.binary.lhs);
		if (!e->u.binary.matching.has_labels)
			collect(c, e->u.binary.rhs);
	} else if (c->n < CHAIN_MAX && condition_of(e, &c->v[c->n])) {
		c->n++;
	}
}

/* No number satisfies both. */
static bool contradict(const struct condition *x, const struct condition *y)
{
	const double tries[] = {x->number, y->number, (x->number + y->number) / 2,
				MIN(x->number, y->number) - 1, MAX(x->number, y->number) + 1};

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		if (compare(x->op, tries[i], x->number) && compare(y->op, tries[i], y->number))
			return false;
	}
	return true;
}

static void check_chain(struct linter *l, const struct expr *e)
{
	struct chain c = {.n = 0};

	collect(&c, e);
	for (size_t i = 0; i < c.n; i++) {
		for (size_t k = i + 1; k < c.n; k++) {
			if (contradict(&c.v[i], &c.v[k]) &&
			    str_eq(text_of(l, c.v[i].vector), text_of(l, c.v[k].vector)))
				lint_tell(l, LINT_NEVER_FIRES, c.v[k].e,
					  "this contradicts another condition of the same `and`: "
					  "both never hold");
		}
	}
}

/* ---- never resolves ----------------------------------------------------------------------------
 */

static bool has_default(const struct expr *e)
{
	const struct expr *r;

	e = expr_unwrap(e);
	if (e->kind != EXPR_BINARY || e->u.binary.op != OP_OR)
		return false;
	r = expr_unwrap(e->u.binary.rhs);
	return is_call(r, "vector") || has_default(e->u.binary.lhs);
}

static void check_resolves(struct linter *l)
{
	const struct expr *e = expr_unwrap(l->rule->expr);

	if (e->kind == EXPR_BINARY && e->u.binary.return_bool)
		lint_tell(l, LINT_NEVER_RESOLVES, e,
			  "with `bool` a comparison gives 0 instead of nothing: the alert fires "
			  "whether it holds or not; leave `bool` out");
	else if (has_default(e))
		lint_tell(l, LINT_NEVER_RESOLVES, e,
			  "`or vector()` always gives a result: the alert fires all the time; "
			  "compare the whole: (... or vector(0)) > 0");
}

/* ---- equality ----------------------------------------------------------------------------------
 */

/* A value that is computed and seldom a round number. */
static const struct expr *computed(const struct expr *e)
{
	static const char *const CALLS[] = {"rate",	"irate",	   "deriv",
					    "increase", "predict_linear",  "histogram_quantile",
					    "delta",	"stddev_over_time"};

	e = expr_unwrap(e);
	for (size_t i = 0; e->kind == EXPR_CALL && i < ARRAY_LEN(CALLS); i++) {
		if (str_is(e->u.call.name, CALLS[i]))
			return e;
	}
	if (e->kind == EXPR_AGGREGATE && e->u.aggregate.op != AGGR_COUNT)
		return computed(e->u.aggregate.expr);
	if (e->kind == EXPR_BINARY && e->u.binary.op <= OP_ATAN2) {
		const struct expr *found = computed(e->u.binary.lhs);

		return found ? found : computed(e->u.binary.rhs);
	}
	return NULL;
}

static void check_equality(struct linter *l, const struct condition *c)
{
	const struct expr *by;

	if ((c->op != OP_EQ && c->op != OP_NE) || c->number == 0)
		return;
	by = computed(c->vector);
	if (by)
		lint_tell(l, LINT_FLOAT_EQUALITY, c->e,
			  "%.*s() gives numbers with a fraction: whether it is exactly %g is "
			  "chance; use < or >",
			  STR_ARG(by->u.call.name), c->number);
}

/* ---- for ---------------------------------------------------------------------------------------
 */

static bool is_up(const struct expr *e)
{
	struct str name;

	if (e->kind != EXPR_SELECTOR)
		return false;
	name = e->u.selector.name;
	return str_is(name, "up") || str_is(name, "probe_success");
}

/* Is the key `for` (not keep_firing_for) written? `for: 0m` is meant. */
static bool says_for(struct linter *l)
{
	struct str text = lint_rule_text(l);
	ptrdiff_t at;

	while ((at = str_find(text, STR("for:"))) >= 0) {
		if (at == 0 || strchr(" \t\n{,", text.p[at - 1]))
			return true;
		text = str_from(text, (size_t)at + 4);
	}
	return false;
}

/* One scrape that fails is no outage. */
static void check_for(struct linter *l)
{
	struct condition c;

	if (l->rule->hold > 0 || !condition_of(l->rule->expr, &c) || !is_up(c.vector))
		return;
	/* Does it hold because of the failure? */
	if (!compare(c.op, 0, c.number) || compare(c.op, 1, c.number) || says_for(l))
		return;
	lint_tell(l, LINT_MISSING_FOR, c.e,
		  "one failed scrape fires this alert; add `for: 1m`, or `for: 0m` if it is meant");
}

/* ---- ranges ------------------------------------------------------------------------------------
 */

static void check_range(struct linter *l, const struct expr *call)
{
	static const char *const CALLS[] = {"rate", "increase", "irate", "deriv"};
	const struct expr *m = call->u.call.n_args ? expr_unwrap(call->u.call.args[0]) : NULL;
	ms_t least = 4 * l->o->scrape_interval;
	struct buf have, need;
	bool takes = false;

	for (size_t i = 0; i < ARRAY_LEN(CALLS); i++)
		takes |= str_is(call->u.call.name, CALLS[i]);
	if (!takes || !m || m->kind != EXPR_MATRIX || m->u.matrix.range_expr ||
	    m->u.matrix.range >= least)
		return;
	buf_init(&have, 64);
	buf_init(&need, 64);
	num_put_duration(&have, m->u.matrix.range);
	num_put_duration(&need, least);
	lint_tell(l, LINT_SHORT_RANGE, m,
		  "%.*s over %s sees less than four scrapes: one that fails leaves it without a "
		  "result; use [%s] at least",
		  STR_ARG(call->u.call.name), buf_cstr(&have), buf_cstr(&need));
	buf_done(&have);
	buf_done(&need);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static bool visit(void *arg, const struct expr *e)
{
	struct linter *l = arg;
	struct condition c;

	if (e->kind == EXPR_CALL)
		check_range(l, e);
	if (e->kind != EXPR_BINARY)
		return true;
	if (condition_of(e, &c)) {
		check_equality(l, &c);
		if (l->rule->alerting)
			check_span(l, &c);
	}
	if (l->rule->alerting)
		check_itself(l, e);
	return true;
}

void lint_conditions(struct linter *l)
{
	expr_walk(l->rule->expr, visit, l);
	if (!l->rule->alerting)
		return;
	check_chain(l, l->rule->expr);
	check_resolves(l);
	check_for(l);
}
