/*
 * The kinds of receivers, and what they share. A kind keeps no state; all it builds lives in the
 * delivery's arena.
 */
#ifndef NOTIFY_RECEIVERS_KINDS_H
#define NOTIFY_RECEIVERS_KINDS_H

#include "base/buf.h"
#include "base/fields.h"
#include "notify/func.h"
#include "notify/message.h"
#include "notify/receiver.h"

extern const struct receiver_kind RECEIVER_WEBHOOK, RECEIVER_DISCORD, RECEIVER_EMAIL,
	RECEIVER_CONSOLE;

/* Exactly one of two keys: "one of X or X_file must be configured", "at most one of X & X_file
 * must be configured". */
ATTR_CHECK bool kind_one_of(const struct fields *f, const struct yaml_node *node, const char *key,
			    struct str value, struct str value_file);
/* The syntax of a text that is a template, told at its place. */
ATTR_CHECK bool kind_check_text(const struct fields *f, const struct yaml_node *node,
				const char *key, struct str text);

/* At most max runes; what is longer ends in "…" instead of its last one. */
struct str kind_clip(struct arena *a, struct str s, size_t max);
/* The message in plain words, without templates: one line an alert and one an annotation.
 * Control characters of labels become blanks. */
struct str kind_plain_text(struct arena *a, const struct message *m, size_t max_bytes);
struct str kind_title(struct arena *a, const struct message *m);

/* Milliseconds to wait by a Retry-After header (seconds, with or without a fraction, or an HTTP
 * date), or -1; within [250 ms, 15 min]. */
ms_t kind_retry_after(struct now now, struct str value);
ms_t kind_clamp_wait(ms_t wait);

/* The request's header list, in the arena; NULL values are left out. */
struct kind_headers {
	struct io_header *v;
	size_t n;
};
void kind_header(struct delivery *d, struct kind_headers *h, const char *name, struct str value);

/* Ends a step with DEAD. */
enum deliver_result kind_dead(struct delivery *d, enum dead_scope scope, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

/* A payload as written in YAML, its texts expanded over the message, as JSON. */
ATTR_CHECK bool kind_payload(struct delivery *d, struct now now, const struct yaml_node *payload,
			     struct buf *out);

#endif
