/*
 * Alertmanager's template functions, and running the texts of receivers' keys. A text is parsed
 * into the configuration's set when it is first needed and found there by its name afterwards.
 */
#include "notify/func.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/regex.h"
#include "base/tz.h"
#include "base/url.h"
#include "notify/data.h"
#include "notify/message.h"
#include "notify/receiver.h"
#include "rules/func.h"
#include "template/builtin.h"
#include "template/gofmt.h"
#include "template/gorune.h"
#include "template/gotime.h"

#define FUNCTION(name) \
	static enum template_outcome name(struct template_call *c, const struct value *args, \
					  size_t n, struct value *out)
#define TEXT_MAX ((size_t)1 << 20) /* what one function may make */
#define TOO_LONG "the text is longer than %zu bytes"

/* What the functions look at. */
struct func_env {
	ms_t now;
	const struct message *message;
};

/* The name under which a route label's template is in the set; see know_route_labels. */
static struct str route_label_name(struct arena *a, struct str text)
{
	return arena_printf(a, "route label %.*s", STR_ARG(text));
}

/* Strings that HTML mode lets through as they are. */
static const struct value_type TYPE_SAFE_HTML = {.name = "template.HTML", .kind = VALUE_STRING};
static const struct value_type TYPE_SAFE_URL = {.name = "template.URL", .kind = VALUE_STRING};

/* Ends a function that wrote into b. */
static enum template_outcome give_text(struct template_call *c, struct buf *b, struct value *out)
{
	bool full = b->full;

	*out = value_str(arena_str(c->arena, buf_str(b)));
	buf_done(b);
	return full ? template_fail(c, TOO_LONG, TEXT_MAX) : TEMPLATE_OK;
}

/* ---- strings ----------------------------------------------------------------------------- */
static enum template_outcome map_runes(struct template_call *c, struct str s,
				       int32_t (*map)(int32_t), struct value *out)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	while (s.n) {
		struct gorune r = gorune_first(s);

		gorune_put(&b, map(r.r));
		s = str_from(s, (size_t)r.n);
	}
	return give_text(c, &b, out);
}

FUNCTION(to_upper)
{
	(void)n;
	return map_runes(c, args[0].s, gorune_upper, out);
}

FUNCTION(to_lower)
{
	(void)n;
	return map_runes(c, args[0].s, gorune_lower, out);
}

/* The first letter of each word large, the others small; an apostrophe stays in its word. */
FUNCTION(title)
{
	struct buf b;
	bool inside = false;

	(void)n;
	buf_init(&b, TEXT_MAX);
	for (struct str s = args[0].s; s.n;) {
		struct gorune r = gorune_first(s);
		bool word = gorune_is_letter(r.r) || gorune_is_digit(r.r);

		gorune_put(&b, !word ? r.r : inside ? gorune_lower(r.r) : gorune_title(r.r));
		inside = word || (inside && (r.r == '\'' || r.r == 0x2019 || r.r == '_'));
		s = str_from(s, (size_t)r.n);
	}
	return give_text(c, &b, out);
}

FUNCTION(trim_space)
{
	struct str s = args[0].s;

	(void)c;
	(void)n;
	while (s.n && gorune_is_space(gorune_first(s).r))
		s = str_from(s, (size_t)gorune_first(s).n);
	while (s.n && gorune_is_space(gorune_last(s).r))
		s = str_cut(s, 0, s.n - (size_t)gorune_last(s).n);
	*out = value_str(s);
	return TEMPLATE_OK;
}

FUNCTION(join)
{
	struct buf b;

	(void)n;
	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < args[1].list.n; i++) {
		if (i)
			buf_add(&b, args[0].s);
		buf_add(&b, value_list_at(args[1], i).s);
	}
	return give_text(c, &b, out);
}

FUNCTION(match)
{
	OWNED(regex) re = NULL;
	struct err err;
	bool hit;

	(void)n;
	if (!regex_compile(args[0].s, 0, NULL, &re, &err) ||
	    !regex_match(re, args[1].s, &hit, &err))
		return template_fail(c, "%s", err.msg);
	*out = value_bool(hit);
	return TEMPLATE_OK;
}

FUNCTION(re_replace_all)
{
	OWNED(regex) re = NULL;
	struct err err;
	struct buf b;

	(void)n;
	if (!regex_compile(args[0].s, 0, NULL, &re, &err))
		return template_fail(c, "%s", err.msg);
	buf_init(&b, TEXT_MAX);
	if (regex_replace(re, args[2].s, args[1].s, &b, &err))
		return give_text(c, &b, out);
	buf_done(&b);
	return template_fail(c, "%s", err.msg);
}

FUNCTION(safe_html)
{
	(void)c;
	(void)n;
	*out = value_as(&TYPE_SAFE_HTML, args[0]);
	return TEMPLATE_OK;
}

FUNCTION(safe_url)
{
	(void)c;
	(void)n;
	*out = value_as(&TYPE_SAFE_URL, args[0]);
	return TEMPLATE_OK;
}

FUNCTION(url_decode)
{
	struct str s;
	ptrdiff_t at = str_find_char(args[0].s, '%');

	(void)n;
	if (!url_unescape(c->arena, args[0].s, true, &s))
		return template_fail(c, "invalid URL escape \"%.*s\"",
				     STR_ARG(str_cut(args[0].s, (size_t)at, (size_t)at + 3)));
	*out = value_str(s);
	return TEMPLATE_OK;
}

FUNCTION(string_slice)
{
	struct value *v = ARENA_ARRAY(c->arena, struct value, n + 1);

	memcpy(v, args, n * sizeof(*v));
	*out = value_list(&TYPE_STRINGS, v, n);
	return TEMPLATE_OK;
}

/* ---- base64, the URL alphabet with padding ----------------------------------------------- */
static enum template_outcome give_base64(struct template_call *c, struct str s, struct value *out)
{
	*out = value_str(s);
	return s.n <= TEXT_MAX ? TEMPLATE_OK : template_fail(c, TOO_LONG, TEXT_MAX);
}

FUNCTION(encode_base64)
{
	(void)n;
	return give_base64(c, base64_encode(args[0].s, BASE64_URL, c->arena), out);
}

FUNCTION(decode_base64)
{
	struct str s;
	size_t at;

	(void)n;
	if (!base64_decode(args[0].s, BASE64_URL, c->arena, &s, &at))
		return template_fail(c, "illegal base64 data at input byte %zu", at);
	return give_base64(c, s, out);
}

/* ---- lists and maps ---------------------------------------------------------------------- */
FUNCTION(list)
{
	struct value *v = ARENA_ARRAY(c->arena, struct value, n + 1);

	memcpy(v, args, n * sizeof(*v));
	*out = value_list(&TYPE_ANYS, v, n);
	return TEMPLATE_OK;
}

FUNCTION(append)
{
	size_t have = args[0].list.n;
	struct value *v = ARENA_ARRAY(c->arena, struct value, have + n);

	for (size_t i = 0; i < have; i++)
		v[i] = value_list_at(args[0], i);
	memcpy(v + have, args + 1, (n - 1) * sizeof(*v));
	*out = value_list(&TYPE_ANYS, v, have + n - 1);
	return TEMPLATE_OK;
}

FUNCTION(dict)
{
	struct value_pair *p = ARENA_ARRAY(c->arena, struct value_pair, n / 2 + 1);

	if (n % 2)
		return template_fail(c, "expected even number of arguments, got %zu", n);
	for (size_t i = 0; i < n; i += 2) {
		if (args[i].kind != VALUE_STRING)
			return template_fail(c, "expected string key, got %s",
					     value_type_name(args[i]));
		p[i / 2] = (struct value_pair){.key = args[i].s, .value = args[i + 1]};
	}
	*out = value_pairs(c->arena, &TYPE_ANY_MAP, p, n / 2);
	return TEMPLATE_OK;
}

FUNCTION(to_json)
{
	struct buf b;

	(void)n;
	buf_init(&b, TEXT_MAX);
	if (data_put_json(&b, args[0], c->arena))
		return give_text(c, &b, out);
	buf_done(&b);
	return template_fail(c, "json: unsupported type: %s", value_type_name(args[0]));
}

/* A label of the route, which is a template itself; what cannot be expanded is given as it is
 * written. */
FUNCTION(route_labels)
{
	const struct func_env *env = c->user;
	struct str text =
		env && env->message ? labels_get(env->message->route_labels, args[0].s) : STR("");
	struct template_result r;
	struct buf b;

	(void)n;
	*out = value_str(text);
	if (template_is_plain(text))
		return TEMPLATE_OK;
	buf_init(&b, TEXT_MAX);
	r = template_exec_nested(c, route_label_name(c->arena, text),
				 notify_template_data(env->message, c->arena), &b);
	if (r.outcome == TEMPLATE_OK)
		return give_text(c, &b, out);
	buf_done(&b);
	return TEMPLATE_OK;
}

/* ---- time -------------------------------------------------------------------------------- */
FUNCTION(date)
{
	struct buf b;

	(void)n;
	buf_init(&b, TEXT_MAX);
	gotime_format(&b, args[1].time, args[0].s);
	return give_text(c, &b, out);
}

FUNCTION(now)
{
	const struct func_env *env = c->user;

	(void)args;
	(void)n;
	*out = value_time_ms(c->arena, env ? env->now : MS_NONE);
	return TEMPLATE_OK;
}

FUNCTION(since)
{
	const struct func_env *env = c->user;
	const struct value_time *t = args[0].time;

	(void)n;
	*out = value_duration(((env ? env->now : 0) - t->s * SECOND) * 1000000 - t->ns);
	return TEMPLATE_OK;
}

FUNCTION(in_zone)
{
	struct value_time t = *args[1].time;
	struct tz *tz = tz_open(args[0].s);
	struct str zone;

	(void)n;
	if (!tz)
		return template_fail(c, "unknown time zone %.*s", STR_ARG(args[0].s));
	t.offset_s = tz_offset_s(tz, t.s * SECOND);
	zone = arena_printf(c->arena, "%s%c", tz_abbreviation(tz, t.s * SECOND), 0);
	t.zone = zone.p;
	tz_free(tz);
	*out = value_time(c->arena, t);
	return TEMPLATE_OK;
}

FUNCTION(must_to_date)
{
	struct value_time t;
	struct err err;

	(void)n;
	if (!gotime_parse(args[0].s, args[1].s, &t, &err))
		return template_fail(c, "%s", err.msg);
	*out = value_time(c->arena, t);
	return TEMPLATE_OK;
}

/* What is no date is the zero time. */
FUNCTION(to_date)
{
	struct value_time t = {.s = VALUE_TIME_ZERO_S};

	(void)n;
	if (!gotime_parse(args[0].s, args[1].s, &t, NULL))
		t = (struct value_time){.s = VALUE_TIME_ZERO_S};
	*out = value_time(c->arena, t);
	return TEMPLATE_OK;
}

/* Prometheus's function of the same name. */
FUNCTION(humanize_duration)
{
	for (const struct template_func *f = RULE_FUNCS.table; f->name; f++) {
		if (strcmp(f->name, "humanizeDuration") == 0)
			return f->call(c, args, n, out);
	}
	return template_fail(c, "not available");
}

#define P1(a) .params = {&TYPE_##a}, .n_params = 1
#define P2(a, b) .params = {&TYPE_##a, &TYPE_##b}, .n_params = 2
#define P3(a, b, c) .params = {&TYPE_##a, &TYPE_##b, &TYPE_##c}, .n_params = 3

static const struct template_func FUNCS[] = {
	{.name = "toUpper", .call = to_upper, P1(STRING)},
	{.name = "toLower", .call = to_lower, P1(STRING)},
	{.name = "title", .call = title, P1(STRING)},
	{.name = "trimSpace", .call = trim_space, P1(STRING)},
	{.name = "join", .call = join, P2(STRING, STRINGS)},
	{.name = "match", .call = match, P2(STRING, STRING)},
	{.name = "reReplaceAll", .call = re_replace_all, P3(STRING, STRING, STRING)},
	{.name = "safeHtml", .call = safe_html, P1(STRING)},
	{.name = "safeUrl", .call = safe_url, P1(STRING)},
	{.name = "urlUnescape", .call = url_decode, P1(STRING)},
	{.name = "stringSlice", .call = string_slice, P1(STRING), .variadic = true},
	{.name = "base64encode", .call = encode_base64, P1(STRING)},
	{.name = "base64decode", .call = decode_base64, P1(STRING)},
	{.name = "list", .call = list, P1(ANY), .variadic = true},
	{.name = "append", .call = append, P2(ANYS, ANY), .variadic = true},
	{.name = "dict", .call = dict, P1(ANY), .variadic = true},
	{.name = "toJson", .call = to_json, P1(ANY)},
	{.name = "routeLabels", .call = route_labels, P1(STRING)},
	{.name = "date", .call = date, P2(STRING, TIME)},
	{.name = "tz", .call = in_zone, P2(STRING, TIME)},
	{.name = "toDate", .call = to_date, P2(STRING, STRING)},
	{.name = "mustToDate", .call = must_to_date, P2(STRING, STRING)},
	{.name = "now", .call = now},
	{.name = "since", .call = since, P1(TIME)},
	{.name = "humanizeDuration", .call = humanize_duration, P1(ANY)},
	{0},
};

const struct template_funcs notify_template_funcs = {.table = FUNCS};

/* ---- sets and texts ---------------------------------------------------------------------- */
struct template_set *notify_template_set(struct arena *a, const struct limits *l)
{
	struct template_set *ts = template_set_new(a, l);
	struct err err;

	template_set_missing_key(ts, TEMPLATE_MISSING_ZERO);
	CHECK(notify_parse_default_templates(ts, &err));
	return ts;
}

bool notify_template_check(struct str text, const struct limits *l, struct err *err)
{
	struct arena a;
	bool ok;

	if (template_is_plain(text))
		return true;
	arena_init(&a);
	ok = template_set_parse(template_set_new(&a, l), STR(""), text, &notify_template_funcs,
				err);
	arena_done(&a);
	return ok;
}

static bool known_text(struct template_set *ts, struct str name, struct str text, struct err *err)
{
	return template_set_has(ts, name) ||
	       template_set_parse(ts, name, text, &notify_template_funcs, err);
}

/* Functions cannot parse while a template runs: what routeLabels may need is parsed before. */
static void know_route_labels(struct template_set *ts, const struct message *m, struct arena *a)
{
	struct labels_iter it = {0};
	struct err ignored = {0};
	struct label l;

	while (labels_next(m->route_labels, &it, &l)) {
		if (!template_is_plain(l.value) &&
		    !known_text(ts, route_label_name(a, l.value), l.value, &ignored))
			continue; /* stands there as it is written */
	}
}

bool notify_expand(const struct rendering *x, struct str name, struct str text, struct value dot,
		   struct str *out, struct err *err)
{
	struct func_env env = {.now = x->now, .message = x->message};
	struct template_options o = {.arena = x->arena,
				     .limits = x->limits,
				     .html = x->mode == RENDER_HTML,
				     .user = &env};
	struct template_result r;
	struct buf b;

	if (!known_text(x->templates, name, text, err))
		return false;
	if (x->message)
		know_route_labels(x->templates, x->message, x->arena);
	buf_init(&b, x->limits->template_bytes);
	r = template_exec(x->templates, name, dot, &o, &b);
	if (r.outcome == TEMPLATE_OK && !b.full) {
		*out = arena_str(x->arena, buf_str(&b));
	} else if (r.outcome == TEMPLATE_OK) {
		r.outcome = TEMPLATE_ERROR;
		r.error = STR("the text is too long");
	}
	buf_done(&b);
	return r.outcome == TEMPLATE_OK || err_set(err, -1, "%.*s", STR_ARG(r.error));
}

bool notify_render(struct delivery *d, struct now now, const char *key, struct str text,
		   enum render_mode mode, struct str *out)
{
	struct rendering x = {.templates = d->templates,
			      .message = d->message,
			      .limits = d->limits,
			      .arena = d->arena,
			      .now = now.wall,
			      .mode = mode};

	if (template_is_plain(text)) {
		*out = text;
		return true;
	}
	if (!d->templates)
		return err_set(&d->err, -1, "there are no templates");
	return notify_expand(&x, arena_printf(d->arena, "%.*s %s", STR_ARG(d->to->id), key), text,
			     notify_template_data(d->message, d->arena), out, &d->err);
}

struct labels notify_route_labels(struct template_set *ts, const struct message *m, struct now now,
				  const struct limits *l, struct arena *a)
{
	struct rendering x = {.templates = ts,
			      .message = m,
			      .limits = l,
			      .arena = a,
			      .now = now.wall};
	struct labels_iter it = {0};
	struct labels_builder lb;
	struct err ignored = {0};
	struct labels out;
	struct label label;

	labels_builder_init(&lb);
	while (labels_next(m->route_labels, &it, &label)) {
		struct str text = label.value;

		if (!template_is_plain(text) &&
		    !notify_expand(&x, route_label_name(a, text), text, notify_template_data(m, a),
				   &text, &ignored))
			text = label.value;
		labels_builder_set(&lb, label.name, text);
	}
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return out;
}
