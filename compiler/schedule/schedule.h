/* The schedule pass, and what other parts of the compiler ask of schedules. */
#ifndef CNNC_SCHEDULE_QUERIES_H
#define CNNC_SCHEDULE_QUERIES_H

#include "ir/graph.h"
#include "ir/options.h"
#include "common/geometry.h"

/* The pass that gives every node its schedule; its file has what the pass requires and
   establishes. */
void pass_schedule(Graph *graph, const CompileOptions *options);

/* Batch-blocked conv2d_backward_weights: vectors of sums of a work item, at most. */
int weights_sums_max(const CompileOptions *options);

/* Pixels of a row of the output that share their taps, at most: all of them forward; backward those
   of one stride phase, which in some phases are one fewer. */
int conv_columns(const Node *conv);

/* Pixels at an end of a register tile that a tap does not reach, while it reaches others of the
   tile; at most CLIPPED_MAX. 1 if taps miss only whole tiles. Of a scheduled,
   channel-blocked convolution. */
int conv_clipped_pixels(const Node *conv);

/* Rows of dx for which a scheduled conv2d_backward_data writes one pair of partial sums. */
int conv_partial_sum_rows(const Node *conv);

/* Images of a work item of a scheduled linear layer on padded rows, in a batch of `images`. */
int linear_block_images(const Schedule *s, int images);

/* Of a scheduled Winograd convolution: tile batches that its workspace holds at once. */
int winograd_capacity(const Node *node, const Schedule *s, const CompileOptions *options,
                      int batch);

#endif
