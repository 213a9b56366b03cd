/*
 * One request: its head and body, who asks, the answer, the event stream. Called by libmicrohttpd
 * from inside MHD_run; a suspended request is called again after request_resume.
 */
#include "host/http_request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/core.h"

#define HEADERS_MOST 100

static struct conn *conn_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

void *request_begin(void *in, const char *uri, struct MHD_Connection *c)
{
	struct http_in *h = in;
	struct request *r = MEM_NEW(struct request);

	r->in = h;
	r->mhd = c;
	r->conn = conn_of(c);
	if (r->conn)
		r->conn->request = r;
	arena_init(&r->arena);
	buf_init(&r->body, h->o.limits->http_body_bytes);
	buf_init(&r->out, STREAM_EVENT_BYTES);
	r->bad_target = !target_parse(str_of(uri), &r->arena, &r->target, &r->target_error);
	h->requests++;
	h->steps++;
	return r;
}

void request_end(void *in, struct MHD_Connection *c, void **request,
		 enum MHD_RequestTerminationCode code)
{
	struct http_in *h = in;
	struct request *r = *request;

	(void)c;
	(void)code;
	h->steps++;
	if (!r)
		return;
	if (r->state == REQUEST_CHECKING)
		TAILQ_REMOVE(&h->checking, r, link);
	if (r->state == REQUEST_HELD)
		TAILQ_REMOVE(&h->held, r, link);
	if (r->state == REQUEST_WORKING) {
		TAILQ_REMOVE(&h->working, r, link);
		web_abandon(&r->answer);
	}
	if (r->state == REQUEST_STREAM) {
		TAILQ_REMOVE(&h->streams, r, link);
		h->n_streams--;
	}
	timer_stop(&h->o.loop->timers, &r->beat_timer);
	basic_auth_drop(r->check);
	if (r->conn) {
		r->conn->request = NULL;
		timer_set(&h->o.loop->timers, &r->conn->deadline, TIMER_MONO,
			  h->o.loop->now.mono + REQUEST_MS, conn_deadline);
	}
	arena_done(&r->arena);
	buf_done(&r->body);
	buf_done(&r->out);
	free(r);
	*request = NULL;
}

static void suspend(struct request *r)
{
	CHECK(!r->suspended);
	r->suspended = true;
	MHD_suspend_connection(r->mhd);
}

void request_resume(struct request *r)
{
	if (!r->suspended)
		return;
	r->suspended = false;
	r->in->again = true;
	MHD_resume_connection(r->mhd);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void add_headers(struct request *r, struct MHD_Response *resp, const struct io_header *v,
			size_t n)
{
	for (size_t i = 0; i < n; i++)
		MHD_add_response_header(resp, arena_cstr(&r->arena, v[i].name),
					arena_cstr(&r->arena, v[i].value));
}

static enum MHD_Result queue(struct request *r, int status, struct MHD_Response *resp)
{
	const struct web_config *c = r->in->config;

	if (c)
		add_headers(r, resp, c->headers, c->n_headers);

	enum MHD_Result ok = MHD_queue_response(r->mhd, (unsigned)status, resp);

	MHD_destroy_response(resp);
	return ok;
}

/* The arena lives until request_end: nothing is copied. */
static struct MHD_Response *response_of(struct str body)
{
	union {
		const char *in;
		void *out;
	} p = {.in = body.n ? body.p : ""};

	return MHD_create_response_from_buffer(body.n, p.out, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_plain(struct request *r, int status, const char *text)
{
	struct MHD_Response *resp = response_of(arena_printf(&r->arena, "%d %s\n", status, text));

	r->state = REQUEST_ANSWERED;
	MHD_add_response_header(resp, "Content-Type", "text/plain; charset=utf-8");
	if (status == 401)
		MHD_add_response_header(resp, "WWW-Authenticate", "Basic");
	return queue(r, status, resp);
}

static enum MHD_Result send_answer(struct request *r)
{
	struct MHD_Response *resp = response_of(r->answer.body);

	r->state = REQUEST_ANSWERED;
	add_headers(r, resp, r->answer.headers, r->answer.n_headers);
	return queue(r, r->answer.status, resp);
}

void request_give_up(struct request *r)
{
	static const struct io_header type = {STR("Content-Type"),
					      STR("text/plain; charset=utf-8")};

	TAILQ_REMOVE(&r->in->held, r, link);
	r->state = REQUEST_READY;
	r->answer = (struct web_answer){.status = 503,
					.headers = &type,
					.n_headers = 1,
					.body = STR("503 not written to disk: this change may be "
						    "lost at a restart\n")};
	request_resume(r);
}

/* ---- event streams ------------------------------------------------------------------------- */

static void on_beat(struct timer *t, struct now now)
{
	struct request *r = CONTAINER(t, struct request, beat_timer);

	(void)now;
	r->beat = true;
	request_resume(r);
}

/* MHD wants bytes for the stream; without any the connection sleeps. */
static ssize_t stream_read(void *arg, uint64_t pos, char *p, size_t max)
{
	struct request *r = arg;
	struct http_in *h = r->in;
	struct now now = h->o.loop->now;

	(void)pos;
	if (h->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (r->out_at == r->out.n) {
		buf_clear(&r->out);
		r->out_at = 0;
		web_event_put(h->web, now, &r->seen, &r->out);
		if (r->out.n == 0 && r->beat)
			buf_adds(&r->out, ":\n\n");
		r->beat = false;
		timer_set(&h->o.loop->timers, &r->beat_timer, TIMER_MONO, now.mono + BEAT_MS,
			  on_beat);
	}
	if (r->out.n == 0) {
		suspend(r);
		return 0;
	}

	size_t n = MIN(max, r->out.n - r->out_at);

	memcpy(p, r->out.p + r->out_at, n);
	r->out_at += n;
	return (ssize_t)n;
}

static enum MHD_Result start_stream(struct request *r)
{
	struct http_in *h = r->in;

	if (h->n_streams >= h->o.limits->event_streams)
		return answer_plain(r, 503, "too many event streams");

	struct MHD_Response *resp =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, r, NULL);

	r->state = REQUEST_STREAM;
	TAILQ_INSERT_TAIL(&h->streams, r, link);
	h->n_streams++;
	if (r->conn)
		timer_stop(&h->o.loop->timers, &r->conn->deadline);
	r->beat = true;
	add_headers(r, resp, r->answer.headers, r->answer.n_headers);
	return queue(r, r->answer.status, resp);
}

static void on_stream_time(struct timer *t, struct now now)
{
	(void)t; /* request_wake looks in this turn anyway */
	(void)now;
}

static void wake_streams(struct http_in *h, struct now now)
{
	struct request *r;
	ms_t next = h->streams_told_at + STREAM_GAP_MS;

	if (!h->changed || TAILQ_EMPTY(&h->streams)) {
		h->changed = false;
		return;
	}
	if (now.mono < next) {
		timer_set(&h->o.loop->timers, &h->stream_timer, TIMER_MONO, next, on_stream_time);
		return;
	}
	h->changed = false;
	h->streams_told_at = now.mono;
	TAILQ_FOREACH(r, &h->streams, link)
	{
		request_resume(r);
	}
}

/* The answer is made: it may go, or waits until it is durable. */
static void hold_or_go(struct request *r)
{
	struct http_in *h = r->in;

	r->state = REQUEST_READY;
	if (r->answer.after_turn <= core_durable_turn(h->o.core))
		return;
	r->state = REQUEST_HELD;
	TAILQ_INSERT_TAIL(&h->held, r, link);
	if (r->conn)
		timer_set(&h->o.loop->timers, &r->conn->deadline, TIMER_MONO,
			  h->o.loop->now.mono + HELD_MS, conn_deadline);
}

/* One piece of one answer, so that many of them hold nothing up. */
static void work(struct http_in *h)
{
	struct request *r = TAILQ_FIRST(&h->working);

	if (!r)
		return;
	web_continue(&r->answer);
	TAILQ_REMOVE(&h->working, r, link);
	if (r->answer.work) {
		TAILQ_INSERT_TAIL(&h->working, r, link);
		return;
	}
	hold_or_go(r);
	if (r->state == REQUEST_READY)
		request_resume(r);
}

void request_wake(struct http_in *h, struct now now)
{
	struct request *r, *next;
	uint64_t durable = core_durable_turn(h->o.core);

	work(h);
	for (r = TAILQ_FIRST(&h->held); r; r = next) {
		next = TAILQ_NEXT(r, link);
		if (r->answer.after_turn > durable)
			continue;
		TAILQ_REMOVE(&h->held, r, link);
		r->state = REQUEST_READY;
		request_resume(r);
	}
	wake_streams(h, now);
}

/* A password was looked at. */
static void on_checked(void *arg, bool ok)
{
	struct request *r = arg;

	TAILQ_REMOVE(&r->in->checking, r, link);
	r->check = NULL;
	r->auth_ok = ok;
	r->state = REQUEST_CHECKED;
	request_resume(r);
}

void request_wake_all(struct http_in *h)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&h->checking))) {
		basic_auth_drop(r->check);
		on_checked(r, false);
	}
	TAILQ_FOREACH(r, &h->working, link)
	{
		request_resume(r);
	}
	while ((r = TAILQ_FIRST(&h->held)))
		request_give_up(r);
	TAILQ_FOREACH(r, &h->streams, link)
	{
		request_resume(r);
	}
}

/* ---- handling ------------------------------------------------------------------------------ */

struct header_list {
	struct request *r;
	struct web_param *v;
	size_t n;
};

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct header_list *l = arg;
	struct str n = str_of(name);
	char *lower = arena_bytes(&l->r->arena, n.n + 1);

	(void)kind;
	if (l->n == HEADERS_MOST)
		return MHD_NO;
	for (size_t i = 0; i < n.n; i++)
		lower[i] = n.p[i] >= 'A' && n.p[i] <= 'Z' ? (char)(n.p[i] | 0x20) : n.p[i];
	l->v[l->n++] = (struct web_param){.name = {lower, n.n}, .value = str_of(value)};
	return MHD_YES;
}

static struct str remote_of(struct request *r)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[INET6_ADDRSTRLEN] = "";

	if (!i || !i->client_addr)
		return (struct str){0};
	if (i->client_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const void *)i->client_addr;

		inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text));
	} else if (i->client_addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)i->client_addr;

		inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
	}
	return arena_str(&r->arena, str_of(text));
}

/* Whose password was right. */
static struct str user_of(struct request *r)
{
	const char *header = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Authorization");
	struct str user, password;

	if (r->unchecked || !basic_auth_split(str_of(header), &r->arena, &user, &password))
		return STR("");
	return user;
}

static bool is_form(const struct web_request *q)
{
	for (size_t i = 0; i < q->n_headers; i++) {
		if (str_is(q->headers[i].name, "content-type"))
			return str_starts(q->headers[i].value, "application/x-www-form-urlencoded");
	}
	return false;
}

/* Asks web/ for the answer; it may have to wait until it is durable. */
static enum MHD_Result handle(struct request *r, const char *method)
{
	struct http_in *h = r->in;
	struct header_list headers = {.r = r,
				      .v = ARENA_ARRAY(&r->arena, struct web_param, HEADERS_MOST)};
	struct err err;

	MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, take_header, &headers);

	struct web_request q = {
		.method = str_of(method),
		.path = r->target.path,
		.headers = headers.v,
		.n_headers = headers.n,
		.body = buf_str(&r->body),
		.remote = remote_of(r),
	};

	q.user = user_of(r);
	if (is_form(&q) && !target_parse_form(q.body, &r->arena, &r->target, &err))
		return answer_plain(r, 400, err.msg);
	q.query = r->target.query;
	q.n_query = r->target.n_query;
	if (!h->web)
		return answer_plain(r, 503, "starting");
	web_begin(h->web, h->o.loop->now, &q, &r->arena, &r->answer);
	if (r->answer.work) {
		r->state = REQUEST_WORKING;
		TAILQ_INSERT_TAIL(&h->working, r, link);
	} else if (r->answer.kind == WEB_STREAM) {
		return start_stream(r);
	} else {
		hold_or_go(r);
		if (r->state == REQUEST_READY)
			return send_answer(r);
	}
	suspend(r);
	return MHD_YES;
}

static bool needs_password(const struct request *r, const char *header)
{
	const struct http_in *h = r->in;

	if (!http_in_has_users(h))
		return false;
	return !h->web ||
	       (!web_is_open(h->web, r->target.path) && !web_lets_in(h->web, str_of(header)));
}

/* Who asks? Then the answer. */
static enum MHD_Result authenticate(struct request *r, const char *method)
{
	struct http_in *h = r->in;
	const char *header = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Authorization");

	if (!needs_password(r, header)) {
		r->unchecked = true;
		return handle(r, method);
	}
	switch (basic_auth_check(h->auth, h->config, str_of(header), on_checked, r, &r->check)) {
	case AUTH_GOOD: return handle(r, method);
	case AUTH_BAD: return answer_plain(r, 401, "Unauthorized");
	case AUTH_BUSY: return answer_plain(r, 503, "too many passwords to check");
	case AUTH_WAIT: break;
	}
	r->state = REQUEST_CHECKING;
	TAILQ_INSERT_TAIL(&h->checking, r, link);
	suspend(r);
	return MHD_YES;
}

static bool announced_too_big(struct request *r)
{
	const char *n = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Content-Length");
	uint64_t bytes;

	return n && (num_uint(str_of(n), 10, &bytes) != NUM_OK ||
		     bytes > r->in->o.limits->http_body_bytes);
}

/* The head is complete: refuse what needs no body. */
static enum MHD_Result begin(struct request *r)
{
	struct http_in *h = r->in;

	r->called = true;
	if (r->bad_target)
		return answer_plain(r, 400, r->target_error.msg);
	if (announced_too_big(r))
		return answer_plain(r, 413, "the body is too large");
	if (!http_in_client_ok(h, r->mhd))
		return answer_plain(r, 403, "no acceptable client certificate");
	if (!MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Authorization") &&
	    needs_password(r, NULL))
		return answer_plain(r, 401, "Unauthorized");
	return MHD_YES;
}

enum MHD_Result request_handle(void *in, struct MHD_Connection *c, const char *url,
			       const char *method, const char *version, const char *data,
			       size_t *data_n, void **request)
{
	struct request *r = *request;

	((struct http_in *)in)->steps++;
	(void)c;
	(void)url;
	(void)version;
	if (!r)
		return MHD_NO;
	if (!r->called)
		return begin(r);
	if (*data_n) {
		buf_add(&r->body, (struct str){data, *data_n});
		r->too_big |= r->body.full;
		*data_n = 0;
		return MHD_YES;
	}
	switch (r->state) {
	case REQUEST_READING:
		if (r->too_big)
			return answer_plain(r, 413, "the body is too large");
		return authenticate(r, method);
	case REQUEST_CHECKED:
		return r->auth_ok ? handle(r, method) : answer_plain(r, 401, "Unauthorized");
	case REQUEST_READY: return send_answer(r);
	case REQUEST_WORKING:
		if (!r->in->closing)
			break;
		TAILQ_REMOVE(&r->in->working, r, link);
		web_abandon(&r->answer);
		return answer_plain(r, 503, "stopping");
	case REQUEST_CHECKING:
	case REQUEST_HELD:
	case REQUEST_ANSWERED:
	case REQUEST_STREAM: break;
	}
	return MHD_YES;
}
