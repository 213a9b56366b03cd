/* gotify_configs: a push message of an application of a Gotify server. */
#include "base/json_writer.h"
#include "base/num.h"
#include "notify/receivers/kinds.h"

#define MESSAGE_MAX 16384 /* bytes; ours, so that a phone shows it */

struct gotify {
	struct str url, token, token_file, title, message, priority, click;
	bool markdown;
};

#define KEY(kind, member, ...) FIELD(kind, struct gotify, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, url),	       KEY(TEXT, token, .secret = true),
	KEY(TEXT, token_file), KEY(TEXT, title),
	KEY(TEXT, message),    KEY(TEXT, priority),
	KEY(TEXT, click),      KEY(BOOL, markdown),
};

static const struct gotify DEFAULTS = {
	.title = STR("{{ template \"rouse.title\" . }}"),
	.message = STR("{{ template \"rouse.text\" . }}"),
	.priority = STR("{{ template \"gotify.default.priority\" . }}"),
	.click = STR("{{ .ExternalURL }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct gotify *c = config;

	if (!c->url.n)
		return fields_error(&e->fields, e->node, "missing url in gotify_config");
	return kind_one_of(&e->fields, e->node, "token", c->token, c->token_file);
}

static void put_extras(struct json_writer *w, const struct gotify *c, struct str click)
{
	json_open(w, "extras", '{');
	if (c->markdown) {
		json_open(w, "client::display", '{');
		json_put(w, "contentType", STR("text/markdown"));
		json_close(w, '}');
	}
	if (click.n) {
		json_open(w, "client::notification", '{');
		json_open(w, "click", '{');
		json_put(w, "url", click);
		json_close(w, '}');
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_body(struct buf *b, struct kind_texts *t, const struct gotify *c)
{
	struct delivery *d = t->d;
	struct json_writer w = {.b = b};
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, MESSAGE_MAX)
				   : kind_expand(t, "message", c->message);
	int64_t priority = 6;

	if (!d->plain &&
	    num_int(str_trim(kind_expand(t, "priority", c->priority)), 10, &priority) != NUM_OK)
		priority = 6;
	json_open(&w, NULL, '{');
	json_put(&w, "title",
		 d->plain ? kind_title(d->arena, d->message) : kind_expand(t, "title", c->title));
	json_put(&w, "message", kind_clip_bytes(d->arena, str_trim(text), MESSAGE_MAX));
	json_put_int(&w, "priority", MIN(MAX(priority, 0), 10));
	if (!d->plain)
		put_extras(&w, c, kind_expand(t, "click", c->click));
	json_close(&w, '}');
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct gotify *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	enum deliver_result r;
	struct buf b;

	if (reply)
		return receiver_classify(d, now, reply);
	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, &t, c);
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	r = kind_post_json(d, kind_join(d->arena, c->url, "message"), &b);
	kind_header(d, "X-Gotify-Key", kind_secret(d, c->token, c->token_file, IO_IN_HEADER));
	return r;
}

const struct receiver_kind RECEIVER_GOTIFY = {
	.name = "gotify",
	.config_key = "gotify_configs",
	KIND_CONFIG(struct gotify, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
