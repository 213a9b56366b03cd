/*
 * A recursive descent over Go's regular expressions that emits PCRE2's spelling as it goes.
 *
 * The flags m, s and U are resolved here (each `^`, `$`, `.`, repetition is written for what it
 * means at its place); i is left to PCRE2, whose scoping is the same. Everything that PCRE2 might
 * read as more than a literal is escaped, so no construct of PCRE2 can be smuggled in.
 */
#include "base/regex_syntax.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include <string.h>

#include "base/mem.h"

enum { FOLD = 1, MULTILINE = 2, DOTALL = 4, UNGREEDY = 8 };

struct reader {
	struct str text; /* the whole pattern */
	size_t at;
	unsigned flags;
	size_t depth;
	struct arena *arena;
	struct regex_syntax *out;
	size_t cap_names, cap_choices;
	struct buf choice; /* the literal being collected */
	struct err *err;
};

/* What a repetition operator may apply to, and what it says about nested counts. */
struct atom {
	bool present;
	size_t reps;  /* product of the counts below it */
	size_t start; /* in the output: literals are single runes */
};

static bool fail(struct reader *r, const char *what, struct str at)
{
	return err_set(r->err, -1, "error parsing regexp: %s: `%.*s`", what, STR_ARG(at));
}

static struct str rest(const struct reader *r)
{
	return str_from(r->text, r->at);
}

static bool looking_at(const struct reader *r, const char *s)
{
	return str_starts(rest(r), s);
}

static int peek(const struct reader *r)
{
	return r->at < r->text.n ? (unsigned char)r->text.p[r->at] : -1;
}

static int peek_next(const struct reader *r)
{
	return r->at + 1 < r->text.n ? (unsigned char)r->text.p[r->at + 1] : -1;
}

static bool one_of(int c, const char *set)
{
	return c > 0 && strchr(set, c);
}

/* The text has been checked as UTF-8. */
static uint32_t next_rune(struct reader *r)
{
	const unsigned char *p = (const unsigned char *)r->text.p + r->at;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	uint32_t v = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		v = v << 6 | (p[i] & 0x3F);
	r->at += n;
	return v;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static bool is_alnum(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One rune that stands for itself, inside and outside of classes. */
static void put_rune(struct buf *b, uint32_t c)
{
	if (c >= 0xD800 && c < 0xE000)
		c = 0xFFFD; /* PCRE2 refuses surrogates; no valid text holds one */
	if (is_alnum(c) || c == '_')
		buf_addc(b, (char)c);
	else
		buf_printf(b, "\\x{%x}", c);
}

static void put(struct reader *r, const char *s)
{
	buf_adds(&r->out->pcre, s);
	r->out->literal = false;
}

static struct str slice(const struct reader *r, size_t from)
{
	return str_cut(r->text, from, r->at);
}

static void choice_end(struct reader *r)
{
	struct regex_syntax *o = r->out;

	if (!o->literal)
		return;
	o->choices = mem_reserve(o->choices, &r->cap_choices, o->n_choices + 1, sizeof(struct str));
	o->choices[o->n_choices++] = arena_str(r->arena, buf_str(&r->choice));
	buf_clear(&r->choice);
}

static void put_literal(struct reader *r, uint32_t c, size_t from)
{
	put_rune(&r->out->pcre, c);
	if (r->flags & FOLD)
		r->out->literal = false;
	else if (c < 0x80)
		buf_addc(&r->choice, (char)c);
	else if (r->text.p[from] != '\\')
		buf_add(&r->choice, slice(r, from));
	else
		r->out->literal = false;
}

/* ---- escapes and classes ----------------------------------------------------------------------
 */

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "{" hex+ "}" | hex hex, after `\x`. */
static bool read_hex(struct reader *r, uint32_t *out)
{
	bool braces = peek(r) == '{';
	size_t digits = 0;

	*out = 0;
	r->at += braces;
	while (hex_digit(peek(r)) >= 0 && (braces || digits < 2)) {
		*out = *out * 16 + (uint32_t)hex_digit(peek(r));
		if (*out > 0x10FFFF)
			return false;
		r->at++;
		digits++;
	}
	if (!braces)
		return digits == 2;
	return peek(r) == '}' && digits > 0 && ++r->at;
}

static bool octal(int c)
{
	return c >= '0' && c <= '7';
}

/* escape = "\" ( octal | x hex | a f n r t v | punctuation ). */
static bool read_escape(struct reader *r, uint32_t *out)
{
	static const char NAMES[] = "afnrtv", VALUES[] = "\a\f\n\r\t\v";
	size_t from = r->at++;

	if (r->at >= r->text.n)
		return fail(r, "trailing backslash at end of expression", STR(""));

	uint32_t c = next_rune(r);
	const char *name = c < 0x80 ? memchr(NAMES, (int)c, sizeof(NAMES) - 1) : NULL;

	if (name) {
		*out = (unsigned char)VALUES[name - NAMES];
		return true;
	}
	if (c == '0' || (c >= '1' && c <= '7' && octal(peek(r)))) {
		*out = c - '0';
		for (int i = 1; i < 3 && octal(peek(r)); i++)
			*out = *out * 8 + next_rune(r) - '0';
		return true;
	}
	if (c < 0x80 && !is_alnum(c)) {
		*out = c;
		return true;
	}
	if (c == 'x' && read_hex(r, out))
		return true;
	if (c == 'x' && r->at < r->text.n)
		next_rune(r);
	return fail(r, "invalid escape sequence", slice(r, from));
}

/* The library has the list of scripts. */
static bool script_known(struct str name)
{
	char text[64];
	PCRE2_SIZE at;
	int code, n = snprintf(text, sizeof(text), "\\p{sc:%.*s}", STR_ARG(name));
	pcre2_code *c = NULL;

	if (n > 0 && (size_t)n < sizeof(text))
		c = pcre2_compile((PCRE2_SPTR)text, (PCRE2_SIZE)n, PCRE2_UTF, &code, &at, NULL);
	pcre2_code_free(c);
	return c != NULL;
}

/* Categories have one or two letters, scripts more; both begin with a capital. */
static bool property_known(struct str name)
{
	static const char *const CATEGORIES[] = {"C",  "Cc", "Cf", "Co", "Cs", "L",  "Ll", "Lm",
						 "Lo", "Lt", "Lu", "M",	 "Mc", "Me", "Mn", "N",
						 "Nd", "Nl", "No", "P",	 "Pc", "Pd", "Pe", "Pf",
						 "Pi", "Po", "Ps", "S",	 "Sc", "Sk", "Sm", "So",
						 "Z",  "Zl", "Zp", "Zs", "Any"};
	bool script = name.n > 2 && name.p[0] >= 'A' && name.p[0] <= 'Z';

	for (size_t i = 0; i < ARRAY_LEN(CATEGORIES); i++) {
		if (str_is(name, CATEGORIES[i]))
			return true;
	}
	for (size_t i = 0; i < name.n; i++)
		script = script && (is_alnum((unsigned char)name.p[i]) || name.p[i] == '_');
	return script && script_known(name);
}

/* property = "\" ( p | P ) ( letter | "{" ["^"] name "}" ). */
static bool read_property(struct reader *r)
{
	size_t from = r->at;
	bool negated = r->text.p[from + 1] == 'P';
	struct str name;

	r->at += 2;
	if (peek(r) == '{') {
		ptrdiff_t end = str_find_char(rest(r), '}');

		if (end < 0)
			return fail(r, "invalid character class range", str_from(r->text, from));
		name = str_cut(r->text, r->at + 1, r->at + (size_t)end);
		r->at += (size_t)end + 1;
	} else {
		size_t start = r->at;

		if (r->at < r->text.n)
			next_rune(r);
		name = slice(r, start);
	}
	if (name.n && name.p[0] == '^') {
		negated = !negated;
		name = str_from(name, 1);
	}
	if (!property_known(name))
		return fail(r, "invalid character class range", slice(r, from));
	buf_printf(&r->out->pcre, "\\%c{%s%.*s}", negated ? 'P' : 'p',
		   name.n > 2 && !str_is(name, "Any") ? "sc:" : "", STR_ARG(name));
	r->out->literal = false;
	return true;
}

static bool at_property(const struct reader *r)
{
	return peek(r) == '\\' && (peek_next(r) == 'p' || peek_next(r) == 'P');
}

/* \d \D \s \S \w \W, written for the inside of a class; false: there is none here. */
static bool read_perl_class(struct reader *r)
{
	static const struct {
		char name;
		const char *pcre;
	} CLASSES[] = {
		{'d', "\\d"},
		{'D', "\\D"},
		{'s', "\\t\\n\\f\\r\\x{20}"},
		{'w', "\\w"},
		{'W', "\\W"},
		{'S', "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"},
	};

	for (size_t i = 0; peek(r) == '\\' && i < ARRAY_LEN(CLASSES); i++) {
		if (peek_next(r) == CLASSES[i].name) {
			put(r, CLASSES[i].pcre);
			r->at += 2;
			return true;
		}
	}
	return false;
}

/* "[:" ["^"] name ":]" inside a class. *found is false when it is only a bracket. */
static bool read_posix_class(struct reader *r, bool *found)
{
	static const char *const NAMES[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
					    "digit", "graph", "lower", "print", "punct",
					    "space", "upper", "word",  "xdigit"};
	size_t from = r->at;
	ptrdiff_t end = looking_at(r, "[:") ? str_find(str_from(rest(r), 2), STR(":]")) : -1;
	struct str name = str_cut(r->text, from + 2, from + 2 + (size_t)MAX(end, 0));

	*found = end >= 0;
	if (end < 0)
		return true;
	r->at += (size_t)end + 4;
	if (name.n && name.p[0] == '^')
		name = str_from(name, 1);
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		if (str_is(name, NAMES[i])) {
			buf_add(&r->out->pcre, slice(r, from));
			return true;
		}
	}
	return fail(r, "invalid character class range", slice(r, from));
}

static bool read_class_rune(struct reader *r, size_t class_start, uint32_t *out)
{
	if (r->at >= r->text.n)
		return fail(r, "missing closing ]", str_from(r->text, class_start));
	if (peek(r) == '\\')
		return read_escape(r, out);
	*out = next_rune(r);
	return true;
}

/* rune [ "-" rune ] inside a class. */
static bool read_class_range(struct reader *r, size_t class_start)
{
	size_t from = r->at;
	uint32_t lo, hi;

	if (!read_class_rune(r, class_start, &lo))
		return false;
	hi = lo;
	if (peek(r) == '-' && peek_next(r) != -1 && peek_next(r) != ']') {
		r->at++;
		if (!read_class_rune(r, class_start, &hi))
			return false;
		if (hi < lo)
			return fail(r, "invalid character class range", slice(r, from));
	}
	put_rune(&r->out->pcre, lo);
	if (hi > lo) {
		buf_addc(&r->out->pcre, '-');
		put_rune(&r->out->pcre, hi);
	}
	return true;
}

/* class = "[" ["^"] { posix | property | perl | range } "]"; "]" may come first. */
static bool read_class(struct reader *r)
{
	size_t from = r->at++;
	bool found;

	put(r, "[");
	if (peek(r) == '^') {
		put(r, "^");
		r->at++;
	}
	for (bool first = true; first || peek(r) != ']'; first = false) {
		if (!read_posix_class(r, &found))
			return false;
		if (found)
			continue;
		if (at_property(r)) {
			if (!read_property(r))
				return false;
		} else if (!read_perl_class(r) && !read_class_range(r, from)) {
			return false;
		}
	}
	r->at++;
	put(r, "]");
	return true;
}

/* ---- repetition -------------------------------------------------------------------------------
 */

static bool read_count(struct reader *r, int *out)
{
	size_t from = r->at;

	if (peek(r) == '0' && peek_next(r) >= '0' && peek_next(r) <= '9')
		return false;
	*out = 0;
	while (peek(r) >= '0' && peek(r) <= '9') {
		if (*out <= REGEX_REPEAT_MAX)
			*out = *out * 10 + (peek(r) - '0');
		r->at++;
	}
	return r->at > from;
}

/* "{" n [ "," [ m ] ] "}"; *max is -1 for no limit. False, nothing read: a literal brace. */
static bool read_counts(struct reader *r, int *min, int *max)
{
	size_t from = r->at++;
	bool ok = read_count(r, min);

	*max = *min;
	if (ok && peek(r) == ',') {
		r->at++;
		*max = -1;
		if (peek(r) != '}')
			ok = read_count(r, max);
	}
	if (ok && peek(r) == '}') {
		r->at++;
		return true;
	}
	r->at = from;
	return false;
}

static bool repeat_fits(struct atom *atom, int min, int max)
{
	size_t m = (size_t)(max < 0 ? min : max);

	if (m < 2 && min < 2)
		return true;
	atom->reps *= MAX(m, (size_t)1);
	return atom->reps <= REGEX_REPEAT_MAX;
}

/* The laziness mark and the checks that all four operators share; `from` is where it began. */
static bool finish_repeat(struct reader *r, struct atom *atom, size_t from, size_t *last_repeat)
{
	bool lazy = peek(r) == '?';

	r->at += lazy;
	if (*last_repeat != SIZE_MAX)
		return fail(r, "invalid nested repetition operator", slice(r, *last_repeat));
	if (!atom->present)
		return fail(r, "missing argument to repetition operator", slice(r, from));
	if (lazy != !!(r->flags & UNGREEDY))
		put(r, "?");
	*last_repeat = from;
	return true;
}

/* repeat = ( "*" | "+" | "?" | counts ) [ "?" ]. */
static bool read_repeat(struct reader *r, struct atom *atom, size_t *last_repeat)
{
	size_t from = r->at;
	int min, max;

	if (peek(r) != '{') {
		put(r, (const char[]){r->text.p[r->at++], '\0'});
		return finish_repeat(r, atom, from, last_repeat);
	}
	if (!read_counts(r, &min, &max)) {
		r->at++;
		put_literal(r, '{', from);
		*atom = (struct atom){.present = true, .reps = 1};
		*last_repeat = SIZE_MAX;
		return true;
	}
	if (min > REGEX_REPEAT_MAX || max > REGEX_REPEAT_MAX || (max >= 0 && min > max))
		return fail(r, "invalid repeat count", slice(r, from));
	put(r, "{");
	buf_printf(&r->out->pcre, max < 0 ? "%d,}" : "%d,%d}", min, max);
	if (!finish_repeat(r, atom, from, last_repeat))
		return false;
	return repeat_fits(atom, min, max) || fail(r, "invalid repeat count", slice(r, from));
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static bool read_alternatives(struct reader *r, size_t *reps);

static void add_group(struct reader *r, struct str name)
{
	struct regex_syntax *o = r->out;

	o->names = mem_reserve(o->names, &r->cap_names, o->groups + 1, sizeof(*o->names));
	o->names[o->groups++] = arena_str(r->arena, name);
}

/* "(?P<" name ">" or "(?<" name ">". */
static bool read_name(struct reader *r, size_t head)
{
	size_t from = r->at;
	ptrdiff_t end = str_find_char(rest(r), '>');
	struct str name = str_cut(r->text, from + head, from + (size_t)MAX(end, 0));
	bool ok = name.n > 0;

	for (size_t i = 0; i < name.n; i++)
		ok = ok && (is_alnum((unsigned char)name.p[i]) || name.p[i] == '_');
	r->at = end < 0 ? r->text.n : from + (size_t)end + 1;
	if (!ok || end < 0)
		return fail(r, "invalid named capture", slice(r, from));
	add_group(r, name);
	return true;
}

static unsigned flag_of(int c)
{
	return c == 'i' ? FOLD : c == 'm' ? MULTILINE : c == 's' ? DOTALL : c == 'U' ? UNGREEDY : 0;
}

/* "(?" flags [ "-" flags ] ( ":" | ")" ). *opens tells whether a group begins. */
static bool read_flags(struct reader *r, bool *opens)
{
	size_t from = r->at;
	unsigned on = 0, off = 0;
	bool minus = false, saw = false;

	for (r->at += 2; r->at < r->text.n;) {
		uint32_t c = next_rune(r);
		unsigned flag = flag_of(c < 0x80 ? (int)c : 0);

		if (flag) {
			*(minus ? &off : &on) |= flag;
			saw = true;
		} else if (c == '-' && !minus) {
			minus = true;
			saw = false;
		} else if ((c == ':' || c == ')') && (!minus || saw)) {
			*opens = c == ':';
			r->flags = (r->flags | on) & ~off;
			return true;
		} else {
			break;
		}
	}
	return fail(r, "invalid or unsupported Perl syntax", slice(r, from));
}

/* group = "(" [ name | flags ] alternatives ")". */
static bool read_group(struct reader *r, struct atom *atom)
{
	unsigned outer = r->flags;
	bool opens = true, plain = !looking_at(r, "(?");
	bool named = looking_at(r, "(?P<") || looking_at(r, "(?<");

	if (plain) {
		add_group(r, STR(""));
		r->at++;
	} else if (named ? !read_name(r, looking_at(r, "(?P<") ? 4 : 3) : !read_flags(r, &opens)) {
		return false;
	}
	if (opens)
		put(r, plain || named ? "(" : "(?:");
	if ((r->flags ^ outer) & FOLD)
		put(r, r->flags & FOLD ? "(?i)" : "(?-i)");
	if (!opens) {
		r->out->literal = false;
		*atom = (struct atom){0};
		return true;
	}
	*atom = (struct atom){.present = true, .reps = 1};
	if (++r->depth > REGEX_NESTING_MAX)
		return fail(r, "expression nests too deeply", r->text);
	if (!read_alternatives(r, &atom->reps))
		return false;
	r->depth--;
	if (peek(r) != ')')
		return fail(r, "missing closing )", r->text);
	r->at++;
	put(r, ")");
	r->flags = outer;
	return true;
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static void put_anchor(struct reader *r, int c)
{
	bool lines = r->flags & MULTILINE;

	if (c == '^')
		put(r, lines ? "(?:\\A|(?<=\\n))" : "(?:\\A)");
	else
		put(r, lines ? "(?:\\z|(?=\\n))" : "(?:\\z)");
	r->at++;
}

/* \Q ... \E, or to the end. */
static void read_quoted(struct reader *r)
{
	ptrdiff_t len = str_find(str_from(rest(r), 2), STR("\\E"));
	size_t end = len < 0 ? r->text.n : r->at + 2 + (size_t)len;

	r->at += 2;
	while (r->at < end) {
		size_t from = r->at;
		uint32_t c = next_rune(r);

		put_literal(r, c, from);
	}
	r->at = len < 0 ? end : end + 2;
}

/* What a backslash can begin outside of a class. */
static bool read_backslash(struct reader *r)
{
	static const struct {
		char name;
		const char *pcre;
	} ZERO_WIDTH[] = {{'A', "(?:\\A)"}, {'b', "(?:\\b)"}, {'B', "(?:\\B)"}, {'z', "(?:\\z)"}};
	size_t from = r->at;
	uint32_t c;

	for (size_t i = 0; i < ARRAY_LEN(ZERO_WIDTH); i++) {
		if (peek_next(r) == ZERO_WIDTH[i].name) {
			put(r, ZERO_WIDTH[i].pcre);
			r->at += 2;
			return true;
		}
	}
	if (at_property(r))
		return read_property(r);
	if (one_of(peek_next(r), "dDsSwW")) {
		put(r, "[");
		read_perl_class(r);
		put(r, "]");
		return true;
	}
	if (!read_escape(r, &c))
		return false;
	put_literal(r, c, from);
	return true;
}

/* One thing that a repetition may follow. */
static bool read_atom(struct reader *r, struct atom *atom)
{
	int c = peek(r);
	size_t from = r->at;

	if (c == '(')
		return read_group(r, atom);
	if (looking_at(r, "\\Q")) {
		read_quoted(r);
		*atom = (struct atom){.present = r->at > from + 4 || atom->present, .reps = 1};
		return true;
	}
	*atom = (struct atom){.present = true, .reps = 1};
	if (c == '[')
		return read_class(r);
	if (c == '\\')
		return read_backslash(r);
	if (c == '^' || c == '$') {
		put_anchor(r, c);
	} else if (c == '.') {
		put(r, r->flags & DOTALL ? "(?s:.)" : "[^\\n]");
		r->at++;
	} else {
		uint32_t rune = next_rune(r);

		put_literal(r, rune, from);
	}
	return true;
}

/* alternatives = { atom [ repeat ] | "|" }, up to `)` or the end. */
static bool read_alternatives(struct reader *r, size_t *reps)
{
	struct atom atom = {0};
	size_t last_repeat = SIZE_MAX;

	*reps = 1;
	while (r->at < r->text.n && peek(r) != ')') {
		int c = peek(r);

		if (c == '|') {
			choice_end(r);
			buf_addc(&r->out->pcre, '|');
			r->at++;
			atom = (struct atom){0};
		} else if (one_of(c, "*+?{")) {
			if (!read_repeat(r, &atom, &last_repeat))
				return false;
			*reps = MAX(*reps, atom.reps);
			continue;
		} else if (!read_atom(r, &atom)) {
			return false;
		}
		*reps = MAX(*reps, atom.reps);
		last_repeat = SIZE_MAX;
	}
	return true;
}

static bool read_whole(struct reader *r)
{
	size_t reps;

	if (!str_is_utf8(r->text))
		return err_set(r->err, -1, "error parsing regexp: invalid UTF-8");
	if (!read_alternatives(r, &reps))
		return false;
	if (r->at < r->text.n)
		return fail(r, "unexpected )", r->text);
	choice_end(r);
	return true;
}

/* Growing arrays live on the heap while they grow; what is kept moves into the arena. */
static struct str *settle(struct arena *a, struct str *v, size_t n)
{
	struct str *kept = ARENA_ARRAY(a, struct str, n);

	if (n)
		memcpy(kept, v, n * sizeof(*v));
	free(v);
	return kept;
}

bool regex_syntax_read(struct str pattern, bool dotall, struct arena *a, struct regex_syntax *out,
		       struct err *err)
{
	struct regex_syntax made = {.literal = true};
	struct reader r = {.text = pattern,
			   .flags = dotall ? DOTALL : 0,
			   .arena = a,
			   .out = &made,
			   .err = err};

	buf_init(&made.pcre, BUF_MAX_ANY);
	buf_init(&r.choice, BUF_MAX_ANY);

	bool ok = read_whole(&r);

	buf_done(&r.choice);
	made.names = settle(a, made.names, made.groups);
	made.choices = settle(a, made.choices, made.n_choices);
	if (ok)
		*out = made;
	else
		buf_done(&made.pcre);
	return ok;
}
