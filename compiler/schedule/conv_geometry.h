/* Which pixels of a row of the input the taps of a convolution reach. */
#ifndef CNNC_CONV_GEOMETRY_H
#define CNNC_CONV_GEOMETRY_H

#include "ir/graph.h"

/* The pixels of a row of the output that share their taps: forward all of them, backward those with
   one remainder by the stride. Pixel j reads input pixel from + j * step with the first tap, and
   tap_step further with each other tap. */
typedef struct StridePhase {
  int pixels, taps, from, tap_step, step;
} StridePhase;

bool conv_is_backward(const Node *conv);
int conv_phases(const Node *conv);

/* As taps_of in the generated program. */
StridePhase conv_phase(const Node *conv, int number);

/* Pixels at one end of tiles of so many pixels that a tap does not reach, while it reaches others
   of the tile. */
typedef struct ClippedTaps {
  int most;
  bool both; /* a tap may miss pixels at both ends */
} ClippedTaps;
ClippedTaps conv_clipped_taps(const Node *conv, int tile_pixels);

/* Whether a tap misses pixels of such tiles at one end only, at most CLIPPED_PIXELS_MAX. */
bool conv_clips_few(const Node *conv, int tile_pixels);

#endif
