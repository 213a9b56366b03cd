/*
 * What a query answer means, the slow and obvious way: jansson makes a tree, labels_builder makes
 * the label sets. The decoder's tests and its fuzz target compare themselves with it.
 *
 * ORACLE_UNSURE: jansson refuses what the decoder may take (a key twice where nobody looks, numbers
 * beyond a double), or the nesting is near the decoder's limit.
 */
#ifndef TESTS_UNIT_REPLY_ORACLE_H
#define TESTS_UNIT_REPLY_ORACLE_H

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "evaluator/decode_series.h"
#include "promql/histogram.h"

enum oracle { ORACLE_OK, ORACLE_BAD, ORACLE_UNSURE };

static int oracle_depth(const json_t *j)
{
	int most = 0;
	size_t i;
	const char *key;
	json_t *v;

	json_array_foreach(j, i, v) most = MAX(most, oracle_depth(v));
	if (json_is_object(j)) {
		void *it;

		for (it = json_object_iter((json_t *)(uintptr_t)j); it;
		     it = json_object_iter_next((json_t *)(uintptr_t)j, it)) {
			key = json_object_iter_key(it);
			(void)key;
			most = MAX(most, oracle_depth(json_object_iter_value(it)));
		}
	}
	return most + 1;
}

static struct str oracle_str(const json_t *j)
{
	return (struct str){.p = json_string_value(j), .n = json_string_length(j)};
}

static bool oracle_float(const json_t *j, double *out)
{
	return json_is_string(j) && num_float(oracle_str(j), out) == NUM_OK;
}

/* [time, x] */
static const json_t *oracle_pair(const json_t *j)
{
	if (!json_is_array(j) || json_array_size(j) != 2 || !json_is_number(json_array_get(j, 0)))
		return NULL;
	return json_array_get(j, 1);
}

static bool oracle_labels(const json_t *metric, struct arena *a, struct labels *out)
{
	struct labels_builder lb;
	bool ok = json_is_object(metric);

	labels_builder_init(&lb);
	for (void *it = json_object_iter((json_t *)(uintptr_t)metric); ok && it;
	     it = json_object_iter_next((json_t *)(uintptr_t)metric, it)) {
		const json_t *v = json_object_iter_value(it);
		struct str name = str_of(json_object_iter_key(it));

		ok = json_is_string(v) && name.n;
		if (ok)
			labels_builder_set(&lb, name, oracle_str(v));
	}
	if (ok)
		*out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ok;
}

static bool oracle_histogram(const json_t *h, double *count, double *sum)
{
	const json_t *buckets = json_object_get(h, "buckets"), *b;
	double x;
	size_t i;

	if (!oracle_float(json_object_get(h, "count"), count) ||
	    !oracle_float(json_object_get(h, "sum"), sum) || (buckets && !json_is_array(buckets)))
		return false;
	json_array_foreach(buckets, i, b)
	{
		const json_t *kind = json_array_get(b, 0);

		if (json_array_size(b) != 4 || !json_is_integer(kind) ||
		    json_integer_value(kind) < 0 || json_integer_value(kind) > 3)
			return false;
		for (size_t k = 1; k < 4; k++) {
			if (!oracle_float(json_array_get(b, k), &x))
				return false;
		}
	}
	return true;
}

static bool oracle_series(const json_t *j, struct vector *out)
{
	const json_t *value = json_object_get(j, "value"), *h = json_object_get(j, "histogram");
	struct sample s = {0};

	if (!json_is_object(j) || !value == !h ||
	    !oracle_labels(json_object_get(j, "metric"), &out->arena, &s.labels))
		return false;
	if (h) {
		s.h = ARENA_NEW(&out->arena, struct histogram);
		if (!oracle_histogram(oracle_pair(h), &s.h->count, &s.h->sum))
			return false;
	} else if (!oracle_float(oracle_pair(value), &s.v)) {
		return false;
	}
	vector_add(out, s);
	return true;
}

static enum oracle oracle_tree(const json_t *j, struct vector *out)
{
	const json_t *data = json_object_get(j, "data"), *result = json_object_get(data, "result");
	const json_t *e;
	size_t i;

	if (!str_eq(oracle_str(json_object_get(j, "status")), STR("success")) ||
	    !json_is_object(data) || !json_is_array(result))
		return ORACLE_BAD;
	json_array_foreach(json_object_get(j, "warnings"), i, e) out->n_warnings +=
		json_is_string(e);
	if (str_eq(oracle_str(json_object_get(data, "resultType")), STR("scalar"))) {
		struct sample s = {0};

		if (!oracle_float(oracle_pair(result), &s.v))
			return ORACLE_BAD;
		vector_add(out, s);
		out->scalar = true;
		return ORACLE_OK;
	}
	if (!str_eq(oracle_str(json_object_get(data, "resultType")), STR("vector")))
		return ORACLE_BAD;
	json_array_foreach(result, i, e)
	{
		if (!oracle_series(e, out))
			return ORACLE_BAD;
	}
	return ORACLE_OK;
}

static enum oracle oracle_decode(struct str text, struct vector *out)
{
	json_error_t error;
	json_t *j = json_loadb(text.p ? text.p : "", text.n,
			       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	enum oracle verdict = ORACLE_BAD;

	vector_clear(out);
	if (j) {
		verdict = oracle_depth(j) > DECODE_DEPTH / 2 ? ORACLE_UNSURE : oracle_tree(j, out);
	} else {
		enum json_error_code code = json_error_code(&error);

		if (code == json_error_duplicate_key || code == json_error_numeric_overflow ||
		    code == json_error_stack_overflow || code == json_error_null_byte_in_key)
			verdict = ORACLE_UNSURE;
	}
	/* To jansson -0 is an integer like 0; the decoder wants a digit there. */
	if (verdict == ORACLE_OK && str_find(text, STR("buckets")) >= 0 &&
	    str_find(text, STR("-0")) >= 0)
		verdict = ORACLE_UNSURE;
	json_decref(j);
	return verdict;
}

static bool oracle_same_float(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static bool oracle_same(const struct vector *a, const struct vector *b)
{
	if (a->n != b->n || a->scalar != b->scalar || a->n_warnings != b->n_warnings)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct sample *x = &a->v[i], *y = &b->v[i];

		if (!labels_eq(x->labels, y->labels) || !x->h != !y->h ||
		    !oracle_same_float(x->v, y->v))
			return false;
		if (x->h && (!oracle_same_float(x->h->count, y->h->count) ||
			     !oracle_same_float(x->h->sum, y->h->sum)))
			return false;
	}
	return true;
}

#endif
