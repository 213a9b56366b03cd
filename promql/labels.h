/*
 * Label sets. One set is one run of bytes: for each label, sorted by name, the length and bytes of
 * name and value (a length below 255 is one byte, else 0xFF and three bytes little endian). This is
 * the encoding whose xxHash64 places Prometheus's rule groups on their slots; comparing two sets is
 * one memcmp, keeping one is one copy, and no table of symbols is needed.
 *
 * A struct labels is a borrowed slice; who keeps one says where its bytes live. Empty values do
 * not exist: a label that is empty is absent. Names are unique.
 */
#ifndef PROMQL_LABELS_H
#define PROMQL_LABELS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

struct labels {
	const char *p;
	size_t n; /* bytes */
};

#define LABEL_NAME "__name__"
#define LABEL_ALERTNAME "alertname"
#define LABEL_MAX_BYTES ((size_t)0xFFFFFF) /* of one name or value */

struct label {
	struct str name, value;
};

/* struct labels_iter it = {0}; struct label l; while (labels_next(ls, &it, &l)) ... in name order.
 */
struct labels_iter {
	size_t at;
};
bool labels_next(struct labels ls, struct labels_iter *it, struct label *out);
size_t labels_count(struct labels ls);
struct str labels_get(struct labels ls, struct str name); /* empty string if absent */
bool labels_eq(struct labels a, struct labels b);
int labels_cmp(struct labels a,
	       struct labels b);	       /* by name, then value, pair by pair, as upstream */
uint64_t labels_hash(struct labels ls);	       /* xxHash64 of the encoding */
uint64_t labels_fingerprint(struct labels ls); /* Alertmanager's FNV-1a 64 */
struct labels labels_dup(struct arena *a, struct labels ls);
struct labels labels_without_name(struct arena *a, struct labels ls); /* without __name__ */
struct labels labels_heap(
	struct labels ls); /* a malloc'ed copy; free((char *)ls.p) by labels_free */
void labels_free(struct labels ls);
/* Checks an encoding from outside (the store): sorted, whole, nothing after. */
bool labels_valid(struct str bytes);
bool annotations_valid(struct str bytes); /* the same, and values may be empty */
static inline struct str labels_bytes(struct labels ls)
{
	return (struct str){.p = ls.p, .n = ls.n};
}
static inline struct labels labels_of_bytes(struct str s)
{
	return (struct labels){.p = s.p, .n = s.n};
}

/* Adds one pair of an encoding to b; who calls it in name order builds a set, and may keep empty
 * values (annotations do). */
void labels_append(struct buf *b, struct str name, struct str value);

/* {a="b", c="d"}; with the metric name in front if `metric` ("up{job="x"}", or "{}" when empty). */
void labels_put(struct buf *b, struct labels ls, bool metric);
void labels_put_json(struct buf *b, struct labels ls); /* {"a":"b","c":"d"} */
/* The same as Go's encoding/json has it: < > & and line separators escaped. */
void labels_put_json_html(struct buf *b, struct labels ls);

/* Builds a set from another: set and delete in any order, the last word counts. */
struct labels_builder {
	struct label *v; /* kept sorted by name */
	size_t n, cap;
	bool keep_empty; /* annotations may be empty */
};
void labels_builder_init(struct labels_builder *lb);
void labels_builder_done(struct labels_builder *lb);
void labels_builder_from(struct labels_builder *lb,
			 struct labels base); /* replaces what is in it */
/* Strings are borrowed until the set is built. An empty value deletes, unless keep_empty. */
void labels_builder_set(struct labels_builder *lb, struct str name, struct str value);
void labels_builder_del(struct labels_builder *lb, struct str name);
struct str labels_builder_get(const struct labels_builder *lb, struct str name);
struct labels labels_builder_build(const struct labels_builder *lb, struct arena *a);

bool label_name_legacy(struct str s);  /* [a-zA-Z_][a-zA-Z0-9_]* */
bool metric_name_legacy(struct str s); /* [a-zA-Z_:][a-zA-Z0-9_:]* */

#endif
