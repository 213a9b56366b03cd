/*
 * matrix_configs: a message in a room. The delivery's key is the transaction, so that a message
 * that is sent again after a lost answer is the same event. With update_message the group's first
 * message is edited.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 16384 /* bytes; an event may have 64 KiB in all */

struct matrix {
	struct str homeserver_url, room_id, access_token, access_token_file, message, html, msgtype;
};

#define KEY(kind, member, ...) FIELD(kind, struct matrix, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, homeserver_url),     KEY(TEXT, room_id), KEY(TEXT, access_token, .secret = true),
	KEY(TEXT, access_token_file), KEY(TEXT, message), KEY(TEXT, html),
	KEY(TEXT, msgtype),
};

static const struct matrix DEFAULTS = {
	.message = STR("{{ template \"rouse.title\" . }}\n{{ template \"rouse.text\" . }}"),
	.html = STR("{{ template \"rouse.html\" . }}"),
	.msgtype = STR("m.text"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct matrix *c = config;

	if (!c->homeserver_url.n)
		return fields_error(f, e->node, "missing homeserver_url in matrix_config");
	if (!c->room_id.n)
		return fields_error(f, e->node, "missing room_id in matrix_config");
	if (!str_starts(c->room_id, "!") && template_is_plain(c->room_id))
		return fields_error(f, yaml_get(e->node, "room_id"),
				    "room_id must be a room's id like !abc:example.org, found "
				    "\"%.*s\" (an alias does not do)",
				    STR_ARG(c->room_id));
	if (!kind_one_of(f, e->node, "access_token", c->access_token, c->access_token_file))
		return false;
	e->to->http = kind_with_token(e, c->access_token, c->access_token_file);
	return true;
}

static void put_content(struct json_writer *w, const struct matrix *c, struct str text,
			struct str html)
{
	json_put(w, "msgtype", c->msgtype);
	json_put(w, "body", text);
	if (html.n) {
		json_put(w, "format", STR("org.matrix.custom.html"));
		json_put(w, "formatted_body", html);
	}
	/* Names in labels ping nobody. */
	json_open(w, "m.mentions", '{');
	json_close(w, '}');
}

static void put_body(struct buf *b, struct kind_texts *t, const struct matrix *c)
{
	struct delivery *d = t->d;
	struct json_writer w = {.b = b};
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX)
				   : kind_expand(t, "message", c->message);
	struct str html = d->plain ? STR("") : kind_expand_html(t, "html", c->html);

	text = kind_clip_bytes(d->arena, str_trim(text), TEXT_MAX);
	if (html.n > TEXT_MAX)
		html = STR(""); /* cut in the middle it would be no HTML */
	json_open(&w, NULL, '{');
	if (!d->provider_id.n) {
		put_content(&w, c, text, html);
	} else {
		put_content(&w, c, arena_printf(d->arena, "* %.*s", STR_ARG(text)), STR(""));
		json_open(&w, "m.new_content", '{');
		put_content(&w, c, text, html);
		json_close(&w, '}');
		json_open(&w, "m.relates_to", '{');
		json_put(&w, "rel_type", STR("m.replace"));
		json_put(&w, "event_id", d->provider_id);
		json_close(&w, '}');
	}
	json_close(&w, '}');
}

static struct str address(struct kind_texts *t, const struct matrix *c)
{
	struct delivery *d = t->d;
	struct str url;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "_matrix/client/v3/rooms/");
	url_put_path(&b, kind_expand(t, "room_id", c->room_id));
	buf_printf(&b, "/send/m.room.message/%.*s%s", STR_ARG(d->key), d->plain ? "p" : "");
	url = kind_join(d->arena, c->homeserver_url, buf_cstr(&b));
	buf_done(&b);
	return url;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct matrix *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	enum deliver_result r;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, &t, c);
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	r = kind_post_json(d, address(&t, c), &b);
	d->request.method = STR("PUT");
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r;
	json_t *root, *wait;

	if (!reply)
		return build(d, now);
	r = receiver_classify(d, now, reply);
	root = kind_json(reply);
	wait = json_object_get(root, "retry_after_ms");
	if (r == DELIVER_SENT)
		d->new_provider_id =
			d->provider_id.n
				? d->provider_id
				: arena_str(d->arena, str_of(json_string_value(
							      json_object_get(root, "event_id"))));
	if (r == DELIVER_RETRY && d->wait < 0 && json_is_integer(wait))
		d->wait = kind_clamp_wait(json_integer_value(wait));
	json_decref(root);
	return r;
}

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct matrix *c = to->config;

	if (!template_is_plain(c->room_id))
		return STR(""); /* nobody knows later which room it was */
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(c->homeserver_url),
			    STR_ARG(c->access_token), STR_ARG(c->access_token_file));
}

static enum hear_result ask(struct hearing *h)
{
	const struct matrix *c = h->d.to->config;
	struct str url;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "_matrix/client/v1/rooms/");
	url_put_path(&b, c->room_id);
	buf_adds(&b, "/relations/");
	url_put_path(&b, h->message);
	buf_adds(&b, "/m.annotation/m.reaction");
	url = kind_join(h->d.arena, c->homeserver_url, buf_cstr(&b));
	buf_done(&b);
	return hearing_get(h, url);
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	json_t *root, *event;
	size_t i;

	if (!reply)
		return h->d.step ? HEAR_DONE : ask(h);
	if (reply->outcome == IO_REPLIED && reply->status == 404)
		return HEAR_DONE;
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	json_array_foreach(json_object_get(root, "chunk"), i, event)
	{
		const json_t *content = json_object_get(event, "content");
		const json_t *relates = json_object_get(content, "m.relates_to");
		const char *key = json_string_value(json_object_get(relates, "key"));
		const char *sender = json_string_value(json_object_get(event, "sender"));

		if (key && sender)
			hearing_reaction(h, str_of(key), str_of(sender), STR(""));
	}
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.every = 2 * SECOND,
	.how = "react with ✅ (👀 looking, 🆘 escalate, 🔇 snooze)",
	.account = account,
	.step = hear,
};

const struct receiver_kind RECEIVER_MATRIX = {
	.name = "matrix",
	.config_key = "matrix_configs",
	KIND_CONFIG(struct matrix, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 2,
};
