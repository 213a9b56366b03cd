/*
 * Text to trees: the parser of one text, which may define many templates.
 */
#ifndef TEMPLATE_PARSE_H
#define TEMPLATE_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "template/node.h"

struct template_func;
struct template_funcs;

/* The trees of the text, that of the text itself among them. Nodes, name and text live in `a`. */
ATTR_CHECK bool parse_text(struct arena *a, const struct source *src,
			   const struct template_funcs *funcs, const struct limits *l,
			   struct tree **out, struct err *err);
/* A function of the tables or a built-in one; NULL: not defined. */
const struct template_func *parse_find_func(const struct template_funcs *funcs, struct str name);

#endif
