/* rouse version */
#include <sqlite3.h>
#include <stdio.h>

#include "host/commands.h"
#include "host/lazy_curl.h"
#include "host/lazy_mhd.h"
#include "host/version.h"

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	lazy_curl_load();
	lazy_mhd_load();
	printf("rouse %s\n%s\nlibmicrohttpd/%s\nSQLite/%s\n", ROUSE_VERSION, curl_version(),
	       MHD_get_version(), sqlite3_libversion());
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "Shows the version, and those of the libraries in use.",
	.usage = "",
	.run = run,
};
