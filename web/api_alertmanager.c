/* Alerts, receivers and status in Alertmanager's words. */
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

/* ---- out ----------------------------------------------------------------------------------- */
struct listing {
	struct exchange *x;
	struct matcher *filters;
	size_t n_filters;
	struct regex *receiver; /* NULL: any */
	struct matcher *receiver_matchers;
	size_t n_receiver_matchers;
	bool active, silenced, inhibited, muted;
	struct buf muted_by; /* of the group that is listed: names as JSON, separated by commas */
	struct buf silenced_by; /* of the alert that is listed: ids, in the same way */
	const struct alert **v;
	size_t n, cap;
};

/* It fires, and the filters let it pass. */
static bool passes(const struct listing *l, const struct alert *a)
{
	struct err err = {0};
	bool ok;

	return !alert_resolved(a, l->x->now.wall) &&
	       am_matchers_test(l->filters, l->n_filters, a->labels, &ok, &err) && ok;
}

static bool collect(void *arg, const struct alert *a)
{
	struct listing *l = arg;

	if (!passes(l, a))
		return true;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		const struct alert **v = ARENA_ARRAY(l->x->arena, const struct alert *, cap);

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = a;
	return true;
}

static int by_fingerprint(const void *a, const void *b)
{
	uint64_t x = labels_fingerprint((*(const struct alert *const *)a)->labels);
	uint64_t y = labels_fingerprint((*(const struct alert *const *)b)->labels);

	return x < y ? -1 : x > y;
}

/* The receivers of one alert, and whether one of them is asked for. */
struct receivers {
	struct listing *l;
	struct str *v;
	size_t n, cap;
	bool only_wanted; /* the others are left out */
	bool wanted;
};

static struct labels receiver_labels(const struct exchange *x, struct str name)
{
	const struct config *cfg = core_config(x->core);

	for (size_t i = 0; cfg && cfg->notify && i < cfg->notify->n_receivers; i++) {
		if (str_eq(cfg->notify->receivers[i].name, name))
			return cfg->notify->receivers[i].labels;
	}
	return (struct labels){.p = ""};
}

static bool receiver_wanted(const struct listing *l, struct str name)
{
	struct err err = {0};
	bool ok = true;

	if (l->receiver && !(regex_match(l->receiver, name, &ok, &err) && ok))
		return false;
	return !l->n_receiver_matchers ||
	       (am_matchers_test(l->receiver_matchers, l->n_receiver_matchers,
				 receiver_labels(l->x, name), &ok, &err) &&
		ok);
}

static void add_receiver(void *arg, const struct route *r)
{
	struct receivers *rs = arg;
	bool wanted = receiver_wanted(rs->l, r->receiver);

	if (rs->only_wanted && !wanted)
		return;
	if (rs->n == rs->cap) {
		size_t cap = rs->cap ? 2 * rs->cap : 4;
		struct str *v = ARENA_ARRAY(rs->l->x->arena, struct str, cap);

		if (rs->n)
			memcpy(v, rs->v, rs->n * sizeof(*v));
		rs->v = v;
		rs->cap = cap;
	}
	rs->v[rs->n++] = r->receiver;
	rs->wanted |= wanted;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool put_id(void *arg, const struct silence *s)
{
	struct buf *b = arg;

	answer_put_str(b, b->n ? "," : "", s->id);
	return true;
}

static void put_alert(struct listing *l, const struct alert *a, const struct receivers *rs,
		      const struct alert *by, bool first)
{
	struct buf *b = &l->x->body;

	answer_put_labels(b, first ? "{\"annotations\":" : ",{\"annotations\":", a->annotations);
	am_put_time(b, ",\"endsAt\":",
		    a->ends_at == MS_NONE ? l->x->now.wall + 5 * MINUTE : a->ends_at);
	buf_printf(b, ",\"fingerprint\":\"%016llx\",\"receivers\":[",
		   (unsigned long long)labels_fingerprint(a->labels));
	for (size_t i = 0; i < rs->n; i++) {
		answer_put_str(b, i ? ",{\"name\":" : "{\"name\":", rs->v[i]);
		buf_addc(b, '}');
	}
	am_put_time(b, "],\"startsAt\":", a->starts_at);
	buf_adds(b, ",\"status\":{\"inhibitedBy\":[");
	if (by)
		buf_printf(b, "\"%016llx\"", (unsigned long long)labels_fingerprint(by->labels));
	buf_adds(b, "],\"mutedBy\":[");
	buf_add(b, buf_str(&l->muted_by));
	buf_adds(b, "],\"silencedBy\":[");
	buf_add(b, buf_str(&l->silenced_by));
	buf_printf(b, "],\"state\":\"%s\"}",
		   l->silenced_by.n || by || l->muted_by.n ? "suppressed" : "active");
	am_put_time(b, ",\"updatedAt\":", a->updated_at);
	if (a->generator_url[0])
		answer_put_str(b, ",\"generatorURL\":", str_of(a->generator_url));
	answer_put_labels(b, ",\"labels\":", a->labels);
	buf_addc(b, '}');
}

/* Writes an alert if it is asked for. In groups the receivers are sorted, and it is the group's
 * own that must be asked for. */
static bool list_alert(struct listing *l, const struct alert *a, bool in_group, bool first)
{
	const struct config *cfg = core_config(l->x->core);
	const struct notify *n = core_notify(l->x->core);
	const struct alert *by = notify_inhibited_by(n, l->x->now.wall, a->labels);
	bool silenced;
	struct receivers rs = {.l = l, .only_wanted = in_group};

	buf_clear(&l->silenced_by);
	notify_silenced_by(n, l->x->now.wall, a->labels, put_id, &l->silenced_by);
	silenced = l->silenced_by.n > 0;
	if ((silenced && !l->silenced) || (by && !l->inhibited) || (!silenced && !by && !l->active))
		return false;
	route_match(cfg && cfg->notify ? cfg->notify->root : NULL, a->labels, add_receiver, &rs);
	if (!rs.wanted && !in_group)
		return false;
	if (in_group && rs.n > 1)
		qsort(rs.v, rs.n, sizeof(*rs.v), by_name);
	put_alert(l, a, &rs, by, first);
	return true;
}

static bool read_receiver(struct exchange *x, struct regex **out)
{
	struct str text = exchange_param(x, "receiver");
	struct err err = {0};

	*out = NULL;
	if (!text.n)
		return true;
	text = arena_printf(x->arena, "^(?:%.*s)$", STR_ARG(text)); /* as Go's errors quote it */
	if (regex_compile(text, 0, x->arena, out, &err))
		return true;
	am_error(x, 400, arena_printf(x->arena, "failed to parse receiver param: %s", err.msg));
	return false;
}

static void listing_done(struct listing *l)
{
	buf_done(&l->muted_by);
	buf_done(&l->silenced_by);
}

static bool read_listing(struct exchange *x, struct listing *l)
{
	*l = (struct listing){
		.x = x,
		.active = am_flag(x, "active"),
		.silenced = am_flag(x, "silenced"),
		.inhibited = am_flag(x, "inhibited"),
		.muted = am_flag(x, "muted"),
	};
	buf_init(&l->muted_by, BUF_MAX_ANY);
	buf_init(&l->silenced_by, BUF_MAX_ANY);
	return am_filters(x, &l->filters, &l->n_filters) && read_receiver(x, &l->receiver) &&
	       am_receiver_matchers(x, &l->receiver_matchers, &l->n_receiver_matchers);
}

static void list(struct exchange *x)
{
	struct listing l;
	bool first = true;

	if (!read_listing(x, &l))
		return;
	notify_alerts(core_notify(x->core), collect, &l);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_fingerprint);
	buf_addc(&x->body, '[');
	for (size_t i = 0; i < l.n; i++)
		first = !list_alert(&l, l.v[i], false, first) && first;
	listing_done(&l);
	buf_adds(&x->body, "]\n");
	am_answer(x, 200);
}

void api_am_alerts(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		post(x);
	else
		list(x);
}

static void put_muted_by(void *arg, struct str name)
{
	struct buf *b = arg;

	answer_put_str(b, b->n ? "," : "", name);
}

static bool list_group(void *arg, const struct alert_group_view *g)
{
	struct listing *l = arg;
	struct buf *b = &l->x->body;
	size_t before = b->n;
	bool first = true;

	buf_clear(&l->muted_by);
	route_muted_by(g->route, l->x->now.wall, put_muted_by, &l->muted_by);
	if (!receiver_wanted(l, g->receiver) || (l->muted_by.n && !l->muted))
		return true;
	buf_adds(b, l->n ? ",{\"alerts\":[" : "{\"alerts\":[");
	for (size_t i = 0; i < g->n; i++) {
		if (passes(l, g->alerts[i]))
			first = !list_alert(l, g->alerts[i], true, first) && first;
	}
	if (first) { /* nothing of it is asked for */
		b->n = before;
		return true;
	}
	l->n++;
	answer_put_labels(b, "],\"labels\":", g->labels);
	answer_put_str(b, ",\"receiver\":{\"name\":", g->receiver);
	answer_put_labels(b, "},\"routeLabels\":", g->route_labels);
	buf_addc(b, '}');
	return true;
}

void api_am_alert_groups(struct exchange *x)
{
	struct listing l;

	if (!read_listing(x, &l))
		return;
	buf_addc(&x->body, '[');
	notify_alert_groups(core_notify(x->core), x->now, list_group, &l);
	listing_done(&l);
	buf_adds(&x->body, "]\n");
	am_answer(x, 200);
}

/* ---- receivers and status ------------------------------------------------------------------ */
void api_am_receivers(struct exchange *x)
{
	const struct config *cfg = core_config(x->core);
	struct listing l = {.x = x};
	bool first = true;

	if (!am_receiver_matchers(x, &l.receiver_matchers, &l.n_receiver_matchers))
		return;
	buf_addc(&x->body, '[');
	for (size_t i = 0; cfg && cfg->notify && i < cfg->notify->n_receivers; i++) {
		const struct receiver *r = &cfg->notify->receivers[i];

		if (!receiver_wanted(&l, r->name))
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
