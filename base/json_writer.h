/*
 * JSON written piece by piece: commas come by themselves. Texts are escaped as Go's encoding/json
 * does by default.
 *
 *   struct json_writer w = {.b = &buf};
 *   json_open(&w, NULL, '{');
 *   json_put(&w, "name", STR("x"));
 *   json_close(&w, '}');
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/base.h"
#include "base/buf.h"

struct json_writer {
	struct buf *b;
	bool comma; /* something stands before in this list or object */
};

/* `key` is NULL inside lists and at the top. */
void json_open(struct json_writer *w, const char *key, char bracket);
void json_close(struct json_writer *w, char bracket);
void json_put(struct json_writer *w, const char *key, struct str s);
void json_put_given(struct json_writer *w, const char *key, struct str s); /* if it is not empty */
void json_put_bool(struct json_writer *w, const char *key, bool v);
void json_put_int(struct json_writer *w, const char *key, int64_t v);
void json_put_raw(struct json_writer *w, const char *key, struct str json); /* as it is */
/* The key alone, any text: the value is written by the caller into w->b. */
void json_key(struct json_writer *w, struct str key);

#endif
