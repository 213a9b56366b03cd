/*
 * jira_configs: an issue for the group, found again by the label ALERT{dedup key}. It is searched,
 * then made or changed, then moved (reopened, resolved) where the configuration names a transition.
 *
 *   SEARCH -> CREATE                      nothing found, and something fires
 *   SEARCH -> UPDATE -> LIST -> MOVE      found; LIST and MOVE only if it has to change its state
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "notify/receivers/kinds.h"

#define SUMMARY_MAX 255
#define DESCRIPTION_MAX 32767

/* A text, or {template, enable_update}. */
struct jira_text {
	struct str template;
	bool enable_update;
	bool has_enable_update;
};

struct jira {
	struct str api_url, api_type, project, priority, issue_type;
	struct str reopen_transition, resolve_transition, wont_fix_resolution;
	const struct yaml_node *summary_node, *description_node, *fields;
	struct jira_text summary, description;
	struct field_texts labels;
	ms_t reopen_duration;
};

#define KEY(kind, member, ...) FIELD(kind, struct jira, member, ##__VA_ARGS__)

static const struct field TEXT_FIELDS[] = {
	FIELD(TEXT, struct jira_text, template),
	FIELD_GIVEN(BOOL, struct jira_text, enable_update),
};

static void put_text(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct jira *c = from;

	yaml_out_key(o, fd->name);
	yaml_out_map(o);
	fields_put(o, TEXT_FIELDS, ARRAY_LEN(TEXT_FIELDS),
		   fd->at == offsetof(struct jira, summary_node) ? &c->summary : &c->description);
	yaml_out_map_end(o);
}

static const struct field FIELDS[] = {
	KEY(URL, api_url),
	KEY(TEXT, api_type),
	KEY(TEXT, project),
	FIELD_AS(NODE, "summary", struct jira, summary_node, .put = put_text),
	FIELD_AS(NODE, "description", struct jira, description_node, .put = put_text),
	KEY(TEXTS, labels),
	KEY(TEXT, priority),
	KEY(TEXT, issue_type),
	KEY(TEXT, reopen_transition),
	KEY(TEXT, resolve_transition),
	KEY(TEXT, wont_fix_resolution),
	KEY(DURATION, reopen_duration),
	KEY(MAP, fields, .put = fields_put_any_of),
};

static const struct jira DEFAULTS = {
	.api_type = STR("auto"),
	.summary = {.template = STR("{{ template \"jira.default.summary\" . }}")},
	.description = {.template = STR("{{ template \"jira.default.description\" . }}")},
	.priority = STR("{{ template \"jira.default.priority\" . }}"),
};

/* ---- configuration ----------------------------------------------------------------------- */
static bool read_text(const struct fields *f, const struct yaml_node *node, const char *what,
		      struct jira_text *out)
{
	struct fields strict = *f;

	if (!node || node->kind == YAML_NULL)
		return true;
	if (node->kind != YAML_MAP)
		return fields_text(f, node, what, &out->template);
	strict.ignore_unknown = false;
	return FIELDS_READ(&strict, node, what, TEXT_FIELDS, out);
}

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct jira *c = config;

	if (!read_text(f, c->summary_node, "summary", &c->summary) ||
	    !read_text(f, c->description_node, "description", &c->description))
		return false;
	if (!c->project.n)
		return fields_error(f, e->node, "missing project in jira_config");
	if (!c->issue_type.n)
		return fields_error(f, e->node, "missing issue_type in jira_config");
	if (!fields_has_word("auto cloud datacenter", c->api_type))
		return fields_error(f, yaml_get(e->node, "api_type"),
				    "unknown api_type on jira_config, must be auto, cloud or "
				    "datacenter");
	if (!c->api_url.n)
		c->api_url = e->global->jira_api_url;
	return c->api_url.n || fields_error(f, e->node, "no global Jira Cloud URL set");
}

/* ---- what has been learned in this attempt ----------------------------------------------- */
enum phase { SEARCH, CREATE, UPDATE, LIST, MOVE };

/* In the delivery's note: "PHASE DONE KEY". */
struct state {
	enum phase phase;
	bool done; /* the issue's category is done */
	struct str key;
};

static void save(struct delivery *d, struct state s)
{
	d->note = arena_printf(d->arena, "%d %d %.*s", (int)s.phase, s.done, STR_ARG(s.key));
}

static struct state load(const struct delivery *d)
{
	struct state s = {.phase = SEARCH, .key = STR("")};

	if (d->step > 0 && d->note.n >= 4) {
		s.phase = (enum phase)(d->note.p[0] - '0');
		s.done = d->note.p[2] == '1';
		s.key = str_from(d->note, 4);
	}
	return s;
}

/* ---- requests ---------------------------------------------------------------------------- */
static bool is_cloud(const struct jira *c)
{
	if (str_is(c->api_type, "auto"))
		return str_find(c->api_url, STR(".atlassian.net")) >= 0;
	return str_is(c->api_type, "cloud");
}

static bool is_v3(const struct jira *c)
{
	return str_ends(c->api_url, "/3") || str_ends(c->api_url, "/3/");
}

static enum deliver_result ask(struct delivery *d, const char *method, struct str path,
			       struct buf *body)
{
	const struct jira *c = d->to->config;
	struct str url = kind_join(d->arena, c->api_url, arena_cstr(d->arena, path));

	kind_post_json(d, url, body);
	d->request.method = str_of(method);
	kind_header(d, "Accept-Language", STR("en"));
	return DELIVER_REQUEST;
}

static void put_quoted(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

static struct str alert_label(const struct delivery *d)
{
	return arena_printf(d->arena, "ALERT{%.*s}", STR_ARG(kind_dedup_key(d)));
}

static struct str query_of(struct delivery *d, const struct jira *c, struct str project)
{
	bool firing = !message_resolved(d->message);
	struct buf b;
	struct str jql;

	buf_init(&b, BUF_MAX_ANY);
	if (c->wont_fix_resolution.n) {
		buf_adds(&b, "(resolution is EMPTY or resolution != ");
		put_quoted(&b, c->wont_fix_resolution);
		buf_adds(&b, ") and ");
	}
	if (!firing || !c->reopen_transition.n)
		buf_adds(&b, "statusCategory != Done and ");
	else if (c->reopen_duration)
		buf_printf(&b, "(resolutiondate is EMPTY OR resolutiondate >= -%lldm) and ",
			   (long long)(c->reopen_duration / MINUTE));
	buf_adds(&b, "project=");
	put_quoted(&b, project);
	buf_adds(&b, " and labels=");
	put_quoted(&b, alert_label(d));
	buf_adds(&b, " order by status ASC,resolutiondate DESC");
	jql = arena_str(d->arena, buf_str(&b));
	buf_done(&b);
	return jql;
}

static enum deliver_result search(struct delivery *d, struct kind_texts *t)
{
	const struct jira *c = d->to->config;
	struct str project = kind_expand(t, "project", c->project);
	struct buf b;
	struct json_writer w = {.b = &b};

	if (t->failed)
		return DELIVER_PLAIN;
	save(d, (struct state){.phase = SEARCH, .key = STR("")});
	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	json_put(&w, "jql", query_of(d, c, project));
	json_put_int(&w, "maxResults", 2);
	json_open(&w, "fields", '[');
	json_put(&w, NULL, STR("status"));
	json_close(&w, ']');
	json_close(&w, '}');
	return ask(d, "POST", is_cloud(c) ? STR("search/jql") : STR("search"), &b);
}

/* Version 3 of the API takes documents, not texts. */
static void put_document(struct json_writer *w, struct str text)
{
	json_t *given = json_loadb(text.p, text.n, 0, NULL);

	if (json_is_object(given)) {
		json_put_raw(w, "description", text);
	} else {
		json_open(w, "description", '{');
		json_put(w, "type", STR("doc"));
		json_put_int(w, "version", 1);
		json_open(w, "content", '[');
		json_open(w, NULL, '{');
		json_put(w, "type", STR("paragraph"));
		json_open(w, "content", '[');
		json_open(w, NULL, '{');
		json_put(w, "type", STR("text"));
		json_put(w, "text", text.n ? text : STR(" "));
		json_close(w, '}');
		json_close(w, ']');
		json_close(w, '}');
		json_close(w, ']');
		json_close(w, '}');
	}
	json_decref(given);
}

static void put_named(struct json_writer *w, const char *key, const char *member, struct str value)
{
	json_open(w, key, '{');
	json_put(w, member, value);
	json_close(w, '}');
}

static bool wanted(const struct jira_text *x, bool update)
{
	return !update || !x->has_enable_update || x->enable_update;
}

static void put_texts(struct json_writer *w, struct kind_texts *t, const struct jira *c,
		      bool update)
{
	struct delivery *d = t->d;
	struct str summary = d->plain ? kind_title(d->arena, d->message)
				      : kind_expand(t, "summary", c->summary.template);
	struct str description = d->plain ? kind_plain_text(d->arena, d->message, 8000)
					  : kind_expand(t, "description", c->description.template);

	description = kind_clip(d->arena, description, DESCRIPTION_MAX);
	if (wanted(&c->summary, update))
		json_put(w, "summary", kind_clip(d->arena, summary, SUMMARY_MAX));
	if (!wanted(&c->description, update))
		return;
	if (is_v3(c))
		put_document(w, description);
	else
		json_put(w, "description", description);
}

static bool put_custom(struct json_writer *w, struct kind_texts *t, const struct jira *c)
{
	bool ok = true;

	for (size_t i = 0; c->fields && !t->d->plain && i < c->fields->n; i++) {
		json_key(w, c->fields->pairs[i].key->value);
		ok &= kind_payload(t->d, t->now, c->fields->pairs[i].value, w->b);
	}
	return ok;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void put_labels(struct json_writer *w, struct kind_texts *t, const struct jira *c)
{
	struct str *v = ARENA_ARRAY(t->d->arena, struct str, c->labels.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->labels.n; i++)
		v[n++] = kind_expand_next(t, "label", c->labels.v[i]);
	v[n++] = alert_label(t->d);
	qsort(v, n, sizeof(*v), by_text);
	json_open(w, "labels", '[');
	for (size_t i = 0; i < n; i++)
		json_put(w, NULL, v[i]);
	json_close(w, ']');
}

static enum deliver_result put_issue(struct delivery *d, struct kind_texts *t, struct state s)
{
	const struct jira *c = d->to->config;
	bool update = s.phase == UPDATE, ok;
	struct str priority = kind_expand(t, "priority", c->priority);
	struct buf b;
	struct json_writer w = {.b = &b};

	buf_init(&b, BUF_MAX_ANY);
	json_open(&w, NULL, '{');
	json_open(&w, "fields", '{');
	put_named(&w, "project", "key", kind_expand(t, "project", c->project));
	put_named(&w, "issuetype", "name", kind_expand(t, "issue_type", c->issue_type));
	put_texts(&w, t, c, update);
	put_labels(&w, t, c);
	if (priority.n && !d->plain)
		put_named(&w, "priority", "name", priority);
	ok = put_custom(&w, t, c);
	json_close(&w, '}');
	json_close(&w, '}');
	if ((t->failed || !ok) && !d->plain) {
		buf_done(&b);
		return DELIVER_PLAIN;
	}
	save(d, s);
	if (!update)
		return ask(d, "POST", STR("issue"), &b);
	return ask(d, "PUT", arena_printf(d->arena, "issue/%.*s", STR_ARG(s.key)), &b);
}

/* The transition that the issue needs now; empty: none. */
static struct str transition(const struct delivery *d, struct state s)
{
	const struct jira *c = d->to->config;

	if (message_resolved(d->message))
		return s.done ? STR("") : c->resolve_transition;
	return s.done ? c->reopen_transition : STR("");
}

static enum deliver_result list_transitions(struct delivery *d, struct state s)
{
	struct buf b;

	s.phase = LIST;
	save(d, s);
	buf_init(&b, BUF_MAX_ANY);
	ask(d, "GET", arena_printf(d->arena, "issue/%.*s/transitions", STR_ARG(s.key)), &b);
	d->request.body = STR("");
	return DELIVER_REQUEST;
}

/* ---- answers ----------------------------------------------------------------------------- */
static enum deliver_result found(struct delivery *d, struct kind_texts *t, const json_t *root)
{
	const json_t *issue = json_array_get(json_object_get(root, "issues"), 0);
	const json_t *status = json_object_get(json_object_get(issue, "fields"), "status");
	const char *key = json_string_value(json_object_get(issue, "key"));
	const char *category = json_string_value(
		json_object_get(json_object_get(status, "statusCategory"), "key"));
	struct state s = {.phase = UPDATE, .key = STR("")};

	if (!key && message_resolved(d->message))
		return DELIVER_SENT; /* nobody knows of it */
	if (!key) {
		s.phase = CREATE;
		return put_issue(d, t, s);
	}
	s.key = arena_str(d->arena, str_of(key));
	s.done = category && str_is(str_of(category), "done");
	return put_issue(d, t, s);
}

static enum deliver_result move(struct delivery *d, struct state s, const json_t *root)
{
	struct str want = transition(d, s);
	const json_t *x;
	size_t i;

	json_array_foreach(json_object_get(root, "transitions"), i, x)
	{
		const char *name = json_string_value(json_object_get(x, "name"));
		const char *id = json_string_value(json_object_get(x, "id"));
		struct buf b;
		struct json_writer w = {.b = &b};

		if (!name || !id || !str_is(want, name))
			continue;
		s.phase = MOVE;
		save(d, s);
		buf_init(&b, BUF_MAX_ANY);
		json_open(&w, NULL, '{');
		json_open(&w, "transition", '{');
		json_put(&w, "id", str_of(id));
		json_close(&w, '}');
		json_close(&w, '}');
		return ask(d, "POST",
			   arena_printf(d->arena, "issue/%.*s/transitions", STR_ARG(s.key)), &b);
	}
	return kind_dead(d, DEAD_MESSAGE, "can't find transition %.*s for issue %.*s",
			 STR_ARG(want), STR_ARG(s.key));
}

static enum deliver_result next(struct delivery *d, struct kind_texts *t, struct state s,
				const json_t *root)
{
	switch (s.phase) {
	case SEARCH: return found(d, t, root);
	case UPDATE: return transition(d, s).n ? list_transitions(d, s) : DELIVER_SENT;
	case LIST: return move(d, s, root);
	case CREATE:
	case MOVE: break;
	}
	return DELIVER_SENT;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	struct kind_texts t = {.d = d, .now = now};
	struct state s = load(d);
	enum deliver_result r;
	json_t *root;

	if (!reply)
		return search(d, &t);
	r = receiver_classify(d, now, reply);
	if (r == DELIVER_SENT) {
		root = kind_json(reply);
		r = next(d, &t, s, root);
		json_decref(root);
	}
	return r;
}

const struct receiver_kind RECEIVER_JIRA = {
	.name = "jira",
	.config_key = "jira_configs",
	KIND_CONFIG(struct jira, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 2,
};
