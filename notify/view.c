/* What pages, API and metrics may see of the notifier. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "notify/func.h"
#include "notify/inhibit.h"
#include "notify/inner.h"
#include "oncall/incident.h"

uint64_t notify_version(const struct notify *n)
{
	return n->version + oncall_version(n->oncall);
}

void notify_deliveries(const struct notify *n, bool (*fn)(void *arg, const struct delivery_view *d),
		       void *arg)
{
	for (const struct row *r = n->newest; r; r = r->older) {
		struct delivery_view v = {
			.id = r->id,
			.status = r->status,
			.receiver = str_of(r->receiver),
			.group_key = str_of(r->group_key),
			.title = str_of(r->title),
			.reason = str_of(r->reason),
			.error = str_of(r->error),
			.created_at = r->created_at,
			.next_at = r->next_at,
			.done_at = r->done_at,
			.attempts = r->attempts,
			.resolved = r->resolved,
		};

		if (!fn(arg, &v))
			return;
	}
}

void notify_receivers(const struct notify *n, bool (*fn)(void *arg, const struct receiver_view *r),
		      void *arg)
{
	map_each (&n->dests, e) {
		const struct dest *d = e->value;

		if (!d->to)
			continue;

		struct receiver_view v = {
			.name = d->to->receiver,
			.kind = str_of(d->to->kind->name),
			.index = d->to->index,
			.sent = d->sent,
			.failed = d->failed,
			.retried = d->retried,
			.open = d->open,
			.last_sent_at = d->last_sent_at,
			.last_failed_at = d->last_failed_at,
			.last_error = str_of(d->last_error),
		};

		if (!fn(arg, &v))
			return;
	}
}

void notify_alerts(const struct notify *n, bool (*fn)(void *arg, const struct alert *a), void *arg)
{
	map_each (&n->alerts, e) {
		if (!fn(arg, &((const struct kept_alert *)e->value)->a))
			return;
	}
}

/* The first entry whose alert has a number above `last`: numbers grow in the order of entries. */
static struct map_entry *entry_after(const struct map *m, uint64_t last)
{
	size_t low = 0, high = m->used;
	struct map_entry *found = NULL;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct map_entry *e = &m->entries[middle];

		if (!e->key.p)
			e = map_next(m, e);
		if (e && ((const struct kept_alert *)e->value)->id <= last) {
			low = (size_t)(e - m->entries) + 1;
		} else {
			found = e ? e : found;
			high = middle;
		}
	}
	return found;
}

bool notify_alerts_after(const struct notify *n, uint64_t *last,
			 bool (*fn)(void *arg, const struct alert *a), void *arg)
{
	for (struct map_entry *e = entry_after(&n->alerts, *last); e; e = map_next(&n->alerts, e)) {
		const struct kept_alert *ka = e->value;

		*last = ka->id;
		if (!fn(arg, &ka->a))
			return true;
	}
	return false;
}

/* ---- metrics ----------------------------------------------------------------------------- */
static const char *const REASONS[FAIL_COUNT] = {
	[FAIL_OTHER] = "other",
	[FAIL_CLIENT] = "clientError",
	[FAIL_SERVER] = "serverError",
	[FAIL_AUTH] = "authError",
	[FAIL_LIMITED] = "rateLimited",
	[FAIL_DEADLINE] = "contextDeadlineExceeded",
	[FAIL_CANCELED] = "contextCanceled",
};

/* Sums over the destinations of one kind. */
struct kind_sums {
	const char *name;
	uint64_t begun, requests, failed_requests, reasons[FAIL_COUNT], latency_count;
	double latency_sum_s;
};

static size_t kind_sums(const struct notify *n, struct kind_sums *out)
{
	size_t k = 0;

	for (; receiver_kinds[k]; k++)
		out[k] = (struct kind_sums){.name = receiver_kinds[k]->name};
	map_each (&n->dests, e) {
		const struct dest *d = e->value;

		for (size_t i = 0; d->to && i < k; i++) {
			if (strcmp(out[i].name, d->to->kind->name) != 0)
				continue;
			out[i].begun += d->begun;
			out[i].requests += d->requests;
			out[i].failed_requests += d->failed_requests;
			out[i].latency_count += d->latency_count;
			out[i].latency_sum_s += d->latency_sum_s;
			for (size_t f = 0; f < FAIL_COUNT; f++)
				out[i].reasons[f] += d->reasons[f];
		}
	}
	return k;
}

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct buf *b, const struct kind_sums *v, size_t n, size_t at, const char *name,
		    const char *help)
{
	head(b, name, "counter", help);
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s{integration=\"%s\"} %llu\n", name, v[i].name,
			   (unsigned long long)*(
				   const uint64_t *)(const void *)((const char *)&v[i] + at));
}

static void put_kinds(struct buf *b, const struct notify *n)
{
	struct kind_sums v[32] = {0};
	size_t k = kind_sums(n, v);

	CHECK(k <= ARRAY_LEN(v));
	counter(b, v, k, offsetof(struct kind_sums, begun), "alertmanager_notifications_total",
		"The total number of attempted notifications.");
	head(b, "alertmanager_notifications_failed_total", "counter",
	     "The total number of failed notifications.");
	for (size_t i = 0; i < k; i++) {
		for (size_t f = 0; f < FAIL_COUNT; f++)
			buf_printf(b,
				   "alertmanager_notifications_failed_total{integration=\"%s\","
				   "reason=\"%s\"} %llu\n",
				   v[i].name, REASONS[f], (unsigned long long)v[i].reasons[f]);
	}
	counter(b, v, k, offsetof(struct kind_sums, requests),
		"alertmanager_notification_requests_total",
		"The total number of attempted notification requests.");
	counter(b, v, k, offsetof(struct kind_sums, failed_requests),
		"alertmanager_notification_requests_failed_total",
		"The total number of failed notification requests.");
	head(b, "alertmanager_notification_latency_seconds", "summary",
	     "The latency of notification attempts in seconds.");
	for (size_t i = 0; i < k; i++) {
		buf_printf(b, "alertmanager_notification_latency_seconds_sum{integration=\"%s\"} ",
			   v[i].name);
		num_put_float(b, v[i].latency_sum_s, 'g', -1);
		buf_printf(b,
			   "\nalertmanager_notification_latency_seconds_count{integration=\"%s\"} "
			   "%llu\n",
			   v[i].name, (unsigned long long)v[i].latency_count);
	}
}

static void gauge(struct buf *b, const char *name, const char *help, uint64_t v)
{
	head(b, name, "gauge", help);
	buf_printf(b, "%s %llu\n", name, (unsigned long long)v);
}

/* As of its groups' last look. */
static bool is_muted(const struct kept_alert *ka)
{
	for (size_t i = 0; i < ka->n_in; i++) {
		if (ka->in[i]->muted)
			return true;
	}
	return false;
}

static void put_alerts(struct buf *b, const struct notify *n, struct now now)
{
	static const char *const reasons[SUPPRESSIONS] = {"silence", "inhibition",
							  "mute_time_interval",
							  "active_time_interval"};
	size_t active = 0, suppressed = 0, resolved = 0;

	map_each (&n->alerts, e) {
		const struct kept_alert *ka = e->value;

		if (alert_resolved(&ka->a, now.wall))
			resolved++;
		else if (is_muted(ka))
			suppressed++;
		else
			active++;
	}
	head(b, "alertmanager_alerts", "gauge", "How many alerts by state.");
	buf_printf(b,
		   "alertmanager_alerts{state=\"active\"} %zu\n"
		   "alertmanager_alerts{state=\"suppressed\"} %zu\n"
		   "alertmanager_alerts{state=\"unprocessed\"} 0\n",
		   active, suppressed);
	head(b, "alertmanager_notifications_suppressed_total", "counter",
	     "Alerts of groups that were kept back when it was time to tell them.");
	for (size_t i = 0; i < SUPPRESSIONS; i++)
		buf_printf(b, "alertmanager_notifications_suppressed_total{reason=\"%s\"} %llu\n",
			   reasons[i], (unsigned long long)n->suppressed[i]);
	head(b, "alertmanager_alerts_limited_total", "counter",
	     "Posted alerts dropped because there were too many with their alertname.");
	buf_printf(b, "alertmanager_alerts_limited_total %llu\n",
		   (unsigned long long)n->alerts_dropped);
	gauge(b, "rouse_alerts_resolved", "Alerts that are over and not yet told everywhere.",
	      resolved);
}

static void put_outbox(struct buf *b, const struct notify *n, struct now now)
{
	const struct row *oldest = n->oldest;
	ms_t age = 0;

	while (oldest && !oldest->message)
		oldest = oldest->newer;
	if (oldest)
		age = MAX(now.mono - oldest->created_mono, 0);
	gauge(b, "rouse_outbox_open", "Notifications that are not done.", n->n_open);
	head(b, "rouse_outbox_oldest_seconds", "gauge", "Age of the oldest of them.");
	buf_adds(b, "rouse_outbox_oldest_seconds ");
	num_put_float(b, (double)age / 1000, 'g', -1);
	buf_addc(b, '\n');
	head(b, "rouse_outbox_over_limit_total", "counter",
	     "Notifications kept although the outbox was full.");
	buf_printf(b, "rouse_outbox_over_limit_total %llu\n", (unsigned long long)n->over_limit);
}

static void put_quoted(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		if (*s == '\n')
			buf_adds(b, "\\n");
		else
			buf_addc(b, *s);
	}
}

static void put_receivers(struct buf *b, const struct notify *n)
{
	uint64_t count = 0;

	head(b, "rouse_receiver_open", "gauge", "Notifications that wait for this integration.");
	map_each (&n->dests, e) {
		const struct dest *d = e->value;

		if (!d->to)
			continue;
		buf_adds(b, "rouse_receiver_open{receiver=\"");
		put_quoted(b, d->id);
		buf_printf(b, "\"} %llu\n", (unsigned long long)d->open);
		count++;
	}
	gauge(b, "alertmanager_integrations", "Number of configured integrations.", count);
	gauge(b, "alertmanager_receivers", "Number of configured receivers.",
	      n->config ? n->config->n_receivers : 0);
}

const struct alert *notify_inhibited_by(const struct notify *n, ms_t wall, struct labels ls)
{
	return n->inhibitor ? inhibitor_find(n->inhibitor, wall, ls) : NULL;
}

bool notify_stuck(const struct notify *n, struct now now, ms_t longest)
{
	const struct row *r = n->oldest;

	while (r && r->status >= OUTBOX_SENT)
		r = r->newer;
	if (!r || now.mono - r->created_mono <= longest)
		return false;
	map_each (&n->dests, e) {
		const struct dest *d = e->value;

		if (d->took && now.mono - d->took_mono <= longest)
			return false;
	}
	return true;
}

/* ---- groups ------------------------------------------------------------------------------ */
int notify_group_order(const struct alert_group_view *a, const struct alert_group_view *b)
{
	size_t x = labels_count(a->labels), y = labels_count(b->labels);
	int c = x < y ? -1 : x > y;

	if (!c)
		c = labels_cmp(a->labels, b->labels);
	if (!c)
		c = str_cmp(a->receiver, b->receiver);
	return c ? c : str_cmp(a->id, b->id);
}

void notify_groups_of(const struct alert *a,
		      void (*fn)(void *arg, const struct alert_group_view *g), void *arg)
{
	const struct kept_alert *ka = (const void *)a; /* its first member */

	_Static_assert(offsetof(struct kept_alert, a) == 0, "an alert is where it is kept");
	for (size_t i = 0; i < ka->n_in; i++) {
		const struct group *g = ka->in[i]->group;
		struct alert_group_view view = {.id = str_of(g->id),
						.receiver = g->route->receiver,
						.labels = g->labels,
						.route = g->route};

		fn(arg, &view);
	}
}

struct labels notify_group_route_labels(const struct notify *n, struct now now, struct str id,
					struct arena *a)
{
	const struct group *g = map_get(&n->groups, id);

	if (!g || !g->route->labels.n)
		return (struct labels){.p = ""};

	OWNED(message) m = group_message(g, now);

	return notify_route_labels(n->config->templates, m, now, n->env.limits, a);
}

void notify_metrics(const struct notify *n, struct now now, struct buf *b)
{
	put_kinds(b, n);
	put_alerts(b, n, now);
	gauge(b, "alertmanager_dispatcher_aggregation_groups",
	      "Number of active aggregation groups.", n->groups.n);
	put_outbox(b, n, now);
	put_receivers(b, n);
}
