/*
 * YAML maps into records by table: which keys a map may have, what each is, where it goes. Every
 * mistake (an unknown key, a value of the wrong kind, a bad duration) goes to diags with its place,
 * an unknown key with the nearest known one.
 *
 * A key whose value is nothing (null) leaves the record as it is: defaults are put in before.
 */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/yaml.h"

struct yaml_out;

enum field_kind {
	FIELD_TEXT,	   /* struct str: any scalar as written, copied into the arena */
	FIELD_URL,	   /* struct str: http or https with a host; empty or <secret> passes */
	FIELD_BOOL,	   /* bool */
	FIELD_INT,	   /* int64_t */
	FIELD_DURATION,	   /* ms_t: Prometheus's durations, 1h30m */
	FIELD_GO_DURATION, /* ms_t: Go's durations, 1.5h; not negative */
	FIELD_TEXTS,	   /* struct field_texts: a list of scalars */
	FIELD_LIST,	   /* const struct yaml_node *: the caller reads it; must be a list */
	FIELD_MAP,	   /* the same; must be a map */
	FIELD_NODE,	   /* the same; anything, also nothing */
	FIELD_LATER,	   /* a key of Alertmanager's that rouse does not have yet: refused */
};

struct field_texts {
	struct str *v;
	size_t n;
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t at;    /* where in the record */
	size_t given; /* where a bool stands that tells whether there was a value, plus 1; 0: none
		       */
	/* How it is printed (base/fields_out.h). */
	bool secret;		 /* as <secret> */
	bool always;		 /* also when it is empty, 0 or false */
	const struct field *sub; /* of a map, or of the maps in a list: their keys; NULL: texts */
	size_t n_sub;
	/* Instead: writes key and value, or nothing. `from` is the record, or in a map that is
	 * printed as written the value's node. */
	void (*put)(struct yaml_out *o, const struct field *fd, const void *from);
};

/* FIELD(TEXT, struct thing, url) is the key "url"; FIELD_AS gives another name. More members of
 * struct field may follow: FIELD(TEXT, struct thing, token, .secret = true). */
#define FIELD_AS(kind_, key, type, member, ...) \
	{ \
		.name = (key), .kind = FIELD_##kind_, .at = offsetof(type, member), ##__VA_ARGS__ \
	}
#define FIELD(kind_, type, member, ...) FIELD_AS(kind_, #member, type, member, ##__VA_ARGS__)
/* With has_<member> set when the key is there. */
#define FIELD_GIVEN(kind_, type, member, ...) \
	FIELD(kind_, type, member, .given = offsetof(type, has_##member) + 1, ##__VA_ARGS__)
#define FIELD_SUB(table) .sub = (table), .n_sub = ARRAY_LEN(table)
#define FIELD_REFUSED(key) \
	{ \
		.name = (key), .kind = FIELD_LATER \
	}

/* Who reads: where strings live, where mistakes go. */
struct fields {
	struct arena *arena;
	struct str file;
	struct diags *diags;
	bool ignore_unknown;
};

/* Reads a map; false if a mistake was told. `type` names the map in messages ("type rulefmt.Rule",
 * "route"). A node that is nothing (or NULL) reads as an empty map. */
ATTR_CHECK bool fields_read(const struct fields *f, const struct yaml_node *map, const char *type,
			    const struct field *table, size_t n, void *record);
#define FIELDS_READ(f, map, type, table, record) \
	fields_read((f), (map), (type), (table), ARRAY_LEN(table), (record))

/* Always false; a mistake at a node (NULL: without a place). */
bool fields_error(const struct fields *f, const struct yaml_node *at, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

/* One value as the table would have read it; `what` is the key's name in messages. */
ATTR_CHECK bool fields_text(const struct fields *f, const struct yaml_node *n, const char *what,
			    struct str *out);
ATTR_CHECK bool fields_url(const struct fields *f, const struct yaml_node *n, const char *what,
			   struct str *out);
ATTR_CHECK bool fields_duration(const struct fields *f, const struct yaml_node *n, const char *what,
				ms_t *out);
ATTR_CHECK bool fields_texts(const struct fields *f, const struct yaml_node *n, const char *what,
			     struct field_texts *out);

/* Tells each key of the map that nothing has read or asked for (yaml_get marks keys too), with the
 * nearest of `words`; false if there was one. For maps that several read, together with
 * ignore_unknown. */
bool fields_unseen(const struct fields *f, const struct yaml_node *map, const char *type,
		   const char *words);
/* Whether `word` is one of `words`, which are separated by blanks. */
bool fields_has_word(const char *words, struct str word);
/* The known word that `name` was probably meant to be, or the empty string. `words` are
 * separated by blanks; the result is a slice of them. */
struct str fields_nearest(struct str name, const char *words);

#endif
