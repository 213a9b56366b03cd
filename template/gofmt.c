/*
 * Go's fmt. The order of the steps (flags, argument index, width, precision, verb) and what each
 * flag does to which kind is Go's, oddities included. Depth of nested values is limited.
 */
#include "template/gofmt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "template/gorune.h"
#include "template/gotime.h"

#define NUM_MOST 1000000 /* a larger width or precision is a mistake to Go */
#define DEPTH_MOST 100
#define POINTER 0xc000000000
#define POINTER_TEXT "0xc000000000"
#define NUMBER_BYTES ((size_t)NUM_MOST * 2 + 100)

struct flags {
	bool wid_given, prec_given, minus, plus, sharp, space, zero;
	bool plus_v, sharp_v; /* %+v and %#v, where the flag means something else */
};

struct printer {
	struct buf *b;
	struct arena *a;
	struct flags f;
	int wid, prec;
	bool erroring; /* inside of %!verb(...): methods are not called */
	bool bad_index, reordered;
	int depth;
};

static void print_value(struct printer *p, struct value v, int32_t verb, bool nested);

/* ---- padding --------------------------------------------------------------------------------- */

static void put_padding(struct printer *p, int64_t n)
{
	if (n > 0)
		buf_fill(p->b, p->f.zero && !p->f.minus ? '0' : ' ', (size_t)n);
}

static void pad(struct printer *p, struct str s)
{
	int64_t n = p->f.wid_given ? p->wid - (int64_t)gorune_count(s) : 0;

	if (!p->f.minus)
		put_padding(p, n);
	buf_add(p->b, s);
	if (p->f.minus)
		put_padding(p, n);
}

static void pad_buf(struct printer *p, struct buf *text)
{
	pad(p, buf_str(text));
	buf_done(text);
}

static void pad_spaces(struct printer *p, struct str s)
{
	bool zero = p->f.zero;

	p->f.zero = false;
	pad(p, s);
	p->f.zero = zero;
}

/* ---- integers -------------------------------------------------------------------------------- */

static void put_reversed(struct buf *b, const char *p, size_t n)
{
	while (n)
		buf_addc(b, p[--n]);
}

static int int_precision(const struct printer *p, bool negative)
{
	if (p->f.prec_given)
		return p->prec;
	if (!p->f.zero || p->f.minus || !p->f.wid_given)
		return 0;
	return p->wid - (negative || p->f.plus || p->f.space);
}

static void put_base_prefix(struct printer *p, struct buf *t, unsigned base, int32_t verb,
			    bool leading_zero)
{
	if (p->f.sharp && base == 2)
		buf_adds(t, "0b");
	else if (p->f.sharp && base == 8 && !leading_zero)
		buf_addc(t, '0');
	else if (p->f.sharp && base == 16)
		buf_adds(t, verb == 'X' ? "0X" : "0x");
	if (verb == 'O')
		buf_adds(t, "0o");
}

static void fmt_integer(struct printer *p, uint64_t u, bool negative, unsigned base, int32_t verb)
{
	const char *digits = verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	int prec = int_precision(p, negative), n = 0;
	char rev[64];
	struct buf t;

	if (p->f.prec_given && prec == 0 && u == 0) {
		pad_spaces(p, STR(""));
		return;
	}
	do {
		rev[n++] = digits[u % base];
		u /= base;
	} while (u);

	bool leading_zero = prec > n || rev[n - 1] == '0';

	buf_init(&t, NUMBER_BYTES);
	if (negative)
		buf_addc(&t, '-');
	else if (p->f.plus || p->f.space)
		buf_addc(&t, p->f.plus ? '+' : ' ');
	/* Go writes from the right: the 0o of %O ends up left of the prefix of the base. */
	if (verb == 'O' && p->f.sharp && !leading_zero) {
		buf_adds(&t, "0o0");
	} else {
		put_base_prefix(p, &t, base, verb, leading_zero);
	}
	buf_fill(&t, '0', prec > n ? (size_t)(prec - n) : 0);
	put_reversed(&t, rev, (size_t)n);
	pad_spaces(p, buf_str(&t));
	buf_done(&t);
}

static void fmt_unicode(struct printer *p, uint64_t u)
{
	struct buf t;

	buf_init(&t, NUMBER_BYTES);
	buf_printf(&t, "U+%0*llX", p->f.prec_given && p->prec > 4 ? p->prec : 4,
		   (unsigned long long)u);
	if (p->f.sharp && u <= GORUNE_MAX && gorune_is_print((int32_t)u)) {
		buf_adds(&t, " '");
		gorune_put(&t, (int32_t)u);
		buf_addc(&t, '\'');
	}
	pad_spaces(p, buf_str(&t));
	buf_done(&t);
}

static void fmt_char(struct printer *p, uint64_t u, bool quoted)
{
	int32_t r = u > GORUNE_MAX ? GORUNE_ERROR : (int32_t)u;
	struct buf t;

	buf_init(&t, 64);
	if (quoted)
		gorune_quote_char(&t, r, p->f.plus);
	else
		gorune_put(&t, r);
	pad_buf(p, &t);
}

/* False: the verb is none for integers. `raw` are the bits as unsigned, for %c %q %U. */
static bool fmt_int_verb(struct printer *p, uint64_t raw, bool is_signed, int32_t verb)
{
	bool negative = is_signed && (int64_t)raw < 0;
	uint64_t u = negative ? -raw : raw;

	switch (verb) {
	case 'v':
		if (p->f.sharp_v && !is_signed) {
			p->f.sharp = true;
			fmt_integer(p, u, false, 16, 'v');
			p->f.sharp = false;
			return true;
		}
		fmt_integer(p, u, negative, 10, verb);
		return true;
	case 'd': fmt_integer(p, u, negative, 10, verb); return true;
	case 'b': fmt_integer(p, u, negative, 2, verb); return true;
	case 'o':
	case 'O': fmt_integer(p, u, negative, 8, verb); return true;
	case 'x':
	case 'X': fmt_integer(p, u, negative, 16, verb); return true;
	case 'c': fmt_char(p, raw, false); return true;
	case 'q': fmt_char(p, raw, true); return true;
	case 'U': fmt_unicode(p, raw); return true;
	default: return false;
	}
}

/* ---- floats ---------------------------------------------------------------------------------- */

/* 0x1.8p+01: the mantissa comes from C's %a, normalised. */
static void put_hex_float(struct buf *t, double v, bool upper, int prec)
{
	int e = 0;
	char text[64];
	double m = v == 0 ? 0 : frexp(fabs(v), &e) * 2;

	if (v != 0)
		e--;
	snprintf(text, sizeof(text), "%.*a", MIN(prec, 30), m);

	char *p = strchr(text, 'p');

	*p = '\0';
	if (text[2] == '2') { /* rounded up */
		text[2] = '1';
		e++;
	}
	buf_adds(t, signbit(v) ? "-" : "");
	buf_adds(t, text);
	buf_printf(t, "p%c%02d", e < 0 ? '-' : '+', e < 0 ? -e : e);
	if (upper) {
		for (size_t i = 0; i < t->n; i++)
			t->p[i] = t->p[i] >= 'a' && t->p[i] <= 'z' ? (char)(t->p[i] - 32) : t->p[i];
	}
}

/* 4503599627370496p-52 */
static void put_binary_float(struct buf *t, double v)
{
	int e = 0;
	double m = frexp(fabs(v), &e);
	int shift = v == 0 || e < -1021 ? 1074 + e : 53;

	buf_adds(t, signbit(v) ? "-" : "");
	num_put_uint(t, v == 0 ? 0 : (uint64_t)ldexp(m, shift));
	buf_printf(t, "p%+d", v == 0 ? -1074 : e - shift);
}

static void put_number(struct buf *t, double v, int32_t verb, int prec)
{
	if (isnan(v) || isinf(v) || strchr("eEfgG", (char)verb))
		num_put_float(t, v, strchr("eEfgG", (char)verb) ? (char)verb : 'g', prec);
	else if (verb == 'b')
		put_binary_float(t, v);
	else
		put_hex_float(t, v, verb == 'X', prec);
}

/* The # flag: always a point, and for %g the zeros that make up the precision. t has no sign. */
static void put_sharp_float(struct buf *out, struct str t, int32_t verb, int prec)
{
	int digits = strchr("gGx", (char)verb) ? (prec < 0 ? 6 : prec) : 0;
	bool point = false, nonzero = false;
	size_t i = 0;

	for (; i < t.n; i++) {
		char c = t.p[i];

		if (c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X'))
			break;
		if (c == '.') {
			point = true;
			continue;
		}
		nonzero |= c != '0';
		digits -= nonzero;
	}
	buf_add(out, str_cut(t, 0, i));
	if (!point) {
		digits -= i == 1 && t.p[0] == '0';
		buf_addc(out, '.');
	}
	buf_fill(out, '0', digits > 0 ? (size_t)digits : 0);
	buf_add(out, str_from(t, i));
}

/* sign 0: none is shown. */
static void pad_float(struct printer *p, char sign, struct str text, bool finite)
{
	bool zero = p->f.zero;
	struct buf t;

	if (finite && sign && zero && !p->f.minus && p->f.wid_given &&
	    p->wid > (int64_t)text.n + 1) {
		buf_addc(p->b, sign);
		put_padding(p, p->wid - (int64_t)text.n - 1);
		buf_add(p->b, text);
		return;
	}
	buf_init(&t, NUMBER_BYTES);
	if (sign)
		buf_addc(&t, sign);
	buf_add(&t, text);
	p->f.zero = zero && finite;
	pad(p, buf_str(&t));
	p->f.zero = zero;
	buf_done(&t);
}

/* The sign as shown: a plus only on demand, but always for infinity. */
static char shown_sign(const struct printer *p, char sign, double v)
{
	if (sign == '-' || p->f.plus)
		return sign;
	if (p->f.space)
		return ' ';
	return isinf(v) ? '+' : 0;
}

static void fmt_float(struct printer *p, double v, int32_t verb, int prec)
{
	struct buf t, sharp;
	struct str s;
	char sign = '+';

	if (p->f.prec_given)
		prec = p->prec;
	buf_init(&t, NUMBER_BYTES);
	buf_init(&sharp, NUMBER_BYTES);
	put_number(&t, v, verb, prec);
	s = buf_str(&t);
	if (s.p[0] == '-' || s.p[0] == '+') {
		sign = s.p[0];
		s = str_from(s, 1);
	}
	if (p->f.sharp && verb != 'b' && isfinite(v)) {
		put_sharp_float(&sharp, s, verb, prec);
		s = buf_str(&sharp);
	}
	pad_float(p, shown_sign(p, sign, v), s, isfinite(v));
	buf_done(&t);
	buf_done(&sharp);
}

static bool fmt_float_verb(struct printer *p, double v, int32_t verb)
{
	switch (verb) {
	case 'v': fmt_float(p, v, 'g', -1); return true;
	case 'b':
	case 'g':
	case 'G':
	case 'x':
	case 'X': fmt_float(p, v, verb, -1); return true;
	case 'f':
	case 'e':
	case 'E': fmt_float(p, v, verb, 6); return true;
	case 'F': fmt_float(p, v, 'f', 6); return true;
	default: return false;
	}
}

/* ---- strings --------------------------------------------------------------------------------- */

static struct str truncate_str(const struct printer *p, struct str s)
{
	size_t at = 0;

	if (!p->f.prec_given)
		return s;
	for (int i = 0; i < p->prec && at < s.n; i++)
		at += (size_t)gorune_first(str_from(s, at)).n;
	return str_cut(s, 0, at);
}

static void fmt_quoted(struct printer *p, struct str s)
{
	struct buf t;
	bool back = p->f.sharp && str_is_utf8(s) && str_find_char(s, '`') < 0;

	for (size_t i = 0; back && i < s.n; i++)
		back = (unsigned char)s.p[i] >= ' ' || s.p[i] == '\t';
	s = truncate_str(p, s);
	buf_init(&t, s.n * 10 + 16);
	if (back) {
		buf_addc(&t, '`');
		buf_add(&t, s);
		buf_addc(&t, '`');
	} else {
		gorune_quote(&t, s, p->f.plus);
	}
	pad_buf(p, &t);
}

static void fmt_hex(struct printer *p, struct str s, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	struct buf t;

	if (p->f.prec_given)
		s = str_cut(s, 0, (size_t)p->prec);
	buf_init(&t, s.n * 5 + 16);
	for (size_t i = 0; i < s.n; i++) {
		if (i > 0 && p->f.space)
			buf_addc(&t, ' ');
		if (p->f.sharp && (i == 0 || p->f.space))
			buf_adds(&t, upper ? "0X" : "0x");
		buf_addc(&t, digits[(unsigned char)s.p[i] >> 4]);
		buf_addc(&t, digits[(unsigned char)s.p[i] & 15]);
	}
	pad_buf(p, &t);
}

static bool fmt_string_verb(struct printer *p, struct str s, int32_t verb)
{
	switch (verb) {
	case 'v':
		if (p->f.sharp_v)
			fmt_quoted(p, s);
		else
			pad(p, truncate_str(p, s));
		return true;
	case 's': pad(p, truncate_str(p, s)); return true;
	case 'x': fmt_hex(p, s, false); return true;
	case 'X': fmt_hex(p, s, true); return true;
	case 'q': fmt_quoted(p, s); return true;
	default: return false;
	}
}

static bool fmt_bool_verb(struct printer *p, bool b, int32_t verb)
{
	if (verb != 't' && verb != 'v')
		return false;
	pad(p, b ? STR("true") : STR("false"));
	return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void bad_verb(struct printer *p, struct value v, int32_t verb)
{
	p->erroring = true;
	buf_adds(p->b, "%!");
	gorune_put(p->b, verb);
	buf_addc(p->b, '(');
	if (v.kind == VALUE_NONE) {
		buf_adds(p->b, "<nil>");
	} else {
		buf_adds(p->b, value_type_name(v));
		buf_addc(p->b, '=');
		print_value(p, v, 'v', false);
	}
	buf_addc(p->b, ')');
	p->erroring = false;
}

/* Between elements, and around them. */
static void put_between(struct printer *p, bool first)
{
	if (!first)
		buf_adds(p->b, p->f.sharp_v ? ", " : " ");
}

static void print_bytes(struct printer *p, struct value v, int32_t verb)
{
	struct buf t;

	buf_init(&t, v.list.n + 1);
	for (size_t i = 0; i < v.list.n; i++)
		buf_addc(&t, (char)v.list.v[i].u);
	fmt_string_verb(p, buf_str(&t), verb);
	buf_done(&t);
}

static void print_list(struct printer *p, struct value v, int32_t verb)
{
	if (v.type->elem == &TYPE_UINT8 && strchr("sqxX", (char)verb)) {
		print_bytes(p, v, verb);
		return;
	}
	if (p->f.sharp_v)
		buf_adds(p->b, v.type->name);
	if (p->f.sharp_v && value_is_nil(v)) {
		buf_adds(p->b, "(nil)");
		return;
	}
	buf_addc(p->b, p->f.sharp_v ? '{' : '[');
	for (size_t i = 0; i < v.list.n; i++) {
		put_between(p, i == 0);
		print_value(p, v.list.v[i], verb, true);
	}
	buf_addc(p->b, p->f.sharp_v ? '}' : ']');
}

static void print_map(struct printer *p, struct value v, int32_t verb)
{
	struct str key;
	struct value elem;
	size_t at = 0;

	buf_adds(p->b, p->f.sharp_v ? v.type->name : "map[");
	if (p->f.sharp_v && value_is_nil(v)) {
		buf_adds(p->b, "(nil)");
		return;
	}
	buf_adds(p->b, p->f.sharp_v ? "{" : "");
	for (bool first = true; value_map_next(v, &at, p->a, &key, &elem); first = false) {
		put_between(p, first);
		print_value(p, value_str(key), verb, true);
		buf_addc(p->b, ':');
		print_value(p, elem, verb, true);
	}
	buf_addc(p->b, p->f.sharp_v ? '}' : ']');
}

static void print_struct(struct printer *p, const struct value_type *type, const void *data,
			 int32_t verb)
{
	const struct value_field *f = type->fields;

	if (p->f.sharp_v)
		buf_adds(p->b, type->name);
	buf_addc(p->b, '{');
	for (; f && f->name; f++) {
		put_between(p, f == type->fields);
		if (p->f.plus_v || p->f.sharp_v) {
			buf_adds(p->b, f->name);
			buf_addc(p->b, ':');
		}
		print_value(p, f->get(data, p->a), verb, true);
	}
	buf_addc(p->b, '}');
}

/* Pointers as numbers: a constant, so that runs are deterministic. */
static bool print_pointer(struct printer *p, const void *object, int32_t verb)
{
	if (verb == 'v') {
		if (object)
			buf_adds(p->b, POINTER_TEXT);
		else
			pad(p, STR("<nil>"));
		return true;
	}
	return strchr("bodxX", (char)verb) && fmt_int_verb(p, object ? POINTER : 0, false, verb);
}

static bool print_object(struct printer *p, struct value v, int32_t verb, bool nested)
{
	if (!v.type->pointee) {
		print_struct(p, v.type, v.object, verb);
		return true;
	}
	if (nested || !v.object)
		return print_pointer(p, v.object, verb);
	buf_addc(p->b, '&');
	print_struct(p, v.type->pointee, v.object, verb);
	return true;
}

/* error.Error and fmt.Stringer. */
static bool print_by_method(struct printer *p, struct value v, int32_t verb)
{
	if (p->erroring || !v.type->string || !strchr("vsxXq", (char)verb) || verb > 0x7F)
		return false;
	if (p->f.sharp_v) {
		if (v.kind != VALUE_TIME)
			return false;
		pad(p, gotime_go_string(v, p->a));
		return true;
	}
	if (value_is_nil(v))
		pad(p, STR("<nil>"));
	else
		fmt_string_verb(p, v.type->string(v, p->a), verb);
	return true;
}

static void print_kind(struct printer *p, struct value v, int32_t verb, bool nested)
{
	bool ok = true;

	switch (v.kind) {
	case VALUE_NONE:
	case VALUE_ANY: ok = false; break;
	case VALUE_BOOL: ok = fmt_bool_verb(p, v.b, verb); break;
	case VALUE_INT: ok = fmt_int_verb(p, (uint64_t)v.i, true, verb); break;
	case VALUE_UINT: ok = fmt_int_verb(p, v.u, false, verb); break;
	case VALUE_FLOAT: ok = fmt_float_verb(p, v.f, verb); break;
	case VALUE_STRING: ok = fmt_string_verb(p, v.s, verb); break;
	case VALUE_LIST: print_list(p, v, verb); break;
	case VALUE_MAP: print_map(p, v, verb); break;
	case VALUE_OBJECT: ok = print_object(p, v, verb, nested); break;
	case VALUE_TIME:
		if (verb == 'v')
			buf_add(p->b, gotime_string(v, p->a));
		else
			ok = false;
		break;
	case VALUE_FUNC: buf_adds(p->b, POINTER_TEXT); break;
	}
	if (!ok)
		bad_verb(p, v, verb);
}

static void print_value(struct printer *p, struct value v, int32_t verb, bool nested)
{
	if (v.kind == VALUE_NONE) {
		if (nested)
			buf_adds(p->b, p->f.sharp_v ? "interface {}(nil)" : "<nil>");
		else if (verb == 'v')
			pad(p, STR("<nil>"));
		else
			bad_verb(p, v, verb);
		return;
	}
	if (p->depth >= DEPTH_MOST) {
		buf_adds(p->b, "...");
		return;
	}
	p->depth++;
	if (!print_by_method(p, v, verb))
		print_kind(p, v, verb, nested);
	p->depth--;
}

/* What has an address in Go. */
static bool is_pointer(struct value v)
{
	return v.kind == VALUE_LIST || v.kind == VALUE_MAP || v.kind == VALUE_FUNC ||
	       (v.type && v.type->pointee);
}

static void print_arg(struct printer *p, struct value v, int32_t verb)
{
	if (verb == 'T' && v.kind == VALUE_NONE)
		pad(p, STR("<nil>"));
	else if (verb == 'w')
		bad_verb(p, v, verb);
	else if (verb == 'T')
		pad(p, truncate_str(p, str_of(value_type_name(v))));
	else if (verb == 'p' && is_pointer(v))
		print_pointer(p, v.type->pointee ? v.object : p, 'v');
	else if (verb == 'p' && v.kind != VALUE_NONE)
		bad_verb(p, v, verb);
	else
		print_value(p, v, verb, false);
}

/* ---- print, println -------------------------------------------------------------------------- */

void gofmt_value(struct buf *b, struct value v, struct arena *a)
{
	struct printer p = {.b = b, .a = a};

	/* The usual ones without a detour: plain strings and floats. */
	if (v.type == &TYPE_STRING)
		buf_add(b, v.s);
	else if (v.type == &TYPE_FLOAT64)
		num_put_float(b, v.f, 'g', -1);
	else
		print_value(&p, v, 'v', false);
}

void gofmt_print(struct buf *b, const struct value *args, size_t n, struct arena *a)
{
	bool was_string = false;

	for (size_t i = 0; i < n; i++) {
		bool is_string = args[i].kind == VALUE_STRING;

		if (i > 0 && !is_string && !was_string)
			buf_addc(b, ' ');
		gofmt_value(b, args[i], a);
		was_string = is_string;
	}
}

void gofmt_println(struct buf *b, const struct value *args, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, ' ');
		gofmt_value(b, args[i], a);
	}
	buf_addc(b, '\n');
}

/* ---- printf ---------------------------------------------------------------------------------- */

struct format {
	struct str s;
	size_t i; /* where in s */
	const struct value *args;
	size_t n;
	size_t arg;	  /* the next one */
	bool after_index; /* the last thing read was [n] */
};

static bool format_at(const struct format *f, char c)
{
	return f->i < f->s.n && f->s.p[f->i] == c;
}

/* Digits at s[*i ..< end]; false: none, or too large. */
static bool parse_num(struct str s, size_t *i, size_t end, int *out)
{
	size_t from = *i;
	int n = 0;

	for (; *i < end && s.p[*i] >= '0' && s.p[*i] <= '9'; ++*i) {
		if (n > NUM_MOST) {
			*i = end;
			*out = 0;
			return false;
		}
		n = n * 10 + (s.p[*i] - '0');
	}
	*out = n;
	return *i > from;
}

/* [n]: the next argument is the n-th. */
static void arg_index(struct printer *p, struct format *f)
{
	struct str rest = str_from(f->s, f->i);
	ptrdiff_t close;
	size_t at = 1;
	int n;

	f->after_index = false;
	if (!format_at(f, '['))
		return;
	p->reordered = true;
	close = str_find_char(rest, ']');
	if (rest.n < 3 || close < 0) {
		p->bad_index = true;
		f->i++;
		return;
	}
	f->i += (size_t)close + 1;
	if (!parse_num(rest, &at, (size_t)close, &n) || at != (size_t)close) {
		p->bad_index = true;
		return;
	}
	f->after_index = true;
	if (n >= 1 && (size_t)n <= f->n)
		f->arg = (size_t)n - 1;
	else
		p->bad_index = true;
}

/* A * width or precision from the arguments. */
static bool int_arg(struct format *f, int *out)
{
	*out = 0;
	if (f->arg >= f->n)
		return false;

	const struct value *v = &f->args[f->arg++];
	int64_t i = v->kind == VALUE_INT ? v->i : 0;

	if (v->kind == VALUE_UINT && v->u <= INT64_MAX)
		i = (int64_t)v->u;
	else if (v->kind != VALUE_INT)
		return false;
	if (i > NUM_MOST || i < -NUM_MOST)
		return false;
	*out = (int)i;
	return true;
}

static void read_flags(struct printer *p, struct format *f)
{
	p->f = (struct flags){0};
	p->wid = p->prec = 0;
	for (; f->i < f->s.n; f->i++) {
		switch (f->s.p[f->i]) {
		case '#': p->f.sharp = true; break;
		case '0': p->f.zero = true; break;
		case '+': p->f.plus = true; break;
		case '-': p->f.minus = true; break;
		case ' ': p->f.space = true; break;
		default: return;
		}
	}
}

static void read_width(struct printer *p, struct format *f)
{
	arg_index(p, f);
	if (format_at(f, '*')) {
		f->i++;
		p->f.wid_given = int_arg(f, &p->wid);
		if (!p->f.wid_given)
			buf_adds(p->b, "%!(BADWIDTH)");
		if (p->wid < 0) {
			p->wid = -p->wid;
			p->f.minus = true;
			p->f.zero = false;
		}
		f->after_index = false;
	} else {
		p->f.wid_given = parse_num(f->s, &f->i, f->s.n, &p->wid);
		p->bad_index |= f->after_index && p->f.wid_given;
	}
}

static void read_precision(struct printer *p, struct format *f)
{
	if (f->i + 1 >= f->s.n || !format_at(f, '.'))
		return;
	f->i++;
	p->bad_index |= f->after_index;
	arg_index(p, f);
	if (format_at(f, '*')) {
		f->i++;
		p->f.prec_given = int_arg(f, &p->prec);
		if (p->prec < 0) {
			p->prec = 0;
			p->f.prec_given = false;
		}
		if (!p->f.prec_given)
			buf_adds(p->b, "%!(BADPREC)");
		f->after_index = false;
	} else {
		if (!parse_num(f->s, &f->i, f->s.n, &p->prec))
			p->prec = 0;
		p->f.prec_given = true;
	}
}

static void put_mistake(struct printer *p, int32_t verb, const char *what)
{
	buf_adds(p->b, "%!");
	gorune_put(p->b, verb);
	buf_adds(p->b, what);
}

static void do_verb(struct printer *p, struct format *f, int32_t verb)
{
	if (verb == '%') {
		buf_addc(p->b, '%');
	} else if (p->bad_index) {
		put_mistake(p, verb, "(BADINDEX)");
	} else if (f->arg >= f->n) {
		put_mistake(p, verb, "(MISSING)");
	} else {
		if (verb == 'v' || verb == 'w') {
			p->f.sharp_v = p->f.sharp;
			p->f.sharp = false;
			p->f.plus_v = p->f.plus;
			p->f.plus = false;
		}
		print_arg(p, f->args[f->arg++], verb);
	}
}

/* One directive, from behind the %. */
static bool directive(struct printer *p, struct format *f)
{
	p->bad_index = false;
	f->after_index = false;
	read_flags(p, f);
	read_width(p, f);
	read_precision(p, f);
	if (!f->after_index)
		arg_index(p, f);
	if (f->i >= f->s.n) {
		buf_adds(p->b, "%!(NOVERB)");
		return false;
	}

	struct gorune verb = gorune_first(str_from(f->s, f->i));

	f->i += (size_t)verb.n;
	do_verb(p, f, verb.r);
	return true;
}

static void put_extra(struct printer *p, const struct format *f)
{
	p->f = (struct flags){0};
	buf_adds(p->b, "%!(EXTRA ");
	for (size_t i = f->arg; i < f->n; i++) {
		if (i > f->arg)
			buf_adds(p->b, ", ");
		if (f->args[i].kind != VALUE_NONE) {
			buf_adds(p->b, value_type_name(f->args[i]));
			buf_addc(p->b, '=');
		}
		print_value(p, f->args[i], 'v', false);
	}
	buf_addc(p->b, ')');
}

void gofmt_printf(struct buf *b, struct str format, const struct value *args, size_t n,
		  struct arena *a)
{
	struct printer p = {.b = b, .a = a};
	struct format f = {.s = format, .args = args, .n = n};

	while (f.i < format.n) {
		struct str rest = str_from(format, f.i);
		ptrdiff_t percent = str_find_char(rest, '%');

		buf_add(b, percent < 0 ? rest : str_cut(rest, 0, (size_t)percent));
		if (percent < 0)
			break;
		f.i += (size_t)percent + 1;
		if (!directive(&p, &f))
			break;
	}
	if (!p.reordered && f.arg < n)
		put_extra(&p, &f);
}
