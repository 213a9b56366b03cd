/* What the kinds of receivers share: their list, reading keys, meaning of HTTP answers, texts. */
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json_writer.h"
#include "base/num.h"
#include "base/time.h"
#include "notify/receivers/kinds.h"
#include "template/gorune.h"

#define WAIT_MIN ((ms_t)250)
#define WAIT_MAX (15 * MINUTE)
#define SNIPPET 160 /* bytes of an answer that an error shows */

/* In the order of Alertmanager's receivers; its own of rouse last. */
const struct receiver_kind *const receiver_kinds[] = {
	&RECEIVER_DISCORD,
	&RECEIVER_EMAIL,
	&RECEIVER_INCIDENTIO,
	&RECEIVER_PAGERDUTY,
	&RECEIVER_SLACK,
	&RECEIVER_WEBHOOK,
	&RECEIVER_OPSGENIE,
	&RECEIVER_WECHAT,
	&RECEIVER_PUSHOVER,
	&RECEIVER_VICTOROPS,
	&RECEIVER_SNS,
	&RECEIVER_TELEGRAM,
	&RECEIVER_WEBEX,
	&RECEIVER_MSTEAMS,
	&RECEIVER_MSTEAMSV2,
	&RECEIVER_JIRA,
	&RECEIVER_ROCKETCHAT,
	&RECEIVER_MATTERMOST,
	&RECEIVER_NTFY,
	&RECEIVER_GOTIFY,
	&RECEIVER_MATRIX,
	&RECEIVER_GOOGLECHAT,
	&RECEIVER_ZULIP,
	&RECEIVER_TWILIO,
	&RECEIVER_SMS,
	&RECEIVER_SIGNAL,
	&RECEIVER_IRC,
	&RECEIVER_EXEC,
	&RECEIVER_CONSOLE,
	&RECEIVER_ONCALL,
	NULL,
};

const struct receiver_kind *receiver_kind_of(struct str config_key)
{
	for (size_t i = 0; receiver_kinds[i]; i++) {
		if (str_is(config_key, receiver_kinds[i]->config_key))
			return receiver_kinds[i];
	}
	return NULL;
}

enum deliver_result receiver_step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	d->request = (struct io_request){0};
	return d->to->kind->step(d, now, reply);
}

/* ---- configuration ----------------------------------------------------------------------- */
bool kind_not_both(const struct fields *f, const struct yaml_node *node, const char *key,
		   struct str value, struct str value_file)
{
	return !value.n || !value_file.n ||
	       fields_error(f, node, "at most one of %s & %s_file must be configured", key, key);
}

bool kind_one_of(const struct fields *f, const struct yaml_node *node, const char *key,
		 struct str value, struct str value_file)
{
	if (!kind_not_both(f, node, key, value, value_file))
		return false;
	if (!value.n && !value_file.n)
		return fields_error(f, node, "one of %s or %s_file must be configured", key, key);
	return true;
}

bool kind_check_text(const struct fields *f, const struct yaml_node *node, const char *key,
		     struct str text)
{
	struct limits l;
	struct err err;
	const struct yaml_node *at = yaml_get(node, key);

	limits_default(&l);
	return notify_template_check(text, &l, &err) ||
	       fields_error(f, at ? at : node, "%s: %s", key, err.msg);
}

bool kind_list(const struct fields *f, const struct yaml_node *list, const struct record_type *type,
	       void **out, size_t *n)
{
	struct fields strict = *f;
	bool ok = true;
	char *v;

	*out = NULL;
	*n = 0;
	if (!list || !list->n)
		return true;
	strict.ignore_unknown = false;
	v = arena_alloc(f->arena, list->n * type->size);
	memset(v, 0, list->n * type->size);
	for (size_t i = 0; i < list->n; i++)
		ok &= fields_read(&strict, list->items[i], type->name, type->table, type->n_fields,
				  v + i * type->size);
	*out = v;
	*n = list->n;
	return ok;
}

bool kind_pairs(const struct fields *f, const struct yaml_node *map, const char *what,
		struct kind_pair **out, size_t *n)
{
	bool ok = true;

	*n = map ? map->n : 0;
	*out = ARENA_ARRAY(f->arena, struct kind_pair, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		(*out)[i].name = map->pairs[i].key->value;
		ok &= fields_text(f, map->pairs[i].value, what, &(*out)[i].value);
	}
	return ok;
}

struct str kind_join(struct arena *a, struct str url, const char *path)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return arena_printf(a, "%.*s/%s", STR_ARG(url), path);
}

struct http_config *kind_with_authorization(const struct kind_entry *e, const char *type,
					    struct str token, struct str token_file)
{
	struct http_config *http = ARENA_NEW(e->fields.arena, struct http_config);

	*http = *e->to->http;
	http->has_authorization = true;
	http->auth_type = str_of(type);
	http->credentials = token;
	http->credentials_file = token_file;
	return http;
}

struct http_config *kind_with_token(const struct kind_entry *e, struct str token,
				    struct str token_file)
{
	return kind_with_authorization(e, "Bearer", token, token_file);
}

struct http_config *kind_with_basic(const struct kind_entry *e, struct str username,
				    struct str password, struct str password_file)
{
	struct http_config *http = ARENA_NEW(e->fields.arena, struct http_config);

	*http = *e->to->http;
	http->has_basic_auth = true;
	http->username = username;
	http->password = password;
	http->password_file = password_file;
	e->to->http_written = e->to->http;
	return http;
}

struct str kind_one_line(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i];
	return (struct str){p, s.n};
}

/* ---- HTTP answers ------------------------------------------------------------------------ */
ms_t kind_clamp_wait(ms_t wait)
{
	return MIN(MAX(wait, WAIT_MIN), WAIT_MAX);
}

ms_t kind_retry_after(struct now now, struct str value)
{
	double s;
	ms_t at;

	value = str_trim(value);
	if (value.n && value.p[0] >= '0' && value.p[0] <= '9' && num_float(value, &s) == NUM_OK)
		return s > 900 ? WAIT_MAX : kind_clamp_wait((ms_t)ceil(s * 1000));
	if (value.n && time_http_date(value, &at))
		return kind_clamp_wait(at - now.wall);
	return -1;
}

/* The beginning of an answer as one line of printable text. */
static void put_snippet(struct buf *b, struct str body)
{
	struct str s = str_trim(str_cut(body, 0, SNIPPET));

	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F ? ' ' : s.p[i]);
}

static void say_status(struct delivery *d, const struct io_reply *reply, const char *what)
{
	struct buf b;

	buf_init(&b, 400);
	buf_printf(&b, "%s: HTTP status %d", what, reply->status);
	if (reply->body.n) {
		buf_adds(&b, ": ");
		put_snippet(&b, reply->body);
	}
	err_set(&d->err, -1, "%s", buf_cstr(&b));
	buf_done(&b);
}

static enum deliver_result classify_failure(struct delivery *d, const struct io_reply *reply)
{
	const char *what = reply->outcome == IO_AMBIGUOUS ? "no answer, it may have arrived"
			   : reply->outcome == IO_REFUSED ? "cannot be asked"
							  : "cannot be reached";

	err_set(&d->err, -1, "%s: %.*s", what, STR_ARG(reply->error));
	return DELIVER_RETRY;
}

enum deliver_result receiver_classify(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	int s = reply->status;

	d->wait = -1;
	if (reply->outcome != IO_REPLIED)
		return classify_failure(d, reply);
	if (s / 100 == 2)
		return DELIVER_SENT;
	if (s == 408 || s == 425 || s == 429 || s / 100 == 5) {
		say_status(d, reply, "try again later");
		d->wait = kind_retry_after(now, io_reply_header(reply, "retry-after"));
		return DELIVER_RETRY;
	}
	d->scope = s == 401 || s == 403 || s / 100 == 3 ? DEAD_CREDENTIAL
		   : s == 404 || s == 410		? DEAD_DESTINATION
							: DEAD_MESSAGE;
	say_status(d, reply,
		   s / 100 == 3		  ? "the URL has moved"
		   : s == 401 || s == 403 ? "not allowed"
					  : "refused");
	if (s == 400 || s == 404 || s == 405 || s == 410 || s == 413 || s == 415 || s == 422)
		return DELIVER_PLAIN;
	return DELIVER_DEAD;
}

enum deliver_result kind_dead(struct delivery *d, enum dead_scope scope, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->err.msg, sizeof(d->err.msg), fmt, ap);
	va_end(ap);
	d->scope = scope;
	return DELIVER_DEAD;
}

/* ---- requests ---------------------------------------------------------------------------- */
void kind_header(struct delivery *d, const char *name, struct str value)
{
	size_t n = d->request.n_headers;
	struct io_header *v = ARENA_ARRAY(d->arena, struct io_header, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = d->request.headers[i];
	v[n] = (struct io_header){.name = str_of(name), .value = value};
	d->request.headers = v;
	d->request.n_headers = n + 1;
}

struct str kind_secret(struct delivery *d, struct str value, struct str file, enum io_place place)
{
	size_t n = d->request.n_secrets;
	struct io_secret *v;

	if (value.n || !file.n)
		return value;
	v = ARENA_ARRAY(d->arena, struct io_secret, n + 1);
	for (size_t i = 0; i < n; i++)
		v[i] = d->request.secrets[i];
	v[n] = (struct io_secret){.mark = arena_printf(d->arena, "\x02%zu\x02", n),
				  .file = file,
				  .place = place};
	d->request.secrets = v;
	d->request.n_secrets = n + 1;
	return v[n].mark;
}

void kind_put_secret(struct delivery *d, struct json_writer *w, const char *key, struct str value,
		     struct str file)
{
	struct str mark = kind_secret(d, value, file, IO_IN_JSON);

	/* As it is: escaped it would look like what stands in a label. */
	if (mark.p != value.p)
		json_put_raw(w, key, arena_printf(d->arena, "\"%.*s\"", STR_ARG(mark)));
	else
		json_put(w, key, value);
}

enum deliver_result kind_post_json(struct delivery *d, struct str url, struct buf *body)
{

	buf_addc(body, '\n');
	d->request.method = STR("POST");
	d->request.url = url;
	d->request.config = d->to->http;
	d->request.body = arena_str(d->arena, buf_str(body));
	buf_done(body);
	kind_header(d, "Content-Type", STR("application/json"));
	return DELIVER_REQUEST;
}

json_t *kind_json(const struct io_reply *reply)
{
	return reply->body.n ? json_loadb(reply->body.p, reply->body.n, 0, NULL) : NULL;
}

/* ---- texts ------------------------------------------------------------------------------- */
/* Puts a zero-width space behind the first byte of each sign; NULL p: there was none. */
static struct str without_signs(struct arena *a, struct str s, const char *const *signs)
{
	struct str out = {0};
	bool any = false;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < s.n; i++) {
		bool sign = false;

		for (size_t k = 0; signs[k] && !sign; k++)
			sign = str_starts(str_from(s, i), signs[k]);
		buf_addc(&b, s.p[i]);
		if (sign)
			buf_adds(&b, "\xE2\x80\x8B");
		any |= sign;
	}
	if (any)
		out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static bool defuse(struct arena *a, struct labels *ls, const char *const *signs)
{
	struct labels_iter it = {0};
	struct labels_builder lb;
	struct label l;
	bool any = false;

	labels_builder_init(&lb);
	labels_builder_from(&lb, *ls);
	lb.keep_empty = true;
	while (labels_next(*ls, &it, &l)) {
		struct str clean = without_signs(a, l.value, signs);

		if (clean.p)
			labels_builder_set(&lb, l.name, clean);
		any |= clean.p != NULL;
	}
	if (any)
		*ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return any;
}

void kind_without_pings(struct delivery *d, const char *const *signs)
{
	struct message *m = ARENA_NEW(d->arena, struct message);
	bool any = false;

	*m = *d->message;
	m->arena = (struct arena){0};
	m->alerts = ARENA_ARRAY(d->arena, struct message_alert, m->n + 1);
	for (size_t i = 0; i < m->n; i++) {
		m->alerts[i] = d->message->alerts[i];
		any |= defuse(d->arena, &m->alerts[i].labels, signs);
		any |= defuse(d->arena, &m->alerts[i].annotations, signs);
	}
	any |= defuse(d->arena, &m->group_labels, signs);
	any |= defuse(d->arena, &m->common_labels, signs);
	any |= defuse(d->arena, &m->common_annotations, signs);
	if (any)
		d->message = m;
}

static struct str expand(struct kind_texts *t, const char *key, struct str text,
			 enum render_mode mode)
{
	struct str out = {0};

	if (!t->failed && !notify_render(t->d, t->now, key, text, mode, &out))
		t->failed = true;
	return t->failed ? STR("") : out;
}

struct str kind_expand(struct kind_texts *t, const char *key, struct str text)
{
	return expand(t, key, text, RENDER_TEXT);
}

struct str kind_expand_html(struct kind_texts *t, const char *key, struct str text)
{
	return expand(t, key, text, RENDER_HTML);
}

struct str kind_expand_next(struct kind_texts *t, const char *key, struct str text)
{
	struct str name = arena_printf(t->d->arena, "%s %d", key, ++t->n);

	return template_is_plain(text)
		       ? text
		       : expand(t, arena_cstr(t->d->arena, name), text, RENDER_TEXT);
}

struct str kind_dedup_key(const struct delivery *d)
{
	char hex[HASH_SHA256_HEX];

	hash_sha256_hex(d->message->group_key, hex);
	return arena_str(d->arena, str_of(hex));
}

struct str kind_clip_bytes(struct arena *a, struct str s, size_t max)
{
	size_t keep = 0;

	if (s.n <= max)
		return s;
	while (keep < s.n) {
		size_t n = (size_t)gorune_first(str_from(s, keep)).n;

		if (keep + n + 3 > max)
			break;
		keep += n;
	}
	return arena_printf(a, "%.*s\xE2\x80\xA6", (int)keep, s.p);
}

struct str kind_clip(struct arena *a, struct str s, size_t max)
{
	size_t at = 0, keep = 0, n = 0;

	if (s.n <= max)
		return s;
	while (at < s.n && n < max) {
		at += (size_t)gorune_first(str_from(s, at)).n;
		if (++n == max - 1)
			keep = at;
	}
	if (at == s.n)
		return s;
	return arena_printf(a, "%.*s\xE2\x80\xA6", (int)keep, s.p);
}

/* Label values may hold anything: no control characters, so that nothing can be forged. */
static void put_clean(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F ? ' ' : s.p[i]);
}

static void put_alert(struct buf *b, const struct message_alert *al)
{
	struct labels_iter it = {0};
	struct label l;
	const char *sep = "";

	buf_adds(b, al->resolved ? "RESOLVED " : "FIRING ");
	put_clean(b, labels_get(al->labels, STR(LABEL_ALERTNAME)));
	buf_adds(b, " {");
	while (labels_next(al->labels, &it, &l)) {
		if (str_is(l.name, LABEL_ALERTNAME))
			continue;
		buf_adds(b, sep);
		put_clean(b, l.name);
		buf_addc(b, '=');
		put_clean(b, l.value);
		sep = ", ";
	}
	buf_adds(b, "} since ");
	time_put_rfc3339(b, al->starts_at);
	buf_addc(b, '\n');
	it = (struct labels_iter){0};
	while (labels_next(al->annotations, &it, &l)) {
		buf_adds(b, "  ");
		put_clean(b, l.name);
		buf_adds(b, ": ");
		put_clean(b, l.value);
		buf_addc(b, '\n');
	}
}

struct str kind_plain_text(struct arena *a, const struct message *m, size_t max_bytes)
{
	struct buf b;
	struct str s;
	size_t told = 0, end = 0;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < m->n; i++) {
		put_alert(&b, &m->alerts[i]);
		if (b.n > max_bytes && i > 0)
			break;
		end = b.n;
		told = i + 1;
	}
	b.n = end;
	if (told < m->n)
		buf_printf(&b, "... and %zu more\n", m->n - told);
	s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

struct str kind_title(struct arena *a, const struct message *m)
{
	struct buf raw, b;
	struct str s;

	buf_init(&raw, BUF_MAX_ANY);
	buf_init(&b, BUF_MAX_ANY);
	message_put_title(&raw, m);
	put_clean(&b, buf_str(&raw));
	s = arena_str(a, buf_str(&b));
	buf_done(&raw);
	buf_done(&b);
	return s;
}
