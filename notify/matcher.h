/*
 * Alertmanager's matchers: `severity="critical", team=~"db|web"`. There are two syntaxes, the
 * classic one and the one with UTF-8 names; in Alertmanager's default mode both are tried, the
 * classic reading wins where the two differ, and its error is the one that is told.
 *
 * The record is promql's struct matcher, but a regular expression's `.` matches no newline here.
 * matcher_test of promql/matcher.h evaluates one.
 */
#ifndef NOTIFY_MATCHER_H
#define NOTIFY_MATCHER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "promql/labels.h"
#include "promql/matcher.h"

/* --enable-feature classic-mode, utf8-strict-mode; the default is FALLBACK. */
enum matcher_mode { MATCHERS_FALLBACK, MATCHERS_CLASSIC, MATCHERS_UTF8 };

bool am_label_name_valid(enum matcher_mode mode, struct str name);
/* One matcher. The strings are borrowed, the regex is made in the arena. Fails for a bad regex. */
ATTR_CHECK bool am_matcher_init(struct matcher *m, enum match_op op, struct str name,
				struct str value, struct arena *a, struct err *err);
/* A list as in the configuration: braces and the comma at the end may be there or not. */
ATTR_CHECK bool am_matchers_parse(enum matcher_mode mode, struct str text, struct arena *a,
				  struct matcher **out, size_t *n, struct err *err);
/* Exactly one, as in filters of the API; braces around it only the classic mode takes, as part of
 * the value. */
ATTR_CHECK bool am_matcher_parse(enum matcher_mode mode, struct str text, struct arena *a,
				 struct matcher *out, struct err *err);

/* By name, value, operator: the order in route keys. */
void am_matchers_sort(struct matcher *v, size_t n);
/* name="value" in Alertmanager's spelling. */
void am_matcher_put(struct buf *b, const struct matcher *m);
/* {a="b",c=~"d"} */
void am_matchers_put(struct buf *b, const struct matcher *v, size_t n);
/* Whether all pass; a label that is absent is the empty string. False: a regex gave up. */
ATTR_CHECK bool am_matchers_test(const struct matcher *v, size_t n, struct labels ls, bool *ok,
				 struct err *err);

#endif
