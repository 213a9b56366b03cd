/*
 * The runbook of an incident for people: its text as it stands in the file, and for each step who
 * did it when, the value of its query now, what its command said. The HTML of the file comes from
 * oncall/markdown.c and is harmless; all else is escaped here.
 */
#include "web/page_runbook.h"

#include "evaluator/core.h"
#include "evaluator/live.h"
#include "web/runbook.h"

static void put_button(struct page *p, const char *state, const struct runbook_step *s,
		       const char *label)
{
	html_put(p->b, "<button name=\"do\" value=\"$ $\">$</button>\n", str_of(state), s->id,
		 str_of(label));
}

static void put_value(struct page *p, const struct runbook_step *s)
{
	struct live_value v;

	core_live(p->x->core, p->x->now, s->code, &v);
	html_put(p->b, "<pre class=\"code\"><code>$</code></pre>\n<p class=\"value\">", s->code);
	if (v.at != MS_NONE) {
		html_put(p->b, "<b class=\"pre\">$</b> <small>", v.text);
		html_ago(p->b, v.at, p->now);
		buf_adds(p->b, "</small> ");
	} else if (v.asking) {
		buf_adds(p->b, "<small>Prometheus is being asked: look again in a moment</small> ");
	}
	if (v.error.n)
		html_put(p->b, "<span class=\"bad\">$</span> ", v.error);
	page_query_link(p, s->code);
	buf_adds(p->b, "</p>\n");
}

static void put_run_form(struct page *p, const struct runbook_step *s)
{
	html_put(p->b,
		 "<details data-key=\"run $\"><summary>Run this command</summary>\n"
		 "<p><label class=\"tick\"><input type=\"checkbox\" name=\"confirm\" value=\"$\"> "
		 "I have read it</label> ",
		 s->id, s->id);
	put_button(p, "run", s, "Run it now");
	buf_adds(p->b, "</p></details>\n");
}

static void put_command(struct page *p, const struct incident *i, const struct runbook_step *s,
			const struct step_name *name, const struct step_state *st)
{
	bool runs = core_step_runs(p->x->core, i->id, s->id);

	html_put(p->b, "<pre class=\"code\"><code>$</code></pre>\n", s->code);
	if (st->run) {
		html_put(p->b, "<p class=\"value\">run by <i>$</i> ", str_of(st->run->who));
		html_ago(p->b, st->run->at, p->now);
		if (!st->ran)
			buf_adds(p->b, runs ? ", it runs" : ", its end is not known");
		buf_adds(p->b, "</p>\n");
	}
	if (st->ran)
		html_put(p->b, "<pre class=\"code\">$</pre>\n",
			 incident_step_result(st->ran, name));
	if (runs)
		return;
	if (core_may_run(p->x->core) && s->n_argv)
		put_run_form(p, s);
	else if (s->why_not.n)
		html_put(p->b, "<p class=\"value\"><small>To be run by hand: $.</small></p>\n",
			 s->why_not);
}

static void put_state(struct page *p, const struct runbook_step *s, const struct step_state *st)
{
	buf_adds(p->b, "<p class=\"ticks\">");
	if (st->tick != TICK_OPEN) {
		html_put(p->b, "<span><b>$</b> by <i>$</i> ", str_of(tick_name(st->tick)),
			 str_of(st->by->who));
		html_time(p->b, st->by->at, p->now);
		buf_adds(p->b, "</span> ");
		put_button(p, "open", s, "Take it back");
	}
	if (st->tick != TICK_DONE)
		put_button(p, "done", s, "Done");
	if (st->tick == TICK_OPEN)
		put_button(p, "skipped", s, "Skip");
	buf_adds(p->b, "</p>\n");
}

static void put_step(struct page *p, const struct incident *i, const struct runbook *r,
		     const struct runbook_step *s)
{
	struct step_name name = step_name_of(r, s);
	struct step_state st;

	incident_step(i, r->name, s->id, &st);
	buf_add(p->b, s->before);
	html_put(p->b, "<section class=\"step $\" id=\"$\">\n", str_of(tick_name(st.tick)), s->id);
	buf_add(p->b, s->html);
	if (s->kind == RUNBOOK_QUERY)
		put_value(p, s);
	if (s->kind == RUNBOOK_COMMAND)
		put_command(p, i, s, &name, &st);
	put_state(p, s, &st);
	buf_adds(p->b, "</section>\n");
}

static size_t count_done(const struct incident *i, const struct runbook *r, int stage)
{
	size_t n = 0;

	for (size_t k = 0; k < r->stages[stage].n; k++) {
		struct step_state st;

		incident_step(i, r->name, r->stages[stage].steps[k].id, &st);
		n += st.tick != TICK_OPEN;
	}
	return n;
}

static void put_stage(struct page *p, const struct incident *i, const struct runbook *r, int stage)
{
	static const char *const names[] = {"Triage", "Diagnosis", "Mitigation", "Recovery"};
	const struct runbook_stage *st = &r->stages[stage];

	if (!st->n && !st->after.n)
		return;
	buf_printf(p->b, "<h3 class=\"stage\">%s <small>%zu of %zu</small></h3>\n", names[stage],
		   count_done(i, r, stage), st->n);
	for (size_t k = 0; k < st->n; k++)
		put_step(p, i, r, &st->steps[k]);
	buf_add(p->b, st->after);
}

void page_runbook_put(struct page *p, const struct incident *i)
{
	const struct runbook *r = runbook_of(p->x, i);

	if (!r) {
		if (*i->runbook)
			html_put(p->b, "<p>Its runbook, $, is not there any more.</p>\n",
				 str_of(i->runbook));
		return;
	}
	html_put(p->b,
		 "<h2>Runbook: $</h2>\n<form class=\"runbook\" method=\"post\" "
		 "action=\"incident\">\n"
		 "<input type=\"hidden\" name=\"id\" value=\"$\">"
		 "<input type=\"hidden\" name=\"verb\" value=\"step\">"
		 "<button name=\"do\" value=\"\" hidden>Keep the name</button>\n",
		 r->title, arena_printf(p->x->arena, "%llu", (unsigned long long)i->id));
	if (!p->x->user.n)
		html_put(p->b,
			 "<p><label><span>Your name</span> <input name=\"by\" required "
			 "maxlength=\"100\" autocomplete=\"username\" value=\"$\"></label></p>\n",
			 exchange_param(p->x, "by"));
	buf_adds(p->b, "<div id=\"runbook\" data-live>\n");
	buf_add(p->b, r->intro);
	for (int s = 0; s < RUNBOOK_STAGES; s++)
		put_stage(p, i, r, s);
	buf_add(p->b, r->rest);
	buf_adds(p->b, "</div>\n</form>\n");
}

struct str page_runbook_step(const struct exchange *x)
{
	struct str what = exchange_param(x, "do");
	ptrdiff_t blank = str_find_char(what, ' ');

	return blank < 0 ? STR("") : str_from(what, (size_t)blank + 1);
}

static bool confirmed(const struct exchange *x, struct str step)
{
	for (size_t i = 0; i < x->req->n_query; i++) {
		if (str_is(x->req->query[i].name, "confirm") &&
		    str_eq(x->req->query[i].value, step))
			return true;
	}
	return false;
}

bool page_runbook_do(struct exchange *x, uint64_t id, int *status, struct str *why)
{
	struct str what = exchange_param(x, "do"), step = page_runbook_step(x);
	struct step_verb v = {.step = step,
			      .state = str_cut(what, 0, what.n - MIN(what.n, step.n + 1)),
			      .by = exchange_param(x, "by"),
			      .means = STR("page"),
			      .confirmed = confirmed(x, step)};

	if (!what.n)
		return true; /* Enter: the name is kept */
	return runbook_do(x, id, &v, status, why);
}
