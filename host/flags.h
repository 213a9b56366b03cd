/*
 * Command lines by table: which flags a command has, where their values go. `--flag=value` and
 * `--flag value` are the same; a switch is `--flag` or `--no-flag`; `--` ends the flags. An
 * unknown flag is an error that names the nearest known one.
 */
#ifndef HOST_FLAGS_H
#define HOST_FLAGS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum flag_kind {
	FLAG_TEXT,     /* struct str */
	FLAG_TEXTS,    /* struct flag_texts: may be given several times */
	FLAG_GLOBS,    /* the same, and one flag takes all words up to the next flag (a shell may
			* have expanded a pattern) */
	FLAG_SWITCH,   /* bool */
	FLAG_DURATION, /* ms_t, in Prometheus's grammar */
};

struct flag_texts {
	struct str *v;
	size_t n;
};

struct flag {
	const char *name;  /* without the dashes */
	const char *value; /* what the value is called in the help; NULL: a switch */
	enum flag_kind kind;
	size_t at;	      /* in the record */
	const char *choices;  /* separated by blanks; NULL: anything */
	const char *fallback; /* the default, as text; NULL: the record keeps what it has */
	const char *help;
};

struct command {
	const char *name, *summary;
	const char *usage; /* behind "rouse NAME" */
	const struct flag *flags;
	size_t n_flags;
	/* Returns the exit status. argv[0] is the command's name. */
	int (*run)(int argc, char **argv);
};

#define FLAG(name, value, kind, type, member, help) \
	{ \
		(name), (value), FLAG_##kind, offsetof(type, member), NULL, NULL, (help) \
	}
#define FLAG_DEFAULT(name, value, kind, type, member, fallback, help) \
	{ \
		(name), (value), FLAG_##kind, offsetof(type, member), NULL, (fallback), (help) \
	}

/* Reads argv[1..] into the record; what is no flag goes to *rest. */
ATTR_CHECK bool flags_parse(const struct command *c, int argc, char **argv, struct arena *a,
			    void *record, struct flag_texts *rest, struct err *err);
/* Whether --help or -h is among them (before `--`). */
bool flags_want_help(int argc, char **argv);
void flags_put_help(const struct command *c, struct buf *b);

#endif
