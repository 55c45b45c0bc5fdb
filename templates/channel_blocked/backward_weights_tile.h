/* The register tile of the gradient of the weights for a single tap. */
#ifndef CNN_BACKWARD_WEIGHTS_TILE_H
#define CNN_BACKWARD_WEIGHTS_TILE_H

#include "backward_weights.h"
#include "unroll.h"

/* `vectors` vectors of channels of dy x `depth` channels of x, whose pixels are x_step reals
   apart. */
ALWAYS_INLINE void add_tap_gradient(const gradient_strip *s, const real *restrict x,
                                    const real *restrict dy, real *restrict sums, int vectors,
                                    int depth, int x_step) {
  vec a[OC_VECTORS_MAX][LANES];
  UNROLLED
  for (int i = 0; i < vectors * depth; i++)
    a[i % vectors][i / vectors] = vload(sums + i / vectors * s->ic_sums + i % vectors * LANES);
  const int images = s->images; /* these are in registers */
  const int rows = s->rows;
  const int pixels = s->pixels;
  const ptrdiff_t dy_vector = s->dy_vector;
  const ptrdiff_t x_row = s->x_row - pixels * x_step;
  const ptrdiff_t dy_row = s->dy_row - pixels * LANES;
  for (int n = 0; n < images; n++) {
    const real *xp = x + n * s->x_image;
    const real *dyp = dy + n * s->dy_image;
    for (int oh = 0; oh < rows; oh++, xp += x_row, dyp += dy_row) {
      for (int ow = 0; ow < pixels; ow++, xp += x_step, dyp += LANES) {
        compiler_barrier();
        vec d[OC_VECTORS_MAX];
        vec pixel;
        UNROLLED
        for (int r = 0; r < vectors; r++) d[r] = vload(dyp + r * dy_vector);
        UNROLLED
        for (int i = 0; i < vectors * depth; i++) {
          const int ic = i / vectors;
          const int r = i % vectors;
          if (r == 0) pixel = vbroadcast(xp + ic);
          a[r][ic] = vfma(d[r], pixel, a[r][ic]);
        }
      }
    }
  }
  UNROLLED
  for (int i = 0; i < vectors * depth; i++)
    vstore(sums + i / vectors * s->ic_sums + i % vectors * LANES, a[i % vectors][i / vectors]);
}

#endif
