/* Mail addresses and header fields; see address.h. */
#include "notify/receivers/address.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define LINE_FOLD 76 /* where lines are folded if they can be */
#define WORD_MAX 900 /* an ASCII word longer than that must be encoded */
#define ENCODED_MAX 75
#define ADDRESSES_MAX 1000

/* ---- address lists ----------------------------------------------------------------------- */
/* The end of the entry that starts at `at`: the next comma outside of quotes and brackets. */
static size_t entry_end(struct str s, size_t at)
{
	bool quoted = false, angle = false;

	for (; at < s.n; at++) {
		char c = s.p[at];

		if (c == '\\' && quoted)
			at++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == '>'))
			angle = c == '<';
		else if (c == ',' && !quoted && !angle)
			break;
	}
	return MIN(at, s.n);
}

static bool mail_valid(struct str s)
{
	ptrdiff_t at = str_find_char(s, '@');

	if (at <= 0 || (size_t)at + 1 == s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7F || strchr("<>,;\"()", s.p[i]))
			return false;
	}
	return str_find_char(str_from(s, (size_t)at + 1), '@') < 0;
}

static struct str unquote(struct str s, struct arena *a)
{
	char *p = arena_bytes(a, s.n + 1);
	size_t n = 0;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			continue;
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		p[n++] = s.p[i];
	}
	return str_trim((struct str){.p = p, .n = n});
}

static bool parse_entry(struct str s, struct arena *a, struct address *out, struct err *err)
{
	ptrdiff_t open = -1;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '<')
			open = (ptrdiff_t)i;
	}
	if (open >= 0) {
		struct str tail = str_from(s, (size_t)open + 1);

		if (!str_ends(tail, ">"))
			return err_set(err, -1, "\"%.*s\" lacks a \">\"", STR_ARG(s));
		out->mail = str_trim(str_cut(tail, 0, tail.n - 1));
		out->name = unquote(str_cut(s, 0, (size_t)open), a);
	} else {
		*out = (struct address){.mail = s};
	}
	return mail_valid(out->mail) || err_set(err, -1, "\"%.*s\" is no mail address", STR_ARG(s));
}

bool address_list(struct str s, struct arena *a, struct address **out, size_t *n, struct err *err)
{
	size_t count = 1, k = 0;
	struct address *v;

	for (size_t i = 0; i < s.n; i++)
		count += s.p[i] == ',';
	if (count > ADDRESSES_MAX)
		return err_set(err, -1, "more than %d mail addresses", ADDRESSES_MAX);
	v = ARENA_ARRAY(a, struct address, count);
	for (size_t at = 0; at < s.n;) {
		size_t end = entry_end(s, at);
		struct str entry = str_trim(str_cut(s, at, end));

		if (entry.n && !parse_entry(entry, a, &v[k++], err))
			return false;
		at = end + 1;
	}
	if (!k)
		return err_set(err, -1, "there is no mail address");
	*out = v;
	*n = k;
	return true;
}

/* ---- header fields ----------------------------------------------------------------------- */
static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

/* Must the value be written in encoded words? */
static bool needs_words(struct str s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
		run = s.p[i] == ' ' || is_control(s.p[i]) ? 0 : run + 1;
		if (run > WORD_MAX)
			return true;
	}
	return str_find(s, STR("=?")) >= 0;
}

/* A byte as it stands in an encoded word. */
static size_t word_char(char c, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;

	if (c == ' ' || is_control(c)) {
		out[0] = '_';
		return 1;
	}
	if (u < 0x7F && !strchr("=?_\"(),.:;<>@[]\\", c)) {
		out[0] = c;
		return 1;
	}
	out[0] = '=';
	out[1] = hex[u >> 4];
	out[2] = hex[u & 15];
	return 3;
}

/* Bytes of the UTF-8 sequence at s, at least one. */
static size_t sequence(struct str s)
{
	size_t n = 1;

	while (n < s.n && n < 4 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n++;
	return (unsigned char)s.p[0] >= 0xC0 ? n : 1;
}

/* Encoded words of at most 75 characters, no character of the text cut in two. *col is the column
 * of the line. */
static void put_words(struct buf *b, struct str s, size_t *col)
{
	static const char open[] = "=?utf-8?q?";
	size_t used = 0;

	while (s.n) {
		char text[16];
		size_t n = 0, take = sequence(s);

		for (size_t i = 0; i < take; i++)
			n += word_char(s.p[i], text + n);
		if (used && (used + n + 2 > ENCODED_MAX || *col + n + 2 > LINE_FOLD)) {
			buf_adds(b, "?=\r\n ");
			used = 0;
			*col = 1;
		}
		if (!used) {
			buf_adds(b, open);
			used = sizeof(open) - 1;
			*col += used;
		}
		buf_add(b, (struct str){.p = text, .n = n});
		used += n;
		*col += n;
		s = str_from(s, take);
	}
	if (used) {
		buf_adds(b, "?=");
		*col += 2;
	}
}

/* ASCII, folded before a blank when the line would grow too long. */
static void put_plain(struct buf *b, struct str s, size_t *col)
{
	size_t at = 0;

	while (at < s.n) {
		size_t end = at;

		while (end < s.n && (s.p[end] == ' ' || is_control(s.p[end])))
			end++;
		while (end < s.n && s.p[end] != ' ' && !is_control(s.p[end]))
			end++;
		if (at > 0 && *col + end - at > LINE_FOLD && str_trim(str_cut(s, at, end)).n) {
			buf_adds(b, "\r\n");
			*col = 0;
		}
		for (; at < end; at++, (*col)++)
			buf_addc(b, is_control(s.p[at]) ? ' ' : s.p[at]);
	}
}

void header_put(struct buf *b, struct str name, struct str value)
{
	size_t col = name.n + 2;

	value = str_trim(value);
	buf_add(b, name);
	buf_adds(b, ": ");
	if (needs_words(value))
		put_words(b, value, &col);
	else
		put_plain(b, value, &col);
	buf_adds(b, "\r\n");
}

static bool is_atom_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_control(s.p[i]) || strchr("()<>[]:;@\\,.\"", s.p[i]))
			return false;
	}
	return true;
}

static void put_name(struct buf *b, struct str name, size_t *col)
{
	size_t from = b->n;

	if (needs_words(name)) {
		put_words(b, name, col);
		return;
	}
	if (is_atom_text(name)) {
		buf_add(b, name);
	} else {
		buf_addc(b, '"');
		for (size_t i = 0; i < name.n; i++) {
			if (name.p[i] == '"' || name.p[i] == '\\')
				buf_addc(b, '\\');
			buf_addc(b, is_control(name.p[i]) ? ' ' : name.p[i]);
		}
		buf_addc(b, '"');
	}
	*col += b->n - from;
}

void header_put_addresses(struct buf *b, const char *name, const struct address *v, size_t n)
{
	size_t col = strlen(name) + 2;

	buf_printf(b, "%s: ", name);
	for (size_t i = 0; i < n; i++) {
		if (i) {
			buf_adds(b, ",");
			if (col + v[i].name.n + v[i].mail.n + 4 > LINE_FOLD) {
				buf_adds(b, "\r\n");
				col = 0;
			}
			buf_addc(b, ' ');
			col += 2;
		}
		if (v[i].name.n) {
			put_name(b, v[i].name, &col);
			buf_addc(b, ' ');
		}
		buf_printf(b, v[i].name.n ? "<%.*s>" : "%.*s", STR_ARG(v[i].mail));
		col += v[i].mail.n + 3;
	}
	buf_adds(b, "\r\n");
}

void header_put_date(struct buf *b, ms_t wall)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = civil_of(wall);

	buf_printf(b, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", days + 3 * c.weekday, c.day,
		   months + 3 * (c.month - 1), c.year, c.hour, c.minute, c.second);
}

bool header_name_valid(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] <= 0x20 || (unsigned char)name.p[i] >= 0x7F ||
		    name.p[i] == ':')
			return false;
	}
	return name.n > 0;
}

struct str header_canonical(struct arena *a, struct str name)
{
	struct str copy = arena_str(a, name);
	char *p = (char *)(uintptr_t)copy.p;
	bool start = true;

	for (size_t i = 0; i < copy.n; i++) {
		if (start && p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 32);
		else if (!start && p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
		start = p[i] == '-';
	}
	return copy;
}

/* ---- bodies ------------------------------------------------------------------------------ */
static void put_qp_char(struct buf *b, char c, size_t *col, bool bare)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;

	if (*col + (bare ? 1 : 3) > LINE_FOLD - 1) {
		buf_adds(b, "=\r\n");
		*col = 0;
	}
	if (bare) {
		buf_addc(b, c);
		*col += 1;
		return;
	}
	buf_addc(b, '=');
	buf_addc(b, hex[u >> 4]);
	buf_addc(b, hex[u & 15]);
	*col += 3;
}

void quoted_printable(struct buf *b, struct str s)
{
	size_t col = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool last = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';

		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		if (c == '\n') {
			buf_adds(b, "\r\n");
			col = 0;
			continue;
		}
		bool blank = c == ' ' || c == '\t';
		bool bare = (c > ' ' && c < 0x7F && c != '=') || (blank && !last);

		put_qp_char(b, c, &col, bare);
	}
	if (col || !s.n)
		buf_adds(b, "\r\n");
}
