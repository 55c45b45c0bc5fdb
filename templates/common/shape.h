/* Shapes of images, and where a channel's row lies. */
#ifndef CNN_SHAPE_H
#define CNN_SHAPE_H

#include "vec.h"

#include <stddef.h>

/* An image of a value with rank 4. Rows of images lie behind each other, and the channels of a row:
   [N/LANES][H][C][W][LANES n] batch-blocked, [N][H][C/LANES, rounded up][W][LANES c]
   channel-blocked. */
typedef struct image {
  int channels;
  int height;
  int width;
} image;

/* Batch-blocked, row h of channel c; h counts the rows of all groups of images. */
static inline size_t row_of(image s, int h, int c) {
  return ((size_t)h * s.channels + c) * s.width * LANES;
}

#endif
