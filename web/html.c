/* The escaping writer and the small pieces every page is made of. */
#include "web/html.h"

#include "base/num.h"
#include "base/time.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	case 0x7F: return REPLACEMENT;
	default: break;
	}
	if (c < 0x20 && c != '\n' && c != '\t')
		return REPLACEMENT;
	return NULL;
}

/* The length of the UTF-8 sequence at the start of s (n > 0), 0 if it is none. */
static size_t sequence(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

	if (n == 1)
		return 1;
	return n <= s.n && str_is_utf8(str_cut(s, 0, n)) ? n : 0;
}

void html_text(struct buf *b, struct str s)
{
	size_t from = 0; /* of the run that is copied as it is */

	for (size_t i = 0; i < s.n;) {
		size_t n = sequence(str_from(s, i));
		const char *instead = n == 0 ? REPLACEMENT : escape_of((unsigned char)s.p[i]);

		if (instead) {
			buf_add(b, str_cut(s, from, i));
			buf_adds(b, instead);
			from = i + 1;
		}
		i += MAX(n, (size_t)1);
	}
	buf_add(b, str_from(s, from));
}

void html_put_list(struct buf *b, const char *fmt, const struct str *args, size_t n)
{
	struct str f = str_of(fmt);
	size_t used = 0;

	for (;;) {
		ptrdiff_t at = str_find_char(f, '$');

		if (at < 0)
			break;
		CHECK(used < n);
		buf_add(b, str_cut(f, 0, (size_t)at));
		html_text(b, args[used++]);
		f = str_from(f, (size_t)at + 1);
	}
	CHECK(used == n);
	buf_add(b, f);
}

static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void html_query(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (unreserved(s.p[i]))
			buf_addc(b, s.p[i]);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)s.p[i]);
	}
}

static bool starts_nocase(struct str s, const char *prefix)
{
	size_t i = 0;

	for (; prefix[i]; i++) {
		if (i >= s.n)
			return false;

		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != prefix[i])
			return false;
	}
	return s.n > i;
}

bool html_is_link(struct str s)
{
	if (!starts_nocase(s, "http://") && !starts_nocase(s, "https://"))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7F)
			return false;
	}
	return true;
}

void html_link(struct buf *b, struct str url, struct str name)
{
	if (html_is_link(url))
		html_put(b, "<a class=\"out\" rel=\"noopener noreferrer\" href=\"$\">$</a>", url,
			 name);
	else
		html_put(b, "<span class=\"out\">$: $</span>", name, url);
}

void html_span(struct buf *b, ms_t span)
{
	ms_t s = MAX(span, 0) / SECOND;
	long long d = s / 86400, h = s / 3600 % 24, m = s / 60 % 60;

	if (d)
		buf_printf(b, h ? "%lldd %lldh" : "%lldd", d, h);
	else if (h)
		buf_printf(b, m ? "%lldh %lldm" : "%lldh", h, m);
	else if (m)
		buf_printf(b, "%lldm", m);
	else
		buf_printf(b, "%llds", (long long)s);
}

static void put_clock(struct buf *b, ms_t t, ms_t now)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil c = civil_of(t), today = civil_of(now);

	if (c.year != today.year)
		buf_printf(b, "%d ", c.year);
	if (c.year != today.year || c.yearday != today.yearday)
		buf_printf(b, "%s %d, ", months[c.month - 1], c.day);
	buf_printf(b, "%02d:%02d UTC", c.hour, c.minute);
}

/* Whole seconds: people do not read milliseconds. */
static void put_datetime(struct buf *b, ms_t t)
{
	time_put_rfc3339(b, t - ((t % SECOND) + SECOND) % SECOND);
}

void html_time(struct buf *b, ms_t t, ms_t now)
{
	if (t == MS_NONE) {
		buf_adds(b, "<span class=\"none\">–</span>");
		return;
	}
	buf_adds(b, "<time data-clock datetime=\"");
	put_datetime(b, t);
	buf_adds(b, "\">");
	put_clock(b, t, now);
	buf_adds(b, "</time>");
}

void html_ago(struct buf *b, ms_t t, ms_t now)
{
	if (t == MS_NONE) {
		buf_adds(b, "<span class=\"none\">never</span>");
		return;
	}
	buf_adds(b, "<time datetime=\"");
	put_datetime(b, t);
	buf_adds(b, "\" title=\"");
	put_datetime(b, t);
	buf_adds(b, "\">");
	html_span(b, now - t);
	buf_adds(b, " ago</time>");
}

void html_count(struct buf *b, uint64_t n)
{
	if (n >= 1000) {
		html_count(b, n / 1000);
		buf_printf(b, ",%03u", (unsigned)(n % 1000));
	} else {
		buf_printf(b, "%u", (unsigned)n);
	}
}

void html_value(struct buf *b, double v)
{
	buf_adds(b, "<data value=\"");
	num_put_float(b, v, 'g', -1);
	buf_adds(b, "\" title=\"");
	num_put_float(b, v, 'g', -1);
	buf_adds(b, "\">");
	num_put_float(b, v, 'g', 6);
	buf_adds(b, "</data>");
}

void html_labels(struct buf *b, struct labels ls, struct labels leave_out)
{
	struct labels_iter it = {0};
	struct label l;
	bool any = false;

	while (labels_next(ls, &it, &l)) {
		if (str_is(l.name, LABEL_ALERTNAME) ||
		    str_eq(labels_get(leave_out, l.name), l.value))
			continue;
		if (!any)
			buf_adds(b, "<ul class=\"labels\">");
		any = true;
		html_put(b, "<li><span class=\"ln\">$</span>=<span class=\"lv\">$</span></li>",
			 l.name, l.value);
	}
	if (any)
		buf_adds(b, "</ul>");
}
