/* Log lines: see log.h. A value that runs on without quotes ends at the next blank. */
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "host/loop.h"

#define LINE_MOST 16384
#define REPEAT_AFTER (10 * SECOND)
#define VALUE_MOST 1024

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(struct log *l, enum log_level level, bool json, int fd)
{
	*l = (struct log){.level = level, .json = json, .fd = fd};
	pthread_mutex_init(&l->lock, NULL);
}

void log_done(struct log *l)
{
	pthread_mutex_destroy(&l->lock);
}

bool log_level_of(struct str name, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (str_is(name, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Escapes what would break the line; a quote only if asked for. */
static void put_escaped(struct buf *b, struct str s, bool quote)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\n')
			buf_adds(b, "\\n");
		else if (c == '\t' && quote)
			buf_adds(b, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else if (quote && (c == '"' || c == '\\'))
			buf_printf(b, "\\%c", c);
		else
			buf_addc(b, (char)c);
	}
}

/* The end of a quoted value that begins at `at` (the opening quote). */
static size_t quoted_end(struct str s, size_t at)
{
	for (size_t i = at + 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return s.n;
}

static void put_unescaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			buf_addc(b, s.p[i]);
			continue;
		}
		i++;
		buf_addc(b, s.p[i] == 'n' ? '\n' : s.p[i] == 't' ? '\t' : s.p[i]);
	}
}

static void put_json_pair(struct buf *b, struct str key, struct str value)
{
	struct buf plain;

	buf_init(&plain, LINE_MOST);
	if (value.n && value.p[0] == '"')
		put_unescaped(&plain, str_cut(value, 1, value.n - (str_ends(value, "\"") ? 1 : 0)));
	else
		buf_add(&plain, value);
	buf_addc(b, ',');
	json_put_str(b, key);
	buf_addc(b, ':');
	json_put_str(b, buf_str(&plain));
	buf_done(&plain);
}

static void put_json_pairs(struct buf *b, struct str line)
{
	for (size_t at = 0; at < line.n;) {
		size_t eq = at;

		while (eq < line.n && line.p[eq] != '=' && line.p[eq] != ' ')
			eq++;
		if (eq == line.n || line.p[eq] == ' ') {
			put_json_pair(b, str_cut(line, at, eq), STR("true"));
			at = eq + 1;
			continue;
		}

		size_t end = eq + 1;

		if (end < line.n && line.p[end] == '"')
			end = quoted_end(line, end);
		while (end < line.n && line.p[end] != ' ')
			end++;
		put_json_pair(b, str_cut(line, at, eq), str_cut(line, eq + 1, end));
		at = end + 1;
	}
}

void log_render(struct buf *b, bool json, ms_t wall, enum log_level level, struct str line,
		unsigned repeated)
{
	line = str_trim(line);
	buf_adds(b, json ? "{\"ts\":\"" : "ts=");
	time_put_rfc3339_milli(b, wall);
	if (json) {
		buf_printf(b, "\",\"level\":\"%s\"", level_names[level]);
		put_json_pairs(b, line);
		if (repeated)
			buf_printf(b, ",\"repeated\":%u", repeated);
		buf_adds(b, "}\n");
		return;
	}
	buf_printf(b, " level=%s ", level_names[level]);
	put_escaped(b, line, false);
	if (repeated)
		buf_printf(b, " repeated=%u", repeated);
	buf_addc(b, '\n');
}

/* False: the line was shown a moment ago. *repeated: how often it was hidden since. */
static bool should_show(struct log *l, struct str line, ms_t mono, unsigned *repeated)
{
	uint64_t hash = str_hash(line);
	struct log_seen *s = &l->seen[hash % LOG_SEEN];

	*repeated = 0;
	if (s->hash == hash && s->shown_at && mono - s->shown_at < REPEAT_AFTER) {
		s->hidden++;
		return false;
	}
	if (s->hash == hash)
		*repeated = s->hidden;
	*s = (struct log_seen){.hash = hash, .shown_at = mono};
	return true;
}

static void write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return;
		s = str_from(s, (size_t)n);
	}
}

static void show(struct log *l, enum log_level level, ms_t wall, struct str line, unsigned repeated)
{
	struct buf b;

	buf_init(&b, (size_t)LINE_MOST * 8);
	log_render(&b, l->json, wall, level, str_cut(line, 0, LINE_MOST), repeated);
	write_all(l->fd, buf_str(&b));
	buf_done(&b);
}

void log_line(struct log *l, enum log_level level, struct str line)
{
	struct now now = loop_clocks();
	unsigned repeated;

	pthread_mutex_lock(&l->lock);
	l->lines[level]++;

	bool shown = level >= l->level && should_show(l, line, now.mono, &repeated);

	pthread_mutex_unlock(&l->lock);
	if (shown)
		show(l, level, now.wall, line, repeated);
}

void log_put(struct log *l, enum log_level level, const char *msg, const char *fmt, ...)
{
	struct buf b;

	pthread_mutex_lock(&l->lock);
	l->lines[level]++;
	pthread_mutex_unlock(&l->lock);
	if (level < l->level)
		return;
	buf_init(&b, LINE_MOST);
	buf_printf(&b, "msg=\"%s\"", msg);
	if (fmt) {
		char text[4096];
		va_list ap;

		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		buf_printf(&b, " %s", text);
	}
	show(l, level, loop_clocks().wall, buf_str(&b), 0);
	buf_done(&b);
}

static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return false;
	}
	return s.n > 0;
}

const char *log_value(struct str s)
{
	static _Thread_local char values[8][VALUE_MOST];
	static _Thread_local unsigned turn;
	char *out = values[turn++ % 8];
	struct buf b;

	buf_init(&b, (size_t)VALUE_MOST * 8);
	s = str_cut(s, 0, VALUE_MOST / 2);
	if (is_bare(s)) {
		buf_add(&b, s);
	} else {
		buf_addc(&b, '"');
		put_escaped(&b, s, true);
		buf_addc(&b, '"');
	}
	snprintf(out, VALUE_MOST, "%.*s", STR_ARG(buf_str(&b)));
	buf_done(&b);
	return out;
}
