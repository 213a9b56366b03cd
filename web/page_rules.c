/* The list of rules. Groups are closed unless the reader filtered; what fails stands above them. */
#include "web/page_rules.h"

#include "evaluator/config.h"
#include "evaluator/core.h"

#define FAILING_MAX 100
#define EXPR_BYTES 200 /* of an expression in the list; the rule's page has the whole */

struct walk {
	struct page *p;
	size_t rows, left; /* rules written and left out */
	size_t groups;	   /* written */
};

struct group_walk {
	struct walk *w;
	const struct group_view *v;
	size_t wanted, firing, pending, failing;
};

/* Without remote_write there is nowhere to put what a recording rule computes. */
static bool left_to_prometheus(const struct page *p, const struct rule *r)
{
	const struct config *c = core_config(p->x->core);

	return !r->alerting && c && !c->prometheus.remote_write;
}

void page_rule_state(struct page *p, const struct rule_view *r)
{
	if (r->health == RULE_ERR)
		page_state(p->b, "err", "failing");
	else if (r->health == RULE_UNKNOWN && left_to_prometheus(p, r->rule))
		page_state(p->b, "inactive", "left to Prometheus");
	else if (!r->evaluated || r->health == RULE_UNKNOWN)
		page_state(p->b, "inactive", "not evaluated yet");
	else if (!r->rule->alerting)
		page_state(p->b, "ok", "recording");
	else if (r->state == ALERT_INACTIVE)
		page_state(p->b, "ok", "inactive");
	if (r->rule->alerting && r->state != ALERT_INACTIVE)
		page_state(p->b, alert_state_name(r->state), alert_state_name(r->state));
}

static void put_expr(struct buf *b, struct str query)
{
	size_t n = MIN(query.n, (size_t)EXPR_BYTES);

	/* not within a sequence of UTF-8 */
	while (n < query.n && n && ((unsigned char)query.p[n] & 0xC0) == 0x80)
		n--;
	html_put(b,
		 n < query.n ? "<code class=\"expr\">$ …</code>" : "<code class=\"expr\">$</code>",
		 str_cut(query, 0, n));
}

static void put_row(struct page *p, const struct rule_view *r)
{
	struct buf *b = p->b;

	buf_adds(b, "<tr><td data-th=\"State\">");
	page_rule_state(p, r);
	buf_adds(b, "</td><th scope=\"row\" data-th=\"Rule\">");
	page_rule_link(p, r);
	put_expr(b, r->rule->query);
	if (r->last_error.n)
		html_put(b, "<p class=\"error\">$</p>", r->last_error);
	buf_adds(b, "</th><td data-th=\"Last evaluation\">");
	html_ago(b, r->last_evaluation, p->now);
	if (r->last_evaluation != MS_NONE)
		buf_printf(b, " <span class=\"note\">%.3g ms</span>", r->evaluation_s * 1000);
	buf_adds(b, "</td></tr>\n");
}

static const char table_head[] =
	"<table class=\"stack rules\">\n<thead><tr><th scope=\"col\">State</th>"
	"<th scope=\"col\">Rule</th><th scope=\"col\">Last evaluation</th></tr></thead>\n<tbody>\n";

/* ---- failing -------------------------------------------------------------------------- */

static bool failing_rule(void *arg, const struct rule_view *r)
{
	struct walk *w = arg;

	if (r->health != RULE_ERR || !filter_rule(&w->p->filter, r))
		return true;
	if (w->rows == FAILING_MAX) {
		w->left++;
		return true;
	}
	if (!w->rows++) {
		buf_adds(w->p->b, "<section aria-labelledby=\"failing\">\n"
				  "<h2 id=\"failing\">Failing rules</h2>\n");
		buf_adds(w->p->b, table_head);
	}
	put_row(w->p, r);
	return true;
}

static bool failing_group(void *arg, const struct group_view *v)
{
	struct walk *w = arg;

	core_rules(w->p->x->core, v->group, failing_rule, w);
	return true;
}

static void put_failing(struct page *p)
{
	struct walk w = {.p = p};

	if (!p->count.failing)
		return;
	core_groups(p->x->core, failing_group, &w);
	if (!w.rows)
		return;
	buf_adds(p->b, "</tbody>\n</table>\n");
	page_more(p, w.left, " rules fail");
	buf_adds(p->b, "</section>\n");
}

/* ---- all, by group -------------------------------------------------------------------- */

static bool count_rule(void *arg, const struct rule_view *r)
{
	struct group_walk *g = arg;

	if (!filter_rule(&g->w->p->filter, r))
		return true;
	g->wanted++;
	g->failing += r->health == RULE_ERR;
	g->firing += r->state == ALERT_FIRING;
	g->pending += r->state == ALERT_PENDING;
	return true;
}

static void put_mark(struct page *p, const char *class, size_t n, const char *what)
{
	if (!n)
		return;
	buf_printf(p->b, " <span class=\"state %s\">", class);
	html_count(p->b, n);
	buf_printf(p->b, " %s</span>", what);
}

static void put_group_head(struct group_walk *g)
{
	struct page *p = g->w->p;
	struct buf *b = p->b;
	const struct rule_group *group = g->v->group;

	html_put(b, "<details class=\"group\" data-key=\"$\"", group->key);
	if (filter_set(&p->filter))
		buf_adds(b, " open");
	html_put(b, "><summary><span class=\"name\">$</span>", group->name);
	put_mark(p, "err", g->failing, "failing");
	put_mark(p, "firing", g->firing, "firing");
	put_mark(p, "pending", g->pending, "pending");
	html_put(b, "<span class=\"note\">$ · ", group->file);
	page_plural(b, g->wanted, "rule", "rules");
	buf_adds(b, " · every ");
	html_span(b, group->interval);
	buf_adds(b, " · ");
	html_ago(b, g->v->last_evaluation, p->now);
	if (g->v->missed) {
		buf_adds(b, " · ");
		html_count(b, g->v->missed);
		buf_adds(b, " missed");
	}
	buf_adds(b, "</span></summary>\n");
}

static bool put_rule(void *arg, const struct rule_view *r)
{
	struct group_walk *g = arg;
	struct walk *w = g->w;

	if (!filter_rule(&w->p->filter, r))
		return true;
	if (w->rows == PAGE_RULES_MAX) {
		w->left++;
	} else {
		w->rows++;
		put_row(w->p, r);
	}
	return true;
}

static bool put_group(void *arg, const struct group_view *v)
{
	struct walk *w = arg;
	struct group_walk g = {.w = w, .v = v};

	core_rules(w->p->x->core, v->group, count_rule, &g);
	if (!g.wanted)
		return true;
	if (w->rows == PAGE_RULES_MAX) {
		w->left += g.wanted;
		return true;
	}
	w->groups++;
	put_group_head(&g);
	buf_adds(w->p->b, table_head);
	core_rules(w->p->x->core, v->group, put_rule, &g);
	buf_adds(w->p->b, "</tbody>\n</table>\n</details>\n");
	return true;
}

void page_rules(struct page *p)
{
	struct walk w = {.p = p};

	put_failing(p);
	buf_adds(p->b, "<section aria-labelledby=\"rules\">\n<h2 id=\"rules\">Rules</h2>\n");
	core_groups(p->x->core, put_group, &w);
	if (!w.groups)
		buf_adds(p->b, p->count.rules
				       ? "<p class=\"empty\">No rule matches the filter.</p>\n"
				       : "<p class=\"empty\">No rules are loaded.</p>\n");
	page_more(p, w.left,
		  " rules; narrow the list with the filter, or ask the "
		  "<a href=\"api/v1/rules\">API</a> for all");
	buf_adds(p->b, "</section>\n");
}
