/* The frame of the pages. */
#include "web/page.h"

#include "evaluator/config.h"
#include "evaluator/core.h"
#include "web/answer.h"
#include "web/asset.h"

static enum mood mood_of(const struct page *p)
{
	if (p->self.blind)
		return MOOD_BLIND;
	if (p->count.firing)
		return MOOD_FIRING;
	return p->count.pending ? MOOD_PENDING : MOOD_CALM;
}

static const char *mood_name(enum mood m)
{
	switch (m) {
	case MOOD_CALM: return "calm";
	case MOOD_PENDING: return "pending";
	case MOOD_FIRING: return "firing";
	case MOOD_BLIND: return "blind";
	}
	return "calm";
}

void page_init(struct page *p, struct exchange *x)
{
	*p = (struct page){
		.x = x,
		.b = &x->body,
		.now = x->now.wall,
		.filter = filter_read(x),
		.count = count_all(x->core),
	};
	core_self(x->core, &p->self);
	p->mood = mood_of(p);
}

static const char *icon_of(enum mood m)
{
	if (m == MOOD_CALM)
		return "calm.svg";
	return m == MOOD_PENDING ? "pending.svg" : "firing.svg";
}

static void put_head(struct buf *b, struct str title, enum mood mood, bool refresh)
{
	buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n"
		    "<meta name=\"robots\" content=\"noindex\">\n");
	if (refresh)
		buf_adds(b, "<noscript><meta http-equiv=\"refresh\" "
			    "content=\"60\"></noscript>\n");
	html_put(b, "<title>$</title>\n", title);
	buf_adds(b, "<link id=\"icon\" rel=\"icon\" type=\"image/svg+xml\" href=\"");
	asset_put_url(b, icon_of(mood));
	buf_adds(b, "\">\n<link rel=\"stylesheet\" href=\"");
	asset_put_url(b, "style.css");
	buf_adds(b, "\">\n");
	if (refresh) {
		buf_adds(b, "<script defer src=\"");
		asset_put_url(b, "app.js");
		buf_adds(b, "\"></script>\n");
	}
	buf_adds(b, "</head>\n");
}

void page_bare_begin(struct exchange *x, struct str title)
{
	put_head(&x->body, title, MOOD_CALM, false);
	buf_adds(&x->body, "<body>\n<main id=\"main\" class=\"bare\">\n");
}

void page_bare_end(struct exchange *x, int status)
{
	buf_adds(&x->body, "</main>\n</body>\n</html>\n");
	answer_html(x, status);
}

void page_begin(struct page *p, struct str title)
{
	put_head(p->b, title, p->mood, true);
	buf_printf(p->b, "<body class=\"%s\">\n", mood_name(p->mood));
	buf_adds(p->b,
		 "<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
		 "<header class=\"top\">\n"
		 "<a class=\"brand\" href=\"./\"><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">"
		 "<path d=\"M12 3a6 6 0 0 0-6 6c0 5-2 7-2.5 8h17C20 16 18 14 18 9a6 6 0 0 "
		 "0-6-6zM9.8 19a2.3 "
		 "2.3 0 0 0 4.4 0z\"/></svg>rouse</a>\n"
		 "<nav aria-label=\"Sections\"><a href=\"./#alerts\">Alerts</a>"
		 "<a href=\"./#pages\">Pages</a><a href=\"./#health\">Health</a>"
		 "<a href=\"./#rules\">Rules</a>"
		 "<a href=\"incidents\">Incidents</a><a href=\"oncall\">On call</a>"
		 "<a href=\"alerts\">Told</a><a href=\"silences\">Silences</a></nav>\n"
		 "<span id=\"link\" role=\"status\"></span>\n"
		 "<span id=\"said\" class=\"skip\" role=\"status\"></span>\n"
		 "</header>\n<main id=\"main\">\n");
}

void page_end(struct page *p, int status)
{
	html_put(p->b,
		 "</main>\n<footer>\n<p>rouse $ · "
		 "<a href=\"api/v1/alerts\">alerts</a> and <a href=\"api/v1/rules\">rules</a> as "
		 "JSON · "
		 "<a href=\"metrics\">metrics</a></p>\n<p id=\"drawn\" data-live>Seen at ",
		 p->x->web->options.version);
	html_time(p->b, p->now, p->now);
	buf_adds(p->b, "</p>\n</footer>\n</body>\n</html>\n");
	answer_html(p->x, status);
}

void page_plural(struct buf *b, size_t n, const char *one, const char *many)
{
	html_count(b, n);
	buf_addc(b, ' ');
	buf_adds(b, n == 1 ? one : many);
}

void page_state(struct buf *b, const char *class, const char *text)
{
	buf_printf(b, "<span class=\"state %s\">%s</span>", class, text);
}

void page_rule_link(struct page *p, const struct rule_view *r)
{
	buf_adds(p->b, "<a href=\"rule?group=");
	html_query(p->b, r->group->key);
	buf_printf(p->b, "&amp;number=%d\">", r->rule->number);
	html_text(p->b, r->rule->name);
	buf_adds(p->b, "</a>");
}

void page_query_link(struct page *p, struct str query)
{
	const struct config *c = core_config(p->x->core);

	if (!c || !html_is_link(c->prometheus.console_url))
		return;
	html_put(p->b, "<a class=\"out\" rel=\"noopener noreferrer\" href=\"$/graph?g0.expr=",
		 c->prometheus.console_url);
	html_query(p->b, query);
	buf_adds(p->b, "&amp;g0.tab=1\">Graph</a>");
}

void page_graph_link(struct page *p, const struct rule *r)
{
	page_query_link(p, r->query);
}

void page_more(struct page *p, size_t n, const char *what)
{
	if (!n)
		return;
	buf_adds(p->b, "<p class=\"more\">and ");
	html_count(p->b, n);
	buf_printf(p->b, " more%s</p>\n", what);
}
