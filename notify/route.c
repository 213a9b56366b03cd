/* The walk of the routing tree. */
#include "notify/route.h"

#include "promql/matcher.h"

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
	labels_put(b, ls, false);
}
