/*
 * msteams_configs (a connector's MessageCard) and msteamsv2_configs (a workflow's Adaptive Card).
 */
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

struct msteams {
	struct str webhook_url, webhook_url_file, title, summary, text;
};

#define KEY(kind, member, ...) FIELD(kind, struct msteams, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, webhook_url, .secret = true),
	KEY(TEXT, webhook_url_file),
	KEY(TEXT, title),
	KEY(TEXT, summary),
	KEY(TEXT, text),
};

static const struct field FIELDS_V2[] = {
	KEY(URL, webhook_url, .secret = true),
	KEY(TEXT, webhook_url_file),
	KEY(TEXT, title),
	KEY(TEXT, text),
};

static const struct msteams DEFAULTS = {
	.title = STR("{{ template \"msteams.default.title\" . }}"),
	.summary = STR("{{ template \"msteams.default.summary\" . }}"),
	.text = STR("{{ template \"msteams.default.text\" . }}"),
};

static const struct msteams DEFAULTS_V2 = {
	.title = STR("{{ template \"msteamsv2.default.title\" . }}"),
	.text = STR("{{ template \"msteamsv2.default.text\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct msteams *c = config;

	return kind_one_of(&e->fields, e->node, "webhook_url", c->webhook_url, c->webhook_url_file);
}

/* Of the global http_config only the proxy counts, also beside an own http_config without one. */
static bool check_v2(const struct kind_entry *e, void *config)
{
	struct http_config *http;

	http = ARENA_NEW(e->fields.arena, struct http_config);
	http_config_defaults(http);
	if (e->to->own_http)
		*http = *e->to->http;
	if (!http->proxy_url.n)
		http->proxy_url = e->global->http.proxy_url;
	e->to->http = http;
	return check(e, config);
}

struct texts {
	struct str title, summary, text;
};

static bool expand(struct delivery *d, struct now now, struct texts *out)
{
	const struct msteams *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};

	if (d->plain) {
		out->title = out->summary = kind_title(d->arena, d->message);
		out->text = kind_plain_text(d->arena, d->message, 8000);
		return true;
	}
	out->title = kind_expand(&t, "title", c->title);
	out->summary = kind_expand(&t, "summary", c->summary);
	out->text = kind_expand(&t, "text", c->text);
	return !t.failed;
}

static void put_card(struct json_writer *w, const struct delivery *d, const struct texts *t)
{
	json_put(w, "@context", STR("http://schema.org/extensions"));
	json_put(w, "type", STR("MessageCard"));
	json_put(w, "title", t->title);
	json_put(w, "summary", t->summary);
	json_put(w, "text", t->text);
	json_put(w, "themeColor", message_resolved(d->message) ? STR("2DC72D") : STR("8C1A1A"));
}

static void put_adaptive(struct json_writer *w, const struct delivery *d, const struct texts *t)
{
	json_put(w, "type", STR("message"));
	json_open(w, "attachments", '[');
	json_open(w, NULL, '{');
	json_put(w, "contentType", STR("application/vnd.microsoft.card.adaptive"));
	json_put_raw(w, "contentUrl", STR("null"));
	json_open(w, "content", '{');
	json_put(w, "$schema", STR("http://adaptivecards.io/schemas/adaptive-card.json"));
	json_put(w, "type", STR("AdaptiveCard"));
	json_put(w, "version", STR("1.2"));
	json_open(w, "body", '[');
	json_open(w, NULL, '{');
	json_put(w, "type", STR("TextBlock"));
	json_put(w, "text", t->title);
	json_put(w, "weight", STR("Bolder"));
	json_put(w, "size", STR("Medium"));
	json_put_bool(w, "wrap", true);
	json_put(w, "style", STR("heading"));
	json_put(w, "color", message_resolved(d->message) ? STR("Good") : STR("Attention"));
	json_close(w, '}');
	json_open(w, NULL, '{');
	json_put(w, "type", STR("TextBlock"));
	json_put(w, "text", t->text);
	json_put_bool(w, "wrap", true);
	json_close(w, '}');
	json_close(w, ']');
	json_open(w, "msteams", '{');
	json_put(w, "width", STR("full"));
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, ']');
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply,
				void (*put)(struct json_writer *w, const struct delivery *d,
					    const struct texts *t))
{
	const struct msteams *c = d->to->config;
	struct texts t;
	struct buf b;
	struct json_writer w = {.b = &b};

	if (reply)
		return receiver_classify(d, now, reply);
	if (!expand(d, now, &t))
		return DELIVER_PLAIN;
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put(&w, d, &t);
	json_close(&w, '}');
	d->request.url_file = c->webhook_url_file;
	return kind_post_json(d, c->webhook_url, &b);
}

static enum deliver_result step_card(struct delivery *d, struct now now,
				     const struct io_reply *reply)
{
	return step(d, now, reply, put_card);
}

static enum deliver_result step_adaptive(struct delivery *d, struct now now,
					 const struct io_reply *reply)
{
	return step(d, now, reply, put_adaptive);
}

const struct receiver_kind RECEIVER_MSTEAMS = {
	.name = "msteams",
	.config_key = "msteams_configs",
	KIND_CONFIG(struct msteams, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step_card,
	.parallel = 4,
};

const struct receiver_kind RECEIVER_MSTEAMSV2 = {
	.name = "msteamsv2",
	.config_key = "msteamsv2_configs",
	KIND_CONFIG(struct msteams, FIELDS_V2, &DEFAULTS_V2),
	.send_resolved = true,
	.check = check_v2,
	.step = step_adaptive,
	.parallel = 4,
};
