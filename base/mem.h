/*
 * Heap memory that cannot fail: running out aborts (limits bound memory, state is in the store,
 * the supervisor restarts us).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/base.h"

void *mem_alloc(size_t size); /* zeroed; free() releases */
void *mem_grow(void *p, size_t size);
/* Grows an array so that it holds at least `want` items of `item` bytes; *cap is updated. */
void *mem_reserve(void *p, size_t *cap, size_t want, size_t item);
char *mem_str(struct str s); /* terminated copy */

#define MEM_NEW(type) ((type *)mem_alloc(sizeof(type)))

#endif
