/* Gaps in what Prometheus tells, and settling after them. */
#include "evaluator/sight.h"

#include <stdio.h>

#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "store/batch.h"

#define STORE_EVERY MINUTE

void sight_init(struct sight *s)
{
	*s = (struct sight){.last = MS_NONE,
			    .stored = MS_NONE,
			    .lost = true,
			    .before_gap = MS_NONE,
			    .settled_at = MS_NONE};
}

void sight_restore(struct core *c, ms_t last)
{
	c->sight.last = c->sight.stored = last;
	c->sight.from_store = true;
}

static void store(struct core *c)
{
	struct sight *s = &c->sight;
	char text[32];

	if (s->stored != MS_NONE && s->last - s->stored < STORE_EVERY && s->last >= s->stored)
		return;
	s->stored = s->last;
	snprintf(text, sizeof(text), "%lld", (long long)s->last);
	batch_add(core_batch(c), ST_META_PUT, V_TEXT(STR("last_answer")), V_TEXT(str_of(text)));
}

static bool is_gap(const struct sight *s, ms_t wall)
{
	ms_t least = s->from_store ? SIGHT_GAP + STORE_EVERY : SIGHT_GAP;

	return s->lost && s->last != MS_NONE && wall - s->last >= least;
}

void sight_answered(struct core *c, struct now now)
{
	struct sight *s = &c->sight;
	ms_t settle = c->config->prometheus.settle_time;

	if (is_gap(s, now.wall) && settle > 0) {
		s->before_gap = s->last;
		s->settled_at = now.mono + settle;
		io_log(c->io, LOG_LEVEL_INFO, "Prometheus answers after a gap; settling",
		       "gap_s=%lld settle_s=%lld", (long long)((now.wall - s->last) / SECOND),
		       (long long)(settle / SECOND));
	}
	s->lost = s->from_store = false;
	s->last = now.wall;
	store(c);
}

void sight_lost(struct core *c)
{
	c->sight.lost = true;
}

void sight_shift(struct core *c, ms_t by)
{
	struct sight *s = &c->sight;

	if (s->last != MS_NONE)
		s->last += by;
	if (s->before_gap != MS_NONE)
		s->before_gap += by;
}

ms_t sight_settling_since(struct core *c, struct now now)
{
	struct sight *s = &c->sight;

	if (s->settled_at != MS_NONE && now.mono >= s->settled_at)
		s->settled_at = s->before_gap = MS_NONE;
	return s->settled_at == MS_NONE ? MS_NONE : s->before_gap;
}
