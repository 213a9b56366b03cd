/*
 * People as receivers: each contact of `oncall:` is an entry of a receiver kind, with the same keys
 * as under `receivers:`. Messages to people are edited in place wherever the service can.
 */
#include "notify/config_inner.h"
#include "notify/receiver.h"
#include "notify/receivers/oncall.h"
#include "oncall/config.h"

static const struct receiver_kind *kind_named(const struct fields *f, struct str name)
{
	return receiver_kind_of(arena_printf(f->arena, "%.*s_configs", STR_ARG(name)));
}

static bool read_contact(struct config_reader *r, const struct receiver *rc,
			 const struct contact *c, size_t index, struct integration *out)
{
	const struct fields *f = &r->fields;
	const struct receiver_kind *kind = kind_named(f, c->kind);

	if (!kind || kind->hand_over)
		return fields_error(f, c->entry, "there is no kind of receiver \"%.*s\"",
				    STR_ARG(c->kind));
	if (!config_read_entry(r, rc, kind, c->entry, index, out))
		return false;
	if (kind->can_update &&
	    !(c->entry->kind == YAML_MAP && yaml_get(c->entry, "update_message")))
		out->update_message = !kind->may_update || kind->may_update(out->config);
	return true;
}

static bool read_person(struct config_reader *r, const struct person *p, struct receiver *rc)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	rc->name = arena_printf(f->arena, "person/%.*s", STR_ARG(p->name));
	rc->labels = (struct labels){.p = ""};
	rc->line = p->line;
	rc->integrations = ARENA_ARRAY(f->arena, struct integration, p->n_contacts + 1);
	for (size_t i = 0; i < p->n_contacts; i++)
		ok &= read_contact(r, rc, &p->contacts[i], i, &rc->integrations[rc->n++]);
	return ok;
}

/* A receiver that a policy pages must exist; one that leads to a policy again would open an
 * incident about the incident. */
static bool check_target(const struct config_reader *r, const struct policy *p,
			 const struct target *t)
{
	const struct receiver *rc =
		t->kind == TARGET_RECEIVER ? notify_config_receiver(r->config, t->name) : NULL;
	const char *wrong = t->kind == TARGET_RECEIVER && !rc ? "which there is not" : NULL;

	for (size_t i = 0; rc && i < rc->n; i++) {
		if (rc->integrations[i].kind->hand_over)
			wrong = "which leads to a policy again";
	}
	if (wrong)
		diags_add(r->fields.diags, r->fields.file, p->line, p->col,
			  "policy %.*s pages the receiver \"%.*s\", %s", STR_ARG(p->name),
			  STR_ARG(t->name), wrong);
	return !wrong;
}

static bool check_policy(const struct config_reader *r, const struct policy *p)
{
	bool ok = true;

	for (size_t i = 0; i < p->n_last_resort; i++)
		ok &= check_target(r, p, &p->last_resort[i]);
	for (size_t i = 0; i < p->n_steps; i++) {
		for (size_t k = 0; k < p->steps[i].n_targets; k++)
			ok &= check_target(r, p, &p->steps[i].targets[k]);
	}
	return ok;
}

/* Receivers name policies. */
static bool check_integration(const struct config_reader *r, const struct receiver *rc,
			      const struct integration *to)
{
	const struct oncall_target *c = to->config;

	if (!to->kind->hand_over || !c->policy.n || oncall_policy(r->config->oncall, c->policy))
		return true;
	diags_add(r->fields.diags, r->fields.file, rc->line, 0,
		  "receiver \"%.*s\" names the policy \"%.*s\", which oncall.policies does not "
		  "have",
		  STR_ARG(rc->name), STR_ARG(c->policy));
	return false;
}

bool config_read_oncall(struct config_reader *r, const struct yaml_node *node)
{
	struct notify_config *c = r->config;
	struct oncall_source source = {.file = r->fields.file,
				       .dir = r->dir,
				       .now = r->files->now,
				       .limits = r->limits,
				       .read = r->files->read,
				       .arg = r->files->arg};
	bool ok = true;

	if (!oncall_config_parse(node, &source, &c->oncall, r->fields.diags))
		return false;
	c->people = ARENA_ARRAY(r->fields.arena, struct receiver, c->oncall->n_people + 1);
	for (size_t i = 0; i < c->oncall->n_people; i++)
		ok &= read_person(r, &c->oncall->people[i], &c->people[c->n_people++]);
	for (size_t i = 0; i < c->oncall->n_policies; i++)
		ok &= check_policy(r, &c->oncall->policies[i]);
	for (size_t i = 0; i < c->n_receivers; i++) {
		for (size_t k = 0; k < c->receivers[i].n; k++)
			ok &= check_integration(r, &c->receivers[i],
						&c->receivers[i].integrations[k]);
	}
	return ok;
}
