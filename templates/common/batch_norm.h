/* batch_norm in training and in inference (Ioffe and Szegedy 2015), as torch.nn.BatchNorm2d, in
   either layout. Kernels are these functions with constant options.

   Training, forward: z = (x - mean) * inverse with inverse = 1 / sqrt(variance + eps), over all
   images and pixels of a channel; y = z * weight + bias. Backward: dbias = sum of dy,
   dweight = sum of dy * z, dx = weight * inverse * (dy - dbias / count - z * dweight / count). */
#ifndef CNN_BATCH_NORM_H
#define CNN_BATCH_NORM_H

#include "planes.h"
#include "row_sums.h"

/* --- forward --------------------------------------------------------------------------------- */

/* Mean, sum of squared deviations and number of the pixels in each lane. */
typedef struct moments {
  vec mean;
  vec squares;
  vec count;
} moments;

static inline moments no_moments(void) {
  return (moments){vzero(), vzero(), vzero()};
}

/* Both together (Chan, Golub and LeVeque 1979). */
static inline moments join_moments(moments a, moments b) {
  const vec distance = vsub(b.mean, a.mean);
  const vec count = vadd(a.count, b.count);
  const vec fraction = vkeep(vgt(b.count, vzero()), vdiv(b.count, count));
  const vec between = vmul(distance, distance);
  return (moments){
      .mean = vfma(distance, fraction, a.mean),
      .squares = vadd(a.squares, vfma(between, vmul(a.count, fraction), b.squares)),
      .count = count,
  };
}

/* Of a few rows, which stay in the L1 cache while they are read twice. */
static inline moments moments_of_strip(pixel_rows x, vmask present) {
  const real pixels = (real)(x.count * x.width);
  const vec mean = vmul(sum_of_pixels(x), vset(1 / pixels));
  const vec squares = sum_of_squares(x, mean);
  return (moments){vkeep(present, mean), vkeep(present, squares), vkeep(present, vset(pixels))};
}

/* Of some rows of a plane. */
static moments moments_of_rows(const planes *v, const real *restrict x, int plane, span rows) {
  enum { STRIP_VECTORS = 64 };
  const int strip = divide_up(STRIP_VECTORS, v->width);
  const size_t row = row_reals(v, v->channels);
  moments all = no_moments();
  while (rows.begin < rows.end) {
    const span same = rows_of_image(v, rows);
    const int count = min_int(strip, same.end - same.begin);
    const real *first = x + rows.begin * row + plane * plane_reals(v);
    const pixel_rows pixels = {first, count, v->width, row};
    all = join_moments(all, moments_of_strip(pixels, present_lanes(v, rows.begin)));
    rows.begin += count;
  }
  return all;
}

/* Of all pixels of a plane's channels, in all lanes. */
static inline moments reduce_moments(const planes *v, moments m) {
  if (v->channel_blocked) return m;
  const real count = vsum(m.count);
  const vec mean = vset(vsum(vmul(m.mean, m.count)) / count);
  const vec distance = vsub(m.mean, mean);
  const vec squares = vfma(vmul(distance, distance), m.count, m.squares);
  return (moments){mean, vset(vsum(squares)), vset(count)};
}

/* Of a plane, from those of its parts. */
static inline moments join_parts(const planes *v, const moments *parts, int count) {
  moments all = no_moments();
  for (int k = 0; k < count; k++) all = join_moments(all, parts[k]);
  return reduce_moments(v, all);
}

/* What forward kernels are: parameters and statistics, one number a channel. */
typedef struct norm_forward {
  real momentum;  /* weight of the batch's statistics in the running ones */
  real eps;       /* is added to the variance */
  int add;        /* y has the residual added */
  int relu;       /* then max(0, y) */
  int y_channels; /* of a row of y, or of the value that y is a part of */
  const real *x;
  const real *weight;
  const real *bias;
  const real *residual;
  real *y;
  real *mean;
  real *inverse;
  real *running_mean;
  real *running_var;
} norm_forward;

/* mean, inverse and the running statistics of a plane; the running variance is unbiased. */
static inline void store_statistics(const planes *v, const norm_forward *f, int plane, moments m,
                                    vec inverse) {
  const real pixels = pixels_of_channel(v);
  const vec old_mean = load_channel(v, f->running_mean, plane);
  const vec old_var = load_channel(v, f->running_var, plane);
  const vec unbiased = vmul(m.squares, vset(1 / (pixels > 1 ? pixels - 1 : 1)));
  const vec momentum = vset(f->momentum);
  store_channel(v, f->mean, plane, m.mean);
  store_channel(v, f->inverse, plane, inverse);
  store_channel(v, f->running_mean, plane, vfma(momentum, vsub(m.mean, old_mean), old_mean));
  store_channel(v, f->running_var, plane, vfma(momentum, vsub(unbiased, old_var), old_var));
}

/* y of some rows of a plane = (x - mean) * factor + bias. */
ALWAYS_INLINE void apply_norm(const planes *v, const norm_forward *f, int plane, span rows,
                              vec mean, vec factor) {
  const size_t x_row = row_reals(v, v->channels);
  const size_t y_row = row_reals(v, f->y_channels);
  const vec bias = load_channel(v, f->bias, plane);
  for (int h = rows.begin; h < rows.end; h++) {
    const real *const x = f->x + h * x_row + plane * plane_reals(v);
    const real *const residual = f->add ? f->residual + (x - f->x) : x;
    real *const y = f->y + h * y_row + plane * plane_reals(v);
    for (size_t at = 0; at < plane_reals(v); at += LANES) {
      vec a = vfma(vsub(vload(x + at), mean), factor, bias);
      if (f->add) a = vadd(a, vload(residual + at));
      vstore(y + at, f->relu ? vmax(vzero(), a) : a);
    }
  }
}

/* A work item: a part of the rows of a plane. A thread that has all parts of a plane makes its y
   while the plane is in the caches; planes that threads divide wait for a barrier. partial: room
   for the moments of all work items. */
ALWAYS_INLINE void norm_forward_planes(team t, planes v, norm_forward f, real *partial) {
  moments *const moments_of_items = (moments *)partial;
  const int parts = parts_of_planes(&v);
  const span items = work_range(v.count * parts, t);
  for (int divided = 0; divided < 2; divided++) {
    for (int plane = items.begin / parts; plane * parts < items.end; plane++) {
      const span own = own_parts(items, plane, parts);
      moments *const of_parts = moments_of_items + (ptrdiff_t)plane * parts;
      for (int k = own.begin; k < own.end && !divided; k++) {
        of_parts[k] = moments_of_rows(&v, f.x, plane, rows_of_parts(&v, (span){k, k + 1}, parts));
      }
      if ((own.end - own.begin < parts) != divided) continue;
      const moments m = join_parts(&v, of_parts, parts);
      const vec variance = vmul(m.squares, vset(1 / pixels_of_channel(&v)));
      const vec inverse = vdiv(vset(1), vsqrt(vadd(variance, vset(f.eps))));
      if (own.begin == 0) store_statistics(&v, &f, plane, m, inverse);
      const vec factor = vmul(inverse, load_channel(&v, f.weight, plane));
      apply_norm(&v, &f, plane, rows_of_parts(&v, own, parts), m.mean, factor);
    }
    if (parts == 1) return;
    if (!divided) barrier();
  }
}

/* With the running statistics, which stay: a scale and a shift. Saves mean and inverse for the
   backward half. A work item: a row of a plane, as its batch has them. */
ALWAYS_INLINE void norm_frozen_planes(team t, planes v, norm_forward f) {
  const int parts = parts_of_planes(&v);
  const span items = work_range(v.count * parts, t);
  for (int plane = items.begin / parts; plane * parts < items.end; plane++) {
    const span own = own_parts(items, plane, parts);
    const vec mean = load_channel(&v, f.running_mean, plane);
    const vec variance = load_channel(&v, f.running_var, plane);
    const vec inverse = vdiv(vset(1), vsqrt(vadd(variance, vset(f.eps))));
    if (own.begin == 0) {
      store_channel(&v, f.mean, plane, mean);
      store_channel(&v, f.inverse, plane, inverse);
    }
    const vec factor = vmul(inverse, load_channel(&v, f.weight, plane));
    apply_norm(&v, &f, plane, rows_of_parts(&v, own, parts), mean, factor);
  }
}

/* --- backward -------------------------------------------------------------------------------- */

/* Which dy count as 0. */
enum dy_mask {
  DY_WHOLE,      /* none */
  DY_MASKED,     /* where the activation y is 0 */
  DY_RECOMPUTED, /* where relu made 0 of this batch_norm's own result, recomputed from x */
};

/* What backward kernels are: parameters and statistics, one number a channel. */
typedef struct norm_backward {
  enum dy_mask mask;
  int frozen;      /* mean and inverse do not depend on x: dx = weight * inverse * dy */
  int dy_channels; /* of a row of dy, or of the value that dy is a part of */
  const real *dy;
  const real *x;
  const real *weight;
  const real *mean;
  const real *inverse;
  const real *bias; /* DY_RECOMPUTED */
  const real *y;    /* DY_MASKED */
  real *dx;
  real *dweight;
  real *dbias;
} norm_backward;

/* What all pixels of a plane have in common. */
typedef struct norm_plane {
  vec mean;
  vec factor; /* inverse * weight */
  vec bias;
} norm_plane;

static inline norm_plane plane_of_norm(const planes *v, const norm_backward *b, int plane) {
  const vec weight = load_channel(v, b->weight, plane);
  return (norm_plane){
      .mean = load_channel(v, b->mean, plane),
      .factor = vmul(load_channel(v, b->inverse, plane), weight),
      .bias = b->mask == DY_RECOMPUTED ? load_channel(v, b->bias, plane) : vzero(),
  };
}

/* dy with its mask; centered: x - mean there. */
ALWAYS_INLINE vec masked_dy(enum dy_mask mask, const real *dy, const real *y, vec centered,
                            const norm_plane *n) {
  const vec d = vload(dy);
  if (mask == DY_WHOLE) return d;
  const vec activation = mask == DY_MASKED ? vload(y) : vfma(centered, n->factor, n->bias);
  return vkeep(vgt(activation, vzero()), d);
}

/* Sums over pixels: of dy, and of dy * (x - mean). */
typedef struct norm_sums {
  vec dy;
  vec product;
} norm_sums;

static inline norm_sums add_norm_sums(norm_sums a, norm_sums b) {
  return (norm_sums){vadd(a.dy, b.dy), vadd(a.product, b.product)};
}

/* Adds one vector of pixels. */
ALWAYS_INLINE norm_sums add_dy(norm_sums sum, enum dy_mask mask, const real *x, const real *dy,
                               const real *y, const norm_plane *n) {
  const vec centered = vsub(vload(x), n->mean);
  const vec d = masked_dy(mask, dy, y, centered, n);
  return (norm_sums){vadd(sum.dy, d), vfma(d, centered, sum.product)};
}

/* Of rows of pixels; those of y lie as those of x. */
ALWAYS_INLINE norm_sums sum_dy(enum dy_mask mask, pixel_rows x, pixel_rows dy, const real *y,
                               const norm_plane *n) {
  norm_sums chain[SUM_CHAINS];
  for (int k = 0; k < SUM_CHAINS; k++) chain[k] = (norm_sums){vzero(), vzero()};
  for (int h = 0; h < x.count; h++) {
    const real *const xr = x.first + h * x.distance;
    const real *const dr = dy.first + h * dy.distance;
    const real *const yr = mask == DY_MASKED ? y + h * x.distance : xr;
    const size_t end = (size_t)x.width * LANES;
    size_t at = 0;
    for (; at + (SUM_CHAINS - 1) * LANES < end; at += SUM_CHAINS * LANES) {
      for (int k = 0; k < SUM_CHAINS; k++) {
        const size_t here = at + k * LANES;
        chain[k] = add_dy(chain[k], mask, xr + here, dr + here, yr + here, n);
      }
    }
    for (; at < end; at += LANES) chain[0] = add_dy(chain[0], mask, xr + at, dr + at, yr + at, n);
  }
  norm_sums sum = chain[0];
  for (int k = 1; k < SUM_CHAINS; k++) sum = add_norm_sums(sum, chain[k]);
  return sum;
}

/* Of some rows of a plane; lanes without an image count as 0. */
ALWAYS_INLINE norm_sums sums_of_rows(const planes *v, const norm_backward *b, int plane,
                                     const norm_plane *n, span rows) {
  const size_t x_row = row_reals(v, v->channels);
  const size_t dy_row = row_reals(v, b->dy_channels);
  const size_t column = plane * plane_reals(v);
  norm_sums sum = {vzero(), vzero()};
  while (rows.begin < rows.end) {
    const span same = rows_of_image(v, rows);
    const int count = same.end - same.begin;
    const size_t first = same.begin * x_row + column;
    const pixel_rows x = {b->x + first, count, v->width, x_row};
    const pixel_rows dy = {b->dy + same.begin * dy_row + column, count, v->width, dy_row};
    const real *const y = b->mask == DY_MASKED ? b->y + first : x.first;
    const norm_sums more = sum_dy(b->mask, x, dy, y, n);
    const vmask present = present_lanes(v, same.begin);
    sum = add_norm_sums(sum, (norm_sums){vkeep(present, more.dy), vkeep(present, more.product)});
    rows.begin = same.end;
  }
  return sum;
}

/* dweight and dbias of a plane, and dx of some of its rows, from the plane's sums. */
ALWAYS_INLINE void apply_norm_backward(const planes *v, const norm_backward *b, int plane,
                                       span rows, const norm_plane *n, norm_sums sum,
                                       int first_rows) {
  const vec inverse = load_channel(v, b->inverse, plane);
  const vec dbias = reduce_lanes(v, sum.dy);
  const vec dweight = vmul(reduce_lanes(v, sum.product), inverse);
  if (first_rows) {
    store_channel(v, b->dbias, plane, dbias);
    store_channel(v, b->dweight, plane, dweight);
  }
  const vec fraction = vset(1 / pixels_of_channel(v));
  const vec mean_dy = vmul(dbias, fraction);
  const vec slope = vmul(vmul(dweight, fraction), inverse);
  const size_t x_row = row_reals(v, v->channels);
  const size_t dy_row = row_reals(v, b->dy_channels);
  for (int h = rows.begin; h < rows.end; h++) {
    const size_t first = h * x_row + plane * plane_reals(v);
    const real *const x = b->x + first;
    const real *const dy = b->dy + h * dy_row + plane * plane_reals(v);
    const real *const y = b->mask == DY_MASKED ? b->y + first : x;
    real *const dx = b->dx + first;
    const vmask present = present_lanes(v, h);
    for (size_t at = 0; at < plane_reals(v); at += LANES) {
      const vec centered = vsub(vload(x + at), n->mean);
      const vec d = masked_dy(b->mask, dy + at, y + at, centered, n);
      const vec change = b->frozen ? d : vsub(d, vfma(centered, slope, mean_dy));
      const vec a = vmul(n->factor, change);
      vstore(dx + at, v->channel_blocked ? a : vkeep(present, a));
    }
  }
}

/* Work items as in norm_forward_planes; partial: room for the sums of all work items.
   epilogue_rows: not 0 where a convolution's epilogue has left sums there, [rows of all images in
   items of so many][planes]. */
ALWAYS_INLINE void norm_backward_planes(team t, planes v, norm_backward b, int epilogue_rows,
                                        real *partial) {
  norm_sums *const sums = (norm_sums *)partial;
  const int parts = parts_of_planes(&v);
  const int count = epilogue_rows ? v.images * divide_up(v.height, epilogue_rows) : parts;
  const span items = work_range(v.count * parts, t);
  for (int divided = 0; divided < 2; divided++) {
    for (int plane = items.begin / parts; plane * parts < items.end; plane++) {
      const span own = own_parts(items, plane, parts);
      const norm_plane n = plane_of_norm(&v, &b, plane);
      norm_sums *const of_parts = epilogue_rows ? sums + plane : sums + (ptrdiff_t)plane * parts;
      const ptrdiff_t distance = epilogue_rows ? v.count : 1;
      for (int k = own.begin; k < own.end && !divided && !epilogue_rows; k++) {
        const span rows = rows_of_parts(&v, (span){k, k + 1}, parts);
        of_parts[k] = sums_of_rows(&v, &b, plane, &n, rows);
      }
      if (!epilogue_rows && (own.end - own.begin < parts) != divided) continue;
      norm_sums sum = {vzero(), vzero()};
      for (int k = 0; k < count; k++) sum = add_norm_sums(sum, of_parts[k * distance]);
      const span rows = rows_of_parts(&v, own, parts);
      apply_norm_backward(&v, &b, plane, rows, &n, sum, own.begin == 0);
    }
    if (parts == 1 || epilogue_rows) return;
    if (!divided) barrier();
  }
}

/* --- inference ------------------------------------------------------------------------------- */

/* y = (x - mean) / sqrt(variance + eps) * weight + bias by the running statistics, then relu if
   asked; y may be x. A work item: a row of a plane. */
ALWAYS_INLINE void norm_inference_planes(team t, planes v, real eps, int relu, const real *x,
                                         const real *weight, const real *bias, const real *mean,
                                         const real *variance, real *y) {
  const span rows = work_range(v.rows * v.count, t);
  for (int i = rows.begin; i < rows.end; i++) {
    const int plane = i % v.count;
    const vec m = load_channel(&v, mean, plane);
    const vec b = load_channel(&v, bias, plane);
    const vec deviation = vsqrt(vadd(load_channel(&v, variance, plane), vset(eps)));
    const vec factor = vdiv(load_channel(&v, weight, plane), deviation);
    const size_t row = i * plane_reals(&v);
    for (size_t at = row; at < row + plane_reals(&v); at += LANES) {
      const vec a = vfma(vsub(vload(x + at), m), factor, b);
      vstore(y + at, relu ? vmax(vzero(), a) : a);
    }
  }
}

#endif
