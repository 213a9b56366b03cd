/* http_config: what is read, and that every mistake is told at its place. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http_config.h"
#include "base/yaml.h"

struct fixture {
	struct arena arena;
	struct diags diags;
	struct http_config config;
	bool ok;
};

static void fixture_read(struct fixture *f, const char *text)
{
	struct limits limits;
	struct yaml_node *root = NULL;
	bool more;

	limits_default(&limits);
	arena_init(&f->arena);
	diags_init(&f->diags);
	assert_true(yaml_parse(str_of(text), &limits, &f->arena, &root, &more, NULL));
	f->ok = http_config_parse(root, &f->arena, STR("/etc/x"), &f->config, STR("c.yml"),
				  &f->diags);
}

static void fixture_done(struct fixture *f)
{
	diags_done(&f->diags);
	arena_done(&f->arena);
}

static void assert_str(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p ? got.p : "", want, got.n);
}

/* `want` is all that is told, "line:col: text" a line each. */
static void check_refused(const char *text, const char *want)
{
	struct fixture f;
	struct buf b;

	fixture_read(&f, text);
	buf_init(&b, 10000);
	for (size_t i = 0; i < f.diags.n; i++)
		buf_printf(&b, "%d:%d: %s\n", f.diags.v[i].line, f.diags.v[i].col,
			   f.diags.v[i].msg);
	assert_string_equal(buf_cstr(&b), want);
	assert_false(f.ok);
	buf_done(&b);
	fixture_done(&f);
}

static void test_defaults(ATTR_UNUSED void **state)
{
	static const char *const texts[] = {"", "~", "{}", "{tls_config: {}, basic_auth: ~}"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct fixture f;

		fixture_read(&f, texts[i]);
		assert_true(f.ok);
		assert_true(f.config.follow_redirects && f.config.enable_http2);
		assert_false(f.config.has_basic_auth || f.config.has_authorization);
		assert_null(f.config.oauth2);
		fixture_done(&f);
	}
}

static void test_all(ATTR_UNUSED void **state)
{
	struct fixture f;

	fixture_read(&f,
		     "basic_auth: {username: u, password_file: pw}\n"
		     "tls_config: {ca_file: ca.pem, cert_file: /c.pem, key: k, server_name: s,\n"
		     "  min_version: TLS12, max_version: TLS13, insecure_skip_verify: true}\n"
		     "proxy_url: http://p:3128\n"
		     "no_proxy: localhost\n"
		     "proxy_connect_header: {X-A: [a, b]}\n"
		     "follow_redirects: false\n"
		     "enable_http2: no\n"
		     "http_headers: {X-B: {values: [1, b], secrets: [s], files: [f]}}\n");
	assert_int_equal(f.diags.n, 0);
	assert_true(f.ok && f.config.has_basic_auth);
	assert_str(f.config.username, "u");
	assert_str(f.config.password_file, "/etc/x/pw");
	assert_str(f.config.tls.ca_file, "/etc/x/ca.pem");
	assert_str(f.config.tls.cert_file, "/c.pem");
	assert_true(f.config.tls.insecure_skip_verify);
	assert_str(f.config.tls.max_version, "TLS13");
	assert_str(f.config.proxy_url, "http://p:3128");
	assert_str(f.config.proxy_headers[0].secrets[1], "b");
	assert_false(f.config.follow_redirects || f.config.enable_http2);
	assert_str(f.config.headers[0].name, "X-B");
	assert_str(f.config.headers[0].values[0], "1");
	assert_str(f.config.headers[0].files[0], "/etc/x/f");
	fixture_done(&f);
}

static void test_bearer(ATTR_UNUSED void **state)
{
	struct fixture f;

	fixture_read(&f, "bearer_token_file: t\n");
	assert_true(f.ok && f.config.has_authorization);
	assert_str(f.config.auth_type, "Bearer");
	assert_str(f.config.credentials_file, "/etc/x/t");
	fixture_done(&f);
	fixture_read(&f, "authorization: {credentials: c}\n");
	assert_true(f.ok && f.config.has_authorization);
	assert_str(f.config.auth_type, "Bearer");
	assert_str(f.config.credentials, "c");
	fixture_done(&f);
}

static void test_oauth2(ATTR_UNUSED void **state)
{
	struct fixture f;

	fixture_read(&f, "oauth2:\n  client_id: i\n  client_secret_file: s\n"
			 "  token_url: https://h/t\n  scopes: [a, b]\n"
			 "  endpoint_params: {x: 1, y: z}\n  tls_config: {ca_file: c}\n"
			 "  grant_type: client_credentials\n");
	assert_true(f.ok && f.config.oauth2);
	assert_str(f.config.oauth2->client_secret_file, "/etc/x/s");
	assert_int_equal(f.config.oauth2->n_scopes, 2);
	assert_int_equal(f.config.oauth2->n_params, 4);
	assert_str(f.config.oauth2->params[3], "z");
	assert_str(f.config.oauth2->tls.ca_file, "/etc/x/c");
	fixture_done(&f);
}

static void test_auth_refused(ATTR_UNUSED void **state)
{
	check_refused("bearer_token: t\nbearer_token_file: f\n",
		      "2:20: at most one of bearer_token & bearer_token_file must be configured\n");
	check_refused("basic_auth: {username: u}\nbearer_token: t\n",
		      "2:15: at most one of basic_auth, oauth2, bearer_token & bearer_token_file "
		      "must be configured\n");
	check_refused("authorization: {credentials: c}\nbearer_token: t\n",
		      "2:15: authorization is not compatible with bearer_token & "
		      "bearer_token_file\n");
	check_refused("authorization: {type: basic, credentials: c}\n",
		      "1:23: authorization type cannot be set to \"basic\", use \"basic_auth\" "
		      "instead\n");
	check_refused("basic_auth: {password: p, password_file: f}\n",
		      "1:42: at most one of basic_auth password, password_file & password_ref must "
		      "be configured\n");
	check_refused("basic_auth: {password: \"a\\nb\"}\n", "1:24: password must be one line\n");
	check_refused("basic_auth: {username: u}\nauthorization: {credentials: c}\n",
		      "1:1: at most one of basic_auth, oauth2 & authorization must be "
		      "configured\n");
	check_refused("oauth2: {client_secret: s}\n", "1:9: oauth2 client_id must be configured\n"
						      "1:9: oauth2 token_url must be configured\n");
	check_refused("oauth2: {client_id: i, token_url: h, client_certificate_key: k}\n",
		      "1:35: oauth2 token_url must begin with http:// or https://\n"
		      "1:62: oauth2 client_certificate_key is not supported: use client_secret or "
		      "client_secret_file\n");
}

static void test_rest_refused(ATTR_UNUSED void **state)
{
	check_refused("tls_config: {ca: x, ca_file: y}\n",
		      "1:30: at most one of ca, ca_file & ca_ref must be configured\n");
	check_refused("tls_config: {cert: x}\n",
		      "1:13: exactly one of key or key_file must be configured when a client "
		      "certificate is configured\n");
	check_refused("tls_config: {key_file: x, min_version: TLS13, max_version: TLS12}\n",
		      "1:13: exactly one of cert or cert_file must be configured when a client key "
		      "is configured\n"
		      "1:60: tls_config.max_version must be greater than or equal to "
		      "tls_config.min_version if both are specified\n");
	check_refused("tls_config: {min_version: SSL3}\n", "1:27: unknown TLS version: SSL3 (known "
							   "are TLS10, TLS11, TLS12 and TLS13)\n");
	check_refused("proxy_url: p\nproxy_from_environment: true\n",
		      "1:12: if proxy_from_environment is configured, proxy_url must not be "
		      "configured\n");
	check_refused("no_proxy: p\n",
		      "1:11: if no_proxy is configured, proxy_url must also be configured\n");
	check_refused("proxy_connect_header: {a: [b]}\n",
		      "1:23: if proxy_connect_header is configured, proxy_url or "
		      "proxy_from_environment must also be configured\n");
	check_refused("http_headers: {content-type: {values: [x]}, \"a b\": {}, c: {valeus: []}}\n",
		      "1:16: setting header \"Content-Type\" is not allowed\n"
		      "1:45: \"a b\" is no name of a header\n"
		      "1:60: field valeus not found in header\n");
	check_refused("follow_redirects: maybe\nproxy: x\n",
		      "1:19: follow_redirects must be true or false\n"
		      "2:1: field proxy not found in http_config\n");
	check_refused("basic_auth: [u]\n", "1:13: basic_auth must be a map, this is a list\n");
	check_refused("- a\n", "1:1: http_config must be a map, this is a list\n");
}

TEST_GROUP(http_config, cmocka_unit_test(test_defaults), cmocka_unit_test(test_all),
	   cmocka_unit_test(test_bearer), cmocka_unit_test(test_oauth2),
	   cmocka_unit_test(test_auth_refused), cmocka_unit_test(test_rest_refused))
