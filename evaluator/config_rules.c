/* Rule files: from globs to a loaded set. A file that several globs name is read once. */
#include "base/map.h"
#include "base/mem.h"
#include "evaluator/config_inner.h"
#include "rules/rules.h"

struct rule_files {
	struct config_load *load;
	struct rule_file *v;
	size_t n, cap;
	struct map names;
};

struct str config_join(struct arena *a, struct str dir, struct str path)
{
	bool absolute = str_starts(path, "/");
	struct str all = absolute || dir.n == 0
				 ? arena_str(a, path)
				 : arena_printf(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(path));
	char *out = arena_bytes(a, all.n + 2);
	size_t n = 0, base;

	if (str_starts(all, "/"))
		out[n++] = '/';
	base = n;
	for (size_t at = 0, end; at < all.n; at = end + 1) {
		for (end = at; end < all.n && all.p[end] != '/';)
			end++;
		struct str part = str_cut(all, at, end);

		if (part.n == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..") && n > base) {
			while (n > base && out[n - 1] != '/')
				n--;
			n -= n > base;
			continue;
		}
		if (str_is(part, "..") && base == 1)
			continue; /* nothing is above the root */
		if (n > 0 && out[n - 1] != '/')
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		if (str_is(part, ".."))
			base = n; /* cannot be taken back */
	}
	if (n == 0)
		out[n++] = '.';
	return (struct str){.p = out, .n = n};
}

static bool has_wildcard(struct str glob)
{
	for (size_t i = 0; i < glob.n; i++) {
		if (strchr("*?[", glob.p[i]))
			return true;
	}
	return false;
}

static bool add_file(struct rule_files *rf, struct str path)
{
	const struct config_load *l = rf->load;
	struct rule_file f = {.name = arena_str(l->tree, path)};
	struct err err = {0};

	if (map_put(&rf->names, path, rf))
		return true;
	if (!l->files->read(l->files->arg, path, l->tree, &f.text, &err)) {
		diags_add(l->diags, path, 0, 0, "%s", err.msg);
		return false;
	}
	rf->v = mem_reserve(rf->v, &rf->cap, rf->n + 1, sizeof(*rf->v));
	rf->v[rf->n++] = f;
	return true;
}

/* `at` is where the glob is written; NULL for a flag. */
static bool add_glob(struct rule_files *rf, struct str glob, const struct yaml_node *at)
{
	const struct config_load *l = rf->load;
	struct str file = at ? l->fields.file : STR("");
	int line = at ? at->line : 0, col = at ? at->col : 0;
	struct err err = {0};
	struct str *paths;
	size_t n;
	bool ok = true;

	if (!l->files->glob(l->files->arg, glob, l->tree, &paths, &n, &err)) {
		diags_add(l->diags, file, line, col, "rule_files: %s", err.msg);
		return false;
	}
	if (n == 0 && has_wildcard(glob)) {
		diags_warn(l->diags, file, line, col, "rule_files: no file matches %.*s",
			   STR_ARG(glob));
	} else if (n == 0) {
		diags_add(l->diags, file, line, col, "rule_files: there is no file %.*s",
			  STR_ARG(glob));
		return false;
	}
	for (size_t i = 0; i < n; i++)
		ok &= add_file(rf, paths[i]);
	return ok;
}

static bool add_globs(struct rule_files *rf, const struct yaml_node *globs)
{
	struct config_load *l = rf->load;
	struct config *c = l->config;
	size_t written = globs ? globs->n : 0;
	bool ok = true;

	c->rule_globs = ARENA_ARRAY(&c->arena, struct str, written + l->args->n_rule_globs);
	for (size_t i = 0; i < written; i++) {
		struct str glob;

		if (!fields_text(&l->fields, globs->items[i], "rule_files", &glob)) {
			ok = false;
			continue;
		}
		glob = config_join(&c->arena, l->dir, glob);
		c->rule_globs[c->n_rule_globs++] = glob;
		ok &= add_glob(rf, glob, globs->items[i]);
	}
	for (size_t i = 0; i < l->args->n_rule_globs; i++) {
		struct str glob = config_join(&c->arena, STR(""), l->args->rule_globs[i]);

		c->rule_globs[c->n_rule_globs++] = glob;
		ok &= add_glob(rf, glob, NULL);
	}
	return ok;
}

bool config_load_rules(struct config_load *l, const struct yaml_node *globs)
{
	const struct prometheus_config *p = &l->config->prometheus;
	struct rule_defaults d = {.interval = p->evaluation_interval,
				  .query_offset = p->rule_query_offset,
				  .limits = l->limits};
	struct rule_files rf = {.load = l};
	bool ok;

	map_init(&rf.names);
	ok = add_globs(&rf, globs);
	ok &= rule_set_load(rf.v, rf.n, &d, &l->config->rules, l->diags);
	map_done(&rf.names);
	free(rf.v);
	return ok;
}
