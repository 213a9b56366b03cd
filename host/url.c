/* URLs, request targets: see url.h. */
#include "host/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/url.h"

static const struct {
	const char *name;
	int port;
} schemes[] = {{"http", 80}, {"https", 443}, {"smtp", 25}, {"smtps", 465}};

static int default_port(struct str scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (scheme.n == strlen(schemes[i].name) &&
		    strncasecmp(scheme.p, schemes[i].name, scheme.n) == 0)
			return schemes[i].port;
	}
	return 0;
}

static bool has_bad_byte(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f)
			return true;
	}
	return false;
}

static bool split_port(struct str text, struct url *u, struct err *err)
{
	uint64_t port;

	if (!text.n)
		return true;
	if (text.p[0] != ':')
		return err_set(err, -1, "the URL has something behind the address");
	text = str_from(text, 1);
	if (!text.n)
		return true;
	if (num_uint(text, 10, &port) != NUM_OK || port < 1 || port > 65535)
		return err_set(err, -1, "the URL's port is not one");
	u->port = (int)port;
	u->has_port = true;
	return true;
}

static bool split_authority(struct str text, struct url *u, struct err *err)
{
	for (size_t i = text.n; i > 0; i--) {
		if (text.p[i - 1] == '@') {
			u->user_info = str_cut(text, 0, i - 1);
			text = str_from(text, i);
			break;
		}
	}
	if (text.n && text.p[0] == '[') {
		ptrdiff_t end = str_find_char(text, ']');

		if (end < 0)
			return err_set(err, -1, "the URL's address lacks a ]");
		u->host = str_cut(text, 1, (size_t)end);
		u->brackets = true;
		text = str_from(text, (size_t)end + 1);
	} else {
		ptrdiff_t colon = str_find_char(text, ':');
		size_t end = colon < 0 ? text.n : (size_t)colon;

		u->host = str_cut(text, 0, end);
		text = str_from(text, end);
	}
	if (!u->host.n)
		return err_set(err, -1, "the URL has no host");
	return split_port(text, u, err);
}

bool url_split(struct str text, struct url *out, struct err *err)
{
	struct url u = {0};
	ptrdiff_t colon = str_find(text, STR("://"));

	if (!text.n)
		return err_set(err, -1, "the URL is empty");
	if (has_bad_byte(text))
		return err_set(err, -1, "the URL has blanks or control characters");
	if (colon <= 0)
		return err_set(err, -1, "the URL does not begin with http:// or the like");
	u.scheme = str_cut(text, 0, (size_t)colon);
	u.port = default_port(u.scheme);
	if (!u.port)
		return err_set(err, -1, "the URL's scheme is none of http, https, smtp, smtps");
	text = str_from(text, (size_t)colon + 3);

	size_t end = 0;

	while (end < text.n && !strchr("/?#", text.p[end]))
		end++;
	u.rest = str_from(text, end);
	if (!split_authority(str_cut(text, 0, end), &u, err))
		return false;
	*out = u;
	return true;
}

void url_put_origin(struct buf *b, struct str text)
{
	struct url u;

	if (!url_split(text, &u, NULL)) {
		buf_adds(b, "(bad URL)");
		return;
	}
	buf_add(b, u.scheme);
	buf_adds(b, "://");
	buf_printf(b, u.brackets ? "[%.*s]" : "%.*s", STR_ARG(u.host));
	if (u.has_port)
		buf_printf(b, ":%d", u.port);
}

bool url_is_address(struct str host)
{
	char text[INET6_ADDRSTRLEN + 1];
	struct in6_addr a;

	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

bool url_is_localhost(struct str host)
{
	static const char name[] = "localhost";
	size_t n = sizeof(name) - 1;

	if (host.n < n || strncasecmp(host.p + host.n - n, name, n) != 0)
		return false;
	return host.n == n || host.p[host.n - n - 1] == '.';
}

/* Percent escapes, and + as a blank if `plus`. */
static bool decode(struct str s, bool plus, struct arena *a, struct str *out, struct err *err)
{
	if (!url_unescape(a, s, plus, out))
		return err_set(err, -1, "invalid URL escape");
	if (out->n && memchr(out->p, 0, out->n))
		return err_set(err, -1, "a NUL in the URL");
	return str_is_utf8(*out) || err_set(err, -1, "the URL is not UTF-8");
}

bool target_parse_form(struct str text, struct arena *a, struct target *out, struct err *err)
{
	size_t most = out->n_query;

	for (size_t i = 0; i <= text.n; i++)
		most += i == text.n || text.p[i] == '&';
	if (most > TARGET_PARAMS)
		return err_set(err, -1, "more than %d parameters", TARGET_PARAMS);

	struct web_param *v = ARENA_ARRAY(a, struct web_param, most);
	size_t n = out->n_query;

	if (n)
		memcpy(v, out->query, n * sizeof(*v));
	for (size_t at = 0; at < text.n;) {
		struct str rest = str_from(text, at);
		ptrdiff_t amp = str_find_char(rest, '&');
		struct str pair = amp < 0 ? rest : str_cut(rest, 0, (size_t)amp);
		ptrdiff_t eq = str_find_char(pair, '=');
		size_t name_n = eq < 0 ? pair.n : (size_t)eq;

		at += pair.n + 1;
		if (!pair.n)
			continue;
		if (!decode(str_cut(pair, 0, name_n), true, a, &v[n].name, err) ||
		    !decode(str_from(pair, name_n + 1), true, a, &v[n].value, err))
			return false;
		n++;
	}
	out->query = v;
	out->n_query = n;
	return true;
}

bool target_parse(struct str text, struct arena *a, struct target *out, struct err *err)
{
	struct target t = {0};

	if (str_starts(text, "http://") || str_starts(text, "https://")) {
		struct url u;

		if (!url_split(text, &u, err))
			return false;
		text = u.rest.n ? u.rest : STR("/");
	}
	if (!text.n || text.p[0] != '/')
		return err_set(err, -1, "the path does not begin with /");

	ptrdiff_t hash = str_find_char(text, '#');

	if (hash >= 0)
		text = str_cut(text, 0, (size_t)hash);

	ptrdiff_t q = str_find_char(text, '?');
	size_t path_n = q < 0 ? text.n : (size_t)q;

	if (!decode(str_cut(text, 0, path_n), false, a, &t.path, err) ||
	    !target_parse_form(str_from(text, path_n + 1), a, &t, err))
		return false;
	*out = t;
	return true;
}
