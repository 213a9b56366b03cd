/*
 * What many alerts at once cost the notifier: taken in, grouped, flushed, told to a webhook that
 * answers at once, then all of them over. Once in one group, once in a group each.
 *
 *	bench_notify [ALERTS...]
 *
 * Prints CPU time for each alert, which should not grow with their number, and the memory for each.
 * Nothing is written: a batch counts as durable as soon as its turn ends.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/timer.h"
#include "base/yaml.h"
#include "notify/config.h"
#include "notify/notify.h"
#include "store/batch.h"

struct bench {
	struct now now;
	struct timers timers;
	struct limits limits;
	struct io io;
	struct notify *n;
	struct batch *batch;
	struct io_call **calls; /* open */
	size_t n_calls, cap_calls;
	size_t pages, rows, bytes;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* ---- the world ------------------------------------------------------------------------------- */

static void fetch(void *host, struct io_call *call, const struct io_request *req)
{
	struct bench *b = host;

	b->calls = mem_reserve(b->calls, &b->cap_calls, b->n_calls + 1, sizeof(struct io_call *));
	b->calls[b->n_calls++] = call;
	b->bytes += req->body.n;
	b->pages++;
	call->host = b;
}

static void cancel(void *host ATTR_UNUSED, struct io_call *call)
{
	call->host = NULL;
}

static uint64_t entropy(void *host)
{
	struct bench *b = host;

	return (uint64_t)b->now.wall * 2654435761u + b->pages;
}

static void log_line(void *host ATTR_UNUSED, enum log_level level ATTR_UNUSED,
		     struct str line ATTR_UNUSED)
{
}

static void changed(void *host ATTR_UNUSED) {}

static const struct io_ops OPS = {.fetch = fetch,
				  .cancel = cancel,
				  .entropy = entropy,
				  .log = log_line,
				  .changed = changed};

static struct batch *batch_of(void *core)
{
	return ((struct bench *)core)->batch;
}

static void self_alert(void *core ATTR_UNUSED, struct now now ATTR_UNUSED,
		       struct str name ATTR_UNUSED, struct str what ATTR_UNUSED,
		       struct str text ATTR_UNUSED, bool firing ATTR_UNUSED)
{
}

static void commit(struct bench *b)
{
	if (!batch_count(b->batch))
		return;
	b->rows += batch_count(b->batch);
	batch_free(b->batch);
	b->batch = batch_new();
	notify_taken(b->n);
	notify_committed(b->n, b->now, true);
}

static void answer(struct bench *b)
{
	const struct io_reply ok = {.outcome = IO_REPLIED, .status = 200};

	while (b->n_calls) {
		struct io_call *call = b->calls[--b->n_calls];

		if (!call->host)
			continue;
		call->host = NULL;
		call->on_done(call, b->now, &ok);
	}
}

/* Turn after turn until nothing is due for a while. */
static void run(struct bench *b, ms_t span)
{
	ms_t until = b->now.mono + span;

	for (;;) {
		ms_t wait;

		timers_run(&b->timers, b->now);
		commit(b);
		answer(b);
		commit(b);
		wait = timers_wait(&b->timers, b->now);
		if (b->n_calls)
			continue;
		if (wait < 0 || b->now.mono + wait > until)
			return;
		b->now.mono += wait;
		b->now.wall += wait;
	}
}

/* ---- one run --------------------------------------------------------------------------------- */

static struct notify_config *config(struct bench *b, const char *yaml)
{
	struct config_files files = {0};
	struct notify_config *c = NULL;
	struct yaml_node *root;
	struct diags diags;
	struct arena a;
	struct err err;
	bool more;

	arena_init(&a);
	diags_init(&diags);
	if (!yaml_parse(str_of(yaml), &b->limits, &a, &root, &more, &err) ||
	    !notify_config_parse(root, STR("bench.yml"), &files, &b->limits, &c, &diags)) {
		fprintf(stderr, "configuration: %s\n", diags.n ? diags.v[0].msg : err.msg);
		exit(1);
	}
	diags_done(&diags);
	arena_done(&a);
	return c;
}

static struct alert_in *alerts_new(struct arena *a, size_t n, ms_t now)
{
	struct alert_in *v = ARENA_ARRAY(a, struct alert_in, n);
	struct labels_builder lb;

	labels_builder_init(&lb);
	for (size_t i = 0; i < n; i++) {
		labels_builder_from(&lb, (struct labels){0});
		labels_builder_set(&lb, STR("alertname"), STR("InstanceDown"));
		labels_builder_set(&lb, STR("severity"), STR("page"));
		labels_builder_set(&lb, STR("instance"), arena_printf(a, "host-%06zu:9100", i));
		v[i] = (struct alert_in){.labels = labels_builder_build(&lb, a),
					 .starts_at = now,
					 .ends_at = MS_NONE,
					 .source = ALERT_FROM_RULE};
		labels_builder_from(&lb, (struct labels){0});
		labels_builder_set(&lb, STR("summary"), arena_printf(a, "host %zu is down", i));
		v[i].annotations = labels_builder_build(&lb, a);
	}
	labels_builder_done(&lb);
	return v;
}

struct cost {
	double put_us, flush_us; /* an alert */
};

static struct cost step(struct bench *b, const struct alert_in *v, size_t n)
{
	double start = cpu_s(), mid;

	for (size_t i = 0; i < n; i++)
		notify_put(b->n, b->now, &v[i], 1);
	mid = cpu_s();
	run(b, 10 * SECOND);
	return (struct cost){.put_us = (mid - start) / (double)n * 1e6,
			     .flush_us = (cpu_s() - mid) / (double)n * 1e6};
}

static void story(struct bench *b, const char *title, struct arena *a, size_t n)
{
	struct alert_in *v = alerts_new(a, n, b->now.wall);
	size_t before = heap_bytes();
	struct cost fired = step(b, v, n), over;
	size_t after = heap_bytes();

	for (size_t i = 0; i < n; i++)
		v[i].ends_at = b->now.wall;
	over = step(b, v, n);
	printf("%-12s %7zu  %7.2f %7.2f  %7.2f %7.2f  %7zu %8zu %10zu %6zu\n", title, n,
	       fired.put_us, fired.flush_us, over.put_us, over.flush_us, b->pages, b->rows,
	       b->bytes, after > before ? (after - before) / n : 0);
}

static void measure(const char *title, const char *yaml, size_t n)
{
	struct bench b = {.now = {.mono = 5000, .wall = 1800000000000}, .batch = batch_new()};
	struct notify_env env = {.io = &b.io,
				 .timers = &b.timers,
				 .limits = &b.limits,
				 .batch = batch_of,
				 .self_alert = self_alert,
				 .core = &b};
	struct notify_config *c;
	struct arena a;

	limits_default(&b.limits);
	timers_init(&b.timers);
	arena_init(&a);
	b.io = (struct io){.ops = &OPS, .host = &b};
	c = config(&b, yaml);
	b.n = notify_new(&env);
	notify_configure(b.n, b.now, c, STR("http://rouse.example"));
	story(&b, title, &a, n);
	notify_free(b.n);
	notify_config_free(c);
	batch_free(b.batch);
	timers_done(&b.timers);
	arena_done(&a);
	free(b.calls);
}

#define CONFIG(group_by) \
	"route: {receiver: hook, group_by: [" group_by "], group_wait: 1s, group_interval: 2s}\n" \
	"receivers: [{name: hook, webhook_configs: [{url: 'http://hook.example/'}]}]\n"

int main(int argc, char **argv)
{
	static const size_t sizes[] = {1000, 10000, 40000};
	size_t n = argc > 1 ? (size_t)argc - 1 : ARRAY_LEN(sizes);

	printf("CPU in us for each alert; fired, then over\n%-12s %7s  %7s %7s  %7s %7s  %7s %8s "
	       "%10s %6s\n",
	       "", "alerts", "put", "flush", "put", "flush", "pages", "rows", "bytes", "B/each");
	for (size_t i = 0; i < n; i++) {
		size_t alerts = argc > 1 ? strtoul(argv[i + 1], NULL, 10) : sizes[i];

		measure("one group", CONFIG("alertname"), alerts);
		measure("group each", CONFIG("alertname, instance"), alerts);
	}
	return 0;
}
