/*
 * How to talk HTTP to somebody: credentials, TLS, proxy, headers, as `http_config` of the
 * Prometheus family has them. A plain record that is parsed here and obeyed by host/http_out.
 *
 * Secrets named by a *_file key are read by the host at each request (rotation needs no reload);
 * the others are in the record and are never printed.
 */
#ifndef BASE_HTTP_CONFIG_H
#define BASE_HTTP_CONFIG_H

#include "base/base.h"
#include "base/err.h"

struct arena;
struct yaml_node;

struct tls_config {
	struct str ca, ca_file;
	struct str cert, cert_file;
	struct str key, key_file;
	struct str server_name;
	struct str min_version, max_version; /* "", TLS10, TLS11, TLS12, TLS13 */
	bool insecure_skip_verify;
};

struct http_header_config {
	struct str name;
	struct str *values, *secrets, *files;
	size_t n_values, n_secrets, n_files;
};

struct oauth2_config {
	struct str client_id, client_secret, client_secret_file, token_url;
	struct str *scopes;
	size_t n_scopes;
	struct str *params; /* name, value, name, value ... */
	size_t n_params;
	struct tls_config tls;
	struct str proxy_url;
};

struct http_config {
	struct str username, username_file, password, password_file; /* basic_auth */
	bool has_basic_auth;
	struct str auth_type, credentials, credentials_file; /* authorization; type Bearer */
	bool has_authorization;
	struct oauth2_config *oauth2; /* NULL: none */
	struct tls_config tls;
	struct str proxy_url, no_proxy;
	struct http_header_config *proxy_headers;
	size_t n_proxy_headers;
	bool proxy_from_environment;
	bool follow_redirects; /* default true */
	bool enable_http2;     /* default true */
	struct http_header_config *headers;
	size_t n_headers;
};

/* The defaults: no credentials, redirects followed, HTTP/2 allowed. */
void http_config_defaults(struct http_config *c);
/* Reads a YAML map into *c (strings live in the arena, `dir` is put in front of relative files).
 * All trouble goes to diags under `file`; false if there was any. */
ATTR_CHECK bool http_config_parse(const struct yaml_node *node, struct arena *a, struct str dir,
				  struct http_config *c, struct str file, struct diags *diags);

#endif
