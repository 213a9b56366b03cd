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
	const struct rule_set *rs;
	struct diags *diags;
	struct err *err;
	struct arena arena;
	struct map recorded; /* names that rules of the set write */
	struct map known;    /* selector -> FOUND or MISSING */
	ms_t now;
	const struct rule_group *group; /* at work */
	const struct rule *rule;
	bool failed;
};

static char FOUND, MISSING;

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

static void tell(struct search *s, const char *lint, struct str what)
{
	diags_warn(s->diags, s->group->file, s->rule->line, s->rule->col,
		   "%s: %.*s: %.*s, now and in the last 30 days", lint, STR_ARG(s->rule->name),
		   STR_ARG(what));
}

static bool blame_matcher(struct search *s, const struct expr *e)
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
		tell(s, "no-such-label",
		     arena_printf(&s->arena, "no series of %.*s has %.*s", STR_ARG(name_of(e)),
				  STR_ARG(buf_str(&text))));
		buf_done(&text);
		return true;
	}
	tell(s, "no-such-label",
	     arena_printf(&s->arena, "no series of %.*s has all of these labels together",
			  STR_ARG(name_of(e))));
	return true;
}

static bool blame(struct search *s, const struct expr *e)
{
	bool any;

	if (!exists(s, selector_text(s, e, NULL), &any))
		return false;
	if (any)
		return blame_matcher(s, e);
	tell(s, "no-such-metric",
	     arena_printf(&s->arena, "there is no metric %.*s", STR_ARG(name_of(e))));
	return true;
}

/* ---- selectors ---------------------------------------------------------------------------------
 */

/* The selector without range, offset and @. */
static struct str bare_text(struct search *s, const struct expr *selector)
{
	struct expr bare = *selector;
	struct str out;
	struct buf b;

	bare.u.selector.time = (struct expr_time){0};
	bare.u.selector.anchored = bare.u.selector.smoothed = false;
	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, &bare);
	out = arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

static void visit_selector(void *arg, const struct expr *e)
{
	struct search *s = arg;
	struct str name = name_of(e);
	bool any, told;

	if (s->failed || e->u.selector.label_only || name.n == 0 || map_get(&s->recorded, name) ||
	    str_is(name, "ALERTS") || str_is(name, "ALERTS_FOR_STATE"))
		return;
	told = map_get(&s->known, bare_text(s, e)) == &MISSING;
	if (!exists(s, bare_text(s, e), &any) || (!any && !told && !blame(s, e)))
		s->failed = true;
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

bool check_prometheus(struct prom_client *c, const struct rule_set *rs, ms_t now,
		      struct diags *diags, struct err *err)
{
	struct search s = {.c = c, .rs = rs, .diags = diags, .err = err, .now = now};

	arena_init(&s.arena);
	map_init(&s.recorded);
	map_init(&s.known);
	for (size_t g = 0; g < rs->n; g++) {
		for (size_t k = 0; k < rs->groups[g].n; k++) {
			if (!rs->groups[g].rules[k].alerting)
				map_put(&s.recorded, rs->groups[g].rules[k].name, &s);
		}
	}
	for (size_t g = 0; g < rs->n && !s.failed; g++) {
		s.group = &rs->groups[g];
		for (size_t k = 0; k < s.group->n && !s.failed; k++) {
			s.rule = &s.group->rules[k];
			expr_walk(s.rule->expr, visit, &s);
		}
	}
	map_done(&s.recorded);
	map_done(&s.known);
	arena_done(&s.arena);
	return !s.failed;
}
