/* The effective configuration as Alertmanager prints it; see config.h. */
#include "base/fields_out.h"
#include "notify/config_inner.h"
#include "notify/interval.h"
#include "notify/receiver.h"

static const struct yaml_node *written(const struct notify_config *c, const char *key)
{
	const struct yaml_node *n = c->written->kind == YAML_MAP ? yaml_get(c->written, key) : NULL;

	return n && n->kind != YAML_NULL ? n : NULL;
}

/* ---- receivers --------------------------------------------------------------------------- */

static bool has_key(const struct receiver_kind *kind, const char *key)
{
	for (size_t i = 0; i < kind->n_fields; i++) {
		if (strcmp(kind->fields[i].name, key) == 0)
			return true;
	}
	return false;
}

static void put_integration(struct yaml_out *o, const struct integration *i)
{
	if (i->nothing) {
		yaml_out_plain(o, STR("null"));
		return;
	}
	yaml_out_map(o);
	yaml_out_key(o, "send_resolved");
	yaml_out_bool(o, i->send_resolved);
	if (!i->kind->no_http) {
		yaml_out_key(o, "http_config");
		http_config_put(o, i->http_written ? i->http_written : i->http);
	}
	fields_put(o, i->kind->fields, i->kind->n_fields, i->config);
	if (i->update_message && !has_key(i->kind, "update_message")) {
		yaml_out_key(o, "update_message");
		yaml_out_bool(o, true);
	}
	yaml_out_map_end(o);
}

static void put_kind(struct yaml_out *o, const struct receiver *r, const struct receiver_kind *kind)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		if (r->integrations[i].kind != kind)
			continue;
		if (!any) {
			yaml_out_key(o, kind->config_key);
			yaml_out_list(o);
		}
		any = true;
		put_integration(o, &r->integrations[i]);
	}
	if (any)
		yaml_out_list_end(o);
}

static void put_labels(struct yaml_out *o, struct labels labels)
{
	struct labels_iter it = {0};
	struct label l;

	yaml_out_map(o);
	while (labels_next(labels, &it, &l)) {
		yaml_out_text(o, l.name);
		yaml_out_text(o, l.value);
	}
	yaml_out_map_end(o);
}

static void put_receivers(struct yaml_out *o, const struct notify_config *c)
{
	yaml_out_list(o);
	for (size_t i = 0; i < c->n_receivers; i++) {
		const struct receiver *r = &c->receivers[i];

		yaml_out_map(o);
		yaml_out_key(o, "name");
		yaml_out_text(o, r->name);
		yaml_out_key(o, "labels");
		put_labels(o, r->labels);
		for (size_t k = 0; receiver_kinds[k]; k++)
			put_kind(o, r, receiver_kinds[k]);
		yaml_out_map_end(o);
	}
	yaml_out_list_end(o);
}

/* ---- lists of sections ------------------------------------------------------------------- */

static void put_inhibit_rules(struct yaml_out *o, const struct yaml_node *list)
{
	if (!list || !list->n)
		return;
	yaml_out_key(o, "inhibit_rules");
	yaml_out_list(o);
	for (size_t i = 0; i < list->n; i++)
		config_put_inhibit_rule(o, list->items[i]);
	yaml_out_list_end(o);
}

static void put_templates(struct yaml_out *o, const struct yaml_node *list)
{
	yaml_out_key(o, "templates");
	yaml_out_list(o);
	for (size_t i = 0; list && i < list->n; i++)
		yaml_out_text(o, list->items[i]->value);
	yaml_out_list_end(o);
}

static void put_intervals(struct yaml_out *o, const struct notify_config *c, bool of_mute_key)
{
	bool any = false;

	for (size_t i = 0; i < c->n_time_intervals; i++) {
		const struct time_interval *t = &c->time_intervals[i];

		if (t->of_mute_key != of_mute_key)
			continue;
		if (!any) {
			yaml_out_key(o, of_mute_key ? "mute_time_intervals" : "time_intervals");
			yaml_out_list(o);
		}
		any = true;
		yaml_out_map(o);
		yaml_out_key(o, "name");
		yaml_out_text(o, t->name);
		yaml_out_key(o, "time_intervals");
		yaml_out_list(o);
		for (size_t j = 0; j < t->n; j++)
			period_put(o, &t->periods[j]);
		yaml_out_list_end(o);
		yaml_out_map_end(o);
	}
	if (any)
		yaml_out_list_end(o);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void put_section(struct yaml_out *o, const struct notify_config *c, const char *key,
			void (*put)(struct yaml_out *o, const struct yaml_node *node))
{
	const struct yaml_node *node = written(c, key);

	if (!node)
		return;
	yaml_out_key(o, key);
	put(o, node);
}

void notify_config_print(const struct notify_config *c, struct buf *out)
{
	OWNED(yaml_out) o = yaml_out_new(out);

	yaml_out_map(o);
	yaml_out_key(o, "global");
	config_put_global(o, &c->global);
	put_section(o, c, "route", config_put_route);
	put_inhibit_rules(o, written(c, "inhibit_rules"));
	yaml_out_key(o, "receivers");
	put_receivers(o, c);
	put_templates(o, written(c, "templates"));
	put_intervals(o, c, true);
	put_intervals(o, c, false);
	put_section(o, c, "tracing", config_put_tracing);
	put_section(o, c, "event_recorder", config_put_event_recorder);
	yaml_out_map_end(o);
	if (!yaml_out_end(o))
		buf_clear(out);
}

/* ---- as written -------------------------------------------------------------------------- */

/* Whether the section that line (from 1) stands in belongs to Alertmanager; what comes before the
 * first key does. */
static bool is_upstreams(const struct yaml_node *top, int line)
{
	const struct yaml_node *key = NULL;

	for (size_t i = 0; top->kind == YAML_MAP && i < top->n; i++) {
		const struct yaml_node *k = top->pairs[i].key;

		if (k->line <= line && (!key || k->line > key->line))
			key = k;
	}
	return !key || config_has_top_key(key->value);
}

void notify_config_original(const struct notify_config *c, struct str text, struct buf *out)
{
	for (int line = 1; text.n; line++) {
		ptrdiff_t end = str_find_char(text, '\n');
		size_t n = end < 0 ? text.n : (size_t)end + 1;

		if (is_upstreams(c->written, line))
			buf_add(out, str_cut(text, 0, n));
		text = str_from(text, n);
	}
}
