/*
 * signal_configs: a message to people or groups, through the REST server of signal-cli. With
 * update_message the group's first message is edited.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define TEXT_MAX 2000 /* runes; longer ones become an attachment */

struct signal {
	struct str url, number, message;
	struct field_texts recipients;
};

static const struct field FIELDS[] = {
	FIELD(URL, struct signal, url),
	FIELD(TEXT, struct signal, number),
	FIELD(TEXTS, struct signal, recipients),
	FIELD(TEXT, struct signal, message),
};

static const struct signal DEFAULTS = {
	.message = STR("{{ template \"rouse.title\" . }}\n{{ template \"rouse.text\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct signal *c = config;

	if (!c->url.n)
		return fields_error(f, e->node,
				    "missing url (of signal-cli's REST server) in "
				    "signal_config");
	if (!c->number.n)
		return fields_error(f, e->node, "missing number (that sends) in signal_config");
	return c->recipients.n ||
	       fields_error(f, e->node, "missing recipients (numbers, or groups) in signal_config");
}

static void put_body(struct buf *b, struct kind_texts *t, const struct signal *c)
{
	struct delivery *d = t->d;
	struct json_writer w = {.b = b};
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, TEXT_MAX)
				   : kind_expand(t, "message", c->message);

	json_open(&w, NULL, '{');
	json_put(&w, "number", c->number);
	json_open(&w, "recipients", '[');
	for (size_t i = 0; i < c->recipients.n; i++)
		json_put(&w, NULL, kind_expand_next(t, "recipients", c->recipients.v[i]));
	json_close(&w, ']');
	json_put(&w, "message", kind_clip(d->arena, str_trim(text), TEXT_MAX));
	if (d->provider_id.n)
		json_put_raw(&w, "edit_timestamp", d->provider_id);
	json_close(&w, '}');
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct signal *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, &t, c);
	if (!t.failed || d->plain)
		return kind_post_json(d, kind_join(d->arena, c->url, "v2/send"), &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

/* Only digits may go into an edit as they are. */
static struct str digits_of(struct arena *a, const char *s)
{
	return s && *s && strspn(s, "0123456789") == strlen(s) ? arena_str(a, str_of(s)) : STR("");
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r;
	json_t *root;

	if (!reply)
		return build(d, now);
	r = receiver_classify(d, now, reply);
	root = kind_json(reply);
	if (r == DELIVER_SENT)
		d->new_provider_id =
			d->provider_id.n
				? d->provider_id
				: digits_of(d->arena,
					    json_string_value(json_object_get(root, "timestamp")));
	json_decref(root);
	return r;
}

const struct receiver_kind RECEIVER_SIGNAL = {
	.name = "signal",
	.config_key = "signal_configs",
	KIND_CONFIG(struct signal, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.parallel = 1,
};
