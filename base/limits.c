/* The limits of the daemon. */
#include "base/limits.h"

void limits_default(struct limits *l)
{
	*l = (struct limits){
		.file_bytes = 16u << 20,
		.yaml_depth = 100,
		.yaml_nodes = 2000000,
		.expr_bytes = 1u << 20,
		.expr_depth = 500,
		.template_depth = 100,
		.template_steps = 1000000,
		.template_bytes = 256u << 10,
		.reply_bytes = (size_t)512 << 20,
		.reply_series = 1000000,
		.rules = 200000,
		.runbooks = 1000,
		.runbook_bytes = 128u << 10,
		.runbook_steps = 200,
		.posted_alerts = 1000000,
		.outbox_rows = 100000,
		.history_rows = 1000,
		.event_rows = 10000,
		.http_body_bytes = 4u << 20,
		.http_clients = 256,
		.event_streams = 64,
		.calendar_events = 10000,
		.calendar_spans = 50000,
	};
}
