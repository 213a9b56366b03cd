/*
 * The engine: whatever parses is evaluated over a few series (floats, histograms of both kinds,
 * stale markers, start timestamps) within small limits, at an instant and as a range. It gives a
 * result or an error, columns ascend, no series comes twice. The first byte chooses the options.
 */
#include <stdint.h>
#include <stdlib.h>

#include "promql/engine.h"
#include "promql/memory.h"
#include "promql/parse.h"
#include "promql/series_desc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const SERIES[] = {
	"a{i=\"1\",j=\"x\",le=\"1\"} 1+1x30",
	"a{i=\"2\",j=\"x\",le=\"+Inf\"} 5 _x3 7-1x10 stale 3 NaN Inf -Inf 0x10",
	"b{i=\"1\"} {{schema:1 count:5 sum:3 buckets:[1 2 2]}}x5 {{schema:0 count:9 sum:1 "
	"z_bucket:2 z_bucket_w:0.1 buckets:[3 4] n_buckets:[1]}}x5 7 8",
	"b{i=\"2\"} {{schema:-53 count:3 sum:2 custom_values:[1 2] buckets:[1 1 1]}}x5 "
	"{{schema:-53 "
	"count:6 sum:2 custom_values:[2 3] buckets:[1 2 3] counter_reset_hint:gauge}}x5",
	"target_info{instance=\"x\",job=\"y\",v=\"1\"} 1x30",
	"c{instance=\"x\",job=\"y\"} 0+3x20 1+2x20",
};

static struct memory *store(void)
{
	static struct memory *m;
	struct limits l;
	struct arena a;

	if (m)
		return m;
	m = memory_new();
	limits_default(&l);
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(SERIES); i++) {
		struct series_desc d;
		ms_t *st;

		CHECK(series_desc_parse(str_of(SERIES[i]), &l, &a, &d, NULL));
		st = ARENA_ARRAY(&a, ms_t, d.n);
		for (size_t k = 0; k < d.n; k++)
			st[k] = k % 5 ? -(ms_t)k * SECOND : MS_NONE;
		CHECK(memory_load(m, &d, i == 5 ? st : NULL, 0, 20 * SECOND, NULL));
	}
	arena_done(&a);
	return m;
}

static void check(const struct result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct points *p = &r->v[i].points;

		CHECK(p->n > 0 && labels_valid(labels_bytes(r->v[i].labels)));
		for (size_t k = 0; k < p->n; k++)
			CHECK((k == 0 || p->t[k] > p->t[k - 1]) && !is_stale(p->v[k]));
		for (size_t k = 0; k < i && r->n < 200; k++)
			CHECK(!labels_eq(r->v[i].labels, r->v[k].labels));
	}
}

static void evaluate(const struct expr *e, const struct engine_options *o, struct str text,
		     ms_t step)
{
	struct engine_query q = {.source = memory_source(store()),
				 .expr = e,
				 .start = 300 * SECOND,
				 .end = step ? 420 * SECOND : 300 * SECOND,
				 .step = step};
	struct notes notes;
	struct arena a;
	struct result r;
	struct err err = {0};

	arena_init(&a);
	notes_init(&notes, text);
	if (engine_eval(o, &q, &a, &r, &notes, &err))
		check(&r);
	else
		CHECK(err.msg[0]);
	notes_done(&notes);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct promql_options po = {true, true, true, true};
	struct engine_options o;
	struct limits l;
	struct arena a;
	const struct expr *e;

	if (n < 2)
		return 0;
	limits_default(&l);
	l.expr_bytes = 4096;
	l.expr_depth = 60;
	engine_options_default(&o);
	o.delayed_name_removal = data[0] & 1;
	o.start_timestamps = data[0] & 2;
	o.max_samples = 200000;
	o.max_steps = 2000;
	o.max_series = 500;
	o.max_bytes = 64 << 20;
	arena_init(&a);
	if (promql_parse((struct str){(const char *)data + 1, n - 1}, &po, &l, &a, &e, NULL)) {
		struct str text = {(const char *)data + 1, n - 1};

		evaluate(e, &o, text, 0);
		evaluate(e, &o, text, 15 * SECOND);
	}
	arena_done(&a);
	return 0;
}
