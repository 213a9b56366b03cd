/*
 * Kind am-payloads: what each receiver kind sends, request by request, and which answers it tries
 * again.
 *
 * The stages of a case are played from the first on against a server that answers as the recorded
 * one did, because what is remembered (a message to edit, an access token, an issue) decides about
 * later requests; those of the last stage are compared. Order of JSON keys and of form fields does
 * not count, everything else does, except User-Agent and rouse's own Idempotency-Key. Of a mail
 * the envelope, the headers that were recorded and the parts are compared, decoded.
 *
 * Cases of Alertmanager 0.25 are skipped where rouse does as 0.34 does.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "notify/message.h"
#include "notify/receiver.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

#define REQUESTS_MAX 10
#define KEY "0123456789abcdef0123456789abcdef"

struct sent {
	struct str method, url, body;
	struct io_header headers[20];
	size_t n_headers;
};

struct scene {
	struct arena arena;
	struct limits limits;
	const json_t *c;
	struct notify_config *config;
	struct str kind;
	struct str memo, provider_id;
	bool issue; /* one was made */
	struct sent sent[REQUESTS_MAX];
	size_t n_sent;
	const char *error;
};

/* ---- what was pushed --------------------------------------------------------------------- */
static bool resolved_at(struct str stage, size_t i, size_t n)
{
	if (str_is(stage, "all_resolved"))
		return true;
	return str_is(stage, "one_resolved") && i + 1 == n;
}

static const char *reason_of(struct str stage)
{
	if (str_is(stage, "all_resolved"))
		return "all alerts resolved";
	return str_is(stage, "one_resolved") ? "some alerts resolved" : "first notification";
}

static struct message *message_of(struct scene *s, const json_t *alerts, struct str stage)
{
	struct message *m;
	json_t *data = json_object(), *list = json_array();
	struct labels_builder group;
	struct buf key;

	json_object_set_new(data, "receiver", json_copy(json_object_get(s->c, "receiver_name")));
	json_object_set_new(data, "externalURL", json_string("http://am.example.com"));
	json_object_set_new(data, "notification_reason", json_string(reason_of(stage)));
	for (size_t i = 0; i < json_array_size(alerts); i++) {
		json_t *a = json_copy(json_array_get(alerts, i));

		json_object_set_new(a, "startsAt", json_string("2026-01-02T03:04:05Z"));
		if (resolved_at(stage, i, json_array_size(alerts)))
			json_object_set_new(a, "endsAt", json_string("2026-01-02T04:04:05Z"));
		json_array_append_new(list, a);
	}
	json_object_set_new(data, "alerts", list);
	m = am_message(data);
	json_decref(data);

	labels_builder_init(&group);
	labels_builder_set(&group, STR("alertname"),
			   labels_get(m->alerts[0].labels, STR("alertname")));
	labels_builder_set(&group, STR("cluster"), labels_get(m->alerts[0].labels, STR("cluster")));
	m->group_labels = labels_builder_build(&group, &m->arena);
	labels_builder_done(&group);
	m->route_labels = (struct labels){.p = ""};
	buf_init(&key, BUF_MAX_ANY);
	buf_adds(&key, "{}:");
	labels_put(&key, m->group_labels, false);
	m->group_key = arena_str(&m->arena, buf_str(&key));
	buf_done(&key);
	return m;
}

/* ---- the server -------------------------------------------------------------------------- */
static const char *answer(struct scene *s, const struct sent *r)
{
	bool search = str_find(r->url, STR("/search")) >= 0;

	if (str_starts(s->kind, "slack"))
		return str_find(r->url, STR("chat.")) >= 0
			       ? "{\"ok\":true,\"channel\":\"C123\",\"ts\":\"1503435956.000247\"}"
			       : "ok";
	if (str_is(s->kind, "wechat"))
		return str_find(r->url, STR("gettoken")) >= 0
			       ? "{\"errcode\":0,\"access_token\":\"TOK\"}"
			       : "{\"errcode\":0}";
	if (str_is(s->kind, "rocketchat"))
		return "{\"success\":true}";
	if (str_is(s->kind, "telegram"))
		return "{\"ok\":true,\"result\":{\"message_id\":1}}";
	if (str_is(s->kind, "jira") && search)
		return s->issue ? "{\"issues\":[{\"key\":\"OPS-1\",\"fields\":{\"status\":{"
				  "\"statusCategory\":{\"key\":\"new\"}}}}]}"
				: "{\"issues\":[]}";
	if (str_is(s->kind, "jira") && str_is(r->method, "GET"))
		return "{\"transitions\":[{\"id\":\"11\",\"name\":\"Reopen\"},{\"id\":\"21\","
		       "\"name\":\"Done\"}]}";
	s->issue |= str_is(s->kind, "jira") && str_is(r->method, "POST");
	return "{}";
}

/* ---- playing ----------------------------------------------------------------------------- */
static void take_header(struct scene *s, struct sent *r, struct str name, struct str value)
{
	if (r->n_headers < ARRAY_LEN(r->headers))
		r->headers[r->n_headers++] =
			(struct io_header){.name = arena_str(&s->arena, name),
					   .value = arena_str(&s->arena, value)};
}

/* What the host puts into the request for the credentials of http_config. */
static void take_credentials(struct scene *s, struct sent *r, const struct http_config *http)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (http && http->has_basic_auth) {
		struct str pair = arena_printf(&s->arena, "%.*s:%.*s", STR_ARG(http->username),
					       STR_ARG(http->password));

		buf_adds(&b, "Basic ");
		buf_add(&b, base64_encode(pair, BASE64_STANDARD, &s->arena));
		take_header(s, r, STR("Authorization"), buf_str(&b));
	} else if (http && http->has_authorization) {
		buf_printf(&b, "%.*s %.*s", STR_ARG(http->auth_type), STR_ARG(http->credentials));
		take_header(s, r, STR("Authorization"), buf_str(&b));
	}
	buf_done(&b);
}

/* What the host says to the mail server. */
static void take_envelope(struct scene *s, struct sent *r, const struct io_mail *m)
{
	struct str user = arena_printf(&s->arena, "%c%.*s%c%.*s", 0, STR_ARG(m->username), 0,
				       STR_ARG(m->password));

	take_header(s, r, STR("smtp"), arena_printf(&s->arena, "EHLO %.*s", STR_ARG(m->hello)));
	if (m->username.n)
		take_header(s, r, STR("smtp"),
			    arena_printf(&s->arena, "AUTH PLAIN %.*s",
					 STR_ARG(base64_encode(user, BASE64_STANDARD, &s->arena))));
	take_header(s, r, STR("smtp"),
		    arena_printf(&s->arena, "MAIL FROM:<%.*s> BODY=8BITMIME", STR_ARG(m->from)));
	for (size_t i = 0; i < m->n_to; i++)
		take_header(s, r, STR("smtp"),
			    arena_printf(&s->arena, "RCPT TO:<%.*s>", STR_ARG(m->to[i])));
}

static void take_request(struct scene *s, const struct io_request *req)
{
	struct sent *r = &s->sent[s->n_sent++];

	*r = (struct sent){.method = arena_str(&s->arena, req->method),
			   .url = arena_str(&s->arena, req->url),
			   .body = arena_str(&s->arena, req->body)};
	for (size_t i = 0; i < req->n_headers; i++)
		take_header(s, r, req->headers[i].name, req->headers[i].value);
	take_credentials(s, r, req->config);
	if (req->mail)
		take_envelope(s, r, req->mail);
}

/* One delivery from its first request to its end. */
static void play(struct scene *s, const struct message *m)
{
	struct now now = {.mono = 1000, .wall = 1767323100000};
	struct delivery d = {.to = &s->config->receivers[0].integrations[0],
			     .message = m,
			     .key = STR(KEY),
			     .provider_id = s->provider_id,
			     .memo = s->memo,
			     .attempt = 1,
			     .arena = &s->arena,
			     .templates = s->config->templates,
			     .limits = &s->limits};
	struct io_reply reply;
	enum deliver_result r = receiver_step(&d, now, NULL);

	s->n_sent = 0;
	for (; r == DELIVER_REQUEST && s->n_sent < REQUESTS_MAX; d.step++) {
		take_request(s, &d.request);
		reply = (struct io_reply){.outcome = IO_REPLIED, .status = 200};
		reply.body = str_of(answer(s, &s->sent[s->n_sent - 1]));
		d.step++;
		r = receiver_step(&d, now, &reply);
		d.step--;
	}
	if (r != DELIVER_SENT)
		s->error = arena_printf(&s->arena, "not sent: %s%c", d.err.msg, 0).p;
	if (d.new_memo.p)
		s->memo = d.new_memo;
	if (d.to->update_message)
		s->provider_id = d.new_provider_id;
}

/* ---- comparing --------------------------------------------------------------------------- */
/* Paths that stand for fixed addresses. */
static struct str recorded_url(struct scene *s, struct str url)
{
	static const struct {
		const char *address, *path;
	} FIXED[] = {
		{"https://api.pushover.net", "/pushover"},
		{"https://events.pagerduty.com", "/pagerdutyv1"},
		{"https://slack.com/api", "/slackapi"},
		{"http://127.0.0.1:18080", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(FIXED); i++) {
		if (str_starts(url, FIXED[i].address))
			return arena_printf(&s->arena, "%s%.*s", FIXED[i].path,
					    STR_ARG(str_from(url, strlen(FIXED[i].address))));
	}
	return url;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* a=1&b=2 with its fields in order. */
static struct str sorted_form(struct arena *a, struct str form)
{
	struct str v[100];
	size_t n = 0;
	struct buf b;
	struct str out;

	while (form.n && n < ARRAY_LEN(v)) {
		ptrdiff_t amp = str_find_char(form, '&');

		v[n++] = amp < 0 ? form : str_cut(form, 0, (size_t)amp);
		form = amp < 0 ? STR("") : str_from(form, (size_t)amp + 1);
	}
	qsort(v, n, sizeof(*v), by_text);
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		buf_addc(&b, '&');
		buf_add(&b, v[i]);
	}
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static bool same_path(struct scene *s, struct str want, struct str got)
{
	ptrdiff_t w = str_find_char(want, '?'), g = str_find_char(got, '?');

	if (w < 0 || g < 0)
		return str_eq(want, got);
	return str_eq(str_cut(want, 0, (size_t)w), str_cut(got, 0, (size_t)g)) &&
	       str_eq(sorted_form(&s->arena, str_from(want, (size_t)w + 1)),
		      sorted_form(&s->arena, str_from(got, (size_t)g + 1)));
}

/* Signatures, dates and ids are words in the corpus. */
static struct str without_moments(struct scene *s, struct str name, struct str value)
{
	ptrdiff_t slash = str_find_char(value, '/'), sig = str_find(value, STR("Signature="));

	if (str_is(name, "Amz-Sdk-Invocation-Id"))
		return STR("UUID");
	if (str_is(name, "X-Amz-Date"))
		return STR("YYYYMMDDTHHMMSSZ");
	if (str_is(name, "Authorization") && str_starts(value, "AWS4") && slash > 0 && sig > 0)
		return arena_printf(&s->arena, "%.*s/YYYYMMDD%.*sSignature=SIG", (int)slash,
				    value.p, (int)((size_t)sig - (size_t)slash - 9),
				    value.p + slash + 9);
	return value;
}

static bool is_ignored(struct str name)
{
	return str_is(name, "User-Agent") || str_is(name, "Idempotency-Key") ||
	       str_is(name, "Content-Length");
}

static const char *compare_headers(struct scene *s, const json_t *want, const struct sent *got)
{
	size_t n = 0, i;
	const json_t *x;

	json_array_foreach(want, i, x)
	{
		struct str name = str_of(json_string_value(json_array_get(x, 0)));
		struct str value = str_of(json_string_value(json_array_get(x, 1)));
		bool found = false;

		if (is_ignored(name))
			continue;
		n++;
		for (size_t k = 0; k < got->n_headers && !found; k++)
			found = str_eq(got->headers[k].name, name) &&
				str_eq(without_moments(s, name, got->headers[k].value), value);
		if (!found)
			return arena_printf(&s->arena, "header %.*s differs%c", STR_ARG(name), 0).p;
	}
	for (size_t k = 0; k < got->n_headers; k++)
		n -= !is_ignored(got->headers[k].name);
	return n ? "other headers" : NULL;
}

static const char *compare_body(struct scene *s, const json_t *want, const struct sent *got)
{
	const json_t *json = json_object_get(want, "body_json");
	struct str raw = case_text(want, "body_raw");
	json_t *mine;
	bool same;

	if (!json) {
		same = str_eq(sorted_form(&s->arena, raw), sorted_form(&s->arena, got->body));
		return same ? NULL
			    : arena_printf(&s->arena, "body: %.*s%c", STR_ARG(got->body), 0).p;
	}
	mine = json_loadb(got->body.p, got->body.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	same = json_equal((json_t *)(uintptr_t)json, mine);
	json_decref(mine);
	if (!same)
		return arena_printf(&s->arena, "body: %.*s%c", STR_ARG(got->body), 0).p;
	if ((size_t)json_integer_value(json_object_get(want, "body_bytes")) != got->body.n)
		return arena_printf(&s->arena, "the body has %zu bytes%c", got->body.n, 0).p;
	return NULL;
}

static const char *compare(struct scene *s)
{
	const json_t *list = json_object_get(s->c, "requests"), *want;
	size_t i;

	if (s->error)
		return s->error;
	if (json_array_size(list) != s->n_sent)
		return arena_printf(&s->arena, "%zu requests%c", s->n_sent, 0).p;
	json_array_foreach(list, i, want)
	{
		const struct sent *got = &s->sent[i];
		struct str path = recorded_url(s, got->url);
		const char *wrong;

		if (!str_eq(case_text(want, "method"), got->method) ||
		    !same_path(s, case_text(want, "path"), path))
			return arena_printf(&s->arena, "%.*s %.*s%c", STR_ARG(got->method),
					    STR_ARG(path), 0)
				.p;
		wrong = compare_headers(s, json_object_get(want, "headers"), got);
		if (!wrong)
			wrong = compare_body(s, want, got);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* ---- mail -------------------------------------------------------------------------------- */
static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Quoted-printable, or the Q encoding of headers (_ is a blank). */
static void put_decoded(struct buf *b, struct str s, bool header)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '=') {
			buf_addc(b, header && s.p[i] == '_' ? ' ' : s.p[i]);
		} else if (i + 2 < s.n && hex_of(s.p[i + 1]) >= 0) {
			buf_addc(b, (char)(hex_of(s.p[i + 1]) * 16 + hex_of(s.p[i + 2])));
			i += 2;
		} else if (i + 2 < s.n) {
			i += 2; /* a soft line break */
		}
	}
}

/* A header's value with its encoded words read, folding undone, control characters as blanks: a
 * line break in a label must not become one in a header. */
static struct str header_text(struct arena *a, struct str s)
{
	struct buf b;
	struct str out;
	bool after_word = false;

	buf_init(&b, BUF_MAX_ANY);
	while (s.n) {
		ptrdiff_t end =
			str_starts(s, "=?") && s.n > 10 ? str_find(str_from(s, 10), STR("?=")) : -1;
		struct str blank = s;

		while (after_word && blank.n && strchr(" \r\n\t", blank.p[0]))
			blank = str_from(blank, 1);
		if (after_word && str_starts(blank, "=?")) {
			s = blank; /* blanks between encoded words are none */
			after_word = false;
			continue;
		}
		after_word = end >= 0;
		if (end >= 0) {
			put_decoded(&b, str_cut(s, 10, 10 + (size_t)end), true);
			s = str_from(s, 12 + (size_t)end);
			continue;
		}
		if (!str_starts(s, "\r\n"))
			buf_addc(&b, s.p[0]);
		s = str_from(s, str_starts(s, "\r\n") ? 2 : 1);
	}
	for (size_t i = 0; i < b.n; i++)
		b.p[i] = b.p[i] == '\n' || b.p[i] == '\r' || b.p[i] == '\t' ? ' ' : b.p[i];
	out = str_trim(arena_str(a, buf_str(&b)));
	buf_done(&b);
	return out;
}

/* The value of a header in a block of them, folded as it stands; NULL p: it is not there. */
static struct str find_header(struct str head, struct str name)
{
	while (head.n) {
		size_t n = 0;

		do {
			ptrdiff_t eol = str_find(str_from(head, n), STR("\r\n"));

			n = eol < 0 ? head.n : n + (size_t)eol + 2;
		} while (n < head.n && (head.p[n] == ' ' || head.p[n] == '\t'));
		if (n > name.n + 1 && head.p[name.n] == ':' &&
		    strncasecmp(head.p, name.p, name.n) == 0)
			return str_trim(str_cut(head, name.n + 1, n));
		head = str_from(head, n);
	}
	return (struct str){0};
}

static const char *compare_mail_headers(struct scene *s, const json_t *want, struct str head)
{
	const json_t *x;
	size_t i;

	json_array_foreach(want, i, x)
	{
		struct str name = str_of(json_string_value(json_array_get(x, 0)));
		struct str value = str_of(json_string_value(json_array_get(x, 1)));
		struct str got = find_header(head, name);

		if (!got.p)
			return arena_printf(&s->arena, "no header %.*s%c", STR_ARG(name), 0).p;
		if (str_is(name, "Date") || str_is(name, "Message-Id") ||
		    str_is(name, "Content-Type"))
			continue; /* words stand for their values */
		if (!str_eq(header_text(&s->arena, got), header_text(&s->arena, value)))
			return arena_printf(&s->arena, "header %.*s: %.*s%c", STR_ARG(name),
					    STR_ARG(got), 0)
				.p;
	}
	return NULL;
}

static const char *compare_part(struct scene *s, const json_t *want, struct str part)
{
	ptrdiff_t gap = str_find(part, STR("\r\n\r\n"));
	struct str head = str_cut(part, 0, (size_t)MAX(gap, 0) + 2);
	struct str type = find_header(head, STR("Content-Type"));
	struct str text;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_decoded(&b, str_from(part, (size_t)MAX(gap, 0) + 4), false);
	text = str_trim(arena_str(&s->arena, buf_str(&b)));
	buf_done(&b);
	if (!str_eq(type, case_text(want, "content_type")))
		return arena_printf(&s->arena, "a part is %.*s%c", STR_ARG(type), 0).p;
	if (!str_eq(text, str_trim(case_text(want, "decoded"))))
		return arena_printf(&s->arena, "a part reads %.*s%c", STR_ARG(text), 0).p;
	return NULL;
}

static const char *compare_parts(struct scene *s, const json_t *want, struct str mail)
{
	ptrdiff_t mark = str_find(mail, STR("boundary=\""));
	struct str rest, boundary;
	const json_t *x;
	size_t i;

	if (mark < 0)
		return "no parts";
	boundary = str_from(mail, (size_t)mark + 10);
	boundary = str_cut(boundary, 0, (size_t)MAX(str_find_char(boundary, '"'), 0));
	boundary = arena_printf(&s->arena, "--%.*s", STR_ARG(boundary));
	rest = mail;
	json_array_foreach(want, i, x)
	{
		ptrdiff_t from = str_find(rest, boundary), to;
		const char *wrong;

		if (from < 0)
			return "too few parts";
		rest = str_from(rest, (size_t)from + boundary.n + 2);
		to = str_find(rest, boundary);
		wrong = compare_part(s, x, str_cut(rest, 0, to < 0 ? rest.n : (size_t)to));
		if (wrong)
			return wrong;
	}
	rest = str_from(rest, (size_t)MAX(str_find(rest, boundary), 0) + boundary.n);
	return str_starts(rest, "--") ? NULL : "more parts";
}

/* The envelope as commands, as far as it is ours to say. */
static const char *compare_envelope(struct scene *s, const json_t *want, const struct sent *got)
{
	const json_t *x;
	size_t i, n = 0;

	json_array_foreach(want, i, x)
	{
		struct str line = str_of(json_string_value(x));

		if (str_starts(line, "DATA"))
			continue;
		if (n >= got->n_headers || !str_eq(got->headers[n].value, line))
			return arena_printf(&s->arena, "no command %.*s%c", STR_ARG(line), 0).p;
		n++;
	}
	return n == got->n_headers ? NULL : "more commands";
}

static const char *compare_mail(struct scene *s)
{
	const json_t *want = json_array_get(json_object_get(s->c, "requests"), 0);
	const struct sent *got = &s->sent[0];
	ptrdiff_t gap = str_find(got->body, STR("\r\n\r\n"));
	const char *wrong;

	if (s->error)
		return s->error;
	wrong = compare_envelope(s, json_object_get(want, "smtp_commands"), got);
	if (!wrong)
		wrong = compare_mail_headers(s, json_object_get(want, "headers"),
					     str_cut(got->body, 0, (size_t)MAX(gap, 0) + 2));
	if (!wrong)
		wrong = compare_parts(s, json_object_get(want, "parts"), got->body);
	return wrong;
}

/* ---- cases ------------------------------------------------------------------------------- */
/* slack_app and pagerduty_v1 are ways to configure slack and pagerduty. */
static struct str config_kind(struct str kind)
{
	ptrdiff_t bar = str_find_char(kind, '_');

	return bar < 0 ? kind : str_cut(kind, 0, (size_t)bar);
}

static struct notify_config *config_of(struct arena *a, struct str kind, struct str entry,
				       struct str receiver, struct diags *diags)
{
	struct notify_config *c;
	struct buf b;
	struct json_writer w = {.b = &b};

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "route:\n  receiver: ");
	json_put(&w, NULL, receiver);
	buf_adds(&b, "\nreceivers:\n- name: ");
	w.comma = false;
	json_put(&w, NULL, receiver);
	buf_printf(&b, "\n  %.*s_configs:\n  -\n", STR_ARG(config_kind(kind)));
	while (entry.n) {
		ptrdiff_t eol = str_find_char(entry, '\n');
		size_t n = eol < 0 ? entry.n : (size_t)eol + 1;

		buf_adds(&b, "    ");
		buf_add(&b, str_cut(entry, 0, n));
		entry = str_from(entry, n);
	}
	buf_addc(&b, '\n');
	c = am_config(buf_str(&b), a, diags);
	buf_done(&b);
	return c;
}

static const char *run(struct scene *s, const json_t *groups)
{
	static const char *const STAGES[] = {"firing", "one_resolved", "all_resolved"};
	const json_t *alerts =
		json_object_get(groups, json_string_value(json_object_get(s->c, "scenario")));
	struct str last = case_text(s->c, "stage");

	for (size_t i = 0; i < ARRAY_LEN(STAGES); i++) {
		struct str stage = str_of(STAGES[i]);
		struct message *m;

		if (str_is(stage, "one_resolved") && json_array_size(alerts) < 2)
			continue;
		m = message_of(s, alerts, stage);
		s->error = NULL;
		play(s, m);
		/* The arena outlives the message: what is compared was copied. */
		message_free(m);
		if (str_eq(stage, last))
			break;
	}
	return str_is(s->kind, "email") ? compare_mail(s) : compare(s);
}

static void one(struct tally *t, const char *name, const json_t *c, const json_t *groups)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct diags diags;
	const char *wrong;

	arena_init(&s->arena);
	limits_default(&s->limits);
	diags_init(&diags);
	s->c = c;
	s->kind = case_text(c, "kind");
	s->config = config_of(&s->arena, s->kind, case_text(c, "config"),
			      case_text(c, "receiver_name"), &diags);
	wrong = s->config ? run(s, groups)
			  : arena_printf(&s->arena, "refused: %s%c", am_first_error(&diags), 0).p;
	if (!wrong)
		case_pass(t);
	else if (str_is(case_text(c, "version"), "0.25.0"))
		case_skip(t, name, "rouse sends what 0.34 sends");
	else
		case_fail(t, name, "%.*s %.*s %.*s: %s", STR_ARG(s->kind),
			  STR_ARG(case_text(c, "scenario")), STR_ARG(case_text(c, "stage")), wrong);
	notify_config_free(s->config);
	diags_done(&diags);
	arena_done(&s->arena);
	free(s);
}

/* ---- retry ------------------------------------------------------------------------------- */
/* The smallest entry of each kind. */
static struct str smallest(struct str kind)
{
	static const struct {
		const char *kind, *entry;
	} ENTRIES[] = {
		{"discord", "webhook_url: http://x/"},
		{"incidentio", "{url: http://x/, alert_source_token: t}"},
		{"jira", "{api_url: http://x/, project: P, issue_type: Bug}"},
		{"mattermost", "webhook_url: http://x/"},
		{"msteams", "webhook_url: http://x/"},
		{"msteamsv2", "webhook_url: http://x/"},
		{"opsgenie", "api_key: k"},
		{"pagerduty", "routing_key: k"},
		{"pagerduty_v1", "service_key: k"},
		{"pushover", "{user_key: u, token: t}"},
		{"rocketchat", "{token_id: i, token: t}"},
		{"slack", "{api_url: http://x/, channel: c}"},
		{"sns", "{topic_arn: 'arn:aws:sns:eu-west-1:1:x', sigv4: {access_key: a, "
			"secret_key: s}}"},
		{"telegram", "{bot_token: t, chat_id: 1}"},
		{"victorops", "{api_key: k, routing_key: r}"},
		{"webex", "{room_id: r, http_config: {authorization: {credentials: c}}}"},
		{"webhook", "url: http://x/"},
		{"wechat", "{api_secret: s, corp_id: c}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(ENTRIES); i++) {
		if (str_is(kind, ENTRIES[i].kind))
			return str_of(ENTRIES[i].entry);
	}
	return STR("");
}

/* What comes of an answer with that status; a plainer form is tried and answered the same. */
static enum deliver_result decide(struct scene *s, const struct message *m, int status)
{
	struct now now = {.mono = 1000, .wall = 1767323100000};
	struct io_reply reply = {.outcome = IO_REPLIED, .status = status};
	enum deliver_result r = DELIVER_PLAIN;

	for (int plain = 0; plain < 2 && r == DELIVER_PLAIN; plain++) {
		struct delivery d = {.to = &s->config->receivers[0].integrations[0],
				     .message = m,
				     .key = STR(KEY),
				     .attempt = 1,
				     .plain = plain == 1,
				     .arena = &s->arena,
				     .templates = s->config->templates,
				     .limits = &s->limits};

		r = receiver_step(&d, now, NULL);
		if (r != DELIVER_REQUEST)
			return r;
		d.step = 1;
		r = receiver_step(&d, now, &reply);
	}
	return r;
}

static void one_retry(struct tally *t, const char *name, const json_t *c, const json_t *alerts)
{
	struct scene *s = calloc(1, sizeof(*s));
	int status = (int)json_integer_value(json_object_get(c, "status"));
	bool want = json_is_true(json_object_get(c, "retried")), got;
	json_t *dressed = json_pack("{s:s}", "receiver_name", "x");
	struct diags diags;

	arena_init(&s->arena);
	limits_default(&s->limits);
	diags_init(&diags);
	s->c = dressed;
	s->kind = case_text(c, "kind");
	s->config = config_of(&s->arena, s->kind, smallest(s->kind), STR("x"), &diags);
	if (!s->config) {
		case_fail(t, name, "%.*s: refused: %s", STR_ARG(s->kind), am_first_error(&diags));
	} else {
		struct message *m = message_of(s, alerts, STR("firing"));

		got = decide(s, m, status) == DELIVER_RETRY;
		if (got == want || (got && (status == 408 || status == 425 || status == 429)))
			case_pass(t);
		else
			case_fail(t, name, "%.*s: status %d is %stried again", STR_ARG(s->kind),
				  status, got ? "" : "not ");
		message_free(m);
	}
	notify_config_free(s->config);
	diags_done(&diags);
	arena_done(&s->arena);
	json_decref(dressed);
	free(s);
}

void kind_am_payloads(struct tally *t, const char *path)
{
	json_t *root = am_file(path), *c;
	const json_t *groups = json_object_get(root, "alert_groups");
	char name[600];
	size_t i;

	json_array_foreach(json_object_get(root, "cases"), i, c)
	{
		snprintf(name, sizeof(name), "%s:cases:%zu", path, i + 1);
		one(t, name, c, groups);
	}
	json_array_foreach(json_object_get(root, "retry"), i, c)
	{
		snprintf(name, sizeof(name), "%s:retry:%zu", path, i + 1);
		one_retry(t, name, c, json_object_get(groups, "basic"));
	}
	json_decref(root);
}
