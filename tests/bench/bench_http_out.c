/*
 * What a query costs rouse on its way out and back: N requests over loopback, eight at a time, as
 * an evaluation sends them. Start a server that answers POST /api/v1/query (fakeprom) first.
 *
 *	bench/http_out http://127.0.0.1:9999 [N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "host/http_out.h"

#define IN_FLIGHT 8

struct bench {
	struct http_out *out;
	struct io_request req;
	struct io_call calls[IN_FLIGHT];
	uint64_t left, done, failed, bytes;
	bool failed_shown;
};

static struct bench bench;

static void on_data(struct io_call *c, struct str bytes)
{
	(void)c;
	bench.bytes += bytes.n;
}

static void on_done(struct io_call *c, struct now now, const struct io_reply *r)
{
	(void)now;
	bench.done++;
	if (r->outcome != IO_REPLIED || r->status != 200) {
		bench.failed++;
		if (!bench.failed_shown)
			printf("first failure: %d %.*s\n", r->status, STR_ARG(r->error));
		bench.failed_shown = true;
	}
	if (bench.left) {
		bench.left--;
		http_out_fetch(bench.out, c, &bench.req);
	}
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run(struct loop *loop, uint64_t n)
{
	bench.left = n;
	bench.done = 0;
	for (size_t i = 0; i < IN_FLIGHT && bench.left; i++, bench.left--)
		http_out_fetch(bench.out, &bench.calls[i], &bench.req);
	for (bool more = http_out_run(bench.out, loop_clocks()); bench.done < n;)
		more = http_out_run(bench.out, loop_turn(loop, more ? 0 : -1));
}

int main(int argc, char **argv)
{
	static const struct io_header headers[] = {
		{STR("Content-Type"), STR("application/x-www-form-urlencoded")}};
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
	struct loop loop;
	struct err err;
	struct buf url;

	if (argc < 2 || !loop_init(&loop, &err))
		return 2;
	buf_init(&url, 1000);
	buf_printf(&url, "%s/api/v1/query", argv[1]);

	struct dns *dns = dns_new(&loop);

	bench.out = http_out_new(&loop, dns);
	bench.req = (struct io_request){
		.method = STR("POST"),
		.url = buf_str(&url),
		.headers = headers,
		.n_headers = 1,
		.body = STR(
			"query=bench_k1%7Bwant%21%3D%221%22%7D&time=1700000000.000&timeout=30s"),
		.timeout = 30 * SECOND,
		.max_reply = 1 << 20,
		.lane = IO_LANE_QUERY,
	};
	for (size_t i = 0; i < IN_FLIGHT; i++)
		bench.calls[i] = (struct io_call){.on_data = on_data, .on_done = on_done};
	run(&loop, 1000);

	double cpu = cpu_us();
	ms_t began = loop_clocks().mono;

	run(&loop, n);
	printf("%.1f us CPU a request, %.0f requests/s, %llu failed, %llu bytes\n",
	       (cpu_us() - cpu) / (double)n,
	       (double)n * 1000 / (double)(loop_clocks().mono - began + 1),
	       (unsigned long long)bench.failed, (unsigned long long)bench.bytes);
	http_out_free(bench.out);
	dns_free(dns);
	loop_done(&loop);
	buf_done(&url);
	return bench.failed != 0;
}
