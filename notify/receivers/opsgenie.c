/*
 * opsgenie_configs: an alert whose alias is the group's key, closed by the same. With update_alerts
 * its message and description follow the group.
 */
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define MESSAGE_MAX 130

struct responder {
	struct str id, name, username, type;
};

struct opsgenie {
	struct str api_key, api_key_file, api_url;
	struct str message, description, source, entity, actions, tags, note, priority;
	const struct yaml_node *details_node, *responders_node;
	struct kind_pair *details;
	struct responder *responders;
	size_t n_details, n_responders;
	bool update_alerts;
};

#define KEY(kind, member, ...) FIELD(kind, struct opsgenie, member, ##__VA_ARGS__)

static const struct field RESPONDER_FIELDS[] = {
	FIELD(TEXT, struct responder, id),
	FIELD(TEXT, struct responder, name),
	FIELD(TEXT, struct responder, username),
	FIELD(TEXT, struct responder, type),
};

static const struct field FIELDS[] = {
	KEY(TEXT, api_key, .secret = true),
	KEY(TEXT, api_key_file),
	KEY(URL, api_url),
	KEY(TEXT, message),
	KEY(TEXT, description),
	KEY(TEXT, source),
	FIELD_AS(MAP, "details", struct opsgenie, details_node),
	KEY(TEXT, entity),
	FIELD_AS(LIST, "responders", struct opsgenie, responders_node, FIELD_SUB(RESPONDER_FIELDS)),
	KEY(TEXT, actions),
	KEY(TEXT, tags),
	KEY(TEXT, note),
	KEY(TEXT, priority),
	KEY(BOOL, update_alerts),
};

static const struct opsgenie DEFAULTS = {
	.message = STR("{{ template \"opsgenie.default.message\" . }}"),
	.description = STR("{{ template \"opsgenie.default.description\" . }}"),
	.source = STR("{{ template \"opsgenie.default.source\" . }}"),
};

/* ---- configuration ----------------------------------------------------------------------- */
/* A type may be written in any case. */
static void lower(struct arena *a, struct str *s)
{
	char *p = arena_cstr(a, *s);

	for (size_t i = 0; i < s->n; i++)
		p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i];
	s->p = p;
}

static bool check_responder(const struct fields *f, const struct yaml_node *at, struct responder *r)
{
	struct limits l;
	struct err err;
	struct str said = arena_printf(f->arena, "{%.*s %.*s %.*s %.*s}", STR_ARG(r->id),
				       STR_ARG(r->name), STR_ARG(r->username), STR_ARG(r->type));

	limits_default(&l);
	if (!r->id.n && !r->username.n && !r->name.n)
		return fields_error(f, at,
				    "opsGenieConfig responder %.*s has to have at least one of id, "
				    "username or name specified",
				    STR_ARG(said));
	if (str_find(r->type, STR("{{")) >= 0) {
		if (notify_template_check(r->type, &l, &err))
			return true;
		return fields_error(f, at,
				    "opsGenieConfig responder %.*s type contains invalid template "
				    "syntax: %s",
				    STR_ARG(said), err.msg);
	}
	lower(f->arena, &r->type);
	if (fields_has_word("team teams user escalation schedule", r->type))
		return true;
	return fields_error(f, at,
			    "opsGenieConfig responder %.*s type does not match valid options "
			    "^(team|teams|user|escalation|schedule)$",
			    STR_ARG(said));
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct opsgenie *c = config;
	bool ok;

	if (!kind_not_both(f, e->node, "api_key", c->api_key, c->api_key_file))
		return false;
	if (!c->api_url.n)
		c->api_url = e->global->opsgenie_api_url;
	c->api_url = kind_join(f->arena, c->api_url, "");
	if (!c->api_key.n && !c->api_key_file.n) {
		c->api_key = e->global->opsgenie_api_key;
		c->api_key_file = e->global->opsgenie_api_key_file;
	}
	if (!c->api_key.n && !c->api_key_file.n)
		return fields_error(f, e->node,
				    "no global OpsGenie API Key set either inline or in a file");
	ok = kind_pairs(f, c->details_node, "details", &c->details, &c->n_details);
	ok &= KIND_LIST(f, c->responders_node, "opsgenie_responder", RESPONDER_FIELDS,
			&c->responders, &c->n_responders);
	for (size_t i = 0; i < c->n_responders && ok; i++)
		ok = check_responder(f, c->responders_node->items[i], &c->responders[i]);
	return ok;
}

/* ---- requests ---------------------------------------------------------------------------- */
/* Calls put for each piece between commas, empty ones left out. */
static void each_piece(struct str s, void (*put)(struct json_writer *w, struct str piece),
		       struct json_writer *w)
{
	s = str_trim(s);
	while (s.n) {
		ptrdiff_t comma = str_find_char(s, ',');
		struct str piece = comma < 0 ? s : str_cut(s, 0, (size_t)comma);

		if (piece.n)
			put(w, piece);
		s = comma < 0 ? STR("") : str_from(s, (size_t)comma + 1);
	}
}

static void put_piece(struct json_writer *w, struct str piece)
{
	json_put(w, NULL, piece);
}

static void put_pieces(struct json_writer *w, const char *key, struct str s)
{
	if (!s.n)
		return;
	json_open(w, key, '[');
	each_piece(s, put_piece, w);
	json_close(w, ']');
}

static void put_team(struct json_writer *w, struct str piece)
{
	json_open(w, NULL, '{');
	json_put(w, "name", piece);
	json_put(w, "type", STR("team"));
	json_close(w, '}');
}

static void put_responders(struct json_writer *w, struct kind_texts *t, const struct opsgenie *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_responders; i++) {
		const struct responder *r = &c->responders[i];
		struct str id = kind_expand_next(t, "responder", r->id);
		struct str name = kind_expand_next(t, "responder", r->name);
		struct str user = kind_expand_next(t, "responder", r->username);
		struct str type = kind_expand_next(t, "responder", r->type);

		if (!id.n && !name.n && !user.n)
			continue; /* a template that gave nothing */
		if (!n++)
			json_open(w, "responders", '[');
		if (str_is(type, "teams")) {
			each_piece(name, put_team, w);
			continue;
		}
		json_open(w, NULL, '{');
		json_put_given(w, "id", id);
		json_put_given(w, "name", name);
		json_put_given(w, "username", user);
		json_put(w, "type", type);
		json_close(w, '}');
	}
	if (n)
		json_close(w, ']');
}

/* Common labels, and the configured ones over them. */
static void put_details(struct json_writer *w, struct kind_texts *t, const struct opsgenie *c)
{
	struct labels_iter it = {0};
	struct label l;

	json_open(w, "details", '{');
	while (labels_next(t->d->message->common_labels, &it, &l)) {
		bool own = false;

		for (size_t i = 0; i < c->n_details; i++)
			own |= str_eq(c->details[i].name, l.name);
		if (!own)
			json_put(w, arena_cstr(t->d->arena, l.name), l.value);
	}
	for (size_t i = 0; i < c->n_details; i++)
		json_put(w, arena_cstr(t->d->arena, c->details[i].name),
			 kind_expand_next(t, "detail", c->details[i].value));
	json_close(w, '}');
}

static struct str message_of(struct kind_texts *t, const struct opsgenie *c)
{
	struct delivery *d = t->d;

	return kind_clip(d->arena,
			 d->plain ? kind_title(d->arena, d->message)
				  : kind_expand(t, "message", c->message),
			 MESSAGE_MAX);
}

static struct str description_of(struct kind_texts *t, const struct opsgenie *c)
{
	struct delivery *d = t->d;

	return d->plain ? kind_plain_text(d->arena, d->message, 10000)
			: kind_expand(t, "description", c->description);
}

static void put_new(struct json_writer *w, struct kind_texts *t, const struct opsgenie *c)
{
	json_put(w, "alias", kind_dedup_key(t->d));
	json_put(w, "message", message_of(t, c));
	json_put_given(w, "description", description_of(t, c));
	put_details(w, t, c);
	json_put(w, "source", kind_expand(t, "source", c->source));
	put_responders(w, t, c);
	put_pieces(w, "tags", kind_expand(t, "tags", c->tags));
	json_put_given(w, "note", kind_expand(t, "note", c->note));
	json_put_given(w, "priority", kind_expand(t, "priority", c->priority));
	json_put_given(w, "entity", kind_expand(t, "entity", c->entity));
	put_pieces(w, "actions", kind_expand(t, "actions", c->actions));
}

/* What the attempt has to do, one request after the other. */
enum work { CREATE, CLOSE, SET_MESSAGE, SET_DESCRIPTION, DONE };

static enum work work_of(const struct delivery *d)
{
	const struct opsgenie *c = d->to->config;

	if (message_resolved(d->message))
		return d->step ? DONE : CLOSE;
	if (d->step == 0)
		return CREATE;
	if (!c->update_alerts || d->step > 2)
		return DONE;
	return d->step == 1 ? SET_MESSAGE : SET_DESCRIPTION;
}

static struct str path_of(struct delivery *d, enum work work)
{
	struct str key = kind_dedup_key(d);
	const char *tail = work == CLOSE	 ? "close"
			   : work == SET_MESSAGE ? "message"
						 : "description";

	if (work == CREATE)
		return STR("v2/alerts");
	return arena_printf(d->arena, "v2/alerts/%.*s/%s?identifierType=alias", STR_ARG(key), tail);
}

static void put_body(struct json_writer *w, struct kind_texts *t, const struct opsgenie *c,
		     enum work work)
{
	switch (work) {
	case CREATE: put_new(w, t, c); break;
	case CLOSE: json_put(w, "source", kind_expand(t, "source", c->source)); break;
	case SET_MESSAGE: json_put(w, "message", message_of(t, c)); break;
	case SET_DESCRIPTION: json_put(w, "description", description_of(t, c)); break;
	case DONE: break;
	}
}

static enum deliver_result ask(struct delivery *d, struct now now, enum work work)
{
	const struct opsgenie *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str key;
	struct buf b;
	struct json_writer w = {.b = &b};

	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	put_body(&w, &t, c, work);
	json_close(&w, '}');
	if (t.failed && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	kind_post_json(d, kind_join(d->arena, c->api_url, arena_cstr(d->arena, path_of(d, work))),
		       &b);
	if (work == SET_MESSAGE || work == SET_DESCRIPTION)
		d->request.method = STR("PUT");
	key = kind_secret(d, c->api_key, c->api_key_file, IO_IN_HEADER);
	kind_header(d, "Authorization", arena_printf(d->arena, "GenieKey %.*s", STR_ARG(key)));
	return DELIVER_REQUEST;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	enum work work = work_of(d);

	if (reply) {
		enum deliver_result r = receiver_classify(d, now, reply);

		if (r != DELIVER_SENT || work == DONE)
			return r;
	}
	return ask(d, now, work);
}

const struct receiver_kind RECEIVER_OPSGENIE = {
	.name = "opsgenie",
	.config_key = "opsgenie_configs",
	KIND_CONFIG(struct opsgenie, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.all_global = true,
	.check = check,
	.step = step,
	.parallel = 8,
};
