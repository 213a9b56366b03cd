/*
 * Queries over HTTP. At most PROM_CONCURRENCY run at once; whoever is done may start its next query
 * from the callback before those who wait, so that the rules of one group are asked back to back on
 * one warm connection.
 *
 * The URL that answered last is asked first; a minute after a fail-over the first one of the list
 * gets its chance again.
 */
#include "evaluator/prom.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/url.h"
#include "evaluator/config.h"

#define PROM_CONCURRENCY 16
#define PROM_URL_MAX 2048 /* longer ones are posted as a form */
#define PROM_FIRST_AGAIN MINUTE
#define HEADERS_MAX 32

struct prom {
	const struct io *io;
	const struct limits *limits;
	struct config *config;
	struct prom_url_health *health; /* one a URL */
	size_t n;
	size_t current;
	ms_t answered_at;    /* mono; MS_NONE: never */
	ms_t failed_over_at; /* mono; MS_NONE: current is the first */
	size_t running;
	struct prom_query *first, *last; /* waiting */
	struct buf text;		 /* URL or form being built */
	struct buf auxiliary;
};

struct prom *prom_new(const struct io *io, const struct limits *l)
{
	struct prom *p = MEM_NEW(struct prom);

	p->io = io;
	p->limits = l;
	p->failed_over_at = p->answered_at = MS_NONE;
	buf_init(&p->text, 4 * l->expr_bytes + 65536);
	buf_init(&p->auxiliary, 4 * l->expr_bytes + 65536);
	return p;
}

static void health_free(struct prom *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->health[i].last_error);
	free(p->health);
}

void prom_free(struct prom *p)
{
	if (!p)
		return;
	CHECK(!p->running && !p->first);
	health_free(p);
	config_free(p->config);
	buf_done(&p->text);
	buf_done(&p->auxiliary);
	free(p);
}

static bool same_urls(const struct config *a, const struct config *b)
{
	if (!a || a->prometheus.n_urls != b->prometheus.n_urls)
		return false;
	for (size_t i = 0; i < a->prometheus.n_urls; i++) {
		if (!str_eq(a->prometheus.urls[i].url, b->prometheus.urls[i].url))
			return false;
	}
	return true;
}

void prom_configure(struct prom *p, struct config *cfg)
{
	bool same = same_urls(p->config, cfg);

	config_ref(cfg);
	if (!same) {
		health_free(p);
		p->n = cfg->prometheus.n_urls;
		p->health = mem_alloc(p->n * sizeof(*p->health));
		for (size_t i = 0; i < p->n; i++)
			p->health[i] = (struct prom_url_health){.healthy = true,
								.last_ok = MS_NONE,
								.last_failed = MS_NONE};
		p->current = 0;
		p->failed_over_at = MS_NONE;
	}
	config_free(p->config);
	p->config = cfg;
}

const struct prom_url_health *prom_health(const struct prom *p, size_t *n, size_t *current)
{
	*n = p->n;
	*current = p->current;
	return p->health;
}

/* The index is of the configuration the query began with; health is kept for the present one. */
static struct prom_url_health *health_of(struct prom *p, const struct prom_query *q)
{
	return same_urls(p->config, q->config) ? &p->health[q->url] : NULL;
}

static void note_ok(struct prom_query *q, struct now now)
{
	struct prom *p = q->prom;
	struct prom_url_health *h = health_of(p, q);

	p->answered_at = now.mono;
	if (!h)
		return;
	h->healthy = true;
	h->last_ok = now.wall;
	if (p->current != q->url) {
		p->current = q->url;
		p->failed_over_at = q->url ? now.mono : MS_NONE;
	}
}

static void note_failed(struct prom_query *q, struct now now, const struct err *err)
{
	struct prom_url_health *h = health_of(q->prom, q);

	if (!h)
		return;
	h->failures++;
	h->last_failed = now.wall;
	free(h->last_error);
	h->last_error = mem_str(str_of(err->msg));
	if (h->healthy) {
		h->healthy = false;
		io_log(q->prom->io, LOG_LEVEL_WARN, "Prometheus does not answer",
		       "url_number=%zu err=%s", q->url + 1, io_quote(str_of(err->msg)).text);
	}
}

static void put_time(struct buf *b, ms_t at)
{
	buf_printf(b, "%lld.%03d", (long long)(at / 1000), (int)(at % 1000));
}

static void put_form(struct buf *b, const struct prom_query *q)
{
	buf_adds(b, "query=");
	url_put_query(b, q->expr);
	url_put_query(b, q->range);
	buf_adds(b, "&time=");
	put_time(b, q->at);
	buf_printf(b, "&timeout=%lldms", (long long)(q->config->prometheus.query_timeout * 9 / 10));
}

static void on_data(struct io_call *c, struct str bytes)
{
	struct prom_query *q = CONTAINER(c, struct prom_query, call);

	decode_feed(&q->decoder, bytes);
}

static void on_done(struct io_call *c, struct now now, const struct io_reply *reply);

static void send(struct prom_query *q)
{
	struct io_header form[HEADERS_MAX + 1];
	struct prom *p = q->prom;
	const struct endpoint *e = &q->config->prometheus.urls[q->url];
	struct io_request r = {
		.method = STR("GET"),
		.config = &e->http,
		.headers = e->headers,
		.n_headers = e->n_headers,
		.timeout = q->config->prometheus.query_timeout,
		.max_reply = p->limits->reply_bytes,
		.lane = IO_LANE_QUERY,
		.compressed = q->config->prometheus.gzip,
	};

	buf_clear(&p->text);
	buf_clear(&p->auxiliary);
	buf_add(&p->text, e->url);
	buf_adds(&p->text, "/api/v1/query");
	put_form(&p->auxiliary, q);
	if (p->text.n + p->auxiliary.n < PROM_URL_MAX) {
		buf_addc(&p->text, '?');
		buf_add(&p->text, buf_str(&p->auxiliary));
	} else {
		r.method = STR("POST");
		r.body = buf_str(&p->auxiliary);
		r.n_headers = MIN(e->n_headers, (size_t)HEADERS_MAX);
		memcpy(form, e->headers, r.n_headers * sizeof(*form));
		form[r.n_headers++] = (struct io_header){STR("Content-Type"),
							 STR("application/x-www-form-urlencoded")};
		r.headers = form;
	}
	r.url = buf_str(&p->text);
	q->call.on_data = q->out ? on_data : NULL;
	q->call.on_done = on_done;
	if (same_urls(p->config, q->config))
		p->health[q->url].queries++;
	q->tried++;
	io_fetch(p->io, &q->call, &r);
}

static void launch(struct prom_query *q)
{
	q->running = true;
	q->prom->running++;
	if (q->out) {
		if (!q->decoder_ready)
			decode_init(&q->decoder, q->prom->limits, q->out);
		else
			decode_reset(&q->decoder, q->out);
		q->decoder_ready = true;
	}
	send(q);
}

static void pump(struct prom *p)
{
	while (p->first && p->running < PROM_CONCURRENCY) {
		struct prom_query *q = p->first;

		p->first = q->next;
		if (!p->first)
			p->last = NULL;
		q->waiting = false;
		launch(q);
	}
}

/* What the reply means for this URL. */
static enum prom_end judge(struct prom_query *q, const struct io_reply *r, struct err *err)
{
	if (r->outcome != IO_REPLIED) {
		err_set(err, -1, "%.*s", STR_ARG(r->error));
		return PROM_UNREACHABLE;
	}
	if (r->status == 200) {
		if (!q->out)
			return PROM_ANSWER;
		if (decode_end(&q->decoder, err))
			return PROM_ANSWER;
		return q->decoder.refused ? PROM_REFUSED : PROM_UNREACHABLE;
	}
	decode_error_body(r->status, r->body, err);
	if (r->status == 503 && str_starts(str_of(err->msg), "timeout: "))
		return PROM_TOO_SLOW;
	return r->status == 400 || r->status == 422 ? PROM_REFUSED : PROM_UNREACHABLE;
}

static void finish(struct prom_query *q, struct now now, enum prom_end end, const struct err *err)
{
	struct prom *p = q->prom;
	struct config *held = q->config;

	q->running = false;
	q->config = NULL;
	p->running--;
	q->done(q, now, end, err);
	config_free(held);
	pump(p);
}

/* Another URL of the same data may do better. */
static bool ask_next_url(struct prom_query *q)
{
	size_t n = q->config->prometheus.n_urls;

	if (q->tried == n)
		return false;
	q->url = (q->url + 1) % n;
	if (q->out)
		decode_reset(&q->decoder, q->out);
	send(q);
	return true;
}

static void on_done(struct io_call *c, struct now now, const struct io_reply *reply)
{
	struct prom_query *q = CONTAINER(c, struct prom_query, call);
	struct err err = {.pos = -1};
	enum prom_end end = judge(q, reply, &err);

	if (end == PROM_ANSWER || end == PROM_REFUSED)
		note_ok(q, now);
	if (end == PROM_UNREACHABLE)
		note_failed(q, now, &err);
	if ((end == PROM_UNREACHABLE || end == PROM_TOO_SLOW) && ask_next_url(q))
		return;
	q->body = end == PROM_ANSWER && !q->out ? reply->body : (struct str){0};
	finish(q, now, end, &err);
}

void prom_query_start(struct prom_query *q, struct prom *p, struct str expr, ms_t at,
		      struct vector *out, prom_done_fn *done)
{
	CHECK(!q->running && !q->waiting && p->config && p->n > 0);
	q->prom = p;
	q->config = config_ref(p->config);
	q->expr = expr;
	q->at = at;
	q->out = out;
	q->done = done;
	q->url = p->current;
	q->tried = 0;
	q->next = NULL;
	if (p->running < PROM_CONCURRENCY) {
		launch(q);
		return;
	}
	q->waiting = true;
	if (p->last)
		p->last->next = q;
	else
		p->first = q;
	p->last = q;
}

static void leave_queue(struct prom_query *q)
{
	struct prom *p = q->prom;
	struct prom_query *before = NULL;

	for (struct prom_query *x = p->first; x != q; x = x->next)
		before = x;
	if (before)
		before->next = q->next;
	else
		p->first = q->next;
	if (p->last == q)
		p->last = before;
	q->waiting = false;
}

void prom_query_cancel(struct prom_query *q)
{
	if (q->waiting) {
		leave_queue(q);
	} else if (q->running) {
		io_cancel(q->prom->io, &q->call);
		q->running = false;
		q->prom->running--;
	} else {
		return;
	}
	config_free(TAKE(q->config));
}

void prom_query_free(struct prom_query *q)
{
	prom_query_cancel(q);
	if (q->decoder_ready)
		decode_done(&q->decoder);
	q->decoder_ready = false;
}

bool prom_answered_since(const struct prom *p, ms_t mono)
{
	return p->answered_at != MS_NONE && p->answered_at >= mono;
}

void prom_prefer_first(struct prom *p, struct now now)
{
	if (p->failed_over_at != MS_NONE && now.mono - p->failed_over_at >= PROM_FIRST_AGAIN) {
		p->current = 0;
		p->failed_over_at = MS_NONE;
	}
}
