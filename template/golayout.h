/*
 * Go's layouts of times: the reference time Mon Jan 2 15:04:05 MST 2006 spelled out in pieces; what
 * is no piece stands for itself.
 */
#ifndef TEMPLATE_GOLAYOUT_H
#define TEMPLATE_GOLAYOUT_H

#include "base/base.h"

extern const char *const golayout_months[12], *const golayout_days[7];

enum piece {
	PIECE_NONE,
	PIECE_LONG_MONTH,
	PIECE_MONTH,
	PIECE_NUM_MONTH,
	PIECE_ZERO_MONTH,
	PIECE_LONG_WEEKDAY,
	PIECE_WEEKDAY,
	PIECE_DAY,
	PIECE_UNDER_DAY,
	PIECE_ZERO_DAY,
	PIECE_UNDER_YEARDAY,
	PIECE_ZERO_YEARDAY,
	PIECE_HOUR,
	PIECE_HOUR12,
	PIECE_ZERO_HOUR12,
	PIECE_MINUTE,
	PIECE_ZERO_MINUTE,
	PIECE_SECOND,
	PIECE_ZERO_SECOND,
	PIECE_LONG_YEAR,
	PIECE_YEAR,
	PIECE_PM,
	PIECE_LOWER_PM,
	PIECE_ZONE,
	PIECE_OFFSET,
	PIECE_FRACTION,
};

/* The piece that the layout begins with, *n bytes long; PIECE_NONE: its first byte is none. */
enum piece golayout_piece(struct str layout, size_t *n);

#endif
