/* The exporter-toolkit's web configuration: see web_config.h. */
#include "host/web_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"
#include "base/mem.h"
#include "base/yaml.h"

struct tls_fields {
	struct str cert, cert_file, key, key_file, client_ca, client_ca_file;
	struct str client_auth_type, min_version, max_version;
	struct field_texts client_allowed_sans, cipher_suites, curve_preferences;
	bool prefer_server_cipher_suites;
};

static const struct field tls_table[] = {
	FIELD(TEXT, struct tls_fields, cert),
	FIELD(TEXT, struct tls_fields, cert_file),
	FIELD(TEXT, struct tls_fields, key),
	FIELD(TEXT, struct tls_fields, key_file),
	FIELD_AS(TEXT, "client_ca", struct tls_fields, client_ca),
	FIELD(TEXT, struct tls_fields, client_ca_file),
	FIELD(TEXT, struct tls_fields, client_auth_type),
	FIELD(TEXTS, struct tls_fields, client_allowed_sans),
	FIELD(TEXT, struct tls_fields, min_version),
	FIELD(TEXT, struct tls_fields, max_version),
	FIELD(TEXTS, struct tls_fields, cipher_suites),
	FIELD(TEXTS, struct tls_fields, curve_preferences),
	FIELD(BOOL, struct tls_fields, prefer_server_cipher_suites),
};

struct http_fields {
	bool http2;
	const struct yaml_node *headers;
};

static const struct field http_table[] = {
	FIELD(BOOL, struct http_fields, http2),
	FIELD(MAP, struct http_fields, headers),
};

struct top_fields {
	const struct yaml_node *tls, *http, *users, *rate_limit;
};

static const struct field top_table[] = {
	FIELD_AS(MAP, "tls_server_config", struct top_fields, tls),
	FIELD_AS(MAP, "http_server_config", struct top_fields, http),
	FIELD_AS(MAP, "basic_auth_users", struct top_fields, users),
	FIELD_AS(MAP, "rate_limit", struct top_fields, rate_limit),
};

/* The headers that the toolkit lets one set. */
static const char *const known_headers[] = {"Strict-Transport-Security", "X-Content-Type-Options",
					    "X-Frame-Options", "X-XSS-Protection",
					    "Content-Security-Policy"};

/* 10 for TLS10 ... 13; 0: no such version. */
static int version_of(struct str s)
{
	if (s.n == 5 && str_starts(s, "TLS1") && s.p[4] >= '0' && s.p[4] <= '3')
		return 10 + s.p[4] - '0';
	return 0;
}

static bool set_priorities(const struct fields *f, const struct yaml_node *node,
			   const struct tls_fields *t, struct web_config *c)
{
	int min = t->min_version.n ? version_of(t->min_version) : 12;
	int max = t->max_version.n ? version_of(t->max_version) : 13;
	size_t n = (size_t)snprintf(c->priorities, sizeof(c->priorities), "NORMAL:-VERS-ALL");

	if (!min || !max)
		return fields_error(f, node, "unknown TLS version \"%.*s\": TLS10 to TLS13",
				    STR_ARG(min ? t->max_version : t->min_version));
	if (min > max)
		return fields_error(f, node, "min_version is above max_version");
	for (int v = max; v >= min; v--)
		n += (size_t)snprintf(c->priorities + n, sizeof(c->priorities) - n,
				      ":+VERS-TLS1.%d", v - 10);
	return true;
}

static bool set_client_auth(const struct fields *f, const struct yaml_node *node,
			    const struct tls_fields *t, struct web_config *c)
{
	struct str type = t->client_auth_type;

	if (!type.n || str_is(type, "NoClientCert"))
		c->client_auth = CLIENT_AUTH_NONE;
	else if (str_is(type, "VerifyClientCertIfGiven"))
		c->client_auth = CLIENT_AUTH_IF_GIVEN;
	else if (str_is(type, "RequireAndVerifyClientCert"))
		c->client_auth = CLIENT_AUTH_REQUIRED;
	else if (str_is(type, "RequestClientCert") || str_is(type, "RequireAnyClientCert"))
		return fields_error(f, node,
				    "client_auth_type %.*s is not possible: it would take any "
				    "certificate; use RequireAndVerifyClientCert",
				    STR_ARG(type));
	else
		return fields_error(f, node, "unknown client_auth_type \"%.*s\"", STR_ARG(type));

	bool has_ca = t->client_ca.n || t->client_ca_file.n;

	if (c->client_auth != CLIENT_AUTH_NONE && !has_ca)
		return fields_error(f, node, "client_auth_type %.*s needs client_ca_file",
				    STR_ARG(type));
	if (c->client_auth == CLIENT_AUTH_NONE && (has_ca || t->client_allowed_sans.n))
		return fields_error(f, node,
				    "client_ca_file and client_allowed_sans need client_auth_type");
	return true;
}

/* A path stands beside the file that names it. */
static struct str beside(struct arena *a, struct str file, struct str path)
{
	const char *slash = file.n ? memrchr(file.p, '/', file.n) : NULL;

	if (!path.n || path.p[0] == '/' || !slash)
		return path;
	return arena_printf(a, "%.*s%.*s", (int)(slash - file.p) + 1, file.p, STR_ARG(path));
}

static bool read_tls(const struct fields *f, const struct yaml_node *node, struct web_config *c)
{
	struct tls_fields t = {0};
	size_t before = f->diags->errors;

	if (!node)
		return true;
	if (!FIELDS_READ(f, node, "tls_server_config", tls_table, &t))
		return false;
	if (!t.cert.n && !t.cert_file.n)
		fields_error(f, node, "missing one of cert or cert_file");
	if (!t.key.n && !t.key_file.n)
		fields_error(f, node, "missing one of key or key_file");
	if ((t.cert.n && t.cert_file.n) || (t.key.n && t.key_file.n) ||
	    (t.client_ca.n && t.client_ca_file.n))
		fields_error(f, node, "a certificate or key is given twice, as text and as file");
	if (t.cipher_suites.n || t.curve_preferences.n)
		diags_warn(f->diags, f->file, node->line, node->col,
			   "cipher_suites and curve_preferences are not used: GnuTLS's NORMAL "
			   "priorities are");
	if (!set_priorities(f, node, &t, c) || !set_client_auth(f, node, &t, c) ||
	    f->diags->errors > before)
		return false;
	c->tls = true;
	c->cert = t.cert;
	c->key = t.key;
	c->client_ca = t.client_ca;
	c->cert_file = beside(&c->arena, f->file, t.cert_file);
	c->key_file = beside(&c->arena, f->file, t.key_file);
	c->client_ca_file = beside(&c->arena, f->file, t.client_ca_file);
	c->client_sans = t.client_allowed_sans.v;
	c->n_client_sans = t.client_allowed_sans.n;
	return true;
}

static bool is_known_header(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(known_headers); i++) {
		if (str_is(name, known_headers[i]))
			return true;
	}
	return false;
}

static bool read_http(const struct fields *f, const struct yaml_node *node, struct web_config *c)
{
	struct http_fields h = {0};
	bool ok = true;

	if (!node)
		return true;
	if (!FIELDS_READ(f, node, "http_server_config", http_table, &h))
		return false;
	if (!h.headers)
		return true;
	c->headers = ARENA_ARRAY(&c->arena, struct io_header, h.headers->n + 1);
	for (size_t i = 0; i < h.headers->n; i++) {
		const struct yaml_pair *p = &h.headers->pairs[i];
		struct io_header header = {.name = arena_str(&c->arena, p->key->value)};

		if (!is_known_header(header.name))
			ok = fields_error(f, p->key, "HTTP header \"%.*s\" can not be configured",
					  STR_ARG(header.name));
		else if (!fields_text(f, p->value, "header", &header.value))
			ok = false;
		else if (header.value.n)
			c->headers[c->n_headers++] = header;
	}
	return ok;
}

static bool is_bcrypt(struct str s)
{
	return s.n == 60 && s.p[0] == '$' && s.p[1] == '2' && s.p[3] == '$' && s.p[6] == '$';
}

static bool read_users(const struct fields *f, const struct yaml_node *node, struct web_config *c)
{
	bool ok = true;

	if (!node)
		return true;
	c->users = ARENA_ARRAY(&c->arena, struct web_user, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		struct web_user u = {.name = arena_str(&c->arena, p->key->value)};

		if (!fields_text(f, p->value, "password", &u.hash))
			ok = false;
		else if (!is_bcrypt(u.hash))
			ok = fields_error(f, p->value,
					  "the password of %.*s is no bcrypt hash (htpasswd -nBC "
					  "10 "
					  "makes one)",
					  STR_ARG(u.name));
		else
			c->users[c->n_users++] = u;
	}
	return ok;
}

static bool read_top(struct str text, struct str file, const struct limits *l, struct web_config *c,
		     struct diags *diags)
{
	struct fields f = {.arena = &c->arena, .file = file, .diags = diags};
	struct top_fields top = {0};
	struct yaml_node *root = NULL;
	struct err err;
	bool more;

	if (!yaml_parse(text, l, &c->arena, &root, &more, &err)) {
		diags_add(diags, file, err.line, err.col, "%s", err.msg);
		return false;
	}
	if (!FIELDS_READ(&f, root, "web configuration", top_table, &top))
		return false;
	if (top.rate_limit)
		diags_warn(diags, file, top.rate_limit->line, top.rate_limit->col,
			   "rate_limit is not used");

	bool tls = read_tls(&f, top.tls, c), http = read_http(&f, top.http, c);

	return read_users(&f, top.users, c) && tls && http;
}

bool web_config_parse(struct str text, struct str file, const struct limits *l,
		      struct web_config **out, struct diags *diags)
{
	OWNED(web_config) c = MEM_NEW(struct web_config);

	arena_init(&c->arena);
	if (!read_top(text, file, l, c, diags))
		return false;
	*out = TAKE(c);
	return true;
}

void web_config_free(struct web_config *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}
