/*
 * Scenario files: a story in plain words, one command a line.
 *
 *	config / rules [NAME] ... end     the files rouse reads (lines up to a line `end`)
 *	start | stop | crash | power cut | lose disk | restart | reload | reload refused
 *	series SELECTOR VALUE | gone SELECTOR
 *	elapse 5m
 *	prometheus up|down|hangs|error|garbage|half|says-no
 *	prometheus slow SPAN [TEXT]       answers to queries with TEXT in them come later
 *	prometheus hangs TEXT             and these never
 *	receiver HOST up|down|hangs|STATUS [RETRY-AFTER]
 *	clock +1h | clock -10m
 *	store fails | store works
 *	written answers 204|503 ...       what remote write requests are told
 *	expect written SERIES VALUE | expect unwritten SERIES
 *	expect page HOST firing|resolved ALERTNAME [with TEXT]
 *	expect no page
 *	expect alert ALERTNAME pending|firing|none
 *	expect health ALERTNAME ok|err|unknown
 *	expect blind | expect not blind
 *	incident [refused] ack|unack|escalate|close ID WHO
 *	incident note ID WHO TEXT | incident call ID WHO PERSON | incident snooze ID WHO SPAN
 *	ping NAME [start|fail]            a heartbeat comes in
 *	override SCHEDULE REMOVE ADD SPAN from now on, "-" for nobody
 *	expect incident ID triggered|acknowledged|resolved|none [TEXT in the timeline]
 *
 * `expect page` looks for the oldest page to that host that no expectation has consumed yet and
 * that was taken; `expect no page` wants none left.
 */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include <stdbool.h>

#include "base/base.h"

/* The first word of a line; *s becomes the rest. */
struct str scenario_word(struct str *s);
/* Runs one file; false if it failed (already said). */
bool scenario_run(const char *path, bool verbose);

#endif
