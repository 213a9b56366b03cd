/*
 * /api/v1/series with a limit of one tells whether anything matches. Where nothing does, the metric
 * is asked for alone, then with each matcher, so that the finding names the one to blame.
 */
#include "host/check_prometheus.h"

#include <jansson.h>
#include <string.h>

#include "base/map.h"
#include "base/url.h"
#include "promql/ast.h"
#include "promql/matcher.h"
#include "promql/print.h"

#define SPAN (30 * DAY)

struct search {
	struct prom_client *c;
	struct err *err;
	struct arena arena;
	struct map recorded; /* names that rules of the set write */
	struct map known;    /* selector -> FOUND, MISSING or TOLD */
	ms_t now;
	struct linter *l; /* at the rule at work */
	bool failed;
};

static char FOUND, MISSING, TOLD;

/* ---- questions ---------------------------------------------------------------------------------
 */

static bool any_series(struct search *s, struct str selector, bool *any)
{
	struct str body;
	struct buf path;
	json_t *root;
	bool ok;

	buf_init(&path, BUF_MAX_ANY);
	buf_adds(&path, "/api/v1/series?limit=1&match[]=");
	url_put_query(&path, selector);
	buf_printf(&path, "&start=%lld&end=%lld", (long long)((s->now - SPAN) / SECOND),
		   (long long)(s->now / SECOND));
	ok = prom_client_get(s->c, buf_str(&path), &s->arena, &body, s->err);
	buf_done(&path);
	if (!ok)
		return false;
	root = json_loadb(body.p, body.n, 0, NULL);
	*any = json_array_size(json_object_get(root, "data")) > 0;
	json_decref(root);
	return true;
}

/* The same, each selector asked once. */
static bool exists(struct search *s, struct str selector, bool *any)
{
	void *answer = map_get(&s->known, selector);

	if (answer) {
		*any = answer == &FOUND;
		return true;
	}
	if (!any_series(s, selector, any))
		return false;
	map_put(&s->known, selector, *any ? &FOUND : &MISSING);
	return true;
}

/* ---- who is to blame ---------------------------------------------------------------------------
 */

static struct str name_of(const struct expr *e)
{
	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];

		if (m->op == MATCH_EQ && str_is(m->name, LABEL_NAME))
			return m->value;
	}
	return (struct str){0};
}

/* The metric with some of its matchers: none (NULL), or one. */
static struct str selector_text(struct search *s, const struct expr *e, const struct matcher *one)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "{__name__=");
	promql_put_quoted(&b, name_of(e));
	if (one) {
		buf_addc(&b, ',');
		matcher_put(&b, one);
	}
	buf_addc(&b, '}');
	out = arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

static const char SINCE[] = ", now and in the last 30 days";

/* Is what the metric lacks one of its matchers, or all of them together? */
static bool blame_matcher(struct search *s, const struct expr *e, bool *told)
{
	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		const struct matcher *m = &e->u.selector.matchers[i];
		struct buf text;
		bool any;

		if (str_is(m->name, LABEL_NAME) || m->matches_empty)
			continue;
		if (!exists(s, selector_text(s, e, m), &any))
			return false;
		if (any)
			continue;
		buf_init(&text, 512);
		matcher_put(&text, m);
		*told = lint_tell(s->l, LINT_NO_SUCH_LABEL, e, "no series of %.*s has %.*s%s",
				  STR_ARG(name_of(e)), STR_ARG(buf_str(&text)), SINCE);
		buf_done(&text);
		return true;
	}
	*told = lint_tell(s->l, LINT_NO_SUCH_LABEL, e,
			  "no series of %.*s has all of these labels together%s",
			  STR_ARG(name_of(e)), SINCE);
	return true;
}

static bool blame(struct search *s, const struct expr *e, bool *told)
{
	bool any;

	if (!exists(s, selector_text(s, e, NULL), &any))
		return false;
	if (any)
		return blame_matcher(s, e, told);
	*told = lint_tell(s->l, LINT_NO_SUCH_METRIC, e, "there is no metric %.*s%s",
			  STR_ARG(name_of(e)), SINCE);
	return true;
}

/* ---- selectors ---------------------------------------------------------------------------------
 */

/* The selector without range, offset and @. */
static struct str bare_text(struct search *s, const struct expr *selector)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_print_bare(&b, selector);
	out = arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* One that a comment hid is told at the next rule that has it. */
static void look_up(struct search *s, const struct expr *e)
{
	struct str text = bare_text(s, e);
	bool any, told = false;

	if (map_get(&s->known, text) == &TOLD)
		return;
	if (!exists(s, text, &any) || (!any && !blame(s, e, &told)))
		s->failed = true;
	else if (told)
		map_put(&s->known, text, &TOLD);
}

static void visit_selector(struct search *s, const struct expr *e)
{
	struct str name = name_of(e);

	if (s->failed || e->u.selector.label_only || name.n == 0 || map_get(&s->recorded, name) ||
	    str_is(name, "ALERTS") || str_is(name, "ALERTS_FOR_STATE"))
		return;
	look_up(s, e);
}

/* What absent() looks for is meant to be missed. */
static bool visit(void *arg, const struct expr *e)
{
	if (e->kind == EXPR_CALL && str_starts(e->u.call.name, "absent"))
		return false;
	if (e->kind == EXPR_SELECTOR)
		visit_selector(arg, e);
	return true;
}

static void visit_rule(void *arg, struct linter *l, const struct rule *r)
{
	struct search *s = arg;

	s->l = l;
	if (!s->failed)
		expr_walk(r->expr, visit, s);
}

bool check_prometheus(struct prom_client *c, const struct lint_pass *p, ms_t now, struct err *err)
{
	struct search s = {.c = c, .err = err, .now = now};
	const struct rule_set *rs = p->rules;

	if (!p->o->on[LINT_NO_SUCH_METRIC] && !p->o->on[LINT_NO_SUCH_LABEL])
		return true;
	arena_init(&s.arena);
	map_init(&s.recorded);
	map_init(&s.known);
	for (size_t g = 0; g < rs->n; g++) {
		for (size_t k = 0; k < rs->groups[g].n; k++) {
			if (!rs->groups[g].rules[k].alerting)
				map_put(&s.recorded, rs->groups[g].rules[k].name, &s);
		}
	}
	lint_each_rule(p, visit_rule, &s);
	map_done(&s.recorded);
	map_done(&s.known);
	arena_done(&s.arena);
	return !s.failed;
}
