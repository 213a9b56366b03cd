/* rouse fmt: an expression in canonical or pretty form, or its first error, underlined. */
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "host/commands.h"
#include "host/files.h"
#include "promql/parse.h"
#include "promql/print.h"

struct fmt_options {
	bool pretty;
};

static const struct flag flags[] = {
	FLAG("pretty", NULL, SWITCH, struct fmt_options, pretty,
	     "Break long expressions into lines (the default on a terminal; --no-pretty turns it "
	     "off)."),
};

/* The words of the command line as one expression, or stdin. */
static bool read_text(const struct flag_texts *words, const struct limits *l, struct arena *a,
		      struct str *out, struct err *err)
{
	struct buf b;

	if (!words->n || (words->n == 1 && str_is(words->v[0], "-"))) {
		if (!file_read(STR("-"), l->expr_bytes, a, out, err))
			return false;
		*out = str_trim(*out);
		return true;
	}
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < words->n; i++) {
		buf_adds(&b, i ? " " : "");
		buf_add(&b, words->v[i]);
	}
	*out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return true;
}

static int print(struct str text, bool pretty, const struct limits *l, struct arena *a)
{
	struct promql_options o = promql_options_default();
	const struct expr *e = NULL;
	struct err err;
	struct buf b;
	bool ok;

	o.experimental_functions = o.extended_range_selectors = o.binop_fill_modifiers = true;
	ok = promql_parse(text, &o, l, a, &e, &err);
	buf_init(&b, BUF_MAX_ANY);
	if (!ok) {
		promql_error_put(&b, text, &err);
		buf_addc(&b, '\n');
		promql_error_put_place(&b, text, &err, 2);
	} else if (pretty) {
		promql_pretty(&b, e, PROMQL_PRETTY_WIDTH);
		buf_addc(&b, '\n');
	} else {
		promql_print(&b, e);
		buf_addc(&b, '\n');
	}

	bool written = command_write(ok ? STDOUT_FILENO : STDERR_FILENO, buf_str(&b));

	buf_done(&b);
	return ok && written ? 0 : 1;
}

static int run(int argc, char **argv)
{
	struct fmt_options o = {.pretty = isatty(STDOUT_FILENO)};
	struct flag_texts words;
	struct limits l;
	struct arena a;
	struct str text;
	struct err err;
	int status = 2;

	limits_default(&l);
	arena_init(&a);
	if (!flags_parse(&cmd_fmt, argc, argv, &a, &o, &words, &err)) {
		command_usage_error(&cmd_fmt, &err);
	} else if (!read_text(&words, &l, &a, &text, &err)) {
		fprintf(stderr, "rouse fmt: %s\n", err.msg);
		status = 1;
	} else {
		status = print(text, o.pretty, &l, &a);
	}
	arena_done(&a);
	return status;
}

const struct command cmd_fmt = {
	.name = "fmt",
	.summary = "Prints a PromQL expression in canonical form.",
	.usage = "[FLAGS] [EXPR | -]",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
