/*
 * OAuth2 client credentials: a token for each client, asked for over HTTP when it is needed and
 * kept until shortly before it ends.
 */
#ifndef HOST_OAUTH2_H
#define HOST_OAUTH2_H

#include "base/base.h"
#include "base/err.h"
#include "base/http_config.h"
#include "base/io.h"

struct http_out;
struct oauth2;
struct token;

/* Embedded in who waits; done comes from the loop. */
struct token_wait {
	/* token is borrowed for the call; empty: error says why. */
	void (*done)(struct token_wait *w, struct now now, struct str token, struct str error);
	struct token *token; /* NULL: not waiting */
	struct token_wait *next;
	struct token_wait **link;
};

struct oauth2 *oauth2_new(struct http_out *h);
void oauth2_free(struct oauth2 *o);
/* True: *token is set (borrowed until the next turn). False: w waits. */
bool oauth2_ask(struct oauth2 *o, struct token_wait *w, struct now now,
		const struct oauth2_config *c, struct str *token);
void oauth2_drop(struct token_wait *w);
/* The token was refused: the next one is asked for anew. */
void oauth2_refused(struct oauth2 *o, const struct oauth2_config *c);

#endif
