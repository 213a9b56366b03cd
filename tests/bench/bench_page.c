/*
 * How long a page, an answer of the API and an event take when much fires.
 *
 *	bench_page [RULES [ALERTS_EACH [REPEATS]]]
 *
 * Prints the median in ms and the bytes of each. The goal: the status page with 10,000 active
 * alerts in less than 50 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The house of the unit tests: its functions stand in for the core's. */
#include "tests/unit/web_fake.c"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(struct web *w, const char *path, size_t repeats)
{
	double *took = mem_alloc(repeats * sizeof(*took));
	size_t bytes = 0;

	for (size_t i = 0; i < repeats; i++) {
		struct arena a;
		double from = seconds();

		arena_init(&a);
		bytes = fake_get(w, &a, path).body.n;
		arena_done(&a);
		took[i] = seconds() - from;
	}
	qsort(took, repeats, sizeof(*took), by_size);
	printf("%-32s %8.2f ms %10zu bytes\n", path, took[repeats / 2] * 1e3, bytes);
	free(took);
}

int main(int argc, char **argv)
{
	size_t rules = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	size_t each = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
	size_t repeats = argc > 3 ? strtoul(argv[3], NULL, 10) : 21;
	struct core *c = fake_many(rules, each);
	struct web *w = fake_web(c, "");

	printf("%zu rules with %zu firing alerts each\n", rules, each);
	measure(w, "/", repeats);
	measure(w, "/?q=host-7", repeats);
	measure(w, "/api/v1/alerts", repeats);
	measure(w, "/api/v1/rules", repeats);
	measure(w, "/api/v1/rules?exclude_alerts=1", repeats);
	measure(w, "/api/rouse/v1/status", repeats);
	web_free(w);
	fake_free(c);
	return 0;
}
