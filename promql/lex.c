/*
 * The lexer: a machine of state functions, as what a character means depends on the braces and
 * brackets around it. Each state eats something and says which state comes next; lex_next runs
 * them until one has made a token.
 */
#include "promql/lex.h"

#include <string.h>
#include <strings.h>

#include "promql/print.h"
#include "promql/quote.h"

#define NEXT(state) ((struct lex_state){.fn = state})
#define STOP ((struct lex_state){.fn = NULL})

static struct lex_state lex_statements(struct lexer *l);
static struct lex_state lex_braces(struct lexer *l);
static struct lex_state lex_values(struct lexer *l);
static struct lex_state lex_histogram(struct lexer *l);
static struct lex_state lex_duration_expr(struct lexer *l);
static struct lex_state lex_string(struct lexer *l);
static struct lex_state lex_raw_string(struct lexer *l);

/* ---- tokens in words --------------------------------------------------------------------------
 */

const char *token_name(enum token t)
{
	static const char *const NAMES[] = {
#define TOKEN_NAME(name, text) #name,
		TOKENS(TOKEN_NAME)
#undef TOKEN_NAME
	};

	return t > T_NONE ? NAMES[t - T_NONE - 1] : "NONE";
}

const char *token_text(enum token t)
{
	static const char *const TEXTS[] = {
#define TOKEN_TEXT(name, text) text,
		TOKENS(TOKEN_TEXT)
#undef TOKEN_TEXT
	};

	return t > T_NONE ? TEXTS[t - T_NONE - 1] : NULL;
}

bool token_is_operator(enum token t)
{
	return t > T_OPERATORS_START_ && t < T_OPERATORS_END_;
}

bool token_is_aggregator(enum token t)
{
	return t > T_AGGREGATORS_START_ && t < T_AGGREGATORS_END_;
}

bool token_is_keyword(enum token t)
{
	return t > T_KEYWORDS_START_ && t < T_KEYWORDS_END_;
}

#define SHOWN_RUNES 10

static void describe_text(struct buf *b, const struct item *i)
{
	size_t at = 0;
	uint32_t rune;

	if (token_is_keyword(i->type)) {
		buf_printf(b, "<%.*s>", STR_ARG(i->text));
		return;
	}
	if (token_is_operator(i->type) || token_is_aggregator(i->type)) {
		buf_printf(b, "<%s:%.*s>", token_is_operator(i->type) ? "op" : "aggr",
			   STR_ARG(i->text));
		return;
	}
	for (int n = 0; n < SHOWN_RUNES && at < i->text.n; n++)
		at += rune_decode(str_from(i->text, at), &rune);
	if (i->type == T_IDENTIFIER || i->type == T_METRIC_IDENTIFIER)
		at = i->text.n;
	promql_put_quoted(b, str_cut(i->text, 0, at));
	if (i->text.n > SHOWN_RUNES && i->type != T_IDENTIFIER && i->type != T_METRIC_IDENTIFIER)
		buf_adds(b, "...");
}

static const char *token_noun(enum token t)
{
	static const struct {
		enum token type;
		const char *noun;
	} NOUNS[] = {
		{T_ERROR, "error"},	      {T_COMMENT, "comment"},
		{T_IDENTIFIER, "identifier"}, {T_METRIC_IDENTIFIER, "metric identifier"},
		{T_STRING, "string"},	      {T_NUMBER, "number"},
		{T_DURATION, "duration"},
	};

	for (size_t i = 0; i < ARRAY_LEN(NOUNS); i++) {
		if (NOUNS[i].type == t)
			return NOUNS[i].noun;
	}
	return NULL;
}

void token_describe(struct buf *b, const struct item *i)
{
	if (i->type == T_EOF) {
		buf_adds(b, "end of input");
		return;
	}
	if (!token_text(i->type)) {
		const char *noun = token_noun(i->type);

		if (noun)
			buf_printf(b, "%s ", noun);
		else
			buf_printf(b, "\"<Item %d>\" ", (int)i->type);
	}
	describe_text(b, i);
}

/* Words that are tokens of their own, without regard to case. */
static enum token keyword(struct str word)
{
	static const struct {
		const char *word;
		enum token type;
	} NUMBERS[] = {{"inf", T_NUMBER}, {"nan", T_NUMBER}};

	for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
		if (word.n == 3 && strncasecmp(word.p, NUMBERS[i].word, 3) == 0)
			return NUMBERS[i].type;
	}
	for (enum token t = T_NONE + 1; t <= T_MAX_OF; t++) {
		const char *text = token_text(t);

		if (text && strlen(text) == word.n && strncasecmp(text, word.p, word.n) == 0 &&
		    text[0] >= 'a' && t != T_TIMES)
			return t;
	}
	return T_NONE;
}

/* ---- characters -------------------------------------------------------------------------------
 */

static bool is_space(uint32_t r)
{
	return r == ' ' || r == '\t' || r == '\n' || r == '\r';
}

static bool is_digit(uint32_t r)
{
	return r >= '0' && r <= '9';
}

static bool is_alpha(uint32_t r)
{
	return r == '_' || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
}

static uint32_t next(struct lexer *l)
{
	uint32_t r;

	if (l->pos >= l->text.n) {
		l->width = 0;
		return RUNE_EOF;
	}
	l->width = rune_decode(str_from(l->text, l->pos), &r);
	l->pos += l->width;
	return r;
}

/* Undoes one next(). */
static void backup(struct lexer *l)
{
	l->pos -= l->width;
}

static uint32_t peek(struct lexer *l)
{
	uint32_t r = next(l);

	backup(l);
	return r;
}

static bool one_of(uint32_t r, const char *set)
{
	return r && r < 0x80 && strchr(set, (int)r);
}

static bool accept(struct lexer *l, const char *set)
{
	if (one_of(next(l), set))
		return true;
	backup(l);
	return false;
}

static void accept_run(struct lexer *l, const char *set)
{
	while (accept(l, set)) {
	}
}

static struct str word(const struct lexer *l)
{
	return str_cut(l->text, l->start, l->pos);
}

static void emit(struct lexer *l, enum token type)
{
	l->item = (struct item){.type = type, .pos = (uint32_t)l->start, .text = word(l)};
	l->start = l->pos;
	l->scanned = true;
}

static struct lex_state emit_then(struct lexer *l, enum token type, struct lex_state then)
{
	emit(l, type);
	return then;
}

static struct lex_state error(struct lexer *l, struct str msg)
{
	l->item = (struct item){.type = T_ERROR, .pos = (uint32_t)l->start, .text = msg};
	l->scanned = true;
	return STOP;
}

/* An error about a character: "before 'x'after". */
static struct lex_state error_rune(struct lexer *l, const char *before, uint32_t r,
				   const char *after)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, before);
	rune_put_quoted(&b, r);
	buf_adds(&b, after);

	struct str msg = arena_str(l->arena, buf_str(&b));

	buf_done(&b);
	return error(l, msg);
}

/* An error about the word read so far: `what: "word"`. */
static struct lex_state error_word(struct lexer *l, const char *what)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "%s: ", what);
	promql_put_quoted(&b, word(l));

	struct str msg = arena_str(l->arena, buf_str(&b));

	buf_done(&b);
	return error(l, msg);
}

static void skip_spaces(struct lexer *l)
{
	while (is_space(peek(l)))
		next(l);
	l->start = l->pos;
}

/* ---- numbers and durations --------------------------------------------------------------------
 */

struct number_scan {
	const char *digits;
	bool dot, exponent; /* seen */
};

/* One step of a number: a dot, an exponent, an underscore or digits. *more: there was one. */
static bool scan_part(struct lexer *l, struct number_scan *s, bool *more)
{
	*more = true;
	if (accept(l, ".")) {
		bool again = s->dot;

		s->dot = true;
		return !again && !accept(l, "_.") && !s->digits[10];
	}
	if (one_of(peek(l), s->digits)) {
		accept_run(l, s->digits);
		return true;
	}
	if (accept(l, "eE")) {
		bool again = s->exponent;

		s->exponent = true;
		if (again)
			return false;
		accept(l, "+-");
		return !accept(l, "._eE") && peek(l) != RUNE_EOF;
	}
	if (accept(l, "_"))
		return !accept(l, "._eE") && peek(l) != RUNE_EOF;
	*more = false;
	return true;
}

/* A number in form; the parser finds out whether it has a value. */
static bool scan_number(struct lexer *l)
{
	struct number_scan s = {.digits = "0123456789"};
	size_t from = l->pos;
	bool more = true;

	if (!l->series && accept(l, "0") && accept(l, "xX")) {
		accept(l, "_");
		s.digits = "0123456789abcdefABCDEF";
	}
	accept(l, ".");
	accept(l, s.digits);
	while (more) {
		if (!scan_part(l, &s, &more))
			return false;
	}
	if (l->pos == from)
		return false;

	uint32_t r = peek(l);

	return (l->series && r == 'x') || (!is_alpha(r) && !is_digit(r));
}

/* The rest of a duration whose first digits have been read. */
static bool scan_duration(struct lexer *l)
{
	if (!accept(l, "smhdwy"))
		return false;
	accept(l, "s");
	while (accept(l, "0123456789")) {
		accept_run(l, "0123456789");
		if (!accept(l, "smhdw"))
			return false;
		accept(l, "s");
	}

	uint32_t r = next(l);

	if (is_alpha(r) || is_digit(r))
		return false;
	backup(l);
	return true;
}

static struct lex_state lex_number(struct lexer *l)
{
	if (!scan_number(l))
		return error_word(l, "bad number syntax");
	return emit_then(l, T_NUMBER, NEXT(lex_statements));
}

static struct lex_state number_or_duration(struct lexer *l, const char *complaint)
{
	if (scan_number(l))
		return emit_then(l, T_NUMBER, NEXT(lex_statements));
	if (scan_duration(l))
		return emit_then(l, T_DURATION, NEXT(lex_statements));
	return error_word(l, complaint);
}

static struct lex_state lex_number_or_duration(struct lexer *l)
{
	return number_or_duration(l, "bad number or duration syntax");
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static uint32_t digit_value(uint32_t r)
{
	if (is_digit(r))
		return r - '0';
	if (r >= 'a' && r <= 'f')
		return r - 'a' + 10;
	return r >= 'A' && r <= 'F' ? r - 'A' + 10 : 16;
}

static struct lex_state error_escape(struct lexer *l, const char *before, uint32_t r,
				     const char *after)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, before);
	rune_put_code(&b, r);
	buf_adds(&b, after);
	error(l, arena_str(l->arena, buf_str(&b)));
	buf_done(&b);
	return NEXT(lex_string);
}

/* n digits of the base, the first of which is r. */
static struct lex_state scan_escape(struct lexer *l, uint32_t r, int n, uint32_t base)
{
	uint32_t most = n <= 3 ? 255 : RUNE_MAX, v = 0;

	for (;;) {
		uint32_t d = digit_value(r);

		if (r == RUNE_EOF) {
			error(l, STR("escape sequence not terminated"));
			return NEXT(lex_string);
		}
		if (d >= base)
			return error_escape(l, "illegal character ", r, " in escape sequence");
		v = v * base + d;
		if (--n == 0)
			break;
		r = next(l);
	}
	if (v > most || (v >= 0xD800 && v < 0xE000))
		error(l, STR("escape sequence is an invalid Unicode code point"));
	return NEXT(lex_string);
}

static struct lex_state lex_escape(struct lexer *l)
{
	uint32_t r = next(l);

	if (r == l->quote || one_of(r, "abfnrtv\\"))
		return NEXT(lex_string);
	if (one_of(r, "01234567"))
		return scan_escape(l, r, 3, 8);
	if (one_of(r, "xuU"))
		return scan_escape(l, next(l), r == 'x' ? 2 : r == 'u' ? 4 : 8, 16);
	if (r != RUNE_EOF)
		return error_escape(l, "unknown escape sequence ", r, "");
	error(l, STR("escape sequence not terminated"));
	return NEXT(lex_string);
}

static struct lex_state lex_string(struct lexer *l)
{
	for (;;) {
		uint32_t r = next(l);

		if (r == '\\')
			return NEXT(lex_escape);
		if (r == RUNE_ERROR) {
			error(l, STR("invalid UTF-8 rune"));
			return NEXT(lex_string);
		}
		if (r == RUNE_EOF || r == '\n')
			return error(l, STR("unterminated quoted string"));
		if (r == l->quote)
			return emit_then(l, T_STRING, NEXT(lex_statements));
	}
}

static struct lex_state lex_raw_string(struct lexer *l)
{
	for (;;) {
		uint32_t r = next(l);

		if (r == RUNE_ERROR) {
			error(l, STR("invalid UTF-8 rune"));
			return NEXT(lex_raw_string);
		}
		if (r == RUNE_EOF)
			return error(l, STR("unterminated raw string"));
		if (r == l->quote)
			return emit_then(l, T_STRING, NEXT(lex_statements));
	}
}

static struct lex_state open_string(struct lexer *l, uint32_t quote)
{
	l->quote = quote;
	return quote == '`' ? NEXT(lex_raw_string) : NEXT(lex_string);
}

/* ---- words, blanks, comments ------------------------------------------------------------------
 */

static struct lex_state lex_space(struct lexer *l)
{
	skip_spaces(l);
	return NEXT(lex_statements);
}

static struct lex_state lex_comment(struct lexer *l)
{
	uint32_t r;

	do {
		r = next(l);
	} while (r != '\n' && r != '\r' && r != RUNE_EOF);
	backup(l);
	return emit_then(l, T_COMMENT, NEXT(lex_statements));
}

static void scan_word(struct lexer *l, bool digits, bool colons)
{
	uint32_t r;

	do {
		r = next(l);
	} while (is_alpha(r) || (digits && is_digit(r)) || (colons && r == ':'));
	backup(l);
}

static struct lex_state lex_identifier(struct lexer *l)
{
	scan_word(l, true, false);
	return emit_then(l, T_IDENTIFIER, NEXT(lex_statements));
}

static struct lex_state lex_keyword_or_identifier(struct lexer *l)
{
	scan_word(l, true, true);

	enum token key = keyword(word(l));

	if (key != T_NONE)
		emit(l, key);
	else
		emit(l, str_find_char(word(l), ':') < 0 ? T_IDENTIFIER : T_METRIC_IDENTIFIER);
	return l->series && peek(l) != '{' ? NEXT(lex_values) : NEXT(lex_statements);
}

/* step, range, min_of, max_of inside brackets; the first letter has been read. */
static bool scan_duration_keyword(struct lexer *l)
{
	scan_word(l, false, false);

	enum token key = keyword(word(l));

	if (key != T_STEP && key != T_RANGE && key != T_MIN_OF && key != T_MAX_OF)
		return false;
	emit(l, key);
	return true;
}

/* ---- the top level ----------------------------------------------------------------------------
 */

static struct lex_state lex_end(struct lexer *l)
{
	if (l->paren_depth != 0)
		return error(l, STR("unclosed left parenthesis"));
	if (l->bracket_open)
		return error(l, STR("unclosed left bracket"));
	return emit_then(l, T_EOF, STOP);
}

/* Emits `two` if the character `second` follows, else `one`. */
static struct lex_state either(struct lexer *l, uint32_t second, enum token two, enum token one)
{
	if (peek(l) == second) {
		next(l);
		one = two;
	}
	return emit_then(l, one, NEXT(lex_statements));
}

static struct lex_state lex_comparison(struct lexer *l, uint32_t r)
{
	uint32_t second = peek(l);

	if (r == '=' && second == '~')
		return error_rune(l, "unexpected character after '=': ", second, "");
	if (r == '=')
		return either(l, '=', T_EQLC, T_EQL);
	if (r == '!') {
		next(l);
		if (second != '=')
			return error_rune(l, "unexpected character after '!': ", second, "");
		return emit_then(l, T_NEQ, NEXT(lex_statements));
	}
	if (second == '/')
		return either(l, '/', r == '<' ? T_TRIM_UPPER : T_TRIM_LOWER, T_NONE);
	return r == '<' ? either(l, '=', T_LTE, T_LSS) : either(l, '=', T_GTE, T_GTR);
}

/* A letter or colon inside brackets, behind the first number. */
static struct lex_state lex_in_brackets(struct lexer *l, uint32_t r)
{
	if (r == ':') {
		if (l->got_colon)
			return error_rune(l, "unexpected colon ", r, "");
		l->got_colon = true;
		return emit_then(l, T_COLON, NEXT(lex_statements));
	}
	if (one_of(r, "sSmMrR") && scan_duration_keyword(l))
		return NEXT(lex_statements);
	return error_rune(l, "unexpected character: ", r, ", expected ':'");
}

static struct lex_state close_paren(struct lexer *l, struct lex_state then)
{
	emit(l, T_RIGHT_PAREN);
	if (--l->paren_depth < 0)
		return error_rune(l, "unexpected right parenthesis ", ')', "");
	return then;
}

static struct lex_state open_paren(struct lexer *l, struct lex_state then)
{
	l->paren_depth++;
	return emit_then(l, T_LEFT_PAREN, then);
}

static struct lex_state lex_bracket(struct lexer *l, uint32_t r)
{
	if (r == '[') {
		if (l->bracket_open)
			return error_rune(l, "unexpected left bracket ", r, "");
		l->got_colon = false;
		emit(l, T_LEFT_BRACKET);
		skip_spaces(l);
		l->bracket_open = true;
		return NEXT(lex_duration_expr);
	}
	if (!l->bracket_open)
		return error_rune(l, "unexpected right bracket ", r, "");
	l->bracket_open = false;
	return emit_then(l, T_RIGHT_BRACKET, NEXT(lex_statements));
}

/* Characters that are a token all by themselves, everywhere outside of braces. */
static enum token single(uint32_t r)
{
	static const char CHARS[] = "+-*/%^,";
	static const enum token TYPES[] = {T_ADD, T_SUB, T_MUL, T_DIV, T_MOD, T_POW, T_COMMA};

	return one_of(r, CHARS) ? TYPES[strchr(CHARS, (int)r) - CHARS] : T_NONE;
}

static struct lex_state lex_statement_rune(struct lexer *l, uint32_t r)
{
	if (single(r) != T_NONE || r == '@')
		return emit_then(l, r == '@' ? T_AT : single(r), NEXT(lex_statements));
	if (is_space(r))
		return NEXT(lex_space);
	if (one_of(r, "=!<>"))
		return lex_comparison(l, r);
	if (is_digit(r) || (r == '.' && is_digit(peek(l)))) {
		l->pos = l->start;
		return NEXT(lex_number_or_duration);
	}
	if (one_of(r, "\"'`"))
		return open_string(l, r);
	if ((is_alpha(r) || r == ':') && l->bracket_open)
		return lex_in_brackets(l, r);
	if (is_alpha(r) || r == ':') {
		l->pos = l->start;
		return NEXT(lex_keyword_or_identifier);
	}
	if (r == '(')
		return open_paren(l, NEXT(lex_statements));
	if (r == ')')
		return close_paren(l, NEXT(lex_statements));
	if (r == '{') {
		l->brace_open = true;
		return emit_then(l, T_LEFT_BRACE, NEXT(lex_braces));
	}
	if (r == '[' || r == ']')
		return lex_bracket(l, r);
	return error_rune(l, "unexpected character: ", r, "");
}

static struct lex_state lex_statements(struct lexer *l)
{
	if (l->histogram != LEX_HIST_NONE)
		return NEXT(lex_histogram);
	if (l->brace_open)
		return NEXT(lex_braces);
	if (peek(l) == '#')
		return NEXT(lex_comment);
	if (peek(l) == RUNE_EOF)
		return lex_end(l);
	return lex_statement_rune(l, next(l));
}

/* ---- inside braces and brackets ---------------------------------------------------------------
 */

static struct lex_state lex_match_op(struct lexer *l, uint32_t r)
{
	uint32_t second = next(l);

	if (r == '!' && second != '~' && second != '=')
		return error_rune(l, "unexpected character after '!' inside braces: ", second, "");
	if (r == '!')
		return emit_then(l, second == '~' ? T_NEQ_REGEX : T_NEQ, NEXT(lex_braces));
	if (second == '~')
		return emit_then(l, T_EQL_REGEX, NEXT(lex_braces));
	backup(l);
	return emit_then(l, T_EQL, NEXT(lex_braces));
}

/* Between { and }: every word is an identifier. */
static struct lex_state lex_braces(struct lexer *l)
{
	if (peek(l) == '#')
		return NEXT(lex_comment);

	uint32_t r = next(l);

	if (r == RUNE_EOF)
		return error(l, STR("unexpected end of input inside braces"));
	if (is_space(r))
		return NEXT(lex_space);
	if (is_alpha(r)) {
		backup(l);
		return NEXT(lex_identifier);
	}
	if (r == ',')
		return emit_then(l, T_COMMA, NEXT(lex_braces));
	if (one_of(r, "\"'`"))
		return open_string(l, r);
	if (r == '=' || r == '!')
		return lex_match_op(l, r);
	if (r == '{')
		return error_rune(l, "unexpected left brace ", r, "");
	if (r == '}') {
		l->brace_open = false;
		return emit_then(l, T_RIGHT_BRACE,
				 l->series ? NEXT(lex_values) : NEXT(lex_statements));
	}
	return error_rune(l, "unexpected character inside braces: ", r, "");
}

static struct lex_state duration_colon(struct lexer *l)
{
	emit(l, T_COLON);
	if (!l->got_duration)
		return error(l, STR("unexpected colon before duration in duration expression"));
	if (l->got_colon)
		return error(l, STR("unexpected repeated colon in duration expression"));
	l->got_colon = true;
	return NEXT(lex_duration_expr);
}

/* Behind [, up to the first number. */
static struct lex_state lex_duration_expr(struct lexer *l)
{
	uint32_t r = next(l);

	if (r == RUNE_EOF)
		return error(l, STR("unexpected end of input in duration expression"));
	if (r == ']') {
		l->bracket_open = l->got_colon = false;
		return emit_then(l, T_RIGHT_BRACKET, NEXT(lex_statements));
	}
	if (r == ':')
		return duration_colon(l);
	if (r == '(')
		return open_paren(l, NEXT(lex_duration_expr));
	if (r == ')')
		return close_paren(l, NEXT(lex_duration_expr));
	if (is_space(r)) {
		skip_spaces(l);
		return NEXT(lex_duration_expr);
	}
	if (single(r) != T_NONE)
		return emit_then(l, single(r), NEXT(lex_duration_expr));
	if (is_digit(r) || (r == '.' && is_digit(peek(l)))) {
		l->pos = l->start;
		l->got_duration = true;
		return NEXT(lex_number_or_duration);
	}
	if (one_of(r, "sSmMrR") && scan_duration_keyword(l))
		return NEXT(lex_duration_expr);
	return error_rune(l, "unexpected character in duration expression: ", r, "");
}

/* ---- series descriptions ----------------------------------------------------------------------
 */

/* The values behind a series, where blanks separate. */
static struct lex_state lex_values(struct lexer *l)
{
	if (l->histogram != LEX_HIST_NONE)
		return NEXT(lex_histogram);

	uint32_t r = next(l);

	if (r == RUNE_EOF)
		return NEXT(lex_statements);
	if (r == '{' && peek(l) == '{') {
		l->histogram = LEX_HIST_OPEN;
		next(l);
		return emit_then(l, T_OPEN_HIST, NEXT(lex_histogram));
	}
	if (is_space(r)) {
		emit(l, T_SPACE);
		skip_spaces(l);
		return NEXT(lex_values);
	}
	if (one_of(r, "+-"))
		return emit_then(l, r == '+' ? T_ADD : T_SUB, NEXT(lex_values));
	if (one_of(r, "x_"))
		return emit_then(l, r == 'x' ? T_TIMES : T_BLANK, NEXT(lex_values));
	if (is_digit(r) || (r == '.' && is_digit(peek(l)))) {
		l->pos = l->start;
		number_or_duration(l, "bad number syntax");
		return NEXT(lex_values);
	}
	if (is_alpha(r)) {
		backup(l);
		return NEXT(lex_keyword_or_identifier);
	}
	return error_rune(l, "unexpected character in series sequence: ", r, "");
}

static enum token lookup(struct str name, const char *const *names, size_t n, enum token first)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) == name.n && strncasecmp(names[i], name.p, name.n) == 0)
			return first + (enum token)i;
	}
	return T_NONE;
}

static struct lex_state lex_histogram_word(struct lexer *l)
{
	static const char *const KEYS[] = {"sum",
					   "count",
					   "schema",
					   "offset",
					   "n_offset",
					   "buckets",
					   "n_buckets",
					   "z_bucket",
					   "z_bucket_w",
					   "custom_values",
					   "counter_reset_hint"};
	static const char *const HINTS[] = {"unknown", "reset", "not_reset", "gauge"};
	enum token type;

	scan_word(l, false, false);
	type = lookup(word(l), KEYS, ARRAY_LEN(KEYS), T_SUM_DESC);
	if (type != T_NONE && peek(l) != ':')
		return error(l, STR("missing `:` for histogram descriptor"));
	if (type == T_NONE && keyword(word(l)) == T_NUMBER)
		type = T_NUMBER;
	if (type == T_NONE)
		type = lookup(word(l), HINTS, ARRAY_LEN(HINTS), T_UNKNOWN_COUNTER_RESET);
	if (type == T_NONE)
		return error_word(l, "bad histogram descriptor found");
	return emit_then(l, type, NEXT(lex_histogram));
}

/* Between [ and ] of a histogram. */
static struct lex_state lex_buckets(struct lexer *l)
{
	uint32_t r = next(l);

	if (is_space(r))
		return emit_then(l, T_SPACE, NEXT(lex_space));
	if (r == '-')
		return emit_then(l, T_SUB, NEXT(lex_number));
	if (is_digit(r)) {
		backup(l);
		return NEXT(lex_number);
	}
	if (r == ']') {
		l->bracket_open = false;
		return emit_then(l, T_RIGHT_BRACKET, NEXT(lex_histogram));
	}
	if (is_alpha(r)) {
		if (keyword(word(l)) == T_NUMBER)
			return emit_then(l, T_NUMBER, NEXT(lex_statements));
		return NEXT(lex_buckets);
	}
	return error_rune(l, "invalid character in buckets description: ", r, "");
}

/* `}}` and what may follow at once: x, + or - belong to the sequence. */
static struct lex_state close_histogram(struct lexer *l)
{
	next(l);
	emit(l, T_CLOSE_HIST);
	switch (peek(l)) {
	case 'x': l->histogram = LEX_HIST_MUL; break;
	case '+': l->histogram = LEX_HIST_ADD; break;
	case '-': l->histogram = LEX_HIST_SUB; break;
	default: l->histogram = LEX_HIST_NONE; return NEXT(lex_values);
	}
	return NEXT(lex_histogram);
}

static struct lex_state lex_histogram_rune(struct lexer *l, uint32_t r)
{
	if (is_space(r))
		return emit_then(l, T_SPACE, NEXT(lex_space));
	if (is_alpha(r)) {
		backup(l);
		return NEXT(lex_histogram_word);
	}
	if (r == ':' || r == '-')
		return emit_then(l, r == ':' ? T_COLON : T_SUB, NEXT(lex_histogram));
	if (is_digit(r)) {
		backup(l);
		return NEXT(lex_number);
	}
	if (r == '[') {
		l->bracket_open = true;
		l->got_colon = l->got_duration = false;
		return emit_then(l, T_LEFT_BRACKET, NEXT(lex_buckets));
	}
	if (r == '}' && peek(l) == '}')
		return close_histogram(l);
	return error_rune(l, "histogram description incomplete unexpected: ", r, "");
}

/* Between {{ and }}, and the operator right behind. */
static struct lex_state lex_histogram(struct lexer *l)
{
	static const enum token OPERATORS[] =
		{[LEX_HIST_MUL] = T_TIMES, [LEX_HIST_ADD] = T_ADD, [LEX_HIST_SUB] = T_SUB};

	if (l->histogram != LEX_HIST_OPEN) {
		enum token type = OPERATORS[l->histogram];

		l->histogram = LEX_HIST_NONE;
		next(l);
		return emit_then(l, type, NEXT(lex_values));
	}
	return l->bracket_open ? NEXT(lex_buckets) : lex_histogram_rune(l, next(l));
}

/* ---- the machine ------------------------------------------------------------------------------
 */

void lex_init(struct lexer *l, struct str text, bool series, struct arena *a)
{
	*l = (struct lexer){.text = text,
			    .arena = a,
			    .series = series,
			    .state = NEXT(lex_statements)};
}

void lex_next(struct lexer *l, struct item *out)
{
	l->scanned = false;
	if (!l->state.fn)
		emit(l, T_EOF);
	while (!l->scanned)
		l->state = l->state.fn(l);
	*out = l->item;
}
