/* Secrets of files, put where their marks stand. */
#include "host/secret_marks.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/url.h"
#include "host/files.h"

/* The secret as it is written in that place. */
static void put_secret(struct buf *b, enum io_place place, struct str text)
{
	size_t from = b->n;

	switch (place) {
	case IO_IN_URL_PATH: url_put_path(b, text); break;
	case IO_IN_URL_QUERY: url_put_query(b, text); break;
	case IO_IN_HEADER: buf_add(b, text); break;
	case IO_IN_JSON: /* the quotes are there already */
		json_put_str_html(b, text);
		memmove(b->p + from, b->p + from + 1, b->n - from - 2);
		b->n -= 2;
		break;
	}
}

static struct str replaced(struct arena *a, struct str s, const struct io_secret *secret,
			   struct str text)
{
	struct buf b;
	struct str out;
	ptrdiff_t at = str_find(s, secret->mark);

	if (at < 0)
		return s;
	buf_init(&b, BUF_MAX_ANY);
	for (; at >= 0; at = str_find(s, secret->mark)) {
		buf_add(&b, str_cut(s, 0, (size_t)at));
		put_secret(&b, secret->place, text);
		s = str_from(s, (size_t)at + secret->mark.n);
	}
	buf_add(&b, s);
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static void replace_headers(struct io_request *req, struct arena *a, const struct io_secret *secret,
			    struct str text)
{
	struct io_header *v = ARENA_ARRAY(a, struct io_header, req->n_headers + 1);

	for (size_t i = 0; i < req->n_headers; i++) {
		v[i].name = req->headers[i].name;
		v[i].value = replaced(a, req->headers[i].value, secret, text);
	}
	req->headers = v;
}

bool secret_marks_replace(struct io_request *req, struct secrets *s, struct arena *a,
			  struct err *err)
{
	for (size_t i = 0; i < req->n_secrets; i++) {
		const struct io_secret *secret = &req->secrets[i];
		struct str text;

		if (!secrets_get(s, secret->file, &text, err))
			return false;
		switch (secret->place) {
		case IO_IN_URL_PATH:
		case IO_IN_URL_QUERY: req->url = replaced(a, req->url, secret, text); break;
		case IO_IN_HEADER: replace_headers(req, a, secret, text); break;
		case IO_IN_JSON: req->body = replaced(a, req->body, secret, text); break;
		}
	}
	return true;
}
