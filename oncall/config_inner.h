/* Inside oncall/: what the readers of people, schedules and policies share. */
#ifndef ONCALL_CONFIG_INNER_H
#define ONCALL_CONFIG_INNER_H

#include "base/fields.h"
#include "oncall/config.h"

struct oncall_reader {
	struct fields fields; /* its arena is the configuration's */
	struct oncall_config *config;
	const struct oncall_source *source;
	const struct yaml_node *defaults; /* of contacts, by kind; NULL: none */
};

/* Letters, digits, '_', '.', '-', at most 100, not "nobody": else told. */
ATTR_CHECK bool oncall_read_name(const struct oncall_reader *r, const struct yaml_node *key,
				 const char *what);
/* A name or a list of names of people; `nobody` counts as none where it is allowed. */
ATTR_CHECK bool oncall_read_people(const struct oncall_reader *r, const struct yaml_node *n,
				   const struct person ***out, size_t *count);
/* UTC if absent. */
ATTR_CHECK bool oncall_read_zone(const struct oncall_reader *r, const struct yaml_node *at,
				 struct str name, struct tz **out);
/* "09:00", "24:00" too, to minutes. */
ATTR_CHECK bool oncall_minutes(struct str s, int *out);
/* An unknown name, with the nearest one; always false. `words` are separated by blanks. */
bool oncall_unknown(const struct oncall_reader *r, const struct yaml_node *at, const char *what,
		    struct str name);
void oncall_warn(const struct oncall_reader *r, int line, int col, const char *fmt, ...)
	ATTR_PRINTF(4, 5);

/* `holidays` of a schedule: a file or a list of them. */
ATTR_CHECK bool oncall_read_holidays(const struct oncall_reader *r, const struct yaml_node *n,
				     struct schedule *s);
/* `calendar` of a layer, on the clocks of a zone. */
ATTR_CHECK bool oncall_read_calendar(const struct oncall_reader *r, const struct yaml_node *n,
				     const struct tz *tz, struct layer *l);
ATTR_CHECK bool oncall_read_schedule(const struct oncall_reader *r, const struct yaml_pair *p,
				     struct schedule *out);
ATTR_CHECK bool oncall_read_policy(const struct oncall_reader *r, const struct yaml_pair *p,
				   struct policy *out);
/* "weekly", "Mon 09:00": turns from the first such time at `since` or later on. `n` is the map that
 * says it. */
struct oncall_clock {
	struct str unit, at;
	ms_t since;
};
ATTR_CHECK bool oncall_read_clock(const struct oncall_reader *r, const struct yaml_node *n,
				  const struct oncall_clock *c, struct rotation *out);

/* After the policies. */
ATTR_CHECK bool oncall_read_drill(const struct oncall_reader *r, const struct yaml_pair *p,
				  struct drill *out);
ATTR_CHECK bool oncall_read_form(const struct oncall_reader *r, const struct yaml_pair *p,
				 struct form *out);

#endif
