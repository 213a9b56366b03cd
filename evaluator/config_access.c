/* `access:` of rouse.yml: roles, tokens, the proxy that is trusted. */
#include "base/hash.h"
#include "base/num.h"
#include "base/yaml.h"
#include "evaluator/access.h"
#include "evaluator/config_inner.h"

#define USERS_MAX 10000
#define TOKENS_MAX 1000
#define NETS_MAX 100
#define SECRET_MIN 16 /* characters of a token */

static const struct {
	const char *name;
	unsigned permits;
} ROLES[] = {
	{"none", 0},
	{"viewer", PERMIT_READ},
	{"responder", PERMIT_ALL & ~PERMIT_ADMIN},
	{"admin", PERMIT_ALL},
};

static bool read_role(const struct fields *f, const struct yaml_node *n, unsigned *out)
{
	struct str s = n->kind == YAML_SCALAR ? n->value : STR("");

	for (size_t i = 0; i < ARRAY_LEN(ROLES); i++) {
		if (str_is(s, ROLES[i].name)) {
			*out = ROLES[i].permits;
			return true;
		}
	}
	return fields_error(f, n, "a role is admin, responder, viewer or none, found \"%.*s\"",
			    (int)MIN(s.n, (size_t)40), s.p);
}

static bool read_users(const struct config_load *l, const struct yaml_node *map, struct access *a)
{
	const struct fields *f = &l->fields;
	bool ok = true;

	if (map && map->n > USERS_MAX)
		return fields_error(f, map, "more than %d users", USERS_MAX);
	a->users = ARENA_ARRAY(f->arena, struct access_user, (map ? map->n : 0) + 1);
	for (size_t i = 0; map && i < map->n; i++) {
		struct access_user *u = &a->users[a->n_users++];

		ok &= read_role(f, map->pairs[i].value, &u->permits);
		u->name = arena_str(f->arena, map->pairs[i].key->value);
		u->role = arena_str(f->arena, map->pairs[i].value->value);
	}
	return ok;
}

static bool read_scopes(const struct fields *f, const struct yaml_node *list, unsigned *out)
{
	bool ok = true;

	for (size_t i = 0; i < list->n; i++) {
		struct str s =
			list->items[i]->kind == YAML_SCALAR ? list->items[i]->value : STR("");
		unsigned before = *out;

		*out |= permit_of(s);
		if (*out == before)
			ok = fields_error(f, list->items[i],
					  "a scope is read, respond, alerts, events, pings or "
					  "admin, "
					  "each once, found \"%.*s\"",
					  (int)MIN(s.n, (size_t)40), s.p);
	}
	return ok;
}

struct token_draft {
	struct str name, token, token_file;
	const struct yaml_node *scopes;
};

static const struct field TOKEN_FIELDS[] = {
	FIELD(TEXT, struct token_draft, name),
	FIELD(TEXT, struct token_draft, token),
	FIELD(TEXT, struct token_draft, token_file),
	FIELD(LIST, struct token_draft, scopes),
};

static bool read_secret(const struct config_load *l, const struct yaml_node *n,
			const struct token_draft *d, struct str *out)
{
	const struct fields *f = &l->fields;
	struct str text = d->token;
	struct err err = {0};
	unsigned char *sum;

	if (!d->token.n == !d->token_file.n)
		return fields_error(f, n, "exactly one of token & token_file must be configured");
	if (d->token_file.n) {
		struct str path = config_join(l->tree, l->dir, d->token_file);

		if (!l->files->read(l->files->arg, path, l->tree, &text, &err))
			return fields_error(f, n, "token_file: %s", err.msg);
	}
	text = str_trim(text);
	if (text.n < SECRET_MIN)
		return fields_error(f, n, "a token needs %d characters at least", SECRET_MIN);
	sum = arena_alloc(f->arena, HASH_SHA256_BYTES);
	hash_sha256(text, sum);
	*out = (struct str){(const char *)sum, HASH_SHA256_BYTES};
	return true;
}

static bool read_token(const struct config_load *l, const struct yaml_node *n, struct access *a)
{
	const struct fields *f = &l->fields;
	struct access_token *t = &a->tokens[a->n_tokens];
	struct token_draft d = {0};

	if (!FIELDS_READ(f, n, "a token", TOKEN_FIELDS, &d))
		return false;
	if (!str_is_name(d.name))
		return fields_error(f, n, "a token needs a name: letters, digits, _ . -");
	for (size_t i = 0; i < a->n_tokens; i++) {
		if (str_eq(a->tokens[i].name, d.name))
			return fields_error(f, n, "there are two tokens \"%.*s\"", STR_ARG(d.name));
	}
	if (!d.scopes || !d.scopes->n)
		return fields_error(f, n, "a token needs scopes: what it may");
	*t = (struct access_token){.name = arena_str(f->arena, d.name)};
	if (!read_scopes(f, d.scopes, &t->permits) || !read_secret(l, n, &d, &t->secret))
		return false;
	a->n_tokens++;
	return true;
}

static bool read_net(const struct fields *f, const struct yaml_node *n, struct access_net *out)
{
	struct str s = n->kind == YAML_SCALAR ? n->value : STR("");
	ptrdiff_t slash = str_find_char(s, '/');
	uint64_t bits = 0;
	bool v4;

	if (!access_address(slash < 0 ? s : str_cut(s, 0, (size_t)slash), out->address, &v4) ||
	    (slash >= 0 && (num_uint(str_from(s, (size_t)slash + 1), 10, &bits) != NUM_OK ||
			    bits > (v4 ? 32 : 128))))
		return fields_error(f, n,
				    "an address or a net was expected, like 127.0.0.1 or "
				    "10.0.0.0/8, found \"%.*s\"",
				    (int)MIN(s.n, (size_t)60), s.p);
	out->bits = slash < 0 ? 128 : (unsigned)bits + (v4 ? 96 : 0);
	return true;
}

struct proxy_draft {
	struct str header;
	const struct yaml_node *from;
};

static const struct field PROXY_FIELDS[] = {
	FIELD(TEXT, struct proxy_draft, header),
	FIELD(LIST, struct proxy_draft, from),
};

static bool read_proxy(const struct fields *f, const struct yaml_node *n, struct access *a)
{
	struct proxy_draft d = {0};
	char *lower;
	bool ok = true;

	if (!n)
		return true;
	if (!FIELDS_READ(f, n, "access.proxy", PROXY_FIELDS, &d))
		return false;
	if (!d.header.n || !d.from || !d.from->n || d.from->n > NETS_MAX)
		return fields_error(f, n,
				    "a proxy needs the header that names the user, and from: the "
				    "addresses it asks from (at most %d)",
				    NETS_MAX);
	lower = arena_alloc(f->arena, d.header.n + 1);
	for (size_t i = 0; i < d.header.n; i++)
		lower[i] = (char)(d.header.p[i] >= 'A' && d.header.p[i] <= 'Z' ? d.header.p[i] + 32
									       : d.header.p[i]);
	a->proxy_header = (struct str){lower, d.header.n};
	a->proxies = ARENA_ARRAY(f->arena, struct access_net, d.from->n);
	for (size_t i = 0; i < d.from->n; i++)
		ok &= read_net(f, d.from->items[i], &a->proxies[a->n_proxies++]);
	return ok;
}

struct access_draft {
	const struct yaml_node *users, *tokens, *proxy, *others, *anonymous;
};

static const struct field ACCESS_FIELDS[] = {
	FIELD(MAP, struct access_draft, users),	     FIELD(LIST, struct access_draft, tokens),
	FIELD(MAP, struct access_draft, proxy),	     FIELD(NODE, struct access_draft, others),
	FIELD(NODE, struct access_draft, anonymous),
};

bool config_read_access(const struct config_load *l, const struct yaml_node *node)
{
	const struct fields *f = &l->fields;
	struct access_draft d = {0};
	struct access *a;
	bool ok;

	if (!node || node->kind == YAML_NULL)
		return true;
	ok = FIELDS_READ(f, node, "access", ACCESS_FIELDS, &d);
	a = l->config->access = ARENA_NEW(f->arena, struct access);
	a->others = a->anonymous = PERMIT_READ;
	if (d.tokens && d.tokens->n > TOKENS_MAX)
		return fields_error(f, d.tokens, "more than %d tokens", TOKENS_MAX);
	a->tokens = ARENA_ARRAY(f->arena, struct access_token, (d.tokens ? d.tokens->n : 0) + 1);
	for (size_t i = 0; d.tokens && i < d.tokens->n; i++)
		ok &= read_token(l, d.tokens->items[i], a);
	ok &= read_users(l, d.users, a);
	ok &= read_proxy(f, d.proxy, a);
	ok &= !d.others || read_role(f, d.others, &a->others);
	ok &= !d.anonymous || read_role(f, d.anonymous, &a->anonymous);
	return ok;
}
