/*
 * webex_configs: a message in Markdown to a room. With update_message the group's first message is
 * edited, as often as Webex lets it be.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 7439 /* bytes */

struct webex {
	struct str api_url, message, room_id;
};

static const struct field FIELDS[] = {
	FIELD(URL, struct webex, api_url),
	FIELD(TEXT, struct webex, message),
	FIELD(TEXT, struct webex, room_id),
};

static const struct webex DEFAULTS = {
	.message = STR("{{ template \"webex.default.message\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	struct webex *c = config;

	if (!c->api_url.n)
		c->api_url = e->global->webex_api_url;
	if (!c->room_id.n)
		return fields_error(&e->fields, e->node, "missing room_id on webex_config");
	return e->to->http->has_authorization ||
	       fields_error(&e->fields, e->node, "missing webex_configs.http_config.authorization");
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	static const char *const pings[] = {"<@", NULL};
	const struct webex *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	enum deliver_result r;
	struct str text;
	struct buf b;
	struct json_writer w = {.b = &b};

	kind_without_pings(d, pings);
	text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX / 2)
			: kind_expand(&t, "message", c->message);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	json_put(&w, d->plain ? "text" : "markdown", kind_clip_bytes(d->arena, text, TEXT_MAX));
	json_put(&w, "roomId", kind_expand(&t, "room_id", c->room_id));
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	r = kind_post_json(d, c->api_url, &b);
	if (d->provider_id.n) {
		d->request.method = STR("PUT");
		d->request.url =
			kind_join(d->arena, c->api_url, arena_cstr(d->arena, d->provider_id));
	}
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r;
	json_t *root;
	const char *id;

	if (!reply)
		return build(d, now);
	r = receiver_classify(d, now, reply);
	/* It is gone, or was edited ten times: a new one. */
	if (d->provider_id.n && (r == DELIVER_PLAIN || r == DELIVER_DEAD) &&
	    (reply->status == 400 || reply->status == 404)) {
		d->provider_id = STR("");
		d->request = (struct io_request){0};
		return build(d, now);
	}
	root = kind_json(reply);
	id = json_string_value(json_object_get(root, "id"));
	if (r == DELIVER_SENT)
		d->new_provider_id =
			d->provider_id.n ? d->provider_id : arena_str(d->arena, str_of(id));
	json_decref(root);
	return r;
}

const struct receiver_kind RECEIVER_WEBEX = {
	.name = "webex",
	.config_key = "webex_configs",
	KIND_CONFIG(struct webex, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.parallel = 4,
};
