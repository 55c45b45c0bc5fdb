/* What the templates of kernels allow: schedules and their parameters keep to it. */
#ifndef CNNC_LIMITS_H
#define CNNC_LIMITS_H

enum {
  TILE_VECTORS_MAX = 4, /* of a channel-blocked register tile */
  TILE_PIXELS_MAX = 29,
  CLIPPED_PIXELS_MAX = 6,      /* at an end of a channel-blocked tile that a tap does not reach */
  ROW_TAPS_MAX = 5,            /* of a channel-blocked tile of the gradient of weights */
  WINOGRAD_GRADIENT_TILES = 16 /* output tiles of a tile batch, in the gradient of weights */
};

#endif
