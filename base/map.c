/*
 * Insertion-ordered hash map: an array of entries and an index of positions into it, linear
 * probing. A deleted entry keeps its index slot as a tombstone (key.p NULL) until the rebuild.
 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void map_init(struct map *m)
{
	*m = (struct map){0};
}

void map_done(struct map *m)
{
	for (size_t i = 0; i < m->used; i++)
		free((void *)(uintptr_t)m->entries[i].key.p);
	free(m->entries);
	free(m->index);
	map_init(m);
}

void map_clear(struct map *m)
{
	map_done(m);
}

static void index_put(struct map *m, size_t entry)
{
	size_t at = m->entries[entry].hash & (m->index_size - 1);

	while (m->index[at])
		at = (at + 1) & (m->index_size - 1);
	m->index[at] = (uint32_t)entry + 1;
}

/* Drops the holes and makes room for at least one more entry. */
static void rebuild(struct map *m)
{
	size_t k = 0, size = 4;

	for (size_t i = 0; i < m->used; i++) {
		if (m->entries[i].key.p)
			m->entries[k++] = m->entries[i];
	}
	CHECK(k == m->n && k < UINT32_MAX / 2);
	m->used = k;
	while (size < (k + 1) * 4)
		size *= 2;
	m->cap = size / 2; /* then the next rebuild comes */
	m->entries = mem_grow(m->entries, m->cap * sizeof(*m->entries));
	free(m->index);
	m->index = mem_alloc(size * sizeof(*m->index));
	m->index_size = size;
	for (size_t i = 0; i < k; i++)
		index_put(m, i);
}

static struct map_entry *find(const struct map *m, struct str key, uint64_t hash)
{
	if (!m->index_size)
		return NULL;
	for (size_t at = hash & (m->index_size - 1); m->index[at];
	     at = (at + 1) & (m->index_size - 1)) {
		struct map_entry *e = &m->entries[m->index[at] - 1];

		if (e->key.p && e->hash == hash && str_eq(e->key, key))
			return e;
	}
	return NULL;
}

void *map_get(const struct map *m, struct str key)
{
	struct map_entry *e = find(m, key, str_hash(key));

	return e ? e->value : NULL;
}

void *map_put(struct map *m, struct str key, void *value)
{
	uint64_t hash = str_hash(key);
	struct map_entry *e = find(m, key, hash);

	CHECK(value);
	if (e) {
		void *old = e->value;

		e->value = value;
		return old;
	}
	if (m->used * 2 >= m->index_size)
		rebuild(m);
	m->entries[m->used] = (struct map_entry){.key = {.p = mem_str(key), .n = key.n},
						 .value = value,
						 .hash = hash};
	index_put(m, m->used++);
	m->n++;
	return NULL;
}

void *map_delete(struct map *m, struct str key)
{
	struct map_entry *e = find(m, key, str_hash(key));

	if (!e)
		return NULL;

	void *old = e->value;

	free((void *)(uintptr_t)e->key.p);
	e->key = (struct str){0};
	e->value = NULL;
	m->n--;
	return old;
}

struct map_entry *map_next(const struct map *m, const struct map_entry *e)
{
	size_t i = e ? (size_t)(e - m->entries) + 1 : 0;

	while (i < m->used && !m->entries[i].key.p)
		i++;
	return i < m->used ? &m->entries[i] : NULL;
}
