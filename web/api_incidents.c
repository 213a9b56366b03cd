/* Incidents, who is on call and overrides as JSON. */
#include "web/api_incidents.h"

#include "base/num.h"
#include "base/time.h"
#include "evaluator/core.h"
#include "notify/message.h"
#include "notify/notify.h"
#include "oncall/ical.h"
#include "oncall/mark.h"
#include "oncall/report.h"
#include "oncall/schedule.h"
#include "web/answer.h"
#include "web/api_marks.h"
#include "web/api_runbooks.h"
#include "web/incident.h"
#include "web/json_body.h"
#include "web/runbook.h"

#define LIST_MAX 1000
#define TITLE_MAX 200
#define STATS_SPAN (30 * DAY)
#define STATS_MAX (366 * DAY)
#define BASE "/api/rouse/v1/incidents/"
#define OVERRIDE_BASE "/api/rouse/v1/overrides/"

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

/* ---- out ----------------------------------------------------------------------------------- */
static void put_incident(struct buf *b, const struct incident *i, ms_t wall)
{
	struct buf plan;

	buf_init(&plan, BUF_MAX_ANY);
	incident_put_plan(&plan, i, wall);
	answer_put_uint(b, "{\"id\":", i->id);
	answer_put_str(b, ",\"status\":", str_of(incident_status_name(i->status)));
	answer_put_str(b, ",\"title\":", str_of(i->title));
	answer_put_str(b, ",\"severity\":", str_of(i->severity));
	answer_put_bool(b, ",\"urgent\":", i->urgent);
	answer_put_str(b, ",\"policy\":", str_of(i->policy));
	answer_put_uint(b, ",\"step\":", i->step);
	answer_put_uint(b, ",\"pass\":", (uint64_t)i->pass);
	answer_put_time_or_null(b, ",\"openedAt\":", i->opened_at);
	answer_put_time_or_null(b, ",\"acknowledgedAt\":", i->acked_at);
	answer_put_str(b, ",\"acknowledgedBy\":", str_of(i->acked_by));
	answer_put_time_or_null(b, ",\"leaseUntil\":", i->lease_at);
	answer_put_time_or_null(b, ",\"snoozedUntil\":", i->snoozed_until);
	answer_put_time_or_null(b, ",\"resolvedAt\":", i->resolved_at);
	if (i->merged_into)
		answer_put_uint(b, ",\"mergedInto\":", i->merged_into);
	answer_put_str(b, ",\"plan\":", buf_str(&plan));
	answer_put_str(b, ",\"runbook\":", str_of(i->runbook));
	buf_done(&plan);
}

struct members {
	struct buf *b;
	ms_t wall;
	size_t n;
};

static bool put_similar(void *arg, const struct incident *i)
{
	struct members *m = arg;

	if (m->n++)
		buf_addc(m->b, ',');
	put_incident(m->b, i, m->wall);
	buf_addc(m->b, '}');
	return true;
}

static bool put_mark(void *arg, const struct mark *k)
{
	struct members *m = arg;

	if (m->n++)
		buf_addc(m->b, ',');
	mark_put_json(m->b, k);
	return true;
}

/* What may have to do with it. */
static void put_related(struct exchange *x, const struct incident *i)
{
	struct members marks = {.b = &x->body}, similar = {.b = &x->body, .wall = x->now.wall};

	buf_adds(&x->body, ",\"events\":[");
	incident_marks(i, x->now.wall, put_mark, &marks);
	buf_adds(&x->body, "],\"similar\":[");
	incident_similar(oncall_of(x), i, put_similar, &similar);
	buf_addc(&x->body, ']');
}

static void put_events(struct buf *b, const struct incident *i)
{
	buf_adds(b, ",\"timeline\":[");
	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];

		answer_put_time(b, k ? ",{\"at\":" : "{\"at\":", e->at);
		answer_put_str(b, ",\"kind\":", str_of(e->kind));
		answer_put_str(b, ",\"who\":", str_of(e->who));
		answer_put_str(b, ",\"text\":", str_of(e->text));
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void answer_incident(struct exchange *x, uint64_t id)
{
	const struct incident *i = oncall_incident(oncall_of(x), id);

	if (!i) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no incident of that number"));
		return;
	}
	answer_json_begin(x);
	put_incident(&x->body, i, x->now.wall);
	put_events(&x->body, i);
	put_related(x, i);
	buf_addc(&x->body, '}');
	answer_json_end(x);
	if (!str_is(x->req->method, "GET"))
		x->out->after_turn = core_turn(x->core);
}

static void answer_report(struct exchange *x, uint64_t id)
{
	const struct incident *i = oncall_incident(oncall_of(x), id);

	if (!i) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no incident of that number"));
		return;
	}
	report_put(&x->body, oncall_of(x), i, x->now.wall);
	answer_body(x, 200, "text/markdown; charset=utf-8");
}

struct listing {
	struct exchange *x;
	bool all;
	size_t n;
};

static bool list_one(void *arg, const struct incident *i)
{
	struct listing *l = arg;

	if (!l->all && (i->status == INCIDENT_RESOLVED || i->status == INCIDENT_MERGED))
		return true;
	if (l->n++)
		buf_addc(&l->x->body, ',');
	put_incident(&l->x->body, i, l->x->now.wall);
	buf_addc(&l->x->body, '}');
	return l->n < LIST_MAX;
}

/* ---- in ------------------------------------------------------------------------------------ */
/* By which way somebody asks: "command line"; what else asks is the API. */
static struct str means_of(struct str said)
{
	return said.n ? str_cut(said, 0, MIN(said.n, 40)) : STR("API");
}

static void open_one(struct exchange *x)
{
	struct am_value root;
	struct report r = {.firing = true};
	const struct runbook *book;
	uint64_t id;

	if (!json_body_read(x, &root))
		return;
	r.policy = json_body_text(&root, "policy");
	r.title = str_trim(json_body_text(&root, "title"));
	r.severity = json_body_text(&root, "severity");
	r.urgent = json_body_flag(&root, "urgent", true);
	r.title = str_cut(r.title, 0, MIN(r.title.n, (size_t)TITLE_MAX));
	if (!r.title.n) {
		answer_json_error(x, API_BAD_DATA, STR("an incident needs a title"));
		return;
	}
	book = runbooks_match(runbooks_of(x), json_body_text(&root, "runbook"), r.title);
	r.runbook = book ? book->name : STR("");
	id = incident_open(x, &r, incident_actor(x, json_body_text(&root, "by")));
	if (id)
		answer_incident(x, id);
	else
		answer_json_error(x, API_BAD_DATA,
				  arena_printf(x->arena, "there is no policy \"%.*s\"",
					       STR_ARG(r.policy)));
}

void api_rouse_incidents(struct exchange *x)
{
	struct listing l = {.x = x, .all = str_is(exchange_param(x, "status"), "all")};

	if (str_is(x->req->method, "POST")) {
		open_one(x);
		return;
	}
	answer_json_begin(x);
	buf_adds(&x->body, "{\"incidents\":[");
	oncall_incidents(oncall_of(x), list_one, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

static void answer_refusal(struct exchange *x, int status, struct str why)
{
	answer_json_error(x, status == 404 ? API_NOT_FOUND : API_BAD_DATA, why);
	x->out->status = status;
}

static void do_verb(struct exchange *x, uint64_t id, struct str verb)
{
	struct am_value root;
	struct str why;
	int status;

	if (!json_body_read(x, &root))
		return;

	struct incident_verb v = {.name = verb,
				  .by = json_body_text(&root, "by"),
				  .means = means_of(json_body_text(&root, "means")),
				  .text = json_body_text(&root, "text"),
				  .person = json_body_text(&root, "person"),
				  .span = json_body_text(&root, "for"),
				  .seen = json_body_text(&root, "seen")};

	if (incident_do(x, id, &v, &status, &why))
		answer_incident(x, id);
	else
		answer_refusal(x, status, why);
	x->out->after_turn = core_turn(x->core);
}

void api_rouse_incident(struct exchange *x)
{
	struct str rest = str_from(x->path, strlen(BASE)), number = rest, verb = {0};
	ptrdiff_t slash = str_find_char(rest, '/');
	uint64_t id;

	if (slash >= 0) {
		number = str_cut(rest, 0, (size_t)slash);
		verb = str_from(rest, (size_t)slash + 1);
	}
	if (num_uint(number, 10, &id) != NUM_OK)
		answer_json_error(x, API_NOT_FOUND, STR("there is no incident of that number"));
	else if (str_is(x->req->method, "GET") && str_is(verb, "report"))
		answer_report(x, id);
	else if (str_is(verb, "runbook"))
		api_incident_runbook(x, id);
	else if (str_is(x->req->method, "POST") && verb.n)
		do_verb(x, id, verb);
	else if (verb.n || str_is(x->req->method, "POST"))
		answer_json_error(x, API_NOT_FOUND,
				  STR("a verb is asked for by POST: ack, unack, escalate, resolve, "
				      "note, snooze, page"));
	else
		answer_incident(x, id);
}

/* ---- who ----------------------------------------------------------------------------------- */
static void put_roster(struct buf *b, const struct schedule *s, const struct roster *r)
{
	struct buf why;

	answer_put_str(b, "{\"schedule\":", s->name);
	buf_adds(b, ",\"onCall\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_init(&why, BUF_MAX_ANY);
		on_call_put_why(&why, &r->v[i]);
		answer_put_str(b, i ? ",{\"person\":" : "{\"person\":", r->v[i].person->name);
		answer_put_str(b, ",\"why\":", buf_str(&why));
		buf_addc(b, '}');
		buf_done(&why);
	}
	buf_addc(b, ']');
	answer_put_time_or_null(b, ",\"until\":", r->until);
	buf_addc(b, '}');
}

void api_rouse_who(struct exchange *x)
{
	const struct oncall_config *c = oncall_config(oncall_of(x));
	struct str wanted = exchange_param(x, "schedule"), text = exchange_param(x, "at");
	struct roster r;
	ms_t at = x->now.wall;
	size_t n = 0;

	if (text.n && !time_rfc3339(text, &at)) {
		answer_json_error(x, API_BAD_DATA,
				  STR("at must be a time like 2026-12-24T03:00:00Z"));
		return;
	}
	if (wanted.n && (!c || !oncall_schedule(c, wanted))) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no schedule of that name"));
		return;
	}
	answer_json_begin(x);
	answer_put_time(&x->body, "{\"at\":", at);
	buf_adds(&x->body, ",\"schedules\":[");
	for (size_t i = 0; c && i < c->n_schedules; i++) {
		if (wanted.n && !str_eq(wanted, c->schedules[i].name))
			continue;
		if (n++)
			buf_addc(&x->body, ',');
		oncall_who(oncall_of(x), &c->schedules[i], at, &r);
		put_roster(&x->body, &c->schedules[i], &r);
	}
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

void api_rouse_calendar(struct exchange *x)
{
	const struct oncall_config *c = oncall_config(oncall_of(x));
	struct str schedule = exchange_param(x, "schedule"), person = exchange_param(x, "person");
	const struct schedule *s = c && schedule.n ? oncall_schedule(c, schedule) : NULL;
	const struct person *p = c && person.n ? oncall_person(c, person) : NULL;

	if ((schedule.n && !s) || (person.n && !p)) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no such schedule or person"));
		return;
	}
	ical_put(&x->body, oncall_of(x), s, p, x->now.wall);
	answer_body(x, 200, "text/calendar; charset=utf-8");
}

/* ---- numbers ------------------------------------------------------------------------------- */
static void put_seconds(struct buf *b, const char *key, ms_t t)
{
	if (t == MS_NONE)
		buf_printf(b, "%snull", key);
	else
		answer_put_float(b, key, (double)t / 1000);
}

void api_rouse_stats(struct exchange *x)
{
	struct str from = exchange_param(x, "from"), to = exchange_param(x, "to");
	ms_t a = x->now.wall - STATS_SPAN, z = x->now.wall;
	struct buf *b = &x->body;
	struct incident_stats s;

	if ((from.n && !time_rfc3339(from, &a)) || (to.n && !time_rfc3339(to, &z)) || z <= a ||
	    z - a > STATS_MAX) {
		answer_json_error(x, API_BAD_DATA,
				  STR("from and to must be times like 2026-12-24T03:00:00Z, at "
				      "most "
				      "a year apart"));
		return;
	}
	report_stats(oncall_of(x), a, z, &s);
	answer_json_begin(x);
	answer_put_time(b, "{\"from\":", a);
	answer_put_time(b, ",\"to\":", z);
	answer_put_uint(b, ",\"opened\":", s.opened);
	answer_put_uint(b, ",\"acknowledged\":", s.acknowledged);
	answer_put_uint(b, ",\"resolved\":", s.resolved);
	put_seconds(b, ",\"medianSecondsToAcknowledge\":", s.to_acknowledge);
	put_seconds(b, ",\"medianSecondsToResolve\":", s.to_resolve);
	buf_adds(b, ",\"people\":[");
	for (size_t i = 0; i < s.n_people; i++) {
		const struct person_stats *p = &s.people[i];

		answer_put_str(b, i ? ",{\"person\":" : "{\"person\":", p->person);
		answer_put_uint(b, ",\"pages\":", p->pages);
		answer_put_uint(b, ",\"nightPages\":", p->night_pages);
		answer_put_uint(b, ",\"weekendPages\":", p->weekend_pages);
		answer_put_uint(b, ",\"acknowledged\":", p->acknowledged);
		answer_put_float(b, ",\"hoursOnCall\":", (double)(p->on_call / MINUTE) / 60);
		buf_addc(b, '}');
	}
	buf_adds(b, "]}");
	answer_json_end(x);
	incident_stats_done(&s);
}

/* ---- overrides ----------------------------------------------------------------------------- */
static void put_override(struct buf *b, const struct override *o)
{
	struct buf what;

	buf_init(&what, BUF_MAX_ANY);
	override_put_what(&what, o);
	answer_put_uint(b, "{\"id\":", o->id);
	answer_put_str(b, ",\"kind\":",
		       o->kind == OVERRIDE_TEMPORARY ? STR("temporary")
		       : o->kind == OVERRIDE_SWAP    ? STR("swap")
						     : STR("override"));
	answer_put_str(b, ",\"what\":", buf_str(&what));
	buf_done(&what);
	answer_put_str(b, ",\"schedule\":", o->schedule);
	answer_put_str(b, ",\"add\":", o->add);
	answer_put_str(b, ",\"remove\":", o->remove);
	answer_put_time(b, ",\"from\":", o->from);
	answer_put_time(b, ",\"to\":", o->to);
	answer_put_str(b, ",\"by\":", o->by);
	answer_put_time(b, ",\"madeAt\":", o->made_at);
	buf_addc(b, '}');
}

static void list_overrides(struct exchange *x)
{
	size_t n;
	const struct override *const *v = oncall_overrides(oncall_of(x), &n);

	answer_json_begin(x);
	buf_adds(&x->body, "{\"overrides\":[");
	for (size_t i = 0, shown = 0; i < n; i++) {
		if (v[i]->to <= x->now.wall && !str_is(exchange_param(x, "status"), "all"))
			continue;
		if (shown++)
			buf_addc(&x->body, ',');
		put_override(&x->body, v[i]);
	}
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

static bool read_span(struct exchange *x, const struct am_value *root, struct override *o)
{
	struct str from = json_body_text(root, "from"), to = json_body_text(root, "to");

	o->from = x->now.wall;
	if ((from.n && !time_rfc3339(from, &o->from)) || !time_rfc3339(to, &o->to)) {
		answer_json_error(x, API_BAD_DATA,
				  STR("from and to must be times like 2026-12-24T03:00:00Z"));
		return false;
	}
	return true;
}

/* "swap": ["alice", "bob"] */
static bool read_swap(struct exchange *x, const struct am_value *root, struct override *o)
{
	const struct am_value *v = am_member(root, "swap");

	if (!v || v->kind == AM_NULL)
		return true;
	if (v->kind != AM_LIST || v->n != 2 || v->items[0].kind != AM_STRING ||
	    v->items[1].kind != AM_STRING || o->add.n || o->remove.n) {
		answer_json_error(x, API_BAD_DATA,
				  STR("swap is a list of two people, without add and remove"));
		return false;
	}
	o->kind = OVERRIDE_SWAP;
	o->remove = v->items[0].text;
	o->add = v->items[1].text;
	return true;
}

static void put_one(struct exchange *x)
{
	struct am_value root;
	struct override o = {0};
	struct err err;
	struct str means;
	uint64_t id;

	if (!json_body_read(x, &root) || !read_span(x, &root, &o))
		return;
	o.kind = str_is(json_body_text(&root, "kind"), "temporary") ? OVERRIDE_TEMPORARY
								    : OVERRIDE_CHANGE;
	o.schedule = json_body_text(&root, "schedule");
	o.add = json_body_text(&root, "add");
	o.remove = json_body_text(&root, "remove");
	o.by = incident_actor(x, json_body_text(&root, "by"));
	means = means_of(json_body_text(&root, "means"));
	if (!read_swap(x, &root, &o))
		return;
	if (!oncall_override_put(oncall_of(x), x->now, &o, means, &id, &err)) {
		answer_json_error(x, API_BAD_DATA, arena_str(x->arena, str_of(err.msg)));
		return;
	}
	answer_json_begin(x);
	answer_put_uint(&x->body, "{\"id\":", id);
	buf_addc(&x->body, '}');
	answer_json_end(x);
	x->out->after_turn = core_turn(x->core);
}

void api_rouse_overrides(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		put_one(x);
	else
		list_overrides(x);
}

void api_rouse_override(struct exchange *x)
{
	struct actor by = {.who = incident_actor(x, exchange_param(x, "by")),
			   .means = means_of(exchange_param(x, "means"))};
	uint64_t id;

	if (num_uint(str_from(x->path, strlen(OVERRIDE_BASE)), 10, &id) != NUM_OK ||
	    !oncall_override_delete(oncall_of(x), x->now, id, by)) {
		answer_json_error(x, API_NOT_FOUND,
				  STR("there is no override of that number that is not over"));
		return;
	}
	answer_json_begin(x);
	buf_adds(&x->body, "{}");
	answer_json_end(x);
	x->out->after_turn = core_turn(x->core);
}
