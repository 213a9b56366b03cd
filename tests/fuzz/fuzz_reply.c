/*
 * Query answers. The first two bytes say how the answer is cut; the outcome must be that of one
 * piece, error text included, and that of jansson with a slow reading of its tree.
 */
#include <stdint.h>
#include <stdio.h>

#include "tests/unit/reply_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool decode(struct decoder *d, struct vector *v, struct str text, size_t first, size_t piece,
		   struct err *err)
{
	decode_reset(d, v);
	decode_feed(d, str_cut(text, 0, first));
	for (size_t at = first; at < text.n; at += piece)
		decode_feed(d, str_cut(text, at, at + piece));
	return decode_end(d, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits l;
	struct decoder d;
	struct vector got, want;
	struct err err, again;

	if (n < 2)
		return 0;

	struct str text = {.p = (const char *)data + 2, .n = n - 2};

	limits_default(&l);
	vector_init(&got);
	vector_init(&want);
	decode_init(&d, &l, &got);

	bool whole = decode(&d, &got, text, text.n, 1, &err);
	bool ok = decode(&d, &got, text, data[0], (size_t)data[1] + 1, &again);

	CHECK(ok == whole);
	CHECK(ok || strcmp(err.msg, again.msg) == 0); /* the cuts do not show in the error */
	for (size_t i = 0; i < got.n; i++)
		CHECK(labels_valid(labels_bytes(got.v[i].labels)));

	enum oracle verdict = oracle_decode(text, &want);

	if (verdict != ORACLE_UNSURE) {
		CHECK(ok == (verdict == ORACLE_OK));
		CHECK(!ok || oracle_same(&got, &want));
	}
	if (!ok)
		decode_error_body(500, text, &err);
	decode_done(&d);
	vector_done(&got);
	vector_done(&want);
	return 0;
}
