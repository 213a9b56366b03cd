/*
 * Rule files: YAML to groups of rules. Keys, defaults and refusals are those of Prometheus
 * (model/rulefmt), with two differences that only help: a mistake in the structure does not stop
 * the other checks, and each mistake has its place.
 *
 * Only the first document of a file is read; more are a warning, as upstream. An empty file has no
 * groups. The tree of a file is freed when its rules are made.
 */
#include "rules/rules.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "promql/parse.h"
#include "rules/rule.h"

/* One set in the making. */
struct loader {
	struct rule_set *set;
	const struct rule_defaults *defaults;
	struct diags *diags;
	struct rule_group *groups; /* heap; copied into the arena at the end */
	size_t n, cap;
	size_t n_rules;
};

struct group_draft {
	struct str name;
	ms_t interval, query_offset;
	bool has_query_offset;
	int64_t limit;
	const struct yaml_node *labels, *rules;
};

static const struct field FILE_FIELDS[] = {
	{.name = "groups", .kind = FIELD_LIST},
};

static const struct field GROUP_FIELDS[] = {
	FIELD(TEXT, struct group_draft, name),
	FIELD(DURATION, struct group_draft, interval),
	FIELD_GIVEN(DURATION, struct group_draft, query_offset),
	FIELD(INT, struct group_draft, limit),
	FIELD(MAP, struct group_draft, labels),
	FIELD(LIST, struct group_draft, rules),
};

static const struct field RULE_FIELDS[] = {
	FIELD(TEXT, struct rule_draft, record),
	FIELD(TEXT, struct rule_draft, alert),
	FIELD(TEXT, struct rule_draft, expr),
	FIELD_AS(DURATION, "for", struct rule_draft, hold),
	FIELD(DURATION, struct rule_draft, keep_firing_for),
	FIELD_AS(MAP, "labels", struct rule_draft, label_map),
	FIELD_AS(MAP, "annotations", struct rule_draft, annotation_map),
};

static bool read_rule(const struct rule_reader *r, struct rule_draft *d, struct rule *out)
{
	bool ok = FIELDS_READ(&r->fields, d->node, "type rulefmt.Rule", RULE_FIELDS, d);

	if (d->node->kind != YAML_MAP && d->node->kind != YAML_NULL)
		return false;
	if (d->node->kind == YAML_MAP) {
		d->record_node = yaml_get(d->node, "record");
		d->alert_node = yaml_get(d->node, "alert");
		d->expr_node = yaml_get(d->node, "expr");
	}
	return rule_compile(d, out) && ok;
}

static bool read_rules(struct loader *l, const struct rule_reader *r, const struct group_draft *gd,
		       const struct rule_texts *labels, struct rule_group *g)
{
	size_t n = gd->rules ? gd->rules->n : 0;
	bool ok = true;

	l->n_rules += n;
	if (l->n_rules > l->defaults->limits->rules)
		return true; /* told once, at the end */
	g->rules = ARENA_ARRAY(r->fields.arena, struct rule, n);
	g->n = n;
	for (size_t i = 0; i < n; i++) {
		struct rule_draft d = {.reader = r,
				       .node = gd->rules->items[i],
				       .group = g->name,
				       .number = (int)i + 1,
				       .group_labels = labels};

		ok &= read_rule(r, &d, &g->rules[i]);
	}
	return ok;
}

/* The labels of the group alone, for those who show them. */
static struct labels texts_labels(struct arena *a, const struct rule_texts *t)
{
	struct labels_builder lb;
	struct labels ls;

	labels_builder_init(&lb);
	for (size_t i = 0; i < t->n; i++)
		labels_builder_set(&lb, t->v[i].name, t->v[i].value);
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static bool read_group(struct loader *l, const struct rule_reader *r, const struct yaml_node *node,
		       struct rule_group *g)
{
	struct group_draft gd = {0};
	struct rule_texts labels = {0};
	bool ok = FIELDS_READ(&r->fields, node, "type rulefmt.RuleGroup", GROUP_FIELDS, &gd);

	ok &= rule_texts_read(&r->fields, gd.labels, "labels", &labels);
	ok &= rule_group_labels_check(r, &labels);
	*g = (struct rule_group){
		.file = arena_str(r->fields.arena, r->fields.file),
		.name = gd.name,
		.interval = gd.interval ? gd.interval : l->defaults->interval,
		.has_query_offset = gd.has_query_offset,
		.query_offset = gd.has_query_offset ? gd.query_offset : l->defaults->query_offset,
		.limit = gd.limit,
		.labels = texts_labels(r->fields.arena, &labels),
		.line = node->line,
	};
	g->key = arena_printf(r->fields.arena, "%.*s;%.*s", STR_ARG(g->file), STR_ARG(g->name));
	ok &= read_rules(l, r, &gd, &labels, g);
	return ok;
}

/* Names are unique in a file; upstream counts a missing name as one too. */
static bool check_group_name(const struct fields *f, const struct yaml_node *node,
			     struct rule_group *g, struct map *names)
{
	bool ok = true;

	if (node->kind != YAML_MAP && node->kind != YAML_NULL)
		return false;
	if (g->name.n == 0)
		ok = fields_error(f, node, "Groupname must not be empty");
	if (map_put(names, g->name, g))
		ok = fields_error(f, node, "groupname: \"%.*s\" is repeated in the same file",
				  STR_ARG(g->name));
	return ok;
}

static bool read_groups(struct loader *l, const struct rule_reader *r, const struct yaml_node *list)
{
	struct map names;
	bool ok = true;

	map_init(&names);
	for (size_t i = 0; i < list->n; i++) {
		struct rule_group g;

		ok &= read_group(l, r, list->items[i], &g);
		ok &= check_group_name(&r->fields, list->items[i], &g, &names);
		l->groups = mem_reserve(l->groups, &l->cap, l->n + 1, sizeof(*l->groups));
		l->groups[l->n++] = g;
	}
	map_done(&names);
	return ok;
}

static bool read_tree(struct loader *l, const struct rule_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *groups = NULL;
	bool ok;

	if (root && root->kind != YAML_MAP && root->kind != YAML_NULL)
		return fields_error(&r->fields, root,
				    "a rule file is a map with the key groups, found %s",
				    yaml_kind_name(root));
	ok = FIELDS_READ(&r->fields, root, "type rulefmt.RuleGroups", FILE_FIELDS, &groups);
	return (!groups || read_groups(l, r, groups)) && ok;
}

static bool load_file(struct loader *l, const struct rule_file *file)
{
	struct promql_options promql = promql_options_default();
	struct rule_reader r = {
		.fields = {.arena = &l->set->arena,
			   .file = file->name,
			   .diags = l->diags,
			   .ignore_unknown = l->defaults->ignore_unknown_fields},
		.defaults = l->defaults,
		.promql = l->defaults->promql ? l->defaults->promql : &promql,
	};
	struct arena tree;
	struct yaml_node *root = NULL;
	struct err err = {0};
	bool more = false, ok;

	arena_init(&tree);
	ok = yaml_parse(file->text, l->defaults->limits, &tree, &root, &more, &err);
	if (!ok) {
		diags_add(l->diags, file->name, err.line, err.col, "%s", err.msg);
	} else {
		yaml_source_init(&r.source, file->text);
		ok = read_tree(l, &r, root);
		yaml_source_done(&r.source);
	}
	if (ok && more)
		diags_warn(l->diags, file->name, 0, 0,
			   "the file has more than one YAML document; only the first one is read");
	arena_done(&tree);
	return ok;
}

static bool check_rule_limit(const struct loader *l)
{
	if (l->n_rules <= l->defaults->limits->rules)
		return true;
	diags_add(l->diags, (struct str){0}, 0, 0,
		  "%zu rules in all are too many, the limit is %zu: split them between several "
		  "rouses",
		  l->n_rules, l->defaults->limits->rules);
	return false;
}

bool rule_set_load(const struct rule_file *files, size_t n, const struct rule_defaults *d,
		   struct rule_set **out, struct diags *diags)
{
	OWNED(rule_set) set = MEM_NEW(struct rule_set);
	struct loader l = {.set = set, .defaults = d, .diags = diags};
	bool ok = true;

	CHECK(d->interval > 0 && d->limits);
	set->refs = 1;
	arena_init(&set->arena);
	for (size_t i = 0; i < n; i++)
		ok &= load_file(&l, &files[i]);
	ok &= check_rule_limit(&l);
	set->groups = ARENA_ARRAY(&set->arena, struct rule_group, l.n);
	if (l.n > 0)
		memcpy(set->groups, l.groups, l.n * sizeof(*l.groups));
	free(l.groups);
	set->n = l.n;
	set->n_rules = l.n_rules;
	if (!ok)
		return false;
	*out = TAKE(set);
	return true;
}
