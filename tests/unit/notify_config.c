/* Alertmanager's keys: what is read, inherited, refused. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "notify/config.h"
#include "notify/matcher.h"
#include "notify/receiver.h"
#include "template/template.h"

/* Files that exist for these tests: name, text, in pairs. */
static const char *const FILES[] = {
	"/etc/am/t/a.tmpl",
	"{{ define \"mine\" }}x{{ end }}",
	"/etc/am/bad/b.tmpl",
	"{{ if }}",
};

static bool fake_read(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(FILES); i += 2) {
		if (str_is(path, FILES[i])) {
			*out = arena_str(a, str_of(FILES[i + 1]));
			return true;
		}
	}
	return err_set(err, -1, "cannot open %.*s: No such file or directory", STR_ARG(path));
}

/* "DIR/" followed by a star names all files of that folder. */
static bool fake_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		      struct err *err)
{
	struct str dir = str_cut(pattern, 0, pattern.n - 1);

	(void)arg;
	(void)err;
	*n = 0;
	*out = ARENA_ARRAY(a, struct str, ARRAY_LEN(FILES));
	for (size_t i = 0; i < ARRAY_LEN(FILES); i += 2) {
		if (str_eq(str_cut(str_of(FILES[i]), 0, dir.n), dir))
			(*out)[(*n)++] = str_of(FILES[i]);
	}
	return true;
}

static bool fake_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	(void)arg;
	(void)name;
	(void)a;
	(void)out;
	return false;
}

struct load {
	struct arena arena;
	struct notify_config *config;
	struct diags diags;
	bool ok;
};

static void load_text(struct load *l, const char *text)
{
	static const struct config_files files = {.read = fake_read,
						  .glob = fake_glob,
						  .env = fake_env};
	struct yaml_node *root;
	struct limits limits;
	struct err err = {0};
	bool more;

	*l = (struct load){0};
	arena_init(&l->arena);
	diags_init(&l->diags);
	limits_default(&limits);
	if (!yaml_parse(str_of(text), &limits, &l->arena, &root, &more, &err))
		fail_msg("%s", err.msg);
	l->ok = notify_config_parse(root, STR("/etc/am/am.yml"), &files, &limits, &l->config,
				    &l->diags);
}

static void load_done(struct load *l)
{
	notify_config_free(l->config);
	diags_done(&l->diags);
	arena_done(&l->arena);
}

static void load_good(struct load *l, const char *text)
{
	load_text(l, text);
	if (!l->ok)
		fail_msg("%d:%d: %s", l->diags.v[0].line, l->diags.v[0].col, l->diags.v[0].msg);
}

/* All findings, as "line:col: message", one a line. */
static void expect(const char *text, const char *errors)
{
	struct load l;
	struct buf b;

	load_text(&l, text);
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < l.diags.n; i++)
		buf_printf(&b, "%d:%d: %s\n", l.diags.v[i].line, l.diags.v[i].col,
			   l.diags.v[i].msg);
	assert_string_equal(buf_cstr(&b), errors);
	assert_int_equal(l.ok, l.diags.errors == 0);
	buf_done(&b);
	load_done(&l);
}

#define R "receivers: [{name: r}]\n"

static void test_defaults(void **state)
{
	struct load l;
	const struct notify_config *c;

	(void)state;
	load_good(&l, R "route: {receiver: r}\n");
	c = l.config;
	assert_int_equal(c->global.resolve_timeout, 5 * MINUTE);
	assert_true(c->global.http.follow_redirects);
	assert_true(str_is(c->global.smtp_hello, "localhost"));
	assert_true(c->global.smtp_require_tls);
	assert_false(c->global.has_smtp_force_implicit_tls);
	assert_int_equal(c->root->group_wait, 30 * SECOND);
	assert_int_equal(c->root->group_interval, 5 * MINUTE);
	assert_int_equal(c->root->repeat_interval, 4 * HOUR);
	assert_int_equal(c->root->n_group_by, 0);
	assert_true(str_is(c->root->key, "{}"));
	assert_true(str_is(c->root->id, "{}"));
	assert_int_equal(c->n_receivers, 1);
	assert_int_equal(c->receivers[0].n, 0);
	assert_null(notify_config_receiver(c, STR("x")));
	assert_non_null(c->templates);
	load_done(&l);
}

static void test_nothing_to_route(void **state)
{
	struct load l;

	(void)state;
	load_good(&l, "rule_files: [x]\n");
	assert_null(l.config->root);
	load_done(&l);
	expect(R, "1:1: no routes provided\n");
	expect("route:\n" R, "1:7: no routes provided\n");
}

static void test_inheritance(void **state)
{
	struct load l;
	const struct route *a, *b, *c, *d;

	(void)state;
	load_good(&l, "receivers: [{name: r}, {name: s}]\n"
		      "route:\n"
		      "  receiver: r\n"
		      "  group_by: [job, alertname]\n"
		      "  group_wait: 0s\n"
		      "  routes:\n"
		      "  - matchers: ['b=\"2\", a=1', c=~x]\n"
		      "    group_by: ['...']\n"
		      "    continue: true\n"
		      "    routes:\n"
		      "    - receiver: s\n"
		      "      group_interval: 1m\n"
		      "    - group_by: []\n"
		      "  - match: {z: 'q\"'}\n"
		      "    match_re: {y: '^[12]$'}\n");
	assert_int_equal(l.config->root->n_routes, 2);
	assert_true(str_is(l.config->root->group_by[0], "alertname"));
	a = l.config->root->routes[0];
	assert_true(str_is(a->receiver, "r"));
	assert_true(a->group_by_all && a->goes_on);
	assert_int_equal(a->group_wait, 0);
	assert_true(str_is(a->key, "{}/{a=\"1\",b=\"2\",c=~\"x\"}"));
	b = a->routes[0];
	assert_true(str_is(b->receiver, "s"));
	assert_true(b->group_by_all && !b->goes_on);
	assert_int_equal(b->n_matchers, 0);
	assert_int_equal(b->group_interval, MINUTE);
	assert_true(str_is(b->id, "{}/{a=\"1\",b=\"2\",c=~\"x\"}/0/{}/0"));
	assert_true(str_is(b->key, "{}/{a=\"1\",b=\"2\",c=~\"x\"}/{}"));
	c = a->routes[1];
	assert_false(c->group_by_all);
	assert_int_equal(c->n_group_by, 0);
	d = l.config->root->routes[1];
	assert_int_equal(d->n_group_by, 2);
	assert_true(str_is(d->key, "{}/{y=~\"^(?:^[12]$)$\",z=\"q\\\"\"}"));
	load_done(&l);
}

static void test_root_checks(void **state)
{
	(void)state;
	expect(R "route: {}\n", "2:8: root route must specify a default receiver\n");
	expect(R "route: {receiver: r, matchers: [a=b], continue: true}\n",
	       "2:8: root route must not have any matchers\n"
	       "2:8: cannot have continue in root route\n");
	expect(R "route: {receiver: r, matchers: []}\n", "");
	expect(R "route: {receiver: x}\n", "2:19: undefined receiver \"x\" used in route\n");
	expect(R "route: {receiver: r, routes: [{receiver: y, routes: [{}]}]}\n",
	       "2:42: undefined receiver \"y\" used in route\n");
}

static void test_route_checks(void **state)
{
	(void)state;
	expect(R "route: {receiver: r, group_by: ['...', a]}\n",
	       "2:32: cannot have wildcard group_by (`...`) and other labels at the same time\n");
	expect(R "route: {receiver: r, group_by: [a, '', a]}\n",
	       "2:32: invalid label name \"\" in group_by list\n"
	       "2:32: duplicated label \"a\" in group_by\n");
	expect(R "route: {receiver: r, group_interval: 0s, repeat_interval: 0}\n",
	       "2:8: group_interval cannot be zero\n2:8: repeat_interval cannot be zero\n");
	expect(R "route: {receiver: r, group_wait: 1.5h}\n",
	       "2:34: field 'group_wait': unknown unit \".\" in duration \"1.5h\"\n");
	expect(R "route: {receiver: r, routes: [{matchers: a=b}]}\n",
	       "2:42: field 'matchers' must be a list, found \"a=b\"\n");
	expect(R "route: {receiver: r, routes: [{matchers: [a, b]}]}\n",
	       "2:43: bad matcher format: a\n2:46: bad matcher format: b\n");
	expect(R "route: {receiver: r, routes: [{match_re: {a: '['}}]}\n",
	       "2:46: error parsing regexp: missing closing ]: `[)$)$`\n");
	expect(R "route: {receiver: r, routes: [{match: {a-b: c}, match_re: {d: }}]}\n",
	       "2:40: invalid label name \"a-b\"\n2:60: invalid regexp value for \"d\"\n");
	expect(R "route: {receiver: r, reciever: r}\n",
	       "2:22: field reciever not found in route; did you mean receiver?\n");
	expect(R "route: {receiver: r, routes: [~]}\n",
	       "2:31: route must be a map, found nothing\n");
}

static void test_time_intervals(void **state)
{
	struct load l;
	const struct route *r;

	(void)state;
	load_good(&l, R "route:\n"
			"  receiver: r\n"
			"  labels: {a: '1', b: '2'}\n"
			"  routes:\n"
			"  - {mute_time_intervals: [x, y], labels: {b: '3'}, routes: [{}]}\n"
			"time_intervals: [{name: x, time_intervals: [{location: Europe/Berlin}]}]\n"
			"mute_time_intervals: [{name: y}]\n");
	r = l.config->root->routes[0];
	assert_int_equal(r->n_mute, 2);
	assert_true(str_is(labels_get(r->labels, STR("a")), "1"));
	assert_true(str_is(labels_get(r->labels, STR("b")), "3"));
	assert_int_equal(r->routes[0]->n_mute, 0); /* not inherited; labels are */
	assert_true(labels_eq(r->routes[0]->labels, r->labels));
	load_done(&l);

	expect(R "route: {receiver: r, routes: [{mute_time_intervals: [x]}]}\n",
	       "2:54: undefined time interval \"x\" used in route\n");
	expect(R "route: {receiver: r}\ntime_intervals: [{name: x}, {}]\n"
		 "mute_time_intervals: [{name: x}]\n",
	       "3:25: time interval \"x\" is not unique\n3:29: missing name in time_intervals\n");
	expect(R "route: {receiver: r}\ntime_intervals:\n- name: x\n  time_intervals:\n"
		 "  - {location: Berlin}\n  - {weekday: [monday]}\n  - {weekdays: [mon]}\n"
		 "  - {times: [{start_time: '9:00', end_time: '17:00'}]}\n",
	       "6:16: unknown time zone Berlin: write a name of the tz database, as "
	       "Europe/Berlin\n"
	       "7:6: field weekday not found in time_interval; did you mean weekdays?\n"
	       "8:17: mon is not a valid weekday\n"
	       "9:27: couldn't parse timestamp 9:00, invalid format: write HH:MM, from 00:00 to "
	       "24:00\n");
}

static void test_what_is_not_there_yet(void **state)
{
	(void)state;
	expect(R "route: {receiver: r}\ninhibit_rules: [{source_matchers: ['a=~\"(\"']}]\n",
	       "3:36: error parsing regexp: missing closing ): `^(?:()$`\n");
	expect(R
	       "route: {receiver: r}\ninhibit_rules: [{equals: [a]}, {equal: [\"\"]}, {}, null]\n",
	       "3:18: field equals not found in inhibit_rule; did you mean equal?\n"
	       "3:32: invalid label name \"\" in equal list\n");
	expect("receivers: [{name: r, oncall_configs: [{}], pagerduty_configs: []}]\n"
	       "route: {receiver: r}\n",
	       "1:40: missing policy in oncall_config: one of oncall.policies\n");
	expect("receivers: [{name: r, oncall_configs: [{policy: p}]}]\n"
	       "route: {receiver: r}\n"
	       "oncall: {people: {alice: {contacts: {a: {nofty: {}}, b: {ntfy: {}}}}}, policies: "
	       "{q: {steps: [{page: [receiver/r, receiver/s]}]}}}\n",
	       "3:49: there is no kind of receiver \"nofty\"\n"
	       "3:64: missing topic in ntfy_config\n"
	       "3:83: policy q pages the receiver \"r\", which leads to a policy again\n"
	       "3:83: policy q pages the receiver \"s\", which there is not\n"
	       "1:0: receiver \"r\" names the policy \"p\", which oncall.policies does not have\n");
}

static void test_receivers(void **state)
{
	struct load l;
	const struct receiver *rc;

	(void)state;
	load_good(&l, "global: {http_config: {follow_redirects: false}}\n"
		      "receivers:\n"
		      "- name: r\n"
		      "  webhook_configs:\n"
		      "  - url: http://a/\n"
		      "  - url: http://b/\n"
		      "    send_resolved: false\n"
		      "    http_config: {}\n"
		      "  discord_configs:\n"
		      "  - {webhook_url: 'https://c/', update_message: true}\n"
		      "route: {receiver: r}\n");
	rc = notify_config_receiver(l.config, STR("r"));
	assert_int_equal(rc->n, 3);
	assert_string_equal(rc->integrations[0].kind->name, "webhook");
	assert_true(str_is(rc->integrations[0].id, "r/webhook/0"));
	assert_true(rc->integrations[0].send_resolved);
	assert_false(rc->integrations[0].http->follow_redirects);
	assert_non_null(rc->integrations[0].config);
	assert_true(str_is(rc->integrations[1].id, "r/webhook/1"));
	assert_false(rc->integrations[1].send_resolved);
	assert_true(rc->integrations[1].http->follow_redirects);
	assert_true(str_is(rc->integrations[2].id, "r/discord/0"));
	assert_true(rc->integrations[2].update_message);
	load_done(&l);
}

#define BEHIND "route: {receiver: r}\n"

static void test_receiver_checks(void **state)
{
	(void)state;
	expect("receivers: [{}]\n" BEHIND, "1:13: missing name in receiver\n"
					   "2:19: undefined receiver \"r\" used in route\n");
	expect("receivers: [{name: r}, {name: r}]\n" BEHIND,
	       "1:31: notification config name \"r\" is not unique\n");
	expect("receivers: [{name: r, labels: {name: x}}]\n" BEHIND,
	       "1:38: receiver label \"name\" must match receiver name \"r\", got \"x\"\n");
	expect("receivers: [{name: r, webhook_config: []}]\n" BEHIND,
	       "1:23: field webhook_config not found in receiver; did you mean webhook_configs?\n");
	expect("receivers: [{name: r, webhook_configs: [~]}]\n" BEHIND,
	       "1:41: missing webhook config\n");
	expect("receivers: [{name: r, webhook_configs: {}}]\n" BEHIND,
	       "1:40: field 'webhook_configs' must be a list, found a map\n");
	expect("receivers: [{name: r, webhook_configs: [{url: 'http://h/', send_resolvd: "
	       "true}]}]\n" BEHIND,
	       "1:60: field send_resolvd not found in webhook_configs; did you mean "
	       "send_resolved?\n");
	expect("receivers: [{name: r, webhook_configs: [{url: 'http://h/', update_message: "
	       "1}]}]\n" BEHIND,
	       "1:60: field update_message not found in webhook_configs\n");
	expect("receivers: [{name: r, webhook_configs: [{url: 'http://h/', send_resolved: "
	       "7}]}]\n" BEHIND,
	       "1:75: field 'send_resolved' must be true or false, found \"7\"\n");
}

static void test_global_checks(void **state)
{
	(void)state;
	expect("global: {bogus: 1}\n" R BEHIND, "1:10: field bogus not found in global\n");
	expect("global: {smtp_smarthost: nope}\n" R BEHIND,
	       "1:26: address nope: missing port in address\n");
	expect("global: {smtp_smarthost: 'localhost:'}\n" R BEHIND,
	       "1:26: address \"localhost:\": port cannot be empty\n");
	expect("global: {smtp_smarthost: '[::1]'}\n" R BEHIND,
	       "1:26: address [::1]: missing port in address\n");
	expect("global: {smtp_smarthost: '[::1]:25'}\n" R BEHIND, "");
	expect("global: {smtp_auth_password: a, smtp_auth_password_file: b}\n" R BEHIND,
	       "1:58: at most one of smtp_auth_password & smtp_auth_password_file must be "
	       "configured\n");
	expect("global: {slack_api_url: 'http://a', slack_app_token: t}\n" R BEHIND,
	       "1:25: at most one of slack_app_token/slack_app_token_file & "
	       "slack_api_url/slack_api_url_file must be configured\n");
	expect("global: {pagerduty_url: 'ftp://x/', webex_api_url: 'http:///'}\n" R BEHIND,
	       "1:25: field 'pagerduty_url': unsupported scheme \"ftp\" for URL, it must begin "
	       "with "
	       "http:// or https://\n"
	       "1:52: field 'webex_api_url': missing host for URL\n");
	expect("global: {slack_api_url: <secret>}\n" R BEHIND, "");
	expect("global: {smtp_tls_config: {cert_file: y}}\n" R BEHIND,
	       "1:27: exactly one of key or key_file must be configured when a client certificate "
	       "is configured\n");
	expect("global: {resolve_timeout: x}\n" R BEHIND,
	       "1:27: field 'resolve_timeout': not a valid duration string: \"x\"\n");
}

static void test_templates(void **state)
{
	struct load l;

	(void)state;
	load_good(&l, R BEHIND "templates: ['t/*', '/nowhere/*']\n");
	assert_true(template_set_has(l.config->templates, STR("mine")));
	load_done(&l);
	load_text(&l, R BEHIND "templates: ['bad/*']\n");
	assert_false(l.ok);
	assert_string_equal(l.diags.v[0].file, "/etc/am/bad/b.tmpl");
	assert_non_null(strstr(l.diags.v[0].msg, "template: b.tmpl:1:"));
	load_done(&l);
}

TEST_GROUP(config, cmocka_unit_test(test_defaults), cmocka_unit_test(test_nothing_to_route),
	   cmocka_unit_test(test_inheritance), cmocka_unit_test(test_root_checks),
	   cmocka_unit_test(test_route_checks), cmocka_unit_test(test_time_intervals),
	   cmocka_unit_test(test_what_is_not_there_yet), cmocka_unit_test(test_receivers),
	   cmocka_unit_test(test_receiver_checks), cmocka_unit_test(test_global_checks),
	   cmocka_unit_test(test_templates))
