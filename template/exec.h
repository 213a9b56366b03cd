/*
 * What the two halves of execution share: exec.c walks the actions, eval.c evaluates pipelines.
 * Functions return false once execution has to end: the error, or that something is waited for,
 * is in the state then.
 */
#ifndef TEMPLATE_EXEC_H
#define TEMPLATE_EXEC_H

#include "template/html.h"
#include "template/node.h"
#include "template/template.h"

struct template_set {
	struct arena *arena;
	const struct limits *limits;
	enum template_missing_key missing_key;
	struct tree *trees;
};

struct exec_var {
	struct str name; /* with $ */
	struct value value;
};

/* Nesting of actions and pipelines in all templates under way, in units of the depth limit. */
#define EXEC_NESTING 10

struct template_exec {
	const struct template_set *set;
	const struct template_options *o;
	struct buf *out;
	const struct tree *tree; /* being executed */
	const struct node *node; /* where an error would be */
	struct exec_var *vars;	 /* a stack; those from var_base on are the template's */
	size_t n_vars, cap_vars, var_base;
	size_t steps, depth, nesting;
	struct template_call call; /* handed to functions; holds the error text at the end */
	bool waiting;
	struct html *html; /* NULL: text mode */
};

/* Ends execution with an error at x->node. */
bool exec_fail(struct template_exec *x, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* One step and one level more, or an error; exec_up ends the level. */
ATTR_CHECK bool exec_down(struct template_exec *x);
void exec_up(struct template_exec *x);
void exec_push(struct template_exec *x, struct str name, struct value v);
/* A node or value as text for messages, in the arena. */
const char *exec_node_text(struct template_exec *x, const struct node *n);
const char *exec_quoted(struct template_exec *x, struct str s);
const char *exec_value_text(struct template_exec *x, struct value v);

/* eval.c: pipe NULL gives VALUE_NONE. Declared variables are pushed or set. */
ATTR_CHECK bool eval_pipeline(struct template_exec *x, const struct value *dot,
			      const struct node *pipe, struct value *out);
ATTR_CHECK bool eval_set_var(struct template_exec *x, struct str name, struct value v);
/* Go's AssignableTo. */
bool value_assignable(struct value v, const struct value_type *type);
/* Pointers followed; false: one of them is nil. */
bool value_indirect(struct value v, struct value *out);

#endif
