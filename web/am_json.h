/*
 * What the files of Alertmanager's API share: reading JSON as upstream checks it, errors as
 * upstream words them, times with milliseconds.
 */
#ifndef WEB_AM_JSON_H
#define WEB_AM_JSON_H

#include "notify/matcher.h"
#include "web/am_value.h"
#include "web/answer.h"

/* The door of /api/v2: methods, what may be asked from other sites, what the client takes. False:
 * the answer is made. `methods` as in "GET,POST". */
ATTR_CHECK bool am_enter(struct exchange *x, const char *methods);
void am_not_found(struct exchange *x);
/* x->body with the headers that all answers of the API have. */
void am_answer(struct exchange *x, int status);
/* A bare JSON string: what upstream's handlers answer, mostly with 400. */
void am_error(struct exchange *x, int status, struct str text);
/* {"code":602,"message":"0.labels in body is required"}: what upstream's validation answers. */
void am_invalid(struct exchange *x, int status, int code, const char *fmt, ...) ATTR_PRINTF(4, 5);
/* The body as JSON, in the request's arena; false: the error is answered. `what` is the
 * parameter's name in upstream's words ("alerts", "silence"). */
ATTR_CHECK bool am_body(struct exchange *x, const char *what, struct am_value *out);
/* The text of a member; empty if it is absent or no text. */
struct str am_text(const struct am_value *object, const char *name);
/* A point in time: MS_NONE if absent or empty; false for what is no time, in Go's words. */
ATTR_CHECK bool am_time(const struct am_value *object, const char *key, ms_t *out, struct err *err);
/* How matchers and label names are read. */
enum matcher_mode am_mode(const struct exchange *x);
/* The parameters "filter", one matcher each, in the request's arena; false: the error is answered.
 */
ATTR_CHECK bool am_filters(struct exchange *x, struct matcher **out, size_t *n);
ATTR_CHECK bool am_receiver_matchers(struct exchange *x, struct matcher **out, size_t *n);
/* A parameter that is on unless it says something else than true, 1, t, yes, y, on, ok, checked. */
bool am_flag(const struct exchange *x, const char *name);
void am_put_time(struct buf *b, const char *key, ms_t t);

#endif
