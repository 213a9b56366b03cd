/*
 * Rows put into groups by some of their labels: the signatures of vector matching and the groups of
 * an aggregation. A group is a number from 0, in the order in which they were first seen.
 */
#ifndef PROMQL_GROUPING_H
#define PROMQL_GROUPING_H

#include "promql/eval.h"

enum grouping_metric {
	GROUPING_TYPED, /* all but the name: matching */
	GROUPING_BARE,	/* none: aggregations */
	GROUPING_WHOLE, /* all */
};

struct grouping {
	struct arena *a;
	struct strs names;
	bool keep;	 /* only the named labels count; else all but them and the metric's own */
	unsigned metric; /* if not keep: which of the metric's own labels count */
	struct labels *labels; /* what the rows of a group share */
	size_t n, cap;
	uint32_t *slots; /* group + 1; open addressing */
	size_t n_slots;
	char *scratch;
	size_t scratch_cap;
};

void grouping_init(struct grouping *g, struct arena *a, struct strs names, bool keep);
uint32_t grouping_of(struct grouping *g, struct labels ls);
/* The group of each row, in the arena. */
uint32_t *grouping_rows(struct grouping *g, const struct vec *vec);

/* Rows listed by group: those of group k are rows[first[k]] .. rows[first[k + 1] - 1]. */
struct members {
	uint32_t *rows, *first;
};
struct members members_of(struct arena *a, const uint32_t *group, size_t n_rows, size_t n_groups);

/* __name__, __type__ and __unit__: what goes when a value is no longer the metric's own. */
bool label_is_of_metric(struct str name);
struct labels labels_without_metric(struct arena *a, struct labels ls);

#endif
