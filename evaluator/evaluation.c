/*
 * One iteration of a group, rule by rule. Questions run ahead of the rule at work, so that a slow
 * round trip is not paid once a rule; answers are taken strictly in order. With remote_write there
 * is no running ahead: a rule may read what the one before it wrote.
 */
#include "evaluator/evaluation.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/element.h"
#include "evaluator/restore.h"
#include "evaluator/write.h"
#include "rules/expand.h"

#define ASK_AHEAD 4 /* questions of one iteration under way, the rule at work included */

/* A question of a template and its answer. */
struct template_answer {
	struct str expr;
	bool answered;
	struct str error; /* empty: v and n hold */
	struct rule_sample *v;
	size_t n;
};

/* What the present result says, before anything has changed. */
struct element {
	struct active *active;
	struct labels annotations;
};

enum question_state { QUESTION_IDLE, QUESTION_ASKED, QUESTION_ANSWERED };

/* What one rule asks. */
struct question {
	struct evaluation *ev;
	struct prom_query query;
	struct vector vector;
	enum question_state state;
	enum prom_end end; /* how it was answered */
	struct err err;
	ms_t asked_at; /* mono */
};

struct evaluation {
	struct core *core;
	struct group *group;
	struct evaluation *next;	      /* in the list of idle ones */
	struct config *config;		      /* held for the iteration */
	struct question questions[ASK_AHEAD]; /* a ring: number n is at n % ASK_AHEAD */
	size_t n_asked, n_taken;	      /* numbers */
	size_t ask_at;			      /* rule that is asked next */
	struct vector *vector;		      /* of the rule at work */
	struct prom_query query;	      /* of its templates */
	struct vector template_vector;
	struct arena arena; /* of the rule at work */
	struct template_answer *answers;
	size_t n_answers, answers_cap;
	struct writer writer;
	size_t at; /* rule */
	ms_t slot, query_at;
	ms_t rule_started;
	bool missed;	/* a question had no answer */
	bool seen;	/* Prometheus has answered something in this iteration, or meanwhile */
	int unanswered; /* questions in a row that nobody answered */
	struct now now; /* of the present callback: for the changes it makes */
	struct element_maker maker;
};

static void rule_begin(struct evaluation *ev, struct now now);
static void rule_expand(struct evaluation *ev, struct now now);

static struct rule_run *rule_run(struct evaluation *ev)
{
	return &ev->group->rules[ev->at];
}

static void template_failed(void *arg, const struct rule_text *t, struct str text)
{
	struct evaluation *ev = arg;

	io_log(ev->core->io, LOG_LEVEL_WARN, "template failed", "rule=%s name=%s result=%s",
	       io_quote(rule_run(ev)->rule->name).text, io_quote(t->name).text,
	       io_quote(text).text);
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct evaluation *evaluation_get(struct core *c)
{
	struct evaluation *ev = c->idle;

	if (ev) {
		c->idle = ev->next;
		return ev;
	}
	ev = MEM_NEW(struct evaluation);
	ev->core = c;
	vector_init(&ev->template_vector);
	for (size_t i = 0; i < ASK_AHEAD; i++) {
		ev->questions[i].ev = ev;
		vector_init(&ev->questions[i].vector);
	}
	arena_init(&ev->arena);
	element_maker_init(&ev->maker, c->expander, &ev->arena);
	ev->maker.failed = template_failed;
	ev->maker.arg = ev;
	writer_init(&ev->writer, c->io);
	return ev;
}

static void question_end(struct question *q)
{
	prom_query_cancel(&q->query);
	vector_clear(&q->vector);
	q->state = QUESTION_IDLE;
}

static void evaluation_put(struct evaluation *ev)
{
	for (size_t i = 0; i < ASK_AHEAD; i++)
		question_end(&ev->questions[i]);
	vector_clear(&ev->template_vector);
	arena_clear(&ev->arena);
	ev->n_answers = 0;
	config_free(TAKE(ev->config));
	ev->group = NULL;
	ev->next = ev->core->idle;
	ev->core->idle = ev;
}

void evaluations_done(struct core *c)
{
	while (c->idle) {
		struct evaluation *ev = c->idle;

		c->idle = ev->next;
		for (size_t i = 0; i < ASK_AHEAD; i++) {
			prom_query_free(&ev->questions[i].query);
			vector_done(&ev->questions[i].vector);
		}
		prom_query_free(&ev->query);
		vector_done(&ev->template_vector);
		arena_done(&ev->arena);
		element_maker_done(&ev->maker);
		writer_done(&ev->writer);
		free(ev->answers);
		free(ev);
	}
}

void evaluation_start(struct group *g, struct now now)
{
	struct evaluation *ev = evaluation_get(g->core);

	CHECK(!g->running);
	g->running = ev;
	ev->group = g;
	ev->config = config_ref(g->core->config);
	ev->at = ev->ask_at = ev->n_asked = ev->n_taken = 0;
	ev->seen = ev->missed = false;
	ev->unanswered = 0;
	ev->slot = group_slot_ms(g);
	ev->query_at = ev->slot - g->def->query_offset;
	g->last_samples = 0;
	g->last_rules_s = 0;
	rule_begin(ev, now);
}

void evaluation_cancel(struct evaluation *ev)
{
	ev->group->running = NULL;
	prom_query_cancel(&ev->query);
	writer_cancel(&ev->writer);
	evaluation_put(ev);
}

static void finish(struct evaluation *ev, struct now now, bool reached)
{
	struct group *g = ev->group;

	evaluation_put(ev);
	group_finished(g, now, reached);
}

/* ---- health ---------------------------------------------------------------------------------- */

static void rule_health(struct evaluation *ev, struct rule_run *rr, struct now now,
			const char *error)
{
	struct group *g = ev->group;
	enum rule_health was = rr->health;

	g->evaluations++;
	rr->last_evaluation = now.wall;
	rr->evaluation_s = (double)(now.mono - ev->rule_started) / 1000;
	g->last_rules_s += rr->evaluation_s;
	metric_observe(&ev->core->evaluation_s, rr->evaluation_s);
	rr->health = error ? RULE_ERR : RULE_OK;
	if (error)
		g->failures++;
	if (!error && !rr->last_error && was == rr->health)
		return;
	if (error && rr->last_error && strcmp(error, rr->last_error) == 0)
		return;
	free(rr->last_error);
	rr->last_error = error ? mem_str(str_of(error)) : NULL;
	core_changed(ev->core);
	if (error)
		io_log(ev->core->io, LOG_LEVEL_WARN, "rule failed", "group=%s rule=%s err=%s",
		       io_quote(g->def->key).text, io_quote(rr->rule->name).text,
		       io_quote(str_of(error)).text);
}

/* Goes on with the next rule that can be evaluated, or ends the iteration. */
static void next_rule(struct evaluation *ev, struct now now)
{
	ev->at++;
	question_end(&ev->questions[ev->n_taken++ % ASK_AHEAD]);
	arena_clear(&ev->arena);
	ev->n_answers = 0;
	rule_begin(ev, now);
}

static void rule_failed(struct evaluation *ev, struct now now, const char *why)
{
	rule_health(ev, rule_run(ev), now, why);
	next_rule(ev, now);
}

/* Nobody can be asked: the remaining rules know as little as this one. */
static void unreachable(struct evaluation *ev, struct now now, const char *why)
{
	for (; ev->at < ev->group->def->n; ev->at++) {
		ev->rule_started = now.mono;
		rule_health(ev, rule_run(ev), now, why);
	}
	finish(ev, now, false);
}

/* ---- stepping ----------------------------------------------------------------------------------
 */

static void on_change(void *arg, struct active *a, enum state_change what)
{
	struct evaluation *ev = arg;

	rule_alerts_changed(ev->core, ev->now, rule_run(ev), a, what);
}

static void seen_keep(struct rule_run *rr, const struct vector *v, const struct element *e)
{
	for (size_t i = v->n; i < rr->n_seen; i++)
		labels_free(rr->seen[i].labels);
	if (v->n > rr->seen_cap) { /* no more than that: there is one a rule */
		rr->seen = mem_grow(rr->seen, v->n * sizeof(*rr->seen));
		rr->seen_cap = v->n;
	}
	for (size_t i = 0; i < v->n; i++) {
		struct seen *s = &rr->seen[i];

		if (i >= rr->n_seen || !labels_eq(s->labels, v->v[i].labels)) {
			if (i < rr->n_seen)
				labels_free(s->labels);
			s->labels = labels_heap(v->v[i].labels);
		}
		s->value = v->v[i].v;
		s->active = e[i].active;
	}
	rr->n_seen = v->n;
}

static void seen_drop(struct rule_run *rr)
{
	for (size_t i = 0; i < rr->n_seen; i++)
		labels_free(rr->seen[i].labels);
	rr->n_seen = 0;
}

static void written(struct evaluation *ev, struct now now, const char *error)
{
	rule_health(ev, rule_run(ev), now, error);
	next_rule(ev, now);
}

static void on_written(struct writer *w, struct now now, const char *error)
{
	struct evaluation *ev = CONTAINER(w, struct evaluation, writer);

	written(ev, now, error);
}

/* After a good step: what must be forwarded and written, then the next rule. */
static void rule_out(struct evaluation *ev, struct now now)
{
	struct rule_run *rr = rule_run(ev);
	struct err err = {.pos = -1};

	rr->samples = ev->vector->n;
	ev->group->last_samples += ev->vector->n;
	if (ev->core->am && rr->rule->alerting)
		rule_alerts_forward(ev->core, now, rr, ev->slot);
	if (!ev->config->prometheus.remote_write) {
		written(ev, now, NULL);
		return;
	}
	writer_begin(&ev->writer, ev->config->prometheus.remote_write, ev->query_at);
	if (rr->rule->alerting)
		writer_add_alerts(&ev->writer, rr);
	else
		writer_add_vector(&ev->writer, rr, ev->vector);
	switch (writer_send(&ev->writer, rr, on_written, &err)) {
	case WRITER_STARTED: return;
	case WRITER_NOTHING: written(ev, now, NULL); return;
	case WRITER_TOO_BIG: written(ev, now, err.msg); return;
	}
}

static void step_failed(struct evaluation *ev, struct now now, const char *why)
{
	seen_drop(rule_run(ev));
	rule_failed(ev, now, why);
}

/* More alerts than the group allows: the rule fails and forgets, as upstream. */
static void limit_exceeded(struct evaluation *ev, struct now now, size_t count)
{
	char why[128];

	states_drop(&rule_run(ev)->states, on_change, ev);
	snprintf(why, sizeof(why), "exceeded limit of %lld with %zu alerts",
		 (long long)ev->group->def->limit, count);
	step_failed(ev, now, why);
}

static void alerting_step(struct evaluation *ev, struct now now, const struct element *e)
{
	struct rule_run *rr = rule_run(ev);
	struct state_rule sr = {
		.hold = rr->rule->hold,
		.keep_firing_for = rr->rule->keep_firing_for,
		.settling_since = sight_settling_since(ev->core, now),
	};
	size_t count = states_would_be_active(&rr->states, &sr, ev->slot);

	ev->now = now;
	if (ev->group->def->limit > 0 && count > (size_t)ev->group->def->limit) {
		limit_exceeded(ev, now, count);
		return;
	}
	for (size_t i = 0; i < ev->vector->n; i++)
		states_apply(&rr->states, e[i].active, e[i].annotations, ev->vector->v[i].v,
			     ev->slot, on_change, ev);
	states_step(&rr->states, &sr, ev->slot, on_change, ev);
	rr->evaluated = true;
	seen_keep(rr, ev->vector, e);
	rule_out(ev, now);
}

/* ---- expanding ---------------------------------------------------------------------------------
 */

static enum query_state ask_template(void *user, struct str expr, ms_t at, struct query_result *out)
{
	struct evaluation *ev = user;

	CHECK(at == ev->slot);
	for (size_t i = 0; i < ev->n_answers; i++) {
		const struct template_answer *t = &ev->answers[i];

		if (!str_eq(t->expr, expr))
			continue;
		*out = (struct query_result){.v = t->v, .n = t->n, .error = t->error};
		return !t->answered ? QUERY_WAIT : t->error.n ? QUERY_ERROR : QUERY_ANSWER;
	}
	ev->answers =
		mem_reserve(ev->answers, &ev->answers_cap, ev->n_answers + 1, sizeof(*ev->answers));
	ev->answers[ev->n_answers++] =
		(struct template_answer){.expr = arena_str(&ev->arena, expr)};
	return QUERY_WAIT;
}

static struct expand_env expand_env(struct evaluation *ev)
{
	const struct prometheus_config *p = &ev->config->prometheus;

	return (struct expand_env){
		.external_labels = p->external_labels,
		.external_url = p->console_url,
		.at = ev->slot,
		.query = {.fn = ask_template, .user = ev},
	};
}

static bool final_labels(struct evaluation *ev, const struct sample *s, struct labels *out)
{
	struct expand_env env = expand_env(ev);

	return element_labels(&ev->maker, rule_run(ev)->rule, &env, s, out);
}

static bool final_annotations(struct evaluation *ev, const struct sample *s, struct labels *out)
{
	struct expand_env env = expand_env(ev);

	return element_annotations(&ev->maker, rule_run(ev)->rule, &env, s, out);
}

static bool same_value(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Whether texts with these needs come out as they did for the same sample before. */
static bool stays(unsigned needs, bool value_stays)
{
	return !(needs & (EXPAND_QUERY | EXPAND_NOW)) && (value_stays || !(needs & EXPAND_VALUE));
}

/* The element as it was expanded last time, if that still holds. */
static const struct seen *seen_before(const struct rule_run *rr, const struct sample *s, size_t i)
{
	const struct seen *before = i < rr->n_seen ? &rr->seen[i] : NULL;

	if (!before || !labels_eq(before->labels, s->labels))
		return NULL;
	return stays(rr->label_needs, same_value(before->value, s->v)) ? before : NULL;
}

enum element_end { ELEMENT_OK, ELEMENT_WAIT, ELEMENT_TWICE };

/* With `only_try` nothing is looked up: it is only seen which questions templates have. */
static enum element_end element_expand(struct evaluation *ev, size_t i, bool only_try,
				       struct element *e)
{
	struct rule_run *rr = rule_run(ev);
	const struct sample *s = &ev->vector->v[i];
	const struct seen *before = seen_before(rr, s, i);
	bool value_stays = before && same_value(before->value, s->v);
	struct labels labels = {0};
	bool whole = true;

	if (before)
		labels = before->active->labels;
	else
		whole = final_labels(ev, s, &labels);
	if (before && stays(rr->text_needs, value_stays))
		e->annotations = before->active->annotations;
	else
		whole &= final_annotations(ev, s, &e->annotations);
	if (!whole)
		return ELEMENT_WAIT;
	if (only_try)
		return ELEMENT_OK;
	e->active = before ? states_see_again(&rr->states, before->active)
			   : states_see(&rr->states, labels);
	return e->active ? ELEMENT_OK : ELEMENT_TWICE;
}

static void on_template_answer(struct prom_query *q, struct now now, enum prom_end end,
			       const struct err *err)
{
	struct evaluation *ev = CONTAINER(q, struct evaluation, query);
	struct template_answer *t = ev->answers;

	while (t->answered)
		t++;
	t->answered = true;
	if ((end == PROM_UNREACHABLE || end == PROM_TOO_SLOW) &&
	    rule_run(ev)->label_needs & EXPAND_QUERY) {
		/* An error text in a label would end the alert and begin another. */
		rule_failed(ev, now, err->msg);
		return;
	}
	if (end != PROM_ANSWER) {
		t->error = arena_str(&ev->arena, str_of(err->msg));
	} else {
		const struct vector *v = &ev->template_vector;

		t->n = v->n;
		t->v = ARENA_ARRAY(&ev->arena, struct rule_sample, v->n);
		for (size_t i = 0; i < v->n; i++)
			t->v[i] = (struct rule_sample){.labels = labels_dup(&ev->arena,
									    v->v[i].labels),
						       .value = v->v[i].v};
	}
	rule_expand(ev, now);
}

/* Asks the first question that has no answer yet. */
static bool ask_next(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->n_answers; i++) {
		if (ev->answers[i].answered)
			continue;
		prom_query_start(&ev->query, ev->core->prom, ev->answers[i].expr, ev->slot,
				 &ev->template_vector, on_template_answer);
		return true;
	}
	return false;
}

/* Templates that query: all of them are tried first, so that no state is touched before every
 * answer is there. True if one is missing and has been asked. */
static bool must_ask(struct evaluation *ev)
{
	struct rule_run *rr = rule_run(ev);
	struct element e;

	if (!((rr->label_needs | rr->text_needs) & EXPAND_QUERY))
		return false;
	for (size_t i = 0; i < ev->vector->n; i++)
		element_expand(ev, i, true, &e);
	return ask_next(ev);
}

static void rule_expand(struct evaluation *ev, struct now now)
{
	struct rule_run *rr = rule_run(ev);

	if (must_ask(ev))
		return;

	struct element *e = ARENA_ARRAY(&ev->arena, struct element, ev->vector->n);

	states_begin(&rr->states);
	for (size_t i = 0; i < ev->vector->n; i++) {
		enum element_end end = element_expand(ev, i, false, &e[i]);

		CHECK(end != ELEMENT_WAIT);
		if (end == ELEMENT_TWICE) {
			states_abort(&rr->states);
			step_failed(ev, now,
				    "vector contains metrics with the same labelset after applying "
				    "alert labels");
			return;
		}
	}
	alerting_step(ev, now, e);
}

/* ---- recording rules ---------------------------------------------------------------------------
 */

static void recording_step(struct evaluation *ev, struct now now)
{
	struct rule_run *rr = rule_run(ev);
	const struct rule *r = rr->rule;
	struct map twice;
	char why[128];

	map_init(&twice);
	for (size_t i = 0; i < ev->vector->n; i++) {
		struct sample *s = &ev->vector->v[i];

		s->labels = element_recorded(&ev->maker, r, s->labels);
		if (map_put(&twice, labels_bytes(s->labels), s)) {
			map_done(&twice);
			rule_failed(ev, now,
				    "vector contains metrics with the same labelset after applying "
				    "rule labels");
			return;
		}
	}
	map_done(&twice);
	if (ev->group->def->limit > 0 && ev->vector->n > (size_t)ev->group->def->limit) {
		snprintf(why, sizeof(why), "exceeded limit of %lld with %zu series",
			 (long long)ev->group->def->limit, ev->vector->n);
		rule_failed(ev, now, why);
		return;
	}
	rr->evaluated = true;
	rule_out(ev, now);
}

/* ---- asking ------------------------------------------------------------------------------------
 */

/* One query may take too long while others are answered: that is the fault of its rule. Nobody is
 * there when nothing was answered since it was asked, nor the question before it. */
static void no_answer(struct evaluation *ev, struct now now, const struct question *q)
{
	ev->missed = true;
	if (prom_answered_since(ev->core->prom, q->asked_at))
		ev->seen = true;
	else if (q->end == PROM_UNREACHABLE)
		ev->unanswered++;
	if (ev->unanswered > 1)
		unreachable(ev, now, q->err.msg);
	else
		rule_failed(ev, now, q->err.msg);
}

/* The rule at work has its answer. */
static void take_answer(struct evaluation *ev, struct now now, struct question *q)
{
	ev->vector = &q->vector;
	ev->rule_started = q->asked_at;
	if (q->end == PROM_ANSWER || q->end == PROM_REFUSED) {
		ev->seen = true;
		ev->unanswered = 0;
	}
	switch (q->end) {
	case PROM_ANSWER:
		sight_answered(ev->core, now);
		if (rule_run(ev)->rule->alerting)
			rule_expand(ev, now);
		else
			recording_step(ev, now);
		return;
	case PROM_REFUSED: rule_failed(ev, now, q->err.msg); return;
	case PROM_TOO_SLOW:
	case PROM_UNREACHABLE: no_answer(ev, now, q); return;
	}
}

static void on_answer(struct prom_query *query, struct now now, enum prom_end end,
		      const struct err *err)
{
	struct question *q = CONTAINER(query, struct question, query);
	struct evaluation *ev = q->ev;

	q->state = QUESTION_ANSWERED;
	q->end = end;
	if (end != PROM_ANSWER)
		q->err = *err;
	if (q == &ev->questions[ev->n_taken % ASK_AHEAD])
		take_answer(ev, now, q);
}

/* A recording rule has nowhere to go without remote_write: the Prometheus beside records it. */
static bool is_evaluated(const struct evaluation *ev, const struct rule *r)
{
	return r->alerting || ev->config->prometheus.remote_write;
}

/* The rule that is evaluated at or after `at`. */
static size_t evaluated(const struct evaluation *ev, size_t at)
{
	const struct rule_group *def = ev->group->def;

	while (at < def->n && !is_evaluated(ev, &def->rules[at]))
		at++;
	return at;
}

static void ask(struct evaluation *ev, struct now now)
{
	const struct rule_group *def = ev->group->def;
	size_t most = ev->n_taken + (ev->config->prometheus.remote_write ? 1 : ASK_AHEAD);

	while (ev->n_asked < most && (ev->ask_at = evaluated(ev, ev->ask_at)) < def->n) {
		struct question *q = &ev->questions[ev->n_asked++ % ASK_AHEAD];

		CHECK(q->state == QUESTION_IDLE);
		q->state = QUESTION_ASKED;
		q->asked_at = now.mono;
		prom_query_start(&q->query, ev->core->prom, def->rules[ev->ask_at++].query,
				 ev->query_at, &q->vector, on_answer);
	}
}

static void rule_begin(struct evaluation *ev, struct now now)
{
	struct question *q = &ev->questions[ev->n_taken % ASK_AHEAD];

	ev->at = evaluated(ev, ev->at);
	if (ev->at == ev->group->def->n) {
		finish(ev, now, ev->seen || !ev->missed);
		return;
	}
	ask(ev, now);
	if (q->state == QUESTION_ANSWERED)
		take_answer(ev, now, q);
}
