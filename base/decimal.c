/*
 * Both ways multiply with a power of ten known to 128 bits. What the rest of the bits could change
 * is known from the papers: nothing when the shortest decimal is sought (Giulietti, "The Schubfach
 * way to render doubles", 2020), and next to nothing when a decimal is read (Lemire, "Number
 * parsing at a gigabyte per second", 2021); there the doubtful cases are told apart and left to the
 * caller.
 */
#include "base/decimal.h"

#include <string.h>

#define POW10_MIN (-342)
#define POW10_MAX 324
#define EXACT_MAX 55 /* 5^55 is the last that fits into 128 bits */

#define MANTISSA_BITS 52
#define EXP_BIAS 1075 /* of a mantissa that is an integer */
#define EXP_INF 0x7FF

struct pow10 {
	uint64_t hi, lo;
};

static const struct pow10 powers[] = {
#define P(hi, lo) {hi, lo},
#include "base/pow10.def"
#undef P
};

_Static_assert(ARRAY_LEN(powers) == POW10_MAX - POW10_MIN + 1, "a power for each exponent");

static struct pow10 power_down(int q)
{
	CHECK(q >= POW10_MIN && q <= POW10_MAX);
	return powers[q - POW10_MIN];
}

/* Rounded up where it is not exact. */
static struct pow10 power_up(int q)
{
	struct pow10 p = power_down(q);

	if (q < 0 || q > EXACT_MAX) {
		p.lo++;
		p.hi += p.lo == 0;
	}
	return p;
}

static int floor_log2_pow10(int q)
{
	return (q * 1741647) >> 19;
}

/* ---- shortest -------------------------------------------------------------------------------- */

/* The upper 64 bits of p * x >> 64, with the lowest set if anything was cut off: enough to compare
 * with whole numbers. */
static uint64_t round_to_odd(struct pow10 p, uint64_t x)
{
	unsigned __int128 low = (unsigned __int128)p.lo * x;
	unsigned __int128 high = (unsigned __int128)p.hi * x + (uint64_t)(low >> 64);

	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static struct decimal without_zeros(uint64_t digits, int exp)
{
	while (digits % 10 == 0) {
		digits /= 10;
		exp++;
	}
	return (struct decimal){.digits = digits, .exp = exp};
}

struct decimal decimal_shortest(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));

	uint64_t fraction = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
	int raw_exp = (int)(bits >> MANTISSA_BITS);

	CHECK(bits > 0 && raw_exp < EXP_INF); /* above 0 and finite */

	/* v = c * 2^q; what rounds to v reaches half a unit to each side, below a power of two a
	 * quarter. All in quarters and scaled by 10^-k, so that the unit is between 1 and 10. */
	uint64_t c = raw_exp ? fraction | (uint64_t)1 << MANTISSA_BITS : fraction;
	int q = (raw_exp ? raw_exp : 1) - EXP_BIAS;
	bool uneven = fraction == 0 && raw_exp > 1;
	int k = (q * 1262611 - (uneven ? 524031 : 0)) >> 22;
	int shift = q + floor_log2_pow10(-k) + 1;
	struct pow10 p = power_up(-k);
	uint64_t odd = c & 1; /* the ends round to even, that is away from an odd c */
	uint64_t low = round_to_odd(p, (4 * c - 2 + uneven) << shift) + odd;
	uint64_t mid = round_to_odd(p, (4 * c) << shift);
	uint64_t high = round_to_odd(p, (4 * c + 2) << shift) - odd;
	uint64_t s = mid / 4;

	/* One digit less: at most one of the two neighbours is inside. */
	if (s >= 10) {
		uint64_t t = s / 10;
		bool down = low <= 40 * t, up = 40 * t + 40 <= high;

		if (down != up)
			return without_zeros(t + up, k + 1);
	}

	bool down = low <= 4 * s, up = 4 * s + 4 <= high;

	if (down == up)
		up = mid > 4 * s + 2 || (mid == 4 * s + 2 && (s & 1));
	return without_zeros(s + up, k);
}

/* ---- nearest --------------------------------------------------------------------------------- */

static double of_parts(uint64_t mantissa, int exp)
{
	uint64_t bits =
		(mantissa & (((uint64_t)1 << MANTISSA_BITS) - 1)) | (uint64_t)exp << MANTISSA_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* The product of w (first bit set) and 10^q to as many bits as decide; false if they do not. */
static bool multiply(uint64_t w, int q, uint64_t *hi, uint64_t *lo)
{
	/* For these q the rounded up power is the right one: its product is exact where it counts.
	 */
	struct pow10 p = q >= -27 && q < 0 ? power_up(q) : power_down(q);
	unsigned __int128 first = (unsigned __int128)w * p.hi;

	/* Bits behind the mantissa all ones: the low half of the power may carry into them. */
	if (((uint64_t)(first >> 64) & 0x1FF) == 0x1FF)
		first += (uint64_t)((unsigned __int128)w * p.lo >> 64);
	*hi = (uint64_t)(first >> 64);
	*lo = (uint64_t)first;
	return *lo != UINT64_MAX || (q >= -27 && q <= EXACT_MAX);
}

/* Below the smallest normal number: fewer bits are left. m has 54 or 55 of them. */
static double subnormal(uint64_t m, int exp)
{
	if (exp <= -63)
		return 0;
	m >>= 1 - exp;
	m = (m + (m & 1)) >> 1;
	return of_parts(m, (int)(m >> MANTISSA_BITS));
}

bool decimal_to_double(struct decimal d, double *out)
{
	uint64_t hi, lo;

	if (!d.digits || d.exp < POW10_MIN) {
		*out = 0;
		return true;
	}
	if (d.exp > 308) {
		*out = of_parts(0, EXP_INF);
		return true;
	}

	int zeros = __builtin_clzll(d.digits);

	if (!multiply(d.digits << zeros, d.exp, &hi, &lo))
		return false;

	int top = (int)(hi >> 63), cut = top + 64 - MANTISSA_BITS - 3;
	uint64_t m = hi >> cut; /* the mantissa and one bit more to round */
	int exp = floor_log2_pow10(d.exp) + 63 + top - zeros + 1023;

	if (exp <= 0) {
		*out = subnormal(m, exp);
		return true;
	}
	/* Exactly half way (only so few powers can be): to even, not up. */
	if (lo <= 1 && d.exp >= -4 && d.exp <= 23 && (m & 3) == 1 && m << cut == hi)
		m &= ~(uint64_t)1;
	m = (m + (m & 1)) >> 1;
	if (m >> (MANTISSA_BITS + 1)) {
		m = (uint64_t)1 << MANTISSA_BITS;
		exp++;
	}
	*out = exp >= EXP_INF ? of_parts(0, EXP_INF) : of_parts(m, exp);
	return true;
}
