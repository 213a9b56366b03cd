/* What a template sees of a message, with upstream's Go types and methods. */
#include "notify/data.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/num.h"
#include "base/regex.h"
#include "base/time.h"
#include "notify/func.h"
#include "rules/func.h"

#define METHOD(name) \
	static enum template_outcome name(struct template_call *c, const struct value *args, \
					  size_t n, struct value *out)
#define UNUSED_CALL ((void)c, (void)args, (void)n)

static const struct value_type TYPE_PAIR, TYPE_PAIRS, TYPE_NAMES;

static enum template_outcome give(struct value *out, struct value v)
{
	*out = v;
	return TEMPLATE_OK;
}

/* ---- template.KV ------------------------------------------------------------------------- */
static struct value kv_value(const struct labels *ls)
{
	return ls->p ? rule_labels_value_as(&TYPE_KV, ls) : value_map(&TYPE_KV, NULL, NULL);
}

/* The pairs of any string map, alertname first. */
struct pair {
	struct str name, value;
};

struct pair_list {
	struct pair *v;
	size_t n;
};

static struct pair_list sorted_pairs(struct value map, struct arena *a)
{
	struct pair_list p = {.v = ARENA_ARRAY(a, struct pair, value_map_len(map) + 1)};
	struct str key;
	struct value v;
	size_t at = 0, k = 0;

	if (value_map_get(map, STR(LABEL_ALERTNAME), a, &v))
		p.v[p.n++] = (struct pair){.name = STR(LABEL_ALERTNAME), .value = v.s};
	k = p.n;
	while (value_map_next(map, &at, a, &key, &v)) {
		if (!k || !str_is(key, LABEL_ALERTNAME))
			p.v[p.n++] = (struct pair){.name = key, .value = v.s};
	}
	return p;
}

static struct value pairs_value(struct pair_list p, struct arena *a)
{
	struct value *v = ARENA_ARRAY(a, struct value, p.n + 1);

	for (size_t i = 0; i < p.n; i++)
		v[i] = value_object(&TYPE_PAIR, &p.v[i]);
	return value_list(&TYPE_PAIRS, v, p.n);
}

static struct value names_value(struct pair_list p, bool values, struct arena *a)
{
	struct value *v = ARENA_ARRAY(a, struct value, p.n + 1);

	for (size_t i = 0; i < p.n; i++)
		v[i] = value_str(values ? p.v[i].value : p.v[i].name);
	return value_list(&TYPE_NAMES, v, p.n);
}

static struct str pairs_text(struct pair_list p, struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < p.n; i++) {
		if (i)
			buf_adds(&b, ", ");
		buf_add(&b, p.v[i].name);
		buf_addc(&b, '=');
		buf_add(&b, p.v[i].value);
	}
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

METHOD(kv_sorted_pairs)
{
	UNUSED_CALL;
	return give(out, pairs_value(sorted_pairs(args[0], c->arena), c->arena));
}

METHOD(kv_names)
{
	UNUSED_CALL;
	return give(out, names_value(sorted_pairs(args[0], c->arena), false, c->arena));
}

METHOD(kv_values)
{
	UNUSED_CALL;
	return give(out, names_value(sorted_pairs(args[0], c->arena), true, c->arena));
}

METHOD(kv_string)
{
	UNUSED_CALL;
	return give(out, value_str(pairs_text(sorted_pairs(args[0], c->arena), c->arena)));
}

METHOD(kv_remove)
{
	struct labels_builder lb;
	struct labels *ls = ARENA_NEW(c->arena, struct labels);
	struct str key;
	struct value v;
	size_t at = 0;

	(void)n;
	labels_builder_init(&lb);
	lb.keep_empty = true;
	while (value_map_next(args[0], &at, c->arena, &key, &v))
		labels_builder_set(&lb, key, v.s);
	for (size_t i = 0; i < args[1].list.n; i++)
		labels_builder_del(&lb, args[1].list.v[i].s);
	*ls = labels_builder_build(&lb, c->arena);
	labels_builder_done(&lb);
	return give(out, kv_value(ls));
}

static struct str kv_text(struct value v, struct arena *a)
{
	return pairs_text(sorted_pairs(v, a), a);
}

static const struct template_func KV_METHODS[] = {
	{.name = "SortedPairs", .call = kv_sorted_pairs},
	{.name = "Names", .call = kv_names},
	{.name = "Values", .call = kv_values},
	{.name = "String", .call = kv_string},
	{.name = "Remove", .call = kv_remove, .params = {&TYPE_STRINGS}, .n_params = 1},
	{0},
};

const struct value_type TYPE_KV = {.name = "template.KV",
				   .kind = VALUE_MAP,
				   .elem = &TYPE_STRING,
				   .methods = KV_METHODS,
				   .string = kv_text};

/* ---- template.Pair, Pairs, Strings ------------------------------------------------------- */
static struct value pair_name(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct pair *)data)->name);
}

static struct value pair_value(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct pair *)data)->value);
}

static const struct value_field PAIR_FIELDS[] = {{"Name", pair_name}, {"Value", pair_value}, {0}};

static const struct value_type TYPE_PAIR = {.name = "template.Pair",
					    .kind = VALUE_OBJECT,
					    .fields = PAIR_FIELDS};

static struct pair_list pairs_of(struct value list, struct arena *a)
{
	struct pair_list p = {.v = ARENA_ARRAY(a, struct pair, list.list.n + 1)};

	for (size_t i = 0; i < list.list.n; i++)
		p.v[p.n++] = *(const struct pair *)list.list.v[i].object;
	return p;
}

METHOD(pairs_names)
{
	UNUSED_CALL;
	return give(out, names_value(pairs_of(args[0], c->arena), false, c->arena));
}

METHOD(pairs_values)
{
	UNUSED_CALL;
	return give(out, names_value(pairs_of(args[0], c->arena), true, c->arena));
}

METHOD(pairs_string)
{
	UNUSED_CALL;
	return give(out, value_str(pairs_text(pairs_of(args[0], c->arena), c->arena)));
}

static struct str pairs_list_text(struct value v, struct arena *a)
{
	return pairs_text(pairs_of(v, a), a);
}

static const struct template_func PAIRS_METHODS[] = {
	{.name = "Names", .call = pairs_names},
	{.name = "Values", .call = pairs_values},
	{.name = "String", .call = pairs_string},
	{0},
};

static const struct value_type TYPE_PAIRS = {.name = "template.Pairs",
					     .kind = VALUE_LIST,
					     .elem = &TYPE_PAIR,
					     .methods = PAIRS_METHODS,
					     .string = pairs_list_text};

METHOD(names_join)
{
	struct buf b;

	(void)n;
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < args[0].list.n; i++) {
		if (i)
			buf_add(&b, args[1].s);
		buf_add(&b, args[0].list.v[i].s);
	}
	*out = value_str(arena_str(c->arena, buf_str(&b)));
	buf_done(&b);
	return TEMPLATE_OK;
}

static const struct template_func NAMES_METHODS[] =
	{{.name = "Join", .call = names_join, .params = {&TYPE_STRING}, .n_params = 1}, {0}};

static const struct value_type TYPE_NAMES = {.name = "template.Strings",
					     .kind = VALUE_LIST,
					     .elem = &TYPE_STRING,
					     .methods = NAMES_METHODS};

/* ---- template.Alert, Alerts -------------------------------------------------------------- */
struct str data_alert_status(const struct message_alert *a)
{
	return a->resolved ? STR("resolved") : STR("firing");
}

struct str data_fingerprint(const struct message_alert *a, struct arena *arena)
{
	return arena_printf(arena, "%016llx", (unsigned long long)labels_fingerprint(a->labels));
}

static struct value alert_status(const void *data, struct arena *a)
{
	(void)a;
	return value_str(data_alert_status(data));
}

static struct value alert_labels(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message_alert *)data)->labels);
}

static struct value alert_annotations(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message_alert *)data)->annotations);
}

static struct value alert_starts_at(const void *data, struct arena *a)
{
	return value_time_ms(a, ((const struct message_alert *)data)->starts_at);
}

static struct value alert_ends_at(const void *data, struct arena *a)
{
	return value_time_ms(a, ((const struct message_alert *)data)->ends_at);
}

static struct value alert_generator_url(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct message_alert *)data)->generator_url);
}

static struct value alert_fingerprint(const void *data, struct arena *a)
{
	return value_str(data_fingerprint(data, a));
}

static const struct value_field ALERT_FIELDS[] = {
	{"Status", alert_status},	    {"Labels", alert_labels},
	{"Annotations", alert_annotations}, {"StartsAt", alert_starts_at},
	{"EndsAt", alert_ends_at},	    {"GeneratorURL", alert_generator_url},
	{"Fingerprint", alert_fingerprint}, {0},
};

const struct value_type TYPE_ALERT = {.name = "template.Alert",
				      .kind = VALUE_OBJECT,
				      .fields = ALERT_FIELDS};

static struct value filter_alerts(struct value list, bool resolved, struct arena *a)
{
	struct value *v = ARENA_ARRAY(a, struct value, list.list.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < list.list.n; i++) {
		const struct message_alert *al = list.list.v[i].object;

		if (al->resolved == resolved)
			v[n++] = list.list.v[i];
	}
	return value_list(&TYPE_ALERTS, v, n);
}

METHOD(alerts_firing)
{
	UNUSED_CALL;
	return give(out, filter_alerts(args[0], false, c->arena));
}

METHOD(alerts_resolved)
{
	UNUSED_CALL;
	return give(out, filter_alerts(args[0], true, c->arena));
}

static const struct template_func ALERTS_METHODS[] = {
	{.name = "Firing", .call = alerts_firing},
	{.name = "Resolved", .call = alerts_resolved},
	{0},
};

const struct value_type TYPE_ALERTS = {.name = "template.Alerts",
				       .kind = VALUE_LIST,
				       .elem = &TYPE_ALERT,
				       .methods = ALERTS_METHODS};

/* ---- template.Data ----------------------------------------------------------------------- */
struct str data_receiver(const struct message *m, struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	regex_quote(&b, m->receiver);
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static struct value data_receiver_value(const void *data, struct arena *a)
{
	return value_str(data_receiver(data, a));
}

static struct value data_status(const void *data, struct arena *a)
{
	(void)a;
	return value_str(str_of(message_status(data)));
}

static struct value data_alerts(const void *data, struct arena *a)
{
	const struct message *m = data;
	struct value *v = ARENA_ARRAY(a, struct value, m->n + 1);

	for (size_t i = 0; i < m->n; i++)
		v[i] = value_object(&TYPE_ALERT, &m->alerts[i]);
	return value_list(&TYPE_ALERTS, v, m->n);
}

static struct value data_reason(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct message *)data)->reason);
}

static struct value data_group_labels(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message *)data)->group_labels);
}

static struct value data_common_labels(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message *)data)->common_labels);
}

static struct value data_common_annotations(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message *)data)->common_annotations);
}

static struct value data_route_labels(const void *data, struct arena *a)
{
	(void)a;
	return kv_value(&((const struct message *)data)->route_labels);
}

static struct value data_external_url(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct message *)data)->external_url);
}

static const struct value_field DATA_FIELDS[] = {
	{"Receiver", data_receiver_value},
	{"Status", data_status},
	{"Alerts", data_alerts},
	{"NotificationReason", data_reason},
	{"GroupLabels", data_group_labels},
	{"CommonLabels", data_common_labels},
	{"CommonAnnotations", data_common_annotations},
	{"RouteLabels", data_route_labels},
	{"ExternalURL", data_external_url},
	{0},
};

const struct value_type TYPE_DATA = {.name = "template.Data",
				     .kind = VALUE_OBJECT,
				     .fields = DATA_FIELDS};
static const struct value_type TYPE_DATA_PTR = {.name = "*template.Data",
						.kind = VALUE_OBJECT,
						.pointee = &TYPE_DATA,
						.fields = DATA_FIELDS};

struct value notify_template_data(const struct message *m, struct arena *a)
{
	(void)a;
	return value_object(&TYPE_DATA_PTR, m);
}

/* ---- JSON -------------------------------------------------------------------------------- */
static void put_time(struct buf *b, const char *key, ms_t t)
{
	buf_printf(b, ",\"%s\":\"", key);
	time_put_rfc3339(b, t);
	buf_addc(b, '"');
}

void data_put_alert_json(struct buf *b, const struct message_alert *a)
{
	buf_printf(b, "{\"status\":\"%s\",\"labels\":", a->resolved ? "resolved" : "firing");
	labels_put_json_html(b, a->labels);
	buf_adds(b, ",\"annotations\":");
	labels_put_json_html(b, a->annotations);
	put_time(b, "startsAt", a->starts_at);
	put_time(b, "endsAt", a->ends_at);
	buf_adds(b, ",\"generatorURL\":");
	json_put_str_html(b, a->generator_url);
	buf_printf(b, ",\"fingerprint\":\"%016llx\"}",
		   (unsigned long long)labels_fingerprint(a->labels));
}

static bool put_list(struct buf *b, struct value v, struct arena *a)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < v.list.n; i++) {
		if (i)
			buf_addc(b, ',');
		if (!data_put_json(b, value_list_at(v, i), a))
			return false;
	}
	buf_addc(b, ']');
	return true;
}

static bool put_map(struct buf *b, struct value v, struct arena *a)
{
	size_t at = 0;
	struct str key;
	struct value item;
	bool first = true;

	if (value_is_nil(v)) {
		buf_adds(b, "null");
		return true;
	}
	buf_addc(b, '{');
	while (value_map_next(v, &at, a, &key, &item)) {
		if (!first)
			buf_addc(b, ',');
		first = false;
		json_put_str_html(b, key);
		buf_addc(b, ':');
		if (!data_put_json(b, item, a))
			return false;
	}
	buf_addc(b, '}');
	return true;
}

static void put_pair(struct buf *b, const struct pair *p)
{
	buf_adds(b, "{\"Name\":");
	json_put_str_html(b, p->name);
	buf_adds(b, ",\"Value\":");
	json_put_str_html(b, p->value);
	buf_addc(b, '}');
}

void data_put_message_json(struct buf *b, const struct message *m, struct arena *a)
{
	buf_adds(b, "\"receiver\":");
	json_put_str_html(b, data_receiver(m, a));
	buf_printf(b, ",\"status\":\"%s\",\"alerts\":[", message_status(m));
	for (size_t i = 0; i < m->n; i++) {
		if (i)
			buf_addc(b, ',');
		data_put_alert_json(b, &m->alerts[i]);
	}
	buf_adds(b, "],\"notification_reason\":");
	json_put_str_html(b, m->reason);
	buf_adds(b, ",\"groupLabels\":");
	labels_put_json_html(b, m->group_labels);
	buf_adds(b, ",\"commonLabels\":");
	labels_put_json_html(b, m->common_labels);
	buf_adds(b, ",\"commonAnnotations\":");
	labels_put_json_html(b, m->common_annotations);
	buf_adds(b, ",\"routeLabels\":");
	labels_put_json_html(b, m->route_labels);
	buf_adds(b, ",\"externalURL\":");
	json_put_str_html(b, m->external_url);
}

static bool put_object(struct buf *b, struct value v, struct arena *a)
{
	if (!v.object) {
		buf_adds(b, "null");
		return true;
	}
	if (v.type == &TYPE_ALERT)
		data_put_alert_json(b, v.object);
	else if (v.type == &TYPE_PAIR)
		put_pair(b, v.object);
	else if (v.type == &TYPE_DATA || v.type == &TYPE_DATA_PTR) {
		buf_addc(b, '{');
		data_put_message_json(b, v.object, a);
		buf_addc(b, '}');
	} else {
		return false;
	}
	return true;
}

static void put_instant(struct buf *b, const struct value_time *t)
{
	buf_addc(b, '"');
	time_put_rfc3339(b, t->s <= VALUE_TIME_ZERO_S ? MS_NONE : t->s * SECOND + t->ns / 1000000);
	buf_addc(b, '"');
}

bool data_put_json(struct buf *b, struct value v, struct arena *a)
{
	switch (v.kind) {
	case VALUE_NONE: buf_adds(b, "null"); return true;
	case VALUE_BOOL: buf_adds(b, v.b ? "true" : "false"); return true;
	case VALUE_INT: num_put_int(b, v.i); return true;
	case VALUE_UINT: num_put_uint(b, v.u); return true;
	case VALUE_FLOAT:
		if (!isfinite(v.f))
			return false;
		json_put_float(b, v.f);
		return true;
	case VALUE_STRING: json_put_str_html(b, v.s); return true;
	case VALUE_LIST: return put_list(b, v, a);
	case VALUE_MAP: return put_map(b, v, a);
	case VALUE_OBJECT: return put_object(b, v, a);
	case VALUE_TIME: put_instant(b, v.time); return true;
	case VALUE_FUNC:
	case VALUE_ANY: return false;
	}
	return false;
}
