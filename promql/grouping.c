/* Each row's signature is built in a scratch buffer and looked up; only new ones are kept. */
#include "promql/grouping.h"

#include <string.h>

#include "promql/labels.h"

void grouping_init(struct grouping *g, struct arena *a, struct strs names, bool keep)
{
	*g = (struct grouping){.a = a, .names = names, .keep = keep};
}

bool label_is_of_metric(struct str name)
{
	return name.n > 4 && name.p[0] == '_' &&
	       (str_eq(name, STR(LABEL_NAME)) || str_eq(name, STR("__type__")) ||
		str_eq(name, STR("__unit__")));
}

static bool counts(const struct grouping *g, struct str name)
{
	for (size_t i = 0; i < g->names.n; i++) {
		if (str_eq(g->names.v[i], name))
			return g->keep;
	}
	if (g->keep || g->metric == GROUPING_WHOLE)
		return !g->keep;
	return !(g->metric == GROUPING_BARE ? label_is_of_metric(name)
					    : str_eq(name, STR(LABEL_NAME)));
}

/* The labels that pass, as one run of bytes: pieces of the encoding of ls. */
static struct labels signature(struct grouping *g, struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	size_t n = 0;

	if (g->scratch_cap < ls.n) {
		g->scratch_cap = ls.n * 2;
		g->scratch = arena_bytes(g->a, g->scratch_cap);
	}
	for (size_t from = 0; labels_next(ls, &it, &l); from = it.at) {
		if (!counts(g, l.name))
			continue;
		memcpy(g->scratch + n, ls.p + from, it.at - from);
		n += it.at - from;
	}
	return (struct labels){.p = g->scratch, .n = n};
}

static void slots_grow(struct grouping *g)
{
	g->n_slots = g->n_slots ? g->n_slots * 4 : 64;
	g->slots = ARENA_ARRAY(g->a, uint32_t, g->n_slots);
	for (size_t k = 0; k < g->n; k++) {
		size_t at = labels_hash(g->labels[k]) & (g->n_slots - 1);

		while (g->slots[at])
			at = (at + 1) & (g->n_slots - 1);
		g->slots[at] = (uint32_t)k + 1;
	}
}

static uint32_t group_add(struct grouping *g, struct labels ls)
{
	if (g->n == g->cap) {
		struct labels *old = g->labels;

		g->cap = g->cap ? g->cap * 2 : 16;
		g->labels = ARENA_ARRAY(g->a, struct labels, g->cap);
		if (g->n)
			memcpy(g->labels, old, g->n * sizeof(*old));
	}
	g->labels[g->n] = labels_dup(g->a, ls);
	return (uint32_t)g->n++;
}

uint32_t grouping_of(struct grouping *g, struct labels ls)
{
	struct labels sig = signature(g, ls);
	size_t at;

	if (g->n * 2 >= g->n_slots)
		slots_grow(g);
	at = labels_hash(sig) & (g->n_slots - 1);
	while (g->slots[at]) {
		if (labels_eq(g->labels[g->slots[at] - 1], sig))
			return g->slots[at] - 1;
		at = (at + 1) & (g->n_slots - 1);
	}
	g->slots[at] = group_add(g, sig) + 1;
	return g->slots[at] - 1;
}

uint32_t *grouping_rows(struct grouping *g, const struct vec *vec)
{
	uint32_t *out = ARENA_ARRAY(g->a, uint32_t, vec->n + 1);

	for (size_t k = 0; k < vec->n; k++)
		out[k] = grouping_of(g, vec->v[k].labels);
	return out;
}

struct members members_of(struct arena *a, const uint32_t *group, size_t n_rows, size_t n_groups)
{
	struct members m = {.rows = ARENA_ARRAY(a, uint32_t, n_rows + 1),
			    .first = ARENA_ARRAY(a, uint32_t, n_groups + 2)};

	for (size_t k = 0; k < n_rows; k++)
		m.first[group[k] + 2]++;
	for (size_t g = 2; g < n_groups + 2; g++)
		m.first[g] += m.first[g - 1];
	for (size_t k = 0; k < n_rows; k++)
		m.rows[m.first[group[k] + 1]++] = (uint32_t)k;
	return m;
}

struct labels labels_without_metric(struct arena *a, struct labels ls)
{
	struct grouping g;
	struct labels sig;

	grouping_init(&g, a, (struct strs){0}, false);
	g.metric = GROUPING_BARE;
	sig = signature(&g, ls);
	return sig.n == ls.n ? ls : sig;
}
