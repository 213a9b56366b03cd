/* Reading a request: parameters and headers. */
#include "web/exchange.h"

static struct str first(const struct web_param *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_is(v[i].name, name))
			return v[i].value;
	}
	return STR("");
}

struct str exchange_param(const struct exchange *x, const char *name)
{
	return first(x->req->query, x->req->n_query, name);
}

struct str exchange_header(const struct exchange *x, const char *name)
{
	return first(x->req->headers, x->req->n_headers, name);
}

bool exchange_param_allows(const struct exchange *x, const char *name, struct str value)
{
	bool given = false;

	for (size_t i = 0; i < x->req->n_query; i++) {
		const struct web_param *p = &x->req->query[i];

		if (!str_is(p->name, name))
			continue;
		if (str_eq(p->value, value))
			return true;
		given = true;
	}
	return !given;
}
