/* The steps of the schema and the one transaction that takes them. */
#include "store/migrate.h"

#include <sqlite3.h>
#include <stdio.h>

/* Version 1 is store/schema.sql, taken into the program as it is, with a NUL behind it. */
__asm__(".pushsection .rodata\n"
	".globl store_schema_sql\n"
	"store_schema_sql:\n"
	".incbin \"store/schema.sql\"\n"
	".byte 0\n"
	".popsection\n");
extern const char store_schema_sql[] __attribute__((visibility("hidden")));

struct store_steps store_steps(void)
{
	static const char *const sql[] = {
		store_schema_sql,
		/* 2: silences. Times are wall milliseconds; matchers: [["name", "=~", "value"],
		   ...] */
		"CREATE TABLE silence (id TEXT PRIMARY KEY, matchers TEXT NOT NULL,"
		" starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,"
		" updated_at INTEGER NOT NULL, created_by TEXT NOT NULL, comment TEXT NOT NULL)",
		/* 3: annotations of silences, as the bytes of labels */
		"ALTER TABLE silence ADD COLUMN annotations BLOB NOT NULL DEFAULT x''",
		/* 4: alerts by number: many new ones are neighbours, and few pages are written */
		"CREATE TABLE alert_by_id (id INTEGER PRIMARY KEY, labels BLOB NOT NULL,"
		" annotations BLOB NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,"
		" updated_at INTEGER NOT NULL, timeout INTEGER NOT NULL,"
		" generator_url TEXT NOT NULL, source INTEGER NOT NULL);"
		"INSERT INTO alert_by_id SELECT rowid, labels, annotations, starts_at, ends_at,"
		" updated_at, timeout, generator_url, source FROM alert;"
		"DROP TABLE alert; ALTER TABLE alert_by_id RENAME TO alert",
		/* 5: on call. Incidents, whom they are reaching, their timelines; changes of the
		   plan. The words are those of oncall/incident.h and oncall/schedule.h. */
		"CREATE TABLE incident (id INTEGER PRIMARY KEY, status INTEGER NOT NULL,"
		" key TEXT NOT NULL, policy TEXT NOT NULL, severity TEXT NOT NULL,"
		" title TEXT NOT NULL, snapshot BLOB NOT NULL, urgent INTEGER NOT NULL,"
		" opened_at INTEGER NOT NULL, acked_at INTEGER NOT NULL,"
		" resolved_at INTEGER NOT NULL, acked_by TEXT NOT NULL, lease_at INTEGER NOT NULL,"
		" reminded INTEGER NOT NULL, snoozed_until INTEGER NOT NULL, pass INTEGER NOT NULL,"
		" step INTEGER NOT NULL, pass_reached INTEGER NOT NULL, next_at INTEGER NOT NULL);"
		"CREATE TABLE incident_cycle (incident INTEGER NOT NULL, place INTEGER NOT NULL,"
		" person TEXT NOT NULL, why TEXT NOT NULL, urgent INTEGER NOT NULL,"
		" shadow INTEGER NOT NULL, started_at INTEGER NOT NULL, next INTEGER NOT NULL,"
		" sent INTEGER NOT NULL, failed INTEGER NOT NULL,"
		" PRIMARY KEY (incident, place)) WITHOUT ROWID;"
		"CREATE TABLE incident_event (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL,"
		" at INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL);"
		"CREATE INDEX incident_event_of ON incident_event(incident);"
		"CREATE TABLE override (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
		" schedule TEXT NOT NULL, added TEXT NOT NULL, removed TEXT NOT NULL,"
		" from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, made_by TEXT NOT NULL,"
		" made_at INTEGER NOT NULL)",
		/* 6: heartbeats, what was heard last */
		"CREATE TABLE heartbeat (name TEXT PRIMARY KEY, since INTEGER NOT NULL,"
		" last_ok INTEGER NOT NULL, last_start INTEGER NOT NULL, took INTEGER NOT NULL,"
		" failed INTEGER NOT NULL) WITHOUT ROWID",
		/* 7: incidents that are one, severities set by hand; deploy marks */
		"ALTER TABLE incident ADD COLUMN merged_into INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE incident ADD COLUMN part_over INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE incident ADD COLUMN severity_set INTEGER NOT NULL DEFAULT 0;"
		"CREATE TABLE mark (id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
		" kind TEXT NOT NULL, title TEXT NOT NULL, service TEXT NOT NULL,"
		" url TEXT NOT NULL, made_by TEXT NOT NULL)",
	};

	return (struct store_steps){.sql = sql, .n = ARRAY_LEN(sql)};
}

/* The one number that a statement answers. */
static bool number(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int(st, 0);
	return sqlite3_finalize(st) == SQLITE_OK && ok;
}

/* What is in the file before anything is done to it: MIGRATE_DONE if it is ours or empty. */
static enum migrate_result identify(sqlite3 *db, int newest, int *version)
{
	int id, tables;

	if (!number(db, "PRAGMA application_id", &id) ||
	    !number(db, "PRAGMA user_version", version) ||
	    !number(db, "SELECT count(*) FROM sqlite_schema", &tables))
		return MIGRATE_FAILED;
	if (id != STORE_APPLICATION_ID && (id || *version || tables))
		return MIGRATE_FOREIGN;
	return *version > newest ? MIGRATE_NEWER : MIGRATE_DONE;
}

static bool take_steps(sqlite3 *db, struct store_steps steps, int from)
{
	char pragmas[128];

	for (int i = from; i < steps.n; i++) {
		if (sqlite3_exec(db, steps.sql[i], NULL, NULL, NULL) != SQLITE_OK)
			return false;
	}
	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 STORE_APPLICATION_ID, steps.n);
	return sqlite3_exec(db, pragmas, NULL, NULL, NULL) == SQLITE_OK;
}

enum migrate_result migrate_run(sqlite3 *db, struct store_steps steps, bool may_write, int *version)
{
	enum migrate_result r = identify(db, steps.n, version);

	if (r != MIGRATE_DONE || *version == steps.n)
		return r;
	if (!may_write)
		return MIGRATE_OLDER;
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return MIGRATE_FAILED;
	/* Another process may have been faster while this one waited for the lock. */
	r = identify(db, steps.n, version);
	if (r == MIGRATE_DONE && (!take_steps(db, steps, *version) ||
				  sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK))
		r = MIGRATE_FAILED;
	return r;
}
