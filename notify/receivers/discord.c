/*
 * discord_configs: one embed, through a channel's webhook or by a bot (bot_token with channel_id,
 * or with user_id for a direct message). Nobody is pinged by a label. With update_message the first
 * message of a group is edited in place; where Discord does not allow that any more, a new one is
 * posted. What a bot has posted can be answered with reactions; their ids are "CHANNEL/MESSAGE".
 *
 * The address of the webhook is its credential; it stands in no error and no log.
 */
#include <jansson.h>
#include <math.h>

#include "base/json.h"
#include "base/num.h"
#include "notify/receivers/discord.h"
#include "notify/receivers/kinds.h"

#define TITLE_MAX 256
#define TEXT_MAX 4096
#define CONTENT_MAX 2000
#define RED 0x992D22
#define GREEN 0x2ECC71

static const struct field FIELDS[] = {
	FIELD(URL, struct discord, webhook_url, .secret = true),
	FIELD(TEXT, struct discord, webhook_url_file),
	FIELD(TEXT, struct discord, content),
	FIELD(TEXT, struct discord, title),
	FIELD(TEXT, struct discord, message),
	FIELD(TEXT, struct discord, username),
	FIELD(TEXT, struct discord, avatar_url),
	FIELD(TEXT, struct discord, bot_token, .secret = true),
	FIELD(TEXT, struct discord, bot_token_file),
	FIELD(TEXT, struct discord, channel_id),
	FIELD(TEXT, struct discord, user_id),
	FIELD(URL, struct discord, api_url),
};

static const struct discord DEFAULTS = {
	.title = STR("{{ template \"discord.default.title\" . }}"),
	.message = STR("{{ template \"discord.default.message\" . }}"),
};

static bool check_bot(const struct kind_entry *e, struct discord *c)
{
	const struct fields *f = &e->fields;

	if (c->webhook_url.n || c->webhook_url_file.n)
		return fields_error(f, e->node,
				    "at most one of webhook_url & bot_token must be configured");
	if (!kind_not_both(f, e->node, "bot_token", c->bot_token, c->bot_token_file))
		return false;
	if (!c->channel_id.n == !c->user_id.n)
		return fields_error(f, e->node,
				    "exactly one of channel_id & user_id must be configured with a "
				    "bot_token");
	if (!c->api_url.n)
		c->api_url = STR("https://discord.com/api/v10");
	e->to->http = kind_with_authorization(e, "Bot", c->bot_token, c->bot_token_file);
	return true;
}

static bool check(const struct kind_entry *e, void *config)
{
	struct discord *c = config;

	if (!discord_is_bot(c) && (c->channel_id.n || c->user_id.n || c->api_url.n))
		return fields_error(&e->fields, e->node,
				    "channel_id, user_id and api_url need a bot_token");
	if (discord_is_bot(c) && !check_bot(e, c))
		return false;
	return (discord_is_bot(c) || kind_one_of(&e->fields, e->node, "webhook_url", c->webhook_url,
						 c->webhook_url_file)) &&
	       kind_check_text(&e->fields, e->node, "title", c->title) &&
	       kind_check_text(&e->fields, e->node, "message", c->message) &&
	       kind_check_text(&e->fields, e->node, "content", c->content);
}

struct texts {
	struct str title, message, content;
};

/* Plain: what was refused, or could not be expanded, in rouse's own words and short. */
static bool expand(struct delivery *d, struct now now, struct texts *t)
{
	const struct discord *c = d->to->config;

	if (d->plain) {
		t->title = kind_title(d->arena, d->message);
		t->message = kind_plain_text(d->arena, d->message, TEXT_MAX / 2);
		return true;
	}
	return notify_render(d, now, "title", c->title, RENDER_TEXT, &t->title) &&
	       notify_render(d, now, "message", c->message, RENDER_TEXT, &t->message) &&
	       notify_render(d, now, "content", c->content, RENDER_TEXT, &t->content);
}

static void put_body(struct buf *b, const struct delivery *d, const struct texts *t)
{
	const struct discord *c = d->to->config;

	buf_adds(b, "{\"content\":");
	json_put_str_html(b, kind_clip(d->arena, t->content, CONTENT_MAX));
	buf_adds(b, ",\"embeds\":[{\"title\":");
	json_put_str_html(b, kind_clip(d->arena, t->title, TITLE_MAX));
	buf_adds(b, ",\"description\":");
	json_put_str_html(b, kind_clip(d->arena, t->message, TEXT_MAX));
	buf_printf(b, ",\"color\":%d}]", message_resolved(d->message) ? GREEN : RED);
	if (c->username.n) {
		buf_adds(b, ",\"username\":");
		json_put_str_html(b, c->username);
	}
	if (c->avatar_url.n) {
		buf_adds(b, ",\"avatar_url\":");
		json_put_str_html(b, c->avatar_url);
	}
	buf_adds(b, "}\n");
}

/* The address, with /messages/ID before and wait=true behind its query. */
static void set_address(struct delivery *d)
{
	const struct discord *c = d->to->config;
	ptrdiff_t q = str_find_char(c->webhook_url, '?');
	struct str path = q < 0 ? c->webhook_url : str_cut(c->webhook_url, 0, (size_t)q);
	struct str query = q < 0 ? STR("") : str_from(c->webhook_url, (size_t)q + 1);
	struct str edit =
		d->provider_id.n ? arena_printf(d->arena, "/messages/%.*s", STR_ARG(d->provider_id))
				 : STR("");
	/* Only who edits later must know the message's id. */
	const char *wait = d->to->update_message && !d->provider_id.n ? "wait=true" : "";

	if (c->webhook_url_file.n) {
		d->request.url_file = c->webhook_url_file;
		d->request.url_tail =
			arena_printf(d->arena, "%.*s%s%s", STR_ARG(edit), wait[0] ? "?" : "", wait);
		return;
	}
	d->request.url = arena_printf(d->arena, "%.*s%.*s%s%.*s%s%s", STR_ARG(path), STR_ARG(edit),
				      query.n || wait[0] ? "?" : "", STR_ARG(query),
				      query.n && wait[0] ? "&" : "", wait);
}

bool discord_body(struct delivery *d, struct now now)
{
	static const char *const pings[] = {"@everyone", "@here", "<@", NULL};
	struct texts t = {0};
	struct buf b;

	kind_without_pings(d, pings);
	if (!expand(d, now, &t))
		return false;
	d->request = (struct io_request){
		.method = d->provider_id.n ? STR("PATCH") : STR("POST"),
		.config = d->to->http,
	};
	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, d, &t);
	d->request.body = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	kind_header(d, "Content-Type", STR("application/json"));
	kind_header(d, "User-Agent", STR(DISCORD_AGENT));
	return true;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	if (!discord_body(d, now))
		return DELIVER_PLAIN;
	set_address(d);
	return DELIVER_REQUEST;
}

struct discord_answer discord_read(struct delivery *d, const struct io_reply *reply)
{
	struct discord_answer a = {.wait = -1};
	json_t *root = json_loadb(reply->body.p ? reply->body.p : "", reply->body.n, 0, NULL);
	const json_t *id = json_object_get(root, "id");
	const json_t *wait = json_object_get(root, "retry_after");

	if (json_is_string(id))
		a.id = arena_str(d->arena, str_of(json_string_value(id)));
	if (json_is_number(wait) && json_number_value(wait) >= 0)
		a.wait = json_number_value(wait) > 900
				 ? 15 * MINUTE
				 : kind_clamp_wait((ms_t)ceil(json_number_value(wait) * 1000));
	a.code = json_integer_value(json_object_get(root, "code"));
	json_decref(root);
	return a;
}

static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	struct discord_answer a = discord_read(d, reply);

	if (r == DELIVER_SENT)
		d->new_provider_id = d->provider_id.n ? d->provider_id : a.id;
	if (r == DELIVER_RETRY && d->wait < 0)
		d->wait = a.wait;
	if (d->provider_id.n &&
	    (a.code == DISCORD_UNKNOWN_MESSAGE || a.code == DISCORD_EDITS_EXHAUSTED)) {
		d->provider_id = STR("");
		return build(d, now);
	}
	/* An unknown webhook stays unknown whatever is sent to it. */
	if (r == DELIVER_PLAIN && reply->status != 400 && reply->status != 413)
		return DELIVER_DEAD;
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	if (discord_is_bot(d->to->config))
		return discord_bot_step(d, now, reply);
	return reply ? understand(d, now, reply) : build(d, now);
}

const struct receiver_kind RECEIVER_DISCORD = {
	.name = "discord",
	.config_key = "discord_configs",
	KIND_CONFIG(struct discord, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &DISCORD_HEARING,
	.parallel = 2,
};
