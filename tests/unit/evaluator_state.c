/* The pending/firing machine, step by step: evaluations are columns of a little table. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/arena.h"
#include "evaluator/state.h"

#define MINUTES(n) ((n)*MINUTE)

struct machine {
	struct states states;
	struct state_rule rule;
	char log[512]; /* one letter a change */
	size_t limit, count;
};

static void on_change(void *arg, struct active *a, enum state_change what)
{
	struct machine *m = arg;
	static const char letters[] = {
		[STATE_PENDING] = 'P',	 [STATE_FIRED] = 'F',	[STATE_UPDATED] = 'U',
		[STATE_KEPT] = 'K',	 [STATE_BACK] = 'B',	[STATE_RESOLVED] = 'R',
		[STATE_FORGOTTEN] = 'x', [STATE_DROPPED] = 'D', [STATE_REFIRED] = 'f',
	};
	size_t n = strlen(m->log);

	assert_non_null(a);
	assert_true(n + 1 < sizeof(m->log));
	m->log[n] = letters[what];
	m->log[n + 1] = '\0';
}

static struct labels name_of(struct arena *a, char c)
{
	struct labels_builder b;
	struct str value = {.p = arena_cstr(a, (struct str){.p = &c, .n = 1}), .n = 1};

	labels_builder_init(&b);
	labels_builder_set(&b, STR("i"), value);

	struct labels out = labels_builder_build(&b, a);

	labels_builder_done(&b);
	return out;
}

/* One evaluation whose result has an element for each letter. */
static bool step(struct machine *m, const char *result, ms_t ts)
{
	struct active *seen[16];
	struct arena a;
	bool ok;

	arena_init(&a);
	states_begin(&m->states);
	for (size_t i = 0; result[i]; i++) {
		seen[i] = states_see(&m->states, name_of(&a, result[i]));
		if (!seen[i]) {
			states_abort(&m->states);
			arena_done(&a);
			return false;
		}
	}
	m->count = states_would_be_active(&m->states, &m->rule, ts);
	ok = !m->limit || m->count <= m->limit;
	if (!ok)
		states_drop(&m->states, on_change, m);
	for (size_t i = 0; ok && result[i]; i++)
		states_apply(&m->states, seen[i], (struct labels){0}, 1, ts, on_change, m);
	if (ok)
		states_step(&m->states, &m->rule, ts, on_change, m);
	arena_done(&a);
	return ok;
}

static void expect(struct machine *m, const char *log)
{
	assert_string_equal(m->log, log);
	m->log[0] = '\0';
}

static struct machine machine(ms_t hold, ms_t keep, size_t limit)
{
	struct machine m = {.rule = {.hold = hold,
				     .keep_firing_for = keep,
				     .settling_since = MS_NONE},
			    .limit = limit};

	states_init(&m.states);
	return m;
}

static void test_for_is_reached_not_exceeded(void **unused)
{
	struct machine m = machine(MINUTES(2), 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	expect(&m, "P");
	assert_true(step(&m, "a", MINUTES(2) - 1));
	expect(&m, "");
	assert_true(step(&m, "a", MINUTES(2)));
	expect(&m, "F");
	assert_int_equal(states_worst(&m.states), ALERT_FIRING);
	states_done(&m.states);
}

static void test_for_zero_fires_at_once(void **unused)
{
	struct machine m = machine(0, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 5));
	expect(&m, "PF");
	assert_true(step(&m, "", 10));
	expect(&m, "R");
	states_done(&m.states);
}

static void test_pending_leaves_without_a_word(void **unused)
{
	struct machine m = machine(MINUTE, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "", 10));
	expect(&m, "Px");
	assert_int_equal(m.states.by_labels.n, 0);
	states_done(&m.states);
}

static void test_resolved_is_kept_a_quarter_of_an_hour(void **unused)
{
	struct machine m = machine(0, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "", MINUTE));
	expect(&m, "PFR");
	assert_true(step(&m, "", MINUTES(16)));
	expect(&m, "");
	assert_true(step(&m, "", MINUTES(16) + 1));
	expect(&m, "x");
	states_done(&m.states);
}

static void test_resolved_comes_back_as_a_new_alert(void **unused)
{
	struct machine m = machine(MINUTE, 0, 0);
	const struct active *a;

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "a", MINUTE));
	assert_true(step(&m, "", MINUTES(2)));
	assert_true(step(&m, "a", MINUTES(3)));
	expect(&m, "PFRP");
	states_each(&m.states, a)
	{
		assert_int_equal(a->active_at, MINUTES(3));
		assert_true(a->sent_at == MS_NONE && a->resolved_at == MS_NONE);
	}
	states_done(&m.states);
}

static void test_keep_firing_for_is_strict(void **unused)
{
	struct machine m = machine(0, MINUTE, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "", 10));
	expect(&m, "PFK");
	assert_true(step(&m, "a", 20));
	expect(&m, "B");
	assert_true(step(&m, "", 30));
	assert_true(step(&m, "", 30 + MINUTE - 1));
	expect(&m, "K");
	assert_true(step(&m, "", 30 + MINUTE));
	expect(&m, "R");
	states_done(&m.states);
}

static void test_longer_for_goes_back_to_pending_and_still_ends(void **unused)
{
	struct machine m = machine(MINUTE, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "a", MINUTE));
	expect(&m, "PF");
	m.rule.hold = MINUTES(10);
	assert_true(step(&m, "a", MINUTES(2)));
	expect(&m, "P");
	assert_int_equal(states_worst(&m.states), ALERT_PENDING);
	assert_true(step(&m, "", MINUTES(3)));
	expect(&m, "Rx"); /* it was told as firing, so its end is told */
	states_done(&m.states);
}

static void test_settling_keeps_what_is_absent_and_holds_back_news(void **unused)
{
	struct machine m = machine(MINUTE, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	assert_true(step(&m, "ab", MINUTE));
	expect(&m, "PPF"); /* a fires, b is pending */
	m.rule.settling_since = MINUTE;
	assert_true(step(&m, "c", MINUTES(9)));
	expect(&m, "P"); /* a and b stay; c is news */
	assert_true(step(&m, "bc", MINUTES(11)));
	expect(&m, "F"); /* b goes on, c still waits */
	m.rule.settling_since = MS_NONE;
	assert_true(step(&m, "bc", MINUTES(12)));
	expect(&m, "RF"); /* now it is true that a is over, and c fires */
	states_done(&m.states);
}

static void test_twins_change_nothing(void **unused)
{
	struct machine m = machine(0, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	expect(&m, "PF");
	assert_false(step(&m, "bb", 10));
	expect(&m, "");
	assert_int_equal(m.states.by_labels.n, 1);
	assert_true(step(&m, "a", 20));
	expect(&m, "");
	states_done(&m.states);
}

static void test_limit_drops_and_a_good_evaluation_tells(void **unused)
{
	struct machine m = machine(0, 0, 2);

	(void)unused;
	assert_true(step(&m, "ab", 0));
	expect(&m, "PPFF");
	assert_false(step(&m, "abc", 10));
	assert_int_equal(m.count, 3);
	expect(&m, "DD"); /* c never was */
	assert_int_equal(states_worst(&m.states), ALERT_INACTIVE);
	assert_true(step(&m, "a", 20));
	expect(&m, "PfRx"); /* a is back; b is over */
	states_done(&m.states);
}

static void test_clock_step_keeps_ages(void **unused)
{
	struct machine m = machine(MINUTE, 0, 0);

	(void)unused;
	assert_true(step(&m, "a", 0));
	states_shift(&m.states, HOUR);
	assert_true(step(&m, "a", HOUR + MINUTE - 1));
	expect(&m, "P");
	assert_true(step(&m, "a", HOUR + MINUTE));
	expect(&m, "F");
	states_done(&m.states);
}

static void test_resend_is_strict(void **unused)
{
	struct active a = {.state = ALERT_FIRING, .resolved_at = MS_NONE, .sent_at = MS_NONE};

	(void)unused;
	assert_true(state_needs_sending(&a, 0, MINUTE));
	a.sent_at = 0;
	assert_false(state_needs_sending(&a, MINUTE, MINUTE));
	assert_true(state_needs_sending(&a, MINUTE + 1, MINUTE));
	a.resolved_at = 10;
	assert_true(state_needs_sending(&a, 10, MINUTE));
	a.state = ALERT_PENDING;
	assert_false(state_needs_sending(&a, HOUR, MINUTE));
}

static void test_restored_age(void **unused)
{
	const ms_t grace = MINUTES(10);

	(void)unused;
	/* It had held long enough before the outage: fires at the next evaluation. */
	assert_int_equal(state_restored_active_at(MINUTES(20), grace, HOUR, MINUTES(30), 0), 0);
	/* Less than the grace is left: it fires a grace from now. */
	assert_int_equal(state_restored_active_at(MINUTES(35), grace, HOUR, MINUTES(30), 0),
			 HOUR + grace - MINUTES(35));
	/* Else the outage does not count. */
	assert_int_equal(state_restored_active_at(MINUTES(45), grace, HOUR, MINUTES(30), 0),
			 MINUTES(30));
}

TEST_GROUP(state, cmocka_unit_test(test_for_is_reached_not_exceeded),
	   cmocka_unit_test(test_for_zero_fires_at_once),
	   cmocka_unit_test(test_pending_leaves_without_a_word),
	   cmocka_unit_test(test_resolved_is_kept_a_quarter_of_an_hour),
	   cmocka_unit_test(test_resolved_comes_back_as_a_new_alert),
	   cmocka_unit_test(test_keep_firing_for_is_strict),
	   cmocka_unit_test(test_longer_for_goes_back_to_pending_and_still_ends),
	   cmocka_unit_test(test_settling_keeps_what_is_absent_and_holds_back_news),
	   cmocka_unit_test(test_twins_change_nothing),
	   cmocka_unit_test(test_limit_drops_and_a_good_evaluation_tells),
	   cmocka_unit_test(test_clock_step_keeps_ages), cmocka_unit_test(test_resend_is_strict),
	   cmocka_unit_test(test_restored_age))
