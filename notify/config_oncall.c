/*
 * People as receivers: each contact of `oncall:` is an entry of a receiver kind, with the same keys
 * as under `receivers:`. Messages to people are edited in place wherever the service can.
 */
#include <stdlib.h>

#include "notify/config_inner.h"
#include "notify/hearing.h"
#include "notify/receiver.h"
#include "notify/receivers/oncall.h"
#include "oncall/config.h"

static const struct receiver_kind *kind_named(const struct fields *f, struct str name)
{
	return receiver_kind_of(arena_printf(f->arena, "%.*s_configs", STR_ARG(name)));
}

static const char *hearing_kinds(struct arena *a)
{
	struct str s = STR("");

	for (size_t i = 0; receiver_kinds[i]; i++) {
		if (receiver_kinds[i]->hearing)
			s = arena_printf(a, "%.*s%s%s", STR_ARG(s), s.n ? ", " : "",
					 receiver_kinds[i]->name);
	}
	return s.p;
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

/* ---- accounts ------------------------------------------------------------------------------ */
static int compare_accounts(const void *pa, const void *pb)
{
	const struct account *a = pa, *b = pb;
	int c = str_cmp(a->kind, b->kind);

	return c ? c : str_cmp(a->user, b->user);
}

static void add_account(struct notify_config *c, const struct person *p, struct str kind,
			struct str user)
{
	c->accounts[c->n_accounts++] = (struct account){.kind = kind, .user = user, .person = p};
}

static bool has_account(const struct person *p, const char *kind)
{
	for (size_t i = 0; i < p->n_accounts; i++) {
		if (str_is(p->accounts[i].kind, kind))
			return true;
	}
	return false;
}

/* What a contact says of its owner: a private chat, a number. */
static void account_of_contact(struct config_reader *r, const struct person *p,
			       const struct integration *to)
{
	const struct fields *f = &r->fields;
	const struct hearing_kind *h = to->account.n ? to->kind->hearing : NULL;
	struct str user = h && h->user ? h->user(to, f->arena) : STR("");

	if (user.n)
		add_account(r->config, p, str_of(to->kind->name), user);
	else if (h && !h->signs && !has_account(p, to->kind->name))
		diags_warn(f->diags, f->file, p->line, p->col,
			   "who answers by %s cannot be told to be %.*s: write accounts: {%s: ...} "
			   "with the name that %s has for them",
			   to->kind->name, STR_ARG(p->name), to->kind->name, to->kind->name);
}

static bool accounts_of(struct config_reader *r, const struct person *p, const struct receiver *rc)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	for (size_t i = 0; i < p->n_accounts; i++) {
		const struct person_account *x = &p->accounts[i];
		const struct receiver_kind *kind = kind_named(f, x->kind);

		if (kind && kind->hearing)
			add_account(r->config, p, x->kind, x->user);
		else
			ok = fields_error(f, x->at,
					  "answers by \"%.*s\" cannot be heard; by these they can: "
					  "%s",
					  STR_ARG(x->kind), hearing_kinds(f->arena));
	}
	for (size_t i = 0; i < rc->n; i++)
		account_of_contact(r, p, &rc->integrations[i]);
	return ok;
}

/* Who it was must be certain. */
static bool one_person_an_account(struct config_reader *r)
{
	struct notify_config *c = r->config;
	size_t kept = 0;
	bool ok = true;

	if (c->n_accounts)
		qsort(c->accounts, c->n_accounts, sizeof(*c->accounts), compare_accounts);
	for (size_t i = 0; i < c->n_accounts; i++) {
		const struct account *x = &c->accounts[i],
				     *before = kept ? &c->accounts[kept - 1] : NULL;

		if (!before || compare_accounts(before, x) != 0) {
			c->accounts[kept++] = *x;
			continue;
		}
		if (before->person == x->person)
			continue;
		diags_add(r->fields.diags, r->fields.file, x->person->line, x->person->col,
			  "%.*s and %.*s have the same %.*s account %.*s: nobody could tell who "
			  "answers",
			  STR_ARG(before->person->name), STR_ARG(x->person->name), STR_ARG(x->kind),
			  STR_ARG(x->user));
		ok = false;
	}
	c->n_accounts = kept;
	return ok;
}

struct str notify_config_person(const struct notify_config *c, const char *kind, struct str user)
{
	struct account key = {.kind = str_of(kind), .user = user};
	const struct account *x = user.n && c->n_accounts
					  ? bsearch(&key, c->accounts, c->n_accounts,
						    sizeof(*c->accounts), compare_accounts)
					  : NULL;

	return x ? x->person->name : STR("");
}

static bool read_accounts(struct config_reader *r)
{
	struct notify_config *c = r->config;
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < c->n_people; i++)
		n += c->oncall->people[i].n_accounts + c->people[i].n;
	c->accounts = ARENA_ARRAY(r->fields.arena, struct account, n + 1);
	for (size_t i = 0; i < c->n_people; i++)
		ok &= accounts_of(r, &c->oncall->people[i], &c->people[i]);
	return one_person_an_account(r) && ok;
}

/* ---- names --------------------------------------------------------------------------------- */
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
	bool ok = !p->updates.n ||
		  check_target(r, p, &(struct target){.kind = TARGET_RECEIVER, .name = p->updates});

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
	ok = ok && read_accounts(r);
	for (size_t i = 0; i < c->oncall->n_policies; i++)
		ok &= check_policy(r, &c->oncall->policies[i]);
	for (size_t i = 0; i < c->n_receivers; i++) {
		for (size_t k = 0; k < c->receivers[i].n; k++)
			ok &= check_integration(r, &c->receivers[i],
						&c->receivers[i].integrations[k]);
	}
	return ok;
}
