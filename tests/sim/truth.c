/* Runs of answers, and what was told of them. */
#include "tests/sim/truth.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "rules/rules.h"
#include "tests/sim/receivers.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define HOLDS_KEPT 64
#define LABELS_MAX 32
#define SMALL_STEP (2 * SECOND) /* the product does not see smaller steps of the clock */
#define FORWARDED "alertmanager"

enum shown { SHOWN_GONE, SHOWN_HELD, SHOWN_LIMITED };

/* Equal answers in a row: slots, shifted when the clock is stepped. */
struct run {
	enum shown what;
	bool sure;
	ms_t from, to;	  /* wall */
	ms_t since, last; /* mono, when they were taken */
};

struct element {
	struct run *v;
	size_t n, cap;
	bool there; /* in the answer at work */
};

/* `for` from a point on. */
struct hold {
	ms_t wall, span;
};

struct watch {
	char name[64], expr[256], severity[32];
	ms_t interval, offset;
	size_t limit;
	bool exists, asks, removed_ever;
	struct hold holds[HOLDS_KEPT];
	size_t n_holds;
	char *dests[RULE_DESTS];
	size_t n_dests;
	struct map elements; /* id -> struct element */
	ms_t last_slot;	     /* in calm; MS_NONE: none yet */
};

struct dest {
	bool blunt;   /* does not want ends */
	bool blurred; /* was told in plain words that cannot be read here */
	bool dead;    /* has refused for good */
	bool doubt;   /* rouse may believe that it was told, or not */
	bool late;    /* an attempt has failed: ends and beginnings may come long after */
};

/* One alert as one lane was told of it. */
struct told {
	struct watch *watch;
	char *element, *severity, *dest;
	bool firing, any;
	bool stale; /* the lane may be no more */
	ms_t over_mono;
	ms_t ends; /* forwarded: until when it is said to fire */
};

struct truth {
	struct sim *sim;
	struct watch **watch;
	size_t n_watch, cap_watch;
	struct map told;  /* lane and labels -> struct told */
	struct map dests; /* host and path -> struct dest */
	bool forgetful, stepped, calm, written, forwarded;
	ms_t small_steps;
	ms_t durable;	   /* mono */
	uint64_t old_rows; /* of the outbox: from before the routes changed */
};

/* ---- life ------------------------------------------------------------------------------------ */

struct truth *truth_new(struct sim *s)
{
	struct truth *t = MEM_NEW(struct truth);

	t->sim = s;
	map_init(&t->told);
	map_init(&t->dests);
	return t;
}

static void watch_free(struct watch *w)
{
	map_each (&w->elements, e) {
		free(((struct element *)e->value)->v);
		free(e->value);
	}
	map_done(&w->elements);
	for (size_t i = 0; i < w->n_dests; i++)
		free(w->dests[i]);
	free(w);
}

void truth_free(struct truth *t)
{
	for (size_t i = 0; i < t->n_watch; i++)
		watch_free(t->watch[i]);
	free(t->watch);
	map_each (&t->told, e) {
		struct told *d = e->value;

		free(d->element);
		free(d->severity);
		free(d->dest);
		free(d);
	}
	map_done(&t->told);
	map_each (&t->dests, e)
		free(e->value);
	map_done(&t->dests);
	free(t);
}

static struct dest *dest_of(struct truth *t, struct str at)
{
	struct dest *d = map_get(&t->dests, at);

	if (!d) {
		d = MEM_NEW(struct dest);
		map_put(&t->dests, at, d);
	}
	return d;
}

static struct watch *watch_of(struct truth *t, struct str name)
{
	for (size_t i = 0; i < t->n_watch; i++) {
		if (str_is(name, t->watch[i]->name))
			return t->watch[i];
	}
	return NULL;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void show(struct truth *t, struct element *e, enum shown what, ms_t at, bool sure)
{
	struct run *last = e->n ? &e->v[e->n - 1] : NULL;

	if (last && last->what == what && last->sure == sure) {
		last->to = at;
		last->last = t->sim->now.mono;
		return;
	}
	e->v = mem_reserve(e->v, &e->cap, e->n + 1, sizeof(*e->v));
	e->v[e->n++] = (struct run){.what = what,
				    .sure = sure,
				    .from = at,
				    .to = at,
				    .since = t->sim->now.mono,
				    .last = t->sim->now.mono};
}

/* Since when it has held at `at`, as far as rouse must know; INT64_MAX: it does not. */
static ms_t held_since(const struct element *e, ms_t at)
{
	ms_t since = INT64_MAX;

	for (size_t i = 0; i < e->n && e->v[i].from <= at; i++) {
		if (e->v[i].what == SHOWN_HELD)
			since = MIN(since, e->v[i].from);
		else if (e->v[i].sure)
			since = INT64_MAX;
	}
	return since;
}

static bool gone_between(const struct element *e, ms_t from, ms_t to)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->v[i].what == SHOWN_GONE && e->v[i].from <= to && e->v[i].to >= from)
			return true;
	}
	return false;
}

/* The longest time it has held without a break, of what ended after `mono`. */
static ms_t longest(const struct element *e, ms_t mono)
{
	ms_t since = INT64_MAX, most = -1;

	for (size_t i = 0; i < e->n; i++) {
		const struct run *r = &e->v[i];

		if (r->what != SHOWN_HELD) {
			since = r->sure ? INT64_MAX : since;
			continue;
		}
		since = MIN(since, r->from);
		if (r->last > mono)
			most = MAX(most, r->to - since);
	}
	return most;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* The rule's alerts are others from now on. */
static void forget_elements(struct truth *t, struct watch *w)
{
	map_each (&w->elements, e)
		show(t, e->value, SHOWN_GONE, t->sim->now.wall, true);
	w->last_slot = MS_NONE;
	w->removed_ever = true;
}

static struct watch *watch_new(struct truth *t, const char *name)
{
	struct watch *w = MEM_NEW(struct watch);

	snprintf(w->name, sizeof(w->name), "%s", name);
	map_init(&w->elements);
	t->watch = mem_reserve(t->watch, &t->cap_watch, t->n_watch + 1, sizeof(*t->watch));
	t->watch[t->n_watch++] = w;
	return w;
}

void truth_rule(struct truth *t, const struct oracle_rule *r)
{
	struct watch *w = watch_of(t, str_of(r->name));
	const char *severity = r->severity ? r->severity : "";

	if (!w)
		w = watch_new(t, r->name);
	else if (w->exists && strcmp(w->severity, severity) != 0)
		forget_elements(t, w);
	snprintf(w->expr, sizeof(w->expr), "%s", r->expr);
	snprintf(w->severity, sizeof(w->severity), "%s", severity);
	w->interval = r->interval;
	w->offset = r->offset;
	w->limit = r->limit;
	w->asks = r->asks;
	w->exists = true;
	w->last_slot = MS_NONE;
	CHECK(w->n_holds < HOLDS_KEPT);
	w->holds[w->n_holds++] = (struct hold){.wall = t->sim->now.wall, .span = r->hold};
	for (size_t i = 0; i < w->n_dests; i++)
		free(w->dests[i]);
	w->n_dests = r->n_dests;
	for (size_t i = 0; i < r->n_dests; i++)
		w->dests[i] = mem_str(str_of(r->dests[i]));
}

void truth_rule_removed(struct truth *t, const char *name)
{
	struct watch *w = watch_of(t, str_of(name));

	CHECK(w);
	forget_elements(t, w);
	w->exists = false;
}

void truth_routes_changed(struct truth *t, uint64_t last_row)
{
	t->old_rows = last_row;
	map_each (&t->told, e) {
		struct told *d = e->value;

		d->stale |= strcmp(d->dest, FORWARDED) != 0;
	}
}

void truth_dest(struct truth *t, const char *at, bool send_resolved)
{
	dest_of(t, str_of(at))->blunt = !send_resolved;
}

void truth_written_back(struct truth *t, bool written, bool forwarded)
{
	t->written = written;
	t->forwarded = forwarded;
}

/* The shortest `for` that was in force around `at`. */
static ms_t hold_at(const struct watch *w, ms_t at)
{
	ms_t span = w->holds[0].span;

	for (size_t i = 0; i < w->n_holds; i++) {
		if (w->holds[i].wall < at)
			span = w->holds[i].span;
		else if (w->holds[i].wall <= at + 1)
			span = MIN(span, w->holds[i].span);
	}
	return span;
}

static ms_t shortest_hold(const struct watch *w)
{
	ms_t span = INT64_MAX;

	for (size_t i = 0; i < w->n_holds; i++)
		span = MIN(span, w->holds[i].span);
	return span;
}

/* ---- what rouse is shown --------------------------------------------------------------------- */

struct looking {
	struct truth *truth;
	const struct watch *watch;
	const struct rule_group *group;
	bool taken;
};

static bool look_at_rule(void *arg, const struct rule_view *r)
{
	struct looking *l = arg;

	if (!r->rule->alerting || !str_is(r->rule->name, l->watch->name))
		return true;
	l->group = r->group;
	l->taken = r->last_evaluation == l->truth->sim->now.wall && r->health == RULE_OK;
	return false;
}

static bool look_at_group(void *arg, const struct group_view *g)
{
	struct looking *l = arg;

	core_rules(l->truth->sim->core, g->group, look_at_rule, l);
	return !l->group;
}

/* L4: in calm, no slot is left out; and always it is one. */
static void check_slot(struct truth *t, struct watch *w, const struct looking *l, ms_t slot)
{
	int64_t end = (slot + 1) * 1000000 - 1;

	if (l->group && rule_group_slot_ns(l->group, end) / 1000000 != slot)
		sim_fail(t->sim, "L4", "%s is evaluated at %lld, which is no slot", w->name,
			 (long long)slot);
	if (!t->calm)
		return;
	if (w->last_slot != MS_NONE && slot - w->last_slot != w->interval && slot != w->last_slot)
		sim_fail(t->sim, "L4", "%s is evaluated at %lld, before that at %lld", w->name,
			 (long long)slot, (long long)w->last_slot);
	w->last_slot = slot;
}

static void take_answer(struct truth *t, struct watch *w, ms_t slot, const struct str *ids,
			size_t n)
{
	struct looking l = {.truth = t, .watch = w};
	bool limited = w->limit && n > w->limit;
	bool sure;

	core_groups(t->sim->core, look_at_group, &l);
	sure = !w->asks && (l.taken || t->written);
	if (n > t->sim->limits.reply_series)
		return; /* rouse refuses it: nothing is known */
	check_slot(t, w, &l, slot);
	map_each (&w->elements, e)
		((struct element *)e->value)->there = false;
	for (size_t i = 0; i < n; i++) {
		struct element *e = map_get(&w->elements, ids[i]);

		if (!e) {
			e = MEM_NEW(struct element);
			map_put(&w->elements, ids[i], e);
		}
		e->there = true;
	}
	map_each (&w->elements, e) {
		struct element *el = e->value;
		enum shown what = el->there ? SHOWN_HELD : SHOWN_GONE;

		show(t, el, limited ? SHOWN_LIMITED : what, slot, sure);
	}
}

void truth_answer(struct truth *t, struct str expr, ms_t at, const struct str *ids, size_t n)
{
	for (size_t i = 0; i < t->n_watch; i++) {
		struct watch *w = t->watch[i];

		if (w->exists && str_is(expr, w->expr) && t->sim->core)
			take_answer(t, w, at + w->offset, ids, n);
	}
}

static void shift(struct watch *w, ms_t by)
{
	map_each (&w->elements, e) {
		struct element *el = e->value;

		for (size_t k = 0; k < el->n; k++) {
			el->v[k].from += by;
			el->v[k].to += by;
		}
	}
	for (size_t i = 0; i < w->n_holds; i++)
		w->holds[i].wall += by;
}

/* The Alertmanager's clock is the same one. */
static void shift_forwarded(struct truth *t, ms_t by)
{
	map_each (&t->told, e)
		((struct told *)e->value)->ends += by;
}

void truth_clock_stepped(struct truth *t, ms_t by)
{
	t->stepped = true;
	if (by > -SMALL_STEP && by < SMALL_STEP)
		t->small_steps += by < 0 ? -by : by;
	for (size_t i = 0; i < t->n_watch; i++)
		shift(t->watch[i], by);
	shift_forwarded(t, by);
}

void truth_durable(struct truth *t, ms_t until)
{
	t->durable = until;
}

void truth_crashed(struct truth *t, bool forgetful)
{
	t->forgetful |= forgetful;
	for (size_t i = 0; i < t->n_watch; i++) {
		map_each (&t->watch[i]->elements, e) {
			struct element *el = e->value;

			for (size_t k = el->n; k > 0 && el->v[k - 1].last > t->durable; k--)
				el->v[k - 1].sure &= el->v[k - 1].since <= t->durable;
		}
	}
	map_each (&t->dests, e)
		((struct dest *)e->value)->doubt = true;
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* One alert in a message. */
struct told_alert {
	struct str names[LABELS_MAX], values[LABELS_MAX];
	size_t n;
	bool firing;
	bool timed;
	ms_t starts, ends;
};

static struct str label(const struct told_alert *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++) {
		if (str_is(a->names[i], name))
			return a->values[i];
	}
	return STR("");
}

static bool is_added(struct str name)
{
	return str_is(name, "alertname") || str_is(name, "severity") || str_is(name, "team") ||
	       str_is(name, "region");
}

/* Sorted by name, as the Prometheus writes ids. */
static void sort_labels(struct told_alert *a)
{
	for (size_t i = 1; i < a->n; i++) {
		for (size_t k = i; k > 0 && str_cmp(a->names[k - 1], a->names[k]) > 0; k--) {
			struct str name = a->names[k], value = a->values[k];

			a->names[k] = a->names[k - 1];
			a->values[k] = a->values[k - 1];
			a->names[k - 1] = name;
			a->values[k - 1] = value;
		}
	}
}

static void put_labels(struct buf *b, const struct told_alert *a, bool all)
{
	for (size_t i = 0; i < a->n; i++) {
		if (all || !is_added(a->names[i]))
			buf_printf(b, "%.*s=%.*s,", STR_ARG(a->names[i]), STR_ARG(a->values[i]));
	}
}

static struct told *told_of(struct truth *t, struct watch *w, struct str dest, struct str group,
			    const struct told_alert *a)
{
	struct buf key, element;
	struct told *d;

	buf_init(&key, BUF_MAX_ANY);
	buf_init(&element, BUF_MAX_ANY);
	buf_printf(&key, "%.*s|%.*s|", STR_ARG(dest), STR_ARG(group));
	put_labels(&key, a, true);
	put_labels(&element, a, false);
	d = map_get(&t->told, buf_str(&key));
	if (!d) {
		d = MEM_NEW(struct told);
		*d = (struct told){.watch = w,
				   .element = mem_str(buf_str(&element)),
				   .severity = mem_str(label(a, "severity")),
				   .dest = mem_str(dest),
				   .over_mono = -1};
		map_put(&t->told, buf_str(&key), d);
	}
	buf_done(&key);
	buf_done(&element);
	return d;
}

/* S9 and S8 by the times that the message says. They are those of the clock that was right when
 * it was made, so this is only for worlds whose clock was never stepped. */
static void check_times(struct truth *t, const struct watch *w, const struct element *e,
			const struct told_alert *a)
{
	ms_t since = held_since(e, a->starts), hold = hold_at(w, a->starts);

	if (t->forgetful && w->removed_ever)
		return; /* an old state of a rule that was removed since came back */
	if (a->firing && (since == INT64_MAX || a->starts - since < hold))
		sim_fail(t->sim, "S9", "%s fires after %lld ms, for is %lld ms", w->name,
			 (long long)(since == INT64_MAX ? -1 : a->starts - since), (long long)hold);
	if (!a->firing && !gone_between(e, a->starts, a->ends))
		sim_fail(t->sim, "S8", "%s is told as resolved, but no answer ever said so",
			 w->name);
}

/* The same by the answers alone; less sharp. */
static void check_ages(struct truth *t, const struct watch *w, const struct element *e,
		       const struct told *d, bool firing)
{
	ms_t slack = w->interval + t->small_steps, hold = shortest_hold(w);

	if (t->forgetful && w->removed_ever)
		return;
	if (t->forgetful && d->over_mono >= 0)
		return; /* the end was told and forgotten: the old state came back */
	if (firing && !d->firing && longest(e, d->over_mono) < hold - slack)
		sim_fail(t->sim, "S9", "%s fires after %lld ms at most, for is %lld ms", w->name,
			 (long long)longest(e, d->over_mono), (long long)hold);
	if (!firing && !gone_between(e, INT64_MIN, INT64_MAX))
		sim_fail(t->sim, "S8", "%s is told as resolved, but no answer ever said so",
			 w->name);
}

static void check_known(struct truth *t, const struct watch *w, const struct told *d,
			const struct told_alert *a)
{
	const struct element *e = map_get(&w->elements, str_of(d->element));

	if (!e)
		sim_fail(t->sim, "S9", "%s is told with labels \"%s\", which no answer had",
			 w->name, d->element);
	if (a->timed && !t->stepped)
		check_times(t, w, e, a);
	else
		check_ages(t, w, e, d, a->firing);
}

static void check_order(struct truth *t, const struct told *d, const struct dest *to, bool firing,
			bool repeated)
{
	if (firing)
		return;
	if (to->blunt)
		sim_fail(t->sim, "S6", "%s is told as resolved to %s, which does not want that",
			 d->watch->name, d->dest);
	/* What an attempt that nobody answered has told is in doubt when it is given up. */
	if (!d->firing && !repeated && !t->forgetful && !to->blurred && !(to->dead && to->doubt))
		sim_fail(t->sim, "S6", "%s (%s) is told as resolved to %s, which was told %s",
			 d->watch->name, d->element, d->dest, d->any ? "so already" : "nothing");
}

struct telling {
	struct truth *truth;
	struct str dest, group;
	uint64_t row;
	bool repeated;
	size_t n;
};

static void tell(struct telling *x, struct told_alert *a)
{
	struct truth *t = x->truth;
	struct watch *w = watch_of(t, label(a, "alertname"));
	struct told *d;

	x->n++;
	if (!w)
		return;
	sort_labels(a);
	d = told_of(t, w, x->dest, x->group, a);
	if (!str_is(x->dest, FORWARDED))
		check_order(t, d, dest_of(t, x->dest), a->firing, x->repeated);
	check_known(t, w, d, a);
	if (d->firing && !a->firing && !dest_of(t, x->dest)->late)
		d->over_mono = t->sim->now.mono;
	d->firing = a->firing;
	d->any = true;
	if (x->row > t->old_rows)
		d->stale = false;
	else
		d->stale |= t->old_rows > 0;
	d->ends = a->ends;
}

static void add_label(struct told_alert *a, struct str name, struct str value)
{
	if (a->n < LABELS_MAX) {
		a->names[a->n] = name;
		a->values[a->n++] = value;
	}
}

static void read_labels(const json_t *o, struct told_alert *a)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)o, name, value)
		add_label(a, str_of(name), str_of(json_string_value(value)));
}

static void read_times(const json_t *o, struct told_alert *a)
{
	a->timed = true;
	CHECK(time_rfc3339(str_of(json_string_value(json_object_get(o, "startsAt"))), &a->starts));
	CHECK(time_rfc3339(str_of(json_string_value(json_object_get(o, "endsAt"))), &a->ends));
}

static void read_webhook(struct telling *x, const json_t *root)
{
	const json_t *alerts = json_object_get(root, "alerts");
	json_t *o;
	size_t i;

	x->group = str_of(json_string_value(json_object_get(root, "groupKey")));
	json_array_foreach(alerts, i, o)
	{
		const char *status = json_string_value(json_object_get(o, "status"));
		struct told_alert a = {.firing = status && strcmp(status, "firing") == 0};

		read_labels(json_object_get(o, "labels"), &a);
		read_times(o, &a);
		tell(x, &a);
	}
}

/* "@@firing|GROUP|name=value,name=value,;" for each alert, as the swarm's templates write it. */
static void read_lines(struct telling *x, struct str text)
{
	for (ptrdiff_t at; (at = str_find(text, STR("@@"))) >= 0;) {
		struct told_alert a = {0};
		struct str line = str_from(text, (size_t)at + 2), name;
		ptrdiff_t end = str_find_char(line, ';'), eq;

		text = line;
		if (end < 0)
			return;
		line = str_cut(line, 0, (size_t)end);
		a.firing = str_starts(line, "firing|");
		line = str_from(line, (size_t)str_find_char(line, '|') + 1);
		x->group = str_cut(line, 0, (size_t)str_find_char(line, '|'));
		line = str_from(line, x->group.n + 1);
		while ((eq = str_find_char(line, '=')) >= 0) {
			name = str_cut(line, 0, (size_t)eq);
			line = str_from(line, (size_t)eq + 1);
			end = str_find_char(line, ',');
			add_label(&a, name, str_cut(line, 0, (size_t)end));
			line = str_from(line, (size_t)end + 1);
		}
		tell(x, &a);
	}
}

/* Takes quoted-printable apart. */
static struct str plain(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char hex[3] = {0};

		if (s.p[i] != '=' || i + 2 >= s.n) {
			p[n++] = s.p[i];
			continue;
		}
		hex[0] = s.p[i + 1];
		hex[1] = s.p[i + 2];
		i += 2;
		if (hex[0] != '\r')
			p[n++] = (char)strtol(hex, NULL, 16);
	}
	return (struct str){.p = p, .n = n};
}

static void read_page(struct telling *x, const struct page *p, struct arena *a)
{
	json_t *root = p->mail ? NULL : json_loads(p->body, 0, NULL);
	const json_t *embed = json_array_get(json_object_get(root, "embeds"), 0);

	if (p->mail)
		read_lines(x, plain(str_of(p->body), a));
	else if (embed)
		read_lines(x, str_of(json_string_value(json_object_get(embed, "description"))));
	else
		read_webhook(x, root);
	json_decref(root);
}

void truth_page(struct truth *t, const struct page *p, uint64_t row, bool repeated)
{
	struct telling x = {.truth = t, .dest = str_of(p->at), .row = row, .repeated = repeated};
	struct arena a;

	arena_init(&a);
	read_page(&x, p, &a);
	arena_done(&a);
	if (!x.n)
		dest_of(t, x.dest)->blurred = true;
}

void truth_forwarded(struct truth *t, struct str body)
{
	struct telling x = {.truth = t,
			    .dest = STR(FORWARDED),
			    .group = STR(""),
			    .row = UINT64_MAX};
	json_t *root = json_loadb(body.p, body.n, 0, NULL), *o;
	size_t i;

	json_array_foreach(root, i, o)
	{
		struct told_alert a = {0};

		read_labels(json_object_get(o, "labels"), &a);
		read_times(o, &a);
		a.firing = a.ends > t->sim->now.wall;
		/* One that was on its way when the clock jumped is out of date, not over. */
		if (!a.firing && t->sim->now.mono - t->sim->jumped_at < MINUTE)
			continue;
		tell(&x, &a);
	}
	if (!json_is_array(root))
		sim_fail(t->sim, "L1", "an Alertmanager got no list: %.*s", STR_ARG(body));
	json_decref(root);
}

void truth_vanished(struct truth *t, struct str url)
{
	dest_of(t, receivers_place(url))->doubt = true;
}

void truth_delayed(struct truth *t, struct str url)
{
	dest_of(t, receivers_place(url))->late = true;
}

void truth_receiver_said(struct truth *t, struct str url, int status)
{
	if (status / 100 == 4 && status != 429)
		dest_of(t, receivers_place(url))->dead = true;
}

/* ---- the end --------------------------------------------------------------------------------- */

void truth_calm(struct truth *t)
{
	t->calm = true;
	for (size_t i = 0; i < t->n_watch; i++)
		t->watch[i]->last_slot = MS_NONE;
}

/* Is somebody (at `dest`; NULL: anywhere) told that it fires? */
static bool is_told(struct truth *t, const struct watch *w, struct str element, const char *dest)
{
	map_each (&t->told, e) {
		const struct told *d = e->value;

		if (d->watch == w && d->firing && str_is(element, d->element) &&
		    strcmp(d->severity, w->severity) == 0 &&
		    (dest ? strcmp(d->dest, dest) == 0 : strcmp(d->dest, FORWARDED) != 0))
			return true;
	}
	return false;
}

static bool is_true(const struct told *d, const struct str *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_is(ids[i], d->element))
			return d->watch->exists && strcmp(d->severity, d->watch->severity) == 0;
	}
	return false;
}

static void check_beginning(struct truth *t, const struct watch *w, struct str element)
{
	for (size_t i = 0; i < w->n_dests; i++) {
		if (!dest_of(t, str_of(w->dests[i]))->blurred &&
		    !is_told(t, w, element, w->dests[i]))
			sim_fail(t->sim, "L1", "%s (%.*s) holds, but %s was not told", w->name,
				 STR_ARG(element), w->dests[i]);
	}
	if (!w->n_dests && !is_told(t, w, element, NULL))
		sim_fail(t->sim, "L1", "%s (%.*s) holds and nobody was told", w->name,
			 STR_ARG(element));
	if (t->forwarded && !is_told(t, w, element, FORWARDED))
		sim_fail(t->sim, "L1", "%s (%.*s) holds, but was not forwarded", w->name,
			 STR_ARG(element));
}

static void check_end(struct truth *t, const struct told *d, const struct str *ids, size_t n)
{
	const struct dest *to = dest_of(t, str_of(d->dest));
	bool forwarded = strcmp(d->dest, FORWARDED) == 0;

	if (!d->firing || is_true(d, ids, n))
		return;
	if (forwarded ? d->ends <= t->sim->now.wall || !t->forwarded
		      : d->stale || to->blunt || to->blurred || to->dead || t->forgetful)
		return; /* dead: an end that is refused for two repeat intervals is forgotten */
	sim_fail(t->sim, "L1", "%s (%s) is over, but %s was last told it is firing", d->watch->name,
		 d->element, d->dest);
}

/* ALERTS of this element as it is written back. */
static bool is_written(struct truth *t, const struct watch *w, struct str element)
{
	return world_written_alert(t->sim->world, str_of(w->name), str_of(w->severity), element);
}

static void check_watch(struct truth *t, struct watch *w, struct arena *a)
{
	struct str *ids;
	size_t n = world_truth(t->sim->world, str_of(w->expr), a, &ids);

	if (w->exists && ((w->limit && n > w->limit) || n > t->sim->limits.reply_series))
		return;
	if (w->exists && t->calm &&
	    (w->last_slot == MS_NONE || w->last_slot < t->sim->now.wall - w->interval - MINUTE))
		sim_fail(t->sim, "L4", "%s is not evaluated any more", w->name);
	for (size_t i = 0; w->exists && i < n; i++) {
		check_beginning(t, w, ids[i]);
		if (t->written && !is_written(t, w, ids[i]))
			sim_fail(t->sim, "L1", "%s (%.*s) holds, but ALERTS is not written",
				 w->name, STR_ARG(ids[i]));
	}
	map_each (&t->told, e) {
		if (((struct told *)e->value)->watch == w)
			check_end(t, e->value, ids, n);
	}
}

void truth_settled(struct truth *t)
{
	for (size_t i = 0; i < t->n_watch; i++) {
		struct arena a;

		arena_init(&a);
		check_watch(t, t->watch[i], &a);
		arena_done(&a);
	}
}
