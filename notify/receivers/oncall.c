/*
 * oncall_configs: people, by an escalation policy (oncall/incident.h). Nothing is sent: what the
 * integration is told becomes an incident, or changes the one that there is (notify/paging.c).
 */
#include "notify/receivers/oncall.h"

#include "notify/matcher.h"
#include "notify/receivers/kinds.h"

/* Without `urgent`: whatever does not call itself less. */
#define URGENT_DEFAULT "severity!~\"warning|warn|minor|low|info|notice|ticket|none\""

static const struct field FIELDS[] = {
	FIELD(TEXT, struct oncall_target, policy),
	FIELD(TEXTS, struct oncall_target, urgent),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct oncall_target *c = config;
	struct buf text;
	struct err err = {0};
	bool ok;

	if (!c->policy.n)
		return fields_error(f, e->node,
				    "missing policy in oncall_config: one of oncall.policies");
	buf_init(&text, BUF_MAX_ANY);
	for (size_t i = 0; i < c->urgent.n; i++)
		buf_printf(&text, "%s%.*s", i ? "," : "", STR_ARG(c->urgent.v[i]));
	if (!c->urgent.n)
		buf_adds(&text, URGENT_DEFAULT);
	ok = am_matchers_parse(e->files->matcher_mode, arena_str(f->arena, buf_str(&text)),
			       f->arena, &c->matchers, &c->n_matchers, &err);
	buf_done(&text);
	return ok || fields_error(f, yaml_get(e->node, "urgent"), "%s", err.msg);
}

static enum deliver_result step(struct delivery *d, struct now now ATTR_UNUSED,
				const struct io_reply *reply ATTR_UNUSED)
{
	return kind_dead(d, DEAD_MESSAGE, "an oncall receiver makes no requests");
}

const struct receiver_kind RECEIVER_ONCALL = {
	.name = "oncall",
	.config_key = "oncall_configs",
	KIND_CONFIG(struct oncall_target, FIELDS, NULL),
	.no_http = true,
	.send_resolved = true,
	.check = check,
	.step = step,
	.hand_over = true,
};
