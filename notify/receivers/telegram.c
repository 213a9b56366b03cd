/*
 * telegram_configs: sendMessage of a bot. In parse_mode HTML, the default, the text is an HTML
 * template. With update_message the first message of a group is edited.
 */
#include <jansson.h>
#include <math.h>

#include "base/json_writer.h"
#include "base/num.h"
#include "base/url.h"
#include "notify/hearing.h"
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

/* Four buttons as long as nobody has it; an edit without them takes them away. */
static void put_buttons(struct json_writer *w, const struct delivery *d)
{
	static const struct {
		const char *text;
		enum answer_verb verb;
	} buttons[] = {{"Acknowledge", ANSWER_ACK},
		       {"Escalate", ANSWER_ESCALATE},
		       {"Looking", ANSWER_LOOK},
		       {"Snooze 30 min", ANSWER_SNOOZE}};
	const struct message_page *p = &d->message->page;

	if (!p->waiting)
		return;
	json_open(w, "reply_markup", '{');
	json_open(w, "inline_keyboard", '[');
	for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
		if (i % 2 == 0)
			json_open(w, NULL, '[');
		json_open(w, NULL, '{');
		json_put(w, "text", str_of(buttons[i].text));
		json_put(w, "callback_data",
			 arena_printf(d->arena, "%s:%llu:%lld", answer_verb_name(buttons[i].verb),
				      (unsigned long long)p->incident, (long long)p->step));
		json_close(w, '}');
		if (i % 2)
			json_close(w, ']');
	}
	json_close(w, ']');
	json_close(w, '}');
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
	put_buttons(w, d);
}

static struct str address(struct delivery *d, const struct telegram *c, const char *method)
{
	struct str token = kind_secret(d, c->bot_token, c->bot_token_file, IO_IN_URL_PATH);

	return arena_printf(d->arena, "%.*s/bot%.*s/%s", STR_ARG(url_base(c->api_url)),
			    STR_ARG(token), method);
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct telegram *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;
	struct json_writer w = {.b = &b};
	struct str url;

	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	url = address(d, c, d->provider_id.n ? "editMessageText" : "sendMessage");
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

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct telegram *c = to->config;

	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(c->api_url), STR_ARG(c->bot_token),
			    STR_ARG(c->bot_token_file));
}

/* The number of a private chat is that of the person; groups have negative ones. */
static struct str user(const struct integration *to, struct arena *a)
{
	const struct telegram *c = to->config;
	int64_t id;

	(void)a;
	return num_int(c->chat_id, 10, &id) == NUM_OK && id > 0 ? c->chat_id : STR("");
}

static bool sends_to(const struct integration *to, struct str chat)
{
	const struct telegram *c = to->config;

	return !c->chat_id.n || str_eq(c->chat_id, chat);
}

/* A round that asks with an offset has confirmed what came before it: answers that are on disk. */
static enum hear_result ask(struct hearing *h)
{
	struct delivery *d = &h->d;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b,
		   "{\"timeout\":50,\"limit\":%d,\"allowed_updates\":[\"callback_query\","
		   "\"message\",\"message_reaction\"]",
		   HEARD_MAX);
	if (h->cursor.n)
		buf_printf(&b, ",\"offset\":%.*s", STR_ARG(h->cursor));
	buf_addc(&b, '}');
	d->request.timeout = 65 * SECOND;
	kind_post_json(d, address(d, d->to->config, "getUpdates"), &b);
	return HEAR_REQUEST;
}

static struct str number_at(struct arena *a, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? arena_printf(a, "%lld", (long long)json_integer_value(v))
				  : STR("");
}

static struct str text_at(struct arena *a, const json_t *object, const char *key)
{
	return arena_str(a, str_of(json_string_value(json_object_get(object, key))));
}

static void from(struct hearing *h, struct heard *x, const json_t *user, struct str update)
{
	struct arena *a = h->d.arena;
	struct str name = text_at(a, user, "username");

	x->user = number_at(a, user, "id");
	x->name = name.n ? arena_printf(a, "@%.*s", STR_ARG(name)) : text_at(a, user, "first_name");
	x->once = update;
}

/* "ack:42:1" */
static void read_button(struct hearing *h, const json_t *query, struct str update)
{
	struct str data = text_at(h->d.arena, query, "data"), rest;
	ptrdiff_t one = str_find_char(data, ':'), two;
	struct heard v = {.seen = -1}, *x;

	if (one < 0 || !answer_verb_parse(str_cut(data, 0, (size_t)one), &v.verb))
		return;
	rest = str_from(data, (size_t)one + 1);
	two = str_find_char(rest, ':');
	if (two < 0 || num_uint(str_cut(rest, 0, (size_t)two), 10, &v.incident) != NUM_OK ||
	    num_int(str_from(rest, (size_t)two + 1), 10, &v.seen) != NUM_OK ||
	    !(x = hearing_add(h)))
		return;
	*x = v;
	from(h, x, json_object_get(query, "from"), update);
	x->handle = text_at(h->d.arena, query, "id");
}

static void read_words(struct hearing *h, const json_t *message, struct str update)
{
	const json_t *to = json_object_get(message, "reply_to_message");
	struct heard v = {.seen = -1, .text = str_trim(text_at(h->d.arena, message, "text"))}, *x;

	if (!answer_of_words(v.text, &v.verb, &v.incident)) {
		v.verb = ANSWER_NOTE;
		v.incident = 0;
		if (!to || !v.text.n)
			return;
	}
	x = hearing_add(h);
	if (!x)
		return;
	*x = v;
	from(h, x, json_object_get(message, "from"), update);
	x->at = json_integer_value(json_object_get(message, "date")) * SECOND + SECOND - 1;
	x->message = number_at(h->d.arena, to, "message_id");
	x->place = number_at(h->d.arena, json_object_get(message, "chat"), "id");
}

static void read_reaction(struct hearing *h, const json_t *r, struct str update)
{
	const json_t *first = json_array_get(json_object_get(r, "new_reaction"), 0);
	struct heard v = {.seen = -1}, *x;

	if (!answer_of_reaction(text_at(h->d.arena, first, "emoji"), &v.verb) ||
	    !(x = hearing_add(h)))
		return;
	*x = v;
	from(h, x, json_object_get(r, "user"), update);
	x->message = number_at(h->d.arena, r, "message_id");
	x->place = number_at(h->d.arena, json_object_get(r, "chat"), "id");
}

static enum hear_result read_updates(struct hearing *h, struct now now,
				     const struct io_reply *reply)
{
	json_t *root = hearing_json(h, now, reply), *update;
	const json_t *list = json_object_get(root, "result");
	json_int_t last = 0;
	size_t i;

	if (!json_is_array(list)) {
		const char *hint = reply->status == 409
					   ? ": somebody else reads this bot's updates (another "
					     "rouse, or a webhook)"
					   : "";

		json_decref(root);
		if (reply->outcome == IO_REPLIED)
			err_set(&h->d.err, -1, "getUpdates was answered with %d%s", reply->status,
				hint);
		return HEAR_FAILED;
	}
	json_array_foreach(list, i, update)
	{
		struct str id = number_at(h->d.arena, update, "update_id");

		last = MAX(last, json_integer_value(json_object_get(update, "update_id")));
		read_button(h, json_object_get(update, "callback_query"), id);
		read_words(h, json_object_get(update, "message"), id);
		read_reaction(h, json_object_get(update, "message_reaction"), id);
	}
	if (json_array_size(list))
		h->new_cursor = arena_printf(h->d.arena, "%lld", (long long)last + 1);
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

/* Until it is told, the button turns. What becomes of that does not matter. */
static enum hear_result tell_next(struct hearing *h)
{
	struct delivery *d = &h->d;
	struct json_writer w;
	struct buf b;

	for (; h->told < h->n; h->told++) {
		const struct heard *x = &h->heard[h->told];

		if (!x->handle.n)
			continue;
		buf_init(&b, BUF_MAX_ANY);
		w = (struct json_writer){.b = &b};
		json_open(&w, NULL, '{');
		json_put(&w, "callback_query_id", x->handle);
		json_put(&w, "text", kind_clip(d->arena, x->said, 200));
		json_close(&w, '}');
		kind_post_json(d, address(d, d->to->config, "answerCallbackQuery"), &b);
		h->told++;
		return HEAR_REQUEST;
	}
	return HEAR_DONE;
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	if (!reply && !h->n)
		return ask(h);
	return reply && !h->n ? read_updates(h, now, reply) : tell_next(h);
}

static const struct hearing_kind HEARING = {
	.stream = true,
	.every = SECOND, /* a request lasts until there is something, or 50 s */
	.how = "press a button or reply: ack %",
	.account = account,
	.user = user,
	.sends_to = sends_to,
	.step = hear,
};

const struct receiver_kind RECEIVER_TELEGRAM = {
	.name = "telegram",
	.config_key = "telegram_configs",
	KIND_CONFIG(struct telegram, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 1,
};
