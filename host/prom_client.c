/* One easy handle, used again, so that its connection lives on. */
#include "host/prom_client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/url.h"
#include "evaluator/decode.h"
#include "evaluator/decode_result.h"
#include "host/files.h"
#include "host/lazy_curl.h"
#include "host/version.h"

struct prom_client {
	struct prom_client_options o;
	struct arena arena;
	CURL *curl;
	struct curl_slist *headers;
	struct buf body;
	bool too_big, stopped;
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct prom_client *c = arg;

	buf_add(&c->body, (struct str){p, size * n});
	c->too_big = c->body.full;
	return c->too_big ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
	struct prom_client *c = arg;

	(void)a;
	(void)b;
	(void)d;
	(void)e;
	c->stopped = c->o.stop && c->o.stop(c->o.stop_arg);
	return c->stopped;
}

static bool set_bearer(struct prom_client *c, struct err *err)
{
	struct str token;

	if (c->o.bearer_file.n == 0)
		return true;
	if (!file_read(c->o.bearer_file, SECRET_BYTES, &c->arena, &token, err))
		return false;
	token = str_trim(token);
	c->headers =
		curl_slist_append(c->headers,
				  arena_cstr(&c->arena,
					     arena_printf(&c->arena, "Authorization: Bearer %.*s",
							  STR_ARG(token))));
	return true;
}

struct prom_client *prom_client_new(const struct prom_client_options *o, struct err *err)
{
	OWNED(prom_client) c = MEM_NEW(struct prom_client);

	c->o = *o;
	arena_init(&c->arena);
	buf_init(&c->body, o->limits->reply_bytes);
	c->o.url = arena_str(&c->arena, url_base(o->url));
	if (!str_starts(o->url, "http://") && !str_starts(o->url, "https://")) {
		err_set(err, -1, "%.*s is no URL like http://localhost:9090", STR_ARG(o->url));
		return NULL;
	}
	lazy_curl_load();
	c->curl = curl_easy_init();
	CHECK(c->curl);
	if (!set_bearer(c, err))
		return NULL;
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c->curl, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "rouse/" ROUSE_VERSION);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)o->timeout);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	return TAKE(c);
}

void prom_client_free(struct prom_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->headers);
	buf_done(&c->body);
	arena_done(&c->arena);
	free(c);
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static bool transfer_failed(const struct prom_client *c, CURLcode code, struct err *err)
{
	struct arena a;
	struct str url;

	if (c->stopped)
		return err_set(err, -1, "stopped before the answer was there");
	if (c->too_big)
		return err_set(err, -1, "the answer is longer than %zu MB",
			       c->o.limits->reply_bytes >> 20);
	arena_init(&a);
	url = url_public(&a, c->o.url);
	err_set(err, -1, "cannot ask %.*s: %s", STR_ARG(url),
		c->error[0] ? c->error : curl_easy_strerror(code));
	arena_done(&a);
	return false;
}

/* form empty: GET. The answer is in c->body; false with words if it is none of status 2xx. */
static bool fetch(struct prom_client *c, struct str path, struct str form, struct err *err)
{
	char *url;
	CURLcode code;
	long status = 0;

	buf_clear(&c->body);
	c->error[0] = 0;
	url = mem_str(arena_printf(&c->arena, "%.*s%.*s", STR_ARG(c->o.url), STR_ARG(path)));
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	if (form.n) {
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)form.n);
		curl_easy_setopt(c->curl, CURLOPT_COPYPOSTFIELDS, form.p);
	} else {
		curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	}
	code = curl_easy_perform(c->curl);
	free(url);
	if (code != CURLE_OK)
		return transfer_failed(c, code, err);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	return status / 100 == 2 || decode_error_body((int)status, buf_str(&c->body), err);
}

static void put_seconds(struct buf *b, const char *name, ms_t t)
{
	buf_printf(b, "&%s=%s%lld.%03lld", name, t < 0 ? "-" : "",
		   (long long)(t < 0 ? -t : t) / 1000, (long long)(t < 0 ? -t : t) % 1000);
}

static void put_form(struct buf *form, const struct prom_client *c, const struct prom_question *q)
{
	buf_adds(form, "query=");
	url_put_query(form, q->expr);
	put_seconds(form, "timeout", c->o.timeout);
	if (q->step == 0) {
		put_seconds(form, "time", q->end);
		return;
	}
	put_seconds(form, "start", q->start);
	put_seconds(form, "end", q->end);
	put_seconds(form, "step", q->step);
}

bool prom_client_query(struct prom_client *c, const struct prom_question *q, struct arena *a,
		       struct result *out, struct notes *notes, struct err *err)
{
	struct str path = q->step ? STR("/api/v1/query_range") : STR("/api/v1/query");
	struct buf form;
	bool ok;

	buf_init(&form, BUF_MAX_ANY);
	put_form(&form, c, q);
	ok = fetch(c, path, buf_str(&form), err) &&
	     decode_result(buf_str(&c->body), c->o.limits, a, out, notes, err);
	buf_done(&form);
	return ok;
}

bool prom_client_get(struct prom_client *c, struct str path_and_query, struct arena *a,
		     struct str *body, struct err *err)
{
	if (!fetch(c, path_and_query, STR(""), err))
		return false;
	*body = arena_str(a, buf_str(&c->body));
	return true;
}

bool prom_client_call(struct prom_client *c, struct prom_call *call, struct arena *a,
		      struct err *err)
{
	struct curl_slist *headers = NULL;
	char *url = mem_str(
		arena_printf(&c->arena, "%.*s%.*s", STR_ARG(c->o.url), STR_ARG(call->path)));
	long status = 0;
	CURLcode code;

	buf_clear(&c->body);
	c->error[0] = 0;
	for (const struct curl_slist *h = c->headers; h; h = h->next)
		headers = curl_slist_append(headers, h->data);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	if (call->json.n) {
		headers = curl_slist_append(headers, "Content-Type: application/json");
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)call->json.n);
		curl_easy_setopt(c->curl, CURLOPT_COPYPOSTFIELDS, call->json.p);
	}
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	curl_slist_free_all(headers);
	free(url);
	if (code != CURLE_OK)
		return transfer_failed(c, code, err);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	call->body = arena_str(a, buf_str(&c->body));
	return true;
}
