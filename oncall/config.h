/*
 * `oncall:` of rouse.yml: people and how they are reached, schedules, escalation policies. All of
 * it lives in the configuration's arena and never changes; overrides are in the store
 * (oncall/schedule.h).
 */
#ifndef ONCALL_CONFIG_H
#define ONCALL_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/tz.h"
#include "oncall/rotation.h"

struct yaml_node;

/* ---- people -------------------------------------------------------------------------------- */
/* One way to reach somebody: an entry of a receiver kind, which notify/ reads. */
struct contact {
	struct str name;	       /* "push": unique for the person */
	struct str kind;	       /* "telegram" */
	const struct yaml_node *entry; /* the kind's map, with oncall.defaults under it */
};

/* A line of a person's sequence: so long after the page, by this contact. */
struct reach {
	ms_t after;
	size_t contact; /* index */
};

/* How a service knows somebody: who answers there is that person. */
struct person_account {
	struct str kind, user;	    /* "telegram", "4711" */
	const struct yaml_node *at; /* for messages; notify/ checks the kind */
};

struct person {
	struct str name;      /* the key: "alice" */
	struct str full_name; /* empty: none */
	struct tz *tz;	      /* NULL: UTC */
	struct str time_zone; /* its name */
	struct contact *contacts;
	size_t n_contacts;
	struct person_account *accounts; /* as written; contacts say more */
	size_t n_accounts;
	struct reach *urgent, *normal; /* by time; normal is urgent where it is not written */
	size_t n_urgent, n_normal;
	/* Minutes of the local day in which what is not urgent waits; from == to: never. */
	int quiet_from, quiet_to;
	int line, col;
};

/* ---- schedules ----------------------------------------------------------------------------- */
/* Spans of time of calendar files, by their beginning; they may overlap. */
struct calendar_span {
	ms_t from, to; /* wall; from < to */
	ms_t reach;    /* the latest end of this one and those before it */
	struct str summary;
	const struct person **people; /* of a layer's calendar */
	size_t n;
};

struct calendar {
	struct calendar_span *v;
	size_t n;
};

/* Days of the week as bits, Sunday is 1; from == to: the whole day; from > to: until that time of
 * the next day. A span belongs to the day on which it begins. */
struct hours {
	unsigned days;
	int from, to; /* minutes of the local day */
};

/* One place in a rotation: those who share the turn; nobody: a turn off. */
struct turn {
	const struct person **people;
	size_t n;
};

/* `on`: a layer that counts only on holidays, or only when there is none. */
enum layer_days { LAYER_ALWAYS, LAYER_HOLIDAYS, LAYER_WORKDAYS };

struct layer {
	struct str name; /* as written, or "layer 1" */
	enum layer_days on;
	bool by_calendar; /* `calendar`: who it is stands there, there are no turns */
	struct calendar calendar;
	struct rotation rotation;
	struct turn *turns;
	size_t n_turns; /* 1 and no rotation: always the same */
	bool rotates;
	struct hours *hours; /* none: always */
	size_t n_hours;
	bool count_active; /* shifts without any hour of `hours` take nobody's turn */
	ms_t since, until; /* wall; MS_NONE: open */
};

struct schedule {
	struct str name;
	struct tz *tz;
	struct str time_zone;
	struct calendar holidays;
	struct layer *layers; /* the first that has somebody wins */
	size_t n_layers;
	const struct person **fallback; /* when no layer has anybody */
	size_t n_fallback;
	const struct person **shadows; /* get copies, count for nothing */
	size_t n_shadows;
	bool gap_intended; /* nobody on call is no mistake */
	int line, col;
};

/* ---- policies ------------------------------------------------------------------------------ */
enum target_kind { TARGET_PERSON, TARGET_SCHEDULE, TARGET_RECEIVER };

struct target {
	enum target_kind kind;
	struct str name;		 /* of the receiver too: notify/ checks that it exists */
	const struct person *person;	 /* TARGET_PERSON */
	const struct schedule *schedule; /* TARGET_SCHEDULE */
};

struct policy_step {
	ms_t after; /* since the pass began; ascending, the first one mostly 0 */
	struct target *targets;
	size_t n_targets;
	bool round_robin; /* one of the targets, another one each incident */
};

#define REPEAT_FOREVER (-1)

struct policy {
	struct str name;
	struct policy_step *steps;
	size_t n_steps;
	int repeat;		    /* passes after the first, or REPEAT_FOREVER (the default) */
	ms_t wait;		    /* from the last step to the next pass or the last resort */
	struct target *last_resort; /* when all steps are empty, and after the last pass */
	size_t n_last_resort;
	ms_t ack_lease;	    /* after it an acknowledged incident goes on; 0: never */
	ms_t reopen_within; /* what fires again so soon is the same incident */
	struct str updates; /* receiver of words for customers; empty: none */
	int line, col;
};

/* ---- forms --------------------------------------------------------------------------------- */
/* Where people outside say that something is wrong. */
struct form {
	struct str name, policy, title, severity, token;
	bool show_titles; /* what is already known is shown by its title */
	int rate;	  /* reports in ten minutes from one address */
};

/* ---- drills -------------------------------------------------------------------------------- */
struct drill {
	struct str name;
	struct str policy, person; /* one of the two */
	struct tz *tz;
	struct rotation clock; /* it begins where its shifts begin */
};

/* ---- all of it ----------------------------------------------------------------------------- */
struct oncall_config {
	struct arena arena;
	struct person *people;
	size_t n_people;
	struct schedule *schedules;
	size_t n_schedules;
	struct policy *policies;
	size_t n_policies;
	struct form *forms;
	size_t n_forms;
	struct drill *drills;
	size_t n_drills;
	bool canary; /* contacts that have changed are tried */
};

/* What the reader needs of the outside. */
struct oncall_source {
	struct str file; /* for messages */
	struct str dir;	 /* relative files stand in it; without a slash at the end, or empty */
	ms_t now;	 /* wall; not positive: unknown */
	const struct limits *limits;
	/* A whole file into the arena; false with words. NULL: there are no files. */
	bool (*read)(void *arg, struct str path, struct arena *a, struct str *out, struct err *err);
	void *arg;
};

/* Reads the map at `oncall` (NULL or nothing: an empty configuration), and the calendars that it
 * names. Every mistake goes to diags with its place; warnings too, which refuse nothing: a person
 * without contacts, a schedule with gaps in the 30 days from now, events that name nobody. Nodes of
 * contacts are kept: the tree must live as long. */
ATTR_CHECK bool oncall_config_parse(const struct yaml_node *oncall,
				    const struct oncall_source *source, struct oncall_config **out,
				    struct diags *diags);
void oncall_config_free(struct oncall_config *c);
OWNED_DEFINE(oncall_config)

/* NULL: there is none of that name. */
const struct person *oncall_person(const struct oncall_config *c, struct str name);
const struct schedule *oncall_schedule(const struct oncall_config *c, struct str name);
const struct policy *oncall_policy(const struct oncall_config *c, struct str name);
const struct form *oncall_form(const struct oncall_config *c, struct str token);

#endif
