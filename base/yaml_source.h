/*
 * From a scalar of a YAML tree back to the bytes it was written with: where in the file does byte
 * 12 of this value stand? Needed to point into expressions and to black out secrets.
 *
 * Value and source are walked side by side; blanks (folding, indentation) count as equal however
 * many there are, escapes of quoted scalars are understood. Where the two do not fit together the
 * answer is the place of the node.
 */
#ifndef BASE_YAML_SOURCE_H
#define BASE_YAML_SOURCE_H

#include "base/base.h"
#include "base/yaml.h"

/* The byte of `text` at a line and column (from 1, columns in characters); text.n past the end. */
size_t yaml_source_offset(struct str text, int line, int col);
/* Line and column (in characters) of a byte of the text. */
void yaml_source_place(struct str text, size_t offset, int *line, int *col);

/* Where byte `at` of the scalar's value is written; at == value.n is the end. */
bool yaml_source_of(struct str text, const struct yaml_node *scalar, size_t at, size_t *offset);
/* The bytes [from, to) of the text that make up the scalar, quotes included, without anchor, tag.
 */
bool yaml_source_span(struct str text, const struct yaml_node *scalar, size_t *from, size_t *to);

#endif
