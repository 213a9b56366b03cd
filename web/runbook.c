/* Verbs of runbooks' steps; see runbook.h. */
#include "web/runbook.h"

#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/live.h"
#include "notify/notify.h"
#include "web/incident.h"

const struct runbooks *runbooks_of(const struct exchange *x)
{
	const struct config *c = core_config(x->core);

	return c && c->notify ? c->notify->runbooks : NULL;
}

const struct runbook *runbook_of(const struct exchange *x, const struct incident *i)
{
	return runbooks_get(runbooks_of(x), str_of(i->runbook));
}

static bool refuse(int *status, struct str *why, int code, struct str text)
{
	*status = code;
	*why = text;
	return false;
}

static bool run(struct exchange *x, uint64_t id, const struct runbook *r,
		const struct runbook_step *s, const struct step_verb *v, struct str *why)
{
	struct actor by = {.who = incident_actor(x, v->by), .means = v->means};

	if (!v->confirmed) {
		*why = STR("a command runs only with confirm: look at it first");
		return false;
	}
	switch (core_run_step(x->core, x->now, id, r, s, by)) {
	case RUN_BEGUN: return true;
	case RUN_OFF:
		*why = STR("commands are off: start rouse with --runbooks.allow-exec if they shall "
			   "run");
		break;
	case RUN_NO: *why = s->why_not.n ? s->why_not : STR("the step has no command"); break;
	case RUN_BUSY: *why = STR("it runs already, or too many others do"); break;
	case RUN_UNKNOWN: *why = STR("there is no such incident"); break;
	}
	return false;
}

static bool tick(struct exchange *x, uint64_t id, const struct step_name *name,
		 const struct step_verb *v, int *status, struct str *why)
{
	struct oncall *oc = notify_oncall(core_notify(x->core));
	struct actor by = {.who = incident_actor(x, v->by), .means = v->means};
	enum tick t = TICK_OPEN;

	while (!str_is(v->state, tick_name(t))) {
		if (t == TICK_SKIPPED)
			return refuse(status, why, 400,
				      STR("state must be done, skipped, open or run"));
		t++;
	}
	if (oncall_tick(oc, x->now, id, name, t, by) == ONCALL_ALREADY)
		return refuse(status, why, 409, STR("it is so already"));
	return true;
}

bool runbook_do(struct exchange *x, uint64_t id, const struct step_verb *v, int *status,
		struct str *why)
{
	const struct incident *i = oncall_incident(notify_oncall(core_notify(x->core)), id);
	const struct runbook *r = i ? runbook_of(x, i) : NULL;
	const struct runbook_step *s = r ? runbook_step(r, v->step) : NULL;
	struct step_name name;

	if (!i)
		return refuse(status, why, 404, STR("there is no incident of that number"));
	if (!r)
		return refuse(status, why, 404, STR("there is no runbook for this incident"));
	if (!s)
		return refuse(status, why, 404,
			      STR("the runbook has no such step (any more): look again"));
	name = step_name_of(r, s);
	if (!str_is(v->state, "run"))
		return tick(x, id, &name, v, status, why);
	*status = core_may_run(x->core) ? 409 : 403;
	return run(x, id, r, s, v, why);
}
