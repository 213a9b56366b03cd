/* Kind am-routing: which routes an alert takes, what every node inherits, amtool's routes test. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/num.h"
#include "base/yaml.h"
#include "notify/interval.h"
#include "notify/route.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

/* ---- a configuration around a route -------------------------------------------------------- */
/* The names that the tree uses, as sections of their own. */
struct names {
	struct map receivers, intervals;
};

static void collect(struct names *names, const struct yaml_node *node)
{
	static char here;

	for (size_t i = 0; node->kind == YAML_LIST && i < node->n; i++)
		collect(names, node->items[i]);
	for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		bool interval = str_ends(p->key->value, "_time_intervals");

		if (str_is(p->key->value, "receiver"))
			map_put(&names->receivers, p->value->value, &here);
		for (size_t k = 0; interval && p->value->kind == YAML_LIST && k < p->value->n; k++)
			map_put(&names->intervals, p->value->items[k]->value, &here);
		if (str_is(p->key->value, "routes"))
			collect(names, p->value);
	}
}

static void put_names(struct buf *b, const char *section, const struct map *m)
{
	if (m->n)
		buf_printf(b, "%s:\n", section);
	map_each (m, e) {
		buf_adds(b, "- name: '");
		buf_add(b, e->key);
		buf_adds(b, "'\n");
	}
}

static struct notify_config *config_of(struct str routes, struct arena *a, struct diags *diags)
{
	struct notify_config *c = NULL;
	struct yaml_node *root = NULL;
	struct names names;
	struct limits l;
	struct err err = {0};
	struct buf b;
	bool more;

	limits_default(&l);
	if (!yaml_parse(routes, &l, a, &root, &more, &err) || !root)
		return NULL;
	map_init(&names.receivers);
	map_init(&names.intervals);
	buf_init(&b, BUF_MAX_ANY);
	collect(&names, root);
	put_names(&b, "receivers", &names.receivers);
	put_names(&b, "time_intervals", &names.intervals);
	buf_adds(&b, "route:\n");
	while (routes.n) {
		ptrdiff_t eol = str_find_char(routes, '\n');
		size_t n = eol < 0 ? routes.n : (size_t)eol + 1;

		buf_adds(&b, "  ");
		buf_add(&b, str_cut(routes, 0, n));
		routes = str_from(routes, n);
	}
	c = am_config(buf_str(&b), a, diags);
	buf_done(&b);
	map_done(&names.receivers);
	map_done(&names.intervals);
	return c;
}

/* ---- one node ------------------------------------------------------------------------------ */
static bool same_texts(const json_t *want, const struct str *v, size_t n)
{
	const json_t *x;
	size_t i;

	if (json_array_size(want) != n)
		return false;
	json_array_foreach(want, i, x)
	{
		if (!str_is(v[i], json_string_value(x)))
			return false;
	}
	return true;
}

static bool same_intervals(const json_t *want, const struct time_interval *const *v, size_t n)
{
	const json_t *x;
	size_t i;

	if (json_array_size(want) != n)
		return false;
	json_array_foreach(want, i, x)
	{
		if (!str_is(v[i]->name, json_string_value(x)))
			return false;
	}
	return true;
}

static bool same_duration(const json_t *want, ms_t d)
{
	struct buf b;
	bool same;

	buf_init(&b, BUF_MAX_ANY);
	num_put_duration(&b, d);
	same = str_is(buf_str(&b), json_string_value(want));
	buf_done(&b);
	return same;
}

/* The member in which the route differs, or NULL. */
static const char *differs(const json_t *w, const struct route *r, struct arena *a)
{
	if (!str_eq(case_text(w, "receiver"), r->receiver))
		return "receiver";
	if (!same_texts(json_object_get(w, "group_by"), r->group_by, r->n_group_by))
		return "group_by";
	if (json_is_true(json_object_get(w, "group_by_all")) != r->group_by_all)
		return "group_by_all";
	if (!same_duration(json_object_get(w, "group_wait"), r->group_wait))
		return "group_wait";
	if (!same_duration(json_object_get(w, "group_interval"), r->group_interval))
		return "group_interval";
	if (!same_duration(json_object_get(w, "repeat_interval"), r->repeat_interval))
		return "repeat_interval";
	if (!same_intervals(json_object_get(w, "mute_time_intervals"), r->mute, r->n_mute))
		return "mute_time_intervals";
	if (!same_intervals(json_object_get(w, "active_time_intervals"), r->active, r->n_active))
		return "active_time_intervals";
	if (!labels_eq(am_labels(json_object_get(w, "labels"), a), r->labels))
		return "labels";
	if (json_is_true(json_object_get(w, "continue")) != r->goes_on)
		return "continue";
	if (!str_eq(case_text(w, "key"), r->key))
		return "key";
	return str_eq(case_text(w, "id"), r->id) ? NULL : "id";
}

/* ---- match --------------------------------------------------------------------------------- */
struct matching {
	struct arena *arena;
	struct labels labels;
	const json_t *want; /* of the routes, in order; NULL: none is compared */
	size_t at;
	const char *wrong;
	struct buf receivers; /* separated by commas */
};

static void check_group(struct matching *m, const json_t *w, const struct route *r)
{
	struct labels group = route_group_labels(r, m->labels, m->arena);
	char hex[HASH_SHA256_HEX];
	struct buf key;

	buf_init(&key, BUF_MAX_ANY);
	buf_add(&key, r->key);
	buf_addc(&key, ':');
	route_put_labels(&key, group);
	hash_sha256_hex(buf_str(&key), hex);
	if (!labels_eq(am_labels(json_object_get(w, "group_labels"), m->arena), group))
		m->wrong = "group_labels";
	else if (!str_eq(case_text(w, "group_key"), buf_str(&key)))
		m->wrong = "group_key";
	else if (!str_is(case_text(w, "group_key_sha256"), hex))
		m->wrong = "group_key_sha256";
	buf_done(&key);
}

static void matched(void *arg, const struct route *r)
{
	struct matching *m = arg;
	const json_t *w = json_array_get(m->want, m->at);

	if (m->at++)
		buf_addc(&m->receivers, ',');
	buf_add(&m->receivers, r->receiver);
	if (w && !m->wrong)
		m->wrong = differs(w, r, m->arena);
	if (w && !m->wrong)
		check_group(m, w, r);
}

static struct notify_config *read_case(struct tally *t, const char *name, const json_t *c,
				       struct arena *a)
{
	struct notify_config *config;
	struct diags diags;

	diags_init(&diags);
	config = config_of(case_text(c, "routes_yaml"), a, &diags);
	if (!config)
		case_fail(t, name, "the routes are refused: %s", am_first_error(&diags));
	diags_done(&diags);
	return config;
}

static void one_match(struct tally *t, const char *name, const json_t *c)
{
	struct notify_config *config;
	struct arena a;

	arena_init(&a);
	config = read_case(t, name, c, &a);
	if (config) {
		struct matching m = {.arena = &a,
				     .labels = am_labels(json_object_get(c, "labels"), &a),
				     .want = json_object_get(c, "matches")};

		buf_init(&m.receivers, BUF_MAX_ANY);
		route_match(config->root, m.labels, matched, &m);
		if (m.wrong)
			case_fail(t, name, "route %zu: %s differs", m.at, m.wrong);
		else if (m.at != json_array_size(m.want))
			case_fail(t, name, "%zu routes: %s", m.at, buf_cstr(&m.receivers));
		else
			case_pass(t);
		buf_done(&m.receivers);
		notify_config_free(config);
	}
	arena_done(&a);
}

/* ---- tree ---------------------------------------------------------------------------------- */
static void walk(const struct route *r, const json_t *list, size_t *at, const char **wrong,
		 struct arena *a)
{
	const json_t *w = json_array_get(list, (*at)++);

	if (!*wrong)
		*wrong = w ? differs(w, r, a) : "the number of routes";
	for (size_t i = 0; i < r->n_routes; i++)
		walk(r->routes[i], list, at, wrong, a);
}

static void one_tree(struct tally *t, const char *name, const json_t *c)
{
	const json_t *list = json_object_get(c, "routes");
	struct notify_config *config;
	const char *wrong = NULL;
	struct arena a;
	size_t at = 0;

	arena_init(&a);
	config = read_case(t, name, c, &a);
	if (config) {
		walk(config->root, list, &at, &wrong, &a);
		if (!wrong && at != json_array_size(list))
			wrong = "the number of routes";
		if (wrong)
			case_fail(t, name, "%s differs", wrong);
		else
			case_pass(t);
		notify_config_free(config);
	}
	arena_done(&a);
}

/* ---- amtool config routes test ------------------------------------------------------------- */
static struct labels labels_of_args(const json_t *args, struct arena *a)
{
	struct labels_builder lb;
	struct labels ls;
	const json_t *x;
	size_t i;

	labels_builder_init(&lb);
	json_array_foreach(args, i, x)
	{
		struct matcher m;
		struct err err;

		if (am_matcher_parse(MATCHERS_FALLBACK, str_of(json_string_value(x)), a, &m, &err))
			labels_builder_set(&lb, m.name, m.value);
	}
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static void one_test(struct tally *t, const char *name, const json_t *c)
{
	struct notify_config *config;
	struct arena a;

	arena_init(&a);
	config = read_case(t, name, c, &a);
	if (config) {
		struct matching m = {.arena = &a,
				     .labels = labels_of_args(json_object_get(c, "args"), &a)};

		buf_init(&m.receivers, BUF_MAX_ANY);
		route_match(config->root, m.labels, matched, &m);
		buf_addc(&m.receivers, '\n');
		if (str_eq(case_text(c, "stdout"), buf_str(&m.receivers)))
			case_pass(t);
		else
			case_fail(t, name, "%s", buf_cstr(&m.receivers));
		buf_done(&m.receivers);
		notify_config_free(config);
	}
	arena_done(&a);
}

void kind_am_routing(struct tally *t, const char *path)
{
	json_t *root = am_file(path);

	am_cases(t, path, root, "match", one_match);
	am_cases(t, path, root, "tree", one_tree);
	am_cases(t, path, root, "amtool_routes_test", one_test);
	json_decref(root);
}
