/* Enumerators of the output: where values lie in their blocks. */
#ifndef CNNC_OFFSETS_H
#define CNNC_OFFSETS_H

#include "ir/graph.h"

/* Lines "  conv1_weight = 0, [6,1,5,5]" with the shape as a comment. Values have their
   identifiers. */
char *parameter_offsets(const Graph *graph);

/* The same of the values for which `belongs` is true. */
char *activation_offsets(const Graph *graph, const char *indent, bool (*belongs)(const Value *));

/* A textbook's: lines "  conv1 = 0, dconv1 = 128, [32,6,28,28]" of all activations and their
   gradients; a gradient that is a part of a sum has a line of its own. */
char *tensor_offsets(const Graph *graph);

#endif
