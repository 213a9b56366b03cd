/* Measures of this process, from /proc. */
#include "host/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"
#include "host/loop.h"
#include "host/version.h"

#define STAT_FIELDS 24

/* The fields of /proc/self/stat from the third on; v[i] is field i + 3. */
static bool read_stat(uint64_t *v, size_t n)
{
	char text[1024];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *at;

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	at = strrchr(text, ')'); /* the name may hold anything */
	for (size_t i = 0; i < n; i++) {
		at = at ? strchr(at, ' ') : NULL;
		if (!at)
			return false;
		v[i] = strtoull(++at, NULL, 10);
	}
	return true;
}

static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n > 3 ? n - 3 : 0; /* without ., .. and the folder itself */
}

static void put(struct buf *b, const char *name, const char *type, const char *help, double v)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
	num_put_float(b, v, 'g', -1);
	buf_addc(b, '\n');
}

ms_t process_started(void)
{
	uint64_t v[STAT_FIELDS];
	ms_t tick = 1000 / MAX(sysconf(_SC_CLK_TCK), 1L);

	return read_stat(v, STAT_FIELDS) ? (ms_t)v[19] * tick : loop_clocks().mono;
}

void process_put_metrics(struct buf *b)
{
	uint64_t v[STAT_FIELDS] = {0};
	struct now now = loop_clocks();
	struct rusage u;
	struct rlimit fds = {0};
	double cpu;

	getrusage(RUSAGE_SELF, &u);
	getrlimit(RLIMIT_NOFILE, &fds);
	cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	put(b, "process_cpu_seconds_total", "counter",
	    "Total user and system CPU time spent in seconds.", cpu);
	put(b, "process_open_fds", "gauge", "Number of open file descriptors.", count_fds());
	put(b, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
	    (double)fds.rlim_cur);
	if (read_stat(v, STAT_FIELDS)) {
		put(b, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
		    (double)v[20]);
		put(b, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
		    (double)v[21] * (double)sysconf(_SC_PAGESIZE));
		put(b, "process_start_time_seconds", "gauge",
		    "Start time of the process since unix epoch in seconds.",
		    (double)(now.wall - now.mono + process_started()) / 1000);
	}
	buf_adds(b, "# HELP rouse_build_info The version that runs.\n"
		    "# TYPE rouse_build_info gauge\n"
		    "rouse_build_info{version=\"" ROUSE_VERSION "\"} 1\n");
}

void process_raise_limits(void)
{
	struct rlimit fds;

	if (getrlimit(RLIMIT_NOFILE, &fds) || fds.rlim_cur == fds.rlim_max)
		return;
	fds.rlim_cur = fds.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &fds); /* else it goes on with what it has */
}
