/* rouse.yml: rouse's own keys, flags, environment, secrets, rule files; a made-up disk. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "evaluator/access.h"
#include "evaluator/config.h"
#include "oncall/runbook.h"
#include "rules/rules.h"

/* The disk of a test: name, text, in pairs, ended by NULL. */
struct disk {
	const char *const *files;
};

static bool disk_read(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	const struct disk *d = arg;

	for (size_t i = 0; d->files[i]; i += 2) {
		if (str_is(path, d->files[i])) {
			*out = arena_str(a, str_of(d->files[i + 1]));
			return true;
		}
	}
	return err_set(err, -1, "cannot open %.*s: No such file or directory", STR_ARG(path));
}

/* Exact names, and one star at the end. */
static bool disk_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		      struct err *err)
{
	const struct disk *d = arg;
	bool star = str_ends(pattern, "*");
	struct str head = str_cut(pattern, 0, pattern.n - star);

	(void)err;
	*n = 0;
	*out = ARENA_ARRAY(a, struct str, 100);
	for (size_t i = 0; d->files[i]; i += 2) {
		struct str name = str_of(d->files[i]);

		if (star ? str_eq(str_cut(name, 0, head.n), head) : str_eq(name, pattern))
			(*out)[(*n)++] = name;
	}
	return true;
}

static bool disk_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	(void)arg;
	if (!str_is(name, "HOOK") && !str_is(name, "LOOP"))
		return false;
	*out = arena_str(a, str_is(name, "HOOK") ? STR("http://hook/s3cret") : STR("${env:HOOK}"));
	return true;
}

struct load {
	struct config *config;
	struct diags diags;
	bool ok;
};

static void load_disk(struct load *l, const char *path, const struct config_args *args,
		      const char *const *files)
{
	struct disk disk = {.files = files};
	struct config_files ops = {.read = disk_read,
				   .glob = disk_glob,
				   .env = disk_env,
				   .arg = &disk};
	struct limits limits;

	*l = (struct load){0};
	limits_default(&limits);
	diags_init(&l->diags);
	l->ok = config_load(str_of(path), args, &ops, &limits, &l->config, &l->diags);
}

static void load_done(struct load *l)
{
	config_free(l->config);
	diags_done(&l->diags);
}

#define RULE "groups: [{name: g, rules: [{alert: a, expr: up == 0}]}]\n"
#define HOOK "route: {receiver: r}\nreceivers: [{name: r}]\n"

/* "/c/rouse.yml" with this text, some rule files and secrets beside it. */
static void load_text(struct load *l, const char *text)
{
	const char *files[] = {"/c/rouse.yml",
			       text,
			       "/c/rules/a.yml",
			       RULE,
			       "/c/rules/b.yml",
			       RULE,
			       "/c/pw",
			       "pw",
			       "/c/bad.yml",
			       "x",
			       NULL};

	load_disk(l, "/c/rouse.yml", NULL, files);
}

static void load_good(struct load *l, const char *text)
{
	load_text(l, text);
	if (!l->ok)
		fail_msg("%s:%d:%d: %s", l->diags.v[0].file, l->diags.v[0].line, l->diags.v[0].col,
			 l->diags.v[0].msg);
}

static void put_findings(const struct load *l, struct buf *b)
{
	for (size_t i = 0; i < l->diags.n; i++) {
		const struct diag *d = &l->diags.v[i];

		buf_printf(b, "%s:%d:%d: %s%s\n", d->file ? d->file : "", d->line, d->col,
			   d->warning ? "warning: " : "", d->msg);
	}
}

static void expect(const char *text, const char *findings)
{
	struct load l;
	struct buf b;

	load_text(&l, text);
	buf_init(&b, BUF_MAX_ANY);
	put_findings(&l, &b);
	assert_string_equal(buf_cstr(&b), findings);
	assert_int_equal(l.ok, l.diags.errors == 0);
	assert_int_equal(l.ok, l.config != NULL);
	buf_done(&b);
	load_done(&l);
}

#define F "/c/rouse.yml:"

static void test_everything(void **state)
{
	struct load l;
	const struct prometheus_config *p;

	(void)state;
	load_good(&l,
		  "prometheus:\n"
		  "  url: [http://a:9090/, 'https://b/prom//']\n"
		  "  evaluation_interval: 500ms\n"
		  "  rule_query_offset: 1s\n"
		  "  query_timeout: 7s\n"
		  "  resend_delay: 2m\n"
		  "  for_outage_tolerance: 3h\n"
		  "  for_grace_period: 4m\n"
		  "  blind_after: 5\n"
		  "  gzip: true\n"
		  "  console_url: http://show/\n"
		  "  external_labels: {region: eu, empty: ''}\n"
		  "  http_config: {basic_auth: {username: u, password_file: pw}}\n"
		  "  headers: {X-Scope-OrgID: team}\n"
		  "  remote_write: {url: 'http://w/api', basic_auth: {username: w, password: x}}\n"
		  "  alertmanagers: ['http://am1/', {url: 'http://am2', timeout: 3s}]\n"
		  "rule_files: ['rules/*', rules/a.yml]\n" HOOK);
	p = &l.config->prometheus;
	assert_true(l.config->has_prometheus);
	assert_int_equal(p->n_urls, 2);
	assert_true(str_is(p->urls[0].url, "http://a:9090"));
	assert_true(str_is(p->urls[1].url, "https://b/prom"));
	for (size_t i = 0; i < 2; i++) {
		assert_true(str_is(p->urls[i].http.username, "u"));
		assert_true(str_is(p->urls[i].http.password_file, "/c/pw"));
		assert_int_equal(p->urls[i].timeout, 7 * SECOND);
		assert_int_equal(p->urls[i].n_headers, 1);
		assert_true(str_is(p->urls[i].headers[0].name, "X-Scope-OrgID"));
	}
	assert_int_equal(p->evaluation_interval, 500);
	assert_int_equal(p->rule_query_offset, SECOND);
	assert_int_equal(p->resend_delay, 2 * MINUTE);
	assert_int_equal(p->for_outage_tolerance, 3 * HOUR);
	assert_int_equal(p->for_grace_period, 4 * MINUTE);
	assert_int_equal(p->blind_after, 5);
	assert_true(p->gzip);
	assert_true(str_is(p->console_url, "http://show"));
	assert_int_equal(labels_count(p->external_labels), 1);
	assert_true(str_is(p->remote_write->http.username, "w"));
	assert_true(str_is(p->remote_write->http.password, "x"));
	assert_int_equal(p->remote_write->timeout, 30 * SECOND);
	assert_int_equal(p->n_alertmanagers, 2);
	assert_true(str_is(p->alertmanagers[0].url, "http://am1"));
	assert_int_equal(p->alertmanagers[0].timeout, 10 * SECOND);
	assert_int_equal(p->alertmanagers[1].timeout, 3 * SECOND);
	/* Two files, the first one named twice. */
	assert_int_equal(l.config->n_rule_globs, 2);
	assert_true(str_is(l.config->rule_globs[0], "/c/rules/*"));
	assert_int_equal(l.config->rules->n, 2);
	assert_true(str_is(l.config->rules->groups[0].file, "/c/rules/a.yml"));
	assert_int_equal(l.config->rules->groups[0].interval, 500);
	assert_int_equal(l.config->rules->groups[0].query_offset, SECOND);
	load_done(&l);
}

static void test_defaults(void **state)
{
	struct load l;
	const struct prometheus_config *p;

	(void)state;
	load_good(&l, "prometheus: {url: 'http://a'}\n");
	p = &l.config->prometheus;
	assert_int_equal(p->evaluation_interval, MINUTE);
	assert_int_equal(p->rule_query_offset, 0);
	assert_int_equal(p->query_timeout, 30 * SECOND);
	assert_int_equal(p->resend_delay, MINUTE);
	assert_int_equal(p->for_outage_tolerance, HOUR);
	assert_int_equal(p->for_grace_period, 10 * MINUTE);
	assert_int_equal(p->blind_after, 3);
	assert_null(p->remote_write);
	assert_true(str_is(p->console_url, "http://a"));
	assert_null(l.config->notify->root);
	assert_int_equal(l.config->rules->n, 0);
	load_done(&l);
	/* An alertmanager.yml is a whole configuration. */
	load_good(&l, HOOK);
	assert_false(l.config->has_prometheus);
	assert_non_null(l.config->notify->root);
	assert_non_null(l.config->rules);
	load_done(&l);
}

static void test_refusals(void **state)
{
	(void)state;
	expect("",
	       F "0:0: no route provided in config, and no prometheus: there is nothing to do\n");
}

static void test_mistakes(void **state)
{
	(void)state;
	expect("- a\n", F "1:1: a configuration is a map of keys, found a list\n");
	expect("a: [\n", F "2:1: expected a value\n");
}

static void test_prometheus_mistakes(void **state)
{
	(void)state;
	expect("promtheus: {}\n" HOOK,
	       F "1:1: field promtheus not found in the configuration; did you mean prometheus?\n");
	expect("prometheus: {urll: 'http://a'}\n" HOOK,
	       F "1:13: prometheus needs the key url\n" F
		 "1:14: field urll not found in prometheus; did you mean url?\n");
	expect("prometheus: {url: 'localhost:9090'}\n" HOOK, F
	       "1:19: field 'url': unsupported scheme \"\" for URL, it must begin with http:// or "
	       "https://\n");
	expect("prometheus: {url: 'http://a', evaluation_interval: 0, blind_after: 0}\n" HOOK,
	       F "1:52: field 'evaluation_interval' must be more than 0\n" F
		 "1:68: field 'blind_after' must be a number from 1 to 1000000\n");
	expect("prometheus: {url: 'http://a', evaluation_interval: soon, gzip: maybe}\n" HOOK,
	       F "1:52: field 'evaluation_interval': not a valid duration string: \"soon\"\n" F
		 "1:64: field 'gzip' must be true or false, found \"maybe\"\n");
	expect("prometheus: {url: 'http://a', headers: {'a b': c}}\n" HOOK,
	       F "1:41: \"a b\" is no name of a header\n");
	expect("prometheus: {url: 'http://a', remote_write: {}}\n" HOOK,
	       F "1:45: remote_write: url for it is empty or missing\n");
	expect("prometheus: {url: 'http://a', remote_write: {url: 'http://w', queue_config: "
	       "{}}}\n" HOOK,
	       F
	       "1:77: queue_config is not supported yet: remove it, or wait for a later version\n");
	expect("prometheus: {url: 'http://a', alertmanagers: [{url: 'http://w', tls_confg: "
	       "{}}]}\n" HOOK,
	       F "1:65: field tls_confg not found in alertmanagers; did you mean tls_config?\n");
	expect("prometheus: {url: 'http://a', http_config: {basic_auth: {password_file: "
	       "no}}}\n" HOOK,
	       F "1:73: password_file: cannot open /c/no: No such file or directory\n");
	expect("status_page: {}\n" HOOK, F
	       "1:14: status_page is not supported yet: remove it, or wait for a later version\n");
	expect("runbooks: {}\n" HOOK,
	       F "1:11: runbooks needs dir: the folder of the Markdown files\n");
	expect("runbooks: {dir: x, folder: y}\n" HOOK,
	       F "1:20: field folder not found in runbooks\n");
}

static void load_runbooks(struct load *l, bool lenient)
{
	const char *files[] =
		{"/c/rouse.yml",
		 "prometheus: {url: 'http://a'}\nrule_files: [r.yml]\n"
		 "runbooks: {dir: runbooks/}\n" HOOK,
		 "/c/r.yml",
		 "groups:\n- name: g\n  rules:\n"
		 "  - {alert: a, expr: up == 0, annotations: {runbook: down}}\n"
		 "  - {alert: b, expr: up == 0, annotations: {runbook: dwon}}\n"
		 "  - {alert: c, expr: up == 0, annotations: {runbook: 'http://x/y'}}\n"
		 "  - {alert: d, expr: up == 0, annotations: {runbook: '{{ 1 }}'}}\n",
		 "/c/runbooks/down.md",
		 "## Triage\n- [ ] look\n",
		 "/c/runbooks/bad.md",
		 "# Nothing\n",
		 "/c/runbooks/notes.txt",
		 "",
		 NULL};
	struct disk disk = {.files = files};
	struct config_files ops = {.read = disk_read,
				   .glob = disk_glob,
				   .env = disk_env,
				   .lenient_runbooks = lenient,
				   .arg = &disk};
	struct limits limits;

	*l = (struct load){0};
	limits_default(&limits);
	diags_init(&l->diags);
	l->ok = config_load(STR("/c/rouse.yml"), NULL, &ops, &limits, &l->config, &l->diags);
}

#define NO_STAGE \
	"no heading is a stage: \"## Triage\", \"## Diagnosis\", \"## Mitigation\", \"## " \
	"Recovery\" with steps (\"- [ ] ...\") below\n"
#define NO_SUCH "/c/r.yml:5:54: warning: b names the runbook \"dwon\", and there is no such file\n"

/* A mistake in a runbook refuses a check and no daemon. */
static void test_runbooks(void **state)
{
	struct load l;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_ANY);
	load_runbooks(&l, false);
	assert_false(l.ok);
	put_findings(&l, &b);
	assert_string_equal(buf_cstr(&b), "/c/runbooks/bad.md:1:1: " NO_STAGE NO_SUCH);
	load_done(&l);
	buf_clear(&b);
	load_runbooks(&l, true);
	assert_true(l.ok);
	put_findings(&l, &b);
	assert_string_equal(buf_cstr(&b), "/c/runbooks/bad.md:1:1: warning: " NO_STAGE NO_SUCH);
	assert_int_equal(l.config->notify->runbooks->n, 2);
	assert_non_null(runbooks_get(l.config->notify->runbooks, STR("down")));
	load_done(&l);
	buf_done(&b);
	expect("runbooks: {dir: none}\n" HOOK,
	       F "1:11: warning: runbooks: there is no Markdown file (.md) in /c/none\n");
}

static void test_findings_in_the_order_of_the_file(void **state)
{
	(void)state;
	expect("route: {receiver: r, recievr: x}\nreceivers: [{name: r}, {}]\nbogus: 1\n",
	       F "1:22: field recievr not found in route; did you mean receiver?\n" F
		 "2:24: missing name in receiver\n" F
		 "3:1: field bogus not found in the configuration\n");
}

static void test_rule_files(void **state)
{
	(void)state;
	expect("rule_files: [rules/a.yml]\n" HOOK, F
	       "1:13: rules need a Prometheus to ask: add prometheus: {url: ...}, or --prometheus "
	       "on the command line\n");
	expect("prometheus: {url: 'http://a'}\nrule_files: [rules/no.yml, 'none/*', "
	       "bad.yml]\n" HOOK,
	       F "2:14: rule_files: there is no file /c/rules/no.yml\n" F
		 "2:28: warning: rule_files: no file matches /c/none/*\n"
		 "/c/bad.yml:1:1: a rule file is a map with the key groups, found text\n");
	expect("prometheus: {url: 'http://a'}\nrule_files: rules/a.yml\n" HOOK,
	       F "2:13: field 'rule_files' must be a list, found \"rules/a.yml\"\n");
}

static void test_environment_and_secrets(void **state)
{
	struct load l;
	const char *text;

	(void)state;
	load_good(&l, "# old: http://gone/\n"
		      "prometheus:\n"
		      "  url: http://u:pass@word@a/\n"
		      "  http_config: {basic_auth: {username: u, password: \"p\\x41w\"}}\n"
		      "  headers: {Authorization: tok}\n"
		      "route: {receiver: r}\n"
		      "receivers:\n"
		      "- name: r\n"
		      "  webhook_configs:\n"
		      "  - url: ${env:HOOK}\n"
		      "  - url: http://plain/ # trailing\n"
		      "  - url: |-\n"
		      "      http://block/\n"
		      "    send_resolved: true\n");
	text = arena_cstr(&l.config->arena, l.config->text);
	assert_string_equal(text, "prometheus:\n"
				  "  url: http://u:<secret>@word@a/\n"
				  "  http_config: {basic_auth: {username: u, password: <secret>}}\n"
				  "  headers: {Authorization: <secret>}\n"
				  "route: {receiver: r}\n"
				  "receivers:\n"
				  "- name: r\n"
				  "  webhook_configs:\n"
				  "  - url: <secret>\n"
				  "  - url: <secret> # trailing\n"
				  "  - url: <secret>\n"
				  "    send_resolved: true\n");
	assert_int_equal(l.config->notify->receivers[0].n, 3);
	load_done(&l);
	expect("route: {receiver: '${env:NO}'}\nreceivers: [{name: '${env:HOOK'}]\n",
	       F "1:19: the environment variable NO is not set\n" F
		 "2:20: ${env:NAME} is not closed by \"}\"\n");
}

static void test_secrets_of_contacts(void **state)
{
	struct load l;

	(void)state;
	load_good(&l, "route: {receiver: r}\n"
		      "receivers: [{name: r}]\n"
		      "access: {tokens: [{name: ci, token: 0123456789abcdef, scopes: [read]}]}\n"
		      "oncall:\n"
		      "  defaults: {twilio: {account_sid: A, auth_token: deep, from: '+1'}}\n"
		      "  people:\n"
		      "    alice:\n"
		      "      contacts:\n"
		      "        a: {twilio: {to: '+2'}}\n"
		      "        b: {webhook: {url: 'http://secret/'}}\n"
		      "        c: {matrix: {homeserver_url: 'http://m/', room_id: '!r:m', "
		      "access_token: deep}}\n");
	assert_true(str_find(l.config->text, STR("deep")) < 0);
	assert_true(str_find(l.config->text, STR("http://secret")) < 0);
	assert_true(str_find(l.config->text, STR("0123456789abcdef")) < 0);
	assert_true(str_find(l.config->text, STR("account_sid: A, auth_token: <secret>")) > 0);
	load_done(&l);
}

static void test_access(void **state)
{
	static const char top[] = "route: {receiver: r}\nreceivers: [{name: r}]\n";
	char text[600];
	struct load l;

	(void)state;
	snprintf(text, sizeof(text),
		 "%saccess: {users: {alice: admin, bob: none}, others: responder, anonymous: none, "
		 "proxy: {header: X-User, from: [10.0.0.0/8, '::1']}, "
		 "tokens: [{name: ci, token: 0123456789abcdef, scopes: [events, pings]}]}\n",
		 top);
	load_good(&l, text);
	assert_int_equal(access_user_permits(l.config->access, STR("alice")), PERMIT_ALL);
	assert_int_equal(access_user_permits(l.config->access, STR("bob")), 0);
	assert_int_equal(access_user_permits(l.config->access, STR("carol")),
			 PERMIT_ALL & ~PERMIT_ADMIN);
	assert_int_equal(access_token_find(l.config->access, STR("0123456789abcdef"))->permits,
			 PERMIT_EVENTS | PERMIT_PINGS);
	assert_null(access_token_find(l.config->access, STR("0123456789abcdeF")));
	assert_true(access_trusts(l.config->access, STR("10.200.0.1")));
	assert_false(access_trusts(l.config->access, STR("11.0.0.1")));
	assert_false(access_trusts(l.config->access, STR("")));
	load_done(&l);
	expect("access:\n  users: {alice: boss}\n  anonymous: [viewer]\n  tokens:\n"
	       "  - {name: a, token: short, scopes: [read]}\n"
	       "  - {name: b, token: 0123456789abcdef}\n"
	       "  - {name: c, token: 0123456789abcdef, scopes: [write]}\n"
	       "  - {name: d, scopes: [read]}\n"
	       "  proxy: {header: X, from: [10.0.0.0/33]}\n"
	       "route: {receiver: r}\nreceivers: [{name: r}]\n",
	       F "2:18: a role is admin, responder, viewer or none, found \"boss\"\n" F
		 "3:14: a role is admin, responder, viewer or none, found \"\"\n" F
		 "5:5: a token needs 16 characters at least\n" F
		 "6:5: a token needs scopes: what it may\n" F
		 "7:49: a scope is read, respond, alerts, events, pings or admin, each once, found "
		 "\"write\"\n" F "8:5: exactly one of token & token_file must be configured\n" F
		 "9:29: an address or a net was expected, like 127.0.0.1 or 10.0.0.0/8, found "
		 "\"10.0.0.0/33\"\n");
}

static void test_environment_is_put_in_once(void **state)
{
	struct load l;

	(void)state;
	load_good(&l, "receivers: [{name: &n '${env:LOOP}'}]\nroute: {receiver: *n}\n");
	assert_true(str_is(l.config->notify->receivers[0].name, "${env:HOOK}"));
	load_done(&l);
}

static void test_flags(void **state)
{
	struct str globs[] = {STR("./r/../rules/*")};
	struct config_args args = {
		.prometheus_url = STR("http://p:9090/"),
		.rule_globs = globs,
		.n_rule_globs = 1,
		.discord = STR("https://d/hook"),
		.webhook = STR("http://w/\"quoted\""),
		.email = STR("a@example.org"),
		.smtp_smarthost = STR("localhost:25"),
		.console = true,
		.group_wait = MS_NONE,
	};
	const char *files[] = {"rules/a.yml", RULE, NULL};
	const struct notify_config *n;
	struct load l;

	(void)state;
	load_disk(&l, "", &args, files);
	if (!l.ok)
		fail_msg("%s", l.diags.v[0].msg);
	n = l.config->notify;
	assert_true(str_is(l.config->prometheus.urls[0].url, "http://p:9090"));
	assert_int_equal(l.config->rules->n_rules, 1);
	assert_true(str_is(l.config->rules->groups[0].file, "rules/a.yml"));
	assert_int_equal(n->n_receivers, 1);
	assert_int_equal(n->receivers[0].n, 4);
	assert_true(str_is(n->root->receiver, "default"));
	assert_int_equal(n->root->group_wait, 10 * SECOND);
	assert_true(str_is(n->root->group_by[0], "alertname"));
	assert_true(str_is(n->global.smtp_from, "a@example.org"));
	assert_false(n->global.smtp_require_tls);
	assert_true(str_find(l.config->text, STR("https://d/")) < 0);
	load_done(&l);

	args.group_wait = 0;
	args.smtp_smarthost = STR("mx.example.org:25");
	load_disk(&l, "", &args, files);
	assert_true(l.ok);
	assert_int_equal(l.config->notify->root->group_wait, 0);
	assert_true(l.config->notify->global.smtp_require_tls);
	load_done(&l);

	args.smtp_smarthost = STR("");
	load_disk(&l, "", &args, files);
	assert_false(l.ok);
	assert_non_null(strstr(l.diags.v[0].msg, "needs a mail server"));
	load_done(&l);
}

static void test_flags_beside_a_file(void **state)
{
	const char *files[] = {"rouse.yml", HOOK, "only.yml", "prometheus: {url: 'http://a'}\n",
			       NULL};
	struct config_args args = {.console = true, .group_wait = MS_NONE};
	struct load l;

	(void)state;
	load_disk(&l, "only.yml", &args, files);
	assert_true(l.ok);
	assert_true(str_is(l.config->notify->root->receiver, "default"));
	load_done(&l);
	load_disk(&l, "rouse.yml", &args, files);
	assert_false(l.ok);
	assert_non_null(strstr(l.diags.v[0].msg, "not in both"));
	assert_int_equal(l.diags.n, 1);
	load_done(&l);
	load_disk(&l, "missing.yml", NULL, files);
	assert_false(l.ok);
	assert_string_equal(l.diags.v[0].msg, "cannot open missing.yml: No such file or directory");
	load_done(&l);
	args = (struct config_args){.prometheus_url = STR("http://b"), .group_wait = MS_NONE};
	load_disk(&l, "only.yml", &args, files);
	assert_true(l.ok);
	assert_true(str_is(l.config->prometheus.urls[0].url, "http://b"));
	load_done(&l);
}

/* As the benchmarks write it. */
static void test_a_benchmark(void **state)
{
	struct load l;

	(void)state;
	load_good(&l, "prometheus: {url: 'http://127.0.0.1:1', evaluation_interval: 500ms, "
		      "alertmanagers: ['http://127.0.0.1:2']}\n"
		      "rule_files: ['/c/rules/*']\n"
		      "route: {receiver: hook, group_by: ['alertname'], group_wait: 0s, "
		      "group_interval: "
		      "1s, repeat_interval: 4h}\n"
		      "receivers: [{name: hook}]\n");
	assert_int_equal(l.config->notify->root->group_wait, 0);
	assert_int_equal(l.config->rules->n, 2);
	load_done(&l);
}

TEST_GROUP(config, cmocka_unit_test(test_everything), cmocka_unit_test(test_defaults),
	   cmocka_unit_test(test_refusals), cmocka_unit_test(test_mistakes),
	   cmocka_unit_test(test_prometheus_mistakes), cmocka_unit_test(test_rule_files),
	   cmocka_unit_test(test_runbooks),
	   cmocka_unit_test(test_findings_in_the_order_of_the_file),
	   cmocka_unit_test(test_environment_and_secrets),
	   cmocka_unit_test(test_secrets_of_contacts), cmocka_unit_test(test_access),
	   cmocka_unit_test(test_environment_is_put_in_once), cmocka_unit_test(test_flags),
	   cmocka_unit_test(test_flags_beside_a_file), cmocka_unit_test(test_a_benchmark))
