#include "tests/conformance/am_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/yaml.h"
#include "notify/message.h"
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

struct notify_config *am_config_mode(struct str text, enum matcher_mode mode, struct arena *a,
				     struct yaml_node **root, struct diags *diags)
{
	static struct limits limits; /* the configuration keeps a reference */
	struct config_files files = {.read = no_read,
				     .glob = no_glob,
				     .env = no_env,
				     .matcher_mode = mode};
	struct notify_config *c = NULL;
	struct err err = {0};
	bool more;

	limits_default(&limits);
	*root = NULL;
	if (!yaml_parse(text, &limits, a, root, &more, &err)) {
		diags_add(diags, STR("case.yml"), err.line, err.col, "%s", err.msg);
		return NULL;
	}
	if (!*root || !notify_config_parse(*root, STR("case.yml"), &files, &limits, &c, diags))
		return NULL;
	return c;
}

struct notify_config *am_config(struct str text, struct arena *a, struct diags *diags)
{
	struct yaml_node *root;

	return am_config_mode(text, MATCHERS_FALLBACK, a, &root, diags);
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
	lb.keep_empty = true;
	json_object_foreach((json_t *)(uintptr_t)map, key, value)
		labels_builder_set(&lb, str_of(key), str_of(json_string_value(value)));
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static struct labels labels_or_nil(const json_t *o, const char *key, struct arena *a)
{
	const json_t *map = json_object_get(o, key);

	return json_is_object(map) ? am_labels(map, a) : (struct labels){0};
}

static struct message_alert alert_of(const json_t *o, struct arena *a)
{
	struct message_alert al = {
		.labels = labels_or_nil(o, "labels", a),
		.annotations = labels_or_nil(o, "annotations", a),
		.generator_url = arena_str(a, case_text(o, "generatorURL")),
		.starts_at = MS_NONE,
		.ends_at = MS_NONE,
	};

	if (!time_rfc3339(case_text(o, "startsAt"), &al.starts_at))
		al.starts_at = MS_NONE;
	/* Either has a status or an end. */
	al.resolved = str_is(case_text(o, "status"), "resolved") ||
		      (!json_object_get(o, "status") && json_object_get(o, "endsAt"));
	if (al.resolved && !time_rfc3339(case_text(o, "endsAt"), &al.ends_at))
		al.ends_at = MS_NONE;
	al.hash = labels_hash(al.labels);
	return al;
}

struct message *am_message(const json_t *data)
{
	const json_t *alerts = json_object_get(data, "alerts");
	struct message *m = message_new();
	struct arena *a = &m->arena;

	m->receiver = arena_str(a, case_text(data, "receiver"));
	m->external_url = arena_str(a, case_text(data, "externalURL"));
	m->reason = arena_str(a, case_text(data, "notification_reason"));
	m->group_labels = labels_or_nil(data, "groupLabels", a);
	m->route_labels = labels_or_nil(data, "routeLabels", a);
	m->n = json_array_size(alerts);
	m->alerts = ARENA_ARRAY(a, struct message_alert, m->n + 1);
	for (size_t i = 0; i < m->n; i++)
		m->alerts[i] = alert_of(json_array_get(alerts, i), a);
	message_finish(m);
	if (json_object_get(data, "commonLabels")) {
		m->common_labels = labels_or_nil(data, "commonLabels", a);
		m->common_annotations = labels_or_nil(data, "commonAnnotations", a);
	}
	return m;
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
