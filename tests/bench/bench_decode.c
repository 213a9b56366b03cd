/*
 * How fast query answers are decoded, and in how much memory, beside jansson in the same run.
 *
 *	bench_decode [SERIES [REPEATS]]
 *
 * Prints MB/s (1e6 bytes), nanoseconds a series and bytes of heap a series; the best of the
 * repeats. The answer has the shape of a fleet's: seven labels a series, 215 bytes of JSON.
 */
#include <jansson.h>
#include <malloc.h>
#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "evaluator/decode.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void make_answer(struct buf *b, size_t series)
{
	buf_adds(b, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[");
	for (size_t i = 0; i < series; i++)
		buf_printf(b,
			   "%s{\"metric\":{\"__name__\":\"fleet_load\",\"app\":\"bench\",\"env\":"
			   "\"prod\",\"instance\":\"host-%06zu.dc1.example:9100\",\"job\":\"node\","
			   "\"rack\":\"r%zu\",\"unit\":\"%zu\"},\"value\":[1700000000.000,\"%zu\"]"
			   "}",
			   i ? "," : "", i, i % 40, i, i % 97 + 1);
	buf_adds(b, "]}}");
}

static void decode(struct decoder *d, struct vector *v, struct str s, size_t piece)
{
	struct err err;

	decode_reset(d, v);
	for (size_t at = 0; at < s.n; at += piece)
		decode_feed(d, str_cut(s, at, at + piece));
	if (!decode_end(d, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
}

static void report(const char *what, struct str s, size_t series, double best, size_t bytes)
{
	printf("%-28s %8.0f MB/s %7.0f ns/series %7zu bytes/series\n", what,
	       (double)s.n / best / 1e6, best * 1e9 / (double)series, bytes / series);
}

static void run_decoder(struct str s, size_t series, size_t piece, int repeats)
{
	struct limits l;
	double best = HUGE_VAL;
	size_t most = 0;
	char what[64];

	limits_default(&l);
	for (int i = 0; i < repeats; i++) {
		struct vector v;
		struct decoder d;
		size_t before = heap();

		vector_init(&v);
		decode_init(&d, &l, &v);

		double from = seconds();

		decode(&d, &v, s, piece);
		best = fmin(best, seconds() - from);
		CHECK(v.n == series);
		most = MAX(most, heap() - before);
		decode_done(&d);
		vector_done(&v);
	}
	snprintf(what, sizeof(what), "rouse, pieces of %zu", piece);
	report(what, s, series, best, most);
}

static void run_jansson(struct str s, size_t series, int repeats)
{
	double best = HUGE_VAL;
	size_t most = 0;

	for (int i = 0; i < repeats; i++) {
		size_t before = heap();
		double from = seconds();
		json_t *j = json_loadb(s.p, s.n, 0, NULL);

		best = fmin(best, seconds() - from);
		CHECK(j);
		most = MAX(most, heap() - before);
		json_decref(j);
	}
	report("jansson, tree only", s, series, best, most);
}

static void run_small(size_t series)
{
	struct buf b;
	struct limits l;
	struct vector v;
	struct decoder d;
	int times = (int)(1000000 / series) + 1;

	limits_default(&l);
	buf_init(&b, BUF_MAX_ANY);
	make_answer(&b, series);
	vector_init(&v);
	decode_init(&d, &l, &v);

	double from = seconds();

	for (int i = 0; i < times; i++)
		decode(&d, &v, buf_str(&b), b.n);
	printf("answer of %zu series: %.0f ns\n", series, (seconds() - from) * 1e9 / times);
	decode_done(&d);
	vector_done(&v);
	buf_done(&b);
}

int main(int argc, char **argv)
{
	size_t series = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	int repeats = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
	struct buf b;

	series = MAX(series, (size_t)1);
	buf_init(&b, BUF_MAX_ANY);
	make_answer(&b, series);
	printf("%zu series, %zu bytes\n", series, b.n);
	run_decoder(buf_str(&b), series, b.n, repeats);
	run_decoder(buf_str(&b), series, 16384, repeats);
	run_decoder(buf_str(&b), series, 1400, repeats);
	run_decoder(buf_str(&b), series, 1, repeats);
	run_jansson(buf_str(&b), series, repeats);
	buf_done(&b);
	run_small(1);
	run_small(100);
	return 0;
}
