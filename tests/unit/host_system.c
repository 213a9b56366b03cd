/* Threads, files, storage, DNS: what stands between the loop and the system. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/basic_auth.h"
#include "host/dns.h"
#include "host/files.h"
#include "host/storage.h"
#include "host/worker.h"
#include "store/store.h"
#include "tests/unit/unit.h"

/* ---- worker -------------------------------------------------------------------------------- */

struct counted {
	struct job job;
	int number, *order, *n;
	bool ran;
};

static void count_run(struct job *j)
{
	struct counted *c = CONTAINER(j, struct counted, job);

	usleep(100);
	c->ran = true;
}

static void count_done(struct job *j, struct now now)
{
	struct counted *c = CONTAINER(j, struct counted, job);

	(void)now;
	assert_true(c->ran);
	c->order[(*c->n)++] = c->number;
}

static void test_worker(void **state)
{
	struct loop l;
	struct err err;
	struct counted c[50];
	int order[50], n = 0;

	(void)state;
	assert_true(loop_init(&l, &err));

	struct worker *w = worker_new(&l, "test");

	for (int i = 0; i < 50; i++) {
		c[i] = (struct counted){.job = {.run = count_run, .done = count_done},
					.number = i,
					.order = order,
					.n = &n};
		worker_put(w, &c[i].job);
	}
	assert_int_equal(n, 0);
	while (worker_open(w) > 20)
		loop_turn(&l, -1);
	assert_true(worker_drain(w, 5 * SECOND));
	assert_int_equal(n, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(order[i], i);
	worker_free(w);
	loop_done(&l);
}

/* ---- timers of the loop -------------------------------------------------------------------- */

static void on_timer(struct timer *t, struct now now)
{
	(void)t;
	(void)now;
}

static void test_loop_sleeps(void **state)
{
	struct loop l;
	struct err err;
	struct timer t = {0};

	(void)state;
	assert_true(loop_init(&l, &err));
	timer_set(&l.timers, &t, TIMER_MONO, loop_clocks().mono + 50, on_timer);

	ms_t began = loop_clocks().mono;

	loop_turn(&l, -1);
	assert_false(timer_is_set(&t));
	assert_true(loop_clocks().mono - began >= 49);
	assert_int_equal(l.turns, 1);
	loop_turn(&l, 30);
	assert_true(loop_clocks().mono - began >= 79);
	loop_done(&l);
}

/* ---- files --------------------------------------------------------------------------------- */

static void test_files(void **state)
{
	char dir[] = "/tmp/rouse-test-XXXXXX";
	struct limits l;
	struct arena a;
	struct str text, *v;
	struct err err;
	size_t n;

	(void)state;
	limits_default(&l);
	l.file_bytes = 10;
	arena_init(&a);
	assert_non_null(mkdtemp(dir));

	struct config_files f = files_for_config(&l);

	for (int i = 3; i > 0; i--) {
		FILE *out = fopen(arena_printf(&a, "%s/%d.yml", dir, i).p, "w");

		fprintf(out, "%0*d", i * 4, 7);
		fclose(out);
	}
	assert_true(f.glob(f.arg, arena_printf(&a, "%s/*.yml", dir), &a, &v, &n, &err));
	assert_int_equal(n, 3);
	assert_true(str_ends(v[0], "/1.yml"));
	assert_true(f.read(f.arg, v[1], &a, &text, &err));
	assert_int_equal(text.n, 8);
	assert_false(f.read(f.arg, v[2], &a, &text, &err));
	assert_non_null(strstr(err.msg, "more than 10 bytes"));
	assert_false(f.read(f.arg, str_of(dir), &a, &text, &err));
	assert_true(f.glob(f.arg, STR("/nonexistent/*"), &a, &v, &n, &err));
	assert_int_equal(n, 0);
	setenv("ROUSE_TEST", "x", 1);
	assert_true(f.env(f.arg, STR("ROUSE_TEST"), &a, &text));
	assert_true(str_is(text, "x"));
	assert_false(f.env(f.arg, STR("ROUSE_TEST_NOT"), &a, &text));
	for (int i = 1; i <= 3; i++)
		unlink(arena_printf(&a, "%s/%d.yml", dir, i).p);
	rmdir(dir);
	arena_done(&a);
}

/* ---- storage ------------------------------------------------------------------------------- */

static void remove_all(struct arena *a, const char *dir)
{
	struct str *v;
	size_t n;
	struct limits l;
	struct err err;

	limits_default(&l);

	struct config_files f = files_for_config(&l);

	assert_true(f.glob(f.arg, arena_printf(a, "%s/*", dir), a, &v, &n, &err));
	for (size_t i = 0; i < n; i++)
		unlink(v[i].p);
	rmdir(dir);
}

static void test_storage(void **state)
{
	char dir[] = "/tmp/rouse-test-XXXXXX";
	struct storage s, second;
	struct log log;
	struct arena a;
	struct err err;
	int null = open("/dev/null", O_WRONLY);

	(void)state;
	arena_init(&a);
	log_init(&log, LOG_LEVEL_ERROR, false, null);
	assert_non_null(mkdtemp(dir));

	struct str folder = arena_printf(&a, "%s/x/y", dir);

	assert_true(storage_open(&s, folder, &log, 0, &err));
	assert_non_null(s.store);
	assert_int_equal(s.trouble.msg[0], 0);
	assert_false(storage_open(&second, folder, &log, 0, &err));
	assert_non_null(strstr(err.msg, "another rouse with process id"));
	store_free(s.store);
	storage_close(&s);

	int fd = open(arena_printf(&a, "%.*s/rouse.db", STR_ARG(folder)).p, O_WRONLY | O_TRUNC);

	for (int i = 0; i < 1000; i++)
		assert_true(write(fd, "garbage ", 8) == 8);
	close(fd);
	assert_true(storage_open(&s, folder, &log, 0, &err));
	assert_non_null(s.store);
	assert_true(s.replaced);
	assert_non_null(strstr(s.trouble.msg, "rouse.db.corrupt-19700101T000000Z"));
	assert_int_equal(access(arena_printf(&a, "%.*s/rouse.db.corrupt-19700101T000000Z",
					     STR_ARG(folder))
					.p,
				R_OK),
			 0);
	store_free(s.store);
	storage_close(&s);
	assert_true(storage_open(&s, STR("/proc/nowhere"), &log, 0, &err));
	assert_null(s.store);
	assert_true(s.trouble.msg[0]);
	storage_close(&s);
	remove_all(&a, folder.p);
	rmdir(arena_printf(&a, "%s/x", dir).p);
	rmdir(dir);
	log_done(&log);
	close(null);
	arena_done(&a);
}

/* ---- names --------------------------------------------------------------------------------- */

/* A DNS server that knows one address for everything, when it is awake. */
struct name_server {
	struct loop_fd f;
	bool awake;
	int asked;
};

static void on_question(struct loop_fd *f, struct now now, uint32_t events)
{
	struct name_server *s = CONTAINER(f, struct name_server, f);
	struct sockaddr_in from;
	socklen_t from_n = sizeof(from);
	unsigned char m[600];
	ssize_t n = recvfrom(f->fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
	static const unsigned char a[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};

	(void)now;
	(void)events;
	s->asked++;
	if (!s->awake || n < 17)
		return;
	for (n = 12; m[n]; n += m[n] + 1)
		;
	m[2] = 0x81;
	m[3] = 0x80;
	m[7] = m[n + 2] == 1; /* an A record; nothing for AAAA */
	m[8] = m[9] = m[10] = m[11] = 0;
	n += 5;
	if (m[7]) {
		memcpy(m + n, a, sizeof(a));
		n += sizeof(a);
	}
	sendto(f->fd, m, (size_t)n, 0, (struct sockaddr *)&from, from_n);
}

struct asked {
	struct dns_query q;
	int done;
	char addresses[100], error[200];
};

static void on_name(struct dns_query *q, struct now now, struct str addresses, struct str error)
{
	struct asked *k = CONTAINER(q, struct asked, q);

	(void)now;
	k->done++;
	snprintf(k->addresses, sizeof(k->addresses), "%.*s", STR_ARG(addresses));
	snprintf(k->error, sizeof(k->error), "%.*s", STR_ARG(error));
}

static struct dns *start_names(struct loop *l, struct name_server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	struct dns *d = dns_new(l);
	char text[40];

	*s = (struct name_server){.f = {.ready = on_question}, .awake = true};
	s->f.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->f.fd, (struct sockaddr *)&a, n), 0);
	getsockname(s->f.fd, (struct sockaddr *)&a, &n);
	snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(a.sin_port));
	dns_use_servers(d, text);
	loop_add(l, &s->f, EPOLLIN);
	return d;
}

static void wait_for(struct loop *l, struct asked *k)
{
	ms_t until = loop_clocks().mono + 15 * SECOND;

	while (!k->done && loop_clocks().mono < until)
		loop_turn(l, 50);
	assert_int_equal(k->done, 1);
}

static void test_names(void **state)
{
	struct loop l;
	struct err err;
	struct name_server s;
	struct asked k = {.q.done = on_name};
	struct str addresses;

	(void)state;
	assert_true(loop_init(&l, &err));

	struct dns *d = start_names(&l, &s);

	assert_false(dns_needed(STR("127.0.0.1")));
	assert_false(dns_needed(STR("::1")));
	assert_false(dns_needed(STR("localhost")));
	assert_true(dns_needed(STR("rouse.test")));
	assert_false(dns_ask(d, &k.q, loop_clocks(), STR("rouse.test"), &addresses));
	wait_for(&l, &k);
	assert_string_equal(k.addresses, "192.0.2.7");
	assert_true(dns_ask(d, &k.q, loop_clocks(), STR("rouse.test"), &addresses));

	/* an hour later the server sleeps: the old address, and soon */
	struct now later = loop_clocks();

	later.mono += HOUR;
	s.awake = false;
	k = (struct asked){.q.done = on_name};
	l.now = later;
	assert_false(dns_ask(d, &k.q, later, STR("rouse.test"), &addresses));
	dns_drop(d, &k.q);
	assert_null(k.q.name);
	dns_free(d);
	loop_remove(&l, &s.f);
	close(s.f.fd);
	loop_done(&l);
}

static void test_dead_name_server(void **state)
{
	struct loop l;
	struct err err;
	struct name_server s;
	struct asked k = {.q.done = on_name}, again = {.q.done = on_name};
	struct str addresses;

	(void)state;
	assert_true(loop_init(&l, &err));

	struct dns *d = start_names(&l, &s);

	close(s.f.fd); /* the port is closed: an answer comes at once */
	assert_false(dns_ask(d, &k.q, loop_clocks(), STR("nobody.test"), &addresses));
	wait_for(&l, &k);
	assert_string_equal(k.addresses, "");
	assert_non_null(strstr(k.error, "cannot resolve nobody.test"));
	assert_false(dns_ask(d, &again.q, loop_clocks(), STR("nobody.test"), &addresses));
	wait_for(&l, &again);
	assert_string_equal(again.addresses, "");
	dns_free(d);
	loop_done(&l);
}

/* ---- passwords ----------------------------------------------------------------------------- */

static void on_checked(void *arg, bool ok)
{
	*(int *)arg = ok ? 1 : 2;
}

static void test_passwords(void **state)
{
	/* "x" */
	static struct web_user user =
		{STR("alice"), STR("$2y$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S")};
	struct web_config c = {.users = &user, .n_users = 1};
	struct auth_check *check;
	struct loop l;
	struct err err;
	int result = 0;

	(void)state;
	assert_true(loop_init(&l, &err));

	struct worker *w = worker_new(&l, "jobs");
	struct basic_auth *b = basic_auth_new(w);
	static const struct {
		struct str header;
		int result;
	} tries[] = {{STR("Basic YWxpY2U6eA=="), 1},  /* alice:x */
		     {STR("basic YWxpY2U6eQ=="), 2},  /* alice:y */
		     {STR("Basic bm9ib2R5Ong="), 2}}; /* nobody:x */

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		result = 0;
		assert_int_equal(basic_auth_check(b, &c, tries[i].header, on_checked, &result,
						  &check),
				 AUTH_WAIT);
		assert_true(worker_drain(w, 10 * SECOND));
		assert_int_equal(result, tries[i].result);
	}
	assert_int_equal(basic_auth_check(b, &c, tries[0].header, on_checked, &result, &check),
			 AUTH_GOOD);
	assert_int_equal(basic_auth_check(b, &c, STR("Bearer x"), on_checked, &result, &check),
			 AUTH_BAD);
	assert_int_equal(basic_auth_check(b, &c, STR("Basic !!!!"), on_checked, &result, &check),
			 AUTH_BAD);
	result = 0;
	assert_int_equal(basic_auth_check(b, &c, tries[1].header, on_checked, &result, &check),
			 AUTH_WAIT);
	basic_auth_drop(check);
	assert_true(worker_drain(w, 10 * SECOND));
	assert_int_equal(result, 0);
	worker_free(w);
	basic_auth_free(b);
	loop_done(&l);
}

TEST_GROUP(host_system, cmocka_unit_test(test_worker), cmocka_unit_test(test_loop_sleeps),
	   cmocka_unit_test(test_files), cmocka_unit_test(test_storage),
	   cmocka_unit_test(test_names), cmocka_unit_test(test_dead_name_server),
	   cmocka_unit_test(test_passwords))
