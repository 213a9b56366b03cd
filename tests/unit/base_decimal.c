/* Both conversions against the C library's slow and exact ones, and at their edges. */
#include "tests/unit/unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static int count_digits(uint64_t v)
{
	int n = 1;

	for (; v >= 10; v /= 10)
		n++;
	return n;
}

/* It reads back, and rounding to one digit less does not. */
static void check_shortest(double v)
{
	struct decimal d = decimal_shortest(v);
	char text[64];

	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)d.digits, d.exp);
	assert_true(strtod(text, NULL) == v);
	assert_true(d.digits % 10 != 0);
	if (d.digits < 10)
		return;
	snprintf(text, sizeof(text), "%.*e", count_digits(d.digits) - 2, v);
	assert_false(strtod(text, NULL) == v);
	/* The nearest of that many digits, unless only one further off reads back (below a power of
	 * two the room is half as wide). */
	snprintf(text, sizeof(text), "%.*e", count_digits(d.digits) - 1, v);
	if (strtod(text, NULL) == v) {
		char ours[64];

		snprintf(ours, sizeof(ours), "%llu", (unsigned long long)d.digits);
		assert_int_equal(text[0], ours[0]);
		assert_memory_equal(text + 2, ours + 1, strlen(ours) - 1);
	}
}

static void test_shortest(ATTR_UNUSED void **state)
{
	uint64_t x = 88172645463325252u;

	for (int i = 0; i < 100000; i++) {
		uint64_t bits = next_random(&x) >> 1;
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (isfinite(v) && v > 0)
			check_shortest(v);
	}
	for (int e = -1074; e < 1024; e++)
		check_shortest(ldexp(1, e));
}

static void check_read(uint64_t digits, int exp)
{
	double v, want;
	char text[64];

	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits, exp);
	want = strtod(text, NULL);
	if (decimal_to_double((struct decimal){.digits = digits, .exp = exp}, &v))
		assert_memory_equal(&v, &want, sizeof(v));
}

static void test_read(ATTR_UNUSED void **state)
{
	uint64_t x = 1234567890123456789u;

	for (int i = 0; i < 200000; i++) {
		uint64_t digits = next_random(&x) >> (next_random(&x) % 64);

		check_read(digits, (int)(next_random(&x) % 700) - 370);
	}
	for (int exp = -345; exp < 312; exp++) {
		check_read(1, exp);
		check_read(UINT64_MAX, exp);
		check_read(9007199254740993, exp); /* half way between two doubles at exp 0 */
	}
}

/* Half way between two doubles is rounded to the even one, just above it is not. */
static void test_half_way(ATTR_UNUSED void **state)
{
	double v;

	assert_true(decimal_to_double((struct decimal){9007199254740993, 0}, &v));
	assert_true(v == 9007199254740992.0);
	assert_true(decimal_to_double((struct decimal){9007199254740995, 0}, &v));
	assert_true(v == 9007199254740996.0);
	assert_true(decimal_to_double((struct decimal){90071992547409931, -1}, &v));
	assert_true(v == 9007199254740994.0);
	assert_true(decimal_to_double((struct decimal){17976931348623157, 292}, &v));
	assert_true(v == DBL_MAX);
	assert_true(decimal_to_double((struct decimal){17976931348623159, 292}, &v));
	assert_true(isinf(v));
	assert_true(decimal_to_double((struct decimal){3, -324}, &v));
	assert_true(v == 0x1p-1074);
	assert_true(decimal_to_double((struct decimal){2, -324}, &v));
	assert_true(v == 0);
}

TEST_GROUP(decimal, cmocka_unit_test(test_shortest), cmocka_unit_test(test_read),
	   cmocka_unit_test(test_half_way))
