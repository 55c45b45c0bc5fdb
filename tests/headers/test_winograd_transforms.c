/* The transforms of Winograd convolutions against the sums that they compute: in one direction, for
   basis vectors and their gradients. Exits with 77 where the processor lacks the instructions. */
#include <cnn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "instructions.h"
#include "vec.h"
#include "winograd_transforms.h"

static int failures;

static void transform(winograd_transform *f, const double *from, int in, double *to, int out) {
  vec a[WINOGRAD_INPUT_TILE];
  vec b[WINOGRAD_INPUT_TILE];
  for (int i = 0; i < in; i++) a[i] = vset((real)from[i]);
  f(a, b);
  for (int i = 0; i < out; i++) {
    _Alignas(64) real lanes[LANES];
    vstore(lanes, b[i]);
    to[i] = lanes[LANES - 1];
  }
}

static void multiply(double *a, const double *b) {
  for (int i = 0; i < WINOGRAD_INPUT_TILE; i++) a[i] *= b[i];
}

static void compare(const char *what, int i, double got, double want) {
  if (fabs(got - want) <= 1e-4 * fmax(1, fabs(want))) return;
  failures++;
  printf("%s, %d: %g, expected %g\n", what, i, got, want);
}

/* y[o] = sum over k of g[k] * d[o + k], dg[k] = sum over o of dy[o] * d[o + k]. */
static void check(int taps, winograd_transform *weights, winograd_transform *output,
                  winograd_transform *dy_transform, winograd_transform *dw) {
  const int size = winograd_output_tile(taps);
  const double d[] = {3, -1, 4, 1, -5, 9};
  const double g[] = {2, -6, 5, 3, -4};
  const double dy[] = {1, -2, 7, 3};
  double u[6], v[6], m[6], y[4], dg[5];
  transform(winograd_input, d, 6, v, 6);
  transform(weights, g, taps, u, 6);
  multiply(u, v);
  transform(output, u, 6, y, size);
  transform(dy_transform, dy, size, m, 6);
  multiply(m, v);
  transform(dw, m, 6, dg, taps);
  for (int o = 0; o < size; o++) {
    double want = 0;
    for (int k = 0; k < taps; k++) want += g[k] * d[o + k];
    compare(taps == 3 ? "output of 3 taps" : "output of 5 taps", o, y[o], want);
  }
  for (int k = 0; k < taps; k++) {
    double want = 0;
    for (int o = 0; o < size; o++) want += dy[o] * d[o + k];
    compare(taps == 3 ? "gradient of 3 taps" : "gradient of 5 taps", k, dg[k], want);
  }
}

int main(void) {
  if (!has_instructions()) return 77;
  check(3, winograd_weights_3, winograd_output_4, winograd_dy_4, winograd_dw_3);
  check(5, winograd_weights_5, winograd_output_2, winograd_dy_2, winograd_dw_5);
  return failures > 0;
}
