/*
 * Kind am-config: whether a configuration loads, in each of the three modes of matchers, and what
 * the server then says it has. A path is the folder with manifest.json, or the manifest itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

static struct notify_config *load(struct str text, enum matcher_mode mode, struct arena *a,
				  struct diags *diags)
{
	struct yaml_node *root = NULL;
	struct notify_config *c = am_config_mode(text, mode, a, &root, diags);

	/* Keys of the top that are not Alertmanager's are for who reads the whole file to know. */
	for (size_t i = 0; root && c && i < root->n; i++) {
		if (root->pairs[i].seen)
			continue;
		notify_config_free(TAKE(c));
		diags_add(diags, STR("case.yml"), root->pairs[i].key->line, 0, "unknown key %.*s",
			  STR_ARG(root->pairs[i].key->value));
	}
	/* Without a route upstream does not start; rouse has rules and pages without it too. */
	if (c && !c->root) {
		notify_config_free(TAKE(c));
		diags_add(diags, STR("case.yml"), 0, 0, "no route provided in config");
	}
	return c;
}

/* The first line that differs, or NULL. */
static const char *effective_differs(const struct notify_config *c, const char *want,
				     struct arena *a)
{
	const char *wrong = NULL;
	struct str w = str_of(want), g;
	struct buf b;
	size_t at = 0, line = 0;

	buf_init(&b, BUF_MAX_ANY);
	notify_config_print(c, &b);
	g = buf_str(&b);
	for (; at < w.n && at < g.n && w.p[at] == g.p[at]; at++)
		line = w.p[at] == '\n' ? at + 1 : line;
	if (at < w.n || at < g.n) {
		struct str ws = str_from(w, line), gs = str_from(g, line);

		wrong = arena_printf(a, "effective: want '%.*s', got '%.*s'%c",
				     (int)strcspn(ws.n ? ws.p : "", "\n"), ws.p,
				     (int)strcspn(gs.n ? buf_cstr(&b) + line : "", "\n"), gs.p, 0)
				.p;
	}
	buf_done(&b);
	return wrong;
}

/* What differs, or NULL. `effective` is NULL where it is not known. */
static const char *try_mode(struct str text, enum matcher_mode mode, bool want,
			    const char *effective, struct arena *a)
{
	struct notify_config *c;
	const char *wrong = NULL;
	struct diags diags;

	diags_init(&diags);
	c = load(text, mode, a, &diags);
	if (!c && want)
		wrong = arena_printf(a, "is refused: %s%c", am_first_error(&diags), 0).p;
	if (c && !want)
		wrong = "is taken";
	if (c && !wrong && effective)
		wrong = effective_differs(c, effective, a);
	notify_config_free(c);
	diags_done(&diags);
	return wrong;
}

static bool want_of(const json_t *c, const char *mode, bool usual)
{
	const json_t *m = json_object_get(json_object_get(c, "modes"), mode);

	return m && json_object_get(m, "ok") ? json_is_true(json_object_get(m, "ok")) : usual;
}

static void one(struct tally *t, const char *dir, const json_t *c)
{
	bool ok = json_is_true(json_object_get(c, "ok"));
	const char *file = json_string_value(json_object_get(c, "file")), *wrong;
	char path[1000];
	struct arena a;
	struct str text;
	char *p;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	p = file_read(path, &text.n);
	text.p = p;
	arena_init(&a);
	wrong = try_mode(text, MATCHERS_FALLBACK, ok,
			 json_string_value(json_object_get(c, "effective")), &a);
	if (!wrong)
		wrong = try_mode(text, MATCHERS_CLASSIC, want_of(c, "classic", ok), NULL, &a);
	if (!wrong)
		wrong = try_mode(text, MATCHERS_UTF8, want_of(c, "utf8", ok), NULL, &a);
	if (wrong)
		case_fail(t, path, "%s", wrong);
	else
		case_pass(t);
	arena_done(&a);
	free(p);
}

void kind_am_config(struct tally *t, const char *path)
{
	char dir[900], manifest[1000];
	size_t n = strlen(path), i;
	json_t *root, *c;

	snprintf(dir, sizeof(dir), "%s", path);
	if (n > 5 && strcmp(path + n - 5, ".json") == 0) {
		char *slash = strrchr(dir, '/');

		snprintf(manifest, sizeof(manifest), "%s", path);
		snprintf(slash ? slash : dir, 2, "%s", slash ? "" : ".");
	} else {
		snprintf(manifest, sizeof(manifest), "%s/manifest.json", path);
	}
	root = am_file(manifest);
	json_array_foreach(json_object_get(root, "cases"), i, c) one(t, dir, c);
	json_decref(root);
}
