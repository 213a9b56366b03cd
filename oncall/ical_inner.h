/*
 * Between the reader of a calendar's text (ical_in.c) and what spells out when its events are
 * (ical_when.c); nobody else includes this.
 */
#ifndef ONCALL_ICAL_INNER_H
#define ONCALL_ICAL_INNER_H

#include "base/map.h"
#include "oncall/ical_in.h"
#include "oncall/ical_lib.h"

/* What a TZID means: a zone of the tz database, or the rules that the calendar brings along. */
struct ical_zone {
	struct str id;
	struct tz *tz;
	icaltimezone *own; /* when tz is NULL */
};

struct ical_time {
	bool date;		      /* a whole day */
	bool utc;		      /* else by zone, or by the clocks that are asked for */
	const struct ical_zone *zone; /* NULL: none */
	ms_t local;		      /* as if it were UTC */
};

struct ical_times {
	struct ical_time *v;
	size_t n, cap; /* v is on the heap */
};

struct ical_set {
	ms_t *v; /* sorted */
	size_t n;
};

/* An event as written. */
struct ical_draft {
	struct ical_event *event;
	struct str uid;
	struct ical_time start, end, instance; /* instance: RECURRENCE-ID */
	bool has_start, has_end, has_span, has_instance, cancelled, repeats;
	ms_t span_days, span; /* DURATION: whole days of the wall, and the rest */
	struct icalrecurrencetype rule;
	int rule_line;
	struct ical_times more, without;      /* RDATE, EXDATE */
	struct ical_set no_instants, no_days; /* the latter, to look up; local midnights */
};

struct ical_reader {
	const struct ical_look *look;
	struct arena *arena;
	struct err *err;
	struct ical_zone *zones;
	size_t n_zones;
	struct ical_draft *drafts;
	size_t n_drafts;
	struct map changed; /* UID and instant of instances that have an event of their own */
	struct ical_span *spans;
	size_t n_spans, cap_spans; /* on the heap */
	size_t steps;		   /* of rules, all in all */
	int fruitless;		   /* rules that never happen */
};

/* The instant of a time. */
ms_t ical_when(const struct ical_reader *r, const struct ical_time *t);
/* Finds out what the name of a zone means; `rules` is its VTIMEZONE or NULL, and is taken. */
ATTR_CHECK bool ical_zone_open(struct ical_reader *r, struct str id, struct str location,
			       icalcomponent *rules, struct ical_zone *out);
void ical_zone_close(struct ical_zone *z);
/* All drafts to spans, sorted. */
ATTR_CHECK bool ical_when_all(struct ical_reader *r);

#endif
