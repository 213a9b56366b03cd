/* victorops_configs: Splunk On-Call's REST endpoint. */
#include "base/json_writer.h"
#include "base/url.h"
#include "notify/receivers/kinds.h"

#define MESSAGE_MAX 20480

struct victorops {
	struct str api_key, api_key_file, api_url, routing_key;
	struct str message_type, state_message, entity_display_name, monitoring_tool;
	const struct yaml_node *custom_fields;
	struct kind_pair *custom;
	size_t n_custom;
};

#define KEY(kind, member, ...) FIELD(kind, struct victorops, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(TEXT, api_key, .secret = true),
	KEY(TEXT, api_key_file),
	KEY(URL, api_url),
	KEY(TEXT, routing_key),
	KEY(TEXT, message_type),
	KEY(TEXT, state_message),
	KEY(TEXT, entity_display_name),
	KEY(TEXT, monitoring_tool),
	KEY(MAP, custom_fields),
};

static const struct victorops DEFAULTS = {
	.message_type = STR("CRITICAL"),
	.state_message = STR("{{ template \"victorops.default.state_message\" . }}"),
	.entity_display_name = STR("{{ template \"victorops.default.entity_display_name\" . }}"),
	.monitoring_tool = STR("{{ template \"victorops.default.monitoring_tool\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	static const char taken[] = "routing_key message_type state_message entity_display_name "
				    "monitoring_tool entity_id entity_state";
	const struct fields *f = &e->fields;
	struct victorops *c = config;

	if (!kind_not_both(f, e->node, "api_key", c->api_key, c->api_key_file))
		return false;
	if (!c->routing_key.n)
		return fields_error(f, e->node, "missing Routing key in VictorOps config");
	if (!kind_pairs(f, c->custom_fields, "custom_fields", &c->custom, &c->n_custom))
		return false;
	for (size_t i = 0; i < c->n_custom; i++) {
		if (fields_has_word(taken, c->custom[i].name))
			return fields_error(f, c->custom_fields,
					    "victorOps config contains custom field %.*s which "
					    "cannot be used as it conflicts with the fixed/static "
					    "fields",
					    STR_ARG(c->custom[i].name));
	}
	if (!c->api_url.n)
		c->api_url = e->global->victorops_api_url;
	c->api_url = kind_join(f->arena, c->api_url, "");
	if (!c->api_key.n && !c->api_key_file.n) {
		c->api_key = e->global->victorops_api_key;
		c->api_key_file = e->global->victorops_api_key_file;
	}
	return c->api_key.n || c->api_key_file.n ||
	       fields_error(f, e->node, "no global VictorOps API Key set");
}

static struct str message_type(struct kind_texts *t, const struct victorops *c)
{
	struct str s = kind_expand(t, "message_type", c->message_type);

	if (message_resolved(t->d->message))
		return STR("RECOVERY");
	return str_is(s, "INFO") || str_is(s, "WARNING") ? s : STR("CRITICAL");
}

static void put_body(struct json_writer *w, struct kind_texts *t, const struct victorops *c)
{
	struct delivery *d = t->d;
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, MESSAGE_MAX / 2)
				   : kind_expand(t, "state_message", c->state_message);

	json_put(w, "message_type", message_type(t, c));
	json_put(w, "entity_id", kind_dedup_key(d));
	json_put(w, "entity_display_name",
		 d->plain ? kind_title(d->arena, d->message)
			  : kind_expand(t, "entity_display_name", c->entity_display_name));
	json_put(w, "state_message", kind_clip(d->arena, text, MESSAGE_MAX));
	json_put(w, "monitoring_tool", kind_expand(t, "monitoring_tool", c->monitoring_tool));
	for (size_t i = 0; i < c->n_custom; i++)
		json_put(w, arena_cstr(d->arena, c->custom[i].name),
			 kind_expand_next(t, "custom field", c->custom[i].value));
}

static struct str address(struct delivery *d, struct kind_texts *t, const struct victorops *c)
{
	struct str key = kind_secret(d, c->api_key, c->api_key_file, IO_IN_URL_PATH);
	struct str routing = kind_expand(t, "routing_key", c->routing_key);
	struct buf b;
	struct str url;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, kind_join(d->arena, c->api_url, ""));
	buf_add(&b, key);
	buf_addc(&b, '/');
	url_put_path(&b, routing);
	url = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return url;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct victorops *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str url;
	struct buf b;
	struct json_writer w = {.b = &b};

	if (reply)
		return receiver_classify(d, now, reply);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	url = address(d, &t, c);
	if (!t.failed || d->plain)
		return kind_post_json(d, url, &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

const struct receiver_kind RECEIVER_VICTOROPS = {
	.name = "victorops",
	.config_key = "victorops_configs",
	KIND_CONFIG(struct victorops, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 8,
};
