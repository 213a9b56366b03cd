/*
 * Alertmanager's own cases for matchers, routes and configurations, read from the conformance
 * folder ($ROUSE_CONFORMANCE or ../shared/conformance); skipped where that is missing.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "notify/config.h"
#include "tests/unit/notify_harness.h"

static void data_path(char *out, size_t n, const char *name)
{
	const char *dir = getenv("ROUSE_CONFORMANCE");

	snprintf(out, n, "%s/%s", dir ? dir : "../shared/conformance", name);
}

static json_t *data_load(const char *name)
{
	char path[4096];
	json_t *root;

	data_path(path, sizeof(path), name);
	root = json_load_file(path, JSON_ALLOW_NUL, NULL);
	if (!root)
		skip();
	return root;
}

/* ---- whole configurations ------------------------------------------------------------- */

static struct notify_config *config_of(struct str text, struct diags *diags)
{
	struct notify_config *c = NULL;
	struct yaml_node *root = NULL;
	struct limits limits;
	struct err err = {0};
	struct arena tree;
	bool more;

	limits_default(&limits);
	arena_init(&tree);
	if (!yaml_parse(text, &limits, &tree, &root, &more, &err))
		diags_add(diags, STR("f"), err.line, err.col, "%s", err.msg);
	else if (root && !notify_config_parse(root, STR("f"), &NO_FILES, &limits, &c, diags))
		assert_null(c);
	/* Keys of the top that are not Alertmanager's are the caller's to know. */
	for (size_t i = 0; root && c && i < root->n; i++) {
		if (!root->pairs[i].seen) {
			notify_config_free(TAKE(c));
			diags_add(diags, STR("f"), 0, 0, "unknown key");
		}
	}
	arena_done(&tree);
	return c;
}

/* rouse refuses what it does not have yet, and addresses that no mail server would take, which
 * Alertmanager finds out when it sends. */
static bool only_later(const struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (!d->v[i].warning && !strstr(d->v[i].msg, "not supported yet") &&
		    !strstr(d->v[i].msg, "is no mail address"))
			return false;
	}
	return d->n > 0;
}

static char *file_text(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *p = mem_alloc(1 << 20);

	assert_non_null(f);
	*n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

/* What Alertmanager refuses is refused; what it takes is taken, or refused as not there yet. */
static void test_configurations(void **state)
{
	json_t *root = data_load("am-config/manifest.json"), *c;
	size_t i, loaded = 0;

	(void)state;
	json_array_foreach(json_object_get(root, "cases"), i, c)
	{
		const char *file = json_string_value(json_object_get(c, "file"));
		bool ok = json_is_true(json_object_get(c, "ok"));
		struct notify_config *config;
		struct diags diags;
		char name[512], path[4096];
		struct str text;
		char *p;

		snprintf(name, sizeof(name), "am-config/%s", file);
		data_path(path, sizeof(path), name);
		p = file_text(path, &text.n);
		text.p = p;
		diags_init(&diags);
		config = config_of(text, &diags);
		if (config && config->root && !ok)
			fail_msg("%s must be refused", file);
		if (!config && ok && !only_later(&diags))
			fail_msg("%s: %d:%d: %s", file, diags.v[0].line, diags.v[0].col,
				 diags.v[0].msg);
		loaded += config && ok;
		notify_config_free(config);
		diags_done(&diags);
		free(p);
	}
	assert_true(loaded > 30);
	json_decref(root);
}

TEST_GROUP(peers, cmocka_unit_test(test_configurations))
