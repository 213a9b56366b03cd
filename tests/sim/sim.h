/*
 * The simulator's host: a virtual clock, an event heap, a network with faults and a disk that can
 * crash, around the same core that runs in the daemon. One seed is one run; twice the same trace.
 *
 *   world.c     what the core talks to: a Prometheus of scripted series; receivers.c: with memory
 *   oracle.c    what must hold after every turn, and at the end; truth.c, model.c: its memory
 *   scenario.c  files in plain words      swarm.c  random runs      crash.c  every crash point
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/map.h"
#include "tests/sim/vfs.h"

struct batch;
struct config;
struct core;
struct store;
struct world;
struct oracle;
struct sim;

/* Chances in thousandths, and spans; all zero: a perfect world. */
struct faults {
	int lose_request; /* never arrives, and the sender knows: IO_UNSENT */
	int lose_reply;	  /* arrives, the answer does not: IO_AMBIGUOUS */
	int error;	  /* the server answers 500 */
	int limit;	  /* the receiver answers 429 with Retry-After */
	int garbage;	  /* Prometheus answers something else, or half */
	int vanish;	  /* never arrives, and the sender does not know: IO_AMBIGUOUS */
	int dead;	  /* the receiver refuses for good: 400, 401, 404, 410 */
	ms_t latency;	  /* up to this much each way */
	ms_t commit;	  /* up to this much for a commit */
};

typedef void sim_fn(struct sim *s, void *arg);

struct sim_event {
	ms_t at; /* mono */
	uint64_t seq;
	sim_fn *fn;
	void *arg;
};

struct sim {
	uint64_t seed, rng;
	struct now now;
	struct sim_event *heap;
	size_t n_heap, cap_heap;
	uint64_t seq;
	uint64_t effects;  /* commits and requests so far: the points at which crash.c stops */
	uint64_t crash_at; /* crash before this effect; 0: never */
	ms_t acked;	   /* mono; when an acknowledgement was on disk; 0: none */
	bool kill;	   /* ... only the process: nothing written is lost */
	bool crashed;	   /* power is off: nothing reaches the core */

	struct io io;
	struct limits limits;
	struct sim_disk *disk;
	struct store *store;
	struct core *core;
	struct batch *flying; /* being committed */
	struct batch *kept;   /* could not be committed: tried again with the next one */
	ms_t tried_at;	      /* mono */
	ms_t taken_at;	      /* mono, of what is flying */
	ms_t jumped_at;	      /* mono, when a clock last jumped or the machine stood still */
	struct map files;     /* name -> malloc'ed text: rouse.yml and rule files */
	struct faults faults;
	struct world *world;
	struct oracle *oracle;

	int life; /* counts starts: events of an earlier life are void */
	bool verbose;
	uint64_t trace; /* hash of everything that happened */
	size_t crashes;
	bool store_down;     /* commits fail */
	bool cut_in_commit;  /* the last crash came while something was committed */
	size_t events_slack; /* how many events more than the limit may be kept */
};

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *s);
uint64_t sim_random(struct sim *s);
/* True with a chance of `thousandths`. */
bool sim_chance(struct sim *s, int thousandths);
ms_t sim_span(struct sim *s, ms_t most); /* 0 .. most */

/* Replaces a virtual file. */
void sim_file(struct sim *s, const char *name, struct str text);
/* Starts rouse on what the disk has; false with words when it refuses. */
ATTR_CHECK bool sim_start(struct sim *s, struct err *err);
/* SIGHUP; false with words: the old configuration goes on. */
bool sim_reload(struct sim *s, struct err *err);
/* SIGTERM: the last batch is committed. */
void sim_stop(struct sim *s);
/* kill -9 or a power cut (then the disk loses what was not synced). */
void sim_crash(struct sim *s, bool power_cut);
/* The disk is replaced by an empty one; rouse must not run. */
void sim_new_disk(struct sim *s);
/* Lets time pass. */
void sim_elapse(struct sim *s, ms_t span);
/* The machine stands still: all clocks go on, nothing else does. */
void sim_stall(struct sim *s, ms_t span);
/* Steps the wall clock. */
void sim_step_clock(struct sim *s, ms_t by);
/* fn at now + span, dropped if the sim is freed before. */
void sim_after(struct sim *s, ms_t span, sim_fn *fn, void *arg);
/* One line of the trace: hashed, printed if verbose. */
void sim_trace(struct sim *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* An invariant is broken: says so with seed and time, and exits with 1. */
_Noreturn void sim_fail(struct sim *s, const char *invariant, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

#endif
