/* What a node must do at the least, whatever its kernel saves or repeats: for summaries and for the
   profile of a program. */
#ifndef CNNC_COST_H
#define CNNC_COST_H

#include "ir/graph.h"
#include "ir/options.h"

/* In the order of cnn_pass. A node that makes gradients of both data and weights counts as one of
   data. */
typedef enum CostPass {
  COST_FORWARD,
  COST_BACKWARD_DATA,
  COST_BACKWARD_WEIGHTS,
  COST_UPDATE
} CostPass;

/* FLOPs are those of the definition (docs/benchmarks.md). Bytes: every number that the node reads,
   once, and every number that it writes, once. */
typedef struct NodeCost {
  const char *op;
  CostPass pass;
  int64_t flops, image_bytes; /* of one image */
  int64_t bytes;              /* of parameters, their gradients, optimiser state: once a step */
} NodeCost;

NodeCost node_cost(const Graph *graph, const Node *node, const CompileOptions *options);

/* Of the call that hands the logits of inference and the classes to the caller. */
NodeCost logits_cost(const Graph *graph, const CompileOptions *options);

/* Multiply-accumulates for one image; 0 for what is neither convolution nor linear layer, forward
   or backward. */
int64_t node_macs(const Node *node);

#endif
