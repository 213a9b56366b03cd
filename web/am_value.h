/*
 * JSON of a request as a tree in an arena, one pass over the text. What is wrong is said in the
 * words of Go's encoding/json, which clients of Alertmanager's API see; as there, invalid UTF-8
 * and lone surrogates become U+FFFD, and of equal keys the last one counts.
 */
#ifndef WEB_AM_VALUE_H
#define WEB_AM_VALUE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum am_kind { AM_NULL, AM_FALSE, AM_TRUE, AM_NUMBER, AM_STRING, AM_LIST, AM_OBJECT };

struct am_member;

struct am_value {
	enum am_kind kind;
	struct str text; /* of a string, unescaped; of a number, as written */
	struct am_value *items;
	struct am_member *members;
	size_t n; /* items or members */
};

struct am_member {
	struct str name;
	struct am_value value;
};

/* Reads the first value of the text, which is borrowed. False: err has what Go says; what follows
 * is not looked at. */
ATTR_CHECK bool am_value_read(struct str text, struct arena *a, struct am_value *out,
			      struct err *err);
/* NULL: absent, or no object. */
const struct am_value *am_member(const struct am_value *object, const char *name);
/* "object", "number": how Go names what a value is. */
const char *am_kind_name(const struct am_value *v);

#endif
