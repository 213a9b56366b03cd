/*
 * Time intervals: named sets of minutes, weekdays, days, months and years in a zone, which mute
 * routes or keep them active (reference: alertmanager.md §1.6).
 */
#ifndef NOTIFY_INTERVAL_H
#define NOTIFY_INTERVAL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/fields.h"

struct tz;

struct range {
	int first, last; /* both are in it */
};

/* Not written: always. Written and empty: never. */
struct ranges {
	bool given;
	struct range *v;
	size_t n;
};

/* What holds when all of its parts do. */
struct period {
	struct ranges times;	     /* minutes of the day; the last one is not in it */
	struct ranges weekdays;	     /* 0 is Sunday */
	struct ranges days_of_month; /* from 1; negative: from the end of the month */
	struct ranges months, years;
	struct str location; /* as written; empty: UTC */
	struct tz *tz;	     /* owned by the configuration; NULL: UTC */
};

/* Holds when one of its periods does. */
struct time_interval {
	struct str name;
	struct period *periods;
	size_t n;
	bool of_mute_key; /* of mute_time_intervals */
};

/* Reads one period; its zone is to be freed, also after a failure. */
ATTR_CHECK bool period_read(const struct fields *f, const struct yaml_node *node,
			    struct period *out);
void period_put(struct yaml_out *o, const struct period *p);
bool period_contains(const struct period *p, ms_t wall);
void time_interval_done(struct time_interval *i); /* frees the zones */
bool time_interval_contains(const struct time_interval *i, ms_t wall);

#endif
