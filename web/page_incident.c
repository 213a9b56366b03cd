/*
 * Incidents for people: the list, one with its timeline and buttons. Buttons are forms: they work
 * without scripts, a GET never changes anything, and a form of another site is refused.
 */
#include "web/page_incident.h"

#include "base/num.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/mark.h"
#include "oncall/report.h"
#include "web/answer.h"
#include "web/incident.h"
#include "web/page.h"
#include "web/page_runbook.h"

#define LIST_MAX 200

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

static const char *class_of(const struct incident *i)
{
	return i->status == INCIDENT_TRIGGERED	    ? "firing"
	       : i->status == INCIDENT_ACKNOWLEDGED ? "pending"
						    : "calm";
}

static struct str number_text(struct exchange *x, uint64_t id)
{
	return arena_printf(x->arena, "%llu", (unsigned long long)id);
}

/* ---- the list ------------------------------------------------------------------------------ */
struct incident_list {
	struct page *p;
	size_t n;
};

static void put_row(struct page *p, const struct incident *i)
{
	struct buf *b = p->b;

	html_put(b, "<tr><td data-th=\"Incident\"><a href=\"incident?id=$\"><b>#$</b> $</a> ",
		 number_text(p->x, i->id), number_text(p->x, i->id), str_of(i->title));
	page_state(b, class_of(i), incident_status_name(i->status));
	buf_adds(b, "</td><td data-th=\"Since\">");
	html_ago(b, i->opened_at, p->now);
	buf_adds(b, "</td><td data-th=\"In whose hands\">");
	if (i->status == INCIDENT_TRIGGERED)
		buf_adds(b, "nobody's");
	else if (*i->acked_by)
		html_text(b, str_of(i->acked_by));
	else
		buf_adds(b, "–");
	html_put(b, "</td><td data-th=\"Policy\">$</td></tr>\n", str_of(i->policy));
}

static bool list_one(void *arg, const struct incident *i)
{
	struct incident_list *l = arg;

	if (!l->n++)
		buf_adds(l->p->b,
			 "<table class=\"stack told\">\n<thead><tr><th scope=\"col\">Incident</th>"
			 "<th scope=\"col\">Since</th><th scope=\"col\">In whose hands</th>"
			 "<th scope=\"col\">Policy</th></tr></thead>\n<tbody>\n");
	put_row(l->p, i);
	return l->n < LIST_MAX;
}

void page_incidents(struct exchange *x)
{
	struct page p;
	struct incident_list l = {.p = &p};

	page_init(&p, x);
	page_begin(&p, STR("Incidents · rouse"));
	buf_adds(p.b, "<div id=\"rest\" data-live>\n<h1 class=\"rule\">Incidents</h1>\n");
	oncall_incidents(oncall_of(x), list_one, &l);
	if (l.n)
		buf_adds(p.b, "</tbody>\n</table>\n");
	else
		buf_adds(p.b, "<p>There has been none.</p>\n");
	buf_adds(p.b, "</div>\n");
	page_end(&p, 200);
}

/* ---- one ----------------------------------------------------------------------------------- */
static void put_fact_time(struct page *p, const char *name, ms_t t)
{
	if (t == MS_NONE)
		return;
	buf_printf(p->b, "<dt>%s</dt><dd>", name);
	html_time(p->b, t, p->now);
	buf_adds(p->b, "</dd>\n");
}

static void put_facts(struct page *p, const struct incident *i)
{
	struct buf plan;

	buf_init(&plan, BUF_MAX_ANY);
	incident_put_plan(&plan, i, p->now);
	buf_adds(p->b, "<dl class=\"facts\">\n");
	if (*i->severity)
		html_put(p->b, "<dt>Severity</dt><dd>$</dd>\n", str_of(i->severity));
	put_fact_time(p, "Since", i->opened_at);
	if (*i->acked_by)
		html_put(p->b, "<dt>Acknowledged by</dt><dd>$</dd>\n", str_of(i->acked_by));
	put_fact_time(p, "Acknowledged", i->acked_at);
	put_fact_time(p, "Goes on at", i->status == INCIDENT_ACKNOWLEDGED ? i->lease_at : MS_NONE);
	put_fact_time(p, "Snoozed until", i->snoozed_until);
	put_fact_time(p, "Over", i->resolved_at);
	if (i->merged_into)
		html_put(p->b, "<dt>Belongs to</dt><dd><a href=\"incident?id=$\">#$</a></dd>\n",
			 number_text(p->x, i->merged_into), number_text(p->x, i->merged_into));
	html_put(p->b, "<dt>Policy</dt><dd>$</dd>\n", str_of(i->policy));
	if (plan.n)
		html_put(p->b, "<dt>If nobody answers</dt><dd>$</dd>\n", buf_str(&plan));
	buf_adds(p->b, "</dl>\n");
	buf_done(&plan);
}

static void put_button(struct page *p, const char *verb, const char *label)
{
	html_put(p->b, "<button name=\"verb\" value=\"$\">$</button>\n", str_of(verb),
		 str_of(label));
}

static void put_people(struct page *p)
{
	const struct oncall_config *c = oncall_config(oncall_of(p->x));

	if (!c || !c->n_people)
		return;
	buf_adds(p->b, "<p><label><span>Whom</span> <select name=\"person\">");
	for (size_t k = 0; k < c->n_people; k++)
		html_put(p->b, "<option>$</option>", c->people[k].name);
	buf_adds(p->b, "</select></label> ");
	put_button(p, "page", "Page them");
	put_button(p, "assign", "Give it to them");
	buf_adds(p->b, "</p>\n");
}

static void put_main_buttons(struct page *p, const struct incident *i)
{
	if (!p->x->user.n)
		html_put(p->b,
			 "<label><span>Your name</span> <input name=\"by\" required "
			 "maxlength=\"100\" "
			 "autocomplete=\"username\" value=\"$\"></label>",
			 exchange_param(p->x, "by"));
	if (i->status == INCIDENT_TRIGGERED)
		put_button(p, "ack", "Acknowledge");
	if (i->status == INCIDENT_ACKNOWLEDGED) {
		put_button(p, "ack", "Still on it");
		put_button(p, "unack", "Give it back");
	}
	if (i->status != INCIDENT_RESOLVED) {
		put_button(p, "escalate", "Escalate now");
		put_button(p, "resolve", "It is over");
	}
}

/* One form: the first button is what Enter does. */
static void put_form(struct page *p, const struct incident *i)
{
	html_put(p->b,
		 "<form class=\"verbs\" method=\"post\" action=\"incident\">\n"
		 "<input type=\"hidden\" name=\"id\" value=\"$\">"
		 "<input type=\"hidden\" name=\"seen\" value=\"$\">\n<p>",
		 number_text(p->x, i->id), number_text(p->x, i->step));
	put_main_buttons(p, i);
	buf_adds(p->b, "</p>\n<p><label><span>Note</span> <textarea name=\"text\" rows=\"1\" "
		       "maxlength=\"2000\"></textarea></label> ");
	put_button(p, "note", "Write it down");
	buf_adds(p->b, "</p>\n");
	if (i->status != INCIDENT_RESOLVED) {
		put_people(p);
		buf_adds(p->b, "<p><label><span>For</span> <input name=\"for\" value=\"30m\" "
			       "size=\"6\"></label> ");
		put_button(p, "snooze", "Snooze");
		buf_adds(p->b, "</p>\n");
	}
	buf_adds(p->b, "</form>\n");
}

/* What is changed seldom stands folded behind what is changed at night. */
static void put_more(struct page *p, const struct incident *i)
{
	const struct oncall_config *c = oncall_config(oncall_of(p->x));
	const struct policy *policy = c ? oncall_policy(c, str_of(i->policy)) : NULL;

	html_put(p->b,
		 "<details class=\"verbs\"><summary>More</summary>\n"
		 "<form method=\"post\" action=\"incident\">\n"
		 "<input type=\"hidden\" name=\"id\" value=\"$\">",
		 number_text(p->x, i->id));
	if (!p->x->user.n)
		html_put(p->b,
			 "<p><label><span>Your name</span> <input name=\"by\" required "
			 "maxlength=\"100\" autocomplete=\"username\" value=\"$\"></label></p>\n",
			 exchange_param(p->x, "by"));
	buf_adds(p->b, "<p><label><span>Severity, number or words</span> <input name=\"text\" "
		       "maxlength=\"2000\"></label> ");
	put_button(p, "severity", "Set the severity");
	put_button(p, "merge", "Merge into that number");
	if (policy && policy->updates.n)
		put_button(p, "tell", "Tell the customers");
	buf_adds(p->b, "</p>\n</form>\n</details>\n");
}

struct related {
	struct page *p;
	size_t n;
};

static bool put_mark(void *arg, const struct mark *m)
{
	struct related *r = arg;
	struct buf *b = r->p->b;

	if (!r->n++)
		buf_adds(b, "<h2>Changed before and meanwhile</h2>\n<ul>\n");
	buf_adds(b, "<li>");
	html_time(b, m->at, r->p->now);
	html_put(b, " <b>$</b> ", m->kind);
	html_link(b, m->url, m->title);
	if (m->service.n)
		html_put(b, " of $", m->service);
	html_put(b, ", by $</li>\n", m->by);
	return r->n < PAGE_ROWS_MAX;
}

static bool put_similar(void *arg, const struct incident *i)
{
	struct related *r = arg;
	struct buf *b = r->p->b;

	if (!r->n++)
		buf_adds(b, "<h2>Similar</h2>\n<ul>\n");
	html_put(b, "<li><a href=\"incident?id=$\">#$ $</a>, ", number_text(r->p->x, i->id),
		 number_text(r->p->x, i->id), str_of(i->title));
	html_time(b, i->opened_at, r->p->now);
	if (*i->acked_by)
		html_put(b, ", in the hands of $", str_of(i->acked_by));
	buf_adds(b, "</li>\n");
	return true;
}

static void put_related(struct page *p, const struct incident *i)
{
	struct related marks = {.p = p}, similar = {.p = p};

	incident_marks(i, p->now, put_mark, &marks);
	if (marks.n)
		buf_adds(p->b, "</ul>\n");
	incident_similar(oncall_of(p->x), i, put_similar, &similar);
	if (similar.n)
		buf_adds(p->b, "</ul>\n");
}

static void put_timeline(struct page *p, const struct incident *i)
{
	buf_adds(p->b, "<h2>What happened</h2>\n<ol class=\"timeline\" reversed>\n");
	for (size_t k = i->n_events; k-- > 0;) {
		const struct incident_event *e = &i->events[k];

		buf_adds(p->b, "<li>");
		html_time(p->b, e->at, p->now);
		html_put(p->b, " <b>$</b> ", str_of(e->kind));
		if (*e->who)
			html_put(p->b, "<i>$</i> ", str_of(e->who));
		html_put(p->b, "<span class=\"pre\">$</span></li>\n", str_of(e->text));
	}
	buf_adds(p->b, "</ol>\n");
}

static void show(struct exchange *x, uint64_t id, int status, struct str refused)
{
	const struct incident *i = oncall_incident(oncall_of(x), id);
	struct page p;

	page_init(&p, x);
	if (!i) {
		page_begin(&p, STR("No such incident · rouse"));
		buf_adds(p.b, "<h1>No such incident</h1>\n<p>See <a href=\"incidents\">all of "
			      "them</a>.</p>\n");
		page_end(&p, 404);
		return;
	}
	page_begin(&p,
		   arena_printf(x->arena, "#%llu %s · rouse", (unsigned long long)id, i->title));
	html_put(p.b, "<h1 class=\"rule\">#$ $ ", number_text(x, id), str_of(i->title));
	page_state(p.b, class_of(i), incident_status_name(i->status));
	buf_adds(p.b, "</h1>\n");
	if (refused.n)
		html_put(p.b,
			 "<div class=\"banner warn\" role=\"alert\"><b>Not done:</b> $</div>\n",
			 refused);
	put_form(&p, i);
	if (i->status != INCIDENT_RESOLVED)
		put_more(&p, i);
	page_runbook_put(&p, i);
	buf_adds(p.b, "<div id=\"rest\" data-live>\n");
	put_facts(&p, i);
	put_related(&p, i);
	put_timeline(&p, i);
	buf_adds(p.b, "</div>\n");
	page_end(&p, status);
}

static struct str back(struct exchange *x, uint64_t id)
{
	return arena_printf(x->arena, "incident?id=%llu", (unsigned long long)id);
}

/* To the step, with the name that was given: the next one needs it too. */
static struct str back_to_step(struct exchange *x, uint64_t id, struct str by)
{
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, back(x, id));
	if (by.n) {
		buf_adds(&b, "&by=");
		html_query(&b, by);
	}
	buf_addc(&b, '#');
	html_query(&b, page_runbook_step(x));
	s = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static void act(struct exchange *x, uint64_t id)
{
	struct incident_verb v = {.name = exchange_param(x, "verb"),
				  .by = exchange_param(x, "by"),
				  .means = STR("page"),
				  .text = exchange_param(x, "text"),
				  .person = exchange_param(x, "person"),
				  .span = exchange_param(x, "for"),
				  .seen = exchange_param(x, "seen")};
	bool step = str_is(v.name, "step");
	struct str why;
	int status;

	if (step ? page_runbook_do(x, id, &status, &why) : incident_do(x, id, &v, &status, &why)) {
		/* Reloading the page must not do it again. */
		struct io_header location = {STR("Location"),
					     step ? back_to_step(x, id, v.by) : back(x, id)};

		answer_body_with(x, 303, "text/plain; charset=utf-8", &location, 1);
	} else {
		show(x, id, status, why);
	}
	x->out->after_turn = core_turn(x->core);
}

void page_incident(struct exchange *x)
{
	uint64_t id = 0;

	if (num_uint(exchange_param(x, "id"), 10, &id) != NUM_OK)
		id = 0;
	if (str_is(x->req->method, "POST"))
		act(x, id);
	else
		show(x, id, 200, STR(""));
}
