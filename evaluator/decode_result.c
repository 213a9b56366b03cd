/* JSON to columns: values and histograms of a series come in two lists, both ascending. */
#include "evaluator/decode_result.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "evaluator/decode_series.h"
#include "promql/histogram.h"

struct reader {
	const struct limits *l;
	struct arena *a;
	struct err *err;
	struct labels_builder lb;
};

static bool bad(struct reader *r, const char *what)
{
	return err_set(r->err, -1, "the answer is no result of a query: %s", what);
}

static struct str text_of(const json_t *v)
{
	return (struct str){.p = json_string_value(v), .n = json_string_length(v)};
}

static bool read_number(const json_t *v, double *out)
{
	if (json_is_number(v)) {
		*out = json_number_value(v);
		return true;
	}
	return json_is_string(v) && num_float(text_of(v), out) != NUM_SYNTAX;
}

static bool read_time(const json_t *v, ms_t *out)
{
	double seconds;

	if (!json_is_number(v))
		return false;
	seconds = json_number_value(v);
	if (!(fabs(seconds) < 9e15))
		return false;
	*out = (ms_t)llround(seconds * 1e3);
	return true;
}

static bool read_labels(struct reader *r, const json_t *o, struct labels *out)
{
	const char *key;
	json_t *v;

	*out = (struct labels){0};
	if (!o)
		return true;
	if (!json_is_object(o))
		return bad(r, "a metric is no object");
	labels_builder_from(&r->lb, *out);
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		if (!json_is_string(v))
			return bad(r, "a label is no text");
		labels_builder_set(&r->lb, str_of(key), text_of(v));
	}
	*out = labels_builder_build(&r->lb, r->a);
	return true;
}

/* ---- samples -----------------------------------------------------------------------------------
 */

static bool read_bucket(const json_t *v, struct decode_bucket *out)
{
	const json_t *boundary = json_array_get(v, 0);

	if (json_array_size(v) != 4 || !json_is_integer(boundary))
		return false;
	out->boundary = (int)json_integer_value(boundary);
	return read_number(json_array_get(v, 1), &out->lo) &&
	       read_number(json_array_get(v, 2), &out->hi) &&
	       read_number(json_array_get(v, 3), &out->count);
}

static const struct histogram *read_histogram(struct reader *r, const json_t *o)
{
	const json_t *buckets = json_object_get(o, "buckets"), *b;
	size_t n = json_array_size(buckets), i;
	struct decode_bucket *v = ARENA_ARRAY(r->a, struct decode_bucket, n);
	double count, sum;

	if (!read_number(json_object_get(o, "count"), &count) ||
	    !read_number(json_object_get(o, "sum"), &sum))
		return NULL;
	json_array_foreach(buckets, i, b)
	{
		if (!read_bucket(b, &v[i]))
			return NULL;
	}
	return decode_histogram(r->a, count, sum, v, n);
}

struct columns {
	ms_t *t;
	double *v;
	const struct histogram **h;
	size_t n;
};

static bool add_point(struct reader *r, struct columns *c, const json_t *pair, bool hist)
{
	if (json_array_size(pair) != 2 || !read_time(json_array_get(pair, 0), &c->t[c->n]))
		return bad(r, "a sample is no pair of time and value");
	if (hist) {
		c->h[c->n] = read_histogram(r, json_array_get(pair, 1));
		if (!c->h[c->n])
			return bad(r, "a histogram is none");
	} else if (!read_number(json_array_get(pair, 1), &c->v[c->n])) {
		return bad(r, "a value is no number");
	}
	c->n++;
	return true;
}

/* Puts the histograms, which stand behind the floats, in their places. */
static void merge(struct reader *r, struct columns *c, size_t floats)
{
	struct columns out = {.t = ARENA_ARRAY(r->a, ms_t, c->n),
			      .v = ARENA_ARRAY(r->a, double, c->n),
			      .h = ARENA_ARRAY(r->a, const struct histogram *, c->n),
			      .n = c->n};
	size_t i = 0, k = floats;

	for (size_t at = 0; at < c->n; at++) {
		size_t from = k == c->n || (i < floats && c->t[i] <= c->t[k]) ? i++ : k++;

		out.t[at] = c->t[from];
		out.v[at] = c->v[from];
		out.h[at] = c->h[from];
	}
	*c = out;
}

static bool ascending(const struct columns *c)
{
	for (size_t i = 1; i < c->n; i++) {
		if (c->t[i] <= c->t[i - 1])
			return false;
	}
	return true;
}

static bool read_points(struct reader *r, const json_t *values, const json_t *hists,
			struct points *out)
{
	size_t n = json_array_size(values), m = json_array_size(hists), i;
	struct columns c = {.t = ARENA_ARRAY(r->a, ms_t, n + m),
			    .v = ARENA_ARRAY(r->a, double, n + m),
			    .h = m ? ARENA_ARRAY(r->a, const struct histogram *, n + m) : NULL};
	const json_t *pair;

	json_array_foreach(values, i, pair)
	{
		if (!add_point(r, &c, pair, false))
			return false;
	}
	json_array_foreach(hists, i, pair)
	{
		if (!add_point(r, &c, pair, true))
			return false;
	}
	if (n && m)
		merge(r, &c, n);
	if (!ascending(&c))
		return bad(r, "times do not ascend");
	*out = (struct points){.t = c.t, .v = c.v, .h = c.h, .n = c.n};
	return true;
}

/* ---- results -----------------------------------------------------------------------------------
 */

static bool read_series(struct reader *r, const json_t *o, bool matrix, struct result_series *out)
{
	const char *value = matrix ? "values" : "value",
		   *hist = matrix ? "histograms" : "histogram";
	json_t *v = json_object_get(o, value), *h = json_object_get(o, hist);
	json_t *values = matrix ? json_incref(v) : v ? json_pack("[O]", v) : NULL;
	json_t *hists = matrix ? json_incref(h) : h ? json_pack("[O]", h) : NULL;
	bool ok = read_labels(r, json_object_get(o, "metric"), &out->labels) &&
		  read_points(r, values, hists, &out->points);

	json_decref(values);
	json_decref(hists);
	return ok;
}

static bool read_list(struct reader *r, const json_t *list, struct result *out)
{
	size_t i;
	const json_t *o;

	if (!json_is_array(list))
		return bad(r, "there is no list of series");
	if (json_array_size(list) > r->l->reply_series)
		return err_set(r->err, -1, "the answer has %zu series, more than %zu",
			       json_array_size(list), r->l->reply_series);
	out->v = ARENA_ARRAY(r->a, struct result_series, json_array_size(list));
	json_array_foreach(list, i, o)
	{
		if (!read_series(r, o, out->type == PROMQL_MATRIX, &out->v[i]))
			return false;
		out->n++;
	}
	return true;
}

static bool read_single(struct reader *r, const json_t *pair, struct result *out)
{
	json_t *list = json_pack("[O]", pair);
	bool ok;

	out->v = ARENA_ARRAY(r->a, struct result_series, 1);
	out->n = 1;
	ok = read_points(r, list, NULL, &out->v[0].points);
	json_decref(list);
	return ok;
}

static bool read_data(struct reader *r, const json_t *data, struct result *out)
{
	static const enum promql_type TYPES[] = {PROMQL_VECTOR, PROMQL_MATRIX, PROMQL_SCALAR,
						 PROMQL_STRING};
	const json_t *result = json_object_get(data, "result");
	struct str type = text_of(json_object_get(data, "resultType"));

	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
		if (str_is(type, value_type_api_name(TYPES[i])))
			out->type = TYPES[i];
	}
	switch (out->type) {
	case PROMQL_VECTOR:
	case PROMQL_MATRIX: return read_list(r, result, out);
	case PROMQL_SCALAR: return read_single(r, result, out);
	case PROMQL_STRING:
		out->text = arena_str(r->a, text_of(json_array_get(result, 1)));
		return true;
	case PROMQL_NONE: break;
	}
	return bad(r, "it has no known type");
}

static void read_notes(const json_t *root, struct notes *notes)
{
	static const char *const KEYS[] = {"warnings", "infos"};
	const json_t *v;
	size_t i;

	for (size_t k = 0; notes && k < ARRAY_LEN(KEYS); k++) {
		json_array_foreach(json_object_get(root, KEYS[k]), i, v)
			notes_add(notes, k == 0, text_of(v));
	}
}

static bool read_answer(struct reader *r, const json_t *root, struct result *out,
			struct notes *notes)
{
	struct str status = text_of(json_object_get(root, "status"));
	struct str type = text_of(json_object_get(root, "errorType"));
	struct str error = text_of(json_object_get(root, "error"));

	if (str_is(status, "error"))
		return err_set(r->err, -1, "%.*s: %.*s", STR_ARG(type), STR_ARG(error));
	if (!str_is(status, "success"))
		return bad(r, "there is no status");
	read_notes(root, notes);
	return read_data(r, json_object_get(root, "data"), out);
}

bool decode_result(struct str body, const struct limits *l, struct arena *a, struct result *out,
		   struct notes *notes, struct err *err)
{
	struct reader r = {.l = l, .a = a, .err = err};
	json_error_t why;
	json_t *root = json_loadb(body.p, body.n, JSON_ALLOW_NUL, &why);
	bool ok;

	*out = (struct result){0};
	if (!root)
		return err_set(err, -1, "the answer is no JSON: %s at byte %d", why.text,
			       why.position);
	labels_builder_init(&r.lb);
	ok = read_answer(&r, root, out, notes);
	labels_builder_done(&r.lb);
	json_decref(root);
	return ok;
}
