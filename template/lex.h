/*
 * The tokens of a template: text outside of actions, words inside. Borrowed from the text.
 */
#ifndef TEMPLATE_LEX_H
#define TEMPLATE_LEX_H

#include "base/base.h"
#include "base/buf.h"

enum token_kind {
	TOKEN_ERROR, /* val is the message */
	TOKEN_BOOL,
	TOKEN_CHAR, /* a printable character that is nothing else: the comma */
	TOKEN_CHAR_CONSTANT,
	TOKEN_COMPLEX,
	TOKEN_ASSIGN,
	TOKEN_DECLARE,
	TOKEN_EOF,
	TOKEN_FIELD, /* with its dot */
	TOKEN_IDENTIFIER,
	TOKEN_LEFT_DELIM,
	TOKEN_LEFT_PAREN,
	TOKEN_NUMBER,
	TOKEN_PIPE,
	TOKEN_RAW_STRING,
	TOKEN_RIGHT_DELIM,
	TOKEN_RIGHT_PAREN,
	TOKEN_SPACE,
	TOKEN_STRING,
	TOKEN_TEXT,
	TOKEN_VARIABLE, /* with its dollar */
	TOKEN_KEYWORD,	/* only divides: keywords follow */
	TOKEN_BLOCK,
	TOKEN_BREAK,
	TOKEN_CONTINUE,
	TOKEN_DOT,
	TOKEN_DEFINE,
	TOKEN_ELSE,
	TOKEN_END,
	TOKEN_IF,
	TOKEN_NIL,
	TOKEN_RANGE,
	TOKEN_TEMPLATE,
	TOKEN_WITH,
};

struct token {
	enum token_kind kind;
	int pos;
	int line; /* where it starts */
	struct str val;
};

struct lexer {
	struct str in;
	size_t pos, start;
	int line, start_line;
	bool at_eof;
	bool in_action;
	int parens;
	bool no_break, no_continue; /* functions of that name take the keyword's place */
	struct token out;
	struct buf error; /* text of the last error token */
};

void lexer_init(struct lexer *l, struct str in);
void lexer_done(struct lexer *l);
struct token lexer_next(struct lexer *l);
/* "<define>", "\"abc\"", "EOF": the token as messages show it. */
void token_put(struct buf *b, struct token t);

#endif
