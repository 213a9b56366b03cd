/* Health, readiness, reload, metrics. */
#include "web/ops.h"

#include "evaluator/core.h"
#include "notify/notify.h"
#include "web/answer.h"
#include "web/route.h"

static void put_ok(struct exchange *x)
{
	buf_adds(&x->body, "OK");
	answer_body(x, 200, "text/plain; charset=utf-8");
}

void ops_healthy(struct exchange *x)
{
	put_ok(x);
}

void ops_ready(struct exchange *x)
{
	if (core_ready(x->core))
		put_ok(x);
	else
		answer_text(x, 503,
			    STR("Service Unavailable: the configuration is not loaded yet"));
}

void ops_reload(struct exchange *x)
{
	const struct web_options *o = &x->web->options;
	struct err err = {0};

	/* A page of somebody else must not be able to press this button. */
	if (str_is(exchange_header(x, "sec-fetch-site"), "cross-site")) {
		answer_text(x, 403, STR("refused: this request came from another site's page"));
		return;
	}
	if (!o->reload) {
		answer_text(x, 403, STR("reloading is not possible here"));
		return;
	}
	if (o->reload(o->host, x->now, &err)) {
		answer_text(x, 200, STR("the configuration was reloaded"));
		return;
	}
	answer_text(x, 500, arena_printf(x->arena, "failed to reload config: %s", err.msg));
}

void ops_count(struct web *w, size_t route, int status)
{
	CHECK(route <= WEB_ROUTES_MAX);

	struct web_code_count *c = w->counts[route];

	for (size_t i = 0; i < WEB_CODES_MAX; i++) {
		if (c[i].status == 0)
			c[i].status = status;
		if (c[i].status == status) {
			c[i].n++;
			return;
		}
	}
}

static void put_requests(const struct web *w, struct buf *b)
{
	buf_adds(b, "# HELP prometheus_http_requests_total Counter of HTTP requests.\n"
		    "# TYPE prometheus_http_requests_total counter\n");
	for (size_t r = 0; r <= WEB_ROUTES_MAX; r++) {
		for (size_t i = 0; i < WEB_CODES_MAX && w->counts[r][i].status; i++)
			buf_printf(b,
				   "prometheus_http_requests_total{code=\"%d\",handler=\"%s\"} "
				   "%llu\n",
				   w->counts[r][i].status, route_name(r),
				   (unsigned long long)w->counts[r][i].n);
	}
}

void ops_metrics(struct exchange *x)
{
	const struct web_options *o = &x->web->options;

	core_metrics(x->core, x->now, &x->body);
	notify_metrics(core_notify(x->core), x->now, &x->body);
	if (o->metrics)
		o->metrics(o->host, &x->body);
	put_requests(x->web, &x->body);
	answer_body(x, 200, "text/plain; version=0.0.4; charset=utf-8");
}
