/* Requests in: limits, keep-alive, event streams, users, TLS, a changed configuration. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/http_config.h"
#include "evaluator/core.h"
#include "host/http_in.h"
#include "host/http_out.h"
#include "tests/unit/unit.h"

struct world {
	struct loop loop;
	struct log log;
	struct limits limits;
	struct worker *jobs;
	struct io io;
	struct core *core;
	struct web *web;
	struct http_in *in;
	struct arena arena;
	char config[200];
	char reply[200000];
	size_t reply_n;
};

static void no_fetch(void *host, struct io_call *call, const struct io_request *req)
{
	(void)host;
	(void)call;
	(void)req;
}

static void no_cancel(void *host, struct io_call *call)
{
	(void)host;
	(void)call;
}

static uint64_t no_entropy(void *host)
{
	(void)host;
	return 4;
}

static void no_log(void *host, enum log_level level, struct str line)
{
	(void)host;
	(void)level;
	(void)line;
}

static void tell_streams(void *host)
{
	struct world *w = host;

	if (w->in)
		http_in_changed(w->in);
}

static const struct io_ops ops = {no_fetch, no_cancel, no_entropy, no_log, tell_streams};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct world *world_new(const char *config)
{
	struct world *w = calloc(1, sizeof(*w));
	static struct str address = STR("127.0.0.1:0");
	struct core_options co = {.limits = &w->limits,
				  .external_url = STR("http://x"),
				  .data_retention = HOUR};
	struct web_options wo = {.version = STR("t")};
	struct diags diags;
	struct err err = {0};

	signal(SIGPIPE, SIG_IGN);
	limits_default(&w->limits);
	w->limits.http_body_bytes = 1000;
	w->limits.event_streams = 2;
	assert_true(loop_init(&w->loop, &err));
	log_init(&w->log, LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY));
	arena_init(&w->arena);
	w->jobs = worker_new(&w->loop, "jobs");
	w->io = (struct io){&ops, w};
	w->core = core_new(&w->io, &co);
	w->web = web_new(w->core, &wo);
	diags_init(&diags);
	if (config) {
		snprintf(w->config, sizeof(w->config), "/tmp/rouse-test-%d.yml", (int)getpid());
		write_file(w->config, config);
	}

	struct http_in_options o = {.loop = &w->loop,
				    .log = &w->log,
				    .jobs = w->jobs,
				    .core = w->core,
				    .limits = &w->limits,
				    .web_config_file = str_of(config ? w->config : NULL),
				    .addresses = &address,
				    .n_addresses = 1};

	if (!http_in_new(&o, &w->in, &diags, &err))
		fail_msg("%s %s", err.msg, diags.n ? diags.v[0].msg : "");
	http_in_serve(w->in, w->web);
	diags_done(&diags);
	return w;
}

static int set_up(void **state)
{
	*state = world_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	http_in_free(w->in);
	web_free(w->web);
	core_free(w->core);
	worker_free(w->jobs);
	if (*w->config)
		unlink(w->config);
	close(w->log.fd);
	log_done(&w->log);
	loop_done(&w->loop);
	arena_done(&w->arena);
	free(w);
	return 0;
}

static void turn(struct world *w, ms_t wait)
{
	ms_t in = http_in_wait(w->in);

	http_in_run(w->in, loop_turn(&w->loop, in < 0 ? wait : MIN(in, wait)));
}

static void turns(struct world *w, int ms)
{
	ms_t until = loop_clocks().mono + ms;

	while (loop_clocks().mono < until)
		turn(w, 5);
}

static int dial(struct world *w)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((uint16_t)http_in_port(w->in, 0))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Reads until `until` has come (or the end, or three seconds); what came is in w->reply. */
static bool read_until(struct world *w, int fd, const char *until)
{
	ms_t end = loop_clocks().mono + 3 * SECOND;

	w->reply_n = 0;
	w->reply[0] = '\0';
	while (loop_clocks().mono < end) {
		ssize_t n = read(fd, w->reply + w->reply_n, sizeof(w->reply) - 1 - w->reply_n);

		if (n == 0)
			return !*until;
		if (n > 0) {
			w->reply_n += (size_t)n;
			w->reply[w->reply_n] = '\0';
		}
		if (*until && strstr(w->reply, until))
			return true;
		if (n < 0)
			turn(w, 5);
	}
	return false;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void ask(struct world *w, const char *request, const char *until)
{
	int fd = dial(w);

	say(fd, request);
	if (!read_until(w, fd, until))
		fail_msg("no \"%s\" in \"%s\"", until, w->reply);
	close(fd);
}

static void test_answers(void **state)
{
	struct world *w = *state;
	int fd = dial(w);

	say(fd, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(read_until(w, fd, "\r\n\r\nOK"));
	assert_non_null(strstr(w->reply, "HTTP/1.1 200 OK\r\n"));
	say(fd, "HEAD /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"); /* kept alive */
	assert_true(read_until(w, fd, "\r\n\r\n"));
	assert_non_null(strstr(w->reply, "Content-Length: 2\r\n"));
	turns(w, 30);
	say(fd, "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_true(read_until(w, fd, ""));
	assert_non_null(strstr(w->reply, "HTTP/1.1 404 "));
	assert_null(strstr(w->reply, "Healthy"));
	close(fd);
}

static void test_limits(void **state)
{
	struct world *w = *state;
	char big[40000];

	ask(w, "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n",
	    "HTTP/1.1 413");
	ask(w, "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 4");
	memset(big, 'a', sizeof(big));
	snprintf(big, sizeof(big),
		 "POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n5dc\r\n%01500d"
		 "\r\n0\r\n\r\n",
		 0);
	ask(w, big, "HTTP/1.1 413");
	ask(w, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400");
	ask(w, "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400");
	memset(big, 'a', sizeof(big));
	memcpy(big, "GET /", 5);
	big[sizeof(big) - 1] = '\0';
	ask(w, big, "HTTP/1.1 4"); /* 414 or 431 */
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
}

static void test_garbage(void **state)
{
	struct world *w = *state;
	static const char *const texts[] = {"\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n",
					    "GET / HTTP/9.9\r\n\r\n", ": : :\r\n\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int fd = dial(w);

		say(fd, texts[i]);
		turns(w, 20);
		close(fd);
		turns(w, 20);
	}
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
}

static void test_streams(void **state)
{
	struct world *w = *state;
	static const char get[] = "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n";
	int a = dial(w), b = dial(w);

	say(a, get);
	assert_true(read_until(w, a, "event: state"));
	assert_non_null(strstr(w->reply, "text/event-stream"));
	say(b, get);
	assert_true(read_until(w, b, "event: state"));
	ask(w, get, "HTTP/1.1 503"); /* event_streams is 2 */
	turns(w, 300);
	assert_int_equal(read(a, w->reply, 1), -1); /* no news, no bytes */

	uint64_t version = core_version(w->core);

	core_reload_failed(w->core, loop_clocks(), STR("why"));
	assert_true(core_version(w->core) != version);
	assert_true(read_until(w, a, "event: state"));
	assert_true(read_until(w, b, "event: state"));
	close(b);
	core_reload_failed(w->core, loop_clocks(), STR("why else"));
	assert_true(read_until(w, a, "event: state"));
	close(a);
}

static void test_idle_means_idle(void **state)
{
	struct world *w = *state;
	int fd = dial(w), stream = dial(w);

	say(fd, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
	say(stream, "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n");
	turns(w, 100);
	assert_int_equal(http_in_wait(w->in), -1);

	uint64_t before = w->loop.turns;

	http_in_run(w->in, loop_turn(&w->loop, 300));
	assert_int_equal(w->loop.turns, before + 1);
	assert_int_equal(http_in_wait(w->in), -1);
	close(fd);
	close(stream);
}

#define ALICE \
	"basic_auth_users:\n  alice: " \
	"$2y$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S\n"

static int set_up_users(void **state)
{
	*state = world_new(ALICE "http_server_config:\n  headers: {X-Frame-Options: sameorigin}\n");
	return 0;
}

static void test_users(void **state)
{
	struct world *w = *state;

	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 401");
	assert_non_null(strstr(w->reply, "WWW-Authenticate: Basic"));
	assert_non_null(strstr(w->reply, "X-Frame-Options: sameorigin"));
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6eA==\r\n\r\n",
	    "HTTP/1.1 200");
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6eQ==\r\n\r\n",
	    "HTTP/1.1 401");
	write_file(w->config, "basic_auth_users: {}\n");
	http_in_check_config(w->in);
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
	write_file(w->config, "nonsense: {}\n");
	http_in_check_config(w->in); /* refused: the old one stays */
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
}

static void test_gone_while_checked(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 40; i++) {
		int fd = dial(w);

		say(fd, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6eQ==\r\n\r\n");
		turn(w, 5);
		close(fd);
	}
	ask(w, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 401");
}

/* ---- TLS ----------------------------------------------------------------------------------- */

static int set_up_tls(void **state)
{
	char command[500], config[300];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "
		 "2 "
		 "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout "
		 "/tmp/rouse-test-%d.key -out /tmp/rouse-test-%d.crt 2>/dev/null",
		 (int)getpid(), (int)getpid());

	FILE *p = popen(command, "r");

	if (!p || pclose(p) != 0)
		return -1;
	snprintf(config, sizeof(config),
		 "tls_server_config:\n  cert_file: rouse-test-%d.crt\n  key_file: "
		 "rouse-test-%d.key\n",
		 (int)getpid(), (int)getpid());
	*state = world_new(config);
	return 0;
}

static int tear_down_tls(void **state)
{
	struct world *w = *state;

	unlink(arena_printf(&w->arena, "/tmp/rouse-test-%d.crt", (int)getpid()).p);
	unlink(arena_printf(&w->arena, "/tmp/rouse-test-%d.key", (int)getpid()).p);
	return tear_down(state);
}

struct https {
	struct io_call call;
	bool done;
	int status;
	enum io_outcome outcome;
	char error[500];
};

static void on_https(struct io_call *c, struct now now, const struct io_reply *r)
{
	struct https *h = CONTAINER(c, struct https, call);

	(void)now;
	h->done = true;
	h->status = r->status;
	h->outcome = r->outcome;
	snprintf(h->error, sizeof(h->error), "%.*s", STR_ARG(r->error));
}

static void https_get(struct world *w, struct http_out *out, const struct http_config *c,
		      struct https *h)
{
	struct str url =
		arena_printf(&w->arena, "https://127.0.0.1:%d/-/healthy", http_in_port(w->in, 0));
	struct io_request r = {.method = STR("GET"),
			       .url = url,
			       .config = c,
			       .timeout = 3 * SECOND,
			       .max_reply = 10000,
			       .lane = IO_LANE_PAGE};

	*h = (struct https){.call.on_done = on_https};
	w->loop.now = loop_clocks();
	http_out_forget(out);
	http_out_fetch(out, &h->call, &r);
	while (!h->done) {
		http_out_run(out, loop_clocks());
		turn(w, 5);
	}
}

static void test_tls(void **state)
{
	struct world *w = *state;
	struct dns *dns = dns_new(&w->loop);
	struct http_out *out = http_out_new(&w->loop, dns);
	struct http_config c;
	struct https h;

	http_config_defaults(&c);
	https_get(w, out, &c, &h); /* nobody signed that certificate */
	assert_int_equal(h.outcome, IO_UNSENT);
	assert_non_null(strstr(h.error, "TLS with https://127.0.0.1"));
	c.tls.ca_file = arena_printf(&w->arena, "/tmp/rouse-test-%d.crt", (int)getpid());
	https_get(w, out, &c, &h); /* 127.0.0.1 is not localhost */
	assert_int_equal(h.outcome, IO_UNSENT);
	c.tls.server_name = STR("localhost");
	https_get(w, out, &c, &h);
	assert_string_equal(h.error, "");
	assert_int_equal(h.status, 200);
	c.tls = (struct tls_config){.insecure_skip_verify = true};
	https_get(w, out, &c, &h);
	assert_int_equal(h.status, 200);
	c.tls.max_version = STR("TLS12");
	https_get(w, out, &c, &h);
	assert_int_equal(h.status, 200);
	write_file(w->config, arena_printf(&w->arena,
					   "tls_server_config:\n  cert_file: rouse-test-%d.crt\n"
					   "  key_file: rouse-test-%d.key\n  min_version: TLS13\n",
					   (int)getpid(), (int)getpid())
				      .p);
	http_in_check_config(w->in);
	c.tls.min_version = STR("TLS12");
	http_out_free(out); /* with its connections */
	out = http_out_new(&w->loop, dns);
	https_get(w, out, &c, &h);
	assert_int_equal(h.outcome, IO_UNSENT);
	http_out_free(out);
	dns_free(dns);
}

/* A client that stalls in its handshake must not make us spin (libmicrohttpd 0.9.75 would). */
static void test_stalled_handshake(void **state)
{
	struct world *w = *state;
	int fd = dial(w);

	assert_int_equal(send(fd, "\x16\x03\x01\x02\x00\x01\x00", 7, 0), 7);
	turns(w, 50);

	uint64_t before = w->loop.turns;

	turns(w, 500);
	assert_true(w->loop.turns - before < 200);
	close(fd);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define USERS(test) cmocka_unit_test_setup_teardown(test, set_up_users, tear_down)
#define TLS(test) cmocka_unit_test_setup_teardown(test, set_up_tls, tear_down_tls)

TEST_GROUP(http_in, WORLD(test_answers), WORLD(test_limits), WORLD(test_garbage),
	   WORLD(test_streams), WORLD(test_idle_means_idle), USERS(test_users),
	   USERS(test_gone_while_checked), TLS(test_tls), TLS(test_stalled_handshake))
