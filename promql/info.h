/* Which series info() adds the labels of. */
#ifndef PROMQL_INFO_H
#define PROMQL_INFO_H

#include "promql/eval.h"

/* The selector of the info series for this call of info(), at the time of what it enriches:
 * an EXPR_SELECTOR in the arena. NULL: a duration cannot be computed (err is set). */
const struct expr *info_selector(struct eval *ev, const struct expr *call);

#endif
