/*
 * What the files of this folder share: the core itself. Nobody else includes it.
 */
#ifndef EVALUATOR_CORE_PRIVATE_H
#define EVALUATOR_CORE_PRIVATE_H

#include "base/base.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/timer.h"
#include "evaluator/audit.h"
#include "evaluator/core.h"
#include "evaluator/metric.h"
#include "evaluator/sight.h"
#include "evaluator/state.h"
#include "evaluator/view.h"

struct am_sender;
struct batch;
struct alert_worth;
struct branch;
struct restore;
struct stale_write;
struct group;
struct prom;
struct evaluation;
struct expander;
struct rule_run;

/* Rows of rule_alert, by rule, until the first configuration claims them. */
struct stored_alerts {
	struct active *v; /* labels, annotations owned; state as stored */
	size_t n, cap;
};
void stored_alerts_free(struct stored_alerts *sa);

struct core {
	const struct io *io;
	struct limits limits;
	char *external_url;
	ms_t data_retention;
	struct timers timers;

	/* the batch of this turn, and the turns */
	struct batch *batch;
	uint64_t turn, taken_turn, durable_turn;
	bool in_flight; /* a batch was taken and its first commit is not over */
	uint64_t version;

	struct config *config;
	struct notify *notify;
	struct prom *prom;
	struct audit audit;
	struct heartbeats *heartbeats;
	struct live *live;
	struct am_sender *am;  /* NULL: nobody is forwarded to */
	struct group **groups; /* by file, then name */
	size_t n_groups;
	struct map owners;	   /* labels with externals -> struct owner: rules that fire it */
	struct expander *expander; /* scratch for the texts of rules */
	struct branch *branches;   /* questions which branch holds */
	struct restore *restores;  /* of groups the store had never seen */
	struct evaluation *idle;   /* evaluations kept for reuse */
	struct stale_write *stale_writes; /* markers of removed groups */
	bool stopped;

	/* what the store had, until the first configuration claims it */
	struct map stored;	 /* rule key -> struct stored_alerts */
	struct map known_groups; /* keys of groups that were evaluated here before */
	bool configured;

	uint64_t next_event; /* id of the next row of the trail */

	/* about rouse itself */
	struct sight sight;
	struct map self_alerts; /* "name what" -> struct self_alert */
	ms_t started_at;
	bool blind;
	ms_t blind_since;      /* wall */
	ms_t blind_since_mono; /* how long counts by the clock that does not jump */
	bool store_failing;
	char *store_error;
	struct timer housekeeping;
	struct timer replaced_over; /* ends the alert that an empty store was begun */
	bool reload_ok;
	ms_t reloaded_at;
	char *reload_error;
	struct now last; /* clocks at the last tick: to see them jump */
	bool tilt;
	uint64_t tilts;

	struct metric_summary evaluation_s, group_s;
};

/* The batch of this turn; made when first asked for. */
struct batch *core_batch(struct core *c);
void core_changed(struct core *c);
/* The trail that explain reads: what was decided about whom, and why. */
void core_event(struct core *c, struct now now, const char *kind, struct str subject,
		const char *fmt, ...) ATTR_PRINTF(5, 6);
/* An iteration of the group is over. */
void core_group_done(struct core *c, struct now now, struct group *g, bool reached);

/* rule_alerts.c: a change of state becomes durable, told and remembered. */
void rule_alerts_changed(struct core *c, struct now now, struct rule_run *rr, struct active *a,
			 enum state_change what);
/* The rule is gone, and its rows with it; what it told ends when rule_alerts_reconcile finds that
 * no other rule fires it. */
void rule_alerts_removed(struct core *c, struct now now, struct rule_run *rr);
/* Puts what the store had under `key` into the rule; true if there was anything. */
bool rule_alerts_claim(struct core *c, struct now now, struct str key, struct rule_run *rr);
/* The rule has the alerts that the store knows under the key `from`. */
void rule_alerts_moved(struct core *c, struct str from, struct rule_run *rr);
/* After a configuration: what rules fire is told (again), and the notifier's alerts whose rule no
 * longer exists end. */
void rule_alerts_reconcile(struct core *c, struct now now);
/* Forwards what is due to existing Alertmanagers. */
void rule_alerts_forward(struct core *c, struct now now, struct rule_run *rr, ms_t slot);
/* The annotations of a firing alert have changed. */
void rule_alerts_tell(struct core *c, struct now now, struct rule_run *rr, struct active *a);
/* What a firing alert of a rule is worth; `labels` as the notifier has them. False: there is none.
 */
bool rule_alerts_worth(struct core *c, struct labels labels, struct alert_worth *out);
/* `because` of a firing alert has come; it is stored, and told as what came late. */
void rule_alerts_explained(struct core *c, struct now now, struct rule_run *rr, struct active *a);
void rule_alerts_store(struct core *c, struct rule_run *rr, const struct active *a);

/* selfmon.c */
void selfmon_alert(struct core *c, struct now now, struct str name, struct str what,
		   struct str text, bool firing);
/* After an iteration or a configuration; `seen`: Prometheus has answered, or need not be asked. */
void selfmon_blind(struct core *c, struct now now, bool seen);
void selfmon_store(struct core *c, struct now now, bool ok, struct str error);
/* Looks for a jump of the wall clock since the last tick; returns by how much (0: none). */
ms_t selfmon_clock(struct core *c, struct now now);
void selfmon_replaced(struct core *c, struct now now, struct str text);
void selfmon_restored(struct core *c, struct now now);
/* After a configuration: external_labels may have changed, and what is raised carries them. */
void selfmon_relabel(struct core *c, struct now now);
void selfmon_done(struct core *c);

#endif
