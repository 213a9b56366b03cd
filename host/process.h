/* This process: its limits, and its measures for /metrics under Prometheus's usual names. */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "base/buf.h"

void process_put_metrics(struct buf *b);
/* As many open files as the system lets it have: many receivers at once need them. */
void process_raise_limits(void);
/* When the process began, on the mono clock: startup is measured from there. */
ms_t process_started(void);

#endif
