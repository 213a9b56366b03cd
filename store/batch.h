/*
 * What one turn of the core wants to become durable: a list of prepared statements with their
 * values, copied in. The commit thread runs it as one transaction.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/base.h"

/* One entry a statement: store/stmt.def has the SQL. */
enum stmt {
#define STMT(name, sql) ST_##name,
#include "store/stmt.def"
#undef STMT
	ST_COUNT
};

enum val_kind { VAL_NULL, VAL_INT, VAL_REAL, VAL_TEXT, VAL_BLOB };

struct val {
	enum val_kind kind;
	int64_t i;
	double d;
	struct str s;
};

#define V_INT(x) ((struct val){.kind = VAL_INT, .i = (int64_t)(x)})
#define V_REAL(x) ((struct val){.kind = VAL_REAL, .d = (x)})
#define V_TEXT(x) ((struct val){.kind = VAL_TEXT, .s = (x)})
#define V_BLOB(x) ((struct val){.kind = VAL_BLOB, .s = (x)})
#define V_NULL ((struct val){.kind = VAL_NULL})

struct batch;

struct batch *batch_new(void);
void batch_free(struct batch *b);
OWNED_DEFINE(batch)
/* Copies the values. batch_add(b, ST_ALERT_PUT, V_TEXT(key), V_INT(at)) */
void batch_add_vals(struct batch *b, enum stmt st, const struct val *vals, size_t n);
#define batch_add(b, st, ...) \
	batch_add_vals(b, st, (const struct val[]){__VA_ARGS__}, \
		       sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))
size_t batch_count(const struct batch *b);
size_t batch_bytes(const struct batch *b);
/* The i-th operation, borrowed. */
enum stmt batch_at(const struct batch *b, size_t i, const struct val **vals, size_t *n);
/* Moves all of `tail` behind what is in b (a failed commit is tried again with what came since). */
void batch_join(struct batch *b, struct batch *tail_take);

#endif
