/* Names of values in the output. */
#ifndef CNNC_VALUE_NAME_H
#define CNNC_VALUE_NAME_H

#include "emit/prune.h"
#include "ir/graph.h"

/* Sets every value's identifier: layer1.0.conv1 becomes layer1_0_conv1. The gradient of a parameter
   has the parameter's name. Parameters of `graph` have the names that `training` gave them.
   `declared`: what the output declares besides, whose names are taken. */
void value_names(Graph *graph, const Graph *training, const Declarations *declared);

#endif
