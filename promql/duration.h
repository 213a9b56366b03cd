/* Arithmetic of durations in ranges, steps and offsets: `[5m * 2]`, `offset step()`. */
#ifndef PROMQL_DURATION_H
#define PROMQL_DURATION_H

#include "promql/eval.h"

/* The value in ms of an EXPR_DURATION or EXPR_NUMBER (seconds), by the query's step and range. */
ATTR_CHECK bool duration_eval(struct eval *ev, const struct expr *e, ms_t *out);
/* The offset of a selector or subquery, and the range or step `written` with `e` as its text. */
ATTR_CHECK bool duration_or(struct eval *ev, ms_t written, const struct expr *e, ms_t *out);
/* The same for what must be above 0; `what` is "range", "step". */
ATTR_CHECK bool duration_positive(struct eval *ev, ms_t written, const struct expr *e, ms_t *out);

#endif
