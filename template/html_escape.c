/* How values are escaped in each place of a document; the tables are html/template's. */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "template/gorune.h"
#include "template/html.h"

bool html_is_type(struct value v, const char *go_name)
{
	return v.type && strcmp(v.type->name, go_name) == 0;
}

/* ---- tables ------------------------------------------------------------------------------ */
struct replacement {
	char c;
	const char *text;
};

static const char *replaced(const struct replacement *table, size_t n, char c)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].c == c)
			return table[i].text;
	}
	return NULL;
}

static void replace(struct buf *out, struct str s, const struct replacement *table, size_t n)
{
	for (size_t i = 0; i < s.n; i++) {
		const char *text = replaced(table, n, s.p[i]);

		if (text)
			buf_adds(out, text);
		else
			buf_addc(out, s.p[i]);
	}
}

static const struct replacement TEXT[] = {
	{'&', "&amp;"}, {0, "\xEF\xBF\xBD"}, {'"', "&#34;"}, {'\'', "&#39;"},
	{'+', "&#43;"}, {'<', "&lt;"},	     {'>', "&gt;"},
};
/* The same for what is HTML already, without the ampersand. */
#define NORM_TEXT (TEXT + 1)
#define NORM_TEXT_N (ARRAY_LEN(TEXT) - 1)

static const struct replacement UNQUOTED[] = {
	{'&', "&amp;"},	 {0, "&#xfffd;"}, {'\t', "&#9;"}, {'\n', "&#10;"}, {'\v', "&#11;"},
	{'\f', "&#12;"}, {'\r', "&#13;"}, {' ', "&#32;"}, {'"', "&#34;"},  {'\'', "&#39;"},
	{'+', "&#43;"},	 {'<', "&lt;"},	  {'=', "&#61;"}, {'>', "&gt;"},   {'`', "&#96;"},
};
#define NORM_UNQUOTED (UNQUOTED + 1)
#define NORM_UNQUOTED_N (ARRAY_LEN(UNQUOTED) - 1)

static const struct replacement JS_STRING[] = {
	{0, "\\u0000"},	  {'\t', "\\t"},    {'\n', "\\n"},    {'\v', "\\u000b"}, {'\f', "\\f"},
	{'\r', "\\r"},	  {'"', "\\u0022"}, {'`', "\\u0060"}, {'&', "\\u0026"},	 {'\'', "\\u0027"},
	{'+', "\\u002b"}, {'/', "\\/"},	    {'<', "\\u003c"}, {'>', "\\u003e"},	 {'\\', "\\\\"},
};

static const struct replacement JS_REGEXP[] = {
	{0, "\\u0000"}, {'\t', "\\t"},	  {'\n', "\\n"},    {'\v', "\\u000b"}, {'\f', "\\f"},
	{'\r', "\\r"},	{'"', "\\u0022"}, {'$', "\\$"},	    {'&', "\\u0026"},  {'\'', "\\u0027"},
	{'(', "\\("},	{')', "\\)"},	  {'*', "\\*"},	    {'+', "\\u002b"},  {'-', "\\-"},
	{'.', "\\."},	{'/', "\\/"},	  {'<', "\\u003c"}, {'>', "\\u003e"},  {'?', "\\?"},
	{'[', "\\["},	{'\\', "\\\\"},	  {']', "\\]"},	    {'^', "\\^"},      {'{', "\\{"},
	{'|', "\\|"},	{'}', "\\}"},
};

static const struct replacement CSS_STRING[] = {
	{0, "\\0"},    {'\t', "\\9"},  {'\n', "\\a"},  {'\f', "\\c"}, {'\r', "\\d"},
	{'"', "\\22"}, {'&', "\\26"},  {'\'', "\\27"}, {'(', "\\28"}, {')', "\\29"},
	{'+', "\\2b"}, {'/', "\\2f"},  {':', "\\3a"},  {';', "\\3b"}, {'<', "\\3c"},
	{'>', "\\3e"}, {'\\', "\\\\"}, {'{', "\\7b"},  {'}', "\\7d"},
};

/* ---- HTML -------------------------------------------------------------------------------- */
/* Text of HTML without its tags, for attributes. */
static void strip_tags(struct buf *out, struct str s)
{
	bool in_tag = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '<')
			in_tag = true;
		else if (!in_tag)
			buf_addc(out, s.p[i]);
		else if (s.p[i] == '>')
			in_tag = false;
	}
}

void html_escape_text(struct buf *out, struct value v, struct str s)
{
	if (html_is_type(v, "template.HTML"))
		buf_add(out, s);
	else
		replace(out, s, TEXT, ARRAY_LEN(TEXT));
}

static void put_stripped(struct buf *out, struct str s, const struct replacement *t, size_t n)
{
	struct buf b;

	buf_init(&b, out->max);
	strip_tags(&b, s);
	replace(out, buf_str(&b), t, n);
	buf_done(&b);
}

void html_escape_attr(struct buf *out, struct value v, struct str s)
{
	if (html_is_type(v, "template.HTML"))
		put_stripped(out, s, NORM_TEXT, NORM_TEXT_N);
	else
		replace(out, s, TEXT, ARRAY_LEN(TEXT));
}

void html_escape_unquoted(struct buf *out, struct value v, struct str s)
{
	if (!s.n)
		buf_adds(out, HTML_UNSAFE); /* the next attribute must not become the value */
	else if (html_is_type(v, "template.HTML"))
		put_stripped(out, s, NORM_UNQUOTED, NORM_UNQUOTED_N);
	else
		replace(out, s, UNQUOTED, ARRAY_LEN(UNQUOTED));
}

void html_escape_rcdata(struct buf *out, struct value v, struct str s)
{
	if (html_is_type(v, "template.HTML"))
		replace(out, s, NORM_TEXT, NORM_TEXT_N);
	else
		replace(out, s, TEXT, ARRAY_LEN(TEXT));
}

void html_filter_name(struct buf *out, struct value v, struct str s)
{
	bool ok = s.n > 0;
	char lower[64];

	if (html_is_type(v, "template.HTMLAttr")) {
		buf_add(out, s);
		return;
	}
	for (size_t i = 0; i < s.n && ok; i++) {
		char c = s.p[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		ok = i < sizeof(lower) && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
		if (ok)
			lower[i] = c;
	}
	if (ok && html_attr_kind((struct str){lower, s.n}) == HTML_KIND_PLAIN)
		buf_add(out, (struct str){lower, s.n});
	else
		buf_adds(out, HTML_UNSAFE);
}

void html_unescape(struct buf *out, struct str s)
{
	static const struct replacement NAMES[] = {
		{'&', "&amp;"}, {'<', "&lt;"},	 {'>', "&gt;"},	   {'"', "&quot;"},
		{'"', "&#34;"}, {'\'', "&#39;"}, {'\'', "&apos;"}, {'+', "&#43;"},
	};

	for (size_t i = 0; i < s.n;) {
		size_t k = 0;

		while (k < ARRAY_LEN(NAMES) && !str_starts(str_from(s, i), NAMES[k].text))
			k++;
		buf_addc(out, k < ARRAY_LEN(NAMES) ? NAMES[k].c : s.p[i]);
		i += k < ARRAY_LEN(NAMES) ? strlen(NAMES[k].text) : 1;
	}
}

/* ---- URLs -------------------------------------------------------------------------------- */
static bool url_is_safe(struct str s)
{
	static const char *const SCHEMES[] = {"http", "https", "mailto"};
	ptrdiff_t colon = str_find_char(s, ':');
	struct str scheme = colon < 0 ? STR("") : str_cut(s, 0, (size_t)colon);

	if (colon < 0 || str_find_char(scheme, '/') >= 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
		if (scheme.n == strlen(SCHEMES[i]) &&
		    strncasecmp(scheme.p, SCHEMES[i], scheme.n) == 0)
			return true;
	}
	return false;
}

void html_filter_url(struct buf *out, struct value v, struct str s)
{
	if (html_is_type(v, "template.URL") || url_is_safe(s))
		buf_add(out, s);
	else
		buf_adds(out, "#" HTML_UNSAFE);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void put_url(struct buf *out, struct str s, bool whole)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool keep = is_alnum(c) || (c && strchr("-._~", c));

		if (whole && c && strchr("!#$&*+,/:;=?@[]", c))
			keep = true;
		if (whole && c == '%' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]))
			keep = true;
		if (keep)
			buf_addc(out, c);
		else
			buf_printf(out, "%%%02x", (unsigned char)c);
	}
}

void html_escape_url(struct buf *out, struct value v, struct str s)
{
	put_url(out, s, html_is_type(v, "template.URL"));
}

void html_normalize_url(struct buf *out, struct value v, struct str s)
{
	(void)v;
	put_url(out, s, true);
}

static void put_srcset_part(struct buf *out, struct str part)
{
	size_t from = 0, end;

	while (from < part.n && strchr(" \t\n\f\r", part.p[from]))
		from++;
	end = from;
	while (end < part.n && !strchr(" \t\n\f\r", part.p[end]))
		end++;

	struct str url = str_cut(part, from, end);
	bool plain = true; /* what follows is a width or a density */

	for (size_t i = end; i < part.n; i++)
		plain &= is_alnum(part.p[i]) || strchr(" \t\n\f\r.", part.p[i]);
	if (!plain || !url_is_safe(url)) {
		buf_adds(out, "#" HTML_UNSAFE);
		return;
	}
	buf_add(out, str_cut(part, 0, from));
	put_url(out, url, true);
	buf_add(out, str_from(part, end));
}

void html_escape_srcset(struct buf *out, struct value v, struct str s)
{
	if (html_is_type(v, "template.Srcset") || html_is_type(v, "template.URL")) {
		buf_add(out, s);
		return;
	}
	for (;;) {
		ptrdiff_t comma = str_find_char(s, ',');

		put_srcset_part(out, comma < 0 ? s : str_cut(s, 0, (size_t)comma));
		if (comma < 0)
			return;
		buf_addc(out, ',');
		s = str_from(s, (size_t)comma + 1);
	}
}

/* ---- scripts ----------------------------------------------------------------------------- */
static bool is_number(struct value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_UINT || v.kind == VALUE_FLOAT;
}

void html_escape_js(struct buf *out, struct value v, struct str s)
{
	/* Numbers and words keep their distance from what stands beside them. */
	if (html_is_type(v, "template.JS"))
		buf_add(out, s);
	else if (v.kind == VALUE_NONE)
		buf_adds(out, " null ");
	else if (v.kind == VALUE_BOOL || (is_number(v) && !v.type->string))
		buf_printf(out, " %.*s ", STR_ARG(s));
	else
		json_put_str_html(out, s);
}

static void put_js(struct buf *out, struct str s, const struct replacement *t, size_t n)
{
	while (s.n) {
		struct gorune r = gorune_first(s);
		struct str one = str_cut(s, 0, (size_t)r.n);

		if (r.r == 0x2028 || r.r == 0x2029)
			buf_printf(out, "\\u%x", (unsigned)r.r);
		else
			replace(out, one, t, n);
		s = str_from(s, (size_t)r.n);
	}
}

void html_escape_js_string(struct buf *out, struct value v, struct str s)
{
	(void)v;
	put_js(out, s, JS_STRING, ARRAY_LEN(JS_STRING));
}

void html_escape_js_regexp(struct buf *out, struct value v, struct str s)
{
	(void)v;
	if (!s.n)
		buf_adds(out, "(?:)"); /* two slashes would begin a comment */
	else
		put_js(out, s, JS_REGEXP, ARRAY_LEN(JS_REGEXP));
}

/* ---- styles ------------------------------------------------------------------------------ */
void html_escape_css_string(struct buf *out, struct value v, struct str s)
{
	(void)v;
	for (size_t i = 0; i < s.n; i++) {
		const char *text = replaced(CSS_STRING, ARRAY_LEN(CSS_STRING), s.p[i]);

		if (!text) {
			buf_addc(out, s.p[i]);
			continue;
		}
		buf_adds(out, text);
		/* A digit or a blank behind it would be part of the escape. */
		if (text[1] != '\\' &&
		    (i + 1 == s.n || is_hex(s.p[i + 1]) || strchr(" \t\n\f\r", s.p[i + 1])))
			buf_addc(out, ' ');
	}
}

void html_filter_css(struct buf *out, struct value v, struct str s)
{
	char id[256];
	size_t n = 0;
	bool ok = true;

	if (html_is_type(v, "template.CSS")) {
		buf_add(out, s);
		return;
	}
	for (size_t i = 0; i < s.n && ok; i++) {
		char c = s.p[i];

		if (!c || strchr("\"'()/;@[\\]`{}<>", c) || (c == '-' && i && s.p[i - 1] == '-'))
			ok = false;
		else if ((is_alnum(c) || c == '-' || c == '_') && n + 1 < sizeof(id))
			id[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	id[n] = 0;
	if (ok && n + 1 < sizeof(id) && !strstr(id, "expression") && !strstr(id, "mozbinding"))
		buf_add(out, s);
	else
		buf_adds(out, HTML_UNSAFE);
}

/* ---- attributes -------------------------------------------------------------------------- */
static bool is_one_of(struct str s, const char *words)
{
	for (const char *at = words; *at;) {
		size_t n = strcspn(at, " ");

		if (n == s.n && memcmp(at, s.p, n) == 0)
			return true;
		at += n + (at[n] == ' ');
	}
	return false;
}

static bool holds(struct str s, const char *what)
{
	return str_find(s, str_of(what)) >= 0;
}

enum html_kind html_attr_kind(struct str name)
{
	static const char URLS[] =
		"action archive background cite classid codebase data formaction "
		"href icon longdesc manifest poster profile src usemap";
	static const char UNSAFE[] =
		"accept-charset async challenge charset content crossorigin defer enctype form "
		"formenctype formmethod formnovalidate http-equiv keytype language method "
		"novalidate pattern rel sandbox type value srcdoc";
	static const char PLAIN[] = "srclang";
	ptrdiff_t colon;

	if (str_starts(name, "data-")) {
		name = str_from(name, 5);
	} else if ((colon = str_find_char(name, ':')) >= 0) {
		if (str_is(str_cut(name, 0, (size_t)colon), "xmlns"))
			return HTML_KIND_URL;
		name = str_from(name, (size_t)colon + 1);
	}
	if (is_one_of(name, URLS))
		return HTML_KIND_URL;
	if (is_one_of(name, UNSAFE))
		return HTML_KIND_UNSAFE;
	if (str_is(name, "srcset"))
		return HTML_KIND_SRCSET;
	if (str_is(name, "style"))
		return HTML_KIND_STYLE;
	if (is_one_of(name, PLAIN))
		return HTML_KIND_PLAIN;
	if (str_starts(name, "on"))
		return HTML_KIND_SCRIPT;
	if (holds(name, "src") || holds(name, "uri") || holds(name, "url"))
		return HTML_KIND_URL;
	return HTML_KIND_PLAIN;
}
