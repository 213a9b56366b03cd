/*
 * The syntax tree of PromQL. Nodes live in the arena of the parse, are never changed after it and
 * point down only. Each has the byte range [start, end) of the text it came from and the type of
 * its value. What depends on the evaluation (step, range) stays as a duration expression.
 *
 * Durations are milliseconds. `depth` is the height of the tree below the node; the parser keeps
 * it at or under limits->expr_depth, so recursion over a tree is safe.
 */
#ifndef PROMQL_AST_H
#define PROMQL_AST_H

#include "base/arena.h"
#include "base/base.h"
#include "promql/matcher.h"

struct promql_function;

enum promql_type { PROMQL_NONE, PROMQL_SCALAR, PROMQL_VECTOR, PROMQL_MATRIX, PROMQL_STRING };

enum expr_kind {
	EXPR_NUMBER,
	EXPR_STRING,
	EXPR_SELECTOR, /* an instant vector selector */
	EXPR_MATRIX,   /* a selector with a range */
	EXPR_SUBQUERY,
	EXPR_CALL,
	EXPR_AGGREGATE,
	EXPR_BINARY,
	EXPR_UNARY,
	EXPR_PAREN,
	EXPR_DURATION, /* arithmetic of durations; only in ranges, steps and offsets */
};

enum binary_op {
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_POW,
	OP_ATAN2,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_GT,
	OP_LE,
	OP_GE,
	OP_TRIM_UPPER, /* </ */
	OP_TRIM_LOWER, /* >/ */
	OP_AND,
	OP_OR,
	OP_UNLESS,
};

enum aggregate_op {
	AGGR_SUM,
	AGGR_AVG,
	AGGR_COUNT,
	AGGR_MIN,
	AGGR_MAX,
	AGGR_GROUP,
	AGGR_STDDEV,
	AGGR_STDVAR,
	AGGR_TOPK,
	AGGR_BOTTOMK,
	AGGR_COUNT_VALUES,
	AGGR_QUANTILE,
	AGGR_LIMITK,
	AGGR_LIMIT_RATIO,
};

enum match_card { CARD_ONE_TO_ONE, CARD_MANY_TO_ONE, CARD_ONE_TO_MANY, CARD_MANY_TO_MANY };

enum at_kind { AT_NONE, AT_TIME, AT_START, AT_END };

enum duration_op {
	DUR_ADD, /* lhs NULL: unary plus, printed as nothing */
	DUR_SUB, /* lhs NULL: unary minus */
	DUR_MUL,
	DUR_DIV,
	DUR_MOD,
	DUR_POW,
	DUR_STEP,  /* step(); no operands */
	DUR_RANGE, /* range(); no operands */
	DUR_MIN,   /* min_of(lhs, rhs) */
	DUR_MAX,   /* max_of(lhs, rhs) */
};

/* The modifiers `offset` and `@` of selectors and subqueries. */
struct expr_time {
	ms_t offset;			/* 0 while offset_expr is to be computed */
	const struct expr *offset_expr; /* EXPR_DURATION or NULL */
	enum at_kind at_kind;
	ms_t at; /* if AT_TIME */
};

struct strs {
	const struct str *v;
	size_t n;
};

struct vector_matching {
	enum match_card card;
	bool on;	 /* labels are of on(...); else of ignoring(...) */
	bool has_labels; /* on or ignoring was written, maybe with an empty list */
	struct strs labels;
	struct strs include;		   /* of group_left, group_right */
	const double *fill_lhs, *fill_rhs; /* NULL: no fill */
};

struct expr {
	enum expr_kind kind;
	enum promql_type type;
	uint32_t start, end; /* bytes of the text */
	uint32_t depth;	     /* 1 for a leaf */
	union {
		struct {
			double v;
			bool duration; /* was written as one: 5m is 300 */
		} number;
		struct {
			struct str v;
		} string;
		struct {
			struct str name; /* written before the braces; else empty, see matchers */
			const struct matcher *matchers; /* the one of `name` last */
			size_t n_matchers;
			struct expr_time time;
			bool anchored, smoothed;
			bool label_only; /* second argument of info(): may be empty */
		} selector;
		struct {
			const struct expr *selector; /* EXPR_SELECTOR, with the time modifiers */
			ms_t range;
			const struct expr *range_expr; /* EXPR_DURATION or NULL */
		} matrix;
		struct {
			const struct expr *expr;
			ms_t range, step; /* step 0: the default */
			const struct expr *range_expr, *step_expr;
			struct expr_time time;
		} subquery;
		struct {
			const struct promql_function *fn;
			struct str name;
			const struct expr *const *args;
			size_t n_args;
		} call;
		struct {
			enum aggregate_op op;
			bool without;
			struct strs grouping;
			const struct expr *param; /* NULL: none */
			const struct expr *expr;
		} aggregate;
		struct {
			enum binary_op op;
			bool return_bool;
			bool has_matching; /* both sides are vectors */
			const struct expr *lhs, *rhs;
			struct vector_matching matching;
		} binary;
		struct {
			enum binary_op op; /* OP_ADD or OP_SUB */
			const struct expr *expr;
		} unary;
		struct {
			const struct expr *expr;
		} paren;
		struct {
			enum duration_op op;
			bool wrapped;		      /* was in parentheses */
			const struct expr *lhs, *rhs; /* EXPR_NUMBER or EXPR_DURATION */
		} duration;
	} u;
};

const char *promql_type_name(enum promql_type t);    /* "instant vector", "range vector" ... */
const char *value_type_api_name(enum promql_type t); /* "vector", "matrix", "scalar", "string" */
const char *binary_op_text(enum binary_op op);
const char *aggregate_op_text(enum aggregate_op op);
const char *duration_op_text(enum duration_op op); /* "+", "step", "min_of" ... */
bool binary_op_is_comparison(enum binary_op op);
bool binary_op_is_set(enum binary_op op);
bool aggregate_op_has_param(enum aggregate_op op);

/* e without the parentheses around it. */
const struct expr *expr_unwrap(const struct expr *e);

/* Calls fn for e and everything below it, parents first (of an aggregation the
 * operand before the parameter, as upstream).
 * Duration expressions are visited as well. False from fn leaves out what is below that node. */
void expr_walk(const struct expr *e, bool (*fn)(void *arg, const struct expr *e), void *arg);
/* Calls fn for every EXPR_SELECTOR in e, in that order. */
void expr_selectors(const struct expr *e, void (*fn)(void *arg, const struct expr *selector),
		    void *arg);

#endif
