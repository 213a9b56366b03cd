/*
 * What the grammar cannot say: types of operands and arguments, which operators take which
 * modifiers, selectors that would select everything. Runs over a tree that parsed without errors.
 */
#ifndef PROMQL_CHECK_H
#define PROMQL_CHECK_H

#include "promql/ast.h"

struct promql_errors;

/* Adds what is wrong to errors, in upstream's order and words. `text` is what e was parsed from. */
void promql_check(const struct expr *e, struct str text, struct arena *a,
		  struct promql_errors *errors);

/* Adds one error; past PROMQL_ERRORS_MAX it is only counted. */
void promql_errors_add(struct promql_errors *errors, struct arena *a, size_t pos, size_t end,
		       struct str msg);
void promql_errors_addf(struct promql_errors *errors, struct arena *a, size_t pos, size_t end,
			const char *fmt, ...) ATTR_PRINTF(5, 6);

#endif
