/*
 * The text of a calendar: unfolded lines, components in each other, and the properties of events
 * that say when they are and whose. Lines are cut here, so that a mistake has its line; what a
 * property means is libical's.
 */
#include "oncall/ical_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oncall/ical_inner.h"

#define DEPTH_MAX 8
#define ZONES_MAX 200
#define LINE_MAX_BYTES (1u << 20)
#define SUMMARY_MAX 500
#define ATTENDEES_MAX 200
#define DATES_MAX 5000
#define COLUMN 1

/* ---- lines --------------------------------------------------------------------------------- */
struct line {
	struct str name, text; /* text: the whole of it, unfolded, with a NUL behind it */
	int number;
};

struct text {
	struct str rest;
	int number; /* of the line that comes next */
	struct arena *arena;
	struct err *err;
};

static struct str physical(struct text *t)
{
	ptrdiff_t end = str_find_char(t->rest, '\n');
	struct str s = str_cut(t->rest, 0, end < 0 ? t->rest.n : (size_t)end);

	t->rest = end < 0 ? STR("") : str_from(t->rest, (size_t)end + 1);
	t->number++;
	return str_ends(s, "\r") ? str_cut(s, 0, s.n - 1) : s;
}

static bool is_folded(const struct text *t)
{
	return t->rest.n && (t->rest.p[0] == ' ' || t->rest.p[0] == '\t');
}

static struct str unfold(struct text *t, struct str first)
{
	struct buf b;
	struct str s;

	buf_init(&b, LINE_MAX_BYTES + 1);
	buf_add(&b, first);
	while (is_folded(t))
		buf_add(&b, str_from(physical(t), 1));
	s = b.full ? STR("") : arena_str(t->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && (((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z') ||
			   (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-'))
		n++;
	return n;
}

/* The next line that is not empty; name is empty at the end. */
static bool next_line(struct text *t, struct line *out)
{
	size_t n;

	*out = (struct line){.number = t->number};
	while (t->rest.n) {
		out->number = t->number;
		out->text = unfold(t, physical(t));
		if (!str_trim(out->text).n && t->number == out->number + 1)
			continue;
		n = name_length(out->text);
		if (!n || n == out->text.n || (out->text.p[n] != ':' && out->text.p[n] != ';'))
			return err_at(t->err, out->number, COLUMN,
				      "this is no line of a calendar: NAME:value was expected, of "
				      "at most %u bytes",
				      LINE_MAX_BYTES);
		out->name = str_cut(out->text, 0, n);
		return true;
	}
	return true;
}

static bool is(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* What stands behind the first colon: of BEGIN and END. */
static struct str value_of(const struct line *l)
{
	ptrdiff_t colon = str_find_char(l->text, ':');

	return colon < 0 ? STR("") : str_trim(str_from(l->text, (size_t)colon + 1));
}

/* ---- properties ---------------------------------------------------------------------------- */
/* A line of an event: a component around it, or NULL. */
static icalcomponent *component_of(const struct line *l)
{
	struct buf b;
	icalcomponent *c;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "BEGIN:VEVENT\r\n%.*s\r\nEND:VEVENT\r\n", STR_ARG(l->text));
	icalerror_clear_errno();
	c = icalparser_parse_string(buf_cstr(&b));
	buf_done(&b);
	if (c && icalcomponent_count_errors(c) > 0) {
		icalcomponent_free(c);
		c = NULL;
	}
	return c;
}

static struct str tzid_of(icalproperty *p)
{
	icalparameter *tzid = icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER);

	return str_of(tzid ? icalparameter_get_tzid(tzid) : NULL);
}

static bool is_time(struct icaltimetype t)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct civil c = {.year = t.year, .month = t.month, .day = t.day};

	return t.year >= 1600 && t.year <= 2500 && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
	       t.day <= days[t.month - 1] && civil_of(civil_to(&c)).day == t.day && t.hour >= 0 &&
	       t.hour <= 23 && t.minute >= 0 && t.minute <= 59 && t.second >= 0 && t.second <= 60;
}

static const struct ical_zone *zone_of(struct ical_reader *r, struct str id)
{
	for (size_t i = 0; i < r->n_zones; i++) {
		if (str_eq(r->zones[i].id, id))
			return &r->zones[i];
	}
	if (r->n_zones >= ZONES_MAX) {
		err_set(r->err, -1, "more than %d time zones", ZONES_MAX);
		return NULL;
	}
	struct ical_zone z = {0};

	if (!ical_zone_open(r, arena_str(r->arena, id), STR(""), NULL, &z))
		return NULL;
	r->zones[r->n_zones] = z;
	return &r->zones[r->n_zones++];
}

static bool time_of(struct ical_reader *r, icalproperty *p, struct ical_time *out)
{
	icalvalue *v = icalproperty_get_value(p);
	icalvalue_kind kind = v ? icalvalue_isa(v) : ICAL_NO_VALUE;
	struct str tzid = tzid_of(p);
	struct icaltimetype t;
	struct civil c;

	if (kind != ICAL_DATE_VALUE && kind != ICAL_DATETIME_VALUE &&
	    kind != ICAL_DATETIMEDATE_VALUE)
		return err_set(r->err, -1, "a day or a time was expected");
	t = icalvalue_get_datetime(v);
	if (!is_time(t))
		return err_set(r->err, -1, "there is no such day or time");
	c = (struct civil){.year = t.year,
			   .month = t.month,
			   .day = t.day,
			   .hour = t.hour,
			   .minute = t.minute,
			   .second = MIN(t.second, 59)};
	*out = (struct ical_time){.date = t.is_date, .local = civil_to(&c)};
	out->utc = !t.is_date && (t.zone || is(tzid, "UTC"));
	if (out->date || out->utc || !tzid.n)
		return true;
	out->zone = zone_of(r, tzid);
	return out->zone != NULL;
}

static bool start(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	d->has_start = true;
	return time_of(r, p, &d->start);
}

static bool end(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	d->has_end = true;
	return time_of(r, p, &d->end);
}

static bool duration(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	struct icaldurationtype t = icalproperty_get_duration(p);

	if (t.is_neg || t.weeks > 1000 || t.days > 7000 || t.hours > 100000 ||
	    t.minutes > 10000000 || t.seconds > 600000000)
		return err_set(r->err, -1, "no duration of an event");
	d->has_span = true;
	d->span_days = ((ms_t)t.weeks * 7 + t.days) * DAY;
	d->span = t.hours * HOUR + t.minutes * MINUTE + t.seconds * SECOND;
	return true;
}

static bool rule(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	if (d->repeats)
		return err_set(r->err, -1, "a second one");
	d->rule = icalproperty_get_rrule(p);
	d->repeats = true;
	return (d->rule.freq != ICAL_NO_RECURRENCE) || err_set(r->err, -1, "no rule");
}

static bool add_time(struct ical_reader *r, icalproperty *p, struct ical_times *to)
{
	struct ical_time t;

	if (to->n >= DATES_MAX)
		return err_set(r->err, -1, "more than %d of them in one event", DATES_MAX);
	if (!time_of(r, p, &t))
		return false;
	to->v = mem_reserve(to->v, &to->cap, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = t;
	return true;
}

static bool more(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	return add_time(r, p, &d->more);
}

static bool without(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	return add_time(r, p, &d->without);
}

static bool instance(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	d->has_instance = true;
	return time_of(r, p, &d->instance);
}

static struct str text_of(struct ical_reader *r, icalproperty *p, size_t most)
{
	icalvalue *v = icalproperty_get_value(p);
	const char *s = v && icalvalue_isa(v) == ICAL_TEXT_VALUE ? icalvalue_get_text(v) : NULL;
	struct str t = arena_str(r->arena, str_of(s));

	while (t.n > most || (t.n && !str_is_utf8(t)))
		t.n--;
	for (size_t i = 0; i < t.n; i++) {
		if ((unsigned char)t.p[i] < ' ')
			((char *)(uintptr_t)t.p)[i] = ' ';
	}
	return t;
}

static bool summary(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	d->event->summary = str_trim(text_of(r, p, SUMMARY_MAX));
	return true;
}

static bool uid(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	d->uid = text_of(r, p, 1000);
	return true;
}

static bool attendee(struct ical_reader *r, icalproperty *p, struct ical_draft *d)
{
	struct ical_event *e = d->event;
	icalparameter *cn = icalproperty_get_first_parameter(p, ICAL_CN_PARAMETER);
	icalparameter *type = icalproperty_get_first_parameter(p, ICAL_CUTYPE_PARAMETER);
	icalparameter *says = icalproperty_get_first_parameter(p, ICAL_PARTSTAT_PARAMETER);
	icalparameter_cutype what = type ? icalparameter_get_cutype(type) : ICAL_CUTYPE_INDIVIDUAL;
	struct str address = str_of(icalproperty_get_attendee(p));

	if (what == ICAL_CUTYPE_ROOM || what == ICAL_CUTYPE_RESOURCE ||
	    (says && icalparameter_get_partstat(says) == ICAL_PARTSTAT_DECLINED))
		return true;
	if (e->n_attendees >= ATTENDEES_MAX)
		return err_set(r->err, -1, "more than %d in one event", ATTENDEES_MAX);
	if (!e->attendees)
		e->attendees = ARENA_ARRAY(r->arena, struct ical_attendee, ATTENDEES_MAX);
	if (address.n >= 7 && strncasecmp(address.p, "mailto:", 7) == 0)
		address = str_from(address, 7);
	e->attendees[e->n_attendees++] = (struct ical_attendee){
		.address = arena_str(r->arena, address),
		.name = arena_str(r->arena, str_of(cn ? icalparameter_get_cn(cn) : NULL)),
	};
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct ical_reader *r, icalproperty *p, struct ical_draft *d);
} PROPERTIES[] = {
	{"DTSTART", start},   {"DTEND", end},	      {"DURATION", duration},	   {"RRULE", rule},
	{"RDATE", more},      {"EXDATE", without},    {"RECURRENCE-ID", instance}, {"UID", uid},
	{"SUMMARY", summary}, {"ATTENDEE", attendee},
};

static bool read_property(struct ical_reader *r, const struct line *l, struct ical_draft *d,
			  size_t which)
{
	icalcomponent *c = component_of(l);
	icalproperty *p = c ? icalcomponent_get_first_property(c, ICAL_ANY_PROPERTY) : NULL;
	bool ok = p != NULL || err_set(r->err, -1, "this cannot be read");

	/* A list of times is as many properties. */
	for (; p && ok; p = icalcomponent_get_next_property(c, ICAL_ANY_PROPERTY))
		ok = PROPERTIES[which].read(r, p, d);
	if (c)
		icalcomponent_free(c);
	if (ok)
		return true;
	err_prefix(r->err, "%s: ", PROPERTIES[which].name);
	r->err->line = l->number;
	r->err->col = COLUMN;
	return false;
}

static bool read_line(struct ical_reader *r, const struct line *l, struct ical_draft *d)
{
	if (is(l->name, "STATUS"))
		d->cancelled = is(value_of(l), "CANCELLED");
	if (is(l->name, "EXRULE"))
		return err_at(r->err, l->number, COLUMN,
			      "EXRULE is not supported: programs write EXDATE today");
	if (is(l->name, "RECURRENCE-ID") && str_find(l->text, STR("THISANDFUTURE")) >= 0)
		return err_at(r->err, l->number, COLUMN, "RANGE=THISANDFUTURE is not supported");
	if (is(l->name, "RRULE"))
		d->rule_line = l->number;
	for (size_t i = 0; i < ARRAY_LEN(PROPERTIES); i++) {
		if (is(l->name, PROPERTIES[i].name) && value_of(l).n)
			return read_property(r, l, d, i);
	}
	return true;
}

/* ---- components ---------------------------------------------------------------------------- */
/* A component of the calendar: the lines of it alone, without those of components in it. */
struct part {
	struct line *lines;
	size_t n, cap;
	struct str kind; /* VEVENT, VTIMEZONE */
	struct str text; /* of a zone: all of it, as it stands */
	int line;
	bool whole; /* its END was there */
};

struct parts {
	struct part *v;
	size_t n, cap, events;
	struct str open[DEPTH_MAX]; /* the components that have begun */
	size_t depth;
};

static void parts_done(struct parts *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		free(ps->v[i].lines);
	free(ps->v);
}

static bool begin(struct text *t, struct parts *ps, const struct line *l,
		  const struct ical_look *look)
{
	struct str kind = value_of(l);

	if (ps->depth == 0 && !is(kind, "VCALENDAR"))
		return err_at(t->err, l->number, COLUMN, "BEGIN:VCALENDAR was expected");
	if (ps->depth >= DEPTH_MAX)
		return err_at(t->err, l->number, COLUMN, "components in each other: more than %d",
			      DEPTH_MAX);
	ps->open[ps->depth++] = kind;
	if (ps->depth != 2 || (!is(kind, "VEVENT") && !is(kind, "VTIMEZONE")))
		return true;
	ps->events += is(kind, "VEVENT");
	if (ps->events > look->limits->calendar_events)
		return err_at(t->err, l->number, COLUMN, "more than %zu events",
			      look->limits->calendar_events);
	ps->v = mem_reserve(ps->v, &ps->cap, ps->n + 1, sizeof(*ps->v));
	ps->v[ps->n++] = (struct part){.kind = kind, .line = l->number, .text = t->rest};
	return true;
}

static bool finish(struct text *t, struct parts *ps, const struct line *l)
{
	struct part *p = ps->n ? &ps->v[ps->n - 1] : NULL;

	if (!ps->depth || !is(ps->open[ps->depth - 1], arena_cstr(t->arena, value_of(l))))
		return err_at(t->err, l->number, COLUMN, "END:%.*s ends nothing that has begun",
			      STR_ARG(value_of(l)));
	if (--ps->depth != 1 || !p || p->whole)
		return true;
	p->text = str_cut(p->text, 0, p->text.n - t->rest.n);
	p->whole = true;
	return true;
}

static bool cut(struct text *t, struct parts *ps, const struct ical_look *look)
{
	struct line l;

	for (;;) {
		if (!next_line(t, &l))
			return false;
		if (!l.name.n)
			break;
		if (is(l.name, "BEGIN")) {
			if (!begin(t, ps, &l, look))
				return false;
		} else if (is(l.name, "END")) {
			if (!finish(t, ps, &l))
				return false;
		} else if (!ps->depth) {
			return err_at(t->err, l.number, COLUMN, "BEGIN:VCALENDAR was expected");
		}
		if (ps->depth == 2 && ps->n && is(ps->open[1], "VEVENT")) {
			struct part *p = &ps->v[ps->n - 1];

			p->lines = mem_reserve(p->lines, &p->cap, p->n + 1, sizeof(l));
			p->lines[p->n++] = l;
		}
	}
	return !ps->depth ||
	       err_at(t->err, l.number, COLUMN, "the file ends in the midst of %.*s: is it whole?",
		      STR_ARG(ps->open[ps->depth - 1]));
}

/* ---- zones that the calendar brings -------------------------------------------------------- */
/* All times of a zone's rules are counted: none may be more than a few a year. */
static bool is_calm(struct str rule)
{
	return rule.n < 120 && str_find(rule, STR("FREQ=YEARLY")) >= 0 &&
	       str_find(rule, STR("BYHOUR")) < 0 && str_find(rule, STR("BYMINUTE")) < 0 &&
	       str_find(rule, STR("BYSECOND")) < 0;
}

static bool read_zone(struct ical_reader *r, const struct part *p)
{
	struct text t = {.rest = p->text, .number = p->line + 1, .arena = r->arena, .err = r->err};
	struct str id = STR(""), location = STR("");
	struct ical_zone z = {0};
	struct buf b;
	struct line l;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "BEGIN:VTIMEZONE\r\n%.*s", STR_ARG(p->text));
	while (next_line(&t, &l) && l.name.n) {
		if (is(l.name, "TZID"))
			id = value_of(&l);
		if (is(l.name, "X-LIC-LOCATION"))
			location = value_of(&l);
		if (is(l.name, "RRULE") && !is_calm(l.text)) {
			buf_done(&b);
			return err_at(r->err, l.number, COLUMN,
				      "the clocks of a time zone change by a yearly rule");
		}
	}
	if (id.n && r->n_zones < ZONES_MAX &&
	    ical_zone_open(r, id, location, icalparser_parse_string(buf_cstr(&b)), &z))
		r->zones[r->n_zones++] = z;
	buf_done(&b);
	return true; /* one that cannot be used is told when something is in it */
}

/* ---- all of it ----------------------------------------------------------------------------- */
static bool read_event(struct ical_reader *r, const struct part *p)
{
	struct ical_draft *d = &r->drafts[r->n_drafts++];

	d->event = ARENA_NEW(r->arena, struct ical_event);
	d->event->line = p->line;
	for (size_t i = 0; i < p->n; i++) {
		if (!read_line(r, &p->lines[i], d))
			return false;
	}
	if (!d->has_start)
		return err_at(r->err, p->line, COLUMN, "an event without DTSTART");
	if (d->has_end && d->end.date != d->start.date)
		return err_at(r->err, p->line, COLUMN,
			      "an event between a whole day and a time: DTSTART and DTEND must be "
			      "of one kind");
	if (d->has_end && ical_when(r, &d->end) < ical_when(r, &d->start))
		return err_at(r->err, p->line, COLUMN, "an event that ends before it begins");
	return true;
}

static bool read_parts(struct ical_reader *r, const struct parts *ps)
{
	r->zones = ARENA_ARRAY(r->arena, struct ical_zone, ZONES_MAX);
	r->drafts = ARENA_ARRAY(r->arena, struct ical_draft, ps->events + 1);
	for (size_t i = 0; i < ps->n; i++) {
		if (is(ps->v[i].kind, "VTIMEZONE") && !read_zone(r, &ps->v[i]))
			return false;
	}
	for (size_t i = 0; i < ps->n; i++) {
		if (is(ps->v[i].kind, "VEVENT") && !read_event(r, &ps->v[i]))
			return false;
	}
	return ical_when_all(r);
}

static void reader_done(struct ical_reader *r)
{
	for (size_t i = 0; i < r->n_zones; i++)
		ical_zone_close(&r->zones[i]);
	for (size_t i = 0; i < r->n_drafts; i++) {
		free(r->drafts[i].more.v);
		free(r->drafts[i].without.v);
	}
	free(r->spans);
	map_done(&r->changed);
}

/* The line of the first byte that does not belong into a text; 0: none. */
static int bad_line(struct str text)
{
	int line = 1;

	while (text.n) {
		ptrdiff_t end = str_find_char(text, '\n');
		struct str s = str_cut(text, 0, end < 0 ? text.n : (size_t)end);

		if (!str_is_utf8(s) || str_find_char(s, '\0') >= 0)
			return line;
		text = end < 0 ? STR("") : str_from(text, (size_t)end + 1);
		line++;
	}
	return 0;
}

bool ical_in_parse(struct str text, const struct ical_look *look, struct arena *a,
		   struct ical_spans *out, struct err *err)
{
	struct err own;
	struct ical_reader r = {.look = look, .arena = a, .err = err ? err : &own};
	struct parts ps = {0};
	struct text t = {.rest = text, .number = 1, .arena = a, .err = r.err};
	int bad = bad_line(text);
	bool ok;

	*r.err = (struct err){0};
	if (bad)
		return err_at(r.err, bad, COLUMN, "this is no text in UTF-8");
	if (!ical_lib_load(r.err))
		return false;
	if (str_starts(text, "\xEF\xBB\xBF"))
		t.rest = str_from(text, 3);
	map_init(&r.changed);
	ok = cut(&t, &ps, look) &&
	     (ps.v || t.number > 1 || err_at(r.err, 1, COLUMN, "it is empty"));
	ok = ok && read_parts(&r, &ps);
	if (ok) {
		out->n = r.n_spans;
		out->v = ARENA_ARRAY(a, struct ical_span, r.n_spans + 1);
		if (r.n_spans)
			memcpy(out->v, r.spans, r.n_spans * sizeof(*out->v));
	}
	parts_done(&ps);
	reader_done(&r);
	return ok;
}
