/* The verifier, which runs after every pass. */
#ifndef CNNC_VERIFY_H
#define CNNC_VERIFY_H

#include "ir/graph.h"

/* How far the graph has come; a verifier asks for all that the passes so far establish. */
typedef enum GraphStage {
  STAGE_BUILT,
  STAGE_SIMPLIFIED,
  STAGE_DIFFERENTIATED,
  STAGE_FUSED,
  STAGE_SCHEDULED,
  STAGE_LAID_OUT,
  STAGE_PLANNED
} GraphStage;

/* Asserts (our mistake, not a user's): every input is made before it is read, names are unique,
   shapes fit the ops, and what the stage promises. */
void graph_verify(const Graph *graph, GraphStage stage);

#endif
