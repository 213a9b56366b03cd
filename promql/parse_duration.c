/*
 * Arithmetic of durations, in ranges, steps and offsets. Numbers fold nowhere but under a sign:
 * what depends on step() and range() is only known at evaluation, and printing must give back
 * what was written.
 */
#include <math.h>

#include "promql/parser.h"

enum { PREC_SUM = 1, PREC_PRODUCT = 2, PREC_POWER = 3 };

#define NS_LIMIT 9223372036.854775807 /* seconds that fit into int64 nanoseconds */

static struct expr *parse_duration_expr(struct parser *p, int min);

ms_t duration_ms(double seconds)
{
	double ns = round(seconds * 1e9);

	if (!(ns < 9.2e18 && ns > -9.2e18))
		return ns > 0 ? INT64_MAX / 1000000 : INT64_MIN / 1000000;

	ms_t ms = (int64_t)ns / 1000000;

	return ms == 0 && seconds > 0 ? 1 : ms;
}

static struct expr *zero(struct parser *p)
{
	return parser_node(p, EXPR_NUMBER, PROMQL_SCALAR, (struct span){0}, 0);
}

/* e, or a zero after an error if it is a number that no duration can hold. */
static struct expr *in_range(struct parser *p, struct expr *e, struct span at)
{
	double v = e->u.number.v;

	if (v <= NS_LIMIT && v >= -NS_LIMIT)
		return e;
	parser_errorf(p, at, "duration out of range");
	return zero(p);
}

/* number = NUMBER | DURATION. The token is there. */
struct expr *parse_number(struct parser *p)
{
	struct item i = parser_take(p);
	struct expr *e = parser_node(p, EXPR_NUMBER, PROMQL_SCALAR, item_span(&i), 0);

	if (e) {
		e->u.number.v = parser_number(p, &i);
		e->u.number.duration = i.type == T_DURATION;
	}
	return e;
}

static struct expr *duration_node(struct parser *p, enum duration_op op, struct span at,
				  struct expr *lhs, struct expr *rhs)
{
	uint32_t depth = MAX(lhs ? lhs->depth : 0, rhs ? rhs->depth : 0);
	struct expr *e = parser_node(p, EXPR_DURATION, PROMQL_SCALAR, at, depth);

	if (e) {
		e->u.duration.op = op;
		e->u.duration.lhs = lhs;
		e->u.duration.rhs = rhs;
	}
	return e;
}

static struct expr *wrap(struct parser *p, struct expr *e)
{
	if (e->kind == EXPR_NUMBER)
		e = duration_node(p, DUR_ADD, expr_span(e), NULL, e);
	if (e)
		e->u.duration.wrapped = true;
	return e;
}

static struct expr *apply_sign(struct parser *p, const struct item *sign, struct expr *e)
{
	if (e->kind == EXPR_NUMBER) {
		if (sign->type == T_SUB)
			e->u.number.v = -e->u.number.v;
		e->start = sign->pos;
		return in_range(p, e, item_span(sign));
	}
	if (sign->type == T_ADD)
		return e;
	return duration_node(p, DUR_SUB, (struct span){.start = sign->pos, .end = e->end}, NULL, e);
}

static void need_option(struct parser *p, const struct expr *e)
{
	if (!p->options.duration_expressions)
		parser_errorf(p, expr_span(e), "experimental duration expression is not enabled");
}

/* paren = "(" duration_expr ")". */
static struct expr *parse_paren(struct parser *p)
{
	parser_take(p);

	struct expr *e = parse_duration_expr(p, 0);

	if (!e || !parser_expect(p, T_RIGHT_PAREN))
		return NULL;
	need_option(p, e);
	return wrap(p, e);
}

/* call = ( "step" | "range" ) "(" ")" | ( "min_of" | "max_of" ) "(" expr "," expr ")". */
static struct expr *parse_call(struct parser *p)
{
	struct item name = parser_take(p);
	enum duration_op op = DUR_STEP + (enum duration_op)(name.type - T_STEP);
	struct expr *lhs = NULL, *rhs = NULL;

	if (!parser_expect(p, T_LEFT_PAREN))
		return NULL;
	if (op == DUR_MIN || op == DUR_MAX) {
		if (!(lhs = parse_duration_expr(p, 0)) || !parser_expect(p, T_COMMA) ||
		    !(rhs = parse_duration_expr(p, 0)))
			return NULL;
	}
	if (!parser_expect(p, T_RIGHT_PAREN))
		return NULL;
	return duration_node(p, op, (struct span){.start = name.pos, .end = p->last_closing}, lhs,
			     rhs);
}

static const enum token OPERANDS[] = {T_NUMBER, T_DURATION, T_ADD,    T_SUB,	    T_STEP,
				      T_RANGE,	T_MIN_OF,   T_MAX_OF, T_LEFT_PAREN, T_NONE};

/* operand = number | ( "+" | "-" ) operand | call | paren. A sign binds like a product. */
static struct expr *parse_operand(struct parser *p)
{
	if (!parser_want(p, OPERANDS))
		return NULL;
	switch ((int)parser_peek(p)) {
	case T_NUMBER:
	case T_DURATION: {
		struct expr *e = parse_number(p);

		return e ? in_range(p, e, expr_span(e)) : NULL;
	}
	case T_LEFT_PAREN: return parse_paren(p);
	case T_ADD:
	case T_SUB: {
		struct item sign = parser_take(p);
		struct expr *e = parse_duration_expr(p, PREC_PRODUCT + 1);

		return e ? apply_sign(p, &sign, e) : NULL;
	}
	default: return parse_call(p);
	}
}

static int precedence(enum token t)
{
	switch ((int)t) {
	case T_ADD:
	case T_SUB: return PREC_SUM;
	case T_MUL:
	case T_DIV:
	case T_MOD: return PREC_PRODUCT;
	case T_POW: return PREC_POWER;
	default: return -1;
	}
}

static enum duration_op operator(enum token t) {
	switch ((int)t){
		case T_ADD : return DUR_ADD; case T_SUB : return DUR_SUB;
		case T_MUL : return DUR_MUL;
		case T_DIV : return DUR_DIV;
		case T_MOD : return DUR_MOD;
		default : return DUR_POW;
	}
}

static struct expr *combine(struct parser *p, struct expr *lhs, const struct item *op,
			    struct expr *rhs)
{
	bool divides = op->type == T_DIV || op->type == T_MOD;

	need_option(p, lhs);
	if (divides && rhs->kind == EXPR_NUMBER && rhs->u.number.v == 0) {
		parser_errorf(p, item_span(op), "%s by zero",
			      op->type == T_DIV ? "division" : "modulo");
		return zero(p);
	}
	return duration_node(p, operator(op->type),
			     (struct span){.start = lhs->start, .end = rhs->end}, lhs, rhs);
}

/* duration_expr = operand { operator operand }, by precedence; powers group to the right. */
static struct expr *parse_duration_expr(struct parser *p, int min)
{
	if (!parser_enter(p))
		return NULL;

	struct expr *lhs = parse_operand(p);

	while (lhs && precedence(parser_peek(p)) >= MAX(min, 0)) {
		struct item op = parser_take(p);
		int prec = precedence(op.type);
		struct expr *rhs = parse_duration_expr(p, prec + (prec != PREC_POWER));

		lhs = rhs ? combine(p, lhs, &op, rhs) : NULL;
	}
	p->depth--;
	return lhs;
}

/* positive_duration = duration_expr that is not a number below or at zero. */
struct expr *parse_positive_duration(struct parser *p)
{
	struct expr *e = parse_duration_expr(p, 0);

	if (!e || e->kind != EXPR_NUMBER || e->u.number.v > 0)
		return e;
	parser_errorf(p, expr_span(e), "duration must be greater than 0");
	return zero(p);
}

/* offset_duration = number | call | sign offset_operand | paren { operator operand }. Only what
 * begins with a parenthesis goes on: `x offset 5m - 3` subtracts from x. */
struct expr *parse_offset_duration(struct parser *p)
{
	if (!parser_want(p, OPERANDS))
		return NULL;
	if (parser_peek(p) == T_LEFT_PAREN)
		return parse_duration_expr(p, 0);
	if (parser_peek(p) != T_ADD && parser_peek(p) != T_SUB)
		return parse_operand(p);

	struct item sign = parser_take(p);

	if (!parser_want(p, OPERANDS) || !parser_enter(p))
		return NULL;

	bool sign_again = parser_peek(p) == T_ADD || parser_peek(p) == T_SUB;
	struct expr *e = sign_again ? parse_offset_duration(p) : parse_operand(p);

	p->depth--;
	return e ? apply_sign(p, &sign, e) : NULL;
}
