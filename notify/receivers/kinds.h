/*
 * The kinds of receivers, and what they share. A kind keeps no state; all it builds lives in the
 * delivery's arena.
 */
#ifndef NOTIFY_RECEIVERS_KINDS_H
#define NOTIFY_RECEIVERS_KINDS_H

#include "base/buf.h"
#include "base/fields_out.h"
#include "base/json.h"
#include "notify/func.h"
#include "notify/message.h"
#include "notify/receiver.h"
#include "template/template.h"

extern const struct receiver_kind RECEIVER_CONSOLE, RECEIVER_DISCORD, RECEIVER_EMAIL,
	RECEIVER_INCIDENTIO, RECEIVER_JIRA, RECEIVER_MATTERMOST, RECEIVER_MSTEAMS,
	RECEIVER_MSTEAMSV2, RECEIVER_OPSGENIE, RECEIVER_PAGERDUTY, RECEIVER_PUSHOVER,
	RECEIVER_ROCKETCHAT, RECEIVER_SLACK, RECEIVER_SNS, RECEIVER_TELEGRAM, RECEIVER_VICTOROPS,
	RECEIVER_WEBEX, RECEIVER_WEBHOOK, RECEIVER_WECHAT, RECEIVER_NTFY, RECEIVER_GOTIFY,
	RECEIVER_MATRIX, RECEIVER_GOOGLECHAT, RECEIVER_ZULIP, RECEIVER_TWILIO, RECEIVER_SMS,
	RECEIVER_SIGNAL, RECEIVER_EXEC, RECEIVER_IRC, RECEIVER_ONCALL;

/* KIND_CONFIG(struct slack, FIELDS, &DEFAULTS): the part of receiver_kind about configuration. */
#define KIND_CONFIG(type, table, before) \
	.fields = (table), .n_fields = ARRAY_LEN(table), .config_size = sizeof(type), \
	.defaults = (before)

/* ---- reading configuration --------------------------------------------------------------- */
/* Exactly one of two keys: "one of X or X_file must be configured", "at most one of X & X_file
 * must be configured". */
ATTR_CHECK bool kind_one_of(const struct fields *f, const struct yaml_node *node, const char *key,
			    struct str value, struct str value_file);
/* At most one of them. */
ATTR_CHECK bool kind_not_both(const struct fields *f, const struct yaml_node *node, const char *key,
			      struct str value, struct str value_file);
/* The syntax of a text that is a template, told at its place. */
ATTR_CHECK bool kind_check_text(const struct fields *f, const struct yaml_node *node,
				const char *key, struct str text);

/* How the maps of a list are read into records. */
struct record_type {
	const char *name; /* in messages */
	const struct field *table;
	size_t n_fields, size;
};
/* A list of maps (NULL: none) as an array of records in the arena, unknown keys refused. */
ATTR_CHECK bool kind_list(const struct fields *f, const struct yaml_node *list,
			  const struct record_type *type, void **out, size_t *n);
/* KIND_LIST(f, list, "slack_field", FIELD_FIELDS, &c->fields, &c->n_fields) */
#define KIND_LIST(f, list, name, table, out, n) \
	kind_list((f), (list), \
		  &(struct record_type){(name), (table), ARRAY_LEN(table), sizeof(**(out))}, \
		  (void **)(out), (n))
/* A map from names to texts (NULL: none), in file order. */
struct kind_pair {
	struct str name, value;
};
ATTR_CHECK bool kind_pairs(const struct fields *f, const struct yaml_node *map, const char *what,
			   struct kind_pair **out, size_t *n);
/* The address with exactly one slash and the path behind it. */
struct str kind_join(struct arena *a, struct str url, const char *path);

/* The entry's http_config with "Authorization: TYPE TOKEN". */
struct http_config *kind_with_authorization(const struct kind_entry *e, const char *type,
					    struct str token, struct str token_file);
/* The same with a bearer token. */
struct http_config *kind_with_token(const struct kind_entry *e, struct str token,
				    struct str token_file);

/* The same with a name and a password. */
struct http_config *kind_with_basic(const struct kind_entry *e, struct str username,
				    struct str password, struct str password_file);

/* ---- texts ------------------------------------------------------------------------------- */
/* The delivery's message from now on has none of these signs in front of a name in values of labels
 * and annotations: a zero-width space stands between. For services where they wake everybody. The
 * list ends with NULL. */
void kind_without_pings(struct delivery *d, const char *const *signs);
/* Expands many texts over the delivery's message; after the first failure (d->err) all are
 * empty and ok is false. */
struct kind_texts {
	struct delivery *d;
	struct now now;
	bool failed;
	int n; /* texts without a key of their own so far */
};
struct str kind_expand(struct kind_texts *t, const char *key, struct str text);
/* The same for one of many, as an entry of a list. */
struct str kind_expand_next(struct kind_texts *t, const char *key, struct str text);
struct str kind_expand_html(struct kind_texts *t, const char *key, struct str text);
/* SHA-256 of the group key in hex: the name under which services know the group. */
struct str kind_dedup_key(const struct delivery *d);

/* At most max runes; what is longer ends in "…" instead of its last one. */
struct str kind_clip(struct arena *a, struct str s, size_t max);
/* At most max bytes; what is longer ends in "…" (three bytes), cut between runes. */
struct str kind_clip_bytes(struct arena *a, struct str s, size_t max);
/* The message in plain words, without templates: one line an alert and one an annotation.
 * Control characters of labels become blanks. */
struct str kind_plain_text(struct arena *a, const struct message *m, size_t max_bytes);
/* Fit for a header: control characters become blanks. */
struct str kind_one_line(struct arena *a, struct str s);
struct str kind_title(struct arena *a, const struct message *m);

/* ---- requests and answers ---------------------------------------------------------------- */
/* Milliseconds to wait by a Retry-After header (seconds, with or without a fraction, or an HTTP
 * date), or -1; within [250 ms, 15 min]. */
ms_t kind_retry_after(struct now now, struct str value);
ms_t kind_clamp_wait(ms_t wait);

/* One more header of the request, in the arena. */
void kind_header(struct delivery *d, const char *name, struct str value);

/* A secret, or the mark for one that stands in a file: the host puts the file's text there, encoded
 * for its place, when it sends. Marks cannot come from labels: they hold a control character, which
 * no JSON, no query and no header that we build has. */
struct str kind_secret(struct delivery *d, struct str value, struct str file, enum io_place place);
/* The same as a member of a JSON object. */
struct json_writer;
void kind_put_secret(struct delivery *d, struct json_writer *w, const char *key, struct str value,
		     struct str file);
/* POST of JSON with Content-Type; `body` ends up in the arena with Go's newline behind it. */
enum deliver_result kind_post_json(struct delivery *d, struct str url, struct buf *body);
/* An answer's body as JSON; NULL: it is none. json_decref is the caller's. */
struct json_t *kind_json(const struct io_reply *reply);
/* Ends a step with DEAD. */
enum deliver_result kind_dead(struct delivery *d, enum dead_scope scope, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

/* Whether a key of a payload arrives; told when the configuration is read. */
bool payload_key_is_text(const struct yaml_node *key);
/* A payload as written in YAML, its texts expanded over the message, as JSON. */
ATTR_CHECK bool kind_payload(struct delivery *d, struct now now, const struct yaml_node *payload,
			     struct buf *out);

#endif
