/*
 * ${env:NAME} and <secret>. Which values are secrets is known by the name of their key, and for
 * keys that are harmless elsewhere by the section they stand in. Comments may hold old secrets, so
 * lines of comment are left out of the shown text.
 *
 * The walks recurse as deep as base/yaml lets a file nest.
 */
#include "evaluator/config_text.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/yaml_source.h"
#include "notify/config.h"
#include "notify/receiver.h"

#define SECRET "<secret>"

/* ---- secrets -------------------------------------------------------------------------- */

enum mark { MARK_NONE, MARK_SCALAR, MARK_SECRET };

struct redactor {
	struct yaml_source source;
	char *marks; /* one enum mark for each byte of the text */
	bool lost;   /* a secret was not found in the text */
};

/* Keys whose value, or everything below it, is secret; `in` NULL: wherever they stand. */
static const struct {
	const char *key, *in;
} SECRETS[] = {
	{"password", NULL},
	{"auth_password", NULL},
	{"auth_secret", NULL},
	{"smtp_auth_password", NULL},
	{"smtp_auth_secret", NULL},
	{"credentials", NULL},
	{"bearer_token", NULL},
	{"client_secret", NULL},
	{"client_certificate_key", NULL},
	{"secrets", NULL},
	{"secret", NULL},
	{"secret_key", NULL},
	{"access_key", NULL},
	{"token", NULL},
	{"token_id", NULL},
	{"api_key", NULL},
	{"api_secret", NULL},
	{"app_token", NULL},
	{"bot_token", NULL},
	{"user_key", NULL},
	{"routing_key", NULL},
	{"service_key", NULL},
	{"alert_source_token", NULL},
	{"webhook_url", NULL},
	{"mattermost_webhook_url", NULL},
	{"slack_api_url", NULL},
	{"slack_app_token", NULL},
	{"opsgenie_api_key", NULL},
	{"wechat_api_secret", NULL},
	{"victorops_api_key", NULL},
	{"telegram_bot_token", NULL},
	{"rocketchat_token", NULL},
	{"rocketchat_token_id", NULL},
	{"proxy_connect_header", NULL},
	{"url", "webhook_configs"},
	{"url", "incidentio_configs"},
	{"url", "webhook_outputs"},
	{"api_url", "slack_configs"},
	{"key", "tls_config"},
	{"key", "smtp_tls_config"},
	{"headers", "prometheus"},
	{"headers", "remote_write"},
	{"headers", "tracing"},
};

/* In an entry of a receiver kind, or in a contact of that kind: what the kind says. */
static bool is_kinds_secret(struct str key, struct str section)
{
	for (size_t i = 0; receiver_kinds[i]; i++) {
		const struct receiver_kind *k = receiver_kinds[i];

		if (!str_is(section, k->config_key) && !str_is(section, k->name))
			continue;
		for (size_t n = 0; n < k->n_fields; n++) {
			if (k->fields[n].secret && str_is(key, k->fields[n].name))
				return true;
		}
	}
	return false;
}

static bool is_secret(struct str key, struct str section)
{
	if (is_kinds_secret(key, section))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(SECRETS); i++) {
		if (str_is(key, SECRETS[i].key) &&
		    (!SECRETS[i].in || str_is(section, SECRETS[i].in)))
			return true;
	}
	return false;
}

static void mark_bytes(struct redactor *r, size_t from, size_t to, enum mark m)
{
	for (size_t i = from; i < to; i++)
		r->marks[i] = (char)MAX((int)r->marks[i], (int)m);
}

/* The password in https://user:password@host; nothing if there is none. */
static void mark_password(struct redactor *r, size_t from, size_t to)
{
	struct str s = str_cut(r->source.text, from, to);
	ptrdiff_t scheme = str_find(s, STR("://"));
	size_t at, colon = 0;

	if (scheme < 0)
		return;
	for (at = (size_t)scheme + 3; at < s.n && s.p[at] != '@'; at++) {
		if (s.p[at] == '/' || s.p[at] == '?' || s.p[at] == ' ')
			return;
		if (s.p[at] == ':' && colon == 0)
			colon = at;
	}
	if (at < s.n && colon > 0)
		mark_bytes(r, from + colon + 1, from + at, MARK_SECRET);
}

static void mark_scalar(struct redactor *r, const struct yaml_node *n, bool secret)
{
	size_t from, to;

	if (n->value.n == 0)
		return;
	if (!yaml_source_span(&r->source, n, &from, &to)) {
		r->lost |= secret || str_find(n->value, STR("://")) >= 0;
		return;
	}
	mark_bytes(r, from, to, secret ? MARK_SECRET : MARK_SCALAR);
	if (!secret)
		mark_password(r, from, to);
}

static void mark_node(struct redactor *r, const struct yaml_node *n, struct str section,
		      bool secret)
{
	if (n->kind == YAML_SCALAR)
		mark_scalar(r, n, secret);
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++)
		mark_node(r, n->items[i], section, secret);
	for (size_t i = 0; n->kind == YAML_MAP && i < n->n; i++) {
		const struct yaml_pair *p = &n->pairs[i];

		mark_node(r, p->value, p->key->value, secret || is_secret(p->key->value, section));
	}
}

/* Is the line at `at` a comment and nothing else? */
static bool is_comment(const struct redactor *r, size_t at)
{
	struct str t = r->source.text;

	if (at > 0 && t.p[at - 1] != '\n')
		return false;
	while (at < t.n && (t.p[at] == ' ' || t.p[at] == '\t'))
		at++;
	return at < t.n && t.p[at] == '#' && r->marks[at] == MARK_NONE;
}

static void put_text(const struct redactor *r, struct buf *b)
{
	struct str t = r->source.text;

	for (size_t at = 0; at < t.n;) {
		if (r->marks[at] == MARK_SECRET) {
			buf_adds(b, SECRET);
			while (at < t.n && r->marks[at] == MARK_SECRET)
				at++;
		} else if (is_comment(r, at)) {
			ptrdiff_t nl = str_find_char(str_from(t, at), '\n');

			at = nl < 0 ? t.n : at + (size_t)nl + 1;
		} else {
			buf_addc(b, t.p[at++]);
		}
	}
}

struct str config_text_redact(struct str text, const struct yaml_node *top, struct arena *a)
{
	struct redactor r = {0};
	struct str out = STR("# not shown: a secret could not be told from the rest\n");
	struct buf b;

	yaml_source_init(&r.source, text);
	r.marks = mem_alloc(text.n + 1);
	if (top)
		mark_node(&r, top, STR(""), false);
	buf_init(&b, BUF_MAX_ANY);
	put_text(&r, &b);
	if (!r.lost)
		out = arena_str(a, buf_str(&b));
	buf_done(&b);
	free(r.marks);
	yaml_source_done(&r.source);
	return out;
}

/* ---- the environment ------------------------------------------------------------------ */

struct env_reader {
	const struct config_files *files;
	struct arena *arena;
	struct str file;
	struct diags *diags;
	struct map done; /* addresses of nodes that are expanded: aliases come by more than once */
	bool ok;
};

/* One ${env:NAME} at the start of s: its value is put, its length returned. */
static size_t put_variable(struct env_reader *r, const struct yaml_node *n, struct str s,
			   struct buf *b)
{
	ptrdiff_t end = str_find_char(s, '}');
	struct str name, value;

	if (end < 0) {
		diags_add(r->diags, r->file, n->line, n->col, "${env:NAME} is not closed by \"}\"");
		r->ok = false;
		return s.n;
	}
	name = str_cut(s, strlen("${env:"), (size_t)end);
	if (r->files->env(r->files->arg, name, r->arena, &value)) {
		buf_add(b, value);
	} else {
		diags_add(r->diags, r->file, n->line, n->col,
			  "the environment variable %.*s is not set", STR_ARG(name));
		r->ok = false;
	}
	return (size_t)end + 1;
}

static void expand_scalar(struct env_reader *r, struct yaml_node *n)
{
	struct str id = {.p = (const char *)&n, .n = sizeof(n)}, rest = n->value;
	struct buf b;

	if (str_find(rest, STR("${env:")) < 0 || map_put(&r->done, id, n))
		return;
	buf_init(&b, BUF_MAX_ANY);
	while (rest.n > 0) {
		ptrdiff_t at = str_find(rest, STR("${env:"));

		buf_add(&b, str_cut(rest, 0, at < 0 ? rest.n : (size_t)at));
		rest = at < 0 ? STR("") : str_from(rest, (size_t)at);
		if (rest.n > 0)
			rest = str_from(rest, put_variable(r, n, rest, &b));
	}
	n->value = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
}

static void expand_node(struct env_reader *r, struct yaml_node *n)
{
	if (n->kind == YAML_SCALAR)
		expand_scalar(r, n);
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++)
		expand_node(r, n->items[i]);
	for (size_t i = 0; n->kind == YAML_MAP && i < n->n; i++)
		expand_node(r, n->pairs[i].value);
}

bool config_text_env(struct yaml_node *top, struct str file, const struct config_files *files,
		     struct arena *a, struct diags *diags)
{
	struct env_reader r = {.files = files,
			       .arena = a,
			       .file = file,
			       .diags = diags,
			       .ok = true};

	map_init(&r.done);
	if (top)
		expand_node(&r, top);
	map_done(&r.done);
	return r.ok;
}
