/* Requests out: outcomes, redirects, headers, secrets, streaming, cancelling, mail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http_config.h"
#include "host/http_out.h"
#include "host/transfer.h"
#include "tests/unit/host_server.h"
#include "tests/unit/unit.h"

struct world {
	struct loop loop;
	struct dns *dns;
	struct http_out *out;
	struct test_server server;
	char last[65536]; /* the request the server saw last */
	char mail[65536];
	char url[200];
	/* the reply */
	struct io_call call;
	int done;
	enum io_outcome outcome;
	int status;
	char body[4096], error[512], header[200];
	size_t streamed;
	bool cancel_in_data;
};

static const char *path_of(const char *request, char *buf, size_t max)
{
	const char *from = strchr(request, ' ');

	snprintf(buf, max, "%.*s", (int)strcspn(from + 1, " "), from + 1);
	return buf;
}

static void answer(int fd, const char *path, const char *request)
{
	char text[1200];

	if (strcmp(path, "/big") == 0) {
		test_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
		for (int i = 0; i < 1000; i++)
			test_write(fd,
				   "0123456789012345678901234567890123456789012345678901234567890"
				   "123456789012345678901234567890123456789");
	} else if (strcmp(path, "/500") == 0) {
		test_write(fd,
			   "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
	} else if (strncmp(path, "/redirect", 9) == 0) {
		snprintf(text, sizeof(text),
			 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			 strcmp(path, "/redirect-loop") == 0 ? "/redirect-loop" : "ok?x=1");
		test_write(fd, text);
	} else if (strcmp(path, "/token") == 0) {
		const char *json = "{\"access_token\":\"t0k\",\"expires_in\":3600}";

		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(json), json);
		test_write(fd,
			   strstr(request, "grant_type=client_credentials&scope=a%20b&x=%26") &&
					   strstr(request, "Authorization: Basic aWQ6cHclM0E=\r\n")
				   ? text
				   : "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/half") == 0) {
		test_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	} else {
		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nX-Mixed-Case:  Yes \r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(path), path);
		test_write(fd, text);
	}
}

/* "plain " a hundred times. */
static void answer_gzip(int fd)
{
	static const unsigned char packed[] = {
		0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x2b,
		0xc8, 0x49, 0xcc, 0xcc, 0x53, 0x28, 0x18, 0x25, 0x47, 0x49, 0xaa,
		0x92, 0x00, 0x6d, 0xf3, 0x12, 0x44, 0x58, 0x02, 0x00, 0x00,
	};

	test_write(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 32\r\n\r\n");
	assert_int_equal(write(fd, packed, sizeof(packed)), sizeof(packed));
}

static void serve_http(struct test_server *s, int fd)
{
	struct world *w = s->arg;
	char request[65536], path[1000];

	while (test_read_request(fd, request, sizeof(request))) {
		pthread_mutex_lock(&s->lock);
		memcpy(w->last, request, sizeof(request));
		pthread_mutex_unlock(&s->lock);
		path_of(request, path, sizeof(path));
		if (strcmp(path, "/close") == 0)
			return;
		if (strcmp(path, "/hang") == 0) {
			while (!s->stop)
				usleep(10000);
			return;
		}
		if (strcmp(path, "/gzip") == 0)
			answer_gzip(fd);
		else
			answer(fd, path, request);
		if (strcmp(path, "/half") == 0)
			return;
	}
}

static void on_done(struct io_call *c, struct now now, const struct io_reply *r)
{
	struct world *w = CONTAINER(c, struct world, call);

	(void)now;
	w->done++;
	w->outcome = r->outcome;
	w->status = r->status;
	snprintf(w->body, sizeof(w->body), "%.*s", STR_ARG(r->body));
	snprintf(w->error, sizeof(w->error), "%.*s", STR_ARG(r->error));
	snprintf(w->header, sizeof(w->header), "%.*s", STR_ARG(io_reply_header(r, "x-mixed-case")));
}

static void on_data(struct io_call *c, struct str bytes)
{
	struct world *w = CONTAINER(c, struct world, call);

	w->streamed += bytes.n;
	if (w->cancel_in_data)
		http_out_cancel(w->out, c);
}

static int set_up_with(void **state, void (*serve)(struct test_server *s, int fd))
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err;

	assert_true(loop_init(&w->loop, &err));
	w->dns = dns_new(&w->loop);
	w->out = http_out_new(&w->loop, w->dns);
	w->call.on_done = on_done;
	test_server_start(&w->server, serve, w);
	*state = w;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, serve_http);
}

static int tear_down(void **state)
{
	struct world *w = *state;

	http_out_free(w->out);
	dns_free(w->dns);
	loop_done(&w->loop);
	test_server_stop(&w->server);
	free(w);
	return 0;
}

static void turns(struct world *w, ms_t most)
{
	ms_t until = loop_clocks().mono + most;
	int had = w->done;

	for (bool more = http_out_run(w->out, loop_clocks());
	     w->done == had && loop_clocks().mono < until;)
		more = http_out_run(w->out, loop_turn(&w->loop, more ? 0 : 20));
}

static struct io_request request_of(struct world *w, const char *method, const char *path)
{
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d%s", w->server.port, path);
	return (struct io_request){.method = str_of(method),
				   .url = str_of(w->url),
				   .timeout = 3 * SECOND,
				   .max_reply = 1 << 20,
				   .lane = IO_LANE_PAGE};
}

static void fetch(struct world *w, const struct io_request *r)
{
	w->loop.now = loop_clocks();
	http_out_fetch(w->out, &w->call, r);
	turns(w, 5 * SECOND);
}

/* Asked for with gzip, it arrives plain; and the next request asks for identity again. */
static void test_compressed(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/gzip");

	r.compressed = true;
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_non_null(strstr(w->last, "Accept-Encoding: gzip\r\n"));
	assert_memory_equal(w->body, "plain plain ", 12);
	assert_int_equal(strlen(w->body), 600);
	r.max_reply = 500;
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	r = request_of(w, "GET", "/a");
	fetch(w, &r);
	assert_string_equal(w->body, "/a");
	assert_non_null(strstr(w->last, "Accept-Encoding: identity\r\n"));
}

static void test_plain(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/a?b=c");

	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_int_equal(w->status, 200);
	assert_string_equal(w->body, "/a?b=c");
	assert_string_equal(w->header, "Yes");
	assert_non_null(strstr(w->last, "Accept-Encoding: identity\r\n"));
	assert_non_null(strstr(w->last, "User-Agent: rouse/"));
	assert_null(strstr(w->last, "Expect:"));
	assert_null(w->call.host);
}

static void test_methods_and_reuse(void **state)
{
	struct world *w = *state;
	static const char *const methods[] = {"POST",	"GET", "PATCH", "POST",
					      "DELETE", "PUT", "GET"};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct io_request r = request_of(w, methods[i], "/m");
		char head[100];

		if (strcmp(methods[i], "GET") != 0 && strcmp(methods[i], "DELETE") != 0)
			r.body = STR("{\"x\":1}");
		fetch(w, &r);
		assert_int_equal(w->status, 200);
		snprintf(head, sizeof(head), "%s /m HTTP/1.1\r\n", methods[i]);
		assert_true(strncmp(w->last, head, strlen(head)) == 0);
		assert_int_equal(strstr(w->last, "\r\n\r\n{\"x\":1}") != NULL, r.body.n > 0);
	}
	assert_int_equal(w->server.connections, 1);
}

static void test_status_and_body(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/500");

	w->call.on_data = on_data; /* only for 2xx */
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_int_equal(w->status, 503);
	assert_string_equal(w->body, "busy");
	assert_int_equal(w->streamed, 0);
}

static void test_stream_and_limit(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/big");

	w->call.on_data = on_data;
	fetch(w, &r);
	assert_int_equal(w->status, 200);
	assert_int_equal(w->streamed, 100000);
	assert_string_equal(w->body, "");
	r.max_reply = 50000;
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->error, "more than 50000 bytes"));
}

static void test_redirects(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/redirect");

	fetch(w, &r);
	assert_int_equal(w->status, 200);
	assert_string_equal(w->body, "/ok?x=1");
	r = request_of(w, "POST", "/redirect");
	fetch(w, &r);
	assert_int_equal(w->status, 302);
	r = request_of(w, "GET", "/redirect-loop");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->error, "in circles"));
}

static void test_redirects_can_be_off(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/redirect");
	struct http_config c;

	http_config_defaults(&c);
	c.follow_redirects = false;
	r.config = &c;
	fetch(w, &r);
	assert_int_equal(w->status, 302);
}

static void test_outcomes(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "POST", "/close");

	r.body = STR("x");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_int_equal(w->status, 0);
	r = request_of(w, "GET", "/half");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	r.url = STR("http://127.0.0.1:1/secret-path");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_UNSENT);
	assert_non_null(strstr(w->error, "Connection refused"));
	assert_null(strstr(w->error, "secret"));
	r.url = STR("ftp://x/");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REFUSED);
	r.url_file = STR("/nonexistent/url");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REFUSED);
	assert_non_null(strstr(w->error, "/nonexistent/url"));
}

static void test_timeout(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "POST", "/hang");

	r.body = STR("x");
	r.timeout = 150;
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->error, "timed out after 0.15s waiting for the answer"));
	assert_null(strstr(w->error, "hang"));
}

static void test_cancel(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/hang");

	http_out_fetch(w->out, &w->call, &r);
	http_out_cancel(w->out, &w->call); /* queued */
	turns(w, 50);
	http_out_fetch(w->out, &w->call, &r);
	turns(w, 100);
	http_out_cancel(w->out, &w->call); /* running */
	turns(w, 50);
	assert_int_equal(w->done, 0);
	r = request_of(w, "GET", "/big");
	w->call.on_data = on_data;
	w->cancel_in_data = true;
	http_out_fetch(w->out, &w->call, &r);
	turns(w, 300);
	assert_int_equal(w->done, 0);
	assert_true(w->streamed > 0 && w->streamed < 100000);
	assert_int_equal(http_out_stats(w->out, IO_LANE_PAGE).running, 0);
	w->cancel_in_data = false;
	fetch(w, &r); /* all is well afterwards */
	assert_int_equal(w->status, 200);
}

static void test_credentials(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/");
	struct http_config c;
	char file[] = "/tmp/rouse-test-XXXXXX";
	int fd = mkstemp(file);

	assert_true(write(fd, " first\n", 7) == 7);
	http_config_defaults(&c);
	c.has_basic_auth = true;
	c.username = STR("user");
	c.password_file = str_of(file);
	r.config = &c;
	fetch(w, &r);
	assert_non_null(strstr(w->last, "Authorization: Basic dXNlcjpmaXJzdA==\r\n"));
	assert_true(pwrite(fd, "rotated\n", 8, 0) == 8);
	fetch(w, &r);
	assert_non_null(strstr(w->last, "Authorization: Basic dXNlcjpyb3RhdGVk\r\n"));
	unlink(file);
	close(fd);
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REFUSED);

	struct str secret = STR("hush");
	struct http_header_config h = {.name = STR("X-Token"), .secrets = &secret, .n_secrets = 1};

	http_config_defaults(&c);
	c.has_authorization = true;
	c.credentials = STR("tok");
	c.headers = &h;
	c.n_headers = 1;
	http_out_forget(w->out);
	fetch(w, &r);
	assert_non_null(strstr(w->last, "Authorization: Bearer tok\r\n"));
	assert_non_null(strstr(w->last, "X-Token: hush\r\n"));
}

static void test_oauth2(void **state)
{
	struct world *w = *state;
	struct str scopes[] = {STR("a"), STR("b")}, params[] = {STR("x"), STR("&")};
	char token_url[100];
	struct oauth2_config o = {.client_id = STR("id"),
				  .client_secret = STR("pw:"),
				  .scopes = scopes,
				  .n_scopes = 2,
				  .params = params,
				  .n_params = 2};
	struct http_config c;
	struct io_request r = request_of(w, "POST", "/oauth");

	snprintf(token_url, sizeof(token_url), "http://127.0.0.1:%d/token", w->server.port);
	o.token_url = str_of(token_url);
	http_config_defaults(&c);
	c.oauth2 = &o;
	r.config = &c;
	fetch(w, &r);
	assert_string_equal(w->error, "");
	assert_int_equal(w->status, 200);
	assert_non_null(strstr(w->last, "Authorization: Bearer t0k\r\n"));
	assert_int_equal(http_out_stats(w->out, IO_LANE_PAGE).started, 2);
	fetch(w, &r); /* the token is kept */
	assert_int_equal(http_out_stats(w->out, IO_LANE_PAGE).started, 3);
	o.client_secret = STR("wrong");
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_UNSENT);
	assert_non_null(strstr(w->error, "OAuth2"));
	assert_null(strstr(w->error, "wrong"));
}

static void test_proxy(void **state)
{
	struct world *w = *state;
	char proxy[100];
	struct http_config c;
	struct io_request r = request_of(w, "GET", "");

	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", w->server.port);
	http_config_defaults(&c);
	c.proxy_url = str_of(proxy);
	r.config = &c;
	r.url = STR("http://far.invalid/through");
	fetch(w, &r); /* the proxy resolves the name */
	assert_string_equal(w->error, "");
	assert_true(strncmp(w->last, "GET http://far.invalid/through HTTP/1.1\r\n", 41) == 0);
	c.no_proxy = STR(".invalid,127.0.0.1");
	r = request_of(w, "GET", "/direct");
	r.config = &c;
	fetch(w, &r);
	assert_true(strncmp(w->last, "GET /direct HTTP/1.1\r\n", 22) == 0);
}

static void test_header_injection(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/");
	struct io_header h = {STR("X-A"), STR("b\r\nX-C: d")};

	r.headers = &h;
	r.n_headers = 1;
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REFUSED);
}

static void on_done_ok(struct io_call *c, struct now now, const struct io_reply *r)
{
	(void)c;
	(void)now;
	assert_int_equal(r->status, 200);
}

static void test_many_at_once(void **state)
{
	struct world *w = *state;
	struct io_request r = request_of(w, "GET", "/x");
	struct io_call calls[100] = {0};

	r.lane = IO_LANE_QUERY;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		calls[i].on_done = on_done_ok;
		http_out_fetch(w->out, &calls[i], &r);
	}
	http_out_run(w->out, loop_clocks());
	assert_int_equal(http_out_stats(w->out, IO_LANE_QUERY).running, 8);
	assert_int_equal(http_out_stats(w->out, IO_LANE_QUERY).queued, 92);
	for (size_t i = 5; i < ARRAY_LEN(calls); i += 10)
		http_out_cancel(w->out, &calls[i]);
	for (int i = 0; i < 1000 && http_out_stats(w->out, IO_LANE_QUERY).queued +
					    http_out_stats(w->out, IO_LANE_QUERY).running;
	     i++)
		http_out_run(w->out, loop_turn(&w->loop, 10));
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		assert_null(calls[i].host);
	assert_true(w->server.connections <= 9);
}

static void test_no_proxy(void **state)
{
	struct str list = STR("localhost, .example.com,10.0.0.0/8,host.net:8080 ,*.wild.org");

	(void)state;
	assert_true(setup_no_proxy(list, STR("localhost"), 80));
	assert_true(setup_no_proxy(list, STR("a.example.com"), 80));
	assert_false(setup_no_proxy(list, STR("example.com"), 80));
	assert_true(setup_no_proxy(list, STR("10.1.2.3"), 80));
	assert_false(setup_no_proxy(list, STR("11.1.2.3"), 80));
	assert_true(setup_no_proxy(list, STR("host.net"), 8080));
	assert_false(setup_no_proxy(list, STR("host.net"), 80));
	assert_true(setup_no_proxy(list, STR("a.wild.org"), 80));
	assert_true(setup_no_proxy(STR("*"), STR("anything"), 80));
	assert_false(setup_no_proxy(STR(""), STR("anything"), 80));
}

/* ---- mail ---------------------------------------------------------------------------------- */

static void take_mail(struct world *w, int fd, char *line, size_t max)
{
	size_t n = 0;

	test_write(fd, "354 go on\r\n");
	while (test_read_line(fd, line, max) && strcmp(line, ".\r\n") != 0)
		n += (size_t)snprintf(w->mail + n, sizeof(w->mail) - n, "%s", line);
	test_write(fd, strstr(w->mail, "vanish") ? "" : "250 taken\r\n");
}

static void serve_smtp(struct test_server *s, int fd)
{
	struct world *w = s->arg;
	char line[2000];

	test_write(fd, "220 hello\r\n");
	while (test_read_line(fd, line, sizeof(line))) {
		strncat(w->last, line, sizeof(w->last) - strlen(w->last) - 1);
		if (strncmp(line, "DATA", 4) == 0)
			take_mail(w, fd, line, sizeof(line));
		else if (strncmp(line, "EHLO", 4) == 0)
			test_write(fd, "250-me\r\n250 AUTH PLAIN CRAM-MD5\r\n");
		else if (strncmp(line, "AUTH CRAM", 9) == 0)
			test_write(fd, "334 PDEyMz4=\r\n");
		else if (strcmp(line, "AUTH PLAIN\r\n") == 0)
			test_write(fd, "334 \r\n");
		else if (strncmp(line, "AUTH", 4) == 0 || !strpbrk(line, " :"))
			test_write(fd, strstr(line, "QUIT") ? "221 bye\r\n" : "235 ok\r\n");
		else if (strstr(line, "nobody@"))
			test_write(fd, "550 5.1.1 no such user\r\n");
		else
			test_write(fd, "250 ok\r\n");
		if (strstr(w->mail, "vanish"))
			return;
	}
}

static int set_up_mail(void **state)
{
	return set_up_with(state, serve_smtp);
}

static void send_mail(struct world *w, struct io_mail *m, const char *body)
{
	struct io_request r = request_of(w, "", "");

	snprintf(w->url, sizeof(w->url), "smtp://127.0.0.1:%d", w->server.port);
	r.url = str_of(w->url);
	r.body = str_of(body);
	r.mail = m;
	fetch(w, &r);
}

static void test_mail(void **state)
{
	struct world *w = *state;
	struct str to[] = {STR("a@example.org"), STR("b@example.org")};
	struct io_mail m = {.from = STR("rouse@example.org"),
			    .to = to,
			    .n_to = 2,
			    .hello = STR("me.example.org"),
			    .username = STR("u"),
			    .password = STR("p")};

	send_mail(w, &m, "Subject: x\n\n.dot\nend\n");
	assert_string_equal(w->error, "");
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_int_equal(w->status, 250);
	assert_non_null(strstr(w->last, "EHLO me.example.org\r\n"));
	assert_non_null(strstr(w->last, "MAIL FROM:<rouse@example.org>"));
	assert_non_null(strstr(w->last, "RCPT TO:<a@example.org>"));
	assert_non_null(strstr(w->last, "RCPT TO:<b@example.org>"));
	assert_non_null(strstr(w->last, "AUTH PLAIN"));
	assert_string_equal(w->mail, "Subject: x\r\n\r\n..dot\r\nend\r\n");
}

static void test_mail_refused(void **state)
{
	struct world *w = *state;
	struct str to = STR("nobody@example.org");
	struct io_mail m = {.from = STR("rouse@example.org"), .to = &to, .n_to = 1};

	send_mail(w, &m, "x\r\n");
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_int_equal(w->status, 550);
	assert_non_null(strstr(w->body, "no such user"));
	m.require_tls = true;
	to = STR("a@example.org");
	send_mail(w, &m, "x\r\n");
	assert_int_equal(w->outcome, IO_UNSENT);
	assert_non_null(strstr(w->error, "TLS"));
	to = STR("a@example.org>\r\nRCPT TO:<evil@example.org");
	send_mail(w, &m, "x\r\n");
	assert_int_equal(w->outcome, IO_REFUSED);
}

static void test_mail_ambiguous(void **state)
{
	struct world *w = *state;
	struct str to = STR("a@example.org");
	struct io_mail m = {.from = STR("rouse@example.org"),
			    .to = &to,
			    .n_to = 1,
			    .username = STR("u"),
			    .cram_secret = STR("s")};

	send_mail(w, &m, "vanish\r\n");
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->last, "AUTH CRAM-MD5"));
}

static void run_command(struct world *w, const char *script, struct str body, ms_t timeout)
{
	struct str argv[] = {STR("/bin/sh"), STR("-c"), str_of(script), STR("arg 0"),
			     STR("a;b $c")};
	struct io_request r = {.method = STR("EXEC"),
			       .url = STR("exec:"),
			       .argv = argv,
			       .n_argv = ARRAY_LEN(argv),
			       .body = body,
			       .timeout = timeout,
			       .max_reply = 1 << 20,
			       .lane = IO_LANE_PAGE};

	fetch(w, &r);
}

/* Arguments as they are, the body on stdin, what it says kept; status, signal, time-out. */
static void test_command(void **state)
{
	struct world *w = *state;
	struct str argv[] = {STR("/no/such/program")};
	struct io_request r = {.url = STR("exec:"), .argv = argv, .n_argv = 1, .timeout = SECOND};
	ms_t begun;

	run_command(w, "cat; echo \" $1\"; echo oops >&2", STR("{\"a\":1}"), 5 * SECOND);
	assert_int_equal(w->outcome, IO_REPLIED);
	assert_int_equal(w->status, IO_EXEC_STATUS);
	assert_string_equal(w->body, "{\"a\":1} a;b $c\noops\n");
	run_command(w, "exit 75", STR(""), 5 * SECOND);
	assert_int_equal(w->status, IO_EXEC_STATUS + 75);
	run_command(w, "kill -9 $$", STR(""), 5 * SECOND);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->error, "ended by signal 9"));
	/* Its children go with it. */
	begun = loop_clocks().mono;
	run_command(w, "sleep 60 & sleep 60", STR(""), 200);
	assert_int_equal(w->outcome, IO_AMBIGUOUS);
	assert_non_null(strstr(w->error, "it took longer than 0.2s"));
	assert_true(loop_clocks().mono - begun < 30 * SECOND);
	fetch(w, &r);
	assert_int_equal(w->outcome, IO_REFUSED);
	assert_string_equal(w->error, "cannot run /no/such/program: No such file or directory");
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define MAIL(test) cmocka_unit_test_setup_teardown(test, set_up_mail, tear_down)

TEST_GROUP(http_out, WORLD(test_plain), WORLD(test_compressed), WORLD(test_methods_and_reuse),
	   WORLD(test_status_and_body), WORLD(test_stream_and_limit), WORLD(test_redirects),
	   WORLD(test_redirects_can_be_off), WORLD(test_outcomes), WORLD(test_timeout),
	   WORLD(test_cancel), WORLD(test_credentials), WORLD(test_oauth2), WORLD(test_proxy),
	   WORLD(test_header_injection), WORLD(test_many_at_once), WORLD(test_command),
	   cmocka_unit_test(test_no_proxy), MAIL(test_mail), MAIL(test_mail_refused),
	   MAIL(test_mail_ambiguous))
