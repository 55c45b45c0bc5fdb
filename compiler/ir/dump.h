/* The text of a graph, and the names that it uses. */
#ifndef CNNC_DUMP_H
#define CNNC_DUMP_H

#include "ir/graph.h"

#include <stdio.h>

const char *value_kind_name(ValueKind kind);
const char *layout_name(Layout layout);
const char *phase_name(Phase phase);
const char *activation_name(Activation activation);

/* The text of --dump: one value or node a line, stable from run to run. */
void graph_print(const Graph *graph, FILE *out);

#endif
