/* Alertmanager's matchers in both syntaxes; see matcher.h. */
#include "notify/matcher.h"

#include "base/regex.h"
#include "promql/print.h"
#include "promql/quote.h"

/* Matchers of one text; more are refused. */
#define MATCHERS_MAX 1000

/* Matchers that were read so far; grows in the arena. */
struct matcher_list {
	struct arena *arena;
	struct matcher *v;
	size_t n, cap;
};

bool am_matcher_init(struct matcher *m, enum match_op op, struct str name, struct str value,
		     struct arena *a, struct err *err)
{
	struct matcher made = {.name = name, .value = value, .op = op};

	/* Anchored by hand: error texts then quote the pattern as Alertmanager's do. */
	if (op == MATCH_RE || op == MATCH_NRE) {
		struct str anchored = arena_printf(a, "^(?:%.*s)$", STR_ARG(value));

		if (!regex_compile(anchored, 0, a, &made.re, err))
			return false;
	}
	if (!matcher_test(&made, STR(""), &made.matches_empty, err))
		return false;
	*m = made;
	return true;
}

static bool list_add(struct matcher_list *l, enum match_op op, struct str name, struct str value,
		     struct err *err)
{
	if (l->n == MATCHERS_MAX)
		return err_set(err, -1, "more than %d matchers", MATCHERS_MAX);
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 4;
		struct matcher *v = ARENA_ARRAY(l->arena, struct matcher, cap);

		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	if (!am_matcher_init(&l->v[l->n], op, arena_str(l->arena, name), arena_str(l->arena, value),
			     l->arena, err))
		return false;
	l->n++;
	return true;
}

/* ---- operators, the same in both syntaxes ---------------------------------------------------- */

/* Bytes of the operator that s begins with; 0 if it begins with none. */
static size_t read_op(struct str s, enum match_op *op)
{
	static const struct {
		const char *text;
		enum match_op op;
	} OPS[] = {
		{"=~", MATCH_RE},
		{"!~", MATCH_NRE},
		{"!=", MATCH_NEQ},
		{"=", MATCH_EQ},
	};

	for (size_t i = 0; i < ARRAY_LEN(OPS); i++) {
		if (str_starts(s, OPS[i].text)) {
			*op = OPS[i].op;
			return strlen(OPS[i].text);
		}
	}
	return 0;
}

/* ---- the classic syntax -----------------------------------------------------------------------
 */

/* White space as \s of Go's regular expressions has it. */
static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static struct str trim_space(struct str s)
{
	size_t from = 0;

	while (from < s.n && is_space(s.p[from]))
		from++;
	while (s.n > from && is_space(s.p[s.n - 1]))
		s.n--;
	return str_from(s, from);
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (!first && c >= '0' && c <= '9');
}

static void put_unescaped(struct buf *b, char c)
{
	if (c == 'n') {
		buf_addc(b, '\n');
		return;
	}
	/* Before anything else than a quote or itself a backslash stands for itself. */
	if (c != '"' && c != '\\')
		buf_addc(b, '\\');
	buf_addc(b, c);
}

/* The value without its quotes (raw may have none), escapes resolved. */
static bool classic_value(struct str raw, struct buf *out, struct err *err)
{
	bool quoted = raw.n > 0 && raw.p[0] == '"', closed = !quoted;
	struct str s = str_from(raw, quoted);

	for (size_t i = 0; i < s.n; i++) {
		bool last = i + 1 == s.n;

		if (s.p[i] == '\\' && !last) {
			put_unescaped(out, s.p[++i]);
		} else if (s.p[i] == '"' && quoted && last) {
			closed = true;
		} else if (s.p[i] == '"') {
			closed = false;
			break;
		} else {
			buf_addc(out, s.p[i]);
		}
	}
	if (!closed)
		return err_set(err, -1, "matcher value contains unescaped double quote: %.*s",
			       STR_ARG(raw));
	return true;
}

static bool classic_one(struct str text, struct matcher_list *l, struct err *err)
{
	struct str s = trim_space(text), name;
	enum match_op op;
	size_t at = 0, op_len;
	struct buf value;
	bool ok;

	while (at < s.n && is_name_char(s.p[at], at == 0))
		at++;
	name = str_cut(s, 0, at);
	s = trim_space(str_from(s, at));
	op_len = read_op(s, &op);
	if (name.n == 0 || op_len == 0)
		return err_set(err, -1, "bad matcher format: %.*s", STR_ARG(text));
	s = trim_space(str_from(s, op_len));
	if (!str_is_utf8(s))
		return err_set(err, -1, "matcher value not valid UTF-8: %.*s", STR_ARG(s));
	buf_init(&value, BUF_MAX_ANY);
	ok = classic_value(s, &value, err) && list_add(l, op, name, buf_str(&value), err);
	buf_done(&value);
	return ok;
}

/* Where the matcher that starts at `from` ends: at a comma outside quotes, or at the end. */
static size_t classic_end(struct str s, size_t from, bool *in_quotes, bool *escaped)
{
	size_t at = from;

	for (; at < s.n; at++) {
		char c = s.p[at];

		if (c == ',' && !*in_quotes)
			break;
		if (c == '"' && !*escaped)
			*in_quotes = !*in_quotes;
		if (c != ',')
			*escaped = c == '\\' && !*escaped;
	}
	return at;
}

static bool classic_list(struct str s, struct matcher_list *l, struct err *err)
{
	bool in_quotes = false, escaped = false;

	if (str_starts(s, "{"))
		s = str_from(s, 1);
	if (str_ends(s, "}"))
		s.n--;
	for (size_t at = 0; at < s.n;) {
		size_t end = classic_end(s, at, &in_quotes, &escaped);

		if (!classic_one(str_cut(s, at, end), l, err))
			return false;
		at = end + 1;
	}
	return true;
}

/* ---- the syntax with UTF-8 names ----------------------------------------------------------------
 */

/* As Go's unicode.IsSpace. */
static bool rune_is_space(uint32_t r)
{
	return (r >= '\t' && r <= '\r') || r == ' ' || r == 0x85 || r == 0xA0 || r == 0x1680 ||
	       (r >= 0x2000 && r <= 0x200A) || r == 0x2028 || r == 0x2029 || r == 0x202F ||
	       r == 0x205F || r == 0x3000;
}

static bool rune_is_reserved(uint32_t r)
{
	return rune_is_space(r) || (r < 128 && strchr("{}!=~,\\\"'`", (int)r));
}

struct scanner {
	struct str text;
	size_t at;
};

static void skip_space(struct scanner *s)
{
	uint32_t r;
	size_t n;

	while ((n = rune_decode(str_from(s->text, s->at), &r)) > 0 && rune_is_space(r))
		s->at += n;
}

static bool at_end(struct scanner *s)
{
	skip_space(s);
	return s->at == s->text.n;
}

static bool accept(struct scanner *s, char c)
{
	skip_space(s);
	if (s->at == s->text.n || s->text.p[s->at] != c)
		return false;
	s->at++;
	return true;
}

static bool scan_quoted(struct scanner *s, struct buf *out, struct err *err)
{
	size_t from = s->at++;
	bool escaped = false;

	for (; s->at < s->text.n; s->at++) {
		char c = s->text.p[s->at];

		if (c == '"' && !escaped) {
			s->at++;
			struct str literal = str_cut(s->text, from, s->at);

			if (promql_unquote(out, literal) && str_is_utf8(buf_str(out)))
				return true;
			return err_set(err, (int)from, "%.*s: invalid input", STR_ARG(literal));
		}
		escaped = c == '\\' && !escaped;
	}
	return err_set(err, (int)from, "missing end \"");
}

static bool scan_bare(struct scanner *s, struct buf *out, const char *what, struct err *err)
{
	size_t from = s->at, n;
	uint32_t r;

	while ((n = rune_decode(str_from(s->text, s->at), &r)) > 0 && !rune_is_reserved(r))
		s->at += n;
	if (s->at == from)
		return err_set(err, (int)from, "expected %s", what);
	buf_add(out, str_cut(s->text, from, s->at));
	if (!str_is_utf8(buf_str(out)))
		return err_set(err, (int)from, "%s is not valid UTF-8", what);
	return true;
}

/* A name or a value. */
static bool scan_word(struct scanner *s, struct buf *out, const char *what, struct err *err)
{
	buf_clear(out);
	skip_space(s);
	if (s->at < s->text.n && s->text.p[s->at] == '"')
		return scan_quoted(s, out, err);
	return scan_bare(s, out, what, err);
}

static bool utf8_one(struct scanner *s, struct matcher_list *l, struct buf *name, struct buf *value,
		     struct err *err)
{
	enum match_op op;
	size_t len;

	if (!scan_word(s, name, "label name", err))
		return false;
	skip_space(s);
	len = read_op(str_from(s->text, s->at), &op);
	if (len == 0)
		return err_set(err, (int)s->at,
			       "expected an operator such as '=', '!=', '=~' or '!~'");
	s->at += len;
	return scan_word(s, value, "label value", err) &&
	       list_add(l, op, buf_str(name), buf_str(value), err);
}

static bool utf8_items(struct scanner *s, struct matcher_list *l, struct err *err)
{
	struct buf name, value;
	bool ok = true;

	buf_init(&name, BUF_MAX_ANY);
	buf_init(&value, BUF_MAX_ANY);
	do {
		if (at_end(s) || s->text.p[s->at] == '}')
			break; /* a comma may stand at the end */
		ok = utf8_one(s, l, &name, &value, err);
	} while (ok && accept(s, ','));
	buf_done(&name);
	buf_done(&value);
	return ok;
}

static bool utf8_list(struct str text, struct matcher_list *l, struct err *err)
{
	struct scanner s = {.text = text};
	bool open = accept(&s, '{');

	if (!utf8_items(&s, l, err))
		return false;
	if (accept(&s, '}') != open)
		return err_set(err, (int)s.at,
			       open ? "expected close brace" : "expected opening brace");
	if (!at_end(&s))
		return err_set(err, (int)s.at, "expected end of input");
	return true;
}

/* ---- both ----------------------------------------------------------------------------- */

bool am_matchers_parse(struct str text, struct arena *a, struct matcher **out, size_t *n,
		       struct err *err)
{
	struct matcher_list classic = {.arena = a}, utf8 = {.arena = a};
	struct matcher_list *l = &classic;

	/* Where both work and differ the classic reading holds, so the other one is only needed
	 * where the classic one fails; if it fails too, the classic error is told. */
	if (!classic_list(text, &classic, err)) {
		if (!utf8_list(text, &utf8, NULL))
			return false;
		l = &utf8;
	}
	*out = l->v;
	*n = l->n;
	return true;
}

bool am_matcher_parse(struct str text, struct arena *a, struct matcher *out, struct err *err)
{
	struct matcher_list classic = {.arena = a}, utf8 = {.arena = a};

	if (str_starts(text, "{") || str_ends(text, "}"))
		return err_set(err, -1, "unexpected open or close brace: %.*s", STR_ARG(text));
	if (classic_one(text, &classic, err)) {
		*out = classic.v[0];
		return true;
	}
	if (!utf8_list(text, &utf8, NULL) || utf8.n != 1)
		return false;
	*out = utf8.v[0];
	return true;
}

static int matcher_cmp(const void *a, const void *b)
{
	const struct matcher *x = a, *y = b;
	int c = str_cmp(x->name, y->name);

	if (c == 0)
		c = str_cmp(x->value, y->value);
	return c ? c : (int)x->op - (int)y->op;
}

void am_matchers_sort(struct matcher *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), matcher_cmp);
}

static bool name_needs_quotes(struct str name)
{
	uint32_t r;

	for (size_t at = 0, n; at < name.n; at += n) {
		n = rune_decode(str_from(name, at), &r);
		if (rune_is_reserved(r))
			return true;
	}
	return false;
}

static void put_value(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' || s.p[i] == '"' || s.p[i] == '\n')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i] == '\n' ? 'n' : s.p[i]);
	}
	buf_addc(b, '"');
}

void am_matcher_put(struct buf *b, const struct matcher *m)
{
	if (name_needs_quotes(m->name)) {
		promql_put_quoted(b, m->name);
		buf_adds(b, match_op_text(m->op));
		promql_put_quoted(b, m->value);
		return;
	}
	buf_add(b, m->name);
	buf_adds(b, match_op_text(m->op));
	put_value(b, m->value);
}

void am_matchers_put(struct buf *b, const struct matcher *v, size_t n)
{
	buf_addc(b, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		am_matcher_put(b, &v[i]);
	}
	buf_addc(b, '}');
}

bool am_matchers_test(const struct matcher *v, size_t n, struct labels ls, bool *ok,
		      struct err *err)
{
	bool pass = true;

	for (size_t i = 0; i < n && pass; i++) {
		if (!matcher_test(&v[i], labels_get(ls, v[i].name), &pass, err))
			return false;
	}
	*ok = pass;
	return true;
}
