/* Work items: how evenly the kernel of a scheduled node can be divided between threads. A kernel
   cuts its work by shape into items, whatever the number of threads; a thread has a contiguous
   range of them. */
#ifndef CNNC_WORK_H
#define CNNC_WORK_H

#include "ir/graph.h"
#include "ir/options.h"

#include <stdio.h>

typedef struct NodeWork {
  int64_t items;  /* of the phase with most of the work */
  double longest; /* part of the kernel's work that the busiest thread has; 1 / threads at best */
} NodeWork;

/* Items count as equally large. 0 items: a view, which has no kernel. */
NodeWork node_work(const Graph *graph, const Node *node, const CompileOptions *options,
                   int threads);

/* useful work / (threads x longest thread), from 0 to 1 */
double work_balance(NodeWork work, int threads);

/* The table of `cnnc summary --work`: every kernel of a training step and of inference, and totals
   weighted by FLOPs. */
void work_print(const Graph *training, const Graph *inference, const CompileOptions *options,
                FILE *out);

#endif
