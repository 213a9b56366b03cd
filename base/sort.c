/* Bottom-up merge sort with its loop variables in a struct. */
#include "base/sort.h"

static void set_runs(struct sort *s, size_t at)
{
	s->left = at;
	s->middle = s->right = MIN(at + s->width, s->n);
	s->end = MIN(s->middle + s->width, s->n);
}

void sort_begin(struct sort *s, void **v, void **spare, size_t n,
		int (*order)(const void *a, const void *b))
{
	*s = (struct sort){.v = v, .spare = spare, .n = n, .width = 1, .order = order};
	set_runs(s, 0);
}

/* The next two runs, or the next pass. False: everything is one run. */
static bool next_runs(struct sort *s)
{
	if (s->end == s->n) {
		void **sorted = s->spare;

		s->spare = s->v;
		s->v = sorted;
		s->width *= 2;
		s->out = 0;
	}
	set_runs(s, s->out);
	return s->width < s->n;
}

bool sort_step(struct sort *s, size_t moves)
{
	if (s->width >= s->n)
		return true;
	for (; moves; moves--) {
		if (s->out == s->end) {
			if (!next_runs(s))
				return true;
			continue;
		}

		bool left = s->left < s->middle &&
			    (s->right == s->end || s->order(s->v[s->left], s->v[s->right]) <= 0);

		s->spare[s->out++] = left ? s->v[s->left++] : s->v[s->right++];
	}
	return false;
}
