/* The list of the passes, in the order in which they run, and the way of a graph through them. */
#ifndef CNNC_PIPELINE_H
#define CNNC_PIPELINE_H

#include "ir/graph.h"
#include "ir/options.h"

typedef enum Pass {
  PASS_BUILT, /* what the model built, as it is */
  PASS_SIMPLIFY,
  PASS_GRADIENT,
  PASS_FUSE,
  PASS_FOLD,
  PASS_SCHEDULE,
  PASS_LAYOUT,
  PASS_VIEWS,
  PASS_MEMORY,
  PASS_COUNT
} Pass;

const char *pass_name(Pass pass);

/* Those from first to last, and after each the verifier. */
void run_passes(Graph *graph, Pass first, Pass last, const CompileOptions *options);

/* From a simplified graph, both graphs of a program, planned. */
typedef struct Program {
  Graph *training, *inference;
} Program;

/* False if a pass rejected something, or if ints cannot count the memory; the mistake is then in
 * the graph's diag. */
bool plan_program(Graph *simplified, const CompileOptions *options, Program *program);

#endif
