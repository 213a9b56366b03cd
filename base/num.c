/*
 * Numbers to and from text, as Go's strconv and time do it.
 *
 * Printing: the shortest digits of a float come from base/decimal, those of a given precision from
 * the C library, which rounds exactly; the layout is ours, so no locale can get in. Reading: the
 * syntax is checked here, small decimals are computed here (both operands exact, so one rounding),
 * others by base/decimal; hexadecimal ones and the very rare doubt go to strtod_l in the C locale.
 */
#include "base/num.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"

#define EXACT_POW10 22 /* 10^22 is the last power of ten that a double holds exactly */
#define FIXED_MAX 1100 /* no double has more digits than this behind its point */
#define MANT_DIGITS 19 /* fit into 64 bits */
#define MAX_PREC \
	1000000 /* zeros asked for beyond all digits: bounded, the buffer has its own limit */

static const double pow10_exact[EXACT_POW10 + 1] = {
	1e0,  1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,	1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* 0.d1d2d3... * 10^dp, no zeros at the end; zero is no digits at all. */
struct digits {
	const char *d;
	int n;
	int dp;
};

/* ---- integers out ---------------------------------------------------------------------------- */

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
				  "2021222324252627282930313233343536373839"
				  "4041424344454647484950515253545556575859"
				  "6061626364656667686970717273747576777879"
				  "8081828384858687888990919293949596979899";

/* Writes v's digits so that they end at `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t v)
{
	while (v >= 100) {
		end -= 2;
		memcpy(end, digit_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, digit_pairs + v * 2, 2);
	} else {
		*--end = (char)('0' + v);
	}
	return end;
}

void num_put_uint(struct buf *b, uint64_t v)
{
	char text[24];
	char *end = text + sizeof(text);
	char *p = digits_before(end, v);

	buf_add(b, (struct str){.p = p, .n = (size_t)(end - p)});
}

void num_put_int(struct buf *b, int64_t v)
{
	char text[24];
	char *end = text + sizeof(text);
	char *p = digits_before(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);

	if (v < 0)
		*--p = '-';
	buf_add(b, (struct str){.p = p, .n = (size_t)(end - p)});
}

/* ---- floats out ------------------------------------------------------------------------------ */

/* Copies the digits of a C number ("-12.34e+05") without zeros at either end; any byte that is no
 * digit before the exponent is the point, whatever the locale calls it. */
static struct digits digits_of_text(const char *text, char *digits)
{
	struct digits dec = {.d = digits};
	bool point = false;

	for (; *text && *text != 'e'; text++) {
		if (*text == '-') {
			continue;
		} else if (*text < '0' || *text > '9') {
			point = true;
		} else if (dec.n || *text != '0') {
			digits[dec.n++] = *text;
			dec.dp += !point;
		} else {
			dec.dp -= point;
		}
	}
	if (*text == 'e') {
		int e = 0;

		for (const char *p = text + 2; *p; p++)
			e = e * 10 + (*p - '0');
		dec.dp += text[1] == '-' ? -e : e;
	}
	while (dec.n && digits[dec.n - 1] == '0')
		dec.n--;
	if (!dec.n)
		dec.dp = 0;
	return dec;
}

static void put_digits(struct buf *b, struct digits dec, int from, int to)
{
	int have = MIN(to, dec.n);

	if (from < have)
		buf_add(b, (struct str){.p = dec.d + from, .n = (size_t)(have - from)});
	if (MAX(from, have) < to)
		buf_fill(b, '0', (size_t)(to - MAX(from, have)));
}

/* d.ddde+dd with prec digits behind the point. */
static void put_e(struct buf *b, struct digits dec, int prec, char e)
{
	int exp = dec.n ? dec.dp - 1 : 0;

	put_digits(b, dec, 0, 1);
	if (prec > 0) {
		buf_addc(b, '.');
		put_digits(b, dec, 1, prec + 1);
	}
	buf_addc(b, e);
	buf_addc(b, exp < 0 ? '-' : '+');
	exp = abs(exp);
	if (exp < 10)
		buf_addc(b, '0');
	num_put_uint(b, (uint64_t)exp);
}

/* ddd.ddd with prec digits behind the point. */
static void put_f(struct buf *b, struct digits dec, int prec)
{
	if (dec.dp > 0)
		put_digits(b, dec, 0, dec.dp);
	else
		buf_addc(b, '0');
	if (prec <= 0)
		return;
	buf_addc(b, '.');

	int zeros = MIN(MAX(-dec.dp, 0), prec);

	buf_fill(b, '0', (size_t)zeros);
	put_digits(b, dec, MAX(dec.dp, 0), MAX(dec.dp, 0) + prec - zeros);
}

static void put_g(struct buf *b, struct digits dec, int prec, bool shortest, char e)
{
	int limit = prec > dec.n && dec.n >= dec.dp ? dec.n : prec;
	int exp = dec.dp - 1;

	if (shortest)
		limit = 6;
	if (exp < -4 || exp >= limit)
		put_e(b, dec, MIN(prec, dec.n) - 1, e);
	else
		put_f(b, dec, MAX((prec > dec.dp ? dec.n : prec) - dec.dp, 0));
}

/* The shortest digits; they end at `end`. Whole numbers are most of what there is. */
static struct digits shortest(double v, char *end)
{
	struct digits dec = {0};
	bool whole = v < 9007199254740992.0 && v == (double)(uint64_t)v;
	struct decimal d = {.digits = (uint64_t)(whole ? v : 0)};

	if (v == 0)
		return dec;
	if (!whole)
		d = decimal_shortest(v);
	dec.d = digits_before(end, d.digits);
	dec.n = (int)(end - dec.d);
	dec.dp = dec.n + d.exp;
	while (dec.d[dec.n - 1] == '0')
		dec.n--;
	return dec;
}

static void put_shortest(struct buf *b, double v, char fmt)
{
	char text[24];
	struct digits dec = shortest(v, text + sizeof(text));

	if (fmt == 'f')
		put_f(b, dec, MAX(dec.n - dec.dp, 0));
	else if (fmt == 'e' || fmt == 'E')
		put_e(b, dec, MAX(dec.n - 1, 0), fmt);
	else
		put_g(b, dec, dec.n, true, fmt == 'g' ? 'e' : 'E');
}

static void put_rounded(struct buf *b, double v, char fmt, int prec)
{
	char text[FIXED_MAX + 400], digits[FIXED_MAX + 400];

	if (fmt == 'f') {
		snprintf(text, sizeof(text), "%.*f", MIN(prec, FIXED_MAX), v);
		put_f(b, digits_of_text(text, digits), prec);
	} else if (fmt == 'e' || fmt == 'E') {
		snprintf(text, sizeof(text), "%.*e", MIN(prec, FIXED_MAX), v);
		put_e(b, digits_of_text(text, digits), prec, fmt);
	} else {
		prec = MAX(prec, 1);
		snprintf(text, sizeof(text), "%.*e", MIN(prec, FIXED_MAX) - 1, v);
		put_g(b, digits_of_text(text, digits), prec, false, fmt == 'g' ? 'e' : 'E');
	}
}

void num_put_float(struct buf *b, double v, char fmt, int prec)
{
	CHECK(fmt == 'e' || fmt == 'E' || fmt == 'f' || fmt == 'g' || fmt == 'G');
	if (isnan(v)) {
		buf_adds(b, "NaN");
		return;
	}
	if (isinf(v)) {
		buf_adds(b, v < 0 ? "-Inf" : "+Inf");
		return;
	}
	if (signbit(v))
		buf_addc(b, '-');
	if (prec < 0)
		put_shortest(b, fabs(v), fmt);
	else
		put_rounded(b, fabs(v), fmt, MIN(prec, MAX_PREC));
}

/* ---- floats in ------------------------------------------------------------------------------- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* An underscore stands between two digits, or between a base prefix and a digit. */
static bool underscores_fit(struct str s)
{
	char last = '^';
	size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-');
	bool hex = false;

	if (s.n >= i + 2 && s.p[i] == '0' && strchr("box", lower(s.p[i + 1]))) {
		hex = lower(s.p[i + 1]) == 'x';
		last = '0';
		i += 2;
	}
	for (; i < s.n; i++) {
		char c = s.p[i];

		if (is_digit(c) || (hex && is_hex(c))) {
			last = '0';
		} else if (c == '_') {
			if (last != '0')
				return false;
			last = '_';
		} else if (last == '_') {
			return false;
		} else {
			last = '!';
		}
	}
	return last != '_';
}

static bool is_word(struct str s, const char *word)
{
	size_t i = 0;

	for (; i < s.n && word[i]; i++) {
		if (lower(s.p[i]) != word[i])
			return false;
	}
	return i == s.n && !word[i];
}

/* inf, +infinity, NaN. */
static bool special(struct str s, double *out)
{
	bool sign = s.n && (s.p[0] == '+' || s.p[0] == '-');
	struct str rest = str_from(s, sign);

	if (is_word(rest, "inf") || is_word(rest, "infinity"))
		*out = s.p[0] == '-' ? -HUGE_VAL : HUGE_VAL;
	else if (!sign && is_word(s, "nan"))
		*out = (double)NAN;
	else
		return false;
	return true;
}

/* What one walk over the text finds. If it is not hex the number is mant * 10^exp, or, if it is
 * longer, between that and (mant + 1) * 10^exp. */
struct scan {
	bool neg, hex, underscores;
	bool longer; /* more digits than mant can hold */
	uint64_t mant;
	int exp; /* of ten, clipped far outside of what a double can be */
};

static size_t scan_digits(struct str s, size_t i, struct scan *c)
{
	bool point = false, any = false;
	int used = 0;

	for (; i < s.n; i++) {
		char x = s.p[i];

		if (x == '_') {
			c->underscores = true;
			continue;
		}
		if (x == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(x) && !(c->hex && is_hex(x)))
			break;
		any = true;
		if (used < MANT_DIGITS) {
			c->mant = c->mant * 10 + (uint64_t)(x - '0');
			used += c->mant > 0;
			c->exp -= point;
		} else {
			c->longer = c->longer || x != '0';
			c->exp += !point;
		}
	}
	return any ? i : 0;
}

/* The exponent from its sign on; 0 if it is none. */
static size_t scan_exponent(struct str s, size_t i, struct scan *c)
{
	bool neg = i < s.n && s.p[i] == '-', any = false;
	int e = 0;

	i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
	for (; i < s.n && (is_digit(s.p[i]) || s.p[i] == '_'); i++) {
		if (s.p[i] == '_') {
			c->underscores = true;
			continue;
		}
		if (!any && s.p[i - 1] == '_')
			return 0;
		any = true;
		e = MIN(e * 10 + (s.p[i] - '0'), 1000000);
	}
	c->exp += neg ? -e : e;
	return any ? i : 0;
}

/* Checks the whole syntax. */
static bool scan_float(struct str s, struct scan *c)
{
	size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-');

	c->neg = s.n && s.p[0] == '-';
	if (s.n > i + 2 && s.p[i] == '0' && lower(s.p[i + 1]) == 'x') {
		c->hex = true;
		i += 2;
	}
	i = scan_digits(s, i, c);
	if (!i)
		return false;
	if (i < s.n && lower(s.p[i]) == (c->hex ? 'p' : 'e')) {
		i = scan_exponent(s, i + 1, c);
		if (!i)
			return false;
	} else if (c->hex) {
		return false;
	}
	return i == s.n && (!c->underscores || underscores_fit(s));
}

/* One rounding of two exact operands is the right answer. */
static bool exact(const struct scan *c, double *out)
{
	if (c->hex || c->longer || c->mant > (uint64_t)1 << 53)
		return false;

	double v = (double)c->mant;

	if (c->mant != 0 && abs(c->exp) > EXACT_POW10)
		return false;
	if (c->mant != 0 && c->exp >= 0)
		v *= pow10_exact[c->exp];
	else if (c->mant != 0)
		v /= pow10_exact[-c->exp];
	*out = c->neg ? -v : v;
	return true;
}

/* The general way; false if it takes more digits or bits to decide. */
static bool nearest(const struct scan *c, double *out)
{
	struct decimal d = {.digits = c->mant, .exp = c->exp};
	double v, next;

	if (c->hex || !decimal_to_double(d, &v))
		return false;
	d.digits++;
	if (c->longer && (!decimal_to_double(d, &next) || next != v))
		return false;
	*out = c->neg ? -v : v;
	return true;
}

static double read_c(const char *text)
{
	return strtod_l(text, NULL, newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static double read_text(struct str s)
{
	char small[64], *text = s.n < sizeof(small) ? small : mem_alloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '_')
			text[n++] = s.p[i];
	}
	text[n] = '\0';

	double v = read_c(text);

	if (text != small)
		free(text);
	return v;
}

enum num_result num_float(struct str s, double *out)
{
	struct scan c = {0};

	if (!scan_float(s, &c))
		return special(s, out) ? NUM_OK : NUM_SYNTAX;
	if (exact(&c, out))
		return NUM_OK;
	if (!nearest(&c, out))
		*out = read_text(s);
	return isinf(*out) ? NUM_RANGE : NUM_OK;
}

/* ---- integers in ----------------------------------------------------------------------------- */

/* Cuts a prefix off; the base it says, 10 if there is none. */
static int cut_base(struct str *s)
{
	if (s->n < 2 || s->p[0] != '0')
		return 10;

	char c = lower(s->p[1]);
	int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;

	if (s->n >= 3 && base) {
		*s = str_from(*s, 2);
		return base;
	}
	*s = str_from(*s, 1);
	return 8;
}

static int digit_of(char c)
{
	c = lower(c);
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

enum num_result num_uint(struct str s, int base, uint64_t *out)
{
	struct str digits = s;
	bool underscores = false;
	uint64_t v = 0;

	CHECK(base == 0 || (base >= 2 && base <= 36));

	int radix = base ? base : cut_base(&digits);

	if (!digits.n)
		return NUM_SYNTAX;
	for (size_t i = 0; i < digits.n; i++) {
		int d = digit_of(digits.p[i]);

		if (digits.p[i] == '_' && base == 0) {
			underscores = true;
			continue;
		}
		if (d >= radix)
			return NUM_SYNTAX;
		if (__builtin_mul_overflow(v, (uint64_t)radix, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v)) {
			*out = UINT64_MAX;
			return NUM_RANGE;
		}
	}
	if (underscores && !underscores_fit(s))
		return NUM_SYNTAX;
	*out = v;
	return NUM_OK;
}

enum num_result num_int(struct str s, int base, int64_t *out)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t v, max = (uint64_t)INT64_MAX + neg;
	enum num_result r = num_uint(str_from(s, s.n && (neg || s.p[0] == '+')), base, &v);

	if (r == NUM_SYNTAX)
		return r;
	if (v > max) {
		v = max;
		r = NUM_RANGE;
	}
	*out = (int64_t)(neg ? 0 - v : v);
	return r;
}

/* ---- durations ------------------------------------------------------------------------------- */

#define US_NS ((uint64_t)1000)
#define MS_NS (1000 * US_NS)
#define S_NS (1000 * MS_NS)

/* Quotes a piece of input for a message, as Go's %q; what is not text becomes \\xNN. With `ascii`
 * all that is not ASCII does. Cut at what a message can hold. */
static const char *quote(struct str s, bool ascii, char out[160])
{
	bool hex_high = ascii || !str_is_utf8(s);
	size_t n = 0;

	out[n++] = '"';
	for (size_t i = 0; i < s.n && n < 150; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			out[n++] = '\\';
		if (c < ' ' || c == 0x7F || (c >= 0x80 && hex_high))
			n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

struct unit {
	const char *name;
	uint64_t ns;
};

/* Biggest first: they must come in this order. */
static const struct unit prom_units[] = {
	{"y", 31536000 * S_NS}, {"w", 604800 * S_NS}, {"d", 86400 * S_NS}, {"h", 3600 * S_NS},
	{"m", 60 * S_NS},	{"s", S_NS},	      {"ms", MS_NS},
};

static const struct unit go_units[] = {
	{"ns", 1},     {"us", US_NS}, {"\u00b5s", US_NS}, {"\u03bcs", US_NS},
	{"ms", MS_NS}, {"s", S_NS},   {"m", 60 * S_NS},	  {"h", 3600 * S_NS},
};

static const struct unit *find_unit(const struct unit *units, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_is(name, units[i].name))
			return &units[i];
	}
	return NULL;
}

/* Cuts the front off as long as it is digits. */
static struct str cut_digits(struct str *s)
{
	size_t n = 0;

	while (n < s->n && is_digit(s->p[n]))
		n++;

	struct str run = str_cut(*s, 0, n);

	*s = str_from(*s, n);
	return run;
}

/* Cuts the front off up to the next digit (or point, if that begins a number). */
static struct str cut_unit(struct str *s, bool point)
{
	size_t n = 0;

	while (n < s->n && !is_digit(s->p[n]) && !(point && s->p[n] == '.'))
		n++;

	struct str run = str_cut(*s, 0, n);

	*s = str_from(*s, n);
	return run;
}

bool num_duration(struct str s, ms_t *out, struct err *err)
{
	char q[160], qu[160];
	struct str rest = s;
	const struct unit *last = NULL;
	uint64_t sum = 0;

	if (!s.n)
		return err_set(err, 0, "empty duration string");
	if (str_is(s, "0")) {
		*out = 0;
		return true;
	}
	while (rest.n) {
		struct str digits = cut_digits(&rest);
		struct str name = cut_unit(&rest, false);
		uint64_t v;

		if (!digits.n || !name.n || num_uint(digits, 10, &v) != NUM_OK)
			return err_set(err, 0, "not a valid duration string: %s",
				       quote(s, false, q));

		const struct unit *u = find_unit(prom_units, ARRAY_LEN(prom_units), name);

		if (!u)
			return err_set(err, 0, "unknown unit %s in duration %s",
				       quote(name, false, qu), quote(s, false, q));
		if (last && u <= last)
			return err_set(err, 0, "not a valid duration string: %s",
				       quote(s, false, q));
		last = u;
		if (v > ((uint64_t)1 << 63) / u->ns || (sum += v * u->ns) > INT64_MAX)
			return err_set(err, 0, "duration out of range");
	}
	*out = (ms_t)(sum / MS_NS);
	return true;
}

void num_put_duration(struct buf *b, ms_t d)
{
	uint64_t left = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;

	if (!left)
		buf_adds(b, "0s");
	else if (d < 0)
		buf_addc(b, '-');
	for (size_t i = 0; i < ARRAY_LEN(prom_units); i++) {
		uint64_t ms = prom_units[i].ns / MS_NS;

		/* Years and weeks only when nothing is left over: 90d reads better than 12w6d. */
		if (left < ms || (i < 2 && left % ms))
			continue;
		num_put_uint(b, left / ms);
		buf_adds(b, prom_units[i].name);
		left %= ms;
	}
}

/* "12.5" of a unit in nanoseconds; false if it does not fit. The fraction is cut, as Go cuts it. */
static bool go_amount(struct str number, uint64_t unit, uint64_t *sum)
{
	const uint64_t max = (uint64_t)1 << 63;
	ptrdiff_t point = str_find_char(number, '.');
	struct str whole = point < 0 ? number : str_cut(number, 0, (size_t)point);
	uint64_t v = 0, frac = 0;
	double scale = 1;

	if (whole.n && num_uint(whole, 10, &v) != NUM_OK)
		return false;
	if (v > max / unit)
		return false;
	v *= unit;
	for (size_t i = whole.n + 1; i < number.n && frac <= (max - 1) / 10; i++) {
		uint64_t next = frac * 10 + (uint64_t)(number.p[i] - '0');

		if (next > max)
			break;
		frac = next;
		scale *= 10;
	}
	if (frac > 0)
		v += (uint64_t)((double)frac * ((double)unit / scale));
	*sum += v;
	return v <= max && *sum <= max;
}

/* Cuts digits with at most one point off the front; false if there is no digit. */
static bool cut_number(struct str *s, struct str *number)
{
	struct str from = *s;
	size_t digits = cut_digits(s).n;
	bool point = s->n && s->p[0] == '.';

	if (point) {
		*s = str_from(*s, 1);
		digits += cut_digits(s).n;
	}
	*number = str_cut(from, 0, from.n - s->n);
	return digits > 0;
}

bool num_go_duration(struct str s, int64_t *out_ns, struct err *err)
{
	char q[160], qu[160];
	bool neg = s.n && s.p[0] == '-';
	struct str rest = str_from(s, s.n && (neg || s.p[0] == '+'));
	uint64_t sum = 0;

	if (str_is(rest, "0")) {
		*out_ns = 0;
		return true;
	}
	if (!rest.n)
		return err_set(err, 0, "time: invalid duration %s", quote(s, true, q));
	while (rest.n) {
		struct str number;

		if (!cut_number(&rest, &number))
			return err_set(err, 0, "time: invalid duration %s", quote(s, true, q));

		struct str name = cut_unit(&rest, true);
		const struct unit *u = find_unit(go_units, ARRAY_LEN(go_units), name);

		if (!name.n)
			return err_set(err, 0, "time: missing unit in duration %s",
				       quote(s, true, q));
		if (!u)
			return err_set(err, 0, "time: unknown unit %s in duration %s",
				       quote(name, true, qu), quote(s, true, q));
		if (!go_amount(number, u->ns, &sum))
			return err_set(err, 0, "time: invalid duration %s", quote(s, true, q));
	}
	if (!neg && sum > INT64_MAX)
		return err_set(err, 0, "time: invalid duration %s", quote(s, true, q));
	*out_ns = (int64_t)(neg ? 0 - sum : sum);
	return true;
}

/* A count of `unit` nanoseconds with what is left as its fraction: "1.5". */
static void put_fraction(struct buf *b, uint64_t ns, uint64_t unit)
{
	char digits[24];
	size_t n = 0;
	uint64_t left = ns % unit;

	num_put_uint(b, ns / unit);
	for (uint64_t place = unit / 10; left; place /= 10) {
		digits[n++] = (char)('0' + left / place);
		left %= place;
	}
	if (n) {
		buf_addc(b, '.');
		buf_add(b, (struct str){.p = digits, .n = n});
	}
}

void num_put_go_duration(struct buf *b, int64_t ns)
{
	uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		buf_addc(b, '-');
	if (left && left < S_NS) {
		bool nano = left < US_NS, micro = left < MS_NS;

		put_fraction(b, left, nano ? 1 : micro ? US_NS : MS_NS);
		buf_adds(b, nano ? "ns" : micro ? "\u00b5s" : "ms");
		return;
	}
	if (left >= 3600 * S_NS) {
		num_put_uint(b, left / (3600 * S_NS));
		buf_addc(b, 'h');
	}
	if (left >= 60 * S_NS) {
		num_put_uint(b, left % (3600 * S_NS) / (60 * S_NS));
		buf_addc(b, 'm');
	}
	put_fraction(b, left % (60 * S_NS), S_NS);
	buf_addc(b, 's');
}
