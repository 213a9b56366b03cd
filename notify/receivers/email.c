/*
 * email_configs: one message in text and HTML to all recipients, handed to an SMTP server. The
 * Message-ID comes from the idempotency key, so a message that is sent twice can be recognised.
 *
 * TLS: port 465 (or force_implicit_tls) begins with it, otherwise STARTTLS is required unless
 * require_tls is false. Credentials go to the server only; the host reads their files.
 */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/time.h"
#include "notify/receivers/address.h"
#include "notify/receivers/kinds.h"

#define TIMEOUT (30 * SECOND)
#define BODY_MAX ((size_t)32 << 20)
#define PLAIN_MAX ((size_t)64 << 10)

struct mail_header {
	struct str name, value;
	const char *key; /* "header X-Team": for template errors */
};

struct email {
	struct str to, from, hello, smarthost;
	struct str auth_username, auth_password, auth_password_file, auth_secret, auth_secret_file,
		auth_identity;
	struct str html, text;
	bool require_tls, has_require_tls;
	bool force_implicit_tls, has_force_implicit_tls;
	const struct yaml_node *headers_node, *tls_node, *threading_node;
	struct mail_header *headers; /* as given, names canonical */
	size_t n_headers;
	bool threading, thread_daily;
	struct tls_config tls;
	struct str url; /* smtp://host:port, smtps://host:port */
};

static void put_header_fields(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct email *c = from;

	if (!c->n_headers)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_map(o);
	for (size_t i = 0; i < c->n_headers; i++) {
		yaml_out_text(o, c->headers[i].name);
		yaml_out_text(o, c->headers[i].value);
	}
	yaml_out_map_end(o);
}

static void put_tls(struct yaml_out *o, const struct field *fd, const void *from)
{
	yaml_out_key(o, fd->name);
	tls_config_put(o, &((const struct email *)from)->tls);
}

static void put_threading(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct email *c = from;

	if (!c->threading_node)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_map(o);
	yaml_out_key(o, "enabled");
	yaml_out_bool(o, c->threading);
	yaml_out_key(o, "thread_by_date");
	yaml_out_text(o, c->thread_daily ? STR("daily") : STR("none"));
	yaml_out_map_end(o);
}

static const struct field FIELDS[] = {
	FIELD(TEXT, struct email, to),
	FIELD(TEXT, struct email, from),
	FIELD(TEXT, struct email, hello),
	FIELD(TEXT, struct email, smarthost),
	FIELD(TEXT, struct email, auth_username),
	FIELD(TEXT, struct email, auth_password, .secret = true),
	FIELD(TEXT, struct email, auth_password_file),
	FIELD(TEXT, struct email, auth_secret, .secret = true),
	FIELD(TEXT, struct email, auth_secret_file),
	FIELD(TEXT, struct email, auth_identity),
	FIELD_AS(MAP, "headers", struct email, headers_node, .put = put_header_fields),
	FIELD(TEXT, struct email, html),
	FIELD(TEXT, struct email, text),
	FIELD_GIVEN(BOOL, struct email, require_tls),
	FIELD_AS(MAP, "tls_config", struct email, tls_node, .put = put_tls),
	FIELD_GIVEN(BOOL, struct email, force_implicit_tls),
	FIELD_AS(MAP, "threading", struct email, threading_node, .put = put_threading),
};

/* ---- configuration ----------------------------------------------------------------------- */
static struct str either(struct str own, struct str other)
{
	return own.n ? own : other;
}

static void inherit(struct email *c, const struct global_config *g)
{
	c->from = either(c->from, g->smtp_from);
	c->hello = either(c->hello, g->smtp_hello);
	c->smarthost = either(c->smarthost, g->smtp_smarthost);
	c->auth_username = either(c->auth_username, g->smtp_auth_username);
	c->auth_identity = either(c->auth_identity, g->smtp_auth_identity);
	if (!c->auth_password.n && !c->auth_password_file.n) {
		c->auth_password = g->smtp_auth_password;
		c->auth_password_file = g->smtp_auth_password_file;
	}
	if (!c->auth_secret.n && !c->auth_secret_file.n) {
		c->auth_secret = g->smtp_auth_secret;
		c->auth_secret_file = g->smtp_auth_secret_file;
	}
	if (!c->has_require_tls)
		c->require_tls = g->smtp_require_tls;
	if (!c->has_force_implicit_tls) {
		c->has_force_implicit_tls = g->has_smtp_force_implicit_tls;
		c->force_implicit_tls = g->smtp_force_implicit_tls;
	}
	c->tls = g->smtp_tls;
}

static bool check_needed(const struct fields *f, const struct yaml_node *node, struct email *c)
{
	if (!c->to.n)
		return fields_error(f, node, "missing to address in email config");
	if (!c->smarthost.n)
		return fields_error(f, node, "no global SMTP smarthost set");
	if (!c->from.n)
		return fields_error(f, node, "no global SMTP from set");
	if (c->auth_password.n && c->auth_password_file.n)
		return fields_error(f, node,
				    "at most one of auth_password & auth_password_file must be "
				    "configured");
	if (c->auth_secret.n && c->auth_secret_file.n)
		return fields_error(f, node,
				    "at most one of auth_secret & auth_secret_file must be "
				    "configured");
	return true;
}

/* host:port; TLS from the first byte on port 465 unless the configuration knows better. */
static bool read_smarthost(const struct fields *f, const struct yaml_node *node, struct email *c)
{
	ptrdiff_t colon = -1;
	struct str port;
	uint64_t number;
	bool tls;

	for (size_t i = 0; i < c->smarthost.n; i++) {
		if (c->smarthost.p[i] == ':')
			colon = (ptrdiff_t)i;
		if ((unsigned char)c->smarthost.p[i] <= ' ' || c->smarthost.p[i] == '/')
			return fields_error(f, node, "address \"%.*s\": not host:port",
					    STR_ARG(c->smarthost));
	}
	if (colon < 0)
		return fields_error(f, node, "address \"%.*s\": missing port in address",
				    STR_ARG(c->smarthost));
	port = str_from(c->smarthost, (size_t)colon + 1);
	if (!port.n)
		return fields_error(f, node, "address \"%.*s\": port cannot be empty",
				    STR_ARG(c->smarthost));
	if (num_uint(port, 10, &number) != NUM_OK || number > 65535)
		return fields_error(f, node, "address \"%.*s\": the port must be a number",
				    STR_ARG(c->smarthost));
	tls = c->has_force_implicit_tls ? c->force_implicit_tls : number == 465;
	c->url = arena_printf(f->arena, "%s://%s%.*s", tls ? "smtps" : "smtp",
			      colon ? "" : "localhost", STR_ARG(c->smarthost));
	return true;
}

static bool has_header(const struct email *c, const char *name)
{
	for (size_t i = 0; i < c->n_headers; i++) {
		if (str_is(c->headers[i].name, name))
			return true;
	}
	return false;
}

static bool read_headers(const struct fields *f, struct email *c)
{
	const struct yaml_node *map = c->headers_node;
	bool ok = true;

	c->headers = ARENA_ARRAY(f->arena, struct mail_header, (map ? map->n : 0) + 1);
	for (size_t i = 0; map && i < map->n; i++) {
		const struct yaml_pair *p = &map->pairs[i];
		struct mail_header *h = &c->headers[c->n_headers];
		struct err err;
		struct limits l;

		limits_default(&l);
		h->name = header_canonical(f->arena, p->key->value);
		h->key = arena_cstr(f->arena,
				    arena_printf(f->arena, "header %.*s", STR_ARG(h->name)));
		if (!header_name_valid(h->name))
			ok = fields_error(f, p->key, "\"%.*s\" is no header name",
					  STR_ARG(p->key->value));
		else if (has_header(c, arena_cstr(f->arena, h->name)))
			ok = fields_error(f, p->key, "duplicate header \"%.*s\" in email config",
					  STR_ARG(h->name));
		else if (!fields_text(f, p->value, h->key, &h->value))
			ok = false;
		else if (!notify_template_check(h->value, &l, &err))
			ok = fields_error(f, p->value, "%s: %s", h->key, err.msg);
		c->n_headers++;
	}
	return ok;
}

struct threading_draft {
	bool enabled;
	struct str thread_by_date;
};

static bool read_threading(const struct fields *f, struct email *c)
{
	static const struct field fields[] = {
		FIELD(BOOL, struct threading_draft, enabled),
		FIELD(TEXT, struct threading_draft, thread_by_date),
	};
	struct fields strict = *f;
	struct threading_draft t = {.thread_by_date = STR("daily")};

	if (!c->threading_node)
		return true;
	strict.ignore_unknown = false;
	if (!FIELDS_READ(&strict, c->threading_node, "threading", fields, &t))
		return false;
	if (!str_is(t.thread_by_date, "daily") && !str_is(t.thread_by_date, "none"))
		return fields_error(f, c->threading_node,
				    "thread_by_date must be \"none\" or \"daily\"");
	c->threading = t.enabled;
	c->thread_daily = str_is(t.thread_by_date, "daily");
	if (c->threading && (has_header(c, "References") || has_header(c, "In-Reply-To")))
		return fields_error(f, c->threading_node,
				    "conflicting configuration: threading is enabled and headers "
				    "name References or In-Reply-To");
	return true;
}

/* The section stands alone in an http_config of its own, to be read like any other. */
static bool read_tls(const struct fields *f, struct email *c)
{
	struct yaml_node key = {.kind = YAML_SCALAR, .value = STR("tls_config")};
	struct yaml_node value;
	struct yaml_pair pair = {.key = &key, .value = &value};
	struct yaml_node map = {.kind = YAML_MAP, .pairs = &pair, .n = 1};
	struct http_config http;
	struct str dir = f->file;

	if (!c->tls_node)
		return true;
	value = *c->tls_node;
	map.line = value.line;
	map.col = value.col;
	while (dir.n && dir.p[dir.n - 1] != '/')
		dir.n--;
	http_config_defaults(&http);
	if (!http_config_parse(&map, f->arena, dir, &http, f->file, f->diags))
		return false;
	c->tls = http.tls;
	return true;
}

static void warn_at(const struct fields *f, const struct yaml_node *at, const char *key,
		    const char *why)
{
	diags_warn(f->diags, f->file, at->line, at->col, "%s: %s: no mail will go there", key, why);
}

static bool check_texts(const struct fields *f, const struct yaml_node *node, const struct email *c)
{
	struct address *v;
	size_t n;
	struct err err;

	if (!kind_check_text(f, node, "to", c->to) || !kind_check_text(f, node, "from", c->from) ||
	    !kind_check_text(f, node, "html", c->html) ||
	    !kind_check_text(f, node, "text", c->text))
		return false;
	/* Upstream finds out when it sends, so its files have to load. */
	if (template_is_plain(c->to) && !address_list(c->to, f->arena, &v, &n, &err))
		warn_at(f, yaml_get(node, "to"), "to", err.msg);
	if (template_is_plain(c->from) && !address_list(c->from, f->arena, &v, &n, &err))
		warn_at(f, node, "from", err.msg);
	return true;
}

static const struct email DEFAULTS = {
	.html = STR("{{ template \"email.default.html\" . }}"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct email *c = config;

	inherit(c, e->global);
	return check_needed(f, e->node, c) && read_smarthost(f, e->node, c) && read_headers(f, c) &&
	       read_threading(f, c) && read_tls(f, c) && check_texts(f, e->node, c);
}

/* ---- the message ------------------------------------------------------------------------- */
struct mail {
	struct address *to, *from;
	size_t n_to, n_from;
	struct str subject, text, html;
	struct str *values; /* of the configured headers */
};

static bool expand_addresses(struct delivery *d, struct now now, const char *key, struct str text,
			     struct address **out, size_t *n)
{
	struct str s;
	struct err err;

	if (!notify_render(d, now, key, text, RENDER_TEXT, &s))
		return false;
	if (address_list(s, d->arena, out, n, &err))
		return true;
	return err_set(&d->err, -1, "%s: %s", key, err.msg);
}

/* Plain: what was refused or could not be expanded, in rouse's own words, without HTML. */
static bool expand(struct delivery *d, struct now now, struct mail *m)
{
	const struct email *c = d->to->config;

	m->values = ARENA_ARRAY(d->arena, struct str, c->n_headers + 1);
	if (!expand_addresses(d, now, "to", c->to, &m->to, &m->n_to) ||
	    !expand_addresses(d, now, "from", c->from, &m->from, &m->n_from))
		return false;
	if (d->plain) {
		m->subject = kind_title(d->arena, d->message);
		m->text = kind_plain_text(d->arena, d->message, PLAIN_MAX);
		return true;
	}
	for (size_t i = 0; i < c->n_headers; i++) {
		if (!notify_render(d, now, c->headers[i].key, c->headers[i].value, RENDER_TEXT,
				   &m->values[i]))
			return false;
	}
	return notify_render(d, now, "subject", STR("{{ template \"email.default.subject\" . }}"),
			     RENDER_TEXT, &m->subject) &&
	       notify_render(d, now, "text", c->text, RENDER_TEXT, &m->text) &&
	       notify_render(d, now, "html", c->html, RENDER_HTML, &m->html);
}

static struct str domain_of(const struct mail *m)
{
	struct str s = m->from[0].mail;

	return str_from(s, (size_t)str_find_char(s, '@') + 1);
}

/* One thread a group, or a group and day: all messages answer the same one, which need not be. */
static void put_thread(struct buf *b, const struct delivery *d, ms_t wall)
{
	const struct email *c = d->to->config;
	struct civil day = civil_of(wall);
	char date[40] = "", id[100];

	if (!c->threading)
		return;
	if (c->thread_daily)
		snprintf(date, sizeof(date), "%04d-%02d-%02d", day.year, day.month, day.day);
	snprintf(id, sizeof(id), "<alert-%.16s-%s@alertmanager>", kind_dedup_key(d).p, date);
	buf_printf(b, "References: %s\r\nIn-Reply-To: %s\r\n", id, id);
}

static bool is_address_header(struct str name)
{
	return str_is(name, "To") || str_is(name, "From") || str_is(name, "Cc") ||
	       str_is(name, "Bcc") || str_is(name, "Reply-To") || str_is(name, "Sender");
}

/* A configured header; addresses that cannot be read are told as they are. */
static void put_header(struct buf *b, struct arena *a, struct str name, struct str value)
{
	struct address *v;
	size_t n;

	if (is_address_header(name) && address_list(value, a, &v, &n, NULL))
		header_put_addresses(b, arena_cstr(a, name), v, n);
	else
		header_put(b, name, value);
}

/* These are ours; a configured one would make the message unreadable. */
static bool is_reserved(struct str name)
{
	return str_is(name, "Content-Type") || str_is(name, "Mime-Version") ||
	       str_is(name, "Content-Transfer-Encoding");
}

static void put_headers(struct buf *b, const struct delivery *d, const struct mail *m, ms_t wall)
{
	const struct email *c = d->to->config;
	size_t n = d->plain ? 0 : c->n_headers;
	bool custom = !d->plain;

	if (!custom || !has_header(c, "From"))
		header_put_addresses(b, "From", m->from, m->n_from);
	if (!custom || !has_header(c, "To"))
		header_put_addresses(b, "To", m->to, m->n_to);
	if (!custom || !has_header(c, "Subject"))
		header_put(b, STR("Subject"), m->subject);
	for (size_t i = 0; i < n; i++) {
		if (!is_reserved(c->headers[i].name))
			put_header(b, d->arena, c->headers[i].name, m->values[i]);
	}
	if (!custom || !has_header(c, "Date")) {
		buf_adds(b, "Date: ");
		header_put_date(b, wall);
		buf_adds(b, "\r\n");
	}
	if (!custom || !has_header(c, "Message-Id"))
		buf_printf(b, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(d->key),
			   STR_ARG(domain_of(m)));
	put_thread(b, d, wall);
	buf_adds(b, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

static void put_part(struct buf *b, const char *type, struct str boundary, struct str body)
{
	if (boundary.n)
		buf_printf(b, "--%.*s\r\n", STR_ARG(boundary));
	buf_printf(b,
		   "Content-Type: %s; charset=UTF-8\r\n"
		   "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		   type);
	quoted_printable(b, body);
}

static void put_mail(struct buf *b, struct delivery *d, const struct mail *m, ms_t wall)
{
	struct str boundary = arena_printf(d->arena, "rouse-%.*s", STR_ARG(d->key));

	put_headers(b, d, m, wall);
	if (!m->html.n) {
		put_part(b, "text/plain", STR(""), m->text);
		return;
	}
	buf_printf(b, "Content-Type: multipart/alternative; boundary=\"%.*s\"\r\n\r\n",
		   STR_ARG(boundary));
	if (m->text.n)
		put_part(b, "text/plain", boundary, m->text);
	put_part(b, "text/html", boundary, m->html);
	buf_printf(b, "--%.*s--\r\n", STR_ARG(boundary));
}

/* ---- delivery ---------------------------------------------------------------------------- */
static const struct io_mail *envelope(struct delivery *d, const struct mail *m)
{
	const struct email *c = d->to->config;
	struct io_mail *e = ARENA_NEW(d->arena, struct io_mail);
	struct str *to = ARENA_ARRAY(d->arena, struct str, m->n_to);

	for (size_t i = 0; i < m->n_to; i++)
		to[i] = m->to[i].mail;
	*e = (struct io_mail){
		.from = m->from[0].mail,
		.to = to,
		.n_to = m->n_to,
		.hello = either(c->hello, STR("localhost")),
		.username = c->auth_username,
		.password = c->auth_password,
		.password_file = c->auth_password_file,
		.auth_identity = c->auth_identity,
		.cram_secret = c->auth_secret,
		.cram_secret_file = c->auth_secret_file,
		.require_tls = c->require_tls && !str_starts(c->url, "smtps:"),
		.tls = &c->tls,
	};
	return e;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct email *c = d->to->config;
	struct mail m = {0};
	struct buf b;
	bool full;

	if (!expand(d, now, &m))
		return DELIVER_PLAIN;
	buf_init(&b, BODY_MAX);
	put_mail(&b, d, &m, now.wall);
	full = b.full;
	d->request = (struct io_request){
		.method = STR("POST"),
		.url = c->url,
		.body = arena_str(d->arena, buf_str(&b)),
		.mail = envelope(d, &m),
		.timeout = TIMEOUT,
	};
	buf_done(&b);
	if (!full)
		return DELIVER_REQUEST;
	err_set(&d->err, -1, "the message is longer than %zu bytes", BODY_MAX);
	return DELIVER_PLAIN;
}

/* 4yz: later. 5yz: never, but 552 and 554 may mean this form of it (reference: messaging-apis.md
 * §26). */
static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	int s = reply->status;

	if (reply->outcome != IO_REPLIED)
		return receiver_classify(d, now, reply);
	if (s / 100 == 2)
		return DELIVER_SENT;
	err_set(&d->err, -1, "the mail server answered %d%s%.*s", s, reply->body.n ? ": " : "",
		STR_ARG(str_trim(str_cut(reply->body, 0, 200))));
	if (s / 100 != 5)
		return DELIVER_RETRY;
	d->scope = s == 530 || s == 534 || s == 535   ? DEAD_CREDENTIAL
		   : s == 550 || s == 551 || s == 553 ? DEAD_DESTINATION
						      : DEAD_MESSAGE;
	return s == 552 || s == 554 ? DELIVER_PLAIN : DELIVER_DEAD;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

const struct receiver_kind RECEIVER_EMAIL = {
	.name = "email",
	.config_key = "email_configs",
	KIND_CONFIG(struct email, FIELDS, &DEFAULTS),
	.no_http = true,
	.send_resolved = false,
	.check = check,
	.step = step,
	.parallel = 4,
};
