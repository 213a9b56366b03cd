/*
 * A growing buffer that must be given a maximum. Past it nothing more is added and `full` sticks:
 * the writer goes on without looking, the owner checks once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
	char *p;
	size_t n, cap, max;
	bool full; /* something did not fit */
};

#define BUF_MAX_ANY ((size_t)1 << 40) /* for text whose size other limits bound already */

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
void buf_clear(struct buf *b);		  /* empty, keeps the memory, `full` is forgotten */
struct str buf_str(const struct buf *b);  /* borrowed until the next change */
const char *buf_cstr(struct buf *b);	  /* the same, terminated */
char *buf_take(struct buf *b, size_t *n); /* the caller frees; terminated; b is empty after */

char *buf_room(struct buf *b, size_t n); /* n bytes to fill in, or NULL when they do not fit */
void buf_add(struct buf *b, struct str s);
void buf_adds(struct buf *b, const char *cstr);
void buf_addc(struct buf *b, char c);
void buf_fill(struct buf *b, char c, size_t times);
void buf_printf(struct buf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif
