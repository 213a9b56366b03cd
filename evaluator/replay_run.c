/*
 * All groups over all steps. A rule is evaluated over all steps at once if that cannot be told
 * from doing it step by step: it looks at nothing later than the step, and reads only rules that
 * stand before it and are evaluated at once themselves. The others follow, step by step.
 */
#include "evaluator/replay_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "promql/histogram.h"
#include "promql/matcher.h"

/* ---- which rules can be evaluated at once -----------------------------------------------------
 */

/* Rule numbers run over all groups in their order. */
struct plan {
	struct replay *r;
	struct replay_rule **rules;
	size_t n;
	struct map by_name; /* name of a recorded series -> struct writers */
	size_t at;	    /* the rule whose expression is looked at */
	bool changed;
};

struct writers {
	size_t *v;
	size_t n, cap;
};

static void add_writer(struct plan *p, struct str name, size_t rule)
{
	struct writers *w = map_get(&p->by_name, name);

	if (!w) {
		w = MEM_NEW(struct writers);
		map_put(&p->by_name, name, w);
	}
	w->v = mem_reserve(w->v, &w->cap, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = rule;
}

static bool looks_ahead(const struct expr_time *t)
{
	return t->at_kind != AT_NONE || t->offset_expr || t->offset < 0;
}

/* What depends on the query as a whole, or on samples later than the step. */
static bool is_awkward(const struct expr *e)
{
	static const char *const CALLS[] = {"start", "end", "range", "step"};

	switch ((int)e->kind) {
	case EXPR_SELECTOR: return looks_ahead(&e->u.selector.time) || e->u.selector.smoothed;
	case EXPR_SUBQUERY: return looks_ahead(&e->u.subquery.time);
	case EXPR_DURATION: return e->u.duration.op == DUR_STEP || e->u.duration.op == DUR_RANGE;
	case EXPR_CALL:
		for (size_t i = 0; i < ARRAY_LEN(CALLS); i++) {
			if (str_is(e->u.call.name, CALLS[i]))
				return true;
		}
		return false;
	default: return false;
	}
}

static bool visit_awkward(void *arg, const struct expr *e)
{
	bool *yes = arg;

	*yes |= is_awkward(e);
	return true;
}

static bool asks_in_texts(const struct rule *r)
{
	unsigned needs = 0;

	for (size_t i = 0; i < r->n_labels && r->alerting; i++)
		needs |= expand_needs(r->label_texts[i].expand);
	for (size_t i = 0; i < r->n_annotations; i++)
		needs |= expand_needs(r->annotations[i].expand);
	return needs & EXPAND_QUERY;
}

static void step_it(struct plan *p, size_t rule)
{
	p->changed |= !p->rules[rule]->stepwise;
	p->rules[rule]->stepwise = true;
}

/* The rule at hand reads what `writer` writes. */
static void reads(struct plan *p, size_t writer)
{
	if (writer >= p->at) { /* it sees what was written in the iteration before */
		step_it(p, writer);
		step_it(p, p->at);
	} else if (p->rules[writer]->stepwise) {
		step_it(p, p->at);
	}
}

static void visit_reads(void *arg, const struct expr *selector)
{
	struct plan *p = arg;
	const struct writers *w = NULL;
	bool named = false;

	for (size_t i = 0; i < selector->u.selector.n_matchers; i++) {
		const struct matcher *m = &selector->u.selector.matchers[i];

		if (m->op != MATCH_EQ || !str_eq(m->name, STR(LABEL_NAME)))
			continue;
		named = true;
		w = map_get(&p->by_name, m->value);
	}
	for (size_t i = 0; w && i < w->n; i++)
		reads(p, w->v[i]);
	for (size_t i = 0; !named && i < p->n; i++)
		reads(p, i);
}

static void plan_init(struct plan *p, struct replay *r)
{
	size_t n = 0;

	*p = (struct plan){.r = r};
	for (size_t g = 0; g < r->n; g++)
		n += r->groups[g]->def->n;
	map_init(&p->by_name);
	p->rules = mem_alloc((n + 1) * sizeof(struct replay_rule *));
	for (size_t g = 0; g < r->n; g++) {
		for (size_t i = 0; i < r->groups[g]->def->n; i++)
			p->rules[p->n++] = &r->groups[g]->rules[i];
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct rule *rule = p->rules[i]->rule;

		add_writer(p, rule->alerting ? STR("ALERTS") : rule->name, i);
		if (rule->alerting)
			add_writer(p, STR("ALERTS_FOR_STATE"), i);
	}
}

static void plan_done(struct plan *p)
{
	map_each (&p->by_name, e) {
		free(((struct writers *)e->value)->v);
		free(e->value);
	}
	map_done(&p->by_name);
	free(p->rules);
}

static void plan_make(struct plan *p, bool all_stepwise)
{
	for (size_t i = 0; i < p->n; i++) {
		bool awkward = all_stepwise || asks_in_texts(p->rules[i]->rule);

		expr_walk(p->rules[i]->rule->expr, visit_awkward, &awkward);
		p->rules[i]->stepwise = awkward;
	}
	do {
		p->changed = false;
		for (p->at = 0; p->at < p->n; p->at++)
			expr_selectors(p->rules[p->at]->rule->expr, visit_reads, p);
	} while (p->changed);
}

/* ---- at once ----------------------------------------------------------------------------------
 */

/* The rows of a range result, walked step by step. */
struct walk {
	const struct result *res;
	size_t *at; /* of each row: its next point */
	struct replay_seen *seen;
	struct replay_result now;
};

static void walk_to(struct walk *w, ms_t t, struct arena *a)
{
	w->now.n = 0;
	for (size_t k = 0; k < w->res->n; k++) {
		const struct points *p = &w->res->v[k].points;
		size_t i = w->at[k];

		if (i == p->n || p->t[i] != t) {
			w->seen[k].active = NULL;
			continue;
		}
		w->at[k]++;
		w->now.v[w->now.n] =
			(struct sample){.labels = w->res->v[k].labels,
					.v = p->v[i],
					.h = p->h && p->h[i] ? histogram_dup(a, p->h[i]) : NULL};
		w->now.seen[w->now.n++] = &w->seen[k];
	}
}

static bool step_all(struct replay *r, struct replay_rule *rr, const struct result *res,
		     const struct engine_query *q, struct arena *a)
{
	struct walk w = {.res = res,
			 .at = ARENA_ARRAY(a, size_t, res->n),
			 .seen = ARENA_ARRAY(a, struct replay_seen, res->n),
			 .now = {.v = ARENA_ARRAY(a, struct sample, res->n),
				 .seen = ARENA_ARRAY(a, struct replay_seen *, res->n)}};

	for (ms_t t = q->start; t <= q->end; t += MAX(q->step, 1)) {
		arena_clear(&r->arena);
		walk_to(&w, t, &r->arena);
		if (!replay_step(r, rr, &w.now, t + rr->group->def->query_offset))
			return false;
	}
	return true;
}

static bool run_at_once(struct replay *r, struct replay_rule *rr, ms_t start, ms_t end, ms_t step)
{
	ms_t offset = rr->group->def->query_offset;
	ms_t last = start + (end - start) / step * step;
	struct engine_query q = {.source = memory_source(r->store),
				 .expr = rr->rule->expr,
				 .start = start - offset,
				 .end = last - offset,
				 .step = last > start ? step : 0};
	struct result res;
	struct arena a;
	struct err err;
	bool ok;

	arena_init(&a);
	ok = (q.expr->type == PROMQL_VECTOR || q.expr->type == PROMQL_SCALAR) &&
	     engine_eval(&r->o.engine, &q, &a, &res, NULL, &err) && step_all(r, rr, &res, &q, &a);
	arena_done(&a);
	return ok;
}

/* ---- the run ----------------------------------------------------------------------------------
 */

static bool has_error(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->rules[i]->error)
			return true;
	}
	return false;
}

static bool run_steps(struct plan *p, ms_t start, ms_t end, ms_t step, ms_t *at)
{
	for (ms_t t = start; t <= end; t += step) {
		*at = t;
		for (size_t i = 0; i < p->n; i++) {
			if (p->rules[i]->stepwise)
				replay_eval_rule(p->r, p->rules[i], t);
		}
		if (has_error(p))
			return false;
	}
	return true;
}

static bool run_both(struct plan *p, ms_t start, ms_t end, ms_t step, bool *again, ms_t *at)
{
	bool all_stepwise = *again, any = false;

	plan_make(p, all_stepwise);
	*again = false;
	for (size_t i = 0; i < p->n; i++) {
		any |= p->rules[i]->stepwise;
		if (p->rules[i]->stepwise || run_at_once(p->r, p->rules[i], start, end, step))
			continue;
		*again = true; /* which error comes first is only seen step by step */
		return false;
	}
	if (any && !run_steps(p, start, end, step, at)) {
		*again = !all_stepwise;
		return false;
	}
	return true;
}

bool replay_run(struct replay *r, ms_t start, ms_t end, ms_t step, bool *again, ms_t *at)
{
	struct plan p;
	bool ok;

	CHECK(step > 0 && end >= start);
	*at = start;
	plan_init(&p, r);
	ok = run_both(&p, start, end, step, again, at);
	plan_done(&p);
	return ok;
}
