/*
 * The tree of routes as it is written, and what children inherit: receiver, group_by, the three
 * intervals and labels, nothing else (reference: alertmanager.md §1.4).
 *
 * Recursion follows the nesting of the file, which base/yaml bounds.
 */
#include <stdlib.h>

#include "base/fields_out.h"
#include "notify/config_inner.h"
#include "notify/flap.h"
#include "notify/matcher.h"
#include "promql/print.h"

#define ROUTES_MAX 10000
#define ROUTE_KEY_MAX 65536

/* One node of the tree as written. */
struct route_draft {
	struct str receiver, fallback;
	const struct yaml_node *group_by, *match, *match_re, *matchers, *routes, *labels;
	const struct yaml_node *mute_time_intervals, *active_time_intervals, *flapping;
	bool goes_on;
	ms_t group_wait, group_interval, repeat_interval;
	bool resolve_while_muted, has_resolve_while_muted;
	bool has_group_wait, has_group_interval, has_repeat_interval;
};

struct flapping_draft {
	int64_t times;
	ms_t within;
};

static const struct field FLAPPING_FIELDS[] = {
	FIELD(INT, struct flapping_draft, times),
	FIELD(DURATION, struct flapping_draft, within),
};

static void put_routes(struct yaml_out *o, const struct field *fd, const void *from);

static const struct field ROUTE_FIELDS[] = {
	FIELD(TEXT, struct route_draft, receiver),
	FIELD(LIST, struct route_draft, group_by),
	FIELD(MAP, struct route_draft, match),
	FIELD(MAP, struct route_draft, match_re),
	FIELD(LIST, struct route_draft, matchers, .put = config_put_matchers),
	FIELD(LIST, struct route_draft, mute_time_intervals),
	FIELD(LIST, struct route_draft, active_time_intervals),
	FIELD_AS(BOOL, "continue", struct route_draft, goes_on, .always = true),
	FIELD(LIST, struct route_draft, routes, .put = put_routes),
	FIELD_GIVEN(DURATION, struct route_draft, group_wait),
	FIELD_GIVEN(DURATION, struct route_draft, group_interval),
	FIELD_GIVEN(DURATION, struct route_draft, repeat_interval),
	FIELD(MAP, struct route_draft, labels),
	/* rouse's own */
	FIELD(TEXT, struct route_draft, fallback),
	FIELD_GIVEN(BOOL, struct route_draft, resolve_while_muted),
	FIELD(MAP, struct route_draft, flapping, FIELD_SUB(FLAPPING_FIELDS)),
};

void config_put_route(struct yaml_out *o, const struct yaml_node *node)
{
	yaml_out_map(o);
	fields_put_map(o, ROUTE_FIELDS, ARRAY_LEN(ROUTE_FIELDS), node);
	yaml_out_map_end(o);
}

static void put_routes(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct yaml_node *list = from;

	if (!list->n)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_list(o);
	for (size_t i = 0; i < list->n; i++)
		config_put_route(o, list->items[i]);
	yaml_out_list_end(o);
}

/* ---- matchers ------------------------------------------------------------------------- */

/* Collects a route's matchers from its three keys. */
struct matcher_set {
	const struct config_reader *reader;
	struct matcher *v;
	size_t n, cap;
	bool ok;
};

static void set_add(struct matcher_set *s, const struct matcher *v, size_t n)
{
	if (s->n + n > s->cap) {
		size_t cap = MAX(2 * s->cap, s->n + n);
		struct matcher *grown = ARENA_ARRAY(s->reader->fields.arena, struct matcher, cap);

		if (s->n > 0)
			memcpy(grown, s->v, s->n * sizeof(*grown));
		s->v = grown;
		s->cap = cap;
	}
	for (size_t i = 0; i < n; i++)
		s->v[s->n++] = v[i];
}

/* `match` and `match_re`: a map from label to value. Names are classic ones there. */
static void set_add_map(struct matcher_set *s, const struct yaml_node *map, enum match_op op)
{
	const struct fields *f = &s->reader->fields;

	for (size_t i = 0; map && i < map->n; i++) {
		const struct yaml_pair *p = &map->pairs[i];
		struct str name = arena_str(f->arena, p->key->value), value;
		struct matcher m;
		struct err err = {0};

		if (!label_name_legacy(name)) {
			s->ok = fields_error(f, p->key, "invalid label name \"%.*s\"",
					     STR_ARG(name));
			continue;
		}
		if (op == MATCH_RE && p->value->kind == YAML_NULL) {
			s->ok = fields_error(f, p->key, "invalid regexp value for \"%.*s\"",
					     STR_ARG(name));
			continue;
		}
		if (!fields_text(f, p->value, "match", &value)) {
			s->ok = false;
			continue;
		}
		/* Upstream anchors these when it reads them and shows them so in keys. */
		if (op == MATCH_RE)
			value = arena_printf(f->arena, "^(?:%.*s)$", STR_ARG(value));
		if (am_matcher_init(&m, op, name, value, f->arena, &err))
			set_add(s, &m, 1);
		else
			s->ok = fields_error(f, p->value, "%s", err.msg);
	}
}

static void set_add_list(struct matcher_set *s, const struct yaml_node *list)
{
	const struct fields *f = &s->reader->fields;

	for (size_t i = 0; list && i < list->n; i++) {
		struct err err = {0};
		struct matcher *v;
		struct str text;
		size_t n;

		if (!fields_text(f, list->items[i], "matchers", &text))
			s->ok = false;
		else if (!am_matchers_parse(s->reader->config->matcher_mode, text, f->arena, &v, &n,
					    &err))
			s->ok = fields_error(f, list->items[i], "%s", err.msg);
		else
			set_add(s, v, n);
	}
}

bool config_read_matchers(const struct config_reader *r, const struct config_matchers *m,
			  const struct matcher **out, size_t *n)
{
	struct matcher_set s = {.reader = r, .ok = true};

	set_add_map(&s, m->match, MATCH_EQ);
	set_add_map(&s, m->match_re, MATCH_RE);
	set_add_list(&s, m->matchers);
	am_matchers_sort(s.v, s.n);
	*out = s.v;
	*n = s.n;
	return s.ok;
}

/* One of the list; upstream prints what the text means, whatever mode it was read in. */
static void put_matchers_of(struct yaml_out *o, struct str text)
{
	struct matcher *v;
	struct arena a;
	struct err err;
	size_t n = 0;

	arena_init(&a);
	if (!am_matchers_parse(MATCHERS_FALLBACK, text, &a, &v, &n, &err))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		am_matcher_put(&b, &v[i]);
		yaml_out_text(o, buf_str(&b));
		buf_done(&b);
	}
	arena_done(&a);
}

void config_put_matchers(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct yaml_node *list = from;

	if (!list->n)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_list(o);
	for (size_t i = 0; i < list->n; i++)
		put_matchers_of(o, list->items[i]->value);
	yaml_out_list_end(o);
}

/* ---- group_by ------------------------------------------------------------------------- */

static int str_order(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return str_cmp(*x, *y);
}

static bool check_group_by(const struct config_reader *r, const struct yaml_node *list,
			   const struct field_texts *t, bool all)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	if (all && t->n > 1)
		ok = fields_error(f, list,
				  "cannot have wildcard group_by (`...`) and other labels at the "
				  "same time");
	for (size_t i = 0; i < t->n; i++) {
		if (!(all && t->n == 1) && !am_label_name_valid(r->config->matcher_mode, t->v[i]))
			ok = fields_error(f, list, "invalid label name \"%.*s\" in group_by list",
					  STR_ARG(t->v[i]));
		if (i > 0 && str_eq(t->v[i], t->v[i - 1]))
			ok = fields_error(f, list, "duplicated label \"%.*s\" in group_by",
					  STR_ARG(t->v[i]));
	}
	return ok;
}

static bool read_group_by(const struct config_reader *r, const struct yaml_node *list,
			  struct route *out)
{
	struct field_texts t;
	bool all = false;

	if (!list)
		return true;
	if (!fields_texts(&r->fields, list, "group_by", &t))
		return false;
	if (t.n > 1)
		qsort(t.v, t.n, sizeof(*t.v), str_order);
	for (size_t i = 0; i < t.n; i++)
		all |= str_is(t.v[i], "...");
	out->group_by = all ? NULL : t.v;
	out->n_group_by = all ? 0 : t.n;
	out->group_by_all = all;
	return check_group_by(r, list, &t, all);
}

/* ---- nodes ---------------------------------------------------------------------------- */

static bool read_intervals(const struct config_reader *r, const struct yaml_node *node,
			   const struct route_draft *d, struct route *out)
{
	bool ok = true;

	if (d->has_group_interval && d->group_interval == 0)
		ok = fields_error(&r->fields, node, "group_interval cannot be zero");
	if (d->has_repeat_interval && d->repeat_interval == 0)
		ok = fields_error(&r->fields, node, "repeat_interval cannot be zero");
	if (d->has_group_wait)
		out->group_wait = d->group_wait;
	if (d->has_group_interval)
		out->group_interval = d->group_interval;
	if (d->has_repeat_interval)
		out->repeat_interval = d->repeat_interval;
	return ok;
}

/* Names of time intervals, looked up. */
static bool read_time_intervals(const struct config_reader *r, const char *key,
				const struct yaml_node *list, const struct time_interval ***out,
				size_t *n)
{
	bool ok = true;

	*out = NULL;
	*n = 0;
	if (!list)
		return true;
	*out = ARENA_ARRAY(r->fields.arena, const struct time_interval *, list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		const struct time_interval *t;
		struct str name;

		if (!fields_text(&r->fields, list->items[i], key, &name)) {
			ok = false;
			continue;
		}
		t = notify_config_interval(r->config, name);
		if (t)
			(*out)[(*n)++] = t;
		else
			ok = fields_error(&r->fields, list->items[i],
					  "undefined time interval \"%.*s\" used in route",
					  STR_ARG(name));
	}
	return ok;
}

/* Labels of the route over those it inherits. They are templates; what is wrong in one shows where
 * it is used, as upstream: the text stands there as it is written. */
static bool read_labels(const struct config_reader *r, const struct yaml_node *map,
			struct route *out)
{
	struct labels_builder lb;
	bool ok = true;

	if (!map || !map->n)
		return true;
	labels_builder_init(&lb);
	labels_builder_from(&lb, out->labels);
	for (size_t i = 0; i < map->n; i++) {
		struct str value;

		struct str name = map->pairs[i].key->value;

		if (!am_label_name_valid(r->config->matcher_mode, name))
			ok = fields_error(&r->fields, map->pairs[i].key,
					  "invalid label name \"%.*s\" in labels", STR_ARG(name));
		else if (fields_text(&r->fields, map->pairs[i].value, "labels", &value))
			labels_builder_set(&lb, name, value);
		else
			ok = false;
	}
	out->labels = labels_builder_build(&lb, r->fields.arena);
	labels_builder_done(&lb);
	return ok;
}

static bool read_node(struct config_reader *r, const struct yaml_node *node,
		      const struct route *parent, size_t index, struct route **out);

static bool read_children(struct config_reader *r, const struct yaml_node *list, struct route *out)
{
	bool ok = true;

	if (!list)
		return true;
	out->routes = ARENA_ARRAY(r->fields.arena, struct route *, list->n);
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i]->kind == YAML_MAP)
			ok &= read_node(r, list->items[i], out, i, &out->routes[out->n_routes++]);
		else
			ok = fields_error(&r->fields, list->items[i],
					  "route must be a map, found %s",
					  yaml_kind_name(list->items[i]));
	}
	return ok;
}

static bool check_receiver(const struct config_reader *r, const struct yaml_node *node,
			   const char *key, struct str name)
{
	if (name.n == 0 || notify_config_receiver(r->config, name))
		return true;
	return fields_error(&r->fields, yaml_get(node, key),
			    "undefined receiver \"%.*s\" used in route", STR_ARG(name));
}

static bool read_flapping(const struct config_reader *r, const struct yaml_node *node,
			  struct route *out)
{
	struct flapping_draft d = {.times = 5, .within = 30 * MINUTE};

	if (!node)
		return true;
	if (!FIELDS_READ(&r->fields, node, "flapping", FLAPPING_FIELDS, &d))
		return false;
	if (d.times < 0 || d.times == 1 || d.times > FLAP_TIMES_MAX)
		return fields_error(&r->fields, node,
				    "flapping.times must be from 2 to %d (or 0: off), found %lld",
				    FLAP_TIMES_MAX, (long long)d.times);
	if (d.within < MINUTE || d.within > DAY)
		return fields_error(&r->fields, node, "flapping.within must be from 1m to 1d");
	out->flap_times = (unsigned)d.times;
	out->flap_within = d.within;
	r->config->flapping |= d.times > 0;
	return true;
}

static void read_receivers(const struct route_draft *d, bool is_root, struct route *out)
{
	if (d->receiver.n)
		out->receiver = d->receiver;
	if (d->fallback.n) {
		out->fallback = d->fallback;
		out->fallback_late = true;
	} else if (is_root) {
		out->fallback = out->receiver;
	}
}

/* Keys grow with the depth, and every route has one: many long ones must not eat the memory. */
static bool check_limits(const struct config_reader *r, const struct yaml_node *node, size_t routes,
			 const struct route *out)
{
	if (routes == ROUTES_MAX + 1)
		return fields_error(&r->fields, node, "more than %d routes", ROUTES_MAX);
	if (out->id.n > ROUTE_KEY_MAX)
		return fields_error(&r->fields, node,
				    "the matchers of this route and those above it are longer than "
				    "%d bytes",
				    ROUTE_KEY_MAX);
	return routes <= ROUTES_MAX;
}

/* {}/{a="b"} for the key, {}/{a="b"}/0 for the id; the root is {} in both. */
static void name_route(const struct config_reader *r, const struct route *parent, size_t index,
		       struct route *out)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	am_matchers_put(&b, out->matchers, out->n_matchers);
	if (parent) {
		struct str own = buf_str(&b);

		out->key = arena_printf(r->fields.arena, "%.*s/%.*s", STR_ARG(parent->key),
					STR_ARG(own));
		out->id = arena_printf(r->fields.arena, "%.*s/%.*s/%zu", STR_ARG(parent->id),
				       STR_ARG(own), index);
	} else {
		out->key = out->id = arena_str(r->fields.arena, buf_str(&b));
	}
	buf_done(&b);
}

static bool check_root(const struct config_reader *r, const struct yaml_node *node,
		       const struct route_draft *d, const struct route *root)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	if (root->receiver.n == 0)
		ok = fields_error(f, node, "root route must specify a default receiver");
	if (root->n_matchers > 0)
		ok = fields_error(f, node, "root route must not have any matchers");
	if (d->mute_time_intervals && d->mute_time_intervals->n > 0)
		ok = fields_error(f, node, "root route must not have any mute time intervals");
	if (d->active_time_intervals && d->active_time_intervals->n > 0)
		ok = fields_error(f, node, "root route must not have any active time intervals");
	if (d->goes_on)
		ok = fields_error(f, node, "cannot have continue in root route");
	return ok;
}

static bool read_node(struct config_reader *r, const struct yaml_node *node,
		      const struct route *parent, size_t index, struct route **out)
{
	struct route_draft d = {0};
	struct route *rt = ARENA_NEW(r->fields.arena, struct route);
	bool ok = FIELDS_READ(&r->fields, node, "route", ROUTE_FIELDS, &d);
	struct config_matchers matchers = {d.match, d.match_re, d.matchers};

	if (parent)
		*rt = *parent;
	else
		*rt = (struct route){.group_wait = 30 * SECOND,
				     .group_interval = 5 * MINUTE,
				     .repeat_interval = 4 * HOUR};
	rt->routes = NULL;
	rt->n_routes = 0;
	rt->goes_on = d.goes_on;
	rt->line = node->line;
	read_receivers(&d, !parent, rt);
	ok &= config_read_matchers(r, &matchers, &rt->matchers, &rt->n_matchers);
	ok &= read_group_by(r, d.group_by, rt);
	ok &= read_intervals(r, node, &d, rt);
	ok &= read_time_intervals(r, "mute_time_intervals", d.mute_time_intervals, &rt->mute,
				  &rt->n_mute);
	ok &= read_time_intervals(r, "active_time_intervals", d.active_time_intervals, &rt->active,
				  &rt->n_active);
	ok &= read_labels(r, d.labels, rt);
	ok &= read_flapping(r, d.flapping, rt);
	if (d.has_resolve_while_muted)
		rt->resolve_while_muted = d.resolve_while_muted;
	if (!parent)
		ok &= check_root(r, node, &d, rt);
	ok &= check_receiver(r, node, "receiver", d.receiver);
	ok &= check_receiver(r, node, "fallback", d.fallback);
	name_route(r, parent, index, rt);
	*out = rt;
	if (!check_limits(r, node, ++r->n_routes, rt))
		return false;
	return read_children(r, d.routes, rt) && ok;
}

bool config_read_routes(struct config_reader *r, const struct yaml_node *node, struct route **root)
{
	return read_node(r, node, NULL, 0, root);
}
