/* Kind am-inhibit: rules, sources and targets, through the configuration and the inhibitor. */
#include "notify/config.h"
#include "notify/inhibit.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

#define NOW ((ms_t)1800000000000)

static void check_targets(struct tally *t, const char *name, const struct inhibitor *in,
			  const json_t *targets, struct arena *a)
{
	const json_t *x;
	size_t i;

	json_array_foreach(targets, i, x)
	{
		struct labels ls = am_labels(json_object_get(x, "labels"), a);
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
	struct diags diags;
	struct arena a;

	arena_init(&a);
	diags_init(&diags);
	config = am_config(arena_printf(&a,
					"route: {receiver: x}\nreceivers: [{name: x}]\n"
					"inhibit_rules:\n%.*s",
					STR_ARG(case_text(c, "rules_yaml"))),
			   &a, &diags);
	if (!config) {
		case_fail(t, name, "the rules are refused: %s", am_first_error(&diags));
		diags_done(&diags);
		arena_done(&a);
		return;
	}
	diags_done(&diags);
	in = inhibitor_new(config->inhibit_rules, config->n_inhibit_rules);
	alerts = ARENA_ARRAY(&a, struct alert, n + 1);
	json_array_foreach(sources, i, x)
	{
		bool over = json_is_true(json_object_get(x, "resolved"));

		alerts[i].labels = am_labels(json_object_get(x, "labels"), &a);
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
	json_t *root = am_file(path);

	am_cases(t, path, root, "cases", one);
	json_decref(root);
}
