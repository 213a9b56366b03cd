/* Ends of an exchange: statuses, headers, envelopes. */
#include "web/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/time.h"

#define HEADER(n, v) ((struct io_header){.name = STR(n), .value = STR(v)})

static const struct io_header common_headers[] = {
	{STR("Content-Security-Policy"),
	 STR("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
	     "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")},
	{STR("X-Content-Type-Options"), STR("nosniff")},
	{STR("Referrer-Policy"), STR("no-referrer")},
};

/* Moves the body into the arena, where answers live. */
static struct str move_body(struct exchange *x)
{
	struct str text = buf_str(&x->body);

	if (x->made.p)
		return x->made;
	if (!text.n)
		return STR("");

	char *p = arena_bytes(x->arena, text.n);

	memcpy(p, text.p, text.n);
	buf_clear(&x->body);
	return (struct str){.p = p, .n = text.n};
}

void answer_body_with(struct exchange *x, int status, const char *content_type,
		      const struct io_header *extra, size_t n_extra)
{
	CHECK(n_extra <= ANSWER_EXTRA);
	CHECK(x->out->status == 0);

	size_t n = 0;
	struct io_header *h = ARENA_ARRAY(x->arena, struct io_header,
					  ARRAY_LEN(common_headers) + ANSWER_EXTRA + 1);

	if (content_type)
		h[n++] = (struct io_header){STR("Content-Type"), str_of(content_type)};
	for (size_t i = 0; i < ARRAY_LEN(common_headers); i++)
		h[n++] = common_headers[i];
	for (size_t i = 0; i < n_extra; i++)
		h[n++] = extra[i];
	*x->out = (struct web_answer){
		.kind = WEB_ANSWER,
		.status = status,
		.headers = h,
		.n_headers = n,
		.body = move_body(x),
	};
}

#define NO_STORE HEADER("Cache-Control", "no-store")

void answer_body(struct exchange *x, int status, const char *content_type)
{
	struct io_header no_store = NO_STORE;

	answer_body_with(x, status, content_type, &no_store, 1);
}

void answer_text(struct exchange *x, int status, struct str text)
{
	buf_clear(&x->body);
	buf_add(&x->body, text);
	buf_addc(&x->body, '\n');
	answer_body(x, status, "text/plain; charset=utf-8");
}

void answer_html(struct exchange *x, int status)
{
	answer_body(x, status, "text/html; charset=utf-8");
}

void answer_redirect(struct exchange *x, int status, struct str location)
{
	const struct io_header h[] = {{STR("Location"), location}, NO_STORE};
	const char *what = status == 301 ? "Moved Permanently" : "Found";

	buf_clear(&x->body);
	buf_printf(&x->body, "<a href=\"%.*s\">%s</a>.\n\n", STR_ARG(location), what);
	answer_body_with(x, status, "text/html; charset=utf-8", h, ARRAY_LEN(h));
}

void answer_stream(struct exchange *x)
{
	/* X-Accel-Buffering: proxies of nginx's kind would hold events back. */
	struct io_header h[] = {
		HEADER("Cache-Control", "no-store"),
		HEADER("X-Accel-Buffering", "no"),
	};

	answer_body_with(x, 200, "text/event-stream", h, ARRAY_LEN(h));
	x->out->kind = WEB_STREAM;
}

void answer_json_begin(struct exchange *x)
{
	buf_adds(&x->body, "{\"status\":\"success\",\"data\":");
}

void answer_json_end(struct exchange *x)
{
	buf_addc(&x->body, '}');
	answer_body(x, 200, "application/json");
}

void answer_json_error(struct exchange *x, enum api_error type, struct str text)
{
	static const struct {
		const char *name;
		int status;
	} kinds[] = {
		[API_BAD_DATA] = {"bad_data", 400},   [API_EXECUTION] = {"execution", 422},
		[API_INTERNAL] = {"internal", 500},   [API_UNAVAILABLE] = {"unavailable", 503},
		[API_NOT_FOUND] = {"not_found", 404},
	};

	buf_clear(&x->body);
	buf_printf(&x->body,
		   "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":", kinds[type].name);
	json_put_str_html(&x->body, text);
	buf_addc(&x->body, '}');
	answer_body(x, kinds[type].status, "application/json");
}

void answer_put_str(struct buf *b, const char *key, struct str value)
{
	buf_adds(b, key);
	json_put_str_html(b, value);
}

void answer_put_time(struct buf *b, const char *key, ms_t t)
{
	buf_adds(b, key);
	buf_addc(b, '"');
	time_put_rfc3339(b, t);
	buf_addc(b, '"');
}

void answer_put_time_or_null(struct buf *b, const char *key, ms_t t)
{
	if (t != MS_NONE) {
		answer_put_time(b, key, t);
	} else {
		buf_adds(b, key);
		buf_adds(b, "null");
	}
}

void answer_put_float(struct buf *b, const char *key, double v)
{
	buf_adds(b, key);
	json_put_float(b, v);
}

void answer_put_uint(struct buf *b, const char *key, uint64_t v)
{
	buf_adds(b, key);
	num_put_uint(b, v);
}

void answer_put_bool(struct buf *b, const char *key, bool v)
{
	buf_adds(b, key);
	buf_adds(b, v ? "true" : "false");
}

void answer_put_labels(struct buf *b, const char *key, struct labels ls)
{
	buf_adds(b, key);
	labels_put_json_html(b, ls);
}
