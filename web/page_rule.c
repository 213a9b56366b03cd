/* The page of one rule. */
#include "web/page_rule.h"

#include "base/num.h"
#include "web/page.h"
#include "web/page_alerts.h"
#include "web/page_rules.h"

struct wanted {
	const struct core *core;
	struct str group;
	int64_t number;
	struct rule_view rule; /* rule.rule NULL: not found */
	struct group_view at;
};

static bool find_rule(void *arg, const struct rule_view *r)
{
	struct wanted *w = arg;

	if (r->rule->number != w->number)
		return true;
	w->rule = *r;
	return false;
}

static bool find_group(void *arg, const struct group_view *v)
{
	struct wanted *w = arg;

	if (!str_eq(v->group->key, w->group))
		return true;
	w->at = *v;
	core_rules(w->core, v->group, find_rule, w);
	return false;
}

static void put_texts(struct buf *b, const char *caption, const struct rule_text *v, size_t n)
{
	if (!n)
		return;
	buf_printf(b, "<dt>%s</dt><dd><dl class=\"texts\">", caption);
	for (size_t i = 0; i < n; i++)
		html_put(b, "<dt>$</dt><dd>$</dd>", v[i].name, v[i].value);
	buf_adds(b, "</dl></dd>\n");
}

static void put_duration(struct buf *b, const char *name, ms_t d)
{
	if (!d)
		return;
	buf_printf(b, "<dt>%s</dt><dd>", name);
	num_put_duration(b, d);
	buf_adds(b, "</dd>\n");
}

static void put_facts(struct page *p, const struct wanted *w)
{
	const struct rule *r = w->rule.rule;
	struct buf *b = p->b;

	buf_adds(b, "<dl class=\"facts\">\n");
	html_put(b, "<dt>Asks</dt><dd><pre><code>$</code></pre>", r->query);
	page_graph_link(p, r);
	buf_adds(b, "</dd>\n");
	put_duration(b, "For", r->hold);
	put_duration(b, "Keep firing for", r->keep_firing_for);
	if (labels_count(r->labels)) {
		buf_adds(b, "<dt>Labels</dt><dd>");
		html_labels(b, r->labels, (struct labels){0});
		buf_adds(b, "</dd>\n");
	}
	put_texts(b, "Annotations", r->annotations, r->n_annotations);
	html_put(b, "<dt>Written in</dt><dd>$", w->rule.group->file);
	buf_printf(b, ":%d", r->line);
	html_put(b, ", group $, every ", w->rule.group->name);
	html_span(b, w->rule.group->interval);
	buf_adds(b, "</dd>\n<dt>Last evaluation</dt><dd>");
	html_ago(b, w->rule.last_evaluation, p->now);
	if (w->rule.last_evaluation != MS_NONE)
		buf_printf(b, ", took %.3g ms", w->rule.evaluation_s * 1000);
	buf_adds(b, "</dd>\n<dt>Next evaluation</dt><dd>");
	if (w->at.next_evaluation > p->now) {
		buf_adds(b, "in ");
		html_span(b, w->at.next_evaluation - p->now);
		buf_adds(b, ", at ");
	}
	html_time(b, w->at.next_evaluation, p->now);
	buf_adds(b, "</dd>\n</dl>\n");
}

static void put_missing(struct page *p)
{
	page_begin(p, STR("No such rule · rouse"));
	buf_adds(p->b, "<h1>No such rule</h1>\n<p>It may have gone with a reload: see <a "
		       "href=\"./#rules\">all rules</a>.</p>\n");
	page_end(p, 404);
}

void page_rule(struct exchange *x)
{
	struct page p;
	struct wanted w = {.core = x->core, .group = exchange_param(x, "group")};

	page_init(&p, x);
	if (num_int(exchange_param(x, "number"), 10, &w.number) == NUM_OK)
		core_groups(x->core, find_group, &w);
	if (!w.rule.rule) {
		put_missing(&p);
		return;
	}
	page_begin(&p, arena_printf(x->arena, "%.*s · rouse", STR_ARG(w.rule.rule->name)));
	buf_adds(p.b, "<div id=\"rest\" data-live>\n");
	html_put(p.b, "<h1 class=\"rule\">$ ", w.rule.rule->name);
	page_rule_state(&p, &w.rule);
	buf_adds(p.b, "</h1>\n");
	if (w.rule.last_error.n)
		html_put(p.b,
			 "<div class=\"banner bad\"><b>The last evaluation "
			 "failed.</b> "
			 "<span class=\"pre\">$</span></div>\n",
			 w.rule.last_error);
	put_facts(&p, &w);
	page_alerts_of_rule(&p, &w.rule);
	buf_adds(p.b, "</div>\n");
	page_end(&p, 200);
}
