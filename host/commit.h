/*
 * Durable: each turn's batch goes to the commit thread, in order, and the core is told how it
 * went.
 *
 *	idle -> running -> idle          committed
 *	           |
 *	           +----> failing        kept; tried again, joined with what came since, with the
 *	                  |       ^      next batch or every second
 *	                  +-> running
 *
 * One batch is under way at a time; meanwhile the core's next one grows. A failed commit is told
 * at once, so that pages go out all the same. Without a store everything "fails" at once. What
 * cannot be written is kept up to KEPT_BYTES, then dropped: the state in memory goes on.
 */
#ifndef HOST_COMMIT_H
#define HOST_COMMIT_H

#include "base/base.h"
#include "base/err.h"
#include "host/log.h"
#include "host/worker.h"

struct batch;
struct core;
struct store;

struct commit {
	struct loop *loop;
	struct log *log;
	struct worker *worker;
	struct store *store; /* NULL: none, `error` says why */
	struct core *core;
	struct job job;
	struct batch *batch; /* under way, or kept after a failure */
	bool running;
	bool fresh; /* there is something in `batch` that the core was not told of */
	bool failing;
	bool ok; /* written by the thread */
	struct err err;
	struct err error; /* why there is no store; told with each batch */
	struct timer retry;
	ms_t tried_at;
	uint64_t commits, failures;
};

void commit_init(struct commit *c, struct loop *l, struct log *log, struct worker *w,
		 struct core *core);
/* Takes the turn's batch if none is under way. True: the core was called, look at it again. */
bool commit_turn(struct commit *c, struct now now);
/* Commits the last batch, waiting at most `most`. False: it is not on disk. */
bool commit_finish(struct commit *c, ms_t most);
void commit_done(struct commit *c);

#endif
