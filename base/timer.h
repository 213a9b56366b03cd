/*
 * The core's timers: points on the mono or the wall clock, fired by timers_run in the order of
 * their due time, ties by the order in which they were set. A wall timer follows the wall clock
 * when that steps; a mono timer does not care.
 *
 * A struct timer is embedded in its owner, who must timer_stop it before it goes away.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/base.h"

enum timer_clock { TIMER_MONO, TIMER_WALL };

struct timer;
typedef void timer_fn(struct timer *t, struct now now);

struct timer {
	timer_fn *fn;
	ms_t due;
	uint64_t seq;
	size_t at; /* 1 + place in the heap, 0: not set */
	enum timer_clock clock;
};

struct timer_heap {
	struct timer **v;
	size_t n, cap;
};

struct timers {
	struct timer_heap heap[2]; /* by enum timer_clock */
	uint64_t seq;
};

void timers_init(struct timers *ts);
void timers_done(struct timers *ts);
/* Sets or moves t. A point that has passed fires in the next timers_run. */
void timer_set(struct timers *ts, struct timer *t, enum timer_clock clock, ms_t due, timer_fn *fn);
void timer_stop(struct timers *ts, struct timer *t);
static inline bool timer_is_set(const struct timer *t)
{
	return t->at != 0;
}
/* Milliseconds until the next timer is due (0: now), or -1 when none is set. */
ms_t timers_wait(const struct timers *ts, struct now now);
/* Fires all that are due; timers set meanwhile for now or earlier wait for the next call.
 * Returns how many fired. */
size_t timers_run(struct timers *ts, struct now now);

#endif
