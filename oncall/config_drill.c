/* `oncall.drills`: what is tried by day so that it works at night. */
#include "base/time.h"
#include "base/yaml.h"
#include "oncall/config_inner.h"

/* A Monday: every day of week and month comes after it. */
#define ORIGIN ((ms_t)1577836800000 + 5 * DAY)

struct drill_draft {
	struct str policy, person, every, at, time_zone;
};

static const struct field DRILL_FIELDS[] = {
	FIELD(TEXT, struct drill_draft, policy),    FIELD(TEXT, struct drill_draft, person),
	FIELD(TEXT, struct drill_draft, every),	    FIELD(TEXT, struct drill_draft, at),
	FIELD(TEXT, struct drill_draft, time_zone),
};

static bool check_target(const struct oncall_reader *r, const struct yaml_node *at,
			 const struct drill_draft *d)
{
	if (!d->policy.n == !d->person.n)
		return fields_error(&r->fields, at, "a drill is of a policy or of a person");
	if (d->policy.n && !oncall_policy(r->config, d->policy))
		return oncall_unknown(r, at, "policy", d->policy);
	if (d->person.n && !oncall_person(r->config, d->person))
		return oncall_unknown(r, at, "person", d->person);
	return true;
}

bool oncall_read_drill(const struct oncall_reader *r, const struct yaml_pair *pair,
		       struct drill *out)
{
	static const int one[] = {1};
	struct drill_draft d = {.every = STR("weekly")};
	const struct yaml_node *n = pair->value;
	bool ok = oncall_read_name(r, pair->key, "drill");

	*out = (struct drill){.name = pair->key->value};
	ok &= FIELDS_READ(&r->fields, n, "a drill", DRILL_FIELDS, &d);
	if (n->kind != YAML_MAP)
		return ok;
	out->policy = d.policy;
	out->person = d.person;
	out->clock.lengths = one;
	out->clock.n_lengths = 1;
	ok &= check_target(r, pair->key, &d);
	ok &= oncall_read_zone(r, yaml_get(n, "time_zone"), d.time_zone, &out->tz);
	out->clock.tz = out->tz;
	if (!d.at.n)
		return fields_error(&r->fields, pair->key,
				    "a drill needs at: when, like \"Wed 10:00\"");
	return oncall_read_clock(r, n, &(struct oncall_clock){d.every, d.at, ORIGIN},
				 &out->clock) &&
	       ok;
}
