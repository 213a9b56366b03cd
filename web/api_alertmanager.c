/* Alerts that come in, receivers and status, in Alertmanager's words. */
#include "web/api_alertmanager.h"

#include <stdlib.h>

#include "base/regex.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/matcher.h"
#include "notify/notify.h"
#include "notify/route.h"
#include "notify/silence.h"
#include "promql/print.h"
#include "web/am_json.h"

#define ALERTS_MAX 100000 /* of one request */

/* ---- in ------------------------------------------------------------------------------------ */
struct posting {
	struct exchange *x;
	struct alert_in *v;
	size_t n;
	struct buf errors; /* of alerts that are refused, one a line */
};

/* A map of texts; labels that are empty are left out. False if it is none, and the answer is made.
 */
static bool read_map(struct posting *p, const struct am_value *map, const char *what,
		     struct labels *out)
{
	struct labels_builder lb;

	labels_builder_init(&lb);
	lb.keep_empty = strcmp(what, "annotations") == 0;
	for (size_t i = 0; map && map->kind == AM_OBJECT && i < map->n; i++) {
		const struct am_value *value = &map->members[i].value;

		if (value->kind != AM_STRING) {
			am_invalid(p->x, 400, 400,
				   "parsing alerts body from \"\" failed, because json: cannot "
				   "unmarshal %s into Go struct field %s%s of type string",
				   am_kind_name(value),
				   strcmp(what, "labels") == 0 ? "Alert." : ".", what);
			labels_builder_done(&lb);
			return false;
		}
		labels_builder_set(&lb, map->members[i].name, value->text);
	}
	*out = labels_builder_build(&lb, p->x->arena);
	labels_builder_done(&lb);
	return true;
}

static void refuse(struct posting *p, const char *why)
{
	buf_printf(&p->errors, "%s%s", p->errors.n ? "\n" : "", why);
}

static bool names_valid(struct posting *p, struct labels ls, const char *what)
{
	struct labels_iter it = {0};
	struct label l;

	while (labels_next(ls, &it, &l)) {
		if (am_label_name_valid(am_mode(p->x), l.name))
			continue;
		buf_printf(&p->errors, "%sinvalid %s: invalid name ", p->errors.n ? "\n" : "",
			   what);
		promql_put_quoted(&p->errors, l.name);
		return false;
	}
	return true;
}

/* As Go's url.ParseRequestURI: a path from the root, or something with a scheme. */
static bool is_uri(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	}
	while (n < s.n && s.p[n] != ':' && s.p[n] != '/')
		n++;
	return s.p[0] == '/' || (n && n < s.n && s.p[n] == ':');
}

/* The end that the alert will have. */
static ms_t end_of(const struct exchange *x, const struct alert_in *in)
{
	const struct config *cfg = core_config(x->core);

	if (in->ends_at != MS_NONE)
		return in->ends_at;
	return x->now.wall +
	       (cfg && cfg->notify ? cfg->notify->global.resolve_timeout : 5 * MINUTE);
}

/* False: nothing is taken at all, the answer is made. */
static bool read_alert(struct posting *p, const struct am_value *a, size_t i)
{
	struct alert_in in = {.source = ALERT_FROM_API,
			      .generator_url = am_text(a, "generatorURL")};
	const struct am_value *labels = am_member(a, "labels");
	struct err err = {0};

	if (!labels || labels->kind != AM_OBJECT) {
		am_invalid(p->x, 422, 602, "%zu.labels in body is required", i);
		return false;
	}
	if (!read_map(p, labels, "labels", &in.labels) ||
	    !read_map(p, am_member(a, "annotations"), "annotations", &in.annotations))
		return false;
	if (!am_time(a, "startsAt", &in.starts_at, &err) ||
	    !am_time(a, "endsAt", &in.ends_at, &err)) {
		am_invalid(p->x, 400, 400, "parsing alerts body from \"\" failed, because %s",
			   err.msg);
		return false;
	}
	if (in.generator_url.n && !is_uri(in.generator_url)) {
		am_invalid(p->x, 422, 601, "%zu.generatorURL in body must be of type uri: \"%.*s\"",
			   i, (int)MIN(in.generator_url.n, 200), in.generator_url.p);
		return false;
	}
	if (!in.labels.n)
		refuse(p, "at least one label pair required");
	else if (in.starts_at != MS_NONE && end_of(p->x, &in) < in.starts_at)
		refuse(p, "start time must be before end time");
	else if (names_valid(p, in.labels, "label set") &&
		 names_valid(p, in.annotations, "annotations"))
		p->v[p->n++] = in;
	return true;
}

static bool read_alerts(struct posting *p, const struct am_value *root)
{
	p->v = ARENA_ARRAY(p->x->arena, struct alert_in, root->n + 1);
	for (size_t i = 0; i < root->n; i++) {
		if (!read_alert(p, &root->items[i], i))
			return false;
	}
	return true;
}

static void post(struct exchange *x)
{
	struct posting p = {.x = x};
	struct am_value root;

	if (!am_body(x, "alerts", &root))
		return;
	buf_init(&p.errors, BUF_MAX_ANY);
	if (root.kind != AM_LIST && root.kind != AM_NULL) {
		am_invalid(x, 400, 400,
			   "parsing alerts body from \"\" failed, because json: cannot unmarshal "
			   "%s "
			   "into Go value of type models.PostableAlerts",
			   am_kind_name(&root));
	} else if (root.n > ALERTS_MAX) {
		am_invalid(x, 400, 400, "more than %d alerts in one request", ALERTS_MAX);
	} else if (read_alerts(&p, &root)) {
		notify_put(core_notify(x->core), x->now, p.v, p.n);
		if (p.errors.n)
			am_error(x, 400, buf_str(&p.errors));
		else
			am_answer(x, 200);
		x->out->after_turn = core_turn(x->core);
	}
	buf_done(&p.errors);
}

void api_am_alerts(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		post(x);
	else
		api_am_listing(x);
}

/* ---- receivers and status ------------------------------------------------------------------ */
void api_am_receivers(struct exchange *x)
{
	const struct config *cfg = core_config(x->core);
	struct matcher *matchers;
	struct err err = {0};
	bool first = true, ok;
	size_t n;

	if (!am_receiver_matchers(x, &matchers, &n))
		return;
	buf_addc(&x->body, '[');
	for (size_t i = 0; cfg && cfg->notify && i < cfg->notify->n_receivers; i++) {
		const struct receiver *r = &cfg->notify->receivers[i];

		if (n && !(am_matchers_test(matchers, n, r->labels, &ok, &err) && ok))
			continue;
		answer_put_labels(&x->body, first ? "{\"labels\":" : ",{\"labels\":", r->labels);
		answer_put_str(&x->body, ",\"name\":", r->name);
		buf_addc(&x->body, '}');
		first = false;
	}
	buf_adds(&x->body, "]\n");
	am_answer(x, 200);
}

/* Go's name for a program that gives none. Debian's amtool is one: it reads the configuration
 * strictly and knows no key younger than itself, so it gets what was written, without defaults. */
static bool is_strict_reader(const struct exchange *x)
{
	return str_starts(exchange_header(x, "user-agent"), "Go-http-client/");
}

/* Alertmanager's keys alone: amtool and Grafana read it as one of its files. */
static void put_original(struct exchange *x, const struct config *cfg)
{
	struct buf *b = &x->body, text;

	buf_init(&text, BUF_MAX_ANY);
	if (cfg && cfg->notify && cfg->text.n && is_strict_reader(x))
		notify_config_original(cfg->notify, cfg->text, &text);
	else if (cfg && cfg->notify)
		notify_config_print(cfg->notify, &text);
	answer_put_str(b, ",\"config\":{\"original\":", buf_str(&text));
	buf_done(&text);
}

void api_am_status(struct exchange *x)
{
	const struct config *cfg = core_config(x->core);
	struct self_view self = {0};
	struct buf *b = &x->body;

	core_self(x->core, &self);
	/* One peer: this process itself. */
	if (x->web->options.no_cluster)
		buf_adds(b, "{\"cluster\":{\"peers\":[],\"status\":\"disabled\"}");
	else
		buf_adds(b, "{\"cluster\":{\"name\":\"rouse\",\"peers\":[{\"address\":"
			    "\"127.0.0.1:9094\",\"name\":\"rouse\"}],\"status\":\"ready\"}");
	put_original(x, cfg);
	am_put_time(b, "},\"uptime\":", self.started_at);
	answer_put_str(b,
		       ",\"versionInfo\":{\"branch\":\"\",\"buildDate\":\"\",\"buildUser\":"
		       "\"\",\"goVersion\":\"\",\"revision\":\"\",\"version\":",
		       x->web->options.version);
	buf_adds(b, "}}\n");
	am_answer(x, 200);
}
