/*
 * Numbers and durations to and from text: the only place where that happens. Locale-free.
 * Formats are Go's, because Prometheus's are.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

/* As strconv.FormatFloat(v, fmt, prec, 64): fmt 'e','E','f','g','G'; prec -1 is the shortest text
 * that reads back as v ('g' with prec -1 switches to exponents at < 1e-4 or >= 1e6, as Go does:
 * 1e+06, 1.234567e+06; for Prometheus's API values use 'f', for JSON json_put_float). Writes NaN,
 * +Inf, -Inf. Exponents have at least two digits. */
void num_put_float(struct buf *b, double v, char fmt, int prec);
void num_put_int(struct buf *b, int64_t v);
void num_put_uint(struct buf *b, uint64_t v);

/* As strconv.ParseFloat(s, 64): decimal, hexadecimal (with its p exponent), underscores between
 * digits, inf/infinity in any case and sign, nan in any case. NUM_RANGE still stores +-Inf;
 * NUM_SYNTAX stores nothing. */
enum num_result { NUM_OK, NUM_SYNTAX, NUM_RANGE };
enum num_result num_float(struct str s, double *out);
/* As strconv.ParseInt(s, base, 64): base 0 takes 0x 0o 0b 0 prefixes and underscores. NUM_RANGE
 * stores the nearest number there is. num_uint takes no sign. */
enum num_result num_int(struct str s, int base, int64_t *out);
enum num_result num_uint(struct str s, int base, uint64_t *out);

/* Prometheus durations: units y w d h m s ms, each once, in that order; "0" allowed. Errors in
 * upstream's words: `empty duration string`, `not a valid duration string: "x"`, `unknown unit "u"
 * in duration "x"`, `duration out of range`. num_put_duration prints as model.Duration.String
 * ("1h30m", "0s"). */
ATTR_CHECK bool num_duration(struct str s, ms_t *out, struct err *err);
void num_put_duration(struct buf *b, ms_t d);
/* Go durations ("1.5h", "300ms", "-2m3s") in nanoseconds, errors as time.ParseDuration; printed as
 * time.Duration.String ("1m30s", "1.5s", "0s"). */
ATTR_CHECK bool num_go_duration(struct str s, int64_t *out_ns, struct err *err);
void num_put_go_duration(struct buf *b, int64_t ns);

#endif
