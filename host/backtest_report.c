/* Times are local: it is somebody's night. */
#include "host/backtest_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/num.h"
#include "base/time.h"

#define SVG_WIDTH 1100
#define SVG_NAMES 220 /* of it for the names on the left */
#define SVG_ROW 22
#define SVG_HEAD 46

static struct tm local(ms_t t)
{
	time_t s = (time_t)(t / SECOND);
	struct tm tm = {0};

	localtime_r(&s, &tm);
	return tm;
}

bool night_has(void *arg, ms_t t)
{
	const struct night *n = arg;
	struct tm tm = local(t);
	int minute = tm.tm_hour * 60 + tm.tm_min;

	if (n->from <= n->to)
		return minute >= n->from && minute < n->to;
	return minute >= n->from || minute < n->to;
}

static struct backtest_sum sum_of(const struct backtest_report *r, const struct backtest *b)
{
	struct night night = r->night;

	return backtest_sum(b, r->to, night_has, &night);
}

size_t backtest_pages(const struct backtest_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i]->n;
	return n;
}

/* ---- text --------------------------------------------------------------------------------------
 */

/* "2d 4h", "41m", "30s": the two largest units. */
static void put_length(struct buf *b, ms_t d)
{
	if (d >= DAY)
		buf_printf(b, "%lldd %lldh", (long long)(d / DAY), (long long)(d % DAY / HOUR));
	else if (d >= HOUR)
		buf_printf(b, "%lldh %lldm", (long long)(d / HOUR), (long long)(d % HOUR / MINUTE));
	else if (d >= MINUTE)
		buf_printf(b, "%lldm", (long long)(d / MINUTE));
	else
		buf_printf(b, "%llds", (long long)(d / SECOND));
}

static void put_moment(struct buf *b, ms_t t)
{
	struct tm tm = local(t);

	buf_printf(b, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		   tm.tm_hour, tm.tm_min);
}

static const char *times(size_t n)
{
	return n == 1 ? "once" : n == 2 ? "twice" : "times";
}

static void put_count(struct buf *b, size_t n)
{
	if (n > 2)
		buf_printf(b, "%zu ", n);
	buf_adds(b, times(n));
}

static void put_head(struct buf *b, const struct backtest *t, const struct backtest_sum *s)
{
	buf_printf(b, "%.*s (%.*s:%d) fires ", STR_ARG(t->rule->name), STR_ARG(t->group->file),
		   t->rule->line);
	put_count(b, s->pages);
	buf_printf(b, " for %zu series, ", s->series);
	put_length(b, s->firing);
	buf_adds(b, " in all, at most ");
	put_length(b, s->longest);
	if (s->night)
		buf_printf(b, "; %zu by night", s->night);
	if (s->flaps)
		buf_printf(b, "; %zu again within %lld minutes of the end", s->flaps,
			   (long long)(BACKTEST_FLAP / MINUTE));
	if (t->almost)
		buf_printf(b, "; %zu times pending and not for long enough", t->almost);
	buf_addc(b, '\n');
}

/* Labels without those that are the rule's name. */
static void put_labels(struct buf *b, const struct episode *e)
{
	struct labels_builder lb;
	struct arena a;

	arena_init(&a);
	labels_builder_init(&lb);
	labels_builder_from(&lb, e->labels);
	labels_builder_del(&lb, STR(LABEL_ALERTNAME));
	labels_put(b, labels_builder_build(&lb, &a), false);
	labels_builder_done(&lb);
	arena_done(&a);
}

static void put_episode(struct buf *b, const struct backtest_report *r, const struct episode *e)
{
	struct night night = r->night;
	bool open = e->ended_at == MS_NONE;

	buf_adds(b, "    ");
	put_moment(b, e->fired_at);
	buf_adds(b, open ? "  fires still " : "  for ");
	if (!open)
		put_length(b, e->ended_at - e->fired_at);
	buf_adds(b, "  value ");
	num_put_float(b, e->value, 'g', 6);
	buf_adds(b, "  ");
	put_labels(b, e);
	if (night_has(&night, e->fired_at))
		buf_adds(b, "  night");
	if (e->flap)
		buf_adds(b, "  flap");
	buf_addc(b, '\n');
}

static void put_rule(struct buf *b, const struct backtest_report *r, size_t i)
{
	const struct backtest *t = r->v[i];
	struct backtest_sum s = sum_of(r, t);

	if (t->n) {
		put_head(b, t, &s);
		for (size_t k = 0; k < MIN(t->n, r->episodes_most); k++)
			put_episode(b, r, &t->v[k]);
		if (t->n > r->episodes_most)
			buf_printf(b, "    ... and %zu more (--all shows them)\n",
				   t->n - r->episodes_most);
	}
	if (t->errors)
		buf_printf(b, "%.*s: %zu evaluations fail: %s\n", STR_ARG(t->rule->name), t->errors,
			   t->error);
	if (r->errors[i])
		buf_printf(b, "%.*s: not run to its end: %s\n", STR_ARG(t->rule->name),
			   r->errors[i]);
}

static void put_quiet(struct buf *b, const struct backtest_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i]->n || r->errors[i])
			continue;
		buf_adds(b, n++ ? ", " : "Never fires: ");
		buf_add(b, r->v[i]->rule->name);
		if (r->v[i]->almost)
			buf_printf(b, " (%zu times pending)", r->v[i]->almost);
	}
	if (n)
		buf_addc(b, '\n');
}

void backtest_put_text(struct buf *b, const struct backtest_report *r)
{
	size_t pages = backtest_pages(r), night = 0, flaps = 0, failed = 0;
	double days = (double)(r->to - r->from) / (double)DAY;

	for (size_t i = 0; i < r->n; i++) {
		struct backtest_sum s = sum_of(r, r->v[i]);

		night += s.night;
		flaps += s.flaps;
		failed += r->errors[i] != NULL;
		put_rule(b, r, i);
	}
	put_quiet(b, r);
	if (failed)
		buf_printf(b,
			   "%zu of %zu rules were not run to their end: what follows is not all\n",
			   failed, r->n);
	buf_printf(b, "%zu alert%s fired in ", pages, pages == 1 ? "" : "s");
	put_length(b, r->to - r->from);
	buf_printf(b, " (%.1f a day), %zu by night, %zu flap%s\n",
		   days > 0 ? (double)pages / days : 0, night, flaps, flaps == 1 ? "" : "s");
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static void put_json_time(struct buf *b, const char *key, ms_t t)
{
	buf_printf(b, ",\"%s\":", key);
	if (t == MS_NONE) {
		buf_adds(b, "null");
		return;
	}
	buf_addc(b, '"');
	time_put_rfc3339(b, t);
	buf_addc(b, '"');
}

static void put_json_episode(struct buf *b, const struct backtest_report *r,
			     const struct episode *e)
{
	struct night night = r->night;

	buf_adds(b, "{\"labels\":");
	labels_put_json(b, e->labels);
	put_json_time(b, "pendingAt", e->pending_at);
	put_json_time(b, "firedAt", e->fired_at);
	put_json_time(b, "endedAt", e->ended_at);
	buf_adds(b, ",\"value\":\"");
	num_put_float(b, e->value, 'f', -1);
	buf_printf(b, "\",\"night\":%s,\"flap\":%s}",
		   night_has(&night, e->fired_at) ? "true" : "false", e->flap ? "true" : "false");
}

static void put_json_rule(struct buf *b, const struct backtest_report *r, size_t i)
{
	const struct backtest *t = r->v[i];
	struct backtest_sum s = sum_of(r, t);
	const char *error = r->errors[i] ? r->errors[i] : t->errors ? t->error : NULL;

	buf_adds(b, "{\"file\":");
	json_put_str(b, t->group->file);
	buf_printf(b, ",\"line\":%d,\"group\":", t->rule->line);
	json_put_str(b, t->group->name);
	buf_adds(b, ",\"alert\":");
	json_put_str(b, t->rule->name);
	buf_printf(b,
		   ",\"fired\":%zu,\"series\":%zu,\"night\":%zu,\"flaps\":%zu,\"almost\":%zu,"
		   "\"firingSeconds\":%lld,\"longestSeconds\":%lld,\"error\":",
		   s.pages, s.series, s.night, s.flaps, t->almost, (long long)(s.firing / SECOND),
		   (long long)(s.longest / SECOND));
	if (error)
		json_put_str(b, str_of(error));
	else
		buf_adds(b, "null");
	buf_adds(b, ",\"episodes\":[");
	for (size_t k = 0; k < t->n; k++) {
		buf_adds(b, k ? "," : "");
		put_json_episode(b, r, &t->v[k]);
	}
	buf_adds(b, "]}");
}

void backtest_put_json(struct buf *b, const struct backtest_report *r)
{
	buf_adds(b, "{\"from\":\"");
	time_put_rfc3339(b, r->from);
	buf_adds(b, "\",\"to\":\"");
	time_put_rfc3339(b, r->to);
	buf_printf(b, "\",\"fired\":%zu,\"rules\":[", backtest_pages(r));
	for (size_t i = 0; i < r->n; i++) {
		buf_adds(b, i ? "," : "");
		put_json_rule(b, r, i);
	}
	buf_adds(b, "]}\n");
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static const struct backtest *named(const struct backtest_report *r, struct str name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (str_eq(r->v[i]->rule->name, name))
			return r->v[i];
	}
	return NULL;
}

static ms_t end_of(const struct backtest_report *r, const struct episode *e)
{
	return e->ended_at == MS_NONE ? r->to : e->ended_at;
}

static bool has_at(const struct backtest_report *r, const struct backtest *t,
		   const struct episode *e)
{
	for (size_t k = 0; t && k < t->n; k++) {
		if (t->v[k].fired_at <= end_of(r, e) && end_of(r, &t->v[k]) >= e->fired_at)
			return true;
	}
	return false;
}

/* Episodes of one side at whose time the other side does not fire. */
static void put_only(struct buf *b, const struct backtest_report *r, const struct backtest *t,
		     const struct backtest *other, const char *what)
{
	size_t n = 0;

	for (size_t k = 0; t && k < t->n; k++) {
		if (has_at(r, other, &t->v[k]))
			continue;
		if (n++ == 0)
			buf_printf(b, "  %s:\n", what);
		if (n <= r->episodes_most)
			put_episode(b, r, &t->v[k]);
	}
	if (n > r->episodes_most)
		buf_printf(b, "    ... and %zu more\n", n - r->episodes_most);
}

void backtest_put_compare(struct buf *b, const struct backtest_report *old,
			  const struct backtest_report *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct backtest *t = now->v[i], *before = named(old, t->rule->name);
		size_t was = before ? before->n : 0;

		if (was == 0 && t->n == 0)
			continue;
		buf_printf(b, "%.*s: %zu -> %zu%s\n", STR_ARG(t->rule->name), was, t->n,
			   before ? "" : " (a new rule)");
		put_only(b, old, before, t, "only before");
		put_only(b, now, t, before, "only now");
	}
	for (size_t i = 0; i < old->n; i++) {
		if (!named(now, old->v[i]->rule->name))
			buf_printf(b, "%.*s: %zu -> the rule is gone\n",
				   STR_ARG(old->v[i]->rule->name), old->v[i]->n);
	}
	buf_printf(b, "%zu -> %zu alerts fired\n", backtest_pages(old), backtest_pages(now));
}

/* ---- SVG ---------------------------------------------------------------------------------------
 */

static double x_of(const struct backtest_report *r, ms_t t)
{
	double span = (double)MAX(r->to - r->from, (ms_t)1);

	return SVG_NAMES + (double)(t - r->from) / span * (SVG_WIDTH - SVG_NAMES - 20);
}

static void put_xml(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '<')
			buf_adds(b, "&lt;");
		else if (s.p[i] == '&')
			buf_adds(b, "&amp;");
		else if ((unsigned char)s.p[i] >= 0x20)
			buf_addc(b, s.p[i]);
	}
}

/* Nights as grey columns, a quarter of an hour exact; not in a picture of many months. */
static void put_nights(struct buf *b, const struct backtest_report *r, int height)
{
	const ms_t quarter = 15 * MINUTE;
	struct night night = r->night;
	ms_t begin = MS_NONE;

	if (r->to - r->from > 120 * DAY)
		return;
	for (ms_t t = r->from / quarter * quarter; t <= r->to; t += quarter) {
		bool in = night_has(&night, t) && t + quarter <= r->to;

		if (in && begin == MS_NONE)
			begin = MAX(t, r->from);
		if (in || begin == MS_NONE)
			continue;
		buf_printf(b,
			   "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#000\" "
			   "fill-opacity=\"0.05\"/>\n",
			   x_of(r, begin), SVG_HEAD, x_of(r, t) - x_of(r, begin),
			   height - SVG_HEAD);
		begin = MS_NONE;
	}
}

static void put_axis(struct buf *b, const struct backtest_report *r, int height)
{
	int n = 8;

	for (int i = 0; i <= n; i++) {
		ms_t t = r->from + (r->to - r->from) * i / n;
		double x = x_of(r, t);

		buf_printf(b,
			   "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ccc\"/>"
			   "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" font-size=\"11\">",
			   x, SVG_HEAD, x, height, x, SVG_HEAD - 8);
		put_moment(b, t);
		b->n -= r->to - r->from > 4 * DAY ? 6 : 0; /* the day is enough */
		buf_adds(b, "</text>\n");
	}
}

static void put_bars(struct buf *b, const struct backtest_report *r, const struct backtest *t,
		     int y)
{
	for (size_t k = 0; k < t->n; k++) {
		const struct episode *e = &t->v[k];
		double x = x_of(r, e->fired_at), w = x_of(r, end_of(r, e)) - x;

		buf_printf(b,
			   "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" "
			   "fill-opacity=\"0.6\"><title>",
			   x, y + 4, MAX(w, 2.0), SVG_ROW - 8, e->flap ? "#e07000" : "#c01530");
		put_moment(b, e->fired_at);
		buf_adds(b, " for ");
		put_length(b, end_of(r, e) - e->fired_at);
		buf_addc(b, ' ');
		{
			struct buf labels;

			buf_init(&labels, BUF_MAX_ANY);
			put_labels(&labels, e);
			put_xml(b, buf_str(&labels));
			buf_done(&labels);
		}
		buf_adds(b, "</title></rect>\n");
	}
}

void backtest_put_svg(struct buf *b, const struct backtest_report *r)
{
	size_t rows = 0;
	int height, y = SVG_HEAD;

	for (size_t i = 0; i < r->n; i++)
		rows += r->v[i]->n > 0;
	height = SVG_HEAD + (int)MAX(rows, (size_t)1) * SVG_ROW + 10;
	buf_printf(b,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		   "viewBox=\"0 "
		   "0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		   SVG_WIDTH, height, SVG_WIDTH, height);
	put_nights(b, r, height - 10);
	put_axis(b, r, height - 10);
	for (size_t i = 0; i < r->n; i++) {
		const struct backtest *t = r->v[i];

		if (t->n == 0)
			continue;
		buf_printf(b, "<text x=\"8\" y=\"%d\">", y + SVG_ROW - 7);
		put_xml(b, str_cut(t->rule->name, 0, 30));
		buf_printf(b, " (%zu)</text>\n", t->n);
		put_bars(b, r, t, y);
		y += SVG_ROW;
	}
	if (rows == 0)
		buf_printf(b, "<text x=\"8\" y=\"%d\">nothing fires</text>\n", y + SVG_ROW - 7);
	buf_adds(b, "</svg>\n");
}
