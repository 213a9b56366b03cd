/* What answers mean; see answer.h. */
#include "oncall/answer.h"

#include "base/num.h"
#include "oncall/inner.h"

#define EVENT "answer"
#define STRANGERS_MAX 50 /* answers of strangers that an incident's timeline keeps */

static const struct {
	const char *name;
	const char *reactions; /* between blanks */
	const char *words;
} VERBS[ANSWER_VERBS] = {
	[ANSWER_ACK] = {"ack",
			" ✅ ☑ ✔ 👍 👌 white_check_mark heavy_check_mark ballot_box_with_check "
			"check check_mark +1 thumbsup thumbs_up ok_hand ",
			" ack a ok acknowledge acked acknowledged "},
	[ANSWER_LOOK] = {"look", " 👀 eyes ", " look looking l "},
	[ANSWER_ESCALATE] = {"escalate", " 🆘 sos ", " escalate e sos "},
	[ANSWER_SNOOZE] = {"snooze", " 🔇 💤 mute zzz no_sound ", " snooze s mute "},
	[ANSWER_NOTE] = {"note", "", ""},
};

const char *answer_verb_name(enum answer_verb v)
{
	return VERBS[v].name;
}

bool answer_verb_parse(struct str s, enum answer_verb *out)
{
	for (size_t i = 0; i < ANSWER_VERBS; i++) {
		*out = (enum answer_verb)i;
		if (str_is(s, VERBS[i].name))
			return true;
	}
	return false;
}

static bool has_word(const char *list, struct str word)
{
	char blank[64];

	if (!word.n || word.n > sizeof(blank) - 3 || str_find_char(word, ' ') >= 0)
		return false;
	snprintf(blank, sizeof(blank), " %.*s ", STR_ARG(word));
	return str_find(str_of(list), str_of(blank)) >= 0;
}

/* Signs come with and without a mark of their form (U+FE0F) and a colour of skin. */
static struct str plain_sign(struct str s)
{
	static const char form[] = "\xef\xb8\x8f", skin[] = "\xf0\x9f\x8f";

	if (str_ends(s, form))
		s.n -= strlen(form);
	if (s.n > 4 && str_starts(str_from(s, s.n - 4), skin))
		s.n -= 4;
	return s;
}

bool answer_of_reaction(struct str reaction, enum answer_verb *out)
{
	ptrdiff_t colon = str_find(reaction, STR("::skin-tone"));

	if (colon >= 0)
		reaction = str_cut(reaction, 0, (size_t)colon);
	reaction = plain_sign(reaction);
	for (size_t i = 0; i < ANSWER_VERBS; i++) {
		*out = (enum answer_verb)i;
		if (has_word(VERBS[i].reactions, reaction))
			return true;
	}
	return false;
}

/* The next word in small letters, without signs around it. */
static struct str next_word(struct str *rest, char *room, size_t size)
{
	struct str s = *rest;
	size_t from = 0, to, n = 0;

	while (from < s.n && strchr(" \t\r\n'\"#!/.,:", s.p[from]))
		from++;
	to = from;
	while (to < s.n && !strchr(" \t\r\n'\"#!.,:", s.p[to]))
		to++;
	for (size_t i = from; i < to && n < size - 1; i++)
		room[n++] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	room[n] = 0;
	*rest = str_from(s, to);
	return (struct str){.p = room, .n = n};
}

bool answer_of_words(struct str text, enum answer_verb *out, uint64_t *incident)
{
	char room[40];
	struct str rest = text, word = next_word(&rest, room, sizeof(room));

	*incident = 0;
	for (size_t i = 0; i < ANSWER_VERBS; i++) {
		*out = (enum answer_verb)i;
		if (!has_word(VERBS[i].words, word) && !has_word(VERBS[i].reactions, word))
			continue;
		word = next_word(&rest, room, sizeof(room));
		if (word.n && num_uint(word, 10, incident) != NUM_OK)
			return false; /* a sentence that begins so is no command */
		return !next_word(&rest, room, sizeof(room)).n;
	}
	return false;
}

/* Heard before? Events of answers end in their name. */
static bool heard(const struct incident *i, struct str once, size_t *strangers)
{
	char end[300];

	snprintf(end, sizeof(end), "(%.*s)", (int)MIN(once.n, (size_t)250), once.p);
	for (size_t k = i->n_events; k-- > 0;) {
		const struct incident_event *e = &i->events[k];

		if (strcmp(e->kind, EVENT) != 0)
			continue;
		if (str_ends(str_of(e->text), end))
			return true;
		*strangers += str_starts(str_of(e->text), "a stranger: ");
	}
	return false;
}

static enum oncall_result act(struct oncall *oc, struct now now, uint64_t id,
			      const struct answer *a)
{
	struct actor by = {.who = a->person, .means = a->means};

	switch (a->verb) {
	case ANSWER_ACK: return oncall_ack(oc, now, id, by);
	case ANSWER_ESCALATE: return oncall_escalate(oc, now, id, by, a->seen);
	case ANSWER_SNOOZE: return oncall_snooze(oc, now, id, now.wall + ANSWER_SNOOZE_FOR, by);
	case ANSWER_NOTE: return oncall_note(oc, now, id, a->text, by);
	case ANSWER_LOOK:
	case ANSWER_VERBS: break;
	}
	return ONCALL_DONE;
}

enum oncall_result oncall_answer(struct oncall *oc, struct now now, uint64_t id,
				 const struct answer *a)
{
	struct incident *i = incident_find(oc, id);
	size_t strangers = 0;
	struct str once = str_cut(a->once, 0, MIN(a->once.n, (size_t)250));
	struct str who = a->person.n ? a->person : str_cut(a->as, 0, MIN(a->as.n, (size_t)100));

	if (!i)
		return ONCALL_UNKNOWN;
	if (heard(i, once, &strangers) || (!a->person.n && strangers >= STRANGERS_MAX))
		return ONCALL_ALREADY;
	incident_say(i, now.wall, EVENT, who, "%s%s by %.*s (%.*s)",
		     a->person.n ? "" : "a stranger: ", answer_verb_name(a->verb),
		     STR_ARG(a->means), STR_ARG(once));
	if (i->status == INCIDENT_RESOLVED || !a->person.n) {
		incident_settle(i, now);
		return a->person.n ? ONCALL_RESOLVED : ONCALL_UNKNOWN;
	}
	enum oncall_result r = act(oc, now, id, a);

	incident_settle(i, now);
	return r;
}
