/* JSON piece by piece. */
#include "base/json_writer.h"

#include "base/json.h"
#include "base/num.h"

void json_key(struct json_writer *w, struct str key)
{
	if (w->comma)
		buf_addc(w->b, ',');
	json_put_str_html(w->b, key);
	buf_addc(w->b, ':');
	w->comma = true;
}

static void begin(struct json_writer *w, const char *key)
{
	if (key) {
		json_key(w, str_of(key));
		return;
	}
	if (w->comma)
		buf_addc(w->b, ',');
	w->comma = true;
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
	begin(w, key);
	buf_addc(w->b, bracket);
	w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
	buf_addc(w->b, bracket);
	w->comma = true;
}

void json_put(struct json_writer *w, const char *key, struct str s)
{
	begin(w, key);
	json_put_str_html(w->b, s);
}

void json_put_given(struct json_writer *w, const char *key, struct str s)
{
	if (s.n)
		json_put(w, key, s);
}

void json_put_bool(struct json_writer *w, const char *key, bool v)
{
	begin(w, key);
	buf_adds(w->b, v ? "true" : "false");
}

void json_put_int(struct json_writer *w, const char *key, int64_t v)
{
	begin(w, key);
	num_put_int(w->b, v);
}

void json_put_raw(struct json_writer *w, const char *key, struct str json)
{
	begin(w, key);
	buf_add(w->b, json);
}
