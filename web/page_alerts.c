/* Cards of firing alerts, the table of pending ones. */
#include "web/page_alerts.h"

#include <stdlib.h>
#include <string.h>

#define CARD_ALERTS_MAX 20 /* of one rule on the status page; its own page has more */

/* The alerts of one rule that are wanted. */
struct card {
	struct rule_view rule;
	struct rule_alert_view *v;
	size_t n;
	int rank;    /* of its severity: 0 is the worst */
	ms_t newest; /* when the last of them began to fire */
	size_t shown;
	struct labels common, said; /* labels, annotations that all shown ones have */
};

struct gather {
	struct page *p;
	enum alert_state state;
	struct card *cards;
	size_t n, cap;
	struct card *at; /* being filled */
	size_t cap_alerts;
};

/* ---- collecting --------------------------------------------------------------------------------
 */

/* The same array twice as long, in the request's arena. */
static void *grown(struct arena *a, const void *old, size_t n, size_t cap, size_t item)
{
	char *v = arena_alloc(a, cap * item);

	if (n)
		memcpy(v, old, n * item);
	return v;
}

static bool gather_alert(void *arg, const struct rule_alert_view *a)
{
	struct gather *g = arg;
	struct card *c = g->at;

	if (a->state != g->state || !filter_alert(&g->p->filter, &c->rule, a))
		return true;
	if (c->n == g->cap_alerts) {
		g->cap_alerts = MAX(g->cap_alerts * 2, (size_t)4);
		c->v = grown(g->p->x->arena, c->v, c->n, g->cap_alerts, sizeof(*c->v));
	}
	c->v[c->n++] = *a;
	return true;
}

static int severity_rank(struct labels ls)
{
	static const struct {
		const char *name;
		int rank;
	} known[] = {
		{"critical", 0}, {"page", 0},  {"emergency", 0}, {"disaster", 0}, {"fatal", 0},
		{"high", 1},	 {"error", 1}, {"major", 1},	 {"warning", 2},  {"warn", 2},
		{"medium", 2},	 {"minor", 3}, {"low", 4},	 {"notice", 4},	  {"info", 4},
		{"none", 5},	 {"debug", 5},
	};
	struct str s = labels_get(ls, STR("severity"));

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (str_is(s, known[i].name))
			return known[i].rank;
	}
	return 3;
}

static ms_t began(const struct rule_alert_view *a)
{
	return a->state == ALERT_FIRING && a->fired_at != MS_NONE ? a->fired_at : a->active_at;
}

static bool gather_rule(void *arg, const struct rule_view *r)
{
	struct gather *g = arg;

	if (!r->n_alerts)
		return true;

	struct card c = {.rule = *r, .rank = 9, .newest = MS_NONE};

	g->at = &c;
	g->cap_alerts = 0;
	core_rule_alerts(g->p->x->core, r, gather_alert, g);
	if (!c.n)
		return true;
	for (size_t i = 0; i < c.n; i++) {
		c.rank = MIN(c.rank, severity_rank(c.v[i].labels));
		c.newest = MAX(c.newest, began(&c.v[i]));
	}
	if (g->n == g->cap) {
		g->cap = MAX(g->cap * 2, (size_t)16);
		g->cards = grown(g->p->x->arena, g->cards, g->n, g->cap, sizeof(*g->cards));
	}
	g->cards[g->n++] = c;
	return true;
}

static bool gather_group(void *arg, const struct group_view *v)
{
	struct gather *g = arg;

	core_rules(g->p->x->core, v->group, gather_rule, g);
	return true;
}

/* Worst first, then newest, then as in the files. */
static int card_cmp(const void *a, const void *b)
{
	const struct card *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->newest != y->newest)
		return x->newest > y->newest ? -1 : 1;

	int c = str_cmp(x->rule.group->key, y->rule.group->key);

	return c ? c : x->rule.rule->number - y->rule.rule->number;
}

static struct gather collect(struct page *p, enum alert_state state)
{
	struct gather g = {.p = p, .state = state};

	core_groups(p->x->core, gather_group, &g);
	if (g.n)
		qsort(g.cards, g.n, sizeof(*g.cards), card_cmp);
	return g;
}

/* ---- what alerts have in common ------------------------------------------------------- */

static struct labels labels_of(const struct rule_alert_view *a, bool annotations)
{
	return annotations ? a->annotations : a->labels;
}

static bool all_have(const struct card *c, struct label l, bool annotations)
{
	for (size_t i = 1; i < c->shown; i++) {
		if (!str_eq(labels_get(labels_of(&c->v[i], annotations), l.name), l.value))
			return false;
	}
	return true;
}

static struct labels common_of(struct page *p, const struct card *c, bool annotations)
{
	struct labels all = labels_of(&c->v[0], annotations);
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct label l;

	labels_builder_init(&lb);
	while (labels_next(all, &it, &l)) {
		if (all_have(c, l, annotations))
			labels_builder_set(&lb, l.name, l.value);
	}
	all = labels_builder_build(&lb, p->x->arena);
	labels_builder_done(&lb);
	return all;
}

/* ---- one card ------------------------------------------------------------------------- */

static const char *const headline_names[] = {"summary", "title", "message", "description"};
static const char *const runbook_names[] = {"runbook_url", "runbook"};
static const char *const dashboard_names[] = {"dashboard_url", "dashboard"};

/* The first of these annotations that is there and not left out. */
static struct str first_of(struct labels ls, const char *const *names, size_t n, struct str *name)
{
	for (size_t i = 0; i < n; i++) {
		struct str v = labels_get(ls, str_of(names[i]));

		if (v.n) {
			if (name)
				*name = str_of(names[i]);
			return v;
		}
	}
	return STR("");
}

/* Headline, description and the other texts; `but` was said already. */
static void put_texts(struct buf *b, struct labels ls, struct labels but)
{
	struct str name = {0};
	struct str head = first_of(ls, headline_names, ARRAY_LEN(headline_names), &name);
	struct str text = labels_get(ls, STR("description"));

	if (head.n && !str_eq(labels_get(but, name), head))
		html_put(b, "<p class=\"summary\">$</p>\n", head);
	if (text.n && !str_is(name, "description") &&
	    !str_eq(labels_get(but, STR("description")), text))
		html_put(b, "<p class=\"description\">$</p>\n", text);
}

static void put_links(struct page *p, const struct card *c)
{
	struct labels ls = c->said;
	struct str runbook = first_of(ls, runbook_names, ARRAY_LEN(runbook_names), NULL);
	struct str dashboard = first_of(ls, dashboard_names, ARRAY_LEN(dashboard_names), NULL);

	buf_adds(p->b, "<p class=\"links\">");
	if (runbook.n)
		html_link(p->b, runbook, STR("Runbook"));
	if (dashboard.n)
		html_link(p->b, dashboard, STR("Dashboard"));
	page_graph_link(p, c->rule.rule);
	buf_adds(p->b, "</p>\n");
}

static void put_because(struct buf *b, struct str because)
{
	if (because.n)
		html_put(b, "<p class=\"because\"><b>Because</b> <code>$</code></p>\n", because);
}

static bool same_because(const struct card *c)
{
	for (size_t i = 1; i < c->shown; i++) {
		if (!str_eq(c->v[i].because, c->v[0].because))
			return false;
	}
	return true;
}

/* "Firing for 12m, since 06:12 UTC · value 1" */
static void put_since(struct page *p, const struct rule_alert_view *a)
{
	struct buf *b = p->b;

	buf_adds(b, "<p class=\"since\">Firing for <b>");
	html_span(b, p->now - began(a));
	buf_adds(b, "</b>, since ");
	html_time(b, began(a), p->now);
	buf_adds(b, " · value ");
	html_value(b, a->value);
	if (a->keep_firing_since != MS_NONE) {
		buf_adds(b, " · condition over since ");
		html_time(b, a->keep_firing_since, p->now);
		buf_adds(b, ", kept firing");
	}
	buf_adds(b, "</p>\n");
}

static void put_instances(struct page *p, const struct card *c)
{
	bool because_said = same_because(c);

	buf_adds(p->b, "<ul class=\"instances\">\n");
	for (size_t i = 0; i < c->shown; i++) {
		const struct rule_alert_view *a = &c->v[i];

		buf_adds(p->b, "<li>");
		html_labels(p->b, a->labels, c->common);
		put_since(p, a);
		put_texts(p->b, a->annotations, c->said);
		if (!because_said)
			put_because(p->b, a->because);
		buf_adds(p->b, "</li>\n");
	}
	buf_adds(p->b, "</ul>\n");
	if (c->n > c->shown) {
		buf_adds(p->b, "<p class=\"more\">and ");
		html_count(p->b, c->n - c->shown);
		buf_adds(p->b, " more: ");
		page_rule_link(p, &c->rule);
		buf_adds(p->b, "</p>\n");
	}
}

static void put_severity(struct buf *b, const struct card *c)
{
	struct str s = labels_get(c->common, STR("severity"));

	if (s.n)
		html_put(b,
			 c->rank <= 1 ? "<span class=\"severity high\">$</span>"
				      : "<span class=\"severity\">$</span>",
			 s);
}

static void put_card(struct page *p, struct card *c)
{
	struct buf *b = p->b;

	c->common = common_of(p, c, false);
	c->said = common_of(p, c, true);
	buf_adds(b, "<article class=\"card firing\">\n<header><h3>");
	page_rule_link(p, &c->rule);
	buf_adds(b, "</h3>");
	put_severity(b, c);
	buf_adds(b, "<span class=\"state firing\">");
	if (c->n > 1) {
		html_count(b, c->n);
		buf_addc(b, ' ');
	}
	buf_adds(b, "firing</span></header>\n");
	if (c->n == 1)
		put_since(p, &c->v[0]);
	put_texts(b, c->said, (struct labels){0});
	if (same_because(c))
		put_because(b, c->v[0].because);
	html_labels(b, c->common, (struct labels){0});
	if (c->n > 1)
		put_instances(p, c);
	put_links(p, c);
	buf_adds(b, "</article>\n");
}

static void put_firing(struct page *p)
{
	struct gather g = collect(p, ALERT_FIRING);
	size_t room = PAGE_ALERTS_MAX, left = 0;

	if (!g.n)
		return;
	buf_adds(p->b, "<section aria-labelledby=\"firing\">\n<h2 id=\"firing\">Firing</h2>\n");
	for (size_t i = 0; i < g.n; i++) {
		struct card *c = &g.cards[i];

		c->shown = MIN(MIN(c->n, (size_t)CARD_ALERTS_MAX), room);
		room -= c->shown;
		if (c->shown)
			put_card(p, c);
		else
			left += c->n;
	}
	page_more(p, left,
		  " of other rules; narrow the list above, or ask the "
		  "<a href=\"api/v1/alerts\">API</a> for all");
	buf_adds(p->b, "</section>\n");
}

/* ---- pending -------------------------------------------------------------------------- */

/* When it will fire, if its condition goes on to hold. */
static void put_fires_in(struct page *p, const struct rule *r, const struct rule_alert_view *a)
{
	ms_t left = a->active_at + r->hold - p->now;

	if (a->active_at == MS_NONE || left <= 0) {
		buf_adds(p->b, "at the next evaluation");
		return;
	}
	buf_adds(p->b, "<b>");
	html_span(p->b, left);
	buf_adds(p->b, "</b>, at ");
	html_time(p->b, a->active_at + r->hold, p->now);
}

static void put_pending_row(struct page *p, const struct card *c, const struct rule_alert_view *a)
{
	struct buf *b = p->b;

	buf_adds(b, "<tr><th scope=\"row\" data-th=\"Alert\">");
	page_rule_link(p, &c->rule);
	html_labels(b, a->labels, (struct labels){0});
	put_because(b, a->because);
	buf_adds(b, "</th><td data-th=\"Value\">");
	html_value(b, a->value);
	buf_adds(b, "</td><td data-th=\"Pending for\">");
	html_span(b, p->now - a->active_at);
	buf_adds(b, "</td><td data-th=\"Fires in\">");
	put_fires_in(p, c->rule.rule, a);
	buf_adds(b, "</td></tr>\n");
}

static void put_pending(struct page *p)
{
	struct gather g = collect(p, ALERT_PENDING);
	size_t room = PAGE_ALERTS_MAX, left = 0;

	if (!g.n)
		return;
	buf_adds(p->b, "<section aria-labelledby=\"pending\">\n<h2 id=\"pending\">Pending</h2>\n"
		       "<table class=\"stack\">\n<thead><tr><th scope=\"col\">Alert</th>"
		       "<th scope=\"col\">Value</th><th scope=\"col\">Pending for</th>"
		       "<th scope=\"col\">Fires in</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < g.n; i++) {
		const struct card *c = &g.cards[i];
		size_t n = MIN(c->n, room);

		for (size_t k = 0; k < n; k++)
			put_pending_row(p, c, &c->v[k]);
		room -= n;
		left += c->n - n;
	}
	buf_adds(p->b, "</tbody>\n</table>\n");
	page_more(p, left, "; the <a href=\"api/v1/alerts\">API</a> has all");
	buf_adds(p->b, "</section>\n");
}

void page_alerts(struct page *p)
{
	size_t before = p->b->n;

	put_firing(p);
	put_pending(p);
	if (p->b->n == before && filter_set(&p->filter) && p->count.firing + p->count.pending)
		buf_adds(p->b, "<p class=\"empty\">No alert matches the filter.</p>\n");
}

/* ---- of one rule ---------------------------------------------------------------------- */

struct rows {
	struct page *p;
	size_t n;
};

static bool put_rule_row(void *arg, const struct rule_alert_view *a)
{
	struct rows *r = arg;
	struct buf *b = r->p->b;

	buf_adds(b, "<tr><td data-th=\"State\">");
	page_state(b, alert_state_name(a->state), alert_state_name(a->state));
	buf_adds(b, "</td><th scope=\"row\" data-th=\"Labels\">");
	html_labels(b, a->labels, (struct labels){0});
	put_texts(b, a->annotations, (struct labels){0});
	put_because(b, a->because);
	buf_adds(b, "</th><td data-th=\"Value\">");
	html_value(b, a->value);
	buf_adds(b, "</td><td data-th=\"Since\">");
	html_span(b, r->p->now - began(a));
	buf_adds(b, ", ");
	html_time(b, began(a), r->p->now);
	buf_adds(b, "</td></tr>\n");
	return ++r->n < PAGE_ALERTS_MAX;
}

void page_alerts_of_rule(struct page *p, const struct rule_view *r)
{
	struct rows rows = {.p = p};

	if (!r->n_alerts)
		return;
	buf_adds(p->b, "<section aria-labelledby=\"active\"><h2 id=\"active\">Active alerts</h2>\n"
		       "<table class=\"stack\">\n<thead><tr><th scope=\"col\">State</th>"
		       "<th scope=\"col\">Labels</th><th scope=\"col\">Value</th>"
		       "<th scope=\"col\">Since</th></tr></thead>\n<tbody>\n");
	core_rule_alerts(p->x->core, r, put_rule_row, &rows);
	buf_adds(p->b, "</tbody>\n</table>\n");
	page_more(p, r->n_alerts > rows.n ? r->n_alerts - rows.n : 0,
		  "; the <a href=\"api/v1/alerts\">API</a> has all");
	buf_adds(p->b, "</section>\n");
}
