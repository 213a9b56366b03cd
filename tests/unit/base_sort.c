/* Sorting in pieces: the same as at once, stable, and never more than was allowed. */
#include "tests/unit/unit.h"

#include "base/sort.h"

#define MOST 300

struct item {
	unsigned key, place;
};

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static unsigned next_number(void)
{
	static uint64_t x = 1;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(x >> 33);
}

static void try(size_t n, unsigned keys, size_t moves)
{
	struct item items[MOST];
	void *v[MOST], *spare[MOST];
	struct sort s;
	size_t steps = 1;

	for (size_t i = 0; i < n; i++) {
		items[i] = (struct item){next_number() % keys, (unsigned)i};
		v[i] = &items[i];
	}
	sort_begin(&s, v, spare, n, by_key);
	while (!sort_step(&s, moves))
		steps++;
	for (size_t i = 0; i + 1 < n; i++) {
		const struct item *x = s.v[i], *y = s.v[i + 1];

		assert_true(x->key < y->key || (x->key == y->key && x->place < y->place));
	}
	/* Nine passes over at most 300 places and the steps between the runs. */
	if (moves < n)
		assert_true(steps > 1);
	assert_true(steps <= 10 * 2 * MOST / moves + 1);
}

static void test_pieces(void **state ATTR_UNUSED)
{
	for (size_t n = 0; n <= MOST; n += n < 20 ? 1 : 7) {
		try(n, 10, 1);
		try(n, 1000, 7);
		try(n, 3, MOST * 20);
	}
}

TEST_GROUP(sort, cmocka_unit_test(test_pieces));
