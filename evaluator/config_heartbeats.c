/* `heartbeats:` of rouse.yml: whom rouse expects to hear from, and whom it tells that it lives. */
#include "base/yaml.h"
#include "evaluator/config_inner.h"

#define IN_MAX 10000
#define OUT_MAX 10
#define EVERY_MIN (10 * SECOND)
#define EVERY_DEFAULT MINUTE
#define TIMEOUT (10 * SECOND)

struct in_draft {
	ms_t every, grace;
	bool has_every;
	const struct yaml_node *labels, *annotations;
};

static const struct field IN_FIELDS[] = {
	FIELD_GIVEN(DURATION, struct in_draft, every),
	FIELD(DURATION, struct in_draft, grace),
	FIELD(MAP, struct in_draft, labels),
	FIELD(MAP, struct in_draft, annotations),
};

static bool add_texts(const struct fields *f, const struct yaml_node *map, const char *what,
		      struct labels_builder *lb)
{
	bool ok = true;

	for (size_t i = 0; map && i < map->n; i++) {
		struct str value;

		if (!fields_text(f, map->pairs[i].value, what, &value))
			ok = false;
		else
			labels_builder_set(lb, map->pairs[i].key->value, value);
	}
	return ok;
}

static bool read_labels(const struct fields *f, const struct in_draft *d, struct heartbeat_in *out)
{
	struct labels_builder lb;
	bool ok;

	labels_builder_init(&lb);
	labels_builder_set(&lb, STR(LABEL_ALERTNAME), STR("HeartbeatMissed"));
	labels_builder_set(&lb, STR("severity"), STR("page"));
	ok = add_texts(f, d->labels, "labels", &lb);
	labels_builder_set(&lb, STR("heartbeat"), out->name);
	out->labels = labels_builder_build(&lb, f->arena);
	labels_builder_done(&lb);
	labels_builder_init(&lb);
	ok &= add_texts(f, d->annotations, "annotations", &lb);
	out->annotations = labels_builder_build(&lb, f->arena);
	labels_builder_done(&lb);
	return ok;
}

static bool read_in(const struct fields *f, const struct yaml_pair *p, struct heartbeat_in *out)
{
	struct in_draft d = {0};
	bool ok = FIELDS_READ(f, p->value, "a heartbeat", IN_FIELDS, &d);

	if (!str_is_name(p->key->value))
		ok = fields_error(f, p->key,
				  "\"%.*s\" is no name for a heartbeat: letters, digits, _ . -",
				  (int)MIN(p->key->value.n, STR_NAME_MAX), p->key->value.p);
	if (!d.has_every || d.every < EVERY_MIN)
		ok = fields_error(f,
				  p->value->kind == YAML_MAP && d.has_every
					  ? yaml_get(p->value, "every")
					  : p->key,
				  "a heartbeat needs every: how often it is expected, from 10s on");
	out->name = arena_str(f->arena, p->key->value);
	out->every = d.every;
	out->grace = d.grace;
	return read_labels(f, &d, out) && ok;
}

static bool read_out(const struct config_load *l, const struct yaml_node *n,
		     struct heartbeat_out *out)
{
	const struct yaml_node *every = n->kind == YAML_MAP ? yaml_get(n, "every") : NULL;
	bool ok = true;

	out->every = EVERY_DEFAULT;
	if (every)
		ok = fields_duration(&l->fields, every, "every", &out->every);
	if (ok && out->every < EVERY_MIN)
		ok = fields_error(&l->fields, every, "every: from 10s on");
	return config_read_endpoint(l, n, "heartbeats.out", TIMEOUT, &out->to) && ok;
}

struct heartbeats_draft {
	const struct yaml_node *in, *out;
};

static const struct field HEARTBEATS_FIELDS[] = {
	FIELD(MAP, struct heartbeats_draft, in),
	FIELD(LIST, struct heartbeats_draft, out),
};

bool config_read_heartbeats(const struct config_load *l, const struct yaml_node *node)
{
	struct config *c = l->config;
	const struct fields *f = &l->fields;
	struct heartbeats_draft d = {0};
	bool ok;

	if (!node || node->kind == YAML_NULL)
		return true;
	ok = FIELDS_READ(f, node, "heartbeats", HEARTBEATS_FIELDS, &d);
	if ((d.in && d.in->n > IN_MAX) || (d.out && d.out->n > OUT_MAX))
		return fields_error(f, node, "at most %d heartbeats in, %d out", IN_MAX, OUT_MAX);
	c->heartbeats_in = ARENA_ARRAY(f->arena, struct heartbeat_in, (d.in ? d.in->n : 0) + 1);
	c->heartbeats_out = ARENA_ARRAY(f->arena, struct heartbeat_out, (d.out ? d.out->n : 0) + 1);
	for (size_t i = 0; d.in && i < d.in->n; i++)
		ok &= read_in(f, &d.in->pairs[i], &c->heartbeats_in[c->n_heartbeats_in++]);
	for (size_t i = 0; d.out && i < d.out->n; i++)
		ok &= read_out(l, d.out->items[i], &c->heartbeats_out[c->n_heartbeats_out++]);
	return ok;
}
