/*
 * irc_configs: a few lines to a channel or a nick. rouse comes, speaks and leaves: it has no
 * connection that could be lost when it is needed. Nothing is repeated while an alert just fires on
 * if repeat_interval is long; nothing can be edited.
 */
#include "notify/receivers/kinds.h"

#define TEXT_MAX 4000 /* bytes; a few lines of 400 */

struct irc {
	struct str server, nick, channel, channel_key, password, password_file;
	struct str sasl_username, sasl_password, sasl_password_file, message;
};

#define KEY(kind, member, ...) FIELD(kind, struct irc, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(TEXT, server),
	KEY(TEXT, nick),
	KEY(TEXT, channel),
	KEY(TEXT, channel_key, .secret = true),
	KEY(TEXT, password, .secret = true),
	KEY(TEXT, password_file),
	KEY(TEXT, sasl_username),
	KEY(TEXT, sasl_password, .secret = true),
	KEY(TEXT, sasl_password_file),
	KEY(TEXT, message),
};

static const struct irc DEFAULTS = {
	.nick = STR("rouse"),
	.message = STR("{{ template \"rouse.title\" . }}\n{{ template \"rouse.text\" . }}"),
};

/* One word, as the protocol has it. */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == ',' || s.p[i] == ':')
			return false;
	}
	return s.n > 0;
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct irc *c = config;

	if (!str_starts(c->server, "irc://") && !str_starts(c->server, "ircs://"))
		return fields_error(f, e->node,
				    "server of an irc_config must be like "
				    "ircs://irc.example.org:6697 "
				    "(or irc:// without TLS), found \"%.*s\"",
				    STR_ARG(c->server));
	if (!is_word(c->nick) || !is_word(c->channel) ||
	    (c->channel_key.n && !is_word(c->channel_key)))
		return fields_error(f, e->node,
				    "nick, channel and channel_key must be one word each: nick "
				    "\"%.*s\", "
				    "channel \"%.*s\"",
				    STR_ARG(c->nick), STR_ARG(c->channel));
	return kind_not_both(f, e->node, "password", c->password, c->password_file) &&
	       kind_not_both(f, e->node, "sasl_password", c->sasl_password, c->sasl_password_file);
}

/* Line ends stay; nothing else may control the protocol. */
static struct str clean(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (unsigned char)s.p[i] < ' ' && s.p[i] != '\n' ? ' ' : s.p[i];
	return (struct str){p, s.n};
}

static void secret_header(struct delivery *d, const char *name, struct str value, struct str file)
{
	if (value.n || file.n)
		kind_header(d, name, kind_secret(d, value, file, IO_IN_HEADER));
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct irc *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX)
				   : kind_expand(&t, "message", c->message);

	d->request = (struct io_request){
		.method = STR("SAY"),
		.url = c->server,
		.config = d->to->http,
		.body = clean(d->arena, kind_clip_bytes(d->arena, str_trim(text), TEXT_MAX)),
		.timeout = 40 * SECOND,
	};
	kind_header(d, "Nick", c->nick);
	kind_header(d, "Channel", c->channel);
	if (c->channel_key.n)
		kind_header(d, "Channel-Key", c->channel_key);
	secret_header(d, "Password", c->password, c->password_file);
	secret_header(d, "Sasl-Password", c->sasl_password, c->sasl_password_file);
	kind_header(d, "Sasl-User", c->sasl_username.n ? c->sasl_username : c->nick);
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

/* The answer's status is 200, or the number of the server's refusal. */
static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	if (!reply)
		return build(d, now);
	if (reply->outcome != IO_REPLIED)
		return receiver_classify(d, now, reply);
	if (reply->status == 200)
		return DELIVER_SENT;
	return kind_dead(d,
			 reply->status == 464 || reply->status >= 900 ? DEAD_CREDENTIAL
								      : DEAD_DESTINATION,
			 "%.*s", STR_ARG(reply->body));
}

const struct receiver_kind RECEIVER_IRC = {
	.name = "irc",
	.config_key = "irc_configs",
	KIND_CONFIG(struct irc, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 1,
};
