/*
 * Expressions: precedence climbing over a table of operators, modifiers behind an operand, calls
 * and aggregations. The grammar rule stands above each function.
 */
#include "promql/parse.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "promql/check.h"
#include "promql/functions.h"
#include "promql/labels.h"
#include "promql/parser.h"

static const struct infix {
	enum token token;
	enum binary_op op;
	int prec;
} OPERATORS[] = {
	{T_LOR, OP_OR, 1},
	{T_LAND, OP_AND, 2},
	{T_LUNLESS, OP_UNLESS, 2},
	{T_EQLC, OP_EQ, 3},
	{T_NEQ, OP_NE, 3},
	{T_LTE, OP_LE, 3},
	{T_LSS, OP_LT, 3},
	{T_GTE, OP_GE, 3},
	{T_GTR, OP_GT, 3},
	{T_TRIM_UPPER, OP_TRIM_UPPER, 3},
	{T_TRIM_LOWER, OP_TRIM_LOWER, 3},
	{T_ADD, OP_ADD, 4},
	{T_SUB, OP_SUB, 4},
	{T_MUL, OP_MUL, 5},
	{T_DIV, OP_DIV, 5},
	{T_MOD, OP_MOD, 5},
	{T_ATAN2, OP_ATAN2, 5},
	{T_POW, OP_POW, 6},
};

#define PREC_UNARY 6 /* a sign's operand holds powers, but no products */
#define PREC_RIGHT 6 /* groups to the right */

static struct expr *parse_expr(struct parser *p, int min);
static struct expr *parse_binary(struct parser *p, struct expr *lhs, int min);

static const struct infix *find_infix(enum token t)
{
	for (size_t i = 0; i < ARRAY_LEN(OPERATORS); i++) {
		if (OPERATORS[i].token == t)
			return &OPERATORS[i];
	}
	return NULL;
}

/* ---- modifiers behind an operand --------------------------------------------------------------
 */

/* The tree is const for everybody but the parser that is building it. */
static struct expr *writable(const struct expr *e)
{
	return (struct expr *)(uintptr_t)e;
}

/* The time modifiers of what may have them; otherwise an error and NULL. */
static struct expr_time *time_of(struct parser *p, struct expr *e, const char *modifier)
{
	switch ((int)e->kind) {
	case EXPR_SELECTOR: return &e->u.selector.time;
	case EXPR_SUBQUERY: return &e->u.subquery.time;
	case EXPR_MATRIX:
		if (e->u.matrix.selector->kind == EXPR_SELECTOR)
			return &writable(e->u.matrix.selector)->u.selector.time;
		parser_errorf(p, expr_span(e), "ranges only allowed for vector selectors");
		return NULL;
	default:
		parser_errorf(p, expr_span(e),
			      "%s modifier must be preceded by an instant vector selector or range "
			      "vector selector or a subquery",
			      modifier);
		return NULL;
	}
}

static void set_offset(struct parser *p, struct expr *e, const struct expr *d)
{
	struct expr_time *t = time_of(p, e, "offset");

	if (!t)
		return;
	if (t->offset != 0 || t->offset_expr)
		parser_errorf(p, expr_span(e), "offset may not be set multiple times");
	else if (d->kind == EXPR_NUMBER)
		t->offset = duration_ms(d->u.number.v);
	else
		t->offset_expr = d;
	e->end = p->last_closing;
}

/* offset_expr = expr "offset" offset_duration. */
static struct expr *parse_offset(struct parser *p, struct expr *e)
{
	parser_take(p);

	struct expr *d = parse_offset_duration(p);

	if (d)
		set_offset(p, e, d);
	else if (!parser_catch(p, "offset", "number, duration, step(), or range()"))
		return NULL;
	return e;
}

static bool in_bounds(double ts)
{
	return ts < 9223372036854775808.0 && ts > -9223372036854775808.0;
}

static ms_t at_ms(double ts)
{
	double ms = round(ts * 1000);

	if (in_bounds(ms))
		return (ms_t)ms;
	return ms > 0 ? INT64_MAX : INT64_MIN + 1;
}

static void set_at(struct parser *p, struct expr *e, enum at_kind kind, double ts)
{
	struct buf b;

	if (kind == AT_TIME && !in_bounds(ts)) {
		buf_init(&b, BUF_MAX_ANY);
		num_put_float(&b, ts, 'f', 6);
		parser_errorf(p, expr_span(e), "timestamp out of bounds for @ modifier: %s",
			      buf_cstr(&b));
		buf_done(&b);
	}

	struct expr_time *t = time_of(p, e, "@");

	if (!t)
		return;
	if (t->at_kind != AT_NONE) {
		parser_errorf(p, expr_span(e), "@ <timestamp> may not be set multiple times");
		return;
	}
	t->at_kind = kind;
	if (kind == AT_TIME)
		t->at = at_ms(ts);
	e->end = p->last_closing;
}

/* timestamp = ( "start" | "end" ) "(" ")" | [ "+" | "-" ] number. */
static bool parse_timestamp(struct parser *p, struct expr *e)
{
	static const enum token FIRST[] = {T_START,  T_END,	 T_ADD, T_SUB,
					   T_NUMBER, T_DURATION, T_NONE};
	static const enum token NUMBER[] = {T_NUMBER, T_DURATION, T_NONE};
	bool minus = false;

	if (!parser_want(p, FIRST))
		return false;
	if (parser_peek(p) == T_START || parser_peek(p) == T_END) {
		enum at_kind kind = parser_take(p).type == T_START ? AT_START : AT_END;

		if (!parser_expect(p, T_LEFT_PAREN) || !parser_expect(p, T_RIGHT_PAREN))
			return false;
		set_at(p, e, kind, 0);
		return true;
	}
	if (parser_peek(p) == T_ADD || parser_peek(p) == T_SUB)
		minus = parser_take(p).type == T_SUB;
	if (!parser_want(p, NUMBER))
		return false;

	struct item i = parser_take(p);
	double ts = parser_number(p, &i);

	set_at(p, e, AT_TIME, minus ? -ts : ts);
	return true;
}

/* step_invariant_expr = expr "@" timestamp. */
static struct expr *parse_at(struct parser *p, struct expr *e)
{
	parser_take(p);
	if (!parse_timestamp(p, e) && !parser_catch(p, "@", "timestamp"))
		return NULL;
	return e;
}

static void set_extended(struct parser *p, struct expr *e, const struct item *word)
{
	const char *name = token_text(word->type);
	struct expr *selector = e->kind == EXPR_MATRIX ? writable(e->u.matrix.selector) : e;

	if (!p->options.extended_range_selectors) {
		parser_errorf(p, expr_span(e), "%s modifier is experimental and not enabled", name);
		return;
	}
	if (e->kind == EXPR_SUBQUERY) {
		parser_errorf(p, expr_span(e), "%s modifier is not supported for subqueries", name);
		return;
	}
	if (selector->kind != EXPR_SELECTOR) {
		if (e->kind != EXPR_MATRIX) /* a matrix has been complained about */
			parser_errorf(p, expr_span(e), "%s modifier not implemented", name);
		return;
	}
	if (word->type == T_ANCHORED)
		selector->u.selector.anchored = true;
	else
		selector->u.selector.smoothed = true;
	if (selector->u.selector.anchored && selector->u.selector.smoothed)
		parser_errorf(p, expr_span(e),
			      "anchored and smoothed modifiers cannot be used together");
}

/* anchored_expr = expr "anchored". smoothed_expr = expr "smoothed". */
static struct expr *parse_extended(struct parser *p, struct expr *e)
{
	struct item word = parser_take(p);

	set_extended(p, e, &word);
	return e;
}

/* ---- ranges and subqueries --------------------------------------------------------------------
 */

static void check_before_range(struct parser *p, const struct expr *e, struct span brackets)
{
	const struct expr_time *t = &e->u.selector.time;

	if (e->kind != EXPR_SELECTOR)
		parser_errorf(p, brackets, "ranges only allowed for vector selectors");
	else if (t->offset != 0 || t->offset_expr)
		parser_errorf(p, brackets, "no offset modifiers allowed before range");
	else if (t->at_kind != AT_NONE)
		parser_errorf(p, brackets, "no @ modifiers allowed before range");
}

static uint32_t depth_of(const struct expr *e)
{
	return e ? e->depth : 0;
}

static struct expr *new_matrix(struct parser *p, struct expr *selector, struct expr *range,
			       size_t bracket)
{
	struct span at = {.start = selector->start, .end = p->last_closing};

	check_before_range(p, selector, (struct span){.start = bracket, .end = p->last_closing});

	struct expr *e =
		parser_node(p, EXPR_MATRIX, PROMQL_MATRIX, at, MAX(selector->depth, range->depth));

	if (!e)
		return NULL;
	e->u.matrix.selector = selector;
	if (range->kind == EXPR_NUMBER)
		e->u.matrix.range = duration_ms(range->u.number.v);
	else
		e->u.matrix.range_expr = range;
	return e;
}

static struct expr *new_subquery(struct parser *p, struct expr *inner, struct expr *range,
				 struct expr *step)
{
	struct span at = {.start = inner->start, .end = p->last_closing};
	uint32_t depth = MAX(inner->depth, MAX(range->depth, depth_of(step)));
	struct expr *e = parser_node(p, EXPR_SUBQUERY, PROMQL_MATRIX, at, depth);

	if (!e)
		return NULL;
	e->u.subquery.expr = inner;
	if (range->kind == EXPR_NUMBER)
		e->u.subquery.range = duration_ms(range->u.number.v);
	else
		e->u.subquery.range_expr = range;
	if (step && step->kind == EXPR_NUMBER)
		e->u.subquery.step = duration_ms(step->u.number.v);
	else
		e->u.subquery.step_expr = step;
	return e;
}

/* Reports and goes on with what there is, or unwinds. */
static struct expr *recover(struct parser *p, struct expr *e, const char *context,
			    const char *expected)
{
	return parser_catch(p, context, expected) ? e : NULL;
}

/* The part behind the colon: [ positive_duration ] "]". */
static struct expr *parse_subquery(struct parser *p, struct expr *e, struct expr *range)
{
	struct expr *step = NULL;

	if (!parser_accept(p, T_RIGHT_BRACKET)) {
		step = parse_positive_duration(p);
		if (!step)
			return recover(p, e, "subquery selector",
				       "number, duration, step(), range(), or \"]\"");
		if (!parser_expect(p, T_RIGHT_BRACKET))
			return recover(p, e, "subquery selector", "\"]\"");
	}
	return new_subquery(p, e, range, step);
}

/* matrix_selector = expr "[" positive_duration "]".
 * subquery_expr = expr "[" positive_duration ":" [ positive_duration ] "]". */
static struct expr *parse_bracket(struct parser *p, struct expr *e)
{
	static const enum token REST[] = {T_RIGHT_BRACKET, T_COLON, T_NONE};
	size_t bracket = parser_take(p).pos;
	struct expr *range = parse_positive_duration(p);

	if (!range)
		return recover(p, e, "subquery or range selector",
			       "number, duration, step(), or range()");
	if (!parser_want(p, REST))
		return recover(p, e, "subquery or range", "\":\" or \"]\"");
	if (parser_take(p).type == T_COLON)
		return parse_subquery(p, e, range);
	return new_matrix(p, e, range, bracket);
}

/* ---- operands ---------------------------------------------------------------------------------
 */

struct args {
	const struct expr **v;
	size_t n, cap;
	uint32_t depth;
};

static void push_arg(struct parser *p, struct args *args, const struct expr *e)
{
	if (args->n == args->cap) {
		size_t cap = MAX(args->cap * 2, (size_t)4);
		const struct expr **v = ARENA_ARRAY(p->arena, const struct expr *, cap);

		if (args->n)
			memcpy(v, args->v, args->n * sizeof(*v));
		args->v = v;
		args->cap = cap;
	}
	args->v[args->n++] = e;
	args->depth = MAX(args->depth, e->depth);
}

static bool begins_operand(enum token t)
{
	static const enum token FIRST[] = {T_NUMBER, T_DURATION,   T_STRING,	 T_ADD,
					   T_SUB,    T_LEFT_PAREN, T_LEFT_BRACE, T_NONE};

	return token_is_metric(t) || token_in(t, FIRST);
}

/* function_call_body = "(" [ expr { "," expr } ] ")". */
static bool parse_args(struct parser *p, struct args *args)
{
	static const enum token REST[] = {T_COMMA, T_RIGHT_PAREN, T_NONE};

	if (!parser_expect(p, T_LEFT_PAREN))
		return false;
	if (parser_accept(p, T_RIGHT_PAREN))
		return true;
	for (struct item comma = {0};;) {
		if (comma.type && !begins_operand(parser_peek(p))) {
			parser_errorf(p, item_span(&comma),
				      "trailing commas not allowed in function call args");
		} else {
			struct expr *e = parse_expr(p, 0);

			if (!e)
				return false;
			push_arg(p, args, e);
		}
		if (!parser_want(p, REST))
			return false;
		comma = parser_take(p);
		if (comma.type == T_RIGHT_PAREN)
			return true;
	}
}

/* The second argument of info() may be an empty selector. */
static void mark_info(const struct promql_function *fn, const struct args *args)
{
	if (fn && strcmp(fn->name, "info") == 0 && args->n > 1 &&
	    args->v[1]->kind == EXPR_SELECTOR && !args->v[1]->u.selector.name.n)
		writable(args->v[1])->u.selector.label_only = true;
}

/* function_call = IDENTIFIER function_call_body. The name has been taken. */
static struct expr *parse_call(struct parser *p, const struct item *name)
{
	const struct promql_function *fn = promql_function_find(name->text);
	struct args args = {0};

	if (!parse_args(p, &args))
		return NULL;
	if (!fn)
		parser_error_quoted(p, item_span(name), "unknown function with name ", name->text);
	else if (fn->experimental && !p->options.experimental_functions)
		parser_errorf(p, item_span(name), "function \"%s\" is not enabled", fn->name);

	struct expr *e =
		parser_node(p, EXPR_CALL, fn ? fn->type : PROMQL_NONE,
			    (struct span){.start = name->pos, .end = p->last_closing}, args.depth);

	if (!e)
		return NULL;
	mark_info(fn, &args);
	e->u.call.fn = fn;
	e->u.call.name = arena_str(p->arena, name->text);
	e->u.call.args = args.v;
	e->u.call.n_args = args.n;
	return e;
}

static enum aggregate_op aggregate_op(enum token t)
{
	for (enum aggregate_op op = AGGR_SUM; op < AGGR_LIMIT_RATIO; op++) {
		if (strcmp(aggregate_op_text(op), token_text(t)) == 0)
			return op;
	}
	return AGGR_LIMIT_RATIO;
}

/* Hands the arguments to parameter and operand; complains if they are too few or too many. */
static void set_aggregate_args(struct parser *p, struct expr *e, const struct args *args)
{
	enum aggregate_op op = e->u.aggregate.op;
	size_t want = aggregate_op_has_param(op) ? 2 : 1;

	if (args->n == 0) {
		parser_errorf(p, expr_span(e), "no arguments for aggregate expression provided");
	} else if (op >= AGGR_LIMITK && !p->options.experimental_functions) {
		parser_errorf(p, expr_span(e),
			      "%s() is experimental and must be enabled with "
			      "--enable-feature=promql-experimental-functions",
			      aggregate_op_text(op));
	} else if (args->n != want) {
		parser_errorf(p, expr_span(e),
			      "wrong number of arguments for aggregate expression provided, "
			      "expected %zu, got %zu",
			      want, args->n);
	} else {
		e->u.aggregate.param = want == 2 ? args->v[0] : NULL;
		e->u.aggregate.expr = args->v[want - 1];
	}
}

/* aggregate_modifier = ( "by" | "without" ) grouping_labels. */
static bool parse_aggregate_modifier(struct parser *p, bool *without, struct strs *grouping)
{
	*without = parser_take(p).type == T_WITHOUT;
	return parse_grouping(p, grouping);
}

/* aggregate_expr = aggregate_op ( modifier args | args [ modifier ] ). The operator is taken. */
static struct expr *parse_aggregate(struct parser *p, const struct item *op)
{
	struct args args = {0};
	struct strs grouping = {0};
	bool without = false, before = parser_peek(p) != T_LEFT_PAREN;
	size_t end;
	bool ok = !before || parse_aggregate_modifier(p, &without, &grouping);

	ok = ok && parse_args(p, &args);
	end = p->last_closing;
	if (ok && !before && (parser_peek(p) == T_BY || parser_peek(p) == T_WITHOUT)) {
		ok = parse_aggregate_modifier(p, &without, &grouping);
		end = p->last_closing;
	}
	if (!ok) {
		if (!parser_catch(p, "aggregation", ""))
			return NULL;
		args.n = 0;
		end = p->last_closing;
	}

	struct expr *e = parser_node(p, EXPR_AGGREGATE, PROMQL_VECTOR,
				     (struct span){.start = op->pos, .end = end}, args.depth);

	if (!e)
		return NULL;
	e->u.aggregate.op = aggregate_op(op->type);
	e->u.aggregate.without = without;
	e->u.aggregate.grouping = grouping;
	set_aggregate_args(p, e, &args);
	return e;
}

/* paren_expr = "(" expr ")". */
static struct expr *parse_paren(struct parser *p)
{
	size_t start = parser_take(p).pos;
	struct expr *inner = parse_expr(p, 0);

	while (inner && parser_peek(p) != T_RIGHT_PAREN) {
		if (p->recovering < PARSER_RECOVERING) {
			parser_raise(p);
			return NULL;
		}
		if (p->ahead == T_NONE)
			return parser_abort(p);
		p->have = false; /* dropped; an operator may follow */
		inner = parse_binary(p, inner, 0);
	}
	if (!inner)
		return NULL;
	parser_take(p);

	struct span at = {.start = start, .end = p->last_closing};
	struct expr *e = parser_node(p, EXPR_PAREN, inner->type, at, inner->depth);

	if (e)
		e->u.paren.expr = inner;
	return e;
}

/* string_literal = STRING. */
static struct expr *parse_string(struct parser *p)
{
	struct item i = parser_take(p);
	struct expr *e = parser_node(p, EXPR_STRING, PROMQL_STRING, item_span(&i), 0);

	if (e)
		e->u.string.v = parser_unquote(p, &i);
	return e;
}

/* unary_expr = ( "+" | "-" ) expr, binding like a product. A number takes the sign in. */
static struct expr *parse_unary(struct parser *p)
{
	struct item sign = parser_take(p);
	struct expr *operand = parse_expr(p, PREC_UNARY);

	if (!operand)
		return NULL;
	if (operand->kind == EXPR_NUMBER) {
		if (sign.type == T_SUB)
			operand->u.number.v = -operand->u.number.v;
		operand->start = sign.pos;
		return operand;
	}

	struct expr *e =
		parser_node(p, EXPR_UNARY, operand->type,
			    (struct span){.start = sign.pos, .end = operand->end}, operand->depth);

	if (e) {
		e->u.unary.op = sign.type == T_SUB ? OP_SUB : OP_ADD;
		e->u.unary.expr = operand;
	}
	return e;
}

/* A word is a function before "(", an aggregation before its arguments, else a metric. */
static struct expr *parse_word(struct parser *p)
{
	struct item word = parser_take(p);
	enum token then = parser_peek(p);
	bool callable =
		word.type == T_IDENTIFIER || (word.type >= T_START && word.type <= T_MAX_OF);

	if (callable && then == T_LEFT_PAREN)
		return parse_call(p, &word);
	if (token_is_aggregator(word.type) &&
	    (then == T_LEFT_PAREN || then == T_BY || then == T_WITHOUT))
		return parse_aggregate(p, &word);
	return parse_selector(p, &word);
}

/* operand = number | string | paren_expr | unary_expr | function_call | aggregate_expr |
 *	vector_selector. */
static struct expr *parse_primary(struct parser *p)
{
	while (!begins_operand(parser_peek(p))) {
		if (p->recovering < PARSER_RECOVERING) {
			parser_raise(p);
			return NULL;
		}
		if (p->ahead == T_NONE)
			return parser_abort(p);
		p->have = false;
	}
	switch ((int)parser_peek(p)) {
	case T_NUMBER:
	case T_DURATION: return parse_number(p);
	case T_STRING: return parse_string(p);
	case T_LEFT_PAREN: return parse_paren(p);
	case T_LEFT_BRACE: return parse_selector(p, NULL);
	case T_ADD:
	case T_SUB: return parse_unary(p);
	default: return parse_word(p);
	}
}

/* Modifiers bind tighter than every operator. */
static struct expr *parse_modifiers(struct parser *p, struct expr *e)
{
	while (e) {
		switch ((int)parser_peek(p)) {
		case T_OFFSET: e = parse_offset(p, e); break;
		case T_AT: e = parse_at(p, e); break;
		case T_LEFT_BRACKET: e = parse_bracket(p, e); break;
		case T_ANCHORED:
		case T_SMOOTHED: e = parse_extended(p, e); break;
		default: return e;
		}
	}
	return NULL;
}

/* ---- binary expressions -----------------------------------------------------------------------
 */

/* on_or_ignoring = ( "on" | "ignoring" ) grouping_labels
 *	[ ( "group_left" | "group_right" ) [ grouping_labels ] ]. */
static bool parse_matching(struct parser *p, struct vector_matching *m)
{
	if (parser_peek(p) != T_ON && parser_peek(p) != T_IGNORING)
		return true;
	m->on = parser_take(p).type == T_ON;
	m->has_labels = true;
	if (!parse_grouping(p, &m->labels))
		return false;
	if (parser_peek(p) != T_GROUP_LEFT && parser_peek(p) != T_GROUP_RIGHT)
		return true;
	m->card = parser_take(p).type == T_GROUP_LEFT ? CARD_MANY_TO_ONE : CARD_ONE_TO_MANY;
	if (parser_peek(p) != T_LEFT_PAREN && begins_operand(parser_peek(p)))
		return true;
	return parse_grouping(p, &m->include);
}

/* fill_value = "(" [ "+" | "-" ] number ")". */
static const double *parse_fill_value(struct parser *p)
{
	static const enum token NUMBER[] = {T_NUMBER, T_DURATION, T_NONE};
	bool minus = false;

	if (!parser_expect(p, T_LEFT_PAREN))
		return NULL;
	if (parser_peek(p) == T_ADD || parser_peek(p) == T_SUB)
		minus = parser_take(p).type == T_SUB;
	if (!parser_want(p, NUMBER))
		return NULL;

	struct item i = parser_take(p);
	double *v = ARENA_NEW(p->arena, double);

	*v = parser_number(p, &i);
	if (minus)
		*v = -*v;
	return parser_expect(p, T_RIGHT_PAREN) ? v : NULL;
}

/* Whether the word ahead is followed by a parenthesis: a metric may be called `fill`, too. */
static bool fill_ahead(struct parser *p)
{
	enum token t = parser_peek(p);
	struct str then = str_trim(str_from(p->text, item_span(&p->item).end));

	return (t == T_FILL || t == T_FILL_LEFT || t == T_FILL_RIGHT) && str_starts(then, "(");
}

/* fill_modifiers = "fill" value | [ "fill_left" value ] [ "fill_right" value ], in any order. */
static bool parse_fill(struct parser *p, struct vector_matching *m)
{
	while (fill_ahead(p)) {
		enum token side = parser_peek(p);
		bool again = (side != T_FILL_RIGHT && m->fill_lhs) ||
			     (side != T_FILL_LEFT && m->fill_rhs);

		if (again)
			return parser_raise(p);
		parser_take(p);

		const double *v = parse_fill_value(p);

		if (!v)
			return false;
		if (side != T_FILL_RIGHT)
			m->fill_lhs = v;
		if (side != T_FILL_LEFT)
			m->fill_rhs = v;
		if (side == T_FILL)
			break;
	}
	return true;
}

static struct expr *new_binary(struct parser *p, enum binary_op op, struct expr *lhs,
			       struct expr *rhs)
{
	bool scalar = lhs->type == PROMQL_SCALAR && rhs->type == PROMQL_SCALAR;

	struct expr *e = parser_node(p, EXPR_BINARY, scalar ? PROMQL_SCALAR : PROMQL_VECTOR,
				     (struct span){.start = lhs->start, .end = rhs->end},
				     MAX(lhs->depth, rhs->depth));

	if (!e)
		return NULL;
	e->u.binary.op = op;
	e->u.binary.lhs = lhs;
	e->u.binary.rhs = rhs;
	e->u.binary.has_matching = lhs->type == PROMQL_VECTOR && rhs->type == PROMQL_VECTOR;
	return e;
}

static void set_matching(struct parser *p, struct expr *e, const struct vector_matching *m)
{
	e->u.binary.matching = *m;
	if (binary_op_is_set(e->u.binary.op) && m->card == CARD_ONE_TO_ONE)
		e->u.binary.matching.card = CARD_MANY_TO_MANY;
	if ((m->fill_lhs || m->fill_rhs) && !p->options.binop_fill_modifiers)
		parser_errorf(p, expr_span(e),
			      "binop fill modifiers are experimental and not enabled");
}

/* The part behind the left operand: operator [ "bool" ] [ matching ] [ fill ] expr. */
static struct expr *parse_right_side(struct parser *p, struct expr *lhs, const struct infix *o)
{
	struct vector_matching m = {0};

	parser_take(p);

	bool return_bool = parser_accept(p, T_BOOL);

	if (!parse_matching(p, &m) || !parse_fill(p, &m))
		return NULL;

	struct expr *rhs = parse_expr(p, o->prec + (o->prec != PREC_RIGHT));
	struct expr *e = rhs ? new_binary(p, o->op, lhs, rhs) : NULL;

	if (!e)
		return NULL;
	e->u.binary.return_bool = return_bool;
	set_matching(p, e, &m);
	return e;
}

/* Operators of at least that precedence behind lhs, and modifiers that follow a dropped token. */
static struct expr *parse_binary(struct parser *p, struct expr *lhs, int min)
{
	lhs = parse_modifiers(p, lhs);
	while (lhs) {
		const struct infix *o = find_infix(parser_peek(p));

		if (!o || o->prec < min)
			return lhs;
		lhs = parse_right_side(p, lhs, o);
	}
	return NULL;
}

/* expr = operand { modifier } { operator operand { modifier } }, by precedence. */
static struct expr *parse_expr(struct parser *p, int min)
{
	if (!parser_enter(p))
		return NULL;

	struct expr *e = parse_primary(p);

	if (e)
		e = parse_binary(p, e, min);
	p->depth--;
	return e;
}

/* ---- entries ----------------------------------------------------------------------------------
 */

struct promql_options promql_options_default(void)
{
	return (struct promql_options){.duration_expressions = true};
}

/* What is left when nobody has a better message: report and look at the rest for bad tokens. */
static void finish(struct parser *p)
{
	if (p->failed && !parser_catch(p, "", ""))
		return;
	while (parser_peek(p) != T_EOF && p->ahead != T_NONE)
		p->have = false;
}

/* start = expr EOF. */
static struct expr *parse_start(struct parser *p)
{
	if (parser_peek(p) == T_EOF) {
		parser_errorf(p, (struct span){0}, "no expression found in input");
		return NULL;
	}

	struct expr *e = parse_expr(p, 0);

	if (e && parser_peek(p) != T_EOF && p->ahead != T_NONE && p->recovering < PARSER_RECOVERING)
		parser_raise(p);
	finish(p);
	return e;
}

static bool too_long(struct str text, const struct limits *l, struct arena *a,
		     struct promql_errors *errors)
{
	if (text.n <= l->expr_bytes && text.n < INT32_MAX)
		return false;
	*errors = (struct promql_errors){0};
	promql_errors_addf(errors, a, 0, 0,
			   "expression is too long: %zu bytes, at most %zu are allowed", text.n,
			   l->expr_bytes);
	return true;
}

bool promql_parse_all(struct str text, const struct promql_options *o, const struct limits *l,
		      struct arena *a, const struct expr **out, struct promql_errors *errors)
{
	struct parser p;

	if (too_long(text, l, a, errors))
		return false;
	p = (struct parser){.text = text, .options = *o, .limits = l, .arena = a, .errors = errors};
	parser_begin(&p, false);

	struct expr *e = parse_start(&p);

	if (errors->count == 0)
		promql_check(e, text, a, errors);
	if (errors->count)
		return false;
	*out = e;
	return true;
}

/* The first error, with its place as line and column too. */
static bool first_error(const struct promql_errors *errors, struct str text, struct err *err)
{
	const struct promql_error *first = &errors->v[0];
	size_t start = 0;
	int line = 1;

	if (!err)
		return false;
	for (size_t i = 0; i < (size_t)first->pos && i < text.n; i++) {
		if (text.p[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	err_set(err, first->pos, "%.*s", STR_ARG(first->msg));
	err->end = first->end;
	err->line = line;
	err->col = first->pos - (int)start + 1;
	return false;
}

bool promql_parse(struct str text, const struct promql_options *o, const struct limits *l,
		  struct arena *a, const struct expr **out, struct err *err)
{
	struct promql_errors errors;

	return promql_parse_all(text, o, l, a, out, &errors) || first_error(&errors, text, err);
}

bool promql_parse_selector(struct str text, const struct limits *l, struct arena *a,
			   const struct matcher **out, size_t *n, struct err *err)
{
	struct promql_options o = promql_options_default();
	struct promql_errors errors;
	struct parser p;
	struct expr *e = NULL;

	if (too_long(text, l, a, &errors))
		return first_error(&errors, text, err);
	p = (struct parser){.text = text, .options = o, .limits = l, .arena = a, .errors = &errors};
	parser_begin(&p, false);
	if (parser_peek(&p) == T_LEFT_BRACE) {
		e = parse_selector(&p, NULL);
	} else if (token_is_metric(parser_peek(&p))) {
		struct item name = parser_take(&p);

		e = parse_selector(&p, &name);
	}
	if (!p.aborted && (!e || parser_peek(&p) != T_EOF))
		parser_raise(&p);
	finish(&p);
	if (errors.count)
		return first_error(&errors, text, err);
	*out = e->u.selector.matchers;
	*n = e->u.selector.n_matchers;
	return true;
}
