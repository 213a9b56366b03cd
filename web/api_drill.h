/* Drills over HTTP. */
#ifndef WEB_API_DRILL_H
#define WEB_API_DRILL_H

struct exchange;

/* POST {"person": NAME} or {"policy": NAME}, "by": begins one. */
void api_rouse_drill(struct exchange *x);
/* GET .../drill/NUMBER: what became of the pages of a person's drill. */
void api_rouse_drill_one(struct exchange *x);

#endif
