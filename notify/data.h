/*
 * The types of Alertmanager's template data: template.Data, Alert, Alerts, KV, Pairs.
 */
#ifndef NOTIFY_DATA_H
#define NOTIFY_DATA_H

#include "base/arena.h"
#include "notify/message.h"
#include "template/template.h"

extern const struct value_type TYPE_KV, TYPE_ALERT, TYPE_ALERTS, TYPE_DATA;

/* "firing", or "resolved" for a resolved alert. */
struct str data_alert_status(const struct message_alert *a);
/* 16 hexadecimal digits. */
struct str data_fingerprint(const struct message_alert *a, struct arena *a_);
/* The name as Alertmanager hands it to templates and webhooks: quoted for regular expressions. */
struct str data_receiver(const struct message *m, struct arena *a);
/* One alert as JSON, in the order and with the escapes of upstream's webhook. */
void data_put_alert_json(struct buf *b, const struct message_alert *a);
/* The members of template.Data, without braces: a webhook's body adds its own. */
void data_put_message_json(struct buf *b, const struct message *m, struct arena *a);
/* A value as encoding/json has it, keys sorted. False: it cannot be told in JSON. */
ATTR_CHECK bool data_put_json(struct buf *b, struct value v, struct arena *a);

#endif
