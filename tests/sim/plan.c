/* Draws configurations and writes them. */
#include "tests/sim/plan.h"

#include <stdio.h>

#include "base/buf.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"

#define LINES \
	"{{ range .Alerts }}@@{{ .Status }}|" \
	"{{ range .GroupLabels }}{{ . }}/{{ end }}|{{ range .Labels.SortedPairs }}{{ .Name }}=" \
	"{{ .Value }},{{ end }};{{ end }}"

static const char *const EXPRS[PLAN_RULES] = {
	"up{app=\"a\"} == 0",
	"absent(up{app=\"b\"})",
	"sum(load) > 3",
	"sum(up{app=\"c\"}) == 0 or sum(load{i=\"1\"}) > 50",
	"disk > 90 unless disk > 99",
	"up == 0",
	"node > 0",
	"disk{mount=\"/\"} >= 95 or absent(load{i=\"2\"})",
};
static const char *const GROUP_BYS[] = {"alertname", "severity", "alertname, app", "'...'"};
static const char *const WAITS[] = {"0s", "5s", "30s"};
static const char *const INTERVALS[] = {"10s", "1m", "5m"};
static const char *const REPEATS[] = {"10m", "1h", "4h"};

static uint64_t pick(struct sim *s, uint64_t n)
{
	return sim_random(s) % n;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_rule(struct plan_rule *r, struct sim *s)
{
	static const ms_t holds[] = {0, 20 * SECOND, MINUTE, 5 * MINUTE};
	static const ms_t keeps[] = {0, 0, 30 * SECOND, 2 * MINUTE};

	r->exists = true;
	r->page = pick(s, 2);
	r->hold = holds[pick(s, ARRAY_LEN(holds))];
	r->keep = keeps[pick(s, ARRAY_LEN(keeps))];
	r->asks = pick(s, 6) == 0;
}

static void draw_group(struct plan_group *g, struct sim *s)
{
	static const ms_t intervals[] = {5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE};
	static const ms_t offsets[] = {0, 0, 0, 10 * SECOND, MINUTE};

	g->interval = intervals[pick(s, ARRAY_LEN(intervals))];
	g->offset = offsets[pick(s, ARRAY_LEN(offsets))];
	g->limit = pick(s, 5) ? 0 : 2 + pick(s, 3);
	g->team = pick(s, 3) == 0;
}

static void draw_children(struct plan *p, struct sim *s)
{
	for (int i = 0; i < PLAN_CHILDREN; i++) {
		struct plan_child *c = &p->children[i];

		*c = (struct plan_child){
			.exists = pick(s, 2),
			.by_name = pick(s, 2),
			.goes_on = pick(s, 2),
			.what = (int)pick(s, PLAN_RULES),
			.receiver = pick(s, 4) ? i + 1 : 0,
			.grouped = pick(s, 2),
			.late = pick(s, 2),
			.ends = pick(s, 2),
			.muted = pick(s, 4) == 0,
		};
	}
}

static void draw_receivers(struct plan *p, struct sim *s)
{
	for (int i = 0; i < PLAN_RECEIVERS; i++) {
		struct plan_receiver *r = &p->receivers[i];

		r->n = 1 + pick(s, PLAN_INTEGRATIONS);
		for (size_t k = 0; k < r->n; k++) {
			/* Only the webhook's body has the group's key, so only webhooks may be
			 * reached on two ways: the root's receiver has nothing else. */
			r->v[k].kind = i ? (enum plan_kind)pick(s, 3) : PLAN_WEBHOOK;
			r->v[k].send_resolved = pick(s, 5) != 0;
		}
	}
}

/* ---- the files ------------------------------------------------------------------------------- */

static const char *host_of(enum plan_kind kind, int receiver)
{
	static const char *const hooks[] = {"hook.sim", "hook2.sim"};

	if (kind == PLAN_WEBHOOK)
		return hooks[receiver % 2];
	return kind == PLAN_DISCORD ? "discord.sim" : "mail.sim";
}

/* Host and path, as the oracle knows the destination. */
static void put_place(struct buf *b, const struct plan *p, int receiver, size_t at)
{
	enum plan_kind kind = p->receivers[receiver].v[at].kind;

	if (kind == PLAN_MAIL)
		buf_printf(b, "mail%d%zu.sim:25", receiver, at);
	else
		buf_printf(b, "%s/%d/%zu", host_of(kind, receiver), receiver, at);
}

static void write_rule(struct buf *b, const struct plan *p, int i)
{
	const struct plan_rule *r = &p->rules[i];

	buf_printf(b, "  - alert: A%d\n    expr: '%s'\n", i, EXPRS[i]);
	buf_printf(b, "    for: %llds\n    keep_firing_for: %llds\n", (long long)(r->hold / SECOND),
		   (long long)(p->groups[r->group].limit ? 0 : r->keep / SECOND));
	buf_printf(b, "    labels: {severity: %s}\n", r->page ? "page" : "ticket");
	if (r->asks)
		buf_adds(b, "    annotations: {summary: '{{ with query \"load\" }}{{ . | first | "
			    "value }}{{ end }}'}\n");
	else
		buf_adds(b, "    annotations: {summary: 'now {{ $value }}'}\n");
}

static void write_rules(const struct plan *p, struct sim *s)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b, "groups:\n");
	for (int g = 0; g < (int)ARRAY_LEN(p->groups); g++) {
		const struct plan_group *d = &p->groups[g];

		buf_printf(&b, "- name: g%d\n  interval: %llds\n  query_offset: %llds\n", g,
			   (long long)(d->interval / SECOND), (long long)(d->offset / SECOND));
		buf_printf(&b, "  limit: %zu\n%s  rules:\n", d->limit,
			   d->team ? "  labels: {team: db}\n" : "");
		if (p->records)
			buf_adds(&b, "  - {record: 'rec:load', expr: 'load'}\n");
		for (int i = 0; i < PLAN_RULES; i++) {
			if (p->rules[i].exists && p->rules[i].group == g)
				write_rule(&b, p, i);
		}
	}
	sim_file(s, "rules.yml", buf_str(&b));
	buf_done(&b);
}

static void write_prometheus(struct buf *b, const struct plan *p)
{
	buf_printf(b, "prometheus:\n  url: [%s'http://prom.sim']\n",
		   p->two_urls ? "'http://prom2.sim', " : "");
	if (p->region)
		buf_adds(b, "  external_labels: {region: eu}\n");
	if (p->write)
		buf_adds(b, "  remote_write: {url: 'http://prom.sim/api/v1/write'}\n");
	if (p->forward)
		buf_adds(b, "  alertmanagers: ['http://am.sim']\n");
	buf_adds(b, "rule_files: [rules.yml]\n");
}

static void write_integration(struct buf *b, const struct plan *p, int receiver, size_t at)
{
	const struct plan_integration *v = &p->receivers[receiver].v[at];
	struct buf place;

	buf_init(&place, 256);
	put_place(&place, p, receiver, at);
	switch (v->kind) {
	case PLAN_WEBHOOK:
		buf_printf(b, "    - {url: 'http://%.*s', ", STR_ARG(buf_str(&place)));
		break;
	case PLAN_DISCORD:
		buf_printf(b,
			   "    - {webhook_url: 'http://%.*s', update_message: %s, message: "
			   "'" LINES "', ",
			   STR_ARG(buf_str(&place)), at ? "true" : "false");
		break;
	case PLAN_MAIL:
		buf_printf(b,
			   "    - {to: a@x.sim, from: r@x.sim, smarthost: '%.*s', require_tls: "
			   "false, html: '', text: '" LINES "', ",
			   STR_ARG(buf_str(&place)));
		break;
	}
	buf_printf(b, "send_resolved: %s}\n", v->send_resolved ? "true" : "false");
	buf_done(&place);
}

static void write_receiver(struct buf *b, const struct plan *p, int receiver)
{
	static const char *const keys[] = {"webhook_configs", "discord_configs", "email_configs"};

	buf_printf(b, "- name: r%d\n", receiver);
	for (int kind = 0; kind < 3; kind++) {
		bool any = false;

		for (size_t at = 0; at < p->receivers[receiver].n; at++) {
			if ((int)p->receivers[receiver].v[at].kind != kind)
				continue;
			if (!any)
				buf_printf(b, "  %s:\n", keys[kind]);
			any = true;
			write_integration(b, p, receiver, at);
		}
	}
}

static void write_child(struct buf *b, const struct plan_child *c)
{
	buf_printf(b, "  - receiver: r%d\n    continue: %s\n", c->receiver,
		   c->goes_on ? "true" : "false");
	if (c->by_name)
		buf_printf(b, "    matchers: ['alertname=\"A%d\"']\n", c->what);
	else
		buf_printf(b, "    matchers: ['severity=\"%s\"']\n",
			   c->what % 2 ? "page" : "ticket");
	/* The same receiver as without; but it gets also what is late. */
	if (c->late)
		buf_adds(b, "    fallback: r0\n");
	if (c->muted)
		buf_adds(b, "    mute_time_intervals: [morning]\n");
	if (c->ends)
		buf_adds(b, "    resolve_while_muted: true\n");
	if (c->grouped)
		buf_adds(b, "    group_by: [alertname, app]\n");
}

static void write_config(const struct plan *p, struct sim *s)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	write_prometheus(&b, p);
	buf_printf(&b,
		   "route:\n  receiver: r0\n  group_by: [%s]\n  group_wait: %s\n"
		   "  group_interval: %s\n  repeat_interval: %s\n",
		   GROUP_BYS[p->group_by], WAITS[p->group_wait], INTERVALS[p->group_interval],
		   REPEATS[p->repeat]);
	if (p->children[0].exists || p->children[1].exists)
		buf_adds(&b, "  routes:\n");
	for (int i = 0; i < PLAN_CHILDREN; i++) {
		if (p->children[i].exists)
			write_child(&b, &p->children[i]);
	}
	buf_adds(&b, "time_intervals: [{name: morning, time_intervals: [{times: [{start_time: "
		     "'00:30', end_time: '12:00'}]}]}]\n");
	if (p->inhibit)
		buf_adds(&b, "inhibit_rules: [{source_matchers: ['alertname=A0'], target_matchers: "
			     "['severity=ticket'], equal: [app]}]\n");
	buf_adds(&b, "receivers:\n");
	for (int i = 0; i < PLAN_RECEIVERS; i++)
		write_receiver(&b, p, i);
	sim_file(s, "rouse.yml", buf_str(&b));
	buf_done(&b);
}

/* ---- promises -------------------------------------------------------------------------------- */

static bool takes(const struct plan_child *c, int rule, bool page)
{
	return c->exists && (c->by_name ? c->what == rule : (c->what % 2 == 1) == page);
}

/* Which receivers the alerts of a rule go to. */
static void route(const struct plan *p, int rule, bool to[PLAN_RECEIVERS])
{
	bool any = false;

	for (int i = 0; i < PLAN_CHILDREN; i++) {
		const struct plan_child *c = &p->children[i];

		if (!takes(c, rule, p->rules[rule].page))
			continue;
		to[c->receiver] = any = true;
		if (!c->goes_on)
			break;
	}
	to[0] |= !any;
}

static void promise_rule(const struct plan *p, struct sim *s, int rule)
{
	const struct plan_rule *r = &p->rules[rule];
	const struct plan_group *g = &p->groups[r->group];
	bool to[PLAN_RECEIVERS] = {false};
	char places[RULE_DESTS][64], name[16];
	struct oracle_rule o = {
		.name = name,
		.expr = EXPRS[rule],
		.severity = r->page ? "page" : "ticket",
		.hold = r->hold,
		.interval = g->interval,
		.offset = g->offset,
		.limit = g->limit,
		.asks = r->asks,
	};

	snprintf(name, sizeof(name), "A%d", rule);
	route(p, rule, to);
	for (int i = 0; i < PLAN_RECEIVERS; i++) {
		for (size_t k = 0; to[i] && k < p->receivers[i].n && o.n_dests < RULE_DESTS; k++) {
			struct buf b;

			buf_init(&b, sizeof(places[0]));
			put_place(&b, p, i, k);
			snprintf(places[o.n_dests], sizeof(places[0]), "%.*s",
				 STR_ARG(buf_str(&b)));
			o.dests[o.n_dests] = places[o.n_dests];
			o.n_dests++;
			buf_done(&b);
		}
	}
	oracle_rule(s->oracle, &o);
}

static void promise(const struct plan *p, struct sim *s)
{
	for (int i = 0; i < PLAN_RECEIVERS; i++) {
		for (size_t k = 0; k < p->receivers[i].n; k++) {
			char place[64];
			struct buf b;

			buf_init(&b, sizeof(place));
			put_place(&b, p, i, k);
			snprintf(place, sizeof(place), "%.*s", STR_ARG(buf_str(&b)));
			oracle_dest(s->oracle, place, p->receivers[i].v[k].send_resolved);
			buf_done(&b);
		}
	}
	for (int i = 0; i < PLAN_RULES; i++) {
		if (p->rules[i].exists)
			promise_rule(p, s, i);
	}
	oracle_written_back(s->oracle, p->write, p->forward);
}

static void publish(const struct plan *p, struct sim *s)
{
	write_rules(p, s);
	write_config(p, s);
	promise(p, s);
}

void plan_draw(struct plan *p, struct sim *s)
{
	int n_groups = 1 + (int)pick(s, ARRAY_LEN(p->groups));

	*p = (struct plan){
		.group_by = (int)pick(s, ARRAY_LEN(GROUP_BYS)),
		.group_wait = (int)pick(s, ARRAY_LEN(WAITS)),
		.group_interval = (int)pick(s, ARRAY_LEN(INTERVALS)),
		.repeat = (int)pick(s, ARRAY_LEN(REPEATS)),
		.write = pick(s, 3) == 0,
		.forward = pick(s, 3) == 0,
		.two_urls = pick(s, 3) == 0,
		.region = pick(s, 3) == 0,
		.records = pick(s, 2),
		.inhibit = pick(s, 3) == 0,
	};
	for (size_t i = 0; i < ARRAY_LEN(p->groups); i++)
		draw_group(&p->groups[i], s);
	for (int i = 0; i < PLAN_RULES; i++) {
		draw_rule(&p->rules[i], s);
		p->rules[i].exists = pick(s, 4) != 0;
		p->rules[i].group = (int)pick(s, (uint64_t)n_groups);
	}
	draw_receivers(p, s);
	draw_children(p, s);
	publish(p, s);
}

/* One that moves to another group goes on, unless that group's label makes other alerts of it. */
static void move_rule(struct plan *p, struct sim *s, struct plan_rule *r, const char *name)
{
	int to = (r->group + 1) % (int)ARRAY_LEN(p->groups);

	if (p->groups[r->group].team != p->groups[to].team)
		oracle_rule_removed(s->oracle, name);
	r->group = to;
}

/* The rule leaves, comes, is another or moves. */
static void change_rule(struct plan *p, struct sim *s)
{
	int i = (int)pick(s, PLAN_RULES);
	struct plan_rule *r = &p->rules[i];
	char name[16];

	snprintf(name, sizeof(name), "A%d", i);
	if (!r->exists) {
		r->exists = true;
		return;
	}
	if (pick(s, 2)) {
		draw_rule(r, s);
		return;
	}
	if (pick(s, 2)) {
		move_rule(p, s, r, name);
		return;
	}
	oracle_rule_removed(s->oracle, name);
	r->exists = false;
}

/* A group label makes other alerts of all its rules. */
static void change_group(struct plan *p, struct sim *s)
{
	size_t at = pick(s, ARRAY_LEN(p->groups));
	struct plan_group *g = &p->groups[at];
	bool team = g->team;

	draw_group(g, s);
	for (int i = 0; i < PLAN_RULES && team != g->team; i++) {
		char name[16];

		snprintf(name, sizeof(name), "A%d", i);
		if (p->rules[i].exists && p->rules[i].group == (int)at)
			oracle_rule_removed(s->oracle, name);
	}
}

static void change_routes(struct plan *p, struct sim *s)
{
	oracle_routes_changed(s->oracle);
	if (pick(s, 2))
		draw_children(p, s);
	else
		p->group_by = (int)pick(s, ARRAY_LEN(GROUP_BYS));
	p->group_interval = (int)pick(s, ARRAY_LEN(INTERVALS));
}

void plan_open(struct plan *p, struct sim *s)
{
	p->inhibit = false;
	for (int i = 0; i < PLAN_CHILDREN; i++)
		p->children[i].muted = false;
	publish(p, s);
}

void plan_change(struct plan *p, struct sim *s)
{
	switch (pick(s, 5)) {
	case 0: break;
	case 1: change_group(p, s); break;
	case 2: change_routes(p, s); break;
	default: change_rule(p, s); break;
	}
	publish(p, s);
}
