/*
 * webhook_configs: Alertmanager's version 4 body, byte for byte, with an idempotency key in the
 * headers. The address may be a template; a payload of one's own replaces the body.
 */
#include "base/json.h"
#include "base/num.h"
#include "notify/data.h"
#include "notify/receivers/kinds.h"

#define BODY_MAX ((size_t)64 << 20)

struct webhook {
	struct str url, url_file;
	int64_t max_alerts;
	ms_t timeout;
	const struct yaml_node *payload; /* NULL: the standard body */
};

static const struct field FIELDS[] = {
	FIELD(TEXT, struct webhook, url, .secret = true),
	FIELD(TEXT, struct webhook, url_file, .always = true),
	FIELD(INT, struct webhook, max_alerts, .always = true),
	FIELD(GO_DURATION, struct webhook, timeout, .always = true),
	FIELD(NODE, struct webhook, payload, .put = fields_put_any_of),
};

static void warn_keys(const struct fields *f, const struct yaml_node *n)
{
	for (size_t i = 0; n && n->kind == YAML_LIST && i < n->n; i++)
		warn_keys(f, n->items[i]);
	for (size_t i = 0; n && n->kind == YAML_MAP && i < n->n; i++) {
		const struct yaml_node *key = n->pairs[i].key;

		if (!payload_key_is_text(key))
			diags_warn(f->diags, f->file, key->line, key->col,
				   "the key %.*s is no text in YAML and is left out, as "
				   "Alertmanager does; put it in quotes",
				   STR_ARG(key->value));
		warn_keys(f, n->pairs[i].value);
	}
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct webhook *w = config;
	struct str ignored;

	if (!kind_one_of(f, e->node, "url", w->url, w->url_file))
		return false;
	if (w->max_alerts < 0)
		return fields_error(f, yaml_get(e->node, "max_alerts"),
				    "max_alerts must not be negative");
	warn_keys(f, w->payload);
	if (!template_is_plain(w->url))
		return kind_check_text(f, e->node, "url", w->url);
	return !w->url.n || fields_url(f, yaml_get(e->node, "url"), "url", &ignored);
}

static void put_body(struct buf *b, const struct delivery *d, const struct message *m,
		     size_t left_out)
{
	buf_addc(b, '{');
	data_put_message_json(b, m, d->arena);
	buf_adds(b, ",\"version\":\"4\",\"groupKey\":");
	json_put_str_html(b, m->group_key);
	buf_printf(b, ",\"truncatedAlerts\":%zu}\n", left_out);
}

/* Our body, or the payload that was asked for; url and payload see the same alerts. */
static bool build(struct delivery *d, struct now now, const struct webhook *w)
{
	const struct message *whole = d->message;
	struct message *m =
		message_head(whole, w->max_alerts ? (size_t)w->max_alerts : whole->n, d->arena);
	bool ok = true;
	struct buf b;

	buf_init(&b, BODY_MAX);
	d->message = m;
	if (w->url.n)
		ok = notify_render(d, now, "url", w->url, RENDER_TEXT, &d->request.url);
	if (ok && w->payload && w->payload->kind != YAML_NULL && !d->plain)
		ok = kind_payload(d, now, w->payload, &b) && (buf_addc(&b, '\n'), true);
	else if (ok)
		put_body(&b, d, m, whole->n - m->n);
	d->message = whole;
	if (ok && b.full)
		ok = err_set(&d->err, -1, "the body is longer than %zu bytes", BODY_MAX);
	d->request.body = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return ok;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct webhook *w = d->to->config;

	if (reply) {
		enum deliver_result r = receiver_classify(d, now, reply);

		return r == DELIVER_PLAIN ? DELIVER_DEAD : r; /* the body is what they asked for */
	}
	d->request = (struct io_request){
		.method = STR("POST"),
		.url_file = w->url_file,
		.config = d->to->http,
		.timeout = w->timeout,
	};
	if (!build(d, now, w))
		return DELIVER_PLAIN;
	if (!w->url_file.n && !str_trim(d->request.url).n)
		return kind_dead(d, DEAD_MESSAGE, "webhook url is empty after templating");
	kind_header(d, "Content-Type", STR("application/json"));
	kind_header(d, "Idempotency-Key", d->key);
	return DELIVER_REQUEST;
}

const struct receiver_kind RECEIVER_WEBHOOK = {
	.name = "webhook",
	.config_key = "webhook_configs",
	KIND_CONFIG(struct webhook, FIELDS, NULL),
	.send_resolved = true,
	.check = check,
	.step = step,
};
