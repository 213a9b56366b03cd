/* The machinery below the grammar: tokens, errors and recovery, nodes, literals. */
#include "promql/parser.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"
#include "promql/check.h"
#include "promql/print.h"
#include "promql/quote.h"

void parser_begin(struct parser *p, bool series)
{
	lex_init(&p->lex, p->text, series, p->arena);
	*p->errors = (struct promql_errors){0};
}

/* ---- tokens -----------------------------------------------------------------------------------
 */

static void fetch(struct parser *p)
{
	p->have = true;
	if (p->ended) {
		p->ahead = T_NONE;
		return;
	}
	do {
		lex_next(&p->lex, &p->item);
	} while (p->item.type == T_COMMENT);
	p->ahead = p->item.type;
	switch ((int)p->item.type) {
	case T_ERROR:
		promql_errors_add(p->errors, p->arena, p->item.pos, p->text.n, p->item.text);
		p->ahead = T_NONE;
		p->ended = true;
		break;
	case T_EOF: p->ended = true; break;
	case T_RIGHT_BRACE:
	case T_RIGHT_PAREN:
	case T_RIGHT_BRACKET:
	case T_DURATION:
	case T_NUMBER: p->last_closing = p->item.pos + (uint32_t)p->item.text.n; break;
	default: break;
	}
}

enum token parser_peek(struct parser *p)
{
	if (!p->have)
		fetch(p);
	return p->ahead;
}

struct item parser_take(struct parser *p)
{
	parser_peek(p);
	p->have = false;
	p->recovering -= p->recovering > 0;
	return p->item;
}

bool parser_accept(struct parser *p, enum token t)
{
	if (parser_peek(p) != t)
		return false;
	parser_take(p);
	return true;
}

bool token_in(enum token t, const enum token *set)
{
	while (*set != T_NONE && *set != t)
		set++;
	return *set != T_NONE;
}

bool parser_want(struct parser *p, const enum token *set)
{
	while (!token_in(parser_peek(p), set)) {
		if (p->recovering < PARSER_RECOVERING)
			return parser_raise(p);
		if (p->ahead == T_NONE) {
			parser_abort(p);
			return false;
		}
		p->have = false;
	}
	return true;
}

bool parser_expect(struct parser *p, enum token t)
{
	if (!parser_want(p, (const enum token[]){t, T_NONE}))
		return false;
	parser_take(p);
	return true;
}

/* ---- errors -----------------------------------------------------------------------------------
 */

bool parser_raise(struct parser *p)
{
	p->failed = true;
	return false;
}

void *parser_abort(struct parser *p)
{
	p->failed = p->aborted = true;
	return NULL;
}

struct span item_span(const struct item *i)
{
	return (struct span){.start = i->pos, .end = i->pos + i->text.n};
}

struct span expr_span(const struct expr *e)
{
	return (struct span){.start = e->start, .end = e->end};
}

void parser_errorf(struct parser *p, struct span at, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	promql_errors_add(p->errors, p->arena, at.start, at.end, str_of(text));
}

void parser_error_quoted(struct parser *p, struct span at, const char *head, struct str quoted)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, head);
	promql_put_quoted(&b, quoted);
	promql_errors_add(p->errors, p->arena, at.start, at.end, buf_str(&b));
	buf_done(&b);
}

bool parser_catch(struct parser *p, const char *context, const char *expected)
{
	struct buf b;

	if (p->aborted)
		return false;
	p->failed = false;
	p->recovering = PARSER_RECOVERING;
	if (p->item.type == T_ERROR)
		return true; /* the lexer has complained already */

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "unexpected ");
	token_describe(&b, &p->item);
	buf_printf(&b, "%s%s", *context ? " in " : "", context);
	buf_printf(&b, "%s%s", *expected ? ", expected " : "", expected);

	struct span at = item_span(&p->item);

	promql_errors_add(p->errors, p->arena, at.start, at.end, buf_str(&b));
	buf_done(&b);
	return true;
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

static void *too_deep(struct parser *p, struct span at)
{
	parser_errorf(p, at, "expression is nested too deeply: at most %zu levels are allowed",
		      p->limits->expr_depth);
	return parser_abort(p);
}

struct expr *parser_node(struct parser *p, enum expr_kind kind, enum promql_type type,
			 struct span at, uint32_t depth)
{
	if (depth >= p->limits->expr_depth)
		return too_deep(p, at);

	struct expr *e = ARENA_NEW(p->arena, struct expr);

	e->kind = kind;
	e->type = type;
	e->start = (uint32_t)at.start;
	e->end = (uint32_t)at.end;
	e->depth = depth + 1;
	return e;
}

bool parser_enter(struct parser *p)
{
	if (++p->depth <= p->limits->expr_depth)
		return true;
	too_deep(p, item_span(&p->item));
	return false;
}

/* ---- literals ---------------------------------------------------------------------------------
 */

double parser_number(struct parser *p, const struct item *i)
{
	int64_t whole;
	double v;
	ms_t ms;
	struct err err;

	if (i->type == T_DURATION) {
		if (num_duration(i->text, &ms, &err))
			return (double)ms / 1000;
		parser_errorf(p, item_span(i), "%s", err.msg);
		return 0;
	}
	if (num_int(i->text, 0, &whole) == NUM_OK)
		return (double)whole;
	v = 0;

	enum num_result result = num_float(i->text, &v);

	if (result != NUM_OK)
		parser_errorf(p, item_span(&p->item),
			      "error parsing number: strconv.ParseFloat: parsing \"%.*s\": %s",
			      STR_ARG(i->text),
			      result == NUM_RANGE ? "value out of range" : "invalid syntax");
	return v;
}

struct str parser_unquote(struct parser *p, const struct item *i)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (!promql_unquote(&b, i->text)) {
		struct buf msg;

		buf_init(&msg, BUF_MAX_ANY);
		buf_adds(&msg, "error unquoting string ");
		promql_put_quoted(&msg, i->text);
		buf_adds(&msg, ": invalid syntax");
		promql_errors_add(p->errors, p->arena, i->pos, i->pos + i->text.n, buf_str(&msg));
		buf_done(&msg);
	}

	struct str s = arena_str(p->arena, buf_str(&b));

	buf_done(&b);
	return s;
}

bool token_is_metric(enum token t)
{
	static const enum token WORDS[] = {T_BY,	T_IDENTIFIER, T_LAND,
					   T_LOR,	T_LUNLESS,    T_METRIC_IDENTIFIER,
					   T_OFFSET,	T_WITHOUT,    T_START,
					   T_END,	T_STEP,	      T_RANGE,
					   T_ANCHORED,	T_SMOOTHED,   T_FILL,
					   T_FILL_LEFT, T_FILL_RIGHT, T_MIN_OF,
					   T_MAX_OF,	T_NONE};

	return token_is_aggregator(t) || token_in(t, WORDS);
}

bool token_is_label(enum token t)
{
	static const enum token WORDS[] = {T_BOOL, T_GROUP_LEFT, T_GROUP_RIGHT, T_IGNORING,
					   T_ON,   T_ATAN2,	 T_NONE};

	return (token_is_metric(t) && t != T_WITHOUT) || token_in(t, WORDS);
}
