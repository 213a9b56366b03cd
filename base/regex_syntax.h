/*
 * Go's regexp syntax (Perl flags of regexp/syntax) read and written anew for PCRE2. Only base/regex
 * uses it.
 */
#ifndef BASE_REGEX_SYNTAX_H
#define BASE_REGEX_SYNTAX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#define REGEX_REPEAT_MAX 1000  /* as Go: nested counts multiply */
#define REGEX_NESTING_MAX 1000 /* parentheses within parentheses, as Go */

struct regex_syntax {
	struct buf pcre;   /* the pattern for PCRE2; the caller calls buf_done */
	struct str *names; /* of the groups, from 1; empty: has no name */
	size_t groups;
	bool literal;	     /* nothing but literals and `|` outside of groups */
	struct str *choices; /* of a literal: what it may be */
	size_t n_choices;
};

/* Strings and arrays are made in the arena. On failure nothing has to be freed. */
ATTR_CHECK bool regex_syntax_read(struct str pattern, bool dotall, struct arena *a,
				  struct regex_syntax *out, struct err *err);

#endif
