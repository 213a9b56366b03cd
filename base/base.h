/*
 * The words every file speaks: time, borrowed strings, CHECK, ownership.
 *
 * ms_t is the only typedef of the project. Wall time is milliseconds since the Unix epoch,
 * mono time is milliseconds of a clock that never steps. Nothing stores a struct now.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t ms_t;

#define MS_NONE INT64_MIN /* "no such point in time" */
#define SECOND ((ms_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
/* The earlier of two points in time, of which there may be none. */
static inline ms_t ms_earlier(ms_t a, ms_t b)
{
	if (a == MS_NONE || b == MS_NONE)
		return a == MS_NONE ? b : a;
	return a < b ? a : b;
}

/* One look at the clocks, taken once a turn of the loop and handed down. */
struct now {
	ms_t mono; /* drives retries and timeouts */
	ms_t wall; /* drives slots, schedules, display */
};

#define ATTR_CHECK __attribute__((warn_unused_result))
#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ATTR_UNUSED __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* A bug, not an error: always on, aborts with its place. */
#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))
_Noreturn void check_failed(const char *what, const char *file, int line);

/* The struct of type `type` whose member `member` is at `ptr`. */
#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* OWNED(thing) t = thing_new(); frees at scope end; return TAKE(t) hands it on. */
#define OWNED(x) __attribute__((cleanup(x##_cleanup))) struct x *
#define TAKE(v) \
	({ \
		__typeof__(v) take_tmp_ = (v); \
		(v) = NULL; \
		take_tmp_; \
	})
/* Put once beside x_free so that OWNED(x) works. */
#define OWNED_DEFINE(x) \
	static inline void x##_cleanup(struct x **p) \
	{ \
		x##_free(*p); \
	}

/* A borrowed slice of bytes; p may be NULL only when n is 0. Not terminated. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){.p = "" lit, .n = sizeof(lit) - 1})
/* For printf: printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).p

struct str str_of(const char *cstr); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
int str_cmp(struct str a, struct str b); /* byte order, shorter first: <0, 0, >0 */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_from(struct str s, size_t at);		  /* the tail from at; empty past the end */
struct str str_cut(struct str s, size_t from, size_t to); /* [from, to), clipped */
struct str str_trim(struct str s);			  /* without ASCII white space around */
ptrdiff_t str_find(struct str s, struct str what);	  /* offset or -1 */
ptrdiff_t str_find_char(struct str s, char c);		  /* offset or -1 */
bool str_is_utf8(struct str s);				  /* valid, no surrogates, no overlongs */
uint64_t str_hash(struct str s);			  /* xxHash64, seed 0 */
/* Letters, digits, _ . - and not longer than that: what people name things in a configuration. */
#define STR_NAME_MAX ((size_t)100)
bool str_is_name(struct str s);

#endif
