/*
 * Alertmanager's own cases for matchers, routes and configurations, read from the conformance
 * folder ($ROUSE_CONFORMANCE or ../shared/conformance); skipped where that is missing.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/yaml.h"
#include "notify/config.h"
#include "notify/matcher.h"
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

static struct str json_str(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return (struct str){.p = json_string_value(v), .n = json_string_length(v)};
}

/* ---- matchers ------------------------------------------------------------------------- */

static bool parse_case(const json_t *c, struct arena *a, struct matcher **v, size_t *n,
		       struct err *err)
{
	struct str input = json_str(c, "input");

	if (str_is(json_str(c, "parse"), "matchers"))
		return am_matchers_parse(input, a, v, n, err);
	*v = ARENA_NEW(a, struct matcher);
	*n = 1;
	return am_matcher_parse(input, a, *v, err);
}

static void check_matchers(const json_t *c, const json_t *want, const struct matcher *v, size_t n)
{
	const char *id = json_string_value(json_object_get(c, "id"));
	const json_t *list = json_object_get(want, "matchers");

	if (n != json_array_size(list))
		fail_msg("%s: %zu matchers", id, n);
	for (size_t i = 0; i < n; i++) {
		const json_t *m = json_array_get(list, i);
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		am_matcher_put(&b, &v[i]);
		if (!str_eq(v[i].name, json_str(m, "name")) ||
		    !str_eq(v[i].value, json_str(m, "value")) ||
		    !str_is(json_str(m, "op"), match_op_text(v[i].op)) ||
		    !str_eq(buf_str(&b), json_str(m, "string")))
			fail_msg("%s: matcher %zu is %s", id, i, buf_cstr(&b));
		buf_done(&b);
	}
}

static void test_matcher_syntax(void **state)
{
	json_t *root = data_load("am-matchers.json"), *c;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(root, "parse"), i, c)
	{
		const json_t *want = json_object_get(json_object_get(c, "modes"), "fallback");
		const char *id = json_string_value(json_object_get(c, "id"));
		struct matcher *v;
		struct err err = {0};
		struct arena a;
		size_t n;

		if (!json_object_get(c, "input") || !want)
			continue;
		arena_init(&a);
		if (parse_case(c, &a, &v, &n, &err) != json_is_true(json_object_get(want, "ok")))
			fail_msg("%s: %s", id, err.msg);
		if (json_is_true(json_object_get(want, "ok")))
			check_matchers(c, want, v, n);
		else if (!str_eq(str_of(err.msg), json_str(want, "error")))
			fail_msg("%s: %s", id, err.msg);
		arena_done(&a);
	}
	json_decref(root);
}

static void test_matching(void **state)
{
	static const char *const OPS[] = {"=", "!=", "=~", "!~"};
	json_t *root = data_load("am-matchers.json"), *c;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(root, "match"), i, c)
	{
		struct matcher m;
		struct arena a;
		int op = 0;
		bool ok;

		while (!str_is(json_str(c, "op"), OPS[op]))
			op++;
		arena_init(&a);
		if (!am_matcher_init(&m, (enum match_op)op, STR("l"), json_str(c, "pattern"), &a,
				     NULL) ||
		    !matcher_test(&m, json_str(c, "value"), &ok, NULL) ||
		    ok != json_is_true(json_object_get(c, "match")))
			fail_msg("%s", json_string_value(json_object_get(c, "id")));
		arena_done(&a);
	}
	json_decref(root);
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

/* Every receiver that a routing tree names. */
static void put_receivers(struct buf *b, const json_t *routes)
{
	struct map names;
	const json_t *r;
	size_t i;

	map_init(&names);
	json_array_foreach(routes, i, r)
	{
		struct str name = json_str(r, "receiver");

		if (!map_put(&names, name, b))
			buf_printf(b, "- name: '%.*s'\n", STR_ARG(name));
	}
	map_done(&names);
}

static void check_route(const char *id, const json_t *want, const struct route *r)
{
	const struct {
		const char *key;
		ms_t got;
	} spans[] = {
		{"group_wait", r->group_wait},
		{"group_interval", r->group_interval},
		{"repeat_interval", r->repeat_interval},
	};
	const json_t *by = json_object_get(want, "group_by");

	if (!str_eq(r->id, json_str(want, "id")) || !str_eq(r->key, json_str(want, "key")) ||
	    !str_eq(r->receiver, json_str(want, "receiver")))
		fail_msg("%s: %.*s to %.*s", id, STR_ARG(r->id), STR_ARG(r->receiver));
	if (r->goes_on != json_is_true(json_object_get(want, "continue")) ||
	    r->group_by_all != json_is_true(json_object_get(want, "group_by_all")) ||
	    (!r->group_by_all && r->n_group_by != json_array_size(by)))
		fail_msg("%s: %.*s: continue or group_by", id, STR_ARG(r->id));
	for (size_t i = 0; i < r->n_group_by; i++)
		assert_true(str_is(r->group_by[i], json_string_value(json_array_get(by, i))));
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		ms_t v;

		assert_true(num_duration(json_str(want, spans[i].key), &v, NULL));
		assert_int_equal(v, spans[i].got);
	}
}

static size_t check_tree(const char *id, const json_t *routes, size_t at, const struct route *r)
{
	check_route(id, json_array_get(routes, at++), r);
	for (size_t i = 0; i < r->n_routes; i++)
		at = check_tree(id, routes, at, r->routes[i]);
	return at;
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

static void put_indented(struct buf *b, struct str text)
{
	while (text.n > 0) {
		ptrdiff_t nl = str_find_char(text, '\n');
		size_t n = nl < 0 ? text.n : (size_t)nl + 1;

		buf_adds(b, "  ");
		buf_add(b, str_cut(text, 0, n));
		text = str_from(text, n);
	}
}

static void test_routes(void **state)
{
	json_t *root = data_load("am-routing.json"), *c;
	size_t i, seen = 0;

	(void)state;
	json_array_foreach(json_object_get(root, "tree"), i, c)
	{
		const char *id = json_string_value(json_object_get(c, "id"));
		const json_t *routes = json_object_get(c, "routes");
		struct notify_config *config;
		struct diags diags;
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		buf_adds(&b, "receivers:\n");
		put_receivers(&b, routes);
		buf_adds(&b, "route:\n");
		put_indented(&b, json_str(c, "routes_yaml"));
		diags_init(&diags);
		config = config_of(buf_str(&b), &diags);
		if (config) {
			assert_int_equal(check_tree(id, routes, 0, config->root),
					 json_array_size(routes));
			seen++;
		} else if (!only_later(&diags)) {
			fail_msg("%s: %s", id, diags.v[0].msg);
		}
		notify_config_free(config);
		diags_done(&diags);
		buf_done(&b);
	}
	assert_true(seen > 5);
	json_decref(root);
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

TEST_GROUP(peers, cmocka_unit_test(test_matcher_syntax), cmocka_unit_test(test_matching),
	   cmocka_unit_test(test_routes), cmocka_unit_test(test_configurations))
