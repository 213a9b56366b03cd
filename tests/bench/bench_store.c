/*
 * What a commit costs (the fsync is most of a small one), and what loading 10,000 active alerts at
 * a restart costs. bench/store [FOLDER]: the disk to measure, the current folder if none is named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/store.h"

#define ALERTS 10000

static double ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct store *must_open(const char *path)
{
	static const struct store_options o = {0};
	struct store *s;
	struct err err;

	if (!store_open(path, &o, &s, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	return s;
}

static void must_commit(struct store *s, const struct batch *b)
{
	struct err err;

	if (!store_commit(s, b, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
}

/* An alert as the evaluator keeps it: about 300 bytes of labels and annotations. */
static void add_alert(struct batch *b, int i)
{
	struct buf labels;
	char notes[160];

	buf_init(&labels, 1000);
	buf_printf(&labels, "%calertname%cHighRequestLatency%cinstance%c10.0.%3d.%3d:9100", 9, 18,
		   8, 16, i / 256 % 256, i % 256);
	buf_printf(&labels, "%cjob%c%-20s%cnamespace%c%-20s%cseverity%cpage", 3, 20, "api", 9, 20,
		   "production", 8, 4);
	memset(notes, 'x', sizeof(notes));
	batch_add(b, ST_RULE_ALERT_PUT, V_TEXT(STR("rules.yml;api;HighRequestLatency;")),
		  V_BLOB(buf_str(&labels)), V_INT(2), V_INT(1795413600000), V_INT(1795413660000),
		  V_INT(MS_NONE), V_INT(MS_NONE), V_INT(1795413660000), V_REAL(i * 0.1),
		  V_BLOB(((struct str){notes, sizeof(notes)})), V_TEXT(STR("")));
	buf_done(&labels);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void bench_commit(struct store *s, int rows, int rounds)
{
	double *took = calloc((size_t)rounds, sizeof(*took)), mean = 0;

	for (int r = 0; r < rounds; r++) {
		OWNED(batch) b = batch_new();

		for (int i = 0; i < rows; i++)
			add_alert(b, (r * rows + i) % ALERTS);

		double t = ms_now();

		must_commit(s, b);
		took[r] = ms_now() - t;
		mean += took[r] / rounds;
	}
	qsort(took, (size_t)rounds, sizeof(*took), by_value);
	printf("commit of %4d rows: median %.2f ms, mean %.2f ms, worst %.2f ms\n", rows,
	       took[rounds / 2], mean, took[rounds - 1]);
	free(took);
}

static bool count_row(void *arg, const struct val *row, ATTR_UNUSED size_t n)
{
	*(size_t *)arg += row[1].s.n > 0;
	return true;
}

static void bench_load(const char *path)
{
	double t = ms_now();
	OWNED(store) s = must_open(path);
	double opened = ms_now();
	size_t rows = 0;
	struct err err;

	if (!store_select(s, ST_RULE_ALERT_LOAD, NULL, 0, count_row, &rows, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	printf("restart: open %.2f ms, load of %zu alerts %.2f ms, file %zu kB\n", opened - t, rows,
	       ms_now() - opened, store_size(s) / 1024);
}

int main(int argc, char **argv)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char dir[512], path[600], name[700];

	snprintf(dir, sizeof(dir), "%s/bench-store-XXXXXX", argc > 1 ? argv[1] : ".");
	if (!mkdtemp(dir)) {
		fprintf(stderr, "cannot make a folder in %s: %m\n", argc > 1 ? argv[1] : ".");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/rouse.db", dir);

	double t = ms_now();
	struct store *s = must_open(path);

	printf("first open: %.2f ms\n", ms_now() - t);
	bench_commit(s, 1000, 50);
	bench_commit(s, 1, 300);
	store_free(s);
	bench_load(path);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	rmdir(dir);
	return 0;
}
