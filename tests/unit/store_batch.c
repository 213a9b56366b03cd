/* Batches: values are copied, joined ones keep their order. */
#include "tests/unit/unit.h"

#include <string.h>

#include "store/batch.h"

static void test_copies(ATTR_UNUSED void **state)
{
	OWNED(batch) b = batch_new();
	char text[] = "key", blob[] = {0, 1, 2};
	const struct val *v;
	size_t n;

	assert_int_equal(batch_count(b), 0);
	batch_add(b, ST_META_PUT, V_TEXT(str_of(text)), V_BLOB(((struct str){blob, 3})));
	batch_add(b, ST_EVENT_TRIM, V_INT(-7));
	batch_add(b, ST_META_PUT, V_NULL, V_REAL(1.5));
	text[0] = 'X';
	blob[1] = 9;
	assert_int_equal(batch_count(b), 3);
	assert_true(batch_bytes(b) >= 6);
	assert_int_equal(batch_at(b, 0, &v, &n), ST_META_PUT);
	assert_int_equal(n, 2);
	assert_true(v[0].kind == VAL_TEXT && str_is(v[0].s, "key"));
	assert_true(v[1].kind == VAL_BLOB && str_eq(v[1].s, STR("\0\1\2")));
	assert_int_equal(batch_at(b, 1, &v, &n), ST_EVENT_TRIM);
	assert_true(n == 1 && v[0].kind == VAL_INT && v[0].i == -7);
	assert_int_equal(batch_at(b, 2, &v, &n), ST_META_PUT);
	assert_true(v[0].kind == VAL_NULL && v[1].kind == VAL_REAL && v[1].d == 1.5);
}

static void fill(struct batch *b, int from, int to)
{
	for (int i = from; i < to; i++)
		batch_add(b, ST_EVENT_TRIM, V_INT(i));
}

static void check_numbers(const struct batch *b, int n_want)
{
	assert_int_equal(batch_count(b), n_want);
	for (int i = 0; i < n_want; i++) {
		const struct val *v;
		size_t n;

		batch_at(b, (size_t)i, &v, &n);
		assert_int_equal(v[0].i, i);
	}
}

static void test_join(ATTR_UNUSED void **state)
{
	OWNED(batch) b = batch_new();
	struct batch *tail = batch_new();

	fill(tail, 0, 3);
	batch_join(b, tail); /* into an empty one */
	check_numbers(b, 3);
	tail = batch_new();
	fill(tail, 3, 2000);
	batch_join(b, tail);
	check_numbers(b, 2000);
	batch_join(b, batch_new()); /* an empty one changes nothing */
	check_numbers(b, 2000);
}

TEST_GROUP(batch, cmocka_unit_test(test_copies), cmocka_unit_test(test_join))
