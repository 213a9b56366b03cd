/* Sets of alert hashes, and the question whether to tell. */
#include "notify/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct hashes hashes_of(const uint64_t *v, size_t n)
{
	struct hashes h = hashes_dup((struct hashes){.v = (uint64_t *)(uintptr_t)v, .n = n});
	size_t k = 0;

	if (!n)
		return h;
	qsort(h.v, n, sizeof(*h.v), compare);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || h.v[i] != h.v[k - 1])
			h.v[k++] = h.v[i];
	}
	h.n = k;
	return h;
}

struct hashes hashes_dup(struct hashes h)
{
	struct hashes copy = {.n = h.n};

	if (h.n) {
		copy.v = mem_alloc(h.n * sizeof(*h.v));
		memcpy(copy.v, h.v, h.n * sizeof(*h.v));
	}
	return copy;
}

void hashes_done(struct hashes *h)
{
	free(h->v);
	*h = (struct hashes){0};
}

bool hashes_has(struct hashes h, uint64_t x)
{
	return h.n && bsearch(&x, h.v, h.n, sizeof(*h.v), compare);
}

bool hashes_within(struct hashes a, struct hashes b)
{
	size_t j = 0;

	for (size_t i = 0; i < a.n; i++) {
		while (j < b.n && b.v[j] < a.v[i])
			j++;
		if (j == b.n || b.v[j] != a.v[i])
			return false;
	}
	return true;
}

struct hashes hashes_both(struct hashes a, struct hashes b)
{
	struct hashes only_a = hashes_minus(a, b), both = hashes_minus(a, only_a);

	hashes_done(&only_a);
	return both;
}

struct hashes hashes_join(struct hashes a, struct hashes b)
{
	uint64_t *v = mem_alloc((a.n + b.n + 1) * sizeof(*v));

	if (a.n)
		memcpy(v, a.v, a.n * sizeof(*v));
	if (b.n)
		memcpy(v + a.n, b.v, b.n * sizeof(*v));

	struct hashes h = hashes_of(v, a.n + b.n);

	free(v);
	return h;
}

struct hashes hashes_minus(struct hashes a, struct hashes b)
{
	struct hashes h = hashes_dup(a);

	h.n = 0;
	for (size_t i = 0; i < a.n; i++) {
		if (!hashes_has(b, a.v[i]))
			h.v[h.n++] = a.v[i];
	}
	return h;
}

char *hashes_bytes(struct hashes h, size_t *n)
{
	char *p = h.n ? mem_alloc(h.n * 8) : NULL;

	for (size_t i = 0; i < h.n * 8; i++)
		p[i] = (char)(h.v[i / 8] >> (i % 8 * 8));
	*n = h.n * 8;
	return p;
}

struct hashes hashes_from_bytes(struct str s)
{
	size_t n = s.n / 8;
	uint64_t *v = mem_alloc(n * 8 + 1);

	for (size_t i = 0; i < n * 8; i++)
		v[i / 8] |= (uint64_t)(unsigned char)s.p[i] << (i % 8 * 8);

	struct hashes h = hashes_of(v, n);

	free(v);
	return h;
}

struct hashes dedup_ends(const struct told *told, struct hashes over)
{
	struct hashes h = hashes_dup(over);

	h.n = 0;
	for (size_t i = 0; i < over.n; i++) {
		if (hashes_has(told->firing, over.v[i]) || hashes_has(told->doubt, over.v[i]))
			h.v[h.n++] = over.v[i];
	}
	return h;
}

enum tell dedup_tell(const struct told *told, struct hashes firing, struct hashes resolved,
		     bool send_resolved, ms_t repeat_interval)
{
	if (!told->any)
		return firing.n ? TELL_FIRST : TELL_NOT;
	if (!hashes_within(firing, told->firing))
		return told->firing.n ? TELL_NEW : TELL_FIRST;
	if (!firing.n)
		return told->firing.n || resolved.n ? TELL_ALL_RESOLVED : TELL_NOT;
	if (send_resolved && !hashes_within(resolved, told->resolved))
		return TELL_SOME_RESOLVED;
	if (!told->open && told->age > repeat_interval)
		return TELL_REPEAT;
	return TELL_NOT;
}

const char *tell_reason(enum tell t)
{
	static const char *const words[] = {
		[TELL_NOT] = "",
		[TELL_FIRST] = "first notification",
		[TELL_NEW] = "new alerts added",
		[TELL_ALL_RESOLVED] = "all alerts resolved",
		[TELL_SOME_RESOLVED] = "some alerts resolved",
		[TELL_REPEAT] = "repeat interval elapsed",
		[TELL_EXPLAINED] = "explanation arrived",
		[TELL_FLAPPING] = "alert is flapping",
	};

	return words[t];
}
