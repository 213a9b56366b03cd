/* Writing back to Prometheus, one POST a rule. */
#include "evaluator/write.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "rules/rules.h"

#define HEADERS_MAX 16 /* extra ones of the configuration */

void writer_init(struct writer *w, const struct io *io)
{
	*w = (struct writer){.io = io};
	arena_init(&w->arena);
	remote_write_init(&w->body);
	map_init(&w->written);
	element_maker_init(&w->maker, NULL, &w->arena);
}

void writer_done(struct writer *w)
{
	writer_cancel(w);
	arena_done(&w->arena);
	remote_write_done(&w->body);
	map_done(&w->written);
	element_maker_done(&w->maker);
}

void writer_cancel(struct writer *w)
{
	io_cancel(w->io, &w->call);
	map_clear(&w->written);
	arena_clear(&w->arena);
}

void writer_begin(struct writer *w, const struct endpoint *to, ms_t at)
{
	w->to = to;
	w->at = at;
	map_clear(&w->written);
	arena_clear(&w->arena);
	remote_write_begin(&w->body);
}

static void add(struct writer *w, struct labels series, double v)
{
	remote_write_add(&w->body, series, v, w->at);
	map_put(&w->written, labels_bytes(series), w);
}

void writer_add_alerts(struct writer *w, const struct rule_run *rr)
{
	const struct active *a;

	if (!rr->restored)
		return;
	states_each(&rr->states, a)
	{
		if (a->state == ALERT_INACTIVE)
			continue;
		add(w,
		    element_alert_series(&w->maker, rr->rule, a->labels, STR("ALERTS"),
					 str_of(alert_state_name(a->state))),
		    1);
		add(w,
		    element_alert_series(&w->maker, rr->rule, a->labels, STR("ALERTS_FOR_STATE"),
					 (struct str){0}),
		    (double)(a->active_at / SECOND));
	}
}

void writer_add_vector(struct writer *w, const struct rule_run *rr ATTR_UNUSED,
		       const struct vector *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct sample *e = &v->v[i];

		if (e->h)
			remote_write_add_histogram(&w->body, e->labels, e->h, w->at);
		else
			remote_write_add(&w->body, e->labels, e->v, w->at);
		map_put(&w->written, labels_bytes(e->labels), w);
	}
}

static void add_stale(struct writer *w, const struct map *before)
{
	map_each (before, e) {
		if (!map_get(&w->written, e->key))
			remote_write_add(&w->body, labels_of_bytes(e->key), remote_write_stale(),
					 w->at);
	}
}

/* What was written is what the next evaluation compares with. */
static void keep(struct writer *w)
{
	if (!w->rr)
		return;
	map_done(&w->rr->written);
	w->rr->written = w->written;
	map_init(&w->written);
}

static void finish(struct writer *w, struct now now, enum remote_write_result result,
		   struct err *err)
{
	if (result == REMOTE_WRITE_FAILED) {
		err_prefix(err, "remote_write: ");
		w->done(w, now, err->msg);
		return;
	}
	if (result == REMOTE_WRITE_TOLERATED)
		io_log(w->io, LOG_LEVEL_WARN, "remote_write refused samples", "err=%s",
		       io_quote(str_of(err->msg)).text);
	keep(w);
	w->done(w, now, NULL);
}

static void on_done(struct io_call *c, struct now now, const struct io_reply *reply)
{
	struct writer *w = CONTAINER(c, struct writer, call);
	struct err err = {.pos = -1};

	finish(w, now, remote_write_judge(reply, &err), &err);
}

/* False: the body is too big to be sent. */
ATTR_CHECK static bool post(struct writer *w, writer_done_fn *done, struct err *err)
{
	struct io_header headers[REMOTE_WRITE_HEADERS + HEADERS_MAX];
	size_t n = REMOTE_WRITE_HEADERS;
	struct io_request r = {
		.method = STR("POST"),
		.url = w->to->url,
		.config = &w->to->http,
		.timeout = w->to->timeout,
		.max_reply = 65536,
		.lane = IO_LANE_QUERY,
	};

	if (!remote_write_finish(&w->body, &w->arena, &r.body, err))
		return false;
	memcpy(headers, remote_write_headers, sizeof(remote_write_headers));
	for (size_t i = 0; i < w->to->n_headers && n < ARRAY_LEN(headers); i++)
		headers[n++] = w->to->headers[i];
	r.headers = headers;
	r.n_headers = n;
	w->done = done;
	w->call.on_done = on_done;
	io_fetch(w->io, &w->call, &r);
	return true;
}

enum writer_start writer_send(struct writer *w, struct rule_run *rr, writer_done_fn *done,
			      struct err *err)
{
	struct group *g = rr->group;

	add_stale(w, &rr->written);
	for (size_t i = 0; i < g->n_stale; i++) {
		if (!map_get(&w->written, labels_bytes(g->stale[i])))
			remote_write_add(&w->body, g->stale[i], remote_write_stale(), w->at);
		labels_free(g->stale[i]);
	}
	g->n_stale = 0;
	if (!w->body.n)
		return WRITER_NOTHING;
	w->rr = rr;
	return post(w, done, err) ? WRITER_STARTED : WRITER_TOO_BIG;
}

/* ---- groups that are gone ------------------------------------------------------------- */

struct stale_write {
	struct core *core;
	struct stale_write *next;
	struct config *config; /* held: its endpoint is written to */
	struct timer timer;
	struct writer writer;
};

static void stale_free(struct stale_write *s)
{
	struct stale_write **at = &s->core->stale_writes;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	timer_stop(&s->core->timers, &s->timer);
	writer_done(&s->writer);
	config_free(s->config);
	free(s);
}

static void on_stale_written(struct writer *w, struct now now ATTR_UNUSED, const char *error)
{
	struct stale_write *s = CONTAINER(w, struct stale_write, writer);

	if (error)
		io_log(s->core->io, LOG_LEVEL_WARN,
		       "cannot mark the series of a removed group as stale", "err=%s",
		       io_quote(str_of(error)).text);
	stale_free(s);
}

static void on_stale_timer(struct timer *t, struct now now ATTR_UNUSED)
{
	struct stale_write *s = CONTAINER(t, struct stale_write, timer);
	struct err err;

	s->writer.rr = NULL;
	if (!post(&s->writer, on_stale_written, &err))
		stale_free(s);
}

void stale_write_later(struct core *c, struct now now, struct group *g)
{
	const struct endpoint *to = c->config->prometheus.remote_write;

	if (!to)
		return;

	struct stale_write *s = MEM_NEW(struct stale_write);

	s->core = c;
	s->config = config_ref(c->config);
	s->next = c->stale_writes;
	c->stale_writes = s;
	writer_init(&s->writer, c->io);
	writer_begin(&s->writer, to, now.wall - g->def->query_offset);
	for (size_t i = 0; i < g->def->n; i++)
		add_stale(&s->writer, &g->rules[i].written);
	if (s->writer.body.n)
		timer_set(&c->timers, &s->timer, TIMER_MONO, now.mono + 2 * g->def->interval,
			  on_stale_timer);
	else
		stale_free(s);
}

void stale_writes_done(struct core *c)
{
	while (c->stale_writes)
		stale_free(c->stale_writes);
}
