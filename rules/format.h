/*
 * A rule file with its expressions formatted and every other byte as it was: comments, order,
 * quotes, templates. An expression with a comment in it is left alone, since the formatter does not
 * know comments.
 */
#ifndef RULES_FORMAT_H
#define RULES_FORMAT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

/* Adds the formatted text to out; *changed counts expressions. What does not parse is told in diags
 * and nothing is added. Formatting a second time changes nothing. */
ATTR_CHECK bool rule_file_format(struct str name, struct str text, const struct limits *l,
				 struct buf *out, size_t *changed, struct diags *diags);

#endif
