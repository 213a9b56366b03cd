/*
 * A hash map from byte strings to pointers that iterates in insertion order (runs must be
 * deterministic). Keys are copied; values are the caller's. Deletion leaves a hole until the
 * next growth, so iteration order of the rest stays.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/base.h"

struct map_entry {
	struct str key; /* owned by the map; p is NULL for a hole */
	void *value;
	uint64_t hash;
};

struct map {
	struct map_entry *entries; /* in insertion order, with holes */
	size_t used, cap;	   /* entries in use (holes included), allocated */
	size_t n;		   /* live entries */
	uint32_t *index;	   /* entry number + 1, open addressing */
	size_t index_size;	   /* power of two */
};

void map_init(struct map *m);
void map_done(struct map *m); /* the values are the caller's to free first */
void map_clear(struct map *m);
void *map_get(const struct map *m, struct str key);	   /* NULL if absent */
void *map_put(struct map *m, struct str key, void *value); /* value not NULL; the old one or NULL */
void *map_delete(struct map *m, struct str key);	   /* the old value or NULL */

/* for (struct map_entry *e = map_next(m, NULL); e; e = map_next(m, e)); deleting e is allowed,
 * adding while iterating is not. */
struct map_entry *map_next(const struct map *m, const struct map_entry *e);
#define map_each(m, e) for (struct map_entry *e = map_next(m, NULL); e; e = map_next(m, e))

#endif
