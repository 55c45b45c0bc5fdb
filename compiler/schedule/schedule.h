/* What lowering asks about scheduled nodes. */
#ifndef CNNC_SCHEDULE_H
#define CNNC_SCHEDULE_H

#include "ir/graph.h"
#include "ir/options.h"

/* Vectors of sums that a block of conv2d_backward_weights has at most. */
int conv_block_sums(const CompileOptions *options);

/* Of a convolution with channels in lanes: pixels of a row that share their taps, at most (backward
   with a stride there are one fewer in some rows). */
int conv_columns(const Node *conv);

/* The same scheduled: pixels at an end of a tile that lack a tap which others of the
   tile have, at most (EDGE_MOST at most); or 1 if only whole tiles lack taps. */
enum { EDGE_MOST = 6, TILE_VECTORS_MOST = 4, TILE_PIXELS_MOST = 29, ROW_TAPS_MOST = 5 };
typedef struct Lacks {
  int most;
  bool both; /* a tap may be lacking at both ends */
} Lacks;
Lacks conv_tiles_lack(const Node *node);

/* Rows of a piece of work of a scheduled conv2d_backward_data: of those, sums are noted. */
int conv_noted_rows(const Node *conv);

/* Images of a piece of work of a scheduled linear whose images are rows, in a batch of `images`. */
int linear_rows_images(const Schedule *s, int images);

enum { WINOGRAD_GRADIENT_UNIT = 16 }; /* patches of a unit, in the gradient of filters */
/* Of a convolution by Winograd's way: units of patches that its workspace has room for at once. */
int winograd_room(const Node *node, const Schedule *s, const CompileOptions *options, int batch);

#endif
