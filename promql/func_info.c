/*
 * info(): adds the labels of info series (target_info, if no other is named) to the series with the
 * same instance and job. Which info series holds may change from step to step, so a row may become
 * several.
 */
#include "promql/info.h"

#include <string.h>

#include "promql/duration.h"
#include "promql/grouping.h"
#include "promql/labels.h"
#include "promql/matcher.h"

static const struct str IDENTIFYING[] = {{"instance", 8}, {"job", 3}};

/* ---- the selector of the info series ----------------------------------------------------------
 */

/* Follows `@` and offsets down to the first selector: info series are looked up as of then. */
static bool reference_time(struct eval *ev, const struct expr *e, struct expr_time *out)
{
	const struct expr_time *time = NULL;
	ms_t offset;

	e = expr_unwrap(e);
	if (e->kind == EXPR_SELECTOR)
		time = &e->u.selector.time;
	else if (e->kind == EXPR_SUBQUERY)
		time = &e->u.subquery.time;
	if (time) {
		if (!duration_or(ev, time->offset, time->offset_expr, &offset))
			return false;
		if (time->at_kind != AT_NONE) {
			*out = *time;
			out->offset = 0;
			out->offset_expr = NULL;
		}
		out->offset += offset;
	}
	switch ((int)e->kind) {
	case EXPR_SUBQUERY: return reference_time(ev, e->u.subquery.expr, out);
	case EXPR_MATRIX: return reference_time(ev, e->u.matrix.selector, out);
	case EXPR_AGGREGATE: return reference_time(ev, e->u.aggregate.expr, out);
	case EXPR_BINARY: return reference_time(ev, e->u.binary.lhs, out);
	case EXPR_UNARY: return reference_time(ev, e->u.unary.expr, out);
	case EXPR_CALL:
		for (size_t i = 0; i < e->u.call.n_args; i++) {
			const struct expr *arg = e->u.call.args[i];

			if (arg->type == PROMQL_VECTOR || arg->type == PROMQL_MATRIX)
				return reference_time(ev, arg, out);
		}
		return true;
	default: return true;
	}
}

static const struct expr *asked_for(const struct expr *call)
{
	return call->u.call.n_args > 1 ? expr_unwrap(call->u.call.args[1]) : NULL;
}

static bool is_name_matcher(const struct matcher *m)
{
	return str_eq(m->name, STR(LABEL_NAME));
}

const struct expr *info_selector(struct eval *ev, const struct expr *call)
{
	const struct expr *asked = asked_for(call);
	size_t n = asked ? asked->u.selector.n_matchers : 0;
	struct matcher *m = ARENA_ARRAY(ev->a, struct matcher, n + 1);
	struct expr *e = ARENA_NEW(ev->a, struct expr);
	bool named = false;

	*e = asked ? *asked : *call;
	e->kind = EXPR_SELECTOR;
	memset(&e->u, 0, sizeof(e->u));
	for (size_t i = 0; i < n; i++) {
		m[i] = asked->u.selector.matchers[i];
		named |= is_name_matcher(&m[i]);
	}
	if (!named &&
	    !matcher_init(&m[n++], MATCH_EQ, STR(LABEL_NAME), STR("target_info"), ev->a, ev->err))
		return NULL;
	e->u.selector.matchers = m;
	e->u.selector.n_matchers = n;
	return reference_time(ev, call->u.call.args[0], &e->u.selector.time) ? e : NULL;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

struct info {
	struct eval *ev;
	const struct expr *selector; /* of the info series */
	struct vec infos, times;     /* values, and when they were taken (seconds) */
	uint32_t *metric;	     /* of each info row: a number for its name */
	size_t n_metrics;
	struct grouping groups; /* by instance and job */
	struct members members; /* info rows of a group */
	bool needs_match;	/* a matcher that does not match the empty string */
	bool names_labels;	/* only labels with matchers are wanted */
	struct vec out;
	size_t cap;
	struct labels_builder lb;
	const uint32_t **chosen; /* beside out.v: chosen info row + 1 of each metric */
};

static bool identifies(struct str name)
{
	return str_eq(name, IDENTIFYING[0]) || str_eq(name, IDENTIFYING[1]);
}

static void number_metrics(struct info *in)
{
	uint32_t *first = ARENA_ARRAY(in->ev->a, uint32_t, in->infos.n + 1);

	in->metric = ARENA_ARRAY(in->ev->a, uint32_t, in->infos.n + 1);
	for (uint32_t k = 0; k < in->infos.n; k++) {
		struct str name = eval_metric_name(in->infos.v[k].labels);
		uint32_t m = 0;

		while (m < in->n_metrics &&
		       !str_eq(eval_metric_name(in->infos.v[first[m]].labels), name))
			m++;
		if (m == in->n_metrics)
			first[in->n_metrics++] = k;
		in->metric[k] = m;
	}
}

/* A series that is an info series itself is left as it is. */
static bool is_info(struct info *in, const struct row *r, bool *yes)
{
	const struct expr *s = in->selector;
	struct str name = eval_metric_name(r->labels);

	*yes = true;
	for (size_t i = 0; *yes && i < s->u.selector.n_matchers; i++) {
		const struct matcher *m = &s->u.selector.matchers[i];

		if (is_name_matcher(m) && !matcher_test(m, name, yes, in->ev->err))
			return false;
	}
	return true;
}

/* The newest info row of each metric at step i; *any: there is one at all. */
static bool choose(struct info *in, size_t group, size_t i, uint32_t *chosen, bool *any)
{
	memset(chosen, 0, in->n_metrics * sizeof(*chosen));
	*any = false;
	for (size_t m = in->members.first[group]; m < in->members.first[group + 1]; m++) {
		uint32_t k = in->members.rows[m], *now = &chosen[in->metric[k]];
		double t = in->times.v[k].v[i];

		if (!row_has(&in->infos.v[k], i))
			continue;
		if (row_hist(&in->infos.v[k], i))
			return eval_fail(in->ev, in->selector,
					 "info sample should be float, not a histogram");
		if (*now && in->times.v[*now - 1].v[i] == t)
			return eval_fail(in->ev, in->selector,
					 "found duplicate series for info metric %.*s",
					 STR_ARG(eval_metric_name(in->infos.v[k].labels)));
		if (!*now || in->times.v[*now - 1].v[i] < t)
			*now = k + 1;
		*any = true;
	}
	return true;
}

static bool wanted(const struct info *in, struct str name)
{
	const struct expr *s = in->selector;

	if (identifies(name) || label_is_of_metric(name))
		return false;
	for (size_t i = 0; in->names_labels && i < s->u.selector.n_matchers; i++) {
		if (str_eq(s->u.selector.matchers[i].name, name))
			return true;
	}
	return !in->names_labels;
}

static bool enrich(struct info *in, const struct labels base, const uint32_t *chosen,
		   struct labels *out)
{
	labels_builder_from(&in->lb, base);
	for (size_t m = 0; m < in->n_metrics; m++) {
		struct labels_iter it = {0};
		struct label l;

		while (chosen[m] && labels_next(in->infos.v[chosen[m] - 1].labels, &it, &l)) {
			struct str old = labels_builder_get(&in->lb, l.name);

			if (!wanted(in, l.name) || labels_get(base, l.name).n)
				continue;
			if (old.n && !str_eq(old, l.value))
				return eval_fail(in->ev, in->selector, "conflicting label: %.*s",
						 STR_ARG(l.name));
			labels_builder_set(&in->lb, l.name, l.value);
		}
	}
	*out = labels_builder_build(&in->lb, in->ev->a);
	return true;
}

static void room(struct info *in)
{
	struct row *rows = in->out.v;
	const uint32_t **chosen = in->chosen;

	if (in->out.n < in->cap)
		return;
	in->cap = in->cap ? in->cap * 2 : 16;
	in->out.v = eval_rows(in->ev, in->cap);
	in->chosen = ARENA_ARRAY(in->ev->a, const uint32_t *, in->cap);
	for (size_t k = 0; k < in->out.n; k++) {
		in->out.v[k] = rows[k];
		in->chosen[k] = chosen[k];
	}
}

/* The row for these info rows among those made of the same base row (from `from` on). */
static struct row *row_for(struct info *in, const struct row *base, size_t from,
			   const uint32_t *chosen)
{
	size_t bytes = in->n_metrics * sizeof(*chosen);
	struct row r = {.drop_name = base->drop_name};
	uint32_t *kept;

	for (size_t k = from; k < in->out.n; k++) {
		if (memcmp(in->chosen[k], chosen, bytes) == 0)
			return &in->out.v[k];
	}
	r.v = eval_column(in->ev);
	if (!r.v || !enrich(in, base->labels, chosen, &r.labels))
		return NULL;
	room(in);
	kept = ARENA_ARRAY(in->ev->a, uint32_t, in->n_metrics);
	memcpy(kept, chosen, bytes);
	in->chosen[in->out.n] = kept;
	in->out.v[in->out.n] = r;
	return &in->out.v[in->out.n++];
}

static bool enrich_row(struct info *in, const struct row *base, size_t group, uint32_t *chosen)
{
	size_t from = in->out.n;

	for (size_t i = 0; i < in->ev->grid.n; i++) {
		struct row *to;
		bool any;

		if (!row_has(base, i))
			continue;
		if (!choose(in, group, i, chosen, &any))
			return false;
		if (!any && in->needs_match)
			continue;
		to = row_for(in, base, from, chosen);
		if (!to)
			return false;
		to->v[i] = base->v[i];
		if (row_hist(base, i))
			eval_hist_column(in->ev, to)[i] = base->h[i];
	}
	return eval_work(in->ev, in->ev->grid.n);
}

static void read_matchers(struct info *in, const struct expr *asked)
{
	for (size_t i = 0; asked && i < asked->u.selector.n_matchers; i++) {
		const struct matcher *m = &asked->u.selector.matchers[i];

		if (is_name_matcher(m))
			continue;
		in->names_labels = true;
		in->needs_match |= !m->matches_empty;
	}
}

static bool enrich_all(struct info *in, struct vec *base)
{
	struct eval *ev = in->ev;
	uint32_t *of_info, *of_base, *chosen;

	number_metrics(in);
	grouping_init(&in->groups, ev->a, (struct strs){.v = IDENTIFYING, .n = 2}, true);
	of_info = grouping_rows(&in->groups, &in->infos);
	of_base = grouping_rows(&in->groups, base);
	in->members = members_of(ev->a, of_info, in->infos.n, in->groups.n);
	chosen = ARENA_ARRAY(ev->a, uint32_t, in->n_metrics + 1);
	for (size_t k = 0; k < base->n; k++) {
		bool self;

		if (!is_info(in, &base->v[k], &self))
			return false;
		if (self) {
			room(in);
			in->chosen[in->out.n] = chosen;
			in->out.v[in->out.n++] = base->v[k];
		} else if (!enrich_row(in, &base->v[k], of_base[k], chosen)) {
			return false;
		}
	}
	return true;
}

static bool info(struct call *c, struct vec *out)
{
	struct info in = {.ev = c->ev, .selector = info_selector(c->ev, c->e)};
	struct vec base;
	bool ok;

	if (!in.selector || !eval_vec(c->ev, c->args[0].e, &base) ||
	    !eval_selector(c->ev, in.selector, SELECTED_VALUE, &in.infos) ||
	    !eval_selector(c->ev, in.selector, SELECTED_TIME, &in.times))
		return false;
	read_matchers(&in, asked_for(c->e));
	labels_builder_init(&in.lb);
	ok = enrich_all(&in, &base);
	labels_builder_done(&in.lb);
	*out = in.out;
	return ok && eval_merge_rows(c->ev, out);
}

const struct func FUNCS_INFO[] = {{"info", info, FUNC_LAZY | FUNC_KEEPS_NAME}, {0}};
