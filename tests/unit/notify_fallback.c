/* The fallback receiver: who hears of what a receiver refuses, and what becomes of it. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/yaml.h"

#define CONFIG(fallback) \
	"route:\n  receiver: root\n  group_by: [alertname]\n  group_wait: 30s\n" \
	"  group_interval: 5m\n  repeat_interval: 4h\n" \
	"  routes: [{receiver: team, matchers: ['t=\"x\"']" fallback "}]\n" \
	"receivers:\n" \
	"- name: root\n  webhook_configs: [{url: 'http://root/'}]\n" \
	"- name: team\n  webhook_configs: [{url: 'http://team/'}]\n" \
	"- name: boss\n  webhook_configs: [{url: 'http://boss/'}]\n"

static int team_status;

static struct answer answer_team(struct world *w, const struct heard *h)
{
	(void)w;
	return (struct answer){.status = strstr(h->url, "team") ? team_status : 200};
}

/* What the url has heard: "firing: a | resolved: | first notification", one a line. */
static void assert_heard(struct world *w, const char *url, const char *want)
{
	char got[8192] = "", said[2048];
	size_t n = 0;

	for (size_t i = 0; i < w->n_heard; i++) {
		if (strcmp(w->heard[i].url, url) == 0)
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s\n",
					      world_said(w, i, said, sizeof(said)));
	}
	assert_string_equal(got, want);
}

static struct world *start(const char *yaml, int status)
{
	struct world *w = world_new(yaml);

	team_status = status;
	w->answer_fn = answer_team;
	return w;
}

/* What one refuses goes to the root's receiver, which hears of the end as well. */
static void test_root(void **state)
{
	struct world *w = start(CONFIG(""), 404);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, MINUTE);
	assert_statuses(w, "dead sent");
	assert_heard(w, "http://root/", "firing: a | resolved: | stands in for team/webhook/0\n");
	/* The team is tried again with each flush; the root is not told again. */
	world_run(w, HOUR);
	assert_heard(w, "http://root/", "firing: a | resolved: | stands in for team/webhook/0\n");
	world_resolve(w, "alertname=Down,i=a,t=x");
	world_run(w, HOUR);
	assert_heard(w, "http://root/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: | resolved: a | all alerts resolved\n");
	world_free(w);
}

/* While it does not arrive the fallback is told like a receiver: news and repeats too. */
static void test_stands_in(void **state)
{
	struct world *w = start(CONFIG(", fallback: boss"), 404);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, MINUTE);
	world_fire(w, "alertname=Down,i=b,t=x", "");
	world_run(w, 5 * MINUTE);
	assert_heard(w, "http://boss/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: a b | resolved: | new alerts added\n");
	world_run(w, 4 * HOUR + 10 * MINUTE);
	assert_heard(w, "http://boss/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: a b | resolved: | new alerts added\n"
		     "firing: a b | resolved: | repeat interval elapsed\n");
	assert_heard(w, "http://root/", "");
	world_free(w);
}

/* When pages arrive again the fallback hears only of the end of what it was told of. */
static void test_recovered(void **state)
{
	struct world *w = start(CONFIG(", fallback: boss"), 404);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, MINUTE);
	team_status = 200;
	world_run(w, 5 * MINUTE);
	assert_statuses(w, "dead sent sent");
	world_fire(w, "alertname=Down,i=b,t=x", "");
	world_run(w, 9 * HOUR);
	assert_heard(w, "http://boss/", "firing: a | resolved: | stands in for team/webhook/0\n");
	world_resolve(w, "alertname=Down,i=a,t=x");
	world_run(w, 10 * MINUTE);
	world_resolve(w, "alertname=Down,i=b,t=x");
	world_run(w, HOUR);
	assert_heard(w, "http://boss/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: | resolved: a | all alerts resolved\n");
	world_free(w);
}

/* Over a restart too. */
static void test_restart(void **state)
{
	struct world *w = start(CONFIG(", fallback: boss"), 404);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, MINUTE);
	team_status = 200;
	world_restart(w, MINUTE);
	world_run(w, 10 * MINUTE);
	world_resolve(w, "alertname=Down,i=a,t=x");
	world_run(w, HOUR);
	assert_heard(w, "http://boss/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: | resolved: a | all alerts resolved\n");
	world_free(w);
}

/* What waits for five minutes goes to a fallback that is written down, and to no other. */
static void test_late(void **state)
{
	struct world *w = start(CONFIG(", fallback: boss"), 503);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, 5 * MINUTE);
	assert_heard(w, "http://boss/", "");
	world_run(w, MINUTE);
	assert_heard(w, "http://boss/", "firing: a | resolved: | stands in for team/webhook/0\n");
	world_resolve(w, "alertname=Down,i=a,t=x");
	world_run(w, HOUR);
	assert_heard(w, "http://boss/",
		     "firing: a | resolved: | stands in for team/webhook/0\n"
		     "firing: | resolved: a | all alerts resolved\n");
	world_free(w);

	w = start(CONFIG(""), 503);
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, HOUR);
	assert_heard(w, "http://root/", "");
	world_free(w);
}

/* Nobody stands in for the fallback, or for the root's own receiver. */
static void test_no_loop(void **state)
{
	struct world *w = start(CONFIG(", fallback: team"), 404);

	(void)state;
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_run(w, MINUTE);
	assert_statuses(w, "dead");
	world_free(w);

	w = world_new(CONFIG(""));
	w->answer = (struct answer){.status = 404};
	world_fire(w, "alertname=Down,i=a,t=x", "");
	world_fire(w, "alertname=Down,i=b,t=y", "");
	world_run(w, MINUTE);
	assert_statuses(w, "dead dead dead");
	world_free(w);
}

static void test_unknown(void **state)
{
	struct diags diags;
	struct yaml_node *root = NULL;
	struct notify_config *c = NULL;
	struct limits l;
	struct arena a;
	struct err err;
	bool more;

	(void)state;
	arena_init(&a);
	diags_init(&diags);
	limits_default(&l);
	assert_true(yaml_parse(str_of(CONFIG(", fallback: bos")), &l, &a, &root, &more, &err));
	assert_false(notify_config_parse(root, STR("rouse.yml"), &NO_FILES, &l, &c, &diags));
	assert_string_equal(diags.v[0].msg, "undefined receiver \"bos\" used in route");
	assert_int_equal(diags.v[0].line, 7);
	diags_done(&diags);
	arena_done(&a);
}

TEST_GROUP(fallback, cmocka_unit_test(test_root), cmocka_unit_test(test_stands_in),
	   cmocka_unit_test(test_recovered), cmocka_unit_test(test_restart),
	   cmocka_unit_test(test_late), cmocka_unit_test(test_no_loop),
	   cmocka_unit_test(test_unknown))
