/*
 * The front door: limits on what is asked, the route prefix, counting. Everything that an answer
 * needs is in the request's arena, so requests know nothing of one another.
 */
#include "web/web.h"

#include <stdlib.h>

#include "base/mem.h"
#include "web/access.h"
#include "web/answer.h"
#include "web/exchange.h"
#include "web/ops.h"
#include "web/route.h"

#define PATH_MAX_BYTES 2048 /* longer ones: 414 */
#define PARAMS_MAX 1000	    /* more of them: 400 */

struct web *web_new(struct core *core, const struct web_options *o)
{
	CHECK(core && o);
	CHECK(!str_ends(o->route_prefix, "/"));

	struct web *w = MEM_NEW(struct web);

	w->core = core;
	w->options = *o;
	w->options.route_prefix = arena_str(&w->arena, o->route_prefix);
	w->options.external_url = arena_str(&w->arena, o->external_url);
	w->options.version = arena_str(&w->arena, o->version);
	return w;
}

void web_free(struct web *w)
{
	if (!w)
		return;
	arena_done(&w->arena);
	free(w);
}

/* Cuts the route prefix off the path. False: it was not there, and the answer is made. */
static bool below_prefix(struct exchange *x)
{
	struct str prefix = x->web->options.route_prefix;
	struct str path = x->req->path;

	x->path = str_from(path, prefix.n);
	if (!prefix.n)
		return true;
	if (str_eq(str_cut(path, 0, prefix.n), prefix) && x->path.n && x->path.p[0] == '/')
		return true;
	if (str_is(path, "/"))
		answer_redirect(x, 302, prefix);
	else if (str_eq(path, prefix))
		answer_redirect(x, 302, arena_printf(x->arena, "%.*s/", STR_ARG(prefix)));
	else
		answer_text(x, 404, STR("404 page not found"));
	return false;
}

static size_t answer(struct exchange *x)
{
	const struct web_request *r = x->req;

	if (r->path.n > PATH_MAX_BYTES)
		answer_text(x, 414, STR("the path is too long"));
	else if (r->n_query > PARAMS_MAX)
		answer_text(x, 400, STR("too many parameters"));
	else if (!str_starts(r->path, "/"))
		answer_text(x, 400, STR("the path must begin with /"));
	else if (below_prefix(x) && access_enter(x))
		return route_dispatch(x);
	return WEB_ROUTES_MAX;
}

/* Counts an answer that is made; says that one is not. */
static void look(struct exchange *x)
{
	struct web_answer *out = x->out;

	if (!out->status) {
		CHECK(x->step);
		out->work = x;
		return;
	}
	ops_count(x->web, x->route, out->status);
	if (x->audited && out->status < 400)
		access_audit(x);
	if (x->done)
		x->done(x);
	buf_done(&x->body);
	out->work = NULL;
}

void web_begin(struct web *w, struct now now, const struct web_request *r, struct arena *a,
	       struct web_answer *out)
{
	struct exchange *x = ARENA_NEW(a, struct exchange);
	struct web_request *req = ARENA_NEW(a, struct web_request);

	*req = *r;
	*x = (struct exchange){
		.web = w,
		.core = w->core,
		.now = now,
		.req = req,
		.arena = a,
		.out = out,
	};
	*out = (struct web_answer){0};
	buf_init(&x->body, BUF_MAX_ANY);
	x->route = answer(x);
	look(x);
}

void web_continue(struct web_answer *out)
{
	struct exchange *x = out->work;

	x->step(x);
	look(x);
}

void web_abandon(struct web_answer *out)
{
	struct exchange *x = out->work;

	if (x->done)
		x->done(x);
	buf_done(&x->body);
	out->work = NULL;
}

void web_handle(struct web *w, struct now now, const struct web_request *r, struct arena *a,
		struct web_answer *out)
{
	web_begin(w, now, r, a, out);
	while (out->work)
		web_continue(out);
}
