/*
 * ntfy_configs: a push message to a topic of ntfy.sh or of a server of one's own. With
 * update_message the first message of the group is replaced (servers since 2.16; older ones post
 * another one).
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "base/num.h"
#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define MESSAGE_MAX 4096 /* bytes; longer ones become an attachment */
#define QUOTA_OF_DAY 42908
#define BYTES_OF_DAY 42905

struct ntfy {
	struct str url, topic, token, token_file, title, message, priority, tags, click, icon;
	bool markdown;
	struct str answer_topic, answer_token;
};

#define KEY(kind, member, ...) FIELD(kind, struct ntfy, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, url),
	KEY(TEXT, topic),
	KEY(TEXT, token, .secret = true),
	KEY(TEXT, token_file),
	KEY(TEXT, title),
	KEY(TEXT, message),
	KEY(TEXT, priority),
	KEY(TEXT, tags),
	KEY(TEXT, click),
	KEY(TEXT, icon),
	KEY(BOOL, markdown),
	KEY(TEXT, answer_topic),
	KEY(TEXT, answer_token, .secret = true),
};

static const struct ntfy DEFAULTS = {
	.url = STR("https://ntfy.sh"),
	.title = STR("{{ template \"rouse.title\" . }}"),
	.message = STR("{{ template \"rouse.text\" . }}"),
	.priority = STR("{{ template \"ntfy.default.priority\" . }}"),
	.tags = STR("{{ template \"ntfy.default.tags\" . }}"),
	.click = STR("{{ .ExternalURL }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct ntfy *c = config;

	if (!c->topic.n)
		return fields_error(f, e->node, "missing topic in ntfy_config");
	if (!kind_not_both(f, e->node, "token", c->token, c->token_file))
		return false;
	if (c->token.n || c->token_file.n)
		e->to->http = kind_with_token(e, c->token, c->token_file);
	return true;
}

/* "a, b" as a list. */
static void put_tags(struct json_writer *w, struct str tags)
{
	if (!str_trim(tags).n)
		return;
	json_open(w, "tags", '[');
	while (tags.n) {
		ptrdiff_t comma = str_find_char(tags, ',');
		struct str one = str_trim(comma < 0 ? tags : str_cut(tags, 0, (size_t)comma));

		if (one.n)
			json_put(w, NULL, one);
		tags = comma < 0 ? STR("") : str_from(tags, (size_t)comma + 1);
	}
	json_close(w, ']');
}

static void put_priority(struct json_writer *w, struct str text)
{
	int64_t v;

	if (num_int(str_trim(text), 10, &v) == NUM_OK && v >= 1 && v <= 5)
		json_put_int(w, "priority", v);
}

static struct str topic_url(struct arena *a, const struct ntfy *c)
{
	return arena_printf(a, "%.*s/%.*s", STR_ARG(url_base(c->url)), STR_ARG(c->answer_topic));
}

/* The button has the phone post a signed word to another topic, which is read here. */
static void put_actions(struct json_writer *w, const struct delivery *d)
{
	const struct ntfy *c = d->to->config;
	const struct message_page *p = &d->message->page;

	if (!p->waiting || !c->answer_topic.n || !p->token.n)
		return;
	json_open(w, "actions", '[');
	json_open(w, NULL, '{');
	json_put(w, "action", STR("http"));
	json_put(w, "label", STR("Acknowledge"));
	json_put(w, "url", topic_url(d->arena, c));
	json_put(w, "method", STR("POST"));
	if (c->answer_token.n) {
		json_open(w, "headers", '{');
		json_put(w, "Authorization",
			 arena_printf(d->arena, "Bearer %.*s", STR_ARG(c->answer_token)));
		json_close(w, '}');
	}
	json_put(w, "body", p->token);
	json_put_bool(w, "clear", true);
	json_close(w, '}');
	json_close(w, ']');
}

static void put_body(struct buf *b, struct kind_texts *t, const struct ntfy *c)
{
	struct delivery *d = t->d;
	struct json_writer w = {.b = b};
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, MESSAGE_MAX / 2)
				   : kind_expand(t, "message", c->message);

	json_open(&w, NULL, '{');
	json_put(&w, "topic", kind_expand(t, "topic", c->topic));
	json_put(&w, "title",
		 d->plain ? kind_title(d->arena, d->message) : kind_expand(t, "title", c->title));
	json_put(&w, "message", kind_clip_bytes(d->arena, str_trim(text), MESSAGE_MAX));
	put_priority(&w, d->plain ? STR("4") : kind_expand(t, "priority", c->priority));
	if (!d->plain) {
		put_tags(&w, kind_expand(t, "tags", c->tags));
		json_put_given(&w, "click", kind_expand(t, "click", c->click));
		json_put_given(&w, "icon", kind_expand(t, "icon", c->icon));
		if (c->markdown)
			json_put_bool(&w, "markdown", true);
	}
	put_actions(&w, d);
	json_put_given(&w, "sequence_id", d->provider_id);
	json_close(&w, '}');
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct ntfy *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, &t, c);
	if (!t.failed || d->plain)
		return kind_post_json(d, c->url, &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = kind_json(reply);
	int64_t code = json_integer_value(json_object_get(root, "code"));
	const char *id = json_string_value(json_object_get(root, "id"));

	if (r == DELIVER_SENT)
		d->new_provider_id =
			d->provider_id.n ? d->provider_id : arena_str(d->arena, str_of(id));
	json_decref(root);
	/* Nothing goes through until midnight (UTC). */
	if (code == QUOTA_OF_DAY || code == BYTES_OF_DAY)
		return kind_dead(d, DEAD_DESTINATION, "ntfy: the quota of the day is used up");
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct ntfy *c = to->config;

	if (!c->answer_topic.n)
		return STR("");
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(topic_url(a, c)), STR_ARG(c->token),
			    STR_ARG(c->token_file));
}

static void read_line(struct hearing *h, struct str line)
{
	json_t *root = json_loadb(line.p, line.n, 0, NULL);
	const char *event = json_string_value(json_object_get(root, "event"));
	const char *id = json_string_value(json_object_get(root, "id"));
	const char *text = json_string_value(json_object_get(root, "message"));
	struct heard *x;

	/* What there is no room for comes again with the next round. */
	if (event && id && text && strcmp(event, "message") == 0 && (x = hearing_add(h))) {
		h->new_cursor = arena_str(h->d.arena, str_of(id));
		x->token = arena_str(h->d.arena, str_trim(str_of(text)));
	}
	json_decref(root);
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	const struct ntfy *c = h->d.to->config;
	struct str rest;

	(void)now;
	if (!reply && h->d.step)
		return HEAR_DONE;
	if (!reply && h->cursor.n)
		return hearing_get(h, arena_printf(h->d.arena, "%.*s/json?poll=1&since=%.*s",
						   STR_ARG(topic_url(h->d.arena, c)),
						   STR_ARG(h->cursor)));
	if (!reply)
		return hearing_get(h, arena_printf(h->d.arena, "%.*s/json?poll=1&since=%lld",
						   STR_ARG(topic_url(h->d.arena, c)),
						   (long long)(h->since / SECOND)));
	if (reply->outcome != IO_REPLIED || reply->status != 200) {
		err_set(&h->d.err, -1, "the topic %.*s cannot be read: %.*s (%d)",
			STR_ARG(c->answer_topic), STR_ARG(reply->error), reply->status);
		return HEAR_FAILED;
	}
	for (rest = reply->body; rest.n;) {
		ptrdiff_t end = str_find_char(rest, '\n');

		read_line(h, end < 0 ? rest : str_cut(rest, 0, (size_t)end));
		rest = end < 0 ? STR("") : str_from(rest, (size_t)end + 1);
	}
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.stream = true,
	.signs = true,
	.every = 5 * SECOND, /* what ntfy.sh allows for long */
	.how = "press Acknowledge",
	.account = account,
	.step = hear,
};

const struct receiver_kind RECEIVER_NTFY = {
	.name = "ntfy",
	.config_key = "ntfy_configs",
	KIND_CONFIG(struct ntfy, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 4,
};
