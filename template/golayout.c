/* The pieces of Go's layouts. */
#include "template/golayout.h"

#include <string.h>

const char *const golayout_months[12] = {"January",   "February", "March",    "April",
					 "May",	      "June",	  "July",     "August",
					 "September", "October",  "November", "December"};
const char *const golayout_days[7] = {"Sunday",	  "Monday", "Tuesday", "Wednesday",
				      "Thursday", "Friday", "Saturday"};

/* In the order they are tried; a longer one comes before its own beginning. */
static const struct layout_word {
	const char *word;
	enum piece piece;
	bool whole; /* no lower case letter may follow */
} layout_words[] = {
	{"January", PIECE_LONG_MONTH, false},
	{"Jan", PIECE_MONTH, true},
	{"Monday", PIECE_LONG_WEEKDAY, false},
	{"Mon", PIECE_WEEKDAY, true},
	{"MST", PIECE_ZONE, false},
	{"002", PIECE_ZERO_YEARDAY, false},
	{"01", PIECE_ZERO_MONTH, false},
	{"02", PIECE_ZERO_DAY, false},
	{"03", PIECE_ZERO_HOUR12, false},
	{"04", PIECE_ZERO_MINUTE, false},
	{"05", PIECE_ZERO_SECOND, false},
	{"06", PIECE_YEAR, false},
	{"15", PIECE_HOUR, false},
	{"1", PIECE_NUM_MONTH, false},
	{"2006", PIECE_LONG_YEAR, false},
	{"2", PIECE_DAY, false},
	{"__2", PIECE_UNDER_YEARDAY, false},
	{"_2", PIECE_UNDER_DAY, false},
	{"3", PIECE_HOUR12, false},
	{"4", PIECE_MINUTE, false},
	{"5", PIECE_SECOND, false},
	{"PM", PIECE_PM, false},
	{"pm", PIECE_LOWER_PM, false},
	{"-070000", PIECE_OFFSET, false},
	{"-07:00:00", PIECE_OFFSET, false},
	{"-0700", PIECE_OFFSET, false},
	{"-07:00", PIECE_OFFSET, false},
	{"-07", PIECE_OFFSET, false},
	{"Z070000", PIECE_OFFSET, false},
	{"Z07:00:00", PIECE_OFFSET, false},
	{"Z0700", PIECE_OFFSET, false},
	{"Z07:00", PIECE_OFFSET, false},
	{"Z07", PIECE_OFFSET, false},
};

static bool is_digit_at(struct str s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* .000 or ,999: as many digits of the fraction; no other digit may follow. */
static size_t fraction_len(struct str s)
{
	size_t n = 1;

	if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || (s.p[1] != '0' && s.p[1] != '9'))
		return 0;
	while (n < s.n && s.p[n] == s.p[1])
		n++;
	return is_digit_at(s, n) ? 0 : n;
}

static bool word_fits(const struct layout_word *w, struct str s)
{
	size_t n = strlen(w->word);

	if (!str_starts(s, w->word))
		return false;
	if (w->piece == PIECE_UNDER_DAY && str_starts(s, "_2006"))
		return false; /* an underscore and the year */
	return !w->whole || s.n == n || s.p[n] < 'a' || s.p[n] > 'z';
}

enum piece golayout_piece(struct str s, size_t *n)
{
	for (size_t i = 0; i < ARRAY_LEN(layout_words); i++) {
		if (word_fits(&layout_words[i], s)) {
			*n = strlen(layout_words[i].word);
			return layout_words[i].piece;
		}
	}
	*n = fraction_len(s);
	return *n ? PIECE_FRACTION : PIECE_NONE;
}
