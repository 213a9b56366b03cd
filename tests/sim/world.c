/* A scripted Prometheus and receivers with memory. */
#include "tests/sim/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/url.h"
#include "promql/ast.h"
#include "promql/engine.h"
#include "promql/matcher.h"
#include "promql/parse.h"
#include "tests/sim/prom_store.h"
#include "tests/sim/receivers.h"
#include "tests/sim/sim.h"

struct world {
	struct sim *sim;
	struct prom_store store;
	int write_status;
	ms_t at; /* of the query being answered */
	enum prom_mode mode;
	ms_t slow; /* delay of answers to queries that have slow_part in them */
	char slow_part[128];
	struct receivers *receivers;
	struct map parsed; /* text -> struct expr of `exprs`; NULL is not kept */
	struct arena exprs;
};

struct world *world_new(struct sim *s)
{
	struct world *w = MEM_NEW(struct world);

	w->sim = s;
	w->write_status = 204;
	w->receivers = receivers_new(s);
	prom_store_init(&w->store);
	map_init(&w->parsed);
	arena_init(&w->exprs);
	return w;
}

void world_free(struct world *w)
{
	prom_store_done(&w->store);
	receivers_free(w->receivers);
	map_done(&w->parsed);
	arena_done(&w->exprs);
	free(w);
}

void world_clock_stepped(struct world *w, ms_t by)
{
	prom_store_shift(&w->store, by);
}

void world_prom(struct world *w, enum prom_mode mode)
{
	w->mode = mode;
}

void world_slow(struct world *w, ms_t delay, struct str part)
{
	w->slow = delay;
	snprintf(w->slow_part, sizeof(w->slow_part), "%.*s", STR_ARG(part));
}

struct receivers *world_receivers(struct world *w)
{
	return w->receivers;
}

/* ---- series --------------------------------------------------------------------------- */

static bool series_labels(struct str text, struct arena *a, struct labels *out, struct err *err)
{
	struct promql_options o = promql_options_default();
	struct labels_builder b;
	struct limits l;
	const struct expr *e;

	limits_default(&l);
	if (!promql_parse(text, &o, &l, a, &e, err))
		return false;
	if (e->kind != EXPR_SELECTOR)
		return err_set(err, 0, "\"%.*s\" is no series", STR_ARG(text));
	labels_builder_init(&b);
	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];

		labels_builder_set(&b, m->name, m->value);
	}
	*out = labels_builder_build(&b, a);
	labels_builder_done(&b);
	return true;
}

bool world_series(struct world *w, struct str series, double v, struct err *err)
{
	struct arena a;
	struct labels ls;

	arena_init(&a);
	if (!series_labels(series, &a, &ls, err)) {
		arena_done(&a);
		return false;
	}
	prom_store_set(&w->store, ls, w->sim->now.wall, v);
	arena_done(&a);
	return true;
}

bool world_gone(struct world *w, struct str series, struct err *err)
{
	struct arena a;
	struct labels ls;
	bool ok;

	arena_init(&a);
	ok = series_labels(series, &a, &ls, err) &&
	     (prom_store_gone(&w->store, ls, w->sim->now.wall) ||
	      err_set(err, 0, "there is no series %.*s", STR_ARG(series)));
	arena_done(&a);
	return ok;
}

/* ---- queries -------------------------------------------------------------------------- */

/* Rules ask the same again and again. */
static bool parse(struct world *w, struct str expr, const struct expr **e, struct err *err)
{
	struct promql_options o = promql_options_default();
	struct expr *known = map_get(&w->parsed, expr);
	struct limits l;

	*e = known;
	if (known)
		return true;
	limits_default(&l);
	if (!promql_parse(arena_str(&w->exprs, expr), &o, &l, &w->exprs, e, err))
		return false;
	map_put(&w->parsed, expr, (void *)(uintptr_t)*e);
	return true;
}

static bool eval(struct world *w, const struct expr *e, struct arena *a, struct result *out,
		 struct err *err)
{
	struct engine_query q = {.source = &w->store.source,
				 .expr = e,
				 .start = w->at,
				 .end = w->at};
	struct engine_options o;

	engine_options_default(&o);
	return engine_eval(&o, &q, a, out, NULL, err);
}

static void put_point(struct buf *b, const struct points *p, size_t k)
{
	buf_printf(b, "[%lld.%03d,\"", (long long)(p->t[k] / 1000), (int)(p->t[k] % 1000));
	num_put_float(b, p->v[k], 'f', -1);
	buf_adds(b, "\"]");
}

static void put_result(struct buf *b, const struct result *r)
{
	bool matrix = r->type == PROMQL_MATRIX;

	buf_printf(b, "{\"status\":\"success\",\"data\":{\"resultType\":\"%s\",\"result\":[",
		   matrix ? "matrix" : "vector");
	for (size_t i = 0; i < r->n; i++) {
		const struct points *p = &r->v[i].points;

		buf_adds(b, i ? ",{\"metric\":" : "{\"metric\":");
		labels_put_json(b, r->v[i].labels);
		buf_adds(b, matrix ? ",\"values\":[" : ",\"value\":");
		for (size_t k = 0; k < p->n; k++) {
			buf_adds(b, k ? "," : "");
			put_point(b, p, k);
		}
		buf_adds(b, matrix ? "]}" : "}");
	}
	buf_adds(b, "]}}");
}

bool world_written(struct world *w, struct str series, double *v, struct err *err)
{
	struct labels ls = {0};
	struct arena a;
	bool found = false;

	arena_init(&a);
	if (!series_labels(series, &a, &ls, err)) {
		arena_done(&a);
		return false;
	}
	err_set(err, 0, "nothing is written to %.*s", STR_ARG(series));
	for (size_t i = 0; i < w->store.written.n && !found; i++) {
		const struct written_sample *at =
			written_at(&w->store.written.v[i], w->sim->now.wall);

		if (!at || !labels_eq(w->store.written.v[i].labels, ls))
			continue;
		*v = at->v;
		found = true;
	}
	arena_done(&a);
	return found;
}

static bool id_is(struct labels ls, struct str id)
{
	struct labels_iter it = {0};
	struct label l;
	struct buf b;
	bool same;

	buf_init(&b, BUF_MAX_ANY);
	while (labels_next(ls, &it, &l)) {
		if (!str_is(l.name, LABEL_NAME) && !str_is(l.name, "alertname") &&
		    !str_is(l.name, "alertstate") && !str_is(l.name, "severity") &&
		    !str_is(l.name, "team") && !str_is(l.name, "region"))
			buf_printf(&b, "%.*s=%.*s,", STR_ARG(l.name), STR_ARG(l.value));
	}
	same = str_eq(buf_str(&b), id);
	buf_done(&b);
	return same;
}

bool world_written_alert(struct world *w, struct str name, struct str severity, struct str id)
{
	size_t firing = 0, pending = 0;

	for (size_t i = 0; i < w->store.written.n; i++) {
		const struct written_series *s = &w->store.written.v[i];

		if (!written_at(s, w->sim->now.wall) ||
		    !str_is(labels_get(s->labels, STR(LABEL_NAME)), "ALERTS") ||
		    !str_eq(labels_get(s->labels, STR("alertname")), name) ||
		    !str_eq(labels_get(s->labels, STR("severity")), severity) ||
		    !id_is(s->labels, id))
			continue;
		if (str_is(labels_get(s->labels, STR("alertstate")), "firing"))
			firing++;
		else
			pending++;
	}
	return firing == 1 && !pending;
}

void world_write_status(struct world *w, int status)
{
	w->write_status = status;
}

/* What tells elements apart: their labels without the name. */
static struct str *element_ids(const struct result *es, struct arena *a)
{
	struct str *ids = ARENA_ARRAY(a, struct str, es->n);

	for (size_t i = 0; i < es->n; i++) {
		struct labels_iter it = {0};
		struct label l;
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		while (labels_next(es->v[i].labels, &it, &l)) {
			if (!str_is(l.name, LABEL_NAME))
				buf_printf(&b, "%.*s=%.*s,", STR_ARG(l.name), STR_ARG(l.value));
		}
		ids[i] = arena_str(a, buf_str(&b));
		buf_done(&b);
	}
	return ids;
}

size_t world_truth(struct world *w, struct str expr, struct arena *a, struct str **ids)
{
	const struct expr *e;
	struct result es;
	struct err err;

	w->at = w->sim->now.wall;
	CHECK(parse(w, expr, &e, &err) && eval(w, e, a, &es, &err));
	*ids = element_ids(&es, a);
	return es.n;
}

/* ---- requests ------------------------------------------------------------------------- */

static struct str param(struct str text, const char *name, struct arena *a)
{
	ptrdiff_t at = str_find(text, str_of(name));
	struct str v = {0};

	CHECK(at >= 0);
	text = str_from(text, (size_t)at + strlen(name));

	ptrdiff_t end = str_find_char(text, '&');

	CHECK(url_unescape(a, end < 0 ? text : str_cut(text, 0, (size_t)end), true, &v));
	return v;
}

static void query_answered(struct world *w, struct str text, bool half, struct arena *a,
			   struct sim_answer *out)
{
	struct str expr = param(text, "query=", a);
	struct result es;
	const struct expr *e;
	double at = 0;
	struct err err;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	CHECK(num_float(param(text, "time=", a), &at) == NUM_OK);
	w->at = (ms_t)llround(at * 1000);
	if (!parse(w, expr, &e, &err) || !eval(w, e, a, &es, &err)) {
		out->status = 400;
		buf_adds(&b, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse "
			     "error\"}");
	} else {
		put_result(&b, &es);
		out->good = !half && es.type != PROMQL_MATRIX;
		out->expr = expr;
		out->at = w->at;
		out->n = es.n;
		out->ids = element_ids(&es, a);
	}
	out->body = arena_str(a, buf_str(&b));
	if (half)
		out->body.n = out->body.n / 2;
	buf_done(&b);
}

static void write_arrive(struct world *w, struct str body, struct sim_answer *out)
{
	out->prom = true;
	out->status = w->write_status;
	if (w->mode == PROM_DOWN) {
		out->outcome = IO_UNSENT;
		out->error = STR("connection refused");
		return;
	}
	if (w->write_status / 100 == 2)
		CHECK(written_take(&w->store.written, body));
	else
		out->body = STR("out of space");
}

static void fail(struct sim_answer *out, enum io_outcome outcome, const char *words)
{
	out->outcome = outcome;
	out->error = str_of(words);
}

/* As Prometheus: a query that has used up the time it was given ends with an error. */
static void slow_down(struct world *w, struct str text, struct arena *a, struct sim_answer *out)
{
	struct err err;
	ms_t timeout;

	CHECK(num_duration(param(text, "timeout=", a), &timeout, &err));
	out->delay = w->slow;
	if (w->slow == MS_NONE) {
		*out = (struct sim_answer){.prom = true};
		fail(out, IO_AMBIGUOUS, "timeout");
	} else if (w->slow > timeout) {
		*out = (struct sim_answer){.prom = true, .status = 503, .delay = timeout};
		out->body = STR("{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query "
				"timed out in expression evaluation\"}");
	}
}

static void prom_arrive(struct world *w, struct str text, struct arena *a, struct sim_answer *out)
{
	enum prom_mode mode = w->mode;

	out->prom = true;
	if (mode == PROM_UP && sim_chance(w->sim, w->sim->faults.error))
		mode = PROM_ERROR;
	if (mode == PROM_UP && sim_chance(w->sim, w->sim->faults.garbage))
		mode = sim_chance(w->sim, 500) ? PROM_GARBAGE : PROM_HALF;
	switch (mode) {
	case PROM_DOWN: fail(out, IO_UNSENT, "connection refused"); break;
	case PROM_HANGS: fail(out, IO_AMBIGUOUS, "timeout"); break;
	case PROM_ERROR:
		out->status = 500;
		out->body = STR("<html>oops</html>");
		break;
	case PROM_GARBAGE: out->body = STR("{\"status\":\"success\",\"data\":[1,2"); break;
	case PROM_SAYS_NO:
		out->status = 422;
		out->body =
			STR("{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"no\"}");
		break;
	case PROM_UP:
	case PROM_HALF:
		query_answered(w, text, mode == PROM_HALF, a, out);
		if (str_find(param(text, "query=", a), str_of(w->slow_part)) >= 0)
			slow_down(w, text, a, out);
		break;
	}
}

static struct str host_of(struct str url)
{
	ptrdiff_t at = str_find(url, STR("://"));
	struct str host = str_from(url, at < 0 ? 0 : (size_t)at + 3);
	size_t n = 0;

	while (n < host.n && host.p[n] != '/' && host.p[n] != '?' && host.p[n] != ':')
		n++;
	return str_cut(host, 0, n);
}

void world_arrive(struct world *w, const struct request *r, struct arena *a, struct sim_answer *out)
{
	struct str host = host_of(r->url);

	*out = (struct sim_answer){.outcome = IO_REPLIED, .status = 200};
	if (str_is(r->url, "exec:"))
		out->body = STR("done as told\n"); /* status 200 is exit status 0 */
	else if (str_ends(r->url, "/api/v1/write"))
		write_arrive(w, r->body, out);
	else if (str_starts(host, "prom"))
		prom_arrive(w, r->body.n ? r->body : r->url, a, out);
	else
		receivers_arrive(w->receivers, r, host, a, out);
}
