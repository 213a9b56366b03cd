/* What the kinds of receivers share: their list, reading keys, meaning of HTTP answers, texts. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"
#include "base/time.h"
#include "notify/receivers/kinds.h"
#include "template/gorune.h"

#define WAIT_MIN ((ms_t)250)
#define WAIT_MAX (15 * MINUTE)
#define SNIPPET 160 /* bytes of an answer that an error shows */

const struct receiver_kind *const receiver_kinds[] = {
	&RECEIVER_WEBHOOK, &RECEIVER_DISCORD, &RECEIVER_EMAIL, &RECEIVER_CONSOLE, NULL,
};

const struct receiver_kind *receiver_kind_of(struct str config_key)
{
	for (size_t i = 0; receiver_kinds[i]; i++) {
		if (str_is(config_key, receiver_kinds[i]->config_key))
			return receiver_kinds[i];
	}
	return NULL;
}

/* ---- configuration ----------------------------------------------------------------------- */
bool kind_one_of(const struct fields *f, const struct yaml_node *node, const char *key,
		 struct str value, struct str value_file)
{
	if (value.n && value_file.n)
		return fields_error(f, node, "at most one of %s & %s_file must be configured", key,
				    key);
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

void kind_header(struct delivery *d, struct kind_headers *h, const char *name, struct str value)
{
	struct io_header *v = ARENA_ARRAY(d->arena, struct io_header, h->n + 1);

	for (size_t i = 0; i < h->n; i++)
		v[i] = h->v[i];
	v[h->n++] = (struct io_header){.name = str_of(name), .value = value};
	h->v = v;
	d->request.headers = h->v;
	d->request.n_headers = h->n;
}

/* ---- texts ------------------------------------------------------------------------------- */
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
