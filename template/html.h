/*
 * HTML mode: Go's html/template. Where a value is printed decides how it is escaped: as text, in an
 * attribute, as part of a URL, a script or a style. Go works the places out before it runs a
 * template; here the written text is followed while it runs, which comes to the same wherever Go
 * takes the template at all. What Go refuses because two branches end in different places is
 * refused here when the output ends inside a tag, an attribute or a script.
 *
 * Not known: template literals of scripts (values in them are refused, as older versions of Go do).
 */
#ifndef TEMPLATE_HTML_H
#define TEMPLATE_HTML_H

#include "base/base.h"
#include "base/buf.h"
#include "template/value.h"

enum html_place {
	HTML_TEXT,
	HTML_TAG, /* before an attribute, or the end of the tag */
	HTML_ATTR_NAME,
	HTML_AFTER_NAME,
	HTML_BEFORE_VALUE,
	HTML_COMMENT,
	HTML_RCDATA, /* inside textarea and title */
	HTML_ATTR,
	HTML_URL,
	HTML_SRCSET,
	HTML_JS,
	HTML_JS_DQ, /* strings, regular expressions, comments of a script */
	HTML_JS_SQ,
	HTML_JS_LITERAL,
	HTML_JS_REGEXP,
	HTML_JS_BLOCK_COMMENT,
	HTML_JS_LINE_COMMENT,
	HTML_CSS,
	HTML_CSS_DQ,
	HTML_CSS_SQ,
	HTML_CSS_DQ_URL,
	HTML_CSS_SQ_URL,
	HTML_CSS_URL,
	HTML_CSS_BLOCK_COMMENT,
	HTML_CSS_LINE_COMMENT,
};

enum html_delim { HTML_NO_DELIM, HTML_DOUBLE, HTML_SINGLE, HTML_SPACE };
enum html_url_part { HTML_URL_START, HTML_URL_PATH, HTML_URL_QUERY };
enum html_kind { /* of an attribute, by its name */
		 HTML_KIND_PLAIN,
		 HTML_KIND_URL,
		 HTML_KIND_SRCSET,
		 HTML_KIND_SCRIPT,
		 HTML_KIND_STYLE,
		 HTML_KIND_SCRIPT_TYPE,
		 HTML_KIND_UNSAFE, /* plain, but not as a name that a value gives */
};
enum html_element {
	HTML_NO_ELEMENT,
	HTML_SCRIPT,
	HTML_STYLE,
	HTML_TEXTAREA,
	HTML_TITLE,
};

/* Where the output is. */
struct html_context {
	enum html_place place;
	enum html_delim delim;
	enum html_url_part url;
	bool divides; /* in a script: the next slash divides, it begins no regular expression */
	enum html_kind attr;
	enum html_element element;
};

struct html {
	struct html_context at;
	const char *error; /* why it cannot go on */
};

/* Text of the template, without comments, into out. False: h->error. */
ATTR_CHECK bool html_put_text(struct html *h, struct str text, struct buf *out);
/* A printed value: `text` is what text mode would print, `last` the function that the pipeline ends
 * with (html and urlquery are not applied twice). False: h->error. */
ATTR_CHECK bool html_put_value(struct html *h, struct str last, struct value v, struct str text,
			       struct buf *out);
/* The end of the output. False: h->error. */
ATTR_CHECK bool html_finish(struct html *h);

/* ---- html_escape.c: one way of escaping each --------------------------------------------- */
#define HTML_UNSAFE "ZgotmplZ" /* stands for a value that must not be there */

enum html_kind html_attr_kind(struct str name);
bool html_is_type(struct value v, const char *go_name); /* "template.HTML" */
void html_escape_text(struct buf *out, struct value v, struct str s);
void html_escape_attr(struct buf *out, struct value v, struct str s);
void html_escape_unquoted(struct buf *out, struct value v, struct str s);
void html_escape_rcdata(struct buf *out, struct value v, struct str s);
void html_filter_name(struct buf *out, struct value v, struct str s);
void html_filter_url(struct buf *out, struct value v, struct str s);
void html_escape_url(struct buf *out, struct value v, struct str s); /* as one part */
void html_normalize_url(struct buf *out, struct value v, struct str s);
void html_escape_srcset(struct buf *out, struct value v, struct str s);
void html_escape_js(struct buf *out, struct value v, struct str s); /* a whole value */
void html_escape_js_string(struct buf *out, struct value v, struct str s);
void html_escape_js_regexp(struct buf *out, struct value v, struct str s);
void html_escape_css_string(struct buf *out, struct value v, struct str s);
void html_filter_css(struct buf *out, struct value v, struct str s);
/* &amp; and the like resolved. */
void html_unescape(struct buf *out, struct str s);

#endif
