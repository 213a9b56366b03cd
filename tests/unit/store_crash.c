/*
 * The store on a disk that fails: what store_commit has answered is there after any power cut,
 * whole and alone but for the one batch that was under way. The disk itself is proved able to lose
 * things first, by SQLite without syncs.
 *
 * A story is a run of numbered batches. Batch k leaves traces in three tables that only the state
 * after batch k has, so the state on disk tells how far the story got, or that it is none.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/sim/vfs.h"

#define STORY 48      /* batches */
#define RESTART_AT 20 /* the store is closed and opened again before this one */
#define KEYS 7
#define LONGEST 30000 /* bytes of the longest text */
#define SEEDS 3

static struct store *open_on(struct sim_disk *d, struct err *err)
{
	struct store_options o = {.vfs = sim_disk_vfs(d)};
	struct store *s = NULL;

	return store_open("rouse.db", &o, &s, err) ? s : NULL;
}

static struct store *must_open_on(struct sim_disk *d)
{
	struct err err = {0};
	struct store *s = open_on(d, &err);

	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

/* ---- the story ------------------------------------------------------------------------------- */

/* The text of batch k: a few bytes, a few sectors, or many pages. */
static struct str text_of(int k, char *out)
{
	size_t n = k % 16 == 3 ? LONGEST : k % 4 == 1 ? 3000 : 50;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)('a' + (i * 7 + (size_t)k * 13) % 26);
	return (struct str){.p = out, .n = n};
}

static struct batch *batch_of(int k)
{
	static const char keys[KEYS][2] = {"a", "b", "c", "d", "e", "f", "g"};
	struct batch *b = batch_new();
	char *text = mem_alloc(LONGEST);

	batch_add(b, ST_EVENT_PUT, V_INT(k), V_INT(k * 10), V_TEXT(STR("kind")), V_TEXT(STR("s")),
		  V_TEXT(text_of(k, text)));
	batch_add(b, ST_RULE_GROUP_PUT, V_TEXT(str_of(keys[k % KEYS])), V_INT(k));
	batch_add(b, ST_RULE_GROUP_DEL, V_TEXT(str_of(keys[(k + 3) % KEYS])));
	batch_add(b, ST_EVENT_TRIM, V_INT(k - 12));
	free(text);
	return b;
}

struct seen {
	int64_t last, events, groups; /* the newest batch, how many of each */
	bool wrong;
	char *text;
};

static bool see_event(void *arg, const struct val *row, ATTR_UNUSED size_t n)
{
	struct seen *s = arg;
	int64_t id = row[0].i;

	if (!s->events++)
		s->last = id;
	/* Newest first, no gap, each as it was written. */
	s->wrong = s->wrong || id != s->last - s->events + 1 || row[1].i != id * 10 ||
		   !str_eq(row[4].s, text_of((int)id, s->text));
	return true;
}

static bool see_group(void *arg, const struct val *row, ATTR_UNUSED size_t n)
{
	struct seen *s = arg;
	int64_t k = row[1].i;

	/* Batch k wrote this key, and none after it wrote or deleted it. */
	s->groups++;
	s->wrong = s->wrong || row[0].s.p[0] != 'a' + k % KEYS || k > s->last || k <= s->last - 4;
	return true;
}

/* How far the story on disk got; fails if it is no state of the story at all. */
static int64_t story_end(struct store *s)
{
	const struct val all = V_INT(1000);
	struct seen seen = {.text = mem_alloc(LONGEST)};
	struct err err = {0};

	if (!store_select(s, ST_EVENT_LOAD, &all, 1, see_event, &seen, &err) ||
	    !store_select(s, ST_RULE_GROUP_LOAD, NULL, 0, see_group, &seen, &err))
		fail_msg("%s", err.msg);
	free(seen.text);
	assert_false(seen.wrong);
	assert_int_equal(seen.events, MIN(seen.last, 12));
	assert_int_equal(seen.groups, MIN(seen.last, 4));
	return seen.last;
}

/* Copies the log into the database beside the store, so that the next commit begins the log anew,
 * as happens by itself when the log has grown. */
static void checkpoint(struct sim_disk *d)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2("rouse.db", &db, SQLITE_OPEN_READWRITE, sim_disk_vfs(d)) == SQLITE_OK)
		sqlite3_exec(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
	sqlite3_close(db);
}

/* Tells the story from batch `from` on; returns the last one that was acknowledged. */
static int tell(struct sim_disk *d, struct store **s, int from)
{
	for (int k = from; k <= STORY; k++) {
		OWNED(batch) b = batch_of(k);

		if (k == RESTART_AT) {
			store_free(*s);
			*s = open_on(d, NULL);
			if (!*s)
				return k - 1;
		}
		if (k % 10 == 8)
			checkpoint(d);
		if (!store_commit(*s, b, NULL))
			return k - 1;
	}
	return STORY;
}

static uint64_t story_ops(uint64_t seed)
{
	OWNED(sim_disk) d = sim_disk_new(seed);
	struct store *s = must_open_on(d);

	assert_int_equal(tell(d, &s, 1), STORY);
	assert_int_equal(story_end(s), STORY);
	store_free(s);
	return sim_disk_ops(d);
}

/* The power fails in operation `op`, perhaps again while the store recovers; then the story goes
 * on to its end. */
static void crash_run(uint64_t seed, uint64_t op)
{
	OWNED(sim_disk) d = sim_disk_new(seed * 1000003 + op);
	struct store *s;
	int64_t acked = 0, there;

	sim_disk_crash_at(d, op);
	s = open_on(d, NULL);
	if (s)
		acked = tell(d, &s, 1);
	store_free(s);
	assert_true(sim_disk_is_down(d));
	sim_disk_power_on(d);
	if (op % 3 == 0) {
		sim_disk_crash_at(d, sim_disk_ops(d) + 1 + op % 11);
		store_free(open_on(d, NULL));
		sim_disk_crash(d);
		sim_disk_power_on(d);
	}
	s = must_open_on(d);
	there = story_end(s);
	if (there != acked && there != acked + 1)
		fail_msg("crash in operation %d: %d batches acknowledged, %d on disk", (int)op,
			 (int)acked, (int)there);
	assert_int_equal(tell(d, &s, (int)there + 1), STORY);
	assert_int_equal(story_end(s), STORY);
	store_free(s);
}

static void test_every_crash(ATTR_UNUSED void **state)
{
	uint64_t ops = story_ops(1);

	assert_in_range(ops * SEEDS, 1500, 5000); /* a few thousand crashes */
	for (uint64_t op = 1; op <= ops; op++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			crash_run(seed, op);
	}
}

/* Same seed, same story: the same operations, and the same bytes survive. */
static void test_same_seed(ATTR_UNUSED void **state)
{
	assert_int_equal(story_ops(5), story_ops(5));
	for (uint64_t op = 100; op < 500; op += 57) {
		int64_t ends[2];

		for (int i = 0; i < 2; i++) {
			OWNED(sim_disk) d = sim_disk_new(op);
			struct store *s = must_open_on(d);

			sim_disk_crash_at(d, op);
			tell(d, &s, 1);
			store_free(s);
			sim_disk_power_on(d);
			s = must_open_on(d);
			ends[i] = story_end(s) * 100000 + (int64_t)sim_disk_used(d);
			store_free(s);
		}
		assert_int_equal(ends[0], ends[1]);
	}
}

/* ---- the disk can lose things ---------------------------------------------------------------- */

static bool raw(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Rows acknowledged and rows found after a crash; found is -1 if the file is not readable. */
static void raw_run(uint64_t op, const char *pragma, int *acked, int *found)
{
	OWNED(sim_disk) d = sim_disk_new(op);
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	sqlite3_stmt *st = NULL;
	sqlite3 *db;

	*acked = 0;
	assert_int_equal(sqlite3_open_v2("x", &db, flags, sim_disk_vfs(d)), SQLITE_OK);
	assert_true(raw(db, "PRAGMA journal_mode = WAL; CREATE TABLE t(x)"));
	assert_true(raw(db, pragma));
	sim_disk_crash_at(d, sim_disk_ops(d) + op);
	while (raw(db, "INSERT INTO t VALUES(randomblob(3000))"))
		++*acked;
	sqlite3_close(db);
	sim_disk_power_on(d);
	*found = -1;
	assert_int_equal(sqlite3_open_v2("x", &db, flags, sim_disk_vfs(d)), SQLITE_OK);
	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		*found = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static int losses(const char *pragma)
{
	int lost = 0;

	for (uint64_t op = 1; op <= 100; op++) {
		int acked, found;

		raw_run(op, pragma, &acked, &found);
		lost += found < acked;
	}
	return lost;
}

static void test_disk_loses(ATTR_UNUSED void **state)
{
	assert_true(losses("PRAGMA synchronous = OFF") > 30);
	assert_true(losses("PRAGMA synchronous = NORMAL") > 30);
	assert_int_equal(losses("PRAGMA synchronous = FULL"), 0);
}

/* ---- full, failing, read-only ---------------------------------------------------------------- */

static void test_full(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *s = must_open_on(d);
	struct err err = {0};
	int acked;

	sim_disk_set_capacity(d, sim_disk_used(d) + 150000);
	acked = tell(d, &s, 1);
	assert_true(acked > 3 && acked < RESTART_AT);
	for (int i = 0; i < 3; i++) {
		OWNED(batch) b = batch_of(acked + 1);

		assert_false(store_commit(s, b, &err));
		assert_non_null(strstr(err.msg, "the disk is full, make room on it"));
		assert_int_equal(story_end(s), acked); /* still readable */
	}
	sim_disk_set_capacity(d, SIZE_MAX);
	assert_int_equal(tell(d, &s, acked + 1), STORY);
	assert_int_equal(story_end(s), STORY);
	store_free(s);
}

/* Calls fail now and then; each batch is tried until it is done, as the daemon does. Whatever has
 * failed before, a power cut takes nothing that was acknowledged. */
static void fail_run(uint64_t seed, unsigned kinds)
{
	OWNED(sim_disk) d = sim_disk_new(seed);
	struct store *s = must_open_on(d);
	int64_t there;
	int acked = 0;

	for (int k = 1; k <= STORY; k++) {
		OWNED(batch) b = batch_of(k);

		if ((k + (int)seed) % 3 == 0)
			sim_disk_fail(d, kinds, 1 + (seed + (uint64_t)k * 7) % 9, 1 + seed % 2);
		if ((uint64_t)k == 10 + seed % 30)
			sim_disk_crash_at(d, sim_disk_ops(d) + 1 + seed % 13);
		while (!store_commit(s, b, NULL) && !sim_disk_is_down(d))
			;
		if (sim_disk_is_down(d))
			break;
		acked = k;
	}
	sim_disk_fail(d, 0, 1, 0);
	assert_true(sim_disk_failed(d) > 0);
	if (!sim_disk_is_down(d))
		sim_disk_crash(d);
	store_free(s);
	sim_disk_power_on(d);
	s = must_open_on(d);
	there = story_end(s);
	assert_true(there == acked || there == acked + 1);
	store_free(s);
}

static void test_failing_calls(ATTR_UNUSED void **state)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		fail_run(seed, SIM_SYNC);
		fail_run(seed, SIM_WRITE);
		fail_run(seed, SIM_READ | SIM_WRITE | SIM_SYNC | SIM_TRUNCATE);
	}
}

static void test_io_error_words(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *s = must_open_on(d);
	OWNED(batch) b = batch_of(1);
	struct err err = {0};

	sim_disk_fail(d, SIM_SYNC, 1, 1);
	assert_false(store_commit(s, b, &err));
	assert_non_null(strstr(err.msg, "cannot write rouse.db: the disk fails (disk I/O error)"));
	assert_true(store_commit(s, b, &err));
	store_free(s);
	sim_disk_fail(d, SIM_OPEN, 1, 1);
	assert_null(open_on(d, &err));
	assert_non_null(strstr(err.msg, "cannot open rouse.db"));
}

static void test_read_only_disk(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *s = must_open_on(d);
	OWNED(batch) b = batch_of(1);
	struct err err = {0};

	sim_disk_set_read_only(d, true);
	assert_false(store_commit(s, b, &err));
	assert_non_null(strstr(err.msg, "read-only"));
	store_free(s);
	assert_null(open_on(d, &err));
	assert_non_null(strstr(err.msg, "cannot write rouse.db"));
	sim_disk_set_read_only(d, false);
	s = must_open_on(d);
	assert_true(store_commit(s, b, &err));
	store_free(s);
}

/* When only the process dies, nothing that was acknowledged needs the disk's luck. */
static void test_kill(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *s = must_open_on(d);

	for (int k = 1; k <= STORY; k++) {
		OWNED(batch) b = batch_of(k);

		assert_true(store_commit(s, b, NULL));
		if (k % 5)
			continue;
		sim_disk_kill(d);
		store_free(s);
		s = must_open_on(d);
		assert_int_equal(story_end(s), k);
	}
	store_free(s);
}

/* Two connections share the log; a second writer waits without passing time, then is told. */
static void test_locks(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *a = must_open_on(d), *b = must_open_on(d);
	OWNED(batch) one = batch_of(1);
	OWNED(batch) two = batch_of(2);
	struct err err = {0};
	sqlite3 *db;

	assert_true(store_commit(a, one, &err));
	assert_int_equal(story_end(b), 1);
	assert_int_equal(sqlite3_open_v2("rouse.db", &db, SQLITE_OPEN_READWRITE, sim_disk_vfs(d)),
			 SQLITE_OK);
	assert_true(raw(db, "BEGIN IMMEDIATE"));
	assert_false(store_commit(b, two, &err));
	assert_non_null(strstr(err.msg, "another program keeps it locked"));
	assert_true(sim_disk_slept(d) > 100000);
	sqlite3_close(db);
	assert_true(store_commit(b, two, &err));
	assert_int_equal(story_end(a), 2);
	store_free(a);
	store_free(b);
}

/* A sync fails, the process is killed; what the next one commits survives a power cut, although the
 * log had a hole that only the system's cache covered. */
static void test_failed_sync_then_kill(ATTR_UNUSED void **state)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		OWNED(sim_disk) d = sim_disk_new(seed);
		struct store *s = must_open_on(d);
		int64_t end;

		for (int k = 1; k <= 5; k++) {
			OWNED(batch) b = batch_of(k);

			assert_true(store_commit(s, b, NULL));
		}
		OWNED(batch) lost = batch_of(6);

		sim_disk_fail(d, SIM_SYNC, 1, 100);
		assert_false(store_commit(s, lost, NULL));
		sim_disk_fail(d, 0, 1, 0);
		sim_disk_kill(d);
		store_free(s);
		sim_disk_power_on(d);
		s = must_open_on(d);
		end = story_end(s);
		for (int k = (int)end + 1; k <= (int)end + 5; k++) {
			OWNED(batch) b = batch_of(k);

			assert_true(store_commit(s, b, NULL));
		}
		sim_disk_crash(d);
		store_free(s);
		sim_disk_power_on(d);
		s = must_open_on(d);
		assert_int_equal(story_end(s), end + 5);
		store_free(s);
	}
}

static void test_stalls_are_counted(ATTR_UNUSED void **state)
{
	OWNED(sim_disk) d = sim_disk_new(1);
	struct store *s = must_open_on(d);

	tell(d, &s, 1);
	assert_int_equal(sim_disk_stalled(d), 0);
	sim_disk_set_stalls(d, 500);
	for (int k = 1; k < 100; k++) {
		OWNED(batch) b = batch_new();

		batch_add(b, ST_EVENT_TRIM, V_INT(-k));
		batch_add(b, ST_RULE_GROUP_PUT, V_TEXT(STR("a")), V_INT(k));
		assert_true(store_commit(s, b, NULL));
	}
	assert_in_range(sim_disk_stalled(d), 20, 80);
	store_free(s);
}

TEST_GROUP(crash, cmocka_unit_test(test_every_crash), cmocka_unit_test(test_same_seed),
	   cmocka_unit_test(test_disk_loses), cmocka_unit_test(test_full),
	   cmocka_unit_test(test_failing_calls), cmocka_unit_test(test_io_error_words),
	   cmocka_unit_test(test_read_only_disk), cmocka_unit_test(test_kill),
	   cmocka_unit_test(test_locks), cmocka_unit_test(test_stalls_are_counted),
	   cmocka_unit_test(test_failed_sync_then_kill))
