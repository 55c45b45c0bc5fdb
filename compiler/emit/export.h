/* The graph as JSON, for the generic runtime and for oracles in other languages. */
#ifndef CNNC_EXPORT_H
#define CNNC_EXPORT_H

#include "ir/graph.h"

/* The text, in the graph's arena; docs/language.md describes the format. `stage`: the pass after
   which the graph is, "simplify". */
const char *export_json(const Graph *graph, const char *stage);

#endif
