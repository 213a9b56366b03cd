/*
 * The tables of the store as plain maps: what they must hold after the batches that were committed.
 * It knows of each statement only which table, which key and which columns it writes, and compares
 * with a reopened store row by row (S13).
 *
 * A commit that failed, or in which the power went away, may be on disk or not. The store keeps
 * what it could not write and tries it again behind more, so all such attempts begin with the
 * same operations: the model remembers after how many of them an image is possible too.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "base/base.h"
#include "base/err.h"

struct batch;
struct model;
struct store;

struct model *model_new(void);
void model_free(struct model *m);
OWNED_DEFINE(model)

/* Committed. */
void model_durable(struct model *m, const struct batch *b);
/* Tried, and said to have failed. */
void model_doubtful(struct model *m, const struct batch *b);
/* Is the store one of the possible images? It is taken as the truth from now on. */
ATTR_CHECK bool model_check(struct model *m, struct store *s, struct err *err);
/* The disk was replaced. */
void model_clear(struct model *m);

/* The row of the outbox with an idempotency key as it is on disk. */
struct model_row {
	int64_t id, status, attempts;
};
ATTR_CHECK bool model_outbox(const struct model *m, struct str key, struct model_row *out);
/* The key of a row; borrowed until the model changes. */
ATTR_CHECK bool model_outbox_key(const struct model *m, int64_t id, struct str *out);
size_t model_outbox_done(const struct model *m); /* rows that are history */
size_t model_events(const struct model *m);

#endif
