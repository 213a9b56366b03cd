/*
 * Blocks: any bytes as an index and one file of chunks give series or an error, and the series
 * ascend. The first two bytes say how much of the rest is the index.
 */
#include <stdint.h>

#include "base/arena.h"
#include "promql/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct series_query q = {.from = INT64_MIN, .to = INT64_MAX - 1};
	const struct series *v;
	struct blocks blocks;
	struct block block = {.name = STR("b"), .from = INT64_MIN, .to = INT64_MAX};
	struct str segment;
	struct arena a;
	struct err err;
	size_t index, found;

	if (n < 2)
		return 0;
	index = (size_t)data[0] << 8 | data[1];
	index = MIN(index, n - 2);
	block.index = (struct str){(const char *)data + 2, index};
	segment = (struct str){(const char *)data + 2 + index, n - 2 - index};
	block.segments = &segment;
	block.n_segments = 1;
	arena_init(&a);
	blocks_init(&blocks, &block, 1);
	if (blocks.source.select(&blocks.source, &q, &a, &v, &found, &err)) {
		for (size_t i = 0; i < found; i++) {
			CHECK(v[i].points.n > 0);
			CHECK(i == 0 || labels_cmp(v[i - 1].labels, v[i].labels) < 0);
			for (size_t k = 1; k < v[i].points.n; k++)
				CHECK(v[i].points.t[k - 1] < v[i].points.t[k]);
		}
	}
	arena_done(&a);
	return 0;
}
