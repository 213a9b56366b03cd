/* Deploy marks over HTTP: POST {"title", "kind", "service", "url", "by"}. */
#include "web/api_marks.h"

#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/mark.h"
#include "web/answer.h"
#include "web/event.h"
#include "web/incident.h"
#include "web/json_body.h"

#define A_MINUTE_MAX 60
#define LIST_MAX 500
#define LIST_SPAN (30 * DAY)

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

void mark_put_json(struct buf *b, const struct mark *m)
{
	answer_put_uint(b, "{\"id\":", m->id);
	answer_put_time(b, ",\"at\":", m->at);
	answer_put_str(b, ",\"kind\":", m->kind);
	answer_put_str(b, ",\"title\":", m->title);
	answer_put_str(b, ",\"service\":", m->service);
	answer_put_str(b, ",\"url\":", m->url);
	answer_put_str(b, ",\"by\":", m->by);
	buf_addc(b, '}');
}

struct listing {
	struct buf *b;
	size_t n;
};

static bool list_one(void *arg, const struct mark *m)
{
	struct listing *l = arg;

	if (l->b && l->n)
		buf_addc(l->b, ',');
	if (l->b)
		mark_put_json(l->b, m);
	return ++l->n < LIST_MAX;
}

static void list(struct exchange *x)
{
	struct listing l = {.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"events\":[");
	oncall_marks(oncall_of(x), x->now.wall - LIST_SPAN, x->now.wall + 1, list_one, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

static void take(struct exchange *x)
{
	struct listing recent = {0};
	struct am_value root;
	struct mark m = {.at = x->now.wall};

	oncall_marks(oncall_of(x), x->now.wall - MINUTE, x->now.wall + 1, list_one, &recent);
	if (recent.n >= A_MINUTE_MAX) {
		answer_text(x, 429, STR("more than 60 events within a minute"));
		return;
	}
	if (!json_body_read(x, &root))
		return;
	m.title = str_trim(json_body_text(&root, "title"));
	m.kind = json_body_text(&root, "kind");
	m.service = json_body_text(&root, "service");
	m.url = json_body_text(&root, "url");
	m.by = incident_actor(x, json_body_text(&root, "by"));
	if (!m.kind.n)
		m.kind = STR("deploy");
	if (!m.title.n) {
		answer_json_error(x, API_BAD_DATA, STR("an event needs a title"));
		return;
	}
	m.id = oncall_mark(oncall_of(x), &m);
	answer_json_begin(x);
	mark_put_json(&x->body, &m);
	answer_json_end(x);
	x->out->after_turn = core_turn(x->core);
}

void api_rouse_events(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		take(x);
	else
		list(x);
}

void api_events(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		take(x);
	else
		event_stream(x);
}
