/* IRC as a transfer: the dialogue runs in a thread, its end comes back to the loop. */
#ifndef HOST_TALK_OUT_H
#define HOST_TALK_OUT_H

#include "base/err.h"

struct transfer;
struct talk_run;
struct worker;

/* How it went, once, from the loop; not after talk_drop. */
typedef void talk_done(struct transfer *t, const struct talk_run *r);

/* The request's url is irc://host:port or ircs://; its headers say the rest: Nick, Channel,
 * Channel-Key, Password, Sasl-User, Sasl-Password. NULL: it cannot be, err says why. */
struct talk_run *talk_start(struct transfer *t, struct worker *w, talk_done *done, struct err *err);
/* Nobody waits for it any more; it goes away by itself. */
void talk_drop(struct talk_run *r);
const struct irc_talk *talk_result(const struct talk_run *r);

#endif
