/* rouse fmt: an expression in canonical or pretty form, or its first error, underlined; rule files
 * in place. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/files.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "rules/format.h"

struct fmt_options {
	bool pretty, check;
};

static const struct flag flags[] = {
	FLAG("pretty", NULL, SWITCH, struct fmt_options, pretty,
	     "Break long expressions into lines (the default on a terminal; --no-pretty turns it "
	     "off)."),
	FLAG("check", NULL, SWITCH, struct fmt_options, check,
	     "Of rule files: change nothing, name those that would change, exit with 1 if there "
	     "are."),
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

/* ---- rule files --------------------------------------------------------------------------------
 */

static bool is_rule_file(struct str word)
{
	struct stat st;
	struct arena a;
	bool yes;

	arena_init(&a);
	yes = (str_ends(word, ".yml") || str_ends(word, ".yaml") || str_ends(word, ".rules")) &&
	      stat(arena_cstr(&a, word), &st) == 0 && S_ISREG(st.st_mode);
	arena_done(&a);
	return yes;
}

/* Beside the file first, then in its place: nobody sees half a file. */
static bool write_file(struct str path, struct str text, struct arena *a)
{
	const char *to = arena_cstr(a, path);
	const char *beside = arena_cstr(a, arena_printf(a, "%.*s.rouse-fmt", STR_ARG(path)));
	struct stat st;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool ok = fd >= 0 && stat(to, &st) == 0 && fchmod(fd, st.st_mode & 07777) == 0 &&
		  command_write(fd, text) && fsync(fd) == 0;

	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(beside, to) == 0;
	if (!ok) {
		fprintf(stderr, "rouse fmt: cannot write %s: %m\n", to);
		unlink(beside);
	}
	return ok;
}

/* 0: nothing to do, or done; 1: it would change, or a mistake was told. */
static int format_file(struct str path, bool check, const struct limits *l)
{
	struct diags diags;
	struct arena a;
	struct str text;
	struct buf out;
	struct err err;
	size_t changed = 0;
	int status = 1;

	arena_init(&a);
	diags_init(&diags);
	buf_init(&out, BUF_MAX_ANY);
	if (!file_read(path, l->file_bytes, &a, &text, &err)) {
		fprintf(stderr, "rouse fmt: %s\n", err.msg);
	} else if (!rule_file_format(path, text, l, &out, &changed, &diags)) {
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		diag_text_put_all(&b, &diags, l->file_bytes);
		command_write(STDERR_FILENO, buf_str(&b));
		buf_done(&b);
	} else if (changed == 0) {
		status = 0;
	} else {
		printf("%.*s: %zu expression%s%s\n", STR_ARG(path), changed,
		       changed == 1 ? "" : "s", check ? " to format" : " formatted");
		status = check || !write_file(path, buf_str(&out), &a);
	}
	buf_done(&out);
	diags_done(&diags);
	arena_done(&a);
	return status;
}

static int format_files(const struct flag_texts *files, bool check, const struct limits *l)
{
	int status = 0;

	for (size_t i = 0; i < files->n; i++)
		status |= format_file(files->v[i], check, l);
	return status;
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
	} else if (words.n && is_rule_file(words.v[0])) {
		status = format_files(&words, o.check, &l);
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
	.summary = "Prints a PromQL expression in canonical form, or formats rule files in place.",
	.usage = "[FLAGS] [EXPR | - | FILE...]",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
