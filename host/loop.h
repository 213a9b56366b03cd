/*
 * The one loop: an epoll, the host's own timers, and one look at the clocks each turn.
 *
 * Invariants: everything of the core, of curl, of libmicrohttpd and of c-ares runs in the thread
 * that calls loop_turn. A struct loop_fd is embedded in its owner; after loop_remove its function
 * is not called any more, also not for events that were already fetched.
 *
 * A timerfd that the kernel cancels when somebody sets the wall clock ends the sleep, so that
 * timers of the wall clock are looked at again at once. An idle loop sleeps until its next timer.
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <sys/epoll.h>

#include "base/base.h"
#include "base/err.h"
#include "base/timer.h"

struct loop_fd {
	int fd;
	void (*ready)(struct loop_fd *f, struct now now, uint32_t events);
};

#define LOOP_EVENTS 64 /* taken from the kernel at once */

struct loop {
	int epoll;
	struct loop_fd clock; /* says that the wall clock was set */
	struct timers timers; /* of the host: deadlines, retries, heartbeats */
	struct epoll_event events[LOOP_EVENTS];
	int n_events, at_event;
	struct now now; /* of this turn: for those whom nobody hands it down */
	uint64_t turns;
};

ATTR_CHECK bool loop_init(struct loop *l, struct err *err);
void loop_done(struct loop *l);

/* Both clocks, now. Only the loop and the log look. */
struct now loop_clocks(void);

void loop_add(struct loop *l, struct loop_fd *f, uint32_t events);
/* Also when the descriptor was closed and opened anew meanwhile. */
void loop_change(struct loop *l, struct loop_fd *f, uint32_t events);
/* The descriptor must still be open. */
void loop_remove(struct loop *l, struct loop_fd *f);

/* Sleeps for `wait` milliseconds at most (-1: until something happens; host timers count by
 * themselves), then hands out events and due host timers. Returns the turn's now. */
struct now loop_turn(struct loop *l, ms_t wait);

#endif
