/* OAuth2 tokens: see oauth2.h. One that fails is asked for again at the next request. */
#include "host/oauth2.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "host/files.h"
#include "host/http_out.h"
#include "host/url.h"

#define TOKEN_TIMEOUT (30 * SECOND)
#define TOKEN_REPLY_BYTES 65536
#define TOKEN_LIFE HOUR		  /* if the answer does not say */
#define TOKEN_EARLY (10 * SECOND) /* before its end it is asked for anew */

struct token {
	struct oauth2 *owner;
	struct io_call call;
	struct http_config http; /* borrows from a copy of the configuration in the arena */
	struct arena arena;
	char *text; /* NULL: none */
	ms_t until; /* mono */
	struct token_wait *waiting;
};

struct oauth2 {
	struct http_out *out;
	struct map tokens; /* by everything that makes a client */
	struct secrets secrets;
};

struct oauth2 *oauth2_new(struct http_out *h)
{
	struct oauth2 *o = MEM_NEW(struct oauth2);

	o->out = h;
	map_init(&o->tokens);
	secrets_init(&o->secrets);
	return o;
}

static void put_encoded(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    c == '-' || c == '_' || c == '.' || c == '~')
			buf_addc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static void put_field(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s%s=", b->n ? "&" : "", name);
	put_encoded(b, value);
}

static void put_form(struct buf *b, const struct oauth2_config *c)
{
	struct buf scope;

	put_field(b, "grant_type", STR("client_credentials"));
	buf_init(&scope, BUF_MAX_ANY);
	for (size_t i = 0; i < c->n_scopes; i++) {
		buf_adds(&scope, i ? " " : "");
		buf_add(&scope, c->scopes[i]);
	}
	if (scope.n)
		put_field(b, "scope", buf_str(&scope));
	buf_done(&scope);
	for (size_t i = 0; i + 1 < c->n_params; i += 2) {
		buf_addc(b, '&');
		put_encoded(b, c->params[i]);
		buf_addc(b, '=');
		put_encoded(b, c->params[i + 1]);
	}
}

static struct token *token_of(struct oauth2 *o, const struct oauth2_config *c)
{
	struct buf key;

	buf_init(&key, BUF_MAX_ANY);
	buf_printf(&key, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n", STR_ARG(c->token_url),
		   STR_ARG(c->client_id), STR_ARG(c->client_secret), STR_ARG(c->client_secret_file),
		   STR_ARG(c->proxy_url));
	put_form(&key, c);

	struct token *t = map_get(&o->tokens, buf_str(&key));

	if (!t) {
		t = MEM_NEW(struct token);
		t->owner = o;
		arena_init(&t->arena);
		map_put(&o->tokens, buf_str(&key), t);
	}
	buf_done(&key);
	return t;
}

static void wait_unlink(struct token_wait *w)
{
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	w->token = NULL;
}

static void answer_all(struct token *t, struct now now, struct str error)
{
	while (t->waiting) {
		struct token_wait *w = t->waiting;

		wait_unlink(w);
		w->done(w, now, error.n ? STR("") : str_of(t->text), error);
	}
}

/* Takes the token out of the server's answer. */
static bool token_read(struct token *t, struct now now, struct str body)
{
	json_t *root = json_loadb(body.p ? body.p : "", body.n, 0, NULL);
	const char *text = json_string_value(json_object_get(root, "access_token"));
	const json_t *life = json_object_get(root, "expires_in");
	ms_t span = json_is_number(life) ? (ms_t)(json_number_value(life) * 1000) : TOKEN_LIFE;
	bool ok = text && *text;

	if (ok) {
		t->text = mem_str(str_of(text));
		t->until = now.mono + MAX(MIN(span, DAY) - TOKEN_EARLY, SECOND);
	}
	json_decref(root);
	return ok;
}

static void on_reply(struct io_call *call, struct now now, const struct io_reply *r)
{
	struct token *t = CONTAINER(call, struct token, call);
	struct err err = {0};

	free(t->text);
	t->text = NULL;
	if (r->outcome != IO_REPLIED)
		err_set(&err, -1, "cannot get an OAuth2 token: %.*s", STR_ARG(r->error));
	else if (r->status / 100 != 2)
		err_set(&err, -1, "cannot get an OAuth2 token: the server answered %d", r->status);
	else if (!token_read(t, now, r->body))
		err_set(&err, -1, "cannot get an OAuth2 token: no access_token in the answer");
	answer_all(t, now, str_of(err.msg));
}

/* Credentials as a Basic header, as Go's oauth2 does it at first; both are form-encoded. */
static bool basic_header(struct token *t, const struct oauth2_config *c, struct str *out,
			 struct err *err)
{
	struct str secret = c->client_secret;
	struct buf b;

	if (c->client_secret_file.n &&
	    !secrets_get(&t->owner->secrets, c->client_secret_file, &secret, err))
		return false;
	buf_init(&b, BUF_MAX_ANY);
	put_encoded(&b, c->client_id);
	buf_addc(&b, ':');
	put_encoded(&b, secret);

	struct str encoded = base64_encode(buf_str(&b), BASE64_STANDARD, &t->arena);

	buf_done(&b);
	*out = arena_printf(&t->arena, "Basic %.*s", STR_ARG(encoded));
	return true;
}

static struct tls_config tls_copy(struct arena *a, const struct tls_config *t)
{
	return (struct tls_config){
		.ca = arena_str(a, t->ca),
		.ca_file = arena_str(a, t->ca_file),
		.cert = arena_str(a, t->cert),
		.cert_file = arena_str(a, t->cert_file),
		.key = arena_str(a, t->key),
		.key_file = arena_str(a, t->key_file),
		.server_name = arena_str(a, t->server_name),
		.min_version = arena_str(a, t->min_version),
		.max_version = arena_str(a, t->max_version),
		.insecure_skip_verify = t->insecure_skip_verify,
	};
}

/* The configuration may go away before the answer is there: everything is copied. */
static bool token_fetch(struct token *t, const struct oauth2_config *c, struct err *err)
{
	struct io_header headers[2] = {{STR("Content-Type"),
					STR("application/x-www-form-urlencoded")},
				       {.name = STR("Authorization")}};
	struct buf form;

	arena_clear(&t->arena);
	if (!basic_header(t, c, &headers[1].value, err))
		return false;
	http_config_defaults(&t->http);
	t->http.tls = tls_copy(&t->arena, &c->tls);
	t->http.proxy_url = arena_str(&t->arena, c->proxy_url);
	buf_init(&form, BUF_MAX_ANY);
	put_form(&form, c);

	struct io_request req = {
		.method = STR("POST"),
		.url = c->token_url,
		.headers = headers,
		.n_headers = ARRAY_LEN(headers),
		.body = buf_str(&form),
		.config = &t->http,
		.timeout = TOKEN_TIMEOUT,
		.max_reply = TOKEN_REPLY_BYTES,
		.lane = IO_LANE_PAGE,
	};

	t->call.on_done = on_reply;
	http_out_fetch(t->owner->out, &t->call, &req);
	buf_done(&form);
	return true;
}

bool oauth2_ask(struct oauth2 *o, struct token_wait *w, struct now now,
		const struct oauth2_config *c, struct str *token)
{
	struct token *t = token_of(o, c);
	struct err err;

	if (t->text && now.mono < t->until) {
		*token = str_of(t->text);
		return true;
	}
	w->token = t;
	w->next = t->waiting;
	if (w->next)
		w->next->link = &w->next;
	w->link = &t->waiting;
	t->waiting = w;
	if (!t->call.host && !token_fetch(t, c, &err))
		answer_all(t, now, str_of(err.msg));
	return false;
}

void oauth2_drop(struct token_wait *w)
{
	if (w->token)
		wait_unlink(w);
}

void oauth2_refused(struct oauth2 *o, const struct oauth2_config *c)
{
	token_of(o, c)->until = 0;
}

void oauth2_free(struct oauth2 *o)
{
	map_each (&o->tokens, e) {
		struct token *t = e->value;

		arena_done(&t->arena);
		free(t->text);
		free(t);
	}
	map_done(&o->tokens);
	secrets_done(&o->secrets);
	free(o);
}
