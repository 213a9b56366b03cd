/* Who may what: roles, tokens, a proxy's header, other sites; what is written down of it. */
#include "evaluator/access.h"

#include <string.h>

#include "base/hash.h"
#include "tests/unit/unit.h"
#include "tests/unit/web_fake.h"

static struct arena arena;

static int status_of(struct web *w, struct fake_question q)
{
	if (!q.remote)
		q.remote = "192.0.2.1";
	return fake_question(w, &arena, &q).status;
}

/* alice is an admin, bob may nothing, others may look; a token for deploy marks, one for pings. */
static void rules_set(struct access *a)
{
	static struct access_user users[] = {{STR("alice"), STR("admin"), PERMIT_ALL},
					     {STR("bob"), STR("none"), 0}};
	static struct access_token tokens[2];
	static unsigned char sums[2][HASH_SHA256_BYTES];
	static struct access_net nets[2];
	bool v4;

	hash_sha256(STR("token-of-the-cron-jobs"), sums[0]);
	hash_sha256(STR("token-of-the-bridge-xx"), sums[1]);
	tokens[0] = (struct access_token){STR("cron"), {(char *)sums[0], 32}, PERMIT_PINGS};
	tokens[1] = (struct access_token){STR("bridge"),
					  {(char *)sums[1], 32},
					  PERMIT_READ | PERMIT_RESPOND};
	assert_true(access_address(STR("10.1.0.0"), nets[0].address, &v4));
	nets[0].bits = 96 + 15;
	assert_true(access_address(STR("2001:db8::1"), nets[1].address, &v4));
	nets[1].bits = 128;
	*a = (struct access){.users = users,
			     .n_users = 2,
			     .tokens = tokens,
			     .n_tokens = 2,
			     .others = PERMIT_READ,
			     .anonymous = 0,
			     .proxy_header = STR("x-forwarded-user"),
			     .proxies = nets,
			     .n_proxies = 2};
}

static bool reload(void *host, struct now now, struct err *err)
{
	(void)host;
	(void)now;
	(void)err;
	return true;
}

static struct core *house(struct web **w, struct access *a)
{
	struct core *c = fake_new();

	rules_set(a);
	c->config.access = a;
	c->has_config = true;
	*w = web_new(c, &(struct web_options){.version = STR("1"), .reload = reload});
	return c;
}

#define ASK(...) status_of(w, (struct fake_question){__VA_ARGS__})
/* A change of something that is not there: 404 is for those who may. */
#define CHANGE .method = "DELETE", .path = "/api/rouse/v1/overrides/7"

static void test_roles(void **state)
{
	struct access a;
	struct web *w;
	struct core *c = house(&w, &a);

	(void)state;
	assert_int_equal(ASK(.method = "GET", .path = "/incidents"), 401);
	assert_int_equal(ASK(.method = "GET", .path = "/incidents", .user = "bob"), 403);
	assert_int_equal(ASK(.method = "GET", .path = "/incidents", .user = "carol"), 200);
	assert_int_equal(ASK(CHANGE, .user = "carol"), 403);
	assert_int_equal(ASK(CHANGE, .user = "alice"), 404); /* she may; there is none */
	assert_int_equal(ASK(.method = "GET", .path = "/api/rouse/v1/audit", .user = "carol"), 403);
	assert_int_equal(ASK(.method = "GET", .path = "/api/rouse/v1/audit", .user = "alice"), 200);
	/* What needs nobody: assets, health, links. */
	assert_int_equal(ASK(.method = "GET", .path = "/assets/style.css"), 200);
	assert_int_equal(ASK(.method = "GET", .path = "/-/healthy"), 200);
	assert_int_equal(ASK(.method = "GET", .path = "/answer"), 404);
	assert_int_equal(ASK(.method = "GET", .path = "/metrics"), 401);
	web_free(w);
	fake_free(c);
	arena_done(&arena);
}

static void test_tokens(void **state)
{
	struct access a;
	struct web *w;
	struct core *c = house(&w, &a);

	(void)state;
	assert_int_equal(ASK(.method = "POST", .path = "/ping/x",
			     .authorization = "Bearer token-of-the-cron-jobs"),
			 404);
	assert_int_equal(ASK(.method = "GET", .path = "/incidents",
			     .authorization = "Bearer token-of-the-cron-jobs"),
			 403);
	assert_int_equal(ASK(CHANGE, .authorization = "Bearer token-of-the-cron-jobs"), 403);
	assert_int_equal(ASK(CHANGE, .authorization = "Bearer token-of-the-bridge-xx"), 404);
	assert_int_equal(ASK(CHANGE, .authorization = "Bearer token-of-the-bridge-x"), 401);
	assert_int_equal(ASK(CHANGE, .authorization = "Bearer "), 401);
	/* A token counts more than a name. */
	assert_int_equal(ASK(CHANGE, .authorization = "Bearer token-of-the-cron-jobs",
			     .user = "alice"),
			 403);
	assert_true(web_lets_in(w, STR("Bearer token-of-the-cron-jobs")));
	assert_false(web_lets_in(w, STR("Bearer token-of-the-cron-job")));
	assert_false(web_lets_in(w, STR("Basic token-of-the-cron-jobs")));
	assert_true(web_is_open(w, STR("/answer")));
	assert_false(web_is_open(w, STR("/-/healthy"))); /* the host may ask for a password */
	assert_false(web_is_open(w, STR("/incidents")));
	assert_false(web_is_open(w, STR("/answer/x")));
	web_free(w);
	fake_free(c);
	arena_done(&arena);
}

static void test_proxy(void **state)
{
	struct access a;
	struct web *w;
	struct core *c = house(&w, &a);

	(void)state;
	assert_int_equal(ASK(CHANGE, .remote = "10.0.3.4", .forwarded = "alice"), 404);
	assert_int_equal(ASK(CHANGE, .remote = "10.1.255.1", .forwarded = "alice"), 404);
	assert_int_equal(ASK(CHANGE, .remote = "10.2.0.1", .forwarded = "alice"), 401);
	assert_int_equal(ASK(CHANGE, .remote = "2001:db8::1", .forwarded = "alice"), 404);
	assert_int_equal(ASK(CHANGE, .remote = "2001:db8::2", .forwarded = "alice"), 401);
	assert_int_equal(ASK(CHANGE, .remote = "", .forwarded = "alice"), 401);
	assert_int_equal(ASK(CHANGE, .remote = "10.0.3.4", .forwarded = "carol"), 403);
	web_free(w);
	fake_free(c);
	arena_done(&arena);
}

static void test_other_sites_and_audit(void **state)
{
	struct access a;
	struct web *w;
	struct core *c = house(&w, &a);

	(void)state;
	assert_int_equal(ASK(.method = "POST", .path = "/api/rouse/v1/overrides", .user = "alice",
			     .site = "cross-site"),
			 403);
	assert_string_equal(c->audited, "");
	assert_int_equal(ASK(.method = "POST", .path = "/-/reload", .user = "carol"), 403);
	assert_string_equal(c->audited, "");
	assert_int_equal(ASK(.method = "POST", .path = "/api/v2/silences", .user = "alice"), 415);
	assert_string_equal(c->audited, ""); /* it was refused */
	assert_int_equal(ASK(.method = "POST", .path = "/-/reload", .user = "alice"), 200);
	assert_string_equal(c->audited, "alice: POST /-/reload");
	web_free(w);
	fake_free(c);
	arena_done(&arena);
}

TEST_GROUP(web_access, cmocka_unit_test(test_roles), cmocka_unit_test(test_tokens),
	   cmocka_unit_test(test_proxy), cmocka_unit_test(test_other_sites_and_audit));
