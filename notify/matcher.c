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

enum token_kind { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_OP, TOKEN_WORD };

struct token {
	enum token_kind kind;
	struct str text; /* with its quotes */
	bool quoted;
	enum match_op op;
	int from, to; /* columns */
};

/* Reads one token ahead. Places in errors are columns, counted in characters. */
struct scanner {
	struct str text;
	size_t at;
	int col;
	struct token token; /* the next one */
	bool ok;	    /* false: there is none, `err` says why */
	struct err err;
};

static size_t rune_at(const struct scanner *s, uint32_t *r)
{
	return rune_decode(str_from(s->text, s->at), r);
}

static bool scan_quoted(struct scanner *s, struct token *t)
{
	size_t from = s->at, n;
	bool escaped = false, closed = false;
	uint32_t r;

	s->at++;
	s->col++;
	while (!closed && (n = rune_at(s, &r)) > 0) {
		s->at += n;
		s->col++;
		closed = r == '"' && !escaped;
		escaped = r == '\\' && !escaped;
	}
	t->kind = TOKEN_WORD;
	t->quoted = true;
	t->text = str_cut(s->text, from, s->at);
	t->to = s->col;
	return closed || err_set(&s->err, (int)from, "%d:%d: %.*s: missing end \"", t->from, t->to,
				 STR_ARG(t->text));
}

static bool scan_operator(struct scanner *s, struct token *t)
{
	size_t len = read_op(str_from(s->text, s->at), &t->op);

	if (!len)
		return err_set(&s->err, (int)s->at, "%d:%d: !: expected one of '=~'", t->from,
			       t->from + 1);
	t->kind = TOKEN_OP;
	t->text = str_cut(s->text, s->at, s->at + len);
	s->at += len;
	s->col += (int)len;
	t->to = s->col;
	return true;
}

static bool scan_bare(struct scanner *s, struct token *t)
{
	size_t from = s->at, n;
	uint32_t r;

	while ((n = rune_at(s, &r)) > 0 && !rune_is_reserved(r)) {
		s->at += n;
		s->col++;
	}
	t->kind = TOKEN_WORD;
	t->text = str_cut(s->text, from, s->at);
	t->to = s->col;
	if (t->text.n && str_is_utf8(t->text))
		return true;
	n = t->text.n ? t->text.n : rune_at(s, &r);
	return err_set(&s->err, (int)from, "%d:%d: %.*s: invalid input", t->from,
		       MAX(t->to, t->from + 1), STR_ARG(str_cut(s->text, from, from + n)));
}

static bool scan_token(struct scanner *s)
{
	struct token *t = &s->token;
	uint32_t r;
	size_t n;

	while ((n = rune_at(s, &r)) > 0 && rune_is_space(r)) {
		s->at += n;
		s->col++;
	}
	*t = (struct token){.from = s->col, .to = s->col};
	if (!n)
		return true;
	switch (r) {
	case '{': t->kind = TOKEN_OPEN; break;
	case '}': t->kind = TOKEN_CLOSE; break;
	case ',': t->kind = TOKEN_COMMA; break;
	case '=':
	case '!': return scan_operator(s, t);
	case '"': return scan_quoted(s, t);
	default: return scan_bare(s, t);
	}
	t->text = str_cut(s->text, s->at, s->at + 1);
	s->at++;
	t->to = ++s->col;
	return true;
}

static void advance(struct scanner *s)
{
	s->ok = scan_token(s);
}

/* The next token is not what must stand here. */
static bool unexpected(const struct scanner *s, const char *wanted, struct err *err)
{
	const struct token *t = &s->token;

	if (!s->ok)
		return err_set(err, -1, "%s: expected %s", s->err.msg, wanted);
	if (t->kind == TOKEN_END)
		return err_set(err, -1, "end of input: expected %s", wanted);
	return err_set(err, -1, "%d:%d: unexpected %.*s: expected %s", t->from, t->to,
		       STR_ARG(t->text), wanted);
}

/* A name or a value, its escapes resolved. */
static bool read_word(const struct token *t, struct buf *out, struct err *err)
{
	buf_clear(out);
	if (!t->quoted) {
		buf_add(out, t->text);
		return true;
	}
	if (promql_unquote(out, t->text) && str_is_utf8(buf_str(out)))
		return true;
	return err_set(err, -1, "%d:%d: %.*s: invalid input", t->from, t->to, STR_ARG(t->text));
}

static bool utf8_one(struct scanner *s, struct matcher_list *l, struct buf *name, struct buf *value,
		     struct err *err)
{
	struct token first = s->token, op;

	if (!s->ok || first.kind != TOKEN_WORD)
		return unexpected(s, "label name", err);
	advance(s);
	op = s->token;
	if (!s->ok || op.kind != TOKEN_OP)
		return unexpected(s, "an operator such as '=', '!=', '=~' or '!~'", err);
	advance(s);
	if (!s->ok || s->token.kind != TOKEN_WORD)
		return unexpected(s, "label value", err);
	if (!read_word(&first, name, err) || !read_word(&s->token, value, err))
		return false;
	if (!list_add(l, op.op, buf_str(name), buf_str(value), err))
		return err_prefix(err, "failed to create matcher: ");
	advance(s);
	return true;
}

static bool utf8_items(struct scanner *s, struct matcher_list *l, struct err *err)
{
	struct buf name, value;
	bool ok = true;

	buf_init(&name, BUF_MAX_ANY);
	buf_init(&value, BUF_MAX_ANY);
	while (ok && (!s->ok || (s->token.kind != TOKEN_END && s->token.kind != TOKEN_CLOSE))) {
		ok = utf8_one(s, l, &name, &value, err);
		if (!ok || (s->ok && (s->token.kind == TOKEN_END || s->token.kind == TOKEN_CLOSE)))
			break;
		if (!s->ok || s->token.kind != TOKEN_COMMA) {
			ok = unexpected(s, "a comma or close brace", err);
			break;
		}
		advance(s); /* a comma may stand at the end */
		if (!s->ok || s->token.kind == TOKEN_COMMA || s->token.kind == TOKEN_OP ||
		    s->token.kind == TOKEN_OPEN)
			ok = unexpected(s, "a matcher or close brace after comma", err);
	}
	buf_done(&name);
	buf_done(&value);
	return ok;
}

static bool utf8_list(struct str text, struct matcher_list *l, struct err *err)
{
	struct scanner s = {.text = text};
	bool open;

	advance(&s);
	if (!s.ok)
		return err_set(err, -1, "%s", s.err.msg);
	open = s.token.kind == TOKEN_OPEN;
	if (open)
		advance(&s);
	if (!utf8_items(&s, l, err))
		return false;
	if (open && s.token.kind != TOKEN_CLOSE)
		return err_set(err, -1, "0:%d: end of input: expected close brace", s.col);
	if (!open && s.token.kind == TOKEN_CLOSE)
		return err_set(err, -1, "0:%d: }: expected opening brace", s.token.to);
	if (open)
		advance(&s);
	if (!s.ok)
		return err_set(err, -1, "%s: expected end of input", s.err.msg);
	if (s.token.kind != TOKEN_END)
		return err_set(err, -1, "%d:%d: %.*s: expected end of input", s.token.from,
			       s.token.to, STR_ARG(s.token.text));
	return true;
}

/* ---- both ----------------------------------------------------------------------------- */

bool am_label_name_valid(enum matcher_mode mode, struct str name)
{
	return mode == MATCHERS_CLASSIC ? label_name_legacy(name) : name.n && str_is_utf8(name);
}

bool am_matchers_parse(enum matcher_mode mode, struct str text, struct arena *a,
		       struct matcher **out, size_t *n, struct err *err)
{
	struct matcher_list classic = {.arena = a}, utf8 = {.arena = a};
	struct matcher_list *l = mode == MATCHERS_UTF8 ? &utf8 : &classic;

	/* Where both work and differ the classic reading holds, so the other one is only needed
	 * where the classic one fails; if it fails too, the classic error is told. */
	if (mode == MATCHERS_UTF8) {
		if (!utf8_list(text, &utf8, err))
			return false;
	} else if (!classic_list(text, &classic, err)) {
		if (mode == MATCHERS_CLASSIC || !utf8_list(text, &utf8, NULL))
			return false;
		l = &utf8;
	}
	*out = l->v;
	*n = l->n;
	return true;
}

static bool utf8_only(struct str text, struct matcher_list *l, struct err *err)
{
	if (!utf8_list(text, l, err))
		return false;
	if (l->n == 0)
		return err_set(err, -1, "no matchers");
	return l->n == 1 || err_set(err, -1, "expected 1 matcher, found %zu", l->n);
}

bool am_matcher_parse(enum matcher_mode mode, struct str text, struct arena *a, struct matcher *out,
		      struct err *err)
{
	struct matcher_list classic = {.arena = a}, utf8 = {.arena = a};
	struct matcher_list *l = mode == MATCHERS_UTF8 ? &utf8 : &classic;

	if (mode != MATCHERS_CLASSIC && (str_starts(text, "{") || str_ends(text, "}")))
		return err_set(err, -1, "unexpected open or close brace: %.*s", STR_ARG(text));
	if (mode == MATCHERS_UTF8) {
		if (!utf8_only(text, &utf8, err))
			return false;
	} else if (!classic_one(text, &classic, err)) {
		if (mode == MATCHERS_CLASSIC || !utf8_only(text, &utf8, NULL))
			return false;
		l = &utf8;
	}
	*out = l->v[0];
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
