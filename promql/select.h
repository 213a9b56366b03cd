/* Selectors and subqueries over a grid: eval_selector and eval_ranges of eval.h, and what they
 * will ask the source for. */
#ifndef PROMQL_SELECT_H
#define PROMQL_SELECT_H

#include "promql/eval.h"

/* Calls fn for every selector in e with its span; false: a duration cannot be computed. */
ATTR_CHECK bool select_needs(struct eval *ev, const struct expr *e, engine_need_fn *fn, void *arg);

#endif
