/*
 * What curl must know about one request: method, headers, credentials, TLS, proxy. The options
 * that depend on the configuration only are set once for a handle (setup_base) and stay as long
 * as it serves the same configuration; the rest is as little as possible.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/base64.h"
#include "base/num.h"
#include "host/http_out.h"
#include "host/transfer.h"
#include "host/version.h"

#define CA_FOLDER "/etc/ssl/certs" /* hashed: only what is needed is read */
#define CA_CACHE_S 60L		   /* a rotated CA file is seen after this */
#define BUFFER_BYTES 32768L	   /* of a reply, taken at once */

/* ---- callbacks of curl --------------------------------------------------------------------- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str bytes = {p, size * n};

	if (!t->call)
		return 0;
	t->received += bytes.n;
	if (t->received > t->req.max_reply) {
		t->too_big = true;
		return 0;
	}
	if (t->call->on_data && t->status / 100 == 2) {
		t->call->on_data(t->call, bytes);
		return t->call ? bytes.n : 0;
	}
	buf_add(&t->body, bytes);
	return bytes.n;
}

/* "HTTP/1.1 200 OK" begins a new head: redirects, 100 Continue, proxies. */
static void new_head(struct transfer *t, struct str line)
{
	ptrdiff_t blank = str_find_char(line, ' ');
	int64_t status = 0;

	if (blank < 0 || num_int(str_cut(line, (size_t)blank + 1, (size_t)blank + 4), 10, &status))
		status = 0;
	t->status = (int)status;
	t->n_reply_headers = 0;
}

static void add_reply_header(struct transfer *t, struct str line)
{
	ptrdiff_t colon = str_find_char(line, ':');

	if (colon <= 0 || t->n_reply_headers == REPLY_HEADERS_MOST)
		return;
	if (t->n_reply_headers == t->reply_headers_cap) {
		size_t cap = MAX(t->reply_headers_cap * 2, (size_t)16);
		struct io_header *v = ARENA_ARRAY(&t->arena, struct io_header, cap);

		if (t->n_reply_headers)
			memcpy(v, t->reply_headers, t->n_reply_headers * sizeof(*v));
		t->reply_headers = v;
		t->reply_headers_cap = cap;
	}

	struct str name = str_trim(str_cut(line, 0, (size_t)colon));
	char *lower = arena_bytes(&t->arena, name.n + 1);

	for (size_t i = 0; i < name.n; i++)
		lower[i] =
			name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
	t->reply_headers[t->n_reply_headers++] =
		(struct io_header){.name = {lower, name.n},
				   .value = arena_str(&t->arena,
						      str_trim(str_from(line, (size_t)colon + 1)))};
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = str_trim((struct str){p, size * n});

	if (t->req.mail) {
		setup_mail_line(t, line);
	} else if (str_starts(line, "HTTP/")) {
		new_head(t, line);
	} else {
		add_reply_header(t, line);
	}
	return size * n;
}

/* ---- headers ------------------------------------------------------------------------------- */

static struct curl_slist *slist_add(struct transfer *t, struct curl_slist **list, char *text)
{
	struct curl_slist *node = ARENA_NEW(&t->arena, struct curl_slist);

	node->data = text;
	node->next = *list;
	*list = node;
	return node;
}

/* "Name: value" as curl wants it; curl reads "Name:" as "leave it out" and "Name;" as empty. */
static bool add_header(struct transfer *t, struct curl_slist **list, struct str name,
		       struct str value, struct err *err)
{
	char *line = arena_bytes(&t->arena, name.n + value.n + 3);

	if (!name.n || memchr(name.p, ':', name.n))
		return err_set(err, -1, "a header has no proper name");
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
			return err_set(err, -1, "the header %.*s has a line break in its value",
				       STR_ARG(name));
	}
	memcpy(line, name.p, name.n);
	memcpy(line + name.n, value.n ? ": " : ";", 2);
	if (value.n)
		memcpy(line + name.n + 2, value.p, value.n);
	line[name.n + (value.n ? value.n + 2 : 1)] = '\0';
	slist_add(t, list, line);
	return true;
}

bool setup_add_header(struct transfer *t, struct str name, struct str value, struct err *err)
{
	return add_header(t, &t->headers, name, value, err);
}

static bool has_header(const struct transfer *t, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < t->req.n_headers; i++) {
		struct str have = t->req.headers[i].name;

		if (have.n == n && strncasecmp(have.p, name, n) == 0)
			return true;
	}
	return false;
}

static bool add_config_headers(struct transfer *t, struct curl_slist **list,
			       const struct http_header_config *headers, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct http_header_config *h = &headers[i];

		for (size_t k = 0; k < h->n_values; k++) {
			if (!add_header(t, list, h->name, h->values[k], err))
				return false;
		}
		for (size_t k = 0; k < h->n_secrets; k++) {
			if (!add_header(t, list, h->name, h->secrets[k], err))
				return false;
		}
		for (size_t k = 0; k < h->n_files; k++) {
			struct str value;

			if (!secrets_get(transfer_secrets(t), h->files[k], &value, err) ||
			    !add_header(t, list, h->name, value, err))
				return false;
		}
	}
	return true;
}

/* The text itself, or what its file holds now. */
static bool secret(struct transfer *t, struct str text, struct str file, struct str *out,
		   struct err *err)
{
	*out = text;
	return !file.n || secrets_get(transfer_secrets(t), file, out, err);
}

static bool basic_auth(struct transfer *t, struct str *value, struct err *err)
{
	const struct http_config *c = t->req.config;
	struct str user, password;

	if (!secret(t, c->username, c->username_file, &user, err))
		return false;
	user = arena_str(&t->arena, user);
	if (!secret(t, c->password, c->password_file, &password, err))
		return false;

	struct str pair = arena_printf(&t->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
	struct str encoded = base64_encode(pair, BASE64_STANDARD, &t->arena);

	*value = arena_printf(&t->arena, "Basic %.*s", STR_ARG(encoded));
	return true;
}

static bool add_authorization(struct transfer *t, struct err *err)
{
	const struct http_config *c = t->req.config;
	struct str value = {0}, text;

	if (t->foreign || has_header(t, "authorization"))
		return true;
	if (c->has_basic_auth) {
		if (!basic_auth(t, &value, err))
			return false;
	} else if (c->has_authorization) {
		struct str type = c->auth_type.n ? c->auth_type : STR("Bearer");

		if (!secret(t, c->credentials, c->credentials_file, &text, err))
			return false;
		value = arena_printf(&t->arena, "%.*s %.*s", STR_ARG(type), STR_ARG(text));
	} else if (t->bearer.n) {
		value = arena_printf(&t->arena, "Bearer %.*s", STR_ARG(t->bearer));
	}
	return !value.n || add_header(t, &t->headers, STR("Authorization"), value, err);
}

static bool is_header(struct io_header h, const char *name)
{
	return h.name.n == strlen(name) && strncasecmp(h.name.p, name, h.name.n) == 0;
}

static bool add_headers(struct transfer *t, struct err *err)
{
	const struct http_config *c = t->req.config;

	for (size_t i = 0; i < t->req.n_headers; i++) {
		struct io_header h = t->req.headers[i];

		if (is_header(h, "accept-encoding")) { /* curl decodes what it asks for itself */
			SETOPT(t->easy.curl, CURLOPT_ACCEPT_ENCODING,
			       arena_cstr(&t->arena, h.value));
			t->easy.set_up = false;
			continue;
		}
		if (t->foreign && (is_header(h, "authorization") || is_header(h, "cookie")))
			continue;
		if (!add_header(t, &t->headers, h.name, h.value, err))
			return false;
	}
	if (t->req.compressed) {
		SETOPT(t->easy.curl, CURLOPT_ACCEPT_ENCODING, "gzip");
		t->easy.set_up = false;
	} else if (!has_header(t, "accept-encoding") &&
		   !add_header(t, &t->headers, STR("Accept-Encoding"), STR("identity"), err))
		return false;
	if (!has_header(t, "user-agent") &&
	    !add_header(t, &t->headers, STR("User-Agent"), STR("rouse/" ROUSE_VERSION), err))
		return false;
	if (t->req.body.n > 1000000) {
		static char no_expect[] = "Expect:";

		slist_add(t, &t->headers, no_expect);
	}
	return (t->foreign || add_config_headers(t, &t->headers, c->headers, c->n_headers, err)) &&
	       add_authorization(t, err);
}

/* ---- TLS ----------------------------------------------------------------------------------- */

static long tls_version(struct str name, bool max)
{
	static const struct {
		const char *name;
		long min, max;
	} versions[] = {
		{"TLS10", CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_0},
		{"TLS11", CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_1},
		{"TLS12", CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2},
		{"TLS13", CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3},
	};

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (str_is(name, versions[i].name))
			return max ? versions[i].max : versions[i].min;
	}
	return max ? CURL_SSLVERSION_MAX_DEFAULT : CURL_SSLVERSION_TLSv1_2;
}

static void set_text(CURL *c, CURLoption option, struct str s)
{
	char text[4096];

	if (!s.n || s.n >= sizeof(text))
		return;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	SETOPT(c, option, text);
}

static void set_blob(CURL *c, CURLoption option, struct str s)
{
	union {
		const char *in;
		void *out;
	} bytes = {.in = s.p};
	struct curl_blob blob = {.data = bytes.out, .len = s.n, .flags = CURL_BLOB_COPY};

	if (s.n)
		SETOPT(c, option, &blob);
}

static void set_ca(CURL *c, const struct tls_config *tls)
{
	if (tls->ca.n) {
		set_blob(c, CURLOPT_CAINFO_BLOB, tls->ca);
	} else if (tls->ca_file.n) {
		SETOPT(c, CURLOPT_CAPATH, NULL);
		set_text(c, CURLOPT_CAINFO, tls->ca_file);
		curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
	} else if (access(CA_FOLDER "/ca-certificates.crt", R_OK) == 0) {
		SETOPT(c, CURLOPT_CAINFO, NULL); /* the bundle costs 30 ms and 4 MB */
		SETOPT(c, CURLOPT_CAPATH, CA_FOLDER);
	}
}

void setup_tls(CURL *c, const struct tls_config *tls)
{
	SETOPT(c, CURLOPT_SSLVERSION,
	       tls_version(tls->min_version, false) | tls_version(tls->max_version, true));
	set_ca(c, tls);
	set_text(c, CURLOPT_SSLCERT, tls->cert_file);
	set_text(c, CURLOPT_SSLKEY, tls->key_file);
	set_blob(c, CURLOPT_SSLCERT_BLOB, tls->cert);
	set_blob(c, CURLOPT_SSLKEY_BLOB, tls->key);
	if (tls->insecure_skip_verify) {
		SETOPT(c, CURLOPT_SSL_VERIFYPEER, 0L);
		SETOPT(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

/* ---- proxy --------------------------------------------------------------------------------- */

static bool cidr_has(struct str cidr, struct str host)
{
	char net[64], addr[64];
	unsigned char a[16], b[16];
	ptrdiff_t slash = str_find_char(cidr, '/');
	int64_t bits;

	if (slash < 0 || cidr.n >= sizeof(net) || host.n >= sizeof(addr) ||
	    num_int(str_from(cidr, (size_t)slash + 1), 10, &bits) != NUM_OK)
		return false;
	snprintf(net, sizeof(net), "%.*s", (int)slash, cidr.p);
	snprintf(addr, sizeof(addr), "%.*s", STR_ARG(host));

	int family = strchr(net, ':') ? AF_INET6 : AF_INET;
	int64_t most = family == AF_INET ? 32 : 128;

	if (bits < 0 || bits > most || inet_pton(family, net, a) != 1 ||
	    inet_pton(family, addr, b) != 1)
		return false;
	for (int64_t i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	}
	return true;
}

/* One entry of a no_proxy list: *, host, .domain, address, network; with or without a port. */
static bool no_proxy_entry(struct str entry, struct str host, int port)
{
	ptrdiff_t colon = str_find_char(entry, ':');
	int64_t p;

	if (str_is(entry, "*") || cidr_has(entry, host))
		return true;
	if (colon > 0 && num_int(str_from(entry, (size_t)colon + 1), 10, &p) == NUM_OK) {
		if (p != port)
			return false;
		entry = str_cut(entry, 0, (size_t)colon);
	}
	if (str_starts(entry, "*."))
		entry = str_from(entry, 1);

	bool domain = str_starts(entry, ".");
	struct str bare = domain ? str_from(entry, 1) : entry;

	if (!bare.n || host.n < bare.n ||
	    strncasecmp(host.p + host.n - bare.n, bare.p, bare.n) != 0)
		return false;
	if (host.n == bare.n)
		return !domain;
	return host.p[host.n - bare.n - 1] == '.' && !url_is_address(host);
}

bool setup_no_proxy(struct str list, struct str host, int port)
{
	while (list.n) {
		ptrdiff_t comma = str_find_char(list, ',');
		struct str entry = comma < 0 ? list : str_cut(list, 0, (size_t)comma);

		list = str_from(list, entry.n + 1);
		entry = str_trim(entry);
		if (entry.n && no_proxy_entry(entry, host, port))
			return true;
	}
	return false;
}

static struct str env_any(const char *upper, const char *lower)
{
	const char *v = getenv(upper);

	return str_of(v && *v ? v : getenv(lower));
}

bool setup_proxy(struct transfer *t, struct err *err)
{
	const struct http_config *c = t->req.config;
	struct str proxy = c->proxy_url, except = c->no_proxy;
	struct url u;

	t->proxy = (struct str){0};
	if (t->req.mail)
		return true;
	if (c->proxy_from_environment) {
		except = env_any("NO_PROXY", "no_proxy");
		proxy = str_is(t->url.scheme, "https") ? env_any("HTTPS_PROXY", "https_proxy")
						       : env_any("HTTP_PROXY", "http_proxy");
		if (url_is_localhost(t->url.host) || str_starts(t->url.host, "127."))
			return true;
	}
	if (!proxy.n || setup_no_proxy(except, t->url.host, t->url.port))
		return true;
	if (str_find(proxy, STR("://")) < 0)
		proxy = arena_printf(&t->arena, "http://%.*s", STR_ARG(proxy));
	if (str_starts(proxy, "http") && !url_split(proxy, &u, err))
		return err_prefix(err, "proxy: ");
	t->proxy = proxy;
	return true;
}

static bool set_proxy(struct transfer *t, struct err *err)
{
	const struct http_config *c = t->req.config;
	CURL *curl = t->easy.curl;

	SETOPT(curl, CURLOPT_PROXY, t->proxy.n ? arena_cstr(&t->arena, t->proxy) : "");
	if (!t->proxy.n)
		return true;
	t->easy.set_up = false; /* the next hop may be without */
	if (!add_config_headers(t, &t->proxy_headers, c->proxy_headers, c->n_proxy_headers, err))
		return false;
	SETOPT(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SETOPT(curl, CURLOPT_PROXYHEADER, t->proxy_headers);
	return true;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* What stays from request to request as long as the configuration is the same. */
static void setup_base(struct transfer *t)
{
	const struct http_config *c = t->req.config;
	CURL *curl = t->easy.curl;

	curl_easy_reset(curl);
	SETOPT(curl, CURLOPT_NOSIGNAL, 1L);
	SETOPT(curl, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
	SETOPT(curl, CURLOPT_PROXY, "");
	SETOPT(curl, CURLOPT_NOPROXY, "");
	SETOPT(curl, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	SETOPT(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	SETOPT(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SETOPT(curl, CURLOPT_WRITEFUNCTION, on_body);
	SETOPT(curl, CURLOPT_HEADERFUNCTION, on_header);
	SETOPT(curl, CURLOPT_HTTP_VERSION,
	       (long)(c->enable_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	setup_tls(curl, t->req.mail && t->req.mail->tls ? t->req.mail->tls : &c->tls);
	t->easy.config = c;
	t->easy.method = NULL;
	t->easy.target = false;
	t->easy.set_up = true;
}

/* The host as tls.server_name wants to see it, connected to where the URL says. */
static struct str renamed_url(struct transfer *t, struct err *err)
{
	struct str name = t->req.config->tls.server_name;
	const struct url *u = &t->url;
	const char *open = u->brackets ? "[" : "", *close = u->brackets ? "]" : "";

	if (!name.n || !str_is(u->scheme, "https") || t->req.mail)
		return t->req.url;

	struct str host =
		arena_printf(&t->arena, "%s%.*s%s:%d", open, STR_ARG(u->host), close, u->port);
	struct str to =
		arena_printf(&t->arena, "%.*s:%d:%.*s", STR_ARG(name), u->port, STR_ARG(host));

	if (!has_header(t, "host") && !setup_add_header(t, STR("Host"), host, err))
		return (struct str){0};
	slist_add(t, &t->connect_to, arena_cstr(&t->arena, to));
	SETOPT(t->easy.curl, CURLOPT_CONNECT_TO, t->connect_to);
	t->easy.set_up = false;
	return arena_printf(&t->arena, "%.*s://%.*s%s%.*s:%d%.*s", STR_ARG(u->scheme),
			    STR_ARG(u->user_info), u->user_info.n ? "@" : "", STR_ARG(name),
			    u->port, STR_ARG(u->rest));
}

/* Whether path and query may go out byte by byte as they stand. */
static bool is_clean_target(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '#')
			return false;
	}
	return str_starts(s, "/") && str_find(s, STR("/.")) < 0;
}

/* curl takes an URL apart, puts it together and prints it again, all of it byte by byte. A query is
 * the longest part of what we ask, so it goes around that. */
static void set_url(struct transfer *t, struct str url)
{
	struct str rest = t->url.rest;
	ptrdiff_t query = str_find_char(rest, '?');
	bool direct = query > 0 && !t->proxy.n && is_clean_target(rest);
	CURL *curl = t->easy.curl;

	if (direct)
		url = str_cut(url, 0, url.n - rest.n + (size_t)query);
	SETOPT(curl, CURLOPT_URL, arena_cstr(&t->arena, url));
	if (direct || t->easy.target)
		SETOPT(curl, CURLOPT_REQUEST_TARGET, direct ? arena_cstr(&t->arena, rest) : NULL);
	t->easy.target = direct;
}

static void set_resolve(struct transfer *t)
{
	struct url u = t->url;

	if (!t->addresses.n || (t->proxy.n && !url_split(t->proxy, &u, NULL))) {
		SETOPT(t->easy.curl, CURLOPT_RESOLVE, NULL);
		return;
	}
	if (t->proxy.n && !u.has_port && !str_is(u.scheme, "https"))
		u.port = 1080; /* curl's default for proxies */

	struct str s = arena_printf(&t->arena, "%.*s:%d:%.*s", STR_ARG(u.host), u.port,
				    STR_ARG(t->addresses));

	slist_add(t, &t->resolve, arena_cstr(&t->arena, s));
	SETOPT(t->easy.curl, CURLOPT_RESOLVE, t->resolve);
}

static void set_method(struct transfer *t)
{
	CURL *curl = t->easy.curl;
	bool post = str_is(t->req.method, "POST");
	bool get = str_is(t->req.method, "GET") && !t->req.body.n;
	const char *kind = post ? "POST" : get ? "GET" : "";

	if (!t->easy.method || strcmp(t->easy.method, kind) != 0 || !*kind) {
		SETOPT(curl, CURLOPT_HTTPGET, 1L);
		SETOPT(curl, CURLOPT_CUSTOMREQUEST, NULL);
		SETOPT(curl, CURLOPT_NOBODY, 0L);
	}
	if (str_is(t->req.method, "HEAD"))
		SETOPT(curl, CURLOPT_NOBODY, 1L);
	else if (!post && !get)
		SETOPT(curl, CURLOPT_CUSTOMREQUEST, arena_cstr(&t->arena, t->req.method));
	if (post || t->req.body.n) {
		SETOPT(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req.body.n);
		SETOPT(curl, CURLOPT_POSTFIELDS, t->req.body.n ? t->req.body.p : "");
		if (post)
			SETOPT(curl, CURLOPT_POST, 1L);
	}
	t->easy.method = kind;
}

bool setup_request(struct transfer *t, struct err *err)
{
	if (!t->easy.set_up || t->easy.config != t->req.config || t->req.mail)
		setup_base(t);
	t->headers = t->proxy_headers = t->resolve = t->connect_to = NULL;
	t->status = 0;
	*t->curl_error = '\0';

	CURL *curl = t->easy.curl;

	SETOPT(curl, CURLOPT_ERRORBUFFER, t->curl_error);
	SETOPT(curl, CURLOPT_PRIVATE, t);
	SETOPT(curl, CURLOPT_WRITEDATA, t);
	SETOPT(curl, CURLOPT_HEADERDATA, t);
	set_resolve(t);
	if (t->req.mail) {
		t->easy.set_up = false;
		return setup_mail(t, err);
	}
	if (!set_proxy(t, err) || !add_headers(t, err))
		return false;

	struct str url = renamed_url(t, err);

	if (!url.n)
		return false;
	set_url(t, url);
	SETOPT(curl, CURLOPT_HTTPHEADER, t->headers);
	set_method(t);
	return true;
}
