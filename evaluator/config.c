/*
 * rouse.yml as a whole; see config.h. rouse's own keys are read here, Alertmanager's by
 * notify/config, and what neither knows is unknown.
 *
 * Order of work: parse, take secrets out of the text that is shown, put the environment in, read,
 * load rules and templates, see that every secret's file can be read. All mistakes are told.
 */
#include "evaluator/config.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/url.h"
#include "base/yaml.h"
#include "evaluator/config_inner.h"
#include "evaluator/config_text.h"
#include "rules/rules.h"

/* ---- endpoints ------------------------------------------------------------------------ */

/* Keys of http_config that stand directly in an endpoint's map, as Prometheus has them. */
static const char HTTP_WORDS[] = "basic_auth authorization oauth2 tls_config follow_redirects "
				 "enable_http2 proxy_url no_proxy "
				 "proxy_from_environment proxy_connect_header http_headers";

struct endpoint_draft {
	struct str url;
	ms_t timeout, remote_timeout;
	const struct yaml_node *headers;
};

static const struct field ENDPOINT_FIELDS[] = {
	FIELD(URL, struct endpoint_draft, url),
	FIELD(DURATION, struct endpoint_draft, timeout),
	FIELD(DURATION, struct endpoint_draft, remote_timeout),
	FIELD(MAP, struct endpoint_draft, headers),
	FIELD_REFUSED("write_relabel_configs"),
	FIELD_REFUSED("queue_config"),
	FIELD_REFUSED("metadata_config"),
	FIELD_REFUSED("sigv4"),
	FIELD_REFUSED("azuread"),
	FIELD_REFUSED("google_iam"),
	FIELD_REFUSED("alert_relabel_configs"),
	FIELD_REFUSED("static_configs"),
	FIELD_REFUSED("path_prefix"),
};

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return s.n > 0;
}

static bool is_one_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\0')
			return false;
	}
	return true;
}

static bool read_headers(const struct fields *f, const struct yaml_node *map, struct endpoint *out)
{
	bool ok = true;

	if (!map)
		return true;
	out->headers = ARENA_ARRAY(f->arena, struct io_header, map->n);
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_pair *p = &map->pairs[i];
		struct io_header *h = &out->headers[out->n_headers++];

		h->name = arena_str(f->arena, p->key->value);
		ok &= fields_text(f, p->value, "headers", &h->value);
		if (!is_token(h->name))
			ok = fields_error(f, p->key, "\"%.*s\" is no name of a header",
					  STR_ARG(h->name));
		if (!is_one_line(h->value))
			ok = fields_error(f, p->value, "a header's value must be one line");
	}
	return ok;
}

/* Reads the keys of http_config among others: those are gathered in a map of their own. */
static bool read_inline_http(const struct config_load *l, const struct yaml_node *node,
			     struct http_config *out)
{
	struct yaml_node map = *node;

	map.pairs = ARENA_ARRAY(l->tree, struct yaml_pair, node->n);
	map.n = 0;
	for (size_t i = 0; i < node->n; i++) {
		if (!fields_has_word(HTTP_WORDS, node->pairs[i].key->value))
			continue;
		node->pairs[i].seen = true;
		map.pairs[map.n++] = node->pairs[i];
	}
	http_config_defaults(out);
	return http_config_parse(&map, l->fields.arena, l->dir, out, l->fields.file, l->diags);
}

bool config_read_endpoint(const struct config_load *l, const struct yaml_node *node,
			  const char *what, ms_t timeout, struct endpoint *out)
{
	struct endpoint_draft d = {0};
	struct fields lax = l->fields;
	char words[1024];
	bool ok;

	*out = (struct endpoint){.timeout = timeout};
	http_config_defaults(&out->http);
	if (node->kind == YAML_SCALAR) {
		ok = fields_url(&l->fields, node, what, &d.url);
	} else if (node->kind == YAML_MAP) {
		lax.ignore_unknown = true;
		ok = FIELDS_READ(&lax, node, what, ENDPOINT_FIELDS, &d);
		ok &= read_headers(&l->fields, d.headers, out);
		ok &= read_inline_http(l, node, &out->http);
		snprintf(words, sizeof(words), "url timeout headers %s", HTTP_WORDS);
		ok &= fields_unseen(&l->fields, node, what, words);
	} else {
		return fields_error(&l->fields, node,
				    "%s must be a URL or a map with url, found %s", what,
				    yaml_kind_name(node));
	}
	out->url = url_base(d.url);
	out->public_url = url_public(l->fields.arena, out->url);
	if (d.timeout > 0 || d.remote_timeout > 0)
		out->timeout = d.timeout > 0 ? d.timeout : d.remote_timeout;
	if (ok && d.url.n == 0)
		ok = fields_error(&l->fields, node, "%s: url for it is empty or missing", what);
	return ok;
}

/* ---- prometheus ------------------------------------------------------------------------- */

struct prometheus_draft {
	const struct yaml_node *url, *urls, *external_labels, *remote_write, *alertmanagers,
		*http_config, *headers;
	struct prometheus_config p;
	int64_t blind_after;
};

#define PROMETHEUS(kind, key) FIELD_AS(kind, #key, struct prometheus_draft, p.key)

static const struct field PROMETHEUS_FIELDS[] = {
	FIELD(NODE, struct prometheus_draft, url),
	FIELD(LIST, struct prometheus_draft, urls),
	FIELD(MAP, struct prometheus_draft, external_labels),
	FIELD(NODE, struct prometheus_draft, remote_write),
	FIELD(LIST, struct prometheus_draft, alertmanagers),
	FIELD(NODE, struct prometheus_draft, http_config),
	FIELD(MAP, struct prometheus_draft, headers),
	FIELD(INT, struct prometheus_draft, blind_after),
	PROMETHEUS(DURATION, evaluation_interval),
	PROMETHEUS(DURATION, rule_query_offset),
	PROMETHEUS(DURATION, query_timeout),
	PROMETHEUS(DURATION, resend_delay),
	PROMETHEUS(DURATION, for_outage_tolerance),
	PROMETHEUS(DURATION, for_grace_period),
	PROMETHEUS(DURATION, blind_for),
	PROMETHEUS(DURATION, settle_time),
	PROMETHEUS(BOOL, gzip),
	PROMETHEUS(URL, console_url),
};

static const struct prometheus_config PROMETHEUS_DEFAULTS = {
	.evaluation_interval = MINUTE,
	.query_timeout = 30 * SECOND,
	.resend_delay = MINUTE,
	.for_outage_tolerance = HOUR,
	.for_grace_period = 10 * MINUTE,
	.blind_after = 3,
	.blind_for = 6 * MINUTE,
	.settle_time = 2 * MINUTE,
};

#define URLS_MAX 100

static bool check_numbers(const struct fields *f, const struct yaml_node *node,
			  const struct prometheus_draft *d)
{
	const struct {
		const char *name;
		ms_t value;
	} positive[] = {
		{"evaluation_interval", d->p.evaluation_interval},
		{"query_timeout", d->p.query_timeout},
		{"resend_delay", d->p.resend_delay},
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(positive); i++) {
		if (positive[i].value <= 0)
			ok = fields_error(f, yaml_get(node, positive[i].name),
					  "field '%s' must be more than 0", positive[i].name);
	}
	if (d->blind_after < 1 || d->blind_after > 1000000)
		ok = fields_error(f, yaml_get(node, "blind_after"),
				  "field 'blind_after' must be a number from 1 to 1000000");
	return ok;
}

static bool read_external_labels(const struct fields *f, const struct yaml_node *map,
				 struct labels *out)
{
	struct labels_builder lb;
	bool ok = true;

	labels_builder_init(&lb);
	for (size_t i = 0; map && i < map->n; i++) {
		const struct yaml_pair *p = &map->pairs[i];
		struct str value;

		if (!fields_text(f, p->value, "external_labels", &value)) {
			ok = false;
			continue;
		}
		if (p->key->value.n == 0 || str_is(p->key->value, LABEL_NAME))
			ok = fields_error(f, p->key, "\"%.*s\" is not a valid label name",
					  STR_ARG(p->key->value));
		labels_builder_set(&lb, p->key->value, value);
	}
	*out = labels_builder_build(&lb, f->arena);
	labels_builder_done(&lb);
	return ok;
}

/* The one that all urls are copies of, but for the URL itself. */
static bool read_shared(const struct config_load *l, const struct prometheus_draft *d,
			struct endpoint *out)
{
	bool ok = read_headers(&l->fields, d->headers, out);

	out->timeout = d->p.query_timeout;
	http_config_defaults(&out->http);
	if (d->http_config && d->http_config->kind != YAML_NULL)
		ok &= http_config_parse(d->http_config, l->fields.arena, l->dir, &out->http,
					l->fields.file, l->diags);
	return ok;
}

static bool add_url(struct config_load *l, const struct yaml_node *n, const struct endpoint *like)
{
	struct prometheus_config *p = &l->config->prometheus;
	struct str url;

	if (!fields_url(&l->fields, n, "url", &url))
		return false;
	if (url.n == 0)
		return fields_error(&l->fields, n, "field 'url' must not be empty");
	p->urls[p->n_urls] = *like;
	p->urls[p->n_urls].url = url_base(url);
	p->urls[p->n_urls++].public_url = url_public(l->fields.arena, url_base(url));
	return true;
}

/* `url` may be one or a list, `urls` is a list; a flag on the command line stands above both. */
static bool read_urls(struct config_load *l, const struct prometheus_draft *d,
		      const struct yaml_node *node)
{
	struct prometheus_config *p = &l->config->prometheus;
	bool has_url = d->url && d->url->kind != YAML_NULL;
	const struct yaml_node *one = has_url ? d->url : d->urls;
	struct endpoint like = {0};
	bool ok = read_shared(l, d, &like);
	struct yaml_node flag = {.kind = YAML_SCALAR, .value = l->args->prometheus_url};
	size_t n;

	if (has_url && d->urls)
		ok = fields_error(&l->fields, d->urls,
				  "at most one of url & urls must be configured");
	if (l->args->prometheus_url.n > 0)
		one = &flag;
	if (!one)
		return fields_error(&l->fields, node, "prometheus needs the key url");
	n = one->kind == YAML_LIST ? one->n : 1;
	if (n == 0 || n > URLS_MAX)
		return fields_error(&l->fields, one, "prometheus needs 1 to %d urls", URLS_MAX);
	p->urls = ARENA_ARRAY(l->fields.arena, struct endpoint, n);
	for (size_t i = 0; i < n; i++)
		ok &= add_url(l, one->kind == YAML_LIST ? one->items[i] : one, &like);
	return ok;
}

static bool read_remote_write(struct config_load *l, const struct yaml_node *node)
{
	struct endpoint *e;

	if (!node || node->kind == YAML_NULL)
		return true;
	/* Prometheus has a list; one is what rouse can do. */
	if (node->kind == YAML_LIST && node->n == 1)
		node = node->items[0];
	else if (node->kind == YAML_LIST)
		return fields_error(&l->fields, node, "remote_write must be exactly one endpoint");
	e = ARENA_NEW(l->fields.arena, struct endpoint);
	l->config->prometheus.remote_write = e;
	return config_read_endpoint(l, node, "remote_write", 30 * SECOND, e);
}

static bool read_alertmanagers(struct config_load *l, const struct yaml_node *list)
{
	struct prometheus_config *p = &l->config->prometheus;
	bool ok = true;

	if (!list)
		return true;
	if (list->n > URLS_MAX)
		return fields_error(&l->fields, list, "more than %d alertmanagers", URLS_MAX);
	p->alertmanagers = ARENA_ARRAY(l->fields.arena, struct endpoint, list->n);
	for (size_t i = 0; i < list->n; i++)
		ok &= config_read_endpoint(l, list->items[i], "alertmanagers", 10 * SECOND,
					   &p->alertmanagers[p->n_alertmanagers++]);
	return ok;
}

static bool read_prometheus(struct config_load *l, const struct yaml_node *node)
{
	struct prometheus_draft d = {.p = PROMETHEUS_DEFAULTS,
				     .blind_after = PROMETHEUS_DEFAULTS.blind_after};
	struct prometheus_config *p = &l->config->prometheus;
	bool ok = true;

	*p = PROMETHEUS_DEFAULTS;
	if (node && node->kind == YAML_NULL)
		node = NULL;
	l->config->has_prometheus = node || l->args->prometheus_url.n > 0;
	if (!l->config->has_prometheus)
		return true;
	if (node && node->kind != YAML_MAP)
		return fields_error(&l->fields, node, "prometheus must be a map, found %s",
				    yaml_kind_name(node));
	ok = FIELDS_READ(&l->fields, node, "prometheus", PROMETHEUS_FIELDS, &d);
	if (node)
		ok &= check_numbers(&l->fields, node, &d);
	*p = d.p;
	p->blind_after = (int)d.blind_after;
	/* Refused above; the rules are still to be checked. */
	if (p->evaluation_interval <= 0)
		p->evaluation_interval = PROMETHEUS_DEFAULTS.evaluation_interval;
	ok &= read_urls(l, &d, node);
	ok &= read_external_labels(&l->fields, d.external_labels, &p->external_labels);
	ok &= read_remote_write(l, d.remote_write);
	ok &= read_alertmanagers(l, d.alertmanagers);
	p->console_url = url_base(p->console_url);
	if (p->console_url.n == 0 && p->n_urls > 0)
		p->console_url = p->urls[0].public_url;
	return ok;
}

/* ---- secrets' files ------------------------------------------------------------------- */

/* Files of http_config stand beside the configuration, those of receivers in the working directory:
 * Alertmanager's rule. */
static const char BESIDE_WORDS[] = "username_file password_file credentials_file bearer_token_file "
				   "client_secret_file ca_file cert_file key_file files";

static bool check_file(const struct config_load *l, const struct yaml_node *n, struct str key)
{
	bool beside = fields_has_word(BESIDE_WORDS, key);
	struct str path = n->value, text;
	struct err err = {0};

	if (path.n == 0)
		return true;
	if (beside && l->dir.n > 0 && !str_starts(path, "/"))
		path = arena_printf(l->tree, "%.*s/%.*s", STR_ARG(l->dir), STR_ARG(path));
	if (l->files->read(l->files->arg, path, l->tree, &text, &err))
		return true;
	return fields_error(&l->fields, n, "%.*s: %s", STR_ARG(key), err.msg);
}

/* A secret that cannot be read would only be noticed when somebody must be paged. */
static bool check_files(const struct config_load *l, const struct yaml_node *n, struct str key)
{
	bool ok = true;

	if (n->kind == YAML_SCALAR && (str_ends(key, "_file") || str_is(key, "files")))
		return check_file(l, n, key);
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++)
		ok &= check_files(l, n->items[i], key);
	for (size_t i = 0; n->kind == YAML_MAP && i < n->n; i++) {
		struct str below = n->pairs[i].key->value;

		/* config_access.c has read those. */
		if (key.n || !str_is(below, "access"))
			ok &= check_files(l, n->pairs[i].value, below);
	}
	return ok;
}

/* ---- the top -------------------------------------------------------------------------- */

struct top_draft {
	const struct yaml_node *prometheus, *rule_files, *heartbeats, *access, *runbooks;
};

static const struct field TOP_FIELDS[] = {
	FIELD(NODE, struct top_draft, prometheus),
	FIELD(LIST, struct top_draft, rule_files),
	FIELD(MAP, struct top_draft, heartbeats),
	FIELD(MAP, struct top_draft, access),
	FIELD(MAP, struct top_draft, runbooks),
	FIELD_REFUSED("status_page"),
	FIELD_REFUSED("store"),
};

static const char TOP_WORDS[] =
	"prometheus rule_files global route receivers templates inhibit_rules time_intervals "
	"mute_time_intervals tracing event_recorder silences oncall heartbeats access runbooks";

/* A tree from text that no file holds: places in it would tell nobody anything. */
static void forget_places(struct yaml_node *n)
{
	n->line = n->col = 0;
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++)
		forget_places(n->items[i]);
	for (size_t i = 0; n->kind == YAML_MAP && i < n->n; i++) {
		n->pairs[i].key->line = n->pairs[i].key->col = 0;
		forget_places(n->pairs[i].value);
	}
}

/* The first of Alertmanager's keys in the file, or NULL; all of them count as asked for. */
static const struct yaml_node *own_receivers(const struct yaml_node *top)
{
	static const char *const keys[] = {
		"route",	  "receivers",		 "global",
		"templates",	  "inhibit_rules",	 "tracing",
		"time_intervals", "mute_time_intervals", "event_recorder",
	};
	const struct yaml_node *first = NULL;

	for (size_t i = 0; top && i < ARRAY_LEN(keys); i++) {
		const struct yaml_node *at = yaml_get(top, keys[i]);

		first = first ? first : at;
	}
	return first;
}

/* The file's keys that are no matter of receivers hold beside those of the command line. */
static void add_own_keys(struct config_load *l, const struct yaml_node *top, struct yaml_node *tree)
{
	struct yaml_node *own = top ? yaml_get(top, "silences") : NULL;
	struct yaml_pair *pairs;

	if (!own || tree->kind != YAML_MAP)
		return;
	pairs = ARENA_ARRAY(l->tree, struct yaml_pair, tree->n + 1);
	memcpy(pairs, tree->pairs, tree->n * sizeof(*pairs));
	pairs[tree->n] =
		(struct yaml_pair){.key = ARENA_NEW(l->tree, struct yaml_node), .value = own};
	pairs[tree->n].key->kind = YAML_SCALAR;
	pairs[tree->n].key->value = STR("silences");
	tree->pairs = pairs;
	tree->n++;
}

/* The receiver of the command line in place of Alertmanager's keys. */
static bool read_args(struct config_load *l, const struct yaml_node *top)
{
	struct config *c = l->config;
	struct yaml_node *tree;
	struct err err;
	struct str text;
	bool more;
	const struct yaml_node *own = own_receivers(top);

	if (own)
		return fields_error(&l->fields, own,
				    "this file has receivers of its own; name receivers here or on "
				    "the command line, not in both");
	if (!config_args_text(l->args, l->tree, &text, l->diags))
		return false;
	if (!yaml_parse(text, l->limits, l->tree, &tree, &more, &err)) {
		diags_add(l->diags, STR(""), 0, 0, "command line: %s", err.msg);
		return false;
	}
	if (c->text.n == 0)
		c->text = config_text_redact(text, tree, &c->arena);
	forget_places(tree);
	add_own_keys(l, top, tree);
	return notify_config_parse(tree, STR(""), l->files, l->limits, &c->notify, l->diags);
}

static bool read_notify(struct config_load *l, struct yaml_node *top)
{
	struct yaml_node nothing = {.kind = YAML_MAP};

	if (config_args_page(l->args))
		return read_args(l, top);
	return notify_config_parse(top ? top : &nothing, l->fields.file, l->files, l->limits,
				   &l->config->notify, l->diags);
}

static bool check_purpose(const struct config_load *l, const struct yaml_node *rule_files)
{
	const struct config *c = l->config;
	bool rules = (rule_files && rule_files->n > 0) || l->args->n_rule_globs > 0;

	if (rules && !c->has_prometheus)
		return fields_error(&l->fields, rule_files,
				    "rules need a Prometheus to ask: add prometheus: {url: ...}, "
				    "or "
				    "--prometheus on the command line");
	if (!c->has_prometheus && c->notify && !c->notify->root)
		return fields_error(&l->fields, NULL,
				    "no route provided in config, and no prometheus: there is "
				    "nothing to do");
	if (rules && c->notify && !c->notify->root)
		diags_warn(l->diags, l->fields.file, 0, 0,
			   "there is no route: alerts are shown, nobody is paged");
	return true;
}

static bool read_top(struct config_load *l, struct yaml_node *top)
{
	struct top_draft d = {0};
	struct fields lax = l->fields;
	bool ok;

	if (top && top->kind == YAML_NULL)
		top = NULL;
	if (top && top->kind != YAML_MAP)
		return fields_error(&l->fields, top, "a configuration is a map of keys, found %s",
				    yaml_kind_name(top));
	lax.ignore_unknown = true;
	ok = FIELDS_READ(&lax, top, "the configuration", TOP_FIELDS, &d);
	ok &= read_prometheus(l, d.prometheus);
	ok &= config_read_heartbeats(l, d.heartbeats);
	ok &= config_read_access(l, d.access);
	ok &= read_notify(l, top);
	ok &= config_read_runbooks(l, d.runbooks);
	ok &= fields_unseen(&l->fields, top, "the configuration", TOP_WORDS);
	ok &= !top || check_files(l, top, STR(""));
	ok &= check_purpose(l, d.rule_files);
	ok &= config_load_rules(l, d.rule_files);
	config_check_runbooks(l);
	return ok;
}

static bool read_file(struct config_load *l)
{
	struct config *c = l->config;
	struct yaml_node *top = NULL;
	struct err err = {0};
	struct str text;
	bool more = false;

	if (!l->files->read(l->files->arg, c->file, l->tree, &text, &err)) {
		diags_add(l->diags, c->file, 0, 0, "%s", err.msg);
		return false;
	}
	if (!yaml_parse(text, l->limits, l->tree, &top, &more, &err)) {
		diags_add(l->diags, c->file, err.line, err.col, "%s", err.msg);
		return false;
	}
	if (more)
		diags_warn(l->diags, c->file, 0, 0,
			   "the file has more than one YAML document; only the first one is read");
	c->text = config_text_redact(text, top, &c->arena);
	if (!config_text_env(top, c->file, l->files, l->tree, l->diags))
		return false;
	return read_top(l, top);
}

static bool comes_later(const struct diag *a, const struct diag *b)
{
	if (!a->file || !b->file || strcmp(a->file, b->file) != 0)
		return false;
	return a->line != b->line ? a->line > b->line : a->col > b->col;
}

/* Findings of a file in the order of the file, though its parts are read in another one. There are
 * at most DIAGS_MAX. */
static void sort_findings(struct diags *d, size_t from)
{
	for (size_t i = from + 1; i < d->n; i++) {
		struct diag x = d->v[i];
		size_t at = i;

		for (; at > from && comes_later(&d->v[at - 1], &x); at--)
			d->v[at] = d->v[at - 1];
		d->v[at] = x;
	}
}

static struct str folder_of(struct str file)
{
	size_t n = file.n;

	while (n > 0 && file.p[n - 1] != '/')
		n--;
	return str_cut(file, 0, n > 1 ? n - 1 : n);
}

bool config_load(struct str path, const struct config_args *args, const struct config_files *files,
		 const struct limits *l, struct config **out, struct diags *diags)
{
	static const struct config_args no_args = {.group_wait = MS_NONE};
	OWNED(config) c = MEM_NEW(struct config);
	struct arena tree;
	struct config_load load = {
		.config = c,
		.args = args ? args : &no_args,
		.files = files,
		.limits = l,
		.diags = diags,
		.tree = &tree,
	};
	size_t found = diags->n;
	bool ok;

	CHECK(files && files->read && files->glob && files->env);
	c->refs = 1;
	arena_init(&c->arena);
	arena_init(&tree);
	c->file = arena_str(&c->arena, path);
	load.dir = folder_of(c->file);
	load.fields = (struct fields){.arena = &c->arena, .file = c->file, .diags = diags};
	ok = path.n > 0 ? read_file(&load) : read_top(&load, NULL);
	arena_done(&tree);
	sort_findings(diags, found);
	if (!ok)
		return false;
	*out = TAKE(c);
	return true;
}

struct config *config_ref(struct config *c)
{
	CHECK(c->refs > 0);
	c->refs++;
	return c;
}

void config_free(struct config *c)
{
	if (!c || --c->refs > 0)
		return;
	CHECK(c->refs == 0);
	rule_set_free(c->rules);
	notify_config_free(c->notify);
	arena_done(&c->arena);
	free(c);
}
