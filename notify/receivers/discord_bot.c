/*
 * Discord by a bot: a direct message needs its channel first, a page gets its first reaction, so
 * that one touch answers it. Reactions are heard by asking about the message.
 */
#include <jansson.h>

#include "base/url.h"
#include "notify/receivers/discord.h"
#include "notify/receivers/kinds.h"

#define SIGN_ACK "✅"

static struct str address(struct delivery *d, struct str channel, struct str message)
{
	const struct discord *c = d->to->config;

	return arena_printf(d->arena, "%.*s/channels/%.*s/messages%s%.*s",
			    STR_ARG(url_base(c->api_url)), STR_ARG(channel), message.n ? "/" : "",
			    STR_ARG(message));
}

static struct str reaction(struct delivery *d, struct str id, struct str sign, const char *tail)
{
	ptrdiff_t slash = str_find_char(id, '/');
	struct str url = address(d, str_cut(id, 0, (size_t)slash), str_from(id, (size_t)slash + 1));
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "%.*s/reactions/", STR_ARG(url));
	url_put_path(&b, sign);
	buf_adds(&b, tail);
	url = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return url;
}

/* ---- telling ----------------------------------------------------------------------------- */
static enum deliver_result ask_channel(struct delivery *d, const struct discord *c)
{
	d->note = STR("channel");
	d->request = (struct io_request){
		.method = STR("POST"),
		.config = d->to->http,
		.url = arena_printf(d->arena, "%.*s/users/@me/channels",
				    STR_ARG(url_base(c->api_url))),
		.body = arena_printf(d->arena, "{\"recipient_id\":\"%.*s\"}", STR_ARG(c->user_id)),
	};
	kind_header(d, "Content-Type", STR("application/json"));
	kind_header(d, "User-Agent", STR(DISCORD_AGENT));
	return DELIVER_REQUEST;
}

static enum deliver_result post(struct delivery *d, struct now now)
{
	const struct discord *c = d->to->config;
	struct str channel = c->channel_id.n ? c->channel_id : d->memo;
	ptrdiff_t slash = str_find_char(d->provider_id, '/');

	if (slash < 0)
		d->provider_id = STR("");
	if (!d->provider_id.n && !channel.n)
		return ask_channel(d, c);
	d->note = STR("message");
	if (!discord_body(d, now))
		return DELIVER_PLAIN;
	d->request.url = d->provider_id.n ? address(d, str_cut(d->provider_id, 0, (size_t)slash),
						    str_from(d->provider_id, (size_t)slash + 1))
					  : address(d, channel, STR(""));
	return DELIVER_REQUEST;
}

/* The page is there; what becomes of this does not matter. */
static enum deliver_result seed(struct delivery *d)
{
	d->note = STR("reaction");
	d->request = (struct io_request){
		.method = STR("PUT"),
		.config = d->to->http,
		.url = reaction(d, d->new_provider_id, STR(SIGN_ACK), "/@me"),
		.timeout = 3 * SECOND,
	};
	kind_header(d, "User-Agent", STR(DISCORD_AGENT));
	return DELIVER_REQUEST;
}

static enum deliver_result posted(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	struct discord_answer a = discord_read(d, reply);
	const struct discord *c = d->to->config;
	struct str channel = c->channel_id.n ? c->channel_id : d->memo;

	if (r == DELIVER_RETRY && d->wait < 0)
		d->wait = a.wait;
	if (d->provider_id.n &&
	    (a.code == DISCORD_UNKNOWN_MESSAGE || a.code == DISCORD_EDITS_EXHAUSTED)) {
		d->provider_id = STR("");
		return post(d, now);
	}
	if (r != DELIVER_SENT)
		return r;
	d->new_provider_id = d->provider_id;
	if (d->provider_id.n || !a.id.n)
		return DELIVER_SENT;
	d->new_provider_id = arena_printf(d->arena, "%.*s/%.*s", STR_ARG(channel), STR_ARG(a.id));
	return d->message->page.waiting ? seed(d) : DELIVER_SENT;
}

enum deliver_result discord_bot_step(struct delivery *d, struct now now,
				     const struct io_reply *reply)
{
	enum deliver_result r;
	struct discord_answer a;

	if (!reply)
		return post(d, now);
	if (str_is(d->note, "reaction"))
		return DELIVER_SENT;
	if (!str_is(d->note, "channel"))
		return posted(d, now, reply);
	r = receiver_classify(d, now, reply);
	a = discord_read(d, reply);
	if (r == DELIVER_PLAIN || (r == DELIVER_SENT && !a.id.n))
		return kind_dead(d, DEAD_DESTINATION, "Discord has no such user for the bot");
	if (r != DELIVER_SENT)
		return r;
	d->memo = d->new_memo = a.id;
	return post(d, now);
}

/* ---- hearing ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct discord *c = to->config;

	if (!discord_is_bot(c))
		return STR("");
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(c->api_url), STR_ARG(c->bot_token),
			    STR_ARG(c->bot_token_file));
}

static struct str user(const struct integration *to, struct arena *a)
{
	(void)a;
	return ((const struct discord *)to->config)->user_id;
}

/* The message tells how many there are of each sign, another request of whom. The note has the
 * signs that are still to be asked about, between blanks. */
static enum hear_result ask_next(struct hearing *h)
{
	ptrdiff_t end = str_find_char(h->d.note, ' ');
	struct str sign = end < 0 ? h->d.note : str_cut(h->d.note, 0, (size_t)end);

	if (!sign.n)
		return h->n ? HEAR_HEARD : HEAR_DONE;
	kind_header(&h->d, "User-Agent", STR(DISCORD_AGENT));
	return hearing_get(h, reaction(&h->d, h->message, sign, "?limit=100"));
}

static void note_signs(struct hearing *h, const json_t *message)
{
	const json_t *list = json_object_get(message, "reactions");
	struct str note = STR("");
	json_t *r;
	size_t i;

	json_array_foreach(list, i, r)
	{
		json_int_t count = json_integer_value(json_object_get(r, "count"));
		const char *sign =
			json_string_value(json_object_get(json_object_get(r, "emoji"), "name"));
		enum answer_verb verb;

		count -= json_is_true(json_object_get(r, "me"));
		if (count > 0 && sign && answer_of_reaction(str_of(sign), &verb))
			note = arena_printf(h->d.arena, "%.*s%s ", STR_ARG(note), sign);
	}
	h->d.note = note;
}

static void read_users(struct hearing *h, const json_t *list)
{
	ptrdiff_t end = str_find_char(h->d.note, ' ');
	struct str sign = str_cut(h->d.note, 0, (size_t)MAX(end, 0));
	json_t *u;
	size_t i;

	json_array_foreach(list, i, u)
	{
		const char *id = json_string_value(json_object_get(u, "id"));

		if (id && !json_is_true(json_object_get(u, "bot")))
			hearing_reaction(h, sign, str_of(id),
					 str_of(json_string_value(json_object_get(u, "username"))));
	}
	h->d.note = str_from(h->d.note, (size_t)(end + 1));
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	ptrdiff_t slash = str_find_char(h->message, '/');
	json_t *root;

	if (!reply && (h->d.step || slash < 0))
		return HEAR_DONE;
	if (!reply) {
		kind_header(&h->d, "User-Agent", STR(DISCORD_AGENT));
		return hearing_get(h, address(&h->d, str_cut(h->message, 0, (size_t)slash),
					      str_from(h->message, (size_t)slash + 1)));
	}
	if (reply->outcome == IO_REPLIED && reply->status == 404)
		return HEAR_DONE; /* somebody has deleted it */
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	if (h->d.step == 1)
		note_signs(h, root);
	else
		read_users(h, root);
	json_decref(root);
	return ask_next(h);
}

const struct hearing_kind DISCORD_HEARING = {
	.every = 2 * SECOND,
	.how = "react with ✅ (👀 looking, 🆘 escalate, 🔇 snooze)",
	.account = account,
	.user = user,
	.step = hear,
};
