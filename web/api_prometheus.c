/*
 * Rules, alerts and status in Prometheus's words. Source of every behaviour: Prometheus 3.14,
 * web/api/v1. Order: groups as the core lists them (file, then name), rules as in the file.
 */
#include "web/api_prometheus.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/num.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "promql/matcher.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "web/answer.h"

/* One match[]: all of its matchers must hold. */
struct selector {
	const struct matcher *v;
	size_t n;
};

/* A request for rules, read and checked, and how far its answer is. */
struct listing {
	struct exchange *x;
	bool alerts, recordings, exclude_alerts;
	int64_t group_limit; /* 0: none */
	struct str token;    /* of the first group wanted; empty: from the start */
	bool token_found;
	struct selector *selectors; /* n_selectors 0: every rule */
	size_t n_selectors;
	size_t groups, rules; /* written: of the page, of the group */
	char next[HASH_SHA256_HEX];
	bool failed;
	struct err err;
};

/* ---- alerts -----------------------------------------------------------------------------------
 */

struct alert_list {
	struct buf *b;
	size_t n;
};

static bool put_alert(void *arg, const struct rule_alert_view *a)
{
	struct alert_list *list = arg;
	struct buf *b = list->b;

	if (list->n++)
		buf_addc(b, ',');
	answer_put_labels(b, "{\"labels\":", a->labels);
	answer_put_labels(b, ",\"annotations\":", a->annotations);
	answer_put_str(b, ",\"state\":", str_of(alert_state_name(a->state)));
	answer_put_time(b, ",\"activeAt\":", a->active_at);
	if (a->keep_firing_since != MS_NONE)
		answer_put_time(b, ",\"keepFiringSince\":", a->keep_firing_since);
	buf_adds(b, ",\"value\":\"");
	num_put_float(b, a->value, 'e', -1);
	buf_adds(b, "\"}");
	return true;
}

struct alert_walk {
	const struct core *core;
	struct alert_list list;
};

static bool alerts_of_rule(void *arg, const struct rule_view *r)
{
	struct alert_walk *w = arg;

	if (r->n_alerts)
		core_rule_alerts(w->core, r, put_alert, &w->list);
	return true;
}

static bool alerts_of_group(void *arg, const struct group_view *g)
{
	struct alert_walk *w = arg;

	core_rules(w->core, g->group, alerts_of_rule, w);
	return true;
}

void api_prometheus_alerts(struct exchange *x)
{
	struct alert_walk w = {.core = x->core, .list.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"alerts\":[");
	core_groups(x->core, alerts_of_group, &w);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

/* ---- rules: the parameters ---------------------------------------------------------------------
 */

/* `invalid parameter "name": ` in front of what is in x->body. False, for the caller to return. */
static bool bad_param(struct exchange *x, const char *name, struct str why)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "invalid parameter \"%s\": ", name);
	buf_add(&b, why);
	answer_json_error(x, API_BAD_DATA, buf_str(&b));
	buf_done(&b);
	return false;
}

/* The same where the reason ends with the value in quotes and a few words. */
static bool bad_value(struct exchange *x, const char *name, const char *why, struct str value,
		      const char *tail)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, why);
	promql_put_quoted(&b, value);
	buf_adds(&b, tail);
	bad_param(x, name, buf_str(&b));
	buf_done(&b);
	return false;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	return (struct str){.p = p, .n = s.n};
}

static bool read_type(struct listing *l)
{
	struct str type = lower(l->x->arena, exchange_param(l->x, "type"));

	if (type.n && !str_is(type, "alert") && !str_is(type, "record"))
		return bad_value(l->x, "type", "not supported value ", type, "");
	l->alerts = !str_is(type, "record");
	l->recordings = !str_is(type, "alert");
	return true;
}

/* As strconv.ParseBool on the lower-cased text. */
static bool read_exclude_alerts(struct listing *l)
{
	struct str v = lower(l->x->arena, exchange_param(l->x, "exclude_alerts"));

	if (!v.n || str_is(v, "0") || str_is(v, "f") || str_is(v, "false"))
		return true;
	l->exclude_alerts = str_is(v, "1") || str_is(v, "t") || str_is(v, "true");
	return l->exclude_alerts ||
	       bad_value(l->x, "exclude_alerts",
			 "error converting exclude_alerts: strconv.ParseBool: parsing ", v,
			 ": invalid syntax");
}

static bool read_paging(struct listing *l)
{
	struct str limit = exchange_param(l->x, "group_limit");

	l->token = exchange_param(l->x, "group_next_token");
	if (!limit.n && l->token.n)
		return bad_param(l->x, "group_next_token",
				 STR("group_limit needs to be present in order to paginate over "
				     "the groups"));
	if (!limit.n)
		return true;

	enum num_result r = num_int(limit, 10, &l->group_limit);

	if (r == NUM_OK && (l->group_limit > INT32_MAX || l->group_limit < INT32_MIN))
		r = NUM_RANGE;
	if (r != NUM_OK)
		return bad_value(l->x, "group_limit",
				 "group_limit needs to be a valid number: strconv.ParseInt: "
				 "parsing ",
				 limit,
				 r == NUM_RANGE ? ": value out of range" : ": invalid syntax");
	if (l->group_limit <= 0)
		return bad_param(l->x, "group_limit",
				 STR("group_limit needs to be greater than 0"));
	return true;
}

static bool selects_something(const struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->v[i].matches_empty)
			return true;
	}
	return false;
}

static bool read_selector(struct listing *l, struct str text)
{
	struct limits limits;
	struct err err = {0};
	struct selector *s = &l->selectors[l->n_selectors];

	limits_default(&limits);
	if (!promql_parse_selector(text, &limits, l->x->arena, &s->v, &s->n, &err)) {
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		promql_error_put(&b, text, &err);
		answer_json_error(l->x, API_BAD_DATA, buf_str(&b));
		buf_done(&b);
		return false;
	}
	if (!selects_something(s)) {
		answer_json_error(l->x, API_BAD_DATA,
				  STR("match[] must contain at least one non-empty matcher"));
		return false;
	}
	l->n_selectors++;
	return true;
}

static bool read_selectors(struct listing *l)
{
	const struct web_request *r = l->x->req;

	l->selectors = ARENA_ARRAY(l->x->arena, struct selector, r->n_query);
	for (size_t i = 0; i < r->n_query; i++) {
		if (str_is(r->query[i].name, "match[]") && !read_selector(l, r->query[i].value))
			return false;
	}
	return true;
}

/* ---- rules: the answer -------------------------------------------------------------------------
 */

static bool selector_holds(struct listing *l, const struct selector *s, struct labels ls)
{
	for (size_t i = 0; i < s->n; i++) {
		bool ok = false;

		if (!matcher_test(&s->v[i], labels_get(ls, s->v[i].name), &ok, &l->err))
			l->failed = true;
		if (!ok || l->failed)
			return false;
	}
	return true;
}

static bool rule_wanted(struct listing *l, const struct rule *r)
{
	if (!(r->alerting ? l->alerts : l->recordings) ||
	    !exchange_param_allows(l->x, "rule_name[]", r->name))
		return false;
	for (size_t i = 0; i < l->n_selectors; i++) {
		if (selector_holds(l, &l->selectors[i], r->labels))
			return true;
	}
	return l->n_selectors == 0;
}

static void put_annotations(struct buf *b, const struct rule *r)
{
	buf_adds(b, ",\"annotations\":{");
	for (size_t i = 0; i < r->n_annotations; i++) {
		answer_put_str(b, i ? "," : "", r->annotations[i].name);
		answer_put_str(b, ":", r->annotations[i].value);
	}
	buf_addc(b, '}');
}

/* What only alerting rules have, between labels and health. */
static void put_alerting(struct listing *l, const struct rule_view *v)
{
	struct buf *b = &l->x->body;
	struct alert_list list = {.b = b};

	put_annotations(b, v->rule);
	if (l->exclude_alerts) {
		buf_adds(b, ",\"alerts\":null");
		return;
	}
	buf_adds(b, ",\"alerts\":[");
	core_rule_alerts(l->x->core, v, put_alert, &list);
	buf_addc(b, ']');
}

static bool put_rule(void *arg, const struct rule_view *v)
{
	struct listing *l = arg;
	struct buf *b = &l->x->body;
	const struct rule *r = v->rule;

	if (!rule_wanted(l, r))
		return !l->failed;
	buf_adds(b, l->rules++ ? ",{" : "{");
	if (r->alerting) {
		const char *state = v->evaluated ? alert_state_name(v->state) : "unknown";

		answer_put_str(b, "\"state\":", str_of(state));
		buf_addc(b, ',');
	}
	answer_put_str(b, "\"name\":", r->name);
	answer_put_str(b, ",\"query\":", r->query);
	if (r->alerting) {
		answer_put_float(b, ",\"duration\":", (double)r->hold / 1000);
		answer_put_float(b, ",\"keepFiringFor\":", (double)r->keep_firing_for / 1000);
	}
	answer_put_labels(b, ",\"labels\":", r->labels);
	if (r->alerting)
		put_alerting(l, v);
	answer_put_str(b, ",\"health\":", str_of(rule_health_name(v->health)));
	if (v->last_error.n)
		answer_put_str(b, ",\"lastError\":", v->last_error);
	answer_put_float(b, ",\"evaluationTime\":", v->evaluation_s);
	answer_put_time(b, ",\"lastEvaluation\":", v->last_evaluation);
	buf_adds(b, r->alerting ? ",\"type\":\"alerting\"}" : ",\"type\":\"recording\"}");
	return true;
}

/* The name of a page: sha256 of "file;name" of its first group, in hex. */
static void token_of(const struct rule_group *g, char out[HASH_SHA256_HEX])
{
	hash_sha256_hex(g->key, out);
}

static bool before_page(struct listing *l, const struct rule_group *g)
{
	char token[HASH_SHA256_HEX];

	if (!l->token.n || l->token_found)
		return false;
	token_of(g, token);
	l->token_found = str_is(l->token, token);
	return !l->token_found;
}

static void put_group(struct listing *l, const struct group_view *v)
{
	struct buf *b = &l->x->body;

	buf_adds(b, l->groups ? "," : "");
	answer_put_str(b, "{\"name\":", v->group->name);
	answer_put_str(b, ",\"file\":", v->group->file);
	buf_adds(b, ",\"rules\":[");
	l->rules = 0;
	core_rules(l->x->core, v->group, put_rule, l);
	answer_put_float(b, "],\"interval\":", (double)v->group->interval / 1000);
	buf_adds(b, ",\"limit\":");
	num_put_int(b, v->group->limit);
	answer_put_float(b, ",\"evaluationTime\":", v->evaluation_s);
	answer_put_time(b, ",\"lastEvaluation\":", v->last_evaluation);
	buf_addc(b, '}');
}

static bool list_group(void *arg, const struct group_view *v)
{
	struct listing *l = arg;
	struct buf *b = &l->x->body;
	size_t mark = b->n;

	if (before_page(l, v->group) ||
	    !exchange_param_allows(l->x, "rule_group[]", v->group->name) ||
	    !exchange_param_allows(l->x, "file[]", v->group->file))
		return true;
	put_group(l, v);
	if (l->failed)
		return false;
	if (l->rules == 0) {
		b->n = mark;
		return true;
	}
	if (l->group_limit && l->groups == (size_t)l->group_limit) {
		/* One more than the page holds: it begins the next one. */
		b->n = mark;
		token_of(v->group, l->next);
		return false;
	}
	l->groups++;
	return true;
}

static void list_groups(struct listing *l)
{
	struct exchange *x = l->x;

	answer_json_begin(x);
	buf_adds(&x->body, "{\"groups\":[");
	core_groups(x->core, list_group, l);
	if (l->failed) {
		answer_json_error(x, API_EXECUTION, str_of(l->err.msg));
		return;
	}
	if (l->token.n && !l->token_found) {
		struct str why =
			arena_printf(x->arena,
				     "invalid group_next_token '%.*s'. were rule groups changed?",
				     STR_ARG(str_cut(l->token, 0, 256)));

		bad_param(x, "group_next_token", why);
		return;
	}
	buf_addc(&x->body, ']');
	if (l->next[0])
		answer_put_str(&x->body, ",\"groupNextToken\":", str_of(l->next));
	buf_addc(&x->body, '}');
	answer_json_end(x);
}

void api_prometheus_rules(struct exchange *x)
{
	struct listing l = {.x = x};

	if (read_selectors(&l) && read_type(&l) && read_exclude_alerts(&l) && read_paging(&l))
		list_groups(&l);
}

/* ---- status ------------------------------------------------------------------------------------
 */

void api_prometheus_alertmanagers(struct exchange *x)
{
	const struct config *c = core_config(x->core);
	size_t n = c ? c->prometheus.n_alertmanagers : 0;

	answer_json_begin(x);
	buf_adds(&x->body, "{\"activeAlertmanagers\":[");
	for (size_t i = 0; i < n; i++) {
		struct str url = arena_printf(x->arena, "%.*s/api/v2/alerts",
					      STR_ARG(c->prometheus.alertmanagers[i].public_url));

		answer_put_str(&x->body, i ? ",{\"url\":" : "{\"url\":", url);
		buf_addc(&x->body, '}');
	}
	buf_adds(&x->body, "],\"droppedAlertmanagers\":[]}");
	answer_json_end(x);
}

void api_prometheus_buildinfo(struct exchange *x)
{
	answer_json_begin(x);
	answer_put_str(&x->body, "{\"version\":", x->web->options.version);
	buf_adds(&x->body,
		 ",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\","
		 "\"goVersion\":\"\",\"application\":\"rouse\"}");
	answer_json_end(x);
}

void api_prometheus_runtimeinfo(struct exchange *x)
{
	struct self_view self = {0};

	core_self(x->core, &self);
	answer_json_begin(x);
	answer_put_time(&x->body, "{\"startTime\":", self.started_at);
	answer_put_time(&x->body, ",\"serverTime\":", x->now.wall);
	answer_put_bool(&x->body, ",\"reloadConfigSuccess\":", self.reload_ok);
	answer_put_time(&x->body, ",\"lastConfigTime\":", self.reloaded_at);
	buf_addc(&x->body, '}');
	answer_json_end(x);
}

void api_prometheus_config(struct exchange *x)
{
	const struct config *c = core_config(x->core);

	answer_json_begin(x);
	answer_put_str(&x->body, "{\"yaml\":", c ? c->text : STR(""));
	buf_addc(&x->body, '}');
	answer_json_end(x);
}
