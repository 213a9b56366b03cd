/*
 * Trees to text: canonical, as Prometheus prints an expression in its API (and as rules are sent
 * to it), or pretty, broken into lines as `promtool promql format` does. Both parse to the same
 * tree again.
 */
#ifndef PROMQL_PRINT_H
#define PROMQL_PRINT_H

#include "base/buf.h"
#include "promql/ast.h"

#define PROMQL_PRETTY_WIDTH 100 /* upstream's width */

void promql_print(struct buf *b, const struct expr *e);
/* A selector without range, offset, @ and what goes with them: which series it is about. */
void promql_print_bare(struct buf *b, const struct expr *selector);
/* Nodes whose canonical text (with indentation left out) is longer than width are broken. */
void promql_pretty(struct buf *b, const struct expr *e, size_t width);

/* "text" quoted as Go's strconv.Quote does. */
void promql_put_quoted(struct buf *b, struct str s);
/* A label name: bare if it is a legacy name, else quoted. */
void promql_put_label_name(struct buf *b, struct str name);

#endif
