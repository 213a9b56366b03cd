/*
 * Label matchers: name, operator, value. Regular expressions are anchored and `.` matches a
 * newline. A label that is absent is the empty string.
 */
#ifndef PROMQL_MATCHER_H
#define PROMQL_MATCHER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct regex;

enum match_op { MATCH_EQ, MATCH_NEQ, MATCH_RE, MATCH_NRE };

struct matcher {
	struct str name, value;
	struct regex *re; /* of MATCH_RE and MATCH_NRE; lives in the same arena */
	enum match_op op;
	bool matches_empty;
};

/* Strings are borrowed, the regex is made in the arena. Fails only for a bad regex. */
ATTR_CHECK bool matcher_init(struct matcher *m, enum match_op op, struct str name, struct str value,
			     struct arena *a, struct err *err);
/* Whether the label value passes. False in *ok's stead: the regex gave up. */
ATTR_CHECK bool matcher_test(const struct matcher *m, struct str value, bool *ok, struct err *err);
const char *match_op_text(enum match_op op); /* "=", "!=", "=~", "!~" */
/* name="value", the name quoted if it is no legacy label name. */
void matcher_put(struct buf *b, const struct matcher *m);

#endif
