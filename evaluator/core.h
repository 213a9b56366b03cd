/*
 * The core: everything that decides, as a function of events and a `now` that is passed in. It
 * owns the rule groups, the alerts' states, the notifier and the timers; the host's loop (or the
 * simulator) feeds it and carries out what it hands back.
 *
 * One turn of the loop:
 *	now = clocks
 *	replies, requests, signals ...      -> callbacks of base/io.h, web handlers
 *	core_tick(core, now)                   timers that are due
 *	batch = core_take_batch(core)          what must become durable: commit it, in order, then
 *	core_committed(core, now, ok)          once for each batch taken
 *	sleep for core_wait(core, now)
 */
#ifndef EVALUATOR_CORE_H
#define EVALUATOR_CORE_H

#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "evaluator/heartbeat.h"

struct batch;
struct buf;
struct config;
struct core;
struct notify;
struct store;

struct core_options {
	const struct limits *limits;
	struct str external_url; /* of our pages, no trailing slash */
	ms_t dispatch_delay;	 /* after a start nobody is told for so long */
	ms_t data_retention; /* of what is over; default 120h; 0: until there is too much of it */
	bool runbook_exec;   /* commands of runbooks may run */
};

struct core *core_new(const struct io *io, const struct core_options *o);
void core_free(struct core *c);
OWNED_DEFINE(core)

/* Reads the state back; once, before the first core_configure. */
ATTR_CHECK bool core_restore(struct core *c, struct now now, struct store *s, struct err *err);
/* Takes a configuration into use, at start and at each reload; the core holds a reference. */
void core_configure(struct core *c, struct now now, struct config *cfg);
/* A reload that was refused: kept for status and metrics (the old configuration goes on). */
void core_reload_failed(struct core *c, struct now now, struct str why);

void core_tick(struct core *c, struct now now);
/* Milliseconds until core_tick has something to do; -1: nothing before the next event. */
ms_t core_wait(const struct core *c, struct now now);
/* The batch of this turn, or NULL; the caller owns it. One is under way at a time: before the
 * next one is taken the host says how this one went; meanwhile the next one grows. */
struct batch *core_take_batch(struct core *c);
/* How the commit went. Once for each batch taken; and once more, with ok, when a batch that had
 * failed was written after all. */
void core_committed(struct core *c, struct now now, bool ok, struct str error);
/* The store was damaged and an empty one begun: somebody has to know, for an hour. `text` says
 * where the old one is. After core_configure. */
void core_store_replaced(struct core *c, struct now now, struct str text);
/* Turn numbers, for answers that must wait until a change is durable: an answer made now may go
 * out when core_durable_turn >= the core_turn of now. */
uint64_t core_turn(const struct core *c);
uint64_t core_durable_turn(const struct core *c);
/* No new evaluation, no new delivery; what runs is cancelled. core_wait is -1 afterwards. */
void core_stop(struct core *c, struct now now);
/* The configuration is loaded and the state restored: all is said that is known. Evaluations come
 * with their slots. */
bool core_ready(const struct core *c);

/* Somebody reports: a heartbeat of the configuration (evaluator/heartbeat.h). False: there is none
 * of that name. The change belongs to the batch of this turn. */
ATTR_CHECK bool core_ping(struct core *c, struct now now, struct str name, enum ping what);
void core_heartbeats(const struct core *c, struct now now,
		     bool (*fn)(void *arg, const struct heartbeat_view *v), void *arg);

/* ---- for web/ ------------------------------------------------------------------------------ */
const struct config *core_config(const struct core *c);
struct notify *core_notify(struct core *c);
/* Counts changes of anything a page shows; pages and event streams compare it. */
uint64_t core_version(const struct core *c);
void core_metrics(const struct core *c, struct now now, struct buf *b);

#endif
