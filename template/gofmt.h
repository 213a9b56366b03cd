/*
 * Go's fmt over template values: Sprint, Sprintln, Sprintf with all verbs, flags, widths and the
 * %!verb(...) texts for mistakes. Pointers print as a constant, so that runs are deterministic.
 */
#ifndef TEMPLATE_GOFMT_H
#define TEMPLATE_GOFMT_H

#include "base/arena.h"
#include "base/buf.h"
#include "template/value.h"

/* One value as %v; `a` is for temporary text. */
void gofmt_value(struct buf *b, struct value v, struct arena *a);
void gofmt_print(struct buf *b, const struct value *args, size_t n, struct arena *a);
void gofmt_println(struct buf *b, const struct value *args, size_t n, struct arena *a);
void gofmt_printf(struct buf *b, struct str format, const struct value *args, size_t n,
		  struct arena *a);

#endif
