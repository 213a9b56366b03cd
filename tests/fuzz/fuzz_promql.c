/*
 * PromQL: whatever parses prints to a text that parses to the same print again, in canonical and
 * in pretty form; nothing crashes. The first byte chooses the options; the same text is also read
 * as a selector and as a series description.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "promql/parse.h"
#include "promql/print.h"
#include "promql/series_desc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct fuzz {
	struct promql_options options;
	struct limits limits;
	struct arena arena;
};

static void differs(const char *what, struct str from, struct str to)
{
	fprintf(stderr, "%s:\n%.*s\n%.*s\n", what, STR_ARG(from), STR_ARG(to));
	abort();
}

static bool put_node(void *arg, const struct expr *e)
{
	buf_printf(arg, "%d@%u ", (int)e->kind, e->depth);
	return true;
}

/* The kinds and heights of all nodes: two trees that print alike must also be built alike. */
static void check_shape(const struct expr *a, const struct expr *b, struct str text)
{
	struct buf x, y;

	buf_init(&x, BUF_MAX_ANY);
	buf_init(&y, BUF_MAX_ANY);
	expr_walk(a, put_node, &x);
	expr_walk(b, put_node, &y);
	if (!str_eq(buf_str(&x), buf_str(&y)))
		differs("another tree", text, buf_str(&y));
	buf_done(&x);
	buf_done(&y);
}

/* `text` was printed from `tree`, whose canonical text is `canonical`. */
static void check_again(struct fuzz *f, const struct expr *tree, struct str text,
			struct str canonical)
{
	const char *what = "printed and read back";
	const struct expr *e;
	struct err err;
	struct buf b;

	if (!promql_parse(text, &f->options, &f->limits, &f->arena, &e, &err))
		differs(what, text, str_of(err.msg));
	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, e);
	if (!str_eq(buf_str(&b), canonical))
		differs(what, canonical, buf_str(&b));
	check_shape(tree, e, text);
	buf_done(&b);
}

static void check_prints(struct fuzz *f, const struct expr *e)
{
	static const size_t WIDTHS[] = {1, 20, PROMQL_PRETTY_WIDTH};
	struct buf canonical, pretty;

	buf_init(&canonical, BUF_MAX_ANY);
	buf_init(&pretty, BUF_MAX_ANY);
	promql_print(&canonical, e);
	f->limits.expr_bytes = SIZE_MAX;
	check_again(f, e, buf_str(&canonical), buf_str(&canonical));
	for (size_t i = 0; i < ARRAY_LEN(WIDTHS); i++) {
		buf_clear(&pretty);
		promql_pretty(&pretty, e, WIDTHS[i]);
		check_again(f, e, buf_str(&pretty), buf_str(&canonical));
	}
	buf_done(&canonical);
	buf_done(&pretty);
}

static void check_error(struct fuzz *f, struct str text, const struct err *err)
{
	struct buf b;

	if (err->pos < 0 || err->pos > (int)text.n || err->end < err->pos || !err->msg[0])
		differs("an error without place or words", text, str_of(err->msg));
	buf_init(&b, BUF_MAX_ANY);
	promql_error_put(&b, text, err);
	promql_error_put_place(&b, text, err, 2);
	buf_done(&b);
	(void)f;
}

static void check_other_readers(struct fuzz *f, struct str text)
{
	const struct matcher *m;
	struct series_desc d;
	struct labels ls;
	struct err err;
	size_t count;

	if (!promql_parse_selector(text, &f->limits, &f->arena, &m, &count, &err))
		check_error(f, text, &err);
	if (series_desc_parse(text, &f->limits, &f->arena, &d, &err) &&
	    !labels_valid(labels_bytes(d.labels)))
		differs("bad labels", text, labels_bytes(d.labels));
	if (series_desc_parse_labels(text, &f->limits, &f->arena, &ls, &err) &&
	    !labels_valid(labels_bytes(ls)))
		differs("bad labels", text, labels_bytes(ls));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = {0};
	struct str text = {.p = (const char *)data, .n = n};
	const struct expr *e;
	struct err err;

	if (n == 0)
		return 0;
	/* a blank turns everything on, so that plain texts are good seeds */
	f.options = (struct promql_options){.experimental_functions = !(data[0] & 1),
					    .duration_expressions = !(data[0] & 2),
					    .extended_range_selectors = !(data[0] & 4),
					    .binop_fill_modifiers = !(data[0] & 8)};
	text = str_from(text, data[0] <= ' ');
	if (data[0] > ' ')
		f.options = (struct promql_options){true, true, true, true};
	limits_default(&f.limits);
	f.limits.expr_depth = 100;
	f.limits.reply_series = 1000;
	arena_init(&f.arena);
	if (promql_parse(text, &f.options, &f.limits, &f.arena, &e, &err))
		check_prints(&f, e);
	else
		check_error(&f, text, &err);
	limits_default(&f.limits);
	f.limits.reply_series = 1000;
	check_other_readers(&f, text);
	arena_done(&f.arena);
	return 0;
}
