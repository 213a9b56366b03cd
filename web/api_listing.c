/*
 * GET /api/v2/alerts and /alerts/groups. There may be a million alerts, and pages must not wait
 * meanwhile; so an answer is made in steps: the alerts are read in the order in which they came
 * and written down as JSON, then these pieces are put into their order, then joined. Only the
 * reading looks at the notifier: what has changed since the last step is seen or not, but every
 * piece is true at its moment. The plain list is one group with nothing around it.
 */
#include <stdlib.h>

#include "base/map.h"
#include "base/regex.h"
#include "base/sort.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "notify/matcher.h"
#include "notify/message.h"
#include "notify/notify.h"
#include "notify/route.h"
#include "notify/silence.h"
#include "web/am_json.h"
#include "web/api_alertmanager.h"

/* What one step does at most: a few milliseconds. */
#define READ_STEP 1000		    /* alerts */
#define SORT_STEP 20000		    /* moves */
#define JOIN_STEP ((size_t)4 << 20) /* bytes */

struct span { /* of the exchange's body, which moves while it grows */
	size_t at, n;
};

struct piece {		  /* an alert */
	struct span json; /* with a comma before it */
	uint64_t fingerprint;
	struct labels labels; /* in groups */
};

struct list { /* of pointers, in the arena */
	void **v;
	size_t n, cap;
};

struct listed_group {
	struct alert_group_view view; /* in the arena; without the route */
	struct str muted_by;	      /* names as JSON, separated by commas */
	struct span tail;	      /* what stands behind its alerts */
	bool wanted;
	struct list pieces;
};

struct listing {
	struct exchange *x;
	struct matcher *filters;
	size_t n_filters;
	struct regex *receiver; /* NULL: any */
	struct matcher *receiver_matchers;
	size_t n_receiver_matchers;
	bool active, silenced, inhibited, muted;
	bool grouped;
	struct buf ids;	    /* of the silences of one alert: as JSON, separated by commas */
	uint64_t last;	    /* the alert that was read last */
	size_t left;	    /* how many this step may still read */
	struct list groups; /* those in the answer */
	struct map by_id;   /* group id: struct listed_group */
	struct sort sort;
	size_t at; /* the group whose pieces are sorted */
	struct str *parts;
	size_t n_parts, part, joined; /* of the answer; the next to be copied, to where */
	size_t bytes;
};

static void list_add(struct list *l, struct arena *a, void *p)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		void **v = ARENA_ARRAY(a, void *, cap);

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = p;
}

/* ---- one alert ----------------------------------------------------------------------------- */
/* The receivers of one alert, and whether one of them is asked for. */
struct receivers {
	struct listing *l;
	struct list names; /* const struct str * */
	bool only_wanted;  /* the others are left out */
	bool wanted;
};

static struct labels receiver_labels(const struct exchange *x, struct str name)
{
	const struct config *cfg = core_config(x->core);

	for (size_t i = 0; cfg && cfg->notify && i < cfg->notify->n_receivers; i++) {
		if (str_eq(cfg->notify->receivers[i].name, name))
			return cfg->notify->receivers[i].labels;
	}
	return (struct labels){.p = ""};
}

static bool receiver_wanted(const struct listing *l, struct str name)
{
	struct err err = {0};
	bool ok = true;

	if (l->receiver && !(regex_match(l->receiver, name, &ok, &err) && ok))
		return false;
	return !l->n_receiver_matchers ||
	       (am_matchers_test(l->receiver_matchers, l->n_receiver_matchers,
				 receiver_labels(l->x, name), &ok, &err) &&
		ok);
}

static void add_receiver(void *arg, const struct route *r)
{
	struct receivers *rs = arg;
	bool wanted = receiver_wanted(rs->l, r->receiver);

	if (rs->only_wanted && !wanted)
		return;
	list_add(&rs->names, rs->l->x->arena, (void *)(uintptr_t)&r->receiver);
	rs->wanted |= wanted;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(**(const struct str *const *)a, **(const struct str *const *)b);
}

/* In groups the receivers are sorted, and only those that are asked for. False: none is. */
static bool find_receivers(struct listing *l, const struct alert *a, struct receivers *rs)
{
	const struct config *cfg = core_config(l->x->core);

	*rs = (struct receivers){.l = l, .only_wanted = l->grouped};
	route_match(cfg && cfg->notify ? cfg->notify->root : NULL, a->labels, add_receiver, rs);
	if (l->grouped && rs->names.n > 1)
		qsort(rs->names.v, rs->names.n, sizeof(*rs->names.v), by_name);
	return l->grouped || rs->wanted;
}

static bool put_id(void *arg, const struct silence *s)
{
	struct buf *b = arg;

	answer_put_str(b, b->n ? "," : "", s->id);
	return true;
}

/* It fires, the filters let it pass, and its state is asked for; then l->ids are its silences. */
static bool passes(struct listing *l, const struct alert *a, const struct alert **by)
{
	const struct notify *n = core_notify(l->x->core);
	ms_t wall = l->x->now.wall;
	struct err err = {0};
	bool ok;

	if (alert_resolved(a, wall) ||
	    !(am_matchers_test(l->filters, l->n_filters, a->labels, &ok, &err) && ok))
		return false;
	buf_clear(&l->ids);
	notify_silenced_by(n, wall, a->labels, put_id, &l->ids);
	*by = notify_inhibited_by(n, wall, a->labels);
	if ((l->ids.n && !l->silenced) || (*by && !l->inhibited))
		return false;
	return l->ids.n || *by || l->active;
}

static struct piece *put_alert(struct listing *l, const struct alert *a, const struct receivers *rs,
			       const struct alert *by, struct str muted_by)
{
	struct piece *piece = ARENA_NEW(l->x->arena, struct piece);
	struct buf *b = &l->x->body;

	piece->json.at = b->n;
	piece->fingerprint = labels_fingerprint(a->labels);
	answer_put_labels(b, ",{\"annotations\":", a->annotations);
	am_put_time(b, ",\"endsAt\":",
		    a->ends_at == MS_NONE ? l->x->now.wall + 5 * MINUTE : a->ends_at);
	buf_printf(b, ",\"fingerprint\":\"%016llx\",\"receivers\":[",
		   (unsigned long long)piece->fingerprint);
	for (size_t i = 0; i < rs->names.n; i++) {
		answer_put_str(b, i ? ",{\"name\":" : "{\"name\":",
			       *(const struct str *)rs->names.v[i]);
		buf_addc(b, '}');
	}
	am_put_time(b, "],\"startsAt\":", a->starts_at);
	buf_adds(b, ",\"status\":{\"inhibitedBy\":[");
	if (by)
		buf_printf(b, "\"%016llx\"", (unsigned long long)labels_fingerprint(by->labels));
	buf_adds(b, "],\"mutedBy\":[");
	buf_add(b, muted_by);
	buf_adds(b, "],\"silencedBy\":[");
	buf_add(b, buf_str(&l->ids));
	buf_printf(b, "],\"state\":\"%s\"}",
		   l->ids.n || by || muted_by.n ? "suppressed" : "active");
	am_put_time(b, ",\"updatedAt\":", a->updated_at);
	if (a->generator_url[0])
		answer_put_str(b, ",\"generatorURL\":", str_of(a->generator_url));
	answer_put_labels(b, ",\"labels\":", a->labels);
	buf_addc(b, '}');
	piece->json.n = b->n - piece->json.at;
	return piece;
}

/* ---- the groups of one alert --------------------------------------------------------------- */
static struct labels copy_labels(struct arena *a, struct labels ls)
{
	return labels_of_bytes(arena_str(a, labels_bytes(ls)));
}

static void put_muted_by(void *arg, struct str name)
{
	struct buf *b = arg;

	answer_put_str(b, b->n ? "," : "", name);
}

static struct str muted_by(struct listing *l, const struct route *r)
{
	struct buf b;
	struct str names;

	buf_init(&b, BUF_MAX_ANY);
	route_muted_by(r, l->x->now.wall, put_muted_by, &b);
	names = arena_str(l->x->arena, buf_str(&b));
	buf_done(&b);
	return names;
}

static struct listed_group *add_group(struct listing *l, const struct alert_group_view *v)
{
	struct listed_group *g = ARENA_NEW(l->x->arena, struct listed_group);
	struct arena *a = l->x->arena;
	struct buf *b = &l->x->body;

	map_put(&l->by_id, v->id, g);
	g->muted_by = muted_by(l, v->route);
	g->wanted = receiver_wanted(l, v->receiver) && (!g->muted_by.n || l->muted);
	if (!g->wanted)
		return g;
	g->view = (struct alert_group_view){.id = arena_str(a, v->id),
					    .receiver = arena_str(a, v->receiver),
					    .labels = copy_labels(a, v->labels)};
	g->tail.at = b->n;
	answer_put_labels(b, "],\"labels\":", v->labels);
	answer_put_str(b, ",\"receiver\":{\"name\":", v->receiver);
	answer_put_labels(b, "},\"routeLabels\":",
			  notify_group_route_labels(core_notify(l->x->core), l->x->now, v->id, a));
	buf_addc(b, '}');
	g->tail.n = b->n - g->tail.at;
	list_add(&l->groups, a, g);
	return g;
}

struct placing { /* an alert into its groups */
	struct listing *l;
	const struct alert *a, *by;
	const struct receivers *rs;
	struct labels labels; /* copied once */
};

static void place(void *arg, const struct alert_group_view *v)
{
	struct placing *p = arg;
	struct listing *l = p->l;
	struct listed_group *g = map_get(&l->by_id, v->id);
	struct piece *piece;

	if (!g)
		g = add_group(l, v);
	if (!g->wanted)
		return;
	if (!p->labels.p)
		p->labels = copy_labels(l->x->arena, p->a->labels);
	piece = put_alert(l, p->a, p->rs, p->by, g->muted_by);
	piece->labels = p->labels;
	list_add(&g->pieces, l->x->arena, piece);
}

/* ---- step by step -------------------------------------------------------------------------- */
static bool read_alert(void *arg, const struct alert *a)
{
	struct listing *l = arg;
	struct receivers rs;
	const struct alert *by;

	if (passes(l, a, &by) && find_receivers(l, a, &rs)) {
		struct placing p = {.l = l, .a = a, .by = by, .rs = &rs};

		if (l->grouped)
			notify_groups_of(a, place, &p);
		else
			list_add(&((struct listed_group *)l->groups.v[0])->pieces, l->x->arena,
				 put_alert(l, a, &rs, by, STR("")));
	}
	return --l->left > 0;
}

static void add_part(struct listing *l, struct str part)
{
	l->parts[l->n_parts++] = part;
	l->bytes += part.n;
}

static struct str span_text(const struct listing *l, struct span s)
{
	return (struct str){l->x->body.p + s.at, s.n};
}

/* The pieces are sorted: their group is added to the answer. */
static void add_parts(struct listing *l, const struct listed_group *g, void *const *v)
{
	if (l->grouped)
		add_part(l, l->n_parts > 1 ? STR(",{\"alerts\":[") : STR("{\"alerts\":["));
	for (size_t i = 0; i < g->pieces.n; i++) {
		const struct piece *piece = v[i];

		add_part(l, str_from(span_text(l, piece->json), i == 0));
	}
	if (l->grouped)
		add_part(l, span_text(l, g->tail));
}

static void join(struct exchange *x)
{
	struct listing *l = x->state;
	size_t before = l->joined;

	if (!x->made.p)
		x->made = (struct str){.p = arena_bytes(x->arena, l->bytes), .n = l->bytes};
	while (l->part < l->n_parts && l->joined - before < JOIN_STEP) {
		struct str part = l->parts[l->part++];

		memcpy((char *)(uintptr_t)x->made.p + l->joined, part.p, part.n);
		l->joined += part.n;
	}
	if (l->part == l->n_parts)
		am_answer(x, 200);
}

static int by_fingerprint(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->fingerprint < y->fingerprint ? -1 : x->fingerprint > y->fingerprint;
}

static int by_message_order(const void *a, const void *b)
{
	return message_order(((const struct piece *)a)->labels, ((const struct piece *)b)->labels);
}

static void begin_sort(struct listing *l, const struct list *of,
		       int (*order)(const void *a, const void *b))
{
	sort_begin(&l->sort, of->v, ARENA_ARRAY(l->x->arena, void *, of->n + 1), of->n, order);
}

static void sort_pieces(struct exchange *x)
{
	struct listing *l = x->state;
	size_t moved = 0;

	/* Many small groups make one step together. */
	while (moved < SORT_STEP) {
		const struct listed_group *g = l->groups.v[l->at];

		if (!sort_step(&l->sort, SORT_STEP))
			return;
		add_parts(l, g, l->sort.v);
		if (++l->at == l->groups.n) {
			add_part(l, STR("]\n"));
			x->step = join;
			return;
		}
		moved += 16 * g->pieces.n;
		g = l->groups.v[l->at];
		begin_sort(l, &g->pieces, l->grouped ? by_message_order : by_fingerprint);
	}
}

static int by_group_order(const void *a, const void *b)
{
	return notify_group_order(&((const struct listed_group *)a)->view,
				  &((const struct listed_group *)b)->view);
}

static void sort_groups(struct exchange *x)
{
	struct listing *l = x->state;
	size_t n = 2;

	if (!sort_step(&l->sort, SORT_STEP))
		return;
	l->groups.v = l->sort.v;
	for (size_t i = 0; i < l->groups.n; i++)
		n += ((const struct listed_group *)l->groups.v[i])->pieces.n + 2;
	l->parts = ARENA_ARRAY(x->arena, struct str, n);
	add_part(l, STR("["));
	if (!l->groups.n) {
		add_part(l, STR("]\n"));
		x->step = join;
		return;
	}
	begin_sort(l, &((const struct listed_group *)l->groups.v[0])->pieces,
		   l->grouped ? by_message_order : by_fingerprint);
	x->step = sort_pieces;
}

static void read_alerts(struct exchange *x)
{
	struct listing *l = x->state;

	l->left = READ_STEP;
	if (notify_alerts_after(core_notify(x->core), &l->last, read_alert, l))
		return;
	begin_sort(l, &l->groups, by_group_order);
	x->step = sort_groups;
}

/* ---- the question -------------------------------------------------------------------------- */
static bool read_receiver(struct exchange *x, struct regex **out)
{
	struct str text = exchange_param(x, "receiver");
	struct err err = {0};

	*out = NULL;
	if (!text.n)
		return true;
	text = arena_printf(x->arena, "^(?:%.*s)$", STR_ARG(text)); /* as Go's errors quote it */
	if (regex_compile(text, 0, x->arena, out, &err))
		return true;
	am_error(x, 400, arena_printf(x->arena, "failed to parse receiver param: %s", err.msg));
	return false;
}

static void listing_done(struct exchange *x)
{
	struct listing *l = x->state;

	buf_done(&l->ids);
	map_done(&l->by_id);
}

static void begin(struct exchange *x, bool grouped)
{
	struct listing *l = ARENA_NEW(x->arena, struct listing);

	*l = (struct listing){
		.x = x,
		.active = am_flag(x, "active"),
		.silenced = am_flag(x, "silenced"),
		.inhibited = am_flag(x, "inhibited"),
		.muted = am_flag(x, "muted"),
		.grouped = grouped,
	};
	if (!am_filters(x, &l->filters, &l->n_filters) || !read_receiver(x, &l->receiver) ||
	    !am_receiver_matchers(x, &l->receiver_matchers, &l->n_receiver_matchers))
		return;
	if (!grouped)
		list_add(&l->groups, x->arena, ARENA_NEW(x->arena, struct listed_group));
	buf_init(&l->ids, BUF_MAX_ANY);
	map_init(&l->by_id);
	x->state = l;
	x->done = listing_done;
	x->step = read_alerts;
}

void api_am_listing(struct exchange *x)
{
	begin(x, false);
}

void api_am_alert_groups(struct exchange *x)
{
	begin(x, true);
}
