/* The register tile of the gradient of the weights that has all taps of a kernel's row. */
#ifndef CNN_BACKWARD_WEIGHTS_TAPS_H
#define CNN_BACKWARD_WEIGHTS_TAPS_H

#include "backward_weights.h"
#include "unroll.h"

/* The sums of a tile are registers. */
typedef vec taps_sums[OC_VECTORS_MAX][LANES][KW_TAPS_MAX];

/* Adds a pixel of x to the sums of the taps from `first` to before `end`, times the pixels of dy
   that read it: dy for tap 0, its neighbours at the left for the others. */
ALWAYS_INLINE void add_pixel_to_taps(taps_sums a, const real *x, const real *dy,
                                     ptrdiff_t dy_vector, int first, int end, int vectors,
                                     int depth, int taps) {
  compiler_barrier();
  vec d[OC_VECTORS_MAX][KW_TAPS_MAX];
  vec pixel;
  UNROLLED
  for (int i = 0; i < vectors * taps; i++) {
    const int r = i / taps;
    const int kw = i % taps;
    d[r][kw] = kw >= first && kw < end ? vload(dy - kw * LANES + r * dy_vector) : vzero();
  }
  UNROLLED
  for (int i = 0; i < vectors * depth * taps; i++) {
    const int ic = i / (vectors * taps);
    const int r = i / taps % vectors;
    const int kw = i % taps;
    if (r == 0 && kw == 0) pixel = vbroadcast(x + ic);
    a[r][ic][kw] = vfma(d[r][kw], pixel, a[r][ic][kw]);
  }
}

/* `vectors` vectors of channels of dy x `depth` channels of x x the `taps` of a kernel's row, which
   has stride and dilation 1. Rows of dy have `taps` pixels or more. Sums have kw_sums reals for
   each tap; pixels of x are x_step reals apart. */
ALWAYS_INLINE void add_taps_gradient(const gradient_strip *s, const real *restrict x,
                                     const real *restrict dy, real *restrict sums, int vectors,
                                     int depth, int taps, int kw_sums, int x_step) {
  taps_sums a;
  UNROLLED
  for (int i = 0; i < vectors * depth * taps; i++) {
    const int ic = i / (vectors * taps);
    const int r = i / taps % vectors;
    const int kw = i % taps;
    a[r][ic][kw] = vload(sums + ic * s->ic_sums + kw * kw_sums + r * LANES);
  }
  const int images = s->images; /* these are in registers */
  const int rows = s->rows;
  const int width = s->x_width;
  const ptrdiff_t dy_vector = s->dy_vector;
  const int inner = max_int(taps - 1 - s->padding, 0);      /* pixels of x from here on and */
  const int outer = min_int(s->pixels - s->padding, width); /* before here have all taps */
  for (int n = 0; n < images; n++) {
    for (int oh = 0; oh < rows; oh++) {
      const real *xp = x + n * s->x_image + oh * s->x_row;
      const real *dyp = dy + n * s->dy_image + oh * s->dy_row + s->padding * LANES;
      for (int iw = 0; iw < width; iw++, xp += x_step, dyp += LANES) {
        if (iw >= inner) {
          for (; iw < outer; iw++, xp += x_step, dyp += LANES)
            add_pixel_to_taps(a, xp, dyp, dy_vector, 0, taps, vectors, depth, taps);
          if (iw == width) break;
        }
        const int ow = iw + s->padding; /* reads it through tap 0 */
        add_pixel_to_taps(a, xp, dyp, dy_vector, ow - s->pixels + 1, ow + 1, vectors, depth, taps);
      }
    }
  }
  UNROLLED
  for (int i = 0; i < vectors * depth * taps; i++) {
    const int ic = i / (vectors * taps);
    const int r = i / taps % vectors;
    const int kw = i % taps;
    vstore(sums + ic * s->ic_sums + kw * kw_sums + r * LANES, a[r][ic][kw]);
  }
}

#endif
