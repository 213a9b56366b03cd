/*
 * The store: rows, transactions, migrations. Knows SQL, not what it means. SQLite in WAL mode with
 * synchronous=FULL: what store_commit has answered survives a power cut.
 *
 * One connection writes (the commit thread's), another reads; a struct store is used by one thread
 * at a time.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"
#include "base/err.h"
#include "store/batch.h"

struct store;

struct store_options {
	const char *vfs; /* SQLite VFS by name, NULL: the default (the simulator brings its own) */
	bool read_only;	 /* never writes, never migrates */
};

/* Opens or creates, migrates to the newest schema, and checks it. `path` is a file; its folder must
 * exist. A corrupt file, one of a newer rouse, or a locked one is an error that says what to do. */
ATTR_CHECK bool store_open(const char *path, const struct store_options *o, struct store **out,
			   struct err *err);
void store_free(struct store *s);
OWNED_DEFINE(store)

/* All of the batch or nothing. */
ATTR_CHECK bool store_commit(struct store *s, const struct batch *b, struct err *err);

/* Calls fn for each row of a select statement. Values are borrowed for the call; fn may end the
 * walk by returning false (that is no error). */
typedef bool store_row_fn(void *arg, const struct val *row, size_t n);
ATTR_CHECK bool store_select(struct store *s, enum stmt st, const struct val *args, size_t n_args,
			     store_row_fn *fn, void *arg, struct err *err);
/* Bytes on disk, log included; 0 if unknown. */
size_t store_size(const struct store *s);

#endif
