/* The engine's limits: each ends a query with an error that names it, at once and without harm. */
#include <string.h>

#include "promql/engine.h"
#include "promql/memory.h"
#include "promql/parse.h"
#include "tests/unit/unit.h"

struct world {
	struct memory *store;
	struct arena arena;
	struct engine_options o;
	struct limits limits;
	struct err err;
	size_t asked; /* how often `stop` was */
};

static void add(struct memory *m, const char *name, size_t series, size_t samples)
{
	struct labels_builder lb;
	struct arena a;

	arena_init(&a);
	labels_builder_init(&lb);
	for (size_t s = 0; s < series; s++) {
		struct memory_series *ms;

		labels_builder_set(&lb, STR(LABEL_NAME), str_of(name));
		labels_builder_set(&lb, STR("i"), arena_printf(&a, "%zu", s));
		ms = memory_series(m, labels_builder_build(&lb, &a));
		for (size_t i = 0; i < samples; i++)
			assert_int_equal(memory_append(m, ms, (ms_t)i * 1000, (double)i, NULL, 0),
					 MEMORY_OK);
	}
	labels_builder_done(&lb);
	arena_done(&a);
}

static void setup(struct world *w)
{
	*w = (struct world){.store = memory_new()};
	arena_init(&w->arena);
	engine_options_default(&w->o);
	limits_default(&w->limits);
	add(w->store, "a", 300, 20);
	add(w->store, "b", 300, 20);
}

static void teardown(struct world *w)
{
	memory_free(w->store);
	arena_done(&w->arena);
}

#define UNSAID "an error that was never set"

static bool run(struct world *w, const char *text, ms_t end, ms_t step)
{
	struct promql_options po = {true, true, true, true};
	struct engine_query q = {.source = memory_source(w->store),
				 .start = 10000,
				 .end = end,
				 .step = step};
	struct result r;

	snprintf(w->err.msg, sizeof(w->err.msg), "%s", UNSAID);
	arena_clear(&w->arena);
	return promql_parse(str_of(text), &po, &w->limits, &w->arena, &q.expr, &w->err) &&
	       engine_eval(&w->o, &q, &w->arena, &r, NULL, &w->err);
}

static void refuses(struct world *w, const char *text, ms_t end, ms_t step, const char *why)
{
	assert_false(run(w, text, end, step));
	if (!strstr(w->err.msg, why) || strcmp(w->err.msg, UNSAID) == 0)
		fail_msg("expected \"%s\", got \"%s\": %.200s", why, w->err.msg, text);
}

static void test_steps(void **state ATTR_UNUSED)
{
	struct world w;

	setup(&w);
	assert_true(run(&w, "a", 20000, 1000));
	refuses(&w, "a", (ms_t)10000 + 2000000 * (ms_t)1000, 1000, "query has 2000001 steps");
	refuses(&w, "sum_over_time(a[1y:1ms])", 10000, 0, "subquery has");
	refuses(&w, "sum_over_time(sum_over_time(a[1d:1s])[20d:1s])", 10000, 0, "subquery has");
	refuses(&w, "count_over_time(a[290y:5ms])", 10000, 0, "subquery has");
	assert_true(run(&w, "a offset 290y", 10000, 0));
	assert_true(run(&w, "a @ 9000000000", 10000, 0));
	assert_true(run(&w, "a @ -9000000000 offset -290y", 10000, 0));
	refuses(&w, "a[step() - 1s]", 10000, 0, "duration must be greater than 0");
	refuses(&w, "count_over_time(a[1y * 1000])", 10000, 0, "duration out of range");
	teardown(&w);
}

static void test_samples(void **state ATTR_UNUSED)
{
	struct world w;

	setup(&w);
	w.o.max_samples = 200;
	refuses(&w, "a", 10000, 0, "too many samples");
	w.o.max_samples = 1000;
	assert_true(run(&w, "a", 10000, 0));
	assert_true(run(&w, "sum(a) + sum(b)", 10000, 0));
	refuses(&w, "a", 20000, 1000, "too many samples");
	teardown(&w);
}

static void test_series(void **state ATTR_UNUSED)
{
	struct world w;

	setup(&w);
	w.o.max_series = 100;
	refuses(&w, "a", 10000, 0, "selector matches 300 series, more than 100");
	w.o.max_series = 500;
	refuses(&w, "a * on () group_left b", 10000, 0, "found duplicate series");
	assert_true(run(&w, "a * on (i) b", 10000, 0));
	teardown(&w);
}

static void test_memory(void **state ATTR_UNUSED)
{
	struct world w;
	struct buf bomb;

	setup(&w);
	w.o.max_bytes = 8 << 20;
	buf_init(&bomb, 65536);
	for (int i = 0; i < 18; i++)
		buf_adds(&bomb, "label_join(");
	buf_adds(&bomb, "a");
	for (int i = 0; i < 18; i++)
		buf_adds(&bomb, ", \"x\", \"-\", \"i\", \"x\", \"x\")");
	refuses(&w, buf_cstr(&bomb), 10000, 0, "MB of memory");
	buf_done(&bomb);
	assert_true(run(&w, "label_join(a, \"x\", \"-\", \"i\", \"x\")", 10000, 0));
	teardown(&w);
}

static bool stop(void *arg)
{
	struct world *w = arg;

	w->asked++;
	return true;
}

static void test_stop(void **state ATTR_UNUSED)
{
	struct world w;

	setup(&w);
	w.o.stop = stop;
	w.o.stop_arg = &w;
	refuses(&w, "sum_over_time(rate(a[10s])[1h:1s])", 20000, 1, "stopped");
	assert_int_equal(w.asked, 1);
	teardown(&w);
}

static void test_depth_and_length(void **state ATTR_UNUSED)
{
	size_t n = (1 << 20) + 10;
	char *text = test_malloc(n + 1);
	struct world w;

	setup(&w);
	memset(text, '(', 10000);
	memcpy(text + 10000, "a", 2);
	refuses(&w, text, 10000, 0, "");
	assert_true(w.err.pos >= 0);
	memset(text, ' ', n);
	text[n] = 0;
	memcpy(text, "a +", 3);
	refuses(&w, text, 10000, 0, "");
	test_free(text);
	teardown(&w);
}

/* A value doubles at each call: 2^40 bytes in the end. */
static void test_label_bombs(void **state ATTR_UNUSED)
{
	struct world w;
	struct buf join, replace;

	setup(&w);
	buf_init(&join, BUF_MAX_ANY);
	buf_init(&replace, BUF_MAX_ANY);
	for (int i = 0; i < 40; i++) {
		buf_adds(&join, "label_join(");
		buf_adds(&replace, "label_replace(");
	}
	buf_adds(&join, "label_replace(a{i=\"1\"}, \"x\", \"boom\", \"\", \"\")");
	buf_adds(&replace, "label_replace(a, \"x\", \"boom\", \"i\", \"1\")");
	for (int i = 0; i < 40; i++) {
		buf_adds(&join, ", \"x\", \"x\", \"x\", \"x\")");
		buf_adds(&replace, ", \"x\", \"$1$1\", \"x\", \"(.+)\")");
	}
	refuses(&w, buf_cstr(&join), 10000, 0, "label value is longer than");
	refuses(&w, buf_cstr(&replace), 10000, 0, "takes too many steps on this text");
	buf_done(&join);
	buf_done(&replace);
	teardown(&w);
}

TEST_GROUP(engine, cmocka_unit_test(test_label_bombs), cmocka_unit_test(test_steps),
	   cmocka_unit_test(test_samples), cmocka_unit_test(test_series),
	   cmocka_unit_test(test_memory), cmocka_unit_test(test_stop),
	   cmocka_unit_test(test_depth_and_length))
