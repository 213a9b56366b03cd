/* Dependencies between the rules of a group: every selector against every earlier rule. */
#include "promql/depend.h"

#include <string.h>

#include "promql/labels.h"

#define ALERTS "ALERTS"
#define ALERTS_FOR_STATE "ALERTS_FOR_STATE"

struct analysis {
	const struct depend_rule *rules;
	size_t at;    /* the rule whose selectors are looked at */
	bool *on;     /* on[i]: it needs rule i */
	bool unknown; /* some selector may read anything */
};

static const struct matcher *matcher_on(const struct expr *selector, const char *label)
{
	for (size_t i = 0; i < selector->u.selector.n_matchers; i++) {
		const struct matcher *m = &selector->u.selector.matchers[i];

		if (str_is(m->name, label))
			return m;
	}
	return NULL;
}

/* Whether the matcher passes the value; one that gives up counts as passing. */
static bool passes(const struct matcher *m, struct str value)
{
	bool ok;

	return !m || !matcher_test(m, value, &ok, NULL) || ok;
}

static bool reads(const struct expr *selector, const struct matcher *name,
		  const struct depend_rule *rule)
{
	if (passes(name, rule->name))
		return true;
	return rule->is_alert &&
	       (passes(name, STR(ALERTS)) || passes(name, STR(ALERTS_FOR_STATE))) &&
	       passes(matcher_on(selector, LABEL_ALERTNAME), rule->name);
}

/* The name before the braces says it all; its matcher comes after all others. */
static const struct matcher *name_matcher(const struct expr *selector)
{
	if (selector->u.selector.name.n)
		return &selector->u.selector.matchers[selector->u.selector.n_matchers - 1];
	return matcher_on(selector, LABEL_NAME);
}

static void visit(void *arg, const struct expr *selector)
{
	struct analysis *a = arg;
	const struct matcher *name = name_matcher(selector);

	if (!name) {
		a->unknown = true;
		return;
	}
	for (size_t i = 0; i < a->at; i++)
		a->on[i] = a->on[i] || reads(selector, name, &a->rules[i]);
}

/* Nothing is certain, so everything may depend on everything. */
static void forget(struct depend_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		results[i] = (struct depend_result){.has_dependents = true};
}

static void settle(struct depend_result *results, size_t at, const bool *on, struct arena *arena)
{
	struct depend_result *r = &results[at];
	size_t *list = ARENA_ARRAY(arena, size_t, at);

	for (size_t i = 0; i < at; i++) {
		if (!on[i])
			continue;
		list[r->n_on++] = i;
		results[i].has_dependents = true;
		results[i].no_dependents = false;
	}
	r->on = list;
	r->no_dependencies = r->n_on == 0;
	r->no_dependents = true;
}

const struct depend_result *depend_analyse(const struct depend_rule *rules, size_t n,
					   struct arena *arena, bool *known)
{
	struct depend_result *results = ARENA_ARRAY(arena, struct depend_result, n);
	struct analysis a = {.rules = rules, .on = ARENA_ARRAY(arena, bool, n)};

	*known = true;
	for (size_t i = 0; i < n; i++) {
		a.at = i;
		memset(a.on, 0, n * sizeof(*a.on));
		expr_selectors(rules[i].expr, visit, &a);
		settle(results, i, a.on, arena);
	}
	if (a.unknown && n > 1) { /* a single rule has nobody to depend on */
		*known = false;
		forget(results, n);
	}
	return results;
}
