/*
 * slack_configs: one attachment through an incoming webhook or chat.postMessage. With
 * update_message (bot tokens only) the group's first message is edited by chat.update; where that
 * is not possible any more a new one is posted.
 *
 * Slack answers 200 to what it refuses: the body tells.
 */
#include <jansson.h>

#include "base/json_writer.h"
#include "base/url.h"
#include "notify/hearing.h"
#include "notify/receivers/kinds.h"

#define TITLE_MAX 1024
#define POST_MESSAGE "chat.postMessage"

struct slack_field {
	struct str title, value;
	bool shorter, has_shorter;
};

struct slack_confirm {
	struct str text, title, ok_text, dismiss_text;
};

struct slack_action {
	struct str type, text, url, style, name, value;
	const struct yaml_node *confirm_node;
	struct slack_confirm *confirm; /* NULL: none */
};

struct slack {
	struct str api_url, api_url_file, app_token, app_token_file, app_url;
	struct str channel, username, color, title, title_link, pretext, text, message_text;
	const struct yaml_node *fields_node, *actions_node;
	struct slack_field *fields;
	struct slack_action *actions;
	size_t n_fields, n_actions;
	bool short_fields, link_names;
	bool update_message; /* as the integration's, for its place among the keys */
	struct str footer, fallback, callback_id, icon_emoji, icon_url, image_url, thumb_url;
	struct field_texts mrkdwn_in;
	ms_t timeout;
};

static const struct field FIELD_FIELDS[] = {
	FIELD(TEXT, struct slack_field, title),
	FIELD(TEXT, struct slack_field, value),
	{.name = "short",
	 .kind = FIELD_BOOL,
	 .at = offsetof(struct slack_field, shorter),
	 .given = offsetof(struct slack_field, has_shorter) + 1},
};

static const struct field CONFIRM_FIELDS[] = {
	FIELD(TEXT, struct slack_confirm, text),
	FIELD(TEXT, struct slack_confirm, title),
	FIELD(TEXT, struct slack_confirm, ok_text),
	FIELD(TEXT, struct slack_confirm, dismiss_text),
};

static const struct field ACTION_FIELDS[] = {
	FIELD(TEXT, struct slack_action, type),
	FIELD(TEXT, struct slack_action, text),
	FIELD(TEXT, struct slack_action, url),
	FIELD(TEXT, struct slack_action, style),
	FIELD(TEXT, struct slack_action, name),
	FIELD(TEXT, struct slack_action, value),
	FIELD_AS(MAP, "confirm", struct slack_action, confirm_node, FIELD_SUB(CONFIRM_FIELDS)),
};

static void put_action_fields(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct slack *c = from;

	if (!c->n_actions)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_list(o);
	for (size_t i = 0; i < c->n_actions; i++) {
		yaml_out_map(o);
		fields_put(o, ACTION_FIELDS, ARRAY_LEN(ACTION_FIELDS), &c->actions[i]);
		yaml_out_map_end(o);
	}
	yaml_out_list_end(o);
}

static const struct field FIELDS[] = {
	FIELD(URL, struct slack, api_url, .secret = true),
	FIELD(TEXT, struct slack, api_url_file),
	FIELD(TEXT, struct slack, app_token, .secret = true),
	FIELD(TEXT, struct slack, app_token_file),
	FIELD(URL, struct slack, app_url),
	FIELD(TEXT, struct slack, channel),
	FIELD(TEXT, struct slack, username),
	FIELD(TEXT, struct slack, color),
	FIELD(TEXT, struct slack, title),
	FIELD(TEXT, struct slack, title_link),
	FIELD(TEXT, struct slack, pretext),
	FIELD(TEXT, struct slack, text),
	FIELD(TEXT, struct slack, message_text),
	FIELD_AS(LIST, "fields", struct slack, fields_node, FIELD_SUB(FIELD_FIELDS)),
	FIELD(BOOL, struct slack, short_fields, .always = true),
	FIELD(TEXT, struct slack, footer),
	FIELD(TEXT, struct slack, fallback),
	FIELD(TEXT, struct slack, callback_id),
	FIELD(TEXT, struct slack, icon_emoji),
	FIELD(TEXT, struct slack, icon_url),
	FIELD(TEXT, struct slack, image_url),
	FIELD(TEXT, struct slack, thumb_url),
	FIELD(BOOL, struct slack, link_names, .always = true),
	FIELD(TEXTS, struct slack, mrkdwn_in),
	FIELD_AS(LIST, "actions", struct slack, actions_node, .put = put_action_fields),
	FIELD(BOOL, struct slack, update_message, .always = true),
	FIELD(GO_DURATION, struct slack, timeout, .always = true),
};

static const struct slack DEFAULTS = {
	.username = STR("{{ template \"slack.default.username\" . }}"),
	.color = STR("{{ template \"slack.default.color\" . }}"),
	.title = STR("{{ template \"slack.default.title\" . }}"),
	.title_link = STR("{{ template \"slack.default.titlelink\" . }}"),
	.pretext = STR("{{ template \"slack.default.pretext\" . }}"),
	.text = STR("{{ template \"slack.default.text\" . }}"),
	.footer = STR("{{ template \"slack.default.footer\" . }}"),
	.fallback = STR("{{ template \"slack.default.fallback\" . }}"),
	.callback_id = STR("{{ template \"slack.default.callbackid\" . }}"),
	.icon_emoji = STR("{{ template \"slack.default.iconemoji\" . }}"),
	.icon_url = STR("{{ template \"slack.default.iconurl\" . }}"),
};

/* ---- configuration ----------------------------------------------------------------------- */
static bool check_fields(const struct fields *f, struct slack *c)
{
	bool ok =
		KIND_LIST(f, c->fields_node, "slack_field", FIELD_FIELDS, &c->fields, &c->n_fields);

	for (size_t i = 0; i < c->n_fields && ok; i++) {
		const struct yaml_node *at = c->fields_node->items[i];

		if (!c->fields[i].title.n)
			ok = fields_error(f, at, "missing title in Slack field configuration");
		else if (!c->fields[i].value.n)
			ok = fields_error(f, at, "missing value in Slack field configuration");
	}
	return ok;
}

static bool check_confirm(const struct fields *f, struct slack_action *a)
{
	struct fields strict = *f;

	if (!a->confirm_node)
		return true;
	strict.ignore_unknown = false;
	a->confirm = ARENA_NEW(f->arena, struct slack_confirm);
	if (!FIELDS_READ(&strict, a->confirm_node, "slack_confirmation", CONFIRM_FIELDS,
			 a->confirm))
		return false;
	return a->confirm->text.n || fields_error(f, a->confirm_node,
						  "missing text in Slack confirmation "
						  "configuration");
}

static bool check_actions(const struct fields *f, struct slack *c)
{
	bool ok = KIND_LIST(f, c->actions_node, "slack_action", ACTION_FIELDS, &c->actions,
			    &c->n_actions);

	for (size_t i = 0; i < c->n_actions && ok; i++) {
		const struct yaml_node *at = c->actions_node->items[i];
		struct slack_action *a = &c->actions[i];

		if (!a->type.n)
			ok = fields_error(f, at, "missing type in Slack action configuration");
		else if (!a->text.n)
			ok = fields_error(f, at, "missing text in Slack action configuration");
		else if (!a->url.n && !a->name.n)
			ok = fields_error(f, at,
					  "missing name or url in Slack action configuration");
		else
			ok = check_confirm(f, a);
		/* A button is a link or a message action, as upstream. */
		if (a->url.n) {
			a->name = a->value = STR("");
			a->confirm_node = NULL;
			a->confirm = NULL;
		}
	}
	return ok;
}

static bool has_url(const struct slack *c)
{
	return c->api_url.n || c->api_url_file.n;
}

static bool has_token(const struct slack *c)
{
	return c->app_token.n || c->app_token_file.n;
}

/* The own address or token, or those of global; global's token only where nothing else says who we
 * are. A token goes to app_url. */
static bool check_address(const struct kind_entry *e, struct slack *c)
{
	const struct fields *f = &e->fields;
	const struct global_config *g = e->global;
	bool own_auth = e->to->own_http && e->to->http->has_authorization;

	if (!c->app_url.n)
		c->app_url = g->slack_app_url;
	if (has_token(c) && own_auth)
		return fields_error(f, e->node,
				    "http authorization can't be set when using Slack App tokens");
	if (!has_url(c) && !has_token(c) && !own_auth) {
		c->app_token = g->slack_app_token;
		c->app_token_file = g->slack_app_token_file;
	}
	if (has_token(c)) {
		e->to->http = kind_with_token(e, c->app_token, c->app_token_file);
		c->api_url = c->app_url;
		c->api_url_file = STR("");
	} else if (!has_url(c)) {
		c->api_url = g->slack_api_url;
		c->api_url_file = g->slack_api_url_file;
	}
	return has_url(c) || fields_error(f, e->node,
					  "no Slack API URL nor App token set either inline or in "
					  "a file");
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct slack *c = config;

	if (!kind_not_both(f, e->node, "api_url", c->api_url, c->api_url_file) ||
	    !kind_not_both(f, e->node, "app_token", c->app_token, c->app_token_file) ||
	    !check_address(e, c) || !check_fields(f, c) || !check_actions(f, c))
		return false;
	if (e->to->update_message && !str_ends(c->api_url, POST_MESSAGE))
		return fields_error(f, yaml_get(e->node, "update_message"),
				    "update_message can only be used with bot tokens. api_url must "
				    "be set to https://slack.com/api/" POST_MESSAGE);
	return true;
}

static bool may_update(const void *config)
{
	const struct slack *c = config;

	return str_ends(c->api_url, POST_MESSAGE);
}

/* ---- the request ------------------------------------------------------------------------- */
static void put_fields(struct json_writer *w, struct kind_texts *t, const struct slack *c)
{
	if (!c->n_fields)
		return;
	json_open(w, "fields", '[');
	for (size_t i = 0; i < c->n_fields; i++) {
		const struct slack_field *x = &c->fields[i];

		json_open(w, NULL, '{');
		json_put(w, "title", kind_expand_next(t, "field", x->title));
		json_put(w, "value", kind_expand_next(t, "field", x->value));
		json_put_bool(w, "short", x->has_shorter ? x->shorter : c->short_fields);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_action(struct json_writer *w, struct kind_texts *t, const struct slack_action *a)
{
	json_open(w, NULL, '{');
	json_put(w, "type", kind_expand_next(t, "action", a->type));
	json_put(w, "text", kind_expand_next(t, "action", a->text));
	json_put_given(w, "url", kind_expand_next(t, "action", a->url));
	json_put_given(w, "style", kind_expand_next(t, "action", a->style));
	json_put_given(w, "name", kind_expand_next(t, "action", a->name));
	json_put_given(w, "value", kind_expand_next(t, "action", a->value));
	if (a->confirm) {
		json_open(w, "confirm", '{');
		json_put(w, "text", kind_expand_next(t, "confirm", a->confirm->text));
		json_put_given(w, "title", kind_expand_next(t, "confirm", a->confirm->title));
		json_put_given(w, "ok_text", kind_expand_next(t, "confirm", a->confirm->ok_text));
		json_put_given(w, "dismiss_text",
			       kind_expand_next(t, "confirm", a->confirm->dismiss_text));
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_mrkdwn(struct json_writer *w, const struct slack *c)
{
	static const struct str usual[] = {STR("fallback"), STR("pretext"), STR("text")};
	const struct str *v = c->mrkdwn_in.n ? c->mrkdwn_in.v : usual;
	size_t n = c->mrkdwn_in.n ? c->mrkdwn_in.n : ARRAY_LEN(usual);

	json_open(w, "mrkdwn_in", '[');
	for (size_t i = 0; i < n; i++)
		json_put(w, NULL, v[i]);
	json_close(w, ']');
}

static void put_attachment(struct json_writer *w, struct kind_texts *t, const struct slack *c)
{
	struct arena *a = t->d->arena;

	json_open(w, NULL, '{');
	json_put_given(w, "title", kind_clip(a, kind_expand(t, "title", c->title), TITLE_MAX));
	json_put_given(w, "title_link", kind_expand(t, "title_link", c->title_link));
	json_put_given(w, "pretext", kind_expand(t, "pretext", c->pretext));
	json_put(w, "text", kind_expand(t, "text", c->text));
	json_put(w, "fallback", kind_expand(t, "fallback", c->fallback));
	json_put(w, "callback_id", kind_expand(t, "callback_id", c->callback_id));
	put_fields(w, t, c);
	if (c->n_actions) {
		json_open(w, "actions", '[');
		for (size_t i = 0; i < c->n_actions; i++)
			put_action(w, t, &c->actions[i]);
		json_close(w, ']');
	}
	json_put_given(w, "image_url", kind_expand(t, "image_url", c->image_url));
	json_put_given(w, "thumb_url", kind_expand(t, "thumb_url", c->thumb_url));
	json_put(w, "footer", kind_expand(t, "footer", c->footer));
	json_put_given(w, "color", kind_expand(t, "color", c->color));
	put_mrkdwn(w, c);
	json_close(w, '}');
}

/* What was refused or could not be expanded, in rouse's own words. */
static void put_plain(struct json_writer *w, const struct delivery *d)
{
	json_put(w, "text",
		 arena_printf(d->arena, "%.*s\n%.*s", STR_ARG(kind_title(d->arena, d->message)),
			      STR_ARG(kind_plain_text(d->arena, d->message, 3000))));
}

/* "CHANNEL/TS" of the message to edit. */
static void split_id(struct str id, struct str *channel, struct str *ts)
{
	ptrdiff_t slash = str_find_char(id, '/');

	*channel = slash < 0 ? STR("") : str_cut(id, 0, (size_t)slash);
	*ts = slash < 0 ? STR("") : str_from(id, (size_t)slash + 1);
}

static struct str address_of(struct delivery *d, const struct slack *c)
{
	struct str url = c->api_url;

	if (!d->provider_id.n || !str_ends(url, POST_MESSAGE))
		return url;
	return arena_printf(d->arena, "%.*schat.update", (int)(url.n - strlen(POST_MESSAGE)),
			    url.p);
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	static const char *const pings[] = {"<!", "<@", NULL};
	const struct slack *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str channel = kind_expand(&t, "channel", c->channel), ts;
	struct buf b;
	struct json_writer w = {.b = &b};

	kind_without_pings(d, pings);
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	if (d->provider_id.n)
		split_id(d->provider_id, &channel, &ts);
	json_put_given(&w, "channel", channel);
	if (d->provider_id.n)
		json_put(&w, "ts", ts);
	json_put_given(&w, "username", kind_expand(&t, "username", c->username));
	json_put_given(&w, "icon_emoji", kind_expand(&t, "icon_emoji", c->icon_emoji));
	json_put_given(&w, "icon_url", kind_expand(&t, "icon_url", c->icon_url));
	if (c->link_names)
		json_put_bool(&w, "link_names", true);
	if (d->plain) {
		put_plain(&w, d);
	} else {
		json_put_given(&w, "text", kind_expand(&t, "message_text", c->message_text));
		json_open(&w, "attachments", '[');
		put_attachment(&w, &t, c);
		json_close(&w, ']');
	}
	json_close(&w, '}');
	d->request.timeout = c->timeout;
	d->request.url_file = c->api_url_file;
	if (!t.failed || d->plain)
		return kind_post_json(d, address_of(d, c), &b);
	buf_done(&b);
	return DELIVER_PLAIN;
}

/* ---- the answer -------------------------------------------------------------------------- */
static struct str text_of(const json_t *root, const char *key)
{
	const json_t *v = json_object_get(root, key);

	return json_is_string(v) ? str_of(json_string_value(v)) : STR("");
}

/* Of an answer with status 200. */
static enum deliver_result read_json(struct delivery *d, struct now now, const json_t *root)
{
	struct str error = text_of(root, "error");

	if (json_is_true(json_object_get(root, "ok"))) {
		d->new_provider_id =
			arena_printf(d->arena, "%.*s/%.*s", STR_ARG(text_of(root, "channel")),
				     STR_ARG(text_of(root, "ts")));
		return DELIVER_SENT;
	}
	err_set(&d->err, -1, "refused: %.*s", STR_ARG(error));
	if (d->provider_id.n &&
	    (str_is(error, "message_not_found") || str_is(error, "cant_update_message") ||
	     str_is(error, "edit_window_closed"))) {
		d->provider_id = STR("");
		return build(d, now);
	}
	if (str_is(error, "ratelimited") || str_is(error, "internal_error") ||
	    str_is(error, "service_unavailable") || str_is(error, "fatal_error"))
		return DELIVER_RETRY;
	d->scope = str_is(error, "invalid_auth") || str_is(error, "not_authed") ||
				   str_is(error, "token_revoked") ||
				   str_is(error, "account_inactive")
			   ? DEAD_CREDENTIAL
		   : str_is(error, "channel_not_found") || str_is(error, "is_archived")
			   ? DEAD_DESTINATION
			   : DEAD_MESSAGE;
	return d->scope == DEAD_MESSAGE ? DELIVER_PLAIN : DELIVER_DEAD;
}

static enum deliver_result understand(struct delivery *d, struct now now,
				      const struct io_reply *reply)
{
	enum deliver_result r = receiver_classify(d, now, reply);
	json_t *root = r == DELIVER_SENT ? kind_json(reply) : NULL;

	if (json_is_object(root)) {
		r = read_json(d, now, root);
	} else if (r == DELIVER_SENT && reply->body.n && !str_is(str_trim(reply->body), "ok")) {
		err_set(&d->err, -1, "refused: %.*s", STR_ARG(str_cut(reply->body, 0, 160)));
		d->scope = DEAD_MESSAGE;
		r = DELIVER_PLAIN;
	}
	json_decref(root);
	return r;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	return reply ? understand(d, now, reply) : build(d, now);
}

/* ---- answers ----------------------------------------------------------------------------- */
static struct str account(const struct integration *to, struct arena *a)
{
	const struct slack *c = to->config;

	if (!may_update(c))
		return STR("");
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(c->api_url), STR_ARG(c->app_token),
			    STR_ARG(c->app_token_file));
}

/* A direct message is sent to the number of a user. */
static struct str user(const struct integration *to, struct arena *a)
{
	const struct slack *c = to->config;

	(void)a;
	return str_starts(c->channel, "U") && template_is_plain(c->channel) ? c->channel : STR("");
}

static enum hear_result ask(struct hearing *h)
{
	const struct slack *c = h->d.to->config;
	struct str channel, ts;
	enum hear_result r;
	struct buf b;

	split_id(h->message, &channel, &ts);
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "%.*sreactions.get?full=true&channel=",
		   (int)(c->api_url.n - strlen(POST_MESSAGE)), c->api_url.p);
	url_put_query(&b, channel);
	buf_adds(&b, "&timestamp=");
	url_put_query(&b, ts);
	r = hearing_get(h, arena_str(h->d.arena, buf_str(&b)));
	buf_done(&b);
	return r;
}

static void read_reactions(struct hearing *h, const json_t *list)
{
	json_t *r, *u;
	size_t i, k;

	json_array_foreach(list, i, r)
	{
		json_array_foreach(json_object_get(r, "users"), k, u)
			hearing_reaction(h, text_of(r, "name"), str_of(json_string_value(u)),
					 STR(""));
	}
}

static enum hear_result hear(struct hearing *h, struct now now, const struct io_reply *reply)
{
	struct str error;
	json_t *root;
	bool ok;

	if (!reply)
		return h->d.step ? HEAR_DONE : ask(h);
	root = hearing_json(h, now, reply);
	if (!root)
		return HEAR_FAILED;
	ok = json_is_true(json_object_get(root, "ok"));
	error = text_of(root, "error");
	if (ok)
		read_reactions(h, json_object_get(json_object_get(root, "message"), "reactions"));
	else if (str_is(error, "message_not_found"))
		ok = true; /* somebody has deleted it */
	else
		err_set(&h->d.err, -1, "reactions.get was refused: %.*s", STR_ARG(error));
	json_decref(root);
	return !ok ? HEAR_FAILED : h->n ? HEAR_HEARD : HEAR_DONE;
}

static const struct hearing_kind HEARING = {
	.every = 2 * SECOND,
	.how = "react with :white_check_mark: (:eyes: looking, :sos: escalate, :mute: snooze)",
	.account = account,
	.user = user,
	.step = hear,
};

const struct receiver_kind RECEIVER_SLACK = {
	.name = "slack",
	.config_key = "slack_configs",
	KIND_CONFIG(struct slack, FIELDS, &DEFAULTS),
	.send_resolved = false,
	.all_global = true,
	.check = check,
	.step = step,
	.can_update = true,
	.may_update = may_update,
	.hearing = &HEARING,
	.parallel = 1,
};
