/* The labels of what absent() and absent_over_time() say is not there. */
#ifndef PROMQL_ABSENT_H
#define PROMQL_ABSENT_H

#include "promql/ast.h"
#include "promql/labels.h"

/* Those that the selector's `=` matchers name once each; none if e is no selector. */
struct labels absent_labels(struct arena *a, const struct expr *e);

#endif
