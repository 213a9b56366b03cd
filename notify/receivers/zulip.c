/*
 * zulip_configs: a message to a stream (channel) under a topic, or to people. With update_message
 * the group's first message is edited.
 */
#include <jansson.h>

#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 10000 /* runes */
#define TOPIC_MAX 60

struct zulip {
	struct str url, email, api_key, api_key_file, stream, topic, to, message;
};

#define KEY(kind, member, ...) FIELD(kind, struct zulip, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, url),		 KEY(TEXT, email),   KEY(TEXT, api_key, .secret = true),
	KEY(TEXT, api_key_file), KEY(TEXT, stream),  KEY(TEXT, topic),
	KEY(TEXT, to),		 KEY(TEXT, message),
};

static const struct zulip DEFAULTS = {
	.topic = STR("{{ template \"zulip.default.topic\" . }}"),
	.message = STR("**{{ template \"rouse.title\" . }}**\n{{ template \"rouse.text\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct zulip *c = config;

	if (!c->url.n)
		return fields_error(f, e->node, "missing url in zulip_config");
	if (!c->email.n)
		return fields_error(f, e->node, "missing email (of the bot) in zulip_config");
	if (!c->stream.n == !c->to.n)
		return fields_error(f, e->node,
				    "exactly one of stream & to must be configured: a channel, or "
				    "people's addresses with commas between");
	if (!kind_one_of(f, e->node, "api_key", c->api_key, c->api_key_file))
		return false;
	e->to->http = kind_with_basic(e, c->email, c->api_key, c->api_key_file);
	return true;
}

static void put(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s%s=", b->n ? "&" : "", key);
	url_put_query(b, value);
}

/* "a@x, b@x" as the JSON list that the API wants. */
static struct str people(struct arena *a, struct str to)
{
	struct str s;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	while (to.n) {
		ptrdiff_t comma = str_find_char(to, ',');
		struct str one = str_trim(comma < 0 ? to : str_cut(to, 0, (size_t)comma));

		if (one.n) {
			buf_addc(&b, b.n ? ',' : '[');
			json_put_str(&b, one);
		}
		to = comma < 0 ? STR("") : str_from(to, (size_t)comma + 1);
	}
	buf_adds(&b, b.n ? "]" : "[]");
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static void put_form(struct buf *b, struct kind_texts *t, const struct zulip *c)
{
	struct delivery *d = t->d;
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX)
				   : kind_expand(t, "message", c->message);

	if (!d->provider_id.n && c->stream.n) {
		put(b, "type", STR("stream"));
		put(b, "to", kind_expand(t, "stream", c->stream));
		put(b, "topic",
		    d->plain ? STR("alerts")
			     : kind_clip(d->arena, kind_expand(t, "topic", c->topic), TOPIC_MAX));
	} else if (!d->provider_id.n) {
		put(b, "type", STR("direct"));
		put(b, "to", people(d->arena, kind_expand(t, "to", c->to)));
	}
	put(b, "content", kind_clip(d->arena, str_trim(text), TEXT_MAX));
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	/* Mentions of everybody and of people; quietly: @_**name**. */
	static const char *const pings[] = {"@**", "@_**", "@*", NULL};
	const struct zulip *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	kind_without_pings(d, pings);
	buf_init(&b, BUF_MAX_ANY);
	put_form(&b, &t, c);
	d->request.method = d->provider_id.n ? STR("PATCH") : STR("POST");
	d->request.url =
		kind_join(d->arena, c->url,
			  d->provider_id.n ? arena_printf(d->arena, "api/v1/messages/%.*s%c",
							  STR_ARG(d->provider_id), 0)
						     .p
					   : "api/v1/messages");
	d->request.config = d->to->http;
	d->request.body = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	kind_header(d, "Content-Type", STR("application/x-www-form-urlencoded"));
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = kind_json(reply);
	const json_t *id = json_object_get(root, "id"),
		     *wait = json_object_get(root, "retry-after");

	if (r == DELIVER_SENT)
		d->new_provider_id =
			d->provider_id.n ? d->provider_id
			: json_is_integer(id)
				? arena_printf(d->arena, "%lld", (long long)json_integer_value(id))
				: STR("");
	if (r == DELIVER_RETRY && d->wait < 0 && json_is_number(wait))
		d->wait = kind_clamp_wait((ms_t)(MIN(json_number_value(wait), 900) * 1000));
	json_decref(root);
	/* The message is too old to be edited, or is gone: a new one. */
	if (d->provider_id.n && (r == DELIVER_PLAIN || r == DELIVER_DEAD) &&
	    (reply->status == 400 || reply->status == 404)) {
		d->provider_id = STR("");
		d->request = (struct io_request){0};
		return build(d, now);
	}
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct zulip *c = to->config;

	return arena_printf(a, "%.*s %.*s", STR_ARG(c->url), STR_ARG(c->email));
}

static struct str user(const struct integration *to, struct arena *a)
{
	const struct zulip *c = to->config;

	(void)a;
	return str_find_char(c->to, ',') < 0 && template_is_plain(c->to) ? str_trim(c->to)
									 : STR("");
}

/* Users are known by address or by number. */
static void read_reactions(struct hearing *h, const json_t *list)
{
	json_t *r;
	size_t i;

	json_array_foreach(list, i, r)
	{
		const json_t *who = json_object_get(r, "user");
		const char *sign = json_string_value(json_object_get(r, "emoji_name"));
		const char *email = json_string_value(json_object_get(who, "email"));
		const char *name = json_string_value(json_object_get(who, "full_name"));
		struct str id =
			arena_printf(h->d.arena, "%lld",
				     (long long)json_integer_value(json_object_get(r, "user_id")));
		size_t before = h->n;

		hearing_reaction(h, str_of(sign), id, str_of(name));
		if (h->n > before)
			h->heard[before].also = arena_str(h->d.arena, str_of(email));
	}
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	const struct zulip *c = h->d.to->config;
	const json_t *message;
	json_t *root;

	if (!reply && h->d.step)
		return HEAR_DONE;
	if (!reply)
		return hearing_get(h, kind_join(h->d.arena, c->url,
						arena_printf(h->d.arena, "api/v1/messages/%.*s%c",
							     STR_ARG(h->message), 0)
							.p));
	if (reply->outcome == IO_REPLIED && reply->status == 400)
		return HEAR_DONE; /* somebody has deleted it */
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	message = json_object_get(root, "message");
	read_reactions(h, json_object_get(message, "reactions"));
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.every = 2 * SECOND,
	.how = "react with :check: (:eyes: looking, :sos: escalate, :mute: snooze)",
	.account = account,
	.user = user,
	.step = hear,
};

const struct receiver_kind RECEIVER_ZULIP = {
	.name = "zulip",
	.config_key = "zulip_configs",
	KIND_CONFIG(struct zulip, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 2,
};
