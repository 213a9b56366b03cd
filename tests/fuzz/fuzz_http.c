/*
 * What the host itself reads from outside: request targets, URLs, credentials, command lines, log
 * lines, web configurations. The first byte says which; nothing may crash, and what was read must
 * make sense.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "host/basic_auth.h"
#include "host/flags.h"
#include "host/log.h"
#include "host/transfer.h"
#include "host/url.h"
#include "host/web_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_target(struct str s, struct arena *a)
{
	struct target t = {0};
	struct err err;

	if (!target_parse(s, a, &t, &err))
		return;
	CHECK(t.path.n && t.path.p[0] == '/');
	CHECK(!memchr(t.path.p, 0, t.path.n) && str_is_utf8(t.path));
	CHECK(t.n_query <= TARGET_PARAMS);
	for (size_t i = 0; i < t.n_query; i++)
		CHECK(str_is_utf8(t.query[i].name) && str_is_utf8(t.query[i].value));
}

/* What may be shown of a URL never holds its user or query. */
static void try_url(struct str s)
{
	struct url u;
	struct err err;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	url_put_origin(&b, s);
	if (url_split(s, &u, &err)) {
		CHECK(u.host.n && u.port > 0 && u.port < 65536);
		CHECK(str_find_char(buf_str(&b), '?') < 0);
		CHECK(b.n <= s.n + 8);
	}
	setup_no_proxy(s, STR("10.0.0.1"), 80);
	buf_done(&b);
}

static void try_base64(struct str s, struct arena *a)
{
	struct str user, password, bytes;

	if (basic_auth_split(s, a, &user, &password))
		CHECK(str_find_char(user, ':') < 0);
	if (base64_decode(s, BASE64_STANDARD, a, &bytes, NULL))
		CHECK(base64_encode(bytes, BASE64_STANDARD, a).n <= s.n);
	CHECK(base64_decode(base64_encode(s, BASE64_URL, a), BASE64_URL, a, &bytes, NULL) &&
	      str_eq(bytes, s));
}

static void try_log(struct str s)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (int json = 0; json < 2; json++) {
		buf_clear(&b);
		log_render(&b, json, 0, LOG_LEVEL_INFO, s, 1);
		CHECK(b.n && b.p[b.n - 1] == '\n');
		CHECK(str_find_char(str_cut(buf_str(&b), 0, b.n - 1), '\n') < 0); /* one line */
	}
	buf_done(&b);
	CHECK(!strchr(log_value(s), '\n'));
}

static void try_web_config(struct str s)
{
	struct web_config *c = NULL;
	struct limits l;
	struct diags d;

	limits_default(&l);
	diags_init(&d);

	bool ok = web_config_parse(s, STR("web.yml"), &l, &c, &d);

	CHECK(ok == (c != NULL) && ok == (d.errors == 0));
	web_config_free(c);
	diags_done(&d);
}

struct options {
	struct str text;
	struct flag_texts many;
	bool on;
	ms_t span;
};

static void try_flags(struct str s, struct arena *a)
{
	static const struct flag flags[] = {
		FLAG("text", "X", TEXT, struct options, text, ""),
		FLAG("many", "X", GLOBS, struct options, many, ""),
		FLAG("on", NULL, SWITCH, struct options, on, ""),
		FLAG("span", "X", DURATION, struct options, span, ""),
	};
	static const struct command command = {.name = "x",
					       .summary = "",
					       .usage = "",
					       .flags = flags,
					       .n_flags = ARRAY_LEN(flags)};
	char *argv[64] = {arena_cstr(a, STR("x"))}, *text = arena_cstr(a, s), *save = NULL;
	struct options o = {0};
	struct flag_texts rest;
	struct err err = {0};
	int argc = 1;

	for (char *w = strtok_r(text, "\n", &save); w && argc < 64; w = strtok_r(NULL, "\n", &save))
		argv[argc++] = w;
	if (!flags_parse(&command, argc, argv, a, &o, &rest, &err))
		CHECK(err.msg[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a;
	struct str s = {(const char *)data + 1, n - 1};

	if (!n)
		return 0;
	arena_init(&a);
	switch (data[0] % 6) {
	case 0: try_target(s, &a); break;
	case 1: try_url(s); break;
	case 2: try_base64(s, &a); break;
	case 3: try_log(s); break;
	case 4: try_web_config(s); break;
	default: try_flags(s, &a); break;
	}
	arena_done(&a);
	return 0;
}
