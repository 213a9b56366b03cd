/*
 * signal_configs: a message to people or groups, through the REST server of signal-cli. With
 * update_message the group's first message is edited.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "notify/hearing.h"
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

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct signal *c = to->config;

	return arena_printf(a, "%.*s %.*s", STR_ARG(c->url), STR_ARG(c->number));
}

static struct str user(const struct integration *to, struct arena *a)
{
	const struct signal *c = to->config;

	(void)a;
	return c->recipients.n == 1 && template_is_plain(c->recipients.v[0]) &&
			       !str_starts(c->recipients.v[0], "group.")
		       ? c->recipients.v[0]
		       : STR("");
}

static struct str number_at(struct arena *a, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? arena_printf(a, "%lld", (long long)json_integer_value(v))
				  : STR("");
}

/* A command; or, quoting a page, a note. */
static bool read_words(const json_t *data, const char *words, struct heard *v)
{
	if (!words || !*words)
		return false;
	if (answer_of_words(str_of(words), &v->verb, &v->incident))
		return true;
	v->verb = ANSWER_NOTE;
	v->incident = 0;
	return json_object_get(data, "quote") != NULL;
}

/* A reaction, or a reply in words, quoting or not. */
static void read_envelope(struct hearing *h, const json_t *e)
{
	const json_t *data = json_object_get(e, "dataMessage");
	const json_t *reaction = json_object_get(data, "reaction");
	const char *sign = json_string_value(json_object_get(reaction, "emoji"));
	const char *words = json_string_value(json_object_get(data, "message"));
	const char *number = json_string_value(json_object_get(e, "sourceNumber"));
	const char *name = json_string_value(json_object_get(e, "sourceName"));
	struct arena *a = h->d.arena;
	struct heard v = {.seen = -1}, *x;

	if (sign && (json_is_true(json_object_get(reaction, "isRemove")) ||
		     !answer_of_reaction(str_of(sign), &v.verb)))
		return;
	if (!sign && !read_words(data, words, &v))
		return;
	x = hearing_add(h);
	if (!x)
		return;
	*x = v;
	x->text = arena_str(a, str_trim(str_of(words)));
	x->user = arena_str(a, str_of(number));
	x->name = arena_str(a, str_of(name));
	x->at = json_integer_value(json_object_get(e, "timestamp"));
	x->message = sign ? number_at(a, reaction, "targetSentTimestamp")
			  : number_at(a, json_object_get(data, "quote"), "id");
	x->once = arena_printf(a, "%.*s %lld", STR_ARG(x->user), (long long)x->at);
}

/* What is received is gone from the server. */
static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	const struct signal *c = h->d.to->config;
	json_t *root, *one;
	size_t i;

	if (!reply && h->d.step)
		return HEAR_DONE;
	if (!reply)
		return hearing_get(h,
				   kind_join(h->d.arena, c->url,
					     arena_printf(h->d.arena, "v1/receive/%.*s?timeout=1%c",
							  STR_ARG(c->number), 0)
						     .p));
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	json_array_foreach(root, i, one) read_envelope(h, json_object_get(one, "envelope"));
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.stream = true,
	.every = 3 * SECOND,
	.how = "react with ✅ or reply: ack %",
	.account = account,
	.user = user,
	.step = hear,
};

const struct receiver_kind RECEIVER_SIGNAL = {
	.name = "signal",
	.config_key = "signal_configs",
	KIND_CONFIG(struct signal, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.can_update = true,
	.hearing = &HEARING,
	.parallel = 1,
};
