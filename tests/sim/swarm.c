/*
 * Random worlds: the configuration of plan.c, series that come and go, and whatever faults the
 * seed has drawn. Then all faults stop, time passes, and everybody must have been told the truth.
 */
#include <stdio.h>

#include "evaluator/core.h"
#include "notify/matcher.h"
#include "notify/silence.h"
#include "tests/sim/oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/receivers.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define NODES 14
#define SETTLE (35 * MINUTE) /* a rest of 15 minutes, a group interval, a query offset, calm */
#define CALM (5 * MINUTE)

static const char *const SERIES[] = {
	"up{app=\"a\"}",     "up{app=\"b\"}",	      "up{app=\"c\"}",
	"up{app=\"d\"}",     "load{i=\"1\"}",	      "load{i=\"2\"}",
	"disk{mount=\"/\"}", "disk{mount=\"/home\"}", "disk{mount=\"/var\"}",
};
static const double VALUES[] = {0, 1, 2, 95, 100};
static const char *const HOSTS[] = {
	"hook.sim",   "hook2.sim",  "discord.sim", "mail10.sim", "mail11.sim", "mail12.sim",
	"mail20.sim", "mail21.sim", "mail22.sim",  "am.sim",	 "prom2.sim",
};

/* Which faults exist in this world at all. */
struct draw {
	bool prom, receivers, dead, crashes, power, clock, stall, reload, disk, write;
};

struct swarm {
	struct sim *sim;
	struct plan plan;
	struct draw draw;
};

static uint64_t pick(struct sim *s, uint64_t n)
{
	return sim_random(s) % n;
}

/* ---- living on ------------------------------------------------------------------------------- */

void run_start(struct sim *s)
{
	struct err err = {.pos = -1};

	for (int i = 0; !sim_start(s, &err); i++) {
		if (!sim_disk_is_down(s->disk) || i == 10)
			sim_fail(s, "S13", "does not start: %s", err.msg);
		sim_crash(s, !s->kill);
	}
}

static void disk_heals(struct sim *s)
{
	sim_disk_fail(s->disk, 0, 1, 0);
	sim_disk_set_capacity(s->disk, SIZE_MAX);
	sim_disk_set_read_only(s->disk, false);
}

void run_for(struct sim *s, ms_t span)
{
	ms_t end = s->now.mono + span;

	while (s->now.mono < end) {
		sim_elapse(s, end - s->now.mono);
		if (!s->crashed)
			continue;
		sim_crash(s, !s->kill);
		s->now.mono += SECOND;
		s->now.wall += SECOND;
		disk_heals(s); /* what a daemon does whose store cannot be opened: tests/e2e */
		run_start(s);
	}
}

/* ---- changes --------------------------------------------------------------------------------- */

static void set_series(struct sim *s, const char *name, double v)
{
	struct err err;

	CHECK(world_series(s->world, str_of(name), v, &err));
	sim_trace(s, "series %s %g", name, v);
}

/* Many elements at once, more or fewer. */
static void change_nodes(struct sim *s)
{
	uint64_t up = pick(s, NODES + 1);

	if (pick(s, 2))
		up = pick(s, 3);
	for (uint64_t i = 0; i < NODES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "node{n=\"%d\"}", (int)i);
		set_series(s, name, i < up);
	}
}

static void change_series(struct sim *s)
{
	const char *name = SERIES[pick(s, ARRAY_LEN(SERIES))];
	double v = VALUES[pick(s, ARRAY_LEN(VALUES))];
	struct err err;

	if (pick(s, 8) == 0) {
		change_nodes(s);
	} else if (pick(s, 4)) {
		set_series(s, name, v);
	} else if (world_gone(s->world, str_of(name), &err)) {
		sim_trace(s, "gone %s", name);
	}
}

static void change_prom(struct swarm *w)
{
	struct sim *s = w->sim;
	enum prom_mode mode = pick(s, 3) ? PROM_UP : (enum prom_mode)pick(s, PROM_SAYS_NO + 1);

	if (w->draw.write && pick(s, 2)) {
		world_write_status(s->world, pick(s, 2) ? 204 : 503);
		return;
	}
	if (!w->draw.prom)
		return;
	world_prom(s->world, mode);
	sim_trace(s, "prometheus mode %d", (int)mode);
}

static void change_receiver(struct swarm *w)
{
	static const int statuses[] = {200, 200, 200, 0, -1, 500, 503, 429, 404, 401};
	struct sim *s = w->sim;
	size_t n = ARRAY_LEN(statuses) - (w->draw.dead ? 0 : 2);
	int status = statuses[pick(s, n)];
	const char *host = HOSTS[pick(s, ARRAY_LEN(HOSTS))];

	if (!w->draw.receivers)
		return;
	if (pick(s, 6) == 0)
		receivers_forget(world_receivers(s->world));
	receivers_set(world_receivers(s->world), host, status, "");
	sim_trace(s, "receiver %s %d", host, status);
}

static void change_disk(struct sim *s)
{
	static const unsigned kinds[] = {SIM_WRITE, SIM_SYNC, SIM_WRITE | SIM_SYNC | SIM_TRUNCATE,
					 SIM_READ};
	uint64_t what = pick(s, 6);

	disk_heals(s);
	if (what == 0)
		sim_disk_set_capacity(s->disk, sim_disk_used(s->disk) + pick(s, 3) * 4096);
	else if (what == 1)
		sim_disk_set_read_only(s->disk, true);
	else if (what < 5)
		sim_disk_fail(s->disk, kinds[pick(s, ARRAY_LEN(kinds))], 1 + pick(s, 20),
			      1 + pick(s, 30));
	sim_trace(s, "disk fault %d", (int)what);
}

static void crash(struct swarm *w)
{
	struct sim *s = w->sim;

	if (w->draw.power && pick(s, 2)) {
		/* Soon, in the middle of whatever the disk does then. */
		sim_disk_crash_at(s->disk, sim_disk_ops(s->disk) + 1 + pick(s, 40));
		return;
	}
	sim_crash(s, w->draw.power && pick(s, 2));
	disk_heals(s);
	run_start(s);
}

static void reload(struct swarm *w)
{
	struct err err = {.pos = -1};

	plan_change(&w->plan, w->sim);
	if (!sim_reload(w->sim, &err))
		sim_fail(w->sim, "reload", "%s", err.msg);
}

/* ---- silences -------------------------------------------------------------------------------- */

static bool take_first(void *arg, const struct silence *s)
{
	snprintf(arg, 40, "%.*s", STR_ARG(s->id));
	return false;
}

/* False: there is none any more that holds. */
static bool end_silence(struct sim *s)
{
	struct notify *n = core_notify(s->core);
	const struct silence *first;
	char id[40] = "";

	notify_silences(n, s->now.wall, take_first, id);
	first = notify_silence(n, str_of(id));
	if (!first || silence_state(first, s->now.wall) == SILENCE_EXPIRED)
		return false;
	CHECK(notify_silence_expire(n, s->now, str_of(id)) == SILENCE_OK);
	sim_trace(s, "silence %s ends", id);
	return true;
}

static void change_silences(struct sim *s)
{
	struct silence in = {.starts_at = s->now.wall,
			     .created_by = STR("swarm"),
			     .ends_at = s->now.wall + MINUTE + sim_span(s, HOUR)};
	struct arena a;
	struct err err;
	struct str id;

	if (!s->core || (pick(s, 3) == 0 && end_silence(s)))
		return;
	arena_init(&a);
	CHECK(am_matchers_parse(MATCHERS_FALLBACK,
				pick(s, 2) ? arena_printf(&a, "alertname=A%d", (int)pick(s, 8))
					   : STR("severity=~\"page|ticket\",app=\"a\""),
				&a, &in.matchers, &in.n, &err));
	if (pick(s, 3) == 0) {
		struct labels_builder lb;

		labels_builder_init(&lb);
		labels_builder_set(&lb, STR("until_resolved"), STR("true"));
		in.annotations = labels_builder_build(&lb, &a);
		labels_builder_done(&lb);
	}
	CHECK(notify_silence_put(core_notify(s->core), s->now, &in, &id, &err) == SILENCE_OK);
	sim_trace(s, "silence %.*s", STR_ARG(id));
	arena_done(&a);
}

static ms_t clock_step(struct sim *s)
{
	static const ms_t most[] = {SECOND, 3 * SECOND, MINUTE, HOUR, 10 * DAY};
	ms_t by = sim_span(s, most[pick(s, ARRAY_LEN(most))]);

	return pick(s, 2) ? by : -by;
}

static void change_life(struct swarm *w)
{
	struct sim *s = w->sim;

	if (w->draw.crashes && pick(s, 3) == 0)
		crash(w);
	else if (w->draw.reload && pick(s, 2))
		reload(w);
	else if (w->draw.clock && pick(s, 3) == 0)
		sim_step_clock(s, clock_step(s));
	else if (w->draw.stall && pick(s, 3) == 0)
		sim_stall(s, sim_span(s, pick(s, 3) ? MINUTE : HOUR));
	else if (w->draw.disk)
		change_disk(s);
}

static void change(struct swarm *w)
{
	uint64_t what = pick(w->sim, 11);

	if (what < 5)
		change_series(w->sim);
	else if (what < 6)
		change_prom(w);
	else if (what < 8)
		change_receiver(w);
	else if (what == 10)
		change_silences(w->sim);
	else
		change_life(w);
}

/* ---- a world --------------------------------------------------------------------------------- */

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
		.vanish = (bits & 0xc000) == 0xc000 ? 30 : 0,
		.dead = (bits & 0x30000) == 0x30000 ? 20 : 0,
	};
	return (struct draw){
		.prom = bits & 32,
		.receivers = bits & 64,
		.crashes = bits & 128,
		.power = bits & 256,
		.clock = (bits & 0x600) == 0x600,
		.reload = bits & 2048,
		.disk = (bits & 0x3000) == 0x3000,
		.dead = bits & 0x40000,
		.write = bits & 0x80000,
		.stall = (bits & 0x300000) == 0x300000,
	};
}

/* Torture: everything that has a limit meets it. */
static void shrink_limits(struct sim *s)
{
	s->limits.outbox_rows = 3;
	s->limits.reply_series = 10;
	s->limits.history_rows = 5;
	s->limits.event_rows = 20;
}

static void faults_end(struct swarm *w)
{
	struct sim *s = w->sim;
	struct err err = {.pos = -1};

	s->faults = (struct faults){.latency = 5, .commit = 5};
	disk_heals(s);
	world_prom(s->world, PROM_UP);
	world_write_status(s->world, 204);
	receivers_heal(world_receivers(s->world));
	sim_trace(s, "all faults end");
	plan_open(&w->plan, s);
	if (!sim_reload(s, &err))
		sim_fail(s, "reload", "%s", err.msg);
	while (end_silence(s))
		continue;
}

uint64_t swarm_run(uint64_t seed, bool verbose)
{
	struct sim *s = sim_new(seed);
	struct swarm w = {.sim = s, .draw = draw_faults(s)};
	int changes = 20 + (int)pick(s, 60);
	uint64_t trace;

	s->verbose = verbose;
	if (pick(s, 4) == 0)
		shrink_limits(s);
	plan_draw(&w.plan, s);
	run_start(s);
	for (int i = 0; i < changes; i++) {
		change(&w);
		run_for(s, sim_span(s, pick(s, 3) ? 3 * MINUTE : 10 * MINUTE));
	}
	faults_end(&w);
	run_for(s, SETTLE - CALM);
	oracle_calm(s->oracle);
	run_for(s, CALM);
	oracle_settled(s->oracle);
	trace = s->trace;
	sim_free(s);
	return trace;
}
