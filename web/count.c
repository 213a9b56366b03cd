/* Counting alerts and rules. */
#include "web/count.h"

#include "evaluator/view.h"

struct walk {
	const struct core *core;
	struct count *n;
};

static bool one_alert(void *arg, const struct rule_alert_view *a)
{
	struct count *n = arg;

	n->firing += a->state == ALERT_FIRING;
	n->pending += a->state == ALERT_PENDING;
	return true;
}

static bool one_rule(void *arg, const struct rule_view *r)
{
	struct walk *w = arg;

	w->n->rules++;
	w->n->failing += r->health == RULE_ERR;
	if (r->n_alerts)
		core_rule_alerts(w->core, r, one_alert, w->n);
	return true;
}

static bool one_group(void *arg, const struct group_view *g)
{
	struct walk *w = arg;

	w->n->groups++;
	if (g->last_evaluation != MS_NONE)
		w->n->last_evaluation = MAX(w->n->last_evaluation, g->last_evaluation);
	core_rules(w->core, g->group, one_rule, w);
	return true;
}

struct count count_all(const struct core *c)
{
	struct count n = {.last_evaluation = MS_NONE};
	struct walk w = {.core = c, .n = &n};

	core_groups(c, one_group, &w);
	return n;
}
