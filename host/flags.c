/* Command lines by table: see flags.h. */
#include "host/flags.h"

#include <string.h>

#include "base/fields.h"
#include "base/num.h"

#define HELP_WIDTH 96
#define HELP_INDENT 8

struct reader {
	const struct command *c;
	struct arena *a;
	void *record;
	struct err *err;
	char **argv;
	int argc, at; /* the word that is looked at */
};

static void *place(const struct reader *r, const struct flag *f)
{
	return (char *)r->record + f->at;
}

static bool is_choice(struct str choices, struct str value)
{
	while (choices.n) {
		ptrdiff_t blank = str_find_char(choices, ' ');
		struct str one = blank < 0 ? choices : str_cut(choices, 0, (size_t)blank);

		if (str_eq(one, value))
			return true;
		choices = str_from(choices, one.n + 1);
	}
	return false;
}

static void add_text(struct arena *a, struct flag_texts *t, struct str value)
{
	struct str *v = ARENA_ARRAY(a, struct str, t->n + 1);

	if (t->n)
		memcpy(v, t->v, t->n * sizeof(*v));
	v[t->n++] = value;
	t->v = v;
}

static bool set_value(struct reader *r, const struct flag *f, struct str value)
{
	struct err why;

	if (f->choices && !is_choice(str_of(f->choices), value))
		return err_set(r->err, -1, "--%s cannot be \"%.*s\": it is one of %s", f->name,
			       STR_ARG(value), f->choices);
	switch (f->kind) {
	case FLAG_TEXT: *(struct str *)place(r, f) = value; return true;
	case FLAG_TEXTS:
	case FLAG_GLOBS: add_text(r->a, place(r, f), value); return true;
	case FLAG_SWITCH: *(bool *)place(r, f) = str_is(value, "true"); return true;
	case FLAG_DURATION:
		if (num_duration(value, place(r, f), &why))
			return true;
		return err_set(r->err, -1, "--%s: %s", f->name, why.msg);
	}
	return false;
}

static const struct flag *find(const struct command *c, struct str name)
{
	for (size_t i = 0; i < c->n_flags; i++) {
		if (str_is(name, c->flags[i].name))
			return &c->flags[i];
	}
	return NULL;
}

static bool unknown(struct reader *r, struct str name)
{
	struct buf words;
	struct str near;

	buf_init(&words, 65536);
	for (size_t i = 0; i < r->c->n_flags; i++)
		buf_printf(&words, "%s%s", i ? " " : "", r->c->flags[i].name);
	near = fields_nearest(name, buf_cstr(&words));
	if (near.n)
		err_set(r->err, -1, "unknown flag --%.*s, did you mean --%.*s?", STR_ARG(name),
			STR_ARG(near));
	else
		err_set(r->err, -1, "unknown flag --%.*s (rouse %s --help lists them)",
			STR_ARG(name), r->c->name);
	buf_done(&words);
	return false;
}

static bool set_switch(struct reader *r, const struct flag *f, struct str value, bool given)
{
	if (!given)
		value = STR("true");
	if (!str_is(value, "true") && !str_is(value, "false"))
		return err_set(r->err, -1, "--%s is a switch: true or false, not \"%.*s\"", f->name,
			       STR_ARG(value));
	return set_value(r, f, value);
}

/* The words behind a flag that takes many. */
static bool take_more(struct reader *r, const struct flag *f)
{
	while (r->at + 1 < r->argc && r->argv[r->at + 1][0] != '-') {
		if (!set_value(r, f, str_of(r->argv[++r->at])))
			return false;
	}
	return true;
}

static bool read_flag(struct reader *r, struct str text)
{
	ptrdiff_t eq = str_find_char(text, '=');
	struct str name = eq < 0 ? text : str_cut(text, 0, (size_t)eq);
	struct str value = eq < 0 ? (struct str){0} : str_from(text, (size_t)eq + 1);
	const struct flag *f = find(r->c, name);

	if (!f && str_starts(name, "no-") && eq < 0) {
		f = find(r->c, str_from(name, 3));
		if (f && f->kind == FLAG_SWITCH)
			return set_value(r, f, STR("false"));
		f = NULL;
	}
	if (!f)
		return unknown(r, name);
	if (f->kind == FLAG_SWITCH)
		return set_switch(r, f, value, eq >= 0);
	if (eq < 0) {
		if (r->at + 1 >= r->argc)
			return err_set(r->err, -1, "--%s needs a value: --%s=%s", f->name, f->name,
				       f->value);
		value = str_of(r->argv[++r->at]);
	}
	return set_value(r, f, value) && (f->kind != FLAG_GLOBS || take_more(r, f));
}

static bool set_defaults(struct reader *r)
{
	for (size_t i = 0; i < r->c->n_flags; i++) {
		const struct flag *f = &r->c->flags[i];

		if (f->fallback && !set_value(r, f, str_of(f->fallback)))
			return false;
	}
	return true;
}

bool flags_parse(const struct command *c, int argc, char **argv, struct arena *a, void *record,
		 struct flag_texts *rest, struct err *err)
{
	struct reader r =
		{.c = c, .a = a, .record = record, .err = err, .argv = argv, .argc = argc};
	bool only_words = false;

	*rest = (struct flag_texts){0};
	if (!set_defaults(&r))
		return false;
	for (r.at = 1; r.at < argc; r.at++) {
		struct str word = str_of(argv[r.at]);

		if (!only_words && str_is(word, "--"))
			only_words = true;
		else if (only_words || !str_starts(word, "-") || str_is(word, "-"))
			add_text(a, rest, word);
		else if (!str_starts(word, "--"))
			return err_set(err, -1, "unknown flag %s: flags begin with two dashes",
				       argv[r.at]);
		else if (!read_flag(&r, str_from(word, 2)))
			return false;
	}
	return true;
}

bool flags_want_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* Words, broken into lines. */
static void put_wrapped(struct buf *b, struct str text)
{
	size_t width = HELP_WIDTH - HELP_INDENT;

	while (text.n) {
		size_t n = MIN(text.n, width);

		while (n < text.n && n > 0 && text.p[n] != ' ')
			n--;
		if (n == 0)
			n = MIN(text.n, width);
		buf_fill(b, ' ', HELP_INDENT);
		buf_add(b, str_cut(text, 0, n));
		buf_addc(b, '\n');
		text = str_trim(str_from(text, n));
	}
}

void flags_put_help(const struct command *c, struct buf *b)
{
	buf_printf(b, "usage: rouse %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage,
		   c->summary);
	if (c->n_flags)
		buf_adds(b, "\nFlags:\n");
	for (size_t i = 0; i < c->n_flags; i++) {
		const struct flag *f = &c->flags[i];

		buf_printf(b, "  --%s%s%s", f->name, f->value ? "=" : "", f->value ? f->value : "");
		if (f->fallback && *f->fallback)
			buf_printf(b, "  (default %s)", f->fallback);
		if (f->choices)
			buf_printf(b, "  (one of: %s)", f->choices);
		buf_addc(b, '\n');
		put_wrapped(b, str_of(f->help));
	}
}
