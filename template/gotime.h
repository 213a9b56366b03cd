/*
 * time.Time, time.Duration, time.Month, time.Weekday: texts in Go's layouts, and their methods.
 */
#ifndef TEMPLATE_GOTIME_H
#define TEMPLATE_GOTIME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "template/value.h"

/* Time.Format. */
void gotime_format(struct buf *b, const struct value_time *t, struct str layout);
/* time.Parse, with its error texts. */
ATTR_CHECK bool gotime_parse(struct str layout, struct str text, struct value_time *out,
			     struct err *err);
struct str gotime_string(struct value v, struct arena *a);    /* Time.String */
struct str gotime_go_string(struct value v, struct arena *a); /* %#v */

#endif
