/*
 * rouse.yml, the whole loader, on a disk where every file holds the same small text. Besides not
 * crashing: a configuration comes out exactly when there was no error, routes lead to receivers
 * that exist, and the secret from the environment never stands in the shown text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evaluator/config.h"
#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool disk_read(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	const struct str *text = arg;

	if (path.n == 0)
		return err_set(err, -1, "a file needs a name");
	*out = str_is(path, "rouse.yml")
		       ? arena_str(a, *text)
		       : STR("groups: [{name: g, rules: [{alert: a, expr: up}]}]\n");
	return true;
}

static bool disk_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		      struct err *err)
{
	(void)arg;
	(void)err;
	*out = ARENA_NEW(a, struct str);
	**out = pattern;
	*n = !str_ends(pattern, "*");
	return true;
}

static bool disk_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	(void)arg;
	*out = arena_str(a, STR("http://from.the.environment/"));
	return name.n > 0;
}

static void check_route(const struct notify_config *c, const struct route *r)
{
	CHECK(notify_config_receiver(c, r->receiver));
	CHECK(r->group_interval > 0 && r->repeat_interval > 0 && r->key.n > 0);
	for (size_t i = 0; i < r->n_routes; i++)
		check_route(c, r->routes[i]);
}

static void check_config(const struct config *c)
{
	CHECK(c->rules && c->notify);
	CHECK(str_find(c->text, STR("from.the.environment")) < 0);
	CHECK(!c->has_prometheus ||
	      (c->prometheus.n_urls > 0 && c->prometheus.evaluation_interval > 0));
	if (c->notify->root)
		check_route(c->notify, c->notify->root);
	for (size_t i = 0; i < c->notify->n_receivers; i++) {
		const struct receiver *r = &c->notify->receivers[i];

		for (size_t j = 0; j < r->n; j++)
			CHECK(r->integrations[j].config && r->integrations[j].http);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {(const char *)data, n};
	struct config_files files = {.read = disk_read,
				     .glob = disk_glob,
				     .env = disk_env,
				     .arg = &text};
	struct config *c = NULL;
	struct limits limits;
	struct diags diags;
	bool ok;

	limits_default(&limits);
	diags_init(&diags);
	ok = config_load(STR("rouse.yml"), NULL, &files, &limits, &c, &diags);
	CHECK(ok == (c != NULL) && ok == (diags.errors == 0));
	if (ok && str_find(text, STR("from.the")) < 0)
		check_config(c);
	config_free(c);
	diags_done(&diags);
	return 0;
}
