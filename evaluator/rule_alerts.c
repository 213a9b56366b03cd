/*
 * What follows from a change of an alert's state: the row that survives a restart, the word to the
 * notifier and to forwarded Alertmanagers, the trail.
 *
 * The notifier's identity of an alert is its labels with the external labels added. Two rules may
 * produce the same identity; the notifier hears of the end only when the last of them has ended
 * (core.owners counts).
 */
#include "evaluator/core_private.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/url.h"
#include "evaluator/alertmanager.h"
#include "evaluator/branch.h"
#include "evaluator/config.h"
#include "evaluator/group.h"
#include "notify/notify.h"
#include "store/batch.h"

#define ROW_TOLD 16 /* added to the state in the store */
#define ROW_DROPPED 32

/* ---- the store ---------------------------------------------------------------------------------
 */

void rule_alerts_store(struct core *c, struct rule_run *rr, const struct active *a)
{
	int state = (int)a->state | (a->told ? ROW_TOLD : 0) | (a->dropped ? ROW_DROPPED : 0);

	batch_add(core_batch(c), ST_RULE_ALERT_PUT, V_TEXT(str_of(rr->key)),
		  V_BLOB(labels_bytes(a->labels)), V_INT(state), V_INT(a->active_at),
		  V_INT(a->fired_at), V_INT(a->resolved_at), V_INT(a->keep_since),
		  V_INT(a->sent_at), isnan(a->value) ? V_NULL : V_REAL(a->value),
		  V_BLOB(labels_bytes(a->annotations)), V_TEXT(str_of(a->because)));
}

static void unstore(struct core *c, struct rule_run *rr, const struct active *a)
{
	batch_add(core_batch(c), ST_RULE_ALERT_DEL, V_TEXT(str_of(rr->key)),
		  V_BLOB(labels_bytes(a->labels)));
}

/* The clock was set back since the row was written: the alert keeps its ages, not its dates. */
static void not_in_future(struct active *a, ms_t wall)
{
	ms_t latest = MAX(MAX(a->active_at, a->fired_at), MAX(a->resolved_at, a->keep_since));

	latest = MAX(latest, a->sent_at);
	if (latest > wall)
		active_shift(a, wall - latest);
}

bool rule_alerts_claim(struct core *c, struct now now, struct str key, struct rule_run *rr)
{
	struct stored_alerts *sa = map_delete(&c->stored, key);

	if (!sa)
		return false;
	for (size_t i = 0; i < sa->n; i++) {
		struct active *from = &sa->v[i];

		from->told = (int)from->state & ROW_TOLD;
		from->dropped = (int)from->state & ROW_DROPPED;
		from->state = (enum alert_state)((int)from->state & 15);
		not_in_future(from, now.wall);
		states_restore(&rr->states, from);
		rr->evaluated |= from->state != ALERT_INACTIVE;
	}
	stored_alerts_free(sa);
	return true;
}

void rule_alerts_moved(struct core *c, struct str from, struct rule_run *rr)
{
	struct active *a;

	batch_add(core_batch(c), ST_RULE_ALERT_DEL_RULE, V_TEXT(from));
	states_each(&rr->states, a)
	{
		if (a->state != ALERT_INACTIVE || a->dropped)
			rule_alerts_store(c, rr, a);
	}
}

/* ---- identity at the notifier ------------------------------------------------------------------
 */

/* External labels are added where the alert has none of that name. */
static struct labels with_externals(struct core *c, struct arena *a, struct labels ls)
{
	struct labels ext = c->config->prometheus.external_labels;
	struct labels_builder b;
	struct labels_iter it = {0};
	struct label l;

	if (!ext.n)
		return ls;
	labels_builder_init(&b);
	labels_builder_from(&b, ls);
	while (labels_next(ext, &it, &l)) {
		if (!labels_builder_get(&b, l.name).n)
			labels_builder_set(&b, l.name, l.value);
	}

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

/* Adds by to the number of rules that fire this identity; returns the new number. */
static intptr_t own(struct core *c, struct labels id, intptr_t by)
{
	intptr_t n = (intptr_t)map_get(&c->owners, labels_bytes(id)) + by;

	CHECK(n >= 0);
	if (n)
		map_put(&c->owners, labels_bytes(id), (void *)n);
	else
		map_delete(&c->owners, labels_bytes(id));
	return n;
}

static struct str generator_url(struct core *c, const struct rule *r, struct arena *a)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, c->config->prometheus.console_url);
	buf_adds(&b, "/graph?g0.expr=");
	url_put_query(&b, r->query);
	buf_adds(&b, "&g0.tab=1");

	struct str s = arena_str(a, buf_str(&b));

	buf_done(&b);
	return s;
}

/* What the message shows: the rule's annotations, and which branch held if that is known. */
static struct labels told_annotations(const struct active *act, struct arena *a)
{
	struct labels_builder b;

	labels_builder_init(&b);
	labels_builder_from(&b, act->annotations);
	if (act->because && !labels_builder_get(&b, STR("because")).n)
		labels_builder_set(&b, STR("because"), str_of(act->because));

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

/* Tells notify of `in`, which has labels and end; the rest is filled in. */
static void tell(struct core *c, struct now now, struct rule_run *rr, struct active *act,
		 struct alert_in in, struct arena *a)
{
	in.annotations = told_annotations(act, a);
	in.starts_at = act->fired_at;
	in.generator_url = generator_url(c, rr->rule, a);
	in.source = ALERT_FROM_RULE;

	if (in.starts_at == MS_NONE)
		in.starts_at = act->active_at != MS_NONE ? act->active_at : now.wall;
	notify_put(c->notify, now, &in, 1);
}

static void tell_on(struct core *c, struct now now, struct rule_run *rr, struct active *act,
		    bool explained)
{
	struct arena a;

	arena_init(&a);
	tell(c, now, rr, act,
	     (struct alert_in){.labels = with_externals(c, &a, act->labels),
			       .ends_at = MS_NONE,
			       .explained = explained},
	     &a);
	arena_done(&a);
}

/* The labels that an alert has if all external ones came from the configuration. */
static struct labels without_externals(struct core *c, struct arena *a, struct labels ls)
{
	struct labels_builder b;
	struct labels_iter it = {0};
	struct labels out;
	struct label l;

	labels_builder_init(&b);
	labels_builder_from(&b, ls);
	while (labels_next(c->config->prometheus.external_labels, &it, &l)) {
		if (str_eq(labels_builder_get(&b, l.name), l.value))
			labels_builder_del(&b, l.name);
	}
	out = labels_builder_build(&b, a);
	labels_builder_done(&b);
	return out;
}

static bool is_firing_as(struct core *c, const struct active *a, struct labels labels,
			 struct arena *arena)
{
	return a && a->state == ALERT_FIRING &&
	       labels_eq(with_externals(c, arena, a->labels), labels);
}

/* Mostly by its labels; one that has some of the external ones itself is looked for. */
static const struct active *firing_of(struct core *c, const struct rule_run *rr,
				      struct labels labels, struct arena *arena)
{
	struct labels own = without_externals(c, arena, labels);
	const struct active *a = map_get(&rr->states.by_labels, labels_bytes(own));

	if (is_firing_as(c, a, labels, arena))
		return a;
	if (!c->config->prometheus.external_labels.n)
		return NULL;
	states_each(&rr->states, a)
	{
		if (is_firing_as(c, a, labels, arena))
			return a;
	}
	return NULL;
}

static bool worth_of(struct core *c, const struct rule_run *rr, struct labels labels,
		     struct alert_worth *out)
{
	const struct active *a;
	struct arena arena;

	if (!str_eq(rr->rule->name, labels_get(labels, STR(LABEL_ALERTNAME))))
		return false;
	arena_init(&arena);
	a = firing_of(c, rr, labels, &arena);
	arena_done(&arena);
	if (!a)
		return false;
	*out = (struct alert_worth){.now = a->value,
				    .then = a->fired_value,
				    .trail = a->trail.v,
				    .n_trail = a->trail.n,
				    .rule = rr};
	return true;
}

bool rule_alerts_worth(struct core *c, struct labels labels, struct alert_worth *out)
{
	if (out->rule && worth_of(c, out->rule, labels, out))
		return true;
	for (size_t g = 0; g < c->n_groups; g++) {
		const struct group *group = c->groups[g];

		for (size_t i = 0; i < group->def->n; i++) {
			if (worth_of(c, &group->rules[i], labels, out))
				return true;
		}
	}
	return false;
}

void rule_alerts_tell(struct core *c, struct now now, struct rule_run *rr, struct active *act)
{
	tell_on(c, now, rr, act, false);
}

void rule_alerts_explained(struct core *c, struct now now, struct rule_run *rr, struct active *act)
{
	rule_alerts_store(c, rr, act);
	tell_on(c, now, rr, act, true);
}

static void tell_fired(struct core *c, struct now now, struct rule_run *rr, struct active *act)
{
	struct arena a;

	arena_init(&a);

	struct labels id = with_externals(c, &a, act->labels);

	own(c, id, 1);
	tell(c, now, rr, act, (struct alert_in){.labels = id, .ends_at = MS_NONE}, &a);
	arena_done(&a);
}

static void tell_over(struct core *c, struct now now, struct rule_run *rr, struct active *act)
{
	struct arena a;

	arena_init(&a);

	struct labels id = with_externals(c, &a, act->labels);

	if (own(c, id, -1) == 0)
		tell(c, now, rr, act, (struct alert_in){.labels = id, .ends_at = now.wall}, &a);
	arena_done(&a);
}

/* ---- changes -----------------------------------------------------------------------------------
 */

static void trail(struct core *c, struct now now, const struct active *a, const char *kind,
		  const char *text)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	labels_put(&b, a->labels, false);
	core_event(c, now, kind, buf_str(&b), "%s", text);
	buf_done(&b);
}

static void fired(struct core *c, struct now now, struct rule_run *rr, struct active *a)
{
	rule_alerts_store(c, rr, a);
	trail(c, now, a, "firing", "the condition has held for as long as `for` says");
	tell_fired(c, now, rr, a);
	branch_ask(c, now, rr, a);
}

void rule_alerts_changed(struct core *c, struct now now, struct rule_run *rr, struct active *a,
			 enum state_change what)
{
	switch (what) {
	case STATE_PENDING:
		rule_alerts_store(c, rr, a);
		trail(c, now, a, "pending", "the condition holds; waiting for `for`");
		break;
	case STATE_FIRED: fired(c, now, rr, a); break;
	case STATE_REFIRED:
		rule_alerts_store(c, rr, a);
		trail(c, now, a, "firing",
		      "the condition has held again for as long as `for` says");
		rule_alerts_tell(c, now, rr, a);
		break;
	case STATE_UPDATED: rule_alerts_tell(c, now, rr, a); break;
	case STATE_KEPT:
		rule_alerts_store(c, rr, a);
		trail(c, now, a, "kept",
		      "the condition no longer holds; kept firing by keep_firing_for");
		break;
	case STATE_BACK:
		rule_alerts_store(c, rr, a);
		trail(c, now, a, "back", "the condition holds again while it was kept firing");
		rule_alerts_tell(c, now, rr, a); /* with the annotations of now */
		break;
	case STATE_RESOLVED:
		unstore(c, rr, a);
		trail(c, now, a, "resolved",
		      "an evaluation succeeded and the condition no longer holds");
		tell_over(c, now, rr, a);
		break;
	case STATE_FORGOTTEN:
		if (a->state == ALERT_PENDING)
			unstore(c, rr, a);
		break;
	case STATE_DROPPED:
		rule_alerts_store(c, rr, a);
		trail(c, now, a, "dropped", "the rule exceeded its limit; still told as firing");
		break;
	}
	core_changed(c);
}

void rule_alerts_removed(struct core *c, struct now now, struct rule_run *rr)
{
	struct active *a;

	states_each(&rr->states, a)
	{
		if (a->told)
			trail(c, now, a, "removed", "its rule was removed from the configuration");
	}
	if (rr->states.by_labels.n)
		batch_add(core_batch(c), ST_RULE_ALERT_DEL_RULE, V_TEXT(str_of(rr->key)));
}

/* ---- agreement after a start or a reload ---------------------------------------------- */

static void recount(struct core *c, struct now now)
{
	map_clear(&c->owners);
	for (size_t i = 0; i < c->n_groups; i++) {
		for (size_t k = 0; k < c->groups[i]->def->n; k++) {
			struct rule_run *rr = &c->groups[i]->rules[k];
			struct active *a;

			states_each(&rr->states, a)
			{
				if (a->told)
					tell_fired(c, now, rr, a);
			}
		}
	}
}

struct orphans {
	struct core *c;
	struct arena arena;
	struct alert_in *v;
	size_t n, cap;
	ms_t wall;
};

static bool orphan(void *arg, const struct alert *a)
{
	struct orphans *o = arg;

	if (a->source != ALERT_FROM_RULE || alert_resolved(a, o->wall) ||
	    map_get(&o->c->owners, labels_bytes(a->labels)))
		return true;
	o->v = mem_reserve(o->v, &o->cap, o->n + 1, sizeof(*o->v));
	o->v[o->n++] = (struct alert_in){
		.labels = labels_dup(&o->arena, a->labels),
		.annotations = labels_dup(&o->arena, a->annotations),
		.starts_at = a->starts_at,
		.ends_at = o->wall,
		.generator_url = arena_str(&o->arena, str_of(a->generator_url)),
		.source = ALERT_FROM_RULE,
	};
	return true;
}

void rule_alerts_reconcile(struct core *c, struct now now)
{
	struct orphans o = {.c = c, .wall = now.wall};

	recount(c, now);
	arena_init(&o.arena);
	notify_alerts(c->notify, orphan, &o);
	if (o.n)
		notify_put(c->notify, now, o.v, o.n);
	arena_done(&o.arena);
	free(o.v);
}

/* ---- forwarding ---------------------------------------------------------------------------------
 */

void rule_alerts_forward(struct core *c, struct now now, struct rule_run *rr, ms_t slot)
{
	const struct prometheus_config *p = &c->config->prometheus;
	ms_t valid = 4 * MAX(rr->group->def->interval, p->resend_delay);
	struct am_alert *v = NULL;
	size_t n = 0, cap = 0;
	struct arena arena;
	struct active *a;

	arena_init(&arena);
	states_each(&rr->states, a)
	{
		if (!state_needs_sending(a, slot, p->resend_delay))
			continue;
		a->sent_at = slot;
		v = mem_reserve(v, &cap, n + 1, sizeof(*v));
		v[n++] = (struct am_alert){
			.labels = a->labels,
			.annotations = a->annotations,
			.starts_at = a->fired_at,
			.ends_at = a->resolved_at != MS_NONE ? a->resolved_at : slot + valid,
			.generator_url = generator_url(c, rr->rule, &arena),
		};
	}
	if (n)
		am_sender_put(c->am, now, v, n);
	arena_done(&arena);
	free(v);
}
