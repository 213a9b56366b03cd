/* Runs a fuzz target over the files and folders named on the command line, without a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	unsigned char *p = NULL;
	size_t cap = 0, len = 0, got;

	if (!f) {
		fprintf(stderr, "cannot read %s: %m\n", path);
		exit(2);
	}
	do {
		p = mem_reserve(p, &cap, len + 65536, 1);
		got = fread(p + len, 1, 65536, f);
		len += got;
	} while (got);
	fclose(f);
	LLVMFuzzerTestOneInput(p, len);
	free(p);
	return 1;
}

static size_t run_path(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;
	char child[4096];

	if (!d)
		return run_file(path);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		n += run_path(child);
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++)
		n += run_path(argv[i]);
	printf("%zu inputs run\n", n);
	return 0;
}
