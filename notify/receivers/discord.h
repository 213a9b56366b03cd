/* What a channel's webhook (discord.c) and a bot (discord_bot.c) share. */
#ifndef NOTIFY_RECEIVERS_DISCORD_H
#define NOTIFY_RECEIVERS_DISCORD_H

#include "base/base.h"
#include "notify/hearing.h"
#include "notify/receiver.h"

#define DISCORD_AGENT "DiscordBot (rouse, 1.0)"

/* Discord's own error codes. */
#define DISCORD_UNKNOWN_MESSAGE 10008
#define DISCORD_EDITS_EXHAUSTED 30046

struct discord {
	struct str webhook_url, webhook_url_file;
	struct str title, message, content, username, avatar_url;
	struct str bot_token, bot_token_file, channel_id, user_id, api_url;
};

static inline bool discord_is_bot(const struct discord *c)
{
	return c->bot_token.n || c->bot_token_file.n;
}

/* Method, headers and body of the message; the address is still to be set. False: a text cannot be
 * expanded. */
ATTR_CHECK bool discord_body(struct delivery *d, struct now now);

/* What Discord says in its answer. */
struct discord_answer {
	struct str id;
	int64_t code;
	ms_t wait; /* -1: not said */
};
struct discord_answer discord_read(struct delivery *d, const struct io_reply *reply);

enum deliver_result discord_bot_step(struct delivery *d, struct now now,
				     const struct io_reply *reply);
extern const struct hearing_kind DISCORD_HEARING;

#endif
