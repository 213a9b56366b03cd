/*
 * PromQL text to tokens, one at a time. Also the lexer of series descriptions, where blanks count.
 *
 * Tokens know their place and borrow their text. The enum's order is that of upstream's grammar,
 * since it shows in some error texts ("<Item 57372>").
 */
#ifndef PROMQL_LEX_H
#define PROMQL_LEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

/* X(name, upstream's spelling or NULL): tokens with a spelling are described by their text. */
/* clang-format off */
#define TOKENS(X)                                                                                  \
	X(EQL, "=") X(BLANK, "_") X(COLON, ":") X(COMMA, ",") X(COMMENT, NULL)                     \
	X(DURATION, NULL) X(EOF, NULL) X(ERROR, NULL) X(IDENTIFIER, NULL) X(LEFT_BRACE, "{")       \
	X(LEFT_BRACKET, "[") X(LEFT_PAREN, "(") X(OPEN_HIST, "{{") X(CLOSE_HIST, "}}")             \
	X(METRIC_IDENTIFIER, NULL) X(NUMBER, NULL) X(RIGHT_BRACE, "}") X(RIGHT_BRACKET, "]")       \
	X(RIGHT_PAREN, ")") X(SEMICOLON, ";") X(SPACE, "<space>") X(STRING, NULL) X(TIMES, "x")    \
	X(HISTOGRAM_START_, NULL)                                                                  \
	X(SUM_DESC, NULL) X(COUNT_DESC, NULL) X(SCHEMA_DESC, NULL) X(OFFSET_DESC, NULL)            \
	X(NEGATIVE_OFFSET_DESC, NULL) X(BUCKETS_DESC, NULL) X(NEGATIVE_BUCKETS_DESC, NULL)         \
	X(ZERO_BUCKET_DESC, NULL) X(ZERO_BUCKET_WIDTH_DESC, NULL) X(CUSTOM_VALUES_DESC, NULL)      \
	X(COUNTER_RESET_HINT_DESC, NULL) X(HISTOGRAM_END_, NULL) X(OPERATORS_START_, NULL)         \
	X(ADD, "+") X(DIV, "/") X(EQLC, "==") X(EQL_REGEX, "=~") X(GTE, ">=") X(GTR, ">")          \
	X(LAND, "and") X(LOR, "or") X(LSS, "<") X(LTE, "<=") X(LUNLESS, "unless") X(MOD, "%")      \
	X(MUL, "*") X(NEQ, "!=") X(NEQ_REGEX, "!~") X(POW, "^") X(SUB, "-") X(AT, "@")             \
	X(ATAN2, "atan2") X(TRIM_UPPER, "</") X(TRIM_LOWER, ">/") X(OPERATORS_END_, NULL)          \
	X(AGGREGATORS_START_, NULL)                                                                \
	X(AVG, "avg") X(BOTTOMK, "bottomk") X(COUNT, "count") X(COUNT_VALUES, "count_values")      \
	X(GROUP, "group") X(MAX, "max") X(MIN, "min") X(QUANTILE, "quantile")                      \
	X(STDDEV, "stddev") X(STDVAR, "stdvar") X(SUM, "sum") X(TOPK, "topk")                      \
	X(LIMITK, "limitk") X(LIMIT_RATIO, "limit_ratio") X(AGGREGATORS_END_, NULL)                \
	X(KEYWORDS_START_, NULL)                                                                   \
	X(BOOL, "bool") X(BY, "by") X(GROUP_LEFT, "group_left") X(GROUP_RIGHT, "group_right")      \
	X(FILL, "fill") X(FILL_LEFT, "fill_left") X(FILL_RIGHT, "fill_right")                      \
	X(IGNORING, "ignoring") X(OFFSET, "offset") X(SMOOTHED, "smoothed")                        \
	X(ANCHORED, "anchored") X(ON, "on") X(WITHOUT, "without") X(KEYWORDS_END_, NULL)           \
	X(PREPROCESSORS_START_, NULL)                                                              \
	X(START, "start") X(END, "end") X(STEP, "step") X(RANGE, "range") X(MIN_OF, "min_of")      \
	X(MAX_OF, "max_of") X(PREPROCESSORS_END_, NULL) X(HINTS_START_, NULL)                      \
	X(UNKNOWN_COUNTER_RESET, NULL) X(COUNTER_RESET, NULL) X(NOT_COUNTER_RESET, NULL)           \
	X(GAUGE_TYPE, NULL)
/* clang-format on */

enum token {
	T_NONE = 57345, /* no token: also what comes behind the end */
#define TOKEN_ENUM(name, text) T_##name,
	TOKENS(TOKEN_ENUM)
#undef TOKEN_ENUM
};

struct item {
	enum token type;
	uint32_t pos;
	struct str text; /* of T_ERROR: the message */
};

struct lexer;

/* What scans next; returns its successor (fn NULL: nothing more but the end). */
struct lex_state {
	struct lex_state (*fn)(struct lexer *l);
};

enum lex_histogram { LEX_HIST_NONE, LEX_HIST_OPEN, LEX_HIST_MUL, LEX_HIST_ADD, LEX_HIST_SUB };

struct lexer {
	struct str text;
	struct arena *arena; /* for messages */
	size_t pos, start;   /* where we are; where the token began */
	size_t width;	     /* of the last rune */
	struct lex_state state;
	struct item item;
	bool scanned;
	int paren_depth;
	bool brace_open, bracket_open, got_colon, got_duration;
	uint32_t quote;
	bool series;
	enum lex_histogram histogram;
};

/* Nothing to free; `series` reads a series description. */
void lex_init(struct lexer *l, struct str text, bool series, struct arena *a);
/* The next token, T_EOF again and again at the end. After T_ERROR the rest means little. */
void lex_next(struct lexer *l, struct item *out);

const char *token_name(enum token t); /* "LEFT_PAREN" */
const char *token_text(enum token t); /* "(", "sum"; NULL: it has no fixed spelling */
bool token_is_operator(enum token t);
bool token_is_aggregator(enum token t);
bool token_is_keyword(enum token t);
/* The token as error texts name it: `identifier "a"`, `<op:==>`, `end of input`. */
void token_describe(struct buf *b, const struct item *i);

#endif
