/*
 * URLs as text: escaping, and what of them may be shown.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

/* As Go's url.QueryEscape: unreserved characters stay, space becomes +, all else %XX. */
void url_put_query(struct buf *b, struct str s);
/* As Go's url.PathEscape: one segment of a path, space becomes %20. */
void url_put_path(struct buf *b, struct str s);
/* Undoes %XX, and + if `plus`. False: a % without two hexadecimal digits. */
ATTR_CHECK bool url_unescape(struct arena *a, struct str s, bool plus, struct str *out);
/* "scheme://host:port/path" without user info and query: what may be logged. */
struct str url_public(struct arena *a, struct str url);
/* Without slashes at the end. */
struct str url_base(struct str url);

#endif
