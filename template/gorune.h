/*
 * Runes: UTF-8 as Go reads it (a byte that fits nowhere is U+FFFD of width 1), Unicode classes,
 * and Go's quoting and unquoting of strings (strconv).
 */
#ifndef TEMPLATE_GORUNE_H
#define TEMPLATE_GORUNE_H

#include "base/base.h"
#include "base/buf.h"

#define GORUNE_ERROR 0xFFFD
#define GORUNE_MAX 0x10FFFF

/* The rune at the start of s and its width in bytes; {GORUNE_ERROR, 0} for the empty string. */
struct gorune {
	int32_t r;
	int n;
};
struct gorune gorune_first(struct str s);
struct gorune gorune_last(struct str s);
size_t gorune_count(struct str s);
void gorune_put(struct buf *b, int32_t r); /* what is no rune becomes U+FFFD */

bool gorune_is_letter(int32_t r);
bool gorune_is_digit(int32_t r);
bool gorune_is_space(int32_t r);
bool gorune_is_print(int32_t r); /* letters, marks, numbers, punctuation, symbols, ASCII space */
int32_t gorune_upper(int32_t r);
int32_t gorune_lower(int32_t r);
int32_t gorune_title(int32_t r);

/* strconv.Quote, or QuoteToASCII. */
void gorune_quote(struct buf *b, struct str s, bool ascii);
/* The same for one rune in single quotes. */
void gorune_quote_char(struct buf *b, int32_t r, bool ascii);
/* "U+0041 'A'", as %#U prints. */
void gorune_put_unicode(struct buf *b, int32_t r);
/* strconv.Unquote of "..." or `...`; false: "invalid syntax". */
ATTR_CHECK bool gorune_unquote(struct str s, struct buf *out);
/* One character or escape inside of quotes of kind `quote`; *at moves past it. An octal or \x
 * escape sets *byte: it is that byte, not that rune. */
ATTR_CHECK bool gorune_unquote_char(struct str s, size_t *at, char quote, int32_t *out, bool *byte);

#endif
