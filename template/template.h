/*
 * Go's text/template: parse named templates into a set, execute one over a value. Errors are Go's
 * word for word (`template: NAME:LINE: ...` from parsing, `template: NAME:LINE:COL: executing
 * "NAME" at <EXPR>: ...` from execution).
 *
 * A set lives in the arena it was made with and borrows nothing else but the function tables;
 * parsing changes it, execution does not. Function sets and escaping belong to the caller.
 *
 * A function may answer TEMPLATE_WAIT: what it needs is not there yet. Execution then ends with
 * that outcome and is run again from the start once the answer is at hand.
 */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "template/value.h"

struct template_exec;
struct template_set;

enum template_outcome {
	TEMPLATE_OK,
	TEMPLATE_ERROR, /* the text is in `error` */
	TEMPLATE_WAIT,	/* a function waits for something: run again later */
};

/* What a function gets to work with. */
struct template_call {
	struct arena *arena; /* for results; lives until the caller of template_exec clears it */
	void *user;	     /* of the exec options */
	struct template_exec *exec;
	struct str error; /* what template_fail said */
};

#define TEMPLATE_PARAMS 5

/* A function or method and its Go signature; arguments arrive checked against it. */
struct template_func {
	const char *name;
	enum template_outcome (*call)(struct template_call *c, const struct value *args, size_t n,
				      struct value *out);
	const struct value_type
		*params[TEMPLATE_PARAMS]; /* a method's receiver is not among them */
	uint8_t n_params;
	bool variadic;	 /* the last parameter takes any number */
	uint8_t builtin; /* for the engine's own functions */
	uint16_t tag;	 /* for the owner of the table: what the function depends on */
};

/* Ends a function with an error: `error calling NAME: ...` follows the usual place. */
enum template_outcome template_fail(struct template_call *c, const char *fmt, ...)
	ATTR_PRINTF(2, 3);

/* Tables end with a row without a name; later tables win, all win over the built-in ones. */
struct template_funcs {
	const struct template_func *table;
	const struct template_funcs *next; /* looked at after this one; NULL: none */
};

enum template_missing_key {
	TEMPLATE_MISSING_DEFAULT, /* "<no value>" (also "invalid") */
	TEMPLATE_MISSING_ZERO,
	TEMPLATE_MISSING_ERROR,
};

struct template_set *template_set_new(struct arena *a, const struct limits *l);
/* As Go's Option: "missingkey=zero" and so on. */
ATTR_CHECK bool template_set_option(struct template_set *ts, struct str option, struct err *err);
void template_set_missing_key(struct template_set *ts, enum template_missing_key mk);
/* Parses text as the template `name`; what it defines joins the set, a later non-empty definition
 * replaces an earlier one. Name and text are copied. On error the set is as before. */
ATTR_CHECK bool template_set_parse(struct template_set *ts, struct str name, struct str text,
				   const struct template_funcs *funcs, struct err *err);
bool template_set_has(const struct template_set *ts, struct str name);

struct template_options {
	struct arena *arena; /* temporary values; the caller clears it after use */
	const struct limits *limits;
	bool html;  /* html/template: values are escaped for the place they stand in */
	void *user; /* handed to functions */
};

struct template_result {
	enum template_outcome outcome;
	struct str error; /* in the options' arena */
};

/* Executes the named template. What was written before an error stays in out. */
ATTR_CHECK struct template_result template_exec(const struct template_set *ts, struct str name,
						struct value data, const struct template_options *o,
						struct buf *out);
/* For functions that run a template of the same set (tmpl): shares depth and step limits. Always in
 * text mode. */
ATTR_CHECK struct template_result template_exec_nested(struct template_call *c, struct str name,
						       struct value data, struct buf *out);

/* What the parsed texts look at, told one by one to fn: */
enum template_ref_kind {
	TEMPLATE_REF_FUNC,     /* a function: func */
	TEMPLATE_REF_VARIABLE, /* $name: with the $; not where it is declared */
	TEMPLATE_REF_FIELD,    /* the first field of what . is there, or of $ */
	TEMPLATE_REF_DATA,     /* . or $ as a whole */
};
struct template_ref {
	enum template_ref_kind kind;
	struct str name;
	struct str field; /* of a variable: $name.field; empty: none */
	const struct template_func *func;
	size_t pos; /* in its text */
};
void template_set_refs(const struct template_set *ts,
		       void (*fn)(void *arg, const struct template_ref *r), void *arg);

/* Drops the declarations at the start of the template, up to byte `end` of its text, whose variable
 * nothing refers to. For text that a caller puts in front and knows to be without effect. */
void template_set_drop_unused(struct template_set *ts, struct str name, size_t end);

/* The same set in another arena, without what parsing took on its way. */
struct template_set *template_set_dup(const struct template_set *ts, struct arena *a);
/* The text that defines the template, as parsed; empty if it is not there. */
struct str template_set_text(const struct template_set *ts, struct str name);

/* Is there no action in the text at all? */
bool template_is_plain(struct str text);

#endif
