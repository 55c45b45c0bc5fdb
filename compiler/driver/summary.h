/* What `cnnc summary` prints. */
#ifndef CNNC_SUMMARY_H
#define CNNC_SUMMARY_H

#include "emit/layers.h"

#include <stdio.h>

/* The table of `cnnc summary`, totals, and the bytes that planned graphs need. */
void summary_print(const Graph *training, const Graph *inference, const LayerSummaryList *layers,
                   const CompileOptions *options, FILE *out);

#endif
