/*
 * Bringing a database to the newest schema. A schema is a number (SQLite's user_version) and the
 * steps that lead there: step n turns version n-1 into n. A file is known as ours by SQLite's
 * application_id, which is written together with the first step.
 *
 *	empty file --1--> version 1 --2--> version 2 ... --> the newest
 *
 * All missing steps run in one transaction, so a crash leaves the old version.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/base.h"
#include "base/err.h"

struct sqlite3;

#define STORE_APPLICATION_ID 0x726F7573 /* "rous" */

/* The SQL of each step, the first for version 1. */
struct store_steps {
	const char *const *sql;
	int n;
};

/* Those of this program. */
struct store_steps store_steps(void);

enum migrate_result {
	MIGRATE_DONE,	 /* it is at the newest version now */
	MIGRATE_FOREIGN, /* another program's database */
	MIGRATE_NEWER,	 /* made by a newer version of this program; *version tells which */
	MIGRATE_OLDER,	 /* steps are missing and may_write is false */
	MIGRATE_FAILED,	 /* SQLite says why: sqlite3_errmsg */
};

/* *version is that of the file as it was found. */
enum migrate_result migrate_run(struct sqlite3 *db, struct store_steps steps, bool may_write,
				int *version);

#endif
