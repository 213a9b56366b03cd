/*
 * Names to addresses with c-ares, in the loop. Literal addresses and localhost need no lookup
 * (dns_needed), /etc/hosts is read by c-ares.
 *
 * A name's addresses are kept for their TTL (5 s to 5 min). Older ones are asked for anew; when no
 * answer has come after half a second, or the lookup fails, the last good addresses are used: a
 * dead DNS server must not keep a page from going out. Nothing blocks.
 */
#ifndef HOST_DNS_H
#define HOST_DNS_H

#include "base/base.h"
#include "host/loop.h"

struct dns;
struct dns_name;

/* Embedded in who waits. done comes from the loop, never inside dns_ask. */
struct dns_query {
	/* addresses: "192.0.2.1,[2001:db8::1]", borrowed for the call; empty: error says why. */
	void (*done)(struct dns_query *q, struct now now, struct str addresses, struct str error);
	struct dns_name *name; /* NULL: not waiting */
	struct dns_query *next;
	struct dns_query **link;
	struct timer impatient;
};

struct dns *dns_new(struct loop *l);
void dns_free(struct dns *d); /* nobody may wait any more */
/* Instead of /etc/resolv.conf: "127.0.0.1:5353" (tests). */
void dns_use_servers(struct dns *d, const char *csv);

bool dns_needed(struct str host);
/* True: *addresses is set, borrowed until the next turn. False: q waits and done will come. */
bool dns_ask(struct dns *d, struct dns_query *q, struct now now, struct str host,
	     struct str *addresses);
void dns_drop(struct dns *d, struct dns_query *q);

#endif
