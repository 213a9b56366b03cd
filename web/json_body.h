/*
 * The body of a request as a JSON object: only with Content-Type application/json, which no form of
 * another site can send.
 */
#ifndef WEB_JSON_BODY_H
#define WEB_JSON_BODY_H

#include "web/am_value.h"
#include "web/exchange.h"

/* False: the answer is made. No body is an empty object. */
ATTR_CHECK bool json_body_read(struct exchange *x, struct am_value *root);
/* A member that is a text or a number; empty: there is none. */
struct str json_body_text(const struct am_value *o, const char *key);
/* Whether a member is true; `absent` where there is none. */
bool json_body_flag(const struct am_value *o, const char *key, bool absent);

#endif
