/*
 * Who is on call: now, of all schedules; a week of one of them, day by day on its clocks, with gaps
 * in the open; and the changes of its plan, with forms that make and end them. Forms stand outside
 * of what the script replaces; a GET never changes anything, and a form of another site is refused.
 */
#include "web/page_schedule.h"

#include "base/num.h"
#include "base/time.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/incident.h"
#include "oncall/schedule.h"
#include "web/answer.h"
#include "web/incident.h"
#include "web/page.h"
#include "web/page_people.h"

#define COLOURS 8
#define DAY_ROWS_MAX 48 /* stretches of one day that are listed */
#define LOOKS_MAX 2000	/* at a plan in which much changes and nothing is to be seen of it */
#define EARLIEST ((ms_t)0)
#define LATEST ((ms_t)13569465600000) /* 2400 */

struct view {
	struct page p;
	const struct oncall *oncall;
	const struct oncall_config *config;
	const struct schedule *s; /* the one that is shown; NULL: there is none */
	ms_t monday;		  /* local midnight, as if it were UTC */
	struct str refused;	  /* why a form was not obeyed; empty: none was */
};

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

/* ---- words --------------------------------------------------------------------------------- */
static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static ms_t local_of(const struct schedule *s, ms_t t)
{
	return t + tz_offset_s(s->tz, t) * SECOND;
}

/* "Mon 23 Nov", "Mon 23 Nov 09:00" */
static void put_local(struct buf *b, ms_t local, bool clock)
{
	struct civil c = civil_of(local);

	buf_printf(b, "%s %d %s", DAYS[c.weekday], c.day, MONTHS[c.month - 1]);
	if (clock)
		buf_printf(b, " %02d:%02d", c.hour, c.minute);
}

/* On the schedule's clocks, whatever those of the browser show; the year where it is another. */
static void put_time(const struct view *v, const struct schedule *s, ms_t t)
{
	struct buf *b = v->p.b;
	int year = civil_of(local_of(s, t)).year;

	buf_adds(b, "<time datetime=\"");
	time_put_rfc3339(b, t);
	buf_adds(b, "\">");
	put_local(b, local_of(s, t), true);
	if (year != civil_of(v->p.now).year)
		buf_printf(b, ", %d", year);
	buf_adds(b, "</time>");
}

static void put_date(struct buf *b, ms_t local)
{
	struct civil c = civil_of(local);

	buf_printf(b, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static void put_person(struct view *v, const struct person *p)
{
	buf_printf(v->p.b, "<b class=\"who p%zu\"",
		   (size_t)(p - v->config->people) % (size_t)COLOURS);
	if (p->full_name.n)
		html_put(v->p.b, " title=\"$\"", p->full_name);
	html_put(v->p.b, ">$</b>", p->name);
}

static void put_why(struct buf *b, const struct on_call *oc)
{
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	on_call_put_why(&text, oc);
	html_put(b, " <small class=\"since\">$</small>", buf_str(&text));
	buf_done(&text);
}

static void put_roster(struct view *v, const struct roster *r)
{
	if (!r->n)
		buf_adds(v->p.b, "<b class=\"who gap\">nobody</b>");
	for (size_t i = 0; i < r->n; i++) {
		if (i)
			buf_addc(v->p.b, ' ');
		put_person(v, r->v[i].person);
		if (i + 1 == r->n || r->v[i].why != r->v[i + 1].why ||
		    r->v[i].layer != r->v[i + 1].layer || r->v[i].override != r->v[i + 1].override)
			put_why(v->p.b, &r->v[i]);
	}
}

/* ---- stretches ----------------------------------------------------------------------------- */
static bool same_people(const struct roster *a, const struct roster *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (a->v[i].person != b->v[i].person || a->v[i].why != b->v[i].why ||
		    a->v[i].layer != b->v[i].layer || a->v[i].override != b->v[i].override)
			return false;
	}
	return a->n == b->n;
}

/* Who it is at an instant, and until when nothing changes that somebody would see; looked for
 * until `end`. */
static void stretch(const struct view *v, const struct schedule *s, ms_t at, ms_t end,
		    struct roster *r)
{
	struct roster next;

	oncall_who(v->oncall, s, at, r);
	for (int i = 0; i < LOOKS_MAX && r->until != MS_NONE && r->until < end; i++) {
		oncall_who(v->oncall, s, r->until, &next);
		if (!same_people(r, &next))
			return;
		r->until = next.until;
	}
}

/* ---- now ----------------------------------------------------------------------------------- */
static void put_link(struct view *v, const struct schedule *s, ms_t week, const char *text)
{
	struct buf *b = v->p.b;

	buf_adds(b, "<a href=\"oncall?schedule=");
	html_query(b, s->name);
	if (week != MS_NONE) {
		buf_adds(b, "&amp;week=");
		put_date(b, week);
	}
	html_put(b, "\">$</a>", text ? str_of(text) : s->name);
}

static void put_now(struct view *v)
{
	struct buf *b = v->p.b;
	struct roster r;

	buf_adds(b,
		 "<table class=\"stack told now\">\n<thead><tr><th scope=\"col\">Schedule</th>"
		 "<th scope=\"col\">Now</th><th scope=\"col\">Until</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < v->config->n_schedules; i++) {
		const struct schedule *s = &v->config->schedules[i];

		stretch(v, s, v->p.now, v->p.now + 14 * DAY, &r);
		buf_adds(b, "<tr><td data-th=\"Schedule\">");
		put_link(v, s, MS_NONE, NULL);
		buf_adds(b, "</td><td data-th=\"Now\">");
		put_roster(v, &r);
		buf_adds(b, "</td><td data-th=\"Until\">");
		if (r.until == MS_NONE)
			buf_adds(b, "<span class=\"none\">–</span>");
		else
			put_time(v, s, r.until);
		buf_adds(b, "</td></tr>\n");
	}
	buf_adds(b, "</tbody>\n</table>\n");
}

/* ---- a week -------------------------------------------------------------------------------- */
static void put_clock(struct buf *b, const struct schedule *s, ms_t t, ms_t midnight)
{
	struct civil c = civil_of(local_of(s, t));

	if (t == midnight)
		buf_adds(b, "24:00");
	else
		buf_printf(b, "%02d:%02d", c.hour, c.minute);
}

struct day {
	ms_t from, to;
	struct roster *v; /* one a stretch; until: its end, not after the day's */
	size_t n;
	bool cut; /* there are more */
};

static void look_at_day(struct view *v, struct day *d)
{
	ms_t at = d->from;

	d->n = 0;
	while (at < d->to && d->n < DAY_ROWS_MAX) {
		struct roster *r = &d->v[d->n++];

		stretch(v, v->s, at, d->to, r);
		r->until = r->until == MS_NONE ? d->to : MIN(r->until, d->to);
		at = r->until;
	}
	d->cut = at < d->to;
}

/* The day as a bar: each stretch as long as it lasts. */
static void put_bar(struct view *v, const struct day *d)
{
	struct buf *b = v->p.b;
	ms_t at = d->from;

	buf_printf(b,
		   "<svg class=\"bar\" viewBox=\"0 0 %lld 10\" preserveAspectRatio=\"none\" "
		   "aria-hidden=\"true\">",
		   (long long)((d->to - d->from) / MINUTE));
	for (size_t i = 0; i < d->n; i++) {
		const struct roster *r = &d->v[i];
		size_t rows = MAX(r->n, (size_t)1);

		for (size_t k = 0; k < rows; k++) {
			buf_printf(b, "<rect x=\"%lld\" y=\"%.3g\" width=\"%lld\" height=\"%.3g\" ",
				   (long long)((at - d->from) / MINUTE),
				   10.0 * (double)k / (double)rows,
				   (long long)((r->until - at) / MINUTE), 10.0 / (double)rows);
			if (r->n)
				buf_printf(b, "class=\"p%zu\"/>",
					   (size_t)(r->v[k].person - v->config->people) %
						   (size_t)COLOURS);
			else
				buf_adds(b, "class=\"gap\"/>");
		}
		at = r->until;
	}
	if (v->p.now >= d->from && v->p.now < d->to)
		buf_printf(b, "<rect class=\"at\" x=\"%lld\" y=\"0\" width=\"6\" height=\"10\"/>",
			   (long long)((v->p.now - d->from) / MINUTE));
	buf_adds(b, "</svg>");
}

static void put_stretches(struct view *v, const struct day *d)
{
	struct buf *b = v->p.b;
	ms_t at = d->from;

	buf_adds(b, "<ul class=\"shifts\">");
	for (size_t i = 0; i < d->n; i++) {
		buf_adds(b, "<li><span class=\"hours\">");
		if (d->n == 1 && !d->cut) {
			buf_adds(b, "all day");
		} else {
			put_clock(b, v->s, at, MS_NONE);
			buf_adds(b, "–");
			put_clock(b, v->s, d->v[i].until, d->to);
		}
		buf_adds(b, "</span> <span>");
		put_roster(v, &d->v[i]);
		buf_adds(b, "</span></li>");
		at = d->v[i].until;
	}
	if (d->cut)
		buf_adds(b, "<li class=\"more\">and more</li>");
	buf_adds(b, "</ul>");
}

static void put_week(struct view *v)
{
	struct buf *b = v->p.b;
	struct day d = {.v = ARENA_ARRAY(v->p.x->arena, struct roster, DAY_ROWS_MAX)};

	buf_adds(b, "<table class=\"week\">\n<thead class=\"skip\"><tr><th scope=\"col\">Day</th>"
		    "<th scope=\"col\">Who</th></tr></thead>\n<tbody>\n");
	for (int i = 0; i < 7; i++) {
		ms_t local = v->monday + i * DAY;

		d.from = tz_first(v->s->tz, local);
		d.to = tz_first(v->s->tz, local + DAY);
		buf_adds(b, v->p.now >= d.from && v->p.now < d.to
				    ? "<tr class=\"today\"><th scope=\"row\">"
				    : "<tr><th scope=\"row\">");
		put_local(b, local, false);
		if (v->p.now >= d.from && v->p.now < d.to)
			buf_adds(b, " <span class=\"note\">today</span>");
		buf_adds(b, "</th><td>");
		if (d.from < d.to) {
			look_at_day(v, &d);
			put_bar(v, &d);
			put_stretches(v, &d);
		} else {
			buf_adds(b, "<span class=\"none\">the clocks skip this day</span>");
		}
		buf_adds(b, "</td></tr>\n");
	}
	buf_adds(b, "</tbody>\n</table>\n");
}

static void put_weeks(struct view *v)
{
	struct buf *b = v->p.b;

	buf_adds(b, "<nav class=\"weeks\" aria-label=\"Weeks\">");
	put_link(v, v->s, v->monday - 7 * DAY, "‹ Previous");
	buf_adds(b, "<b>");
	put_local(b, v->monday, false);
	buf_adds(b, " – ");
	put_local(b, v->monday + 6 * DAY, false);
	buf_printf(b, " %d</b>", civil_of(v->monday + 6 * DAY).year);
	put_link(v, v->s, MS_NONE, "This week");
	put_link(v, v->s, v->monday + 7 * DAY, "Next ›");
	buf_adds(b, "</nav>\n");
}

/* ---- overrides ----------------------------------------------------------------------------- */
static void put_hidden(struct view *v)
{
	html_put(v->p.b,
		 "<input type=\"hidden\" name=\"schedule\" value=\"$\">"
		 "<input type=\"hidden\" name=\"week\" value=\"",
		 v->s->name);
	put_date(v->p.b, v->monday);
	buf_adds(v->p.b, "\">\n");
}

static void put_name_field(struct view *v, const char *label)
{
	if (!v->p.x->user.n)
		html_put(v->p.b,
			 "<label><span>$</span> <input name=\"by\" required "
			 "maxlength=\"100\" autocomplete=\"username\" value=\"$\"></label>\n",
			 str_of(label), exchange_param(v->p.x, "by"));
}

static void put_override(struct view *v, const struct override *o)
{
	struct buf *b = v->p.b, what;

	buf_init(&what, BUF_MAX_ANY);
	override_put_what(&what, o);
	html_put(b, "<tr><td data-th=\"Change\">$", buf_str(&what));
	if (o->from > v->p.now)
		buf_adds(b, " <span class=\"state\">to come</span>");
	else
		buf_adds(b, " <span class=\"state pending\">now</span>");
	buf_adds(b, "</td><td data-th=\"From\">");
	put_time(v, v->s, o->from);
	buf_adds(b, "</td><td data-th=\"Until\">");
	put_time(v, v->s, o->to);
	html_put(b, "</td><td data-th=\"By\">$</td><td data-th=\"End\">", o->by);
	buf_printf(b,
		   "<button name=\"end\" value=\"%llu\" aria-label=\"End override %llu\">End"
		   "</button></td></tr>\n",
		   (unsigned long long)o->id, (unsigned long long)o->id);
	buf_done(&what);
}

static void put_overrides(struct view *v)
{
	size_t n, shown = 0;
	const struct override *const *all = oncall_overrides(v->oncall, &n);
	struct buf *b = v->p.b;

	buf_adds(b, "<h2>Changes of the plan</h2>\n");
	for (size_t i = 0; i < n; i++) {
		if (all[i]->to <= v->p.now || !str_eq(all[i]->schedule, v->s->name))
			continue;
		if (!shown++) {
			buf_adds(b, "<form class=\"ends\" method=\"post\" action=\"oncall\">\n");
			put_hidden(v);
			buf_adds(b, "<table class=\"stack told\">\n<thead><tr>"
				    "<th scope=\"col\">Change</th><th scope=\"col\">From</th>"
				    "<th scope=\"col\">Until</th><th scope=\"col\">By</th>"
				    "<th scope=\"col\">End</th></tr></thead>\n<tbody>\n");
		}
		if (shown <= PAGE_ROWS_MAX)
			put_override(v, all[i]);
	}
	if (!shown) {
		buf_adds(b, "<p class=\"empty\">None: it is as the file says.</p>\n");
		return;
	}
	buf_adds(b, "</tbody>\n</table>\n");
	page_more(&v->p, shown > PAGE_ROWS_MAX ? shown - PAGE_ROWS_MAX : 0, "");
	put_name_field(v, "Your name, to end one");
	buf_adds(b, "</form>\n");
}

/* ---- the form ------------------------------------------------------------------------------ */
static const struct {
	const char *value, *words;
} KINDS[] = {
	{"replace", "stands in for"},	     {"swap", "swaps shifts with"},
	{"add", "is on call as well"},	     {"remove", "is off"},
	{"only", "is the only one on call"},
};

static void put_option(struct buf *b, struct str value, struct str words, struct str chosen)
{
	html_put(b, "<option value=\"$\"", value);
	buf_adds(b, str_eq(value, chosen) ? " selected>" : ">");
	html_text(b, words);
	buf_adds(b, "</option>");
}

/* `none` is what nobody of them is called: the last choice, or the first if it is `usual`. */
static void put_people(struct view *v, const char *name, const char *label, const char *none,
		       bool usual)
{
	struct buf *b = v->p.b;
	struct str chosen = exchange_param(v->p.x, name);

	html_put(b, "<label><span>$</span> <select name=\"$\">", str_of(label), str_of(name));
	if (usual)
		put_option(b, STR(""), str_of(none), chosen);
	for (size_t i = 0; i < v->config->n_people; i++)
		put_option(b, v->config->people[i].name, v->config->people[i].name, chosen);
	if (!usual)
		put_option(b, STR(""), str_of(none),
			   str_is(v->p.x->req->method, "POST") ? chosen : STR("-"));
	buf_adds(b, "</select></label>\n");
}

static void put_when(struct view *v, const char *name, const char *label, ms_t otherwise)
{
	struct buf *b = v->p.b;
	struct str given = exchange_param(v->p.x, name);
	struct civil c = civil_of(local_of(v->s, otherwise));

	html_put(b, "<label><span>$</span> <input type=\"datetime-local\" name=\"$\" required",
		 str_of(label), str_of(name));
	if (given.n)
		html_put(b, " value=\"$\"></label>\n", given);
	else
		buf_printf(b, " value=\"%04d-%02d-%02dT%02d:%02d\"></label>\n", c.year, c.month,
			   c.day, c.hour, c.minute);
}

static void put_form(struct view *v)
{
	struct buf *b = v->p.b;
	struct roster r;

	stretch(v, v->s, v->p.now, v->p.now + 14 * DAY, &r);
	buf_adds(b, "<h2>Change it</h2>\n<form class=\"verbs\" method=\"post\" "
		    "action=\"oncall\">\n");
	put_hidden(v);
	buf_adds(b, "<p>");
	put_people(v, "who", "Who", "nobody", false);
	buf_adds(b, "<label><span>does what</span> <select name=\"kind\">");
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
		put_option(b, str_of(KINDS[i].value), str_of(KINDS[i].words),
			   exchange_param(v->p.x, "kind"));
	buf_adds(b, "</select></label>\n");
	put_people(v, "whom", "whom (in place of, or swapped with)", "–", true);
	buf_adds(b, "</p>\n<p>");
	put_when(v, "from", "From", v->p.now);
	put_when(v, "to", "Until",
		 r.until == MS_NONE || r.until <= v->p.now ? v->p.now + DAY : r.until);
	put_name_field(v, "Your name");
	html_put(b,
		 "<button class=\"main\">Change the plan</button></p>\n<p class=\"note\">Times are "
		 "those of "
		 "$.</p>\n"
		 "</form>\n",
		 v->s->time_zone.n ? v->s->time_zone : STR("UTC"));
}

/* ---- the page ------------------------------------------------------------------------------ */
static ms_t midnight(ms_t local)
{
	return local - (local % DAY + DAY) % DAY;
}

/* The Monday of the week that was asked for, or of this one. */
static ms_t monday_of(struct view *v)
{
	struct str asked = exchange_param(v->p.x, "week");
	ms_t day = midnight(local_of(v->s, v->p.now)), t;

	if (asked.n == 10 &&
	    time_rfc3339(arena_printf(v->p.x->arena, "%.*sT00:00:00Z", STR_ARG(asked)), &t) &&
	    t >= EARLIEST && t < LATEST)
		day = t;
	return day - (civil_of(day).weekday + 6) % 7 * DAY;
}

static void view_init(struct view *v, struct exchange *x)
{
	struct str wanted = exchange_param(x, "schedule");

	*v = (struct view){.oncall = oncall_of(x), .config = oncall_config(oncall_of(x))};
	page_init(&v->p, x);
	if (!v->config || !v->config->n_schedules)
		return;
	v->s = wanted.n ? oncall_schedule(v->config, wanted) : &v->config->schedules[0];
	if (v->s)
		v->monday = monday_of(v);
}

static void put_schedule(struct view *v)
{
	struct buf *b = v->p.b;

	html_put(b, "<h2 id=\"week\">$ <small class=\"note\">$</small></h2>\n", v->s->name,
		 v->s->time_zone.n ? v->s->time_zone : STR("UTC"));
	put_weeks(v);
	buf_adds(b, "<div id=\"rest\" data-live>\n");
	put_week(v);
	buf_adds(b, "</div>\n");
	put_overrides(v);
	if (v->config->n_people)
		put_form(v);
}

static void show(struct view *v, int status)
{
	struct buf *b = v->p.b;

	page_begin(&v->p, STR("On call · rouse"));
	buf_adds(b, "<h1 class=\"rule\">On call</h1>\n");
	if (v->refused.n)
		html_put(b, "<div class=\"banner warn\" role=\"alert\"><b>Not done:</b> $</div>\n",
			 v->refused);
	if (!v->config || !v->config->n_schedules) {
		buf_adds(b, "<p class=\"empty\">The configuration has no schedules.</p>\n");
	} else {
		buf_adds(b, "<div id=\"now\" data-live>\n");
		put_now(v);
		buf_adds(b, "</div>\n");
		if (v->s)
			put_schedule(v);
		else
			buf_adds(b, "<p class=\"empty\">There is no such schedule.</p>\n");
	}
	if (v->config && v->config->n_people)
		page_people_put(&v->p, v->config);
	page_end(&v->p, status);
}

/* ---- what the forms do --------------------------------------------------------------------- */
static bool refuse(struct view *v, const char *why)
{
	v->refused = arena_str(v->p.x->arena, str_of(why));
	return false;
}

/* "2026-12-24T08:00", with seconds from some browsers, on the schedule's clocks. */
static bool read_when(struct view *v, const char *name, ms_t *out)
{
	struct str s = exchange_param(v->p.x, name);
	ms_t local;

	if (!time_rfc3339(arena_printf(v->p.x->arena, "%.*s%s", STR_ARG(s),
				       s.n == 16 ? ":00Z" : "Z"),
			  &local))
		return false;
	*out = tz_first(v->s->tz, local);
	return true;
}

static bool read_kind(struct view *v, struct override *o)
{
	struct str kind = exchange_param(v->p.x, "kind"), who = exchange_param(v->p.x, "who");
	struct str whom = exchange_param(v->p.x, "whom");

	if (str_is(kind, "only")) {
		o->kind = OVERRIDE_TEMPORARY;
		o->add = who;
		return true;
	}
	if (!who.n)
		return refuse(v, "who? only \"is the only one on call\" goes with nobody");
	if (str_is(kind, "remove")) {
		o->remove = who;
		return true;
	}
	o->add = who;
	if (str_is(kind, "add"))
		return true;
	o->kind = str_is(kind, "swap") ? OVERRIDE_SWAP : OVERRIDE_CHANGE;
	o->remove = whom;
	return whom.n || refuse(v, "in whose place, or swapped with whom?");
}

static bool make(struct view *v)
{
	struct exchange *x = v->p.x;
	struct override o = {.schedule = v->s->name,
			     .by = incident_actor(x, exchange_param(x, "by"))};
	struct err err;
	uint64_t id;

	if (!read_kind(v, &o))
		return false;
	if (!read_when(v, "from", &o.from) || !read_when(v, "to", &o.to))
		return refuse(v, "from and until must be times like 2026-12-24T08:00");
	return oncall_override_put(oncall_of(x), x->now, &o, STR("page"), &id, &err) ||
	       refuse(v, err.msg);
}

static bool end(struct view *v)
{
	struct exchange *x = v->p.x;
	struct actor by = {.who = incident_actor(x, exchange_param(x, "by")), .means = STR("page")};
	uint64_t id;

	return (num_uint(exchange_param(x, "end"), 10, &id) == NUM_OK &&
		oncall_override_delete(oncall_of(x), x->now, id, by)) ||
	       refuse(v, "there is no override of that number that is not over");
}

static void act(struct view *v)
{
	struct exchange *x = v->p.x;
	struct io_header location = {.name = STR("Location")};
	struct buf b;

	if (!v->s)
		refuse(v, "there is no such schedule");
	if (!v->s || !(exchange_param(x, "end").n ? end(v) : make(v))) {
		show(v, 400);
		return;
	}
	/* Reloading the page must not do it again. */
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "oncall?schedule=");
	html_query(&b, v->s->name);
	buf_adds(&b, "&week=");
	put_date(&b, v->monday);
	location.value = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	answer_body_with(x, 303, "text/plain; charset=utf-8", &location, 1);
	x->out->after_turn = core_turn(x->core);
}

void page_oncall(struct exchange *x)
{
	struct view v;

	view_init(&v, x);
	if (str_is(x->req->method, "POST"))
		act(&v);
	else
		show(&v, v.config && v.config->n_schedules && !v.s ? 404 : 200);
}
