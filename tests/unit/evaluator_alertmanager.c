/* Forwarding to Alertmanagers, with a host that keeps the requests and answers when told. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evaluator/alertmanager.h"
#include "evaluator/config.h"

struct posted {
	struct io_call *call; /* NULL: answered or cancelled */
	char *url, *body, *headers;
	ms_t timeout;
};

struct fixture {
	struct posted v[100];
	size_t n, cancelled, logged;
	struct io io;
	struct config config;
	struct endpoint endpoints[2];
	struct io_header header;
	struct arena arena;
	struct am_sender *s;
};

static const struct now now = {.mono = 1, .wall = 1000};

static void fake_fetch(void *host, struct io_call *call, const struct io_request *r)
{
	struct fixture *f = host;
	struct posted *p = &f->v[f->n++];
	struct buf b;

	assert_true(f->n < ARRAY_LEN(f->v));
	assert_null(call->host);
	call->host = p;
	buf_init(&b, 100000);
	for (size_t i = 0; i < r->n_headers; i++)
		buf_printf(&b, "%.*s: %.*s;", STR_ARG(r->headers[i].name),
			   STR_ARG(r->headers[i].value));
	*p = (struct posted){.call = call, .body = mem_str(r->body), .timeout = r->timeout};
	p->headers = buf_take(&b, NULL);
	assert_true(asprintf(&p->url, "%.*s %.*s%.*s", STR_ARG(r->method), STR_ARG(r->url),
			     STR_ARG(r->url_tail)) > 0);
}

static void fake_cancel(void *host, struct io_call *call)
{
	struct fixture *f = host;
	struct posted *p = call->host;

	p->call = NULL;
	call->host = NULL;
	f->cancelled++;
}

static void fake_log(void *host, ATTR_UNUSED enum log_level level, ATTR_UNUSED struct str line)
{
	((struct fixture *)host)->logged++;
}

static const struct io_ops ops = {.fetch = fake_fetch, .cancel = fake_cancel, .log = fake_log};

static void answer(struct fixture *f, size_t i, enum io_outcome outcome, int status)
{
	struct io_call *c = f->v[i].call;

	assert_non_null(c);
	f->v[i].call = NULL;
	c->host = NULL;
	c->on_done(c, now, &(struct io_reply){.outcome = outcome, .status = status, .took = 20});
}

static struct labels make(struct fixture *f, const char *const *pairs)
{
	struct labels_builder lb;

	labels_builder_init(&lb);
	for (; *pairs; pairs += 2)
		labels_builder_set(&lb, str_of(pairs[0]), str_of(pairs[1]));

	struct labels ls = labels_builder_build(&lb, &f->arena);

	labels_builder_done(&lb);
	return ls;
}

#define LABELS(...) make(f, (const char *const[]){__VA_ARGS__, NULL})

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena);
	f->io = (struct io){.ops = &ops, .host = f};
	f->header = (struct io_header){STR("X-Scope-OrgID"), STR("me")};
	f->endpoints[0] = (struct endpoint){.url = STR("http://me:secret@am1:9093/x"),
					    .headers = &f->header,
					    .n_headers = 1};
	f->endpoints[1] = (struct endpoint){.url = STR("http://am2:9093"), .timeout = 3000};
	f->config.prometheus.alertmanagers = f->endpoints;
	f->config.prometheus.n_alertmanagers = 1;
	f->config.prometheus.external_labels = LABELS("region", "eu", "job", "outside");
	f->s = am_sender_new(&f->io, &f->config);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	am_sender_free(f->s);
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].url);
		free(f->v[i].body);
		free(f->v[i].headers);
	}
	arena_done(&f->arena);
	free(f);
	return 0;
}

/* Alerts with the label n from `from` on. */
static void put_many(struct fixture *f, size_t from, size_t n)
{
	struct am_alert *v = calloc(n, sizeof(*v));
	char text[24];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%zu", from + i);
		v[i] = (struct am_alert){.labels = LABELS("n", text),
					 .starts_at = MS_NONE,
					 .ends_at = MS_NONE};
	}
	am_sender_put(f->s, now, v, n);
	free(v);
}

/* The value of a line of the metrics. */
static double metric(struct fixture *f, const char *name)
{
	struct buf b;
	double v = -1;

	buf_init(&b, 100000);
	am_sender_metrics(f->s, &b);
	for (const char *line = buf_cstr(&b); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
			v = strtod(line + strlen(name), NULL);
	}
	buf_done(&b);
	return v;
}

#define AM1(name) \
	"prometheus_notifications_" name "{alertmanager=\"http://am1:9093/x/api/v2/alerts\"}"

/* How many alerts a body has, and the label n of the first. */
static size_t count(const struct posted *p, long *first)
{
	json_t *j = json_loads(p->body, 0, NULL);
	size_t n = json_array_size(j);
	const char *text = json_string_value(
		json_object_get(json_object_get(json_array_get(j, 0), "labels"), "n"));

	if (first)
		*first = text ? strtol(text, NULL, 10) : -1;
	json_decref(j);
	return n;
}

static void test_body(void **state)
{
	struct fixture *f = *state;
	struct am_alert v[] = {
		{.labels = LABELS("alertname", "A<&>\u00e9\"", "job", "inside"),
		 .annotations = LABELS("summary", "line\nnext"),
		 .starts_at = 1700000000000,
		 .ends_at = 1700000240007,
		 .generator_url = STR("http://x/graph?g0.expr=up&g0.tab=1")},
		{.labels = LABELS("alertname", "B"), .starts_at = 0, .ends_at = MS_NONE},
	};

	am_sender_put(f->s, now, v, 2);
	assert_int_equal(f->n, 1);
	assert_string_equal(f->v[0].url, "POST http://me:secret@am1:9093/x/api/v2/alerts");
	assert_string_equal(f->v[0].headers, "Content-Type: application/json;X-Scope-OrgID: me;");
	assert_int_equal(f->v[0].timeout, 10000);
	assert_string_equal(
		f->v[0].body,
		"[{\"annotations\":{\"summary\":\"line\\nnext\"},"
		"\"endsAt\":\"2023-11-14T22:17:20.007Z\",\"startsAt\":\"2023-11-14T22:13:20.000Z\","
		"\"generatorURL\":\"http://x/graph?g0.expr=up\\u0026g0.tab=1\","
		"\"labels\":{\"alertname\":\"A\\u003c\\u0026\\u003e\u00e9\\\"\",\"job\":\"inside\","
		"\"region\":\"eu\"}},"
		"{\"annotations\":{},\"startsAt\":\"1970-01-01T00:00:00.000Z\","
		"\"labels\":{\"alertname\":\"B\",\"job\":\"outside\",\"region\":\"eu\"}}]");
}

static void test_batches(void **state)
{
	struct fixture *f = *state;
	long first;

	put_many(f, 0, 600);
	assert_int_equal(f->n, 1); /* one at a time */
	assert_int_equal(count(&f->v[0], &first), AM_BATCH);
	assert_true(metric(f, AM1("queue_length")) == 600 - AM_BATCH);
	put_many(f, 600, 10);
	assert_int_equal(f->n, 1);
	answer(f, 0, IO_REPLIED, 200);
	assert_int_equal(f->n, 2);
	answer(f, 1, IO_REPLIED, 202);
	assert_int_equal(count(&f->v[2], &first), 610 - 2 * AM_BATCH);
	assert_int_equal(first, 2 * AM_BATCH);
	answer(f, 2, IO_REPLIED, 200);
	assert_int_equal(f->n, 3);
	assert_true(metric(f, AM1("sent_total")) == 610);
	assert_true(metric(f, AM1("errors_total")) == 0);
	assert_true(metric(f, AM1("dropped_total")) == 0);
	assert_true(metric(f, AM1("queue_length")) == 0);
	assert_true(metric(f, AM1("latency_seconds_count")) == 3);
	put_many(f, 0, 0);
	assert_int_equal(f->n, 3);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	long first;

	put_many(f, 0, AM_BATCH + 5);
	answer(f, 0, IO_REPLIED, 500);
	assert_int_equal(count(&f->v[1], &first), 5); /* the batch is gone, the next one goes out */
	assert_int_equal(first, AM_BATCH);
	answer(f, 1, IO_UNSENT, 0);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->logged, 2);
	assert_true(metric(f, AM1("errors_total")) == AM_BATCH + 5);
	assert_true(metric(f, AM1("dropped_total")) == AM_BATCH + 5);
	put_many(f, 7, 1);
	assert_int_equal(f->n, 3);
	answer(f, 2, IO_REPLIED, 299);
	assert_true(metric(f, AM1("errors_total")) == AM_BATCH + 5);
}

static void test_full_queue(void **state)
{
	struct fixture *f = *state;
	long first;

	put_many(f, 0, 1);
	put_many(f, 1, AM_QUEUE_CAPACITY - 10);
	put_many(f, 20000, 30);
	assert_true(metric(f, AM1("dropped_total")) == 20);
	assert_true(metric(f, AM1("queue_length")) == AM_QUEUE_CAPACITY);
	answer(f, 0, IO_REPLIED, 200);
	count(&f->v[1], &first);
	assert_int_equal(first, 21); /* the oldest went */

	/* More than fits, at once: the first are lost. */
	put_many(f, 100000, AM_QUEUE_CAPACITY + 7);
	answer(f, 1, IO_REPLIED, 200);
	count(&f->v[2], &first);
	assert_int_equal(first, 100007);
	assert_true(metric(f, AM1("dropped_total")) == 20 + 7 + AM_QUEUE_CAPACITY - AM_BATCH);
}

static void test_two_and_reload(void **state)
{
	struct fixture *f = *state;
	long first;

	f->config.prometheus.n_alertmanagers = 2;
	am_sender_free(f->s);
	f->s = am_sender_new(&f->io, &f->config);
	assert_true(metric(f, "prometheus_notifications_alertmanagers_discovered") == 2);
	put_many(f, 0, AM_BATCH + 1);
	assert_int_equal(f->n, 2);
	assert_string_equal(f->v[1].url, "POST http://am2:9093/api/v2/alerts");
	assert_int_equal(f->v[1].timeout, 3000);
	answer(f, 1, IO_REPLIED, 200); /* the slow one does not hold up the other */
	assert_int_equal(count(&f->v[2], &first), 1);

	/* The second goes away; what waits for the first is sent by its successor. */
	f->config.prometheus.n_alertmanagers = 1;

	struct am_sender *next = am_sender_new(&f->io, &f->config);

	am_sender_take(next, f->s);
	f->s = next;
	assert_int_equal(f->cancelled, 2);
	assert_int_equal(f->n, 4);
	assert_int_equal(count(&f->v[3], &first), 1);
	assert_int_equal(first, AM_BATCH);
	assert_true(metric(f, AM1("dropped_total")) == AM_BATCH);
	am_sender_take(NULL, f->s);
	f->s = NULL;
	assert_int_equal(f->cancelled, 3);
	assert_true(metric(f, "prometheus_notifications_alertmanagers_discovered") == 0);
}

static void test_metrics(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	put_many(f, 0, 1);
	answer(f, 0, IO_REPLIED, 200);
	buf_init(&b, 100000);
	am_sender_metrics(f->s, &b);
	assert_null(strstr(buf_cstr(&b), "secret"));
	assert_non_null(strstr(buf_cstr(&b),
			       "prometheus_notifications_latency_seconds{alertmanager="
			       "\"http://am1:9093/x/api/v2/alerts\",quantile=\"0.99\"} "
			       "0.0"));
	assert_non_null(
		strstr(buf_cstr(&b),
		       "prometheus_notifications_latency_histogram_seconds_bucket{"
		       "alertmanager=\"http://am1:9093/x/api/v2/alerts\",le=\"0.01\"} 0\n"));
	assert_non_null(strstr(buf_cstr(&b), "le=\"0.1\"} 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "le=\"+Inf\"} 1\n"));
	assert_true(metric(f, "prometheus_notifications_queue_capacity") == 10000);
	buf_done(&b);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

TEST_GROUP(alertmanager, WITH(test_body), WITH(test_batches), WITH(test_failures),
	   WITH(test_full_queue), WITH(test_two_and_reload), WITH(test_metrics))
