/* What the layers of a network are and cost: for `cnnc summary`, and for the descriptor in the
   generated program. */
#ifndef CNNC_LAYERS_H
#define CNNC_LAYERS_H

#include "ir/graph.h"
#include "ir/options.h"

/* One layer of the forward graph; counts are for one image. Biases count as parameters, their
   additions not as multiply-accumulates. */
typedef struct LayerSummary {
  const char *name, *kind; /* kind: "conv2d"; with a fused activation, "conv2d+relu" */
  int shape[3];            /* output [C,H,W]; [F,1,1] for a vector */
  bool reshapes;           /* the output has another shape than the input */
  int64_t parameters, macs;
  int receptive_field[2];   /* pixels of the image that one output sees: height, width; no more than
                               the image has */
  int64_t activation_bytes; /* of the output; 0 for a view */
  int64_t linear_parameters; /* of a fully connected layer from the same input to the same output;
                                0 where the layer has no weights */
  const Value *activation;   /* the output, behind a fused activation */
  const Value *gradient;     /* that arrives at the output: before a fused activation if there is
                                that one, else behind it; NULL where neither exists by itself */
} LayerSummary;

typedef struct LayerSummaryList {
  const LayerSummary *at;
  int count;
} LayerSummaryList;

/* The forward layers of a graph at any stage, pack_input, conversions and loss left out. Lives in
   the graph's arena. */
LayerSummaryList summarize(const Graph *graph, const CompileOptions *options);

#endif
