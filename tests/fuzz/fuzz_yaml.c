/*
 * The YAML reader and http_config on anything. Whatever comes back is a whole tree within its
 * limits, a refusal has words and, unless the file is too large, a place inside the text.
 */
#include <string.h>

#include "base/arena.h"
#include "base/http_config.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Counts nodes, aliases each time, so the limits bound this recursion and its result. */
static size_t check_node(const struct yaml_node *n, size_t depth, const struct limits *l)
{
	size_t count = 1;

	CHECK(depth <= l->yaml_depth + 1);
	CHECK(n->line >= 1 && n->col >= 1 && n->indent >= 0);
	CHECK(n->kind == YAML_SCALAR || n->value.n == 0);
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == YAML_LIST) {
			count += check_node(n->items[i], depth + 1, l);
			continue;
		}
		CHECK(n->kind == YAML_MAP);
		CHECK(n->pairs[i].key->kind == YAML_SCALAR || n->pairs[i].key->kind == YAML_NULL);
		for (size_t k = 0; k < i && n->n < 100; k++)
			CHECK(!str_eq(n->pairs[i].key->value, n->pairs[k].key->value));
		count += check_node(n->pairs[i].value, depth + 1, l);
	}
	return count;
}

static int lines_in(struct str text)
{
	int lines = 1;

	/* YAML 1.1 has more line breaks than \n: count every byte that may begin one. */
	for (size_t i = 0; i < text.n; i++)
		lines += strchr("\n\r\xC2\xE2", text.p[i]) && text.p[i];
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {.p = (const char *)data, .n = n};
	struct limits l;
	struct arena arena;
	struct yaml_node *root = NULL;
	struct http_config config;
	struct diags diags;
	struct err err = {0};
	bool more;

	limits_default(&l);
	l.yaml_nodes = 20000;
	arena_init(&arena);
	diags_init(&diags);
	if (!yaml_parse(text, &l, &arena, &root, &more, &err)) {
		CHECK(err.msg[0]);
		CHECK(err.line >= 1 && err.line <= lines_in(text) + 1 && err.col >= 1);
	} else if (root) {
		CHECK(check_node(root, 1, &l) <= 2 * l.yaml_nodes);

		bool ok = http_config_parse(root, &arena, STR("/etc"), &config, STR("f"), &diags);

		CHECK(ok == (diags.errors == 0));
	}
	diags_done(&diags);
	arena_done(&arena);
	return 0;
}
