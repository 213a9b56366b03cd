/* The subcommands: one file each, host/cmd_*.c. */
#ifndef HOST_COMMANDS_H
#define HOST_COMMANDS_H

#include "host/flags.h"

extern const struct command cmd_run, cmd_check, cmd_test, cmd_explain, cmd_silence, cmd_migrate,
	cmd_query, cmd_backtest, cmd_fmt, cmd_version, cmd_incident, cmd_drill, cmd_ack, cmd_page,
	cmd_who, cmd_simulate, cmd_stats, cmd_runbook, cmd_override;

/* Says what is wrong with a command line on stderr; always 2. */
int command_usage_error(const struct command *c, const struct err *err);
/* The help on stdout; always 0. */
int command_help(const struct command *c);
/* The buffer to a descriptor; false if that fails. */
bool command_write(int fd, struct str s);

#endif
