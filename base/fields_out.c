/* YAML by tables; see fields_out.h. */
#include "base/fields_out.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"

static const struct str SECRET = STR("<secret>");

static bool is_null(const struct yaml_node *n)
{
	return !n || n->kind == YAML_NULL;
}

/* ---- anything ---------------------------------------------------------------------------- */
static int by_key(const void *a, const void *b)
{
	const struct yaml_pair *const *x = a, *const *y = b;

	return str_cmp((*x)->key->value, (*y)->key->value);
}

static void put_value(struct yaml_out *o, const struct yaml_node *n, bool texts)
{
	if (n->kind == YAML_NULL)
		texts ? yaml_out_text(o, STR("")) : yaml_out_plain(o, STR("null"));
	else if (n->kind == YAML_SCALAR && (texts || n->quoted))
		yaml_out_text(o, n->value);
	else
		fields_put_any(o, n);
}

static void put_pairs(struct yaml_out *o, const struct yaml_node *map, bool texts)
{
	const struct yaml_pair **sorted = mem_alloc(MAX(map->n, (size_t)1) * sizeof(*sorted));

	for (size_t i = 0; i < map->n; i++)
		sorted[i] = &map->pairs[i];
	qsort(sorted, map->n, sizeof(*sorted), by_key);
	yaml_out_map(o);
	for (size_t i = 0; i < map->n; i++) {
		yaml_out_text(o, sorted[i]->key->value);
		put_value(o, sorted[i]->value, texts);
	}
	yaml_out_map_end(o);
	free(sorted);
}

void fields_put_any(struct yaml_out *o, const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_NULL: yaml_out_plain(o, STR("null")); break;
	case YAML_SCALAR:
		n->quoted ? yaml_out_text(o, n->value) : yaml_out_plain(o, n->value);
		break;
	case YAML_MAP: put_pairs(o, n, false); break;
	case YAML_LIST:
		yaml_out_list(o);
		for (size_t i = 0; i < n->n; i++)
			fields_put_any(o, n->items[i]);
		yaml_out_list_end(o);
		break;
	}
}

void fields_put_any_of(struct yaml_out *o, const struct field *fd, const void *record)
{
	const struct yaml_node *const *at = (const void *)((const char *)record + fd->at);

	if (is_null(*at))
		return;
	yaml_out_key(o, fd->name);
	fields_put_any(o, *at);
}

/* ---- single values ----------------------------------------------------------------------- */
static void put_text(struct yaml_out *o, const struct field *fd, struct str s)
{
	if (!s.n && !fd->always)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_text(o, fd->secret && s.n ? SECRET : s);
}

static void put_number(struct yaml_out *o, const struct field *fd, int64_t v)
{
	char text[64];
	struct buf b;

	if (!v && !fd->always)
		return;
	buf_init(&b, sizeof(text));
	if (fd->kind == FIELD_DURATION)
		num_put_duration(&b, v);
	else if (fd->kind == FIELD_GO_DURATION)
		num_put_go_duration(&b, v * 1000000);
	else
		num_put_int(&b, v);
	yaml_out_key(o, fd->name);
	yaml_out_plain(o, buf_str(&b));
	buf_done(&b);
}

static void put_bool(struct yaml_out *o, const struct field *fd, bool v, bool given)
{
	if (!v && !given && !fd->always)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_bool(o, v);
}

static void put_texts(struct yaml_out *o, const struct field *fd, const struct field_texts *t)
{
	if (!t->n && !fd->always)
		return;
	yaml_out_key(o, fd->name);
	yaml_out_list(o);
	for (size_t i = 0; i < t->n; i++)
		yaml_out_text(o, t->v[i]);
	yaml_out_list_end(o);
}

static void put_item(struct yaml_out *o, const struct field *fd, const struct yaml_node *n)
{
	if (fd->sub && n->kind != YAML_SCALAR) {
		yaml_out_map(o);
		fields_put_map(o, fd->sub, fd->n_sub, n);
		yaml_out_map_end(o);
	} else if (n->kind == YAML_MAP) {
		put_pairs(o, n, true);
	} else {
		put_value(o, n, true);
	}
}

static void put_list(struct yaml_out *o, const struct field *fd, const struct yaml_node *n)
{
	yaml_out_list(o);
	for (size_t i = 0; i < n->n; i++)
		put_item(o, fd, n->items[i]);
	yaml_out_list_end(o);
}

static void put_node(struct yaml_out *o, const struct field *fd, const struct yaml_node *n)
{
	static const struct yaml_node NOTHING = {.kind = YAML_MAP};

	if (is_null(n))
		n = &NOTHING;
	if (!n->n && n->kind != YAML_SCALAR && !fd->always)
		return;
	yaml_out_key(o, fd->name);
	if (n->kind == YAML_LIST)
		put_list(o, fd, n);
	else
		put_item(o, fd, n);
}

/* ---- records ----------------------------------------------------------------------------- */
static void put_field(struct yaml_out *o, const struct field *fd, const char *record)
{
	const void *at = record + fd->at;

	switch (fd->kind) {
	case FIELD_TEXT:
	case FIELD_URL: put_text(o, fd, *(const struct str *)at); break;
	case FIELD_BOOL:
		put_bool(o, fd, *(const bool *)at,
			 fd->given && *(const bool *)(record + fd->given - 1));
		break;
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_GO_DURATION: put_number(o, fd, *(const int64_t *)at); break;
	case FIELD_TEXTS: put_texts(o, fd, at); break;
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_NODE: put_node(o, fd, *(const struct yaml_node *const *)at); break;
	case FIELD_LATER: break;
	}
}

void fields_put(struct yaml_out *o, const struct field *table, size_t n, const void *record)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].put)
			table[i].put(o, &table[i], record);
		else
			put_field(o, &table[i], record);
	}
}

/* ---- maps as they were written ----------------------------------------------------------- */
static void put_duration(struct yaml_out *o, const struct field *fd, struct str s)
{
	struct field shown = *fd;
	struct err err;
	int64_t v = 0;
	bool ok = fd->kind == FIELD_DURATION ? num_duration(s, &v, &err)
					     : num_go_duration(s, &v, &err);

	if (!s.n)
		put_number(o, fd, 0);
	shown.always |= fd->given > 0 && s.n > 0;
	if (ok && s.n)
		put_number(o, &shown, fd->kind == FIELD_DURATION ? v : v / 1000000);
}

static void put_written(struct yaml_out *o, const struct field *fd, const struct yaml_node *n)
{
	bool b = false;
	int64_t v = 0;

	switch (fd->kind) {
	case FIELD_TEXT:
	case FIELD_URL: put_text(o, fd, n ? n->value : STR("")); break;
	case FIELD_BOOL: put_bool(o, fd, yaml_is_bool(n, &b) && b, fd->given && n); break;
	case FIELD_INT:
		if (yaml_is_int(n, &v) || fd->always)
			put_number(o, fd, v);
		break;
	case FIELD_DURATION:
	case FIELD_GO_DURATION: put_duration(o, fd, n ? n->value : STR("")); break;
	case FIELD_TEXTS:
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_NODE: put_node(o, fd, n); break;
	case FIELD_LATER: break;
	}
}

static const struct yaml_node *value_of(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++) {
		if (str_is(map->pairs[i].key->value, key))
			return is_null(map->pairs[i].value) ? NULL : map->pairs[i].value;
	}
	return NULL;
}

void fields_put_map(struct yaml_out *o, const struct field *table, size_t n,
		    const struct yaml_node *map)
{
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *value = value_of(map, table[i].name);

		if (!table[i].put)
			put_written(o, &table[i], value);
		else if (value)
			table[i].put(o, &table[i], value);
	}
}

/* ---- http_config ------------------------------------------------------------------------- */
static const struct field TLS_FIELDS[] = {
	FIELD(TEXT, struct tls_config, ca),
	FIELD(TEXT, struct tls_config, cert),
	FIELD(TEXT, struct tls_config, key, .secret = true),
	FIELD(TEXT, struct tls_config, ca_file),
	FIELD(TEXT, struct tls_config, cert_file),
	FIELD(TEXT, struct tls_config, key_file),
	FIELD(TEXT, struct tls_config, server_name),
	FIELD(BOOL, struct tls_config, insecure_skip_verify, .always = true),
	FIELD(TEXT, struct tls_config, min_version),
	FIELD(TEXT, struct tls_config, max_version),
};

void tls_config_put(struct yaml_out *o, const struct tls_config *c)
{
	yaml_out_map(o);
	fields_put(o, TLS_FIELDS, ARRAY_LEN(TLS_FIELDS), c);
	yaml_out_map_end(o);
}

static bool has_tls(const struct tls_config *c)
{
	return c->ca.n || c->cert.n || c->key.n || c->ca_file.n || c->cert_file.n ||
	       c->key_file.n || c->server_name.n || c->insecure_skip_verify || c->min_version.n ||
	       c->max_version.n;
}

static void put_tls(struct yaml_out *o, const struct tls_config *c)
{
	if (!has_tls(c))
		return;
	yaml_out_key(o, "tls_config");
	tls_config_put(o, c);
}

static const struct field BASIC_FIELDS[] = {
	FIELD(TEXT, struct http_config, username, .always = true),
	FIELD(TEXT, struct http_config, username_file),
	FIELD(TEXT, struct http_config, password, .secret = true),
	FIELD(TEXT, struct http_config, password_file),
};

static const struct field AUTHORIZATION_FIELDS[] = {
	FIELD_AS(TEXT, "type", struct http_config, auth_type),
	FIELD(TEXT, struct http_config, credentials, .secret = true),
	FIELD(TEXT, struct http_config, credentials_file),
};

static void put_section(struct yaml_out *o, const char *key, const struct field *table, size_t n,
			const void *record)
{
	yaml_out_key(o, key);
	yaml_out_map(o);
	fields_put(o, table, n, record);
	yaml_out_map_end(o);
}

static void put_strings(struct yaml_out *o, const char *key, const struct str *v, size_t n)
{
	const struct field fd = {.name = key};
	const struct str *p = v;

	put_texts(o, &fd, &(struct field_texts){.v = (struct str *)(uintptr_t)p, .n = n});
}

static void put_oauth2(struct yaml_out *o, const struct oauth2_config *c)
{
	static const struct field FIELDS[] = {
		FIELD(TEXT, struct oauth2_config, client_id, .always = true),
		FIELD(TEXT, struct oauth2_config, client_secret, .secret = true, .always = true),
		FIELD(TEXT, struct oauth2_config, client_secret_file, .always = true),
	};

	if (!c)
		return;
	yaml_out_key(o, "oauth2");
	yaml_out_map(o);
	fields_put(o, FIELDS, ARRAY_LEN(FIELDS), c);
	put_strings(o, "scopes", c->scopes, c->n_scopes);
	yaml_out_key(o, "token_url");
	yaml_out_text(o, c->token_url);
	if (c->n_params) {
		yaml_out_key(o, "endpoint_params");
		yaml_out_map(o);
		for (size_t i = 0; i < c->n_params; i++)
			yaml_out_text(o, c->params[i]);
		yaml_out_map_end(o);
	}
	put_tls(o, &c->tls);
	put_text(o, &(struct field){.name = "proxy_url"}, c->proxy_url);
	yaml_out_map_end(o);
}

/* proxy_connect_header knows secrets only: a map of lists. */
static void put_proxy_headers(struct yaml_out *o, const struct http_config *c)
{
	if (!c->n_proxy_headers)
		return;
	yaml_out_key(o, "proxy_connect_header");
	yaml_out_map(o);
	for (size_t i = 0; i < c->n_proxy_headers; i++) {
		const struct http_header_config *h = &c->proxy_headers[i];

		yaml_out_text(o, h->name);
		yaml_out_list(o);
		for (size_t j = 0; j < h->n_values + h->n_secrets; j++)
			yaml_out_text(o, SECRET);
		yaml_out_list_end(o);
	}
	yaml_out_map_end(o);
}

static void put_headers(struct yaml_out *o, const struct http_config *c)
{
	if (!c->n_headers)
		return;
	yaml_out_key(o, "http_headers");
	yaml_out_map(o);
	for (size_t i = 0; i < c->n_headers; i++) {
		const struct http_header_config *h = &c->headers[i];

		yaml_out_text(o, h->name);
		yaml_out_map(o);
		put_strings(o, "values", h->values, h->n_values);
		if (h->n_secrets) {
			yaml_out_key(o, "secrets");
			yaml_out_list(o);
			for (size_t j = 0; j < h->n_secrets; j++)
				yaml_out_text(o, SECRET);
			yaml_out_list_end(o);
		}
		put_strings(o, "files", h->files, h->n_files);
		yaml_out_map_end(o);
	}
	yaml_out_map_end(o);
}

void http_config_put(struct yaml_out *o, const struct http_config *c)
{
	static const struct field FLAGS[] = {
		FIELD(BOOL, struct http_config, follow_redirects, .always = true),
		FIELD(BOOL, struct http_config, enable_http2, .always = true),
		FIELD(TEXT, struct http_config, proxy_url),
		FIELD(TEXT, struct http_config, no_proxy),
		FIELD(BOOL, struct http_config, proxy_from_environment),
	};

	yaml_out_map(o);
	if (c->has_basic_auth)
		put_section(o, "basic_auth", BASIC_FIELDS, ARRAY_LEN(BASIC_FIELDS), c);
	if (c->has_authorization)
		put_section(o, "authorization", AUTHORIZATION_FIELDS,
			    ARRAY_LEN(AUTHORIZATION_FIELDS), c);
	put_oauth2(o, c->oauth2);
	put_tls(o, &c->tls);
	fields_put(o, FLAGS, ARRAY_LEN(FLAGS), c);
	put_proxy_headers(o, c);
	put_headers(o, c);
	yaml_out_map_end(o);
}
