/*
 * Log lines on stderr: logfmt or JSON, UTC timestamps. Lines arrive as logfmt pairs
 * (`msg="..." key=value`); control characters are escaped, so that nobody forges a line.
 *
 * The same line of the core again within ten seconds of its last showing is only counted; the
 * next one that is shown says `repeated=N`. Any thread may log: each line is one write.
 *
 * Nothing here knows what a secret is: callers never put one into a line.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <pthread.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/log.h"

#define LOG_SEEN 64 /* lines remembered to find repetitions */

struct log_seen {
	uint64_t hash;
	ms_t shown_at; /* mono */
	unsigned hidden;
};

struct log {
	enum log_level level;
	bool json;
	int fd;
	pthread_mutex_t lock;
	struct log_seen seen[LOG_SEEN]; /* by hash modulo LOG_SEEN */
	uint64_t lines[4];		/* counted by level, hidden ones too */
};

void log_init(struct log *l, enum log_level level, bool json, int fd);
void log_done(struct log *l);
/* A line of the core: logfmt pairs. */
void log_line(struct log *l, enum log_level level, struct str line);
/* A line of the host's own, never hidden: log_put(l, LOG_LEVEL_INFO, "Listening", "address=%s", a):
 * fmt are logfmt pairs or NULL. */
void log_put(struct log *l, enum log_level level, const char *msg, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
/* A logfmt value from any text: quoted if it has to be; in one of 8 buffers of the thread that
 * are used in turn. */
const char *log_value(struct str s);
/* "debug", "info", "warn", "error"; false: not one of them. */
ATTR_CHECK bool log_level_of(struct str name, enum log_level *out);
/* The line as it is written, newline included (for tests). */
void log_render(struct buf *b, bool json, ms_t wall, enum log_level level, struct str line,
		unsigned repeated);

#endif
