/*
 * pushover_configs: one message; all of it stands in the query, as Alertmanager sends it. What
 * wakes somebody (priority 2) is repeated by the phone until it is acknowledged there, and has a
 * receipt that tells of it. The receipt is the message's id: an edit takes the repetition back.
 */
#include <jansson.h>

#include "base/num.h"
#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define HOST "https://api.pushover.net"
#define TITLE_MAX 250
#define MESSAGE_MAX 1024
#define URL_MAX 512

struct pushover {
	struct str user_key, user_key_file, token, token_file;
	struct str title, message, url, url_title, device, sound, priority;
	struct str api_url;
	ms_t retry, expire, ttl;
	bool html, monospace;
};

#define KEY(kind, member, ...) FIELD(kind, struct pushover, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(TEXT, user_key, .secret = true),
	KEY(TEXT, user_key_file),
	KEY(TEXT, token, .secret = true),
	KEY(TEXT, token_file),
	KEY(TEXT, title),
	KEY(TEXT, message),
	KEY(TEXT, url),
	KEY(TEXT, url_title),
	KEY(TEXT, device),
	KEY(TEXT, sound),
	KEY(TEXT, priority),
	KEY(GO_DURATION, retry),
	KEY(GO_DURATION, expire),
	KEY(GO_DURATION, ttl),
	KEY(BOOL, html),
	KEY(BOOL, monospace),
	KEY(URL, api_url),
};

static const struct pushover DEFAULTS = {
	.title = STR("{{ template \"pushover.default.title\" . }}"),
	.message = STR("{{ template \"pushover.default.message\" . }}"),
	.url = STR("{{ template \"pushover.default.url\" . }}"),
	.priority = STR("{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}"),
	.retry = MINUTE,
	.expire = HOUR,
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct pushover *c = config;

	if (!kind_one_of(f, e->node, "user_key", c->user_key, c->user_key_file) ||
	    !kind_one_of(f, e->node, "token", c->token, c->token_file))
		return false;
	return !c->html || !c->monospace ||
	       fields_error(f, e->node, "at most one of monospace & html must be configured");
}

static void put(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s%s=", b->n ? "&" : "", key);
	url_put_query(b, value);
}

static void put_number(struct buf *b, const char *key, int64_t v)
{
	buf_printf(b, "%s%s=%lld", b->n ? "&" : "", key, (long long)v);
}

/* A secret of a file is put there by the host, encoded. */
static void put_secret(struct delivery *d, struct buf *b, const char *key, struct str value,
		       struct str file)
{
	if (value.n) {
		put(b, key, value);
		return;
	}
	buf_printf(b, "%s%s=", b->n ? "&" : "", key);
	buf_add(b, kind_secret(d, value, file, IO_IN_URL_QUERY));
}

static struct str message_of(struct kind_texts *t, const struct pushover *c)
{
	struct delivery *d = t->d;
	struct str s = d->plain	 ? kind_plain_text(d->arena, d->message, MESSAGE_MAX / 2)
		       : c->html ? kind_expand_html(t, "message", c->message)
				 : kind_expand(t, "message", c->message);

	s = str_trim(kind_clip(d->arena, s, MESSAGE_MAX));
	return s.n ? s : STR("(no details)");
}

static void put_query(struct buf *b, struct kind_texts *t, const struct pushover *c)
{
	struct delivery *d = t->d;
	struct arena *a = d->arena;
	struct str title = d->plain ? kind_title(a, d->message) : kind_expand(t, "title", c->title);

	put(b, "device", kind_expand(t, "device", c->device));
	put_number(b, "expire", c->expire / SECOND);
	if (c->html && !d->plain)
		put(b, "html", STR("1"));
	put(b, "message", message_of(t, c));
	if (c->monospace && !d->plain)
		put(b, "monospace", STR("1"));
	put(b, "priority", d->plain ? STR("1") : kind_expand(t, "priority", c->priority));
	put_number(b, "retry", c->retry / SECOND);
	put(b, "sound", kind_expand(t, "sound", c->sound));
	put(b, "title", kind_clip(a, title, TITLE_MAX));
	put_secret(d, b, "token", c->token, c->token_file);
	if (c->ttl)
		put_number(b, "ttl", c->ttl / SECOND);
	put(b, "url", kind_clip(a, kind_expand(t, "url", c->url), URL_MAX));
	put(b, "url_title", kind_expand(t, "url_title", c->url_title));
	put_secret(d, b, "user", c->user_key, c->user_key_file);
}

static struct str host_of(const struct pushover *c)
{
	return c->api_url.n ? url_base(c->api_url) : STR(HOST);
}

static enum deliver_result send(struct delivery *d, struct now now)
{
	const struct pushover *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	d->note = STR("message");
	buf_init(&b, BUF_MAX_ANY);
	put_query(&b, &t, c);
	d->request = (struct io_request){
		.method = STR("POST"),
		.url = arena_printf(d->arena, "%.*s/1/messages.json?%.*s", STR_ARG(host_of(c)),
				    STR_ARG(buf_str(&b))),
		.config = d->to->http,
		.secrets = d->request.secrets,
		.n_secrets = d->request.n_secrets,
	};
	buf_done(&b);
	kind_header(d, "Content-Type", STR("text/plain"));
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

/* The phone is to be quiet. */
static enum deliver_result cancel(struct delivery *d)
{
	const struct pushover *c = d->to->config;
	struct buf b;

	d->note = STR("cancel");
	buf_init(&b, BUF_MAX_ANY);
	put_secret(d, &b, "token", c->token, c->token_file);
	d->request.method = STR("POST");
	d->request.url =
		arena_printf(d->arena, "%.*s/1/receipts/%.*s/cancel.json?%.*s", STR_ARG(host_of(c)),
			     STR_ARG(d->provider_id), STR_ARG(buf_str(&b)));
	d->request.config = d->to->http;
	buf_done(&b);
	return DELIVER_REQUEST;
}

static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = kind_json(reply);
	const char *receipt = json_string_value(json_object_get(root, "receipt"));

	if (r == DELIVER_SENT && receipt)
		d->new_provider_id = arena_str(d->arena, str_of(receipt));
	json_decref(root);
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r;

	if (!reply && d->provider_id.n && d->message->page.waiting) {
		d->new_provider_id = d->provider_id; /* the phone goes on as it is */
		return DELIVER_SENT;
	}
	if (!reply && d->provider_id.n &&
	    (d->message->page.incident || message_resolved(d->message)))
		return cancel(d);
	if (!reply)
		return send(d, now);
	if (!str_is(d->note, "cancel"))
		return understand(d, now, reply);
	r = receiver_classify(d, now, reply);
	if (r == DELIVER_RETRY)
		return r;
	/* A receipt that is gone needs no end. */
	d->request = (struct io_request){0};
	if (message_resolved(d->message) && d->to->send_resolved)
		return send(d, now);
	d->new_provider_id = d->provider_id;
	return DELIVER_SENT;
}

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct pushover *c = to->config;

	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(host_of(c)), STR_ARG(c->token),
			    STR_ARG(c->token_file));
}

static struct str user(const struct integration *to, struct arena *a)
{
	(void)a;
	return ((const struct pushover *)to->config)->user_key;
}

static enum hear_result ask(struct hearing *h)
{
	const struct pushover *c = h->d.to->config;
	struct str url;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_secret(&h->d, &b, "token", c->token, c->token_file);
	url = arena_printf(h->d.arena, "%.*s/1/receipts/%.*s.json?%.*s", STR_ARG(host_of(c)),
			   STR_ARG(h->message), STR_ARG(buf_str(&b)));
	buf_done(&b);
	return hearing_get(h, url);
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	json_t *root;
	const char *by, *device;

	if (!reply)
		return h->d.step ? HEAR_DONE : ask(h);
	if (reply->outcome == IO_REPLIED && reply->status == 404)
		return HEAR_DONE; /* a receipt lives for a week */
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	by = json_string_value(json_object_get(root, "acknowledged_by"));
	device = json_string_value(json_object_get(root, "acknowledged_by_device"));
	if (json_integer_value(json_object_get(root, "acknowledged")) == 1 && by)
		hearing_reaction(h, STR("check"), str_of(by), str_of(device));
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.every = 5 * SECOND, /* Pushover wants no less */
	.how = "acknowledge on the phone",
	.account = account,
	.user = user,
	.step = hear,
};

const struct receiver_kind RECEIVER_PUSHOVER = {
	.name = "pushover",
	.config_key = "pushover_configs",
	KIND_CONFIG(struct pushover, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 2,
};
