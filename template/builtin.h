/*
 * The functions that text/template has of its own: and or not eq ne lt le gt ge len index slice
 * print printf println html js urlquery call.
 */
#ifndef TEMPLATE_BUILTIN_H
#define TEMPLATE_BUILTIN_H

#include "base/buf.h"
#include "template/template.h"

/* Numbers in template_func.builtin: those that execution itself has to know. */
enum builtin { BUILTIN_NONE, BUILTIN_PLAIN, BUILTIN_AND, BUILTIN_OR, BUILTIN_CALL };

extern const struct template_func BUILTINS[]; /* ends with a row without a name */
/* Go's reflect.Value as a parameter: anything, also nothing. */
extern const struct value_type TYPE_REFLECT;

/* text/template's HTMLEscapeString, JSEscapeString; url.QueryEscape. */
void escape_html(struct buf *b, struct str s);
void escape_js(struct buf *b, struct str s);
void escape_query(struct buf *b, struct str s);

#endif
