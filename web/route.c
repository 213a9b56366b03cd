/* The table of paths. */
#include "web/route.h"

#include "web/am_json.h"
#include "web/answer.h"
#include "web/api_alertmanager.h"
#include "web/api_explain.h"
#include "web/api_incidents.h"
#include "web/api_ping.h"
#include "web/api_prometheus.h"
#include "web/api_rouse.h"
#include "web/asset.h"
#include "web/event.h"
#include "web/ops.h"
#include "web/page_incident.h"
#include "web/page_rule.h"
#include "web/page_schedule.h"
#include "web/page_status.h"
#include "web/page_told.h"

#define AM_BASE "/api/v2/"

enum { GET = 1, POST = 2, PUT = 4, DELETE = 8 };

static const struct web_route {
	const char *path;
	unsigned methods;
	void (*handle)(struct exchange *x);
} routes[] = {
	{"/", GET, page_status},
	{"/rule", GET, page_rule},
	{"/alerts", GET, page_told_alerts},
	{"/silences", GET, page_told_silences},
	{"/incidents", GET, page_incidents},
	{"/incident", GET | POST, page_incident},
	{"/oncall", GET | POST, page_oncall},
	{"/assets/style.css", GET, asset_serve},
	{"/assets/app.js", GET, asset_serve},
	{"/assets/calm.svg", GET, asset_serve},
	{"/assets/pending.svg", GET, asset_serve},
	{"/assets/firing.svg", GET, asset_serve},
	{"/ping/", POST, api_ping}, /* NAME or NAME/VERB */
	{"/api/rouse/v1/heartbeats", GET, api_rouse_heartbeats},
	{"/-/healthy", GET, ops_healthy},
	{"/-/ready", GET, ops_ready},
	{"/-/reload", POST | PUT, ops_reload},
	{"/metrics", GET, ops_metrics},
	{"/api/v2/alerts", GET | POST, api_am_alerts},
	{"/api/v2/alerts/groups", GET, api_am_alert_groups},
	{"/api/v2/silences", GET | POST, api_am_silences},
	{"/api/v2/silence/", GET | DELETE, api_am_silence}, /* and the id */
	{"/api/v2/receivers", GET, api_am_receivers},
	{"/api/v2/status", GET, api_am_status},
	{"/api/events", GET, event_stream},
	{"/api/v1/rules", GET, api_prometheus_rules},
	{"/api/v1/alerts", GET, api_prometheus_alerts},
	{"/api/v1/alertmanagers", GET, api_prometheus_alertmanagers},
	{"/api/v1/status/buildinfo", GET, api_prometheus_buildinfo},
	{"/api/v1/status/runtimeinfo", GET, api_prometheus_runtimeinfo},
	{"/api/v1/status/config", GET, api_prometheus_config},
	{"/api/rouse/v1/status", GET, api_rouse_status},
	{"/api/rouse/v1/deliveries", GET, api_rouse_deliveries},
	{"/api/rouse/v1/receivers", GET, api_rouse_receivers},
	{"/api/rouse/v1/explain", GET, api_rouse_explain},
	{"/api/rouse/v1/incidents", GET | POST, api_rouse_incidents},
	{"/api/rouse/v1/incidents/", GET | POST, api_rouse_incident}, /* and ID or ID/VERB */
	{"/api/rouse/v1/who", GET, api_rouse_who},
	{"/api/rouse/v1/calendar", GET, api_rouse_calendar},
	{"/api/rouse/v1/stats", GET, api_rouse_stats},
	{"/api/rouse/v1/overrides", GET | POST, api_rouse_overrides},
	{"/api/rouse/v1/overrides/", DELETE, api_rouse_override}, /* and the id */
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

/* A path that ends in a slash has the name of something behind it. */
static bool path_is(const struct web_route *r, struct str path)
{
	size_t n = strlen(r->path);

	if (n > 1 && r->path[n - 1] == '/')
		return str_starts(path, r->path) && path.n > n;
	return str_is(path, r->path);
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
		if (am)
			handle_am(x, &routes[i]);
		else if (routes[i].methods & method_of(x->req->method))
			routes[i].handle(x);
		else
			not_allowed(x, &routes[i]);
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
