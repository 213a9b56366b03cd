/*
 * A canvas of dots, two wide and four high to a character with Unicode, one without. Each dot
 * remembers the series that drew it last. Neighbouring samples are joined by a line.
 */
#include "host/chart.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/time.h"
#include "promql/quote.h"

#define AXIS_WIDTH 10 /* of the numbers on the left */
#define HEIGHT 16

struct canvas {
	const struct chart_options *o;
	struct arena arena;
	size_t cols, rows; /* characters */
	size_t dx, dy;	   /* dots to a character */
	uint8_t *bits;	   /* of each character: dots that are set */
	uint8_t *owner;	   /* of each character: series that set one last, from 1 */
	double low, high;  /* values at the lower and upper edge */
};

struct chart_options chart_terminal(int fd)
{
	int64_t columns = 0;
	struct chart_options o = {.width = 80, .height = HEIGHT};
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40)
		o.width = w.ws_col;
	else if (num_int(str_of(getenv("COLUMNS")), 10, &columns) == NUM_OK && columns >= 40)
		o.width = (size_t)columns;
	o.width = MIN(o.width, (size_t)200);
	setlocale(LC_CTYPE, "");
	o.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	setlocale(LC_CTYPE, "C");
	o.colour = isatty(fd) && !getenv("NO_COLOR");
	return o;
}

/* ---- scale -------------------------------------------------------------------------------------
 */

static void find_range(struct canvas *c, const struct result *r)
{
	c->low = (double)INFINITY;
	c->high = -(double)INFINITY;
	for (size_t k = 0; k < MIN(r->n, (size_t)CHART_SERIES_MAX); k++) {
		for (size_t i = 0; i < r->v[k].points.n; i++) {
			double v = r->v[k].points.v[i];

			if (!isfinite(v))
				continue;
			c->low = MIN(c->low, v);
			c->high = MAX(c->high, v);
		}
	}
	if (c->low > c->high)
		c->low = c->high = 0;
	if (c->low > 0 && c->low < c->high / 2)
		c->low = 0; /* near enough: with the zero line a height means something */
	if (c->low == c->high) {
		c->high += fabs(c->high) * 0.1 + 0.5;
		c->low -= fabs(c->low) * 0.1 + 0.5;
	}
}

static double x_of(const struct canvas *c, ms_t t)
{
	double span = (double)MAX(c->o->end - c->o->start, 1);

	return (double)(t - c->o->start) / span * (double)(c->cols * c->dx - 1);
}

static double y_of(const struct canvas *c, double v)
{
	return (c->high - v) / (c->high - c->low) * (double)(c->rows * c->dy - 1);
}

/* ---- drawing -----------------------------------------------------------------------------------
 */

static void dot(struct canvas *c, double x, double y, uint8_t owner)
{
	static const uint8_t BRAILLE[4][2] = {{0x01, 0x08},
					      {0x02, 0x10},
					      {0x04, 0x20},
					      {0x40, 0x80}};
	size_t px = (size_t)MAX(0.0, round(x)), py = (size_t)MAX(0.0, round(y)), at;

	if (px >= c->cols * c->dx || py >= c->rows * c->dy)
		return;
	at = py / c->dy * c->cols + px / c->dx;
	c->bits[at] |= c->dx == 2 ? BRAILLE[py % 4][px % 2] : 1;
	c->owner[at] = owner;
}

static void line(struct canvas *c, double x0, double y0, double x1, double y1, uint8_t owner)
{
	double steps = MAX(1.0, ceil(MAX(fabs(x1 - x0), fabs(y1 - y0))));

	for (double i = 0; i <= steps; i++)
		dot(c, x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, owner);
}

static void draw(struct canvas *c, const struct points *p, ms_t gap, uint8_t owner)
{
	for (size_t i = 0; i < p->n; i++) {
		bool joined = i > 0 && p->t[i] - p->t[i - 1] <= gap && isfinite(p->v[i - 1]);

		if (!isfinite(p->v[i]) || (p->h && p->h[i]))
			continue;
		if (joined)
			line(c, x_of(c, p->t[i - 1]), y_of(c, p->v[i - 1]), x_of(c, p->t[i]),
			     y_of(c, p->v[i]), owner);
		else
			dot(c, x_of(c, p->t[i]), y_of(c, p->v[i]), owner);
	}
}

/* One and a half times the usual distance: a longer one is a gap in the line. */
static ms_t usual_gap(const struct result *r)
{
	ms_t least = INT64_MAX / 4;

	for (size_t k = 0; k < r->n; k++) {
		for (size_t i = 1; i < r->v[k].points.n; i++)
			least = MIN(least, r->v[k].points.t[i] - r->v[k].points.t[i - 1]);
	}
	return least + least / 2;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static const char *colour_of(size_t series)
{
	static const char *const COLOURS[] = {"\x1b[36m", "\x1b[33m", "\x1b[32m",
					      "\x1b[35m", "\x1b[31m", "\x1b[34m"};

	return COLOURS[(series - 1) % ARRAY_LEN(COLOURS)];
}

static char mark_of(size_t series)
{
	return "*+ox#@%&=~^$"[(series - 1) % 12];
}

static void put_cell(struct buf *b, const struct canvas *c, size_t at)
{
	uint8_t owner = c->owner[at];

	if (!owner) {
		buf_addc(b, ' ');
		return;
	}
	if (c->o->colour)
		buf_adds(b, colour_of(owner));
	if (c->dx == 2)
		rune_put(b, 0x2800u + c->bits[at]);
	else
		buf_addc(b, mark_of(owner));
	if (c->o->colour)
		buf_adds(b, "\x1b[0m");
}

static void put_right(struct buf *b, struct str s, size_t width)
{
	if (s.n < width)
		buf_fill(b, ' ', width - s.n);
	buf_add(b, s);
}

static void put_value(struct buf *b, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4g", v);
	put_right(b, str_of(text), AXIS_WIDTH - 1);
	buf_addc(b, ' ');
}

static void put_rows(struct buf *b, const struct canvas *c)
{
	const char *tick = c->dx == 2 ? "┤" : "|", *bar = c->dx == 2 ? "│" : "|";

	for (size_t y = 0; y < c->rows; y++) {
		bool labelled = y == 0 || y == c->rows - 1 || y == c->rows / 2;

		if (labelled)
			put_value(b,
				  c->high - (c->high - c->low) * (double)y / (double)(c->rows - 1));
		else
			buf_fill(b, ' ', AXIS_WIDTH);
		buf_adds(b, labelled ? tick : bar);
		for (size_t x = 0; x < c->cols; x++)
			put_cell(b, c, y * c->cols + x);
		while (b->n && b->p[b->n - 1] == ' ')
			b->n--;
		buf_addc(b, '\n');
	}
}

/* As much of a time as a range of this length needs. */
static size_t clock_width(ms_t span)
{
	return span > DAY / 2 ? 11 : span < 10 * MINUTE ? 8 : 5;
}

static void put_clock(struct buf *b, ms_t t, ms_t span)
{
	struct civil c = civil_of(t);

	if (span > DAY / 2)
		buf_printf(b, "%02d-%02d ", c.month, c.day);
	buf_printf(b, "%02d:%02d", c.hour, c.minute);
	if (span < 10 * MINUTE)
		buf_printf(b, ":%02d", c.second);
}

static void put_times(struct buf *b, const struct canvas *c)
{
	ms_t span = c->o->end - c->o->start;
	size_t width = clock_width(span), n = MAX((size_t)2, c->cols / (width + 12)), at = 0;

	buf_fill(b, ' ', AXIS_WIDTH);
	buf_adds(b, c->dx == 2 ? "└" : "+");
	for (size_t x = 0; x < c->cols; x++)
		buf_adds(b, c->dx == 2 ? "─" : "-");
	buf_addc(b, '\n');
	buf_fill(b, ' ', AXIS_WIDTH + 1);
	for (size_t i = 0; i < n; i++) {
		size_t x = i * (c->cols - width) / (n - 1);
		ms_t middle = c->o->start + (c->o->end - c->o->start) * (ms_t)i / (ms_t)(n - 1);

		buf_fill(b, ' ', x - at);
		put_clock(b, middle, span);
		at = x + width;
	}
	buf_adds(b, " UTC\n");
}

static void put_legend(struct buf *b, const struct canvas *c, const struct result *r)
{
	size_t shown = MIN(r->n, (size_t)CHART_SERIES_MAX);

	for (size_t k = 1; k <= shown; k++) {
		const struct points *p = &r->v[k - 1].points;

		buf_fill(b, ' ', AXIS_WIDTH + 1);
		if (c->o->colour)
			buf_adds(b, colour_of(k));
		if (c->dx == 2)
			buf_adds(b, "━━");
		else
			buf_addc(b, mark_of(k));
		if (c->o->colour)
			buf_adds(b, "\x1b[0m");
		buf_addc(b, ' ');
		labels_put(b, r->v[k - 1].labels, true);
		buf_adds(b, "  last ");
		num_put_float(b, p->n ? p->v[p->n - 1] : (double)NAN, 'g', 4);
		buf_addc(b, '\n');
	}
	if (shown < r->n)
		buf_printf(b, "%*s... and %zu more series\n", AXIS_WIDTH + 1, "", r->n - shown);
}

void chart_put(struct buf *b, const struct chart_options *o, const struct result *r)
{
	/* Without colours dots of several series could not be told apart. */
	bool dots = o->unicode && (o->colour || r->n < 2);
	struct canvas c = {.o = o,
			   .cols = MAX(o->width, (size_t)40) - AXIS_WIDTH - 6,
			   .rows = MAX(o->height, (size_t)4),
			   .dx = dots ? 2 : 1,
			   .dy = dots ? 4 : 1};
	ms_t gap = usual_gap(r);

	arena_init(&c.arena);
	c.bits = ARENA_ARRAY(&c.arena, uint8_t, c.cols * c.rows);
	c.owner = ARENA_ARRAY(&c.arena, uint8_t, c.cols * c.rows);
	find_range(&c, r);
	for (size_t k = MIN(r->n, (size_t)CHART_SERIES_MAX); k > 0; k--)
		draw(&c, &r->v[k - 1].points, gap, (uint8_t)k);
	put_rows(b, &c);
	put_times(b, &c);
	put_legend(b, &c, r);
	arena_done(&c.arena);
}
