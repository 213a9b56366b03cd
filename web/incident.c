/* Verbs of incidents; see incident.h. */
#include "web/incident.h"

#include "base/num.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "web/answer.h"

#define NAME_MAX_BYTES 100
#define SNOOZE_MAX (30 * DAY)

struct str incident_actor(const struct exchange *x, struct str by)
{
	struct str who = x->user.n ? x->user : str_trim(by);

	return who.n ? str_cut(who, 0, MIN(who.n, (size_t)NAME_MAX_BYTES)) : STR("somebody");
}

static struct str snapshot_of(struct exchange *x, const struct report *r)
{
	struct labels_builder lb;
	struct labels labels, annotations;
	struct buf b;
	struct str s;

	labels_builder_init(&lb);
	labels_builder_set(&lb, STR(LABEL_ALERTNAME), r->title);
	labels_builder_set(&lb, STR("severity"), r->severity);
	labels = labels_builder_build(&lb, x->arena);
	labels_builder_done(&lb);
	labels_builder_init(&lb);
	labels_builder_set(&lb, STR("summary"), r->title);
	annotations = labels_builder_build(&lb, x->arena);
	labels_builder_done(&lb);
	buf_init(&b, BUF_MAX_ANY);
	notify_snapshot(core_notify(x->core), x->now, labels, annotations, &b);
	s = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

uint64_t incident_open(struct exchange *x, struct report *r, struct str by)
{
	r->snapshot = snapshot_of(x, r);
	return oncall_open(notify_oncall(core_notify(x->core)), x->now, r, by);
}

static bool refuse(int *status, struct str *why, int code, struct str text)
{
	*status = code;
	*why = text;
	return false;
}

/* The incident is there, what it is to be done with is not. */
static struct str unknown_of(const struct exchange *x, const struct incident *i, struct str verb)
{
	if (str_is(verb, "merge"))
		return STR("there is no incident of that number to merge it into");
	if (str_is(verb, "tell"))
		return arena_printf(x->arena, "policy %s has no updates: it names no receiver",
				    i->policy);
	return STR("there is nobody of that name");
}

static bool told(struct exchange *x, const struct incident *i, struct str verb,
		 enum oncall_result r, int *status, struct str *why)
{

	*status = 200;
	switch (r) {
	case ONCALL_DONE: return true;
	case ONCALL_UNKNOWN:
		return refuse(status, why, 404,
			      i ? unknown_of(x, i, verb)
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

/* "41" or "#41" in the text. */
static enum oncall_result merge(struct exchange *x, uint64_t id, const struct incident_verb *v,
				struct actor by)
{
	struct str s = str_trim(v->text);
	uint64_t into;

	if (str_starts(s, "#"))
		s = str_from(s, 1);
	if (num_uint(s, 10, &into) != NUM_OK)
		return ONCALL_UNKNOWN;
	return oncall_merge(notify_oncall(core_notify(x->core)), x->now, id, into, by);
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
	else if (str_is(v->name, "severity") && str_trim(v->text).n)
		r = oncall_severity(oc, x->now, id, str_trim(v->text), by);
	else if (str_is(v->name, "assign"))
		r = oncall_assign(oc, x->now, id, v->person, by);
	else if (str_is(v->name, "merge"))
		r = merge(x, id, v, by);
	else if (str_is(v->name, "tell") && str_trim(v->text).n)
		r = oncall_tell(oc, x->now, id, str_trim(v->text), by);
	else if (str_is(v->name, "severity") || str_is(v->name, "tell"))
		return refuse(status, why, 400, STR("that needs a text"));
	else if (str_is(v->name, "note"))
		return refuse(status, why, 400, STR("a note needs a text"));
	else if (!str_is(v->name, "snooze"))
		return refuse(status, why, 404,
			      STR("ack, unack, escalate, resolve, note, snooze, page, assign, "
				  "severity, merge or tell?"));
	else if (!snooze(x, id, v, by, &r))
		return refuse(status, why, 400,
			      STR("snooze needs a duration up to 30 days, like 30m"));
	return told(x, oncall_incident(oc, id), v->name, r, status, why);
}
