/*
 * pagerduty_configs: an event by the Events API v2 (routing_key) or v1 (service_key). The group is
 * one incident there: its dedup key is the group's.
 */
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define SUMMARY_MAX 1024
#define EVENT_MAX ((size_t)512000)
#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"

struct link {
	struct str href, text;
};

struct image {
	struct str src, alt, href;
};

struct pagerduty {
	struct str service_key, service_key_file, routing_key, routing_key_file, url;
	struct str client, client_url, description, source, severity, class, component, group;
	const struct yaml_node *details, *images_node, *links_node;
	struct image *images;
	struct link *links;
	size_t n_images, n_links;
	ms_t timeout;
};

#define KEY(kind, member, ...) FIELD(kind, struct pagerduty, member, ##__VA_ARGS__)

static const struct field IMAGE_FIELDS[] = {
	FIELD(TEXT, struct image, src),
	FIELD(TEXT, struct image, alt),
	FIELD(TEXT, struct image, href),
};

static const struct field LINK_FIELDS[] = {
	FIELD(TEXT, struct link, href),
	FIELD(TEXT, struct link, text),
};

static const struct field FIELDS[] = {
	KEY(TEXT, service_key, .secret = true),
	KEY(TEXT, service_key_file),
	KEY(TEXT, routing_key, .secret = true),
	KEY(TEXT, routing_key_file),
	KEY(URL, url),
	KEY(TEXT, client),
	KEY(TEXT, client_url),
	KEY(TEXT, description),
	KEY(MAP, details, .put = fields_put_any_of),
	FIELD_AS(LIST, "images", struct pagerduty, images_node, FIELD_SUB(IMAGE_FIELDS)),
	FIELD_AS(LIST, "links", struct pagerduty, links_node, FIELD_SUB(LINK_FIELDS)),
	KEY(TEXT, source),
	KEY(TEXT, severity),
	KEY(TEXT, class),
	KEY(TEXT, component),
	KEY(TEXT, group),
	KEY(GO_DURATION, timeout, .always = true),
};

static const struct pagerduty DEFAULTS = {
	.description = STR("{{ template \"pagerduty.default.description\" .}}"),
	.client = STR("{{ template \"pagerduty.default.client\" . }}"),
	.client_url = STR("{{ template \"pagerduty.default.clientURL\" . }}"),
};

/* Details that every event has unless the configuration says otherwise. */
static const struct kind_pair DETAILS[] = {
	{STR("firing"), STR("{{ .Alerts.Firing | toJson }}")},
	{STR("num_firing"), STR("{{ .Alerts.Firing | len }}")},
	{STR("num_resolved"), STR("{{ .Alerts.Resolved | len }}")},
	{STR("resolved"), STR("{{ .Alerts.Resolved | toJson }}")},
};

/* The usual details that are not among the configured ones, then those. */
static const struct yaml_node *with_usual_details(struct arena *a, const struct yaml_node *own)
{
	struct yaml_node *all = ARENA_NEW(a, struct yaml_node);
	size_t n_own = own ? own->n : 0;

	*all = (struct yaml_node){.kind = YAML_MAP};
	all->pairs = ARENA_ARRAY(a, struct yaml_pair, n_own + ARRAY_LEN(DETAILS));
	for (size_t i = 0; i < ARRAY_LEN(DETAILS); i++) {
		struct yaml_node *node = ARENA_ARRAY(a, struct yaml_node, 2);
		bool is_own = false;

		for (size_t k = 0; k < n_own; k++)
			is_own |= str_eq(own->pairs[k].key->value, DETAILS[i].name);
		if (is_own)
			continue;
		node[0] = (struct yaml_node){.kind = YAML_SCALAR, .value = DETAILS[i].name};
		node[1] = (struct yaml_node){.kind = YAML_SCALAR,
					     .quoted = true,
					     .value = DETAILS[i].value};
		all->pairs[all->n++] = (struct yaml_pair){.key = &node[0], .value = &node[1]};
	}
	for (size_t k = 0; k < n_own; k++)
		all->pairs[all->n++] = own->pairs[k];
	return all;
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct pagerduty *c = config;
	bool ok;

	if (!kind_not_both(f, e->node, "service_key", c->service_key, c->service_key_file) ||
	    !kind_not_both(f, e->node, "routing_key", c->routing_key, c->routing_key_file))
		return false;
	if (!c->service_key.n && !c->service_key_file.n && !c->routing_key.n &&
	    !c->routing_key_file.n)
		return fields_error(f, e->node,
				    "missing service or routing key in PagerDuty config");
	if (!c->url.n)
		c->url = e->global->pagerduty_url;
	if (!c->source.n)
		c->source = c->client;
	c->details = with_usual_details(f->arena, c->details);
	ok = KIND_LIST(f, c->images_node, "pagerduty_image", IMAGE_FIELDS, &c->images,
		       &c->n_images);
	ok &= KIND_LIST(f, c->links_node, "pagerduty_link", LINK_FIELDS, &c->links, &c->n_links);
	return ok;
}

/* ---- details ----------------------------------------------------------------------------- */
/* Texts are expanded and read as YAML, so that numbers and structures arrive as such. */
static bool put_details(struct json_writer *w, const char *key, struct kind_texts *t,
			const struct pagerduty *c)
{
	bool ok = true;

	json_open(w, key, '{');
	for (size_t k = 0; k < c->details->n; k++) {
		json_key(w, c->details->pairs[k].key->value);
		ok &= kind_payload(t->d, t->now, c->details->pairs[k].value, w->b);
	}
	json_close(w, '}');
	return ok;
}

static void put_no_details(struct json_writer *w, const char *key, const char *why)
{
	json_open(w, key, '{');
	json_put(w, "error", str_of(why));
	json_close(w, '}');
}

/* What stands under `details`: all of it, or why it is not there. */
enum details { DETAILS_ALL, DETAILS_TOO_LONG, DETAILS_PLAIN };

static bool put_any_details(struct json_writer *w, const char *key, struct kind_texts *t,
			    const struct pagerduty *c, enum details how)
{
	if (how == DETAILS_ALL)
		return put_details(w, key, t, c);
	put_no_details(w, key,
		       how == DETAILS_PLAIN ? "Custom details have been removed because they were "
					      "refused or could not be made"
					    : "Custom details have been removed because the "
					      "original event exceeds the maximum size of 512KB");
	return true;
}

/* ---- events ------------------------------------------------------------------------------ */
static struct str summary(struct kind_texts *t, const struct pagerduty *c)
{
	struct delivery *d = t->d;
	struct str s = d->plain ? kind_title(d->arena, d->message)
				: kind_expand(t, "description", c->description);

	return kind_clip(d->arena, s, SUMMARY_MAX);
}

static void put_images(struct json_writer *w, struct kind_texts *t, const struct pagerduty *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_images; i++) {
		struct str src = kind_expand_next(t, "image", c->images[i].src);

		if (!src.n)
			continue;
		if (!n++)
			json_open(w, "images", '[');
		json_open(w, NULL, '{');
		json_put(w, "src", src);
		json_put_given(w, "alt", kind_expand_next(t, "image", c->images[i].alt));
		json_put_given(w, "href", kind_expand_next(t, "image", c->images[i].href));
		json_close(w, '}');
	}
	if (n)
		json_close(w, ']');
}

static void put_links(struct json_writer *w, struct kind_texts *t, const struct pagerduty *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_links; i++) {
		struct str href = kind_expand_next(t, "link", c->links[i].href);

		if (!href.n)
			continue;
		if (!n++)
			json_open(w, "links", '[');
		json_open(w, NULL, '{');
		json_put(w, "href", href);
		json_put_given(w, "text", kind_expand_next(t, "link", c->links[i].text));
		json_close(w, '}');
	}
	if (n)
		json_close(w, ']');
}

static struct str event_type(const struct delivery *d)
{
	return message_resolved(d->message) ? STR("resolve") : STR("trigger");
}

static struct str severity(struct kind_texts *t, const struct pagerduty *c)
{
	struct str s = c->severity.n ? kind_expand(t, "severity", c->severity) : STR("error");

	return t->d->plain ? STR("error") : s;
}

static bool put_v2(struct json_writer *w, struct kind_texts *t, const struct pagerduty *c,
		   enum details how)
{
	struct delivery *d = t->d;
	bool ok;

	kind_put_secret(d, w, "routing_key", c->routing_key, c->routing_key_file);
	json_put(w, "dedup_key", kind_dedup_key(d));
	json_put(w, "event_action", event_type(d));
	json_open(w, "payload", '{');
	json_put(w, "summary", summary(t, c));
	json_put(w, "source", kind_expand(t, "source", c->source));
	json_put(w, "severity", severity(t, c));
	json_put_given(w, "class", kind_expand(t, "class", c->class));
	json_put_given(w, "component", kind_expand(t, "component", c->component));
	json_put_given(w, "group", kind_expand(t, "group", c->group));
	ok = put_any_details(w, "custom_details", t, c, how);
	json_close(w, '}');
	json_put_given(w, "client", kind_expand(t, "client", c->client));
	json_put_given(w, "client_url", kind_expand(t, "client_url", c->client_url));
	put_images(w, t, c);
	put_links(w, t, c);
	return ok;
}

static bool put_v1(struct json_writer *w, struct kind_texts *t, const struct pagerduty *c,
		   enum details how)
{
	struct delivery *d = t->d;

	kind_put_secret(d, w, "service_key", c->service_key, c->service_key_file);
	json_put(w, "incident_key", kind_dedup_key(d));
	json_put(w, "event_type", event_type(d));
	json_put(w, "description", summary(t, c));
	json_put(w, "event_action", STR(""));
	json_put_raw(w, "payload", STR("null"));
	if (!message_resolved(d->message)) {
		json_put_given(w, "client", kind_expand(t, "client", c->client));
		json_put_given(w, "client_url", kind_expand(t, "client_url", c->client_url));
	}
	return put_any_details(w, "details", t, c, how);
}

static bool is_v1(const struct pagerduty *c)
{
	return c->service_key.n || c->service_key_file.n;
}

static bool put_event(struct buf *b, struct kind_texts *t, const struct pagerduty *c,
		      enum details how)
{
	struct json_writer w = {.b = b};
	bool ok;

	buf_clear(b);
	t->d->request.n_secrets = 0;
	json_open(&w, NULL, '{');
	ok = is_v1(c) ? put_v1(&w, t, c, how) : put_v2(&w, t, c, how);
	json_close(&w, '}');
	return ok && !t->failed;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct pagerduty *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;
	bool ok;

	buf_init(&b, BUF_MAX_ANY);
	ok = put_event(&b, &t, c, d->plain ? DETAILS_PLAIN : DETAILS_ALL);
	if (ok && b.n > EVENT_MAX)
		ok = put_event(&b, &t, c, DETAILS_TOO_LONG);
	d->request.timeout = c->timeout;
	if (ok || d->plain)
		return kind_post_json(d, is_v1(c) ? STR(V1_URL) : c->url, &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	if (!reply)
		return build(d, now);
	/* v1 says 403 to whom comes too often. */
	if (is_v1(d->to->config) && reply->outcome == IO_REPLIED && reply->status == 403) {
		err_set(&d->err, -1, "try again later: HTTP status 403");
		d->wait = kind_retry_after(now, io_reply_header(reply, "retry-after"));
		return DELIVER_RETRY;
	}
	return receiver_classify(d, now, reply);
}

const struct receiver_kind RECEIVER_PAGERDUTY = {
	.name = "pagerduty",
	.config_key = "pagerduty_configs",
	KIND_CONFIG(struct pagerduty, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 8,
};
