/*
 * The reader of calendars on anything. Spans come back in order, none is empty, each has its event
 * and a line of the text; a refusal has words and a line of the text.
 */
#include "base/arena.h"
#include "oncall/ical_in.h"

#define NOW ((ms_t)1767225600000) /* 2026-01-01 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int lines_in(struct str text)
{
	int lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {.p = (const char *)data, .n = n};
	OWNED(tz) tz = tz_open(STR("Europe/Berlin"));
	struct limits l;
	struct ical_look look = {.tz = tz,
				 .from = NOW - 366 * DAY,
				 .to = NOW + 366 * DAY,
				 .limits = &l};
	struct ical_spans s;
	struct arena arena;
	struct err err = {0};

	limits_default(&l);
	l.calendar_spans = 10000;
	arena_init(&arena);
	if (!ical_in_parse(text, &look, &arena, &s, &err)) {
		CHECK(err.msg[0]);
		CHECK(err.line >= 1 && err.line <= lines_in(text) + 1);
		s.n = 0;
	}
	CHECK(s.n <= l.calendar_spans);
	for (size_t i = 0; i < s.n; i++) {
		CHECK(s.v[i].from < s.v[i].to && (!i || s.v[i - 1].from <= s.v[i].from));
		CHECK(s.v[i].event->line >= 1 && s.v[i].event->line <= lines_in(text));
		CHECK(str_is_utf8(s.v[i].event->summary));
	}
	arena_done(&arena);
	return 0;
}
