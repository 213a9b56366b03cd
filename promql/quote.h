/*
 * Runes and quotes in Go's ways: what error texts and string literals are made of. (Quoting itself
 * is promql_put_quoted in promql/print.h.)
 */
#ifndef PROMQL_QUOTE_H
#define PROMQL_QUOTE_H

#include "base/base.h"
#include "base/buf.h"

#define RUNE_ERROR 0xFFFDu
#define RUNE_MAX 0x10FFFFu
#define RUNE_EOF UINT32_MAX /* past the end of the text */

/* The first rune of s and its length; RUNE_ERROR and 1 for a byte that is no UTF-8; 0 at the end.
 */
size_t rune_decode(struct str s, uint32_t *r);
void rune_put(struct buf *b, uint32_t r);	 /* as UTF-8 */
void rune_put_quoted(struct buf *b, uint32_t r); /* 'x', as Go's %q */
void rune_put_code(struct buf *b, uint32_t r);	 /* U+0078 'x', as Go's %#U */

/* A PromQL string literal with its quotes (", ', `) to what it stands for. */
ATTR_CHECK bool promql_unquote(struct buf *b, struct str literal);

#endif
