/* Lints: what is allowed and still probably a mistake. */
#include "base/buf.h"
#include "base/mem.h"
#include "rules/rules.h"

/* A rule with its place in the order of the file. */
struct entry {
	const struct rule *rule;
	size_t order;
};

static int same_cmp(const struct entry *a, const struct entry *b)
{
	int c = str_cmp(a->rule->name, b->rule->name);

	return c ? c : labels_cmp(a->rule->labels, b->rule->labels);
}

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = same_cmp(x, y);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void tell_duplicates(struct str file, const struct entry *v, size_t n, struct diags *diags)
{
	const struct rule *first = v[0].rule, *second = v[1].rule;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	labels_put(&b, second->labels, false);
	diags_warn(diags, file, second->line, second->col,
		   "%zu rules are called %.*s with labels %s, the first one in line %d: might "
		   "cause "
		   "inconsistency while recording expressions",
		   n, STR_ARG(second->name), buf_cstr(&b), first->line);
	buf_done(&b);
}

static void lint_file(const struct rule_group *groups, size_t n, struct diags *diags)
{
	struct entry *v = NULL;
	size_t cap = 0, used = 0, to;

	for (size_t i = 0; i < n; i++) {
		v = mem_reserve(v, &cap, used + groups[i].n, sizeof(*v));
		for (size_t j = 0; j < groups[i].n; j++, used++)
			v[used] = (struct entry){.rule = &groups[i].rules[j], .order = used};
	}
	if (used > 1)
		qsort(v, used, sizeof(*v), entry_cmp);
	for (size_t from = 0; from < used; from = to) {
		for (to = from + 1; to < used && same_cmp(&v[from], &v[to]) == 0;)
			to++;
		if (to - from > 1)
			tell_duplicates(groups[0].file, v + from, to - from, diags);
	}
	free(v);
}

void rule_set_lint_duplicates(const struct rule_set *rs, struct diags *diags)
{
	for (size_t from = 0, to; from < rs->n; from = to) {
		for (to = from + 1;
		     to < rs->n && str_eq(rs->groups[from].file, rs->groups[to].file);)
			to++;
		lint_file(rs->groups + from, to - from, diags);
	}
}
