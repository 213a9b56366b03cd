/* The front page, from the one big sentence down to the last rule. */
#include "web/page_status.h"

#include "web/page.h"
#include "web/page_alerts.h"
#include "web/page_health.h"
#include "web/page_rules.h"

static void put_headline(struct page *p)
{
	const struct count *n = &p->count;

	buf_adds(p->b, "<h1>");
	if (p->self.blind)
		buf_adds(p->b, "Blind: Prometheus does not answer");
	else if (n->firing)
		page_plural(p->b, n->firing, "alert firing", "alerts firing");
	else
		buf_adds(p->b, "Nothing is firing");
	buf_adds(p->b, "</h1>\n");
}

/* "1 pending · 14 rules in 3 groups · last looked 3s ago" */
static void put_subline(struct page *p)
{
	const struct count *n = &p->count;
	struct buf *b = p->b;

	buf_adds(b, "<p>");
	if (p->self.blind && n->firing) {
		page_plural(b, n->firing, "alert was firing", "alerts were firing");
		buf_adds(b, " · ");
	}
	if (n->pending) {
		html_count(b, n->pending);
		buf_adds(b, " pending · ");
	}
	page_plural(b, n->rules, "rule", "rules");
	buf_adds(b, " in ");
	page_plural(b, n->groups, "group", "groups");
	if (n->failing) {
		buf_adds(b, ", ");
		html_count(b, n->failing);
		buf_adds(b, " failing");
	}
	if (n->last_evaluation != MS_NONE) {
		buf_adds(b, " · last looked ");
		html_ago(b, n->last_evaluation, p->now);
	}
	buf_adds(b, "</p>\n");
}

static void put_now(struct page *p)
{
	buf_adds(p->b, "<div id=\"now\" data-live>\n<section class=\"hero\" aria-label=\"Now\">\n"
		       "<svg class=\"mark\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">");
	buf_adds(p->b, p->mood == MOOD_FIRING || p->mood == MOOD_BLIND
			       ? "<path d=\"M12 7v6M12 16.5v.5\"/>"
			       : "<path d=\"M7.5 12.5l3 3 6-7\"/>");
	buf_adds(p->b, "<circle cx=\"12\" cy=\"12\" r=\"9.5\"/></svg>\n<div>");
	put_headline(p);
	put_subline(p);
	buf_adds(p->b, "</div>\n</section>\n");
	page_banners(p);
	buf_adds(p->b, "</div>\n");
}

static void put_option(struct page *p, enum filter_state state, const char *value, const char *text)
{
	buf_printf(p->b, "<option value=\"%s\"%s>%s</option>", value,
		   p->filter.state == state ? " selected" : "", text);
}

static void put_filter(struct page *p)
{
	buf_adds(p->b, "<form id=\"filter\" role=\"search\" method=\"get\" action=\"./\">\n"
		       "<label><span>Show</span> <select name=\"state\">");
	put_option(p, FILTER_ALL, "", "everything");
	put_option(p, FILTER_FIRING, "firing", "firing");
	put_option(p, FILTER_PENDING, "pending", "pending");
	put_option(p, FILTER_FAILING, "failing", "failing rules");
	html_put(p->b,
		 "</select></label>\n<label class=\"q\"><span>with</span> <input type=\"search\" "
		 "name=\"q\" maxlength=\"256\" placeholder=\"words, or label=value\" value=\"$\">"
		 "</label>\n<button>Filter</button>\n",
		 p->filter.text);
	if (filter_set(&p->filter))
		buf_adds(p->b, "<a href=\"./\">Clear</a>\n");
	buf_adds(p->b, "</form>\n");
}

static struct str title(struct page *p)
{
	struct arena *a = p->x->arena;

	if (p->self.blind)
		return STR("Blind · rouse");
	if (p->count.firing)
		return arena_printf(a, "%zu firing · rouse", p->count.firing);
	if (p->count.pending)
		return arena_printf(a, "%zu pending · rouse", p->count.pending);
	return STR("Nothing is firing · rouse");
}

void page_status(struct exchange *x)
{
	struct page p;

	page_init(&p, x);
	page_begin(&p, title(&p));
	put_now(&p);
	put_filter(&p);
	buf_adds(p.b, "<div id=\"rest\" data-live>\n<div id=\"alerts\">\n");
	page_alerts(&p);
	buf_adds(p.b, "</div>\n");
	page_deliveries(&p);
	page_health(&p);
	page_rules(&p);
	buf_adds(p.b, "</div>\n");
	page_end(&p, 200);
}
