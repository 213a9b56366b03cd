/* Deploy marks: told by CI, listed for people. */
#ifndef WEB_API_MARKS_H
#define WEB_API_MARKS_H

struct buf;
struct exchange;
struct mark;

void api_rouse_events(struct exchange *x);
/* GET is the event stream, POST a deploy mark. */
void api_events(struct exchange *x);
/* One as a JSON object. */
void mark_put_json(struct buf *b, const struct mark *m);

#endif
