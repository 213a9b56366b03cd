/* Subcommands by name, help, and what they share. */
#include "host/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fields.h"
#include "host/main.h"

static int run_help(int argc, char **argv);

static const struct command cmd_help = {
	.name = "help",
	.summary = "Shows the commands, or one command's flags.",
	.usage = "[COMMAND]",
	.run = run_help,
};

static const struct command *const commands[] = {&cmd_run,	&cmd_check,    &cmd_test,
						 &cmd_explain,	&cmd_silence,  &cmd_migrate,
						 &cmd_incident, &cmd_ack,      &cmd_page,
						 &cmd_who,	&cmd_override, &cmd_simulate,
						 &cmd_stats,	&cmd_drill,    &cmd_runbook,
						 &cmd_query,	&cmd_backtest, &cmd_fmt,
						 &cmd_version,	&cmd_help};

bool command_write(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return false;
		s = str_from(s, (size_t)n);
	}
	return true;
}

int command_usage_error(const struct command *c, const struct err *err)
{
	fprintf(stderr, "rouse %s: %s\n", c->name, err->msg);
	return 2;
}

int command_help(const struct command *c)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	flags_put_help(c, &b);
	command_write(STDOUT_FILENO, buf_str(&b));
	buf_done(&b);
	return 0;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static void put_commands(FILE *to)
{
	fputs("rouse evaluates Prometheus rules beside a Prometheus and pages people.\n\n"
	      "usage: rouse COMMAND [FLAGS]\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nrouse help COMMAND shows a command's flags.\n", to);
}

static int unknown(const char *name)
{
	struct buf words;
	struct str near;

	buf_init(&words, 1000);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_printf(&words, "%s%s", i ? " " : "", commands[i]->name);
	near = fields_nearest(str_of(name), buf_cstr(&words));
	if (near.n)
		fprintf(stderr, "rouse: unknown command %s, did you mean %.*s?\n", name,
			STR_ARG(near));
	else
		fprintf(stderr, "rouse: unknown command %s: there are %s\n", name,
			buf_cstr(&words));
	buf_done(&words);
	return 2;
}

static int run_help(int argc, char **argv)
{
	const struct command *c = argc > 1 ? find(argv[1]) : NULL;

	if (c)
		return command_help(c);
	if (argc > 1)
		return unknown(argv[1]);
	put_commands(stdout);
	return 0;
}

int rouse_main(int argc, char **argv)
{
	if (argc < 2) {
		put_commands(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		put_commands(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version.run(1, argv + 1);

	const struct command *c = find(argv[1]);

	if (!c)
		return unknown(argv[1]);
	if (flags_want_help(argc - 1, argv + 1))
		return command_help(c);
	return c->run(argc - 1, argv + 1);
}
