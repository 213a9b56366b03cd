/*
 * Templates: any text is refused with a message or executes within its limits, and a text that
 * parses executes the same way twice. The first byte chooses missingkey.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "promql/labels.h"
#include "rules/func.h"
#include "template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum query_state no_answer(void *user, struct str expr, ms_t at, struct query_result *out)
{
	static const struct rule_sample sample = {.value = 11};

	(void)user, (void)at;
	*out = (struct query_result){.v = &sample, .n = expr.n % 2};
	return expr.n % 3 == 2 ? QUERY_WAIT : QUERY_ANSWER;
}

static struct value make_data(struct arena *a, const struct labels *ls)
{
	struct value *list = ARENA_ARRAY(a, struct value, 3);

	list[0] = value_str(STR("a"));
	list[1] = value_int(-7);
	list[2] = value_none();

	struct value_pair pairs[] = {
		{STR("s"), value_str(STR("t\u00e9xt"))},
		{STR("f"), value_float(0.1)},
		{STR("l"), value_list(&TYPE_ANYS, list, 3)},
		{STR("m"), rule_labels_value(ls)},
		{STR("t"), value_time_ms(a, 1435065584128)},
		{STR("d"), value_duration(90500000000)},
	};

	return value_pairs(a, &TYPE_ANY_MAP, pairs, ARRAY_LEN(pairs));
}

static void execute(const struct template_set *ts, const struct limits *l, struct buf *out)
{
	struct rule_func_env env = {.now = 1353755652000,
				    .external_url = STR("http://h/p"),
				    .query = {.fn = no_answer}};
	struct labels ls = {0};
	struct arena a;
	struct template_result r;

	arena_init(&a);

	struct template_options o = {.arena = &a, .limits = l, .user = &env};

	r = template_exec(ts, STR("t"), make_data(&a, &ls), &o, out);
	CHECK(out->n <= l->template_bytes);
	buf_add(out, r.error);
	CHECK((r.outcome == TEMPLATE_ERROR) == (r.error.n > 0));
	arena_done(&a);
}

static void execute_twice(const struct template_set *ts, const struct limits *l)
{
	struct buf one, two;

	buf_init(&one, l->template_bytes);
	buf_init(&two, l->template_bytes);
	execute(ts, l, &one);
	execute(ts, l, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	buf_done(&one);
	buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct template_set *ts;
	struct limits l;
	struct arena a;
	struct err err = {0};

	if (!n)
		return 0;
	limits_default(&l);
	l.template_steps = 2000;
	l.template_bytes = 20000;
	arena_init(&a);
	ts = template_set_new(&a, &l);
	template_set_missing_key(ts, (enum template_missing_key)(data[0] % 3));
	if (template_set_parse(ts, STR("t"), (struct str){.p = (const char *)data + 1, .n = n - 1},
			       &RULE_FUNCS, &err))
		execute_twice(ts, &l);
	else
		CHECK(str_starts(str_of(err.msg), "template: t:"));
	arena_done(&a);
	return 0;
}
