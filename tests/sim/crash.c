/*
 * The fixed story: a service dies, somebody is paged, it comes back, they are told. Run once for
 * every effect (commit or request) with the power cut just there; each time the page and its end
 * must arrive, and the invariants hold.
 */
#include <stdio.h>

#include "tests/sim/oracle.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static const char CONFIG[] = "prometheus: {url: 'http://prom.sim'}\n"
			     "rule_files: [rules.yml]\n"
			     "route: {receiver: team, group_by: [alertname], group_wait: 5s, "
			     "group_interval: 10s, repeat_interval: 4h}\n"
			     "receivers:\n"
			     "- {name: team, webhook_configs: [{url: 'http://hook.sim/'}, {url: "
			     "'http://hook2.sim/'}]}\n";
static const char RULES[] = "groups:\n"
			    "- name: g\n"
			    "  interval: 5s\n"
			    "  rules:\n"
			    "  - {alert: Down, expr: 'up{app=\"a\"} == 0', for: 30s}\n"
			    "  - {alert: Gone, expr: 'absent(up{app=\"a\"})'}\n";

static void set(struct sim *s, double v)
{
	struct err err;

	CHECK(world_series(s->world, STR("up{app=\"a\"}"), v, &err));
}

static size_t told(struct sim *s, const char *host, const char *status)
{
	size_t n = 0;

	for (size_t i = 0; i < world_pages(s->world); i++) {
		const struct page *p = world_page(s->world, i);

		n += !p->refused && str_is(str_of(p->to), host) &&
		     str_find(str_of(p->body), str_of(status)) >= 0;
	}
	return n;
}

static void check_told(struct sim *s)
{
	static const char *const hosts[] = {"hook.sim", "hook2.sim"};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		if (!told(s, hosts[i], "\"status\":\"firing\""))
			sim_fail(s, "L1", "%s was never paged", hosts[i]);
		if (!told(s, hosts[i], "\"status\":\"resolved\""))
			sim_fail(s, "L1", "%s was never told of the end", hosts[i]);
	}
}

/* Returns the number of effects. */
static uint64_t story(uint64_t crash_at, bool verbose)
{
	struct sim *s = sim_new(crash_at);
	struct err err = {.pos = -1};
	uint64_t effects;

	s->verbose = verbose;
	s->crash_at = crash_at;
	s->faults = (struct faults){.latency = 20, .commit = 20};
	sim_file(s, "rouse.yml", str_of(CONFIG));
	sim_file(s, "rules.yml", str_of(RULES));
	oracle_watch(s->oracle, "Down", "up{app=\"a\"} == 0", 30 * SECOND);
	set(s, 1);
	if (!sim_start(s, &err))
		sim_fail(s, "S13", "does not start: %s", err.msg);
	run_for(s, MINUTE);
	set(s, 0);
	run_for(s, 3 * MINUTE);
	set(s, 1);
	run_for(s, 10 * MINUTE);
	check_told(s);
	oracle_settled(s->oracle);
	effects = s->effects;
	sim_free(s);
	return effects;
}

size_t crash_run(bool verbose)
{
	uint64_t n = story(0, verbose);

	for (uint64_t at = 1; at <= n; at++)
		story(at, verbose);
	return (size_t)n;
}
