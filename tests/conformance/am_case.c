#include "tests/conformance/am_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "tests/conformance/conformance.h"

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

struct notify_config *am_config(struct str text, struct arena *a, struct diags *diags)
{
	static const struct config_files files = {.read = no_read, .glob = no_glob, .env = no_env};
	static struct limits limits; /* the configuration keeps a reference */
	struct notify_config *c = NULL;
	struct yaml_node *root;
	struct err err = {0};
	bool more;

	limits_default(&limits);
	if (!yaml_parse(text, &limits, a, &root, &more, &err)) {
		diags_add(diags, STR("case.yml"), err.line, err.col, "%s", err.msg);
		return NULL;
	}
	if (!notify_config_parse(root, STR("case.yml"), &files, &limits, &c, diags))
		return NULL;
	return c;
}

const char *am_first_error(const struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		if (!diags->v[i].warning)
			return diags->v[i].msg;
	}
	return "";
}

struct labels am_labels(const json_t *map, struct arena *a)
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

json_t *am_file(const char *path)
{
	size_t n;
	char *text = file_read(path, &n);
	json_error_t e;
	json_t *root = json_loadb(text, n, JSON_ALLOW_NUL, &e);

	free(text);
	if (!root) {
		fprintf(stderr, "%s:%d: %s\n", path, e.line, e.text);
		exit(2);
	}
	return root;
}

void am_cases(struct tally *t, const char *path, const json_t *root, const char *section,
	      void (*fn)(struct tally *t, const char *name, const json_t *c))
{
	const json_t *c;
	char name[600];
	size_t i;

	json_array_foreach(json_object_get(root, section), i, c)
	{
		snprintf(name, sizeof(name), "%s:%s:%zu", path, section, i + 1);
		fn(t, name, c);
	}
}
