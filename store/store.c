/*
 * SQLite behind four functions.
 *
 * Durable means: WAL, synchronous=FULL, one fsync of the log a commit. All statements of
 * store/stmt.def are prepared once at the start, so a table or column that they need and the file
 * lacks is found then. Every failure leaves no open transaction behind: the next store_commit
 * starts afresh, which is all it takes when a full disk has room again.
 */
#include "store/store.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "store/migrate.h"

#define BUSY_MS 5000	    /* how long to wait for another program's lock */
#define MOST_COLUMNS 32	    /* of a select */
#define LOG_BYTES "4194304" /* what the log is cut back to after a checkpoint */

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *begin, *commit, *rollback;
	sqlite3_stmt *stmts[ST_COUNT];
};

static const char *const sql_of[ST_COUNT] = {
#define STMT(name, sql) sql,
#include "store/stmt.def"
#undef STMT
};

/* ---- errors ---------------------------------------------------------------------------------- */

static bool err_damaged(const struct store *s, const char *how, struct err *err)
{
	return err_set(err, -1,
		       "%s is damaged (%s): move it away (with its -wal and -shm files) and start "
		       "again with an empty store, or put a backup in its place",
		       s->path, how);
}

/* What SQLite last said about s, for a person. `doing` is "read", "write", "open". */
static bool err_sqlite(const struct store *s, const char *doing, struct err *err)
{
	int code = sqlite3_extended_errcode(s->db);
	int sys = sqlite3_system_errno(s->db);
	const char *why = sys ? strerror(sys) : sqlite3_errmsg(s->db);

	switch (code & 0xFF) {
	case SQLITE_FULL:
		return err_set(err, -1, "cannot %s %s: the disk is full, make room on it", doing,
			       s->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set(err, -1,
			       "cannot %s %s: it is read-only, check the permissions of the file, "
			       "of those beside it that begin with its name, and of its folder",
			       doing, s->path);
	case SQLITE_CANTOPEN:
		return err_set(err, -1,
			       "cannot open %s: %s (the folder must exist and be writable, the "
			       "path "
			       "must be a file)",
			       s->path, why);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, -1,
			       "cannot %s %s: another program keeps it locked, is a "
			       "second rouse running on it?",
			       doing, s->path);
	case SQLITE_NOTADB:
		return err_set(err, -1,
			       "%s is no database of rouse (or is damaged): give another path or "
			       "move it away",
			       s->path);
	case SQLITE_CORRUPT: return err_damaged(s, sqlite3_errmsg(s->db), err);
	case SQLITE_IOERR:
		return err_set(err, -1, "cannot %s %s: the disk fails (%s)", doing, s->path, why);
	default: return err_set(err, -1, "cannot %s %s: %s", doing, s->path, sqlite3_errmsg(s->db));
	}
}

/* ---- open and close -------------------------------------------------------------------------- */

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(s->stmts[i]);
	sqlite3_finalize(s->begin);
	sqlite3_finalize(s->commit);
	sqlite3_finalize(s->rollback);
	CHECK(sqlite3_close(s->db) == SQLITE_OK);
	free(s->path);
	free(s);
}

static bool run(struct store *s, const char *sql, const char *doing, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || err_sqlite(s, doing, err);
}

/* Says what migrate_run found, if it is not what was hoped for. */
static bool is_current(struct store *s, enum migrate_result r, int version, struct err *err)
{
	int known = store_steps().n;

	switch (r) {
	case MIGRATE_DONE: return true;
	case MIGRATE_FOREIGN:
		return err_set(err, -1, "%s is a database of another program: give another path",
			       s->path);
	case MIGRATE_NEWER:
		return err_set(err, -1,
			       "%s was written by a newer rouse (schema %d, this one knows up to "
			       "%d): start that one, or give another path",
			       s->path, version, known);
	case MIGRATE_OLDER:
		return err_set(err, -1,
			       "%s has an older schema (%d, this rouse wants %d): start the daemon "
			       "once, it brings the file up to date",
			       s->path, version, known);
	case MIGRATE_FAILED: return err_sqlite(s, "read", err);
	}
	return false;
}

/* WAL needs the file's folder to be writable; a file system without shared memory says "delete". */
static bool use_wal(struct store *s, struct err *err)
{
	sqlite3_stmt *st = NULL;
	bool asked = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &st, NULL) ==
			     SQLITE_OK &&
		     sqlite3_step(st) == SQLITE_ROW;
	bool wal = asked && strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;

	if (!asked)
		err_sqlite(s, "prepare", err);
	else if (!wal)
		err_set(err, -1,
			"cannot keep a write-ahead log for %s: its file system must support shared "
			"memory files (network file systems do not)",
			s->path);
	sqlite3_finalize(st);
	return wal;
}

static bool prepare_one(struct store *s, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) ==
	       SQLITE_OK;
}

static bool prepare_all(struct store *s, struct err *err)
{
	bool ok = prepare_one(s, "BEGIN IMMEDIATE", &s->begin) &&
		  prepare_one(s, "COMMIT", &s->commit) && prepare_one(s, "ROLLBACK", &s->rollback);

	for (size_t i = 0; ok && i < ST_COUNT; i++)
		ok = prepare_one(s, sql_of[i], &s->stmts[i]);
	if (ok)
		return true;
	if (sqlite3_errcode(s->db) == SQLITE_ERROR)
		return err_damaged(s, sqlite3_errmsg(s->db), err);
	return err_sqlite(s, "read", err);
}

/* What an earlier process left in the log may be in the system's cache alone: a sync that failed
 * there is forgotten by the system, and reads show what no disk has. Commits behind such a hole
 * would be lost with the power. So all of it is copied into the file and synced before the first
 * commit of this process begins a new log. (A reader may keep the log from being cut; it is copied
 * all the same.) */
static bool settle_log(struct store *s, struct err *err)
{
	return run(s, "PRAGMA wal_checkpoint(TRUNCATE)", "write", err);
}

/* What it is comes first: another program's file is not touched. */
static bool set_up(struct store *s, bool read_only, struct err *err)
{
	int version = 0;

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (!run(s, "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF", "open", err))
		return false;

	enum migrate_result r = migrate_run(s->db, store_steps(), false, &version);

	if (read_only || (r != MIGRATE_DONE && r != MIGRATE_OLDER))
		return is_current(s, r, version, err) && prepare_all(s, err);
	if (!use_wal(s, err) || !run(s,
				     "PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
				     "PRAGMA journal_size_limit = " LOG_BYTES,
				     "prepare", err))
		return false;
	r = migrate_run(s->db, store_steps(), true, &version);
	return is_current(s, r, version, err) && settle_log(s, err) && prepare_all(s, err);
}

bool store_open(const char *path, const struct store_options *o, struct store **out,
		struct err *err)
{
	OWNED(store) s = MEM_NEW(struct store);
	int flags =
		SQLITE_OPEN_NOMUTEX |
		(o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	s->path = mem_str(str_of(path));
	if (!*path)
		return err_set(err, -1, "the path of the store is empty");
	if (sqlite3_open_v2(path, &s->db, flags, o->vfs) != SQLITE_OK) {
		CHECK(s->db);
		return err_sqlite(s, "open", err);
	}
	/* SQLite falls back to reading when it may not write. */
	if (!o->read_only && sqlite3_db_readonly(s->db, "main"))
		return err_set(err, -1, "cannot write %s: check its permissions", path);
	if (!set_up(s, o->read_only, err))
		return false;
	*out = TAKE(s);
	return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Empty text and blobs must not become NULL, so they need an address. */
static const char *bytes_of(struct str s)
{
	return s.n ? s.p : "";
}

static int bind_one(sqlite3_stmt *st, int i, const struct val *v)
{
	switch (v->kind) {
	case VAL_NULL: return sqlite3_bind_null(st, i);
	case VAL_INT: return sqlite3_bind_int64(st, i, v->i);
	case VAL_REAL: return sqlite3_bind_double(st, i, v->d);
	case VAL_TEXT:
		return sqlite3_bind_text64(st, i, bytes_of(v->s), v->s.n, SQLITE_STATIC,
					   SQLITE_UTF8);
	case VAL_BLOB: return sqlite3_bind_blob64(st, i, bytes_of(v->s), v->s.n, SQLITE_STATIC);
	}
	CHECK(false); /* no other kind */
	return SQLITE_MISUSE;
}

static bool bind(struct store *s, enum stmt st, const struct val *vals, size_t n)
{
	CHECK(n == (size_t)sqlite3_bind_parameter_count(s->stmts[st]));
	CHECK(!sqlite3_stmt_busy(s->stmts[st]));
	for (size_t i = 0; i < n; i++) {
		if (bind_one(s->stmts[st], (int)i + 1, &vals[i]) != SQLITE_OK)
			return false;
	}
	return true;
}

static struct val column(sqlite3_stmt *st, int i)
{
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER: return V_INT(sqlite3_column_int64(st, i));
	case SQLITE_FLOAT: return V_REAL(sqlite3_column_double(st, i));
	case SQLITE_TEXT: {
		const char *p = (const char *)sqlite3_column_text(st, i);

		return V_TEXT(((struct str){.p = p, .n = (size_t)sqlite3_column_bytes(st, i)}));
	}
	case SQLITE_BLOB: {
		const char *p = sqlite3_column_blob(st, i);

		return V_BLOB(((struct str){.p = p, .n = (size_t)sqlite3_column_bytes(st, i)}));
	}
	default: return V_NULL;
	}
}

/* ---- write and read -------------------------------------------------------------------------- */

static bool step_done(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	return rc == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK;
}

static bool run_batch(struct store *s, const struct batch *b)
{
	if (!step_done(s->begin))
		return false;
	for (size_t i = 0; i < batch_count(b); i++) {
		const struct val *vals;
		size_t n;
		enum stmt st = batch_at(b, i, &vals, &n);

		if (!bind(s, st, vals, n) || !step_done(s->stmts[st]))
			return false;
	}
	return step_done(s->commit);
}

/* Forgets the values of the batch, which go away with it, and every trace of a failure. */
static void clean_up(struct store *s)
{
	sqlite3_reset(s->begin);
	sqlite3_reset(s->commit);
	for (size_t i = 0; i < ST_COUNT; i++) {
		sqlite3_reset(s->stmts[i]);
		sqlite3_clear_bindings(s->stmts[i]);
	}
	if (!sqlite3_get_autocommit(s->db)) {
		sqlite3_step(s->rollback);
		sqlite3_reset(s->rollback);
	}
}

bool store_commit(struct store *s, const struct batch *b, struct err *err)
{
	if (!batch_count(b))
		return true;

	bool ok = run_batch(s, b) || err_sqlite(s, "write", err);

	clean_up(s);
	CHECK(sqlite3_get_autocommit(s->db));
	return ok;
}

bool store_select(struct store *s, enum stmt st, const struct val *args, size_t n_args,
		  store_row_fn *fn, void *arg, struct err *err)
{
	struct val row[MOST_COLUMNS];
	sqlite3_stmt *q = s->stmts[st];
	int n = sqlite3_column_count(q), rc = SQLITE_ERROR;

	CHECK(n > 0 && n <= MOST_COLUMNS);
	if (bind(s, st, args, n_args)) {
		while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
			for (int i = 0; i < n; i++)
				row[i] = column(q, i);
			if (!fn(arg, row, (size_t)n))
				break;
		}
	}

	bool ok = rc == SQLITE_DONE || rc == SQLITE_ROW || err_sqlite(s, "read", err);

	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return ok;
}

/* The size of one of the database's files, 0 if it is not open. */
static size_t file_size(const struct store *s, int which)
{
	sqlite3_file *f = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_file_control(s->db, "main", which, &f) != SQLITE_OK || !f || !f->pMethods ||
	    f->pMethods->xFileSize(f, &size) != SQLITE_OK)
		return 0;
	return (size_t)size;
}

size_t store_size(const struct store *s)
{
	return file_size(s, SQLITE_FCNTL_FILE_POINTER) + file_size(s, SQLITE_FCNTL_JOURNAL_POINTER);
}
