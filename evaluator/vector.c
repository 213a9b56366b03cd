/* Result vectors: an arena for the labels and a growing array of samples. */
#include "evaluator/vector.h"

#include <stdlib.h>

#include "base/mem.h"

#define KEEP_SAMPLES ((size_t)256 * 1024 / sizeof(struct sample))

void vector_init(struct vector *v)
{
	*v = (struct vector){0};
	arena_init(&v->arena);
}

void vector_done(struct vector *v)
{
	arena_done(&v->arena);
	free(v->v);
	vector_init(v);
}

void vector_clear(struct vector *v)
{
	arena_clear(&v->arena);
	if (v->cap > KEEP_SAMPLES) {
		free(v->v);
		v->v = NULL;
		v->cap = 0;
	}
	v->n = 0;
	v->scalar = false;
	v->n_warnings = 0;
}

void vector_add(struct vector *v, struct sample s)
{
	if (v->n == v->cap)
		v->v = mem_reserve(v->v, &v->cap, v->n + 1, sizeof(*v->v));
	v->v[v->n++] = s;
}

const struct sample *vector_find(const struct vector *v, struct labels labels)
{
	for (size_t i = 0; i < v->n; i++) {
		if (labels_eq(v->v[i].labels, labels))
			return &v->v[i];
	}
	return NULL;
}
