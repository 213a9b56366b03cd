/*
 * The folder of --storage.path: made if missing, locked against a second rouse, rouse.db in it. A
 * damaged file is moved aside (rouse.db.corrupt-TIME, never deleted) and an empty one begun.
 */
#ifndef HOST_STORAGE_H
#define HOST_STORAGE_H

#include "base/base.h"
#include "base/err.h"
#include "host/log.h"

struct store;

struct storage {
	int lock;	     /* -1: none */
	struct store *store; /* NULL: cannot be used, `trouble` says why; rouse goes on in memory */
	struct err trouble;  /* empty message: none */
	bool replaced;	     /* the old file was damaged; `trouble` says where it is */
};

/* False: rouse must not start (another one runs there, or the file belongs to a newer one or to
 * another program). Everything else is told in the log and in `trouble`. */
ATTR_CHECK bool storage_open(struct storage *s, struct str folder, struct log *log, ms_t wall,
			     struct err *err);
/* The store turned out to be damaged when it was read: it is closed and replaced like one that
 * cannot be opened. The caller goes on with s->store, or without one. */
void storage_replace(struct storage *s, struct str folder, struct log *log, ms_t wall);
void storage_close(struct storage *s); /* the store is the caller's by then */

#endif
