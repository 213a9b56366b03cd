/*
 * Alertmanager's keys: global, receivers, route, templates; see config.h. Refusals and defaults are
 * Alertmanager's (reference: alertmanager.md §1), collected instead of stopping at the first.
 */
#include "oncall/config.h"
#include "base/fields_out.h"
#include "base/mem.h"
#include "notify/config_inner.h"
#include "notify/func.h"
#include "notify/hearing.h"
#include "notify/interval.h"
#include "notify/receiver.h"
#include "oncall/runbook.h"
#include "template/template.h"

#define RECEIVERS_MAX 10000

struct top_draft {
	const struct yaml_node *global, *route, *receivers;
	struct field_texts templates;
	const struct yaml_node *inhibit_rules, *time_intervals, *mute_time_intervals, *tracing,
		*event_recorder;
};

static const struct field TOP_FIELDS[] = {
	FIELD(NODE, struct top_draft, global),
	FIELD(NODE, struct top_draft, route),
	FIELD(LIST, struct top_draft, receivers),
	FIELD(TEXTS, struct top_draft, templates),
	FIELD(LIST, struct top_draft, inhibit_rules),
	FIELD(LIST, struct top_draft, time_intervals),
	FIELD(LIST, struct top_draft, mute_time_intervals),
	FIELD(MAP, struct top_draft, tracing),
	FIELD(MAP, struct top_draft, event_recorder),
};

struct global_draft {
	struct global_config g;
	const struct yaml_node *http_config, *smtp_tls_config;
};

#define GLOBAL(kind, member, ...) \
	FIELD_AS(kind, #member, struct global_draft, g.member, ##__VA_ARGS__)

static void put_http(struct yaml_out *o, const struct field *fd, const void *from)
{
	yaml_out_key(o, fd->name);
	http_config_put(o, &((const struct global_draft *)from)->g.http);
}

static void put_smtp_tls(struct yaml_out *o, const struct field *fd, const void *from)
{
	yaml_out_key(o, fd->name);
	tls_config_put(o, &((const struct global_draft *)from)->g.smtp_tls);
}

static const struct field GLOBAL_FIELDS[] = {
	GLOBAL(DURATION, resolve_timeout, .always = true),
	FIELD(NODE, struct global_draft, http_config, .put = put_http),
	GLOBAL(URL, jira_api_url),
	GLOBAL(TEXT, smtp_from),
	GLOBAL(TEXT, smtp_hello),
	GLOBAL(TEXT, smtp_smarthost),
	GLOBAL(TEXT, smtp_auth_username),
	GLOBAL(TEXT, smtp_auth_password, .secret = true),
	GLOBAL(TEXT, smtp_auth_password_file),
	GLOBAL(TEXT, smtp_auth_secret, .secret = true),
	GLOBAL(TEXT, smtp_auth_secret_file),
	GLOBAL(TEXT, smtp_auth_identity),
	GLOBAL(BOOL, smtp_require_tls, .always = true),
	{.name = "smtp_force_implicit_tls",
	 .kind = FIELD_BOOL,
	 .at = offsetof(struct global_draft, g.smtp_force_implicit_tls),
	 .given = offsetof(struct global_draft, g.has_smtp_force_implicit_tls) + 1},
	FIELD(NODE, struct global_draft, smtp_tls_config, .put = put_smtp_tls),
	GLOBAL(URL, slack_api_url, .secret = true),
	GLOBAL(TEXT, slack_api_url_file),
	GLOBAL(TEXT, slack_app_token, .secret = true),
	GLOBAL(TEXT, slack_app_token_file),
	GLOBAL(URL, slack_app_url),
	GLOBAL(URL, pagerduty_url),
	GLOBAL(URL, opsgenie_api_url),
	GLOBAL(TEXT, opsgenie_api_key, .secret = true),
	GLOBAL(TEXT, opsgenie_api_key_file),
	GLOBAL(URL, wechat_api_url),
	GLOBAL(TEXT, wechat_api_secret, .secret = true),
	GLOBAL(TEXT, wechat_api_secret_file),
	GLOBAL(TEXT, wechat_api_corp_id),
	GLOBAL(URL, victorops_api_url),
	GLOBAL(TEXT, victorops_api_key, .secret = true),
	GLOBAL(TEXT, victorops_api_key_file),
	GLOBAL(URL, telegram_api_url),
	GLOBAL(TEXT, telegram_bot_token, .secret = true),
	GLOBAL(TEXT, telegram_bot_token_file),
	GLOBAL(URL, webex_api_url),
	GLOBAL(URL, rocketchat_api_url),
	GLOBAL(TEXT, rocketchat_token, .secret = true),
	GLOBAL(TEXT, rocketchat_token_file),
	GLOBAL(TEXT, rocketchat_token_id, .secret = true),
	GLOBAL(TEXT, rocketchat_token_id_file),
	GLOBAL(URL, mattermost_webhook_url, .secret = true),
	GLOBAL(TEXT, mattermost_webhook_url_file),
};

/* ---- global --------------------------------------------------------------------------- */

void config_put_global(struct yaml_out *o, const struct global_config *g)
{
	const struct global_draft d = {.g = *g};

	yaml_out_map(o);
	fields_put(o, GLOBAL_FIELDS, ARRAY_LEN(GLOBAL_FIELDS), &d);
	yaml_out_map_end(o);
}

/* The text of a key; empty if it is not there. */
static struct str text_of(const struct yaml_node *map, const char *key, const struct yaml_node **at)
{
	struct yaml_node *n = map && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
	struct str s = {0};

	if (n && !yaml_is_str(n, &s))
		s = (struct str){0};
	*at = n;
	return s;
}

static bool check_twins(const struct fields *f, const struct yaml_node *global)
{
	static const char *const SECRETS[] = {
		"smtp_auth_password",  "smtp_auth_secret",	 "slack_api_url",
		"slack_app_token",     "opsgenie_api_key",	 "wechat_api_secret",
		"victorops_api_key",   "telegram_bot_token",	 "rocketchat_token",
		"rocketchat_token_id", "mattermost_webhook_url",
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(SECRETS); i++) {
		const struct yaml_node *at, *file_at;
		char file[64];

		snprintf(file, sizeof(file), "%s_file", SECRETS[i]);
		if (text_of(global, SECRETS[i], &at).n > 0 && text_of(global, file, &file_at).n > 0)
			ok = fields_error(f, file_at,
					  "at most one of %s & %s_file must be configured",
					  SECRETS[i], SECRETS[i]);
	}
	return ok;
}

static bool check_slack(const struct fields *f, const struct yaml_node *global)
{
	const struct yaml_node *at, *url_at;
	struct str url = text_of(global, "slack_api_url", &url_at);
	struct str app_url = text_of(global, "slack_app_url", &at);
	bool has_url = url.n > 0 || text_of(global, "slack_api_url_file", &at).n > 0;
	bool has_token = text_of(global, "slack_app_token_file", &at).n > 0 ||
			 text_of(global, "slack_app_token", &at).n > 0;

	if (app_url.n == 0)
		app_url =
			STR("https://slack.com/api/chat.postMessage"); /* Alertmanager's default */
	if (!has_url || !has_token || (url.n > 0 && str_eq(url, app_url)))
		return true;
	return fields_error(f, url_at ? url_at : global,
			    "at most one of slack_app_token/slack_app_token_file & "
			    "slack_api_url/slack_api_url_file must be configured");
}

static bool check_smarthost(const struct fields *f, const struct yaml_node *global)
{
	const struct yaml_node *at;
	struct str s = text_of(global, "smtp_smarthost", &at);
	size_t colon = s.n;

	while (colon > 0 && s.p[colon - 1] != ':' && s.p[colon - 1] != ']')
		colon--;
	if (s.n == 0)
		return true;
	if (colon == 0 || s.p[colon - 1] == ']')
		return fields_error(f, at, "address %.*s: missing port in address", STR_ARG(s));
	if (colon == s.n)
		return fields_error(f, at, "address \"%.*s\": port cannot be empty", STR_ARG(s));
	return true;
}

/* A section of TLS settings alone, read by the reader of http_config. */
static bool read_tls(const struct config_reader *r, const struct yaml_node *node,
		     struct tls_config *out)
{
	struct yaml_node key = {.kind = YAML_SCALAR, .value = STR("tls_config")};
	struct yaml_node value = *node;
	struct yaml_pair pair = {.key = &key, .value = &value};
	struct yaml_node map = {.kind = YAML_MAP,
				.line = node->line,
				.col = node->col,
				.pairs = &pair,
				.n = 1};
	struct http_config c;

	http_config_defaults(&c);
	if (!http_config_parse(&map, r->fields.arena, r->dir, &c, r->fields.file, r->fields.diags))
		return false;
	*out = c.tls;
	return true;
}

static bool read_http(const struct config_reader *r, const struct yaml_node *node,
		      struct http_config *out)
{
	http_config_defaults(out);
	if (!node || node->kind == YAML_NULL)
		return true;
	return http_config_parse(node, r->fields.arena, r->dir, out, r->fields.file,
				 r->fields.diags);
}

static const struct global_config GLOBAL_DEFAULTS = {
	.resolve_timeout = 5 * MINUTE,
	.smtp_hello = STR("localhost"),
	.smtp_require_tls = true,
	.slack_app_url = STR("https://slack.com/api/chat.postMessage"),
	.pagerduty_url = STR("https://events.pagerduty.com/v2/enqueue"),
	.opsgenie_api_url = STR("https://api.opsgenie.com/"),
	.wechat_api_url = STR("https://qyapi.weixin.qq.com/cgi-bin/"),
	.victorops_api_url =
		STR("https://alert.victorops.com/integrations/generic/20131114/alert/"),
	.telegram_api_url = STR("https://api.telegram.org"),
	.webex_api_url = STR("https://webexapis.com/v1/messages"),
	.rocketchat_api_url = STR("https://open.rocket.chat/"),
};

static bool read_global(const struct config_reader *r, const struct yaml_node *node)
{
	struct global_draft d = {.g = GLOBAL_DEFAULTS};
	bool ok = FIELDS_READ(&r->fields, node, "global", GLOBAL_FIELDS, &d);

	d.g.allow_exec = r->files->allow_exec;
	ok &= read_http(r, d.http_config, &d.g.http);
	if (d.smtp_tls_config && d.smtp_tls_config->kind != YAML_NULL)
		ok &= read_tls(r, d.smtp_tls_config, &d.g.smtp_tls);
	ok &= check_smarthost(&r->fields, node);
	ok &= check_twins(&r->fields, node);
	ok &= check_slack(&r->fields, node);
	r->config->global = d.g;
	return ok;
}

/* ---- receivers ------------------------------------------------------------------------ */

/* The keys that all kinds have. */
struct entry_draft {
	bool send_resolved, update_message;
	const struct yaml_node *http_config;
};

static const struct field ENTRY_FIELDS[] = {
	FIELD(BOOL, struct entry_draft, send_resolved),
	FIELD(NODE, struct entry_draft, http_config),
	FIELD(BOOL, struct entry_draft, update_message),
};

static bool has_common(const struct receiver_kind *kind, const struct field *f)
{
	if (strcmp(f->name, "http_config") == 0)
		return !kind->no_http;
	return strcmp(f->name, "update_message") != 0 || kind->can_update;
}

static bool read_common(const struct config_reader *r, const struct receiver_kind *kind,
			const struct yaml_node *node, struct integration *out)
{
	struct entry_draft d = {.send_resolved = kind->send_resolved};
	struct field table[ARRAY_LEN(ENTRY_FIELDS)];
	struct fields lax = r->fields;
	size_t n = 0;

	/* Without http_config or update_message the key is as unknown as any other. */
	for (size_t i = 0; i < ARRAY_LEN(ENTRY_FIELDS); i++) {
		if (has_common(kind, &ENTRY_FIELDS[i]))
			table[n++] = ENTRY_FIELDS[i];
	}
	lax.ignore_unknown = true;
	if (!fields_read(&lax, node, kind->config_key, table, n, &d))
		return false;
	out->send_resolved = d.send_resolved;
	out->update_message = d.update_message;
	out->http = &r->config->global.http;
	if (!d.http_config || d.http_config->kind == YAML_NULL)
		return true;
	out->own_http = true;
	out->http = ARENA_NEW(r->fields.arena, struct http_config);
	return read_http(r, d.http_config, out->http);
}

/* The kind's own keys, into a record of its own. */
static bool read_own(const struct config_reader *r, const struct receiver_kind *kind,
		     const struct yaml_node *node, struct integration *out)
{
	struct kind_entry e = {.fields = r->fields,
			       .node = node,
			       .global = &r->config->global,
			       .files = r->files,
			       .to = out};
	void *config = arena_alloc(r->fields.arena, MAX(kind->config_size, (size_t)1));

	e.fields.ignore_unknown = true;
	if (kind->defaults)
		memcpy(config, kind->defaults, kind->config_size);
	else
		memset(config, 0, kind->config_size);
	out->config = config;
	if (!fields_read(&e.fields, node, kind->config_key, kind->fields, kind->n_fields, config) ||
	    (kind->check && !kind->check(&e, config)))
		return false;
	if (kind->hearing)
		out->account = kind->hearing->account(out, r->fields.arena);
	return true;
}

/* Keys that nobody has asked for, with the nearest of those that there are. */
static bool check_entry_keys(const struct fields *f, const struct receiver_kind *kind,
			     const struct yaml_node *node)
{
	struct buf words;
	bool ok;

	buf_init(&words, BUF_MAX_ANY);
	for (size_t i = 0; i < ARRAY_LEN(ENTRY_FIELDS); i++) {
		if (has_common(kind, &ENTRY_FIELDS[i]))
			buf_printf(&words, "%s ", ENTRY_FIELDS[i].name);
	}
	for (size_t i = 0; i < kind->n_fields; i++)
		buf_printf(&words, "%s ", kind->fields[i].name);
	ok = fields_unseen(f, node, kind->config_key, buf_cstr(&words));
	buf_done(&words);
	return ok;
}

bool config_read_entry(const struct config_reader *r, const struct receiver *rc,
		       const struct receiver_kind *kind, const struct yaml_node *written,
		       size_t index, struct integration *out)
{
	const struct fields *f = &r->fields;
	struct yaml_node *node = yaml_copy(f->arena, written); /* kinds may keep nodes: a payload */
	;
	size_t errors = f->diags->errors + f->diags->left_out;

	*out = (struct integration){.kind = kind, .receiver = rc->name, .index = (int)index};
	out->id = arena_printf(f->arena, "%.*s/%s/%zu", STR_ARG(rc->name), kind->name, index);
	out->nothing = node->kind == YAML_NULL;
	if (node->kind == YAML_NULL && kind->all_global)
		node->kind = YAML_MAP; /* an empty one */
	if (node->kind == YAML_NULL)
		return fields_error(f, node, "missing %s config", kind->name);
	if (node->kind != YAML_MAP)
		return fields_error(f, node, "an entry of %s must be a map, found %s",
				    kind->config_key, yaml_kind_name(node));
	if (!read_common(r, kind, node, out))
		return false;

	bool ok = read_own(r, kind, node, out);

	return check_entry_keys(f, kind, node) && ok &&
	       f->diags->errors + f->diags->left_out == errors;
}

static bool read_kind(const struct config_reader *r, struct receiver *rc,
		      const struct receiver_kind *kind, const struct yaml_node *list)
{
	bool ok = true;

	if (list->kind == YAML_NULL)
		return true;
	if (list->kind != YAML_LIST)
		return fields_error(&r->fields, list, "field '%s' must be a list, found %s",
				    kind->config_key, yaml_kind_name(list));
	for (size_t i = 0; i < list->n; i++)
		ok &= config_read_entry(r, rc, kind, list->items[i], i, &rc->integrations[rc->n++]);
	return ok;
}

static bool read_other_key(const struct config_reader *r, const struct yaml_pair *p)
{
	const struct fields *f = &r->fields;
	struct buf words;
	struct str near;

	buf_init(&words, BUF_MAX_ANY);
	buf_adds(&words, "name labels");
	for (size_t i = 0; receiver_kinds[i]; i++)
		buf_printf(&words, " %s", receiver_kinds[i]->config_key);
	near = fields_nearest(p->key->value, buf_cstr(&words));
	fields_error(f, p->key, "field %.*s not found in receiver%s%.*s%s", STR_ARG(p->key->value),
		     near.n ? "; did you mean " : "", STR_ARG(near), near.n ? "?" : "");
	buf_done(&words);
	return false;
}

static size_t count_entries(const struct yaml_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n; i++)
		n += node->pairs[i].value->kind == YAML_LIST ? node->pairs[i].value->n : 0;
	return n;
}

struct receiver_draft {
	struct str name;
	const struct yaml_node *labels;
};

static const struct field RECEIVER_FIELDS[] = {
	FIELD(TEXT, struct receiver_draft, name),
	FIELD(MAP, struct receiver_draft, labels),
};

/* They only tell receivers apart in Alertmanager's API. */
static bool check_labels(const struct fields *f, const struct receiver_draft *d)
{
	const struct yaml_node *at;
	struct str name = text_of(d->labels, "name", &at);

	if (name.n > 0 && !str_eq(name, d->name))
		return fields_error(f, at,
				    "receiver label \"name\" must match receiver name \"%.*s\", "
				    "got "
				    "\"%.*s\"",
				    STR_ARG(d->name), STR_ARG(name));
	return true;
}

static struct labels labels_of(const struct receiver_draft *d, struct arena *a)
{
	struct labels_builder lb;
	struct labels out;

	labels_builder_init(&lb);
	for (size_t i = 0; d->labels && i < d->labels->n; i++)
		labels_builder_set(&lb, d->labels->pairs[i].key->value,
				   d->labels->pairs[i].value->value);
	labels_builder_set(&lb, STR("name"), d->name);
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return out;
}

static bool read_receiver(const struct config_reader *r, const struct yaml_node *node,
			  struct receiver *rc)
{
	struct receiver_draft d = {0};
	struct fields lax = r->fields;
	bool ok;

	if (node->kind != YAML_MAP)
		return fields_error(&r->fields, node, "missing name in receiver");
	lax.ignore_unknown = true;
	ok = FIELDS_READ(&lax, node, "receiver", RECEIVER_FIELDS, &d);
	if (d.name.n == 0)
		ok = fields_error(&r->fields, node, "missing name in receiver");
	else if (notify_config_receiver(r->config, d.name))
		ok = fields_error(&r->fields, yaml_get(node, "name"),
				  "notification config name \"%.*s\" is not unique",
				  STR_ARG(d.name));
	ok &= check_labels(&r->fields, &d);
	rc->name = d.name;
	rc->labels = ok ? labels_of(&d, r->fields.arena) : (struct labels){.p = ""};
	rc->line = node->line;
	rc->integrations = ARENA_ARRAY(r->fields.arena, struct integration, count_entries(node));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		const struct receiver_kind *kind = receiver_kind_of(p->key->value);

		if (kind)
			ok &= read_kind(r, rc, kind, p->value);
		else if (!str_is(p->key->value, "name") && !str_is(p->key->value, "labels"))
			ok &= read_other_key(r, p);
	}
	return ok;
}

static bool read_receivers(const struct config_reader *r, const struct yaml_node *list)
{
	struct notify_config *c = r->config;
	bool ok = true;

	if (!list)
		return true;
	if (list->n > RECEIVERS_MAX)
		return fields_error(&r->fields, list, "more than %d receivers", RECEIVERS_MAX);
	c->receivers = ARENA_ARRAY(r->fields.arena, struct receiver, list->n);
	for (size_t i = 0; i < list->n; i++) {
		struct receiver rc = {0};

		/* Counted when it is complete: the search for its own name must not find it. */
		ok &= read_receiver(r, list->items[i], &rc);
		c->receivers[c->n_receivers++] = rc;
	}
	return ok;
}

/* ---- templates ------------------------------------------------------------------------ */

static struct str base_name(struct str path)
{
	for (size_t i = path.n; i > 0; i--) {
		if (path.p[i - 1] == '/')
			return str_from(path, i);
	}
	return path;
}

static bool read_template(const struct config_reader *r, struct str path)
{
	struct diags *diags = r->fields.diags;
	struct err err = {0};
	struct str text;

	if (!r->files->read(r->files->arg, path, r->fields.arena, &text, &err)) {
		diags_add(diags, path, 0, 0, "%s", err.msg);
		return false;
	}
	if (template_set_parse(r->config->templates, base_name(path), text, &notify_template_funcs,
			       &err))
		return true;
	diags_add(diags, path, err.line, err.col, "%s", err.msg);
	return false;
}

static bool read_templates(const struct config_reader *r, const struct field_texts *globs)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	r->config->templates = notify_template_set(f->arena, r->limits);
	for (size_t i = 0; i < globs->n; i++) {
		struct str glob = globs->v[i], *paths;
		struct err err = {0};
		size_t n;

		if (r->dir.n > 0 && !str_starts(glob, "/"))
			glob = arena_printf(f->arena, "%.*s/%.*s", STR_ARG(r->dir), STR_ARG(glob));
		if (!r->files->glob(r->files->arg, glob, f->arena, &paths, &n, &err)) {
			diags_add(f->diags, f->file, 0, 0, "templates: %s", err.msg);
			ok = false;
			continue;
		}
		for (size_t j = 0; j < n; j++)
			ok &= read_template(r, paths[j]);
	}
	return ok;
}

/* ---- the top -------------------------------------------------------------------------- */

/* rouse's own keys about silences. */
struct silences_draft {
	ms_t remind_before;
};

static const struct field SILENCES_FIELDS[] = {
	FIELD(DURATION, struct silences_draft, remind_before),
};

static bool read_silences(struct config_reader *r, const struct yaml_node *top)
{
	struct silences_draft d = {0};
	const struct yaml_node *node = top->kind == YAML_MAP ? yaml_get(top, "silences") : NULL;

	if (node && !FIELDS_READ(&r->fields, node, "silences", SILENCES_FIELDS, &d))
		return false;
	r->config->remind_before = d.remind_before;
	return true;
}

bool config_has_top_key(struct str key)
{
	for (size_t i = 0; i < ARRAY_LEN(TOP_FIELDS); i++) {
		if (str_is(key, TOP_FIELDS[i].name))
			return true;
	}
	return false;
}

static bool read_top(struct config_reader *r, const struct yaml_node *top)
{
	struct top_draft d = {0};
	struct fields lax = r->fields;
	bool ok, any;

	lax.ignore_unknown = true;
	ok = FIELDS_READ(&lax, top, "a configuration", TOP_FIELDS, &d);
	any = d.global || d.receivers || d.templates.n > 0;
	ok &= read_global(r, d.global);
	ok &= read_receivers(r, d.receivers);
	ok &= read_templates(r, &d.templates);
	ok &= config_read_inhibit_rules(r, d.inhibit_rules);
	ok &= config_read_time_intervals(r, "mute_time_intervals", d.mute_time_intervals);
	ok &= config_read_time_intervals(r, "time_intervals", d.time_intervals);
	if (d.route && d.route->kind == YAML_MAP)
		ok &= config_read_routes(r, d.route, &r->config->root);
	else if (d.route && d.route->kind != YAML_NULL)
		ok = fields_error(&r->fields, d.route, "route must be a map, found %s",
				  yaml_kind_name(d.route));
	else if (d.route || any)
		ok = fields_error(&r->fields, d.route ? d.route : top, "no routes provided");
	ok &= config_read_tracing(r, d.tracing);
	return config_read_event_recorder(r, d.event_recorder) && ok;
}

/* The folder of a file, without the slash; empty for one in the working directory. */
static struct str folder_of(struct str file)
{
	size_t n = file.n - base_name(file).n;

	return str_cut(file, 0, n > 1 ? n - 1 : n);
}

bool notify_config_parse(const struct yaml_node *top, struct str file,
			 const struct config_files *files, const struct limits *l,
			 struct notify_config **out, struct diags *diags)
{
	OWNED(notify_config) c = MEM_NEW(struct notify_config);
	struct config_reader r = {.config = c, .files = files, .limits = l};

	c->refs = 1;
	c->matcher_mode = files->matcher_mode;
	arena_init(&c->arena);
	c->written = yaml_copy(&c->arena, top);
	r.fields = (struct fields){.arena = &c->arena, .file = file, .diags = diags};
	r.dir = arena_str(&c->arena, folder_of(file));
	bool ok = read_top(&r, top);

	/* What it names lives as long as the configuration: the copy is read, the key asked for. */
	bool asked = top->kind == YAML_MAP && yaml_get(top, "oncall");

	ok &= config_read_oncall(&r, asked ? yaml_get(c->written, "oncall") : NULL);
	if (!read_silences(&r, top) || !ok)
		return false;
	*out = TAKE(c);
	return true;
}

struct notify_config *notify_config_ref(struct notify_config *c)
{
	CHECK(c->refs > 0);
	c->refs++;
	return c;
}

void notify_config_free(struct notify_config *c)
{
	if (!c || --c->refs > 0)
		return;
	CHECK(c->refs == 0);
	for (size_t i = 0; i < c->n_time_intervals; i++)
		time_interval_done(&c->time_intervals[i]);
	oncall_config_free(c->oncall);
	runbooks_free(c->runbooks);
	arena_done(&c->arena);
	free(c);
}

const struct receiver *notify_config_receiver(const struct notify_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_receivers; i++) {
		if (str_eq(c->receivers[i].name, name))
			return &c->receivers[i];
	}
	return NULL;
}

const struct time_interval *notify_config_interval(const struct notify_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_time_intervals; i++) {
		if (str_eq(c->time_intervals[i].name, name))
			return &c->time_intervals[i];
	}
	return NULL;
}
