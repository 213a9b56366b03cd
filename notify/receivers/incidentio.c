/* incidentio_configs: the webhook's body, version 1, to an alert source. */
#include "base/json.h"
#include "notify/data.h"
#include "notify/receivers/kinds.h"

#define BODY_MAX ((size_t)512 << 10)

struct incidentio {
	struct str url, url_file, alert_source_token, alert_source_token_file;
	int64_t max_alerts;
	ms_t timeout;
};

#define KEY(kind, member, ...) FIELD(kind, struct incidentio, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, url),
	KEY(TEXT, url_file, .always = true),
	KEY(TEXT, alert_source_token, .secret = true),
	KEY(TEXT, alert_source_token_file),
	KEY(INT, max_alerts, .always = true),
	KEY(GO_DURATION, timeout, .always = true),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct incidentio *c = config;
	bool token = c->alert_source_token.n || c->alert_source_token_file.n;
	bool other = e->to->own_http && e->to->http->has_authorization;

	if (!kind_one_of(f, e->node, "url", c->url, c->url_file) ||
	    !kind_not_both(f, e->node, "alert_source_token", c->alert_source_token,
			   c->alert_source_token_file))
		return false;
	if (c->max_alerts < 0)
		return fields_error(f, yaml_get(e->node, "max_alerts"),
				    "max_alerts must not be negative");
	if (token && other)
		return fields_error(f, e->node,
				    "cannot specify alert_source_token or alert_source_token_file "
				    "when using http_config.authorization");
	if (!token && e->to->own_http && !other)
		return fields_error(f, e->node,
				    "at least one of alert_source_token, alert_source_token_file "
				    "or "
				    "http_config.authorization must be configured");
	e->to->http_written = e->to->http;
	if (token)
		e->to->http = kind_with_token(e, c->alert_source_token, c->alert_source_token_file);
	return true;
}

static void put_body(struct buf *b, const struct delivery *d, size_t max)
{
	const struct message *whole = d->message;
	const struct message *m = message_head(whole, max, d->arena);

	buf_clear(b);
	buf_addc(b, '{');
	data_put_message_json(b, m, d->arena);
	buf_adds(b, ",\"version\":\"1\",\"groupKey\":");
	json_put_str_html(b, m->group_key);
	buf_printf(b, ",\"truncatedAlerts\":%zu}", whole->n - m->n);
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct incidentio *c = d->to->config;
	struct buf b;

	if (reply) {
		enum deliver_result r = receiver_classify(d, now, reply);

		return r == DELIVER_PLAIN ? DELIVER_DEAD : r; /* there is no plainer body */
	}
	buf_init(&b, BUF_MAX_ANY);
	put_body(&b, d, c->max_alerts ? (size_t)c->max_alerts : d->message->n);
	if (b.n > BODY_MAX)
		put_body(&b, d, 1);
	d->request.timeout = c->timeout;
	d->request.url_file = c->url_file;
	return kind_post_json(d, c->url, &b);
}

const struct receiver_kind RECEIVER_INCIDENTIO = {
	.name = "incidentio",
	.config_key = "incidentio_configs",
	KIND_CONFIG(struct incidentio, FIELDS, NULL),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 8,
};
