/*
 * The lexer, one token a call: a small state machine like Go's, because the places and words of
 * its errors come out of how it moves. `ignore` counts the newlines of what it skips although
 * stepping over them counted already, as Go does, so that line numbers agree.
 */
#include "template/lex.h"

#include <string.h>

#include "template/gorune.h"

#define RUNE_EOF (-1)
#define ERROR_BYTES 4096
#define SPACES " \t\r\n"

/* What to do next: a state function returns true when a token is ready in l->out. */
enum lex_state { LEX_READY, LEX_TEXT, LEX_LEFT_DELIM, LEX_COMMENT, LEX_RIGHT_DELIM };

static const struct {
	const char *word;
	enum token_kind kind;
} keywords[] = {
	{".", TOKEN_DOT},
	{"block", TOKEN_BLOCK},
	{"break", TOKEN_BREAK},
	{"continue", TOKEN_CONTINUE},
	{"define", TOKEN_DEFINE},
	{"else", TOKEN_ELSE},
	{"end", TOKEN_END},
	{"if", TOKEN_IF},
	{"range", TOKEN_RANGE},
	{"nil", TOKEN_NIL},
	{"template", TOKEN_TEMPLATE},
	{"with", TOKEN_WITH},
};

void lexer_init(struct lexer *l, struct str in)
{
	*l = (struct lexer){.in = in, .line = 1, .start_line = 1};
	buf_init(&l->error, ERROR_BYTES);
}

void lexer_done(struct lexer *l)
{
	buf_done(&l->error);
}

static struct str rest(const struct lexer *l)
{
	return str_from(l->in, l->pos);
}

static int32_t next(struct lexer *l)
{
	struct gorune r;

	if (l->pos >= l->in.n) {
		l->at_eof = true;
		return RUNE_EOF;
	}
	r.r = (unsigned char)l->in.p[l->pos];
	r.n = 1;
	if (r.r >= 0x80)
		r = gorune_first(rest(l));
	l->pos += (size_t)r.n;
	l->line += r.r == '\n';
	return r.r;
}

static void backup(struct lexer *l)
{
	if (l->at_eof || l->pos == 0)
		return;

	struct gorune r = {.r = (unsigned char)l->in.p[l->pos - 1], .n = 1};

	if (r.r >= 0x80)
		r = gorune_last(str_cut(l->in, 0, l->pos));
	l->pos -= (size_t)r.n;
	l->line -= r.r == '\n';
}

static int32_t peek(struct lexer *l)
{
	int32_t r = next(l);

	backup(l);
	return r;
}

static int newlines(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static enum lex_state emit(struct lexer *l, enum token_kind kind)
{
	l->out = (struct token){.kind = kind,
				.pos = (int)l->start,
				.line = l->start_line,
				.val = str_cut(l->in, l->start, l->pos)};
	l->start = l->pos;
	l->start_line = l->line;
	return LEX_READY;
}

static void ignore(struct lexer *l)
{
	l->line += newlines(str_cut(l->in, l->start, l->pos));
	l->start = l->pos;
	l->start_line = l->line;
}

/* Ends the input: what follows is EOF. The message is put into l->error by the caller before. */
static enum lex_state fail_buf(struct lexer *l)
{
	l->out = (struct token){.kind = TOKEN_ERROR,
				.pos = (int)l->start,
				.line = l->start_line,
				.val = buf_str(&l->error)};
	l->start = 0;
	l->pos = 0;
	l->in.n = 0;
	return LEX_READY;
}

static enum lex_state fail(struct lexer *l, const char *msg)
{
	buf_clear(&l->error);
	buf_adds(&l->error, msg);
	return fail_buf(l);
}

static enum lex_state fail_rune(struct lexer *l, const char *msg, int32_t r)
{
	buf_clear(&l->error);
	buf_adds(&l->error, msg);
	if (r == RUNE_EOF)
		buf_adds(&l->error, "U+FFFFFFFFFFFFFFFF");
	else
		gorune_put_unicode(&l->error, r);
	return fail_buf(l);
}

static bool is_space(int32_t r)
{
	return r == ' ' || r == '\t' || r == '\r' || r == '\n';
}

static bool is_alphanumeric(int32_t r)
{
	return r == '_' || (r >= 0 && (gorune_is_letter(r) || gorune_is_digit(r)));
}

static bool left_trim_marker(struct str s)
{
	return s.n >= 2 && s.p[0] == '-' && is_space((unsigned char)s.p[1]);
}

static bool right_trim_marker(struct str s)
{
	return s.n >= 2 && is_space((unsigned char)s.p[0]) && s.p[1] == '-';
}

static size_t spaces_before(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_space((unsigned char)s.p[s.n - 1 - n]))
		n++;
	return n;
}

static size_t spaces_after(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_space((unsigned char)s.p[n]))
		n++;
	return n;
}

static bool at_right_delim(const struct lexer *l, bool *trim)
{
	struct str s = rest(l);

	*trim = right_trim_marker(s) && str_starts(str_from(s, 2), "}}");
	return *trim || str_starts(s, "}}");
}

static enum lex_state lex_text(struct lexer *l)
{
	ptrdiff_t x = str_find(rest(l), STR("{{"));

	if (x == 0)
		return LEX_LEFT_DELIM;
	if (x < 0) {
		l->pos = l->in.n;
		if (l->pos == l->start)
			return emit(l, TOKEN_EOF);
		l->line += newlines(str_cut(l->in, l->start, l->pos));
		return emit(l, TOKEN_TEXT);
	}
	l->pos += (size_t)x;

	size_t trim = 0;

	if (left_trim_marker(str_from(l->in, l->pos + 2)))
		trim = spaces_before(str_cut(l->in, l->start, l->pos));
	l->pos -= trim;
	l->line += newlines(str_cut(l->in, l->start, l->pos));
	emit(l, TOKEN_TEXT);
	l->pos += trim;
	ignore(l);
	return l->out.val.n ? LEX_READY : LEX_LEFT_DELIM;
}

static enum lex_state lex_left_delim(struct lexer *l)
{
	l->pos += 2;

	size_t marker = left_trim_marker(rest(l)) ? 2 : 0;

	if (str_starts(str_from(l->in, l->pos + marker), "/*")) {
		l->pos += marker;
		ignore(l);
		return LEX_COMMENT;
	}
	emit(l, TOKEN_LEFT_DELIM);
	l->in_action = true;
	l->pos += marker;
	ignore(l);
	l->parens = 0;
	return LEX_READY;
}

static enum lex_state lex_comment(struct lexer *l)
{
	bool trim;
	ptrdiff_t x;

	l->pos += 2;
	x = str_find(rest(l), STR("*/"));
	if (x < 0)
		return fail(l, "unclosed comment");
	l->pos += (size_t)x + 2;
	if (!at_right_delim(l, &trim))
		return fail(l, "comment ends before closing delimiter");
	l->line += newlines(str_cut(l->in, l->start, l->pos));
	l->start = l->pos;
	l->start_line = l->line;
	l->pos += trim ? 4 : 2;
	if (trim)
		l->pos += spaces_after(rest(l));
	ignore(l);
	return LEX_TEXT;
}

static enum lex_state lex_right_delim(struct lexer *l)
{
	bool trim;

	at_right_delim(l, &trim);
	if (trim) {
		l->pos += 2;
		ignore(l);
	}
	l->pos += 2;
	emit(l, TOKEN_RIGHT_DELIM);
	if (trim) {
		l->pos += spaces_after(rest(l));
		ignore(l);
	}
	l->in_action = false;
	return LEX_READY;
}

static enum lex_state lex_space(struct lexer *l)
{
	int n = 0;

	for (; is_space(peek(l)); n++)
		next(l);

	struct str last = str_from(l->in, l->pos - 1);

	if (right_trim_marker(last) && str_starts(str_from(last, 2), "}}")) {
		backup(l);
		if (n == 1)
			return LEX_RIGHT_DELIM;
	}
	return emit(l, TOKEN_SPACE);
}

static bool at_terminator(struct lexer *l)
{
	int32_t r = peek(l);

	return is_space(r) || r == RUNE_EOF || (r && r < 0x80 && strchr(".,|:)(", r)) ||
	       str_starts(rest(l), "}}");
}

static enum token_kind word_kind(const struct lexer *l, struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		enum token_kind k = keywords[i].kind;

		if (!str_is(word, keywords[i].word))
			continue;
		if ((k == TOKEN_BREAK && l->no_break) || (k == TOKEN_CONTINUE && l->no_continue))
			break;
		return k;
	}
	return str_is(word, "true") || str_is(word, "false") ? TOKEN_BOOL : TOKEN_IDENTIFIER;
}

static enum lex_state lex_identifier(struct lexer *l)
{
	int32_t r = next(l);

	while (is_alphanumeric(r))
		r = next(l);
	backup(l);
	if (!at_terminator(l))
		return fail_rune(l, "bad character ", r);
	return emit(l, word_kind(l, str_cut(l->in, l->start, l->pos)));
}

static enum lex_state lex_field_or_variable(struct lexer *l, enum token_kind kind)
{
	if (at_terminator(l))
		return emit(l, kind == TOKEN_VARIABLE ? kind : TOKEN_DOT);

	int32_t r = next(l);

	while (is_alphanumeric(r))
		r = next(l);
	backup(l);
	if (!at_terminator(l))
		return fail_rune(l, "bad character ", r);
	return emit(l, kind);
}

/* "..." and '...': escapes are only stepped over here. */
static enum lex_state lex_quoted(struct lexer *l, char quote)
{
	for (;;) {
		int32_t r = next(l);

		if (r == quote)
			return emit(l, quote == '"' ? TOKEN_STRING : TOKEN_CHAR_CONSTANT);
		if (r == '\\') {
			r = next(l);
			if (r != RUNE_EOF && r != '\n')
				continue;
		}
		if (r == RUNE_EOF || r == '\n')
			return fail(l, quote == '"' ? "unterminated quoted string"
						    : "unterminated character constant");
	}
}

static enum lex_state lex_raw_quoted(struct lexer *l)
{
	for (;;) {
		int32_t r = next(l);

		if (r == RUNE_EOF)
			return fail(l, "unterminated raw quoted string");
		if (r == '`')
			return emit(l, TOKEN_RAW_STRING);
	}
}

static bool accept(struct lexer *l, const char *valid)
{
	int32_t r = next(l);

	if (r > 0 && r < 0x80 && strchr(valid, r))
		return true;
	backup(l);
	return false;
}

static void accept_run(struct lexer *l, const char *valid)
{
	while (accept(l, valid))
		;
}

static bool scan_number(struct lexer *l)
{
	const char *digits = "0123456789_";
	bool decimal = true, hex = false;

	accept(l, "+-");
	if (accept(l, "0")) {
		if (accept(l, "xX")) {
			digits = "0123456789abcdefABCDEF_";
			hex = true;
		} else if (accept(l, "oO")) {
			digits = "01234567_";
			decimal = false;
		} else if (accept(l, "bB")) {
			digits = "01_";
			decimal = false;
		}
	}
	accept_run(l, digits);
	if (accept(l, "."))
		accept_run(l, digits);
	if (hex ? accept(l, "pP") : decimal && accept(l, "eE")) {
		accept(l, "+-");
		accept_run(l, "0123456789_");
	}
	accept(l, "i");
	if (!is_alphanumeric(peek(l)))
		return true;
	next(l);
	return false;
}

static enum lex_state bad_number(struct lexer *l)
{
	buf_clear(&l->error);
	buf_adds(&l->error, "bad number syntax: ");
	gorune_quote(&l->error, str_cut(l->in, l->start, l->pos), false);
	return fail_buf(l);
}

static enum lex_state lex_number(struct lexer *l)
{
	if (!scan_number(l))
		return bad_number(l);

	int32_t sign = peek(l);

	if (sign != '+' && sign != '-')
		return emit(l, TOKEN_NUMBER);
	if (!scan_number(l) || l->in.p[l->pos - 1] != 'i')
		return bad_number(l);
	return emit(l, TOKEN_COMPLEX);
}

static enum lex_state lex_paren(struct lexer *l, int32_t r)
{
	l->parens += r == '(' ? 1 : -1;
	if (l->parens < 0)
		return fail(l, "unexpected right paren");
	return emit(l, r == '(' ? TOKEN_LEFT_PAREN : TOKEN_RIGHT_PAREN);
}

static bool dot_starts_number(const struct lexer *l)
{
	return l->pos >= l->in.n || (l->in.p[l->pos] >= '0' && l->in.p[l->pos] <= '9');
}

static enum lex_state lex_other(struct lexer *l, int32_t r)
{
	if (r == '+' || r == '-' || r == '.' || (r >= '0' && r <= '9')) {
		backup(l);
		return lex_number(l);
	}
	if (is_alphanumeric(r)) {
		backup(l);
		return lex_identifier(l);
	}
	if (r < 0x80 && gorune_is_print(r))
		return emit(l, TOKEN_CHAR);
	return fail_rune(l, "unrecognized character in action: ", r);
}

static enum lex_state lex_inside(struct lexer *l)
{
	bool trim;

	if (at_right_delim(l, &trim))
		return l->parens ? fail(l, "unclosed left paren") : LEX_RIGHT_DELIM;

	int32_t r = next(l);

	if (is_space(r)) {
		backup(l); /* " -}}" begins with it */
		return lex_space(l);
	}
	switch (r) {
	case RUNE_EOF: return fail(l, "unclosed action");
	case '=': return emit(l, TOKEN_ASSIGN);
	case ':':
		if (next(l) != '=')
			return fail(l, "expected :=");
		return emit(l, TOKEN_DECLARE);
	case '|': return emit(l, TOKEN_PIPE);
	case '"':
	case '\'': return lex_quoted(l, (char)r);
	case '`': return lex_raw_quoted(l);
	case '$': return lex_field_or_variable(l, TOKEN_VARIABLE);
	case '(':
	case ')': return lex_paren(l, r);
	case '.':
		if (!dot_starts_number(l))
			return lex_field_or_variable(l, TOKEN_FIELD);
		return lex_other(l, r);
	default: return lex_other(l, r);
	}
}

static enum lex_state step(struct lexer *l, enum lex_state s)
{
	switch (s) {
	case LEX_TEXT: return lex_text(l);
	case LEX_LEFT_DELIM: return lex_left_delim(l);
	case LEX_COMMENT: return lex_comment(l);
	case LEX_RIGHT_DELIM: return lex_right_delim(l);
	case LEX_READY: break;
	}
	return LEX_READY;
}

struct token lexer_next(struct lexer *l)
{
	enum lex_state s = l->in_action ? lex_inside(l) : LEX_TEXT;

	while (s != LEX_READY)
		s = step(l, s);
	return l->out;
}

void token_put(struct buf *b, struct token t)
{
	if (t.kind == TOKEN_EOF) {
		buf_adds(b, "EOF");
	} else if (t.kind == TOKEN_ERROR) {
		buf_add(b, t.val);
	} else if (t.kind > TOKEN_KEYWORD) {
		buf_printf(b, "<%.*s>", STR_ARG(t.val));
	} else if (t.val.n > 10) {
		size_t at = 0;

		for (int i = 0; i < 10 && at < t.val.n; i++)
			at += (size_t)gorune_first(str_from(t.val, at)).n;
		gorune_quote(b, str_cut(t.val, 0, at), false);
		buf_adds(b, "...");
	} else {
		gorune_quote(b, t.val, false);
	}
}
