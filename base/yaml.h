/*
 * YAML as a tree with places. libyaml reads events; this builds nodes, resolves aliases and merge
 * keys (<<), refuses duplicate keys, and keeps line and column of every node, so that whoever
 * understands the tree can say where a mistake stands.
 *
 * Limits: bytes, depth and nodes (aliases count each time they are used) come from struct limits.
 *
 * An alias is the same node as its anchor: its place is where the anchor stands. Keys are always
 * scalars (or null, which has the value ""). Keys merged in by << follow the map's own.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_pair;

struct yaml_node {
	enum yaml_kind kind; /* YAML_NULL: plain ~, null or nothing */
	int line, col;	     /* from 1 */
	bool quoted;	     /* a scalar in quotes or a block: always a string */
	bool block;	  /* a literal or folded block scalar: its text starts on the next line */
	int indent;	  /* of a block scalar's text: columns before it (0: unknown) */
	struct str tag;	  /* explicit tag, or empty */
	struct str value; /* of a scalar; NULL has "" */
	struct yaml_node **items; /* of a list */
	struct yaml_pair *pairs;  /* of a map, in file order */
	size_t n;		  /* items or pairs */
};

struct yaml_pair {
	struct yaml_node *key, *value;
	bool seen; /* set by yaml_get and friends: keys never asked for are unknown */
};

/* The first document of `text`; *more tells whether others follow (they are not read). *root is
 * NULL for an empty file. Errors have line and column, the words are for people. */
ATTR_CHECK bool yaml_parse(struct str text, const struct limits *l, struct arena *a,
			   struct yaml_node **root, bool *more, struct err *err);

/* The tree with its texts, in the arena. */
struct yaml_node *yaml_copy(struct arena *a, const struct yaml_node *n);
/* The value of a key, or NULL; marks it as seen. A key with a null value gives that node. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Scalars in YAML 1.1's words; false if the node is something else (or NULL). A quoted scalar is no
 * number and no bool; null is no text. */
bool yaml_is_str(const struct yaml_node *n, struct str *out); /* any scalar, as written */
bool yaml_is_bool(const struct yaml_node *n, bool *out);      /* true false yes no on off y n */
bool yaml_is_int(const struct yaml_node *n, int64_t *out);
/* "a list", "a map", "text", "nothing": for messages. */
const char *yaml_kind_name(const struct yaml_node *n);
/* Tells each key of the map that nobody asked for: `field NAME not found in TYPE`. After it all
 * keys count as not asked for again: an alias may bring the map to somebody else. */
void yaml_unknown_keys(const struct yaml_node *map, const char *type, struct str file,
		       struct diags *diags);

#endif
