/*
 * twilio_configs: an SMS or a call that reads the message aloud. Error numbers of Twilio say more
 * than the HTTP status: which of them are worth another try is in the tables here.
 */
#include <jansson.h>

#include "base/time.h"
#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define SMS_MAX 1600   /* runes; longer ones are refused */
#define TWIML_MAX 3000 /* runes; 4000 with the tags around */

struct twilio {
	struct str api_url, account_sid, auth_token, auth_token_file, api_key_sid;
	struct str to, from, messaging_service_sid, message, mode, voice;
};

#define KEY(kind, member, ...) FIELD(kind, struct twilio, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(URL, api_url),
	KEY(TEXT, account_sid),
	KEY(TEXT, auth_token, .secret = true),
	KEY(TEXT, auth_token_file),
	KEY(TEXT, api_key_sid),
	KEY(TEXT, to),
	KEY(TEXT, from),
	KEY(TEXT, messaging_service_sid),
	KEY(TEXT, message),
	KEY(TEXT, mode),
	KEY(TEXT, voice),
};

static const struct twilio DEFAULTS = {
	.api_url = STR("https://api.twilio.com"),
	.message = STR("{{ template \"rouse.short\" . }}"),
	.mode = STR("sms"),
};

static bool is_call(const struct twilio *c)
{
	return str_is(c->mode, "call");
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct twilio *c = config;

	if (!c->account_sid.n)
		return fields_error(f, e->node, "missing account_sid in twilio_config");
	if (!c->to.n)
		return fields_error(f, e->node,
				    "missing to (a number like +14155550100) in "
				    "twilio_config");
	if (!fields_has_word("sms call", c->mode))
		return fields_error(f, yaml_get(e->node, "mode"), "mode must be sms or call");
	if (is_call(c) && !c->from.n)
		return fields_error(f, e->node,
				    "missing from in twilio_config: calls need a number");
	if (!is_call(c) && !c->from.n == !c->messaging_service_sid.n)
		return fields_error(f, e->node,
				    "exactly one of from & messaging_service_sid must be "
				    "configured");
	if (str_eq(c->to, c->from))
		return fields_error(f, e->node, "to and from are the same number");
	if (!kind_one_of(f, e->node, "auth_token", c->auth_token, c->auth_token_file))
		return false;
	e->to->http = kind_with_basic(e, c->api_key_sid.n ? c->api_key_sid : c->account_sid,
				      c->auth_token, c->auth_token_file);
	return true;
}

static void put(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s%s=", b->n ? "&" : "", key);
	url_put_query(b, value);
}

static void put_xml(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '"': buf_adds(b, "&quot;"); break;
		default: buf_addc(b, s.p[i]);
		}
	}
}

/* Said twice: who has just woken up misses the first half. */
static struct str twiml(struct delivery *d, const struct twilio *c, struct str text)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "<Response><Pause length=\"1\"/><Say loop=\"2\"");
	if (c->voice.n) {
		buf_adds(&b, " voice=\"");
		put_xml(&b, c->voice);
		buf_addc(&b, '"');
	}
	buf_addc(&b, '>');
	put_xml(&b, kind_clip(d->arena, text, TWIML_MAX / 2));
	buf_adds(&b, "</Say></Response>");
	out = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct twilio *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str text = d->plain ? kind_title(d->arena, d->message)
				   : str_trim(kind_expand(&t, "message", c->message));
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put(&b, "To", kind_expand(&t, "to", c->to));
	if (c->messaging_service_sid.n && !is_call(c))
		put(&b, "MessagingServiceSid", c->messaging_service_sid);
	else
		put(&b, "From", c->from);
	if (is_call(c)) {
		put(&b, "Twiml", twiml(d, c, text));
		put(&b, "Timeout", STR("25")); /* s; before a mailbox answers */
	} else {
		put(&b, "Body", kind_clip(d->arena, text, SMS_MAX));
	}
	d->request.method = STR("POST");
	d->request.url = kind_join(d->arena, c->api_url,
				   arena_printf(d->arena, "2010-04-01/Accounts/%.*s/%s.json%c",
						STR_ARG(c->account_sid),
						is_call(c) ? "Calls" : "Messages", 0)
					   .p);
	d->request.config = d->to->http;
	d->request.body = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	kind_header(d, "Content-Type", STR("application/x-www-form-urlencoded"));
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

static bool is_one_of(int64_t code, const int64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i] == code)
			return true;
	}
	return false;
}

/* Twilio's number for what went wrong, with 2xx too. */
static enum deliver_result by_code(struct delivery *d, int64_t code, struct str words,
				   enum deliver_result r)
{
	static const int64_t AGAIN[] = {20429, 30001, 30003, 30008};
	static const int64_t CREDENTIAL[] = {20003, 20005, 30002, 30007, 30034};
	static const int64_t DESTINATION[] = {21211, 21214, 21217, 21408, 21610,
					      21612, 21614, 30004, 30005, 30006};

	if (is_one_of(code, AGAIN, ARRAY_LEN(AGAIN))) {
		err_set(&d->err, -1, "Twilio error %lld: %.*s", (long long)code, STR_ARG(words));
		return DELIVER_RETRY;
	}
	if (is_one_of(code, CREDENTIAL, ARRAY_LEN(CREDENTIAL)))
		return kind_dead(d, DEAD_CREDENTIAL, "Twilio error %lld: %.*s", (long long)code,
				 STR_ARG(words));
	if (is_one_of(code, DESTINATION, ARRAY_LEN(DESTINATION)))
		return kind_dead(d, DEAD_DESTINATION, "Twilio error %lld: %.*s", (long long)code,
				 STR_ARG(words));
	return r == DELIVER_SENT ? kind_dead(d, DEAD_MESSAGE, "Twilio error %lld: %.*s",
					     (long long)code, STR_ARG(words))
				 : r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum deliver_result r;
	json_t *root;
	const char *sid, *words;
	int64_t code;

	if (!reply)
		return build(d, now);
	r = receiver_classify(d, now, reply);
	root = kind_json(reply);
	sid = json_string_value(json_object_get(root, "sid"));
	words = json_string_value(json_object_get(root, "message"));
	if (!words)
		words = json_string_value(json_object_get(root, "error_message"));
	code = json_integer_value(
		json_object_get(root, reply->status / 100 == 2 ? "error_code" : "code"));
	if (r == DELIVER_SENT)
		d->new_provider_id = arena_str(d->arena, str_of(sid));
	if (code)
		r = by_code(d, code, arena_str(d->arena, str_of(words)), r);
	json_decref(root);
	return r;
}

/* ---- answers ----------------------------------------------------------------------------- */
/* Replies come to the number that sends. */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct twilio *c = to->config;

	if (is_call(c) || !c->from.n)
		return STR("");
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(c->api_url), STR_ARG(c->account_sid),
			    STR_ARG(c->from));
}

static struct str user(const struct integration *to, struct arena *a)
{
	const struct twilio *c = to->config;

	(void)a;
	return template_is_plain(c->to) ? c->to : STR("");
}

static enum hear_result ask(struct hearing *h)
{
	const struct twilio *c = h->d.to->config;
	struct civil day = civil_of(h->since);
	enum hear_result r;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b,
		   "%.*s/2010-04-01/Accounts/%.*s/Messages.json?PageSize=%d&DateSent%%3E="
		   "%04d-%02d-%02d&To=",
		   STR_ARG(url_base(c->api_url)), STR_ARG(c->account_sid), HEARD_MAX, day.year,
		   day.month, day.day);
	url_put_query(&b, c->from);
	r = hearing_get(h, arena_str(h->d.arena, buf_str(&b)));
	buf_done(&b);
	return r;
}

/* "Tue, 01 Dec 2026 03:04:05 +0000": the last millisecond of that second; 0: something else. */
static ms_t sent_at(struct arena *a, const char *date)
{
	struct str s = str_of(date);
	ms_t at;

	if (!str_ends(s, " +0000"))
		return 0;
	s = arena_printf(a, "%.*s GMT", (int)(s.n - strlen(" +0000")), s.p);
	return time_http_date(s, &at) ? at + SECOND - 1 : 0;
}

static void read_reply(struct hearing *h, const json_t *m)
{
	const char *text = json_string_value(json_object_get(m, "body"));
	const char *direction = json_string_value(json_object_get(m, "direction"));
	const char *date = json_string_value(json_object_get(m, "date_sent"));
	struct arena *a = h->d.arena;
	struct heard v = {.seen = -1}, *x;

	v.at = sent_at(a, date ? date : "");
	if (!text || !direction || strcmp(direction, "inbound") != 0 || v.at < h->since ||
	    !answer_of_words(str_of(text), &v.verb, &v.incident))
		return;
	x = hearing_add(h);
	if (!x)
		return;
	*x = v;
	x->user = arena_str(a, str_of(json_string_value(json_object_get(m, "from"))));
	x->once = arena_str(a, str_of(json_string_value(json_object_get(m, "sid"))));
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	json_t *root, *m;
	size_t i;

	if (!reply)
		return h->d.step ? HEAR_DONE : ask(h);
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	json_array_foreach(json_object_get(root, "messages"), i, m) read_reply(h, m);
	json_decref(root);
	return h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.stream = true,
	.every = 5 * SECOND,
	.how = "reply: ack %",
	.account = account,
	.user = user,
	.step = hear,
};

const struct receiver_kind RECEIVER_TWILIO = {
	.name = "twilio",
	.config_key = "twilio_configs",
	KIND_CONFIG(struct twilio, FIELDS, &DEFAULTS),
	.send_resolved = false,
	.check = check,
	.step = step,
	.hearing = &HEARING,
	.parallel = 4,
};
