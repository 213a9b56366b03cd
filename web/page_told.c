/* Alerts and silences as the notifier has them; see page_told.h. */
#include "web/page_told.h"

#include "evaluator/config.h"
#include "evaluator/core.h"
#include "notify/explain.h"
#include "notify/matcher.h"
#include "notify/notify.h"
#include "notify/silence.h"
#include "web/page.h"

struct told_page {
	struct page p;
	struct explain_query q;
	struct str filter;
	size_t n, left_out;
	uint64_t alert; /* of the row that is open */
	bool open;
	struct str id; /* the silence that is wanted */
};

/* ---- the question ------------------------------------------------------------------------ */
static void read_filter(struct told_page *t, struct exchange *x)
{
	const struct config *cfg = core_config(x->core);
	enum matcher_mode mode = cfg && cfg->notify ? cfg->notify->matcher_mode : MATCHERS_FALLBACK;
	struct matcher *v = NULL;
	struct err err;

	t->filter = str_trim(exchange_param(x, "filter"));
	t->q = (struct explain_query){.receiver = exchange_param(x, "receiver"), .at = MS_NONE};
	if (t->filter.n && am_matchers_parse(mode, t->filter, x->arena, &v, &t->q.n, &err))
		t->q.matchers = v;
	else
		t->q.n = 0;
}

static void put_filter(struct told_page *t, const char *action)
{
	html_put(t->p.b,
		 "<form id=\"filter\" role=\"search\" method=\"get\" action=\"$\">\n<label><span>"
		 "Matchers</span> <input type=\"search\" name=\"filter\" value=\"$\" "
		 "placeholder=\"{alertname=&quot;Down&quot;}\"></label>\n<button>Show</button>\n"
		 "</form>\n",
		 str_of(action), t->filter);
	if (t->filter.n && !t->q.matchers)
		html_put(t->p.b,
			 "<div class=\"banner warn\"><b>These are no matchers:</b> $</div>\n",
			 t->filter);
}

/* ---- alerts ------------------------------------------------------------------------------ */
static void end_row(struct told_page *t)
{
	if (t->open)
		buf_adds(t->p.b, "</td></tr>\n");
	t->open = false;
}

static bool put_decision(void *arg, const struct explanation *e)
{
	struct told_page *t = arg;
	struct buf *b = t->p.b;

	if (!t->open || t->alert != e->alert) {
		end_row(t);
		if (t->n == PAGE_ALERTS_MAX) {
			t->left_out++;
			t->alert = e->alert;
			return false;
		}
		if (!t->n++)
			buf_adds(b, "<table class=\"stack told\">\n<thead><tr><th "
				    "scope=\"col\">Alert</th>"
				    "<th scope=\"col\">Since</th><th scope=\"col\">What becomes of "
				    "it</th></tr></thead>\n<tbody>\n");
		t->alert = e->alert;
		t->open = true;
		html_put(b, "<tr><td data-th=\"Alert\"><b>$</b> ",
			 labels_get(e->labels, STR(LABEL_ALERTNAME)));
		page_state(b, e->firing ? "firing" : "calm", e->firing ? "firing" : "over");
		html_labels(b, e->labels, (struct labels){0});
		buf_adds(b, "</td><td data-th=\"Since\">");
		html_ago(b, e->firing ? e->starts_at : e->ends_at, t->p.now);
		buf_adds(b, "</td><td data-th=\"What becomes of it\">");
	} else {
		buf_adds(b, "<br>");
	}
	html_put(b, "<b>$</b>: $", e->integration.n ? e->integration : e->receiver, e->text);
	return true;
}

void page_told_alerts(struct exchange *x)
{
	struct told_page t = {.n = 0};

	page_init(&t.p, x);
	read_filter(&t, x);
	page_begin(&t.p, STR("Alerts · rouse"));
	buf_adds(t.p.b, "<div id=\"rest\" data-live>\n<h1 class=\"rule\">Alerts, and who is told"
			"</h1>\n");
	put_filter(&t, "alerts");
	notify_explain(core_notify(x->core), x->now, &t.q, put_decision, &t);
	end_row(&t);
	if (t.n)
		buf_adds(t.p.b, "</tbody>\n</table>\n");
	else
		buf_adds(t.p.b, "<p>Nothing fires.</p>\n");
	if (t.left_out)
		buf_adds(t.p.b, "<p>There are more: <a href=\"api/v2/alerts\">all of them</a> as "
				"JSON.</p>\n");
	buf_adds(t.p.b, "</div>\n");
	page_end(&t.p, 200);
}

/* ---- silences ---------------------------------------------------------------------------- */
static bool has_matcher(const struct silence *s, const struct matcher *m)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->matchers[i].op == m->op && str_eq(s->matchers[i].name, m->name) &&
		    str_eq(s->matchers[i].value, m->value))
			return true;
	}
	return false;
}

static bool is_wanted(const struct told_page *t, const struct silence *s)
{
	for (size_t i = 0; i < t->q.n; i++) {
		if (!has_matcher(s, &t->q.matchers[i]))
			return false;
	}
	return !t->id.n || str_eq(s->id, t->id);
}

static bool put_silence(void *arg, const struct silence *s)
{
	static const char *const CLASSES[] = {"pending", "firing", "calm"};
	struct told_page *t = arg;
	struct buf *b = t->p.b, m;
	enum silence_state st = silence_state(s, t->p.now);

	if (!is_wanted(t, s))
		return true;
	if (t->n == PAGE_ALERTS_MAX) {
		t->left_out++;
		return false;
	}
	if (!t->n++)
		buf_adds(b, "<table class=\"stack told\">\n<thead><tr><th "
			    "scope=\"col\">Silence</th><th "
			    "scope=\"col\">State</th><th scope=\"col\">From</th><th "
			    "scope=\"col\">Until"
			    "</th><th scope=\"col\">Who and why</th></tr></thead>\n<tbody>\n");
	buf_init(&m, BUF_MAX_ANY);
	am_matchers_put(&m, s->matchers, s->n);
	html_put(b, "<tr><td data-th=\"Silence\"><a href=\"silences?id=$\"><code>$</code></a>",
		 s->id, buf_str(&m));
	buf_done(&m);
	buf_adds(b, "</td><td data-th=\"State\">");
	page_state(b, st == SILENCE_ACTIVE ? "pending" : CLASSES[st == SILENCE_PENDING ? 0 : 2],
		   silence_state_name(st));
	buf_adds(b, "</td><td data-th=\"From\">");
	html_time(b, s->starts_at, t->p.now);
	buf_adds(b, "</td><td data-th=\"Until\">");
	html_time(b, s->ends_at, t->p.now);
	html_put(b, "</td><td data-th=\"Who and why\"><b>$</b> $</td></tr>\n", s->created_by,
		 s->comment);
	return true;
}

/* The alerts that one silence catches now. */
static void put_caught(struct told_page *t, const struct silence *s)
{
	t->q = (struct explain_query){.matchers = s->matchers, .n = s->n, .at = MS_NONE};
	t->n = 0;
	buf_adds(t->p.b, "<h2>What it catches now</h2>\n");
	notify_explain(core_notify(t->p.x->core), t->p.x->now, &t->q, put_decision, t);
	end_row(t);
	buf_adds(t->p.b, t->n ? "</tbody>\n</table>\n" : "<p>Nothing.</p>\n");
	html_put(t->p.b, "<p>To end it: <code>rouse silence end $</code></p>\n", s->id);
}

void page_told_silences(struct exchange *x)
{
	struct told_page t = {.id = exchange_param(x, "id")};
	const struct silence *s = t.id.n ? notify_silence(core_notify(x->core), t.id) : NULL;

	page_init(&t.p, x);
	read_filter(&t, x);
	page_begin(&t.p, STR("Silences · rouse"));
	buf_adds(t.p.b, "<div id=\"rest\" data-live>\n<h1 class=\"rule\">Silences</h1>\n");
	if (t.id.n)
		buf_adds(t.p.b, "<p><a href=\"silences\">All silences</a></p>\n");
	else
		put_filter(&t, "silences");
	notify_silences(core_notify(x->core), x->now.wall, put_silence, &t);
	if (t.n)
		buf_adds(t.p.b, "</tbody>\n</table>\n");
	else
		buf_adds(t.p.b, t.id.n ? "<p>There is none of that name.</p>\n"
				       : "<p>Nothing is silenced.</p>\n");
	if (t.left_out)
		buf_adds(t.p.b, "<p>There are more: <a href=\"api/v2/silences\">all of them</a> as "
				"JSON.</p>\n");
	if (s)
		put_caught(&t, s);
	else if (!t.id.n)
		buf_adds(t.p.b,
			 "<p>To make one: <code>rouse silence add MATCHERS --for 2h --comment "
			 "WHY</code></p>\n");
	buf_adds(t.p.b, "</div>\n");
	page_end(&t.p, t.id.n && !s ? 404 : 200);
}
