/*
 * Users and bcrypt: a password costs 50 to 200 ms to check, so that is done by a worker and what
 * was found right is remembered (as a hash of all three: user, bcrypt hash, password).
 */
#ifndef HOST_BASIC_AUTH_H
#define HOST_BASIC_AUTH_H

#include "base/arena.h"
#include "base/base.h"
#include "host/web_config.h"
#include "host/worker.h"

struct basic_auth;
struct auth_check;

#define AUTH_REMEMBERED 100 /* then all are forgotten */
#define AUTH_OPEN 32	    /* checks at once; more are refused with 503 */

enum auth_result { AUTH_GOOD, AUTH_BAD, AUTH_WAIT, AUTH_BUSY };

struct basic_auth *basic_auth_new(struct worker *jobs);
void basic_auth_free(struct basic_auth *b); /* checks that still run must be dropped before */

/* What an Authorization header is worth. AUTH_WAIT: done(arg, ok) comes from the loop, unless
 * *check is given to basic_auth_drop before. */
enum auth_result basic_auth_check(struct basic_auth *b, const struct web_config *c,
				  struct str header, void (*done)(void *arg, bool ok), void *arg,
				  struct auth_check **check);
void basic_auth_drop(struct auth_check *check);

/* "Basic dXNlcjpwYXNz" to its two halves. */
ATTR_CHECK bool basic_auth_split(struct str header, struct arena *a, struct str *user,
				 struct str *password);

#endif
