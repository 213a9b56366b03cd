/*
 * sim swarm [SEED [COUNT]]   random worlds from SEED on
 * sim people [SEED [COUNT [DAYS]]]  random teams on call, each for so many days (default 7)
 * sim crash                  fixed stories, cut at every effect and every operation of the disk
 * sim scenario FILE...       stories in plain words
 * -v in front prints the trace. Ends with `N passed, N failed, N skipped`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/sim/people.h"
#include "tests/sim/run.h"
#include "tests/sim/scenario.h"

static int report(size_t passed, size_t failed)
{
	printf("%zu passed, %zu failed, 0 skipped\n", passed, failed);
	return failed != 0;
}

static int run_swarm(int argc, char **argv, bool verbose)
{
	uint64_t seed = argc > 0 ? strtoull(argv[0], NULL, 10) : 1;
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t trace = swarm_run(seed + i, verbose);

		if (i % 50 == 0 && swarm_run(seed + i, false) != trace) {
			printf("FAIL seed %llu: two runs differ\n", (unsigned long long)(seed + i));
			return report(0, 1);
		}
	}
	return report((size_t)count, 0);
}

static int run_people(int argc, char **argv, bool verbose)
{
	uint64_t seed = argc > 0 ? strtoull(argv[0], NULL, 10) : 1;
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	int days = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 7;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t trace = people_run(seed + i, days, verbose);

		if (i == 0 && days <= 7 && people_run(seed, days, false) != trace) {
			printf("FAIL seed %llu: two runs differ\n", (unsigned long long)seed);
			return report(0, 1);
		}
	}
	return report((size_t)count, 0);
}

static int run_scenarios(int argc, char **argv, bool verbose)
{
	size_t passed = 0, failed = 0;

	for (int i = 0; i < argc; i++)
		*(scenario_run(argv[i], verbose) ? &passed : &failed) += 1;
	return report(passed, failed);
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	const char *mode;

	argc -= 1 + verbose;
	argv += 1 + verbose;
	mode = argc > 0 ? argv[0] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(mode, "swarm") == 0)
		return run_swarm(argc - 1, argv + 1, verbose);
	if (strcmp(mode, "people") == 0)
		return run_people(argc - 1, argv + 1, verbose);
	if (strcmp(mode, "crash") == 0)
		return report(crash_run(verbose), 0);
	if (strcmp(mode, "scenario") == 0)
		return run_scenarios(argc - 1, argv + 1, verbose);
	fputs("usage: sim [-v] swarm [SEED [COUNT]] | people [SEED [COUNT [DAYS]]] | crash | "
	      "scenario FILE...\n",
	      stderr);
	return 2;
}
