/* Winograd convolution: transforms of one row or column of a tile.

   A convolution with kernels of 3 x 3 and stride 1 makes an output tile of 4 x 4 pixels from an
   input tile of 6 x 6 with 36 products for each channel instead of 144: F(4x4, 3x3) of Lavin and
   Gray, "Fast algorithms for convolutional neural networks", 2015. F(2x2, 5x5) makes 2 x 2 pixels
   with 5 x 5 taps from the same input tile. Weights g and input d are taken for polynomials in both
   directions, evaluated at six points (the transform domain), multiplied there, and interpolated:
       y = A' [(G g G') * (B' d B)] A.
   The sum over channels is a product of matrices at each of the 36 pairs of points. Gradients:
       dd = B [(G g G') * (A dy A')] B',   dg = G' [(B' d B) * (A dy A')] G;
   dd is computed as a convolution of dy with the kernel reversed. The points are 0, 1/2, -1/2,
   3/2, -3/2 and infinity: these round least. Results differ from those of direct sums by some eight
   times as much as those differ from the true ones. */
#ifndef CNN_WINOGRAD_TRANSFORMS_H
#define CNN_WINOGRAD_TRANSFORMS_H

#include "geometry.h"
#include "unroll.h"
#include "vec.h"

/* A transform of one row or column of vectors. */
typedef void winograd_transform(const vec *from, vec *to);

/* B' d: 6 input pixels to 6 points. */
ALWAYS_INLINE void winograd_input(const vec *d, vec *v) {
  const vec even_half = vfma(vset((real)-2.25), d[2], d[4]);
  const vec odd_half = vfma(vset((real)-2.25), d[1], d[3]);
  const vec even_three = vfma(vset((real)-0.25), d[2], d[4]);
  const vec odd_three = vfma(vset((real)-0.25), d[1], d[3]);
  v[0] = vfma(vset((real)0.5625), d[0], vfma(vset((real)-2.5), d[2], d[4]));
  v[1] = vfma(vset((real)0.5), odd_half, even_half);
  v[2] = vfma(vset((real)-0.5), odd_half, even_half);
  v[3] = vfma(vset((real)1.5), odd_three, even_three);
  v[4] = vfma(vset((real)-1.5), odd_three, even_three);
  v[5] = vfma(vset((real)0.5625), d[1], vfma(vset((real)-2.5), d[3], d[5]));
}

/* A polynomial by its even and odd parts at 1/2 and 3/2. */
typedef struct winograd_even_odd {
  vec even_half;
  vec odd_half;
  vec even_three;
  vec odd_three;
} winograd_even_odd;

/* Its values at the six points; zero and infinity: at these two. */
ALWAYS_INLINE void winograd_evaluate(winograd_even_odd p, vec zero, vec infinity, vec *u) {
  u[0] = zero;
  u[1] = vadd(p.even_half, p.odd_half);
  u[2] = vsub(p.even_half, p.odd_half);
  u[3] = vadd(p.even_three, p.odd_three);
  u[4] = vsub(p.even_three, p.odd_three);
  u[5] = infinity;
}

/* The transposed step: sums and differences of the values at x and -x. */
ALWAYS_INLINE winograd_even_odd winograd_even_odd_of(const vec *u) {
  return (winograd_even_odd){vadd(u[1], u[2]), vsub(u[1], u[2]), vadd(u[3], u[4]),
                             vsub(u[3], u[4])};
}

/* G g: 3 taps to 6 points. */
ALWAYS_INLINE void winograd_weights_3(const vec *g, vec *u) {
  const winograd_even_odd p = {
      .even_half = vfma(vset((real)-0.25), g[2], vsub(vzero(), g[0])),
      .odd_half = vmul(vset((real)-0.5), g[1]),
      .even_three = vfma(vset((real)0.25), g[2], vmul(vset((real)(1.0 / 9)), g[0])),
      .odd_three = vmul(vset((real)(1.0 / 6)), g[1]),
  };
  winograd_evaluate(p, vmul(vset((real)(16.0 / 9)), g[0]), g[2], u);
}

/* G g: 5 taps to 6 points. */
ALWAYS_INLINE void winograd_weights_5(const vec *g, vec *u) {
  const vec low_half = vfma(vset((real)-0.25), g[2], vsub(vzero(), g[0]));
  const vec low_three = vfma(vset((real)0.25), g[2], vmul(vset((real)(1.0 / 9)), g[0]));
  const winograd_even_odd p = {
      .even_half = vfma(vset((real)-0.0625), g[4], low_half),
      .odd_half = vfma(vset((real)-0.125), g[3], vmul(vset((real)-0.5), g[1])),
      .even_three = vfma(vset((real)0.5625), g[4], low_three),
      .odd_three = vfma(vset((real)0.375), g[3], vmul(vset((real)(1.0 / 6)), g[1])),
  };
  winograd_evaluate(p, vmul(vset((real)(16.0 / 9)), g[0]), g[4], u);
}

/* A' m: 6 points to 4 output pixels. */
ALWAYS_INLINE void winograd_output_4(const vec *m, vec *y) {
  const winograd_even_odd p = winograd_even_odd_of(m);
  y[0] = vadd(m[0], vadd(p.even_half, p.even_three));
  y[1] = vfma(vset((real)1.5), p.odd_three, vmul(vset((real)0.5), p.odd_half));
  y[2] = vfma(vset((real)2.25), p.even_three, vmul(vset((real)0.25), p.even_half));
  y[3] = vfma(vset((real)3.375), p.odd_three, vfma(vset((real)0.125), p.odd_half, m[5]));
}

/* A' m: 6 points to 2 output pixels. */
ALWAYS_INLINE void winograd_output_2(const vec *m, vec *y) {
  const winograd_even_odd p = winograd_even_odd_of(m);
  y[0] = vadd(m[0], vadd(p.even_half, p.even_three));
  y[1] = vfma(vset((real)1.5), p.odd_three, vfma(vset((real)0.5), p.odd_half, m[5]));
}

/* A dy: the gradient of 4 output pixels to 6 points. */
ALWAYS_INLINE void winograd_dy_4(const vec *dy, vec *m) {
  const winograd_even_odd p = {
      .even_half = vfma(vset((real)0.25), dy[2], dy[0]),
      .odd_half = vfma(vset((real)0.125), dy[3], vmul(vset((real)0.5), dy[1])),
      .even_three = vfma(vset((real)2.25), dy[2], dy[0]),
      .odd_three = vfma(vset((real)3.375), dy[3], vmul(vset((real)1.5), dy[1])),
  };
  winograd_evaluate(p, dy[0], dy[3], m);
}

/* A dy: the gradient of 2 output pixels to 6 points. */
ALWAYS_INLINE void winograd_dy_2(const vec *dy, vec *m) {
  const winograd_even_odd p = {
      .even_half = dy[0],
      .odd_half = vmul(vset((real)0.5), dy[1]),
      .even_three = dy[0],
      .odd_three = vmul(vset((real)1.5), dy[1]),
  };
  winograd_evaluate(p, dy[0], dy[1], m);
}

/* G' u: 6 points to the gradient of 3 taps. */
ALWAYS_INLINE void winograd_dw_3(const vec *u, vec *dg) {
  const winograd_even_odd p = winograd_even_odd_of(u);
  dg[0] = vfma(vset((real)(16.0 / 9)), u[0],
               vfma(vset((real)(1.0 / 9)), p.even_three, vsub(vzero(), p.even_half)));
  dg[1] = vfma(vset((real)(1.0 / 6)), p.odd_three, vmul(vset((real)-0.5), p.odd_half));
  dg[2] = vadd(vmul(vset((real)0.25), vsub(p.even_three, p.even_half)), u[5]);
}

/* G' u: 6 points to the gradient of 5 taps. */
ALWAYS_INLINE void winograd_dw_5(const vec *u, vec *dg) {
  const winograd_even_odd p = winograd_even_odd_of(u);
  winograd_dw_3(u, dg);
  dg[2] = vmul(vset((real)0.25), vsub(p.even_three, p.even_half));
  dg[3] = vfma(vset((real)0.375), p.odd_three, vmul(vset((real)-0.125), p.odd_half));
  dg[4] =
      vadd(vfma(vset((real)0.5625), p.even_three, vmul(vset((real)-0.0625), p.even_half)), u[5]);
}

#endif
