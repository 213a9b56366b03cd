/*
 *	default  wait 30s, interval 5m, repeat 4h, by alertname
 *	├── {severity="page"} (goes on)  → pager (webhook, email)
 *	└── {team="db"}  repeat 1h  → db (slack)
 *
 * Of a child only what differs from its parent is said.
 */
#include "host/route_tree.h"

#include "base/num.h"
#include "notify/config.h"
#include "notify/interval.h"
#include "notify/matcher.h"
#include "notify/receiver.h"

static void put_receiver(struct buf *b, const struct notify_config *c, const struct route *r)
{
	const struct receiver *rc = notify_config_receiver(c, r->receiver);

	buf_printf(b, "  → %.*s", STR_ARG(r->receiver));
	buf_adds(b, " (");
	for (size_t i = 0; rc && i < rc->n; i++)
		buf_printf(b, "%s%s", i ? ", " : "", rc->integrations[i].kind->name);
	buf_adds(b, rc && rc->n ? ")" : "nobody)");
}

static void put_span(struct buf *b, const char *name, ms_t span)
{
	buf_printf(b, ", %s ", name);
	num_put_duration(b, span);
}

static bool same_group_by(const struct route *a, const struct route *b)
{
	bool same = a->group_by_all == b->group_by_all && a->n_group_by == b->n_group_by;

	for (size_t i = 0; same && i < a->n_group_by; i++)
		same = str_eq(a->group_by[i], b->group_by[i]);
	return same;
}

static void put_group_by(struct buf *b, const struct route *r)
{
	buf_adds(b, ", by ");
	if (r->group_by_all)
		buf_adds(b, "every label");
	else if (!r->n_group_by)
		buf_adds(b, "nothing");
	for (size_t i = 0; i < r->n_group_by; i++)
		buf_printf(b, "%s%.*s", i ? " " : "", STR_ARG(r->group_by[i]));
}

static void put_intervals(struct buf *b, const char *what, const struct time_interval *const *v,
			  size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%.*s", i ? " " : what, STR_ARG(v[i]->name));
}

/* What is said of the node, with a comma in front of each piece. */
static void put_settings(struct buf *b, const struct route *r, const struct route *parent)
{
	if (!parent || r->group_wait != parent->group_wait)
		put_span(b, "wait", r->group_wait);
	if (!parent || r->group_interval != parent->group_interval)
		put_span(b, "interval", r->group_interval);
	if (!parent || r->repeat_interval != parent->repeat_interval)
		put_span(b, "repeat", r->repeat_interval);
	if (!parent || !same_group_by(r, parent))
		put_group_by(b, r);
	put_intervals(b, ", muted by ", r->mute, r->n_mute);
	put_intervals(b, ", active in ", r->active, r->n_active);
	if (parent && r->fallback_late && !str_eq(r->fallback, parent->fallback))
		buf_printf(b, ", fallback %.*s", STR_ARG(r->fallback));
}

static void put_node(struct buf *b, const struct notify_config *c, const struct route *r,
		     const struct route *parent)
{
	struct buf settings;

	if (parent)
		am_matchers_put(b, r->matchers, r->n_matchers);
	else
		buf_adds(b, "default");
	if (r->goes_on)
		buf_adds(b, " (goes on)");
	buf_init(&settings, BUF_MAX_ANY);
	put_settings(&settings, r, parent);
	if (settings.n)
		buf_printf(b, "  %s", buf_cstr(&settings) + 2);
	buf_done(&settings);
	put_receiver(b, c, r);
	buf_addc(b, '\n');
}

/* Recursion follows the nesting of the file, which is bounded. */
static void put_children(struct buf *b, const struct notify_config *c, const struct route *r,
			 const struct buf *indent)
{
	for (size_t i = 0; i < r->n_routes; i++) {
		bool last = i + 1 == r->n_routes;
		struct buf deeper;

		buf_init(&deeper, BUF_MAX_ANY);
		buf_add(&deeper, buf_str(indent));
		buf_add(b, buf_str(indent));
		buf_adds(b, last ? "└── " : "├── ");
		put_node(b, c, r->routes[i], r);
		buf_adds(&deeper, last ? "    " : "│   ");
		put_children(b, c, r->routes[i], &deeper);
		buf_done(&deeper);
	}
}

void route_tree_put(struct buf *b, const struct notify_config *c)
{
	struct buf indent;

	if (!c->root)
		return;
	buf_init(&indent, BUF_MAX_ANY);
	buf_adds(&indent, "  ");
	buf_adds(b, "  ");
	put_node(b, c, c->root, NULL);
	put_children(b, c, c->root, &indent);
	buf_done(&indent);
}
