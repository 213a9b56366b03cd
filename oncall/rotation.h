/*
 * Rotations: turns that follow one another by the clock on the wall of one zone, from an origin.
 * A pure function of the rotation and an instant, so the past can be asked too.
 *
 * Hand-offs are at local times. One that a change of the clocks skips is at the first instant
 * after the gap; one that comes twice is at its first. Shifts tile time: each begins where the one
 * before it ends, and none is empty (GoAlert's are in zones that change at midnight; reference:
 * oncall.md §2.1). A monthly rotation of the 31st hands off on the last day of shorter months.
 */
#ifndef ONCALL_ROTATION_H
#define ONCALL_ROTATION_H

#include "base/base.h"
#include "base/tz.h"

enum rotation_unit { ROTATION_HOUR, ROTATION_DAY, ROTATION_WEEK, ROTATION_MONTH };

struct rotation {
	const struct tz *tz; /* NULL: UTC */
	enum rotation_unit unit;
	/* The first hand-off by the zone's clock, as if it were UTC; whole minutes. */
	ms_t origin;
	/* How many units each turn lasts, one after another, then again from the first: {1} is
	 * every unit, {4, 3} four units and then three. All from 1. */
	const int *lengths;
	size_t n_lengths; /* from 1 */
};

struct shift {
	ms_t from, to;	/* wall; from <= at < to */
	int64_t number; /* 0 begins at the origin; negative before it */
};

/* The shift of an instant. Several hand-offs inside one gap of the clocks are one instant: the
 * shifts between them are empty, their numbers are nobody's turn. */
struct shift rotation_at(const struct rotation *r, ms_t at);
/* When a shift begins by the zone's clock, as if it were UTC. */
ms_t rotation_local(const struct rotation *r, int64_t number);

#endif
