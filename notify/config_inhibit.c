/* inhibit_rules as they are written. A null entry is a rule without matchers, as upstream. */
#include "base/fields_out.h"
#include "notify/config_inner.h"
#include "notify/inhibit.h"

#define RULES_MAX 10000

struct inhibit_draft {
	struct str name;
	const struct yaml_node *source_match, *source_match_re, *source_matchers;
	const struct yaml_node *target_match, *target_match_re, *target_matchers;
	struct field_texts equal;
};

static const struct field INHIBIT_FIELDS[] = {
	FIELD(TEXT, struct inhibit_draft, name),
	FIELD(MAP, struct inhibit_draft, source_match),
	FIELD(MAP, struct inhibit_draft, source_match_re),
	FIELD(LIST, struct inhibit_draft, source_matchers, .put = config_put_matchers),
	FIELD(MAP, struct inhibit_draft, target_match),
	FIELD(MAP, struct inhibit_draft, target_match_re),
	FIELD(LIST, struct inhibit_draft, target_matchers, .put = config_put_matchers),
	FIELD(TEXTS, struct inhibit_draft, equal),
};

void config_put_inhibit_rule(struct yaml_out *o, const struct yaml_node *node)
{
	yaml_out_map(o);
	fields_put_map(o, INHIBIT_FIELDS, ARRAY_LEN(INHIBIT_FIELDS), node);
	yaml_out_map_end(o);
}

static bool read_rule(const struct config_reader *r, const struct yaml_node *node,
		      struct inhibit_rule *out)
{
	struct inhibit_draft d = {0};
	struct config_matchers source, target;
	bool ok = FIELDS_READ(&r->fields, node, "inhibit_rule", INHIBIT_FIELDS, &d);

	source = (struct config_matchers){d.source_match, d.source_match_re, d.source_matchers};
	target = (struct config_matchers){d.target_match, d.target_match_re, d.target_matchers};
	ok &= config_read_matchers(r, &source, &out->source, &out->n_source);
	ok &= config_read_matchers(r, &target, &out->target, &out->n_target);
	for (size_t i = 0; i < d.equal.n; i++) {
		if (!am_label_name_valid(r->config->matcher_mode, d.equal.v[i]))
			ok = fields_error(&r->fields, node,
					  "invalid label name \"%.*s\" in equal list",
					  STR_ARG(d.equal.v[i]));
	}
	out->name = d.name;
	out->equal = d.equal.v;
	out->n_equal = d.equal.n;
	return ok;
}

bool config_read_inhibit_rules(const struct config_reader *r, const struct yaml_node *list)
{
	struct notify_config *c = r->config;
	bool ok = true;

	if (!list)
		return true;
	if (list->n > RULES_MAX)
		return fields_error(&r->fields, list, "more than %d inhibit_rules", RULES_MAX);
	c->inhibit_rules = ARENA_ARRAY(r->fields.arena, struct inhibit_rule, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		ok &= read_rule(r, list->items[i], &c->inhibit_rules[c->n_inhibit_rules++]);
	return ok;
}
