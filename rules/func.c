/*
 * Prometheus's template functions. Each has the Go signature that error texts name; what upstream
 * lets panic (a bad pattern in reReplaceAll) becomes the error of the call, as there.
 */
#include "rules/func.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/regex.h"
#include "base/url.h"
#include "template/gorune.h"

#define TEXT_BYTES \
	((size_t)16 << 20) /* what a function may make: a regex may multiply its text \
			    */

#define FUNC(name) \
	static enum template_outcome name(struct template_call *c, const struct value *args, \
					  size_t n, struct value *out)

static enum template_outcome done(struct value *out, struct value v)
{
	*out = v;
	return TEMPLATE_OK;
}

static enum template_outcome text_done(struct template_call *c, struct buf *b, struct value *out)
{
	if (b->full) {
		buf_done(b);
		return template_fail(c, "result is too long");
	}
	*out = value_str(arena_str(c->arena, buf_str(b)));
	buf_done(b);
	return TEMPLATE_OK;
}

static const struct rule_func_env *env_of(const struct template_call *c)
{
	return c->user;
}

/* ---- label sets as maps ---------------------------------------------------------------------- */

static bool labels_map_get(const void *data, struct str key, struct arena *a, struct value *out)
{
	struct str v = labels_get(*(const struct labels *)data, key);

	(void)a;
	*out = value_str(v);
	return v.n > 0; /* an empty label is none */
}

static size_t labels_map_len(const void *data)
{
	return labels_count(*(const struct labels *)data);
}

static bool labels_map_next(const void *data, size_t *at, struct arena *a, struct str *key,
			    struct value *out)
{
	struct labels_iter it = {.at = *at};
	struct label l;

	(void)a;
	if (!labels_next(*(const struct labels *)data, &it, &l))
		return false;
	*at = it.at;
	*key = l.name;
	*out = value_str(l.value);
	return true;
}

static const struct value_map_ops labels_ops = {labels_map_get, labels_map_len, labels_map_next};

struct value rule_labels_value_as(const struct value_type *type, const struct labels *ls)
{
	return value_map(type, &labels_ops, ls);
}

struct value rule_labels_value(const struct labels *ls)
{
	return rule_labels_value_as(&TYPE_STRING_MAP, ls);
}

/* ---- samples --------------------------------------------------------------------------------- */

static struct str histogram_string(struct value v, struct arena *a)
{
	(void)a;
	return ((const struct rule_histogram *)v.object)->text;
}

static enum template_outcome histogram_String(struct template_call *c, const struct value *args,
					      size_t n, struct value *out)
{
	(void)n;
	return done(out, value_str(histogram_string(args[0], c->arena)));
}

static struct value histogram_count(const void *data, struct arena *a)
{
	(void)a;
	return value_float(((const struct rule_histogram *)data)->count);
}

static struct value histogram_sum(const void *data, struct arena *a)
{
	(void)a;
	return value_float(((const struct rule_histogram *)data)->sum);
}

static const struct value_field histogram_fields[] = {{"Count", histogram_count},
						      {"Sum", histogram_sum},
						      {0}};
static const struct template_func histogram_methods[] = {{.name = "String",
							  .call = histogram_String},
							 {0}};
static const struct value_type TYPE_HISTOGRAM = {.name = "histogram.FloatHistogram",
						 .kind = VALUE_OBJECT,
						 .fields = histogram_fields};
static const struct value_type TYPE_HISTOGRAM_PTR = {.name = "*histogram.FloatHistogram",
						     .kind = VALUE_OBJECT,
						     .pointee = &TYPE_HISTOGRAM,
						     .methods = histogram_methods,
						     .string = histogram_string};

struct value rule_number_value(double v, const struct rule_histogram *h)
{
	return h ? value_object(&TYPE_HISTOGRAM_PTR, h) : value_float(v);
}

static struct value sample_labels(const void *data, struct arena *a)
{
	(void)a;
	return rule_labels_value(&((const struct rule_sample *)data)->labels);
}

static struct value sample_value(const void *data, struct arena *a)
{
	const struct rule_sample *s = data;
	struct value v = rule_number_value(s->value, s->histogram);

	(void)a;
	v.any = true;
	return v;
}

static const struct value_field sample_fields[] = {{"Labels", sample_labels},
						   {"Value", sample_value},
						   {0}};
static const struct value_type TYPE_SAMPLE = {.name = "template.sample",
					      .kind = VALUE_OBJECT,
					      .fields = sample_fields};
static const struct value_type TYPE_SAMPLE_PTR = {.name = "*template.sample",
						  .kind = VALUE_OBJECT,
						  .pointee = &TYPE_SAMPLE};
static const struct value_type TYPE_QUERY_RESULT = {.name = "template.queryResult",
						    .kind = VALUE_LIST,
						    .elem = &TYPE_SAMPLE_PTR};
static const struct value_type TYPE_HTML = {.name = "template.HTML", .kind = VALUE_STRING};

struct value rule_sample_value(const struct rule_sample *s)
{
	return value_object(&TYPE_SAMPLE_PTR, s);
}

/* ---- query and its result -------------------------------------------------------------------- */

FUNC(func_query)
{
	const struct rule_func_env *env = env_of(c);
	struct query_result r = {0};
	struct value *v;

	(void)n;
	if (!env->query.fn)
		return template_fail(c, "queries are not available here");
	switch (env->query.fn(env->query.user, args[0].s, env->now, &r)) {
	case QUERY_WAIT: return TEMPLATE_WAIT;
	case QUERY_ERROR: return template_fail(c, "%.*s", STR_ARG(r.error));
	case QUERY_ANSWER: break;
	}
	v = ARENA_ARRAY(c->arena, struct value, r.n + 1);
	for (size_t i = 0; i < r.n; i++)
		v[i] = rule_sample_value(&r.v[i]);
	return done(out, value_list(&TYPE_QUERY_RESULT, v, r.n));
}

FUNC(func_first)
{
	(void)n;
	if (!args[0].list.n)
		return template_fail(c, "first() called on vector with no elements");
	return done(out, args[0].list.v[0]);
}

static enum template_outcome sample_label(struct template_call *c, struct value sample,
					  struct str name, struct value *out)
{
	const struct rule_sample *s = sample.object;

	if (!s)
		return template_fail(c, "runtime error: invalid memory address or nil pointer "
					"dereference");
	return done(out, value_str(labels_get(s->labels, name)));
}

FUNC(func_label)
{
	(void)n;
	return sample_label(c, args[1], args[0].s, out);
}

FUNC(func_strvalue)
{
	(void)n;
	return sample_label(c, args[0], STR("__value__"), out);
}

FUNC(func_value)
{
	(void)n;
	if (!args[0].object)
		return template_fail(c, "runtime error: invalid memory address or nil pointer "
					"dereference");
	return done(out, sample_value(args[0].object, c->arena));
}

struct sort_row {
	struct value v;
	struct str key;
	size_t at; /* keeps equal ones in order */
};

static int sort_cmp(const void *pa, const void *pb)
{
	const struct sort_row *a = pa, *b = pb;
	int cmp = str_cmp(a->key, b->key);

	return cmp ? cmp : (a->at > b->at) - (a->at < b->at);
}

FUNC(func_sort_by_label)
{
	size_t count = args[1].list.n;
	struct sort_row *rows = ARENA_ARRAY(c->arena, struct sort_row, count + 1);
	struct value *v = ARENA_ARRAY(c->arena, struct value, count + 1);

	(void)n;
	for (size_t i = 0; i < count; i++) {
		const struct rule_sample *s = args[1].list.v[i].object;

		rows[i] = (struct sort_row){.v = args[1].list.v[i],
					    .key = labels_get(s->labels, args[0].s),
					    .at = i};
	}
	qsort(rows, count, sizeof(*rows), sort_cmp);
	for (size_t i = 0; i < count; i++)
		v[i] = rows[i].v;
	return done(out, value_list(args[1].type, v, count));
}

FUNC(func_args)
{
	struct value_pair *p = ARENA_ARRAY(c->arena, struct value_pair, n + 1);

	for (size_t i = 0; i < n; i++) {
		p[i].key = arena_printf(c->arena, "arg%zu", i);
		p[i].value = args[i];
	}
	return done(out, value_pairs(c->arena, &TYPE_ANY_MAP, p, n));
}

/* ---- text ------------------------------------------------------------------------------------ */

/* As regexp.MustCompile panics: the pattern in back quotes if it can be. */
static enum template_outcome pattern_panic(struct template_call *c, struct str pattern,
					   const struct err *err)
{
	struct buf b;
	bool back = str_is_utf8(pattern) && str_find_char(pattern, '`') < 0;

	for (size_t i = 0; back && i < pattern.n; i++)
		back = (unsigned char)pattern.p[i] >= ' ' || pattern.p[i] == '\t';
	buf_init(&b, pattern.n * 10 + 16);
	if (back)
		buf_printf(&b, "`%.*s`", STR_ARG(pattern));
	else
		gorune_quote(&b, pattern, false);
	template_fail(c, "regexp: Compile(%s): %s", buf_cstr(&b), err->msg);
	buf_done(&b);
	return TEMPLATE_ERROR;
}

FUNC(func_re_replace_all)
{
	struct regex *re;
	struct err err;
	struct buf b;

	(void)n;
	if (!regex_compile(args[0].s, 0, c->arena, &re, &err))
		return pattern_panic(c, args[0].s, &err);
	buf_init(&b, TEXT_BYTES);
	if (!regex_replace(re, args[2].s, args[1].s, &b, &err)) {
		buf_done(&b);
		return template_fail(c, "%s", err.msg);
	}
	return text_done(c, &b, out);
}

FUNC(func_match)
{
	struct regex *re;
	struct err err;
	bool matched;

	(void)n;
	if (!regex_compile(args[0].s, 0, c->arena, &re, &err) ||
	    !regex_match(re, args[1].s, &matched, &err))
		return template_fail(c, "%s", err.msg);
	return done(out, value_bool(matched));
}

/* Each rune of s through fn, which also sees the one before. */
static enum template_outcome map_runes(struct template_call *c, struct str s,
				       int32_t (*fn)(int32_t before, int32_t r), struct value *out)
{
	int32_t before = ' ';
	struct buf b;

	buf_init(&b, TEXT_BYTES);
	for (size_t at = 0; at < s.n;) {
		struct gorune r = gorune_first(str_from(s, at));

		gorune_put(&b, fn(before, r.r));
		before = r.r;
		at += (size_t)r.n;
	}
	return text_done(c, &b, out);
}

static int32_t upper_rune(int32_t before, int32_t r)
{
	(void)before;
	return gorune_upper(r);
}

static int32_t lower_rune(int32_t before, int32_t r)
{
	(void)before;
	return gorune_lower(r);
}

static bool divides_words(int32_t r)
{
	if (gorune_is_letter(r) || gorune_is_digit(r) || r == '_')
		return false;
	return r < 0x80 || gorune_is_space(r);
}

static int32_t title_rune(int32_t before, int32_t r)
{
	return divides_words(before) ? gorune_title(r) : r;
}

FUNC(func_to_upper)
{
	(void)n;
	return map_runes(c, args[0].s, upper_rune, out);
}

FUNC(func_to_lower)
{
	(void)n;
	return map_runes(c, args[0].s, lower_rune, out);
}

FUNC(func_title)
{
	(void)n;
	return map_runes(c, args[0].s, title_rune, out);
}

FUNC(func_safe_html)
{
	(void)c, (void)n;
	return done(out, value_as(&TYPE_HTML, args[0]));
}

/* net.SplitHostPort; false where that has an error. */
static bool split_host_port(struct str s, struct str *host, struct str *port)
{
	ptrdiff_t colon = (ptrdiff_t)s.n - 1, close;
	size_t open_from = 0, close_from = 0;

	while (colon >= 0 && s.p[colon] != ':')
		colon--;
	if (colon < 0)
		return false;
	if (s.p[0] == '[') {
		close = str_find_char(s, ']');
		if (close < 0 || close + 1 != colon)
			return false;
		*host = str_cut(s, 1, (size_t)close);
		open_from = 1;
		close_from = (size_t)close + 1;
	} else {
		*host = str_cut(s, 0, (size_t)colon);
		if (str_find_char(*host, ':') >= 0)
			return false;
	}
	*port = str_from(s, (size_t)colon + 1);
	return str_find_char(str_from(s, open_from), '[') < 0 &&
	       str_find_char(str_from(s, close_from), ']') < 0;
}

FUNC(func_strip_port)
{
	struct str host, port;

	(void)c, (void)n;
	return done(out, value_str(split_host_port(args[0].s, &host, &port) ? host : args[0].s));
}

static bool is_ip(struct str s)
{
	char text[64];
	unsigned char addr[16];

	if (s.n >= sizeof(text))
		return false;
	if (s.n)
		memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

FUNC(func_strip_domain)
{
	struct str host, port = STR("");
	ptrdiff_t dot;

	(void)n;
	if (!split_host_port(args[0].s, &host, &port)) {
		host = args[0].s;
		port = STR("");
	}
	if (is_ip(host))
		return done(out, args[0]);
	dot = str_find_char(host, '.');
	if (dot >= 0)
		host = str_cut(host, 0, (size_t)dot);
	if (!port.n)
		return done(out, value_str(host));

	bool colon = str_find_char(host, ':') >= 0;

	return done(out, value_str(arena_printf(c->arena, "%s%.*s%s:%.*s", colon ? "[" : "",
						STR_ARG(host), colon ? "]" : "", STR_ARG(port))));
}

/* ---- numbers --------------------------------------------------------------------------------- */

static enum template_outcome parse_float(struct template_call *c, struct str s, double *out)
{
	enum num_result r = num_float(s, out);
	struct buf b;

	if (r == NUM_OK)
		return TEMPLATE_OK;
	buf_init(&b, s.n * 10 + 16);
	gorune_quote(&b, s, false);
	template_fail(c, "strconv.ParseFloat: parsing %s: %s", buf_cstr(&b),
		      r == NUM_RANGE ? "value out of range" : "invalid syntax");
	buf_done(&b);
	return TEMPLATE_ERROR;
}

/* The types upstream takes for numbers, by name. */
static enum template_outcome to_float(struct template_call *c, struct value v, double *out)
{
	const struct value_type *t = v.type;

	if (t == &TYPE_STRING)
		return parse_float(c, v.s, out);
	if (t == &TYPE_FLOAT64)
		*out = v.f;
	else if (t == &TYPE_INT || t == &TYPE_INT64)
		*out = (double)v.i;
	else if (t == &TYPE_UINT || t == &TYPE_UINT64)
		*out = (double)v.u;
	else if (t == &TYPE_DURATION || t == &TYPE_DURATION_PTR)
		*out = (double)(v.i / 1000000000) + (double)(v.i % 1000000000) / 1e9;
	else
		return template_fail(c, "can't convert %s to float", value_type_name(v));
	return TEMPLATE_OK;
}

static enum template_outcome four_digits(struct template_call *c, double v, const char *tail,
					 struct value *out)
{
	struct buf b;

	buf_init(&b, 64);
	num_put_float(&b, v, 'g', 4);
	buf_adds(&b, tail);
	return text_done(c, &b, out);
}

static const char *const large_units[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
static const char *const large_units_1024[] = {"", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
static const char *const small_units[] = {"", "m", "u", "n", "p", "f", "a", "z", "y"};
static const char *const small_seconds[] = {"s", "ms", "us", "ns", "ps", "fs", "as", "zs", "ys"};

/* Divides until it is below base; with the unit for as often. */
static enum template_outcome scale_down(struct template_call *c, double v, double base,
					const char *const *units, struct value *out)
{
	size_t i = 0;

	for (; i < 8 && fabs(v) >= base; i++)
		v /= base;
	return four_digits(c, v, units[i], out);
}

static enum template_outcome scale_up(struct template_call *c, double v, const char *const *units,
				      struct value *out)
{
	size_t i = 0;

	for (; i < 8 && fabs(v) < 1; i++)
		v *= 1000;
	return four_digits(c, v, units[i], out);
}

FUNC(func_humanize)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	if (v == 0 || !isfinite(v))
		return four_digits(c, v, "", out);
	if (fabs(v) >= 1)
		return scale_down(c, v, 1000, large_units, out);
	return scale_up(c, v, small_units, out);
}

FUNC(func_humanize1024)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	if (fabs(v) <= 1 || !isfinite(v))
		return four_digits(c, v, "", out);
	return scale_down(c, v, 1024, large_units_1024, out);
}

/* Go's int64(v) on amd64: what does not fit becomes the smallest. */
static int64_t whole(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

static enum template_outcome long_duration(struct template_call *c, double v, struct value *out)
{
	const char *sign = v < 0 ? "-" : "";
	int64_t d = whole(fabs(v));
	long long s = d % 60, m = d / 60 % 60, h = d / 3600 % 24, days = d / 86400;
	struct buf b;

	buf_init(&b, 128);
	buf_adds(&b, sign);
	if (days)
		buf_printf(&b, "%lldd %lldh %lldm %llds", days, h, m, s);
	else if (h)
		buf_printf(&b, "%lldh %lldm %llds", h, m, s);
	else if (m)
		buf_printf(&b, "%lldm %llds", m, s);
	else
		num_put_float(&b, fabs(v), 'g', 4);
	if (!days && !h && !m)
		buf_addc(&b, 's');
	return text_done(c, &b, out);
}

FUNC(func_humanize_duration)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	if (!isfinite(v))
		return four_digits(c, v, "", out);
	if (v == 0)
		return four_digits(c, v, "s", out);
	if (fabs(v) >= 1)
		return long_duration(c, v, out);
	return scale_up(c, v, small_seconds, out);
}

FUNC(func_humanize_percentage)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	return four_digits(c, v * 100, "%", out);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Seconds to an instant, cut to milliseconds as upstream does on its way. */
static enum template_outcome to_instant(struct template_call *c, double v, struct value *out)
{
	double ns = v * 1e9;
	struct buf b;

	if (ns > 0x1p63 || ns < -0x1p63) {
		buf_init(&b, 64);
		num_put_float(&b, v, 'g', -1);
		template_fail(c,
			      "%s cannot be represented as a nanoseconds timestamp since it "
			      "overflows int64",
			      buf_cstr(&b));
		buf_done(&b);
		return TEMPLATE_ERROR;
	}
	return done(out, value_time_ms(c->arena, whole(ns) / 1000000));
}

FUNC(func_humanize_timestamp)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	if (!isfinite(v))
		return four_digits(c, v, "", out);
	if (to_instant(c, v, out) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	return done(out, value_str(out->type->string(*out, c->arena)));
}

FUNC(func_to_time)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	if (!isfinite(v))
		return template_fail(c, "value is NaN or Inf");
	if (to_instant(c, v, out) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	return done(out, value_as(&TYPE_TIME_PTR, *out));
}

FUNC(func_to_duration)
{
	double v;

	(void)n;
	if (to_float(c, args[0], &v) != TEMPLATE_OK)
		return TEMPLATE_ERROR;
	return done(out, value_as(&TYPE_DURATION_PTR, value_duration(whole(v * 1e9))));
}

FUNC(func_now)
{
	(void)args, (void)n;
	return done(out, value_float((double)env_of(c)->now / 1000));
}

FUNC(func_parse_duration)
{
	bool negative = args[0].s.n && args[0].s.p[0] == '-';
	struct err err;
	ms_t d;

	(void)n;
	if (!num_duration(str_from(args[0].s, negative), &d, &err))
		return template_fail(c, "%s", err.msg);
	return done(out, value_float((double)(negative ? -d : d) / 1000));
}

/* ---- links ----------------------------------------------------------------------------------- */

static enum template_outcome expression_link(struct template_call *c, struct str expr, int tab,
					     struct value *out)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES);
	buf_adds(&b, "/graph?g0.expr=");
	url_put_query(&b, expr);
	buf_printf(&b, "&g0.tab=%d", tab);
	return text_done(c, &b, out);
}

FUNC(func_graph_link)
{
	(void)n;
	return expression_link(c, args[0].s, 0, out);
}

FUNC(func_table_link)
{
	(void)n;
	return expression_link(c, args[0].s, 1, out);
}

FUNC(func_external_url)
{
	(void)args, (void)n;
	return done(out, value_str(env_of(c)->external_url));
}

/* The path of the external URL, decoded. */
FUNC(func_path_prefix)
{
	struct str url = env_of(c)->external_url, path;
	ptrdiff_t at = str_find(url, STR("://"));
	size_t end = 0;

	(void)args, (void)n;
	if (at >= 0) {
		url = str_from(url, (size_t)at + 3);
		at = str_find_char(url, '/');
		url = at < 0 ? STR("") : str_from(url, (size_t)at);
	}
	while (end < url.n && url.p[end] != '?' && url.p[end] != '#')
		end++;
	url = str_cut(url, 0, end);
	return done(out, value_str(url_unescape(c->arena, url, false, &path) ? path : url));
}

FUNC(func_url_query_escape)
{
	struct buf b;

	(void)n;
	buf_init(&b, TEXT_BYTES);
	url_put_query(&b, args[0].s);
	return text_done(c, &b, out);
}

#define ONE(type) .params = {type}, .n_params = 1

static const struct template_func rule_funcs[] = {
	{"query", func_query, ONE(&TYPE_STRING), .tag = RULE_FUNC_QUERY},
	{"first", func_first, ONE(&TYPE_QUERY_RESULT)},
	{"label", func_label, .params = {&TYPE_STRING, &TYPE_SAMPLE_PTR}, .n_params = 2},
	{"value", func_value, ONE(&TYPE_SAMPLE_PTR)},
	{"strvalue", func_strvalue, ONE(&TYPE_SAMPLE_PTR)},
	{"sortByLabel", func_sort_by_label, .params = {&TYPE_STRING, &TYPE_QUERY_RESULT},
	 .n_params = 2},
	{"args", func_args, ONE(&TYPE_ANY), .variadic = true},
	{"safeHtml", func_safe_html, ONE(&TYPE_STRING)},
	{"reReplaceAll", func_re_replace_all, .params = {&TYPE_STRING, &TYPE_STRING, &TYPE_STRING},
	 .n_params = 3},
	{"match", func_match, .params = {&TYPE_STRING, &TYPE_STRING}, .n_params = 2},
	{"title", func_title, ONE(&TYPE_STRING)},
	{"toUpper", func_to_upper, ONE(&TYPE_STRING)},
	{"toLower", func_to_lower, ONE(&TYPE_STRING)},
	{"stripPort", func_strip_port, ONE(&TYPE_STRING)},
	{"stripDomain", func_strip_domain, ONE(&TYPE_STRING)},
	{"humanize", func_humanize, ONE(&TYPE_ANY)},
	{"humanize1024", func_humanize1024, ONE(&TYPE_ANY)},
	{"humanizeDuration", func_humanize_duration, ONE(&TYPE_ANY)},
	{"humanizePercentage", func_humanize_percentage, ONE(&TYPE_ANY)},
	{"humanizeTimestamp", func_humanize_timestamp, ONE(&TYPE_ANY)},
	{"toTime", func_to_time, ONE(&TYPE_ANY)},
	{"toDuration", func_to_duration, ONE(&TYPE_ANY)},
	{"now", func_now, .tag = RULE_FUNC_NOW},
	{"parseDuration", func_parse_duration, ONE(&TYPE_STRING)},
	{"graphLink", func_graph_link, ONE(&TYPE_STRING)},
	{"tableLink", func_table_link, ONE(&TYPE_STRING)},
	{"pathPrefix", func_path_prefix, .tag = RULE_FUNC_EXTERNAL},
	{"externalURL", func_external_url, .tag = RULE_FUNC_EXTERNAL},
	{"urlQueryEscape", func_url_query_escape, ONE(&TYPE_STRING)},
	{0},
};

const struct template_funcs RULE_FUNCS = {.table = rule_funcs};

/* A template of the set by a name that is worked out; its text is HTML. */
FUNC(func_tmpl)
{
	struct template_result r;
	struct buf b;

	(void)n;
	buf_init(&b, TEXT_BYTES);
	r = template_exec_nested(c, args[0].s, args[1], &b);
	if (r.outcome == TEMPLATE_OK) {
		enum template_outcome o = text_done(c, &b, out);

		*out = value_as(&TYPE_HTML, *out);
		return o;
	}
	buf_done(&b);
	return r.outcome == TEMPLATE_WAIT ? TEMPLATE_WAIT
					  : template_fail(c, "%.*s", STR_ARG(r.error));
}

static const struct template_func html_funcs[] = {
	{"tmpl", func_tmpl, .params = {&TYPE_STRING, &TYPE_ANY}, .n_params = 2},
	{0},
};

const struct template_funcs RULE_HTML_FUNCS = {.table = html_funcs, .next = &RULE_FUNCS};
