/*
 * telegram_configs: sendMessage of a bot. In parse_mode HTML, the default, the text is an HTML
 * template. With update_message the first message of a group is edited.
 */
#include <jansson.h>
#include <math.h>

#include "base/json_writer.h"
#include "base/num.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 4096

struct telegram {
	struct str api_url, bot_token, bot_token_file, chat_id, chat_id_file, message, parse_mode;
	int64_t message_thread_id;
	bool disable_notifications;
};

#define KEY(kind, member, ...) FIELD(kind, struct telegram, member, ##__VA_ARGS__)

/* A number, as upstream has it. */
static void put_chat_id(struct yaml_out *o, const struct field *fd, const void *from)
{
	struct str id = ((const struct telegram *)from)->chat_id;
	int64_t number;

	if (!id.n)
		return;
	yaml_out_key(o, fd->name);
	if (num_int(id, 10, &number) == NUM_OK)
		yaml_out_plain(o, id);
	else
		yaml_out_text(o, id);
}

static const struct field FIELDS[] = {
	KEY(URL, api_url),	   KEY(TEXT, bot_token, .secret = true),
	KEY(TEXT, bot_token_file), KEY(TEXT, chat_id, .put = put_chat_id),
	KEY(TEXT, chat_id_file),   KEY(INT, message_thread_id),
	KEY(TEXT, message),	   KEY(BOOL, disable_notifications),
	KEY(TEXT, parse_mode),
};

static const struct telegram DEFAULTS = {
	.message = STR("{{ template \"telegram.default.message\" . }}"),
	.parse_mode = STR("HTML"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct telegram *c = config;

	if (!kind_not_both(f, e->node, "bot_token", c->bot_token, c->bot_token_file) ||
	    !kind_not_both(f, e->node, "chat_id", c->chat_id, c->chat_id_file))
		return false;
	if (str_is(c->chat_id, "0"))
		c->chat_id = STR("");
	if (!c->chat_id.n && !c->chat_id_file.n)
		return fields_error(f, e->node,
				    "missing chat_id or chat_id_file on telegram_config");
	if (c->parse_mode.n && !fields_has_word("Markdown MarkdownV2 HTML", c->parse_mode))
		return fields_error(f, yaml_get(e->node, "parse_mode"),
				    "unknown parse_mode on telegram_config, must be Markdown, "
				    "MarkdownV2, HTML or empty string");
	if (!c->api_url.n)
		c->api_url = e->global->telegram_api_url;
	if (!c->bot_token.n && !c->bot_token_file.n) {
		c->bot_token = e->global->telegram_bot_token;
		c->bot_token_file = e->global->telegram_bot_token_file;
	}
	return c->bot_token.n || c->bot_token_file.n ||
	       fields_error(f, e->node, "missing bot_token or bot_token_file on telegram_config");
}

/* HTML that is cut would be no HTML any more: a fixed text stands for what is too long. */
static struct str text_of(struct kind_texts *t, const struct telegram *c)
{
	struct delivery *d = t->d;
	struct str s;

	if (d->plain)
		return kind_plain_text(d->arena, d->message, TEXT_MAX / 2);
	if (!str_is(c->parse_mode, "HTML"))
		return kind_clip(d->arena, kind_expand(t, "message", c->message), TEXT_MAX);
	s = kind_expand_html(t, "message", c->message);
	if (kind_clip(d->arena, s, TEXT_MAX).p == s.p)
		return s;
	return STR("Alertmanager notification could not be sent: message length exceeds Telegram "
		   "limits.\n\t\t\tPlease check the template used for producing the message "
		   "content.");
}

static void put_body(struct json_writer *w, struct kind_texts *t, const struct telegram *c)
{
	struct delivery *d = t->d;

	kind_put_secret(d, w, "chat_id", c->chat_id, c->chat_id_file);
	if (d->provider_id.n)
		json_put(w, "message_id", d->provider_id);
	if (c->disable_notifications)
		json_put(w, "disable_notification", STR("true"));
	json_put(w, "disable_web_page_preview", STR("true"));
	if (c->message_thread_id)
		json_put(w, "message_thread_id",
			 arena_printf(d->arena, "%lld", (long long)c->message_thread_id));
	if (c->parse_mode.n && !d->plain)
		json_put(w, "parse_mode", c->parse_mode);
	json_put(w, "text", text_of(t, c));
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct telegram *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;
	struct json_writer w = {.b = &b};
	struct str token, url = c->api_url;

	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	token = kind_secret(d, c->bot_token, c->bot_token_file, IO_IN_URL_PATH);
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	url = arena_printf(d->arena, "%.*s/bot%.*s/%s", STR_ARG(url), STR_ARG(token),
			   d->provider_id.n ? "editMessageText" : "sendMessage");
	return kind_post_json(d, url, &b);
}

/* What Telegram says of itself. */
static void read_answer(struct delivery *d, const json_t *root)
{
	const json_t *id = json_object_get(json_object_get(root, "result"), "message_id");
	const json_t *wait = json_object_get(json_object_get(root, "parameters"), "retry_after");
	const char *why = json_string_value(json_object_get(root, "description"));

	if (json_is_integer(id))
		d->new_provider_id =
			arena_printf(d->arena, "%lld", (long long)json_integer_value(id));
	if (json_is_number(wait) && d->wait < 0)
		d->wait = kind_clamp_wait((ms_t)ceil(MIN(json_number_value(wait), 900.0)) * SECOND);
	if (why && !json_is_true(json_object_get(root, "ok")))
		err_set(&d->err, -1, "refused: %s", why);
}

/* As upstream, whatever is no success is tried again; what was refused first in plain words. */
static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = reply->outcome == IO_REPLIED ? kind_json(reply) : NULL;
	const char *why = json_string_value(json_object_get(root, "description"));
	bool same = why && str_find(str_of(why), STR("message is not modified")) >= 0;
	bool gone = why && (str_find(str_of(why), STR("message to edit not found")) >= 0 ||
			    str_find(str_of(why), STR("message can't be edited")) >= 0);

	read_answer(d, root);
	json_decref(root);
	if (d->provider_id.n && same) {
		d->new_provider_id = d->provider_id;
		return DELIVER_SENT;
	}
	if (d->provider_id.n && gone) {
		d->provider_id = STR("");
		return build(d, now);
	}
	if (r == DELIVER_SENT || (r == DELIVER_PLAIN && !d->plain))
		return r;
	return DELIVER_RETRY;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

const struct receiver_kind RECEIVER_TELEGRAM = {
	.name = "telegram",
	.config_key = "telegram_configs",
	KIND_CONFIG(struct telegram, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.parallel = 1,
};
