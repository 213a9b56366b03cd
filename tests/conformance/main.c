/*
 * conformance KIND PATH...: one line for each failing case, then `N passed, N failed, N skipped`.
 * Exit 1 if any failed, 2 for a kind nobody knows.
 */
#include "base/base64.h"
#include "tests/conformance/conformance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *name;
	kind_fn *fn;
} KIND_TABLE[] = {
#define KIND_ROW(name, fn) {name, fn},
	KINDS(KIND_ROW)
#undef KIND_ROW
};

void case_fail(struct tally *t, const char *name, const char *fmt, ...)
{
	va_list ap;

	t->failed++;
	printf("FAIL %s: ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void case_pass(struct tally *t)
{
	t->passed++;
}

void case_skip(struct tally *t, const char *name, const char *why)
{
	t->skipped++;
	printf("SKIP %s: %s\n", name, why);
}

char *file_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *p = NULL;
	size_t cap = 0, len = 0, got;

	if (!f) {
		fprintf(stderr, "conformance: cannot read %s: %m\n", path);
		exit(2);
	}
	do {
		p = mem_reserve(p, &cap, len + 65537, 1);
		got = fread(p + len, 1, 65536, f);
		len += got;
	} while (got);
	fclose(f);
	p[len] = '\0';
	if (n)
		*n = len;
	return p;
}

void json_cases(struct tally *t, const char *path,
		void (*fn)(struct tally *t, const char *name, const json_t *c))
{
	size_t n, i;
	char *text = file_read(path, &n);
	json_error_t je;
	json_t *root = json_loadb(text, n, JSON_ALLOW_NUL, &je), *c;

	if (!json_is_array(root)) {
		fprintf(stderr, "conformance: %s is no array of cases: %s\n", path, je.text);
		exit(2);
	}
	json_array_foreach(root, i, c)
	{
		char name[512];

		snprintf(name, sizeof(name), "%s:%zu", path, i + 2);
		fn(t, name, c);
	}
	json_decref(root);
	free(text);
}

/* Decodes {"b64": ...} in place: the object gets a string "raw" that lives as long as it does. */
static struct str b64_text(json_t *v)
{
	const json_t *b64 = json_object_get(v, "b64");
	const json_t *raw = json_object_get(v, "raw");

	if (!raw) {
		struct arena a;
		struct str bytes;

		arena_init(&a);
		CHECK(base64_decode(str_of(json_string_value(b64)), BASE64_STANDARD, &a, &bytes,
				    NULL));
		json_object_set_new(v, "raw", json_stringn_nocheck(bytes.p, bytes.n));
		arena_done(&a);
		raw = json_object_get(v, "raw");
	}
	return (struct str){.p = json_string_value(raw), .n = json_string_length(raw)};
}

struct str case_text(const json_t *c, const char *key)
{
	json_t *v = json_object_get(c, key);
	char alt[64];

	if (json_is_string(v))
		return (struct str){.p = json_string_value(v), .n = json_string_length(v)};
	if (json_is_object(v) && json_object_get(v, "b64"))
		return b64_text(v);

	/* input_b64: the case itself carries the encoded twin; wrap it so that it is kept. */
	snprintf(alt, sizeof(alt), "%s_b64", key);
	v = json_object_get(c, alt);
	if (json_is_string(v)) {
		json_t *wrap = json_pack("{s:O}", "b64", v);

		json_object_set_new((json_t *)(uintptr_t)c, key, wrap);
		return b64_text(wrap);
	}
	return (struct str){0};
}

int main(int argc, char **argv)
{
	struct tally t = {0};
	kind_fn *fn = NULL;

	for (size_t i = 0; argc > 2 && i < ARRAY_LEN(KIND_TABLE); i++) {
		if (strcmp(argv[1], KIND_TABLE[i].name) == 0)
			fn = KIND_TABLE[i].fn;
	}
	if (!fn) {
		fputs("usage: conformance KIND PATH...\nkinds:", stderr);
		for (size_t i = 0; i < ARRAY_LEN(KIND_TABLE); i++) {
			if (KIND_TABLE[i].fn)
				fprintf(stderr, " %s", KIND_TABLE[i].name);
		}
		fputc('\n', stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		fn(&t, argv[i]);
	printf("%zu passed, %zu failed, %zu skipped\n", t.passed, t.failed, t.skipped);
	return t.failed > 0;
}
