/* The table of layers in the comment at the head of a program. */
#ifndef CNNC_LAYER_TABLE_H
#define CNNC_LAYER_TABLE_H

#include "emit/layers.h"
#include "emit/lower.h"

/* Lines with the output, MFLOP, bytes and forward kernel of each layer that multiplies by weights
   or changes a shape. The kernels of `calls`, those of training, have their names. */
char *layer_table(const Graph *graph, const LayerSummaryList *summary, const CallList *calls);

#endif
