/*
 * YAML written as Go's yaml.v2 writes it (block style, map keys as they come, lines folded at 80
 * columns), so that what rouse prints and what Prometheus's family prints are the same bytes.
 * libyaml is the emitter that yaml.v2 was translated from; the choice of quotes is yaml.v2's own.
 */
#ifndef BASE_YAML_OUT_H
#define BASE_YAML_OUT_H

#include "base/base.h"
#include "base/buf.h"

struct yaml_out;

struct yaml_out *yaml_out_new(struct buf *to);
/* Ends the document; false if it was not one whole value, or `to` was full. */
ATTR_CHECK bool yaml_out_end(struct yaml_out *o);
void yaml_out_free(struct yaml_out *o); /* NULL is fine */
OWNED_DEFINE(yaml_out)

/* In a map keys and values come in turns; a key is a text. */
void yaml_out_map(struct yaml_out *o);
void yaml_out_map_end(struct yaml_out *o);
void yaml_out_list(struct yaml_out *o);
void yaml_out_flow_list(struct yaml_out *o); /* [a, b] */
void yaml_out_list_end(struct yaml_out *o);
/* A string: quoted where it would read as something else, a block if it has lines. */
void yaml_out_text(struct yaml_out *o, struct str s);
void yaml_out_key(struct yaml_out *o, const char *key);
/* Numbers, bools, null: as they are. */
void yaml_out_plain(struct yaml_out *o, struct str s);
void yaml_out_bool(struct yaml_out *o, bool v);

#endif
