/*
 * A thread that runs jobs one after the other, first in, first out, and tells the loop when each
 * is done. It shares nothing with the loop but the job that was handed over; the thread starts
 * with the first job.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include "base/base.h"
#include "host/loop.h"

struct worker;

/* Embedded in its owner, who may not touch it between worker_put and done. */
struct job {
	void (*run)(struct job *j);		     /* in the thread */
	void (*done)(struct job *j, struct now now); /* in the loop */
	struct job *next;
};

struct worker *worker_new(struct loop *l, const char *name);
void worker_put(struct worker *w, struct job *j);
/* Jobs put and not yet done. */
size_t worker_open(const struct worker *w);
/* Waits until all jobs have run, at most `most` milliseconds, and calls their done. False: there
 * are still some. */
bool worker_drain(struct worker *w, ms_t most);
/* Waits for the job that runs; those that wait are not run any more. done is called for all, so
 * that their owners can let go. NULL is fine. */
void worker_free(struct worker *w);

#endif
