/* The fake house: tables in, views out. */
#include "tests/unit/web_fake.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "evaluator/audit.h"
#include "evaluator/live.h"
#include "notify/explain.h"
#include "notify/silence.h"
#include "oncall/incident.h"
#include "store/batch.h"

_Static_assert(offsetof(struct fake_group, group) == 0, "core_rules finds the group by it");
_Static_assert(offsetof(struct fake_rule, rule) == 0, "core_rule_alerts finds the rule by it");

/* ---- what web/ asks ----------------------------------------------------------------------------
 */

void core_groups(const struct core *c, bool (*fn)(void *arg, const struct group_view *g), void *arg)
{
	for (size_t i = 0; i < c->n_groups; i++) {
		if (!fn(arg, &c->groups[i].view))
			return;
	}
}

void core_rules(const struct core *c ATTR_UNUSED, const struct rule_group *g,
		bool (*fn)(void *arg, const struct rule_view *r), void *arg)
{
	const struct fake_group *f = (const void *)g /* its first member */;

	for (size_t i = 0; i < f->n; i++) {
		if (!fn(arg, &f->rules[i].view))
			return;
	}
}

void core_rule_alerts(const struct core *c ATTR_UNUSED, const struct rule_view *r,
		      bool (*fn)(void *arg, const struct rule_alert_view *a), void *arg)
{
	const struct fake_rule *f = (const void *)r->rule /* its first member */;

	for (size_t i = 0; i < f->n; i++) {
		if (!fn(arg, &f->alerts[i]))
			return;
	}
}

void core_prometheuses(const struct core *c, bool (*fn)(void *arg, const struct prometheus_view *p),
		       void *arg)
{
	for (size_t i = 0; i < c->n_prometheuses; i++) {
		if (!fn(arg, &c->prometheuses[i]))
			return;
	}
}

void core_self(const struct core *c, struct self_view *out)
{
	*out = c->self;
}

void core_live(struct core *c, struct now now, struct str query ATTR_UNUSED, struct live_value *out)
{
	*out = (struct live_value){.at = now.wall, .text = c->live_text};
}

enum run_result core_run_step(struct core *c, struct now now, uint64_t incident,
			      const struct runbook *r, const struct runbook_step *s,
			      struct actor by)
{
	struct step_name name = step_name_of(r, s);

	if (!c->may_run || !s->n_argv)
		return c->may_run ? RUN_NO : RUN_OFF;
	return oncall_step_run(c->oncall, now, incident, &name, s->code, by) == ONCALL_DONE
		       ? RUN_BEGUN
		       : RUN_UNKNOWN;
}

bool core_may_run(const struct core *c)
{
	return c->may_run;
}

bool core_step_runs(const struct core *c ATTR_UNUSED, uint64_t incident ATTR_UNUSED,
		    struct str step ATTR_UNUSED)
{
	return false;
}

bool core_ready(const struct core *c)
{
	return c->ready;
}

uint64_t core_version(const struct core *c)
{
	return c->version;
}

const struct config *core_config(const struct core *c)
{
	return c->has_config ? &c->config : NULL;
}

struct notify *core_notify(struct core *c)
{
	return (struct notify *)(void *)c;
}

void core_metrics(const struct core *c ATTR_UNUSED, struct now now ATTR_UNUSED, struct buf *b)
{
	buf_adds(b, "core_metrics 1\n");
}

void notify_metrics(const struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED, struct buf *b)
{
	buf_adds(b, "notify_metrics 1\n");
}

void notify_deliveries(const struct notify *n, bool (*fn)(void *arg, const struct delivery_view *d),
		       void *arg)
{
	const struct core *c = (const struct core *)(const void *)n;

	for (size_t i = 0; i < c->n_deliveries; i++) {
		if (!fn(arg, &c->deliveries[i]))
			return;
	}
}

void notify_receivers(const struct notify *n, bool (*fn)(void *arg, const struct receiver_view *r),
		      void *arg)
{
	const struct core *c = (const struct core *)(const void *)n;

	for (size_t i = 0; i < c->n_receivers; i++) {
		if (!fn(arg, &c->receivers[i]))
			return;
	}
}

/* What is posted is taken and forgotten; silences are tried with the whole program. */
void notify_put(struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
		const struct alert_in *alerts ATTR_UNUSED, size_t count)
{
	((struct core *)(void *)n)->n_posted += count;
}

void notify_alerts(const struct notify *n ATTR_UNUSED,
		   bool (*fn)(void *arg, const struct alert *a) ATTR_UNUSED, void *arg ATTR_UNUSED)
{
}

const struct alert *notify_inhibited_by(const struct notify *n ATTR_UNUSED, ms_t wall ATTR_UNUSED,
					struct labels ls ATTR_UNUSED)
{
	return NULL;
}

const struct silence *notify_silenced(const struct notify *n ATTR_UNUSED, ms_t wall ATTR_UNUSED,
				      struct labels ls ATTR_UNUSED)
{
	return NULL;
}

void notify_explain(const struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
		    const struct explain_query *q ATTR_UNUSED,
		    bool (*fn)(void *arg, const struct explanation *e) ATTR_UNUSED,
		    void *arg ATTR_UNUSED)
{
}

void notify_timeline(const struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
		     uint64_t alert ATTR_UNUSED,
		     bool (*fn)(void *arg, const struct explain_event *e) ATTR_UNUSED,
		     void *arg ATTR_UNUSED)
{
}

const char *explain_kind_name(enum explain_kind k ATTR_UNUSED)
{
	return "";
}

bool notify_alerts_after(const struct notify *n ATTR_UNUSED, uint64_t *last ATTR_UNUSED,
			 bool (*fn)(void *arg, const struct alert *a) ATTR_UNUSED,
			 void *arg ATTR_UNUSED)
{
	return false;
}

void notify_groups_of(const struct alert *a ATTR_UNUSED,
		      void (*fn)(void *arg, const struct alert_group_view *g) ATTR_UNUSED,
		      void *arg ATTR_UNUSED)
{
}

int notify_group_order(const struct alert_group_view *a ATTR_UNUSED,
		       const struct alert_group_view *b ATTR_UNUSED)
{
	return 0;
}

struct labels notify_group_route_labels(const struct notify *n ATTR_UNUSED,
					struct now now ATTR_UNUSED, struct str id ATTR_UNUSED,
					struct arena *a ATTR_UNUSED)
{
	return (struct labels){.p = ""};
}

enum silence_result notify_silence_put(struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
				       const struct silence *in, struct str *id,
				       struct err *err ATTR_UNUSED)
{
	*id = STR("11111111-2222-4333-8444-555555555555");
	return in->id.n ? SILENCE_NOT_FOUND : SILENCE_OK;
}

enum silence_result notify_silence_expire(struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
					  struct str id ATTR_UNUSED)
{
	return SILENCE_NOT_FOUND;
}

const struct silence *notify_silence(const struct notify *n ATTR_UNUSED, struct str id ATTR_UNUSED)
{
	return NULL;
}

void notify_silences(const struct notify *n ATTR_UNUSED, ms_t wall ATTR_UNUSED,
		     bool (*fn)(void *arg, const struct silence *s) ATTR_UNUSED,
		     void *arg ATTR_UNUSED)
{
}

void notify_silenced_by(const struct notify *n ATTR_UNUSED, ms_t wall ATTR_UNUSED,
			struct labels ls ATTR_UNUSED,
			bool (*fn)(void *arg, const struct silence *s) ATTR_UNUSED,
			void *arg ATTR_UNUSED)
{
}

enum silence_state silence_state(const struct silence *s ATTR_UNUSED, ms_t wall ATTR_UNUSED)
{
	return SILENCE_ACTIVE;
}

const char *silence_state_name(enum silence_state s ATTR_UNUSED)
{
	return "active";
}

uint64_t core_turn(const struct core *c ATTR_UNUSED)
{
	return 7;
}

const char *alert_state_name(enum alert_state s)
{
	return s == ALERT_FIRING ? "firing" : s == ALERT_PENDING ? "pending" : "inactive";
}

const char *rule_health_name(enum rule_health h)
{
	return h == RULE_OK ? "ok" : h == RULE_ERR ? "err" : "unknown";
}

const char *outbox_status_name(enum outbox_status s)
{
	static const char *const names[] = {"QUEUED", "SENDING", "RETRY",
					    "SENT",   "DEAD",	 "REPLACED"};

	return names[s];
}

/* ---- filling the tables ------------------------------------------------------------------------
 */

struct core *fake_new(void)
{
	struct core *c = MEM_NEW(struct core);

	c->ready = true;
	c->version = 1;
	c->has_config = true;
	c->config.prometheus.console_url = STR("http://prometheus.example.org:9090");
	c->config.text = STR("route: {receiver: team}\nsecret: <secret>\n");
	c->self = (struct self_view){.blind_since = MS_NONE,
				     .started_at = FAKE_NOW - 3 * DAY,
				     .reload_ok = true,
				     .reloaded_at = FAKE_NOW - 3 * DAY};
	c->prometheuses[c->n_prometheuses++] =
		(struct prometheus_view){.url = STR("http://prometheus.example.org:9090"),
					 .healthy = true,
					 .current = true,
					 .last_ok = FAKE_NOW - 2 * SECOND,
					 .last_failed = MS_NONE,
					 .queries = 123456};
	return c;
}

void fake_free(struct core *c)
{
	oncall_free(c->oncall);
	oncall_config_free(c->plan);
	runbooks_free(c->told.runbooks);
	batch_free(c->batch);
	timers_done(&c->timers);
	for (size_t i = 0; i < c->n_groups; i++) {
		for (size_t k = 0; k < c->groups[i].n; k++)
			free(c->groups[i].rules[k].alerts);
		free(c->groups[i].rules);
	}
	arena_done(&c->arena);
	free(c);
}

/* One heartbeat, "backup". */
bool core_ping(struct core *c, struct now now ATTR_UNUSED, struct str name, enum ping what)
{
	c->pinged = what;
	return str_is(name, "backup");
}

void core_heartbeats(const struct core *c ATTR_UNUSED, struct now now ATTR_UNUSED,
		     bool (*fn)(void *arg, const struct heartbeat_view *v), void *arg)
{
	struct heartbeat_view v = {.name = STR("backup"),
				   .state = HEARTBEAT_LATE,
				   .every = HOUR,
				   .last_ok = FAKE_NOW - 2 * HOUR,
				   .last_start = MS_NONE,
				   .due = FAKE_NOW - HOUR,
				   .took = MS_NONE};

	fn(arg, &v);
}

const char *heartbeat_state_name(enum heartbeat_state s)
{
	return s == HEARTBEAT_LATE ? "late" : "";
}

/* ---- on call ------------------------------------------------------------------------------- */
static struct batch *fake_batch(void *core)
{
	struct core *c = core;

	if (!c->batch)
		c->batch = batch_new();
	return c->batch;
}

static void count_page(void *arg, struct now now ATTR_UNUSED,
		       const struct oncall_page *p ATTR_UNUSED)
{
	((struct core *)arg)->n_pages++;
}

static void no_withdraw(void *arg ATTR_UNUSED, struct now now ATTR_UNUSED,
			const struct incident *i ATTR_UNUSED, struct str why ATTR_UNUSED)
{
}

static void no_update(void *arg ATTR_UNUSED, struct now now ATTR_UNUSED,
		      const struct incident *i ATTR_UNUSED)
{
}

static void no_tell(void *arg ATTR_UNUSED, struct now now ATTR_UNUSED,
		    const struct incident *i ATTR_UNUSED, struct str receiver ATTR_UNUSED,
		    struct str text ATTR_UNUSED)
{
}

static void no_self_alert(void *arg ATTR_UNUSED, struct now now ATTR_UNUSED,
			  struct str name ATTR_UNUSED, struct str what ATTR_UNUSED,
			  struct str text ATTR_UNUSED, bool firing ATTR_UNUSED)
{
}

void core_audit(struct core *c, struct now now ATTR_UNUSED, struct str who, struct str what)
{
	snprintf(c->audited, sizeof(c->audited), "%.*s: %.*s", STR_ARG(who), STR_ARG(what));
}

void core_audit_each(const struct core *c ATTR_UNUSED,
		     bool (*fn)(void *arg, const struct audit_entry *e), void *arg)
{
	struct audit_entry e = {.at = FAKE_NOW,
				.who = (char[]){"alice"},
				.what = (char[]){"POST /x"}};

	fn(arg, &e);
}

void notify_snapshot(const struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED,
		     struct labels labels ATTR_UNUSED, struct labels annotations ATTR_UNUSED,
		     struct buf *b)
{
	buf_adds(b, "{}");
}

uint64_t notify_drill(struct notify *n ATTR_UNUSED, struct now now ATTR_UNUSED, struct str person,
		      struct str by ATTR_UNUSED)
{
	return str_is(person, "alice") ? 7 : 0;
}

static char *no_snapshot(void *arg ATTR_UNUSED, struct now now ATTR_UNUSED,
			 struct str title ATTR_UNUSED, struct str words ATTR_UNUSED)
{
	return mem_str(STR("{}"));
}

static uint64_t no_entropy(void *arg ATTR_UNUSED)
{
	return 0x5eed;
}

struct oncall *notify_oncall(struct notify *n)
{
	struct core *c = (struct core *)(void *)n;
	struct oncall_env env = {.timers = &c->timers,
				 .batch = fake_batch,
				 .page = count_page,
				 .withdraw = no_withdraw,
				 .update = no_update,
				 .tell = no_tell,
				 .self_alert = no_self_alert,
				 .snapshot = no_snapshot,
				 .entropy = no_entropy,
				 .arg = c,
				 .core = c};

	if (!c->oncall)
		c->oncall = oncall_new(&env);
	return c->oncall;
}

void fake_plan(struct core *c, const char *yaml)
{
	struct limits l;
	struct oncall_source source = {.file = STR("rouse.yml"), .now = FAKE_NOW, .limits = &l};
	struct yaml_node *root;
	struct diags diags;
	struct err err = {0};
	bool more;

	limits_default(&l);
	diags_init(&diags);
	CHECK(yaml_parse(str_of(yaml), &l, &c->arena, &root, &more, &err));
	CHECK(oncall_config_parse(root, &source, &c->plan, &diags));
	diags_done(&diags);
	oncall_configure(notify_oncall((struct notify *)(void *)c), (struct now){.wall = FAKE_NOW},
			 c->plan);
}

void fake_runbook(struct core *c, const char *name, const char *text)
{
	struct runbook_source in = {str_of(name), STR("runbooks/x.md"), str_of(text)};
	struct limits l;
	struct diags diags;

	limits_default(&l);
	diags_init(&diags);
	runbooks_free(c->told.runbooks);
	c->told.runbooks = runbooks_new();
	runbooks_parse(c->told.runbooks, &in, 1, &l, &diags);
	c->config.notify = &c->told;
	diags_done(&diags);
}

struct fake_group *fake_group(struct core *c, const char *file, const char *name, ms_t interval)
{
	CHECK(c->n_groups < FAKE_GROUPS);

	struct fake_group *g = &c->groups[c->n_groups++];

	g->group = (struct rule_group){.file = str_of(file),
				       .name = str_of(name),
				       .interval = interval};
	g->group.key = arena_printf(&c->arena, "%s;%s", file, name);
	g->view = (struct group_view){.group = &g->group,
				      .last_evaluation = FAKE_NOW - 3 * SECOND - 500,
				      .evaluation_s = 0.0025,
				      .next_evaluation = FAKE_NOW + interval - 3500};
	return g;
}

/* Rules must not move once views point at them: room is made for all at the first. */
static struct fake_rule *add_rule(struct core *c, struct fake_group *g, const char *name,
				  const char *query)
{
	if (!g->rules) {
		g->cap = 200;
		g->rules = mem_alloc(g->cap * sizeof(*g->rules));
	}
	CHECK(g->n < g->cap);

	struct fake_rule *r = &g->rules[g->n++];

	r->rule = (struct rule){.name = arena_str(&c->arena, str_of(name)),
				.query = str_of(query),
				.line = 10 * (int)g->n,
				.number = (int)g->n};
	r->view = (struct rule_view){.rule = &r->rule,
				     .group = &g->group,
				     .health = RULE_OK,
				     .evaluated = true,
				     .last_evaluation = FAKE_NOW - 3 * SECOND - 500,
				     .evaluation_s = 0.00125};
	return r;
}

struct fake_rule *fake_alerting(struct core *c, struct fake_group *g, const char *name,
				const char *query, ms_t hold)
{
	struct fake_rule *r = add_rule(c, g, name, query);

	r->rule.alerting = true;
	r->rule.hold = hold;
	return r;
}

struct fake_rule *fake_recording(struct core *c, struct fake_group *g, const char *name,
				 const char *query)
{
	return add_rule(c, g, name, query);
}

struct labels fake_labels(struct core *c, ...)
{
	struct labels_builder lb;
	const char *name;
	va_list ap;

	labels_builder_init(&lb);
	va_start(ap, c);
	while ((name = va_arg(ap, const char *)))
		labels_builder_set(&lb, str_of(name), str_of(va_arg(ap, const char *)));
	va_end(ap);

	struct labels ls = labels_builder_build(&lb, &c->arena);

	labels_builder_done(&lb);
	return ls;
}

void fake_annotate(struct core *c, struct fake_rule *r, const char *name, const char *value)
{
	struct rule_text *v = ARENA_ARRAY(&c->arena, struct rule_text, r->rule.n_annotations + 1);

	if (r->rule.n_annotations)
		memcpy(v, r->rule.annotations, r->rule.n_annotations * sizeof(*v));
	v[r->rule.n_annotations++] =
		(struct rule_text){.name = str_of(name), .value = str_of(value)};
	r->rule.annotations = v;
}

struct rule_alert_view *fake_active(struct core *c, struct fake_rule *r, enum alert_state s,
				    ms_t ago, struct labels ls, struct labels annotations)
{
	struct labels_builder lb;

	labels_builder_init(&lb);
	labels_builder_from(&lb, ls);
	labels_builder_set(&lb, STR(LABEL_ALERTNAME), r->rule.name);
	r->alerts = mem_reserve(r->alerts, &r->cap, r->n + 1, sizeof(*r->alerts));

	struct rule_alert_view *a = &r->alerts[r->n++];

	*a = (struct rule_alert_view){
		.labels = labels_builder_build(&lb, &c->arena),
		.annotations = annotations,
		.state = s,
		.active_at = FAKE_NOW - ago - (s == ALERT_FIRING ? r->rule.hold : 0),
		.fired_at = s == ALERT_FIRING ? FAKE_NOW - ago : MS_NONE,
		.keep_firing_since = MS_NONE,
		.value = 1,
	};
	labels_builder_done(&lb);
	r->view.state = MAX(r->view.state, s);
	r->view.n_alerts = r->n;
	return a;
}

void fake_receiver(struct core *c, const char *name, const char *kind)
{
	c->receivers[c->n_receivers++] = (struct receiver_view){
		.name = str_of(name),
		.kind = str_of(kind),
		.sent = 1204,
		.last_sent_at = FAKE_NOW - 12 * MINUTE,
		.last_failed_at = MS_NONE,
	};
}

struct delivery_view *fake_delivery(struct core *c, enum outbox_status s, const char *title,
				    ms_t ago)
{
	struct delivery_view *d = &c->deliveries[c->n_deliveries++];
	bool done = s == OUTBOX_SENT || s == OUTBOX_DEAD || s == OUTBOX_REPLACED;

	*d = (struct delivery_view){
		.id = 1000 - c->n_deliveries,
		.status = s,
		.receiver = STR("team/discord/0"),
		.group_key = STR("{}:{alertname=\"x\"}"),
		.title = str_of(title),
		.reason = STR("first notification"),
		.created_at = FAKE_NOW - ago,
		.next_at = s == OUTBOX_RETRY ? FAKE_NOW + 40 * SECOND : MS_NONE,
		.done_at = done ? FAKE_NOW - ago + 180 : MS_NONE,
		.attempts = 1,
	};
	return d;
}

/* ---- stories -----------------------------------------------------------------------------------
 */

static void add_node_rules(struct core *c)
{
	struct fake_group *g = fake_group(c, "rules/node.yml", "node-exporter", MINUTE);
	struct fake_rule *r;

	r = fake_alerting(c, g, "NodeFilesystemSpaceFillingUp",
			  "(node_filesystem_avail_bytes{fstype!=\"\",job=\"node\"} / "
			  "node_filesystem_size_bytes{fstype!=\"\",job=\"node\"} * 100 < 15 and "
			  "predict_linear(node_filesystem_avail_bytes{fstype!=\"\",job=\"node\"}["
			  "6h], 4 * 60 * "
			  "60) < 0 and node_filesystem_readonly{fstype!=\"\",job=\"node\"} == 0)",
			  HOUR);
	r->rule.labels = fake_labels(c, "severity", "critical", NULL);
	fake_alerting(c, g, "NodeClockNotSynchronising",
		      "min_over_time(node_timex_sync_status{job=\"node\"}[5m]) == 0", 10 * MINUTE);
	g = fake_group(c, "rules/node.yml", "node-exporter.rules", MINUTE);
	fake_recording(c, g, "instance:node_cpu_utilisation:rate5m",
		       "1 - avg without (cpu) (sum without (mode) "
		       "(rate(node_cpu_seconds_total{job=\"node\",mode=~\"idle|iowait|steal\"}[5m])"
		       "))");
	fake_recording(c, g, "instance:node_num_cpu:sum",
		       "count without (cpu, mode) "
		       "(node_cpu_seconds_total{job=\"node\",mode=\"idle\"})");
}

struct core *fake_calm(void)
{
	struct core *c = fake_new();

	fake_receiver(c, "team", "discord");
	add_node_rules(c);
	fake_delivery(c, OUTBOX_SENT, "Resolved: DolthubAPIDown", 2 * DAY)->resolved = true;
	return c;
}

static void add_dolthub(struct core *c)
{
	struct fake_group *g = fake_group(c, "rules/dolthub.yml", "dolthub", 15 * SECOND);
	struct fake_rule *r = fake_alerting(c, g, "DolthubAPIDown",
					    "sum(up{app=\"dolthubapi\"}) == 0 or "
					    "absent(up{app=\"dolthubapi\"}) > 0",
					    MINUTE);

	r->rule.labels = fake_labels(c, "severity", "critical", "team", "backend", NULL);
	fake_annotate(c, r, "description", "Nobody can push or pull until it is back.");
	fake_annotate(c, r, "runbook_url", "https://runbooks.example.org/dolthub-api");
	fake_annotate(c, r, "summary", "The DoltHub API is down in {{ $labels.app }}");

	struct rule_alert_view *a =
		fake_active(c, r, ALERT_FIRING, 12 * MINUTE + 5 * SECOND,
			    fake_labels(c, "app", "dolthubapi", "severity", "critical", "team",
					"backend", NULL),
			    fake_labels(c, "summary", "The DoltHub API is down in dolthubapi",
					"description", "Nobody can push or pull until it is back.",
					"runbook_url", "https://runbooks.example.org/dolthub-api",
					"dashboard", "https://grafana.example.org/d/dolthub",
					NULL));

	a->because = STR("absent(up{app=\"dolthubapi\"}) > 0");
}

static void add_disks(struct core *c)
{
	static const char *const hosts[] = {"db-1:9100", "db-2:9100", "web-17:9100"};
	struct fake_group *g = fake_group(c, "rules/disk.yml", "disks", 30 * SECOND);
	struct fake_rule *r =
		fake_alerting(c, g, "DiskAlmostFull",
			      "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1",
			      5 * MINUTE);

	r->rule.labels = fake_labels(c, "severity", "warning", NULL);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct str text = arena_printf(&c->arena, "%s has %zu %% left", hosts[i], 9 - i);
		struct rule_alert_view *a =
			fake_active(c, r, ALERT_FIRING, (ms_t)(i + 1) * 47 * MINUTE,
				    fake_labels(c, "instance", hosts[i], "job", "node",
						"mountpoint", "/var", "severity", "warning", NULL),
				    fake_labels(c, "summary", text.p, NULL));

		a->value = 0.0912345678 - (double)i / 100;
	}
	r = fake_alerting(c, g, "DiskLatencyHigh",
			  "rate(node_disk_read_time_seconds_total[5m]) > 0.2", 10 * MINUTE);
	fake_active(c, r, ALERT_PENDING, 4 * MINUTE,
		    fake_labels(c, "device", "sda", "instance", "db-1:9100", NULL),
		    fake_labels(c, "summary", "Reads are slow", NULL))
		->value = 0.25;
	fake_active(c, r, ALERT_PENDING, 11 * MINUTE,
		    fake_labels(c, "device", "sdb", "instance", "db-1:9100", NULL),
		    fake_labels(c, "summary", "Reads are slow", NULL));
}

struct core *fake_firing(void)
{
	struct core *c = fake_new();
	struct delivery_view *d;

	fake_receiver(c, "team", "discord");
	fake_receiver(c, "managers", "email");
	add_disks(c);
	add_dolthub(c);
	add_node_rules(c);
	c->groups[1].view.missed = 1;
	d = fake_delivery(c, OUTBOX_RETRY, "[FIRING:1] DolthubAPIDown (critical backend)",
			  12 * MINUTE);
	d->receiver = STR("managers/email/0");
	d->attempts = 4;
	d->error = STR("421 4.7.0 Try again later, closing connection.");
	fake_delivery(c, OUTBOX_SENT, "[FIRING:1] DolthubAPIDown (critical backend)", 12 * MINUTE);
	d = fake_delivery(c, OUTBOX_SENT, "[FIRING:3] DiskAlmostFull (warning)", 47 * MINUTE);
	d->done_at = d->created_at + 93 * SECOND;
	d->reason = STR("new alerts in the group");
	d->attempts = 2;
	fake_delivery(c, OUTBOX_SENT, "[RESOLVED] NodeClockNotSynchronising", 26 * HOUR)->reason =
		STR("all alerts resolved");
	return c;
}

struct core *fake_trouble(void)
{
	struct core *c = fake_firing();
	struct fake_rule *r = &c->groups[2].rules[1];

	c->self.blind = true;
	c->self.blind_since = FAKE_NOW - 7 * MINUTE;
	c->self.store_failing = true;
	c->self.store_error = STR("cannot write /var/lib/rouse/rouse.db: database or disk is full");
	c->self.reload_ok = false;
	c->self.reload_error =
		STR("rouse.yml:14:3: field recievers not found in the configuration");
	c->self.tilt = true;
	c->prometheuses[0].healthy = false;
	c->prometheuses[0].last_failed = FAKE_NOW - 2 * SECOND;
	c->prometheuses[0].last_ok = FAKE_NOW - 7 * MINUTE;
	c->prometheuses[0].failures = 28;
	c->prometheuses[0].last_error = STR("connection refused");
	c->receivers[1].last_error = STR("535 5.7.8 Authentication failed");
	c->receivers[1].last_failed_at = FAKE_NOW - MINUTE;
	c->receivers[1].failed = 3;
	c->receivers[1].open = 2;
	c->deliveries[0].status = OUTBOX_DEAD;
	c->deliveries[0].error = STR("535 5.7.8 Authentication failed");
	c->ready = false;
	r->view.health = RULE_ERR;
	r->view.last_error = STR("connection refused");
	return c;
}

#define EVIL "<script>alert(1)</script>\"'&`"

struct core *fake_hostile(void)
{
	struct core *c = fake_new();
	struct fake_group *g = fake_group(c, "rules/" EVIL ".yml", EVIL, MINUTE);
	struct fake_rule *r = fake_alerting(c, g, EVIL, "vector(1) > \"" EVIL "\"", MINUTE);
	struct delivery_view *d;

	c->config.prometheus.console_url = STR("javascript:alert(1)");
	r->rule.labels = fake_labels(c, "severity", EVIL, NULL);
	r->view.last_error = STR("bad \xFF\xFE bytes\x01 " EVIL);
	r->view.health = RULE_ERR;
	fake_annotate(c, r, EVIL, EVIL);
	fake_active(c, r, ALERT_FIRING, HOUR,
		    fake_labels(c, "severity", EVIL, "broken", "a\xC3(\xE2\x82", EVIL, "x", NULL),
		    fake_labels(c, "summary", EVIL, "description", EVIL, "runbook_url",
				"javascript:alert(document.cookie)", "dashboard",
				"https://x/\"onmouseover=\"alert(1)", NULL))
		->because = STR(EVIL);
	fake_active(c, r, ALERT_PENDING, HOUR, fake_labels(c, EVIL, EVIL, NULL),
		    fake_labels(c, NULL));
	fake_receiver(c, EVIL, EVIL);
	c->receivers[0].last_error = STR(EVIL);
	c->self.reload_ok = false;
	c->self.reload_error = STR(EVIL);
	c->prometheuses[0].url = STR("http://" EVIL);
	d = fake_delivery(c, OUTBOX_DEAD, EVIL, HOUR);
	d->error = d->reason = d->receiver = STR(EVIL);
	return c;
}

struct core *fake_many(size_t rules, size_t alerts_each)
{
	struct core *c = fake_new();
	struct fake_group *g = NULL;

	fake_receiver(c, "team", "discord");
	for (size_t i = 0; i < rules; i++) {
		if (i % 100 == 0)
			g = fake_group(c, "rules/many.yml",
				       arena_printf(&c->arena, "group-%03zu", i / 100).p, MINUTE);

		struct fake_rule *r =
			fake_alerting(c, g, arena_printf(&c->arena, "ManyAlert%05zu", i).p,
				      "rate(http_requests_total{code=~\"5..\"}[5m]) > 0.05",
				      MINUTE);

		for (size_t k = 0; k < alerts_each; k++)
			fake_active(c, r, ALERT_FIRING, (ms_t)(i + k) * SECOND,
				    fake_labels(c, "instance",
						arena_printf(&c->arena, "host-%zu:9100", k).p,
						"job", "node", "severity", "warning", "region",
						"eu-west-1", NULL),
				    fake_labels(c, "summary", "Too many errors", "description",
						"More than 5 % of the requests of the last five "
						"minutes "
						"failed.",
						NULL));
	}
	return c;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

struct web *fake_web(struct core *c, const char *prefix)
{
	struct web_options o = {
		.route_prefix = str_of(prefix),
		.external_url = STR("http://rouse.example.org"),
		.version = STR("0.1.0"),
	};

	return web_new(c, &o);
}

#define PARAMS 2000

struct web_answer fake_ask(struct web *w, struct arena *a, const char *method, const char *path)
{
	struct str s = str_of(path), query = {0};
	struct web_param *params = ARENA_ARRAY(a, struct web_param, PARAMS);
	struct web_request r = {.method = str_of(method), .query = params};
	struct web_answer ans;
	ptrdiff_t at = str_find_char(s, '?');

	if (at >= 0)
		query = str_from(s, (size_t)at + 1);
	r.path = at >= 0 ? str_cut(s, 0, (size_t)at) : s;
	while (query.n && r.n_query < PARAMS) {
		ptrdiff_t amp = str_find_char(query, '&');
		struct str one = amp < 0 ? query : str_cut(query, 0, (size_t)amp);
		ptrdiff_t eq = str_find_char(one, '=');

		params[r.n_query++] = (struct web_param){
			.name = eq < 0 ? one : str_cut(one, 0, (size_t)eq),
			.value = eq < 0 ? STR("") : str_from(one, (size_t)eq + 1),
		};
		query = amp < 0 ? STR("") : str_from(query, (size_t)amp + 1);
	}
	web_handle(w, (struct now){.mono = 5000, .wall = FAKE_NOW}, &r, a, &ans);
	return ans;
}

struct web_answer fake_get(struct web *w, struct arena *a, const char *path)
{
	return fake_ask(w, a, "GET", path);
}

struct str fake_header(const struct web_answer *ans, const char *name)
{
	for (size_t i = 0; i < ans->n_headers; i++) {
		if (str_is(ans->headers[i].name, name))
			return ans->headers[i].value;
	}
	return STR("");
}

/* ---- looking at markup --------------------------------------------------------------------------
 */

#define TAG_DEPTH 64

struct tags {
	struct str open[TAG_DEPTH];
	size_t n;
};

static bool is_void(struct str name)
{
	static const char *const names[] = {"meta", "link", "input", "path", "circle"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_is(name, names[i]))
			return true;
	}
	return false;
}

/* The length of the tag that s begins with, quotes respected; 0: it has no end. */
static size_t tag_length(struct str s)
{
	bool quoted = false;

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '<')
			return 0;
		if (s.p[i] == '"')
			quoted = !quoted;
		if (s.p[i] == '>' && !quoted)
			return i + 1;
	}
	return 0;
}

static struct str tag_name(struct str tag)
{
	size_t from = tag.p[1] == '/' ? 2 : 1, to = from;

	while (to < tag.n && tag.p[to] != ' ' && tag.p[to] != '>')
		to++;
	return str_cut(tag, from, to);
}

/* The tag without what its attributes say. */
static struct str bare(struct arena *a, struct str tag)
{
	char *p = arena_bytes(a, tag.n);
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < tag.n; i++) {
		if (tag.p[i] == '"')
			quoted = !quoted;
		else if (!quoted)
			p[n++] = tag.p[i];
	}
	return (struct str){.p = p, .n = n};
}

static const char *tag_error(struct tags *t, struct str tag, struct arena *a)
{
	struct str name = tag_name(tag), names = bare(a, tag);

	if (str_find(names, STR(" on")) >= 0 || str_find(names, STR(" style=")) >= 0)
		return "a handler or a style";
	if (str_find(tag, STR("href=\"javascript:")) >= 0)
		return "a link that runs";
	if (str_starts(tag, "<script") && str_find(tag, STR("src=\"assets/app.js")) < 0)
		return "a script that is not ours";
	if (name.n == 0 || name.p[0] == '!' || is_void(name))
		return name.n ? "" : "an empty tag";
	if (tag.p[1] != '/') {
		if (t->n == TAG_DEPTH)
			return "too deep";
		t->open[t->n++] = name;
		return "";
	}
	return t->n && str_eq(t->open[--t->n], name) ? "" : "a tag that closes another";
}

const char *markup_error(struct str page)
{
	struct tags t = {0};
	struct arena a;
	const char *wrong = str_is_utf8(page) ? "" : "no UTF-8";

	arena_init(&a);
	for (size_t i = 0; i < page.n && !*wrong; i++) {
		if (page.p[i] != '<')
			continue;

		size_t n = tag_length(str_from(page, i));

		wrong = n ? tag_error(&t, str_cut(page, i, i + n), &a) : "a tag without an end";
		i += MAX(n, (size_t)1) - 1;
	}
	arena_done(&a);
	return *wrong || !t.n ? wrong : "a tag that is not closed";
}

struct web_answer fake_question(struct web *w, struct arena *a, const struct fake_question *q)
{
	const struct {
		const char *name, *value;
	} headers[] = {{"content-type", q->type},
		       {"sec-fetch-site", q->site},
		       {"authorization", q->authorization},
		       {"x-forwarded-user", q->forwarded}};
	struct web_param h[ARRAY_LEN(headers)], query[ARRAY_LEN(q->params) / 2];
	struct web_request r = {.method = str_of(q->method),
				.path = str_of(q->path),
				.headers = h,
				.query = query,
				.body = str_of(q->body ? q->body : ""),
				.remote = str_of(q->remote ? q->remote : ""),
				.user = str_of(q->user ? q->user : "")};
	struct web_answer ans;

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		if (headers[i].value)
			h[r.n_headers++] = (struct web_param){str_of(headers[i].name),
							      str_of(headers[i].value)};
	}
	for (size_t i = 0; i < ARRAY_LEN(q->params) && q->params[i]; i += 2)
		query[r.n_query++] =
			(struct web_param){str_of(q->params[i]), str_of(q->params[i + 1])};
	web_handle(w, (struct now){.mono = 5000, .wall = FAKE_NOW}, &r, a, &ans);
	return ans;
}
