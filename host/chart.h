/* Series over time drawn with characters, for a terminal. */
#ifndef HOST_CHART_H
#define HOST_CHART_H

#include "base/buf.h"
#include "promql/engine.h"

struct chart_options {
	size_t width, height; /* of the whole picture without the legend, in characters */
	ms_t start, end;
	bool unicode; /* dots in braille characters: eight to a character */
	bool colour;
};

#define CHART_SERIES_MAX 12 /* more are counted in the legend only */

/* The picture with its axes and a legend below. */
void chart_put(struct buf *b, const struct chart_options *o, const struct result *r);
/* What the terminal of a descriptor can do: its size, its character set (LANG, LC_ALL), NO_COLOR.
 */
struct chart_options chart_terminal(int fd);

#endif
