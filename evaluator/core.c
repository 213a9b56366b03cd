/*
 * The core object: turns and batches, configuration and reload, what the store gives back.
 *
 * A reload keeps every group that is equal to its new self running, untouched; a changed group
 * hands its state to its successor; a rule that stands in another group or file now is found by
 * its name and labels; what then has no rule any more ends. Nothing of the old configuration is
 * touched before the new one is whole (the loader sees to that).
 */
#include "evaluator/core.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/alertmanager.h"
#include "evaluator/branch.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/evaluation.h"
#include "evaluator/group.h"
#include "evaluator/live.h"
#include "evaluator/prom.h"
#include "evaluator/restore.h"
#include "evaluator/write.h"
#include "notify/notify.h"
#include "rules/expand.h"
#include "store/batch.h"
#include "store/store.h"

#define HOUSEKEEPING_EVERY HOUR

/* ---- life ----------------------------------------------------------------------------- */

static struct batch *notify_batch(void *core)
{
	return core_batch(core);
}

static void put_event(struct core *c, ms_t at, const char *kind, struct str subject,
		      struct str text);

static void notify_event(void *core, ms_t at, const char *kind, struct str subject, struct str text)
{
	put_event(core, at, kind, subject, text);
}

static bool notify_worth(void *core, struct labels labels, struct alert_worth *out)
{
	return rule_alerts_worth(core, labels, out);
}

static void notify_self_alert(void *core, struct now now, struct str name, struct str what,
			      struct str text, bool firing)
{
	selfmon_alert(core, now, name, what, text, firing);
}

struct core *core_new(const struct io *io, const struct core_options *o)
{
	struct core *c = MEM_NEW(struct core);

	c->io = io;
	c->limits = *o->limits;
	c->external_url = mem_str(o->external_url);
	c->data_retention = o->data_retention;
	c->started_at = c->reloaded_at = c->blind_since = MS_NONE;
	c->last = (struct now){.mono = MS_NONE, .wall = MS_NONE};
	c->version = 1;
	c->turn = 1;
	sight_init(&c->sight);
	timers_init(&c->timers);
	map_init(&c->owners);
	map_init(&c->stored);
	map_init(&c->known_groups);
	map_init(&c->self_alerts);
	c->expander = MEM_NEW(struct expander);
	expander_init(c->expander, &c->limits);
	c->prom = prom_new(io, &c->limits);

	struct notify_env env = {
		.io = io,
		.timers = &c->timers,
		.limits = &c->limits,
		.data_retention = o->data_retention,
		.start_delay = o->dispatch_delay,
		.batch = notify_batch,
		.self_alert = notify_self_alert,
		.event = notify_event,
		.worth = notify_worth,
		.core = c,
	};

	c->notify = notify_new(&env);
	c->heartbeats = heartbeats_new(c);
	c->live = live_new(c, o->runbook_exec);
	return c;
}

void stored_alerts_free(struct stored_alerts *sa)
{
	for (size_t i = 0; i < sa->n; i++) {
		labels_free(sa->v[i].labels);
		labels_free(sa->v[i].annotations);
		free(sa->v[i].because);
	}
	free(sa->v);
	free(sa);
}

static void stored_done(struct core *c)
{
	map_each (&c->stored, e)
		stored_alerts_free(e->value);
	map_done(&c->stored);
}

void core_free(struct core *c)
{
	if (!c)
		return;
	branches_drop(c, NULL);
	restores_drop(c, NULL);
	for (size_t i = 0; i < c->n_groups; i++)
		group_free(c->groups[i]);
	free(c->groups);
	evaluations_done(c);
	stale_writes_done(c);
	timer_stop(&c->timers, &c->housekeeping);
	heartbeats_free(c->heartbeats);
	audit_done(&c->audit);
	live_free(c->live);
	notify_free(c->notify);
	am_sender_free(c->am);
	prom_free(c->prom);
	stored_done(c);
	map_done(&c->known_groups);
	map_done(&c->owners);
	selfmon_done(c);
	expander_done(c->expander);
	free(c->expander);
	timers_done(&c->timers);
	batch_free(c->batch);
	config_free(c->config);
	free(c->external_url);
	free(c->store_error);
	free(c->reload_error);
	free(c);
}

/* ---- turns ---------------------------------------------------------------------------- */

struct batch *core_batch(struct core *c)
{
	if (!c->batch)
		c->batch = batch_new();
	return c->batch;
}

void core_changed(struct core *c)
{
	c->version++;
	c->io->ops->changed(c->io->host);
}

struct batch *core_take_batch(struct core *c)
{
	if (!c->batch || !batch_count(c->batch))
		return NULL;
	CHECK(!c->in_flight);
	c->in_flight = true;
	c->taken_turn = c->turn++;
	notify_taken(c->notify);
	return TAKE(c->batch);
}

void core_committed(struct core *c, struct now now, bool ok, struct str error)
{
	if (ok)
		c->durable_turn = c->taken_turn;
	selfmon_store(c, now, ok, error);
	if (c->in_flight)
		notify_committed(c->notify, now, ok);
	c->in_flight = false;
	if (ok)
		live_committed(c->live, c->durable_turn);
}

void core_store_replaced(struct core *c, struct now now, struct str text)
{
	selfmon_replaced(c, now, text);
}

uint64_t core_turn(const struct core *c)
{
	return c->batch ? c->turn : c->turn - 1;
}

uint64_t core_durable_turn(const struct core *c)
{
	return c->durable_turn;
}

static void clock_stepped(struct core *c, struct now now, ms_t by)
{
	sight_shift(c, by);
	for (size_t i = 0; i < c->n_groups; i++)
		group_shift(c->groups[i], now, by);
	notify_clock_stepped(c->notify, now, by);
	heartbeats_clock_stepped(c->heartbeats, now, by);
	core_event(c, now, "clock", STR("clock"),
		   "the wall clock jumped by %lld ms; ages of alerts were kept", (long long)by);
	core_changed(c);
}

void core_tick(struct core *c, struct now now)
{
	ms_t step = selfmon_clock(c, now);

	if (step)
		clock_stepped(c, now, step);
	if (c->stopped)
		return;
	prom_prefer_first(c->prom, now);
	timers_run(&c->timers, now);
}

ms_t core_wait(const struct core *c, struct now now)
{
	return c->stopped ? -1 : timers_wait(&c->timers, now);
}

void core_stop(struct core *c, struct now now ATTR_UNUSED)
{
	c->stopped = true;
	branches_drop(c, NULL);
	restores_drop(c, NULL);
	for (size_t i = 0; i < c->n_groups; i++) {
		timer_stop(&c->timers, &c->groups[i]->timer);
		if (c->groups[i]->running)
			evaluation_cancel(c->groups[i]->running);
	}
	timer_stop(&c->timers, &c->housekeeping);
	heartbeats_stop(c->heartbeats);
	live_stop(c->live);
	notify_stop(c->notify);
}

bool core_ready(const struct core *c)
{
	return c->configured;
}

/* The trail may be longer than its limit by one part in eight. */
static uint64_t trim_every(const struct core *c)
{
	return MIN(c->limits.event_rows / 8, 1000u) + 1;
}

static void put_event(struct core *c, ms_t at, const char *kind, struct str subject,
		      struct str text)
{
	uint64_t id = c->next_event++;

	batch_add(core_batch(c), ST_EVENT_PUT, V_INT(id), V_INT(at), V_TEXT(str_of(kind)),
		  V_TEXT(subject), V_TEXT(text));
	if (id % trim_every(c) == 0 && id > c->limits.event_rows)
		batch_add(core_batch(c), ST_EVENT_TRIM, V_INT(id - c->limits.event_rows));
}

void core_event(struct core *c, struct now now, const char *kind, struct str subject,
		const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_event(c, now.wall, kind, subject, str_of(text));
}

void core_group_done(struct core *c, struct now now, struct group *g, bool reached)
{
	metric_observe(&c->group_s, g->last_s);
	g->blind = reached ? 0 : g->blind + 1;
	if (!reached)
		sight_lost(c);
	selfmon_blind(c, now, reached);
	if (reached && g->evaluations_done >= 2)
		restore_begin(c, now, g);
}

/* ---- restart -------------------------------------------------------------------------- */

static ms_t time_of(const struct val *v)
{
	return v->kind == VAL_INT ? v->i : MS_NONE;
}

static bool load_alert(void *arg, const struct val *row, size_t n)
{
	struct core *c = arg;
	struct stored_alerts *sa = map_get(&c->stored, row[0].s);

	CHECK(n == 11);
	if (!labels_valid(row[1].s))
		return true;
	if (!sa) {
		sa = MEM_NEW(struct stored_alerts);
		map_put(&c->stored, row[0].s, sa);
	}
	sa->v = mem_reserve(sa->v, &sa->cap, sa->n + 1, sizeof(*sa->v));
	sa->v[sa->n++] = (struct active){
		.labels = labels_heap(labels_of_bytes(row[1].s)),
		.state = (enum alert_state)row[2].i,
		.active_at = time_of(&row[3]),
		.fired_at = time_of(&row[4]),
		.resolved_at = time_of(&row[5]),
		.keep_since = time_of(&row[6]),
		.sent_at = time_of(&row[7]),
		.value = row[8].kind == VAL_REAL ? row[8].d : (double)__builtin_nan(""),
		.annotations = labels_heap(labels_of_bytes(row[9].s)),
		.because = row[10].s.n ? mem_str(row[10].s) : NULL,
	};
	return true;
}

static bool load_group(void *arg, const struct val *row, size_t n ATTR_UNUSED)
{
	struct core *c = arg;

	map_put(&c->known_groups, row[0].s, c);
	return true;
}

static bool load_meta(void *arg, const struct val *row, size_t n ATTR_UNUSED)
{
	struct core *c = arg;
	int64_t at;

	if (str_is(row[0].s, "last_answer") && num_int(row[1].s, 10, &at) == NUM_OK)
		sight_restore(c, at);
	return true;
}

static bool load_event(void *arg, const struct val *row, size_t n ATTR_UNUSED)
{
	struct core *c = arg;

	c->next_event = (uint64_t)row[0].i + 1;
	return false;
}

bool core_restore(struct core *c, struct now now, struct store *s, struct err *err)
{
	const struct val one = V_INT(1);

	CHECK(!c->configured);
	if (!store_select(s, ST_RULE_ALERT_LOAD, NULL, 0, load_alert, c, err) ||
	    !store_select(s, ST_RULE_GROUP_LOAD, NULL, 0, load_group, c, err) ||
	    !store_select(s, ST_META_LOAD, NULL, 0, load_meta, c, err) ||
	    !store_select(s, ST_EVENT_LOAD, &one, 1, load_event, c, err) ||
	    !notify_restore(c->notify, now, s, err) || !heartbeats_restore(c->heartbeats, s, err) ||
	    !audit_restore(c, s, err))
		return false;
	selfmon_restored(c, now);
	return true;
}

/* ---- configuration -------------------------------------------------------------------- */

static int by_file_and_name(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	int by_file = str_cmp(x->def->file, y->def->file);

	return by_file ? by_file : str_cmp(x->def->name, y->def->name);
}

/* The first start gives rules back what the store had of them. */
static void claim(struct core *c, struct now now, struct group *g)
{
	g->known = map_get(&c->known_groups, g->def->key) != NULL;
	for (size_t i = 0; i < g->def->n; i++) {
		struct rule_run *rr = &g->rules[i];

		rr->settled = rule_alerts_claim(c, now, str_of(rr->key), rr);
		rr->restored = g->known || rr->settled;
	}
}

/* A group that begins (`to`) and the one of that name that ends (`from`); either may be NULL. */
struct succession {
	struct group *from, *to;
};

static struct group *group_configure(struct core *c, struct now now, struct group *was,
				     const struct rule_group *def, struct rule_set *set)
{
	struct group *g = group_new(c, now, set, def);

	if (was) {
		branches_drop(c, was);
		restores_drop(c, was);
		group_take_state(g, was);
	}
	if (!was && c->configured) {
		g->known = true;
		for (size_t i = 0; i < def->n; i++)
			g->rules[i].restored = true;
		batch_add(core_batch(c), ST_RULE_GROUP_PUT, V_TEXT(def->key), V_INT(now.wall));
	}
	if (!c->configured)
		claim(c, now, g);
	return g;
}

/* What no group has taken over ends. */
static void group_retire(struct core *c, struct now now, struct group *g, struct group *heir)
{
	branches_drop(c, g);
	restores_drop(c, g);
	for (size_t i = 0; i < g->def->n; i++) {
		if (!g->rules[i].settled)
			rule_alerts_removed(c, now, &g->rules[i]);
	}
	if (heir) {
		group_take_stale(heir, g);
	} else {
		batch_add(core_batch(c), ST_RULE_GROUP_DEL, V_TEXT(g->def->key));
		stale_write_later(c, now, g);
	}
	group_free(g);
}

/* The rules that have no state yet, by what they are called wherever they stand. */
static void newcomers(struct map *m, const struct succession *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; s[i].to && k < s[i].to->def->n; k++) {
			struct rule_run *rr = &s[i].to->rules[k];

			if (!rr->settled && !map_get(m, rule_run_identity(rr)))
				map_put(m, rule_run_identity(rr), rr);
		}
	}
}

/* A rule that was moved to another group or file is still that rule: what it told goes on. */
static void rules_move(struct core *c, struct map *to, const struct succession *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; s[i].from && k < s[i].from->def->n; k++) {
			struct rule_run *from = &s[i].from->rules[k];
			struct rule_run *rr = map_get(to, rule_run_identity(from));

			if (from->settled || !rr || rr->settled ||
			    rr->rule->alerting != from->rule->alerting)
				continue;
			rule_take_state(rr, from);
			rule_alerts_moved(c, str_of(from->key), rr);
		}
	}
}

/* The same over a restart. A key is "file;group;identity", and each part may have semicolons. */
static void stored_move(struct core *c, struct now now, struct map *to)
{
	map_each (&c->stored, e) {
		for (size_t i = 0; i < e->key.n; i++) {
			struct rule_run *rr =
				e->key.p[i] == ';' ? map_get(to, str_from(e->key, i + 1)) : NULL;
			char *key;

			if (!rr || rr->settled || !rr->rule->alerting)
				continue;
			key = mem_str(e->key);
			rr->settled = rr->restored = rule_alerts_claim(c, now, str_of(key), rr);
			rule_alerts_moved(c, str_of(key), rr);
			free(key);
			break;
		}
	}
}

static void groups_succeed(struct core *c, struct now now, struct succession *s, size_t n)
{
	struct map to;

	map_init(&to);
	newcomers(&to, s, n);
	if (c->configured)
		rules_move(c, &to, s, n);
	else
		stored_move(c, now, &to);
	map_done(&to);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; s[i].to && k < s[i].to->def->n; k++)
			s[i].to->rules[k].settled = false;
		if (s[i].from)
			group_retire(c, now, s[i].from, s[i].to);
	}
}

static void groups_configure(struct core *c, struct now now, struct rule_set *set)
{
	struct group **v = mem_alloc((set ? set->n : 0) * sizeof(*v));
	struct succession *s = mem_alloc((c->n_groups + (set ? set->n : 0)) * sizeof(*s));
	struct map old;
	size_t n = 0, n_s = 0;

	map_init(&old);
	for (size_t i = 0; i < c->n_groups; i++)
		map_put(&old, c->groups[i]->def->key, c->groups[i]);
	for (size_t i = 0; set && i < set->n; i++) {
		const struct rule_group *def = &set->groups[i];
		struct group *was = map_delete(&old, def->key);

		if (was && rule_group_eq(was->def, def)) {
			v[n++] = was;
			continue;
		}
		v[n] = group_configure(c, now, was, def, set);
		s[n_s++] = (struct succession){.from = was, .to = v[n++]};
	}
	map_each (&old, e)
		s[n_s++] = (struct succession){.from = e->value};
	map_done(&old);
	groups_succeed(c, now, s, n_s);
	free(s);
	free(c->groups);
	c->groups = v;
	c->n_groups = n;
	if (n)
		qsort(v, n, sizeof(*v), by_file_and_name);
}

/* Rows of rules that are in no file any more. */
static void stored_forget(struct core *c)
{
	map_each (&c->stored, e) {
		batch_add(core_batch(c), ST_RULE_ALERT_DEL_RULE, V_TEXT(e->key));
		stored_alerts_free(e->value);
	}
	map_done(&c->stored);
}

static void forwarding_configure(struct core *c)
{
	struct am_sender *from = c->am;

	c->am = c->config->prometheus.n_alertmanagers ? am_sender_new(c->io, c->config) : NULL;
	if (c->am)
		am_sender_take(c->am, from);
	else
		am_sender_free(from);
}

/* What is over for long enough goes. */
static void on_housekeeping(struct timer *t, struct now now)
{
	struct core *c = CONTAINER(t, struct core, housekeeping);

	notify_expire(c->notify, now);
	if (c->data_retention > 0)
		batch_add(core_batch(c), ST_EVENT_EXPIRE, V_INT(now.wall - c->data_retention));
	timer_set(&c->timers, &c->housekeeping, TIMER_MONO, now.mono + HOUSEKEEPING_EVERY,
		  on_housekeeping);
}

void core_configure(struct core *c, struct now now, struct config *cfg)
{
	struct config *old = c->config;

	c->config = config_ref(cfg);
	if (c->started_at == MS_NONE)
		c->started_at = now.wall;
	c->reload_ok = true;
	c->reloaded_at = now.wall;
	free(TAKE(c->reload_error));
	live_configure(c->live);
	prom_configure(c->prom, cfg);
	forwarding_configure(c);
	notify_configure(c->notify, now, cfg->notify, str_of(c->external_url));
	groups_configure(c, now, cfg->has_prometheus ? cfg->rules : NULL);
	if (!c->configured)
		stored_forget(c);
	rule_alerts_reconcile(c, now);
	heartbeats_configure(c->heartbeats, now);
	selfmon_relabel(c, now);
	if (!c->configured)
		on_housekeeping(&c->housekeeping, now);
	c->configured = true;
	config_free(old);
	selfmon_blind(c, now, c->n_groups == 0);
	core_changed(c);
}

void core_reload_failed(struct core *c, struct now now ATTR_UNUSED, struct str why)
{
	c->reload_ok = false;
	free(c->reload_error);
	c->reload_error = mem_str(why);
	core_changed(c);
}

const struct config *core_config(const struct core *c)
{
	return c->config;
}

struct notify *core_notify(struct core *c)
{
	return c->notify;
}

uint64_t core_version(const struct core *c)
{
	return c->version + notify_version(c->notify);
}
