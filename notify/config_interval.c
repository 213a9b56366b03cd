/* time_intervals and mute_time_intervals as they are written: one set of names. */
#include "notify/config_inner.h"
#include "notify/interval.h"

#define INTERVALS_MAX 10000

struct interval_draft {
	struct str name;
	const struct yaml_node *time_intervals;
};

static const struct field INTERVAL_FIELDS[] = {
	FIELD(TEXT, struct interval_draft, name),
	FIELD(LIST, struct interval_draft, time_intervals),
};

static bool read_interval(const struct config_reader *r, const char *key,
			  const struct yaml_node *node, struct time_interval *out)
{
	const struct fields *f = &r->fields;
	struct interval_draft d = {0};
	bool ok = FIELDS_READ(f, node, key, INTERVAL_FIELDS, &d);
	size_t n = d.time_intervals ? d.time_intervals->n : 0;

	if (!d.name.n)
		ok = fields_error(f, node, "missing name in %s", key);
	else if (notify_config_interval(r->config, d.name))
		ok = fields_error(f, yaml_get(node, "name"), "time interval \"%.*s\" is not unique",
				  STR_ARG(d.name));
	out->name = d.name;
	out->of_mute_key = strcmp(key, "mute_time_intervals") == 0;
	out->periods = ARENA_ARRAY(f->arena, struct period, n + 1);
	for (size_t i = 0; i < n; i++)
		ok &= period_read(f, d.time_intervals->items[i], &out->periods[out->n++]);
	return ok;
}

bool config_read_time_intervals(const struct config_reader *r, const char *key,
				const struct yaml_node *list)
{
	struct notify_config *c = r->config;
	size_t n = list ? list->n : 0;
	struct time_interval *v;
	bool ok = true;

	if (!n)
		return true;
	if (c->n_time_intervals + n > INTERVALS_MAX)
		return fields_error(&r->fields, list, "more than %d time intervals", INTERVALS_MAX);
	v = ARENA_ARRAY(r->fields.arena, struct time_interval, c->n_time_intervals + n);
	for (size_t i = 0; i < c->n_time_intervals; i++)
		v[i] = c->time_intervals[i];
	c->time_intervals = v;
	for (size_t i = 0; i < n; i++) {
		/* Counted when it is complete: the search for its own name must not find it. */
		ok &= read_interval(r, key, list->items[i], &v[c->n_time_intervals]);
		c->n_time_intervals++;
	}
	return ok;
}
