/*
 * What the expansion of a rule's text costs.
 *
 *	bench_template [REPEATS]
 *
 * Prints nanoseconds an expansion for texts of growing difficulty, over a sample with seven labels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "promql/labels.h"
#include "rules/expand.h"

static const char *const texts[] = {
	"Instance is down",
	"{{ $value }}",
	"{{ $labels.instance }} is at {{ $value }}",
	"{{ $labels.instance }} of job {{ $labels.job }} has been down for more than 5 minutes.",
	"{{ $value | humanize }} requests/s on {{ .Labels.instance }}",
	"{{ if gt $value 80.0 }}critical{{ else }}warning{{ end }}",
	"VALUE = {{ $value }}\n  LABELS = {{ $labels }}",
	"{{ printf \"%.2f\" $value }}%",
	"{{ range $k, $v := $labels }}{{ $k }}={{ $v }} {{ end }}",
	"{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}",
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct labels make_labels(struct arena *a)
{
	static const char *const pairs[][2] = {
		{"__name__", "node_load1"},
		{"env", "prod"},
		{"instance", "host-01.example:9100"},
		{"job", "node"},
		{"rack", "r12"},
		{"region", "eu-west-1"},
		{"severity", "page"},
	};
	struct labels_builder lb;
	struct labels ls;

	labels_builder_init(&lb);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		labels_builder_set(&lb, str_of(pairs[i][0]), str_of(pairs[i][1]));
	ls = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ls;
}

static void measure(const char *text, int repeats)
{
	struct arena a, out;
	struct limits l;
	struct expander x;
	struct expand_env env = {.external_url = STR("http://localhost:9090")};
	struct rule_sample s = {.value = 91.25};
	const struct expand *e;
	struct err err;
	struct str got = {0};
	double start;

	arena_init(&a);
	arena_init(&out);
	limits_default(&l);
	expander_init(&x, &l);
	s.labels = make_labels(&a);
	if (!expand_compile(&a, STR("Bench"), str_of(text), &l, &e, &err)) {
		printf("%s\n", err.msg);
		exit(1);
	}
	start = seconds();
	for (int i = 0; i < repeats; i++) {
		s.value += 0.25;
		if (i % 100 == 0)
			arena_clear(&out);
		if (expand_run(&x, e, &env, &s, &out, &got) != EXPAND_OK)
			exit(1);
	}
	printf("%8.0f ns  %.50s  ->  %.*s\n", (seconds() - start) / repeats * 1e9, text,
	       (int)MIN(got.n, (size_t)40), got.p);
	expander_done(&x);
	arena_done(&out);
	arena_done(&a);
}

int main(int argc, char **argv)
{
	int repeats = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 200000;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		measure(texts[i], MAX(repeats, 1));
	return 0;
}
