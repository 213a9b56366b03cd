/*
 * What the files of the parser share; nobody else includes this.
 *
 * The grammar was LALR(1) with error rules upstream, and users know its errors. So this recursive
 * descent behaves like that machine: tokens are fetched only when a decision needs them; an error
 * unwinds (`failed`, NULL results) to the next rule that knows a better message and catches it;
 * after that, tokens that fit nowhere are dropped until three have been taken again.
 */
#ifndef PROMQL_PARSER_H
#define PROMQL_PARSER_H

#include "base/limits.h"
#include "promql/ast.h"
#include "promql/lex.h"
#include "promql/parse.h"

#define PARSER_RECOVERING 3 /* tokens to take until an error is forgotten */

struct parser {
	struct lexer lex;
	struct str text;
	struct promql_options options;
	const struct limits *limits;
	struct arena *arena;
	struct promql_errors *errors;
	struct item item; /* the last token fetched: errors speak of it */
	enum token ahead; /* its type, T_NONE behind the end and behind a lexer's error */
	bool have;	  /* the token has been fetched and not taken */
	bool ended;	  /* there will be no other */
	int recovering;
	bool failed;	       /* unwinding to somebody who catches */
	bool aborted;	       /* unwinding to the very top */
	uint32_t last_closing; /* end of the last bracket, number or duration fetched */
	uint32_t depth;
};

/* For a parser whose text, options, limits, arena and errors are set, all else zero. */
void parser_begin(struct parser *p, bool series);

enum token parser_peek(struct parser *p);
struct item parser_take(struct parser *p);
bool parser_accept(struct parser *p, enum token t);
/* The set is ended by T_NONE. False: raised. While recovering drops tokens until one fits. */
bool parser_want(struct parser *p, const enum token *set);
bool parser_expect(struct parser *p, enum token t); /* want and take */
bool token_in(enum token t, const enum token *set);

/* A syntax error at the next token; false, for returning. */
bool parser_raise(struct parser *p);
/* Stops unwinding and reports "unexpected TOKEN in context, expected ..." ("": without). False:
 * the parse is aborted, unwind further. */
bool parser_catch(struct parser *p, const char *context, const char *expected);
/* No recovery is possible. */
void *parser_abort(struct parser *p);

struct span {
	size_t start, end;
};
struct span item_span(const struct item *i);
struct span expr_span(const struct expr *e);
/* An error that does not disturb the parse. */
void parser_errorf(struct parser *p, struct span at, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* "head QUOTED tail" */
void parser_error_quoted(struct parser *p, struct span at, const char *head, struct str quoted);

/* A new node over children of at most that depth; NULL and aborted: too deep. */
struct expr *parser_node(struct parser *p, enum expr_kind kind, enum promql_type type,
			 struct span at, uint32_t depth);
bool parser_enter(struct parser *p); /* one level of recursion deeper; false: aborted */

/* The value of a number or duration token, in seconds for the latter. */
double parser_number(struct parser *p, const struct item *i);
/* The text of a string token, in the arena. */
struct str parser_unquote(struct parser *p, const struct item *i);
/* Tokens that can be the name of a metric or of a label in by(...). */
bool token_is_metric(enum token t);
bool token_is_label(enum token t);

/* parse_duration.c */
struct expr *parse_positive_duration(struct parser *p);
struct expr *parse_offset_duration(struct parser *p);
struct expr *parse_number(struct parser *p);
ms_t duration_ms(double seconds); /* as time.Duration would be cut to milliseconds */

/* parse_selector.c */
struct expr *parse_selector(struct parser *p, const struct item *name); /* NULL: only braces */
bool parse_grouping(struct parser *p, struct strs *out);

#endif
