/*
 * A whole answer of Prometheus's query API as a result of the engine: vectors, matrices, scalars,
 * strings, native histograms. For commands; the daemon reads its answers as they arrive
 * (evaluator/decode.h).
 */
#ifndef EVALUATOR_DECODE_RESULT_H
#define EVALUATOR_DECODE_RESULT_H

#include "base/limits.h"
#include "promql/engine.h"

/* Everything in *out is in the arena. Warnings and infos of the answer are added to notes as they
 * are (NULL: left out). err has Prometheus's words for an error envelope ("bad_data: ..."). */
ATTR_CHECK bool decode_result(struct str body, const struct limits *l, struct arena *a,
			      struct result *out, struct notes *notes, struct err *err);

#endif
