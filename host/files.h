/*
 * Files as the configuration reads them, and secrets that live in files: read again when the file
 * has changed (mtime, inode, size), so that a rotated secret needs no reload.
 */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/map.h"
#include "notify/config.h"

/* The table that config_load reads through; `l` is borrowed. */
struct config_files files_for_config(const struct limits *l);
/* The whole file, at most `max` bytes. "-" is stdin. */
ATTR_CHECK bool file_read(struct str path, size_t max, struct arena *a, struct str *out,
			  struct err *err);

/* What tells whether a file is still the same. */
struct file_stamp {
	int64_t mtime_ns, size;
	uint64_t inode;
	bool there;
};
struct file_stamp file_stamp(const char *path);
bool file_stamp_eq(struct file_stamp a, struct file_stamp b);

#define SECRET_BYTES 65536 /* the most a secret's file may have */

struct secrets {
	struct map by_path; /* of struct secret */
};

void secrets_init(struct secrets *s);
void secrets_done(struct secrets *s);
/* The file's text without white space around it; borrowed until the next call. */
ATTR_CHECK bool secrets_get(struct secrets *s, struct str path, struct str *out, struct err *err);

#endif
