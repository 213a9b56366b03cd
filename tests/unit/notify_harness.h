/*
 * A small world around a notifier, in virtual time: timers, a store on a real file, receivers that
 * answer as told. Every turn is committed unless the test holds commits back; each request is
 * checked against the store when it leaves (durable before visible).
 */
#ifndef TESTS_UNIT_NOTIFY_HARNESS_H
#define TESTS_UNIT_NOTIFY_HARNESS_H

#include "tests/unit/unit.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/timer.h"
#include "notify/config.h"
#include "notify/notify.h"
#include "store/store.h"

#define WORLD_START ((ms_t)1800000000000) /* wall */

struct world;

/* A request that left. */
struct heard {
	ms_t at; /* wall */
	char *method, *url, *body, *key, *mail_to;
	struct io_call *call; /* NULL: answered */
	ms_t due;
	int status;
	enum io_outcome outcome;
	const char *header, *value, *reply; /* one header; borrowed from the test */
};

struct answer {
	enum io_outcome outcome;
	int status;
	const char *header, *value, *body; /* may be NULL */
	ms_t latency;
};

struct world {
	struct now now;
	struct timers timers;
	struct limits limits;
	struct io io;
	struct store *store;
	char path[64];
	struct batch *batch;
	struct notify *n;
	struct notify_config *config;
	struct heard *heard;
	size_t n_heard, cap_heard;
	struct answer answer; /* of requests from now on */
	struct answer (*answer_fn)(struct world *w, const struct heard *h); /* or this */
	uint64_t entropy;
	uint64_t last_event;
	ms_t data_retention; /* from the next restart on; 0: none */
	ms_t start_delay;    /* the same */
	bool hold_commits;
	bool unchecked;	     /* requests are not looked up in the store (many of them) */
	char *self;	     /* self alerts as lines "+Name what: text" and "-Name what" */
	size_t rows_written; /* operations of all batches */
};

struct world *world_new(const char *yaml);
void world_free(struct world *w);
/* A configuration from text; the test fails if it is refused. */
/* What a configuration may look at when there is nothing: no files, no environment. */
extern const struct config_files NO_FILES;
struct notify_config *world_config(const char *yaml);
void world_reload(struct world *w, const char *yaml);
/* The process dies now: what was not committed is lost, open requests get no answer. */
void world_restart(struct world *w, ms_t away);
/* Lets time pass, event by event. */
void world_run(struct world *w, ms_t span);
/* One turn without time passing. */
void world_turn(struct world *w);
void world_commit(struct world *w);

/* "name=value,name=value" as a set in the arena. */
struct labels world_labels(struct arena *a, const char *text);
void world_fire(struct world *w, const char *labels, const char *annotations);
void world_resolve(struct world *w, const char *labels);
void world_put(struct world *w, const char *labels, const char *annotations, ms_t starts_at,
	       ms_t ends_at, enum alert_source source);

/* Words about an alert that fires come late. */
void world_explain(struct world *w, const char *labels, const char *annotations, ms_t starts_at);

/* What the i-th request said: "firing: a b | resolved: c" by the instance labels, webhook only. */
const char *world_said(struct world *w, size_t i, char *out, size_t size);
void assert_said(struct world *w, size_t i, const char *want);
/* Statuses of all deliveries, oldest first: "sent sent retry". */
void assert_statuses(struct world *w, const char *want);

#endif
