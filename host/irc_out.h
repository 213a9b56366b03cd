/*
 * One message to IRC: connect, log in, join, speak, wait until the server has read it, leave. It
 * blocks, so it runs in a thread of its own (host/worker.h); it shares nothing with the rest.
 */
#ifndef HOST_IRC_OUT_H
#define HOST_IRC_OUT_H

#include "base/base.h"
#include "base/http_config.h"

struct irc_talk {
	/* in; all owned by whoever made it, until the end */
	struct str host;
	int port;
	bool tls;
	struct tls_config tls_config;
	struct str nick;
	struct str channel;		     /* "#ops", or a nick */
	struct str channel_key;		     /* empty: none */
	struct str password;		     /* of the server; empty: none */
	struct str sasl_user, sasl_password; /* empty: none */
	struct str text;		     /* lines */
	ms_t timeout;
	/* out */
	bool spoke;  /* something was said: it may have been read */
	int numeric; /* the server's refusal (474 ...), or 0 */
	bool ok;
	char error[300];
};

void irc_say(struct irc_talk *t);

#endif
