/* The gradient of a bias: the sum of dy over images and pixels, in either layout. */
#ifndef CNN_BIAS_GRADIENT_H
#define CNN_BIAS_GRADIENT_H

#include "planes.h"

/* Additions that run side by side. */
enum { BIAS_CHAINS = 8 };

/* Of some rows of a plane, which begin `distance` reals apart; dy is 0 for images that do not
   exist. */
static inline vec bias_sum_of_rows(const real *dy, int rows, size_t distance, size_t plane) {
  vec chain[BIAS_CHAINS];
  for (int k = 0; k < BIAS_CHAINS; k++) chain[k] = vzero();
  for (int h = 0; h < rows; h++) {
    const real *at = dy + h * distance;
    const real *const end = at + plane;
    for (; at + (BIAS_CHAINS - 1) * LANES < end; at += BIAS_CHAINS * LANES) {
      for (int k = 0; k < BIAS_CHAINS; k++) chain[k] = vadd(chain[k], vload(at + k * LANES));
    }
    for (; at < end; at += LANES) chain[0] = vadd(chain[0], vload(at));
  }
  vec sum = chain[0];
  for (int k = 1; k < BIAS_CHAINS; k++) sum = vadd(sum, chain[k]);
  return sum;
}

/* db from dy, whose rows have `dy_channels` channels: its own, or those of the value that it is a
   part of. A work item: a part of the rows of a plane. A thread that has all parts of a plane
   finishes it; planes that threads divide wait for a barrier. partial: room for a vector of each
   work item. */
ALWAYS_INLINE void sum_planes(team t, planes v, int dy_channels, const real *restrict dy,
                              real *restrict db, real *restrict partial) {
  const int parts = parts_of_planes(&v);
  const size_t row = row_reals(&v, dy_channels);
  const span items = work_range(v.count * parts, t);
  for (int divided = 0; divided < 2; divided++) {
    for (int plane = items.begin / parts; plane * parts < items.end; plane++) {
      const span own = own_parts(items, plane, parts);
      real *const sums = partial + (ptrdiff_t)plane * parts * LANES;
      for (int k = own.begin; k < own.end && !divided; k++) {
        const span rows = rows_of_parts(&v, (span){k, k + 1}, parts);
        const real *const first = dy + rows.begin * row + plane * plane_reals(&v);
        vstore(sums + k * LANES,
               bias_sum_of_rows(first, rows.end - rows.begin, row, plane_reals(&v)));
      }
      if ((own.end - own.begin < parts) != divided || own.begin > 0) continue;
      vec sum = vload(sums);
      for (int k = 1; k < parts; k++) sum = vadd(sum, vload(sums + k * LANES));
      store_channel(&v, db, plane, reduce_lanes(&v, sum));
    }
    if (parts == 1) return;
    if (!divided) barrier();
  }
}

#endif
