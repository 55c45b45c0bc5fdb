/* Kernels that sum over the pixels of channels, or over channels, in both layouts: batch_norm, its
   gradient, bias_gradient, local_response_norm. */
#include "harness.h"

#include "common/work_items.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double precision(const Suite *suite) {
  return suite->target->real_bytes == 4 ? 2e-5 : 1e-11;
}

/* --- shapes --------------------------------------------------------------------------------- */

/* Of the case's first tensor: images of C channels, `size` pixels each. */
typedef struct Shape {
  int channels;
  int size;
} Shape;

static Shape shape_of(const Case *c) {
  return (Shape){c->tensors[0].dim[0], c->tensors[0].dim[1] * c->tensors[0].dim[2]};
}

static double *channel(double *plain, Shape s, int n, int c) {
  return plain + (size_t)(n * s.channels + c) * s.size;
}

static double sum_of_channel(double *plain, Shape s, int count, int c) {
  double sum = 0;
  for (int n = 0; n < count; n++)
    for (int i = 0; i < s.size; i++) sum += channel(plain, s, n, c)[i];
  return sum;
}

enum { SHAPES = 7 };

/* Shapes of images. The last one has as many pixels as work is cut for. */
static void shape(const Suite *suite, int number, int dim[3]) {
  static const int DIMS[SHAPES - 1][3] = {{1, 1, 1},  {16, 3, 4}, {19, 7, 7},
                                          {35, 2, 5}, {34, 1, 9}, {5, 3, 70}};
  const int lanes = suite->target->lanes;
  const int many[3] = {lanes + 3, 64, 256 / lanes};
  memcpy(dim, number < SHAPES - 1 ? DIMS[number] : many, sizeof many);
}

static cnn_layout layout_of(int channel_blocked) {
  return channel_blocked ? CNN_CHANNEL_BLOCKED : CNN_BATCH_BLOCKED;
}

static Case *add_case(Suite *suite, const char *template_name, int channel_blocked, const int *dim,
                      const char *arguments, void (*twin)(const Case *c, Context *x)) {
  const char *image = arena_printf(suite->arena, "(image){%d, %d, %d}", dim[0], dim[1], dim[2]);
  Case *c =
      suite_add(suite, template_name, arena_printf(suite->arena, "%s, %s", image, arguments), twin);
  c->channel_blocked = channel_blocked;
  case_bool(c, "channel_blocked", channel_blocked);
  return c;
}

/* Room for the partial results of all work items. */
static void add_partial(const Suite *suite, Case *c, int vectors) {
  const int lanes = suite->target->lanes, channels = c->tensors[0].dim[0];
  const int planes = c->channel_blocked ? (channels + lanes - 1) / lanes : channels;
  const int items = REDUCTION_ITEMS + planes;
  case_tensor(c, "partial", CNN_PLAIN, FILL_WORKSPACE, items * vectors * lanes, 0, 0);
}

/* --- batch_norm ----------------------------------------------------------------------------- */

enum { X, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, Y, MEAN, INVERSE, RESIDUAL };

static const double EPS = 0.5, MOMENTUM = 0.25;

/* Sum of squared distances from the mean. */
static double squares_of_channel(double *plain, Shape s, int count, int c, double mean) {
  double squares = 0;
  for (int n = 0; n < count; n++) {
    const double *x = channel(plain, s, n, c);
    for (int i = 0; i < s.size; i++) squares += (x[i] - mean) * (x[i] - mean);
  }
  return squares;
}

static void normalize(const Case *c, Context *v, int k, double mean, double inverse) {
  const Shape s = shape_of(c);
  const bool residual = case_get(c, "residual"), relu = case_get(c, "relu");
  for (int n = 0; n < v->count; n++) {
    const double *x = channel(v->v[X], s, n, k);
    double *to = channel(v->v[Y], s, n, k);
    for (int i = 0; i < s.size; i++) {
      double y = (x[i] - mean) * inverse * v->v[WEIGHT][k] + v->v[BIAS][k];
      if (residual) y += channel(v->v[RESIDUAL], s, n, k)[i];
      to[i] = relu ? fmax(0, y) : y;
    }
  }
}

static void twin_batch_norm(const Case *c, Context *v) {
  const Shape s = shape_of(c);
  const double pixels = (double)v->count * s.size;
  for (int k = 0; k < s.channels; k++) {
    const double mean = sum_of_channel(v->v[X], s, v->count, k) / pixels;
    const double squares = squares_of_channel(v->v[X], s, v->count, k, mean);
    const double unbiased = squares / (pixels > 1 ? pixels - 1 : 1);
    const bool frozen = case_get(c, "frozen");
    v->v[MEAN][k] = frozen ? v->v[RUNNING_MEAN][k] : mean;
    v->v[INVERSE][k] = 1 / sqrt((frozen ? v->v[RUNNING_VAR][k] : squares / pixels) + EPS);
    normalize(c, v, k, v->v[MEAN][k], v->v[INVERSE][k]);
    if (frozen) continue;
    v->v[RUNNING_MEAN][k] += MOMENTUM * (mean - v->v[RUNNING_MEAN][k]);
    v->v[RUNNING_VAR][k] += MOMENTUM * (unbiased - v->v[RUNNING_VAR][k]);
  }
}

/* Tensors of images have the case's layout, others one number a channel. */
static Tensor *add_image(Case *c, const char *name, Fill fill, const int *dim) {
  return case_tensor(c, name, layout_of(c->channel_blocked), fill, dim[0], dim[1], dim[2]);
}

static Tensor *add_numbers(Case *c, const char *name, Fill fill, const int *dim) {
  return case_tensor(c, name, CNN_PLAIN, fill, dim[0], 0, 0);
}

/* Weight, bias and running statistics; `updated`: the kernel writes the latter. */
static void add_parameters(Case *c, const int *dim, bool updated) {
  add_numbers(c, "weight", FILL_INTEGERS, dim);
  add_numbers(c, "bias", FILL_INTEGERS, dim);
  add_numbers(c, "running_mean", FILL_INTEGERS, dim)->output = updated;
  add_numbers(c, "running_var", FILL_RELU, dim)->output = updated;
}

static void add_batch_norm(Suite *suite, int channel_blocked, const int *dim, int kind) {
  const bool residual = kind & 1, relu = kind & 2, frozen = kind & 4;
  const char *arguments =
      arena_printf(suite->arena, "batch, a[0], a[1], a[2], a[3], a[4], %sa[5], a[6], a[7]%s",
                   residual ? "a[8], " : "",
                   frozen     ? ""
                   : residual ? ", a[9]"
                              : ", a[8]");
  Case *c = add_case(suite, "batch_norm.c.in", channel_blocked, dim, arguments, twin_batch_norm);
  case_bool(c, "residual", residual);
  case_bool(c, "relu", relu);
  case_bool(c, "frozen", frozen);
  case_bool(c, "part", false);
  case_string(c, "momentum", "0.25");
  case_string(c, "eps", "0.5");
  c->tolerance = precision(suite);
  c->floor = 1;
  add_image(c, "x", FILL_INTEGERS, dim);
  add_parameters(c, dim, true);
  add_image(c, "y", FILL_GARBAGE, dim);
  add_numbers(c, "mean", FILL_GARBAGE, dim);
  add_numbers(c, "inverse", FILL_GARBAGE, dim);
  if (residual) add_image(c, "residual", FILL_INTEGERS, dim);
  if (!frozen) add_partial(suite, c, MOMENT_VECTORS);
}

/* Tensors: x, weight, bias, running_mean, running_var, y. */
static void twin_inference(const Case *c, Context *v) {
  for (int k = 0; k < shape_of(c).channels; k++)
    normalize(c, v, k, v->v[RUNNING_MEAN][k], 1 / sqrt(v->v[RUNNING_VAR][k] + EPS));
}

static void add_inference(Suite *suite, int channel_blocked, const int *dim, int relu) {
  Case *c = add_case(suite, "batch_norm_inference.c.in", channel_blocked, dim,
                     "batch, a[0], a[1], a[2], a[3], a[4], a[5]", twin_inference);
  case_bool(c, "residual", false);
  case_bool(c, "relu", relu != 0);
  case_string(c, "eps", "0.5");
  c->tolerance = precision(suite);
  c->floor = 1;
  add_image(c, "x", FILL_INTEGERS, dim);
  add_parameters(c, dim, false);
  add_image(c, "y", FILL_GARBAGE, dim);
}

/* --- batch_norm_backward -------------------------------------------------------------------- */

enum { DY, B_X, B_WEIGHT, B_MEAN, B_INVERSE, DX, DWEIGHT, DBIAS, B_MASK };

/* dy with its mask, of one pixel. */
static double masked_dy(const Case *c, Context *v, Shape s, int n, int k, int i) {
  const double dy = channel(v->v[DY], s, n, k)[i];
  if (!case_get(c, "dy_relu_mask")) return dy;
  const double z = (channel(v->v[B_X], s, n, k)[i] - v->v[B_MEAN][k]) * v->v[B_INVERSE][k];
  const double y = case_get(c, "recomputed") ? z * v->v[B_WEIGHT][k] + v->v[B_MASK][k]
                                             : channel(v->v[B_MASK], s, n, k)[i];
  return y > 0 ? dy : 0;
}

static void twin_backward(const Case *c, Context *v) {
  const Shape s = shape_of(c);
  const double pixels = (double)v->count * s.size;
  for (int k = 0; k < s.channels; k++) {
    const double mean = v->v[B_MEAN][k], inverse = v->v[B_INVERSE][k];
    double dweight = 0, dbias = 0;
    for (int j = 0; j < v->count * s.size; j++) {
      const int n = j / s.size, i = j % s.size;
      const double dy = masked_dy(c, v, s, n, k, i);
      dbias += dy;
      dweight += dy * (channel(v->v[B_X], s, n, k)[i] - mean) * inverse;
    }
    v->v[DBIAS][k] = dbias;
    v->v[DWEIGHT][k] = dweight;
    for (int j = 0; j < v->count * s.size; j++) {
      const int n = j / s.size, i = j % s.size;
      const double z = (channel(v->v[B_X], s, n, k)[i] - mean) * inverse;
      const double dy = masked_dy(c, v, s, n, k, i);
      const double d = case_get(c, "frozen") ? dy : dy - dbias / pixels - z * dweight / pixels;
      channel(v->v[DX], s, n, k)[i] = v->v[B_WEIGHT][k] * inverse * d;
    }
  }
}

static void add_backward(Suite *suite, int channel_blocked, const int *dim, int kind) {
  const bool mask = kind % 3 > 0, recomputed = kind % 3 > 1;
  const char *arguments = mask ? "batch, a[0], a[1], a[2], a[3], a[4], a[8], a[5], a[6], a[7], a[9]"
                               : "batch, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]";
  Case *c =
      add_case(suite, "batch_norm_backward.c.in", channel_blocked, dim, arguments, twin_backward);
  case_bool(c, "dy_relu_mask", mask);
  case_bool(c, "recomputed", recomputed);
  case_bool(c, "frozen", kind >= 3);
  case_bool(c, "part", false);
  case_bool(c, "partial_sums", false);
  c->tolerance = precision(suite);
  c->floor = 64;
  add_image(c, "dy", FILL_INTEGERS, dim)->gradient = true;
  add_image(c, "x", FILL_INTEGERS, dim);
  add_numbers(c, "weight", FILL_INTEGERS, dim);
  add_numbers(c, "mean", FILL_INTEGERS, dim);
  add_numbers(c, "inverse", FILL_RELU, dim);
  add_image(c, "dx", FILL_GARBAGE, dim)->gradient = true;
  add_numbers(c, "dweight", FILL_GARBAGE, dim);
  add_numbers(c, "dbias", FILL_GARBAGE, dim);
  if (recomputed)
    add_numbers(c, "bias", FILL_INTEGERS, dim);
  else if (mask)
    add_image(c, "y", FILL_RELU, dim);
  add_partial(suite, c, NORM_SUM_VECTORS);
}

/* --- bias_gradient -------------------------------------------------------------------------- */

static void twin_bias_gradient(const Case *c, Context *v) {
  const Shape s = shape_of(c);
  for (int k = 0; k < s.channels; k++) v->v[1][k] = sum_of_channel(v->v[0], s, v->count, k);
}

static void add_bias_gradient(Suite *suite, int channel_blocked, const int *dim) {
  Case *c = add_case(suite, "bias_gradient.c.in", channel_blocked, dim, "batch, a[0], a[1], a[2]",
                     twin_bias_gradient);
  case_bool(c, "part", false);
  add_image(c, "dy", FILL_INTEGERS, dim)->gradient = true;
  add_numbers(c, "db", FILL_GARBAGE, dim);
  add_partial(suite, c, BIAS_SUM_VECTORS);
}

/* Options take turns among the shapes. */
static void add_cases(Suite *suite) {
  for (int i = 0; i < 2 * SHAPES; i++) {
    const int number = i / 2, channel_blocked = i % 2;
    int dim[3];
    shape(suite, number, dim);
    add_batch_norm(suite, channel_blocked, dim, (number + channel_blocked) % 8);
    add_backward(suite, channel_blocked, dim, (number + channel_blocked) % 6);
    add_inference(suite, channel_blocked, dim, number % 2);
    add_bias_gradient(suite, channel_blocked, dim);
  }
}

int main(int argc, char **argv) {
  return suite_main(argc, argv, add_cases);
}
