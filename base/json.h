/*
 * Writing JSON straight into a buffer (reading is jansson's). Escapes as Go's encoding/json:
 * quotes, backslash, control characters, U+2028/9, and < > & as \u003c when `html` is asked for;
 * invalid UTF-8 becomes U+FFFD.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/base.h"
#include "base/buf.h"

void json_put_str(struct buf *b, struct str s);	     /* with quotes; < > & as they are */
void json_put_str_html(struct buf *b, struct str s); /* with quotes; < > & escaped, as Go does */
/* Go's encoding of a float64: shortest, 'e' form outside [1e-6, 1e21). */
void json_put_float(struct buf *b, double v);

#endif
