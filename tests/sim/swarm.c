/*
 * Random worlds: rules, routes, series that come and go, and whatever faults the seed has drawn.
 * Then all faults stop, time passes, and everybody must have been told the truth.
 */
#include <stdio.h>

#include "base/buf.h"
#include "tests/sim/oracle.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define ALERTS 5

static const char *const EXPRS[ALERTS] = {
	"up{app=\"a\"} == 0",
	"absent(up{app=\"b\"})",
	"sum(load) > 3",
	"sum(up{app=\"c\"}) == 0 or sum(load{i=\"1\"}) > 50",
	"disk{mount=\"/\"} > 90 unless disk{mount=\"/\"} > 99",
};
static const char *const SERIES[] = {
	"up{app=\"a\"}", "up{app=\"b\"}", "load{i=\"1\"}",
	"load{i=\"2\"}", "up{app=\"c\"}", "disk{mount=\"/\"}",
};
static const double VALUES[] = {0, 1, 2, 95, 100};

/* Which faults exist in this world at all. */
struct draw {
	bool prom, receivers, crashes, power, clock, reload, store;
};

static uint64_t pick(struct sim *s, uint64_t n)
{
	return sim_random(s) % n;
}

static void write_rules(struct sim *s)
{
	static const char *const intervals[] = {"5s", "15s", "30s", "1m"};
	static const ms_t holds[] = {0, 20 * SECOND, MINUTE, 5 * MINUTE};
	static const char *const keeps[] = {"0s", "0s", "30s", "2m"};
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b, "groups:\n");
	for (int i = 0; i < ALERTS; i++) {
		char name[16];
		ms_t hold = holds[pick(s, ARRAY_LEN(holds))];

		snprintf(name, sizeof(name), "A%d", i);
		buf_printf(&b,
			   "- name: g%d\n  interval: %s\n  rules:\n  - alert: %s\n    expr: '%s'\n",
			   i, intervals[pick(s, ARRAY_LEN(intervals))], name, EXPRS[i]);
		buf_printf(&b, "    for: %llds\n    keep_firing_for: %s\n",
			   (long long)(hold / SECOND), keeps[pick(s, ARRAY_LEN(keeps))]);
		buf_adds(&b, "    labels: {severity: page}\n    annotations: {summary: 'now {{ "
			     "$value }}'}\n");
		oracle_watch(s->oracle, name, EXPRS[i], hold);
	}
	sim_file(s, "rules.yml", buf_str(&b));
	buf_done(&b);
}

static void write_config(struct sim *s)
{
	static const char *const waits[] = {"0s", "5s", "30s"};
	static const char *const intervals[] = {"10s", "1m", "5m"};
	static const char *const repeats[] = {"1h", "4h"};
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b, "prometheus: {url: 'http://prom.sim'}\nrule_files: [rules.yml]\n");
	buf_printf(&b,
		   "route: {receiver: team, group_by: [%s], group_wait: %s, group_interval: %s, "
		   "repeat_interval: %s}\n",
		   pick(s, 2) ? "alertname" : "severity", waits[pick(s, 3)], intervals[pick(s, 3)],
		   repeats[pick(s, 2)]);
	buf_adds(&b, "receivers:\n- name: team\n  webhook_configs:\n"
		     "  - {url: 'http://hook.sim/', send_resolved: true}\n"
		     "  - {url: 'http://hook2.sim/', send_resolved: true}\n");
	sim_file(s, "rouse.yml", buf_str(&b));
	buf_done(&b);
}

static void start(struct sim *s)
{
	struct err err = {.pos = -1};

	if (!sim_start(s, &err))
		sim_fail(s, "S13", "does not start: %s", err.msg);
}

void run_for(struct sim *s, ms_t span)
{
	ms_t end = s->now.mono + span;

	while (s->now.mono < end) {
		sim_elapse(s, end - s->now.mono);
		if (!s->crashed)
			continue;
		sim_crash(s, true);
		s->now.mono += SECOND;
		s->now.wall += SECOND;
		start(s);
	}
}

/* Something changes in the world. */
static void change_series(struct sim *s)
{
	const char *name = SERIES[pick(s, ARRAY_LEN(SERIES))];
	double v = VALUES[pick(s, ARRAY_LEN(VALUES))];
	struct err err;

	if (pick(s, 4) == 0) {
		if (world_gone(s->world, str_of(name), &err))
			sim_trace(s, "gone %s", name);
		return;
	}
	CHECK(world_series(s->world, str_of(name), v, &err));
	sim_trace(s, "series %s %g", name, v);
}

static void change_prom(struct sim *s, const struct draw *d)
{
	enum prom_mode mode = pick(s, 3) ? PROM_UP : (enum prom_mode)pick(s, PROM_SAYS_NO + 1);

	if (!d->prom)
		return;
	world_prom(s->world, mode);
	sim_trace(s, "prometheus mode %d", (int)mode);
}

static void change_receiver(struct sim *s, const struct draw *d)
{
	static const int statuses[] = {200, 200, 200, 0, -1, 500, 503, 429};
	int status = statuses[pick(s, ARRAY_LEN(statuses))];
	const char *host = pick(s, 2) ? "hook.sim" : "hook2.sim";

	if (!d->receivers)
		return;
	world_receiver(s->world, host, status, "7");
	sim_trace(s, "receiver %s %d", host, status);
}

static void change_life(struct sim *s, const struct draw *d)
{
	struct err err;

	if (d->crashes && pick(s, 3) == 0) {
		sim_crash(s, d->power && pick(s, 2));
		start(s);
	} else if (d->reload && pick(s, 2)) {
		if (!sim_reload(s, &err))
			sim_fail(s, "reload", "%s", err.msg);
	} else if (d->clock && pick(s, 4) == 0) {
		sim_step_clock(s, (ms_t)pick(s, 2 * HOUR) - HOUR);
	} else if (d->store) {
		s->store_down = pick(s, 3) == 0;
		sim_trace(s, "store %s", s->store_down ? "fails" : "works");
	}
}

static void change(struct sim *s, const struct draw *d)
{
	uint64_t what = pick(s, 10);

	if (what < 5)
		change_series(s);
	else if (what < 7)
		change_prom(s, d);
	else if (what < 9)
		change_receiver(s, d);
	else
		change_life(s, d);
}

static struct draw draw_faults(struct sim *s)
{
	uint64_t bits = sim_random(s);

	s->faults = (struct faults){
		.latency = sim_span(s, 2) ? sim_span(s, 3 * SECOND) : 5,
		.commit = sim_span(s, 200),
		.lose_request = bits & 1 ? 50 : 0,
		.lose_reply = bits & 2 ? 50 : 0,
		.error = bits & 4 ? 50 : 0,
		.limit = bits & 8 ? 50 : 0,
		.garbage = bits & 16 ? 50 : 0,
	};
	return (struct draw){
		.prom = bits & 32,
		.receivers = bits & 64,
		.crashes = bits & 128,
		.power = bits & 256,
		.clock = (bits & 0x600) == 0x600,
		.reload = bits & 2048,
		.store = (bits & 0x3000) == 0x3000,
	};
}

static void faults_end(struct sim *s)
{
	s->faults = (struct faults){.latency = 5, .commit = 5};
	s->store_down = false;
	world_prom(s->world, PROM_UP);
	world_receiver(s->world, "hook.sim", 200, "");
	world_receiver(s->world, "hook2.sim", 200, "");
	sim_trace(s, "all faults end");
}

uint64_t swarm_run(uint64_t seed, bool verbose)
{
	struct sim *s = sim_new(seed);
	struct draw d = draw_faults(s);
	int changes = 20 + (int)pick(s, 60);
	uint64_t trace;

	s->verbose = verbose;
	write_rules(s);
	write_config(s);
	start(s);
	for (int i = 0; i < changes; i++) {
		change(s, &d);
		run_for(s, sim_span(s, pick(s, 3) ? 3 * MINUTE : 20 * MINUTE));
	}
	faults_end(s);
	run_for(s, HOUR);
	oracle_settled(s->oracle);
	trace = s->trace;
	sim_free(s);
	return trace;
}
