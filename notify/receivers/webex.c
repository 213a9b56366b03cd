/* webex_configs: a message in Markdown to a room. */
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

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	static const char *const pings[] = {"<@", NULL};
	const struct webex *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str text;
	struct buf b;
	struct json_writer w = {.b = &b};

	if (reply)
		return receiver_classify(d, now, reply);
	kind_without_pings(d, pings);
	text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX / 2)
			: kind_expand(&t, "message", c->message);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	json_put(&w, d->plain ? "text" : "markdown", kind_clip_bytes(d->arena, text, TEXT_MAX));
	json_put(&w, "roomId", kind_expand(&t, "room_id", c->room_id));
	json_close(&w, '}');
	if (!t.failed || d->plain)
		return kind_post_json(d, c->api_url, &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

const struct receiver_kind RECEIVER_WEBEX = {
	.name = "webex",
	.config_key = "webex_configs",
	KIND_CONFIG(struct webex, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
