/*
 * The store on a real disk: what comes back is what went in, nothing half, and every file that is
 * not ours, not whole or not writable is refused in words that say what to do.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/migrate.h"
#include "store/store.h"

struct place {
	char dir[64];
	char path[96];
};

static int place_make(void **state)
{
	struct place *p = test_malloc(sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/rouse-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/rouse.db", p->dir);
	*state = p;
	return 0;
}

static int place_drop(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct place *p = *state;

	chmod(p->dir, 0700);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->dir), 0);
	test_free(p);
	return 0;
}

static struct store *must_open(const char *path, bool read_only)
{
	struct store_options o = {.read_only = read_only};
	struct store *s = NULL;
	struct err err = {0};

	if (!store_open(path, &o, &s, &err))
		fail_msg("%s", err.msg);
	return s;
}

static void must_commit(struct store *s, const struct batch *b)
{
	struct err err = {0};

	if (!store_commit(s, b, &err))
		fail_msg("%s", err.msg);
}

static void check_refused(const char *path, const struct store_options *o, const char *says)
{
	struct store *s = NULL;
	struct err err = {0};

	assert_false(store_open(path, o, &s, &err));
	assert_null(s);
	if (!strstr(err.msg, says) || !strstr(err.msg, path))
		fail_msg("says \"%s\", not \"%s\"", err.msg, says);
}

/* Rows as text, "a|1|2.5|x'00'|null" a line each. */
static bool show_row(void *arg, const struct val *row, size_t n)
{
	struct buf *b = arg;

	for (size_t i = 0; i < n; i++) {
		const struct val *v = &row[i];

		if (i)
			buf_addc(b, '|');
		if (v->kind == VAL_INT)
			buf_printf(b, "%lld", (long long)v->i);
		else if (v->kind == VAL_REAL)
			buf_printf(b, "%.17g", v->d);
		else if (v->kind == VAL_NULL)
			buf_adds(b, "null");
		else if (v->kind == VAL_BLOB)
			buf_printf(b, "x%zu'", v->s.n);
		if (v->kind == VAL_TEXT || v->kind == VAL_BLOB)
			buf_add(b, v->s);
	}
	buf_addc(b, '\n');
	return true;
}

static void check_rows(struct store *s, enum stmt st, struct str want)
{
	struct buf b;

	buf_init(&b, 100000);
	assert_true(store_select(s, st, NULL, 0, show_row, &b, NULL));
	assert_int_equal(b.n, want.n);
	assert_memory_equal(b.p ? b.p : "", want.p, want.n);
	buf_done(&b);
}

static void add_alert(struct batch *b, const char *labels, double value)
{
	batch_add(b, ST_RULE_GROUP_PUT, V_TEXT(str_of(labels)), V_INT(value));
}

static void test_values(void **state)
{
	struct place *p = *state;
	OWNED(batch) b = batch_new();

	batch_add(b, ST_NOTICE_PUT, V_TEXT(STR("g\0h")), V_TEXT(STR("")), V_INT(INT64_MIN),
		  V_BLOB(STR("\0\1")), V_BLOB(((struct str){0})), V_TEXT(STR("\u00e9")),
		  V_INT(INT64_MAX), V_BLOB(STR("\2")));
	for (int i = 0; i < 2; i++) {
		OWNED(store) s = must_open(p->path, i == 1);

		if (i == 0)
			must_commit(s, b);
		check_rows(s, ST_NOTICE_LOAD,
			   STR("g\0h||-9223372036854775808|x2'\0\1|x0'|\u00e9|"
			       "9223372036854775807|x1'\2\n"));
	}
}

/* A value that a test table holds as REAL: NaN is NULL, infinities and whole numbers stay. */
static void test_reals(void **state)
{
	static const double values[] = {0.1, 3, -1e300, HUGE_VAL};
	struct place *p = *state;
	OWNED(store) s = must_open(p->path, false);

	for (size_t i = 0; i <= ARRAY_LEN(values); i++) {
		OWNED(batch) b = batch_new();
		double v = i < ARRAY_LEN(values) ? values[i] : (double)NAN;
		struct buf want;

		batch_add(b, ST_RULE_ALERT_DEL_RULE, V_TEXT(STR("r")));
		batch_add(b, ST_RULE_ALERT_PUT, V_TEXT(STR("r")), V_BLOB(STR("l")), V_INT(2),
			  V_INT(3), V_INT(4), V_INT(5), V_INT(6), V_INT(7), V_REAL(v),
			  V_BLOB(STR("")), V_TEXT(STR("b")));
		must_commit(s, b);
		buf_init(&want, 1000);
		buf_adds(&want, "r|x1'l|2|3|4|5|6|7|");
		if (isnan(v))
			buf_adds(&want, "null");
		else
			buf_printf(&want, "%.17g", v);
		buf_adds(&want, "|x0'|b\n");
		check_rows(s, ST_RULE_ALERT_LOAD, buf_str(&want));
		buf_done(&want);
	}
}

/* A batch that cannot be done whole is not done at all, and the next one is not disturbed. */
static void test_all_or_nothing(void **state)
{
	struct place *p = *state;
	OWNED(store) s = must_open(p->path, false);
	OWNED(batch) good = batch_new();
	OWNED(batch) bad = batch_new();
	struct err err = {0};

	add_alert(bad, "first", 1);
	batch_add(bad, ST_RULE_GROUP_PUT, V_TEXT(STR("second")), V_NULL);
	assert_false(store_commit(s, bad, &err));
	assert_non_null(strstr(err.msg, "NOT NULL constraint failed: rule_group.evaluated_at"));
	check_rows(s, ST_RULE_GROUP_LOAD, STR(""));
	add_alert(good, "first", 1);
	must_commit(s, good);
	check_rows(s, ST_RULE_GROUP_LOAD, STR("first|1\n"));
}

static bool stop_at_two(void *arg, ATTR_UNUSED const struct val *row, ATTR_UNUSED size_t n)
{
	return ++*(int *)arg < 2;
}

static void test_select_args_and_stop(void **state)
{
	struct place *p = *state;
	OWNED(store) s = must_open(p->path, false);
	OWNED(batch) b = batch_new();
	const struct val five = V_INT(5);
	int rows = 0;

	for (int i = 0; i < 10; i++)
		batch_add(b, ST_EVENT_PUT, V_INT(i), V_INT(0), V_TEXT(STR("k")), V_TEXT(STR("s")),
			  V_TEXT(STR("t")));
	must_commit(s, b);
	assert_true(store_select(s, ST_EVENT_LOAD, &five, 1, stop_at_two, &rows, NULL));
	assert_int_equal(rows, 2);
	rows = -100;
	assert_true(store_select(s, ST_EVENT_LOAD, &five, 1, stop_at_two, &rows, NULL));
	assert_int_equal(rows, -95);
}

/* One connection reads what another has committed, while it stays open. */
static void test_two_connections(void **state)
{
	struct place *p = *state;
	OWNED(store) writer = must_open(p->path, false);
	OWNED(store) reader = must_open(p->path, true);
	OWNED(batch) b = batch_new();
	struct err err = {0};

	check_rows(reader, ST_RULE_GROUP_LOAD, STR(""));
	add_alert(b, "a", 1);
	must_commit(writer, b);
	check_rows(reader, ST_RULE_GROUP_LOAD, STR("a|1\n"));
	assert_false(store_commit(reader, b, &err));
	assert_non_null(strstr(err.msg, "read-only"));
	assert_true(store_size(writer) > 4096);
}

static void make_db(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void write_file(const char *path, const void *data, size_t n, long at)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, n, at), n);
	close(fd);
}

static void read_file(const char *path, char *out, size_t n)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_int_equal(fread(out, 1, n, f), n);
	fclose(f);
}

static void test_foreign(void **state)
{
	static const struct store_options o = {0};
	struct place *p = *state;
	char before[8192], after[8192];

	make_db(p->path, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
	read_file(p->path, before, sizeof(before));
	check_refused(p->path, &o, "is a database of another program");
	read_file(p->path, after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before)); /* and is left as it is */
	unlink(p->path);
	make_db(p->path, "PRAGMA application_id = 7");
	check_refused(p->path, &o, "is a database of another program");
}

static void test_newer_and_older(void **state)
{
	static const struct store_options o = {0}, ro = {.read_only = true};
	struct place *p = *state;

	store_free(must_open(p->path, false));
	make_db(p->path, "PRAGMA user_version = 99");
	check_refused(p->path, &o,
		      "was written by a newer rouse (schema 99, this one knows up to ");
	make_db(p->path, "PRAGMA user_version = 0");
	check_refused(p->path, &ro, "has an older schema (0, this rouse wants ");
}

static void test_garbage(void **state)
{
	static const struct store_options o = {0};
	struct place *p = *state;
	char noise[20000];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7919 >> 3);
	write_file(p->path, noise, sizeof(noise), 0);
	check_refused(p->path, &o, "is no database of rouse");
	check_refused(p->dir, &o, "cannot open");
	check_refused("/nowhere/at/all.db", &o, "No such file or directory");
}

/* A file that is cut off or overwritten in the middle is found out, at the start or when read. */
static void test_damaged(void **state)
{
	struct place *p = *state;
	static const char noise[4096] = {1, 2, 3, 4, 5};
	struct store_options o = {0};
	struct store *s = must_open(p->path, false);
	struct batch *b = batch_new();
	struct err err = {0};
	struct buf rows;

	for (int i = 0; i < 2000; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key %d", i);
		add_alert(b, key, i);
	}
	must_commit(s, b);
	batch_free(b);
	store_free(s);
	for (long page = 0; page < 20; page++)
		write_file(p->path, noise, sizeof(noise), 4096 * (page + 1));
	buf_init(&rows, 1000000);
	if (store_open(p->path, &o, &s, &err)) {
		assert_false(store_select(s, ST_RULE_GROUP_LOAD, NULL, 0, show_row, &rows, &err));
		store_free(s);
	}
	assert_non_null(strstr(err.msg, "is damaged"));
	buf_done(&rows);

	make_db(p->path, "PRAGMA writable_schema = ON");
	unlink(p->path);
	store_free(must_open(p->path, false));
	make_db(p->path, "DROP TABLE alert");
	check_refused(p->path, &o, "is damaged (no such table: alert)");
}

static void test_locked(void **state)
{
	struct place *p = *state;
	OWNED(store) s = must_open(p->path, false);
	OWNED(batch) b = batch_new();
	struct err err = {0};
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	add_alert(b, "a", 1);
	assert_false(store_commit(s, b, &err));
	assert_non_null(strstr(err.msg, "another program keeps it locked"));
	sqlite3_close(db);
	must_commit(s, b);
	check_rows(s, ST_RULE_GROUP_LOAD, STR("a|1\n"));
}

static void test_migrations(void **state)
{
	static const char *const sql[] = {"CREATE TABLE a(x)",
					  "ALTER TABLE a ADD COLUMN y DEFAULT 5",
					  "CREATE TABLE b(z); INSERT INTO b SELECT y FROM a",
					  "CREATE TABLE c(z); this is no SQL"};
	struct place *p = *state;
	int version = -1;
	sqlite3 *db;
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 1}, false, &version),
			 MIGRATE_OLDER);
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 1}, true, &version),
			 MIGRATE_DONE);
	assert_int_equal(version, 0);
	sqlite3_exec(db, "INSERT INTO a VALUES(1)", NULL, NULL, NULL);
	/* Two steps at once, with what is in the tables. */
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 3}, true, &version),
			 MIGRATE_DONE);
	assert_int_equal(version, 1);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT z FROM b", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 5);
	sqlite3_finalize(st);
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 3}, false, &version),
			 MIGRATE_DONE);
	assert_int_equal(version, 3);
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 2}, true, &version),
			 MIGRATE_NEWER);
	/* A step that fails leaves the version before it. */
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 4}, true, &version),
			 MIGRATE_FAILED);
	sqlite3_close(db);
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(migrate_run(db, (struct store_steps){sql, 3}, true, &version),
			 MIGRATE_DONE);
	assert_int_equal(sqlite3_exec(db, "SELECT * FROM c", NULL, NULL, NULL), SQLITE_ERROR);
	sqlite3_close(db);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, place_make, place_drop)

TEST_GROUP(store, ON_DISK(test_values), ON_DISK(test_reals), ON_DISK(test_all_or_nothing),
	   ON_DISK(test_select_args_and_stop), ON_DISK(test_two_connections), ON_DISK(test_foreign),
	   ON_DISK(test_newer_and_older), ON_DISK(test_garbage), ON_DISK(test_damaged),
	   ON_DISK(test_locked), ON_DISK(test_migrations))
