/*
 * The daemon: everything of rouse put together and run in one loop until a signal ends it.
 *
 * One turn: events and host timers, core_tick, requests in, requests out, the turn's batch to the
 * commit thread; then sleep until core, web server or a timer wants to be looked at.
 */
#ifndef HOST_DAEMON_H
#define HOST_DAEMON_H

#include "base/base.h"
#include "evaluator/config.h"
#include "host/flags.h"
#include "host/log.h"
#include "notify/matcher.h"

struct daemon_options {
	struct str config_file; /* empty: only args */
	struct config_args args;
	struct str storage_path;
	struct flag_texts listen;
	struct str external_url; /* empty: made from the host's name */
	struct str route_prefix; /* empty: the path of external_url */
	struct str web_config_file;
	ms_t retention;
	enum matcher_mode matcher_mode;
	ms_t dispatch_delay;
	bool allow_exec;				    /* exec_configs may run commands */
	bool runbook_exec;				    /* steps of runbooks may */
	size_t max_silences, silence_bytes, alerts_of_name; /* 0: as struct limits says */
	bool no_cluster;
	enum log_level log_level;
	bool log_json;
	ms_t started; /* mono, when the process began: for the log */
};

/* Runs until SIGTERM or SIGINT; the exit status. */
int daemon_run(const struct daemon_options *o);

#endif
