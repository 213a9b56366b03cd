/* The loop: see loop.h. */
#include "host/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MOST (HOUR) /* nobody relies on it: only keeps the int small */

static ms_t clock_ms(clockid_t id)
{
	struct timespec t;

	CHECK(clock_gettime(id, &t) == 0);
	return (ms_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct now loop_clocks(void)
{
	return (struct now){.mono = clock_ms(CLOCK_MONOTONIC), .wall = clock_ms(CLOCK_REALTIME)};
}

/* Far in the future; the kernel cancels it when the clock is set. */
static void clock_watch(struct loop *l)
{
	struct itimerspec at = {.it_value.tv_sec = (time_t)1 << 40};

	timerfd_settime(l->clock.fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

static void clock_was_set(struct loop_fd *f, struct now now, uint32_t events)
{
	uint64_t n;

	(void)now;
	(void)events;
	if (read(f->fd, &n, sizeof(n)) < 0 && errno == ECANCELED)
		clock_watch(CONTAINER(f, struct loop, clock));
}

bool loop_init(struct loop *l, struct err *err)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	l->now = loop_clocks();
	timers_init(&l->timers);
	l->clock.fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	l->clock.ready = clock_was_set;
	if (l->epoll < 0 || l->clock.fd < 0)
		return err_set(err, -1, "cannot make the event loop: %s", strerror(errno));
	clock_watch(l);
	loop_add(l, &l->clock, EPOLLIN);
	return true;
}

void loop_done(struct loop *l)
{
	timers_done(&l->timers);
	close(l->clock.fd);
	close(l->epoll);
}

void loop_add(struct loop *l, struct loop_fd *f, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = f};

	CHECK(epoll_ctl(l->epoll, EPOLL_CTL_ADD, f->fd, &e) == 0);
}

void loop_change(struct loop *l, struct loop_fd *f, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = f};

	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, f->fd, &e) < 0)
		CHECK(errno == ENOENT && epoll_ctl(l->epoll, EPOLL_CTL_ADD, f->fd, &e) == 0);
}

void loop_remove(struct loop *l, struct loop_fd *f)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	for (int i = l->at_event; i < l->n_events; i++) {
		if (l->events[i].data.ptr == f)
			l->events[i].data.ptr = NULL;
	}
}

static int sleep_for(struct loop *l, ms_t wait)
{
	ms_t timers = timers_wait(&l->timers, loop_clocks());

	if (wait < 0 || (timers >= 0 && timers < wait))
		wait = timers;
	return wait < 0 ? -1 : (int)MIN(wait, WAIT_MOST);
}

struct now loop_turn(struct loop *l, ms_t wait)
{
	int n = epoll_wait(l->epoll, l->events, LOOP_EVENTS, wait ? sleep_for(l, wait) : 0);
	struct now now = loop_clocks();

	CHECK(n >= 0 || errno == EINTR);
	l->now = now;
	l->turns++;
	l->n_events = MAX(n, 0);
	for (l->at_event = 0; l->at_event < l->n_events; l->at_event++) {
		struct loop_fd *f = l->events[l->at_event].data.ptr;

		if (f)
			f->ready(f, now, l->events[l->at_event].events);
	}
	l->n_events = 0;
	timers_run(&l->timers, now);
	return now;
}
