/*
 * PromQL text to a checked tree. The language is that of Prometheus 3.14: same grammar, same
 * refusals, same words and places of errors.
 *
 * A text longer than limits->expr_bytes or nested deeper than limits->expr_depth (the tree counts,
 * so a chain of a thousand `+` does too) is refused before it can hurt.
 */
#ifndef PROMQL_PARSE_H
#define PROMQL_PARSE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "promql/ast.h"

/* Parts of the language that a server may have switched off. */
struct promql_options {
	bool experimental_functions;
	bool duration_expressions;
	bool extended_range_selectors;
	bool binop_fill_modifiers;
};

/* As a server without feature flags: duration expressions on, the others off. */
struct promql_options promql_options_default(void);

/* err->pos and err->end are byte offsets of the first error, err->line and err->col its place from
 * 1 (columns in bytes, as upstream), err->msg has no "1:8: parse error: " in front. The tree
 * borrows nothing from text. */
ATTR_CHECK bool promql_parse(struct str text, const struct promql_options *o,
			     const struct limits *l, struct arena *a, const struct expr **out,
			     struct err *err);

struct promql_error {
	int pos, end;
	struct str msg; /* in the arena */
};

struct promql_errors {
	struct promql_error *v; /* at most PROMQL_ERRORS_MAX, in the arena */
	size_t n;
	size_t count; /* all that were found */
};

#define PROMQL_ERRORS_MAX 100

/* The same with every error that was found. */
ATTR_CHECK bool promql_parse_all(struct str text, const struct promql_options *o,
				 const struct limits *l, struct arena *a, const struct expr **out,
				 struct promql_errors *errors);

/* A bare selector, as match[] of the API has it: `up{job="x"}`. */
ATTR_CHECK bool promql_parse_selector(struct str text, const struct limits *l, struct arena *a,
				      const struct matcher **out, size_t *n, struct err *err);

/* "LINE:COL: parse error: MSG" (the whole message, in one line, as upstream). */
void promql_error_put(struct buf *b, struct str text, const struct err *err);
/* The line of the error and a second one that underlines the place with ^~~~; each ends with a
 * newline and begins with `indent` spaces. Nothing if there is no place. */
void promql_error_put_place(struct buf *b, struct str text, const struct err *err, size_t indent);

#endif
