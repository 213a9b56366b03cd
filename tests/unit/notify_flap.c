/* Alerts that come and go: said once, held to fire, the end told when it has been quiet. */
#include "tests/unit/notify_harness.h"

#include <string.h>

#include "base/time.h"

#define CONFIG(flapping) \
	"route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1m, " \
	"repeat_interval: 4h" flapping "}\nreceivers:\n" \
	"- name: team\n  webhook_configs: [{url: 'http://hook/'}]\n"

/* Fires for five minutes and is quiet for five, so often. */
static void flap(struct world *w, int times)
{
	for (int i = 0; i < times; i++) {
		world_fire(w, "alertname=Down,i=a", "summary=s");
		world_run(w, 5 * MINUTE);
		world_resolve(w, "alertname=Down,i=a");
		world_run(w, 5 * MINUTE);
	}
}

static void assert_reasons(struct world *w, const char *want)
{
	char said[2048];
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < w->n_heard; i++)
		buf_printf(&b, "%s\n", world_said(w, i, said, sizeof(said)));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

#define FIRST "firing: a | resolved: | first notification\n"
#define OVER "firing: | resolved: a | all alerts resolved\n"
#define FLAPS "firing: a | resolved: | alert is flapping\n"

static void test_off(void **state)
{
	struct world *w = world_new(CONFIG(""));

	(void)state;
	flap(w, 5);
	assert_int_equal(w->n_heard, 10);
	world_free(w);
}

static void test_said_once(void **state)
{
	struct world *w = world_new(CONFIG(", flapping: {times: 3, within: 30m}"));

	(void)state;
	flap(w, 12);
	/* The third time it is told as the first is, and says that it flaps; then nothing. */
	assert_reasons(w, FIRST OVER FIRST OVER FIRST);
	assert_non_null(
		strstr(w->heard[4].body,
		       "\"flapping\":\"it began 3 times or more within 30m; its end is told "
		       "when it has been quiet for that long\""));
	assert_null(strstr(w->heard[0].body, "flapping"));
	world_reload(w, CONFIG(", flapping: {times: 3, within: 30m}"));
	world_run(w, HOUR);
	assert_reasons(w, FIRST OVER FIRST OVER FIRST OVER);
	/* Quiet again: everything is as before. */
	flap(w, 1);
	assert_reasons(w, FIRST OVER FIRST OVER FIRST OVER FIRST OVER);
	world_free(w);
}

/* What was told as firing already gets a word of its own. */
static void test_word(void **state)
{
	struct world *w = world_new(CONFIG(", flapping: {times: 3, within: 30m}"));

	(void)state;
	/* Quicker than the group looks: nobody hears of the ends in between. */
	for (int i = 0; i < 3; i++) {
		world_fire(w, "alertname=Down,i=a", "summary=s");
		world_run(w, 70 * SECOND);
		world_resolve(w, "alertname=Down,i=a");
		world_run(w, SECOND);
	}
	assert_reasons(w, FIRST FLAPS);
	world_run(w, HOUR);
	assert_reasons(w, FIRST FLAPS OVER);
	world_free(w);
}

TEST_GROUP(flap, cmocka_unit_test(test_off), cmocka_unit_test(test_said_once),
	   cmocka_unit_test(test_word))
