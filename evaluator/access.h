/*
 * `access:` of rouse.yml: who may what over HTTP. Who somebody is comes from a password (the host's
 * web.yml), from the header of a proxy that is trusted, or from a token; what they may is here.
 */
#ifndef EVALUATOR_ACCESS_H
#define EVALUATOR_ACCESS_H

#include "base/base.h"
#include "base/err.h"

/* A set of these is what somebody may. */
enum permit {
	PERMIT_READ = 1,    /* pages, queries, metrics */
	PERMIT_RESPOND = 2, /* incidents, silences, the plan */
	PERMIT_ALERTS = 4,  /* post alerts */
	PERMIT_EVENTS = 8,  /* post deploy marks */
	PERMIT_PINGS = 16,  /* heartbeats */
	PERMIT_ADMIN = 32,  /* reload, drills, the audit log */
	PERMIT_ALL = 63,
};
const char *permit_name(enum permit p); /* "respond" */
unsigned permit_of(struct str name);	/* 0: there is none of that name */

struct access_user {
	struct str name, role;
	unsigned permits;
};

struct access_token {
	struct str name;
	struct str secret; /* its SHA-256, 32 bytes */
	unsigned permits;
};

struct access_net {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};

struct access {
	struct access_user *users;
	size_t n_users;
	struct access_token *tokens;
	size_t n_tokens;
	unsigned others;	 /* whoever is known by name, but not in users */
	unsigned anonymous;	 /* whoever is nobody */
	struct str proxy_header; /* lower case; empty: no proxy is trusted */
	struct access_net *proxies;
	size_t n_proxies;
};

/* NULL: there is no such token. */
const struct access_token *access_token_find(const struct access *a, struct str secret);
/* Whether a request from that address may name a user in its proxy_header. */
bool access_trusts(const struct access *a, struct str address);
unsigned access_user_permits(const struct access *a, struct str user);
/* An address in text as in struct access_net. */
ATTR_CHECK bool access_address(struct str text, unsigned char out[16], bool *v4);

#endif
