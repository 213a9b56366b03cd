/* Asking for the parts of an expression. The alert is found again by its labels when the answers
 * are there: it may have gone meanwhile. */
#include "evaluator/branch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "evaluator/core_private.h"
#include "evaluator/explain.h"
#include "evaluator/prom.h"

#define WORDS_MAX 4096
#define QUESTIONS_MAX 64 /* at once: more alerts fire without the words */

struct branch {
	struct core *core;
	struct branch *next;
	struct rule_run *rr;
	struct rule_set *set; /* held: the explanation borrows from its rule */
	struct labels labels; /* of the alert; owned */
	struct explain explain;
	struct explain_part *asked;
	struct prom_query query;
	struct vector vector;
};

static void branch_free(struct branch *b)
{
	prom_query_free(&b->query);
	vector_done(&b->vector);
	explain_done(&b->explain);
	rule_set_free(b->set);
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

static void conclude(struct branch *b, struct now now)
{
	struct active *a = map_get(&b->rr->states.by_labels, labels_bytes(b->labels));
	struct buf words;

	buf_init(&words, WORDS_MAX);
	explain_put(&b->explain, &words);
	if (a && a->state == ALERT_FIRING && words.n) {
		free(a->because);
		a->because = mem_str(buf_str(&words));
		rule_alerts_explained(b->core, now, b->rr, a);
		core_changed(b->core);
	}
	buf_done(&words);
	unlink_branch(b);
	branch_free(b);
}

static void on_part(struct prom_query *q, struct now now, enum prom_end end, const struct err *err);

static void ask(struct branch *b, struct now now)
{
	b->asked = explain_next(&b->explain);
	if (b->asked)
		prom_query_start(&b->query, b->core->prom, b->asked->query, b->explain.at,
				 &b->vector, on_part);
	else
		conclude(b, now);
}

static void on_part(struct prom_query *q, struct now now, enum prom_end end,
		    const struct err *err ATTR_UNUSED)
{
	struct branch *b = CONTAINER(q, struct branch, query);

	explain_take(&b->explain, b->asked, end == PROM_ANSWER ? &b->vector : NULL);
	ask(b, now);
}

static size_t questions(const struct core *c)
{
	size_t n = 0;

	for (const struct branch *b = c->branches; b; b = b->next)
		n++;
	return n;
}

void branch_ask(struct core *c, struct now now, struct rule_run *rr, const struct active *a)
{
	struct branch *b;

	if (questions(c) >= QUESTIONS_MAX)
		return;
	b = MEM_NEW(struct branch);
	b->core = c;
	b->rr = rr;
	b->set = rule_set_ref(rr->group->set);
	b->labels = labels_heap(a->labels);
	vector_init(&b->vector);
	if (!explain_init(&b->explain, rr->rule, b->labels, a->value,
			  group_slot_ms(rr->group) - rr->group->def->query_offset)) {
		branch_free(b);
		return;
	}
	b->next = c->branches;
	c->branches = b;
	ask(b, now);
}
