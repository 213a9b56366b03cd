/* rocketchat_configs: one attachment by chat.postMessage, as the user of a token. */
#include <jansson.h>

#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define TITLE_MAX 1024

struct rocketchat_field {
	struct str title, value;
	bool shorter, has_shorter;
};

struct rocketchat_action {
	struct str type, text, url, image_url, webview_height_ratio, msg, msg_processing_type;
	bool is_webview, msg_in_chat_window;
};

struct rocketchat {
	struct str api_url, token_id, token_id_file, token, token_file;
	struct str channel, color, title, title_link, text, emoji, icon_url, image_url, thumb_url;
	const struct yaml_node *fields_node, *actions_node;
	struct rocketchat_field *fields;
	struct rocketchat_action *actions;
	size_t n_fields, n_actions;
	bool short_fields, link_names;
};

static const struct field FIELD_FIELDS[] = {
	FIELD(TEXT, struct rocketchat_field, title),
	FIELD(TEXT, struct rocketchat_field, value),
	{.name = "short",
	 .kind = FIELD_BOOL,
	 .at = offsetof(struct rocketchat_field, shorter),
	 .given = offsetof(struct rocketchat_field, has_shorter) + 1},
};

#define ACTION(kind, member, ...) FIELD(kind, struct rocketchat_action, member, ##__VA_ARGS__)

static const struct field ACTION_FIELDS[] = {
	ACTION(TEXT, type),
	ACTION(TEXT, text),
	ACTION(TEXT, url),
	ACTION(TEXT, image_url),
	ACTION(BOOL, is_webview),
	ACTION(TEXT, webview_height_ratio),
	ACTION(TEXT, msg),
	ACTION(BOOL, msg_in_chat_window),
	ACTION(TEXT, msg_processing_type),
};

static const struct field FIELDS[] = {
	FIELD(URL, struct rocketchat, api_url),
	FIELD(TEXT, struct rocketchat, token_id, .secret = true),
	FIELD(TEXT, struct rocketchat, token_id_file),
	FIELD(TEXT, struct rocketchat, token, .secret = true),
	FIELD(TEXT, struct rocketchat, token_file),
	FIELD(TEXT, struct rocketchat, channel),
	FIELD(TEXT, struct rocketchat, color),
	FIELD(TEXT, struct rocketchat, title),
	FIELD(TEXT, struct rocketchat, title_link),
	FIELD(TEXT, struct rocketchat, text),
	FIELD_AS(LIST, "fields", struct rocketchat, fields_node, FIELD_SUB(FIELD_FIELDS)),
	FIELD(BOOL, struct rocketchat, short_fields, .always = true),
	FIELD(TEXT, struct rocketchat, emoji),
	FIELD(TEXT, struct rocketchat, icon_url),
	FIELD(TEXT, struct rocketchat, image_url),
	FIELD(TEXT, struct rocketchat, thumb_url),
	FIELD(BOOL, struct rocketchat, link_names, .always = true),
	FIELD_AS(LIST, "actions", struct rocketchat, actions_node, FIELD_SUB(ACTION_FIELDS)),
};

static const struct rocketchat DEFAULTS = {
	.color = STR("{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}"),
	.emoji = STR("{{ template \"rocketchat.default.emoji\" . }}"),
	.icon_url = STR("{{ template \"rocketchat.default.iconurl\" . }}"),
	.text = STR("{{ template \"rocketchat.default.text\" . }}"),
	.title = STR("{{ template \"rocketchat.default.title\" . }}"),
	.title_link = STR("{{ template \"rocketchat.default.titlelink\" . }}"),
};

static bool check_tokens(const struct kind_entry *e, struct rocketchat *c)
{
	const struct fields *f = &e->fields;
	const struct global_config *g = e->global;

	if (!kind_not_both(f, e->node, "token_id", c->token_id, c->token_id_file) ||
	    !kind_not_both(f, e->node, "token", c->token, c->token_file))
		return false;
	if (!c->token_id.n && !c->token_id_file.n) {
		c->token_id = g->rocketchat_token_id;
		c->token_id_file = g->rocketchat_token_id_file;
	}
	if (!c->token.n && !c->token_file.n) {
		c->token = g->rocketchat_token;
		c->token_file = g->rocketchat_token_file;
	}
	if (!c->token_id.n && !c->token_id_file.n)
		return fields_error(f, e->node,
				    "no global Rocketchat TokenID set either inline or in a file");
	if (!c->token.n && !c->token_file.n)
		return fields_error(f, e->node,
				    "no global Rocketchat Token set either inline or in a file");
	return true;
}

static bool check(const struct kind_entry *e, void *config)
{
	struct rocketchat *c = config;
	bool ok;

	if (!c->api_url.n)
		c->api_url = e->global->rocketchat_api_url;
	ok = KIND_LIST(&e->fields, c->fields_node, "rocketchat_field", FIELD_FIELDS, &c->fields,
		       &c->n_fields);
	ok &= KIND_LIST(&e->fields, c->actions_node, "rocketchat_action", ACTION_FIELDS,
			&c->actions, &c->n_actions);
	return check_tokens(e, c) && ok;
}

static void put_action(struct json_writer *w, struct kind_texts *t,
		       const struct rocketchat_action *a)
{
	json_open(w, NULL, '{');
	json_put_given(w, "type", kind_expand_next(t, "action", a->type));
	json_put_given(w, "text", kind_expand_next(t, "action", a->text));
	json_put_given(w, "url", kind_expand_next(t, "action", a->url));
	json_put_given(w, "image_url", kind_expand_next(t, "action", a->image_url));
	json_put_bool(w, "is_webview", a->is_webview);
	json_put_given(w, "webview_height_ratio",
		       kind_expand_next(t, "action", a->webview_height_ratio));
	json_put_given(w, "msg", kind_expand_next(t, "action", a->msg));
	json_put_bool(w, "msg_in_chat_window", a->msg_in_chat_window);
	json_put_given(w, "msg_processing_type",
		       kind_expand_next(t, "action", a->msg_processing_type));
	json_close(w, '}');
}

static void put_lists(struct json_writer *w, struct kind_texts *t, const struct rocketchat *c)
{
	if (c->n_fields) {
		json_open(w, "fields", '[');
		for (size_t i = 0; i < c->n_fields; i++) {
			const struct rocketchat_field *x = &c->fields[i];

			json_open(w, NULL, '{');
			json_put_bool(w, "short", x->has_shorter ? x->shorter : c->short_fields);
			json_put(w, "title", kind_expand_next(t, "field", x->title));
			json_put(w, "value", kind_expand_next(t, "field", x->value));
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	if (c->n_actions) {
		json_open(w, "actions", '[');
		for (size_t i = 0; i < c->n_actions; i++)
			put_action(w, t, &c->actions[i]);
		json_close(w, ']');
	}
}

static void put_body(struct json_writer *w, struct kind_texts *t, const struct rocketchat *c)
{
	struct delivery *d = t->d;

	json_put_given(w, "channel", kind_expand(t, "channel", c->channel));
	if (d->plain) {
		json_put(w, "text", kind_plain_text(d->arena, d->message, 4000));
		return;
	}
	json_put_given(w, "emoji", kind_expand(t, "emoji", c->emoji));
	json_put_given(w, "avatar", kind_expand(t, "icon_url", c->icon_url));
	if (c->link_names)
		json_put_bool(w, "parseUrls", true);
	json_open(w, "attachments", '[');
	json_open(w, NULL, '{');
	json_put_given(w, "title",
		       kind_clip(d->arena, kind_expand(t, "title", c->title), TITLE_MAX));
	json_put_given(w, "title_link", kind_expand(t, "title_link", c->title_link));
	json_put_given(w, "text", kind_expand(t, "text", c->text));
	json_put_given(w, "image_url", kind_expand(t, "image_url", c->image_url));
	json_put_given(w, "thumb_url", kind_expand(t, "thumb_url", c->thumb_url));
	json_put_given(w, "color", kind_expand(t, "color", c->color));
	put_lists(w, t, c);
	json_close(w, '}');
	json_close(w, ']');
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	static const char *const pings[] = {"@all", "@here", NULL};
	const struct rocketchat *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	enum deliver_result r;
	struct buf b;
	struct json_writer w = {.b = &b};

	kind_without_pings(d, pings);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	r = kind_post_json(d, kind_join(d->arena, c->api_url, "api/v1/chat.postMessage"), &b);
	kind_header(d, "X-Auth-Token", kind_secret(d, c->token, c->token_file, IO_IN_HEADER));
	kind_header(d, "X-User-Id", kind_secret(d, c->token_id, c->token_id_file, IO_IN_HEADER));
	return r;
}

/* Status 200 with success: false is a refusal. */
static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = r == DELIVER_SENT ? kind_json(reply) : NULL;
	const char *error = json_string_value(json_object_get(root, "error"));

	if (json_is_object(root) && !json_is_true(json_object_get(root, "success"))) {
		err_set(&d->err, -1, "refused: %s", error ? error : "no success");
		d->scope = DEAD_MESSAGE;
		r = DELIVER_PLAIN;
	}
	json_decref(root);
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

const struct receiver_kind RECEIVER_ROCKETCHAT = {
	.name = "rocketchat",
	.config_key = "rocketchat_configs",
	KIND_CONFIG(struct rocketchat, FIELDS, &DEFAULTS),
	.send_resolved = false,
	.all_global = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
