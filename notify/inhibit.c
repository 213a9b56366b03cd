/*
 * Sources by rule and by the values of the rule's `equal` labels. A set holds its sources in the
 * order they came; those that are over stay in it until their alert is forgotten, and are passed
 * over. Sets are small: alerts that share all `equal` labels.
 */
#include "notify/inhibit.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "notify/matcher.h"

struct source_set {
	const struct alert **v;
	size_t n, cap;
};

struct inhibitor {
	const struct inhibit_rule *rules;
	size_t n;
	struct map *sets; /* one a rule: by equal values, struct source_set */
};

struct inhibitor *inhibitor_new(const struct inhibit_rule *rules, size_t n)
{
	struct inhibitor *in = MEM_NEW(struct inhibitor);

	in->rules = rules;
	in->n = n;
	in->sets = mem_alloc((n + 1) * sizeof(*in->sets));
	for (size_t i = 0; i < n; i++)
		map_init(&in->sets[i]);
	return in;
}

static void set_free(struct source_set *s)
{
	free(s->v);
	free(s);
}

void inhibitor_free(struct inhibitor *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->n; i++) {
		map_each (&in->sets[i], e)
			set_free(e->value);
		map_done(&in->sets[i]);
	}
	free(in->sets);
	free(in);
}

static bool matches(const struct matcher *v, size_t n, struct labels ls)
{
	struct err err = {0};
	bool ok;

	return am_matchers_test(v, n, ls, &ok, &err) && ok;
}

/* The values of the equal labels, each with its length. */
static void put_key(struct buf *b, const struct inhibit_rule *r, struct labels ls)
{
	buf_init(b, BUF_MAX_ANY);
	for (size_t i = 0; i < r->n_equal; i++) {
		struct str v = labels_get(ls, r->equal[i]);

		buf_printf(b, "%zu:", v.n);
		buf_add(b, v);
	}
}

void inhibitor_add(struct inhibitor *in, const struct alert *a)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct inhibit_rule *r = &in->rules[i];
		struct source_set *s;
		struct buf key;

		if (!matches(r->source, r->n_source, a->labels))
			continue;
		put_key(&key, r, a->labels);
		s = map_get(&in->sets[i], buf_str(&key));
		if (!s) {
			s = MEM_NEW(struct source_set);
			map_put(&in->sets[i], buf_str(&key), s);
		}
		s->v = mem_reserve(s->v, &s->cap, s->n + 1, sizeof(*s->v));
		s->v[s->n++] = a;
		buf_done(&key);
	}
}

static void set_remove(struct source_set *s, const struct alert *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i] != a)
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

void inhibitor_remove(struct inhibitor *in, const struct alert *a)
{
	for (size_t i = 0; i < in->n; i++) {
		struct source_set *s;
		struct buf key;

		put_key(&key, &in->rules[i], a->labels);
		s = map_get(&in->sets[i], buf_str(&key));
		if (s) {
			set_remove(s, a);
			if (!s->n) {
				map_delete(&in->sets[i], buf_str(&key));
				set_free(s);
			}
		}
		buf_done(&key);
	}
}

/* The firing one that ends last; of equals the one that came last. */
static const struct alert *last_source(const struct source_set *s, ms_t wall)
{
	const struct alert *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct alert *a = s->v[i];

		if (alert_resolved(a, wall))
			continue;
		if (!best || a->ends_at == MS_NONE ||
		    (best->ends_at != MS_NONE && a->ends_at >= best->ends_at))
			best = a;
	}
	return best;
}

static const struct alert *find_by(const struct inhibitor *in, size_t i, ms_t wall,
				   struct labels ls)
{
	const struct inhibit_rule *r = &in->rules[i];
	const struct source_set *s;
	const struct alert *a;
	struct buf key;

	if (!in->sets[i].n || !matches(r->target, r->n_target, ls))
		return NULL;
	put_key(&key, r, ls);
	s = map_get(&in->sets[i], buf_str(&key));
	buf_done(&key);
	a = s ? last_source(s, wall) : NULL;
	if (a && matches(r->source, r->n_source, ls) && matches(r->target, r->n_target, a->labels))
		return NULL;
	return a;
}

const struct alert *inhibitor_find(const struct inhibitor *in, ms_t wall, struct labels ls)
{
	const struct alert *a = NULL;

	for (size_t i = 0; i < in->n && !a; i++)
		a = find_by(in, i, wall, ls);
	return a;
}

const struct inhibit_rule *inhibitor_rule(const struct inhibitor *in, ms_t wall, struct labels ls)
{
	for (size_t i = 0; i < in->n; i++) {
		if (find_by(in, i, wall, ls))
			return &in->rules[i];
	}
	return NULL;
}
