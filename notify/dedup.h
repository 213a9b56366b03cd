/*
 * Why tell? Compares what a group is now with what a receiver was told last, as Alertmanager's
 * dedup stage does (reference: alertmanager.md §5). Pure.
 */
#ifndef NOTIFY_DEDUP_H
#define NOTIFY_DEDUP_H

#include "base/base.h"

/* Alert hashes, ascending, each once. */
struct hashes {
	uint64_t *v;
	size_t n;
};

struct hashes hashes_of(const uint64_t *v, size_t n); /* heap; sorts, drops doubles */
struct hashes hashes_dup(struct hashes h);	      /* heap */
void hashes_done(struct hashes *h);
bool hashes_has(struct hashes h, uint64_t x);
bool hashes_within(struct hashes a, struct hashes b); /* a is a subset of b */
/* Heap: what is in a or b; what is in both; what is in a but not in b. */
struct hashes hashes_join(struct hashes a, struct hashes b);
struct hashes hashes_both(struct hashes a, struct hashes b);
struct hashes hashes_minus(struct hashes a, struct hashes b);
/* 8 bytes each, little endian: the store's form. */
char *hashes_bytes(struct hashes h, size_t *n); /* heap; NULL when empty */
struct hashes hashes_from_bytes(struct str s);	/* a torn tail is ignored */

/* What a receiver knows, or will once what is on its way has arrived. */
struct told {
	bool any;  /* false: never told */
	bool open; /* on its way: the repeat interval does not run */
	struct hashes firing, resolved;
	struct hashes doubt; /* may believe that these fire, or not: nobody can tell */
	ms_t age;	     /* since it was sent */
};

enum tell {
	TELL_NOT,
	TELL_FIRST,
	TELL_NEW,
	TELL_ALL_RESOLVED,
	TELL_SOME_RESOLVED,
	TELL_REPEAT,
	TELL_EXPLAINED, /* an edit of what was told; never by dedup_tell */
	TELL_FLAPPING,	/* that an alert comes and goes; never by dedup_tell */
};

/* Of what is over: the alerts whose end the receiver must hear, because it was told that they fire,
 * or may have been. Heap. */
struct hashes dedup_ends(const struct told *told, struct hashes over);
/* `resolved` are such ends. */
enum tell dedup_tell(const struct told *told, struct hashes firing, struct hashes resolved,
		     bool send_resolved, ms_t repeat_interval);
const char *tell_reason(enum tell t); /* upstream's words: "first notification" */

#endif
