/*
 * The plan as a calendar (RFC 5545), for phones and calendar programs: what will be on call, from a
 * week ago until so far ahead. An entry's UID is the same as long as its person, schedule and end
 * are, so that a calendar that is read again has no doubles.
 */
#ifndef ONCALL_ICAL_H
#define ONCALL_ICAL_H

#include "base/base.h"
#include "base/buf.h"
#include "oncall/incident.h"

#define ICAL_AHEAD (90 * DAY)

/* Shifts of one schedule (NULL: of all), of one person (NULL: of everybody). */
void ical_put(struct buf *b, const struct oncall *oc, const struct schedule *s,
	      const struct person *p, ms_t now);

#endif
