/* Upstream's JSON manners: see am_json.h. */
#include "web/am_json.h"

#include <stdarg.h>

#include "base/json.h"
#include "base/time.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "notify/config.h"

static void answer_json(struct exchange *x, int status)
{
	const struct io_header none = {STR("Cache-Control"), STR("no-store")};

	buf_addc(&x->body, '\n');
	answer_body_with(x, status, "application/json", &none, 1);
}

void am_error(struct exchange *x, int status, struct str text)
{
	buf_clear(&x->body);
	json_put_str_html(&x->body, text);
	answer_json(x, status);
}

void am_invalid(struct exchange *x, int status, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_clear(&x->body);
	buf_printf(&x->body, "{\"code\":%d,\"message\":", code);
	json_put_str_html(&x->body, str_of(text));
	buf_addc(&x->body, '}');
	answer_json(x, status);
}

/* The media type without its parameters; any case. */
static bool is_json(struct str type)
{
	ptrdiff_t semi = str_find_char(type, ';');
	struct str name = str_trim(semi < 0 ? type : str_cut(type, 0, (size_t)semi));

	return name.n == 16 && strncasecmp(name.p, "application/json", 16) == 0;
}

json_t *am_body(struct exchange *x, const char *what)
{
	struct str type = exchange_header(x, "content-type"), body = x->req->body;
	json_error_t e;
	json_t *root;

	if (!is_json(type)) {
		am_invalid(x, 415, 415,
			   "unsupported media type \"%.*s\", only [application/json] are allowed",
			   (int)MIN(type.n, 100), type.p);
		return NULL;
	}
	if (!body.n) {
		am_invalid(x, 422, 602, "%s in body is required", what);
		return NULL;
	}
	root = json_loadb(body.p, body.n, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY,
			  &e);
	if (!root)
		am_invalid(x, 400, 400, "parsing %s body from \"\" failed, because %s", what,
			   e.text);
	return root;
}

struct str am_text(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_string(v))
		return STR("");
	return (struct str){json_string_value(v), json_string_length(v)};
}

bool am_time(const json_t *object, const char *key, ms_t *out)
{
	struct str s = am_text(object, key);

	*out = MS_NONE;
	if (!s.n || str_is(s, "0001-01-01T00:00:00Z") || str_is(s, "0001-01-01T00:00:00.000Z"))
		return !json_object_get(object, key) ||
		       json_is_string(json_object_get(object, key)) ||
		       json_is_null(json_object_get(object, key));
	return time_rfc3339(s, out);
}

bool am_flag(const struct exchange *x, const char *name)
{
	static const char *const yes[] = {"true", "1", "t", "yes", "y", "on", "ok", "checked"};
	struct str v = exchange_param(x, name);

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (v.n == strlen(yes[i]) && strncasecmp(v.p, yes[i], v.n) == 0)
			return true;
	}
	return !v.n;
}

void am_put_time(struct buf *b, const char *key, ms_t t)
{
	buf_adds(b, key);
	buf_addc(b, '"');
	time_put_rfc3339_milli(b, t);
	buf_addc(b, '"');
}

enum matcher_mode am_mode(const struct exchange *x)
{
	const struct config *cfg = core_config(x->core);

	return cfg && cfg->notify ? cfg->notify->matcher_mode : MATCHERS_FALLBACK;
}

bool am_filters(struct exchange *x, struct matcher **out, size_t *n)
{
	struct matcher *v = ARENA_ARRAY(x->arena, struct matcher, x->req->n_query + 1);
	struct err err = {0};

	*n = 0;
	for (size_t i = 0; i < x->req->n_query; i++) {
		if (!str_is(x->req->query[i].name, "filter"))
			continue;
		if (!am_matcher_parse(am_mode(x), x->req->query[i].value, x->arena, &v[*n], &err)) {
			am_error(x, 400, str_of(err.msg));
			return false;
		}
		++*n;
	}
	*out = v;
	return true;
}
