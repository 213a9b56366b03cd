/* pushover_configs: one message; all of it stands in the query, as Alertmanager sends it. */
#include "base/num.h"
#include "base/url.h"
#include "notify/receivers/kinds.h"

#define API "https://api.pushover.net/1/messages.json"
#define TITLE_MAX 250
#define MESSAGE_MAX 1024
#define URL_MAX 512

struct pushover {
	struct str user_key, user_key_file, token, token_file;
	struct str title, message, url, url_title, device, sound, priority;
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

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct pushover *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	if (reply)
		return receiver_classify(d, now, reply);
	buf_init(&b, BUF_MAX_ANY);
	put_query(&b, &t, c);
	d->request.method = STR("POST");
	d->request.url = arena_printf(d->arena, API "?%.*s", STR_ARG(buf_str(&b)));
	d->request.config = d->to->http;
	buf_done(&b);
	kind_header(d, "Content-Type", STR("text/plain"));
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

const struct receiver_kind RECEIVER_PUSHOVER = {
	.name = "pushover",
	.config_key = "pushover_configs",
	KIND_CONFIG(struct pushover, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 2,
};
