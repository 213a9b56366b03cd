/*
 * --web.config.file in the format of Prometheus's exporter-toolkit: TLS, headers put on every
 * answer, users with bcrypt hashes. Pure: text in, record out.
 */
#ifndef HOST_WEB_CONFIG_H
#define HOST_WEB_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"

enum client_auth { CLIENT_AUTH_NONE, CLIENT_AUTH_IF_GIVEN, CLIENT_AUTH_REQUIRED };

struct web_user {
	struct str name, hash; /* $2a$, $2b$ or $2y$ */
};

struct web_config {
	struct arena arena;
	bool tls;
	struct str cert, cert_file, key, key_file, client_ca, client_ca_file;
	enum client_auth client_auth;
	struct str *client_sans; /* one of them must be in the client's certificate */
	size_t n_client_sans;
	char priorities[128]; /* for GnuTLS: which versions */
	struct io_header *headers;
	size_t n_headers;
	struct web_user *users;
	size_t n_users;
};

/* Relative files stand beside `file`. Every mistake goes to diags; *out only if there is none. */
ATTR_CHECK bool web_config_parse(struct str text, struct str file, const struct limits *l,
				 struct web_config **out, struct diags *diags);
void web_config_free(struct web_config *c);
OWNED_DEFINE(web_config)

#endif
