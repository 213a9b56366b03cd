/*
 * When events are. Rules are libical's, on local times without a zone; what a local time means is
 * asked of the tz database, or of the calendar's own rules where it has a zone of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oncall/ical_inner.h"

#define STEPS_MAX 1000000
#define YEAR_MAX 2500
#define FRUITLESS_MAX 20

/* ---- times --------------------------------------------------------------------------------- */
static struct icaltimetype ical_of(ms_t local, bool date)
{
	struct civil c = civil_of(local);

	return (struct icaltimetype){.year = c.year,
				     .month = c.month,
				     .day = c.day,
				     .hour = date ? 0 : c.hour,
				     .minute = date ? 0 : c.minute,
				     .second = date ? 0 : c.second,
				     .is_date = date};
}

static ms_t local_of(struct icaltimetype t)
{
	struct civil c = {.year = t.year,
			  .month = t.month,
			  .day = t.day,
			  .hour = t.hour,
			  .minute = t.minute,
			  .second = t.second};

	return civil_to(&c);
}

ms_t ical_when(const struct ical_reader *r, const struct ical_time *t)
{
	struct icaltimetype lt;

	if (t->utc)
		return t->local;
	if (!t->zone || t->date)
		return tz_first(r->look->tz, t->local);
	if (t->zone->tz)
		return tz_first(t->zone->tz, t->local);
	lt = ical_of(t->local, false);
	return t->local - icaltimezone_get_utc_offset(t->zone->own, &lt, NULL) * SECOND;
}

/* What the clocks of an event's start show at an instant. */
static ms_t shown(const struct ical_reader *r, const struct ical_time *like, ms_t at)
{
	const struct ical_zone *z = like->date ? NULL : like->zone;
	struct icaltimetype lt;

	if (like->utc)
		return at;
	if (!z || z->tz)
		return at + tz_offset_s(z ? z->tz : r->look->tz, at) * SECOND;
	lt = ical_of(at, false);
	return at + icaltimezone_get_utc_offset_of_utc_time(z->own, &lt, NULL) * SECOND;
}

static ms_t midnight(ms_t local)
{
	return local - (local % DAY + DAY) % DAY;
}

/* ---- zones --------------------------------------------------------------------------------- */
void ical_zone_close(struct ical_zone *z)
{
	tz_free(z->tz);
	if (z->own)
		icaltimezone_free(z->own, 1);
}

/* "Europe/Berlin" also behind a prefix: "/citadel.org/20190914_1/Europe/Berlin". */
static struct tz *tz_of(struct str id)
{
	while (id.n) {
		struct tz *tz = tz_open(id);
		ptrdiff_t slash = str_find_char(id, '/');

		if (tz || slash < 0)
			return tz;
		id = str_from(id, (size_t)slash + 1);
	}
	return NULL;
}

bool ical_zone_open(struct ical_reader *r, struct str id, struct str location, icalcomponent *rules,
		    struct ical_zone *out)
{
	out->id = id;
	out->tz = str_is(id, "Local") ? NULL : tz_of(id);
	if (!out->tz)
		out->tz = str_is(location, "Local") ? NULL : tz_of(location);
	if (!out->tz && rules) {
		out->own = icaltimezone_new();
		if (icaltimezone_set_component(out->own, rules))
			return true;
		icaltimezone_free(out->own, 1);
		out->own = NULL;
	}
	if (rules)
		icalcomponent_free(rules);
	return out->tz || err_set(r->err, -1,
				  "there is no time zone \"%.*s\", and the calendar does not say "
				  "what it is",
				  STR_ARG(id));
}

/* ---- instances ----------------------------------------------------------------------------- */
static struct str key_of(struct ical_reader *r, const struct ical_draft *d, ms_t at)
{
	return arena_printf(r->arena, "%.*s %lld", STR_ARG(d->uid), (long long)at);
}

/* The end of an instance that begins at that local time. */
static ms_t end_of(const struct ical_reader *r, const struct ical_draft *d, struct ical_time start)
{
	struct ical_time end = start;

	if (d->has_end && d->end.zone == d->start.zone && d->end.utc == d->start.utc) {
		end.local += d->end.local - d->start.local;
		return ical_when(r, &end);
	}
	if (d->has_end)
		return ical_when(r, &start) + ical_when(r, &d->end) - ical_when(r, &d->start);
	end.local += d->has_span ? d->span_days : d->start.date ? DAY : 0;
	return ical_when(r, &end) + d->span;
}

static bool put_span(struct ical_reader *r, const struct ical_draft *d, ms_t from, ms_t to)
{
	if (to <= from)
		return true; /* a reminder: it takes no time */
	if (r->n_spans >= r->look->limits->calendar_spans)
		return err_at(r->err, d->event->line, 1, "more than %zu spans of time",
			      r->look->limits->calendar_spans);
	r->spans = mem_reserve(r->spans, &r->cap_spans, r->n_spans + 1, sizeof(*r->spans));
	r->spans[r->n_spans++] = (struct ical_span){.from = from, .to = to, .event = d->event};
	return true;
}

static int by_number(const void *a, const void *b)
{
	const ms_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool has(const struct ical_set *s, ms_t t)
{
	return s->n && bsearch(&t, s->v, s->n, sizeof(t), by_number) != NULL;
}

/* EXDATE names the instant, or the day of a time. */
static void sort_without(struct ical_reader *r, struct ical_draft *d)
{
	d->no_instants.v = ARENA_ARRAY(r->arena, ms_t, d->without.n + 1);
	d->no_days.v = ARENA_ARRAY(r->arena, ms_t, d->without.n + 1);
	for (size_t i = 0; i < d->without.n; i++) {
		const struct ical_time *x = &d->without.v[i];

		if (x->date && !d->start.date)
			d->no_days.v[d->no_days.n++] = x->local;
		else
			d->no_instants.v[d->no_instants.n++] = ical_when(r, x);
	}
	qsort(d->no_days.v, d->no_days.n, sizeof(ms_t), by_number);
	qsort(d->no_instants.v, d->no_instants.n, sizeof(ms_t), by_number);
}

static bool put_instance(struct ical_reader *r, const struct ical_draft *d, struct ical_time start)
{
	ms_t at = ical_when(r, &start);

	if (has(&d->no_instants, at) || has(&d->no_days, midnight(start.local)) ||
	    (r->changed.n && map_get(&r->changed, key_of(r, d, at))))
		return true;
	return put_span(r, d, at, end_of(r, d, start));
}

/* ---- rules --------------------------------------------------------------------------------- */
/* The rule ends where it says or at the horizon; on the clocks of the start. False: before its
 * beginning, which calendar programs write when they cut a series. */
static bool bound_rule(const struct ical_reader *r, const struct ical_draft *d,
		       struct icalrecurrencetype *rule)
{
	ms_t end = shown(r, &d->start, r->look->to), until;

	if (!icaltime_is_null_time(rule->until)) {
		until = local_of(rule->until);
		if (rule->until.is_date)
			until += DAY - SECOND;
		else if (rule->until.zone)
			until = shown(r, &d->start, until);
		end = MIN(end, until);
	}
	rule->until = ical_of(end, d->start.date);
	return end >= d->start.local;
}

/* A rule that never happens is looked for through centuries. */
static bool never(struct ical_reader *r, const struct ical_draft *d)
{
	return ++r->fruitless <= FRUITLESS_MAX ||
	       err_at(r->err, d->rule_line, 1,
		      "RRULE: what it says never happens, as %d others before it", FRUITLESS_MAX);
}

/* Goes on from the horizon's begin, where that is the same thing. */
static void skip_past(const struct ical_reader *r, const struct ical_draft *d,
		      const struct icalrecurrencetype *rule, icalrecur_iterator *it)
{
	ms_t begin = shown(r, &d->start, r->look->from) - 2 * DAY;

	if (!rule->count && rule->interval == 1 && begin > d->start.local)
		(void)!icalrecur_iterator_set_start(it, ical_of(begin, d->start.date));
}

static bool run_rule(struct ical_reader *r, const struct ical_draft *d, icalrecur_iterator *it,
		     const struct icalrecurrencetype *rule)
{
	struct ical_time at = d->start;
	struct icaltimetype t = icalrecur_iterator_next(it);
	ms_t from = shown(r, &d->start, r->look->from), to = shown(r, &d->start, r->look->to);

	if ((icaltime_is_null_time(t) || local_of(t) != d->start.local) &&
	    !put_instance(r, d, d->start))
		return false; /* an event is at its start, whatever the rule says */
	if (icaltime_is_null_time(t))
		return never(r, d);
	if (local_of(t) < from)
		skip_past(r, d, rule, it);
	for (; !icaltime_is_null_time(t) && t.year < YEAR_MAX; t = icalrecur_iterator_next(it)) {
		at.local = local_of(t);
		if (at.local >= to)
			return true;
		if (++r->steps > STEPS_MAX)
			return err_at(r->err, d->rule_line, 1,
				      "RRULE: all of this calendar comes to more than %d "
				      "repetitions",
				      STEPS_MAX);
		if (at.local >= from && !put_instance(r, d, at))
			return false;
	}
	return true;
}

static bool put_rule(struct ical_reader *r, const struct ical_draft *d)
{
	struct icalrecurrencetype rule = d->rule;
	icalrecur_iterator *it;
	bool ok;

	if (rule.freq == ICAL_SECONDLY_RECURRENCE || rule.freq == ICAL_MINUTELY_RECURRENCE)
		return err_at(r->err, d->rule_line, 1,
			      "RRULE: it repeats more often than each hour");
	if (!bound_rule(r, d, &rule))
		return true;
	it = icalrecur_iterator_new(rule, ical_of(d->start.local, d->start.date));
	if (!it)
		return never(r, d) && put_instance(r, d, d->start);
	ok = run_rule(r, d, it, &rule);
	icalrecur_iterator_free(it);
	return ok;
}

static bool put_draft(struct ical_reader *r, const struct ical_draft *d)
{
	if (d->cancelled)
		return true;
	if (d->has_instance)
		return put_span(r, d, ical_when(r, &d->start), end_of(r, d, d->start));
	if (d->repeats ? !put_rule(r, d) : !put_instance(r, d, d->start))
		return false;
	for (size_t i = 0; i < d->more.n; i++) {
		if (!put_instance(r, d, d->more.v[i]))
			return false;
	}
	return true;
}

/* ---- all of them --------------------------------------------------------------------------- */
static int by_time(const void *a, const void *b)
{
	const struct ical_span *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->event->line > y->event->line) - (x->event->line < y->event->line);
}

bool ical_when_all(struct ical_reader *r)
{
	for (size_t i = 0; i < r->n_drafts; i++) {
		const struct ical_draft *d = &r->drafts[i];

		if (d->has_instance)
			map_put(&r->changed, key_of(r, d, ical_when(r, &d->instance)), r);
	}
	for (size_t i = 0; i < r->n_drafts; i++) {
		sort_without(r, &r->drafts[i]);
		if (!put_draft(r, &r->drafts[i]))
			return false;
	}
	if (r->n_spans)
		qsort(r->spans, r->n_spans, sizeof(*r->spans), by_time);
	return true;
}
