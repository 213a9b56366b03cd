/*
 * What people do in stories: they acknowledge, escalate, change the plan. The words call the same
 * functions as the pages and the API; the story goes on when the change is on disk.
 */
#include "tests/sim/incident_words.h"

#include <stdlib.h>

#include "base/num.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/live.h"
#include "notify/notify.h"
#include "oncall/incident.h"
#include "tests/sim/receivers.h"
#include "tests/sim/scenario.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static struct oncall *oncall_of(struct sim *s)
{
	return notify_oncall(core_notify(s->core));
}

static bool number(struct str s, uint64_t *id)
{
	return num_uint(str_starts(s, "#") ? str_from(s, 1) : s, 10, id) == NUM_OK;
}

static const struct runbook_step *step_of(const struct runbook *r, struct str words)
{
	for (size_t k = 0; k < RUNBOOK_STAGES; k++) {
		for (size_t i = 0; i < r->stages[k].n; i++) {
			const struct runbook_step *s = &r->stages[k].steps[i];

			if (str_eq(str_cut(s->words, 0, words.n), words))
				return s;
		}
	}
	return NULL;
}

/* "done Look at the graph" */
static enum oncall_result tick(struct sim *s, uint64_t id, struct str args, struct actor by)
{
	struct str state = scenario_word(&args);
	const struct incident *i = oncall_incident(oncall_of(s), id);
	const struct runbook *r =
		i ? runbooks_get(core_config(s->core)->notify->runbooks, str_of(i->runbook)) : NULL;
	const struct runbook_step *step = r ? step_of(r, args) : NULL;
	struct step_name name;

	if (!step)
		return ONCALL_UNKNOWN;
	name = step_name_of(r, step);
	if (str_is(state, "run"))
		return core_run_step(s->core, s->now, id, r, step, by) == RUN_BEGUN
			       ? ONCALL_DONE
			       : ONCALL_UNKNOWN;
	return oncall_tick(oncall_of(s), s->now, id, &name,
			   str_is(state, "done")      ? TICK_DONE
			   : str_is(state, "skipped") ? TICK_SKIPPED
						      : TICK_OPEN,
			   by);
}

static enum oncall_result act(struct sim *s, struct str verb, uint64_t id, struct str args)
{
	struct oncall *oc = oncall_of(s);
	struct actor by = {.who = scenario_word(&args), .means = STR("story")};
	struct err err;
	uint64_t other;
	ms_t span;

	if (str_is(verb, "ack"))
		return oncall_ack(oc, s->now, id, by);
	if (str_is(verb, "unack"))
		return oncall_unack(oc, s->now, id, by);
	if (str_is(verb, "escalate"))
		return oncall_escalate(oc, s->now, id, by, -1);
	if (str_is(verb, "close"))
		return oncall_resolve(oc, s->now, id, by);
	if (str_is(verb, "merge"))
		return number(scenario_word(&args), &other)
			       ? oncall_merge(oc, s->now, id, other, by)
			       : ONCALL_UNKNOWN;
	if (str_is(verb, "assign"))
		return oncall_assign(oc, s->now, id, scenario_word(&args), by);
	if (str_is(verb, "severity"))
		return oncall_severity(oc, s->now, id, args, by);
	if (str_is(verb, "tell"))
		return oncall_tell(oc, s->now, id, args, by);
	if (str_is(verb, "tick"))
		return tick(s, id, args, by);
	if (str_is(verb, "note"))
		return oncall_note(oc, s->now, id, args, by);
	if (str_is(verb, "call"))
		return oncall_page_person(oc, s->now, id, scenario_word(&args), by);
	if (str_is(verb, "snooze") && num_duration(scenario_word(&args), &span, &err))
		return oncall_snooze(oc, s->now, id, s->now.wall + span, by);
	return ONCALL_UNKNOWN;
}

bool incident_words_do(struct sim *s, struct str verb, struct str args, const char **why)
{
	static const char *const refusals[] = {[ONCALL_DONE] = "",
					       [ONCALL_UNKNOWN] = "there is no such thing",
					       [ONCALL_RESOLVED] = "it is over",
					       [ONCALL_ALREADY] = "it is so already"};
	enum oncall_result r;
	uint64_t id;

	if (!number(scenario_word(&args), &id)) {
		*why = "which incident?";
		return false;
	}
	r = act(s, verb, id, args);
	*why = refusals[r];
	sim_elapse(s, SECOND);
	return r == ONCALL_DONE;
}

bool incident_words_press(struct sim *s, struct str args)
{
	struct str verb = scenario_word(&args), id = scenario_word(&args);
	struct str user = scenario_word(&args), step = scenario_word(&args);
	char data[100];

	snprintf(data, sizeof(data), "%.*s:%.*s:%.*s", STR_ARG(verb), STR_ARG(id),
		 STR_ARG(step.n ? step : STR("-1")));
	if (!user.n)
		return false;
	receivers_press(world_receivers(s->world), str_of(data), user);
	return true;
}

bool incident_words_override(struct sim *s, struct str args, struct err *err)
{
	struct override o = {.schedule = scenario_word(&args),
			     .from = s->now.wall,
			     .by = STR("story")};
	uint64_t id;
	ms_t span;

	o.remove = scenario_word(&args);
	o.add = scenario_word(&args);
	if (str_is(o.remove, "-"))
		o.remove = STR("");
	if (str_is(o.add, "-"))
		o.add = STR("");
	if (!num_duration(scenario_word(&args), &span, err))
		return false;
	o.to = o.from + span;
	if (!oncall_override_put(oncall_of(s), s->now, &o, STR("story"), &id, err))
		return false;
	sim_elapse(s, SECOND);
	return true;
}

bool incident_words_expect(struct sim *s, struct str args, struct err *err)
{
	uint64_t id;
	const struct incident *i =
		number(scenario_word(&args), &id) ? oncall_incident(oncall_of(s), id) : NULL;
	struct str status = scenario_word(&args);

	if (!i)
		return str_is(status, "none") || err_set(err, -1, "there is no such incident");
	if (!str_is(status, incident_status_name(i->status)))
		return err_set(err, -1, "it is %s", incident_status_name(i->status));
	if (!args.n)
		return true;
	for (size_t k = 0; k < i->n_events; k++) {
		char line[1200];

		snprintf(line, sizeof(line), "%s %s %s", i->events[k].kind, i->events[k].who,
			 i->events[k].text);
		if (str_find(str_of(line), args) >= 0)
			return true;
	}
	return err_set(err, -1, "its timeline does not say so; last: %s %s",
		       i->events[i->n_events - 1].kind, i->events[i->n_events - 1].text);
}
