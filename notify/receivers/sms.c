/*
 * sms_configs: any gateway that takes an HTTP request, for SMS, calls or whatever it has: method,
 * address, headers and a form, a query or JSON by templates; and how it says that it took it.
 */
#include <jansson.h>

#include "base/url.h"
#include "notify/receivers/kinds.h"

struct sms {
	struct str url, url_file, method;
	const struct yaml_node *headers_node, *form_node, *query_node, *json;
	const struct yaml_node *success_node;
	struct kind_pair *headers, *form, *query;
	size_t n_headers, n_form, n_query;
	struct str pointer, value; /* of success */
};

#define KEY(kind, member, ...) FIELD(kind, struct sms, member, ##__VA_ARGS__)

static const struct field SUCCESS_FIELDS[] = {
	KEY(TEXT, pointer),
	KEY(TEXT, value),
};

static const struct field FIELDS[] = {
	KEY(URL, url),
	KEY(TEXT, url_file),
	KEY(TEXT, method),
	FIELD_AS(MAP, "headers", struct sms, headers_node),
	FIELD_AS(MAP, "query", struct sms, query_node),
	FIELD_AS(MAP, "form", struct sms, form_node),
	KEY(NODE, json, .put = fields_put_any_of),
	FIELD_AS(MAP, "success", struct sms, success_node, FIELD_SUB(SUCCESS_FIELDS)),
};

static const struct sms DEFAULTS = {.method = STR("POST")};

static bool check_headers(const struct fields *f, const struct sms *c)
{
	for (size_t i = 0; i < c->n_headers; i++) {
		struct str name = c->headers[i].name;
		bool ok = name.n > 0;

		for (size_t k = 0; k < name.n; k++)
			ok &= name.p[k] > ' ' && name.p[k] < 0x7f && !strchr("():;,/\"", name.p[k]);
		if (!ok)
			return fields_error(f, c->headers_node, "\"%.*s\" is no header name",
					    STR_ARG(name));
	}
	return true;
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct fields strict = *f;
	struct sms *c = config;

	strict.ignore_unknown = false;
	if (!kind_one_of(f, e->node, "url", c->url, c->url_file))
		return false;
	if (!fields_has_word("GET POST PUT", c->method))
		return fields_error(f, yaml_get(e->node, "method"),
				    "method must be GET, POST or PUT");
	if (c->form_node && c->json)
		return fields_error(f, e->node, "at most one of form & json must be configured");
	if (!c->form_node && !c->json && !c->query_node)
		return fields_error(f, e->node,
				    "missing form, json or query in sms_config: what is to be "
				    "sent");
	if (c->success_node && !FIELDS_READ(&strict, c->success_node, "success", SUCCESS_FIELDS, c))
		return false;
	if (c->pointer.n && c->pointer.p[0] != '/')
		return fields_error(f, c->success_node,
				    "success.pointer must be a JSON pointer like "
				    "/messages/0/status");
	return kind_pairs(f, c->headers_node, "headers", &c->headers, &c->n_headers) &&
	       kind_pairs(f, c->form_node, "form", &c->form, &c->n_form) &&
	       kind_pairs(f, c->query_node, "query", &c->query, &c->n_query) && check_headers(f, c);
}

static void put_pairs(struct buf *b, struct kind_texts *t, const char *key,
		      const struct kind_pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str value = kind_expand_next(t, key, v[i].value);

		if (t->d->plain && t->failed)
			value = kind_title(t->d->arena, t->d->message);
		buf_adds(b, b->n ? "&" : "");
		url_put_query(b, v[i].name);
		buf_addc(b, '=');
		url_put_query(b, str_trim(value));
	}
}

static void set_address(struct kind_texts *t, const struct sms *c)
{
	struct delivery *d = t->d;
	bool has = str_find_char(c->url, '?') >= 0;
	struct buf b;

	d->request.url = c->url;
	d->request.url_file = c->url_file;
	if (!c->n_query)
		return;
	buf_init(&b, BUF_MAX_ANY);
	put_pairs(&b, t, "query", c->query, c->n_query);
	if (c->url.n)
		d->request.url = arena_printf(d->arena, "%.*s%s%.*s", STR_ARG(c->url),
					      has ? "&" : "?", STR_ARG(buf_str(&b)));
	else
		d->request.url_tail = arena_printf(d->arena, "?%.*s", STR_ARG(buf_str(&b)));
	buf_done(&b);
}

/* False: a template failed. */
static bool set_body(struct kind_texts *t, const struct sms *c)
{
	struct delivery *d = t->d;
	struct buf b;
	bool ok = true;

	buf_init(&b, BUF_MAX_ANY);
	if (c->json) {
		ok = kind_payload(d, t->now, c->json, &b);
		kind_header(d, "Content-Type", STR("application/json"));
	} else if (c->form_node) {
		put_pairs(&b, t, "form", c->form, c->n_form);
		kind_header(d, "Content-Type", STR("application/x-www-form-urlencoded"));
	}
	d->request.body = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return ok && !t->failed;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct sms *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};

	d->request.method = c->method;
	d->request.config = d->to->http;
	set_address(&t, c);
	for (size_t i = 0; i < c->n_headers; i++)
		kind_header(d, arena_printf(d->arena, "%.*s%c", STR_ARG(c->headers[i].name), 0).p,
			    kind_one_line(d->arena,
					  kind_expand_next(&t, "headers", c->headers[i].value)));
	return set_body(&t, c) || d->plain ? DELIVER_REQUEST : DELIVER_PLAIN;
}

/* The value a JSON pointer (RFC 6901) leads to; NULL: nowhere. */
static const json_t *look_up(const json_t *v, struct str pointer)
{
	while (v && pointer.n) {
		struct str rest = str_from(pointer, 1);
		ptrdiff_t slash = str_find_char(rest, '/');
		struct str step = slash < 0 ? rest : str_cut(rest, 0, (size_t)slash);
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)MIN(step.n, sizeof(name) - 1), step.p);
		v = json_is_array(v) ? json_array_get(v, strtoul(name, NULL, 10))
				     : json_object_get(v, name);
		pointer = slash < 0 ? STR("") : str_from(rest, (size_t)slash);
	}
	return v;
}

static bool is_value(const json_t *v, struct str want)
{
	char number[64];

	if (json_is_string(v))
		return str_is(want, json_string_value(v));
	if (json_is_boolean(v))
		return str_is(want, json_is_true(v) ? "true" : "false");
	if (!json_is_integer(v))
		return json_is_null(v) && str_is(want, "null");
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
	return str_is(want, number);
}

/* A status of 2xx is not all where the gateway says more. */
static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct sms *c = d->to->config;
	enum deliver_result r;
	json_t *root;
	bool ok;

	if (!reply)
		return build(d, now);
	r = receiver_classify(d, now, reply);
	if (r != DELIVER_SENT || !c->pointer.n)
		return r;
	root = kind_json(reply);
	ok = is_value(look_up(root, c->pointer), c->value);
	json_decref(root);
	return ok ? r
		  : kind_dead(d, DEAD_MESSAGE,
			      "the gateway did not take it: %.*s is not %.*s in %.*s",
			      STR_ARG(c->pointer), STR_ARG(c->value),
			      (int)MIN(reply->body.n, (size_t)200), reply->body.p);
}

const struct receiver_kind RECEIVER_SMS = {
	.name = "sms",
	.config_key = "sms_configs",
	KIND_CONFIG(struct sms, FIELDS, &DEFAULTS),
	.send_resolved = false,
	.check = check,
	.step = step,
	.parallel = 4,
};
