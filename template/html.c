/*
 * Where the output of a template is, text by text, as html/template's transitions have it, and
 * which escapers a value needs there.
 */
#include "template/html.h"

#include <string.h>
#include <strings.h>

#define SPACES " \t\n\f\r"

/* ---- looking at text --------------------------------------------------------------------- */
static bool is_one(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t skip_space(struct str s, size_t i)
{
	while (i < s.n && is_one(s.p[i], SPACES))
		i++;
	return i;
}

/* The first byte at or after `from` that is one of the set; s.n: none. */
static size_t find_any(struct str s, size_t from, const char *set)
{
	while (from < s.n && !is_one(s.p[from], set))
		from++;
	return from;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool same_word(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* ---- HTML -------------------------------------------------------------------------------- */
/* Each step reads s from its place and tells how far it got; it always gets on or changes place. */
typedef size_t step_fn(struct html *h, struct str s);

static enum html_element element_of(struct str name)
{
	if (same_word(name, "script"))
		return HTML_SCRIPT;
	if (same_word(name, "style"))
		return HTML_STYLE;
	if (same_word(name, "textarea"))
		return HTML_TEXTAREA;
	return same_word(name, "title") ? HTML_TITLE : HTML_NO_ELEMENT;
}

/* The end of a tag's name at i; i: there is none. */
static size_t tag_name_end(struct str s, size_t i)
{
	if (i == s.n || !is_alnum(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'))
		return i;
	for (i++; i < s.n; i++) {
		bool joins =
			(s.p[i] == ':' || s.p[i] == '-') && i + 1 < s.n && is_alnum(s.p[i + 1]);

		if (!is_alnum(s.p[i]) && !joins)
			break;
	}
	return i;
}

static size_t step_text(struct html *h, struct str s)
{
	for (size_t k = 0;;) {
		size_t i = find_any(s, k, "<"), j;
		bool end = false;

		if (i + 1 >= s.n)
			return s.n;
		if (str_starts(str_from(s, i), "<!--")) {
			h->at = (struct html_context){.place = HTML_COMMENT};
			return i + 4;
		}
		i++;
		if (s.p[i] == '/') {
			if (i + 1 == s.n)
				return s.n;
			end = true;
			i++;
		}
		j = tag_name_end(s, i);
		if (j != i) {
			h->at = (struct html_context){.place = HTML_TAG};
			h->at.element = end ? HTML_NO_ELEMENT : element_of(str_cut(s, i, j));
			return j;
		}
		k = j;
	}
}

static enum html_place place_in(enum html_element e)
{
	switch (e) {
	case HTML_SCRIPT: return HTML_JS;
	case HTML_STYLE: return HTML_CSS;
	case HTML_TEXTAREA:
	case HTML_TITLE: return HTML_RCDATA;
	case HTML_NO_ELEMENT: break;
	}
	return HTML_TEXT;
}

static size_t attr_name_end(struct html *h, struct str s, size_t i)
{
	for (; i < s.n && !is_one(s.p[i], SPACES "=>"); i++) {
		if (is_one(s.p[i], "'\"<")) {
			h->error = "a quote or \"<\" stands in the name of an attribute";
			return s.n;
		}
	}
	return i;
}

static enum html_kind attr_kind(const struct html *h, struct str name)
{
	char lower[64];
	size_t n = MIN(name.n, sizeof(lower));

	for (size_t i = 0; i < n; i++) {
		char c = name.p[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	if (h->at.element == HTML_SCRIPT && same_word(name, "type"))
		return HTML_KIND_SCRIPT_TYPE;
	return html_attr_kind((struct str){lower, n});
}

static size_t step_tag(struct html *h, struct str s)
{
	size_t i = skip_space(s, 0), j;

	if (i == s.n)
		return s.n;
	if (s.p[i] == '>') {
		h->at = (struct html_context){.place = place_in(h->at.element),
					      .element = h->at.element};
		return i + 1;
	}
	j = attr_name_end(h, s, i);
	if (h->error)
		return s.n;
	if (i == j) {
		h->error = "expected a space, the name of an attribute, or the end of the tag";
		return s.n;
	}
	h->at.attr = attr_kind(h, str_cut(s, i, j));
	h->at.place = j == s.n ? HTML_ATTR_NAME : HTML_AFTER_NAME;
	return j;
}

static size_t step_attr_name(struct html *h, struct str s)
{
	size_t i = attr_name_end(h, s, 0);

	if (i != s.n)
		h->at.place = HTML_AFTER_NAME;
	return i;
}

static size_t step_after_name(struct html *h, struct str s)
{
	size_t i = skip_space(s, 0);

	if (i == s.n)
		return s.n;
	h->at.place = s.p[i] == '=' ? HTML_BEFORE_VALUE : HTML_TAG;
	return s.p[i] == '=' ? i + 1 : i;
}

static enum html_place value_place(enum html_kind k)
{
	switch (k) {
	case HTML_KIND_URL: return HTML_URL;
	case HTML_KIND_SRCSET: return HTML_SRCSET;
	case HTML_KIND_SCRIPT: return HTML_JS;
	case HTML_KIND_STYLE: return HTML_CSS;
	case HTML_KIND_PLAIN:
	case HTML_KIND_SCRIPT_TYPE:
	case HTML_KIND_UNSAFE: break;
	}
	return HTML_ATTR;
}

static void begin_value(struct html *h, enum html_delim delim)
{
	h->at.place = value_place(h->at.attr);
	h->at.delim = delim;
	h->at.url = HTML_URL_START;
	h->at.divides = false;
}

static size_t step_before_value(struct html *h, struct str s)
{
	size_t i = skip_space(s, 0);

	if (i == s.n)
		return s.n;
	if (s.p[i] == '"' || s.p[i] == '\'') {
		begin_value(h, s.p[i] == '"' ? HTML_DOUBLE : HTML_SINGLE);
		return i + 1;
	}
	begin_value(h, HTML_SPACE);
	return i;
}

static size_t step_comment(struct html *h, struct str s)
{
	ptrdiff_t end = str_find(s, STR("-->"));

	if (end < 0)
		return s.n;
	h->at = (struct html_context){0};
	return (size_t)end + 3;
}

static size_t step_over(struct html *h, struct str s)
{
	(void)h;
	return s.n;
}

static size_t step_url(struct html *h, struct str s)
{
	if (find_any(s, 0, "#?") < s.n)
		h->at.url = HTML_URL_QUERY;
	else if (h->at.url == HTML_URL_START && skip_space(s, 0) != s.n)
		h->at.url = HTML_URL_PATH;
	return s.n;
}

/* ---- scripts ----------------------------------------------------------------------------- */
/* After these words a slash begins a regular expression. */
static bool is_before_regexp(struct str word)
{
	static const char *const WORDS[] = {"break", "case",	"continue", "delete",	  "do",
					    "else",  "finally", "in",	    "instanceof", "return",
					    "throw", "try",	"typeof",   "void"};

	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
		if (str_is(word, WORDS[i]))
			return true;
	}
	return false;
}

/* Whether a slash behind s divides. */
static bool divides_after(struct str s, bool before)
{
	size_t n = s.n, same = 0, word;
	char last;

	while (n && is_one(s.p[n - 1], " \t\n\f\r\v"))
		n--;
	if (!n)
		return before;
	last = s.p[n - 1];
	if (last == '+' || last == '-') {
		/* a++ / b divides; a + /re/ does not */
		while (same < n && s.p[n - 1 - same] == last)
			same++;
		return same % 2 == 0;
	}
	if (last == '.')
		return n > 1 && s.p[n - 2] >= '0' && s.p[n - 2] <= '9';
	if (is_one(last, ",<>=*%&|^?!~([:;{}"))
		return false;
	word = n;
	while (word && (is_alnum(s.p[word - 1]) || is_one(s.p[word - 1], "$_")))
		word--;
	return !is_before_regexp(str_cut(s, word, n));
}

static void enter_js(struct html *h, enum html_place place)
{
	h->at.place = place;
	h->at.divides = false;
}

static size_t step_js(struct html *h, struct str s)
{
	size_t i = find_any(s, 0, "\"`'/<-");
	struct str rest = str_from(s, i);

	h->at.divides = divides_after(str_cut(s, 0, i), h->at.divides);
	if (i == s.n)
		return s.n;
	switch (s.p[i]) {
	case '"': enter_js(h, HTML_JS_DQ); break;
	case '\'': enter_js(h, HTML_JS_SQ); break;
	case '`': enter_js(h, HTML_JS_LITERAL); break;
	case '/':
		if (str_starts(rest, "//") || str_starts(rest, "/*")) {
			h->at.place =
				s.p[i + 1] == '/' ? HTML_JS_LINE_COMMENT : HTML_JS_BLOCK_COMMENT;
			return i + 2;
		}
		if (!h->at.divides)
			enter_js(h, HTML_JS_REGEXP);
		h->at.divides = false;
		break;
	default: /* HTML's comments count as comments of one line in scripts */
		if (str_starts(rest, "<!--") || str_starts(rest, "-->"))
			h->at.place = HTML_JS_LINE_COMMENT;
		else
			h->at.divides = divides_after(str_cut(s, 0, i + 1), h->at.divides);
	}
	return i + 1;
}

/* Strings, literals and regular expressions of a script, up to their end. */
static size_t step_js_delimited(struct html *h, struct str s)
{
	const char *ends = h->at.place == HTML_JS_DQ	   ? "\"\\"
			   : h->at.place == HTML_JS_SQ	   ? "'\\"
			   : h->at.place == HTML_JS_REGEXP ? "/\\[]"
							   : "`\\";
	bool in_set = false;

	for (size_t k = 0;;) {
		size_t i = find_any(s, k, ends);

		if (i == s.n)
			break;
		if (s.p[i] == '\\') {
			i++;
			if (i == s.n) {
				h->error = "a value stands behind the backslash of a script";
				return s.n;
			}
		} else if (s.p[i] == '[') {
			in_set = true;
		} else if (s.p[i] == ']') {
			in_set = false;
		} else if (!in_set) {
			h->at.place = HTML_JS;
			h->at.divides = true;
			return i + 1;
		}
		k = i + 1;
	}
	if (in_set)
		h->error = "a value stands in a set of characters of a regular expression";
	return s.n;
}

static size_t step_block_comment(struct html *h, struct str s)
{
	ptrdiff_t end = str_find(s, STR("*/"));

	if (end < 0)
		return s.n;
	h->at.place = h->at.place == HTML_JS_BLOCK_COMMENT ? HTML_JS : HTML_CSS;
	return (size_t)end + 2;
}

static size_t step_line_comment(struct html *h, struct str s)
{
	size_t end = find_any(s, 0, h->at.place == HTML_JS_LINE_COMMENT ? "\n\r" : "\n\f\r");

	if (end == s.n)
		return s.n;
	h->at.place = h->at.place == HTML_JS_LINE_COMMENT ? HTML_JS : HTML_CSS;
	return end; /* the line's end is no part of the comment */
}

/* ---- styles ------------------------------------------------------------------------------ */
static bool ends_with_url(struct str s)
{
	while (s.n && is_one(s.p[s.n - 1], SPACES))
		s.n--;
	return s.n >= 3 && strncasecmp(s.p + s.n - 3, "url", 3) == 0;
}

static size_t enter_css_url(struct html *h, struct str s, size_t i)
{
	i = skip_space(s, i);
	h->at.place = HTML_CSS_URL;
	if (i < s.n && (s.p[i] == '"' || s.p[i] == '\'')) {
		h->at.place = s.p[i] == '"' ? HTML_CSS_DQ_URL : HTML_CSS_SQ_URL;
		i++;
	}
	h->at.url = HTML_URL_START;
	return i;
}

static size_t step_css(struct html *h, struct str s)
{
	for (size_t k = 0;;) {
		size_t i = find_any(s, k, "(\"'/");
		struct str rest = str_from(s, i);

		if (i == s.n)
			return s.n;
		if (s.p[i] == '(' && ends_with_url(str_cut(s, 0, i)))
			return enter_css_url(h, s, i + 1);
		if (str_starts(rest, "//") || str_starts(rest, "/*")) {
			h->at.place =
				s.p[i + 1] == '/' ? HTML_CSS_LINE_COMMENT : HTML_CSS_BLOCK_COMMENT;
			return i + 2;
		}
		if (s.p[i] == '"' || s.p[i] == '\'') {
			h->at.place = s.p[i] == '"' ? HTML_CSS_DQ : HTML_CSS_SQ;
			h->at.url = HTML_URL_START;
			return i + 1;
		}
		k = i + 1;
	}
}

static size_t step_css_string(struct html *h, struct str s)
{
	bool dq = h->at.place == HTML_CSS_DQ || h->at.place == HTML_CSS_DQ_URL;
	const char *ends = h->at.place == HTML_CSS_URL ? "\\\t\n\f\r )" : dq ? "\\\"" : "\\'";

	for (size_t k = 0;;) {
		size_t i = find_any(s, k, ends);

		if (i == s.n) {
			step_url(h, str_from(s, k));
			return s.n;
		}
		if (s.p[i] != '\\') {
			h->at.place = HTML_CSS;
			return i + 1;
		}
		if (i + 1 == s.n) {
			h->error = "a value stands behind the backslash of a style";
			return s.n;
		}
		step_url(h, str_cut(s, k, i + 2));
		k = i + 2;
	}
}

/* ---- a text ------------------------------------------------------------------------------ */
static step_fn *const STEPS[] = {
	[HTML_TEXT] = step_text,
	[HTML_TAG] = step_tag,
	[HTML_ATTR_NAME] = step_attr_name,
	[HTML_AFTER_NAME] = step_after_name,
	[HTML_BEFORE_VALUE] = step_before_value,
	[HTML_COMMENT] = step_comment,
	[HTML_RCDATA] = step_over, /* up to its end tag, see special_end */
	[HTML_ATTR] = step_over,
	[HTML_URL] = step_url,
	[HTML_SRCSET] = step_url,
	[HTML_JS] = step_js,
	[HTML_JS_DQ] = step_js_delimited,
	[HTML_JS_SQ] = step_js_delimited,
	[HTML_JS_LITERAL] = step_js_delimited,
	[HTML_JS_REGEXP] = step_js_delimited,
	[HTML_JS_BLOCK_COMMENT] = step_block_comment,
	[HTML_JS_LINE_COMMENT] = step_line_comment,
	[HTML_CSS] = step_css,
	[HTML_CSS_DQ] = step_css_string,
	[HTML_CSS_SQ] = step_css_string,
	[HTML_CSS_DQ_URL] = step_css_string,
	[HTML_CSS_SQ_URL] = step_css_string,
	[HTML_CSS_URL] = step_css_string,
	[HTML_CSS_BLOCK_COMMENT] = step_block_comment,
	[HTML_CSS_LINE_COMMENT] = step_line_comment,
};

/* Where the end tag of the element begins in s; s.n: it is not there. */
static size_t special_end(const struct html *h, struct str s)
{
	static const char *const NAMES[] = {[HTML_NO_ELEMENT] = "",
					    [HTML_SCRIPT] = "script",
					    [HTML_STYLE] = "style",
					    [HTML_TEXTAREA] = "textarea",
					    [HTML_TITLE] = "title"};
	const char *name = NAMES[h->at.element];
	size_t n = strlen(name);

	for (size_t i = 0; n && i + 2 + n <= s.n; i++) {
		if (s.p[i] == '<' && s.p[i + 1] == '/' && strncasecmp(s.p + i + 2, name, n) == 0 &&
		    (i + 2 + n == s.n || is_one(s.p[i + 2 + n], "> \t\n\f/")))
			return i;
	}
	return s.n;
}

/* The rest of an attribute's value, its escapes resolved for scripts, styles and URLs in it. */
static void step_value(struct html *h, struct str s)
{
	struct buf b;
	struct str rest;

	buf_init(&b, BUF_MAX_ANY);
	html_unescape(&b, s);
	rest = buf_str(&b);
	while (rest.n && !h->error) {
		enum html_place place = h->at.place;
		size_t n = STEPS[place](h, rest);

		if (!n && place == h->at.place)
			break;
		rest = str_from(rest, n);
	}
	buf_done(&b);
}

static size_t step_attr(struct html *h, struct str s)
{
	static const char *const ENDS[] = {[HTML_NO_DELIM] = "",
					   [HTML_DOUBLE] = "\"",
					   [HTML_SINGLE] = "'",
					   [HTML_SPACE] = SPACES ">"};
	size_t end = find_any(s, 0, ENDS[h->at.delim]);

	if (h->at.delim == HTML_SPACE && find_any(str_cut(s, 0, end), 0, "\"'<=`") < end) {
		h->error = "an attribute without quotes holds a character that needs them";
		return s.n;
	}
	if (end == s.n) {
		step_value(h, s);
		return s.n;
	}

	/* A script of a type that is none is plain text, which needs no care. */
	enum html_element element = h->at.element;
	struct str value = str_cut(s, 0, end);

	if (h->at.attr == HTML_KIND_SCRIPT_TYPE && h->at.place == HTML_ATTR &&
	    str_find(value, STR("javascript")) < 0 && str_find(value, STR("ecmascript")) < 0 &&
	    str_find(value, STR("json")) < 0 && !str_is(value, "module") && value.n)
		element = HTML_NO_ELEMENT;
	end += h->at.delim != HTML_SPACE;
	h->at = (struct html_context){.place = HTML_TAG, .element = element};
	return end;
}

static size_t step(struct html *h, struct str s)
{
	size_t end;

	if (h->at.delim)
		return step_attr(h, s);
	end = special_end(h, s);
	if (!end) {
		h->at = (struct html_context){0};
		return 0;
	}
	return STEPS[h->at.place](h, str_cut(s, 0, end));
}

static bool is_comment(enum html_place p)
{
	return p == HTML_COMMENT || p == HTML_JS_BLOCK_COMMENT || p == HTML_JS_LINE_COMMENT ||
	       p == HTML_CSS_BLOCK_COMMENT || p == HTML_CSS_LINE_COMMENT;
}

/* Text that stays text: what looks like a tag and is none is no tag for any reader. */
static void put_plain(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool doctype = s.n - i >= 9 && strncasecmp(s.p + i, "<!DOCTYPE", 9) == 0;

		if (s.p[i] == '<' && !doctype)
			buf_adds(out, "&lt;");
		else
			buf_addc(out, s.p[i]);
	}
}

static void put_comment(enum html_place p, struct str s, struct buf *out)
{
	if (p == HTML_CSS_BLOCK_COMMENT)
		buf_addc(out, ' ');
	else if (p == HTML_JS_BLOCK_COMMENT)
		buf_addc(out, find_any(s, 0, "\n\r") < s.n ? '\n' : ' ');
}

/* Writes what one step has read: it was at `was`. */
static void put_step(struct html *h, struct html_context was, struct str s, struct buf *out)
{
	bool same = was.place == h->at.place;

	if (!was.delim && is_comment(was.place)) {
		put_comment(was.place, s, out);
		return;
	}
	if (!h->at.delim && !same && is_comment(h->at.place)) {
		size_t mark = h->at.place == HTML_COMMENT || str_ends(s, "<!--") ? 4
			      : str_ends(s, "-->")				 ? 3
										 : 2;
		struct str before = str_cut(s, 0, s.n - MIN(mark, s.n));

		if (was.place == HTML_TEXT || was.place == HTML_RCDATA)
			put_plain(out, before);
		else
			buf_add(out, before);
		return;
	}
	if (was.delim || (was.place != HTML_TEXT && was.place != HTML_RCDATA)) {
		buf_add(out, s);
		return;
	}

	size_t end = s.n;

	/* The tag itself begins at the last bracket. */
	if (!same) {
		for (size_t j = s.n; j > 0; j--) {
			if (s.p[j - 1] == '<') {
				end = j - 1;
				break;
			}
		}
	}
	put_plain(out, str_cut(s, 0, end));
	buf_add(out, str_from(s, end));
}

bool html_put_text(struct html *h, struct str text, struct buf *out)
{
	while (text.n && !h->error) {
		struct html_context was = h->at;
		size_t n = step(h, text);

		if (!h->error)
			put_step(h, was, str_cut(text, 0, n), out);
		text = str_from(text, n);
	}
	return !h->error;
}

/* ---- a value ----------------------------------------------------------------------------- */
typedef void escape_fn(struct buf *out, struct value v, struct str s);

/* The escapers of one place, in the order in which they are applied. */
struct escapers {
	escape_fn *v[4];
	size_t n;
};

static void need(struct escapers *e, escape_fn *fn)
{
	CHECK(e->n < ARRAY_LEN(e->v));
	e->v[e->n++] = fn;
}

/* Where a value is the first thing of its place, the place begins. */
static void nudge(struct html *h)
{
	switch ((int)h->at.place) {
	case HTML_TAG: h->at.place = HTML_ATTR_NAME; break;
	case HTML_BEFORE_VALUE: begin_value(h, HTML_SPACE); break;
	case HTML_AFTER_NAME:
		h->at.place = HTML_ATTR_NAME;
		h->at.attr = HTML_KIND_PLAIN;
		break;
	default: break;
	}
}

static void need_url(struct html *h, struct escapers *e)
{
	bool string = h->at.place == HTML_CSS_DQ || h->at.place == HTML_CSS_SQ;

	if (h->at.url == HTML_URL_START)
		need(e, html_filter_url);
	if (h->at.url == HTML_URL_QUERY)
		need(e, html_escape_url);
	else
		need(e, string ? html_escape_css_string : html_normalize_url);
}

static void need_attr_name(struct html *h, struct escapers *e)
{
	h->at.place = HTML_ATTR_NAME;
	need(e, html_filter_name);
}

/* In comments nothing of a value is written: no escaper at all. */
static void need_place(struct html *h, struct escapers *e)
{
	switch (h->at.place) {
	case HTML_URL:
	case HTML_CSS_DQ:
	case HTML_CSS_SQ:
	case HTML_CSS_DQ_URL:
	case HTML_CSS_SQ_URL:
	case HTML_CSS_URL: need_url(h, e); break;
	case HTML_JS:
		need(e, html_escape_js);
		h->at.divides = true;
		break;
	case HTML_JS_DQ:
	case HTML_JS_SQ: need(e, html_escape_js_string); break;
	case HTML_JS_REGEXP: need(e, html_escape_js_regexp); break;
	case HTML_JS_LITERAL: h->error = "a value stands in a template literal of a script"; break;
	case HTML_CSS: need(e, html_filter_css); break;
	case HTML_TEXT: need(e, html_escape_text); break;
	case HTML_RCDATA: need(e, html_escape_rcdata); break;
	case HTML_SRCSET: need(e, html_escape_srcset); break;
	case HTML_TAG:
	case HTML_AFTER_NAME:
	case HTML_BEFORE_VALUE:
	case HTML_ATTR_NAME: need_attr_name(h, e); break;
	case HTML_ATTR:
	case HTML_COMMENT:
	case HTML_JS_BLOCK_COMMENT:
	case HTML_JS_LINE_COMMENT:
	case HTML_CSS_BLOCK_COMMENT:
	case HTML_CSS_LINE_COMMENT: break;
	}
	if (h->at.delim == HTML_SPACE)
		need(e, html_escape_unquoted);
	else if (h->at.delim)
		need(e, html_escape_attr);
}

/* What the pipeline itself ends with is not applied a second time. */
static bool done_already(struct str last, escape_fn *fn)
{
	if (str_is(last, "html"))
		return fn == html_escape_text || fn == html_escape_attr || fn == html_escape_rcdata;
	return str_is(last, "urlquery") && (fn == html_escape_url || fn == html_normalize_url);
}

bool html_put_value(struct html *h, struct str last, struct value v, struct str text,
		    struct buf *out)
{
	struct escapers e = {0};
	struct buf b[2];
	int at = 0;

	nudge(h);
	need_place(h, &e);
	if (h->error)
		return false;
	if (v.kind == VALUE_NONE && h->at.place != HTML_JS)
		text = STR("");
	buf_init(&b[0], out->max);
	buf_init(&b[1], out->max);
	if (e.n || !is_comment(h->at.place))
		buf_add(&b[0], text);
	for (size_t i = 0; i < e.n; i++) {
		if (done_already(last, e.v[i]))
			continue;
		buf_clear(&b[!at]);
		e.v[i](&b[!at], v, buf_str(&b[at]));
		at = !at;
		v = value_str(STR("")); /* whatever it was, it is text now */
	}
	buf_add(out, buf_str(&b[at]));
	out->full |= b[0].full || b[1].full;
	buf_done(&b[0]);
	buf_done(&b[1]);
	return true;
}

bool html_finish(struct html *h)
{
	bool end = h->at.place == HTML_TEXT && !h->at.delim;

	if (!h->error && !end)
		h->error = "the text ends inside a tag, an attribute, a script, a style or a "
			   "comment";
	return !h->error;
}
