/* Commits: see commit.h. */
#include "host/commit.h"

#include "evaluator/core.h"
#include "store/store.h"

#define RETRY_MS SECOND
#define RETRY_LEAST 100		      /* between two tries while failing */
#define KEPT_BYTES ((size_t)64 << 20) /* of what could not be written */

static void on_retry(struct timer *t, struct now now)
{
	(void)t; /* commit_turn looks in this turn anyway */
	(void)now;
}

static void run(struct job *j)
{
	struct commit *c = CONTAINER(j, struct commit, job);

	c->ok = store_commit(c->store, c->batch, &c->err);
}

static void keep(struct commit *c, struct now now)
{
	if (!c->failing)
		log_put(c->log, LOG_LEVEL_ERROR, "Cannot write to the store", "error=%s",
			log_value(str_of(c->err.msg)));
	c->failing = true;
	c->failures++;
	timer_set(&c->loop->timers, &c->retry, TIMER_MONO, now.mono + RETRY_MS, on_retry);
	if (batch_bytes(c->batch) > KEPT_BYTES) {
		log_put(c->log, LOG_LEVEL_ERROR, "Too much that cannot be written: dropped",
			"bytes=%zu", batch_bytes(c->batch));
		batch_free(TAKE(c->batch));
	}
}

static void tell(struct commit *c, struct now now)
{
	if (c->ok && c->failing)
		log_put(c->log, LOG_LEVEL_INFO, "The store can be written again", NULL);
	if (c->ok) {
		c->failing = false;
		c->commits++;
		timer_stop(&c->loop->timers, &c->retry);
		batch_free(TAKE(c->batch));
	} else {
		keep(c, now);
	}
	if (c->fresh || c->ok)
		core_committed(c->core, now, c->ok, str_of(c->ok ? "" : c->err.msg));
	c->fresh = false;
}

static void finished(struct job *j, struct now now)
{
	struct commit *c = CONTAINER(j, struct commit, job);

	c->running = false;
	tell(c, now);
}

void commit_init(struct commit *c, struct loop *l, struct log *log, struct worker *w,
		 struct core *core)
{
	*c = (struct commit){.loop = l, .log = log, .worker = w, .core = core};
	c->job.run = run;
	c->job.done = finished;
}

/* Takes what the core has. False: nothing to do now. */
static bool collect(struct commit *c, struct now now)
{
	bool soon = c->failing && now.mono - c->tried_at < RETRY_LEAST;
	bool due = c->failing && c->batch && now.mono - c->tried_at >= RETRY_MS;
	struct batch *fresh = soon ? NULL : core_take_batch(c->core);

	if (soon && !timer_is_set(&c->retry))
		timer_set(&c->loop->timers, &c->retry, TIMER_MONO, c->tried_at + RETRY_LEAST,
			  on_retry);
	if (!fresh && !due)
		return false;
	if (fresh)
		c->fresh = true;
	if (fresh && c->batch)
		batch_join(c->batch, fresh);
	else if (fresh)
		c->batch = fresh;
	return true;
}

bool commit_turn(struct commit *c, struct now now)
{
	if (c->running || !collect(c, now))
		return false;
	c->tried_at = now.mono;
	if (!c->store) {
		batch_free(TAKE(c->batch));
		c->fresh = false;
		core_committed(c->core, now, false, str_of(c->error.msg));
		return true;
	}
	c->running = true;
	worker_put(c->worker, &c->job);
	return false;
}

bool commit_finish(struct commit *c, ms_t most)
{
	ms_t until = loop_clocks().mono + most;

	for (int i = 0; i < 3; i++) {
		struct now now = loop_clocks();

		if (!worker_drain(c->worker, MAX(until - now.mono, (ms_t)0)))
			return false;
		c->tried_at = 0;
		commit_turn(c, now);
	}
	return worker_drain(c->worker, MAX(until - loop_clocks().mono, (ms_t)0)) && !c->batch;
}

void commit_done(struct commit *c)
{
	timer_stop(&c->loop->timers, &c->retry);
	if (!c->running)
		batch_free(c->batch);
	store_free(c->store);
}
