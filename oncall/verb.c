/* What people do with incidents. What it leads to is escalate.c's. */
#include <stdio.h>

#include "base/time.h"
#include "oncall/inner.h"

#define TEXT_MAX 2000	 /* of a note */
#define SEVERITY_MAX 100 /* bytes */

static ms_t lease_end(const struct incident *i, ms_t wall)
{
	const struct oncall_config *c = i->oncall->config;
	const struct policy *p = c ? oncall_policy(c, str_of(i->policy)) : NULL;

	return p && p->ack_lease > 0 ? wall + p->ack_lease : MS_NONE;
}

/* The incident, if something can still be done with it. */
static enum oncall_result look_up(struct oncall *oc, uint64_t id, struct incident **out)
{
	*out = incident_find(oc, id);
	if (!*out)
		return ONCALL_UNKNOWN;
	if ((*out)->status == INCIDENT_MERGED)
		*out = incident_find(oc, (*out)->merged_into);
	CHECK(*out);
	return (*out)->status == INCIDENT_RESOLVED ? ONCALL_RESOLVED : ONCALL_DONE;
}

/* It is theirs; nothing more is planned. */
static void take_over(struct incident *i, struct now now, struct str who)
{
	i->status = INCIDENT_ACKNOWLEDGED;
	i->acked_at = now.wall;
	i->lease_at = lease_end(i, now.wall);
	i->reminded = false;
	incident_set(&i->acked_by, who);
	escalate_halt(i);
}

enum oncall_result oncall_ack(struct oncall *oc, struct now now, uint64_t id, struct actor by)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);
	bool again;

	if (r != ONCALL_DONE)
		return r;
	again = i->status == INCIDENT_ACKNOWLEDGED;
	if (again && !str_eq(str_of(i->acked_by), by.who)) {
		incident_say(i, now.wall, "joined", by.who, "is also on it (%.*s)",
			     STR_ARG(by.means));
		incident_settle(i, now);
		return ONCALL_ALREADY;
	}
	take_over(i, now, by.who);
	incident_say(i, now.wall, "acknowledged", by.who, "%sby %.*s", again ? "again, " : "",
		     STR_ARG(by.means));
	oc->env.withdraw(oc->env.arg, now, i, STR("acknowledged"));
	if (!again)
		oc->env.update(oc->env.arg, now, i);
	incident_settle(i, now);
	drill_acknowledged(i, now, by.who);
	return ONCALL_DONE;
}

enum oncall_result oncall_unack(struct oncall *oc, struct now now, uint64_t id, struct actor by)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);

	if (r != ONCALL_DONE)
		return r;
	if (i->status != INCIDENT_ACKNOWLEDGED)
		return ONCALL_ALREADY;
	i->status = INCIDENT_TRIGGERED;
	i->lease_at = i->acked_at = MS_NONE;
	incident_set(&i->acked_by, STR(""));
	incident_say(i, now.wall, "unacknowledged", by.who, "by %.*s", STR_ARG(by.means));
	incident_begin(i, now);
	oc->env.update(oc->env.arg, now, i);
	return ONCALL_DONE;
}

enum oncall_result oncall_escalate(struct oncall *oc, struct now now, uint64_t id, struct actor by,
				   int64_t seen)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);

	if (r != ONCALL_DONE)
		return r;
	if (seen >= 0 && (uint64_t)seen != i->step)
		return ONCALL_ALREADY;
	incident_say(i, now.wall, "escalated", by.who, "by %.*s", STR_ARG(by.means));
	i->status = INCIDENT_TRIGGERED;
	i->lease_at = i->snoozed_until = MS_NONE;
	i->next_at = now.wall;
	escalate_run(i, now);
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_page_person(struct oncall *oc, struct now now, uint64_t id,
				      struct str person, struct actor by)
{
	const struct person *p = oc->config ? oncall_person(oc->config, person) : NULL;
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);
	char why[300];

	if (r != ONCALL_DONE || !p)
		return r != ONCALL_DONE ? r : ONCALL_UNKNOWN;
	snprintf(why, sizeof(why), "called by %.*s", (int)MIN(by.who.n, (size_t)200), by.who.p);
	incident_say(i, now.wall, "called", by.who, "%.*s, by %.*s", STR_ARG(person),
		     STR_ARG(by.means));
	escalate_reach(i, now, p, false, str_of(why));
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_snooze(struct oncall *oc, struct now now, uint64_t id, ms_t until,
				 struct actor by)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);
	struct buf b;

	if (r != ONCALL_DONE)
		return r;
	if (until <= now.wall)
		return ONCALL_ALREADY;
	i->status = INCIDENT_TRIGGERED;
	i->lease_at = MS_NONE;
	escalate_halt(i);
	i->snoozed_until = until;
	buf_init(&b, 100);
	time_put_rfc3339(&b, until);
	incident_say(i, now.wall, "snoozed", by.who, "until %s, by %.*s", buf_cstr(&b),
		     STR_ARG(by.means));
	buf_done(&b);
	oc->env.withdraw(oc->env.arg, now, i, STR("snoozed"));
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_note(struct oncall *oc, struct now now, uint64_t id, struct str text,
			       struct actor by)
{
	struct incident *i = incident_find(oc, id);

	if (!i)
		return ONCALL_UNKNOWN;
	incident_write(i, now.wall, "note", by.who, str_cut(text, 0, MIN(text.n, TEXT_MAX)));
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_resolve(struct oncall *oc, struct now now, uint64_t id, struct actor by)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);
	char why[120];

	if (r != ONCALL_DONE)
		return r;
	snprintf(why, sizeof(why), "closed by hand (%.*s)", (int)MIN(by.means.n, (size_t)80),
		 by.means.p);
	incident_resolve(i, now, by.who, str_of(why));
	return ONCALL_DONE;
}

enum oncall_result oncall_severity(struct oncall *oc, struct now now, uint64_t id,
				   struct str severity, struct actor by)
{
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);

	if (r != ONCALL_DONE)
		return r;
	severity = str_cut(severity, 0, MIN(severity.n, (size_t)SEVERITY_MAX));
	incident_say(i, now.wall, "severity", by.who, "%s is now %.*s, by %.*s",
		     *i->severity ? i->severity : "none", STR_ARG(severity), STR_ARG(by.means));
	incident_set(&i->severity, severity);
	i->severity_set = true;
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_assign(struct oncall *oc, struct now now, uint64_t id, struct str person,
				 struct actor by)
{
	const struct person *p = oc->config ? oncall_person(oc->config, person) : NULL;
	struct incident *i;
	enum oncall_result r = look_up(oc, id, &i);
	char why[300];

	if (r != ONCALL_DONE || !p)
		return r != ONCALL_DONE ? r : ONCALL_UNKNOWN;
	take_over(i, now, p->name);
	incident_say(i, now.wall, "assigned", by.who, "to %.*s, by %.*s", STR_ARG(p->name),
		     STR_ARG(by.means));
	oc->env.withdraw(oc->env.arg, now, i, STR("assigned"));
	oc->env.update(oc->env.arg, now, i);
	/* Who gives it to somebody else has to be sure that they know. */
	snprintf(why, sizeof(why), "assigned to you by %.*s", (int)MIN(by.who.n, (size_t)200),
		 by.who.p);
	if (!str_eq(p->name, by.who))
		escalate_reach(i, now, p, false, str_of(why));
	incident_settle(i, now);
	return ONCALL_DONE;
}

enum oncall_result oncall_tell(struct oncall *oc, struct now now, uint64_t id, struct str text,
			       struct actor by)
{
	struct incident *i = incident_find(oc, id);
	const struct policy *p =
		i && oc->config ? oncall_policy(oc->config, str_of(i->policy)) : NULL;

	if (!i || !p || !p->updates.n)
		return ONCALL_UNKNOWN;
	text = str_cut(text, 0, MIN(text.n, (size_t)TEXT_MAX));
	incident_say(i, now.wall, "told", by.who, "%.*s: %.*s", STR_ARG(p->updates), STR_ARG(text));
	oc->env.tell(oc->env.arg, now, i, p->updates, text);
	incident_settle(i, now);
	return ONCALL_DONE;
}
