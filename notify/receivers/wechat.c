/*
 * wechat_configs: a message of a WeCom application. Its access token is fetched once and kept in
 * memory for two hours, or until WeCom says that it is over.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "base/num.h"
#include "base/url.h"
#include "notify/receivers/kinds.h"

#define TOKEN_LIFE (2 * HOUR)
#define TOKEN_OVER 42001

struct wechat {
	struct str api_secret, api_secret_file, corp_id, api_url, message;
	struct str to_user, to_party, to_tag, agent_id, message_type;
};

#define KEY(kind, member, ...) FIELD(kind, struct wechat, member, ##__VA_ARGS__)

static const struct field FIELDS[] = {
	KEY(TEXT, api_secret, .secret = true),
	KEY(TEXT, api_secret_file),
	KEY(TEXT, corp_id),
	KEY(TEXT, message),
	KEY(URL, api_url),
	KEY(TEXT, to_user),
	KEY(TEXT, to_party),
	KEY(TEXT, to_tag),
	KEY(TEXT, agent_id),
	KEY(TEXT, message_type),
};

static const struct wechat DEFAULTS = {
	.message = STR("{{ template \"wechat.default.message\" . }}"),
	.to_user = STR("{{ template \"wechat.default.to_user\" . }}"),
	.to_party = STR("{{ template \"wechat.default.to_party\" . }}"),
	.to_tag = STR("{{ template \"wechat.default.to_tag\" . }}"),
	.agent_id = STR("{{ template \"wechat.default.agent_id\" . }}"),
	.message_type = STR("text"),
};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct global_config *g = e->global;
	struct wechat *c = config;

	if (!kind_not_both(f, e->node, "api_secret", c->api_secret, c->api_secret_file))
		return false;
	if (!c->message_type.n)
		c->message_type = STR("text");
	if (!fields_has_word("text markdown", c->message_type))
		return fields_error(f, yaml_get(e->node, "message_type"),
				    "weChat message type \"%.*s\" does not match valid options "
				    "^(text|markdown)$",
				    STR_ARG(c->message_type));
	if (!c->api_url.n)
		c->api_url = g->wechat_api_url;
	c->api_url = kind_join(f->arena, c->api_url, "");
	if (!c->api_secret.n && !c->api_secret_file.n) {
		c->api_secret = g->wechat_api_secret;
		c->api_secret_file = g->wechat_api_secret_file;
	}
	if (!c->api_secret.n && !c->api_secret_file.n)
		return fields_error(f, e->node,
				    "no global Wechat Api Secret set either inline or in a file");
	if (!c->corp_id.n)
		c->corp_id = g->wechat_api_corp_id;
	return c->corp_id.n || fields_error(f, e->node, "no global Wechat CorpID set");
}

/* ---- the token: "TOKEN UNTIL", UNTIL in milliseconds of the mono clock ------------------- */
static struct str known_token(const struct delivery *d, struct now now)
{
	struct str memo = d->new_memo.p ? d->new_memo : d->memo;
	ptrdiff_t blank = str_find_char(memo, ' ');
	int64_t until;

	if (blank <= 0 || num_int(str_from(memo, (size_t)blank + 1), 10, &until) != NUM_OK ||
	    until <= now.mono)
		return STR("");
	return str_cut(memo, 0, (size_t)blank);
}

static enum deliver_result ask_token(struct delivery *d)
{
	const struct wechat *c = d->to->config;
	struct str base = kind_join(d->arena, c->api_url, "gettoken?corpid=");
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, base);
	url_put_query(&b, c->corp_id);
	buf_adds(&b, "&corpsecret=");
	if (c->api_secret.n)
		url_put_query(&b, c->api_secret);
	else
		buf_add(&b, kind_secret(d, c->api_secret, c->api_secret_file, IO_IN_URL_QUERY));
	d->request.method = STR("GET");
	d->request.url = arena_str(d->arena, buf_str(&b));
	d->request.config = d->to->http;
	buf_done(&b);
	return DELIVER_REQUEST;
}

/* ---- the message ------------------------------------------------------------------------- */
static void put_body(struct json_writer *w, struct kind_texts *t, const struct wechat *c)
{
	struct delivery *d = t->d;
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, 1500)
				   : kind_expand(t, "message", c->message);
	bool markdown = !d->plain && str_is(c->message_type, "markdown");

	json_open(w, "text", '{');
	json_put(w, "content", markdown ? STR("") : text);
	json_close(w, '}');
	json_put_given(w, "touser", kind_expand(t, "to_user", c->to_user));
	json_put_given(w, "toparty", kind_expand(t, "to_party", c->to_party));
	json_put_given(w, "totag", kind_expand(t, "to_tag", c->to_tag));
	json_put_given(w, "agentid", kind_expand(t, "agent_id", c->agent_id));
	json_put(w, "safe", STR("0"));
	json_put(w, "msgtype", d->plain ? STR("text") : c->message_type);
	json_open(w, "markdown", '{');
	json_put(w, "content", markdown ? text : STR(""));
	json_close(w, '}');
}

static enum deliver_result ask_send(struct delivery *d, struct now now, struct str token)
{
	const struct wechat *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b, url;
	struct json_writer w = {.b = &b};
	enum deliver_result r;

	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c);
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	buf_init(&url, BUF_MAX_ANY);
	buf_add(&url, kind_join(d->arena, c->api_url, "message/send?access_token="));
	url_put_query(&url, token);
	r = kind_post_json(d, arena_str(d->arena, buf_str(&url)), &b);
	buf_done(&url);
	return r;
}

/* As upstream: whatever has another status than 200 is tried again. */
static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = r == DELIVER_SENT && reply->status == 200 ? kind_json(reply) : NULL;
	const char *token = json_string_value(json_object_get(root, "access_token"));
	int64_t code = json_integer_value(json_object_get(root, "errcode"));
	const char *why = json_string_value(json_object_get(root, "errmsg"));

	if (r != DELIVER_SENT || reply->status != 200) {
		r = DELIVER_RETRY;
	} else if (code) {
		err_set(&d->err, -1, "refused: %lld %s", (long long)code, why ? why : "");
		d->new_memo = STR("");
		d->scope = DEAD_MESSAGE;
		r = code == TOKEN_OVER ? DELIVER_RETRY : DELIVER_PLAIN;
	} else if (token) {
		d->new_memo = arena_printf(d->arena, "%s %lld", token,
					   (long long)(now.mono + TOKEN_LIFE));
		r = ask_send(d, now, known_token(d, now));
	} else if (!known_token(d, now).n) {
		err_set(&d->err, -1, "the answer has no access_token");
		r = DELIVER_RETRY;
	}
	json_decref(root);
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	struct str token = known_token(d, now);

	if (reply)
		return understand(d, now, reply);
	return token.n ? ask_send(d, now, token) : ask_token(d);
}

const struct receiver_kind RECEIVER_WECHAT = {
	.name = "wechat",
	.config_key = "wechat_configs",
	KIND_CONFIG(struct wechat, FIELDS, &DEFAULTS),
	.send_resolved = false,
	.check = check,
	.step = step,
	.parallel = 1,
};
