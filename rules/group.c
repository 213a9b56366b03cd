/* Loaded groups: when two are the same, where their slots are, who holds the set. */
#include "base/mem.h"
#include "rules/rules.h"

#define NS_PER_MS 1000000

struct rule_set *rule_set_ref(struct rule_set *rs)
{
	CHECK(rs->refs > 0);
	rs->refs++;
	return rs;
}

void rule_set_free(struct rule_set *rs)
{
	if (!rs || --rs->refs > 0)
		return;
	CHECK(rs->refs == 0);
	arena_done(&rs->arena);
	free(rs);
}

static bool texts_eq(const struct rule_text *a, size_t na, const struct rule_text *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++) {
		if (!str_eq(a[i].name, b[i].name) || !str_eq(a[i].value, b[i].value))
			return false;
	}
	return true;
}

static bool rule_eq(const struct rule *a, const struct rule *b)
{
	return a->alerting == b->alerting && str_eq(a->name, b->name) &&
	       str_eq(a->query, b->query) && a->hold == b->hold &&
	       a->keep_firing_for == b->keep_firing_for &&
	       texts_eq(a->label_texts, a->n_labels, b->label_texts, b->n_labels) &&
	       texts_eq(a->annotations, a->n_annotations, b->annotations, b->n_annotations);
}

bool rule_group_eq(const struct rule_group *a, const struct rule_group *b)
{
	/* The effective offset counts too: it may come from a default that has changed. */
	if (!str_eq(a->file, b->file) || !str_eq(a->name, b->name) || a->interval != b->interval ||
	    a->limit != b->limit || a->query_offset != b->query_offset ||
	    a->has_query_offset != b->has_query_offset || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!rule_eq(&a->rules[i], &b->rules[i]))
			return false;
	}
	return true;
}

int64_t rule_group_offset_ns(const struct rule_group *g)
{
	uint64_t interval = (uint64_t)g->interval * NS_PER_MS;
	struct labels_builder lb;
	struct arena a;
	uint64_t hash;

	CHECK(g->interval > 0);
	arena_init(&a);
	labels_builder_init(&lb);
	labels_builder_set(&lb, STR("file"), g->file);
	labels_builder_set(&lb, STR("name"), g->name);
	hash = labels_hash(labels_builder_build(&lb, &a));
	labels_builder_done(&lb);
	arena_done(&a);
	return (int64_t)(hash % interval);
}

int64_t rule_group_slot_ns(const struct rule_group *g, int64_t wall_ns)
{
	int64_t interval = g->interval * NS_PER_MS;
	int64_t offset = rule_group_offset_ns(g);
	int64_t since = wall_ns - offset;

	return since - since % interval + offset;
}
