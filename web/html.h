/*
 * Writing HTML into a buffer so that nothing from outside can become markup: text goes through
 * html_text, and html_put escapes every argument. Literal markup is the format string, which is
 * ours. Invalid UTF-8 and control characters become U+FFFD.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "base/base.h"
#include "base/buf.h"
#include "promql/labels.h"

/* Escaped for text and for quoted attribute values. */
void html_text(struct buf *b, struct str s);
/* html_put(b, "<a href=\"$\">$</a>", url, text): each $ takes the next argument, a struct str,
 * escaped. The counts must agree (checked). */
#define html_put(b, fmt, ...) \
	html_put_list((b), (fmt), (const struct str[]){__VA_ARGS__}, \
		      sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
void html_put_list(struct buf *b, const char *fmt, const struct str *args, size_t n);

/* Percent-encoded, for a value in a query string. */
void html_query(struct buf *b, struct str s);
/* Whether the text may become a link: http or https, no control characters, no spaces. */
bool html_is_link(struct str s);
/* <a> if it is a link, else the text itself behind its name. */
void html_link(struct buf *b, struct str url, struct str name);

/* "12m", "3h 5m", "2d 4h", "45s"; negative spans as 0s. */
void html_span(struct buf *b, ms_t span);
/* <time datetime="...">06:12 UTC</time>, with the day when it is not today; a dash for MS_NONE. */
void html_time(struct buf *b, ms_t t, ms_t now);
/* "3m ago" with the exact time in datetime and title; "never" for MS_NONE. */
void html_ago(struct buf *b, ms_t t, ms_t now);
/* A number with digits grouped by commas. */
void html_count(struct buf *b, uint64_t n);
/* A sample value, six digits, the whole of it in the title. */
void html_value(struct buf *b, double v);
/* Labels as a list of chips, without those in `leave_out` and without alertname. */
void html_labels(struct buf *b, struct labels ls, struct labels leave_out);

#endif
