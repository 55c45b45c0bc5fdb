/* The choice of a layout, which fold and inference need before the layout pass. */
#ifndef CNNC_LAYOUT_H
#define CNNC_LAYOUT_H

#include "ir/graph.h"
#include "ir/options.h"

/* The layout that suits the forward nodes: LAYOUT_BATCH_BLOCKED or LAYOUT_CHANNEL_BLOCKED. */
Layout choose_layout(const Graph *graph, const CompileOptions *options);

#endif
