/* googlechat_configs: a message of a webhook of a space; messages of one group are one thread. */
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 4096 /* bytes */

struct googlechat {
	struct str webhook_url, webhook_url_file, message;
	bool threads, has_threads;
};

static const struct field FIELDS[] = {
	FIELD(URL, struct googlechat, webhook_url, .secret = true),
	FIELD(TEXT, struct googlechat, webhook_url_file),
	FIELD(TEXT, struct googlechat, message),
	FIELD_GIVEN(BOOL, struct googlechat, threads),
};

static const struct googlechat DEFAULTS = {
	.message = STR("*{{ template \"rouse.title\" . }}*\n{{ template \"rouse.text\" . }}"),
	.threads = true,
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct googlechat *c = config;

	return kind_one_of(&e->fields, e->node, "webhook_url", c->webhook_url, c->webhook_url_file);
}

/* The address has a query already (its key and token). */
static void set_address(struct delivery *d, const struct googlechat *c)
{
	const char *mark =
		str_find_char(c->webhook_url, '?') < 0 && !c->webhook_url_file.n ? "?" : "&";

	d->request.url = c->webhook_url;
	d->request.url_file = c->webhook_url_file;
	if (c->threads)
		d->request.url_tail =
			arena_printf(d->arena,
				     "%smessageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
				     mark);
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	static const char *const pings[] = {"<users/", NULL};
	const struct googlechat *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	enum deliver_result r;
	struct str text;
	struct buf b;
	struct json_writer w = {.b = &b};

	if (reply)
		return receiver_classify(d, now, reply);
	kind_without_pings(d, pings);
	text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX / 2)
			: kind_expand(&t, "message", c->message);
	if (t.failed && !d->plain)
		return DELIVER_PLAIN;
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	json_put(&w, "text", kind_clip_bytes(d->arena, str_trim(text), TEXT_MAX));
	if (c->threads) {
		json_open(&w, "thread", '{');
		json_put(&w, "threadKey", kind_dedup_key(d));
		json_close(&w, '}');
	}
	json_close(&w, '}');
	r = kind_post_json(d, c->webhook_url, &b);
	set_address(d, c);
	return r;
}

const struct receiver_kind RECEIVER_GOOGLECHAT = {
	.name = "googlechat",
	.config_key = "googlechat_configs",
	KIND_CONFIG(struct googlechat, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 1,
};
