/*
 * After an incident: its report as Markdown, and numbers over many of them. Both come from the
 * incidents and their timelines alone.
 */
#ifndef ONCALL_REPORT_H
#define ONCALL_REPORT_H

#include "base/base.h"
#include "base/buf.h"
#include "oncall/incident.h"

/* What happened, when, who, how long it took, similar incidents, what is left to write. Texts from
 * outside are escaped: nothing becomes markup. */
void report_put(struct buf *b, const struct oncall *oc, const struct incident *i, ms_t wall);

/* Incidents of the past with the same key, or whose titles begin with the same name; the newest
 * first, five at most; fn returns false to stop. */
void incident_similar(const struct oncall *oc, const struct incident *i,
		      bool (*fn)(void *arg, const struct incident *other), void *arg);

/* One person's share of a span of time. */
struct person_stats {
	struct str person;
	size_t pages;	    /* that went out */
	size_t night_pages; /* between 22:00 and 07:00 of the person's clock */
	size_t weekend_pages;
	size_t acknowledged; /* incidents */
	ms_t on_call;	     /* by all schedules together, as the plan is today */
};

struct incident_stats {
	size_t opened, acknowledged, resolved;
	ms_t to_acknowledge, to_resolve; /* medians; MS_NONE: none */
	struct person_stats *people;	 /* those of the configuration; heap */
	size_t n_people;
};

/* Of incidents that were opened in [from, to). */
void report_stats(const struct oncall *oc, ms_t from, ms_t to, struct incident_stats *out);
void incident_stats_done(struct incident_stats *s);

#endif
