/* The text of a graph, and the names that it uses. */
#ifndef CNNC_DUMP_H
#define CNNC_DUMP_H

#include "ir/graph.h"

#include <stdio.h>

const char *value_kind_name(ValueKind kind);
const char *layout_name(Layout layout);
const char *phase_name(Phase phase);
const char *activation_name(Activation activation);
const char *algorithm_name(Algorithm algorithm);

/* The text of a node's schedule, in the graph's arena. */
typedef const char *ScheduleText(const Graph *graph, const Node *node);

/* The text of --dump: one value or node a line, stable from run to run. schedule_text prints the
   schedules of nodes that have one; NULL leaves them out. */
void graph_print(const Graph *graph, ScheduleText *schedule_text, FILE *out);

#endif
