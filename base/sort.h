/*
 * Sorting in pieces, for lists so long that sorting them at once would hold up everything else:
 * a stable merge sort that stops after so many moves and goes on where it was.
 *
 *	sort_begin(&s, v, spare, n, order);
 *	while (!sort_step(&s, 10000))
 *		something_else();
 *	use(s.v);	v or spare, whichever it ended in
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/base.h"

struct sort {
	void **v, **spare;
	size_t n, width;	 /* runs of this length are sorted */
	size_t left, right, out; /* the merge under way: next of either run, next place */
	size_t middle, end;	 /* where the left and the right run end */
	int (*order)(const void *a, const void *b); /* of two elements themselves */
};

/* Both arrays have n places and are the caller's. */
void sort_begin(struct sort *s, void **v, void **spare, size_t n,
		int (*order)(const void *a, const void *b));
/* At most about `moves` elements are moved. True: s->v is sorted. */
bool sort_step(struct sort *s, size_t moves);

#endif
