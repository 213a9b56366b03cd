/* Upstream's JSON manners: see am_json.h. */
#include "web/am_json.h"

#include <stdarg.h>

#include "base/json.h"
#include "base/time.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "notify/config.h"
#include "template/gotime.h"

/* ---- answers ------------------------------------------------------------------------------- */
static const struct io_header NO_STORE = {STR("Cache-Control"), STR("no-store")};

static void answer_with(struct exchange *x, int status, const struct io_header *extra, size_t n)
{
	struct io_header h[ANSWER_EXTRA];
	size_t count = 0;

	h[count++] = NO_STORE;
	h[count++] = (struct io_header){STR("Vary"), STR("Origin")};
	if (exchange_header(x, "origin").n)
		h[count++] = (struct io_header){STR("Access-Control-Allow-Origin"), STR("*")};
	for (size_t i = 0; i < n; i++)
		h[count++] = extra[i];
	answer_body_with(x, status, "application/json", h, count);
}

void am_answer(struct exchange *x, int status)
{
	answer_with(x, status, NULL, 0);
}

static void answer_json(struct exchange *x, int status)
{
	buf_addc(&x->body, '\n');
	am_answer(x, status);
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

void am_not_found(struct exchange *x)
{
	am_invalid(x, 404, 404, "path %.*s was not found", (int)MIN(x->path.n, 200), x->path.p);
}

/* ---- the door ------------------------------------------------------------------------------ */
static bool has_method(const char *methods, struct str method)
{
	for (const char *at = methods; *at;
	     at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
		if (strcspn(at, ",") == method.n && memcmp(at, method.p, method.n) == 0)
			return true;
	}
	return false;
}

/* A browser asks whether a page of another site may. */
static void answer_preflight(struct exchange *x)
{
	struct str method = exchange_header(x, "access-control-request-method");
	struct str headers = exchange_header(x, "access-control-request-headers");
	struct io_header h[ANSWER_EXTRA];
	size_t n = 0;

	h[n++] = (struct io_header){STR("Vary"), STR("Origin, Access-Control-Request-Method, "
						     "Access-Control-Request-Headers")};
	if (has_method("GET,POST,HEAD", method)) {
		h[n++] = (struct io_header){STR("Access-Control-Allow-Origin"), STR("*")};
		h[n++] = (struct io_header){STR("Access-Control-Allow-Methods"), method};
		if (headers.n)
			h[n++] = (struct io_header){STR("Access-Control-Allow-Headers"), headers};
	}
	answer_body_with(x, 204, NULL, h, n);
}

static void answer_not_allowed(struct exchange *x, const char *methods)
{
	struct io_header allow = {STR("Allow"), str_of(methods)};

	buf_printf(&x->body, "{\"code\":405,\"message\":\"method ");
	for (size_t i = 0; i < x->req->method.n && i < 20; i++) {
		char c = x->req->method.p[i];

		buf_addc(&x->body, (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : '?');
	}
	buf_printf(&x->body, " is not allowed, but [%s] are\"}\n", methods);
	answer_with(x, 405, &allow, 1);
}

static bool accepts_json(struct str accept)
{
	if (!accept.n)
		return true;
	while (accept.n) {
		ptrdiff_t comma = str_find_char(accept, ',');
		struct str one = comma < 0 ? accept : str_cut(accept, 0, (size_t)comma);
		ptrdiff_t semi = str_find_char(one, ';');

		one = str_trim(semi < 0 ? one : str_cut(one, 0, (size_t)semi));
		if (str_is(one, "*/*") || str_is(one, "application/*") ||
		    str_is(one, "application/json"))
			return true;
		accept = comma < 0 ? STR("") : str_from(accept, (size_t)comma + 1);
	}
	return false;
}

bool am_enter(struct exchange *x, const char *methods)
{
	if (str_is(x->req->method, "OPTIONS") && exchange_header(x, "origin").n &&
	    exchange_header(x, "access-control-request-method").n) {
		answer_preflight(x);
		return false;
	}
	if (!has_method(methods, x->req->method)) {
		answer_not_allowed(x, methods);
		return false;
	}
	if (accepts_json(exchange_header(x, "accept")))
		return true;
	am_invalid(x, 406, 406,
		   "unsupported media type requested, only [application/json] are available");
	return false;
}

/* ---- reading ------------------------------------------------------------------------------- */
/* The media type without its parameters; any case. */
static bool is_json(struct str type)
{
	ptrdiff_t semi = str_find_char(type, ';');
	struct str name = str_trim(semi < 0 ? type : str_cut(type, 0, (size_t)semi));

	return name.n == 16 && strncasecmp(name.p, "application/json", 16) == 0;
}

bool am_body(struct exchange *x, const char *what, struct am_value *out)
{
	struct str type = exchange_header(x, "content-type"), body = x->req->body;
	struct err err = {0};

	if (!is_json(type)) {
		am_invalid(x, 415, 415,
			   "unsupported media type \"%.*s\", only [application/json] are allowed",
			   type.n ? (int)MIN(type.n, 100) : 24,
			   type.n ? type.p : "application/octet-stream");
		return false;
	}
	if (!body.n) {
		am_invalid(x, 422, 602, "%s in body is required", what);
		return false;
	}
	if (!am_value_read(body, x->arena, out, &err)) {
		am_invalid(x, 400, 400, "parsing %s body from \"\" failed, because %s", what,
			   err.msg);
		return false;
	}
	return true;
}

struct str am_text(const struct am_value *object, const char *name)
{
	const struct am_value *v = am_member(object, name);

	return v && v->kind == AM_STRING ? v->text : STR("");
}

bool am_time(const struct am_value *object, const char *key, ms_t *out, struct err *err)
{
	const struct am_value *v = am_member(object, key);
	struct str s = am_text(object, key);
	struct value_time t;

	*out = MS_NONE;
	if (v && v->kind != AM_STRING && v->kind != AM_NULL)
		return err_set(err, -1,
			       "json: cannot unmarshal %s into Go struct field .%s of type string",
			       am_kind_name(v), key);
	if (!s.n || str_is(s, "0001-01-01T00:00:00Z") || str_is(s, "0001-01-01T00:00:00.000Z") ||
	    time_rfc3339(s, out))
		return true;
	/* A date alone is taken too; what is said of anything else is said of that try. */
	if (!gotime_parse(STR("2006-01-02"), s, &t, err))
		return false;
	*out = t.s * SECOND;
	return true;
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

/* The parameters of one name; errors begin with `before`. */
static bool read_matchers(struct exchange *x, const char *name, const char *before,
			  struct matcher **out, size_t *n)
{
	struct matcher *v = ARENA_ARRAY(x->arena, struct matcher, x->req->n_query + 1);
	struct err err = {0};

	*n = 0;
	for (size_t i = 0; i < x->req->n_query; i++) {
		if (!str_is(x->req->query[i].name, name))
			continue;
		if (!am_matcher_parse(am_mode(x), x->req->query[i].value, x->arena, &v[*n], &err)) {
			am_error(x, 400, arena_printf(x->arena, "%s%s", before, err.msg));
			return false;
		}
		++*n;
	}
	*out = v;
	return true;
}

bool am_filters(struct exchange *x, struct matcher **out, size_t *n)
{
	return read_matchers(x, "filter", "", out, n);
}

bool am_receiver_matchers(struct exchange *x, struct matcher **out, size_t *n)
{
	return read_matchers(x, "receiver_matchers",
			     "failed to parse receiver_matchers param: ", out, n);
}
