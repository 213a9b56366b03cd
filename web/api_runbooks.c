/* Runbooks as JSON: all with their use, one, and the one of an incident with its ticks. */
#include "web/api_runbooks.h"

#include "evaluator/core.h"
#include "evaluator/live.h"
#include "notify/notify.h"
#include "web/answer.h"
#include "web/json_body.h"
#include "web/runbook.h"

#define BASE "/api/rouse/v1/runbooks/"

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

static struct str kind_name(enum runbook_step_kind k)
{
	return k == RUNBOOK_QUERY     ? STR("query")
	       : k == RUNBOOK_COMMAND ? STR("command")
				      : STR("text");
}

static void put_step(struct buf *b, const struct runbook_step *s)
{
	answer_put_str(b, "{\"id\":", s->id);
	answer_put_str(b, ",\"text\":", s->words);
	answer_put_str(b, ",\"kind\":", kind_name(s->kind));
	if (s->kind == RUNBOOK_QUERY)
		answer_put_str(b, ",\"query\":", s->code);
	if (s->kind != RUNBOOK_COMMAND)
		return;
	answer_put_str(b, ",\"command\":", s->code);
	answer_put_str(b, ",\"cannotRun\":", s->why_not);
}

/* ---- of an incident ------------------------------------------------------------------------ */
static void put_value(struct exchange *x, const struct runbook_step *s)
{
	struct live_value v;

	core_live(x->core, x->now, s->code, &v);
	answer_put_bool(&x->body, ",\"value\":{\"asking\":", v.asking);
	answer_put_time_or_null(&x->body, ",\"at\":", v.at);
	answer_put_str(&x->body, ",\"text\":", v.text);
	answer_put_str(&x->body, ",\"error\":", v.error);
	buf_addc(&x->body, '}');
}

static void put_run(struct exchange *x, const struct incident *i, const struct runbook_step *s,
		    const struct step_name *name, const struct step_state *st)
{
	struct buf *b = &x->body;

	answer_put_bool(b, ",\"running\":", core_step_runs(x->core, i->id, s->id));
	if (!st->run)
		return;
	answer_put_time(b, ",\"run\":{\"at\":", st->run->at);
	answer_put_str(b, ",\"by\":", str_of(st->run->who));
	if (st->ran) {
		struct str result = incident_step_result(st->ran, name);
		ptrdiff_t end = str_find_char(result, '\n');

		answer_put_time(b, ",\"endedAt\":", st->ran->at);
		answer_put_str(b,
			       ",\"result\":", end < 0 ? result : str_cut(result, 0, (size_t)end));
		answer_put_str(b, ",\"output\":",
			       end < 0 ? STR("") : str_from(result, (size_t)end + 1));
	}
	buf_addc(b, '}');
}

static void put_state(struct exchange *x, const struct incident *i, const struct runbook *r,
		      const struct runbook_step *s)
{
	struct step_name name = step_name_of(r, s);
	struct buf *b = &x->body;
	struct step_state st;

	incident_step(i, r->name, s->id, &st);
	put_step(b, s);
	answer_put_str(b, ",\"state\":", str_of(tick_name(st.tick)));
	if (st.by) {
		answer_put_str(b, ",\"by\":", str_of(st.by->who));
		answer_put_time(b, ",\"at\":", st.by->at);
	}
	if (s->kind == RUNBOOK_QUERY)
		put_value(x, s);
	if (s->kind == RUNBOOK_COMMAND)
		put_run(x, i, s, &name, &st);
	buf_addc(b, '}');
}

/* The stages; with an incident (NULL: none) what became of the steps. */
static void put_stages(struct exchange *x, const struct runbook *r, const struct incident *i)
{
	struct buf *b = &x->body;

	answer_put_str(b, "{\"name\":", r->name);
	answer_put_str(b, ",\"title\":", r->title);
	answer_put_str(b, ",\"file\":", r->file);
	buf_adds(b, ",\"stages\":[");
	for (int s = 0; s < RUNBOOK_STAGES; s++) {
		const struct runbook_stage *st = &r->stages[s];

		answer_put_str(b, s ? ",{\"stage\":" : "{\"stage\":",
			       str_of(runbook_stage_name((enum runbook_stage_name)s)));
		buf_adds(b, ",\"steps\":[");
		for (size_t k = 0; k < st->n; k++) {
			if (k)
				buf_addc(b, ',');
			if (i) {
				put_state(x, i, r, &st->steps[k]);
			} else {
				put_step(b, &st->steps[k]);
				buf_addc(b, '}');
			}
		}
		buf_adds(b, "]}");
	}
	buf_addc(b, ']');
}

static void answer_runbook(struct exchange *x, uint64_t id)
{
	const struct incident *i = oncall_incident(oncall_of(x), id);
	const struct runbook *r = i ? runbook_of(x, i) : NULL;

	if (!r) {
		answer_json_error(x, API_NOT_FOUND,
				  i ? STR("there is no runbook for this incident")
				    : STR("there is no incident of that number"));
		return;
	}
	answer_json_begin(x);
	put_stages(x, r, i);
	answer_put_uint(&x->body, ",\"incident\":", id);
	answer_put_bool(&x->body, ",\"mayRun\":", core_may_run(x->core));
	buf_addc(&x->body, '}');
	answer_json_end(x);
}

static void do_step(struct exchange *x, uint64_t id)
{
	struct am_value root;
	struct str why;
	int status;

	if (!json_body_read(x, &root))
		return;

	struct step_verb v = {.step = json_body_text(&root, "step"),
			      .state = json_body_text(&root, "state"),
			      .by = json_body_text(&root, "by"),
			      .means = json_body_text(&root, "means"),
			      .confirmed = json_body_flag(&root, "confirm", false)};

	v.means = v.means.n ? str_cut(v.means, 0, MIN(v.means.n, (size_t)40)) : STR("API");
	if (runbook_do(x, id, &v, &status, &why)) {
		answer_runbook(x, id);
	} else {
		answer_json_error(x, status == 404 ? API_NOT_FOUND : API_BAD_DATA, why);
		x->out->status = status;
	}
	x->out->after_turn = core_turn(x->core);
}

void api_incident_runbook(struct exchange *x, uint64_t id)
{
	if (str_is(x->req->method, "POST"))
		do_step(x, id);
	else
		answer_runbook(x, id);
}

/* ---- all of them --------------------------------------------------------------------------- */
static void put_skipped(struct buf *b, const struct runbook_use *u)
{
	size_t n = 0;

	buf_adds(b, ",\"alwaysSkipped\":[");
	for (size_t k = 0; k < u->runbook->n_steps; k++) {
		const struct step_use *s = &u->steps[k];

		if (!step_use_always_skipped(s))
			continue;
		answer_put_str(b, n++ ? ",{\"id\":" : "{\"id\":", s->step->id);
		answer_put_str(b, ",\"text\":", s->step->words);
		answer_put_uint(b, ",\"skipped\":", s->skipped);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

void api_rouse_runbooks(struct exchange *x)
{
	const struct runbooks *all = runbooks_of(x);
	ms_t since = x->now.wall - RUNBOOK_USE_SPAN;
	struct runbook_use *uses = runbook_uses(oncall_of(x), all, since, x->arena);
	struct buf *b = &x->body;

	answer_json_begin(x);
	answer_put_time(b, "{\"since\":", since);
	buf_adds(b, ",\"runbooks\":[");
	for (size_t i = 0; all && i < all->n; i++) {
		const struct runbook_use *u = &uses[i];

		answer_put_str(b, i ? ",{\"name\":" : "{\"name\":", u->runbook->name);
		answer_put_str(b, ",\"title\":", u->runbook->title);
		answer_put_uint(b, ",\"steps\":", u->runbook->n_steps);
		answer_put_uint(b, ",\"matched\":", u->matched);
		answer_put_uint(b, ",\"opened\":", u->opened);
		answer_put_time_or_null(b, ",\"lastOpened\":", u->last_opened);
		answer_put_bool(b, ",\"neverOpened\":", runbook_use_never_opened(u));
		put_skipped(b, u);
		buf_addc(b, '}');
	}
	buf_adds(b, "]}");
	answer_json_end(x);
}

void api_rouse_runbook(struct exchange *x)
{
	const struct runbook *r = runbooks_get(runbooks_of(x), str_from(x->path, strlen(BASE)));

	if (!r) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no runbook of that name"));
		return;
	}
	answer_json_begin(x);
	put_stages(x, r, NULL);
	buf_addc(&x->body, '}');
	answer_json_end(x);
}
