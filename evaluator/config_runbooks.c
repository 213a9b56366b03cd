/* `runbooks:` of rouse.yml: the folder of Markdown files, and rules that name files that are not
 * there. */
#include <string.h>

#include "base/yaml.h"
#include "evaluator/config_inner.h"
#include "oncall/runbook.h"
#include "rules/rules.h"

struct runbooks_draft {
	struct str dir;
};

static const struct field RUNBOOKS_FIELDS[] = {
	FIELD(TEXT, struct runbooks_draft, dir),
};

/* Mistakes in a runbook keep no daemon from paging. */
static bool tell(const struct config_load *l, const struct diags *found)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct diag *g = &found->v[i];

		if (g->warning || l->files->lenient_runbooks)
			diags_warn(l->diags, str_of(g->file), g->line, g->col, "%s", g->msg);
		else
			diags_add(l->diags, str_of(g->file), g->line, g->col, "%s", g->msg);
	}
	return l->files->lenient_runbooks || !found->errors;
}

static struct str name_of(struct str path)
{
	size_t from = path.n;

	while (from > 0 && path.p[from - 1] != '/')
		from--;
	return str_cut(path, from, path.n - 3);
}

struct runbooks *config_load_runbooks(struct str dir, const struct config_files *files,
				      const struct limits *l, struct diags *found)
{
	struct runbooks *all = NULL;
	struct runbook_source *v;
	struct str *paths;
	struct arena a;
	struct err err = {0};
	size_t n, n_v = 0;

	arena_init(&a);
	if (!files->glob(files->arg, arena_printf(&a, "%.*s/*", STR_ARG(dir)), &a, &paths, &n,
			 &err)) {
		diags_add(found, dir, 0, 0, "%s", err.msg);
		n = 0;
	}
	v = ARENA_ARRAY(&a, struct runbook_source, n + 1);
	for (size_t i = 0; i < n && n_v <= l->runbooks; i++) {
		if (!str_ends(paths[i], ".md"))
			continue;
		v[n_v] = (struct runbook_source){.name = name_of(paths[i]), .file = paths[i]};
		if (files->read(files->arg, paths[i], &a, &v[n_v].text, &err))
			n_v++;
		else
			diags_add(found, paths[i], 0, 0, "%s", err.msg);
	}
	all = runbooks_new();
	runbooks_parse(all, v, n_v, l, found);
	arena_done(&a);
	return all;
}

bool config_read_runbooks(struct config_load *l, const struct yaml_node *node)
{
	struct runbooks_draft d = {0};
	struct runbooks *all;
	struct diags found;
	struct str dir;
	bool ok;

	if (!node)
		return true;
	if (!FIELDS_READ(&l->fields, node, "runbooks", RUNBOOKS_FIELDS, &d))
		return false;
	if (!d.dir.n)
		return fields_error(&l->fields, node,
				    "runbooks needs dir: the folder of the Markdown files");
	dir = config_join(l->tree, l->dir, d.dir);
	diags_init(&found);
	all = config_load_runbooks(dir, l->files, l->limits, &found);
	ok = tell(l, &found);
	if (!all->n && !found.n)
		diags_warn(l->diags, l->fields.file, node->line, node->col,
			   "runbooks: there is no Markdown file (.md) in %.*s", STR_ARG(dir));
	diags_done(&found);
	if (l->config->notify)
		l->config->notify->runbooks = all;
	else
		runbooks_free(all);
	return ok;
}

/* An address may lead elsewhere, and a template is not known before the alert. */
static bool names_file(struct str value)
{
	return value.n && str_find(value, STR("{{")) < 0 && str_find(value, STR("://")) < 0;
}

static void check_rule(const struct config_load *l, const struct runbooks *all, struct str file,
		       const struct rule *r)
{
	for (size_t i = 0; i < r->n_annotations; i++) {
		const struct rule_text *t = &r->annotations[i];

		if (str_is(t->name, "runbook") && names_file(t->value) &&
		    !runbooks_match(all, t->value, STR("")))
			diags_warn(l->diags, file, t->line, t->col,
				   "%.*s names the runbook \"%.*s\", and there is no such file",
				   STR_ARG(r->name), STR_ARG(t->value));
	}
}

void config_check_runbooks(const struct config_load *l)
{
	const struct runbooks *all = l->config->notify ? l->config->notify->runbooks : NULL;
	const struct rule_set *rs = l->config->rules;

	for (size_t g = 0; all && rs && g < rs->n; g++) {
		for (size_t i = 0; i < rs->groups[g].n; i++) {
			if (rs->groups[g].rules[i].alerting)
				check_rule(l, all, rs->groups[g].file, &rs->groups[g].rules[i]);
		}
	}
}
