/*
 * The parser of series descriptions. A language of its own upstream as well: blanks separate, `x`
 * repeats, and an error anywhere in the values is caught at their beginning.
 */
#include "promql/series_desc.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "promql/parser.h"

struct values {
	struct series_value *v;
	size_t n, cap;
};

/* ---- labels -----------------------------------------------------------------------------------
 */

/* label_set_item = ( IDENTIFIER | STRING ) "=" STRING | STRING (the metric's name). */
static bool parse_label(struct parser *p, struct labels_builder *lb)
{
	static const enum token EQUAL[] = {T_EQL, T_NONE}, STRING[] = {T_STRING, T_NONE};
	struct item first = parser_take(p);
	bool quoted = first.type == T_STRING;
	struct str name = quoted ? parser_unquote(p, &first) : arena_str(p->arena, first.text);

	if (quoted && parser_peek(p) != T_EQL) {
		labels_builder_set(lb, STR(LABEL_NAME), name);
		return true;
	}
	if (!parser_want(p, EQUAL))
		return parser_catch(p, "label set", "\"=\"");
	parser_take(p);
	if (!parser_want(p, STRING))
		return parser_catch(p, "label set", "string");

	struct item value = parser_take(p);

	labels_builder_set(lb, name, parser_unquote(p, &value));
	return true;
}

/* label_set = "{" [ label_set_item { "," label_set_item } [ "," ] ] "}". */
static bool parse_label_set(struct parser *p, struct labels_builder *lb)
{
	static const enum token ITEM[] = {T_IDENTIFIER, T_STRING, T_RIGHT_BRACE, T_NONE};
	static const enum token REST[] = {T_COMMA, T_RIGHT_BRACE, T_NONE};

	parser_take(p);
	for (;;) {
		if (!parser_want(p, ITEM)) {
			if (!parser_catch(p, "label set", "identifier or \"}\""))
				return false;
		} else if (parser_peek(p) != T_RIGHT_BRACE && !parse_label(p, lb)) {
			return false;
		}
		if (parser_accept(p, T_RIGHT_BRACE))
			return true;
		while (!parser_want(p, REST)) {
			if (!parser_catch(p, "label set", "\",\" or \"}\""))
				return false;
		}
		if (parser_take(p).type == T_RIGHT_BRACE)
			return true;
	}
}

/* metric = [ metric_identifier ] [ label_set ]. */
static bool parse_metric(struct parser *p, struct labels *out)
{
	struct labels_builder lb;
	struct str name = {0};
	bool ok = true;

	labels_builder_init(&lb);
	if (token_is_metric(parser_peek(p)))
		name = parser_take(p).text;
	if (parser_peek(p) == T_LEFT_BRACE)
		ok = parse_label_set(p, &lb);
	if (name.n)
		labels_builder_set(&lb, STR(LABEL_NAME), name);
	if (ok)
		*out = labels_builder_build(&lb, p->arena);
	labels_builder_done(&lb);
	return ok;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static bool room_for(struct parser *p, struct values *vs, uint64_t more)
{
	size_t limit = p->limits->reply_series;

	if (more > limit || vs->n + more > limit) {
		parser_errorf(p, item_span(&p->item),
			      "too many values in series description: at most %zu are allowed",
			      limit);
		parser_abort(p);
		return false;
	}
	if (vs->n + more > vs->cap) {
		size_t cap = MAX(vs->cap * 2, vs->n + more);
		struct series_value *v = ARENA_ARRAY(p->arena, struct series_value, cap);

		if (vs->n)
			memcpy(v, vs->v, vs->n * sizeof(*v));
		vs->v = v;
		vs->cap = cap;
	}
	return true;
}

/* uint = NUMBER, of decimal digits only. */
static bool parse_uint(struct parser *p, uint64_t *out)
{
	static const enum token NUMBER[] = {T_NUMBER, T_NONE};

	if (!parser_want(p, NUMBER))
		return false;

	struct item i = parser_take(p);
	enum num_result r = num_uint(i.text, 10, out);

	if (r == NUM_OK)
		return true;
	parser_errorf(p, item_span(&i),
		      "invalid repetition in series values: strconv.ParseUint: parsing \"%.*s\": "
		      "%s",
		      STR_ARG(i.text), r == NUM_RANGE ? "value out of range" : "invalid syntax");
	*out = 0;
	return true;
}

/* [ "x" uint ]: how often the value is repeated; *times is 0 without. */
static bool parse_times(struct parser *p, uint64_t *times)
{
	*times = 0;
	return !parser_accept(p, T_TIMES) || parse_uint(p, times);
}

static const enum token NUMBERS[] = {T_NUMBER, T_DURATION, T_NONE};

/* signed_or_unsigned_number = [ "+" | "-" ] number. */
static bool parse_signed(struct parser *p, double *out)
{
	enum token sign = parser_peek(p);

	if (sign == T_ADD || sign == T_SUB)
		parser_take(p);
	if (!parser_want(p, NUMBERS))
		return false;

	struct item i = parser_take(p);
	double v = parser_number(p, &i);

	*out = sign == T_SUB ? -v : v;
	return true;
}

static double stale(void)
{
	uint64_t bits = SERIES_STALE_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* blank_item = "_" [ "x" uint ]: that many slots without a sample. */
static bool parse_blank(struct parser *p, struct values *vs)
{
	uint64_t times = 1;

	parser_take(p);
	if (parser_accept(p, T_TIMES) && !parse_uint(p, &times))
		return false;
	if (!room_for(p, vs, times))
		return false;
	for (uint64_t i = 0; i < times; i++)
		vs->v[vs->n++] = (struct series_value){.omitted = true};
	return true;
}

/* series_value = "stale" | number with or without sign. */
static bool parse_value(struct parser *p, double *out)
{
	if (parser_peek(p) != T_IDENTIFIER)
		return parse_signed(p, out);

	struct item word = parser_take(p);
	int recovering = p->recovering;

	if (!str_is(word.text, "stale")) {
		if (!parser_catch(p, "series values", "number or \"stale\""))
			return false;
		p->recovering = recovering; /* the grammar was content */
	}
	*out = stale();
	return true;
}

/* float_item = series_value [ [ signed_number ] "x" uint ]. */
static bool parse_floats(struct parser *p, struct values *vs)
{
	double v, step = 0;
	uint64_t times;
	bool steps;

	if (!parse_value(p, &v))
		return false;
	steps = parser_peek(p) == T_ADD || parser_peek(p) == T_SUB;
	if (steps && !parse_signed(p, &step))
		return false;
	if (steps && !parser_want(p, (const enum token[]){T_TIMES, T_NONE}))
		return false;
	if (!parse_times(p, &times) || !room_for(p, vs, times + 1))
		return false;
	for (uint64_t i = 0; i <= times; i++, v = steps ? v + step : v)
		vs->v[vs->n++] = (struct series_value){.v = v};
	return true;
}

/* ---- histograms -------------------------------------------------------------------------------
 */

enum { KEYS = T_COUNTER_RESET_HINT_DESC - T_SUM_DESC + 1 };

struct literal {
	struct histogram *h;
	bool seen[KEYS];
	int64_t offset, n_offset;
	bool hint;
};

/* int = [ "-" ] uint. */
static bool parse_int(struct parser *p, int64_t *out)
{
	bool minus = parser_accept(p, T_SUB);
	uint64_t v;

	if (!parse_uint(p, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

struct floats {
	double *v;
	size_t n, cap;
};

static void push_float(struct parser *p, struct floats *f, double v)
{
	if (f->n == f->cap) {
		size_t cap = MAX(f->cap * 2, (size_t)8);
		double *grown = ARENA_ARRAY(p->arena, double, cap);

		if (f->n)
			memcpy(grown, f->v, f->n * sizeof(*grown));
		f->v = grown;
		f->cap = cap;
	}
	f->v[f->n++] = v;
}

/* bucket_set = "[" number { SPACE number } [ SPACE ] "]". */
static bool parse_bucket_set(struct parser *p, double **out, size_t *n)
{
	static const enum token REST[] = {T_SPACE, T_RIGHT_BRACKET, T_NONE};
	struct floats f = {0};
	double v;

	if (!parser_expect(p, T_LEFT_BRACKET))
		return false;
	for (;;) {
		if (!parse_signed(p, &v))
			return false;
		push_float(p, &f, v);
		if (!parser_want(p, REST))
			return false;
		if (parser_take(p).type == T_RIGHT_BRACKET || parser_accept(p, T_RIGHT_BRACKET))
			break;
	}
	*out = f.v;
	*n = f.n;
	return true;
}

static bool parse_hint(struct parser *p, struct literal *l)
{
	static const enum token HINTS[] = {T_UNKNOWN_COUNTER_RESET, T_COUNTER_RESET,
					   T_NOT_COUNTER_RESET, T_GAUGE_TYPE, T_NONE};

	if (!parser_want(p, HINTS))
		return false;
	l->h->reset =
		RESET_UNKNOWN + (enum counter_reset)(parser_take(p).type - T_UNKNOWN_COUNTER_RESET);
	l->hint = true;
	return true;
}

static bool parse_schema(struct parser *p, struct literal *l)
{
	int64_t v;

	if (!parse_int(p, &v))
		return false;
	l->h->schema = (int32_t)v;
	return true;
}

static bool parse_key_value(struct parser *p, struct literal *l, enum token key)
{
	struct histogram *h = l->h;

	switch ((int)key) {
	case T_SCHEMA_DESC: return parse_schema(p, l);
	case T_SUM_DESC: return parse_signed(p, &h->sum);
	case T_COUNT_DESC: return parse_signed(p, &h->count);
	case T_ZERO_BUCKET_DESC: return parse_signed(p, &h->zero_count);
	case T_ZERO_BUCKET_WIDTH_DESC:
		return parser_want(p, NUMBERS) && parse_signed(p, &h->zero_threshold);
	case T_CUSTOM_VALUES_DESC:
		return parse_bucket_set(p, &h->custom_values, &h->n_custom_values);
	case T_BUCKETS_DESC: return parse_bucket_set(p, &h->pos.counts, &h->pos.n_counts);
	case T_NEGATIVE_BUCKETS_DESC: return parse_bucket_set(p, &h->neg.counts, &h->neg.n_counts);
	case T_OFFSET_DESC: return parse_int(p, &l->offset);
	case T_NEGATIVE_OFFSET_DESC: return parse_int(p, &l->n_offset);
	default: return parse_hint(p, l);
	}
}

/* histogram_desc_item = key ":" value. */
static bool parse_key(struct parser *p, struct literal *l)
{
	enum token key = parser_peek(p);

	if (key < T_SUM_DESC || key > T_COUNTER_RESET_HINT_DESC)
		return parser_raise(p);

	struct item word = parser_take(p);
	char name[32];
	size_t at = (size_t)(key - T_SUM_DESC);

	snprintf(name, sizeof(name), "%.*s", STR_ARG(word.text));
	if (!parser_expect(p, T_COLON) || !parse_key_value(p, l, key))
		return false;
	if (l->seen[at])
		parser_errorf(p, (struct span){0}, "duplicate key \"%s\" in histogram", name);
	l->seen[at] = true;
	return true;
}

/* An error behind the first key is caught here; false: unwind further. */
static bool caught(struct parser *p, bool first)
{
	return !first && parser_catch(p, "histogram description",
				      "histogram description key, e.g. buckets:[5 10 7]");
}

/* { key } separated by blanks, up to "}}". */
static bool parse_keys(struct parser *p, struct literal *l)
{
	static const enum token REST[] = {T_SPACE, T_CLOSE_HIST, T_NONE};

	for (bool first = true;; first = false) {
		if (!parse_key(p, l) && !caught(p, first))
			return false;
		while (!parser_want(p, REST)) {
			if (!caught(p, false))
				return false;
		}
		if (parser_take(p).type == T_CLOSE_HIST || parser_accept(p, T_CLOSE_HIST))
			return true;
	}
}

static void place_buckets(struct parser *p, struct histogram_buckets *b, int64_t offset)
{
	if (b->n_counts == 0)
		return;
	b->spans = ARENA_NEW(p->arena, struct histogram_span);
	b->n_spans = 1;
	b->spans[0] =
		(struct histogram_span){.offset = (int32_t)offset, .length = (uint32_t)b->n_counts};
}

/* histogram = "{{" [ SPACE ] [ keys ] "}}". */
static const struct histogram *parse_histogram(struct parser *p, bool *hint)
{
	struct literal l = {.h = ARENA_NEW(p->arena, struct histogram)};

	if (!parser_expect(p, T_OPEN_HIST))
		return NULL;
	if (parser_accept(p, T_SPACE)) {
		if (!parser_expect(p, T_CLOSE_HIST))
			return NULL;
	} else if (!parser_accept(p, T_CLOSE_HIST) && !parse_keys(p, &l)) {
		return NULL;
	}
	place_buckets(p, &l.h->pos, l.offset);
	place_buckets(p, &l.h->neg, l.n_offset);
	*hint = l.hint;
	return l.h;
}

/* One histogram after the other, each the one before plus or minus inc. */
static void add_histograms(struct parser *p, struct values *vs, const struct histogram *h,
			   const struct histogram *inc, int sign, uint64_t times)
{
	struct histogram *sum;

	for (uint64_t i = 0; i < times; i++, h = sum) {
		if (h->schema > inc->schema) {
			parser_errorf(p, item_span(&p->item),
				      "error combining histograms: cannot merge from schema %d to "
				      "%d",
				      inc->schema, h->schema);
			return;
		}
		if (!histogram_add(p->arena, h, inc, sign, &sum, NULL)) {
			parser_errorf(p, item_span(&p->item), HISTOGRAM_MIXED);
			return;
		}
		vs->v[vs->n++] =
			(struct series_value){.hist = sum,
					      .reset_hint_set = vs->v[vs->n - 1].reset_hint_set};
	}
}

/* histogram_item = histogram [ [ ( "+" | "-" ) histogram ] "x" uint ]. */
static bool parse_histograms(struct parser *p, struct values *vs)
{
	bool hint, inc_hint = false;
	uint64_t times;
	const struct histogram *h = parse_histogram(p, &hint), *inc = NULL;
	int sign = 1;

	if (!h)
		return false;
	if (parser_peek(p) == T_ADD || parser_peek(p) == T_SUB) {
		sign = parser_take(p).type == T_ADD ? 1 : -1;
		inc = parse_histogram(p, &inc_hint);
		if (!inc || !parser_want(p, (const enum token[]){T_TIMES, T_NONE}))
			return false;
	}
	if (!parse_times(p, &times) || !room_for(p, vs, times + 1))
		return false;

	struct series_value one = {.hist = h, .reset_hint_set = inc ? inc_hint : hint};

	vs->v[vs->n++] = one;
	if (inc)
		add_histograms(p, vs, h, inc, sign, times);
	for (uint64_t i = 0; !inc && i < times; i++)
		vs->v[vs->n++] = one;
	return true;
}

/* series_item = blank_item | float_item | histogram_item. */
static bool parse_item(struct parser *p, struct values *vs)
{
	static const enum token FIRST[] = {T_BLANK,    T_OPEN_HIST, T_IDENTIFIER, T_NUMBER,
					   T_DURATION, T_ADD,	    T_SUB,	  T_NONE};

	if (!parser_want(p, FIRST))
		return false;
	switch ((int)parser_peek(p)) {
	case T_BLANK: return parse_blank(p, vs);
	case T_OPEN_HIST: return parse_histograms(p, vs);
	default: return parse_floats(p, vs);
	}
}

static bool at_end(struct parser *p)
{
	return parser_peek(p) == T_EOF || p->ahead == T_NONE;
}

/* series_values = { SPACE [ series_item ] }. */
static bool parse_values(struct parser *p, struct values *vs)
{
	static const enum token NEXT[] = {T_SPACE, T_EOF, T_NONE};

	while (!at_end(p)) {
		bool ok = parser_want(p, NEXT);

		if (ok && parser_accept(p, T_SPACE))
			ok = at_end(p) || parser_peek(p) == T_SPACE || parse_item(p, vs);
		if (!ok && !parser_catch(p, "series values", ""))
			return false;
	}
	return true;
}

/* ---- entries ----------------------------------------------------------------------------------
 */

static bool fail_first(const struct promql_errors *errors, struct err *err)
{
	if (!err)
		return false;
	err_set(err, errors->v[0].pos, "%.*s", STR_ARG(errors->v[0].msg));
	err->end = errors->v[0].end;
	return false;
}

static bool parse(struct str text, bool values, const struct limits *l, struct arena *a,
		  struct series_desc *out, struct err *err)
{
	struct promql_options o = promql_options_default();
	struct promql_errors errors;
	struct parser p;
	struct values vs = {0};
	size_t most = MIN(l->file_bytes, LABEL_MAX_BYTES);

	if (text.n > most)
		return err_set(err, 0,
			       "series description is too long: at most %zu bytes are allowed",
			       most);
	p = (struct parser){.text = text, .options = o, .limits = l, .arena = a, .errors = &errors};
	parser_begin(&p, values);
	if (parse_metric(&p, &out->labels) && values)
		parse_values(&p, &vs);
	if (!p.aborted && !at_end(&p)) {
		parser_raise(&p);
		parser_catch(&p, "", "");
	}
	if (errors.count)
		return fail_first(&errors, err);
	out->values = vs.v;
	out->n = vs.n;
	return true;
}

bool series_desc_parse(struct str text, const struct limits *l, struct arena *a,
		       struct series_desc *out, struct err *err)
{
	return parse(text, true, l, a, out, err);
}

bool series_desc_parse_labels(struct str text, const struct limits *l, struct arena *a,
			      struct labels *out, struct err *err)
{
	struct series_desc d = {0};

	if (!parse(text, false, l, a, &d, err))
		return false;
	*out = d.labels;
	return true;
}
