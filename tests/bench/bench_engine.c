/*
 * What the engine costs: CPU milliseconds a query over series in memory.
 *
 *	bench_engine [SERIES [HOURS]]
 *
 * The data are those of tests/bench/engine.py: counters c and gauges g, SERIES of each, a sample
 * every 15 s, labels job (10 values) and instance. Instant queries are at the end, range queries
 * have 1,000 steps over the last hour's data and before.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "promql/engine.h"
#include "promql/memory.h"
#include "promql/parse.h"

static const struct {
	const char *text;
	bool range;
} QUERIES[] = {
	{"c", false},
	{"rate(c[5m])", false},
	{"rate(c[1h])", false},
	{"sum by (job) (rate(c[5m]))", false},
	{"sum by (job) (rate(c[1h]))", false},
	{"sum by (job) (c)", false},
	{"topk(5, g)", false},
	{"g > 50", false},
	{"g / on (instance, job) c", false},
	{"max_over_time(g[1h])", false},
	{"quantile_over_time(0.9, g[1h])", false},
	{"sum by (job) (rate(c[5m]))", true},
	{"sum by (job) (rate(c[30m]))", true},
	{"avg_over_time(g[30m])", true},
	{"max_over_time(g[30m])", true},
	{"sum by (job) (g) / count by (job) (g)", true},
	{"g > 50", true},
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(struct memory *m, const char *name, size_t series, size_t samples)
{
	struct labels_builder lb;
	struct arena a;

	labels_builder_init(&lb);
	for (size_t s = 0; s < series; s++) {
		bool counter = name[0] == 'c';
		struct memory_series *ms;
		double v = 0;

		arena_init(&a);
		labels_builder_from(&lb, (struct labels){0});
		labels_builder_set(&lb, STR(LABEL_NAME), str_of(name));
		labels_builder_set(&lb, STR("job"), arena_printf(&a, "j%zu", s % 10));
		labels_builder_set(&lb, STR("instance"), arena_printf(&a, "i%zu", s));
		ms = memory_series(m, labels_builder_build(&lb, &a));
		for (size_t i = 0; i < samples; i++) {
			v = counter ? v + (double)(s % 7) : 50 + 50 * sin((double)(s + i) / 30);
			CHECK(memory_append(m, ms, (ms_t)i * 15 * SECOND, v, NULL, 0) == MEMORY_OK);
		}
		arena_done(&a);
	}
	labels_builder_done(&lb);
}

static double measure(struct memory *m, const struct expr *e, bool range, ms_t end, size_t *series)
{
	ms_t step = range ? end / 1000 / SECOND * SECOND : 0;
	struct engine_query q = {.source = memory_source(m),
				 .expr = e,
				 .start = range ? end - 999 * step : end,
				 .end = end,
				 .step = step};
	double best = 1e9, spent = 0;
	struct engine_options o;

	engine_options_default(&o);
	for (int round = 0; round < 3 || (round < 50 && spent < 0.5); round++) {
		double begin = cpu_seconds(), took;
		struct arena a;
		struct result r;
		struct err err;

		arena_init(&a);
		if (!engine_eval(&o, &q, &a, &r, NULL, &err)) {
			fprintf(stderr, "bench_engine: %s\n", err.msg);
			exit(1);
		}
		*series = r.n;
		arena_done(&a);
		took = cpu_seconds() - begin;
		spent += took;
		best = took < best ? took : best;
	}
	return best;
}

static size_t argument(int argc, char **argv, int i, size_t fallback)
{
	int64_t n;

	return argc > i && num_int(str_of(argv[i]), 10, &n) == NUM_OK && n > 0 ? (size_t)n
									       : fallback;
}

int main(int argc, char **argv)
{
	size_t series = argument(argc, argv, 1, 10000), hours = argument(argc, argv, 2, 1);
	size_t samples = hours * 240;
	struct promql_options po = {true, true, true, true};
	OWNED(memory) m = memory_new();
	struct limits l;
	struct arena a;

	limits_default(&l);
	arena_init(&a);
	fill(m, "c", series, samples);
	fill(m, "g", series, samples);
	printf("%-46s %6s %8s %10s\n", "query", "steps", "series", "ms CPU");
	for (size_t i = 0; i < ARRAY_LEN(QUERIES); i++) {
		const struct expr *e;
		size_t n;
		double s;

		CHECK(promql_parse(str_of(QUERIES[i].text), &po, &l, &a, &e, NULL));
		s = measure(m, e, QUERIES[i].range, (ms_t)(samples - 1) * 15 * SECOND, &n);
		printf("%-46s %6d %8zu %10.2f\n", QUERIES[i].text, QUERIES[i].range ? 1000 : 1, n,
		       s * 1e3);
	}
	arena_done(&a);
	return 0;
}
