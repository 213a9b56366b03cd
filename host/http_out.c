/*
 * Requests out: see http_out.h. This file moves transfers through their states; what curl must
 * know about one is set up in http_setup.c and http_mail.c, its sockets are in curl_sockets.c.
 */
#include "host/http_out.h"
#include "host/secret_marks.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/curl_sockets.h"
#include "host/exec_out.h"
#include "host/irc_out.h"
#include "host/talk_out.h"
#include "host/transfer.h"
#include "host/worker.h"

#define ROUNDS 8 /* of starting and finishing in one http_out_run */

struct lane {
	struct http_out *out;
	struct curl_sockets *sockets; /* NULL: nothing was asked yet */
	struct transfer_list queue, running;
	size_t n_queue, n_running;
	size_t n_doomed; /* cancelled while curl was at work: running, without a call */
	size_t soft, hard;
	struct timer slow; /* the oldest request becomes slow: another may start */
	struct easy pool[EASY_POOL];
	size_t n_pool;
	struct lane_stats stats;
};

struct http_out {
	struct loop *loop;
	struct dns *dns;
	struct oauth2 *oauth2;
	struct worker *talks; /* NULL: none yet */
	struct secrets secrets;
	struct lane lanes[LANES];
	struct transfer_list over, idle;
	size_t n_idle;
	unsigned generation; /* of configurations */
	bool global;	     /* curl_global_init was called */
};

struct http_out *http_out_new(struct loop *l, struct dns *d)
{
	struct http_out *h = MEM_NEW(struct http_out);

	h->loop = l;
	h->dns = d;
	h->oauth2 = oauth2_new(h);
	h->generation = 1;
	secrets_init(&h->secrets);
	TAILQ_INIT(&h->over);
	TAILQ_INIT(&h->idle);
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &h->lanes[i];

		lane->out = h;
		TAILQ_INIT(&lane->queue);
		TAILQ_INIT(&lane->running);
	}
	h->lanes[IO_LANE_QUERY].soft = 8;
	h->lanes[IO_LANE_QUERY].hard = 32;
	h->lanes[IO_LANE_PAGE].soft = 256;
	h->lanes[IO_LANE_PAGE].hard = 384;
	return h;
}

/* ---- memory ------------------------------------------------------------------------------- */

static struct transfer *transfer_new(struct http_out *h)
{
	struct transfer *t = TAILQ_FIRST(&h->idle);

	if (t) {
		TAILQ_REMOVE(&h->idle, t, link);
		h->n_idle--;
		return t;
	}
	t = MEM_NEW(struct transfer);
	t->out = h;
	arena_init(&t->arena);
	buf_init(&t->body, BUF_MAX_ANY);
	return t;
}

static void transfer_free(struct transfer *t)
{
	arena_done(&t->arena);
	buf_done(&t->body);
	free(t);
}

/* Back to the pool, or away. The arena's and the body's memory is kept if it is small. */
static void transfer_recycle(struct transfer *t)
{
	struct http_out *h = t->out;

	CHECK(!t->easy.curl && !timer_is_set(&t->deadline));
	if (h->n_idle >= TRANSFER_POOL) {
		transfer_free(t);
		return;
	}

	struct arena arena = t->arena;
	struct buf body = t->body;

	if (arena_used(&arena) > 65536)
		arena_done(&arena);
	else
		arena_clear(&arena);
	if (body.cap > 65536)
		buf_done(&body);
	buf_clear(&body);
	memset(t, 0, offsetof(struct transfer, curl_error));
	t->out = h;
	t->arena = arena;
	t->body = body;
	TAILQ_INSERT_HEAD(&h->idle, t, link);
	h->n_idle++;
}

static void easy_put_back(struct transfer *t)
{
	struct lane *lane = t->lane;

	if (!t->easy.curl)
		return;
	if (lane->n_pool < EASY_POOL)
		lane->pool[lane->n_pool++] = t->easy;
	else
		curl_easy_cleanup(t->easy.curl);
	t->easy = (struct easy){0};
}

static bool easy_get(struct transfer *t)
{
	struct lane *lane = t->lane;

	if (lane->n_pool) {
		t->easy = lane->pool[--lane->n_pool];
		if (t->easy.generation != t->out->generation)
			t->easy.set_up = false;
	} else {
		t->easy = (struct easy){.curl = curl_easy_init()};
	}
	t->easy.generation = t->out->generation;
	return t->easy.curl != NULL;
}

/* ---- the end of a transfer ----------------------------------------------------------------- */

/* Takes it out of what it was waiting in. */
static void leave_state(struct transfer *t)
{
	struct lane *lane = t->lane;

	switch (t->state) {
	case TRANSFER_QUEUED:
		TAILQ_REMOVE(&lane->queue, t, link);
		lane->n_queue--;
		return;
	case TRANSFER_RUNNING:
		curl_sockets_remove(lane->sockets, t->easy.curl);
		easy_put_back(t);
		break;
	case TRANSFER_TOKEN: oauth2_drop(&t->token); break;
	case TRANSFER_NAME: dns_drop(t->out->dns, &t->name); break;
	case TRANSFER_COMMAND:
		if (t->exec)
			exec_kill(t->exec);
		break;
	case TRANSFER_TALK:
		if (t->talk)
			talk_drop(t->talk);
		break;
	case TRANSFER_OVER: TAILQ_REMOVE(&t->out->over, t, link); return;
	}
	TAILQ_REMOVE(&lane->running, t, link);
	lane->n_running--;
}

static void transfer_over(struct transfer *t, enum io_outcome outcome)
{
	leave_state(t);
	timer_stop(&t->out->loop->timers, &t->deadline);
	t->state = TRANSFER_OVER;
	t->outcome = outcome;
	t->lane->stats.failed += outcome != IO_REPLIED;
	TAILQ_INSERT_TAIL(&t->out->over, t, link);
}

void transfer_fail(struct transfer *t, enum io_outcome outcome, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->error = arena_str(&t->arena, str_of(text));
	transfer_over(t, outcome);
}

struct secrets *transfer_secrets(struct transfer *t)
{
	return &t->out->secrets;
}

struct str transfer_peer(struct transfer *t)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	url_put_origin(&b, t->proxy.n ? t->proxy : t->req.url);

	struct str s = arena_str(&t->arena, buf_str(&b));

	buf_done(&b);
	return s;
}

/* What curl's failure means: had a byte of the request left? */
static enum io_outcome outcome_of(struct transfer *t)
{
	long sent = 0;
	curl_off_t pretransfer = 0;

	if (t->req.mail)
		return t->body_at == t->req.body.n ? IO_AMBIGUOUS : IO_UNSENT;
	curl_easy_getinfo(t->easy.curl, CURLINFO_REQUEST_SIZE, &sent);
	curl_easy_getinfo(t->easy.curl, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
	return sent > 0 && pretransfer > 0 ? IO_AMBIGUOUS : IO_UNSENT;
}

static bool is_tls_error(CURLcode code)
{
	return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER ||
	       code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
	       code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
}

/* Finished words; nothing of the URL but scheme and host. */
static void put_curl_error(struct transfer *t, struct buf *b, CURLcode code)
{
	struct str peer = transfer_peer(t);
	long os = 0;

	curl_easy_getinfo(t->easy.curl, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT)
		buf_printf(b, "cannot connect to %.*s: %s", STR_ARG(peer),
			   os ? strerror((int)os) : "no connection");
	else if (is_tls_error(code))
		buf_printf(b, "TLS with %.*s failed: %s", STR_ARG(peer),
			   *t->curl_error ? t->curl_error : curl_easy_strerror(code));
	else if (code == CURLE_GOT_NOTHING)
		buf_printf(b, "%.*s closed the connection without an answer", STR_ARG(peer));
	else if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
		buf_printf(b, "the connection to %.*s broke: %s", STR_ARG(peer),
			   os ? strerror((int)os) : curl_easy_strerror(code));
	else if (code == CURLE_PARTIAL_FILE)
		buf_printf(b, "%.*s closed the connection in the middle of its answer",
			   STR_ARG(peer));
	else
		buf_printf(b, "%.*s: %s", STR_ARG(peer), curl_easy_strerror(code));
}

static void finish_failed(struct transfer *t, CURLcode code)
{
	struct buf b;

	if (t->too_big) {
		transfer_fail(t, IO_AMBIGUOUS, "%.*s answered with more than %zu bytes",
			      STR_ARG(transfer_peer(t)), t->req.max_reply);
		return;
	}
	if (t->refused) { /* the mail server said no: that is an answer */
		transfer_over(t, IO_REPLIED);
		return;
	}
	buf_init(&b, 500);
	put_curl_error(t, &b, code);
	transfer_fail(t, outcome_of(t), "%s", buf_cstr(&b));
	buf_done(&b);
}

static void on_deadline(struct timer *timer, struct now now)
{
	struct transfer *t = CONTAINER(timer, struct transfer, deadline);
	struct str peer = transfer_peer(t);
	double s = (double)t->req.timeout / 1000;
	curl_off_t connected = 0;

	(void)now;
	if (t->state == TRANSFER_QUEUED) {
		transfer_fail(t, IO_UNSENT, "timed out after %gs waiting for a free connection", s);
	} else if (t->state == TRANSFER_TOKEN) {
		transfer_fail(t, IO_UNSENT, "timed out after %gs waiting for an OAuth2 token", s);
	} else if (t->state == TRANSFER_NAME) {
		transfer_fail(t, IO_UNSENT, "timed out after %gs resolving the name of %.*s", s,
			      STR_ARG(peer));
	} else if (t->state == TRANSFER_COMMAND) {
		transfer_fail(t, IO_AMBIGUOUS, "the command was ended: it took longer than %gs", s);
	} else if (t->state == TRANSFER_TALK) {
		transfer_fail(t, IO_AMBIGUOUS, "timed out after %gs talking to %.*s", s,
			      STR_ARG(peer));
	} else if (t->state == TRANSFER_RUNNING) {
		curl_easy_getinfo(t->easy.curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
		transfer_fail(t, outcome_of(t), "timed out after %gs %s %.*s", s,
			      connected ? "waiting for the answer of" : "connecting to",
			      STR_ARG(peer));
	}
}

/* ---- redirects ----------------------------------------------------------------------------- */

static bool wants_redirect(const struct transfer *t)
{
	bool moved = t->status == 301 || t->status == 302 || t->status == 303 || t->status == 307 ||
		     t->status == 308;
	bool safe = str_is(t->req.method, "GET") || str_is(t->req.method, "HEAD");

	return moved && safe && !t->req.mail && t->req.config->follow_redirects;
}

/* The next address, resolved against the present one; empty: there is none. */
static struct str redirect_target(struct transfer *t)
{
	struct str location = {0}, out = {0};
	char *text = NULL;
	CURLU *u = curl_url();

	for (size_t i = 0; i < t->n_reply_headers; i++) {
		if (str_is(t->reply_headers[i].name, "location"))
			location = t->reply_headers[i].value;
	}
	if (location.n && !curl_url_set(u, CURLUPART_URL, arena_cstr(&t->arena, t->req.url), 0) &&
	    !curl_url_set(u, CURLUPART_URL, arena_cstr(&t->arena, location), 0) &&
	    !curl_url_get(u, CURLUPART_URL, &text, 0))
		out = arena_str(&t->arena, str_of(text));
	curl_free(text);
	curl_url_cleanup(u);
	return out;
}

static bool redirect(struct transfer *t, struct now now)
{
	struct str next = redirect_target(t);
	struct url old = t->url;
	struct err err;

	if (!next.n)
		return false;
	if (++t->redirects > REDIRECTS_MOST) {
		transfer_fail(t, IO_AMBIGUOUS, "%.*s redirects in circles",
			      STR_ARG(transfer_peer(t)));
		return true;
	}
	curl_sockets_remove(t->lane->sockets, t->easy.curl);
	easy_put_back(t);
	t->state = TRANSFER_TOKEN; /* waits for nothing: leave_state may drop it */
	t->req.url = next;
	t->req.url_tail = (struct str){0};
	t->addresses = (struct str){0};
	t->n_reply_headers = 0;
	t->received = 0;
	buf_clear(&t->body);
	if (!str_starts(next, "http") || !url_split(next, &t->url, &err) || !setup_proxy(t, &err)) {
		transfer_fail(t, IO_AMBIGUOUS, "redirected to something that is no HTTP address");
		return true;
	}
	if (!str_eq(old.host, t->url.host) || old.port != t->url.port ||
	    !str_eq(old.scheme, t->url.scheme))
		t->foreign = true;
	transfer_go_on(t, now);
	return true;
}

/* ---- starting ------------------------------------------------------------------------------ */

static void on_token(struct token_wait *w, struct now now, struct str token, struct str error)
{
	struct transfer *t = CONTAINER(w, struct transfer, token);

	if (error.n) {
		transfer_fail(t, IO_UNSENT, "%.*s", STR_ARG(error));
		return;
	}
	t->bearer = arena_str(&t->arena, token);
	transfer_go_on(t, now);
}

static void on_name(struct dns_query *q, struct now now, struct str addresses, struct str error)
{
	struct transfer *t = CONTAINER(q, struct transfer, name);

	if (error.n) {
		transfer_fail(t, IO_UNSENT, "%.*s", STR_ARG(error));
		return;
	}
	t->addresses = arena_str(&t->arena, addresses);
	transfer_go_on(t, now);
}

/* True: the token is there (or none is needed). */
static bool has_token(struct transfer *t, struct now now)
{
	struct str token;

	if (!t->req.config->oauth2 || t->bearer.n || t->foreign)
		return true;
	t->state = TRANSFER_TOKEN;
	t->token.done = on_token;
	if (!oauth2_ask(t->out->oauth2, &t->token, now, t->req.config->oauth2, &token))
		return false;
	t->bearer = arena_str(&t->arena, token);
	return true;
}

static bool has_name(struct transfer *t, struct now now)
{
	struct url u = t->url;
	struct str addresses;

	if (t->addresses.n || (t->proxy.n && !url_split(t->proxy, &u, NULL)))
		return true;
	if (!dns_needed(u.host))
		return true;
	t->state = TRANSFER_NAME;
	t->name.done = on_name;
	if (!dns_ask(t->out->dns, &t->name, now, u.host, &addresses))
		return false;
	t->addresses = arena_str(&t->arena, addresses);
	return true;
}

void transfer_go_on(struct transfer *t, struct now now)
{
	struct lane *lane = t->lane;
	struct err err;

	if (!has_token(t, now) || !has_name(t, now))
		return;
	t->state = TRANSFER_TOKEN; /* waits for nothing: leave_state may drop it */
	if (!easy_get(t)) {
		transfer_fail(t, IO_UNSENT, "curl has no handle to give");
	} else if (!setup_request(t, &err)) {
		easy_put_back(t);
		transfer_fail(t, IO_REFUSED, "%s", err.msg);
	} else {
		t->state = TRANSFER_RUNNING;
		curl_sockets_add(lane->sockets, t->easy.curl);
	}
}

/* The URL out of its file, and its pieces. */
static bool find_url(struct transfer *t, struct err *err)
{
	if (t->req.url_file.n) {
		struct str url;

		if (!secrets_get(&t->out->secrets, t->req.url_file, &url, err))
			return false;
		t->req.url = arena_str(&t->arena, url);
	}
	if (!secret_marks_replace(&t->req, &t->out->secrets, &t->arena, err))
		return false;
	if (t->req.url_tail.n)
		t->req.url = arena_printf(&t->arena, "%.*s%.*s", STR_ARG(t->req.url),
					  STR_ARG(t->req.url_tail));
	return url_split(t->req.url, &t->url, err) && setup_proxy(t, err);
}

/* To stdout, without waiting for a reader for ever. */
static void print_console(struct transfer *t)
{
	struct str s = t->req.body;

	while (s.n) {
		struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
		ssize_t n = poll(&p, 1, 1000) > 0 ? write(p.fd, s.p, MIN(s.n, (size_t)2048)) : -1;

		if (n < 0 && errno != EINTR) {
			transfer_fail(t, IO_AMBIGUOUS, "cannot write to stdout: %s",
				      strerror(errno));
			return;
		}
		s = str_from(s, (size_t)MAX(n, (ssize_t)0));
	}
	t->status = 200;
	transfer_over(t, IO_REPLIED);
}

static void on_command(void *arg, int status, struct str output)
{
	struct transfer *t = arg;

	t->exec = NULL;
	buf_add(&t->body, output);
	if (status < 0) {
		transfer_fail(t, IO_AMBIGUOUS, "the command was %.*s", STR_ARG(output));
		return;
	}
	t->status = IO_EXEC_STATUS + status;
	transfer_over(t, IO_REPLIED);
}

static void run_command(struct transfer *t)
{
	struct exec_command c = {.argv = t->req.argv,
				 .n_argv = t->req.n_argv,
				 .input = t->req.body};
	struct err err;

	t->exec = exec_start(t->out->loop, &c, on_command, t, &err);
	if (t->exec)
		t->state = TRANSFER_COMMAND;
	else
		transfer_fail(t, IO_REFUSED, "%s", err.msg);
}

static void on_talk(struct transfer *t, const struct talk_run *r)
{
	const struct irc_talk *k = talk_result(r);

	t->talk = NULL;
	if (!k->ok && !k->numeric) {
		transfer_fail(t, k->spoke ? IO_AMBIGUOUS : IO_UNSENT, "%s", k->error);
		return;
	}
	buf_adds(&t->body, k->error);
	t->status = k->ok ? 200 : k->numeric;
	transfer_over(t, IO_REPLIED);
}

static void talk(struct transfer *t)
{
	struct http_out *h = t->out;
	struct err err;

	if (!h->talks)
		h->talks = worker_new(h->loop, "irc");
	if (secret_marks_replace(&t->req, &h->secrets, &t->arena, &err))
		t->talk = talk_start(t, h->talks, on_talk, &err);
	if (t->talk)
		t->state = TRANSFER_TALK;
	else
		transfer_fail(t, IO_REFUSED, "%s", err.msg);
}

static void open_lane(struct lane *lane)
{
	struct http_out *h = lane->out;

	if (lane->sockets)
		return;
	lazy_curl_load();
	if (!h->global)
		CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	h->global = true;
	lane->sockets = curl_sockets_new(h->loop, (long)lane->hard);
}

static void start_next(struct lane *lane, struct now now)
{
	struct transfer *t = TAILQ_FIRST(&lane->queue);
	struct err err;

	TAILQ_REMOVE(&lane->queue, t, link);
	lane->n_queue--;
	TAILQ_INSERT_TAIL(&lane->running, t, link);
	lane->n_running++;
	lane->stats.started++;
	t->state = TRANSFER_TOKEN; /* waits for nothing yet */
	t->started = now.mono;
	if (str_starts(t->req.url, "console:")) {
		print_console(t);
		return;
	}
	if (str_starts(t->req.url, "irc://") || str_starts(t->req.url, "ircs://")) {
		talk(t);
		return;
	}
	if (str_starts(t->req.url, "exec:")) {
		run_command(t);
		return;
	}
	if (!find_url(t, &err)) {
		transfer_fail(t, IO_REFUSED, "%s", err.msg);
		return;
	}
	open_lane(lane);
	transfer_go_on(t, now);
}

static void on_slow(struct timer *t, struct now now)
{
	(void)t; /* http_out_run looks at the queue in this turn anyway */
	(void)now;
}

/* Whether another request may run beside those that do. */
static bool has_room(struct lane *lane, struct now now)
{
	size_t fast = lane->n_running;
	struct transfer *t;

	if (lane->n_running >= lane->hard)
		return false;
	if (lane->n_running < lane->soft)
		return true;
	TAILQ_FOREACH(t, &lane->running, link)
	{
		if (t->started + LANE_SLOW > now.mono)
			break;
		fast--;
	}
	if (fast >= lane->soft && t)
		timer_set(&lane->out->loop->timers, &lane->slow, TIMER_MONO, t->started + LANE_SLOW,
			  on_slow);
	return fast < lane->soft;
}

static void start_queued(struct lane *lane, struct now now)
{
	timer_stop(&lane->out->loop->timers, &lane->slow);
	while (!TAILQ_EMPTY(&lane->queue) && has_room(lane, now))
		start_next(lane, now);
}

/* ---- for the core -------------------------------------------------------------------------- */

static const struct str *argv_copy(struct arena *a, const struct io_request *req)
{
	struct str *v = req->n_argv ? ARENA_ARRAY(a, struct str, req->n_argv) : NULL;

	for (size_t i = 0; i < req->n_argv; i++)
		v[i] = arena_str(a, req->argv[i]);
	return v;
}

static struct io_mail *mail_copy(struct transfer *t, const struct io_mail *m)
{
	struct arena *a = &t->arena;
	struct str *to = ARENA_ARRAY(a, struct str, MAX(m->n_to, (size_t)1));

	for (size_t i = 0; i < m->n_to; i++)
		to[i] = arena_str(a, m->to[i]);
	t->mail = (struct io_mail){
		.from = arena_str(a, m->from),
		.to = to,
		.n_to = m->n_to,
		.hello = arena_str(a, m->hello),
		.username = arena_str(a, m->username),
		.password = arena_str(a, m->password),
		.password_file = arena_str(a, m->password_file),
		.auth_identity = arena_str(a, m->auth_identity),
		.cram_secret = arena_str(a, m->cram_secret),
		.cram_secret_file = arena_str(a, m->cram_secret_file),
		.require_tls = m->require_tls,
		.tls = m->tls,
	};
	return &t->mail;
}

static struct io_secret *secrets_copy(struct arena *a, const struct io_request *req)
{
	struct io_secret *v = ARENA_ARRAY(a, struct io_secret, req->n_secrets + 1);

	for (size_t i = 0; i < req->n_secrets; i++)
		v[i] = (struct io_secret){.mark = arena_str(a, req->secrets[i].mark),
					  .file = arena_str(a, req->secrets[i].file),
					  .place = req->secrets[i].place};
	return v;
}

static void copy_request(struct transfer *t, const struct io_request *req)
{
	static const struct http_config defaults = {.follow_redirects = true, .enable_http2 = true};
	struct arena *a = &t->arena;
	struct io_header *headers =
		ARENA_ARRAY(a, struct io_header, MAX(req->n_headers, (size_t)1));

	for (size_t i = 0; i < req->n_headers; i++) {
		headers[i].name = arena_str(a, req->headers[i].name);
		headers[i].value = arena_str(a, req->headers[i].value);
	}
	t->req = *req;
	t->req.method = arena_str(a, req->method);
	t->req.url = arena_str(a, req->url);
	t->req.url_file = arena_str(a, req->url_file);
	t->req.url_tail = arena_str(a, req->url_tail);
	t->req.headers = headers;
	t->req.secrets = secrets_copy(a, req);
	t->req.body = arena_str(a, req->body);
	t->req.argv = argv_copy(a, req);
	if (!req->config)
		t->req.config = &defaults;
	if (req->mail)
		t->req.mail = mail_copy(t, req->mail);
}

void http_out_fetch(struct http_out *h, struct io_call *call, const struct io_request *req)
{
	struct transfer *t = transfer_new(h);
	struct lane *lane = &h->lanes[req->lane];

	CHECK(!call->host);
	copy_request(t, req);
	t->call = call;
	t->lane = lane;
	t->begun = h->loop->now.mono;
	call->host = t;
	t->state = TRANSFER_QUEUED;
	TAILQ_INSERT_TAIL(&lane->queue, t, link);
	lane->n_queue++;
	if (req->timeout > 0)
		timer_set(&h->loop->timers, &t->deadline, TIMER_MONO, t->begun + req->timeout,
			  on_deadline);
}

void http_out_cancel(struct http_out *h, struct io_call *call)
{
	struct transfer *t = call->host;

	call->host = NULL;
	t->call = NULL;
	timer_stop(&h->loop->timers, &t->deadline);
	if (t->state == TRANSFER_RUNNING && curl_sockets_busy(t->lane->sockets)) {
		t->lane->n_doomed++; /* we are in one of curl's callbacks */
		return;
	}
	leave_state(t);
	transfer_recycle(t);
}

/* Those that were cancelled inside a callback. */
static void sweep(struct lane *lane)
{
	struct transfer *t, *next;

	for (t = TAILQ_FIRST(&lane->running); t && lane->n_doomed; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->call)
			continue;
		leave_state(t);
		transfer_recycle(t);
	}
	lane->n_doomed = 0;
}

static void deliver(struct transfer *t, struct now now)
{
	struct io_call *call = t->call;
	struct io_reply r = {
		.outcome = t->outcome,
		.status = t->outcome == IO_REPLIED ? t->status : 0,
		.headers = t->reply_headers,
		.n_headers = t->n_reply_headers,
		.body = buf_str(&t->body),
		.error = t->error,
		.took = now.mono - t->begun,
	};

	TAILQ_REMOVE(&t->out->over, t, link);
	if (call) {
		call->host = NULL;
		call->on_done(call, now, &r);
	}
	transfer_recycle(t);
}

static void finish(struct transfer *t, struct now now, CURLcode code)
{
	if (code != CURLE_OK) {
		finish_failed(t, code);
		return;
	}
	if (t->refused) { /* one way to log in, then another went well */
		t->status = 250;
		buf_clear(&t->body);
	}
	if (t->status == 401 && t->req.config->oauth2)
		oauth2_refused(t->out->oauth2, t->req.config->oauth2);
	if (!wants_redirect(t) || !redirect(t, now))
		transfer_over(t, IO_REPLIED);
}

static void collect(struct lane *lane, struct now now)
{
	CURLcode code;
	CURL *curl;

	while ((curl = curl_sockets_finished(lane->sockets, &code))) {
		char *t = NULL;

		curl_easy_getinfo(curl, CURLINFO_PRIVATE, &t);
		finish((struct transfer *)(void *)t, now, code);
	}
}

static bool deliver_all(struct http_out *h, struct now now)
{
	bool any = !TAILQ_EMPTY(&h->over);

	while (!TAILQ_EMPTY(&h->over))
		deliver(TAILQ_FIRST(&h->over), now);
	return any;
}

bool http_out_run(struct http_out *h, struct now now)
{
	bool any = false;

	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < LANES; i++) {
			struct lane *lane = &h->lanes[i];

			start_queued(lane, now);
			if (!lane->sockets)
				continue;
			curl_sockets_kick(lane->sockets);
			sweep(lane);
			collect(lane, now);
		}
		if (!deliver_all(h, now))
			break;
		any = true;
	}
	return any;
}

void http_out_forget(struct http_out *h)
{
	h->generation++;
}

struct lane_stats http_out_stats(const struct http_out *h, enum io_lane lane)
{
	struct lane_stats s = h->lanes[lane].stats;

	s.queued = h->lanes[lane].n_queue;
	s.running = h->lanes[lane].n_running;
	return s;
}

static void drop_list(struct transfer_list *list)
{
	struct transfer *t;

	while ((t = TAILQ_FIRST(list))) {
		leave_state(t);
		timer_stop(&t->out->loop->timers, &t->deadline);
		if (t->call)
			t->call->host = NULL;
		transfer_free(t);
	}
}

void http_out_free(struct http_out *h)
{
	struct transfer *t;

	if (!h)
		return;
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &h->lanes[i];

		timer_stop(&h->loop->timers, &lane->slow);
		drop_list(&lane->queue);
		drop_list(&lane->running);
	}
	drop_list(&h->over);
	worker_free(h->talks);
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &h->lanes[i];

		while (lane->n_pool)
			curl_easy_cleanup(lane->pool[--lane->n_pool].curl);
		curl_sockets_free(lane->sockets);
	}
	while ((t = TAILQ_FIRST(&h->idle))) {
		TAILQ_REMOVE(&h->idle, t, link);
		transfer_free(t);
	}
	oauth2_free(h->oauth2);
	secrets_done(&h->secrets);
	if (h->global)
		curl_global_cleanup();
	free(h);
}
