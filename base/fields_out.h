/*
 * Records and maps printed as YAML by the tables of base/fields.h: keys in the table's order, what
 * is empty left out (unless `always`), secrets as <secret>, durations in their shortest form. As Go
 * prints structs with `omitempty`.
 */
#ifndef BASE_FIELDS_OUT_H
#define BASE_FIELDS_OUT_H

#include "base/fields.h"
#include "base/http_config.h"
#include "base/yaml_out.h"

/* The pairs of a record, into a map that is open. */
void fields_put(struct yaml_out *o, const struct field *table, size_t n, const void *record);
/* The pairs of a map as it was written, the same way; keys that the table has not are left out. */
void fields_put_map(struct yaml_out *o, const struct field *table, size_t n,
		    const struct yaml_node *map);

/* One value, whatever it is: maps by key, texts and numbers as they are. */
void fields_put_any(struct yaml_out *o, const struct yaml_node *n);
/* For struct field's `put`: the same under its key, of a node in the record or of the node. */
void fields_put_any_of(struct yaml_out *o, const struct field *fd, const void *record);

/* The whole map; secrets are not shown. */
void http_config_put(struct yaml_out *o, const struct http_config *c);
void tls_config_put(struct yaml_out *o, const struct tls_config *c);

#endif
