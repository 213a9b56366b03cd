/* Verbs of incidents; see incident.h. */
#include "web/incident.h"

#include "base/num.h"
#include "evaluator/core.h"
#include "notify/notify.h"

#define NAME_MAX_BYTES 100
#define SNOOZE_MAX (30 * DAY)

struct str incident_actor(const struct exchange *x, struct str by)
{
	struct str who = x->user.n ? x->user : str_trim(by);

	return who.n ? str_cut(who, 0, MIN(who.n, (size_t)NAME_MAX_BYTES)) : STR("somebody");
}

static bool refuse(int *status, struct str *why, int code, struct str text)
{
	*status = code;
	*why = text;
	return false;
}

static bool told(struct exchange *x, uint64_t id, enum oncall_result r, int *status,
		 struct str *why)
{
	const struct incident *i = oncall_incident(notify_oncall(core_notify(x->core)), id);

	*status = 200;
	switch (r) {
	case ONCALL_DONE: return true;
	case ONCALL_UNKNOWN:
		return refuse(status, why, 404,
			      i ? STR("there is nobody of that name")
				: STR("there is no incident of that number"));
	case ONCALL_RESOLVED: return refuse(status, why, 409, STR("the incident is over"));
	case ONCALL_ALREADY: break;
	}
	if (i && i->status == INCIDENT_ACKNOWLEDGED)
		return refuse(status, why, 409,
			      arena_printf(x->arena, "%s has acknowledged it already",
					   i->acked_by));
	return refuse(status, why, 409, STR("it has gone on since: look again"));
}

static bool snooze(struct exchange *x, uint64_t id, const struct incident_verb *v, struct actor by,
		   enum oncall_result *r)
{
	struct err err;
	ms_t span;

	if (!num_duration(v->span, &span, &err) || span <= 0 || span > SNOOZE_MAX)
		return false;
	*r = oncall_snooze(notify_oncall(core_notify(x->core)), x->now, id, x->now.wall + span, by);
	return true;
}

bool incident_do(struct exchange *x, uint64_t id, const struct incident_verb *v, int *status,
		 struct str *why)
{
	struct oncall *oc = notify_oncall(core_notify(x->core));
	struct actor by = {.who = incident_actor(x, v->by), .means = v->means};
	enum oncall_result r;
	int64_t seen = -1;

	if (v->seen.n && (num_int(v->seen, 10, &seen) != NUM_OK || seen < 0))
		return refuse(status, why, 400, STR("seen must be the number of a step"));
	if (str_is(v->name, "ack"))
		r = oncall_ack(oc, x->now, id, by);
	else if (str_is(v->name, "unack"))
		r = oncall_unack(oc, x->now, id, by);
	else if (str_is(v->name, "escalate"))
		r = oncall_escalate(oc, x->now, id, by, seen);
	else if (str_is(v->name, "resolve"))
		r = oncall_resolve(oc, x->now, id, by);
	else if (str_is(v->name, "page"))
		r = oncall_page_person(oc, x->now, id, v->person, by);
	else if (str_is(v->name, "note") && str_trim(v->text).n)
		r = oncall_note(oc, x->now, id, str_trim(v->text), by);
	else if (str_is(v->name, "note"))
		return refuse(status, why, 400, STR("a note needs a text"));
	else if (!str_is(v->name, "snooze"))
		return refuse(status, why, 404,
			      STR("ack, unack, escalate, resolve, note, snooze or page?"));
	else if (!snooze(x, id, v, by, &r))
		return refuse(status, why, 400,
			      STR("snooze needs a duration up to 30 days, like 30m"));
	return told(x, id, r, status, why);
}
