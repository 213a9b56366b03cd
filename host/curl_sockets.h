/*
 * One CURLM in the loop: its sockets, its timer, and what is finished.
 *
 * curl forgets a socket each time a request on it is over and asks for it again with the next.
 * A connection that only rests stays in the epoll meanwhile; that saves two system calls a
 * request. It is taken out when it becomes readable while nobody uses it (the server closed it).
 */
#ifndef HOST_CURL_SOCKETS_H
#define HOST_CURL_SOCKETS_H

#include "host/lazy_curl.h"

#include "base/base.h"
#include "host/loop.h"

struct curl_sockets;

struct curl_sockets *curl_sockets_new(struct loop *l, long max_connections);
void curl_sockets_free(struct curl_sockets *s);
/* The handle gets the options that let us see its sockets close. */
void curl_sockets_add(struct curl_sockets *s, CURL *curl);
/* Not inside one of curl's callbacks. */
void curl_sockets_remove(struct curl_sockets *s, CURL *curl);
/* Whether we are inside one of curl's callbacks. */
bool curl_sockets_busy(const struct curl_sockets *s);
/* Lets curl work on what was added and on timers that are due. */
void curl_sockets_kick(struct curl_sockets *s);
/* The next handle that is finished (still added), or NULL. */
CURL *curl_sockets_finished(struct curl_sockets *s, CURLcode *code);

#endif
