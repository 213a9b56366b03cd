/*
 * exec_configs: a command, with the webhook's JSON on stdin. Off unless rouse is started with
 * --receivers.allow-exec: who may change the configuration could run anything.
 */
#include "notify/data.h"
#include "notify/receivers/kinds.h"

#define TEMP_FAIL 75 /* EX_TEMPFAIL of sysexits.h */

struct exec {
	struct field_texts command;
	ms_t timeout;
};

static const struct field FIELDS[] = {
	FIELD(TEXTS, struct exec, command),
	FIELD(GO_DURATION, struct exec, timeout),
};

static const struct exec DEFAULTS = {.timeout = 10 * SECOND};

static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	const struct exec *c = config;

	if (!c->command.n)
		return fields_error(f, e->node,
				    "missing command in exec_config: a list, the "
				    "program's path first");
	if (!str_starts(c->command.v[0], "/"))
		return fields_error(f, yaml_get(e->node, "command"),
				    "the program of a command must be given with its whole path, "
				    "found \"%.*s\"",
				    STR_ARG(c->command.v[0]));
	if (!e->global->allow_exec)
		return fields_error(f, e->node,
				    "commands are off: start rouse with --receivers.allow-exec if "
				    "this one shall run");
	return true;
}

static enum deliver_result build(struct delivery *d, struct now now)
{
	const struct exec *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct str *argv = ARENA_ARRAY(d->arena, struct str, c->command.n);
	struct buf b;

	argv[0] = c->command.v[0];
	for (size_t i = 1; i < c->command.n; i++)
		argv[i] = kind_one_line(d->arena, kind_expand_next(&t, "command", c->command.v[i]));
	buf_init(&b, BUF_MAX_ANY);
	buf_addc(&b, '{');
	data_put_message_json(&b, d->message, d->arena);
	buf_adds(&b, "}\n");
	d->request = (struct io_request){
		.method = STR("EXEC"),
		.url = STR("exec:"),
		.argv = argv,
		.n_argv = c->command.n,
		.body = arena_str(d->arena, buf_str(&b)),
		.timeout = c->timeout,
	};
	buf_done(&b);
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	int code;

	if (!reply)
		return build(d, now);
	if (reply->outcome != IO_REPLIED)
		return receiver_classify(d, now, reply);
	code = reply->status - IO_EXEC_STATUS;
	if (code == 0)
		return DELIVER_SENT;
	if (code != TEMP_FAIL)
		return kind_dead(d, DEAD_MESSAGE, "the command ended with status %d: %.*s", code,
				 (int)MIN(reply->body.n, (size_t)300), reply->body.p);
	err_set(&d->err, -1, "the command wants to be run again later: %.*s",
		(int)MIN(reply->body.n, (size_t)300), reply->body.p);
	return DELIVER_RETRY;
}

const struct receiver_kind RECEIVER_EXEC = {
	.name = "exec",
	.config_key = "exec_configs",
	KIND_CONFIG(struct exec, FIELDS, &DEFAULTS),
	.no_http = true,
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
