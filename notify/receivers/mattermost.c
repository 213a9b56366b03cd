/*
 * mattermost_configs: one attachment through an incoming webhook. Entries of `attachments` follow
 * it.
 */
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 16383

struct mattermost_field {
	struct str title, value;
	bool shorter;
};

struct attachment {
	struct str fallback, color, pretext, text, author_name, author_link, author_icon, title,
		title_link, thumb_url, footer, footer_icon, image_url;
	const struct yaml_node *fields_node;
	struct mattermost_field *fields;
	size_t n_fields;
};

struct priority {
	struct str priority;
	bool requested_ack, persistent_notifications;
};

struct mattermost {
	struct str webhook_url, webhook_url_file;
	struct str channel, username, icon_url, icon_emoji, type;
	struct attachment main; /* of the entry's own keys */
	const struct yaml_node *attachments_node, *props, *priority_node;
	struct attachment *attachments;
	size_t n_attachments;
	struct str card; /* of props */
	struct priority *priority;
};

#define MAIN(kind, member, ...) \
	FIELD_AS(kind, #member, struct mattermost, main.member, ##__VA_ARGS__)

static const struct field FIELD_FIELDS[] = {
	FIELD(TEXT, struct mattermost_field, title),
	FIELD(TEXT, struct mattermost_field, value),
	FIELD_AS(BOOL, "short", struct mattermost_field, shorter),
};

#define PART(kind, member, ...) FIELD(kind, struct attachment, member, ##__VA_ARGS__)

static const struct field ATTACHMENT_FIELDS[] = {
	PART(TEXT, fallback),
	PART(TEXT, color),
	PART(TEXT, pretext),
	PART(TEXT, text),
	PART(TEXT, author_name),
	PART(TEXT, author_link),
	PART(TEXT, author_icon),
	PART(TEXT, title),
	PART(TEXT, title_link),
	PART(TEXT, thumb_url),
	PART(TEXT, footer),
	PART(TEXT, footer_icon),
	PART(TEXT, image_url),
	FIELD_AS(LIST, "fields", struct attachment, fields_node, FIELD_SUB(FIELD_FIELDS)),
};

static const struct field PROPS_FIELDS[] = {FIELD(TEXT, struct mattermost, card)};

static const struct field PRIORITY_FIELDS[] = {
	FIELD(TEXT, struct priority, priority),
	FIELD(BOOL, struct priority, requested_ack),
	FIELD(BOOL, struct priority, persistent_notifications),
};

static const struct field FIELDS[] = {
	FIELD(URL, struct mattermost, webhook_url, .secret = true),
	FIELD(TEXT, struct mattermost, webhook_url_file),
	FIELD(TEXT, struct mattermost, channel),
	FIELD(TEXT, struct mattermost, username),
	MAIN(TEXT, text),
	MAIN(TEXT, fallback),
	MAIN(TEXT, color),
	MAIN(TEXT, pretext),
	MAIN(TEXT, author_name),
	MAIN(TEXT, author_link),
	MAIN(TEXT, author_icon),
	MAIN(TEXT, title),
	MAIN(TEXT, title_link),
	FIELD_AS(LIST, "fields", struct mattermost, main.fields_node, FIELD_SUB(FIELD_FIELDS)),
	MAIN(TEXT, thumb_url),
	MAIN(TEXT, footer),
	MAIN(TEXT, footer_icon),
	MAIN(TEXT, image_url),
	FIELD(TEXT, struct mattermost, icon_url),
	FIELD(TEXT, struct mattermost, icon_emoji),
	FIELD_AS(LIST, "attachments", struct mattermost, attachments_node,
		 FIELD_SUB(ATTACHMENT_FIELDS)),
	FIELD(TEXT, struct mattermost, type),
	FIELD(MAP, struct mattermost, props, FIELD_SUB(PROPS_FIELDS)),
	FIELD_AS(MAP, "priority", struct mattermost, priority_node, FIELD_SUB(PRIORITY_FIELDS)),
};

static const struct mattermost DEFAULTS = {
	.username = STR("{{ template \"mattermost.default.username\" . }}"),
	.main = {.color = STR("{{ template \"mattermost.default.color\" . }}"),
		 .text = STR("{{ template \"mattermost.default.text\" . }}"),
		 .title = STR("{{ template \"mattermost.default.title\" . }}"),
		 .title_link = STR("{{ template \"mattermost.default.titlelink\" . }}"),
		 .fallback = STR("{{ template \"mattermost.default.fallback\" . }}")},
};

/* ---- configuration ----------------------------------------------------------------------- */
static bool check_attachment(const struct fields *f, struct attachment *a)
{
	bool ok = KIND_LIST(f, a->fields_node, "mattermost_field", FIELD_FIELDS, &a->fields,
			    &a->n_fields);

	for (size_t i = 0; i < a->n_fields && ok; i++) {
		const struct yaml_node *at = a->fields_node->items[i];

		if (!a->fields[i].title.n)
			ok = fields_error(f, at, "missing title in Mattermost field configuration");
		else if (!a->fields[i].value.n)
			ok = fields_error(f, at, "missing value in Mattermost field configuration");
	}
	return ok;
}

static bool check_extras(const struct fields *f, struct mattermost *c)
{
	struct fields strict = *f;
	bool ok = true;

	strict.ignore_unknown = false;
	if (c->props)
		ok &= FIELDS_READ(&strict, c->props, "mattermost_props", PROPS_FIELDS, c);
	if (c->priority_node) {
		c->priority = ARENA_NEW(f->arena, struct priority);
		ok &= FIELDS_READ(&strict, c->priority_node, "mattermost_priority", PRIORITY_FIELDS,
				  c->priority);
	}
	return ok;
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct mattermost *c = config;
	bool ok;

	if (!kind_not_both(f, e->node, "webhook_url", c->webhook_url, c->webhook_url_file))
		return false;
	if (!c->webhook_url.n && !c->webhook_url_file.n) {
		c->webhook_url = e->global->mattermost_webhook_url;
		c->webhook_url_file = e->global->mattermost_webhook_url_file;
	}
	if (!c->webhook_url.n && !c->webhook_url_file.n)
		return fields_error(f, e->node,
				    "missing webhook_url or webhook_url_file on "
				    "mattermost_config");
	ok = KIND_LIST(f, c->attachments_node, "mattermost_attachment", ATTACHMENT_FIELDS,
		       &c->attachments, &c->n_attachments);
	for (size_t i = 0; i < c->n_attachments && ok; i++)
		ok = check_attachment(f, &c->attachments[i]);
	return check_attachment(f, &c->main) && check_extras(f, c) && ok;
}

/* ---- the request ------------------------------------------------------------------------- */
static void put_attachment(struct json_writer *w, struct kind_texts *t, const struct attachment *a)
{
	json_open(w, NULL, '{');
	json_put_given(w, "fallback", kind_expand_next(t, "fallback", a->fallback));
	json_put_given(w, "color", kind_expand_next(t, "color", a->color));
	json_put_given(w, "pretext", kind_expand_next(t, "pretext", a->pretext));
	json_put_given(w, "text", kind_expand_next(t, "text", a->text));
	json_put_given(w, "author_name", kind_expand_next(t, "author_name", a->author_name));
	json_put_given(w, "author_link", kind_expand_next(t, "author_link", a->author_link));
	json_put_given(w, "author_icon", kind_expand_next(t, "author_icon", a->author_icon));
	json_put_given(w, "title", kind_expand_next(t, "title", a->title));
	json_put_given(w, "title_link", kind_expand_next(t, "title_link", a->title_link));
	if (a->n_fields) {
		json_open(w, "fields", '[');
		for (size_t i = 0; i < a->n_fields; i++) {
			json_open(w, NULL, '{');
			json_put(w, "title", kind_expand_next(t, "field", a->fields[i].title));
			json_put(w, "value", kind_expand_next(t, "field", a->fields[i].value));
			json_put_bool(w, "short", a->fields[i].shorter);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_put_given(w, "thumb_url", kind_expand_next(t, "thumb_url", a->thumb_url));
	json_put_given(w, "footer", kind_expand_next(t, "footer", a->footer));
	json_put_given(w, "footer_icon", kind_expand_next(t, "footer_icon", a->footer_icon));
	json_put_given(w, "image_url", kind_expand_next(t, "image_url", a->image_url));
	json_close(w, '}');
}

static void put_extras(struct json_writer *w, struct kind_texts *t, const struct mattermost *c)
{
	json_put_given(w, "type", kind_expand(t, "type", c->type));
	if (c->props) {
		json_open(w, "props", '{');
		json_put_given(w, "card", kind_expand(t, "card", c->card));
		json_close(w, '}');
	}
	if (c->priority) {
		json_open(w, "priority", '{');
		json_put(w, "priority", kind_expand(t, "priority", c->priority->priority));
		if (c->priority->requested_ack)
			json_put_bool(w, "requested_ack", true);
		if (c->priority->persistent_notifications)
			json_put_bool(w, "persistent_notifications", true);
		json_close(w, '}');
	}
}

static void put_body(struct json_writer *w, struct kind_texts *t, const struct mattermost *c)
{
	const struct delivery *d = t->d;

	json_put_given(w, "channel", kind_expand(t, "channel", c->channel));
	json_put_given(w, "username", kind_expand(t, "username", c->username));
	json_put_given(w, "icon_url", kind_expand(t, "icon_url", c->icon_url));
	json_put_given(w, "icon_emoji", kind_expand(t, "icon_emoji", c->icon_emoji));
	if (d->plain) {
		json_put(w, "text", kind_plain_text(d->arena, d->message, TEXT_MAX / 2));
		return;
	}
	json_open(w, "attachments", '[');
	put_attachment(w, t, &c->main);
	for (size_t i = 0; i < c->n_attachments; i++)
		put_attachment(w, t, &c->attachments[i]);
	json_close(w, ']');
	put_extras(w, t, c);
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	static const char *const pings[] = {"@all", "@channel", "@here", NULL};
	const struct mattermost *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;
	struct json_writer w = {.b = &b};

	if (reply)
		return receiver_classify(d, now, reply);
	kind_without_pings(d, pings);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	d->request.url_file = c->webhook_url_file;
	if (!t.failed || d->plain)
		return kind_post_json(d, c->webhook_url, &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

const struct receiver_kind RECEIVER_MATTERMOST = {
	.name = "mattermost",
	.config_key = "mattermost_configs",
	KIND_CONFIG(struct mattermost, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
