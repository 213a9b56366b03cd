/*
 * From a scalar of a YAML tree back to the bytes it was written with: where in the file does byte
 * 12 of this value stand? Needed to point into expressions and to black out secrets.
 *
 * Value and source are walked side by side; blanks (folding, indentation) count as equal however
 * many there are, escapes of quoted scalars are understood.
 */
#ifndef BASE_YAML_SOURCE_H
#define BASE_YAML_SOURCE_H

#include "base/base.h"
#include "base/yaml.h"

struct yaml_source {
	struct str text; /* borrowed */
	size_t *lines;	 /* where each line begins */
	size_t n, cap;
};

/* One pass over the text. */
void yaml_source_init(struct yaml_source *s, struct str text);
void yaml_source_done(struct yaml_source *s);

/* Line and column (from 1, columns in characters) of a byte of the text. */
void yaml_source_place(const struct yaml_source *s, size_t offset, int *line, int *col);
/* Where byte `at` of the scalar's value is written; at == value.n is the end. False: value and text
 * do not fit together, or the line is longer than a person writes. */
ATTR_CHECK bool yaml_source_of(const struct yaml_source *s, const struct yaml_node *scalar,
			       size_t at, size_t *offset);
/* The bytes [from, to) of the text that make up the scalar, quotes included, without anchor, tag.
 */
ATTR_CHECK bool yaml_source_span(const struct yaml_source *s, const struct yaml_node *scalar,
				 size_t *from, size_t *to);

#endif
