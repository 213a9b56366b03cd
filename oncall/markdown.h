/*
 * Markdown by libcmark, made harmless: raw HTML becomes text that is seen, an image becomes its
 * words (with a link to it where that is allowed), a link to anything but http, https, mailto or a
 * relative address becomes its words.
 */
#ifndef ONCALL_MARKDOWN_H
#define ONCALL_MARKDOWN_H

#include <cmark.h>

#include "base/base.h"
#include "base/buf.h"

/* The tree of a text that is UTF-8; cmark_node_free releases it. */
cmark_node *markdown_read(struct str text);
/* The node as HTML: all of it, or nothing and `full`. */
void markdown_put(struct buf *b, cmark_node *node);
/* Its words without markup, in one line. */
void markdown_put_words(struct buf *b, cmark_node *node);
/* Whether an address may become a link. */
bool markdown_link_ok(struct str url);

#endif
