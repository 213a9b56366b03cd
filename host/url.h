/*
 * URLs as they are given to us: split into borrowed pieces, and the request targets that clients
 * send, decoded. Nothing is fetched here.
 */
#ifndef HOST_URL_H
#define HOST_URL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "web/web.h"

struct url {
	struct str scheme;
	struct str user_info; /* without the @ */
	struct str host;      /* without the brackets of an IPv6 address */
	bool brackets;
	int port; /* the scheme's default if none is written */
	bool has_port;
	struct str rest; /* path, query, fragment; may be empty */
};

/* http, https, smtp, smtps. The words of an error never hold the URL: it may be a secret. */
ATTR_CHECK bool url_split(struct str text, struct url *out, struct err *err);
/* "scheme://host:port": what may always be shown, paths of receivers are secrets. */
void url_put_origin(struct buf *b, struct str text);
/* An IPv4 or IPv6 address as text. */
bool url_is_address(struct str host);
/* localhost and everything below it. */
bool url_is_localhost(struct str host);

#define TARGET_PARAMS 1000 /* the most query parameters of a request */

struct target {
	struct str path; /* decoded */
	struct web_param *query;
	size_t n_query;
};

/* "/a%20b?x=1&y" as a client sends it; an absolute URL's scheme and host are skipped. False: not
 * valid (bad escape, NUL, no UTF-8, too many parameters). */
ATTR_CHECK bool target_parse(struct str text, struct arena *a, struct target *out, struct err *err);
/* Decodes "a=1&b=2" behind what is in *out. */
ATTR_CHECK bool target_parse_form(struct str text, struct arena *a, struct target *out,
				  struct err *err);

#endif
