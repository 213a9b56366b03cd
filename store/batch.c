/* Batches: operations and values in two arrays, their bytes in an arena. */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

struct op {
	enum stmt stmt;
	size_t from, n; /* values */
};

struct batch {
	struct op *ops;
	size_t n_ops, ops_cap;
	struct val *vals;
	size_t n_vals, vals_cap;
	struct arena arena;
};

struct batch *batch_new(void)
{
	return MEM_NEW(struct batch);
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	free(b->ops);
	free(b->vals);
	arena_done(&b->arena);
	free(b);
}

void batch_add_vals(struct batch *b, enum stmt st, const struct val *vals, size_t n)
{
	CHECK(st >= 0 && st < ST_COUNT);
	b->ops = mem_reserve(b->ops, &b->ops_cap, b->n_ops + 1, sizeof(*b->ops));
	b->ops[b->n_ops++] = (struct op){.stmt = st, .from = b->n_vals, .n = n};
	b->vals = mem_reserve(b->vals, &b->vals_cap, b->n_vals + n, sizeof(*b->vals));
	for (size_t i = 0; i < n; i++) {
		struct val v = vals[i];

		if (v.kind == VAL_TEXT || v.kind == VAL_BLOB)
			v.s = arena_str(&b->arena, v.s);
		b->vals[b->n_vals++] = v;
	}
}

size_t batch_count(const struct batch *b)
{
	return b->n_ops;
}

size_t batch_bytes(const struct batch *b)
{
	return b->n_ops * sizeof(*b->ops) + b->n_vals * sizeof(*b->vals) + arena_used(&b->arena);
}

enum stmt batch_at(const struct batch *b, size_t i, const struct val **vals, size_t *n)
{
	CHECK(i < b->n_ops);
	*vals = b->vals + b->ops[i].from;
	*n = b->ops[i].n;
	return b->ops[i].stmt;
}

void batch_join(struct batch *b, struct batch *tail)
{
	if (!b->n_ops) {
		struct batch empty = *b;

		*b = *tail;
		*tail = empty;
	}
	for (size_t i = 0; i < tail->n_ops; i++) {
		const struct op *op = &tail->ops[i];

		batch_add_vals(b, op->stmt, tail->vals + op->from, op->n);
	}
	batch_free(tail);
}
