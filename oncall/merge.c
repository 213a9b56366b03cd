/*
 * Incidents that are one: the part escalates no more and is acknowledged with the whole; the whole
 * is over when its own alerts and those of all parts are.
 */
#include "oncall/inner.h"

enum oncall_result oncall_merge(struct oncall *oc, struct now now, uint64_t id, uint64_t into,
				struct actor by)
{
	struct incident *part = incident_find(oc, id), *whole = incident_find(oc, into);

	if (!part || !whole)
		return ONCALL_UNKNOWN;
	if (part->status == INCIDENT_RESOLVED || whole->status == INCIDENT_RESOLVED)
		return ONCALL_RESOLVED;
	if (part == whole || part->status == INCIDENT_MERGED || whole->status == INCIDENT_MERGED)
		return ONCALL_ALREADY;
	/* What was merged into the part goes on with it. */
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *i = oc->incidents[k];

		if (i->status != INCIDENT_MERGED || i->merged_into != id)
			continue;
		i->merged_into = into;
		incident_settle(i, now);
	}
	part->status = INCIDENT_MERGED;
	part->merged_into = into;
	part->snoozed_until = part->lease_at = MS_NONE;
	escalate_halt(part);
	incident_say(part, now.wall, "merged", by.who, "into #%llu, by %.*s",
		     (unsigned long long)into, STR_ARG(by.means));
	incident_say(whole, now.wall, "merged", by.who, "#%llu %s belongs to it, by %.*s",
		     (unsigned long long)id, part->title, STR_ARG(by.means));
	oc->env.withdraw(oc->env.arg, now, part, STR("merged"));
	oc->env.update(oc->env.arg, now, part);
	incident_settle(part, now);
	incident_settle(whole, now);
	return ONCALL_DONE;
}

/* Parts of it whose alerts still fire. */
static size_t open_parts(const struct incident *whole)
{
	const struct oncall *oc = whole->oncall;
	size_t n = 0;

	for (size_t k = 0; k < oc->n; k++)
		n += oc->incidents[k]->status == INCIDENT_MERGED &&
		     oc->incidents[k]->merged_into == whole->id;
	return n;
}

bool merge_part_over(struct incident *i, struct now now)
{
	size_t parts = i->status == INCIDENT_MERGED ? 0 : open_parts(i);

	if (!parts)
		return false;
	if (!i->part_over)
		incident_say(i, now.wall, "changed", STR(""),
			     "its own alerts are over, those of %zu part%s are not", parts,
			     parts == 1 ? "" : "s");
	i->part_over = true;
	incident_settle(i, now);
	return true;
}

static void part_resolved(struct incident *part, struct now now)
{
	struct incident *whole = incident_find(part->oncall, part->merged_into);

	if (!whole || whole->status == INCIDENT_RESOLVED)
		return;
	incident_say(whole, now.wall, "changed", STR(""), "#%llu is over",
		     (unsigned long long)part->id);
	if (whole->part_over && !open_parts(whole))
		incident_resolve(whole, now, STR(""), STR("all alerts are over"));
	else
		incident_settle(whole, now);
}

void merge_resolved(struct incident *i, struct now now, struct str who)
{
	struct oncall *oc = i->oncall;

	if (i->merged_into) {
		part_resolved(i, now);
		return;
	}
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *part = oc->incidents[k];

		if (part->status == INCIDENT_MERGED && part->merged_into == i->id)
			incident_resolve(part, now, who, STR("with the incident it belongs to"));
	}
}
