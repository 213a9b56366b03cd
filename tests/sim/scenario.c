/* Stories in plain words. */
#include "tests/sim/scenario.h"
#include "tests/sim/incident_words.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/matcher.h"
#include "notify/silence.h"
#include "tests/sim/receivers.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

struct story {
	struct sim *sim;
	const char *path;
	int line;
	struct str rest; /* of the file */
	bool failed;
};

static bool wrong(struct story *st, const char *what, struct str detail)
{
	printf("FAIL %s:%d: %s%.*s\n", st->path, st->line, what, STR_ARG(detail));
	st->failed = true;
	return false;
}

static struct str next_line(struct story *st)
{
	ptrdiff_t nl = str_find_char(st->rest, '\n');
	size_t n = nl < 0 ? st->rest.n : (size_t)nl;
	struct str line = str_cut(st->rest, 0, n);

	st->rest = str_from(st->rest, MIN(n + 1, st->rest.n));
	st->line++;
	return line;
}

struct str scenario_word(struct str *s)
{
	struct str t = str_trim(*s);
	size_t n = 0;

	while (n < t.n && t.p[n] != ' ' && t.p[n] != '\t')
		n++;
	*s = str_trim(str_from(t, n));
	return str_cut(t, 0, n);
}

/* Lines up to "end", as one text. */
static struct str block(struct story *st)
{
	const char *from = st->rest.p;

	for (;;) {
		const char *at = st->rest.p;

		if (!st->rest.n)
			return (struct str){.p = from, .n = (size_t)(at - from)};
		if (str_is(str_trim(next_line(st)), "end"))
			return (struct str){.p = from, .n = (size_t)(at - from)};
	}
}

/* ---- what happens --------------------------------------------------------------------- */

static bool do_config(struct story *st, struct str args ATTR_UNUSED)
{
	sim_file(st->sim, "rouse.yml", block(st));
	return true;
}

static bool do_rules(struct story *st, struct str args)
{
	char name[128];

	snprintf(name, sizeof(name), "%.*s", STR_ARG(args.n ? args : STR("rules.yml")));
	sim_file(st->sim, name, block(st));
	return true;
}

static bool do_start(struct story *st, struct str args ATTR_UNUSED)
{
	struct err err = {.pos = -1};

	return sim_start(st->sim, &err) || wrong(st, "does not start: ", str_of(err.msg));
}

static bool do_stop(struct story *st, struct str args ATTR_UNUSED)
{
	sim_stop(st->sim);
	return true;
}

static bool do_crash(struct story *st, struct str args ATTR_UNUSED)
{
	sim_crash(st->sim, false);
	return true;
}

static bool do_power(struct story *st, struct str args ATTR_UNUSED)
{
	sim_crash(st->sim, true);
	return true;
}

/* The process and all it had stored. */
static bool do_lose(struct story *st, struct str args ATTR_UNUSED)
{
	sim_crash(st->sim, true);
	sim_new_disk(st->sim);
	return true;
}

static bool do_restart(struct story *st, struct str args)
{
	do_stop(st, args);
	return do_start(st, args);
}

static bool do_reload(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	bool ok = sim_reload(st->sim, &err);

	if (str_is(args, "refused"))
		return !ok || wrong(st, "the reload was taken", STR(""));
	return ok || wrong(st, "the reload was refused: ", str_of(err.msg));
}

/* "SERIES VALUE" */
static bool series_and_value(struct str args, struct str *series, double *v)
{
	size_t n = args.n;

	while (n && args.p[n - 1] != ' ')
		n--;
	*series = str_trim(str_cut(args, 0, n));
	return num_float(str_from(args, n), v) == NUM_OK;
}

static bool do_series(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	struct str series;
	double v;

	if (!series_and_value(args, &series, &v))
		return wrong(st, "no value: ", args);
	return world_series(st->sim->world, series, v, &err) ||
	       wrong(st, "series: ", str_of(err.msg));
}

static bool do_written(struct story *st, struct str args)
{
	int64_t status;

	scenario_word(&args);
	if (num_int(args, 10, &status) != NUM_OK)
		return wrong(st, "no status: ", args);
	world_write_status(st->sim->world, (int)status);
	return true;
}

static bool do_gone(struct story *st, struct str args)
{
	struct err err = {.pos = -1};

	return world_gone(st->sim->world, args, &err) || wrong(st, "gone: ", str_of(err.msg));
}

static bool do_elapse(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	ms_t span;

	if (!num_duration(args, &span, &err))
		return wrong(st, "elapse: ", str_of(err.msg));
	sim_elapse(st->sim, span);
	return true;
}

/* "slow SPAN [TEXT]", "hangs TEXT" */
static bool do_slow(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	ms_t span = MS_NONE;

	if (str_is(scenario_word(&args), "slow") &&
	    !num_duration(scenario_word(&args), &span, &err))
		return wrong(st, "slow: ", str_of(err.msg));
	world_slow(st->sim->world, span, args);
	return true;
}

static bool do_prometheus(struct story *st, struct str args)
{
	static const struct {
		const char *name;
		enum prom_mode mode;
	} modes[] = {
		{"up", PROM_UP},	   {"down", PROM_DOWN},	      {"hangs", PROM_HANGS},
		{"error", PROM_ERROR},	   {"garbage", PROM_GARBAGE}, {"half", PROM_HALF},
		{"says-no", PROM_SAYS_NO},
	};

	if (str_starts(args, "slow ") || str_starts(args, "hangs "))
		return do_slow(st, args);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (str_is(args, modes[i].name)) {
			world_prom(st->sim->world, modes[i].mode);
			return true;
		}
	}
	return wrong(st, "prometheus cannot be ", args);
}

static bool do_receiver(struct story *st, struct str args)
{
	struct str host = scenario_word(&args), how = scenario_word(&args);
	char name[128], after[64];
	int64_t status = 0;

	snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
	snprintf(after, sizeof(after), "%.*s", STR_ARG(args));
	if (str_is(how, "up"))
		status = 200;
	else if (str_is(how, "hangs"))
		status = -1;
	else if (!str_is(how, "down") && num_int(how, 10, &status) != NUM_OK)
		return wrong(st, "a receiver cannot be ", how);
	receivers_set(world_receivers(st->sim->world), name, (int)status, after);
	return true;
}

static bool do_clock(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	ms_t by;

	if (!args.n || !num_duration(str_from(args, 1), &by, &err))
		return wrong(st, "clock: ", str_of(err.msg));
	sim_step_clock(st->sim, args.p[0] == '-' ? -by : by);
	return true;
}

static bool do_store(struct story *st, struct str args)
{
	st->sim->store_down = str_is(args, "fails");
	return true;
}

/* "MATCHERS SPAN": the silence is on disk when the story goes on, as for who was answered 2xx. */
static bool do_silence(struct story *st, struct str args)
{
	struct sim *sim = st->sim;
	struct silence s = {.starts_at = sim->now.wall, .created_by = STR("story")};
	struct err err = {.pos = -1};
	size_t n = args.n;
	struct arena a;
	struct str id;
	ms_t span;
	bool ok;

	while (n && args.p[n - 1] != ' ')
		n--;
	arena_init(&a);
	ok = num_duration(str_from(args, n), &span, &err) &&
	     am_matchers_parse(MATCHERS_FALLBACK, str_trim(str_cut(args, 0, n)), &a, &s.matchers,
			       &s.n, &err);
	if (ok) {
		s.ends_at = sim->now.wall + span;
		ok = notify_silence_put(core_notify(sim->core), sim->now, &s, &id, &err) ==
		     SILENCE_OK;
		sim_elapse(sim, SECOND);
	}
	arena_done(&a);
	return ok || wrong(st, "silence: ", str_of(err.msg));
}

/* The ids are copied: ending one is a change. */
static bool end_first(void *arg, const struct silence *s)
{
	snprintf(arg, 40, "%.*s", STR_ARG(s->id));
	return false;
}

static bool do_unsilence(struct story *st, struct str args ATTR_UNUSED)
{
	struct notify *n = core_notify(st->sim->core);
	char id[40] = "";

	notify_silences(n, st->sim->now.wall, end_first, id);
	if (notify_silence_expire(n, st->sim->now, str_of(id)) != SILENCE_OK)
		return wrong(st, "there is no silence", STR(""));
	sim_elapse(st->sim, SECOND);
	return true;
}

/* "VERB ID WHO ..."; "refused" in front: it must be. */
static bool do_incident(struct story *st, struct str args)
{
	struct str verb = scenario_word(&args);
	bool refused = str_is(verb, "refused");
	const char *why = "";

	if (refused)
		verb = scenario_word(&args);
	if (incident_words_do(st->sim, verb, args, &why) == refused)
		return wrong(st, refused ? "it was done" : why, STR(""));
	return true;
}

/* "NAME [start|fail]" */
static bool do_ping(struct story *st, struct str args)
{
	struct str name = scenario_word(&args);
	enum ping what = str_is(args, "start")	? PING_START
			 : str_is(args, "fail") ? PING_FAIL
						: PING_SUCCESS;

	if (!core_ping(st->sim->core, st->sim->now, name, what))
		return wrong(st, "there is no heartbeat ", name);
	sim_elapse(st->sim, SECOND);
	return true;
}

/* "VERB ID USER [STEP]" */
static bool do_press(struct story *st, struct str args)
{
	return incident_words_press(st->sim, args) || wrong(st, "press VERB ID USER: ", args);
}

static bool do_override(struct story *st, struct str args)
{
	struct err err = {.pos = -1};

	return incident_words_override(st->sim, args, &err) ||
	       wrong(st, "override: ", str_of(err.msg));
}

/* ---- what is expected ----------------------------------------------------------------- */

static struct page *oldest(struct story *st, struct str host)
{
	struct receivers *rs = world_receivers(st->sim->world);

	for (size_t i = 0; i < receivers_pages(rs); i++) {
		struct page *p = receivers_page(rs, i);

		if (!p->consumed && !p->refused && (!host.n || str_is(host, p->to)))
			return p;
	}
	return NULL;
}

static bool has_alert(const struct page *p, struct str status, struct str name)
{
	json_t *root = json_loads(p->body, 0, NULL), *a;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(root, "alerts"), i, a)
	{
		const json_t *labels = json_object_get(a, "labels");

		found |= str_eq(status, str_of(json_string_value(json_object_get(a, "status")))) &&
			 str_eq(name,
				str_of(json_string_value(json_object_get(labels, "alertname"))));
	}
	json_decref(root);
	return found;
}

/* In a page of another form: STATUS ALERT, as a template of the scenario writes them. */
static bool says_alert(const struct page *p, struct str status, struct str name)
{
	struct buf b;
	bool found;

	buf_init(&b, 256);
	buf_printf(&b, "%.*s %.*s", STR_ARG(status), STR_ARG(name));
	found = str_find(str_of(p->body), buf_str(&b)) >= 0;
	buf_done(&b);
	return found;
}

static bool expect_page(struct story *st, struct str args)
{
	struct str host = scenario_word(&args), status = scenario_word(&args),
		   name = scenario_word(&args);
	struct page *p = oldest(st, host);

	if (!p)
		return wrong(st, "no page has come to ", host);
	p->consumed = true;
	if (!has_alert(p, status, name) && !says_alert(p, status, name))
		return wrong(st, "the next page is another one: ", str_of(p->body));
	if (str_is(scenario_word(&args), "with") && str_find(str_of(p->body), args) < 0)
		return wrong(st, "the page does not say so: ", str_of(p->body));
	return true;
}

static bool expect_no_page(struct story *st)
{
	struct page *p = oldest(st, (struct str){0});

	return !p || wrong(st, "there is a page: ", str_of(p->body));
}

struct wanted {
	struct str name;
	const char *state, *health;
};

static bool rule_seen(void *arg, const struct rule_view *r)
{
	struct wanted *w = arg;

	if (!str_eq(r->rule->name, w->name))
		return true;
	w->health = rule_health_name(r->health);
	w->state = r->n_alerts ? alert_state_name(r->state) : "none";
	return false;
}

struct wanted_in {
	struct wanted *wanted;
	const struct core *core;
};

static bool group_seen(void *arg, const struct group_view *g)
{
	struct wanted_in *in = arg;

	core_rules(in->core, g->group, rule_seen, in->wanted);
	return true;
}

static struct wanted look_for(struct story *st, struct str name)
{
	struct wanted w = {.name = name, .state = "not there", .health = "not there"};
	struct wanted_in in = {.wanted = &w, .core = st->sim->core};

	core_groups(st->sim->core, group_seen, &in);
	return w;
}

static bool expect_blind(struct story *st, bool want)
{
	struct self_view v;

	core_self(st->sim->core, &v);
	return v.blind == want || wrong(st, want ? "it is not blind" : "it is blind", STR(""));
}

static bool expect_written(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	struct str series;
	double want, v;
	char text[64];

	if (!series_and_value(args, &series, &want))
		return wrong(st, "no value: ", args);
	if (!world_written(st->sim->world, series, &v, &err))
		return wrong(st, "", str_of(err.msg));
	snprintf(text, sizeof(text), "%.17g", v);
	return v == want || wrong(st, "its value is ", str_of(text));
}

static bool expect_unwritten(struct story *st, struct str args)
{
	struct err err = {.pos = -1};
	double v;

	return !world_written(st->sim->world, args, &v, &err) ||
	       wrong(st, "there is a value for ", args);
}

static bool expect_incident(struct story *st, struct str args)
{
	struct err err = {.pos = -1};

	return incident_words_expect(st->sim, args, &err) || wrong(st, "", str_of(err.msg));
}

static bool do_expect(struct story *st, struct str args)
{
	struct str what = scenario_word(&args);

	if (str_is(what, "page"))
		return expect_page(st, args);
	if (str_is(what, "no"))
		return expect_no_page(st);
	if (str_is(what, "blind"))
		return expect_blind(st, true);
	if (str_is(what, "not"))
		return expect_blind(st, false);

	if (str_is(what, "written"))
		return expect_written(st, args);
	if (str_is(what, "unwritten"))
		return expect_unwritten(st, args);
	if (str_is(what, "incident"))
		return expect_incident(st, args);

	struct wanted w = look_for(st, scenario_word(&args));

	if (str_is(what, "alert"))
		return str_is(args, w.state) || wrong(st, "its alerts are: ", str_of(w.state));
	if (str_is(what, "health"))
		return str_is(args, w.health) || wrong(st, "its health is: ", str_of(w.health));
	return wrong(st, "cannot expect ", what);
}

/* ---- the file ------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool (*fn)(struct story *st, struct str args);
} COMMANDS[] = {
	{"config", do_config},
	{"rules", do_rules},
	{"start", do_start},
	{"stop", do_stop},
	{"crash", do_crash},
	{"power", do_power},
	{"lose", do_lose},
	{"restart", do_restart},
	{"reload", do_reload},
	{"series", do_series},
	{"gone", do_gone},
	{"elapse", do_elapse},
	{"prometheus", do_prometheus},
	{"receiver", do_receiver},
	{"clock", do_clock},
	{"store", do_store},
	{"silence", do_silence},
	{"unsilence", do_unsilence},
	{"written", do_written},
	{"incident", do_incident},
	{"override", do_override},
	{"press", do_press},
	{"ping", do_ping},
	{"expect", do_expect},
};

static bool command(struct story *st, struct str line)
{
	struct str verb = scenario_word(&line);

	if (!verb.n || verb.p[0] == '#')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++) {
		if (str_is(verb, COMMANDS[i].word))
			return COMMANDS[i].fn(st, line);
	}
	return wrong(st, "unknown command ", verb);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b;
	int c;

	if (!f)
		return NULL;
	buf_init(&b, 1 << 20);
	while ((c = getc(f)) != EOF)
		buf_addc(&b, (char)c);
	fclose(f);
	return buf_take(&b, NULL);
}

bool scenario_run(const char *path, bool verbose)
{
	char *text = slurp(path);
	struct story st = {.sim = sim_new(1), .path = path, .rest = str_of(text)};

	st.sim->verbose = verbose;
	if (!text)
		wrong(&st, "cannot be read", STR(""));
	while (st.rest.n && !st.failed)
		command(&st, next_line(&st));
	sim_free(st.sim);
	free(text);
	return !st.failed;
}
