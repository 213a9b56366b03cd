/* Reading of scripts, line by line. */
#include "tests/conformance/eval_script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "promql/quote.h"

#define ROWS_MAX 4096

/* ---- lines and words --------------------------------------------------------------------------
 */

static bool next_line(struct script *s, struct str *out)
{
	struct str rest = str_from(s->text, s->at);
	ptrdiff_t end;

	if (s->pushed.p) {
		*out = s->pushed;
		s->pushed = (struct str){0};
		return true;
	}
	if (s->at >= s->text.n)
		return false;
	end = str_find_char(rest, '\n');
	*out = str_trim(str_cut(rest, 0, end < 0 ? rest.n : (size_t)end));
	s->at += end < 0 ? rest.n : (size_t)end + 1;
	s->line++;
	if (out->n && out->p[0] == '#')
		out->n = 0;
	return true;
}

/* The next word; the rest of the line stays in *line. */
static struct str word(struct str *line)
{
	struct str w = *line;
	size_t n = 0;

	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	w.n = n;
	*line = str_trim(str_from(*line, n));
	return w;
}

static bool duration(struct str s, ms_t *out, struct err *err)
{
	bool negative = s.n && s.p[0] == '-';

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_from(s, 1);
	if (!num_duration(s, out, err))
		return false;
	*out = negative ? -*out : *out;
	return true;
}

static bool series(struct script *s, struct str line, struct series_desc *out, struct err *err)
{
	struct limits l;

	limits_default(&l);
	return series_desc_parse(line, &l, &s->arena, out, err);
}

/* ---- load -------------------------------------------------------------------------------------
 */

struct offsets {
	ms_t *v;
	size_t n;
};

/* `d`, `dxn`, `d+exn`, `_`, `_xn`: start timestamps relative to their samples. */
static bool offset_item(struct str item, struct offsets *o, struct err *err)
{
	ptrdiff_t times = str_find_char(item, 'x');
	struct str base = times < 0 ? item : str_cut(item, 0, (size_t)times);
	bool blank = base.n && base.p[0] == '_';
	ms_t d = MS_NONE, delta = 0;
	int64_t n = 0;
	size_t sign = 1;

	if (times >= 0 && num_int(str_from(item, (size_t)times + 1), 10, &n) != NUM_OK)
		return err_set(err, -1, "bad repetition in %.*s", STR_ARG(item));
	while (sign < base.n && base.p[sign] != '+' && base.p[sign] != '-')
		sign++;
	if (!blank && (!duration(str_cut(base, 0, sign), &d, err) ||
		       (sign < base.n && !duration(str_from(base, sign), &delta, err))))
		return false;
	for (int64_t i = blank && times >= 0 ? 1 : 0; i <= n; i++) {
		o->v[o->n++] = d;
		if (!blank)
			d += delta;
	}
	return true;
}

static bool offsets(struct script *s, struct str line, struct offsets *o, struct err *err)
{
	o->v = ARENA_ARRAY(&s->arena, ms_t, 100000);
	o->n = 0;
	while (line.n) {
		if (!offset_item(word(&line), o, err))
			return false;
	}
	return true;
}

static ptrdiff_t st_mark(struct str line)
{
	return str_find(line, STR("@st"));
}

/* The series of one block: of one that is there twice the last counts. */
struct loads {
	struct series_desc d[ROWS_MAX];
	const ms_t *st[ROWS_MAX];
	size_t n;
};

static void loads_add(struct loads *l, const struct series_desc *d, const ms_t *st)
{
	size_t at = 0;

	while (at < l->n && !labels_eq(l->d[at].labels, d->labels))
		at++;
	CHECK(at < ROWS_MAX);
	l->d[at] = *d;
	l->st[at] = st;
	l->n += at == l->n;
}

static bool load_line(struct script *s, struct loads *loads, struct str line, struct offsets *o,
		      struct err *err)
{
	struct series_desc d;
	ptrdiff_t at = st_mark(line);

	if (at >= 0 && (at == 0 || line.p[at - 1] == '}' || line.p[at - 1] != ' '))
		return offsets(s, str_trim(str_from(line, (size_t)at + 3)), o, err);
	if (!series(s, line, &d, err))
		return false;
	if (o->v && o->n != d.n)
		return err_set(err, -1, "%zu start timestamps for %zu samples", o->n, d.n);
	loads_add(loads, &d, o->v);
	*o = (struct offsets){0};
	return true;
}

static void copy_series(void *arg, const struct series *s)
{
	struct memory_series *to = memory_series(arg, s->labels);

	for (size_t i = 0; i < s->points.n; i++)
		CHECK(memory_append(arg, to, s->points.t[i], s->points.v[i],
				    s->points.h ? s->points.h[i] : NULL,
				    s->points.st ? s->points.st[i] : 0) == MEMORY_OK);
}

static bool load(struct script *s, struct str line, bool nhcb, struct err *err)
{
	OWNED(memory) classic = memory_new();
	struct memory *to = nhcb ? classic : s->store;
	struct loads *loads = ARENA_NEW(&s->arena, struct loads);
	struct offsets o = {0};
	ms_t interval;

	if (!duration(word(&line), &interval, err))
		return false;
	while (next_line(s, &line) && line.n) {
		if (!load_line(s, loads, line, &o, err))
			return false;
	}
	for (size_t i = 0; i < loads->n; i++) {
		if (!memory_load(to, &loads->d[i], loads->st[i], 0, interval, err))
			return false;
	}
	if (nhcb) {
		memory_each(classic, copy_series, s->store);
		script_add_nhcb(s->store, classic, &s->arena);
	}
	return true;
}

/* ---- expectations -----------------------------------------------------------------------------
 */

static struct expectation expectation(struct str rest)
{
	if (str_starts(rest, "msg:"))
		return (struct expectation){EXPECT_MSG, str_trim(str_from(rest, 4))};
	if (str_starts(rest, "regex:"))
		return (struct expectation){EXPECT_REGEX, str_trim(str_from(rest, 6))};
	return (struct expectation){0};
}

static void expect_note(struct script *s, struct expectations *e, struct str rest)
{
	struct expectation *old = e->v;

	e->v = ARENA_ARRAY(&s->arena, struct expectation, e->n + 1);
	if (e->n)
		memcpy(e->v, old, e->n * sizeof(*old));
	e->v[e->n++] = expectation(rest);
}

static bool expect_range(struct str line, struct eval_case *c, struct err *err)
{
	ms_t to;

	c->matrix = true;
	word(&line); /* vector */
	word(&line); /* from */
	if (!duration(word(&line), &c->rows_start, err))
		return false;
	word(&line); /* to */
	if (!duration(word(&line), &to, err))
		return false;
	word(&line); /* step */
	return duration(word(&line), &c->rows_step, err);
}

static bool expect(struct script *s, struct str line, struct eval_case *c, struct err *err)
{
	struct str what = word(&line);
	struct buf b;

	if (str_is(what, "ordered")) {
		c->ordered = true;
	} else if (str_is(what, "fail")) {
		c->fails = true;
		c->fail = expectation(line);
	} else if (str_is(what, "warn")) {
		expect_note(s, &c->warn, line);
	} else if (str_is(what, "info")) {
		expect_note(s, &c->info, line);
	} else if (str_is(what, "no_warn")) {
		c->warn.none = true;
	} else if (str_is(what, "no_info")) {
		c->info.none = true;
	} else if (str_is(what, "string")) {
		c->has_string = true;
		buf_init(&b, BUF_MAX_ANY);
		if (!promql_unquote(&b, line)) {
			buf_done(&b);
			return err_set(err, -1, "bad string");
		}
		c->string = arena_str(&s->arena, buf_str(&b));
		buf_done(&b);
	} else if (str_is(what, "range")) {
		return expect_range(line, c, err);
	} else {
		return err_set(err, -1, "unknown expectation %.*s", STR_ARG(what));
	}
	return true;
}

/* ---- eval -------------------------------------------------------------------------------------
 */

static bool header(struct script *s, struct str command, struct str line, struct eval_case *c,
		   struct err *err)
{
	c->line = s->line;
	c->ordered = str_is(command, "eval_ordered");
	c->fails = str_is(command, "eval_fail");
	if (str_is(command, "eval_warn"))
		expect_note(s, &c->warn, (struct str){0});
	if (str_is(command, "eval_info"))
		expect_note(s, &c->info, (struct str){0});
	c->range = str_is(word(&line), "range");
	word(&line); /* at, from */
	if (!duration(word(&line), &c->start, err))
		return false;
	c->end = c->start;
	if (c->range) {
		word(&line); /* to */
		if (!duration(word(&line), &c->end, err))
			return false;
		word(&line); /* step */
		if (!duration(word(&line), &c->step, err))
			return false;
	}
	c->rows_start = c->start;
	c->rows_step = c->range ? c->step : MINUTE;
	c->expr = line;
	return true;
}

/* One line of results or expectations; *over: the block ends with it. */
static bool body_line(struct script *s, struct str line, struct eval_case *c, bool *over,
		      struct err *err)
{
	struct str rest = line, first = word(&rest);
	enum num_result r;
	int64_t whole;

	if (str_is(first, "expect"))
		return expect(s, rest, c, err);
	if (str_is(first, "expected_fail_message") || str_is(first, "expected_fail_regexp")) {
		c->fail =
			(struct expectation){str_is(first, "expected_fail_message") ? EXPECT_MSG
										    : EXPECT_REGEX,
					     rest};
		*over = true;
		return true;
	}
	r = num_float(line, &c->number);
	if (r == NUM_SYNTAX && num_int(line, 0, &whole) == NUM_OK) {
		c->number = (double)whole;
		r = NUM_OK;
	}
	if (r != NUM_SYNTAX) {
		c->has_number = *over = true;
		return true;
	}
	if (c->n_rows == ROWS_MAX)
		return err_set(err, -1, "too many rows");
	return series(s, line, &c->rows[c->n_rows++], err);
}

static bool read_case(struct script *s, struct str command, struct str line, struct eval_case *c,
		      struct err *err)
{
	bool over = false;

	*c = (struct eval_case){.rows = ARENA_ARRAY(&s->arena, struct series_desc, ROWS_MAX)};
	if (!header(s, command, line, c, err))
		return false;
	while (!over && next_line(s, &line) && line.n) {
		if (!body_line(s, line, c, &over, err))
			return false;
	}
	return true;
}

bool script_next(struct script *s, struct eval_case *out, struct err *err)
{
	struct str line, rest;

	err->msg[0] = 0;
	arena_clear(&s->arena);
	while (next_line(s, &line)) {
		struct str command;

		if (line.n == 0)
			continue;
		rest = line;
		command = word(&rest);
		if (str_is(command, "clear"))
			memory_clear(s->store);
		else if (str_starts(command, "eval"))
			return read_case(s, command, rest, out, err);
		else if (!str_starts(command, "load"))
			return err_set(err, -1, "unknown command %.*s", STR_ARG(command));
		else if (!load(s, rest, str_is(command, "load_with_nhcb"), err))
			return false;
	}
	return false;
}

/* ---- native histograms of classic ones --------------------------------------------------------
 */

/* One histogram at one time. */
struct classic {
	ms_t t;
	struct labels labels;
	double bounds[64], counts[64];
	size_t n;
	double count, sum;
};

struct classics {
	struct classic *v;
	size_t n, cap;
	struct arena *a;
};

static struct classic *classic_at(struct classics *cs, struct labels labels, ms_t t)
{
	for (size_t i = 0; i < cs->n; i++) {
		if (cs->v[i].t == t && labels_eq(cs->v[i].labels, labels))
			return &cs->v[i];
	}
	cs->v = mem_reserve(cs->v, &cs->cap, cs->n + 1, sizeof(*cs->v));
	cs->v[cs->n] = (struct classic){.t = t, .labels = labels, .count = NAN, .sum = 0};
	return &cs->v[cs->n++];
}

static void classic_add(struct classic *c, struct str suffix, double bound, double v)
{
	if (str_is(suffix, "_count")) {
		c->count = v;
	} else if (str_is(suffix, "_sum")) {
		c->sum = v;
	} else if (c->n < ARRAY_LEN(c->bounds)) {
		size_t at = c->n++;

		for (; at > 0 && c->bounds[at - 1] > bound; at--) {
			c->bounds[at] = c->bounds[at - 1];
			c->counts[at] = c->counts[at - 1];
		}
		c->bounds[at] = bound;
		c->counts[at] = v;
	}
}

static void collect(void *arg, const struct series *s)
{
	static const char *const SUFFIXES[] = {"_bucket", "_count", "_sum"};
	struct str name = labels_get(s->labels, STR(LABEL_NAME));
	struct classics *cs = arg;

	for (size_t k = 0; k < ARRAY_LEN(SUFFIXES); k++) {
		size_t n = strlen(SUFFIXES[k]);
		struct labels_builder lb;
		struct labels base;
		double bound = 0;

		if (!str_ends(name, SUFFIXES[k]) ||
		    (k == 0 && num_float(labels_get(s->labels, STR("le")), &bound) == NUM_SYNTAX))
			continue;
		labels_builder_init(&lb);
		labels_builder_from(&lb, s->labels);
		labels_builder_del(&lb, STR("le"));
		labels_builder_set(&lb, STR(LABEL_NAME), str_cut(name, 0, name.n - n));
		base = labels_builder_build(&lb, cs->a);
		labels_builder_done(&lb);
		for (size_t i = 0; i < s->points.n; i++)
			classic_add(classic_at(cs, base, s->points.t[i]), str_of(SUFFIXES[k]),
				    bound, s->points.v[i]);
	}
}

static const struct histogram *native_of(const struct classic *c, struct arena *a)
{
	struct histogram *h = ARENA_NEW(a, struct histogram);
	double prev = 0;

	h->schema = HISTOGRAM_CUSTOM_SCHEMA;
	h->custom_values = ARENA_ARRAY(a, double, c->n);
	h->pos = (struct histogram_buckets){.spans = ARENA_NEW(a, struct histogram_span),
					    .n_spans = 1,
					    .counts = ARENA_ARRAY(a, double, c->n + 1)};
	for (size_t i = 0; i < c->n; i++) {
		if (!isinf(c->bounds[i]))
			h->custom_values[h->n_custom_values++] = c->bounds[i];
		h->pos.counts[h->pos.n_counts++] = c->counts[i] - prev;
		prev = c->counts[i];
	}
	h->count = isnan(c->count) ? prev : c->count;
	if (c->n && !isinf(c->bounds[c->n - 1]))
		h->pos.counts[h->pos.n_counts++] = h->count - prev;
	h->pos.spans[0].length = (uint32_t)h->pos.n_counts;
	h->sum = c->sum;
	return histogram_compact(a, h);
}

static int by_time(const void *x, const void *y)
{
	ms_t a = ((const struct classic *)x)->t, b = ((const struct classic *)y)->t;

	return (a > b) - (a < b);
}

void script_add_nhcb(struct memory *to, const struct memory *classic, struct arena *a)
{
	struct classics cs = {.a = a};

	memory_each(classic, collect, &cs);
	qsort(cs.v, cs.n, sizeof(*cs.v), by_time);
	for (size_t i = 0; i < cs.n; i++) {
		if (cs.v[i].n)
			CHECK(memory_append(to, memory_series(to, cs.v[i].labels), cs.v[i].t, 0,
					    native_of(&cs.v[i], a), 0) == MEMORY_OK);
	}
	free(cs.v);
}
