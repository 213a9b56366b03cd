/*
 * A disk for the simulator: an SQLite VFS whose files live in memory and that fails as disks do.
 *
 * Every write, truncation, sync and deletion is an operation with a number from 1. What is not
 * synced is only pending. When power fails, each pending write is kept, lost, or torn at sectors of
 * 512 bytes, each truncation, creation and deletion is kept or lost, as the seed says; then nothing
 * works until sim_disk_power_on, and files that were open stay broken for ever. So a test opens a
 * store on it, lets it crash, frees the store, turns the power on, opens the store again.
 *
 * A failed sync is as bad as on Linux: each pending write may be on disk or not, and the next sync
 * does not try it again.
 *
 * Same seed, same calls: same outcome. One thread only. Locks between connections to one file work
 * (shared memory is heap), waiting for one takes no time and is counted.
 */
#ifndef TESTS_SIM_VFS_H
#define TESTS_SIM_VFS_H

#include "base/base.h"

struct sim_disk;

struct sim_disk *sim_disk_new(uint64_t seed);
void sim_disk_free(struct sim_disk *d); /* after all that is open on it has been closed */
OWNED_DEFINE(sim_disk)
/* What store_options.vfs must be to open files here; lives as long as the disk. */
const char *sim_disk_vfs(const struct sim_disk *d);

/* How many operations there have been. */
uint64_t sim_disk_ops(const struct sim_disk *d);
/* Power fails in the op-th operation, which is pending then like others. 0: never. */
void sim_disk_crash_at(struct sim_disk *d, uint64_t op);
/* Only the process dies in the op-th operation: it and all before it stay. 0: never. */
void sim_disk_kill_at(struct sim_disk *d, uint64_t op);
void sim_disk_crash(struct sim_disk *d); /* power fails now */
void sim_disk_kill(struct sim_disk *d);	 /* only the process dies: what was written stays */
bool sim_disk_is_down(const struct sim_disk *d);
void sim_disk_power_on(struct sim_disk *d);

/* Kinds of calls, or'ed together. */
enum sim_call {
	SIM_READ = 1,
	SIM_WRITE = 2,
	SIM_SYNC = 4,
	SIM_TRUNCATE = 8,
	SIM_DELETE = 16,
	SIM_OPEN = 32,
};
/* From the `after`-th call of these kinds (1: the next) `times` of them fail with an I/O error. */
void sim_disk_fail(struct sim_disk *d, unsigned kinds, uint64_t after, uint64_t times);
/* The disk holds this many bytes; what would grow past it fails with "full". SIZE_MAX: no end. */
void sim_disk_set_capacity(struct sim_disk *d, size_t bytes);
void sim_disk_set_read_only(struct sim_disk *d, bool read_only);
/* This many of 1000 syncs stall; they only count, the simulator makes the time pass. */
void sim_disk_set_stalls(struct sim_disk *d, unsigned per_mille);

size_t sim_disk_used(const struct sim_disk *d);	     /* bytes in all files */
uint64_t sim_disk_stalled(const struct sim_disk *d); /* syncs that did stall */
uint64_t sim_disk_slept(const struct sim_disk *d);   /* microseconds somebody waited for a lock */
uint64_t sim_disk_failed(const struct sim_disk *d);  /* calls that failed, for whatever reason */

/* Overwrites bytes of a file behind everybody's back, as a bad disk does; false: no such place. */
bool sim_disk_damage(struct sim_disk *d, const char *name, size_t at, struct str bytes);

#endif
