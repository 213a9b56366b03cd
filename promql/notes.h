/*
 * Annotations of a query: warnings and infos beside its result, each text once, in the order they
 * came: "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)".
 */
#ifndef PROMQL_NOTES_H
#define PROMQL_NOTES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/map.h"

#define NOTES_MAX 1000 /* more are counted, not kept */

struct note {
	bool warning; /* else an info */
	struct str text;
};

struct notes {
	struct arena arena;
	struct map seen;
	struct note *v; /* owned; texts are in the arena */
	size_t n, cap, left_out;
	struct str query; /* for line and column of a position; borrowed */
};

void notes_init(struct notes *ns, struct str query);
void notes_done(struct notes *ns);
/* A text as it is. */
void notes_add(struct notes *ns, bool warning, struct str text);
/* "PromQL warning: " (or info) is put in front, " (line:column)" of byte `pos` behind. */
void notes_warn(struct notes *ns, uint32_t pos, const char *fmt, ...) ATTR_PRINTF(3, 4);
void notes_info(struct notes *ns, uint32_t pos, const char *fmt, ...) ATTR_PRINTF(3, 4);

#endif
