/*
 * The tree of a parsed template. Nodes live in the set's arena and are linked by `next` in their
 * list; `pos` is the byte offset in the text that Go would report for the node (not always its
 * first byte).
 */
#ifndef TEMPLATE_NODE_H
#define TEMPLATE_NODE_H

#include "base/base.h"
#include "base/buf.h"
#include "template/value.h"

struct template_func;

/* A text that was parsed: where errors say they are. */
struct source {
	struct str name, text;
};

enum node_kind {
	NODE_LIST,
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_TEMPLATE,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_PIPE,
	NODE_COMMAND,
	NODE_IDENT,
	NODE_VARIABLE,
	NODE_DOT,
	NODE_NIL,
	NODE_FIELD,
	NODE_CHAIN,
	NODE_BOOL,
	NODE_NUMBER,
	NODE_STRING,
	NODE_END,  /* only while parsing */
	NODE_ELSE, /* only while parsing */
};

/* A number constant: every reading that fits. */
struct number {
	bool is_int, is_uint, is_float;
	int64_t i;
	uint64_t u;
	double f;
	struct str text;
};

struct node {
	enum node_kind kind;
	int pos;
	const struct source *source;
	struct node *next;
	union {
		struct {
			struct node *first, *last; /* NODE_LIST: nodes; NODE_COMMAND: arguments */
			int n;
		} list;
		struct str text; /* NODE_TEXT, NODE_IDENT see below */
		struct {
			struct node *decl; /* variables, linked */
			int n_decl;
			bool is_assign;
			struct node *cmds;
			int n_cmds;
		} pipe;
		struct {
			struct node *pipe;
		} action;
		struct {
			struct node *pipe, *list, *else_list; /* NODE_IF, NODE_RANGE, NODE_WITH */
		} branch;
		struct {
			struct str name;
			struct node *pipe; /* NULL: none */
		} template;
		struct {
			struct str name;
			const struct template_func *func;
		} ident;
		struct {
			struct node *base;  /* NODE_CHAIN: what the fields are of */
			struct str *idents; /* a variable's first one is its name, with $ */
			int n;
		} path; /* NODE_VARIABLE, NODE_FIELD, NODE_CHAIN */
		bool boolean;
		struct number number;
		struct {
			struct str quoted, text;
		} string;
	};
};

/* A named template. */
struct tree {
	struct str name;
	const struct source *source;
	struct node *root; /* NODE_LIST */
	struct tree *next;
};

/* The node as source text, as Go writes it in error messages. */
void node_put(struct buf *b, const struct node *n);
/* Nothing but white space, comments and definitions. */
bool node_is_empty(const struct node *n);

#endif
