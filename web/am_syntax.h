/*
 * What is wrong with a JSON text, in the words of Go's encoding/json, which clients of
 * Alertmanager's API see.
 */
#ifndef WEB_AM_SYNTAX_H
#define WEB_AM_SYNTAX_H

#include "base/base.h"
#include "base/err.h"

/* Reads the first value of the text. False: err has what Go says; what follows is not looked at. */
ATTR_CHECK bool am_syntax(struct str text, struct err *err);

#endif
