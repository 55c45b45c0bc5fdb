/* batch_norm.h and bias_gradient.h, with planes.h and row_sums.h below them, against naive loops in
   double, in either layout: exactly on small integers, statistics of the batch within a tolerance
   where a division is not exact. Buffers end at an unmapped page. Values are parts of larger ones
   where a case states so. Exits with 77 where the processor lacks the instructions. */
#include "buffers.h"
#include "instructions.h"

#include "batch_norm.h"
#include "bias_gradient.h"

/* `part`: y and dy are the first channels of values with PART_CHANNELS more; channel-blocked, a
   part has whole vectors. `exact`: the number of a channel's pixels is a power of 2 and its rows
   are one strip, of at most two images or groups of images. */
typedef struct Shape {
  dims d;
  cnn_layout layout;
  int part;
  int exact;
} Shape;

enum { PART_CHANNELS = 19, CENTER = 3 };

static const double EPS = 0.25, WEIGHT = 4, BIAS = 1;

static planes planes_in(const Shape *s) {
  return planes_of((image){s->d.c, s->d.h, s->d.w}, s->d.n, s->layout == CNN_CHANNEL_BLOCKED);
}

static dims dims_of_part(const Shape *s) {
  dims d = s->d;
  if (s->part) d.c += PART_CHANNELS;
  return d;
}

/* [n,c,h,w] as the first channels of a value of `to` dimensions; the others are 7. */
static double *in_part(const double *from, dims d, dims to) {
  double *all = doubles(plain_reals(to), 0);
  const size_t size = (size_t)d.c * d.h * d.w; /* of an image */
  const size_t size_of_all = (size_t)to.c * to.h * to.w;
  for (size_t i = 0; i < plain_reals(to); i++)
    all[i] = i % size_of_all < size ? from[i / size_of_all * size + i % size_of_all] : 7;
  return all;
}

/* [n,c,h,w] in a layout; batch-blocked, images that do not exist are not 0. */
static real *image_and_absent(cnn_layout layout, dims d, const double *from) {
  dims all = d;
  if (layout == CNN_BATCH_BLOCKED) all.n = divide_up(d.n, LANES) * LANES;
  double *numbers = doubles(plain_reals(all), 0);
  for (size_t i = 0; i < plain_reals(all); i++)
    numbers[i] = i < plain_reals(d) ? from[i] : (double)(i % 5);
  return image_in(layout, all, numbers);
}

/* Compares y with `want` and whether its other channels are as they were. */
static void compare_part(const char *what, const Shape *s, const real *y, const double *want,
                         double tolerance) {
  const dims all = dims_of_part(s);
  compare_image(what, s->layout, all, y, in_part(want, s->d, all), tolerance);
}

/* Half of the numbers of each channel are CENTER + 2, half CENTER - 2, in a random order: their
   variance is 4. An odd one is CENTER. */
static double *centered_numbers(dims d) {
  double *x = doubles(plain_reals(d), 0);
  const int area = d.h * d.w;
  const int count = d.n * area;
  for (int c = 0; c < d.c; c++) {
    int high = count / 2;
    int low = count / 2;
    for (int i = 0; i < count; i++) {
      const int sign = high == 0 ? -1 : low == 0 ? 1 : draw() > 0.5 ? 1 : -1;
      high -= sign > 0;
      low -= sign < 0;
      x[((size_t)(i / area) * d.c + c) * area + i % area] =
          high < 0 || low < 0 ? CENTER : CENTER + 2 * sign;
    }
  }
  return x;
}

/* The number of a channel's pixels. */
static int pixels_of(dims d) {
  return d.n * d.h * d.w;
}

static int channel_of(dims d, size_t i) {
  return (int)(i / ((size_t)d.h * d.w) % d.c);
}

/* --- forward and inference -------------------------------------------------------------------- */

/* Running statistics, before. */
static const double RUNNING_MEAN = 1, RUNNING_VAR = 15.75;

/* y of the naive loops for a channel's mean and 1 / deviation. */
static double *naive_forward(const Shape *s, const double *x, const double *residual,
                             const double *mean, const double *inverse, int relu) {
  double *y = doubles(plain_reals(s->d), 0);
  for (size_t i = 0; i < plain_reals(s->d); i++) {
    const int c = channel_of(s->d, i);
    y[i] = (x[i] - mean[c]) * inverse[c] * WEIGHT + BIAS + (residual ? residual[i] : 0);
    if (relu && y[i] < 0) y[i] = 0;
  }
  return y;
}

static double *filled(double value, int count) {
  double *at = doubles((size_t)count, 0);
  for (int i = 0; i < count; i++) at[i] = value;
  return at;
}

/* Mean and sum of squared deviations of each channel. */
static void naive_moments(const Shape *s, const double *x, double *mean, double *squares) {
  for (size_t i = 0; i < plain_reals(s->d); i++) mean[channel_of(s->d, i)] += x[i];
  for (int c = 0; c < s->d.c; c++) mean[c] /= pixels_of(s->d);
  for (size_t i = 0; i < plain_reals(s->d); i++) {
    const double deviation = x[i] - mean[channel_of(s->d, i)];
    squares[channel_of(s->d, i)] += deviation * deviation;
  }
}

static norm_forward forward_of(const Shape *s, double eps, int add, int relu) {
  const int channels = s->d.c;
  return (norm_forward){
      .momentum = (real)0.5,
      .eps = (real)eps,
      .add = add,
      .relu = relu,
      .y_channels = dims_of_part(s).c,
      .weight = constant(WEIGHT, channels),
      .bias = constant(BIAS, channels),
      .y = image_in(s->layout, dims_of_part(s),
                    in_part(filled(9, (int)plain_reals(s->d)), s->d, dims_of_part(s))),
      .mean = guarded((size_t)channels),
      .inverse = guarded((size_t)channels),
      .running_mean = constant(RUNNING_MEAN, channels),
      .running_var = constant(RUNNING_VAR, channels),
  };
}

/* relu: with a residual, too. */
static void check_forward(const Shape *s, int relu, int threads) {
  const int channels = s->d.c;
  const int count = pixels_of(s->d);
  const double *x = centered_numbers(s->d);
  const double *residual = doubles(plain_reals(s->d), 1);
  double *mean = doubles((size_t)channels, 0);
  double *inverse = doubles((size_t)channels, 0);
  double *running_mean = doubles((size_t)channels, 0);
  double *running_var = doubles((size_t)channels, 0);
  const double tolerance = s->exact ? 0 : 2e-5;
  naive_moments(s, x, mean, inverse);
  for (int c = 0; c < channels; c++) {
    running_mean[c] = (RUNNING_MEAN + mean[c]) / 2;
    running_var[c] = (RUNNING_VAR + inverse[c] / (count > 1 ? count - 1 : 1)) / 2;
    inverse[c] = 1 / sqrt(inverse[c] / count + (s->exact ? 0 : EPS));
  }
  const double *y = naive_forward(s, x, relu ? residual : NULL, mean, inverse, relu);
  norm_forward f = forward_of(s, s->exact ? 0 : EPS, relu, relu);
  f.x = image_and_absent(s->layout, s->d, x);
  f.residual = relu ? image_and_absent(s->layout, s->d, residual) : NULL;
  const planes v = planes_in(s);
  real *partial = guarded((size_t)v.count * parts_of_planes(&v) * MOMENT_VECTORS * LANES);
  PARALLEL(threads) {
    norm_forward_planes(join_team(v.rows / v.height), v, f, partial);
  }
  compare_part("forward", s, f.y, y, tolerance * 8);
  compare_reals("mean", f.mean, mean, (size_t)channels, tolerance);
  compare_reals("inverse", f.inverse, inverse, (size_t)channels, tolerance);
  compare_reals("running mean", f.running_mean, running_mean, (size_t)channels, tolerance);
  compare_reals("running variance", f.running_var, running_var, (size_t)channels, 2e-6 * 20);
}

static void check_frozen(const Shape *s, int relu, int threads) {
  const int channels = s->d.c;
  const double *x = doubles(plain_reals(s->d), 1);
  const double *mean = filled(RUNNING_MEAN, channels);
  const double *inverse = filled(0.25, channels);
  const double *y = naive_forward(s, x, NULL, mean, inverse, relu);
  norm_forward f = forward_of(s, EPS, 0, relu);
  f.x = image_and_absent(s->layout, s->d, x);
  const planes v = planes_in(s);
  PARALLEL(threads) {
    norm_frozen_planes(join_team(v.rows / v.height), v, f);
  }
  compare_part("frozen", s, f.y, y, 0);
  compare_reals("frozen, mean", f.mean, mean, (size_t)channels, 0);
  compare_reals("frozen, inverse", f.inverse, inverse, (size_t)channels, 0);
  compare_reals("frozen, running mean", f.running_mean, mean, (size_t)channels, 0);
  compare_reals("frozen, running variance", f.running_var, filled(RUNNING_VAR, channels),
                (size_t)channels, 0);
}

/* In place. */
static void check_inference(const Shape *s, int relu, int threads) {
  const int channels = s->d.c;
  const double *x = doubles(plain_reals(s->d), 1);
  const double *y =
      naive_forward(s, x, NULL, filled(RUNNING_MEAN, channels), filled(0.25, channels), relu);
  const real *weight = constant(WEIGHT, channels);
  const real *bias = constant(BIAS, channels);
  const real *mean = constant(RUNNING_MEAN, channels);
  const real *variance = constant(RUNNING_VAR, channels);
  real *at = image_in(s->layout, s->d, x);
  const planes v = planes_in(s);
  PARALLEL(threads) {
    norm_inference_planes(join_team(v.rows / v.height), v, (real)EPS, relu, at, weight, bias, mean,
                          variance, at);
  }
  compare_image("inference", s->layout, s->d, at, y, 0);
}

/* --- backward --------------------------------------------------------------------------------- */

/* dy with its mask; results of the naive loops: dx, dweight, dbias. mean 3, inverse 0.5. */
typedef struct Gradient {
  double *x, *dy, *y, *masked;
  double *dx, *dweight, *dbias;
} Gradient;

static Gradient naive_backward(const Shape *s, enum dy_mask mask, int frozen) {
  const size_t size = plain_reals(s->d);
  const int count = pixels_of(s->d);
  Gradient g = {.x = doubles(size, 1), .dy = doubles(size, 1), .y = doubles(size, 1)};
  g.masked = doubles(size, 0);
  g.dx = doubles(size, 0);
  g.dweight = doubles((size_t)s->d.c, 0);
  g.dbias = doubles((size_t)s->d.c, 0);
  for (size_t i = 0; i < size; i++) {
    const double z = (g.x[i] - CENTER) * 0.5;
    const double result = mask == DY_MASKED ? g.y[i] : z * WEIGHT + BIAS;
    g.masked[i] = mask == DY_WHOLE || result > 0 ? g.dy[i] : 0;
    g.dbias[channel_of(s->d, i)] += g.masked[i];
    g.dweight[channel_of(s->d, i)] += g.masked[i] * z;
  }
  for (size_t i = 0; i < size; i++) {
    const int c = channel_of(s->d, i);
    const double z = (g.x[i] - CENTER) * 0.5;
    g.dx[i] = g.masked[i];
    if (!frozen) g.dx[i] -= g.dbias[c] / count + z * g.dweight[c] / count;
    g.dx[i] *= WEIGHT * 0.5;
  }
  return g;
}

/* Partial sums as a convolution's epilogue leaves them, of blocks of `rows` rows of an image. */
static real *sums_of_epilogue(const Shape *s, const Gradient *g, int rows) {
  const dims d = s->d;
  const int blocks = divide_up(d.h, rows);
  const int vectors = divide_up(d.c, LANES);
  const size_t reals = (size_t)d.n * blocks * vectors * NORM_SUM_VECTORS * LANES;
  double *sums = doubles(reals, 0);
  for (size_t i = 0; i < plain_reals(d); i++) {
    const int n = (int)(i / ((size_t)d.c * d.h * d.w));
    const int block = n * blocks + (int)(i / d.w % d.h) / rows;
    const int c = channel_of(d, i);
    double *at = sums + ((size_t)block * vectors + c / LANES) * 2 * LANES + c % LANES;
    at[0] += g->masked[i];
    at[LANES] += g->masked[i] * (g->x[i] - CENTER);
  }
  return plain(sums, reals);
}

/* epilogue_rows: 0, or the rows of a block of an epilogue reduction. */
static void check_backward(const Shape *s, enum dy_mask mask, int frozen, int epilogue_rows,
                           int threads) {
  const size_t channels = (size_t)s->d.c;
  const Gradient g = naive_backward(s, mask, frozen);
  const dims part = dims_of_part(s);
  const planes v = planes_in(s);
  norm_backward b = {
      .mask = mask,
      .frozen = frozen,
      .dy_channels = part.c,
      .dy = image_and_absent(s->layout, part, in_part(g.dy, s->d, part)),
      .x = image_and_absent(s->layout, s->d, g.x),
      .weight = constant(WEIGHT, s->d.c),
      .mean = constant(CENTER, s->d.c),
      .inverse = constant(0.5, s->d.c),
      .bias = constant(BIAS, s->d.c),
      .y = image_and_absent(s->layout, s->d, g.y),
      .dx = image_in(s->layout, s->d, NULL),
      .dweight = guarded(channels),
      .dbias = guarded(channels),
  };
  real *partial = epilogue_rows
                      ? sums_of_epilogue(s, &g, epilogue_rows)
                      : guarded((size_t)v.count * parts_of_planes(&v) * NORM_SUM_VECTORS * LANES);
  PARALLEL(threads) {
    norm_backward_planes(join_team(v.rows / v.height), v, b, epilogue_rows, partial);
  }
  compare_image("dx", s->layout, s->d, b.dx, g.dx, s->exact || frozen ? 0 : 2e-5);
  if (s->layout == CNN_BATCH_BLOCKED) compare_absent("dx without an image", s->d, b.dx);
  compare_reals("dweight", b.dweight, g.dweight, channels, 0);
  compare_reals("dbias", b.dbias, g.dbias, channels, 0);
}

static void check_bias_gradient(const Shape *s, int threads) {
  const Gradient g = naive_backward(s, DY_WHOLE, 0);
  const dims part = dims_of_part(s);
  const planes v = planes_in(s);
  const real *dy = image_in(s->layout, part, in_part(g.dy, s->d, part));
  real *db = guarded((size_t)s->d.c);
  real *partial = guarded((size_t)v.count * parts_of_planes(&v) * BIAS_SUM_VECTORS * LANES);
  PARALLEL(threads) {
    sum_planes(join_team(v.rows / v.height), v, part.c, dy, db, partial);
  }
  compare_reals("bias gradient", db, g.dbias, (size_t)s->d.c, 0);
}

static void check(const Shape *s, int threads) {
  snprintf(tested, sizeof tested, "%s %dx%dx%dx%d%s, %d threads",
           s->layout == CNN_BATCH_BLOCKED ? "batch-blocked" : "channel-blocked", s->d.n, s->d.c,
           s->d.h, s->d.w, s->part ? ", a part" : "", threads);
  for (int relu = 0; relu <= 1; relu++) {
    check_forward(s, relu, threads);
    check_frozen(s, relu, threads);
    check_inference(s, relu, threads);
  }
  for (int frozen = 0; frozen <= 1; frozen++) {
    check_backward(s, DY_WHOLE, frozen, 0, threads);
    check_backward(s, DY_MASKED, frozen, 0, threads);
    check_backward(s, DY_RECOMPUTED, frozen, 0, threads);
    if (s->layout == CNN_CHANNEL_BLOCKED) check_backward(s, DY_RECOMPUTED, frozen, 2, threads);
  }
  check_bias_gradient(s, threads);
}

int main(void) {
  if (!has_instructions()) return 77;
  const Shape shapes[] = {
      {{2 * LANES, 3, 4, 4}, CNN_BATCH_BLOCKED, 0, 1},
      {{LANES + 3, 5, 7, 9}, CNN_BATCH_BLOCKED, 1, 0},
      {{1, 2, 1, 1}, CNN_BATCH_BLOCKED, 0, 0},
      {{8 * LANES, 2, 64, 64}, CNN_BATCH_BLOCKED, 0, 0}, /* threads divide planes */
      {{2, 2 * LANES + 3, 4, 4}, CNN_CHANNEL_BLOCKED, 0, 1},
      {{3, LANES, 7, 9}, CNN_CHANNEL_BLOCKED, 1, 0},
      {{1, 5, 1, 1}, CNN_CHANNEL_BLOCKED, 0, 0},
      {{16, 2, 64, 64}, CNN_CHANNEL_BLOCKED, 0, 0}, /* the same */
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    for (int threads = 1; threads <= 3; threads += 2) {
      check(&shapes[i], threads);
      free_buffers();
    }
  }
  printf("%d differences\n", failures);
  return failures > 0;
}
