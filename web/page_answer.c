/*
 * Links in pages. A GET changes nothing: mail scanners and previews fetch links. Who holds the link
 * sees what the page said, and nothing else of rouse.
 */
#include "web/page_answer.h"

#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/link.h"
#include "web/answer.h"
#include "web/page.h"

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

static void say(struct exchange *x, int status, const char *heading, const char *text)
{
	page_bare_begin(x, str_of(heading));
	html_put(&x->body, "<h1>$</h1>\n<p>$</p>\n", str_of(heading), str_of(text));
	page_bare_end(x, status);
}

static const char *button_of(enum answer_verb v)
{
	static const char *const names[ANSWER_VERBS] = {
		[ANSWER_ACK] = "Acknowledge",
		[ANSWER_LOOK] = "I am looking",
		[ANSWER_ESCALATE] = "Escalate",
		[ANSWER_SNOOZE] = "Snooze for 30 minutes",
	};

	return names[v];
}

static void put_state(struct exchange *x, const struct incident *i)
{
	struct buf *b = &x->body;

	buf_adds(b, "<p>");
	page_state(b, i->status == INCIDENT_TRIGGERED ? "firing" : "ok",
		   incident_status_name(i->status));
	if (*i->acked_by)
		html_put(b, " by <b>$</b>", str_of(i->acked_by));
	buf_adds(b, ", since ");
	html_time(b, i->opened_at, x->now.wall);
	buf_adds(b, "</p>\n");
}

static void show(struct exchange *x, const struct incident *i, const struct link *l, int status,
		 struct str result)
{
	struct str title = arena_printf(x->arena, "#%llu %s", (unsigned long long)i->id, i->title);
	struct buf *b = &x->body;

	page_bare_begin(x, title);
	html_put(b, "<h1>$</h1>\n", title);
	put_state(x, i);
	if (result.n)
		html_put(b, "<p role=\"status\"><b>$</b></p>\n", result);
	if (!result.n && i->status == INCIDENT_TRIGGERED) {
		html_put(b,
			 "<form class=\"verbs\" method=\"post\" action=\"answer\">\n"
			 "<input type=\"hidden\" name=\"t\" value=\"$\">"
			 "<p><button>$</button></p>\n</form>\n"
			 "<p>You answer as <b>$</b>.</p>\n",
			 exchange_param(x, "t"), str_of(button_of(l->verb)), l->person);
	}
	page_bare_end(x, status);
}

static struct str result_of(struct exchange *x, const struct incident *i, enum oncall_result r)
{
	if (r == ONCALL_DONE)
		return STR("Done.");
	if (i->status == INCIDENT_RESOLVED)
		return STR("It is over already.");
	if (r == ONCALL_UNKNOWN)
		return STR("Not done: the link is for somebody who is not on call any more.");
	if (i->status == INCIDENT_ACKNOWLEDGED)
		return arena_printf(x->arena, "%s has it.", i->acked_by);
	return STR("Not done: this link was used before, or it has gone on since.");
}

void page_answer(struct exchange *x)
{
	struct str token = exchange_param(x, "t");
	struct link l;
	enum link_result good = link_read(oncall_of(x), token, x->now.wall, x->arena, &l);
	const struct incident *i;
	enum oncall_result r;

	if (good == LINK_FORGED) {
		say(x, 404, "This link is not valid", "Take the one in the newest page.");
		return;
	}
	i = oncall_incident(oncall_of(x), l.incident);
	if (good == LINK_EXPIRED || !i) {
		say(x, 410, "This link is too old", "Take the one in the newest page.");
		return;
	}
	if (!str_is(x->req->method, "POST")) {
		show(x, i, &l, 200, STR(""));
		return;
	}
	r = link_use(oncall_of(x), x->now, &l, token, STR("link"));
	show(x, i, &l, r == ONCALL_DONE ? 200 : 409, result_of(x, i, r));
	x->out->after_turn = core_turn(x->core);
}
