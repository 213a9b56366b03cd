/* Asking for the sides of an `or`. The alert is found again by its labels when the answers are
 * there: it may have gone meanwhile. */
#include "evaluator/branch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/core_private.h"
#include "evaluator/prom.h"
#include "promql/ast.h"
#include "promql/print.h"

#define BRANCHES_MAX 8	 /* sides of one expression */
#define QUESTIONS_MAX 64 /* at once: more alerts fire without the words */

struct branch {
	struct core *core;
	struct branch *next;
	struct rule_run *rr;
	struct labels labels; /* of the alert; owned */
	ms_t at;
	struct prom_query query;
	struct vector vector;
	struct buf sides[BRANCHES_MAX];
	size_t n, asked;
	struct buf holds, silent; /* what is said of either kind of side */
};

static void branch_free(struct branch *b)
{
	prom_query_free(&b->query);
	vector_done(&b->vector);
	for (size_t i = 0; i < b->n; i++)
		buf_done(&b->sides[i]);
	buf_done(&b->holds);
	buf_done(&b->silent);
	labels_free(b->labels);
	free(b);
}

static void unlink_branch(struct branch *b)
{
	struct branch **at = &b->core->branches;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
}

void branches_drop(struct core *c, const struct group *g)
{
	for (struct branch *b = c->branches, *next; b; b = next) {
		next = b->next;
		if (g && b->rr->group != g)
			continue;
		unlink_branch(b);
		branch_free(b);
	}
}

static bool is_or(const struct expr *e)
{
	return e->kind == EXPR_BINARY && e->u.binary.op == OP_OR;
}

/* The sides of a chain of `or`, left to right; false if there are too many. */
static bool collect(struct branch *b, const struct expr *e)
{
	const struct expr *inner = expr_unwrap(e);

	if (is_or(inner))
		return collect(b, inner->u.binary.lhs) && collect(b, inner->u.binary.rhs);
	if (b->n == BRANCHES_MAX)
		return false;
	buf_init(&b->sides[b->n], BUF_MAX_ANY);
	promql_print(&b->sides[b->n++], inner);
	return true;
}

static bool rule_sets(const struct rule *r, struct str name)
{
	if (str_is(name, LABEL_NAME) || str_is(name, LABEL_ALERTNAME))
		return true;
	for (size_t i = 0; i < r->n_labels; i++) {
		if (str_eq(r->label_texts[i].name, name))
			return true;
	}
	return false;
}

/* The labels that came from the expression. */
static struct labels own_labels(const struct rule *r, struct labels ls, struct arena *a)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct label l;

	labels_builder_init(&lb);
	labels_builder_from(&lb, ls);
	while (labels_next(ls, &it, &l)) {
		if (rule_sets(r, l.name))
			labels_builder_del(&lb, l.name);
	}

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

static const struct sample *element_of(struct branch *b)
{
	const struct rule *r = b->rr->rule;
	const struct sample *found = NULL;
	struct arena a;

	arena_init(&a);

	struct labels want = own_labels(r, b->labels, &a);

	for (size_t i = 0; i < b->vector.n && !found; i++) {
		if (labels_eq(own_labels(r, b->vector.v[i].labels, &a), want))
			found = &b->vector.v[i];
	}
	arena_done(&a);
	return found;
}

static void say(struct buf *to, const char *head, struct str side, const char *tail)
{
	if (to->n)
		buf_adds(to, "; ");
	buf_adds(to, head);
	buf_add(to, side);
	buf_adds(to, tail);
}

static void note(struct branch *b, enum prom_end end)
{
	struct str side = buf_str(&b->sides[b->asked]);
	const struct sample *s = end == PROM_ANSWER ? element_of(b) : NULL;

	if (end != PROM_ANSWER) {
		say(&b->silent, "", side, " could not be asked");
	} else if (!s) {
		say(&b->silent, "", side, " does not hold");
	} else {
		say(&b->holds, "", side, " holds with value ");
		num_put_float(&b->holds, s->v, 'g', -1);
	}
}

static void conclude(struct branch *b, struct now now)
{
	struct active *a = map_get(&b->rr->states.by_labels, labels_bytes(b->labels));

	if (a && a->state == ALERT_FIRING && b->holds.n) {
		if (b->silent.n) {
			buf_adds(&b->holds, "; ");
			buf_add(&b->holds, buf_str(&b->silent));
		}
		free(a->because);
		a->because = mem_str(buf_str(&b->holds));
		rule_alerts_store(b->core, b->rr, a);
		rule_alerts_tell(b->core, now, b->rr, a);
		core_changed(b->core);
	}
	unlink_branch(b);
	branch_free(b);
}

static void on_side(struct prom_query *q, struct now now, enum prom_end end, const struct err *err);

static void ask(struct branch *b)
{
	prom_query_start(&b->query, b->core->prom, buf_str(&b->sides[b->asked]), b->at, &b->vector,
			 on_side);
}

static void on_side(struct prom_query *q, struct now now, enum prom_end end,
		    const struct err *err ATTR_UNUSED)
{
	struct branch *b = CONTAINER(q, struct branch, query);

	note(b, end);
	b->asked++;
	if (b->asked < b->n)
		ask(b);
	else
		conclude(b, now);
}

static size_t questions(const struct core *c)
{
	size_t n = 0;

	for (const struct branch *b = c->branches; b; b = b->next)
		n++;
	return n;
}

void branch_ask(struct core *c, struct rule_run *rr, const struct active *a)
{
	if (!is_or(expr_unwrap(rr->rule->expr)) || questions(c) >= QUESTIONS_MAX)
		return;

	struct branch *b = MEM_NEW(struct branch);

	b->core = c;
	b->rr = rr;
	b->at = group_slot_ms(rr->group) - rr->group->def->query_offset;
	b->labels = labels_heap(a->labels);
	vector_init(&b->vector);
	buf_init(&b->holds, 4096);
	buf_init(&b->silent, 4096);
	if (!collect(b, rr->rule->expr)) {
		branch_free(b);
		return;
	}
	b->next = c->branches;
	c->branches = b;
	ask(b);
}
