/*
 * Operating errors: things a person must understand. Finished prose that says what to do;
 * callers may put a prefix in front. Lives on the caller's stack.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

struct err {
	int pos;  /* byte offset into the text that was parsed, -1: no place */
	int end;  /* first byte after the faulty piece, -1: unknown */
	int line; /* from 1; 0: unknown */
	int col;  /* from 1; 0: unknown */
	char msg[512];
};

/* All three return false, so that `return err_set(...)` reads well. err may be NULL. */
bool err_set(struct err *err, int pos, const char *fmt, ...) ATTR_PRINTF(3, 4);
bool err_at(struct err *err, int line, int col, const char *fmt, ...) ATTR_PRINTF(4, 5);
bool err_prefix(struct err *err, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* A list of findings about files, in the order they were found. */
struct diag {
	char *file; /* owned; NULL: no file */
	int line;   /* from 1; 0: unknown */
	int col;
	bool warning; /* told, but nothing is refused for it */
	char *msg;    /* owned */
};

struct diags {
	struct diag *v;
	size_t n, cap;
	size_t errors;	 /* those that are no warnings */
	size_t left_out; /* past the limit of DIAGS_MAX */
};

#define DIAGS_MAX 1000

void diags_init(struct diags *d);
void diags_done(struct diags *d);
void diags_add(struct diags *d, struct str file, int line, int col, const char *fmt, ...)
	ATTR_PRINTF(5, 6);
void diags_warn(struct diags *d, struct str file, int line, int col, const char *fmt, ...)
	ATTR_PRINTF(5, 6);

#endif
