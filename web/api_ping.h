/* POST /ping/NAME, /ping/NAME/start, /ping/NAME/fail, /ping/NAME/EXITSTATUS; GET
 * /api/rouse/v1/heartbeats. */
#ifndef WEB_API_PING_H
#define WEB_API_PING_H

struct exchange;

void api_ping(struct exchange *x);
void api_rouse_heartbeats(struct exchange *x);

#endif
