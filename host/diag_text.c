/* Each finding in a line of its own, and the line of the file it is about. */
#include "host/diag_text.h"

#include <string.h>

#include "host/files.h"

#define SOURCE_MOST 160 /* of a line that is shown */

static struct str line_of(struct str text, int line)
{
	for (int i = 1; i < line && text.n; i++) {
		ptrdiff_t end = str_find_char(text, '\n');

		text = end < 0 ? (struct str){0} : str_from(text, (size_t)end + 1);
	}

	ptrdiff_t end = str_find_char(text, '\n');

	return end < 0 ? text : str_cut(text, 0, (size_t)end);
}

/* The line, and below it ^~~~ from the column to the end of the word. */
static void put_source(struct buf *b, struct str line, int col)
{
	size_t at = (size_t)col - 1;

	if (!str_trim(line).n || at > line.n || at > SOURCE_MOST || !str_is_utf8(line))
		return;
	buf_adds(b, "    ");
	buf_add(b, str_cut(line, 0, SOURCE_MOST));
	buf_adds(b, line.n > SOURCE_MOST ? "...\n    " : "\n    ");
	for (size_t i = 0; i < at; i++) {
		if (line.p[i] == '\t')
			buf_addc(b, '\t');
		else if (((unsigned char)line.p[i] & 0xC0) != 0x80)
			buf_addc(b, ' ');
	}
	buf_addc(b, '^');
	for (size_t i = at + 1; i < MIN(line.n, (size_t)SOURCE_MOST); i++) {
		if (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == ',')
			break;
		if (((unsigned char)line.p[i] & 0xC0) != 0x80)
			buf_addc(b, '~');
	}
	buf_addc(b, '\n');
}

static void put_place(struct buf *b, const struct diag *d, size_t max)
{
	struct arena a;
	struct str text;

	if (!d->file || d->line < 1 || d->col < 1 || strcmp(d->file, "-") == 0)
		return;
	arena_init(&a);
	if (file_read(str_of(d->file), max, &a, &text, NULL))
		put_source(b, line_of(text, d->line), d->col);
	arena_done(&a);
}

static void put_diag(struct buf *b, const struct diag *d, size_t max)
{
	/* That a file cannot be read is said with its name. */
	bool named = d->file && (d->line > 0 || !strstr(d->msg, d->file));

	if (named)
		buf_printf(b, "%s:", d->file);
	if (d->line > 0)
		buf_printf(b, "%d:", d->line);
	if (d->line > 0 && d->col > 0)
		buf_printf(b, "%d:", d->col);
	buf_printf(b, "%s%s%s\n", named ? " " : "", d->warning ? "warning: " : "", d->msg);
	put_place(b, d, max);
}

void diag_text_put_all(struct buf *b, const struct diags *diags, size_t max)
{
	for (size_t i = 0; i < diags->n; i++)
		put_diag(b, &diags->v[i], max);
	if (diags->left_out)
		buf_printf(b, "... and %zu more\n", diags->left_out);
}
