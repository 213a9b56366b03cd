/*
 * The two hard conversions between binary and decimal floating point, exact and without a loop:
 * the shortest decimal that reads back as a double (Giulietti's Schubfach) and the double nearest
 * to a decimal (Eisel and Lemire). For base/num, which knows how numbers are written.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/base.h"

/* digits * 10^exp */
struct decimal {
	uint64_t digits;
	int exp;
};

/* Of all decimals with the fewest digits that read back as v the one nearest to v. v is finite and
 * above 0. The digits do not end in 0. */
struct decimal decimal_shortest(double v);
/* The double nearest to d, ties to even, +Inf if it is too large; false in the rare cases that need
 * more than 128 bits to decide (the caller has a slower way). */
ATTR_CHECK bool decimal_to_double(struct decimal d, double *out);

#endif
