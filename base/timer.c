/* Timers: one binary heap a clock, ordered by (due, seq). */
#include "base/timer.h"

#include <stdlib.h>

#include "base/mem.h"

void timers_init(struct timers *ts)
{
	*ts = (struct timers){0};
}

void timers_done(struct timers *ts)
{
	free(ts->heap[TIMER_MONO].v);
	free(ts->heap[TIMER_WALL].v);
	timers_init(ts);
}

static bool before(const struct timer *a, const struct timer *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void place(struct timer_heap *h, size_t i, struct timer *t)
{
	h->v[i] = t;
	t->at = i + 1;
}

static void sift_up(struct timer_heap *h, size_t i, struct timer *t)
{
	while (i > 0 && before(t, h->v[(i - 1) / 2])) {
		place(h, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, t);
}

static void sift_down(struct timer_heap *h, size_t i, struct timer *t)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid + 1 < h->n && before(h->v[kid + 1], h->v[kid]))
			kid++;
		if (kid >= h->n || !before(h->v[kid], t))
			break;
		place(h, i, h->v[kid]);
		i = kid;
	}
	place(h, i, t);
}

void timer_stop(struct timers *ts, struct timer *t)
{
	struct timer_heap *h = &ts->heap[t->clock];

	if (!t->at)
		return;

	size_t i = t->at - 1;
	struct timer *last = h->v[--h->n];

	CHECK(h->v[i] == t || last == t);
	t->at = 0;
	if (last == t)
		return;
	if (i > 0 && before(last, h->v[(i - 1) / 2]))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

void timer_set(struct timers *ts, struct timer *t, enum timer_clock clock, ms_t due, timer_fn *fn)
{
	struct timer_heap *h = &ts->heap[clock];

	CHECK(fn);
	timer_stop(ts, t);
	t->clock = clock;
	t->due = due;
	t->fn = fn;
	t->seq = ++ts->seq;
	h->v = mem_reserve(h->v, &h->cap, h->n + 1, sizeof(*h->v));
	h->n++;
	sift_up(h, h->n - 1, t);
}

static ms_t clock_of(struct now now, enum timer_clock clock)
{
	return clock == TIMER_MONO ? now.mono : now.wall;
}

ms_t timers_wait(const struct timers *ts, struct now now)
{
	ms_t wait = -1;

	for (enum timer_clock c = TIMER_MONO; c <= TIMER_WALL; c++) {
		if (!ts->heap[c].n)
			continue;

		ms_t w = MAX(ts->heap[c].v[0]->due - clock_of(now, c), 0);

		wait = wait < 0 ? w : MIN(wait, w);
	}
	return wait;
}

size_t timers_run(struct timers *ts, struct now now)
{
	uint64_t last = ts->seq;
	size_t fired = 0;

	for (enum timer_clock c = TIMER_MONO; c <= TIMER_WALL; c++) {
		struct timer_heap *h = &ts->heap[c];

		/* A timer set by a callback has a later seq; one that is due at once would be
		 * the first again for ever, so it ends this turn. */
		while (h->n && h->v[0]->due <= clock_of(now, c) && h->v[0]->seq <= last) {
			struct timer *t = h->v[0];

			timer_stop(ts, t);
			t->fn(t, now);
			fired++;
		}
	}
	return fired;
}
