/*
 * `http_config` of the Prometheus family, read from YAML. The rules and the words of the errors are
 * those of prometheus/common, so that a file that loads there loads here and one that is refused
 * there is refused here; unlike there, every mistake is told, and where it stands.
 *
 * The old keys bearer_token and bearer_token_file become an `authorization` of type Bearer.
 */
#include "base/http_config.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/yaml.h"

struct reader {
	struct arena *arena;
	struct str dir, file;
	struct diags *diags;
};

#define SAY(r, node, ...) diags_add((r)->diags, (r)->file, (node)->line, (node)->col, __VA_ARGS__)

void http_config_defaults(struct http_config *c)
{
	*c = (struct http_config){.follow_redirects = true, .enable_http2 = true};
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The value of a key; NULL if there is none or it is null. */
static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	return n && n->kind != YAML_NULL ? n : NULL;
}

/* Where to say something about a key: at its value, or at the map if it is not there. */
static const struct yaml_node *place(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = get(map, key);

	return n ? n : map;
}

/* The map that is the value of a key; NULL if there is none. */
static const struct yaml_node *get_map(struct reader *r, const struct yaml_node *map,
				       const char *key)
{
	const struct yaml_node *n = get(map, key);

	if (!n || n->kind == YAML_MAP)
		return n;
	SAY(r, n, "%s must be a map, this is %s", key, yaml_kind_name(n));
	return NULL;
}

/* Text that goes into a header or a name: a line break would let it forge others. */
static bool is_one_line(struct str s)
{
	return str_find_char(s, '\n') < 0 && str_find_char(s, '\r') < 0 &&
	       str_find_char(s, '\0') < 0;
}

static void read_str(struct reader *r, const struct yaml_node *map, const char *key,
		     struct str *out)
{
	const struct yaml_node *n = get(map, key);

	if (n && !yaml_is_str(n, out))
		SAY(r, n, "%s must be text, this is %s", key, yaml_kind_name(n));
	else if (n)
		*out = arena_str(r->arena, *out);
}

static void read_line(struct reader *r, const struct yaml_node *map, const char *key,
		      struct str *out)
{
	read_str(r, map, key, out);
	if (!is_one_line(*out)) {
		SAY(r, place(map, key), "%s must be one line", key);
		*out = (struct str){0};
	}
}

static struct str join_dir(struct reader *r, struct str path)
{
	if (!path.n || path.p[0] == '/' || !r->dir.n)
		return path;
	return arena_printf(r->arena, "%.*s/%.*s", STR_ARG(r->dir), STR_ARG(path));
}

static void read_file(struct reader *r, const struct yaml_node *map, const char *key,
		      struct str *out)
{
	read_line(r, map, key, out);
	*out = join_dir(r, *out);
}

static void read_bool(struct reader *r, const struct yaml_node *map, const char *key, bool *out)
{
	const struct yaml_node *n = get(map, key);

	if (n && !yaml_is_bool(n, out))
		SAY(r, n, "%s must be true or false", key);
}

/* A list of single lines, or nothing; `files` are joined to the folder. */
static size_t read_lines(struct reader *r, const struct yaml_node *n, const char *key,
			 struct str **out, bool files)
{
	size_t k = 0;

	if (!n || n->kind == YAML_NULL)
		return 0;
	if (n->kind != YAML_LIST) {
		SAY(r, n, "%s must be a list, this is %s", key, yaml_kind_name(n));
		return 0;
	}
	*out = ARENA_ARRAY(r->arena, struct str, n->n);
	for (size_t i = 0; i < n->n; i++) {
		struct str s;

		if (!yaml_is_str(n->items[i], &s) || !is_one_line(s)) {
			SAY(r, n->items[i], "%s must be a list of single lines of text", key);
			continue;
		}
		s = arena_str(r->arena, s);
		(*out)[k++] = files ? join_dir(r, s) : s;
	}
	return k;
}

/* Is the key there with something in it? */
static bool is_set(const struct yaml_node *map, const char *key)
{
	struct str s;
	const struct yaml_node *n = get(map, key);

	return n && (!yaml_is_str(n, &s) || s.n > 0);
}

/* Says `words` at the second of the keys that is set. */
static void at_most_one(struct reader *r, const struct yaml_node *map, const char *const keys[3],
			const char *words)
{
	int found = 0;

	for (int i = 0; i < 3; i++) {
		if (keys[i] && is_set(map, keys[i]) && ++found == 2)
			SAY(r, place(map, keys[i]), "%s", words);
	}
}

/* Names of a secret store's entries: upstream's programs have none either. */
static void refuse_ref(struct reader *r, const struct yaml_node *map, const char *key)
{
	if (is_set(map, key))
		SAY(r, place(map, key),
		    "%s: there is no secret store to look this up in, use the key "
		    "that ends in _file",
		    key);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

/* The place of a version in their order, 0: none, -1: unknown. */
static int tls_version(struct str s)
{
	static const char *const names[] = {"", "TLS10", "TLS11", "TLS12", "TLS13"};

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (str_is(s, names[i]))
			return i;
	}
	return -1;
}

static void check_tls_versions(struct reader *r, const struct yaml_node *n,
			       const struct tls_config *t)
{
	int min = tls_version(t->min_version), max = tls_version(t->max_version);

	if (min < 0)
		SAY(r, place(n, "min_version"),
		    "unknown TLS version: %.*s (known are TLS10, TLS11, TLS12 and TLS13)",
		    STR_ARG(t->min_version));
	if (max < 0)
		SAY(r, place(n, "max_version"),
		    "unknown TLS version: %.*s (known are TLS10, TLS11, TLS12 and TLS13)",
		    STR_ARG(t->max_version));
	if (min > 0 && max > 0 && min > max)
		SAY(r, place(n, "max_version"),
		    "tls_config.max_version must be greater than or equal to "
		    "tls_config.min_version if both are specified");
}

static void check_tls(struct reader *r, const struct yaml_node *n, const struct tls_config *t)
{
	bool cert = t->cert.n || t->cert_file.n || is_set(n, "cert_ref");
	bool key = t->key.n || t->key_file.n || is_set(n, "key_ref");

	at_most_one(r, n, (const char *const[]){"ca", "ca_file", "ca_ref"},
		    "at most one of ca, ca_file & ca_ref must be configured");
	at_most_one(r, n, (const char *const[]){"cert", "cert_file", "cert_ref"},
		    "at most one of cert, cert_file & cert_ref must be configured");
	at_most_one(r, n, (const char *const[]){"key", "key_file", "key_ref"},
		    "at most one of key, key_file & key_ref must be configured");
	if (cert && !key)
		SAY(r, n,
		    "exactly one of key or key_file must be configured when a client "
		    "certificate is configured");
	if (key && !cert)
		SAY(r, n,
		    "exactly one of cert or cert_file must be configured when a client key is "
		    "configured");
	refuse_ref(r, n, "ca_ref");
	refuse_ref(r, n, "cert_ref");
	refuse_ref(r, n, "key_ref");
}

static void read_tls(struct reader *r, const struct yaml_node *map, struct tls_config *t)
{
	const struct yaml_node *n = get_map(r, map, "tls_config");

	if (!n)
		return;
	read_str(r, n, "ca", &t->ca);
	read_file(r, n, "ca_file", &t->ca_file);
	read_str(r, n, "cert", &t->cert);
	read_file(r, n, "cert_file", &t->cert_file);
	read_str(r, n, "key", &t->key);
	read_file(r, n, "key_file", &t->key_file);
	read_line(r, n, "server_name", &t->server_name);
	read_line(r, n, "min_version", &t->min_version);
	read_line(r, n, "max_version", &t->max_version);
	read_bool(r, n, "insecure_skip_verify", &t->insecure_skip_verify);
	check_tls(r, n, t);
	check_tls_versions(r, n, t);
	yaml_unknown_keys(n, "tls_config", r->file, r->diags);
}

/* ---- headers --------------------------------------------------------------------------------- */

/* A token of RFC 9110. */
static bool is_header_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') && !(c && strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.n > 0;
}

/* Those that the client sets itself; their names as they are canonically written, or NULL. */
static const char *reserved_header(struct str name)
{
	static const char *const names[] = {
		"Authorization",
		"Host",
		"Content-Encoding",
		"Content-Length",
		"Content-Type",
		"User-Agent",
		"Connection",
		"Keep-Alive",
		"Proxy-Authenticate",
		"Proxy-Authorization",
		"Www-Authenticate",
		"Accept-Encoding",
		"X-Prometheus-Remote-Write-Version",
		"X-Prometheus-Remote-Read-Version",
		"X-Prometheus-Scrape-Timeout-Seconds",
		"X-Amz-Date",
		"X-Amz-Security-Token",
		"X-Amz-Content-Sha256",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (name.n == strlen(names[i]) && strncasecmp(name.p, names[i], name.n) == 0)
			return names[i];
	}
	return NULL;
}

static void header_name(struct reader *r, const struct yaml_node *key, struct str *out)
{
	if (!is_header_name(key->value))
		SAY(r, key, "\"%.*s\" is no name of a header", STR_ARG(key->value));
	*out = arena_str(r->arena, key->value);
}

static void read_header(struct reader *r, const struct yaml_pair *p, struct http_header_config *h)
{
	const char *reserved = reserved_header(p->key->value);

	if (reserved)
		SAY(r, p->key, "setting header \"%s\" is not allowed", reserved);
	header_name(r, p->key, &h->name);
	if (p->value->kind == YAML_NULL)
		return;
	if (p->value->kind != YAML_MAP) {
		SAY(r, p->value, "a header must be a map with values, secrets or files, this is %s",
		    yaml_kind_name(p->value));
		return;
	}
	h->n_values = read_lines(r, yaml_get(p->value, "values"), "values", &h->values, false);
	h->n_secrets = read_lines(r, yaml_get(p->value, "secrets"), "secrets", &h->secrets, false);
	h->n_files = read_lines(r, yaml_get(p->value, "files"), "files", &h->files, true);
	yaml_unknown_keys(p->value, "header", r->file, r->diags);
}

static void read_headers(struct reader *r, const struct yaml_node *map, struct http_config *c)
{
	const struct yaml_node *n = get_map(r, map, "http_headers");

	if (!n)
		return;
	c->headers = ARENA_ARRAY(r->arena, struct http_header_config, n->n);
	c->n_headers = n->n;
	for (size_t i = 0; i < n->n; i++)
		read_header(r, &n->pairs[i], &c->headers[i]);
}

/* ---- proxy ----------------------------------------------------------------------------------- */

struct proxy {
	struct str url, no_proxy;
	bool from_environment;
	struct http_header_config *headers;
	size_t n_headers;
};

static void read_proxy_headers(struct reader *r, const struct yaml_node *map, struct proxy *p)
{
	const struct yaml_node *n = get_map(r, map, "proxy_connect_header");

	if (!n)
		return;
	p->headers = ARENA_ARRAY(r->arena, struct http_header_config, n->n);
	p->n_headers = n->n;
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_node *key = n->pairs[i].key;

		header_name(r, key, &p->headers[i].name);
		/* These are secrets: proxies are told passwords so. */
		p->headers[i].n_secrets =
			read_lines(r, n->pairs[i].value, "a header", &p->headers[i].secrets, false);
	}
	if (n->n && !p->url.n && !p->from_environment)
		SAY(r, n,
		    "if proxy_connect_header is configured, proxy_url or "
		    "proxy_from_environment must also be configured");
}

static void read_proxy(struct reader *r, const struct yaml_node *map, struct proxy *p)
{
	read_line(r, map, "proxy_url", &p->url);
	read_line(r, map, "no_proxy", &p->no_proxy);
	read_bool(r, map, "proxy_from_environment", &p->from_environment);
	read_proxy_headers(r, map, p);
	if (p->from_environment && p->url.n)
		SAY(r, place(map, "proxy_url"),
		    "if proxy_from_environment is configured, proxy_url "
		    "must not be configured");
	if (p->from_environment && p->no_proxy.n)
		SAY(r, place(map, "no_proxy"),
		    "if proxy_from_environment is configured, no_proxy must "
		    "not be configured");
	else if (p->no_proxy.n && !p->url.n)
		SAY(r, place(map, "no_proxy"),
		    "if no_proxy is configured, proxy_url must also be "
		    "configured");
}

/* ---- who we are ------------------------------------------------------------------------------ */

static void read_basic(struct reader *r, const struct yaml_node *map, struct http_config *c)
{
	const struct yaml_node *n = get_map(r, map, "basic_auth");

	if (!n)
		return;
	c->has_basic_auth = true;
	read_line(r, n, "username", &c->username);
	read_file(r, n, "username_file", &c->username_file);
	read_line(r, n, "password", &c->password);
	read_file(r, n, "password_file", &c->password_file);
	at_most_one(r, n, (const char *const[]){"username", "username_file", "username_ref"},
		    "at most one of basic_auth username, username_file & username_ref must be "
		    "configured");
	at_most_one(r, n, (const char *const[]){"password", "password_file", "password_ref"},
		    "at most one of basic_auth password, password_file & password_ref must be "
		    "configured");
	refuse_ref(r, n, "username_ref");
	refuse_ref(r, n, "password_ref");
	yaml_unknown_keys(n, "basic_auth", r->file, r->diags);
}

static void read_authorization(struct reader *r, const struct yaml_node *map, struct http_config *c)
{
	const struct yaml_node *n = get_map(r, map, "authorization");

	if (!n)
		return;
	c->has_authorization = true;
	read_line(r, n, "type", &c->auth_type);
	read_line(r, n, "credentials", &c->credentials);
	read_file(r, n, "credentials_file", &c->credentials_file);
	at_most_one(r, n,
		    (const char *const[]){"credentials", "credentials_file", "credentials_ref"},
		    "at most one of authorization credentials & credentials_file must be "
		    "configured");
	refuse_ref(r, n, "credentials_ref");
	c->auth_type = str_trim(c->auth_type);
	if (c->auth_type.n == 5 && strncasecmp(c->auth_type.p, "basic", 5) == 0)
		SAY(r, place(n, "type"),
		    "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
	if (!c->auth_type.n)
		c->auth_type = STR("Bearer");
	yaml_unknown_keys(n, "authorization", r->file, r->diags);
}

static void read_bearer(struct reader *r, const struct yaml_node *map, struct http_config *c)
{
	bool token = is_set(map, "bearer_token"), file = is_set(map, "bearer_token_file");
	struct str text = {0}, path = {0};

	read_line(r, map, "bearer_token", &text);
	read_file(r, map, "bearer_token_file", &path);
	if (!token && !file)
		return;

	const struct yaml_node *at = get(map, file ? "bearer_token_file" : "bearer_token");

	if (token && file)
		SAY(r, at, "at most one of bearer_token & bearer_token_file must be configured");
	if (c->has_basic_auth || c->oauth2)
		SAY(r, at,
		    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must "
		    "be configured");
	if (c->has_authorization) {
		SAY(r, at, "authorization is not compatible with bearer_token & bearer_token_file");
		return;
	}
	c->has_authorization = true;
	c->auth_type = STR("Bearer");
	c->credentials = text;
	c->credentials_file = path;
}

/* name, value, name, value ... */
static void read_params(struct reader *r, const struct yaml_node *map, struct oauth2_config *o)
{
	const struct yaml_node *n = get_map(r, map, "endpoint_params");

	if (!n)
		return;
	o->params = ARENA_ARRAY(r->arena, struct str, 2 * n->n);
	for (size_t i = 0; i < n->n; i++) {
		struct str value = {0};

		if (n->pairs[i].value->kind != YAML_NULL && !yaml_is_str(n->pairs[i].value, &value))
			SAY(r, n->pairs[i].value, "endpoint_params must be texts, this is %s",
			    yaml_kind_name(n->pairs[i].value));
		o->params[o->n_params++] = arena_str(r->arena, n->pairs[i].key->value);
		o->params[o->n_params++] = arena_str(r->arena, value);
	}
}

/* Signed assertions instead of a client secret (RFC 7523) are not spoken here. */
static void refuse_jwt(struct reader *r, const struct yaml_node *n)
{
	static const char *const keys[] = {
		"client_certificate_key_id",
		"client_certificate_key",
		"client_certificate_key_file",
		"client_certificate_key_ref",
		"signature_algorithm",
		"iss",
		"audience",
		"claims",
	};
	struct str grant = {0};

	read_line(r, n, "grant_type", &grant);
	if (grant.n && !str_is(grant, "client_credentials"))
		SAY(r, place(n, "grant_type"),
		    "oauth2 grant_type \"%.*s\" is not supported, only client_credentials is",
		    STR_ARG(grant));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (is_set(n, keys[i]))
			SAY(r, place(n, keys[i]),
			    "oauth2 %s is not supported: use client_secret or client_secret_file",
			    keys[i]);
	}
}

static void check_oauth2(struct reader *r, const struct yaml_node *n, const struct oauth2_config *o)
{
	at_most_one(r, n,
		    (const char *const[]){"client_secret", "client_secret_file",
					  "client_secret_ref"},
		    "at most one of oauth2 client_secret, client_secret_file & client_secret_ref "
		    "must be configured");
	refuse_ref(r, n, "client_secret_ref");
	if (!o->client_id.n)
		SAY(r, n, "oauth2 client_id must be configured");
	if (!o->token_url.n)
		SAY(r, n, "oauth2 token_url must be configured");
	else if (!str_starts(o->token_url, "http://") && !str_starts(o->token_url, "https://"))
		SAY(r, place(n, "token_url"),
		    "oauth2 token_url must begin with http:// or https://");
}

static void read_oauth2(struct reader *r, const struct yaml_node *map, struct http_config *c)
{
	const struct yaml_node *n = get_map(r, map, "oauth2");
	struct proxy proxy = {0};

	if (!n)
		return;

	struct oauth2_config *o = ARENA_NEW(r->arena, struct oauth2_config);

	c->oauth2 = o;
	read_line(r, n, "client_id", &o->client_id);
	read_line(r, n, "client_secret", &o->client_secret);
	read_file(r, n, "client_secret_file", &o->client_secret_file);
	read_line(r, n, "token_url", &o->token_url);
	o->n_scopes = read_lines(r, yaml_get(n, "scopes"), "scopes", &o->scopes, false);
	read_params(r, n, o);
	read_tls(r, n, &o->tls);
	read_proxy(r, n, &proxy);
	o->proxy_url = proxy.url;
	check_oauth2(r, n, o);
	refuse_jwt(r, n);
	yaml_unknown_keys(n, "oauth2", r->file, r->diags);
}

bool http_config_parse(const struct yaml_node *node, struct arena *a, struct str dir,
		       struct http_config *c, struct str file, struct diags *diags)
{
	struct reader r = {.arena = a, .dir = dir, .file = file, .diags = diags};
	size_t errors = diags->errors;
	struct proxy proxy = {0};

	http_config_defaults(c);
	if (!node || node->kind == YAML_NULL)
		return true;
	if (node->kind != YAML_MAP) {
		SAY(&r, node, "http_config must be a map, this is %s", yaml_kind_name(node));
		return false;
	}
	read_basic(&r, node, c);
	read_authorization(&r, node, c);
	read_oauth2(&r, node, c);
	if (c->has_basic_auth + c->has_authorization + (c->oauth2 != NULL) > 1)
		SAY(&r, node,
		    "at most one of basic_auth, oauth2 & authorization must be configured");
	read_bearer(&r, node, c);
	read_tls(&r, node, &c->tls);
	read_proxy(&r, node, &proxy);
	c->proxy_url = proxy.url;
	c->no_proxy = proxy.no_proxy;
	c->proxy_from_environment = proxy.from_environment;
	c->proxy_headers = proxy.headers;
	c->n_proxy_headers = proxy.n_headers;
	read_bool(&r, node, "follow_redirects", &c->follow_redirects);
	read_bool(&r, node, "enable_http2", &c->enable_http2);
	read_headers(&r, node, c);
	yaml_unknown_keys(node, "http_config", file, diags);
	return diags->errors == errors;
}
