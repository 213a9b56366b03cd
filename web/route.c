/* The table of paths. */
#include "web/route.h"

#include "web/access.h"
#include "web/am_json.h"
#include "web/answer.h"
#include "web/api_alertmanager.h"
#include "web/api_drill.h"
#include "web/api_explain.h"
#include "web/api_incidents.h"
#include "web/api_marks.h"
#include "web/api_ping.h"
#include "web/api_prometheus.h"
#include "web/api_rouse.h"
#include "web/api_runbooks.h"
#include "web/asset.h"
#include "web/form.h"
#include "web/ops.h"
#include "web/page_answer.h"
#include "web/page_incident.h"
#include "web/page_people.h"
#include "web/page_rule.h"
#include "web/page_schedule.h"
#include "web/page_status.h"
#include "web/page_told.h"

#define AM_BASE "/api/v2/"

enum { GET = 1, POST = 2, PUT = 4, DELETE = 8 };
enum {
	OPEN = 1,  /* needs no password and no permission */
	QUIET = 2, /* changes are not audited: there are too many of them */
	SECRET = 4 /* reading needs what a change needs */
};

static const struct web_route {
	const char *path;
	unsigned methods;
	void (*handle)(struct exchange *x);
	enum permit write; /* what a change needs */
	unsigned flags;
} routes[] = {
	{"/", GET, page_status, 0, 0},
	{"/rule", GET, page_rule, 0, 0},
	{"/alerts", GET, page_told_alerts, 0, 0},
	{"/silences", GET, page_told_silences, 0, 0},
	{"/incidents", GET, page_incidents, 0, 0},
	{"/incident", GET | POST, page_incident, PERMIT_RESPOND, 0},
	{"/oncall", GET | POST, page_oncall, PERMIT_RESPOND, 0},
	{"/drill", POST, page_drill, PERMIT_ADMIN, 0},
	{"/form", GET | POST, page_form, 0, OPEN},
	{"/answer", GET | POST, page_answer, 0, OPEN},
	{"/assets/style.css", GET, asset_serve, 0, OPEN},
	{"/assets/app.js", GET, asset_serve, 0, 0},
	{"/assets/calm.svg", GET, asset_serve, 0, OPEN},
	{"/assets/pending.svg", GET, asset_serve, 0, 0},
	{"/assets/firing.svg", GET, asset_serve, 0, 0},
	{"/ping/", POST, api_ping, PERMIT_PINGS, QUIET}, /* NAME or NAME/VERB */
	{"/api/rouse/v1/heartbeats", GET, api_rouse_heartbeats, 0, 0},
	{"/-/healthy", GET, ops_healthy, 0, OPEN},
	{"/-/ready", GET, ops_ready, 0, OPEN},
	{"/-/reload", POST | PUT, ops_reload, PERMIT_ADMIN, 0},
	{"/metrics", GET, ops_metrics, 0, 0},
	{"/api/v2/alerts", GET | POST, api_am_alerts, PERMIT_ALERTS, QUIET},
	{"/api/v2/alerts/groups", GET, api_am_alert_groups, 0, 0},
	{"/api/v2/silences", GET | POST, api_am_silences, PERMIT_RESPOND, 0},
	{"/api/v2/silence/", GET | DELETE, api_am_silence, PERMIT_RESPOND, 0}, /* and the id */
	{"/api/v2/receivers", GET, api_am_receivers, 0, 0},
	{"/api/v2/status", GET, api_am_status, 0, 0},
	{"/api/events", GET | POST, api_events, PERMIT_EVENTS, 0},
	{"/api/v1/rules", GET, api_prometheus_rules, 0, 0},
	{"/api/v1/alerts", GET, api_prometheus_alerts, 0, 0},
	{"/api/v1/alertmanagers", GET, api_prometheus_alertmanagers, 0, 0},
	{"/api/v1/status/buildinfo", GET, api_prometheus_buildinfo, 0, 0},
	{"/api/v1/status/runtimeinfo", GET, api_prometheus_runtimeinfo, 0, 0},
	{"/api/v1/status/config", GET, api_prometheus_config, 0, 0},
	{"/api/rouse/v1/status", GET, api_rouse_status, 0, 0},
	{"/api/rouse/v1/deliveries", GET, api_rouse_deliveries, 0, 0},
	{"/api/rouse/v1/receivers", GET, api_rouse_receivers, 0, 0},
	{"/api/rouse/v1/explain", GET, api_rouse_explain, 0, 0},
	{"/api/rouse/v1/incidents", GET | POST, api_rouse_incidents, PERMIT_RESPOND, 0},
	{"/api/rouse/v1/incidents/", GET | POST, api_rouse_incident, PERMIT_RESPOND,
	 0}, /* and ID or ID/VERB */
	{"/api/rouse/v1/runbooks", GET, api_rouse_runbooks, 0, 0},
	{"/api/rouse/v1/runbooks/", GET, api_rouse_runbook, 0, 0}, /* and the name */
	{"/api/rouse/v1/who", GET, api_rouse_who, 0, 0},
	{"/api/rouse/v1/calendar", GET, api_rouse_calendar, 0, 0},
	{"/api/rouse/v1/events", GET | POST, api_rouse_events, PERMIT_EVENTS, 0},
	{"/api/rouse/v1/drill", POST, api_rouse_drill, PERMIT_ADMIN, 0},
	{"/api/rouse/v1/drill/", GET, api_rouse_drill_one, 0, 0}, /* and the number */
	{"/api/rouse/v1/audit", GET, api_rouse_audit, PERMIT_ADMIN, SECRET},
	{"/api/rouse/v1/stats", GET, api_rouse_stats, 0, 0},
	{"/api/rouse/v1/overrides", GET | POST, api_rouse_overrides, PERMIT_RESPOND, 0},
	{"/api/rouse/v1/overrides/", DELETE, api_rouse_override, PERMIT_RESPOND,
	 0}, /* and the id */
};

_Static_assert(ARRAY_LEN(routes) <= WEB_ROUTES_MAX, "the counters of web/exchange.h are too few");

static unsigned method_of(struct str m)
{
	if (str_is(m, "GET") || str_is(m, "HEAD"))
		return GET;
	return str_is(m, "POST") ? POST : str_is(m, "PUT") ? PUT : str_is(m, "DELETE") ? DELETE : 0;
}

static void not_allowed(struct exchange *x, const struct web_route *r)
{
	static const struct {
		unsigned method;
		const char *allow, *word;
	} methods[] = {{GET, "GET, HEAD", "GET"},
		       {POST, "POST", "POST"},
		       {PUT, "PUT", "PUT"},
		       {DELETE, "DELETE", "DELETE"}};
	struct io_header allow = {.name = STR("Allow")};
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&x->body, "Only ");
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (!(r->methods & methods[i].method))
			continue;
		buf_printf(&x->body, "%s%s", b.n ? " or " : "", methods[i].word);
		buf_printf(&b, "%s%s", b.n ? ", " : "", methods[i].allow);
	}
	buf_adds(&x->body, " requests allowed\n");
	allow.value = arena_str(x->arena, buf_str(&b));
	buf_done(&b);
	answer_body_with(x, 405, "text/plain; charset=utf-8", &allow, 1);
}

/* Alertmanager's API has manners of its own. */
static void handle_am(struct exchange *x, const struct web_route *r)
{
	const char *methods = r->methods & POST	    ? "GET,POST"
			      : r->methods & DELETE ? "DELETE,GET"
						    : "GET";

	if (am_enter(x, methods))
		r->handle(x);
}

static void handle(struct exchange *x, const struct web_route *r, bool am)
{
	if (am)
		handle_am(x, r);
	else
		r->handle(x);
}

/* A path that ends in a slash has the name of something behind it. */
static bool path_is(const struct web_route *r, struct str path)
{
	size_t n = strlen(r->path);

	if (n > 1 && r->path[n - 1] == '/')
		return str_starts(path, r->path) && path.n > n;
	return str_is(path, r->path);
}

/* Those that ask as this one does, and may. False: the answer is made. */
static bool may(struct exchange *x, const struct web_route *r, bool am)
{
	bool change = !(method_of(x->req->method) & GET);

	if (r->flags & OPEN)
		return true;
	if (!access_may(x, r->write && (change || r->flags & SECRET) ? r->write : PERMIT_READ))
		return false;
	/* Alertmanager's API may be asked from everywhere, as Alertmanager's may. */
	if (change && !am && access_other_site(x)) {
		answer_text(x, 403, STR("this was not sent by a page of rouse"));
		return false;
	}
	x->audited = change && !(r->flags & QUIET);
	return true;
}

bool web_is_open(struct web *w, struct str path)
{
	struct str prefix = w->options.route_prefix;

	if (!str_starts(path, prefix.n ? prefix.p : ""))
		return false;
	path = str_from(path, prefix.n);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (path_is(&routes[i], path))
			return routes[i].flags & OPEN && !str_starts(path, "/-/");
	}
	return false;
}

size_t route_dispatch(struct exchange *x)
{
	bool am = str_starts(x->path, AM_BASE) || str_is(x->path, "/api/v2");

	/* A slash at the end changes nothing, except where a name is missing before it. */
	if (str_starts(x->path, AM_BASE) && x->path.n > strlen(AM_BASE) && str_ends(x->path, "/") &&
	    !str_is(x->path, AM_BASE "silence/"))
		x->path.n--;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!path_is(&routes[i], x->path))
			continue;
		if (!am && !(routes[i].methods & method_of(x->req->method)))
			not_allowed(x, &routes[i]);
		else if (may(x, &routes[i], am))
			handle(x, &routes[i], am);
		return i;
	}
	if (str_is(x->path, "/api/v2"))
		answer_redirect(x, 301,
				arena_printf(x->arena, "%.*s" AM_BASE,
					     STR_ARG(x->web->options.route_prefix)));
	else if (am)
		am_not_found(x);
	else if (str_starts(x->path, "/api/v1/") || str_starts(x->path, "/api/rouse/"))
		answer_json_error(x, API_NOT_FOUND, STR("there is nothing at this path"));
	else
		answer_text(x, 404, STR("404 page not found"));
	return WEB_ROUTES_MAX;
}

const char *route_name(size_t number)
{
	return number < ARRAY_LEN(routes) ? routes[number].path : "other";
}
