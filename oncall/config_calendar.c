/*
 * Calendar files of `oncall:`: holidays of schedules, and layers whose plan is kept in a calendar
 * program. Who an event means is looked for in it: people by their names, full names and mail
 * addresses. Events that mean nobody are told, and count for nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "base/yaml.h"
#include "oncall/config_inner.h"
#include "oncall/ical_in.h"

#define FILES_MAX 50
#define BEHIND (366 * DAY)
#define AHEAD (3 * 366 * DAY)
#define WARNINGS_MAX 20

/* ---- files --------------------------------------------------------------------------------- */
/* The spans of one file. What is wrong in it is told at its line there. */
static bool read_calendar(const struct oncall_reader *r, const struct yaml_node *n,
			  const struct tz *tz, struct str *path, struct ical_spans *out)
{
	const struct oncall_source *src = r->source;
	struct arena *a = r->fields.arena;
	struct ical_look look = {.tz = tz,
				 .from = src->now - BEHIND,
				 .to = src->now + AHEAD,
				 .limits = src->limits};
	struct err err = {0};
	struct str text;

	if (n->kind != YAML_SCALAR || !n->value.n)
		return fields_error(&r->fields, n, "the name of a calendar file was expected");
	*path = n->value;
	if (src->dir.n && !str_starts(*path, "/"))
		*path = arena_printf(a, "%.*s/%.*s", STR_ARG(src->dir), STR_ARG(*path));
	if (!src->read)
		return fields_error(&r->fields, n, "calendar files are not read here");
	if (!src->read(src->arg, *path, a, &text, &err))
		return fields_error(&r->fields, n, "%s", err.msg);
	if (ical_in_parse(text, &look, a, out, &err))
		return true;
	if (!err.line)
		return fields_error(&r->fields, n, "%.*s: %s", STR_ARG(*path), err.msg);
	diags_add(r->fields.diags, *path, err.line, err.col, "%s", err.msg);
	return false;
}

static int by_from(const void *a, const void *b)
{
	const struct calendar_span *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void finish(struct calendar *c)
{
	ms_t reach = INT64_MIN;

	for (size_t i = 0; i < c->n; i++) {
		reach = MAX(reach, c->v[i].to);
		c->v[i].reach = reach;
	}
}

/* ---- holidays ------------------------------------------------------------------------------ */
bool oncall_read_holidays(const struct oncall_reader *r, const struct yaml_node *n,
			  struct schedule *s)
{
	const struct yaml_node *const one[] = {n};
	const struct yaml_node *const *files = one;
	size_t count = 1, spans = 0;
	struct ical_spans all[FILES_MAX];
	struct str path;

	if (!n || n->kind == YAML_NULL)
		return true;
	s->holidays.v = ARENA_NEW(r->fields.arena, struct calendar_span);
	if (n->kind == YAML_LIST) {
		files = (const struct yaml_node *const *)n->items;
		count = n->n;
	}
	if (n->kind == YAML_MAP || count > FILES_MAX)
		return fields_error(&r->fields, n,
				    "holidays is a file or a list of at most %d files", FILES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!read_calendar(r, files[i], s->tz, &path, &all[i]))
			return false;
		spans += all[i].n;
	}
	s->holidays.v = ARENA_ARRAY(r->fields.arena, struct calendar_span, spans + 1);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < all[i].n; k++)
			s->holidays.v[s->holidays.n++] =
				(struct calendar_span){.from = all[i].v[k].from,
						       .to = all[i].v[k].to,
						       .summary = all[i].v[k].event->summary};
	}
	qsort(s->holidays.v, s->holidays.n, sizeof(struct calendar_span), by_from);
	finish(&s->holidays);
	return true;
}

/* ---- whom an event means ------------------------------------------------------------------- */
static bool same(struct str a, struct str b)
{
	return a.n && a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool in_word(char c)
{
	return (c & 0x80) || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       c == '_' || c == '-';
}

/* Whether the words stand in the text, and not as a part of longer ones. */
static bool stands_in(struct str text, struct str words)
{
	for (size_t i = 0; words.n && i + words.n <= text.n; i++) {
		size_t end = i + words.n;

		if (same(str_cut(text, i, end), words) && (i == 0 || !in_word(text.p[i - 1])) &&
		    (end == text.n || !in_word(text.p[end])))
			return true;
	}
	return false;
}

/* Whether it is an address of a contact of theirs, or their name at any place. */
static bool has_address(const struct person *p, struct str address)
{
	ptrdiff_t at = str_find_char(address, '@');

	for (size_t i = 0; i < p->n_contacts; i++) {
		const struct contact *c = &p->contacts[i];
		const struct yaml_node *to = str_is(c->kind, "email") && c->entry->kind == YAML_MAP
						     ? yaml_get(c->entry, "to")
						     : NULL;

		if (to && to->kind == YAML_SCALAR && same(str_trim(to->value), address))
			return true;
	}
	return same(p->name, at < 0 ? address : str_cut(address, 0, (size_t)at));
}

static bool is_attendee(const struct person *p, const struct ical_attendee *a)
{
	return same(a->name, p->name) || same(a->name, p->full_name) || has_address(p, a->address);
}

static bool is_meant(const struct person *p, const struct ical_event *e)
{
	for (size_t i = 0; i < e->n_attendees; i++) {
		if (is_attendee(p, &e->attendees[i]))
			return true;
	}
	return stands_in(e->summary, p->name) || stands_in(e->summary, p->full_name);
}

/* ---- a layer's calendar -------------------------------------------------------------------- */
struct warnings {
	const struct oncall_reader *r;
	struct str path;
	size_t n;
};

static struct str title_of(const struct ical_event *e)
{
	return e->summary.n ? e->summary : STR("(no title)");
}

static void warn_attendees(struct warnings *w, const struct ical_event *e)
{
	const struct oncall_config *c = w->r->config;

	for (size_t i = 0; i < e->n_attendees; i++) {
		const struct ical_attendee *a = &e->attendees[i];
		size_t k = 0;

		while (k < c->n_people && !is_attendee(&c->people[k], a))
			k++;
		if (k == c->n_people && w->n++ < WARNINGS_MAX)
			diags_warn(w->r->fields.diags, w->path, e->line, 1,
				   "\"%.*s\" invites %.*s, who is nobody of oncall.people",
				   STR_ARG(title_of(e)), STR_ARG(a->address));
	}
}

/* The people of an event; what is odd is told where the event is not over yet. */
static void find_people(struct warnings *w, const struct ical_event *e, bool over,
			struct calendar_span *out)
{
	const struct oncall_config *c = w->r->config;
	size_t n = 0;

	for (size_t i = 0; i < c->n_people; i++)
		n += is_meant(&c->people[i], e);
	out->people = ARENA_ARRAY(w->r->fields.arena, const struct person *, n + 1);
	for (size_t i = 0; i < c->n_people; i++) {
		if (is_meant(&c->people[i], e))
			out->people[out->n++] = &c->people[i];
	}
	if (over)
		return;
	if (n)
		warn_attendees(w, e);
	else if (w->n++ < WARNINGS_MAX)
		diags_warn(w->r->fields.diags, w->path, e->line, 1,
			   "\"%.*s\" names nobody of oncall.people: nobody is on call by it",
			   STR_ARG(title_of(e)));
}

static int by_event(const void *a, const void *b)
{
	const struct ical_span *x = *(const struct ical_span *const *)a;
	const struct ical_span *y = *(const struct ical_span *const *)b;

	if (x->event->line != y->event->line)
		return x->event->line < y->event->line ? -1 : 1;
	return (x->from < y->from) - (x->from > y->from);
}

/* Each event once, however often it repeats: the last one first. */
static void find_all(struct warnings *w, const struct ical_spans *spans, struct calendar_span *out)
{
	const struct ical_span **order =
		ARENA_ARRAY(w->r->fields.arena, const struct ical_span *, spans->n + 1);

	for (size_t i = 0; i < spans->n; i++)
		order[i] = &spans->v[i];
	qsort(order, spans->n, sizeof(*order), by_event);
	for (size_t i = 0; i < spans->n; i++) {
		struct calendar_span *s = &out[order[i] - spans->v];

		if (i && order[i]->event == order[i - 1]->event) {
			const struct calendar_span *before = &out[order[i - 1] - spans->v];

			s->people = before->people;
			s->n = before->n;
		} else {
			find_people(w, order[i]->event, order[i]->to <= w->r->source->now, s);
		}
	}
	if (w->n > WARNINGS_MAX)
		diags_warn(w->r->fields.diags, w->path, 0, 0,
			   "%zu more events or guests that are nobody of oncall.people",
			   w->n - WARNINGS_MAX);
}

bool oncall_read_calendar(const struct oncall_reader *r, const struct yaml_node *n,
			  const struct tz *tz, struct layer *l)
{
	struct warnings w = {.r = r};
	struct calendar *c = &l->calendar;
	struct ical_spans spans;

	if (!read_calendar(r, n, tz, &w.path, &spans))
		return false;
	l->by_calendar = true;
	c->n = spans.n;
	c->v = ARENA_ARRAY(r->fields.arena, struct calendar_span, spans.n + 1);
	for (size_t i = 0; i < spans.n; i++)
		c->v[i] = (struct calendar_span){.from = spans.v[i].from,
						 .to = spans.v[i].to,
						 .summary = spans.v[i].event->summary};
	find_all(&w, &spans, c->v);
	finish(c);
	return true;
}
