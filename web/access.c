/* Who asks, and whether they may; see access.h. */
#include "web/access.h"

#include "evaluator/audit.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "web/answer.h"

#define BEARER "Bearer "

static const struct access *rules(const struct web *w)
{
	const struct config *c = core_config(w->core);

	return c ? c->access : NULL;
}

bool web_lets_in(struct web *w, struct str authorization)
{
	const struct access *a = rules(w);

	return a && str_starts(authorization, BEARER) &&
	       access_token_find(a, str_from(authorization, strlen(BEARER)));
}

static bool by_token(struct exchange *x, const struct access *a, struct str secret)
{
	const struct access_token *t = access_token_find(a, secret);

	if (!t)
		return false;
	x->user = arena_printf(x->arena, "token %.*s", STR_ARG(t->name));
	x->permits = t->permits;
	return true;
}

static void by_name(struct exchange *x, const struct access *a)
{
	struct str name = {0};

	if (access_trusts(a, x->req->remote))
		name = exchange_header(x, arena_cstr(x->arena, a->proxy_header));
	x->user = name.n ? name : x->req->user;
	x->permits = x->user.n ? access_user_permits(a, x->user) : a->anonymous;
}

bool access_enter(struct exchange *x)
{
	const struct access *a = rules(x->web);
	struct str header = exchange_header(x, "authorization");

	x->user = x->req->user;
	x->permits = PERMIT_ALL;
	if (!a)
		return true;
	if (a->n_tokens && str_starts(header, BEARER)) {
		if (by_token(x, a, str_from(header, strlen(BEARER))))
			return true;
		answer_text(x, 401, STR("there is no such token"));
		return false;
	}
	by_name(x, a);
	return true;
}

static struct str asker(const struct exchange *x)
{
	return x->user.n ? x->user
			 : arena_printf(x->arena, "somebody at %.*s", STR_ARG(x->req->remote));
}

bool access_may(struct exchange *x, enum permit p)
{
	if (x->permits & p)
		return true;
	answer_text(x, x->user.n ? 403 : 401,
		    arena_printf(x->arena, "%.*s may not do this: it needs the permission \"%s\"",
				 STR_ARG(asker(x)), permit_name(p)));
	return false;
}

bool access_other_site(const struct exchange *x)
{
	struct str site = exchange_header(x, "sec-fetch-site");
	struct str origin = exchange_header(x, "origin");
	struct str host = exchange_header(x, "host");
	ptrdiff_t at;

	if (site.n)
		return !str_is(site, "same-origin") && !str_is(site, "none");
	if (!origin.n)
		return false; /* no browser */
	at = str_find(origin, STR("://"));
	return at < 0 || !str_eq(str_from(origin, (size_t)at + 3), host);
}

void access_audit(struct exchange *x)
{
	struct str verb = exchange_param(x, "verb"), id = exchange_param(x, "id");
	struct str what = arena_printf(x->arena, "%.*s %.*s%s%.*s%s%.*s", STR_ARG(x->req->method),
				       STR_ARG(x->path), verb.n ? " " : "", STR_ARG(verb),
				       id.n ? " " : "", STR_ARG(id));

	core_audit(x->core, x->now, asker(x), what);
	x->out->after_turn = core_turn(x->core);
}

/* ---- what is shown ------------------------------------------------------------------------- */
struct list {
	struct buf *b;
	size_t n;
};

static bool put_one(void *arg, const struct audit_entry *e)
{
	struct list *l = arg;

	answer_put_time(l->b, l->n++ ? ",{\"at\":" : "{\"at\":", e->at);
	answer_put_str(l->b, ",\"who\":", str_of(e->who));
	answer_put_str(l->b, ",\"what\":", str_of(e->what));
	buf_addc(l->b, '}');
	return true;
}

void api_rouse_audit(struct exchange *x)
{
	struct list l = {.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"entries\":[");
	core_audit_each(x->core, put_one, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}
