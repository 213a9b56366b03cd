/*
 * Marks in requests that stand for secrets in files (struct io_secret): here they are replaced.
 */
#ifndef HOST_SECRET_MARKS_H
#define HOST_SECRET_MARKS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/io.h"

struct secrets;

/* Replaces the marks in URL, header values and body; new texts are in the arena. False: a file
 * cannot be read. */
ATTR_CHECK bool secret_marks_replace(struct io_request *req, struct secrets *s, struct arena *a,
				     struct err *err);

#endif
