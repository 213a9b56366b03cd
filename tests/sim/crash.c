/*
 * Fixed stories, each run once for every effect it has (commit or request) and for every operation
 * of its disk, with the power cut just there, and again with kill -9. Each time the page and its
 * end must arrive, and the invariants hold.
 */
#include <stdio.h>
#include <string.h>

#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/incident.h"
#include "tests/sim/oracle.h"
#include "tests/sim/receivers.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define HEAD \
	"prometheus: {url: 'http://prom.sim'}\n" \
	"rule_files: [rules.yml]\n" \
	"route: {receiver: team, group_by: [alertname], group_wait: 5s, group_interval: 10s, " \
	"repeat_interval: 4h}\n" \
	"receivers:\n"
#define WEBHOOKS \
	HEAD "- {name: team, webhook_configs: [{url: 'http://hook.sim/'}, {url: " \
	     "'http://hook2.sim/'}]}\n"
#define LINES \
	"{{ range .Alerts }}@@{{ .Status }}|{{ .Labels.alertname }}|" \
	"{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }},{{ end }};{{ end }}"
#define MAILED \
	HEAD "- name: team\n  webhook_configs: [{url: 'http://hook.sim/'}]\n" \
	     "  email_configs: [{to: a@x.sim, from: r@x.sim, smarthost: 'mail.sim:25', " \
	     "require_tls: false, send_resolved: true, html: '', text: '" LINES "'}]\n"
#define EDITED \
	HEAD "- name: team\n  discord_configs: [{webhook_url: 'http://discord.sim/api', " \
	     "update_message: true, message: '" LINES "'}]\n"
#define PEOPLE \
	HEAD "- {name: team, oncall_configs: [{policy: p}]}\n" \
	     "oncall:\n" \
	     "  people:\n" \
	     "    alice: {contacts: {a: {webhook: {url: 'http://hook.sim/'}}}}\n" \
	     "    bob: {contacts: {b: {webhook: {url: 'http://hook2.sim/'}}}}\n" \
	     "  schedules: {s: {layers: [{people: [alice]}]}}\n" \
	     "  policies: {p: {steps: [{page: schedule/s}, {after: 1m, page: person/bob}], wait: " \
	     "1m}}\n"
#define RULE(hold) \
	"groups:\n" \
	"- name: g\n" \
	"  interval: 5s\n" \
	"  rules:\n" \
	"  - {alert: Down, expr: 'up{app=\"a\"} == 0', for: " hold "}\n" \
	"  - {alert: Gone, expr: 'absent(up{app=\"a\"})'}\n"

enum what { WAIT, SET, RECEIVER, RELOAD, PROMETHEUS, ACK };

struct step {
	enum what what;
	ms_t arg;	  /* span, value, status, mode */
	const char *text; /* host; rules */
};

struct story {
	const char *name, *config;
	const char *hosts[2];
	struct step steps[16]; /* ended by a WAIT of 0 */
};

static const struct story STORIES[] = {
	{"a service dies and comes back",
	 WEBHOOKS,
	 {"hook.sim", "hook2.sim"},
	 {{WAIT, 20 * SECOND, 0},
	  {SET, 0, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {SET, 1, 0},
	  {WAIT, 6 * MINUTE, 0}}},
	{"over while the group waits, and again",
	 WEBHOOKS,
	 {"hook.sim", "hook2.sim"},
	 {{SET, 0, 0},
	  {WAIT, 33 * SECOND, 0},
	  {SET, 1, 0},
	  {WAIT, 30 * SECOND, 0},
	  {SET, 0, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {SET, 1, 0},
	  {WAIT, 6 * MINUTE, 0}}},
	{"a receiver is down, then up",
	 WEBHOOKS,
	 {"hook.sim", "hook2.sim"},
	 {{RECEIVER, 0, "hook.sim"},
	  {SET, 0, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {RECEIVER, 200, "hook.sim"},
	  {WAIT, 2 * MINUTE, 0},
	  {RECEIVER, -1, "hook2.sim"},
	  {SET, 1, 0},
	  {WAIT, 40 * SECOND, 0},
	  {RECEIVER, 200, "hook2.sim"},
	  {WAIT, 6 * MINUTE, 0}}},
	{"reloads in the middle",
	 WEBHOOKS,
	 {"hook.sim", "hook2.sim"},
	 {{SET, 0, 0},
	  {WAIT, 20 * SECOND, 0},
	  {RELOAD, 40 * SECOND, RULE("40s")},
	  {WAIT, 28 * SECOND, 0},
	  {RELOAD, 10 * SECOND, RULE("10s")},
	  {WAIT, 4 * MINUTE, 0},
	  {RELOAD, 10 * SECOND, RULE("10s")},
	  {SET, 1, 0},
	  {WAIT, 6 * MINUTE, 0}}},
	{"mail beside a webhook",
	 MAILED,
	 {"hook.sim", "mail.sim"},
	 {{SET, 0, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {RECEIVER, 500, "mail.sim"},
	  {SET, 1, 0},
	  {WAIT, 40 * SECOND, 0},
	  {RECEIVER, 200, "mail.sim"},
	  {WAIT, 6 * MINUTE, 0}}},
	{"a message is edited",
	 EDITED,
	 {"discord.sim", "discord.sim"},
	 {{SET, 0, 0}, {WAIT, 4 * MINUTE, 0}, {SET, 1, 0}, {WAIT, 6 * MINUTE, 0}}},
	{"Prometheus is away meanwhile",
	 WEBHOOKS,
	 {"hook.sim", "hook2.sim"},
	 {{SET, 0, 0},
	  {WAIT, 20 * SECOND, 0},
	  {PROMETHEUS, PROM_DOWN, 0},
	  {WAIT, 30 * SECOND, 0},
	  {PROMETHEUS, PROM_UP, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {PROMETHEUS, PROM_HANGS, 0},
	  {SET, 1, 0},
	  {WAIT, 30 * SECOND, 0},
	  {PROMETHEUS, PROM_UP, 0},
	  {WAIT, 6 * MINUTE, 0}}},
	{"people, until one of them acknowledges",
	 PEOPLE,
	 {"hook.sim", "hook2.sim"},
	 {{SET, 0, 0},
	  {WAIT, 150 * SECOND, 0},
	  {ACK, 0, 0},
	  {WAIT, 4 * MINUTE, 0},
	  {SET, 1, 0},
	  {WAIT, 6 * MINUTE, 0}}},
};

/* Where the story is cut: at an effect, or at an operation of the disk. */
struct cut {
	uint64_t effect, op;
	bool kill;
	/* out: how many there are */
	uint64_t effects, ops;
};

static void set(struct sim *s, double v)
{
	struct err err;

	CHECK(world_series(s->world, STR("up{app=\"a\"}"), v, &err));
}

static bool says(const struct page *p, const char *status)
{
	char words[40];

	snprintf(words, sizeof(words), "%s%s%s", p->key[0] && !p->mail ? "\"status\":\"" : "@@",
		 status, p->key[0] && !p->mail ? "\"" : "|");
	return str_find(str_of(p->body), str_of(words)) >= 0;
}

static size_t told(struct sim *s, const char *host, const char *status)
{
	struct receivers *rs = world_receivers(s->world);
	size_t n = 0;

	for (size_t i = 0; i < receivers_pages(rs); i++) {
		const struct page *p = receivers_page(rs, i);

		n += !p->refused && str_is(str_of(p->to), host) && says(p, status);
	}
	return n;
}

static void check_told(struct sim *s, const struct story *st)
{
	for (size_t i = 0; i < ARRAY_LEN(st->hosts); i++) {
		if (!told(s, st->hosts[i], "firing"))
			sim_fail(s, "L1", "%s: %s was never paged", st->name, st->hosts[i]);
		if (!told(s, st->hosts[i], "resolved"))
			sim_fail(s, "L1", "%s: %s was never told of the end", st->name,
				 st->hosts[i]);
	}
}

static void promise(struct sim *s, ms_t hold)
{
	const struct oracle_rule down = {
		.name = "Down",
		.expr = "up{app=\"a\"} == 0",
		.hold = hold,
		.interval = 5 * SECOND,
	};

	oracle_rule(s->oracle, &down);
}

static void reload(struct sim *s, const struct step *p)
{
	struct err err = {.pos = -1};

	sim_file(s, "rules.yml", str_of(p->text));
	promise(s, p->arg);
	if (!sim_reload(s, &err))
		sim_fail(s, "reload", "%s", err.msg);
}

/* bob does it again until he is told that it is on disk. */
static void acknowledge(struct sim *s)
{
	for (int i = 0; i < 30; i++) {
		struct oncall *oc = s->core ? notify_oncall(core_notify(s->core)) : NULL;
		const struct core *core = s->core;
		uint64_t turn = 0;

		if (oc && oncall_ack(oc, s->now, 1,
				     (struct actor){.who = STR("bob"), .means = STR("story")}) ==
				  ONCALL_DONE)
			turn = core_turn(s->core);
		run_for(s, 2 * SECOND);
		if (turn && s->core == core && core_durable_turn(s->core) >= turn) {
			s->acked = s->now.mono;
			return;
		}
	}
	sim_fail(s, "L3", "the acknowledgement was never on disk");
}

/* What was on its way when the acknowledgement became durable may arrive. */
static void check_acked(struct sim *s, const struct story *st)
{
	struct receivers *rs = world_receivers(s->world);

	for (size_t i = 0; s->acked && i < receivers_pages(rs); i++) {
		const struct page *p = receivers_page(rs, i);

		if (p->mono > s->acked + SECOND && says(p, "firing"))
			sim_fail(s, "S4", "%s: a page after the acknowledgement, to %s", st->name,
				 p->to);
	}
}

static void step(struct sim *s, const struct step *p)
{
	switch (p->what) {
	case WAIT: run_for(s, p->arg); break;
	case SET: set(s, (double)p->arg); break;
	case RECEIVER: receivers_set(world_receivers(s->world), p->text, (int)p->arg, ""); break;
	case RELOAD: reload(s, p); break;
	case ACK: acknowledge(s); break;
	case PROMETHEUS: world_prom(s->world, (enum prom_mode)p->arg); break;
	}
}

static void play(const struct story *st, struct cut *cut, bool verbose)
{
	struct sim *s = sim_new(cut->effect + cut->op);

	s->verbose = verbose;
	s->crash_at = cut->effect;
	s->kill = cut->kill;
	(cut->kill ? sim_disk_kill_at : sim_disk_crash_at)(s->disk, cut->op);
	s->faults = (struct faults){.latency = 20, .commit = 20};
	sim_trace(s, "story: %s, cut at effect %llu, disk operation %llu", st->name,
		  (unsigned long long)cut->effect, (unsigned long long)cut->op);
	sim_file(s, "rouse.yml", str_of(st->config));
	sim_file(s, "rules.yml", STR(RULE("30s")));
	promise(s, 30 * SECOND);
	set(s, 1);
	run_start(s);
	for (const struct step *p = st->steps; p->what != WAIT || p->arg; p++)
		step(s, p);
	check_told(s, st);
	check_acked(s, st);
	oracle_settled(s->oracle);
	cut->effects = s->effects;
	cut->ops = sim_disk_ops(s->disk);
	sim_free(s);
}

static size_t play_all(const struct story *st, bool kill, bool verbose)
{
	struct cut whole = {.kill = kill};

	play(st, &whole, verbose);
	for (uint64_t i = 1; i <= whole.effects; i++) {
		struct cut c = {.effect = i, .kill = kill};

		play(st, &c, verbose);
	}
	for (uint64_t i = 1; i <= whole.ops; i++) {
		struct cut c = {.op = i, .kill = kill};

		play(st, &c, verbose);
	}
	return (size_t)(whole.effects + whole.ops);
}

size_t crash_run(bool verbose)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(STORIES); i++)
		n += play_all(&STORIES[i], false, verbose) + play_all(&STORIES[i], true, verbose);
	return n;
}
