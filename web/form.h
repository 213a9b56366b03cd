/*
 * The customers' form: who has its token may say that something is wrong. Its own page, without a
 * password; what is sent opens an incident, or becomes a note of the one that the form has open.
 */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include "base/base.h"

struct exchange;

/* Who has sent something lately, so that nobody sends too much. In memory only. */
#define FORM_RECENT 512
struct form_recent {
	struct {
		ms_t at;       /* mono; 0: unused */
		uint64_t from; /* hash of form and address */
		uint64_t form; /* hash of the form */
	} v[FORM_RECENT];
	size_t next;
};

/* GET shows it, POST sends: ?t= is the form's token. */
void page_form(struct exchange *x);

#endif
