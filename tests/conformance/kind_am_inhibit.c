/* Kind am-inhibit: rules, sources and targets, through the configuration and the inhibitor. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "notify/config.h"
#include "notify/inhibit.h"
#include "tests/conformance/conformance.h"

#define NOW ((ms_t)1800000000000)

static bool no_read(void *arg ATTR_UNUSED, struct str path ATTR_UNUSED, struct arena *a ATTR_UNUSED,
		    struct str *out ATTR_UNUSED, struct err *err)
{
	return err_set(err, -1, "a case has no files");
}

static bool no_glob(void *arg ATTR_UNUSED, struct str pattern ATTR_UNUSED,
		    struct arena *a ATTR_UNUSED, struct str **out, size_t *n,
		    struct err *err ATTR_UNUSED)
{
	*out = NULL;
	*n = 0;
	return true;
}

static bool no_env(void *arg ATTR_UNUSED, struct str name ATTR_UNUSED, struct arena *a ATTR_UNUSED,
		   struct str *out ATTR_UNUSED)
{
	return false;
}

/* A smallest configuration with the rules in it; NULL: refused. */
static struct notify_config *config_of(struct str rules, struct arena *a)
{
	static const struct config_files files = {.read = no_read, .glob = no_glob, .env = no_env};
	struct notify_config *c = NULL;
	struct yaml_node *root;
	struct diags diags;
	struct limits l;
	struct err err = {0};
	bool more;
	struct str text = arena_printf(a,
				       "route: {receiver: x}\nreceivers: [{name: x}]\n"
				       "inhibit_rules:\n%.*s",
				       STR_ARG(rules));

	limits_default(&l);
	diags_init(&diags);
	if (!yaml_parse(text, &l, a, &root, &more, &err) ||
	    !notify_config_parse(root, STR("case.yml"), &files, &l, &c, &diags))
		c = NULL;
	diags_done(&diags);
	return c;
}

static struct labels labels_of(const json_t *map, struct arena *a)
{
	struct labels_builder lb;
	struct labels ls;
	const char *key;
	json_t *value;

	labels_builder_init(&lb);
	json_object_foreach((json_t *)(uintptr_t)map, key, value)
		labels_builder_set(&lb, str_of(key), str_of(json_string_value(value)));
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static void check_targets(struct tally *t, const char *name, const struct inhibitor *in,
			  const json_t *targets, struct arena *a)
{
	const json_t *x;
	size_t i;

	json_array_foreach(targets, i, x)
	{
		struct labels ls = labels_of(json_object_get(x, "labels"), a);
		bool muted = inhibitor_find(in, NOW, ls) != NULL;

		if (muted == json_is_true(json_object_get(x, "muted")))
			continue;
		case_fail(t, name, "target %zu is %s", i, muted ? "muted" : "not muted");
		return;
	}
	case_pass(t);
}

static void one(struct tally *t, const char *name, const json_t *c)
{
	const json_t *sources = json_object_get(c, "sources"), *x;
	size_t i, n = json_array_size(sources);
	struct notify_config *config;
	struct alert *alerts;
	struct inhibitor *in;
	struct arena a;

	arena_init(&a);
	config = config_of(case_text(c, "rules_yaml"), &a);
	if (!config) {
		case_fail(t, name, "the rules are refused");
		arena_done(&a);
		return;
	}
	in = inhibitor_new(config->inhibit_rules, config->n_inhibit_rules);
	alerts = ARENA_ARRAY(&a, struct alert, n + 1);
	json_array_foreach(sources, i, x)
	{
		bool over = json_is_true(json_object_get(x, "resolved"));

		alerts[i].labels = labels_of(json_object_get(x, "labels"), &a);
		alerts[i].starts_at = NOW - HOUR;
		alerts[i].ends_at = over ? NOW - MINUTE : NOW + HOUR + (ms_t)i * MINUTE;
		inhibitor_add(in, &alerts[i]);
	}
	check_targets(t, name, in, json_object_get(c, "targets"), &a);
	/* An index that is emptied inhibits nothing. */
	for (i = 0; i < n; i++)
		inhibitor_remove(in, &alerts[i]);
	inhibitor_free(in);
	notify_config_free(config);
	arena_done(&a);
}

void kind_am_inhibit(struct tally *t, const char *path)
{
	size_t n, i;
	char *text = file_read(path, &n);
	json_t *root = json_loadb(text, n, JSON_ALLOW_NUL, NULL), *c;
	char name[600];

	json_array_foreach(json_object_get(root, "cases"), i, c)
	{
		snprintf(name, sizeof(name), "%s:%zu", path, i + 1);
		one(t, name, c);
	}
	json_decref(root);
	free(text);
}
