/*
 * Pages as lines of text on rouse's standard output: for trying things out, and for the journal
 * of a service manager. Nothing can go wrong but the pipe.
 */
#include "notify/receivers/kinds.h"

#define CONSOLE_MAX ((size_t)16 << 10)

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{

	if (reply)
		return receiver_classify(d, now, reply);
	d->request = (struct io_request){
		.method = STR("POST"),
		.url = STR("console:"),
		.body = arena_printf(d->arena, "%.*s -> %.*s\n%.*s",
				     STR_ARG(kind_title(d->arena, d->message)),
				     STR_ARG(d->message->receiver),
				     STR_ARG(kind_plain_text(d->arena, d->message, CONSOLE_MAX))),
	};
	kind_header(d, "Content-Type", STR("text/plain; charset=utf-8"));
	return DELIVER_REQUEST;
}

const struct receiver_kind RECEIVER_CONSOLE = {
	.name = "console",
	.config_key = "console_configs",
	.no_http = true,
	.send_resolved = true,
	.step = step,
	.parallel = 1,
};
