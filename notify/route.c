/* The walk of the routing tree. */
#include "notify/route.h"

#include "notify/interval.h"
#include "promql/matcher.h"
#include "promql/print.h"

static bool matches(const struct route *r, struct labels ls)
{
	for (size_t i = 0; i < r->n_matchers; i++) {
		bool ok = true;

		if (matcher_test(&r->matchers[i], labels_get(ls, r->matchers[i].name), &ok, NULL) &&
		    !ok)
			return false;
	}
	return true;
}

static bool walk(const struct route *r, struct labels ls,
		 void (*fn)(void *arg, const struct route *r), void *arg)
{
	bool found = false;

	if (!matches(r, ls))
		return false;
	for (size_t i = 0; i < r->n_routes; i++) {
		bool hit = walk(r->routes[i], ls, fn, arg);

		found |= hit;
		if (hit && !r->routes[i]->goes_on)
			break;
	}
	if (!found)
		fn(arg, r);
	return true;
}

void route_match(const struct route *root, struct labels ls,
		 void (*fn)(void *arg, const struct route *r), void *arg)
{
	if (root)
		walk(root, ls, fn, arg);
}

struct labels route_group_labels(const struct route *r, struct labels ls, struct arena *a)
{
	struct labels_builder lb;

	if (r->group_by_all)
		return labels_dup(a, ls);
	labels_builder_init(&lb);
	for (size_t i = 0; i < r->n_group_by; i++)
		labels_builder_set(&lb, r->group_by[i], labels_get(ls, r->group_by[i]));

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

void route_put_labels(struct buf *b, struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	const char *sep = "";

	buf_addc(b, '{');
	while (labels_next(ls, &it, &l)) {
		buf_adds(b, sep);
		buf_add(b, l.name); /* as it is, also when it is no classic name */
		buf_addc(b, '=');
		promql_put_quoted(b, l.value);
		sep = ", ";
	}
	buf_addc(b, '}');
}

/* ---- time intervals ---------------------------------------------------------------------- */
static bool any_holds(const struct time_interval *const *v, size_t n, ms_t wall)
{
	for (size_t i = 0; i < n; i++) {
		if (time_interval_contains(v[i], wall))
			return true;
	}
	return false;
}

bool route_rests(const struct route *r, ms_t wall)
{
	return r->n_active && !any_holds(r->active, r->n_active, wall);
}

bool route_muted(const struct route *r, ms_t wall)
{
	return route_rests(r, wall) || any_holds(r->mute, r->n_mute, wall);
}

void route_muted_by(const struct route *r, ms_t wall, void (*fn)(void *arg, struct str name),
		    void *arg)
{
	if (route_rests(r, wall)) {
		for (size_t i = 0; i < r->n_active; i++)
			fn(arg, r->active[i]->name);
	}
	for (size_t i = 0; i < r->n_mute; i++) {
		if (time_interval_contains(r->mute[i], wall))
			fn(arg, r->mute[i]->name);
	}
}
