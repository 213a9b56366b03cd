/* From a scalar back to its source; see yaml_source.h. */
#include "base/yaml_source.h"

#include "base/mem.h"

/* Longer lines are not searched: there may be many mistakes in one of megabytes. */
#define COL_MAX 50000

/* Length of the line break at `at` (LF, CR, CRLF, and the three of Unicode), 0 if there is none. */
static size_t line_break(struct str t, size_t at)
{
	unsigned char c = at < t.n ? (unsigned char)t.p[at] : 0;
	struct str s;

	if (c != '\n' && c != '\r' && c < 0xC2)
		return 0;
	s = str_from(t, at);
	if (str_starts(s, "\r\n") || str_starts(s, "\xc2\x85"))
		return 2;
	if (str_starts(s, "\n") || str_starts(s, "\r"))
		return 1;
	if (str_starts(s, "\xe2\x80\xa8") || str_starts(s, "\xe2\x80\xa9"))
		return 3;
	return 0;
}

static size_t char_len(struct str t, size_t at)
{
	size_t n = 1;

	while (at + n < t.n && ((unsigned char)t.p[at + n] & 0xC0) == 0x80)
		n++;
	return n;
}

void yaml_source_init(struct yaml_source *s, struct str text)
{
	size_t at = str_starts(text, "\xef\xbb\xbf") ? 3 : 0; /* no column to libyaml */

	*s = (struct yaml_source){.text = text};
	s->lines = mem_reserve(NULL, &s->cap, 1, sizeof(*s->lines));
	s->lines[s->n++] = at;
	while (at < text.n) {
		size_t br = line_break(text, at);

		at += MAX(br, 1);
		if (br == 0)
			continue;
		s->lines = mem_reserve(s->lines, &s->cap, s->n + 1, sizeof(*s->lines));
		s->lines[s->n++] = at;
	}
}

void yaml_source_done(struct yaml_source *s)
{
	free(s->lines);
	*s = (struct yaml_source){0};
}

static bool source_offset(const struct yaml_source *s, int line, int col, size_t *offset)
{
	size_t at;

	if (line < 1 || (size_t)line > s->n || col > COL_MAX)
		return false;
	at = s->lines[line - 1];
	for (int c = 1; c < col && at < s->text.n && !line_break(s->text, at); c++)
		at += char_len(s->text, at);
	*offset = at;
	return true;
}

void yaml_source_place(const struct yaml_source *s, size_t offset, int *line, int *col)
{
	size_t lo = 0, hi = s->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->lines[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	*line = (int)lo + 1;
	*col = 1;
	for (size_t at = s->lines[lo]; at < offset && at < s->text.n; ++*col)
		at += char_len(s->text, at);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(struct str t, size_t at)
{
	while (at < t.n && is_blank(t.p[at]))
		at++;
	return at;
}

static size_t skip_word(struct str t, size_t at)
{
	while (at < t.n && !is_blank(t.p[at]))
		at++;
	return at;
}

static size_t skip_line(struct str t, size_t at)
{
	while (at < t.n && !line_break(t, at))
		at++;
	return at + line_break(t, at);
}

/* The first byte of the scalar itself: behind &anchor and !tag. */
static bool scalar_start(const struct yaml_source *s, const struct yaml_node *n, size_t *out)
{
	struct str t = s->text;
	size_t at;

	if (n->kind != YAML_SCALAR || !source_offset(s, n->line, n->col, &at))
		return false;
	while (at < t.n && (t.p[at] == '&' || (t.p[at] == '!' && !n->quoted) ||
			    (t.p[at] == '!' && n->tag.n > 0)))
		at = skip_blanks(t, skip_word(t, at));
	*out = at;
	return true;
}

/* The walk along value and source. `style` is the quote, '|' for a block, 0 for a plain one. */
struct walk {
	struct str text, value;
	size_t at, v;
	char style;
};

/* Bytes of the escape at the source (0: none), and of the value it stands for. */
static size_t escape_len(const struct walk *w, size_t *value_len)
{
	struct str s = str_from(w->text, w->at);

	*value_len = 1;
	if (w->style == '\'' && str_starts(s, "''"))
		return 2;
	if (w->style != '"' || s.n < 2 || s.p[0] != '\\')
		return 0;
	*value_len = char_len(w->value, w->v);
	switch (s.p[1]) {
	case 'x': return 4;
	case 'u': return 6;
	case 'U': return 10;
	default: return 2;
	}
}

/* Blanks of both sides are passed together: those of the source may be folded or indentation. */
static void walk_blanks(struct walk *w, size_t until)
{
	while (w->v < until && is_blank(w->value.p[w->v]))
		w->v++;
	for (;;) {
		struct str s = str_from(w->text, w->at);

		w->at = skip_blanks(w->text, w->at);
		s = str_from(w->text, w->at);
		if (w->style != '"' ||
		    !(str_starts(s, "\\n") || str_starts(s, "\\t") || str_starts(s, "\\r") ||
		      str_starts(s, "\\ ") || str_starts(s, "\\\n") || str_starts(s, "\\\r")))
			return;
		w->at += 2;
	}
}

static bool walk_step(struct walk *w, size_t until)
{
	size_t value_len, len;

	if (is_blank(w->value.p[w->v])) {
		walk_blanks(w, until);
		return true;
	}
	if (w->at < w->text.n && w->text.p[w->at] != w->value.p[w->v])
		walk_blanks(w, w->v);
	len = escape_len(w, &value_len);
	if (len == 0 && (w->at >= w->text.n || w->text.p[w->at] != w->value.p[w->v]))
		return false;
	w->at += len ? len : 1;
	w->v += value_len;
	return w->at <= w->text.n;
}

static bool walk_begin(const struct yaml_source *s, const struct yaml_node *n, struct walk *w)
{
	char c;

	*w = (struct walk){.text = s->text, .value = n->value};
	if (!scalar_start(s, n, &w->at))
		return false;
	c = w->at < s->text.n ? s->text.p[w->at] : '\0';
	if (n->block) {
		w->style = '|';
		w->at = skip_line(s->text, w->at);
	} else if (n->quoted && (c == '"' || c == '\'')) {
		w->style = c;
		w->at++;
	}
	return true;
}

bool yaml_source_of(const struct yaml_source *s, const struct yaml_node *scalar, size_t at,
		    size_t *offset)
{
	struct walk w;

	if (!walk_begin(s, scalar, &w) || at > w.value.n)
		return false;
	while (w.v < at) {
		if (!walk_step(&w, at))
			return false;
	}
	/* Indentation in front of the byte is not its place. */
	if (at < w.value.n && !is_blank(w.value.p[at]))
		walk_blanks(&w, w.v);
	*offset = w.at;
	return true;
}

bool yaml_source_span(const struct yaml_source *s, const struct yaml_node *scalar, size_t *from,
		      size_t *to)
{
	size_t end = scalar->value.n;
	struct walk w;

	if (!walk_begin(s, scalar, &w))
		return false;
	while (end > 0 && w.style == '|' && is_blank(scalar->value.p[end - 1]))
		end--;
	if (!scalar_start(s, scalar, from) || !yaml_source_of(s, scalar, end, to))
		return false;
	if (w.style == '"' || w.style == '\'') {
		/* Blanks before the closing quote that the value does not have. */
		while (*to < s->text.n && s->text.p[*to] != w.style)
			++*to;
		*to = MIN(*to + 1, s->text.n);
	}
	return true;
}
