/*
 * Calendars that somebody else keeps (RFC 5545): text in, spans of time out. For public holidays
 * and for plans that live in a calendar program.
 *
 * Repetitions (RRULE, RDATE, EXDATE, changed and cancelled instances) are spelled out within a
 * horizon; an event that stands alone is there whenever it is. Days and times without a zone are on
 * the clocks that are asked for. An event that ends at a time ends at that time of the wall on each
 * of its days, also when the clocks change during it, as calendar programs show it.
 *
 * Refused, with the line: what is no calendar, times that do not exist, rules that never happen or
 * that repeat by the minute or second, more events or spans than limits allow.
 */
#ifndef ONCALL_ICAL_IN_H
#define ONCALL_ICAL_IN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/tz.h"

/* Who is invited and has not declined; no rooms. */
struct ical_attendee {
	struct str address; /* without "mailto:" */
	struct str name;    /* empty: none */
};

struct ical_event {
	struct str summary; /* may be empty */
	struct ical_attendee *attendees;
	size_t n_attendees;
	int line; /* on which it begins */
};

struct ical_span {
	ms_t from, to; /* wall; from < to */
	const struct ical_event *event;
};

struct ical_spans {
	struct ical_span *v; /* by from, then in the order of the file */
	size_t n;
};

struct ical_look {
	const struct tz *tz; /* NULL: UTC */
	ms_t from, to;	     /* the horizon of repetitions: those that begin in it */
	const struct limits *limits;
};

/* All of it lives in the arena. */
ATTR_CHECK bool ical_in_parse(struct str text, const struct ical_look *look, struct arena *a,
			      struct ical_spans *out, struct err *err);

#endif
