/*
 * Forwarding to Alertmanagers.
 *
 *	idle --put--> sending --done, queue not empty--> sending
 *	                      --done, queue empty------> idle
 *
 * An alert becomes JSON once, when it is put; all queues share that text. So a queue is a ring of
 * counted texts and a batch is a join of them. What is sent has left the queue already and is not
 * kept: success or not, it does not come back (the counters tell).
 */
#include "evaluator/alertmanager.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "evaluator/config.h"
#include "evaluator/metric.h"

#define ALERTS_PATH "/api/v2/alerts"
#define TIMEOUT (10 * SECOND) /* when the endpoint has none */
#define REPLY_MAX 65536
#define HEADERS_MAX 32

static const double quantiles[] = {0.5, 0.9, 0.99};
static const double latency_bounds[] = {0.01, 0.1, 1, 10}; /* seconds */

/* The JSON of one alert, counted. */
struct text {
	size_t refs, n;
	char p[];
};

/* One Alertmanager. */
struct am {
	struct io_call call;
	const struct io *io;
	const struct endpoint *to;
	struct str shown; /* its URL in logs and metrics */

	struct text *ring[AM_QUEUE_CAPACITY];
	size_t first, n;
	size_t sending; /* alerts of the POST that runs; 0: idle */

	uint64_t sent, errors, dropped;
	uint64_t latency_counts[ARRAY_LEN(latency_bounds)];
	struct metric_summary latency; /* seconds */
};

struct am_sender {
	const struct io *io;
	const struct config *config;
	struct arena arena; /* of shown URLs */
	struct am **v;
	size_t n;
};

/* ---- queues ---------------------------------------------------------------------------------- */

static void text_drop(struct text *t)
{
	if (--t->refs == 0)
		free(t);
}

static struct text *queue_pop(struct am *am)
{
	CHECK(am->n > 0);

	struct text *t = am->ring[am->first];

	am->first = (am->first + 1) % AM_QUEUE_CAPACITY;
	am->n--;
	return t;
}

static void queue_push(struct am *am, struct text *t)
{
	if (am->n == AM_QUEUE_CAPACITY) {
		text_drop(queue_pop(am));
		am->dropped++;
	}
	am->ring[(am->first + am->n) % AM_QUEUE_CAPACITY] = t;
	am->n++;
	t->refs++;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_time(struct buf *b, const char *key, ms_t t)
{
	if (t == MS_NONE)
		return;
	buf_printf(b, ",\"%s\":\"", key);
	time_put_rfc3339_milli(b, t);
	buf_addc(b, '"');
}

/* The members in upstream's order. */
static void put_alert(struct buf *b, const struct am_alert *a, struct labels labels)
{
	buf_adds(b, "{\"annotations\":");
	labels_put_json_html(b, a->annotations);
	put_time(b, "endsAt", a->ends_at);
	put_time(b, "startsAt", a->starts_at);
	if (a->generator_url.n) {
		buf_adds(b, ",\"generatorURL\":");
		json_put_str_html(b, a->generator_url);
	}
	buf_adds(b, ",\"labels\":");
	labels_put_json_html(b, labels);
	buf_addc(b, '}');
}

static struct text *text_of(const struct am_alert *a, struct labels external)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct label l;
	struct arena arena;
	struct buf b;

	arena_init(&arena);
	labels_builder_init(&lb);
	labels_builder_from(&lb, external);
	while (labels_next(a->labels, &it, &l))
		labels_builder_set(&lb, l.name, l.value);
	buf_init(&b, BUF_MAX_ANY); /* templates and labels have their limits */
	put_alert(&b, a, labels_builder_build(&lb, &arena));

	struct text *t = mem_alloc(sizeof(*t) + b.n);

	*t = (struct text){.refs = 1, .n = b.n};
	memcpy(t->p, b.p, b.n);
	buf_done(&b);
	labels_builder_done(&lb);
	arena_done(&arena);
	return t;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void observe(struct am *am, ms_t took)
{
	double s = (double)took / (double)SECOND;

	metric_observe(&am->latency, s);
	for (size_t i = 0; i < ARRAY_LEN(latency_bounds); i++)
		am->latency_counts[i] += s <= latency_bounds[i];
}

static void send_next(struct am *am);

static void on_done(struct io_call *c, struct now now ATTR_UNUSED, const struct io_reply *r)
{
	struct am *am = CONTAINER(c, struct am, call);
	bool replied = r->outcome == IO_REPLIED;

	CHECK(am->sending > 0);
	am->sent += am->sending;
	if (!replied || r->status < 200 || r->status > 299) {
		am->errors += am->sending;
		am->dropped += am->sending;
		io_log(am->io, LOG_LEVEL_WARN, "cannot forward alerts to Alertmanager",
		       "alertmanager=%.*s alerts=%zu status=%d err=%s", STR_ARG(am->shown),
		       am->sending, replied ? r->status : 0, io_quote(r->error).text);
	}
	observe(am, r->took);
	am->sending = 0;
	send_next(am);
}

static void join_batch(struct am *am, struct buf *body)
{
	buf_addc(body, '[');
	for (; am->n && am->sending < AM_BATCH; am->sending++) {
		struct text *t = queue_pop(am);

		if (am->sending)
			buf_addc(body, ',');
		buf_add(body, (struct str){.p = t->p, .n = t->n});
		text_drop(t);
	}
	buf_addc(body, ']');
}

/* The next batch, unless one runs or nothing waits. */
static void send_next(struct am *am)
{
	struct io_header headers[HEADERS_MAX] = {{STR("Content-Type"), STR("application/json")}};
	size_t n_headers = 1;
	struct buf body;

	if (am->sending || !am->n)
		return;
	for (size_t i = 0; i < am->to->n_headers && n_headers < HEADERS_MAX; i++)
		headers[n_headers++] = am->to->headers[i];
	buf_init(&body, BUF_MAX_ANY);
	join_batch(am, &body);
	am->call = (struct io_call){.on_done = on_done};
	io_fetch(am->io, &am->call,
		 &(struct io_request){
			 .method = STR("POST"),
			 .url = am->to->url,
			 .url_tail = STR(ALERTS_PATH),
			 .headers = headers,
			 .n_headers = n_headers,
			 .body = buf_str(&body),
			 .config = &am->to->http,
			 .timeout = am->to->timeout > 0 ? am->to->timeout : TIMEOUT,
			 .max_reply = REPLY_MAX,
			 .lane = IO_LANE_PAGE,
		 });
	buf_done(&body);
}

void am_sender_put(struct am_sender *s, struct now now ATTR_UNUSED, const struct am_alert *v,
		   size_t n)
{
	size_t lost = n > AM_QUEUE_CAPACITY ? n - AM_QUEUE_CAPACITY : 0;

	for (size_t k = 0; k < s->n; k++)
		s->v[k]->dropped += lost;
	for (size_t i = lost; i < n; i++) {
		struct text *t = text_of(&v[i], s->config->prometheus.external_labels);

		for (size_t k = 0; k < s->n; k++)
			queue_push(s->v[k], t);
		text_drop(t);
	}
	for (size_t k = 0; k < s->n; k++)
		send_next(s->v[k]);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void am_free(struct am *am)
{
	io_cancel(am->io, &am->call);
	while (am->n)
		text_drop(queue_pop(am));
	free(am);
}

struct am_sender *am_sender_new(const struct io *io, const struct config *cfg)
{
	struct am_sender *s = MEM_NEW(struct am_sender);
	const struct prometheus_config *p = &cfg->prometheus;

	s->io = io;
	s->config = cfg;
	arena_init(&s->arena);
	s->v = mem_alloc(p->n_alertmanagers * sizeof(struct am *));
	for (; s->n < p->n_alertmanagers; s->n++) {
		struct am *am = MEM_NEW(struct am);

		am->io = io;
		am->to = &p->alertmanagers[s->n];
		am->shown = arena_printf(&s->arena, "%.*s" ALERTS_PATH,
					 STR_ARG(url_public(&s->arena, am->to->url)));
		s->v[s->n] = am;
	}
	return s;
}

void am_sender_free(struct am_sender *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		am_free(s->v[i]);
	free(s->v);
	arena_done(&s->arena);
	free(s);
}

/* What runs on `from` is cancelled and counted as lost: it is put again soon. */
static void am_take(struct am *am, struct am *from)
{
	io_cancel(from->io, &from->call);
	am->sent = from->sent;
	am->errors = from->errors;
	am->dropped = from->dropped + from->sending;
	from->sending = 0;
	am->latency = from->latency;
	memcpy(am->latency_counts, from->latency_counts, sizeof(am->latency_counts));
	while (from->n) {
		struct text *t = queue_pop(from);

		queue_push(am, t);
		text_drop(t);
	}
	send_next(am);
}

void am_sender_take(struct am_sender *s, struct am_sender *from)
{
	for (size_t i = 0; s && from && i < s->n; i++) {
		for (size_t k = 0; k < from->n; k++) {
			if (str_eq(s->v[i]->to->url, from->v[k]->to->url))
				am_take(s->v[i], from->v[k]);
		}
	}
	am_sender_free(from);
}

/* ---- metrics --------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* name{alertmanager="URL",key="at"} v */
static void put_two(struct buf *b, const char *name, struct str url, const char *key, double at,
		    double v)
{
	buf_printf(b, "%s{alertmanager=", name);
	json_put_str(b, url); /* a URL has nothing that the text format would escape otherwise */
	buf_printf(b, ",%s=\"", key);
	num_put_float(b, at, 'g', -1);
	buf_adds(b, "\"} ");
	num_put_float(b, v, 'g', -1);
	buf_addc(b, '\n');
}

static void put_latency(struct buf *b, const struct am *am)
{
	const char *name = "prometheus_notifications_latency_seconds";
	float sorted[METRIC_WINDOW];
	size_t n = (size_t)MIN(am->latency.count, (uint64_t)METRIC_WINDOW);

	memcpy(sorted, am->latency.window, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
		size_t at = MIN((size_t)(quantiles[i] * (double)n), n ? n - 1 : 0);

		put_two(b, name, am->shown, "quantile", quantiles[i],
			n ? (double)sorted[at] : (double)NAN);
	}
	metric_put(b, "prometheus_notifications_latency_seconds_sum", "alertmanager", am->shown,
		   am->latency.sum);
	metric_put(b, "prometheus_notifications_latency_seconds_count", "alertmanager", am->shown,
		   (double)am->latency.count);
}

static void put_latency_histogram(struct buf *b, const struct am *am)
{
	const char *name = "prometheus_notifications_latency_histogram_seconds_bucket";

	for (size_t i = 0; i < ARRAY_LEN(latency_bounds); i++)
		put_two(b, name, am->shown, "le", latency_bounds[i], (double)am->latency_counts[i]);
	put_two(b, name, am->shown, "le", HUGE_VAL, (double)am->latency.count);
	metric_put(b, "prometheus_notifications_latency_histogram_seconds_sum", "alertmanager",
		   am->shown, am->latency.sum);
	metric_put(b, "prometheus_notifications_latency_histogram_seconds_count", "alertmanager",
		   am->shown, (double)am->latency.count);
}

static double value_sent(const struct am *am)
{
	return (double)am->sent;
}

static double value_errors(const struct am *am)
{
	return (double)am->errors;
}

static double value_dropped(const struct am *am)
{
	return (double)am->dropped;
}

static double value_queue(const struct am *am)
{
	return (double)am->n;
}

static const struct {
	const char *name, *type, *help;
	double (*value)(const struct am *am);
} families[] = {
	{"prometheus_notifications_sent_total", "counter", "Alerts sent, taken or not.",
	 value_sent},
	{"prometheus_notifications_errors_total", "counter", "Alerts of sendings that failed.",
	 value_errors},
	{"prometheus_notifications_dropped_total", "counter",
	 "Alerts lost to a full queue or a sending that failed.", value_dropped},
	{"prometheus_notifications_queue_length", "gauge", "Alerts waiting to be sent.",
	 value_queue},
};

void am_sender_metrics(const struct am_sender *s, struct buf *b)
{
	size_t n = s ? s->n : 0;

	metric_put_head(b, "prometheus_notifications_alertmanagers_discovered", "gauge",
			"Alertmanagers that alerts are forwarded to.");
	metric_put(b, "prometheus_notifications_alertmanagers_discovered", NULL, STR(""),
		   (double)n);
	metric_put_head(b, "prometheus_notifications_queue_capacity", "gauge",
			"Alerts that may wait for one Alertmanager.");
	metric_put(b, "prometheus_notifications_queue_capacity", NULL, STR(""), AM_QUEUE_CAPACITY);
	for (size_t f = 0; n && f < ARRAY_LEN(families); f++) {
		metric_put_head(b, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; i < n; i++)
			metric_put(b, families[f].name, "alertmanager", s->v[i]->shown,
				   families[f].value(s->v[i]));
	}
	if (!n)
		return;
	metric_put_head(b, "prometheus_notifications_latency_seconds", "summary",
			"Seconds that sending a batch took.");
	for (size_t i = 0; i < n; i++)
		put_latency(b, s->v[i]);
	metric_put_head(b, "prometheus_notifications_latency_histogram_seconds", "histogram",
			"Seconds that sending a batch took.");
	for (size_t i = 0; i < n; i++)
		put_latency_histogram(b, s->v[i]);
}
