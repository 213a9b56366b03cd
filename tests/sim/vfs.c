/*
 * The simulator's disk. A name leads to an inode; an inode has the bytes that programs see (now),
 * the bytes that are safe (safe), and the writes between the two (pending). The folder has the same
 * two sides: entries as seen and entries that are safe.
 */
#include "tests/sim/vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SECTOR 512
#define SHM_LOCKS 8
#define MOST_NAMES 16 /* a database, its log, its journal, and some more */
#define MOST_PATH 512

struct bytes {
	char *p;
	size_t n, cap;
};

/* A write, or (data NULL) a truncation to `at`. */
struct change {
	size_t at, n;
	char *data;
};

/* The wal-index that connections share. */
struct shm {
	int users;
	void **regions;
	size_t n, cap;
	int shared[SHM_LOCKS];
	bool exclusive[SHM_LOCKS];
};

struct inode {
	int users; /* open files and folder entries */
	struct bytes now, safe;
	struct change *pending;
	size_t n_pending, pending_cap;
	int shared;		   /* files with at least a shared lock */
	struct sim_file *reserved; /* who has more than that */
	bool pending_lock;	   /* no new readers */
	struct shm *shm;
};

struct entry {
	char *name;
	struct inode *now, *safe;
};

struct sim_disk {
	sqlite3_vfs vfs;
	char vfs_name[32];
	uint64_t random;
	struct entry entries[MOST_NAMES];
	size_t n_entries;
	uint64_t ops, crash_at, kill_at;
	uint64_t generation; /* files opened in an earlier one are broken */
	bool down, read_only;
	size_t capacity;
	unsigned fail_kinds;
	uint64_t fail_after, fail_times;
	unsigned stall_per_mille;
	uint64_t stalled, slept, failed;
};

struct sim_file {
	sqlite3_file base; /* first: SQLite knows only this */
	struct sim_disk *disk;
	struct inode *inode;
	uint64_t generation;
	int lock;
	bool sync_folder; /* the first sync makes the folder's entries safe too */
	struct shm *shm;
	bool shm_shared[SHM_LOCKS], shm_exclusive[SHM_LOCKS];
};

/* ---- chance ---------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next_random(struct sim_disk *d)
{
	uint64_t z = d->random += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static bool coin(struct sim_disk *d)
{
	return next_random(d) >> 63;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void bytes_resize(struct bytes *b, size_t n)
{
	b->p = mem_reserve(b->p, &b->cap, n, 1);
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static void bytes_write(struct bytes *b, size_t at, const char *p, size_t n)
{
	if (at + n > b->n)
		bytes_resize(b, at + n);
	memcpy(b->p + at, p, n);
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
	bytes_resize(to, from->n);
	if (from->n)
		memcpy(to->p, from->p, from->n);
}

static void change_apply(struct bytes *b, const struct change *c)
{
	if (c->data)
		bytes_write(b, c->at, c->data, c->n);
	else
		bytes_resize(b, c->at);
}

/* Each sector of the write arrives or does not. */
static void change_tear(struct sim_disk *d, struct bytes *b, const struct change *c)
{
	for (size_t from = 0; from < c->n;) {
		size_t to = MIN(c->n, from + SECTOR - (c->at + from) % SECTOR);

		if (coin(d))
			bytes_write(b, c->at + from, c->data + from, to - from);
		from = to;
	}
}

/* ---- inodes and the folder ------------------------------------------------------------------- */

static void forget_pending(struct inode *i)
{
	for (size_t k = 0; k < i->n_pending; k++)
		free(i->pending[k].data);
	i->n_pending = 0;
}

static void inode_drop(struct inode *i)
{
	if (!i || --i->users > 0)
		return;
	CHECK(!i->shm);
	forget_pending(i);
	free(i->pending);
	free(i->now.p);
	free(i->safe.p);
	free(i);
}

static struct inode *inode_use(struct inode *i)
{
	if (i)
		i->users++;
	return i;
}

static void inode_change(struct inode *i, struct change c)
{
	change_apply(&i->now, &c);
	i->pending = mem_reserve(i->pending, &i->pending_cap, i->n_pending + 1, sizeof(c));
	i->pending[i->n_pending++] = c;
}

static void inode_sync(struct inode *i)
{
	for (size_t k = 0; k < i->n_pending; k++)
		change_apply(&i->safe, &i->pending[k]);
	forget_pending(i);
}

/* Some of the pending changes get to the disk, some partly, some not. */
static void inode_lose(struct sim_disk *d, struct inode *i)
{
	for (size_t k = 0; k < i->n_pending; k++) {
		const struct change *c = &i->pending[k];
		uint64_t fate = next_random(d) >> 32;

		if (fate % 3 == 0)
			change_apply(&i->safe, c);
		else if (fate % 3 == 1 && c->data)
			change_tear(d, &i->safe, c);
	}
	forget_pending(i);
}

static struct entry *find_entry(struct sim_disk *d, const char *name)
{
	for (size_t i = 0; i < d->n_entries; i++) {
		if (strcmp(d->entries[i].name, name) == 0)
			return &d->entries[i];
	}
	return NULL;
}

static struct entry *make_entry(struct sim_disk *d, const char *name)
{
	struct entry *e = find_entry(d, name);

	if (!e) {
		CHECK(d->n_entries < MOST_NAMES);
		e = &d->entries[d->n_entries++];
		*e = (struct entry){.name = mem_str(str_of(name))};
	}
	return e;
}

static void set_inode(struct inode **to, struct inode *i)
{
	inode_use(i);
	inode_drop(*to);
	*to = i;
}

static void sync_folder(struct sim_disk *d)
{
	for (size_t i = 0; i < d->n_entries; i++)
		set_inode(&d->entries[i].safe, d->entries[i].now);
}

/* ---- power ----------------------------------------------------------------------------------- */

/* All locks and shared memory belong to processes that are gone. */
static void forget_locks(struct inode *i)
{
	i->shared = 0;
	i->reserved = NULL;
	i->pending_lock = false;
	i->shm = NULL;
}

void sim_disk_kill(struct sim_disk *d)
{
	d->generation++;
	for (size_t i = 0; i < d->n_entries; i++) {
		if (d->entries[i].now)
			forget_locks(d->entries[i].now);
		if (d->entries[i].safe)
			forget_locks(d->entries[i].safe);
	}
}

void sim_disk_crash(struct sim_disk *d)
{
	if (d->down)
		return;
	sim_disk_kill(d);
	d->down = true;
	for (size_t i = 0; i < d->n_entries; i++) {
		struct entry *e = &d->entries[i];

		if (e->now != e->safe && coin(d))
			set_inode(&e->safe, e->now);
		set_inode(&e->now, e->safe);
		if (!e->now)
			continue;
		inode_lose(d, e->now);
		bytes_copy(&e->now->now, &e->now->safe);
	}
}

void sim_disk_power_on(struct sim_disk *d)
{
	d->down = false;
	d->crash_at = d->kill_at = 0;
}

/* ---- failing --------------------------------------------------------------------------------- */

static bool is_down(const struct sim_file *f)
{
	return f->disk->down || f->generation != f->disk->generation;
}

/* Is it this call's turn to fail? */
static bool must_fail(struct sim_disk *d, enum sim_call kind)
{
	if (!(d->fail_kinds & kind) || !d->fail_times)
		return false;
	if (d->fail_after > 1) {
		d->fail_after--;
		return false;
	}
	d->fail_times--;
	return true;
}

static int failed(struct sim_disk *d, int code)
{
	d->failed++;
	return code;
}

/* Counts an operation; true if the power fails in it (the caller has made its change pending). */
static bool count_op(struct sim_disk *d)
{
	if (++d->ops == d->kill_at) {
		sim_disk_kill(d);
		d->down = true;
		return true;
	}
	if (d->ops != d->crash_at)
		return false;
	sim_disk_crash(d);
	return true;
}

/* ---- files: SQLite's methods ----------------------------------------------------------------- */

static struct sim_file *file_of(sqlite3_file *base)
{
	return CONTAINER(base, struct sim_file, base);
}

static void shm_drop(struct shm *m)
{
	if (--m->users > 0)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->regions[i]);
	free(m->regions);
	free(m);
}

static int file_unlock(sqlite3_file *base, int level);
static int file_shm_unmap(sqlite3_file *base, int delete);

static int file_close(sqlite3_file *base)
{
	struct sim_file *f = file_of(base);

	file_shm_unmap(base, 0);
	file_unlock(base, SQLITE_LOCK_NONE);
	inode_drop(f->inode);
	f->inode = NULL;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at)
{
	struct sim_file *f = file_of(base);
	const struct bytes *b = &f->inode->now;
	size_t from = (size_t)at, want = (size_t)n;

	if (is_down(f) || must_fail(f->disk, SIM_READ))
		return failed(f->disk, SQLITE_IOERR_READ);

	size_t have = from < b->n ? MIN(want, b->n - from) : 0;

	if (have)
		memcpy(out, b->p + from, have);
	memset((char *)out + have, 0, want - have);
	return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at)
{
	struct sim_file *f = file_of(base);
	struct sim_disk *d = f->disk;
	size_t end = (size_t)at + (size_t)n, size = f->inode->now.n;

	if (is_down(f) || must_fail(d, SIM_WRITE))
		return failed(d, SQLITE_IOERR_WRITE);
	if (d->read_only)
		return failed(d, SQLITE_READONLY);
	if (end > size && sim_disk_used(d) + (end - size) > d->capacity)
		return failed(d, SQLITE_FULL);

	char *data = mem_alloc((size_t)n);

	memcpy(data, p, (size_t)n);
	inode_change(f->inode, (struct change){.at = (size_t)at, .n = (size_t)n, .data = data});
	return count_op(d) ? failed(d, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct sim_file *f = file_of(base);

	if (is_down(f) || must_fail(f->disk, SIM_TRUNCATE))
		return failed(f->disk, SQLITE_IOERR_TRUNCATE);
	if (f->disk->read_only)
		return failed(f->disk, SQLITE_READONLY);
	inode_change(f->inode, (struct change){.at = (size_t)size});
	return count_op(f->disk) ? failed(f->disk, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int file_sync(sqlite3_file *base, ATTR_UNUSED int flags)
{
	struct sim_file *f = file_of(base);
	struct sim_disk *d = f->disk;

	if (is_down(f))
		return failed(d, SQLITE_IOERR_FSYNC);
	if (must_fail(d, SIM_SYNC)) {
		inode_lose(d, f->inode);
		return failed(d, SQLITE_IOERR_FSYNC);
	}
	if (count_op(d))
		return failed(d, SQLITE_IOERR_FSYNC);
	d->stalled += next_random(d) % 1000 < d->stall_per_mille;
	inode_sync(f->inode);
	if (f->sync_folder)
		sync_folder(d);
	f->sync_folder = false;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
	struct sim_file *f = file_of(base);

	if (is_down(f))
		return failed(f->disk, SQLITE_IOERR_FSTAT);
	*out = (sqlite3_int64)f->inode->now.n;
	return SQLITE_OK;
}

/* none -> shared -> reserved -> (pending ->) exclusive, as SQLite's own locks. */
static int file_lock(sqlite3_file *base, int level)
{
	struct sim_file *f = file_of(base);
	struct inode *i = f->inode;

	if (is_down(f))
		return failed(f->disk, SQLITE_IOERR_LOCK);
	if (level <= f->lock)
		return SQLITE_OK;
	if (f->lock == SQLITE_LOCK_NONE) {
		if (i->pending_lock)
			return SQLITE_BUSY;
		i->shared++;
		f->lock = SQLITE_LOCK_SHARED;
	}
	if (level == SQLITE_LOCK_SHARED)
		return SQLITE_OK;
	if (i->reserved && i->reserved != f)
		return SQLITE_BUSY;
	i->reserved = f;
	f->lock = SQLITE_LOCK_RESERVED;
	if (level == SQLITE_LOCK_RESERVED)
		return SQLITE_OK;
	i->pending_lock = true;
	f->lock = SQLITE_LOCK_PENDING;
	if (i->shared > 1)
		return SQLITE_BUSY;
	f->lock = SQLITE_LOCK_EXCLUSIVE;
	return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
	struct sim_file *f = file_of(base);
	struct inode *i = f->inode;

	if (is_down(f) || f->lock <= level) {
		f->lock = MIN(f->lock, level);
		return SQLITE_OK;
	}
	if (i->reserved == f) {
		i->reserved = NULL;
		i->pending_lock = false;
	}
	if (level == SQLITE_LOCK_NONE)
		i->shared--;
	f->lock = level;
	return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *out)
{
	*out = file_of(base)->inode->reserved != NULL;
	return SQLITE_OK;
}

static int file_control(ATTR_UNUSED sqlite3_file *base, ATTR_UNUSED int op, ATTR_UNUSED void *arg)
{
	return SQLITE_NOTFOUND;
}

static int file_sector_size(ATTR_UNUSED sqlite3_file *base)
{
	return SECTOR;
}

/* Bytes beside those of a write survive it, as on every disk that Linux knows. */
static int file_characteristics(ATTR_UNUSED sqlite3_file *base)
{
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory --------------------------------------------------------------------------- */

static int file_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
	struct sim_file *f = file_of(base);

	*out = NULL;
	if (is_down(f))
		return failed(f->disk, SQLITE_IOERR_SHMMAP);
	if (!f->shm) {
		if (!f->inode->shm)
			f->inode->shm = MEM_NEW(struct shm);
		f->shm = f->inode->shm;
		f->shm->users++;
	}
	while (extend && f->shm->n <= (size_t)region) {
		f->shm->regions =
			mem_reserve(f->shm->regions, &f->shm->cap, f->shm->n + 1, sizeof(void *));
		f->shm->regions[f->shm->n++] = mem_alloc((size_t)size);
	}
	if (f->shm->n > (size_t)region)
		*out = f->shm->regions[region];
	return SQLITE_OK;
}

static void shm_unlock(struct sim_file *f, int slot)
{
	f->shm->shared[slot] -= f->shm_shared[slot];
	if (f->shm_exclusive[slot])
		f->shm->exclusive[slot] = false;
	f->shm_shared[slot] = f->shm_exclusive[slot] = false;
}

static bool shm_is_free(const struct sim_file *f, int slot, bool exclusive)
{
	const struct shm *m = f->shm;

	if (m->exclusive[slot] && !f->shm_exclusive[slot])
		return false;
	return !exclusive || m->shared[slot] == f->shm_shared[slot];
}

static int file_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
	struct sim_file *f = file_of(base);
	bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;

	if (is_down(f) || !f->shm)
		return failed(f->disk, SQLITE_IOERR_SHMLOCK);
	for (int i = offset; i < offset + n; i++) {
		if (flags & SQLITE_SHM_UNLOCK)
			shm_unlock(f, i);
		else if (!shm_is_free(f, i, exclusive))
			return SQLITE_BUSY;
	}
	if (flags & SQLITE_SHM_UNLOCK)
		return SQLITE_OK;
	for (int i = offset; i < offset + n; i++) {
		if (exclusive) {
			f->shm->exclusive[i] = f->shm_exclusive[i] = true;
		} else if (!f->shm_shared[i]) {
			f->shm->shared[i]++;
			f->shm_shared[i] = true;
		}
	}
	return SQLITE_OK;
}

static void file_shm_barrier(ATTR_UNUSED sqlite3_file *base) {}

static int file_shm_unmap(sqlite3_file *base, ATTR_UNUSED int delete)
{
	struct sim_file *f = file_of(base);

	if (!f->shm)
		return SQLITE_OK;
	for (int i = 0; i < SHM_LOCKS; i++)
		shm_unlock(f, i);
	if (f->inode->shm == f->shm && f->shm->users == 1)
		f->inode->shm = NULL;
	shm_drop(f->shm);
	f->shm = NULL;
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

/* ---- the VFS --------------------------------------------------------------------------------- */

/* The inode behind a name, made if it may be; NULL with a code if not. */
static struct inode *open_inode(struct sim_disk *d, const char *name, int flags, int *code)
{
	struct entry *e = name ? find_entry(d, name) : NULL;

	if (e && e->now)
		return e->now;
	if (!(flags & SQLITE_OPEN_CREATE) || d->read_only) {
		*code = SQLITE_CANTOPEN;
		return NULL;
	}

	struct inode *i = MEM_NEW(struct inode);

	if (name)
		set_inode(&make_entry(d, name)->now, i);
	return i;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
		    int *out_flags)
{
	struct sim_disk *d = vfs->pAppData;
	struct sim_file *f = file_of(base);
	int code = SQLITE_OK;

	base->pMethods = NULL;
	if (d->down || must_fail(d, SIM_OPEN))
		return failed(d, SQLITE_CANTOPEN);

	struct inode *i = open_inode(d, name, flags, &code);

	if (!i)
		return failed(d, code);
	*f = (struct sim_file){.base.pMethods = &methods,
			       .disk = d,
			       .inode = inode_use(i),
			       .generation = d->generation,
			       .sync_folder = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)};
	if (d->read_only)
		flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct sim_disk *d = vfs->pAppData;
	struct entry *e = find_entry(d, name);

	if (d->down || must_fail(d, SIM_DELETE))
		return failed(d, SQLITE_IOERR_DELETE);
	if (d->read_only)
		return failed(d, SQLITE_IOERR_DELETE);
	if (!e || !e->now)
		return SQLITE_IOERR_DELETE_NOENT;
	set_inode(&e->now, NULL);
	if (count_op(d))
		return failed(d, SQLITE_IOERR_DELETE);
	if (sync)
		sync_folder(d);
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	struct sim_disk *d = vfs->pAppData;
	const struct entry *e = find_entry(d, name);

	if (d->down)
		return failed(d, SQLITE_IOERR_ACCESS);
	*out = e && e->now && !(flags == SQLITE_ACCESS_READWRITE && d->read_only);
	return SQLITE_OK;
}

static int vfs_full_pathname(ATTR_UNUSED sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	int len = snprintf(out, (size_t)n, "%s", name);

	return len < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	for (int i = 0; i < n; i++)
		out[i] = (char)next_random(vfs->pAppData);
	return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	struct sim_disk *d = vfs->pAppData;

	d->slept += (uint64_t)us;
	return us;
}

/* Nothing in the store asks SQLite for the time. */
static int vfs_time(ATTR_UNUSED sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	*out = 0;
	return SQLITE_OK;
}

static int vfs_last_error(ATTR_UNUSED sqlite3_vfs *vfs, ATTR_UNUSED int n, ATTR_UNUSED char *out)
{
	return 0;
}

struct sim_disk *sim_disk_new(uint64_t seed)
{
	struct sim_disk *d = MEM_NEW(struct sim_disk);

	d->random = seed;
	d->capacity = SIZE_MAX;
	d->generation = 1;
	snprintf(d->vfs_name, sizeof(d->vfs_name), "sim-%p", (void *)d);
	d->vfs = (sqlite3_vfs){.iVersion = 2,
			       .szOsFile = sizeof(struct sim_file),
			       .mxPathname = MOST_PATH,
			       .zName = d->vfs_name,
			       .pAppData = d,
			       .xOpen = vfs_open,
			       .xDelete = vfs_delete,
			       .xAccess = vfs_access,
			       .xFullPathname = vfs_full_pathname,
			       .xRandomness = vfs_randomness,
			       .xSleep = vfs_sleep,
			       .xGetLastError = vfs_last_error,
			       .xCurrentTimeInt64 = vfs_time};
	CHECK(sqlite3_vfs_register(&d->vfs, 0) == SQLITE_OK);
	/* SQLite's own random numbers (the log's salt) come from one generator of the process. */
	sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed | 1), NULL);
	return d;
}

void sim_disk_free(struct sim_disk *d)
{
	if (!d)
		return;
	sqlite3_vfs_unregister(&d->vfs);
	for (size_t i = 0; i < d->n_entries; i++) {
		set_inode(&d->entries[i].now, NULL);
		set_inode(&d->entries[i].safe, NULL);
		free(d->entries[i].name);
	}
	free(d);
}

/* ---- knobs and counters ---------------------------------------------------------------------- */

const char *sim_disk_vfs(const struct sim_disk *d)
{
	return d->vfs_name;
}

uint64_t sim_disk_ops(const struct sim_disk *d)
{
	return d->ops;
}

void sim_disk_crash_at(struct sim_disk *d, uint64_t op)
{
	d->crash_at = op;
}

void sim_disk_kill_at(struct sim_disk *d, uint64_t op)
{
	d->kill_at = op;
}

bool sim_disk_is_down(const struct sim_disk *d)
{
	return d->down;
}

void sim_disk_fail(struct sim_disk *d, unsigned kinds, uint64_t after, uint64_t times)
{
	CHECK(after > 0);
	d->fail_kinds = kinds;
	d->fail_after = after;
	d->fail_times = times;
}

void sim_disk_set_capacity(struct sim_disk *d, size_t bytes)
{
	d->capacity = bytes;
}

void sim_disk_set_read_only(struct sim_disk *d, bool read_only)
{
	d->read_only = read_only;
}

void sim_disk_set_stalls(struct sim_disk *d, unsigned per_mille)
{
	d->stall_per_mille = per_mille;
}

size_t sim_disk_used(const struct sim_disk *d)
{
	size_t used = 0;

	for (size_t i = 0; i < d->n_entries; i++)
		used += d->entries[i].now ? d->entries[i].now->now.n : 0;
	return used;
}

uint64_t sim_disk_stalled(const struct sim_disk *d)
{
	return d->stalled;
}

uint64_t sim_disk_slept(const struct sim_disk *d)
{
	return d->slept;
}

uint64_t sim_disk_failed(const struct sim_disk *d)
{
	return d->failed;
}

bool sim_disk_damage(struct sim_disk *d, const char *name, size_t at, struct str bytes)
{
	struct entry *e = find_entry(d, name);

	if (!e || !e->now || at + bytes.n > e->now->now.n || at + bytes.n > e->now->safe.n)
		return false;
	memcpy(e->now->now.p + at, bytes.p, bytes.n);
	memcpy(e->now->safe.p + at, bytes.p, bytes.n);
	return true;
}
