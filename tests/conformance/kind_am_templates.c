/*
 * Kind am-templates: Alertmanager's templates in text and HTML mode over its data, with the default
 * templates loaded.
 */
#include <string.h>

#include "base/time.h"
#include "notify/data.h"
#include "notify/func.h"
#include "notify/message.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

/* ---- data of other types ----------------------------------------------------------------- */
static const struct value_type LIST_INT = {"[]int", VALUE_LIST, .elem = &TYPE_INT};
static const struct value_type LIST_UINT = {"[]uint", VALUE_LIST, .elem = &TYPE_UINT};
static const struct value_type LIST_FLOAT64 = {"[]float64", VALUE_LIST, .elem = &TYPE_FLOAT64};

static const struct value_type *const TYPES[] = {
	&LIST_INT,     &LIST_UINT,	 &LIST_FLOAT64, &TYPE_STRINGS,
	&TYPE_ANY_MAP, &TYPE_STRING_MAP, &TYPE_TIME,
};

static struct value value_of(const json_t *v, const struct value_type *type, struct arena *a);

static struct value list_of(const json_t *v, const struct value_type *type, struct arena *a)
{
	size_t n = json_array_size(v);
	struct value *items = ARENA_ARRAY(a, struct value, n + 1);

	for (size_t i = 0; i < n; i++)
		items[i] = value_of(json_array_get(v, i), type->elem, a);
	return value_list(type, items, n);
}

static struct value map_of(const json_t *v, const struct value_type *type, struct arena *a)
{
	struct value_pair *pairs = ARENA_ARRAY(a, struct value_pair, json_object_size(v) + 1);
	const char *key;
	json_t *x;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)v, key, x)
	{
		const struct value_type *elem = type->elem;

		if (elem == &TYPE_ANY)
			elem = json_is_string(x) ? &TYPE_STRING : &TYPE_INT;
		pairs[n++] = (struct value_pair){str_of(key), value_of(x, elem, a)};
	}
	return value_pairs(a, type, pairs, n);
}

static struct value value_of(const json_t *v, const struct value_type *type, struct arena *a)
{
	ms_t wall;

	if (type == &TYPE_STRING)
		return value_str((struct str){json_string_value(v), json_string_length(v)});
	if (type == &TYPE_INT)
		return value_int(json_integer_value(v));
	if (type == &TYPE_UINT)
		return value_uint((uint64_t)json_integer_value(v));
	if (type == &TYPE_FLOAT64)
		return value_float(json_number_value(v));
	if (type->kind == VALUE_LIST)
		return list_of(v, type, a);
	if (type->kind == VALUE_MAP)
		return map_of(v, type, a);
	if (type == &TYPE_TIME && time_rfc3339(str_of(json_string_value(v)), &wall))
		return value_time_ms(a, wall);
	return value_none();
}

static bool plain_data(const json_t *c, struct arena *a, struct value *out)
{
	struct str type = case_text(c, "data_type");

	*out = value_none();
	if (str_is(type, "<nil>"))
		return true;
	if (str_is(type, "map[string]interface {}"))
		type = STR("map[string]interface {}");
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
		if (!str_is(type, TYPES[i]->name))
			continue;
		*out = value_of(json_object_get(c, "data"), TYPES[i], a);
		return true;
	}
	return false;
}

/* ---- one case ---------------------------------------------------------------------------- */
static void run(struct tally *t, const char *name, const json_t *c, const struct message *m,
		struct value dot, struct arena *a)
{
	struct limits l;
	struct rendering x = {.message = m, .limits = &l, .arena = a};
	bool want = json_object_get(c, "output") != NULL, ok;
	struct str out = {0};
	struct err err = {0};

	limits_default(&l);
	x.mode = json_is_true(json_object_get(c, "html")) ? RENDER_HTML : RENDER_TEXT;
	x.templates = notify_template_set(a, &l);
	ok = notify_expand(&x, STR(""), case_text(c, "text"), dot, &out, &err);
	if (ok != want)
		case_fail(t, name, "%s: %s", ok ? "no error" : "error", ok ? "" : err.msg);
	else if (ok && !str_eq(out, case_text(c, "output")) && dot.kind == VALUE_TIME)
		case_skip(t, name,
			  "instants of the data were replaced by one when it was recorded");
	else if (ok && !str_eq(out, case_text(c, "output")))
		case_fail(t, name, "%.*s", STR_ARG(out));
	else
		case_pass(t);
}

/* `as_shown` (or NULL) is the data as a template sees it: the address as the server writes it. */
static void over_message(struct tally *t, const char *name, const json_t *c, const json_t *data,
			 const json_t *as_shown)
{
	OWNED(message) m = am_message(data);
	struct arena a;

	arena_init(&a);
	if (as_shown)
		m->external_url = case_text(as_shown, "externalURL");
	run(t, name, c, m, notify_template_data(m, &a), &a);
	arena_done(&a);
}

static void recorded(struct tally *t, const char *name, const json_t *c)
{
	struct value dot;
	struct arena a;

	if (str_ends(case_text(c, "data_type"), "template.Data")) {
		over_message(t, name, c, json_object_get(c, "data"), NULL);
		return;
	}
	arena_init(&a);
	if (plain_data(c, &a, &dot))
		run(t, name, c, NULL, dot, &a);
	else
		case_fail(t, name, "data of an unknown type");
	arena_done(&a);
}

static void over_groups(struct tally *t, const char *path, const json_t *root, const char *section)
{
	const json_t *c, *groups = json_object_get(root, "groups");
	char name[600];
	size_t i;

	json_array_foreach(json_object_get(root, section), i, c)
	{
		const json_t *group =
			json_object_get(groups, json_string_value(json_object_get(c, "group")));

		snprintf(name, sizeof(name), "%s:%s:%zu", path, section, i + 1);
		over_message(t, name, c, json_object_get(group, "input"),
			     json_object_get(group, "data"));
	}
}

void kind_am_templates(struct tally *t, const char *path)
{
	json_t *root = am_file(path);

	am_cases(t, path, root, "recorded", recorded);
	over_groups(t, path, root, "defaults");
	over_groups(t, path, root, "own");
	json_decref(root);
}
