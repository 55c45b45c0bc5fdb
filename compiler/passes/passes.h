/* The passes, without pass_schedule of schedule/schedule.h. Each stands in a file of its own, whose
   first comment has what the pass requires, establishes and may break. */
#ifndef CNNC_PASSES_H
#define CNNC_PASSES_H

#include "ir/graph.h"
#include "ir/options.h"

void pass_simplify(Graph *graph);
void pass_gradient(Graph *graph);
void pass_fuse(Graph *graph);
void pass_fold(Graph *graph, const CompileOptions *options);
void pass_layout(Graph *graph, const CompileOptions *options);
void pass_views(Graph *graph, const CompileOptions *options);
void pass_memory(Graph *graph, const CompileOptions *options);

/* After simplify: a copy for inference, without loss and dropout, and with the layout that suits
   it. It goes through the passes from fuse on. Parameters are shared by name. */
Graph *graph_inference(const Graph *graph, const CompileOptions *options);

#endif
