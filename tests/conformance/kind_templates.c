/*
 * templates: texts expanded over data with Prometheus's functions. The cases say what the data is
 * in Go's words; here it becomes values of the template engine.
 */
#include "tests/conformance/conformance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "promql/labels.h"
#include "rules/expand.h"
#include "rules/func.h"
#include "template/template.h"

#define NAME "test"
#define NOW_MS (1353755652 * SECOND)
#define EXTERNAL_URL "http://testhost:9090/path/prefix"

struct scene {
	struct arena arena;
	struct limits limits;
	const json_t *c;
	struct query_result answer;
};

static struct str json_str(const json_t *v)
{
	return (struct str){.p = json_string_value(v), .n = json_string_length(v)};
}

/* A float, also as one of the texts NaN, +Inf, -Inf. */
static double json_float(const json_t *v)
{
	double f = json_number_value(v);

	if (json_is_string(v))
		CHECK(num_float(json_str(v), &f) != NUM_SYNTAX);
	return f;
}

static struct labels json_labels(struct arena *a, const json_t *v)
{
	struct labels_builder lb;
	struct labels out;
	const char *key;
	json_t *value;

	labels_builder_init(&lb);
	json_object_foreach((json_t *)(uintptr_t)v, key, value)
		labels_builder_set(&lb, str_of(key), json_str(value));
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return out;
}

static struct rule_histogram *json_histogram(struct arena *a, const json_t *v)
{
	struct rule_histogram *h;
	struct buf b;

	if (!v)
		return NULL;
	h = ARENA_NEW(a, struct rule_histogram);
	h->count = json_float(json_object_get(v, "count"));
	h->sum = json_float(json_object_get(v, "sum"));
	buf_init(&b, 1000);
	buf_adds(&b, "{count:");
	num_put_float(&b, h->count, 'g', -1);
	buf_adds(&b, ", sum:");
	num_put_float(&b, h->sum, 'g', -1);
	buf_adds(&b, "}");
	h->text = arena_str(a, buf_str(&b));
	buf_done(&b);
	return h;
}

static struct rule_sample json_sample(struct arena *a, const json_t *v)
{
	return (struct rule_sample){
		.labels = json_labels(a, json_object_get(v, "labels")),
		.value = json_float(json_object_get(v, "value")),
		.histogram = json_histogram(a, json_object_get(v, "histogram")),
	};
}

static enum query_state answer_query(void *user, struct str expr, ms_t at, struct query_result *out)
{
	const struct scene *s = user;

	(void)expr, (void)at;
	*out = s->answer;
	return QUERY_ANSWER;
}

static struct query_result json_answer(struct arena *a, const json_t *v)
{
	size_t n = json_array_size(v);
	struct rule_sample *samples = ARENA_ARRAY(a, struct rule_sample, n + 1);

	for (size_t i = 0; i < n; i++)
		samples[i] = json_sample(a, json_array_get(v, i));
	return (struct query_result){.v = samples, .n = n};
}

/* ---- the data, by its Go type ---------------------------------------------------------------- */

static const struct value_type LIST_UINT64 = {"[]uint64", VALUE_LIST, .elem = &TYPE_UINT64};
static const struct value_type LIST_INT64 = {"[]int64", VALUE_LIST, .elem = &TYPE_INT64};
static const struct value_type LIST_INT = {"[]int", VALUE_LIST, .elem = &TYPE_INT};
static const struct value_type LIST_UINT = {"[]uint", VALUE_LIST, .elem = &TYPE_UINT};
static const struct value_type LIST_FLOAT64 = {"[]float64", VALUE_LIST, .elem = &TYPE_FLOAT64};
static const struct value_type LIST_BOOL = {"[]bool", VALUE_LIST, .elem = &TYPE_BOOL};

static const struct value_type *const known_types[] = {
	&LIST_UINT64, &LIST_INT64,   &LIST_INT,	   &LIST_UINT,	&LIST_FLOAT64,
	&LIST_BOOL,   &TYPE_STRINGS, &TYPE_UINT64, &TYPE_INT64, &TYPE_INT,
	&TYPE_UINT,   &TYPE_FLOAT64, &TYPE_STRING, &TYPE_BOOL,	&TYPE_STRING_MAP,
};

static const struct value_type *type_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(known_types); i++) {
		if (strcmp(known_types[i]->name, name) == 0)
			return known_types[i];
	}
	return NULL;
}

/* Integers beyond what the JSON reader holds come as strings, see quote_big_integers. */
static uint64_t json_uint(const json_t *v)
{
	uint64_t u = (uint64_t)json_integer_value(v);

	if (json_is_string(v))
		CHECK(num_uint(json_str(v), 10, &u) == NUM_OK);
	return u;
}

static int64_t json_int(const json_t *v)
{
	int64_t i = json_integer_value(v);

	if (json_is_string(v))
		CHECK(num_int(json_str(v), 10, &i) == NUM_OK);
	return i;
}

static struct value json_value(struct arena *a, const struct value_type *t, const json_t *v)
{
	struct value out = {.kind = t->kind, .type = t}, *items;

	switch ((int)t->kind) {
	case VALUE_BOOL: out.b = json_is_true(v); break;
	case VALUE_INT: out.i = json_int(v); break;
	case VALUE_UINT: out.u = json_uint(v); break;
	case VALUE_FLOAT: out.f = json_float(v); break;
	case VALUE_STRING: out.s = json_str(v); break;
	case VALUE_LIST:
		items = ARENA_ARRAY(a, struct value, json_array_size(v) + 1);
		for (size_t i = 0; i < json_array_size(v); i++)
			items[i] = json_value(a, t->elem, json_array_get(v, i));
		return value_list(t, items, json_array_size(v));
	default: {
		struct labels *ls = ARENA_NEW(a, struct labels);

		*ls = json_labels(a, v);
		return rule_labels_value(ls);
	}
	}
	return out;
}

/* False: a type nobody here knows. */
static bool json_input(struct scene *s, const json_t *in, struct value *out)
{
	const char *type = json_string_value(json_object_get(in, "go_type"));
	struct rule_sample *sample;

	*out = value_none();
	if (!in || json_is_null(in))
		return true;
	if (strcmp(type, "*sample") == 0) {
		sample = ARENA_NEW(&s->arena, struct rule_sample);
		*sample = json_sample(&s->arena, in);
		*out = rule_sample_value(sample);
		return true;
	}
	if (!type_named(type))
		return false;
	*out = json_value(&s->arena, type_named(type), json_object_get(in, "value"));
	return true;
}

/* ---- running --------------------------------------------------------------------------------- */

static bool set_options(struct template_set *ts, const json_t *options)
{
	struct err err;

	if (!options)
		template_set_missing_key(ts, TEMPLATE_MISSING_ZERO);
	for (size_t i = 0; i < json_array_size(options); i++) {
		if (!template_set_option(ts, json_str(json_array_get(options, i)), &err))
			return false;
	}
	return true;
}

/* The output or the error, whichever there is; *failed tells which. */
static struct str run_text(struct scene *s, struct value data, bool *failed)
{
	struct template_set *ts = template_set_new(&s->arena, &s->limits);
	struct rule_func_env env = {.now = NOW_MS,
				    .external_url = STR(EXTERNAL_URL),
				    .query = {.fn = answer_query, .user = s}};
	struct template_options o = {.arena = &s->arena,
				     .limits = &s->limits,
				     .user = &env,
				     .html = json_is_true(json_object_get(s->c, "html"))};
	struct template_result r;
	struct err err;
	struct buf b;
	struct str out;

	*failed = true;
	if (!set_options(ts, json_object_get(s->c, "options")))
		return STR("bad option");
	if (!template_set_parse(ts, STR(NAME), case_text(s->c, "text"),
				o.html ? &RULE_HTML_FUNCS : &RULE_FUNCS, &err))
		return arena_printf(&s->arena, "error parsing template " NAME ": %s", err.msg);
	buf_init(&b, s->limits.template_bytes);
	r = template_exec(ts, STR(NAME), data, &o, &b);
	*failed = r.outcome != TEMPLATE_OK;
	out = *failed ? arena_printf(&s->arena, "error executing template " NAME ": %.*s",
				     STR_ARG(r.error))
		      : arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* A label or annotation of an alerting rule. */
static struct str run_alert(struct scene *s, const json_t *alert, bool *failed)
{
	struct expand_env env = {.external_labels =
					 json_labels(&s->arena,
						     json_object_get(alert, "external_labels")),
				 .external_url = json_str(json_object_get(alert, "external_url")),
				 .at = NOW_MS,
				 .query = {.fn = answer_query, .user = s}};
	struct rule_sample sample = json_sample(&s->arena, alert);
	const struct expand *e;
	struct expander x;
	struct err err;
	struct str out;

	*failed = true;
	if (!expand_compile_as(&s->arena, STR(NAME), case_text(s->c, "text"), &s->limits, &e, &err))
		return arena_printf(&s->arena, "error parsing template " NAME ": %s", err.msg);
	expander_init(&x, &s->limits);
	*failed = expand_run(&x, e, &env, &sample, &s->arena, &out) != EXPAND_OK;
	expander_done(&x);
	if (*failed) { /* <error expanding template: MSG> */
		ptrdiff_t at = str_find(out, STR(": "));

		out = str_cut(out, (size_t)at + 2, out.n - 1);
	}
	return out;
}

static void compare(struct tally *t, const char *name, struct scene *s, struct str got, bool failed)
{
	bool fail = json_is_true(json_object_get(s->c, "fail"));
	struct str want = case_text(s->c, fail ? "error" : "output");

	if (fail == failed && (str_eq(got, want) || !want.p))
		case_pass(t);
	else
		case_fail(t, name, "expected %s \"%.*s\", got %s \"%.*s\"", fail ? "error" : "text",
			  STR_ARG(want), failed ? "error" : "text", STR_ARG(got));
}

static void run_case(struct tally *t, const char *name, const json_t *c)
{
	struct scene s = {.c = c};
	const json_t *alert = json_object_get(c, "alert");
	struct value data;
	bool failed;
	struct str got;

	arena_init(&s.arena);
	limits_default(&s.limits);
	s.answer = json_answer(&s.arena, json_object_get(c, "query_result"));
	if (alert) {
		got = run_alert(&s, alert, &failed);
		compare(t, name, &s, got, failed);
	} else if (json_input(&s, json_object_get(c, "input"), &data)) {
		got = run_text(&s, data, &failed);
		compare(t, name, &s, got, failed);
	} else {
		case_fail(t, name, "data of an unknown Go type");
	}
	arena_done(&s.arena);
}

/* Puts integers of 19 and more digits between quotes: jansson knows int64 only. */
static void quote_big_integers(struct str in, struct buf *out)
{
	bool in_string = false;

	for (size_t i = 0, n; i < in.n; i += n) {
		char c = in.p[i];
		bool number = !in_string && (c == '-' || (c >= '0' && c <= '9'));
		bool whole = true, quote;

		n = in_string && c == '\\' ? 2 : 1;
		in_string ^= c == '"';
		for (; number && i + n < in.n && strchr("0123456789.eE+-", in.p[i + n]); n++)
			whole &= in.p[i + n] >= '0' && in.p[i + n] <= '9';
		quote = number && whole && n >= 19;
		buf_adds(out, quote ? "\"" : "");
		buf_add(out, str_cut(in, i, i + n));
		buf_adds(out, quote ? "\"" : "");
	}
}

void kind_templates(struct tally *t, const char *path)
{
	size_t n, i;
	char *text = file_read(path, &n);
	json_error_t je;
	json_t *root, *c;
	struct buf b;

	buf_init(&b, n * 2 + 1);
	quote_big_integers((struct str){.p = text, .n = n}, &b);
	root = json_loadb(b.p, b.n, JSON_ALLOW_NUL, &je);
	if (!json_is_array(root)) {
		case_fail(t, path, "no array of cases: %s", je.text);
	} else {
		json_array_foreach(root, i, c)
		{
			char name[512];

			snprintf(name, sizeof(name), "%s:%zu", path, i + 2);
			run_case(t, name, c);
		}
	}
	json_decref(root);
	buf_done(&b);
	free(text);
}
