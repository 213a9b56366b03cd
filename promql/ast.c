/* The tree: names of its parts, and walking it. */
#include "promql/ast.h"

const char *promql_type_name(enum promql_type t)
{
	static const char *const NAMES[] = {"none", "scalar", "instant vector", "range vector",
					    "string"};

	return NAMES[t];
}

const char *value_type_api_name(enum promql_type t)
{
	static const char *const NAMES[] = {"none", "scalar", "vector", "matrix", "string"};

	return NAMES[t];
}

const char *binary_op_text(enum binary_op op)
{
	static const char *const TEXTS[] = {
		[OP_ADD] = "+", [OP_SUB] = "-",		[OP_MUL] = "*",		[OP_DIV] = "/",
		[OP_MOD] = "%", [OP_POW] = "^",		[OP_ATAN2] = "atan2",	[OP_EQ] = "==",
		[OP_NE] = "!=", [OP_LT] = "<",		[OP_GT] = ">",		[OP_LE] = "<=",
		[OP_GE] = ">=", [OP_TRIM_UPPER] = "</", [OP_TRIM_LOWER] = ">/", [OP_AND] = "and",
		[OP_OR] = "or", [OP_UNLESS] = "unless",
	};

	return TEXTS[op];
}

const char *aggregate_op_text(enum aggregate_op op)
{
	static const char *const TEXTS[] = {
		[AGGR_SUM] = "sum",
		[AGGR_AVG] = "avg",
		[AGGR_COUNT] = "count",
		[AGGR_MIN] = "min",
		[AGGR_MAX] = "max",
		[AGGR_GROUP] = "group",
		[AGGR_STDDEV] = "stddev",
		[AGGR_STDVAR] = "stdvar",
		[AGGR_TOPK] = "topk",
		[AGGR_BOTTOMK] = "bottomk",
		[AGGR_COUNT_VALUES] = "count_values",
		[AGGR_QUANTILE] = "quantile",
		[AGGR_LIMITK] = "limitk",
		[AGGR_LIMIT_RATIO] = "limit_ratio",
	};

	return TEXTS[op];
}

const char *duration_op_text(enum duration_op op)
{
	static const char *const TEXTS[] = {
		[DUR_ADD] = "+",      [DUR_SUB] = "-",	     [DUR_MUL] = "*",
		[DUR_DIV] = "/",      [DUR_MOD] = "%",	     [DUR_POW] = "^",
		[DUR_STEP] = "step",  [DUR_RANGE] = "range", [DUR_MIN] = "min_of",
		[DUR_MAX] = "max_of",
	};

	return TEXTS[op];
}

bool binary_op_is_comparison(enum binary_op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

bool binary_op_is_set(enum binary_op op)
{
	return op >= OP_AND;
}

bool aggregate_op_has_param(enum aggregate_op op)
{
	return op >= AGGR_TOPK;
}

const struct expr *expr_unwrap(const struct expr *e)
{
	while (e->kind == EXPR_PAREN)
		e = e->u.paren.expr;
	return e;
}

struct walk {
	bool (*fn)(void *arg, const struct expr *e);
	void *arg;
};

static void walk(const struct walk *w, const struct expr *e);

static void walk_two(const struct walk *w, const struct expr *a, const struct expr *b)
{
	walk(w, a);
	walk(w, b);
}

static void walk_subquery(const struct walk *w, const struct expr *e)
{
	walk(w, e->u.subquery.expr);
	walk_two(w, e->u.subquery.range_expr, e->u.subquery.step_expr);
	walk(w, e->u.subquery.time.offset_expr);
}

static void walk_args(const struct walk *w, const struct expr *e)
{
	for (size_t i = 0; i < e->u.call.n_args; i++)
		walk(w, e->u.call.args[i]);
}

static void walk(const struct walk *w, const struct expr *e)
{
	if (!e || !w->fn(w->arg, e))
		return;
	switch (e->kind) {
	case EXPR_NUMBER:
	case EXPR_STRING: break;
	case EXPR_SELECTOR: walk(w, e->u.selector.time.offset_expr); break;
	case EXPR_MATRIX: walk_two(w, e->u.matrix.selector, e->u.matrix.range_expr); break;
	case EXPR_SUBQUERY: walk_subquery(w, e); break;
	case EXPR_CALL: walk_args(w, e); break;
	case EXPR_AGGREGATE: walk_two(w, e->u.aggregate.expr, e->u.aggregate.param); break;
	case EXPR_BINARY: walk_two(w, e->u.binary.lhs, e->u.binary.rhs); break;
	case EXPR_UNARY: walk(w, e->u.unary.expr); break;
	case EXPR_PAREN: walk(w, e->u.paren.expr); break;
	case EXPR_DURATION: walk_two(w, e->u.duration.lhs, e->u.duration.rhs); break;
	}
}

void expr_walk(const struct expr *e, bool (*fn)(void *arg, const struct expr *e), void *arg)
{
	walk(&(struct walk){.fn = fn, .arg = arg}, e);
}

struct selector_walk {
	void (*fn)(void *arg, const struct expr *selector);
	void *arg;
};

static bool visit_selector(void *arg, const struct expr *e)
{
	const struct selector_walk *w = arg;

	if (e->kind == EXPR_SELECTOR)
		w->fn(w->arg, e);
	return true;
}

void expr_selectors(const struct expr *e, void (*fn)(void *arg, const struct expr *selector),
		    void *arg)
{
	expr_walk(e, visit_selector, &(struct selector_walk){.fn = fn, .arg = arg});
}
