/*
 * Labels and annotations: labels that the result cannot have, and templates that fail whatever
 * comes.
 */
#include "base/map.h"
#include "promql/labels.h"
#include "rules/expand.h"
#include "rules/lint_private.h"

struct use {
	struct linter *l;
	struct label_set set;
	bool absent; /* the result is absent()'s */
	struct map told;
};

/* The part of the expression that made the labels go: the first absent() or aggregation. */
struct blame {
	const struct expr *absent, *aggregate;
};

static bool visit_blame(void *arg, const struct expr *e)
{
	struct blame *b = arg;

	if (!b->absent && e->kind == EXPR_CALL && str_starts(e->u.call.name, "absent"))
		b->absent = e;
	if (!b->aggregate && e->kind == EXPR_AGGREGATE)
		b->aggregate = e;
	return true;
}

static void check_label(void *arg, struct str name)
{
	struct use *u = arg;
	struct linter *l = u->l;
	struct blame b = {0};

	if (label_set_has(&u->set, name) || str_is(name, LABEL_NAME) || map_put(&u->told, name, u))
		return;
	expr_walk(l->rule->expr, visit_blame, &b);
	if (b.absent && !b.aggregate)
		lint_tell(l, LINT_ABSENT_LOSES_LABELS, b.absent,
			  "the text uses the label %.*s, but what %.*s() gives has only the labels "
			  "its selector names with =",
			  STR_ARG(name), STR_ARG(b.absent->u.call.name));
	else
		lint_tell(l, LINT_LABEL_NOT_IN_RESULT, b.aggregate ? b.aggregate : l->rule->expr,
			  "the text uses the label %.*s, but the result cannot have it: it will be "
			  "empty",
			  STR_ARG(name));
}

static void check_labels(struct linter *l)
{
	struct use u = {.l = l, .set = label_set_of(&l->arena, l->rule->expr)};

	map_init(&u.told);
	for (size_t i = 0; i < l->rule->n_labels; i++)
		expand_labels_used(l->rule->label_texts[i].expand, check_label, &u);
	for (size_t i = 0; i < l->rule->n_annotations; i++)
		expand_labels_used(l->rule->annotations[i].expand, check_label, &u);
	map_done(&u.told);
}

/* ---- templates that fail -----------------------------------------------------------------------
 */

/* Any query has one series without labels. */
static enum query_state one_series(void *user, struct str expr ATTR_UNUSED, ms_t at ATTR_UNUSED,
				   struct query_result *out)
{
	static const struct rule_sample SAMPLE = {.value = 1};

	(void)user;
	*out = (struct query_result){.v = &SAMPLE, .n = 1};
	return QUERY_ANSWER;
}

/* What labels may hold. A function that reads numbers, durations or times out of one refuses the
 * others, so a text fails only if it fails with all of these. */
static const struct str VALUES[] = {{"1", 1}, {"1m", 2}, {"a", 1}};

struct sample_labels {
	struct labels_builder lb;
	struct str value;
};

static void add_label(void *arg, struct str name)
{
	struct sample_labels *s = arg;

	labels_builder_set(&s->lb, name, s->value);
}

static struct labels labels_with(struct linter *l, struct str value)
{
	const struct rule *r = l->rule;
	struct sample_labels s = {.value = value};
	struct labels out;

	labels_builder_init(&s.lb);
	for (size_t i = 0; i < r->n_labels; i++)
		expand_labels_used(r->label_texts[i].expand, add_label, &s);
	for (size_t i = 0; i < r->n_annotations; i++)
		expand_labels_used(r->annotations[i].expand, add_label, &s);
	out = labels_builder_build(&s.lb, &l->arena);
	labels_builder_done(&s.lb);
	return out;
}

static void try_text(struct linter *l, struct expander *x, const struct rule_text *t)
{
	struct expand_env env = {.external_url = STR("http://rouse.example"),
				 .at = 1700000000000,
				 .query = {.fn = one_series}};
	struct str first = {0};

	if (!t->expand || !expand_calls(t->expand))
		return;
	for (size_t i = 0; i < ARRAY_LEN(VALUES); i++) {
		struct rule_sample s = {.labels = labels_with(l, VALUES[i]), .value = 1};
		struct str out;

		if (expand_run(x, t->expand, &env, &s, &l->arena, &out) != EXPAND_ERROR)
			return;
		if (i == 0)
			first = out;
	}
	lint_tell(l, LINT_TEMPLATE_FAILS, NULL, "%.*s: %.*s", STR_ARG(t->name), STR_ARG(first));
}

static bool calls(const struct rule_text *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].expand && expand_calls(v[i].expand))
			return true;
	}
	return false;
}

static void check_templates(struct linter *l)
{
	const struct rule *r = l->rule;
	struct expander x;

	expander_init(&x, l->o->limits);
	for (size_t i = 0; i < r->n_labels; i++)
		try_text(l, &x, &r->label_texts[i]);
	for (size_t i = 0; i < r->n_annotations; i++)
		try_text(l, &x, &r->annotations[i]);
	expander_done(&x);
}

void lint_templates(struct linter *l)
{
	if (!l->rule->alerting)
		return;
	check_labels(l);
	if (calls(l->rule->label_texts, l->rule->n_labels) ||
	    calls(l->rule->annotations, l->rule->n_annotations))
		check_templates(l);
}
