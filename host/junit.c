/* The XML that promtool writes, made by hand: five kinds of elements and no reading. */
#include "host/junit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/time.h"
#include "promql/quote.h"

void junit_init(struct junit *j)
{
	buf_init(&j->suites, BUF_MAX_ANY);
}

void junit_done(struct junit *j)
{
	buf_done(&j->suites);
}

/* XML 1.0 has no way to write most control characters: they are left out. */
static void put_escaped(struct buf *b, struct str s)
{
	while (s.n) {
		uint32_t r;
		size_t n = rune_decode(s, &r);

		s = str_from(s, n);
		switch (r) {
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '&': buf_adds(b, "&amp;"); break;
		case '"': buf_adds(b, "&#34;"); break;
		case '\n': buf_adds(b, "&#xA;"); break;
		case '\t': buf_adds(b, "&#x9;"); break;
		default:
			if (r >= 0x20 && r != 0xFFFE && r != 0xFFFF)
				rune_put(b, r);
			break;
		}
	}
}

static void put_attribute(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, " %s=\"", name);
	put_escaped(b, value);
	buf_addc(b, '"');
}

static void put_case(struct buf *b, const struct unittest_group *g, size_t number)
{
	char unnamed[32];

	snprintf(unnamed, sizeof(unnamed), "unnamed#%zu", number);
	buf_adds(b, "    <testcase");
	put_attribute(b, "name", g->name.n ? g->name : str_of(unnamed));
	if (g->n_failures == 0 && !g->left_out) {
		buf_adds(b, "></testcase>\n");
		return;
	}
	buf_adds(b, ">\n");
	if (g->left_out)
		buf_adds(b, "      <skipped></skipped>\n");
	for (size_t i = 0; i < g->n_failures; i++) {
		buf_adds(b, "      <failure>");
		put_escaped(b, g->failures[i].text);
		buf_adds(b, "</failure>\n");
	}
	buf_adds(b, "    </testcase>\n");
}

static void put_suite(struct buf *b, struct str file, size_t tests, size_t failures, size_t skipped,
		      size_t errors)
{
	struct timespec now;
	struct buf at;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_init(&at, 64);
	time_put_rfc3339(&at, (ms_t)now.tv_sec * SECOND);
	buf_adds(b, "  <testsuite");
	put_attribute(b, "name", file);
	buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", tests,
		   failures, errors, skipped);
	put_attribute(b, "timestamp", buf_str(&at));
	buf_adds(b, ">\n");
	buf_done(&at);
}

void junit_add(struct junit *j, struct str file, const struct unittest_result *r,
	       const struct diags *diags)
{
	size_t failed = 0, skipped = 0, n = r ? r->n_groups : 0;

	for (size_t i = 0; i < n; i++) {
		failed += r->groups[i].n_failures > 0;
		skipped += r->groups[i].left_out;
	}
	put_suite(&j->suites, file, n, failed, skipped, r ? 0 : 1);
	for (size_t i = 0; i < n; i++)
		put_case(&j->suites, &r->groups[i], i);
	for (size_t i = 0; !r && i < diags->n; i++) {
		buf_adds(&j->suites, "    <error>");
		put_escaped(&j->suites, str_of(diags->v[i].msg));
		buf_adds(&j->suites, "</error>\n");
	}
	buf_adds(&j->suites, "  </testsuite>\n");
}

bool junit_write(const struct junit *j, struct str path)
{
	char *name = mem_str(path);
	FILE *f = fopen(name, "w");
	bool ok = f != NULL;

	free(name);
	if (!f)
		return false;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", f);
	fwrite(j->suites.p, 1, j->suites.n, f);
	ok = fputs("</testsuites>\n", f) >= 0 && !ferror(f);
	return fclose(f) == 0 && ok;
}
