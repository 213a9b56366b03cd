/* Escalation policies of `oncall:`. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/yaml.h"
#include "oncall/config_inner.h"

#define STEPS_MAX 100
#define TARGETS_MAX 100
#define REPEAT_MAX 1000
#define WAIT_DEFAULT (5 * MINUTE)
#define LEASE_DEFAULT HOUR
#define REOPEN_DEFAULT (10 * MINUTE)

/* ---- targets ------------------------------------------------------------------------------- */
static bool read_target(const struct oncall_reader *r, const struct yaml_node *n,
			struct target *out)
{
	struct str s = n->kind == YAML_SCALAR ? n->value : STR("");

	*out = (struct target){0};
	if (str_starts(s, "person/")) {
		out->kind = TARGET_PERSON;
		out->name = str_from(s, strlen("person/"));
		out->person = oncall_person(r->config, out->name);
		return out->person || oncall_unknown(r, n, "person", out->name);
	}
	if (str_starts(s, "schedule/")) {
		out->kind = TARGET_SCHEDULE;
		out->name = str_from(s, strlen("schedule/"));
		out->schedule = oncall_schedule(r->config, out->name);
		return out->schedule || oncall_unknown(r, n, "schedule", out->name);
	}
	if (str_starts(s, "receiver/") && s.n > strlen("receiver/")) {
		out->kind = TARGET_RECEIVER;
		out->name = str_from(s, strlen("receiver/"));
		return true;
	}
	return fields_error(&r->fields, n,
			    "a page goes to schedule/NAME, person/NAME or receiver/NAME, found "
			    "\"%.*s\"",
			    STR_ARG(s));
}

static bool read_targets(const struct oncall_reader *r, const struct yaml_node *n,
			 struct target **out, size_t *count)
{
	bool ok = true;

	if (!n || n->kind == YAML_NULL)
		return true;
	if (n->kind == YAML_LIST && n->n > TARGETS_MAX)
		return fields_error(&r->fields, n, "more than %d targets", TARGETS_MAX);
	*out = ARENA_ARRAY(r->fields.arena, struct target, n->n + 1);
	if (n->kind != YAML_LIST) {
		*count = 1;
		return read_target(r, n, &(*out)[0]);
	}
	for (size_t i = 0; i < n->n; i++)
		ok &= read_target(r, n->items[i], &(*out)[(*count)++]);
	return ok;
}

/* ---- steps --------------------------------------------------------------------------------- */
struct step_draft {
	const struct yaml_node *page;
	ms_t after;
	bool round_robin;
};

static const struct field STEP_FIELDS[] = {
	FIELD(NODE, struct step_draft, page),
	FIELD(DURATION, struct step_draft, after),
	FIELD(BOOL, struct step_draft, round_robin),
};

static bool read_step(const struct oncall_reader *r, const struct yaml_node *n,
		      struct policy_step *out)
{
	struct step_draft d = {0};

	if (!FIELDS_READ(&r->fields, n, "a step", STEP_FIELDS, &d))
		return false;
	out->after = d.after;
	out->round_robin = d.round_robin;
	if (!read_targets(r, d.page, &out->targets, &out->n_targets))
		return false;
	return out->n_targets > 0 || fields_error(&r->fields, n, "a step needs page: whom?");
}

static bool read_steps(const struct oncall_reader *r, const struct yaml_node *list,
		       struct policy *p)
{
	bool ok = true;

	p->steps = ARENA_ARRAY(r->fields.arena, struct policy_step, list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		ok &= read_step(r, list->items[i], &p->steps[p->n_steps++]);
		if (ok && i && p->steps[i].after <= p->steps[i - 1].after)
			ok = fields_error(&r->fields, list->items[i],
					  "this step must be after the one above it: \"after\" is "
					  "counted from the first step");
	}
	return ok;
}

static ms_t largest_gap(const struct policy *p)
{
	ms_t gap = 0;

	for (size_t i = 1; i < p->n_steps; i++)
		gap = MAX(gap, p->steps[i].after - p->steps[i - 1].after);
	return gap > 0 ? gap : WAIT_DEFAULT;
}

/* ---- policies ------------------------------------------------------------------------------ */
struct policy_draft {
	const struct yaml_node *steps, *last_resort;
	struct str repeat, updates;
	ms_t wait, ack_lease, reopen_within;
	bool has_wait;
};

static const struct field POLICY_FIELDS[] = {
	FIELD(LIST, struct policy_draft, steps),
	FIELD(TEXT, struct policy_draft, repeat),
	FIELD_GIVEN(DURATION, struct policy_draft, wait),
	FIELD(NODE, struct policy_draft, last_resort),
	FIELD(DURATION, struct policy_draft, ack_lease),
	FIELD(DURATION, struct policy_draft, reopen_within),
	FIELD(TEXT, struct policy_draft, updates),
};

static bool read_repeat(const struct oncall_reader *r, const struct yaml_node *at, struct str s,
			int *out)
{
	int64_t n;

	*out = REPEAT_FOREVER;
	if (!s.n || str_is(s, "forever"))
		return true;
	if (num_int(s, 10, &n) != NUM_OK || n < 0 || n > REPEAT_MAX)
		return fields_error(&r->fields, at,
				    "repeat is forever or a number up to %d, found \"%.*s\"",
				    REPEAT_MAX, STR_ARG(s));
	*out = (int)n;
	return true;
}

bool oncall_read_policy(const struct oncall_reader *r, const struct yaml_pair *pair,
			struct policy *p)
{
	struct policy_draft d = {.ack_lease = LEASE_DEFAULT, .reopen_within = REOPEN_DEFAULT};
	const struct yaml_node *n = pair->value;
	bool ok = oncall_read_name(r, pair->key, "policy");

	*p = (struct policy){.name = pair->key->value,
			     .line = pair->key->line,
			     .col = pair->key->col};
	ok &= FIELDS_READ(&r->fields, n, "a policy", POLICY_FIELDS, &d);
	if (n->kind != YAML_MAP || !d.steps || !d.steps->n || d.steps->n > STEPS_MAX)
		return fields_error(&r->fields, pair->key, "policy %.*s needs 1 to %d steps",
				    STR_ARG(p->name), STEPS_MAX);
	ok &= read_steps(r, d.steps, p);
	ok &= read_repeat(r, yaml_get(n, "repeat"), d.repeat, &p->repeat);
	ok &= read_targets(r, d.last_resort, &p->last_resort, &p->n_last_resort);
	p->wait = d.has_wait ? d.wait : largest_gap(p);
	if (d.has_wait && d.wait < SECOND)
		ok = fields_error(&r->fields, yaml_get(n, "wait"), "wait must be at least 1s");
	p->ack_lease = d.ack_lease;
	p->reopen_within = d.reopen_within;
	p->updates = d.updates;
	return ok;
}
