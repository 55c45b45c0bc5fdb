/* Sizes of a planned graph. */
#ifndef CNNC_MEMORY_H
#define CNNC_MEMORY_H

#include "ir/graph.h"
#include "ir/options.h"

/* Reals of the parameter block (blocks of gradients and of the optimiser end before parameters
   without a gradient), and of the block of activations and their gradients. After the memory pass.
 */
int64_t graph_parameter_reals(const Graph *graph);
int64_t graph_gradient_reals(const Graph *graph); /* a block of gradients, or of the optimiser */
int64_t graph_activation_reals(const Graph *graph);

/* All bytes that a program with this graph needs: parameters and activations, and in training
   gradients and optimiser state. */
int64_t graph_bytes(const Graph *graph, const CompileOptions *options);

/* Gives the parameters of inference the places that those of the planned training graph have. */
void graph_adopt_parameters(Graph *inference, const Graph *training);

/* The same of activations, which all are in the training graph: reference target. */
void graph_adopt_activations(Graph *inference, const Graph *training);

/* Bytes between the end of a guarded value and the start of the next (keep_values). */
enum { GUARD_BYTES = 4096 };

#endif
