/*
 * Random lives: alerts come and go, the receiver fails in every way, the process dies and is
 * configured anew. A receiver with a memory checks each message; once all trouble is over it must
 * believe what is true. ROUSE_SEEDS says how many lives (default 150).
 */
#include "tests/unit/notify_harness.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALERTS 6

#define LIFE(url, more) \
	"route: {receiver: team, group_by: [g], group_wait: 10s, group_interval: 1m, " \
	"repeat_interval: 1h, routes: [{matchers: ['alertname=\"A\"'], receiver: second, " \
	"fallback: second, group_by: [], continue: true}, {matchers: ['alertname=\"A\"'], " \
	"receiver: team}" more "]}\nreceivers:\n- name: team\n  webhook_configs: [{url: '" url \
	"'}, " \
	"{url: 'http://quiet/', send_resolved: false}]\n" \
	"- name: second\n  webhook_configs: [{url: 'http://second/'}]\n"

static const char CONFIG[] = LIFE("http://team/", "");
static const char MOVED[] = LIFE("http://other/", ", {matchers: ['no=\"such\"']}");

/* What the receiver believes, told by messages that reached it. */
struct memory {
	bool fires[3][ALERTS];	 /* of team, quiet, second */
	char last_key[3][2][40]; /* of each group */
	uint64_t rng;
	bool unsure[3][ALERTS]; /* rouse does not know whether something about it arrived */
	bool faults;
	unsigned seed;
};

static struct memory mem;

static uint32_t draw(uint32_t below)
{
	mem.rng ^= mem.rng << 13;
	mem.rng ^= mem.rng >> 7;
	mem.rng ^= mem.rng << 17;
	return (uint32_t)(mem.rng >> 33) % below;
}

static int receiver(const struct heard *h)
{
	return strstr(h->url, "quiet") ? 1 : strstr(h->url, "second") ? 2 : 0;
}

static int group(const struct heard *h)
{
	return strstr(h->body, "\"groupLabels\":{\"g\":\"1\"}") != NULL;
}

/* The message reached the receiver. An end may be told again if it was told before without an
 * answer, or with the same key. */
static void listen(const struct heard *h, bool answered)
{
	json_t *root = json_loads(h->body, 0, NULL), *al;
	char *last = mem.last_key[receiver(h)][group(h)];
	bool *fires = mem.fires[receiver(h)];
	bool again = strcmp(h->key, last) == 0;
	size_t i;

	assert_non_null(root);
	json_array_foreach(json_object_get(root, "alerts"), i, al)
	{
		int k = (int)strtol(json_string_value(
					    json_object_get(json_object_get(al, "labels"), "i")),
				    NULL, 10);
		bool now = strcmp(json_string_value(json_object_get(al, "status")), "firing") == 0;

		/* Only who was told of the beginning hears of the end, and once. */
		if (!now &&
		    ((!fires[k] && !again && !mem.unsure[receiver(h)][k]) || receiver(h) == 1))
			fail_msg("seed %u: end of %d without a beginning: %s", mem.seed, k,
				 h->body);
		fires[k] = now;
		mem.unsure[receiver(h)][k] = !now && !answered;
	}
	snprintf(last, sizeof(mem.last_key[0][0]), "%s", h->key);
	json_decref(root);
}

/* Rouse cannot know whether this arrived: it did not. */
static void miss(const struct heard *h)
{
	for (int k = 0; k < ALERTS; k++) {
		char label[32];

		snprintf(label, sizeof(label), "\"i\":\"%d\"", k);
		if (strstr(h->body, label))
			mem.unsure[receiver(h)][k] = true;
	}
}

static struct answer some_answer(struct world *w, const struct heard *h)
{
	static const int failures[] = {429, 500, 503, 400, 403, 404};
	struct answer a = {.status = 200, .latency = 1 + draw(400)};
	uint32_t dice = mem.faults ? draw(10) : 9;

	(void)w;
	if (dice < 2) {
		a.status = failures[draw(ARRAY_LEN(failures))];
	} else if (dice == 2) {
		a.outcome = IO_UNSENT;
	} else if (dice == 3) {
		a.outcome = IO_AMBIGUOUS;
		a.latency = 10 * SECOND;
		if (draw(2))
			listen(h, false);
		else
			miss(h);
	} else {
		listen(h, true);
	}
	return a;
}

static void act(struct world *w, bool *fires)
{
	char labels[64];
	uint32_t k = draw(ALERTS);

	snprintf(labels, sizeof(labels), "alertname=A,g=%u,i=%u", k % 2, k);
	switch (draw(12)) {
	case 0:
		world_restart(w, draw(300000));
		memset(mem.unsure, 1, sizeof(mem.unsure));
		break;
	case 1: world_reload(w, draw(2) ? CONFIG : MOVED); break;
	case 2: world_run(w, draw(20) * MINUTE); break;
	case 3:
	case 4:
	case 5: world_run(w, draw(90000)); break;
	default:
		fires[k] = !fires[k];
		if (fires[k])
			world_fire(w, labels, "");
		else
			world_resolve(w, labels);
		world_turn(w); /* the evaluator's word is durable with the turn */
	}
}

static void one_life(unsigned seed)
{
	struct world *w = world_new(CONFIG);
	bool fires[ALERTS] = {0};
	size_t heard;

	mem = (struct memory){.rng = seed * 2654435769u + 88172645463325252u,
			      .seed = seed,
			      .faults = true};
	w->answer_fn = some_answer;
	for (int i = 0; i < 60; i++)
		act(w, fires);
	mem.faults = false;
	world_run(w, 50 * MINUTE);
	for (int k = 0; k < ALERTS; k++) {
		if (mem.fires[0][k] != fires[k] || mem.fires[2][k] != fires[k] ||
		    (fires[k] && !mem.fires[1][k]))
			fail_msg("seed %u: alert %d fires: %d, believed: %d %d %d", seed, k,
				 fires[k], mem.fires[0][k], mem.fires[1][k], mem.fires[2][k]);
	}
	/* Nothing goes on but repeats: at most one a lane and hour. */
	heard = w->n_heard;
	world_run(w, 2 * HOUR);
	assert_true(w->n_heard - heard <= 10);
	world_free(w);
}

static void test_lives(void **state)
{
	const char *n = getenv("ROUSE_SEEDS");
	unsigned seeds = n ? (unsigned)strtoul(n, NULL, 10) : 150;

	(void)state;
	for (unsigned s = 1; s <= seeds; s++)
		one_life(s);
}

TEST_GROUP(lives, cmocka_unit_test(test_lives))
