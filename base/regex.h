/*
 * Regular expressions in Go's RE2 syntax, run by PCRE2. A pattern is first read as Go's
 * regexp/syntax reads it (same errors, in the same words) and written anew for PCRE2, so that
 * nothing of Perl that RE2 lacks (back-references, look-around, atomic groups) can be used and
 * what both have means the same: `$` is the very end, `\z`, `\pL`, `(?P<n>...)`, `\Q..\E` work,
 * classes are ASCII, patterns and texts are UTF-8.
 *
 * A match that backtracks too much is repeated with PCRE2's breadth-first matcher, which cannot
 * explode; only where captures are needed the answer is then an error. A struct regex does not
 * change after it is made: threads may share it.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct regex;

enum regex_flags {
	REGEX_ANCHORED = 1, /* the whole text must match: ^(?:...)$ */
	REGEX_DOTALL = 2,   /* `.` matches a newline too, as in Prometheus's matchers */
};

/* `a` NULL: on the heap, to be given to regex_free; else it lives and dies with the arena.
 * err->msg is Go's text ("error parsing regexp: missing closing ): `(a`"), err->pos -1. */
ATTR_CHECK bool regex_compile(struct str pattern, unsigned flags, struct arena *a,
			      struct regex **out, struct err *err);
void regex_free(struct regex *r); /* heap ones only; NULL is fine */
OWNED_DEFINE(regex)

/* The pattern as it was given. */
struct str regex_pattern(const struct regex *r);
/* Number of capturing groups. */
size_t regex_groups(const struct regex *r);
/* Whether the text matches (somewhere, or as a whole if anchored). False: the matcher gave up. */
ATTR_CHECK bool regex_match(const struct regex *r, struct str text, bool *matched, struct err *err);
/* As Regexp.ReplaceAllString: every match replaced by `with`, in which $1, ${1}, $name, ${name}
 * and $$ are expanded. The result is added to out. */
ATTR_CHECK bool regex_replace(const struct regex *r, struct str text, struct str with,
			      struct buf *out, struct err *err);
/* As FindStringSubmatchIndex and ExpandString: if there is a match, only the expansion of `with`
 * is added to out (label_replace, relabelling). */
ATTR_CHECK bool regex_expand(const struct regex *r, struct str text, struct str with,
			     struct buf *out, bool *matched, struct err *err);

/* `s` so that it matches only itself, as regexp.QuoteMeta. */
void regex_quote(struct buf *b, struct str s);

#endif
