/*
 * Style sheet, script, icons: files of web/assets/, embedded when rouse is built. Their ETag is
 * the hash of their content; pages name them with it (?v=...), so that browsers may keep them.
 */
#ifndef WEB_ASSET_H
#define WEB_ASSET_H

#include "web/exchange.h"

void asset_serve(struct exchange *x); /* GET /assets/NAME */
/* assets/NAME?v=HASH, relative to the pages. */
void asset_put_url(struct buf *b, const char *name);

#endif
