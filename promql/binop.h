/* Binary and unary operators over a grid: node functions of the engine. */
#ifndef PROMQL_BINOP_H
#define PROMQL_BINOP_H

#include "promql/eval.h"

ATTR_CHECK bool eval_binary(struct eval *ev, const struct expr *e, struct vec *out);
ATTR_CHECK bool eval_unary(struct eval *ev, const struct expr *e, struct vec *out);

#endif
