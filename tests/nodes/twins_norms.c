/* Twins of the normalisations, of adaptive pooling, and of what joins and takes apart channels. */
#include "twins.h"

#include <math.h>

static size_t place(const int dim[4], int n, int c, size_t pixel) {
  const size_t plane = (size_t)dim[2] * dim[3];
  return ((size_t)n * dim[1] + c) * plane + pixel;
}

static size_t plane_of(const Tensor *tensor) {
  return (size_t)tensor->dim[2] * tensor->dim[3];
}

static void expect(Expected *out, size_t i, double value, double magnitude) {
  out->value[i] = value;
  out->magnitude[i] = magnitude;
}

static void accumulate(Expected *out, size_t i, double term) {
  out->value[i] += term;
  out->magnitude[i] += fabs(term);
}

/* --- batch norm ---------------------------------------------------------------------------------
   Ioffe and Szegedy 2015: z = (x - mean) / sqrt(variance + eps), y = weight z + bias. The
   magnitudes are those of the terms before their cancellation, for what the sums of a channel carry
   into all of it. */

typedef struct Moments {
  double mean, variance, square; /* square: mean of x^2, cancelled by the mean */
} Moments;

static Moments moments(const Tensor *x, int c) {
  const double count = (double)x->dim[0] * (double)plane_of(x);
  Moments m = {0};
  for (int n = 0; n < x->dim[0]; n++)
    for (size_t i = 0; i < plane_of(x); i++) {
      double v = x->data[place(x->dim, n, c, i)];
      m.mean += v / count;
      m.square += v * v / count;
    }
  for (int n = 0; n < x->dim[0]; n++)
    for (size_t i = 0; i < plane_of(x); i++) {
      double v = x->data[place(x->dim, n, c, i)] - m.mean;
      m.variance += v * v / count;
    }
  return m;
}

static void normalize(const Step *step, int c, double mean, double inverse, Expected *y) {
  const Tensor *x = step->in[0];
  const double weight = step->in[1]->data[c], bias = step->in[2]->data[c];
  for (int n = 0; n < x->dim[0]; n++)
    for (size_t i = 0; i < plane_of(x); i++) {
      size_t at = place(x->dim, n, c, i);
      double v = x->data[at];
      expect(y, at, (v - mean) * inverse * weight + bias,
             (fabs(v) + fabs(mean)) * inverse * fabs(weight) + fabs(bias));
    }
}

void twin_batch_norm(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for (int c = 0; c < step->in[0]->dim[1]; c++) {
    Moments m = moments(step->in[0], c);
    if (step->attributes.frozen_statistics) {
      m.mean = step->in[3]->data[c], m.square = m.mean * m.mean;
      m.variance = step->in[4]->data[c];
    }
    double inverse = 1 / sqrt(m.variance + step->attributes.eps);
    normalize(step, c, m.mean, inverse, &out[0]);
    expect(&out[1], (size_t)c, m.mean, sqrt(m.square));
    expect(&out[2], (size_t)c, inverse, inverse * (1 + m.square * inverse * inverse));
  }
}

void twin_batch_norm_inference(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for (int c = 0; c < step->in[0]->dim[1]; c++)
    normalize(step, c, step->in[3]->data[c], 1 / sqrt(step->in[4]->data[c] + step->attributes.eps),
              &out[0]);
}

/* The ReLU mask is that of the batch_norm itself, whose bias is there instead of its result. */
static bool is_own_relu(const Step *step) {
  return step->attributes.dy_relu_mask && step->in[5]->kind == VALUE_PARAMETER;
}

/* Whether the ReLU mask lets dy pass; made: the batch_norm's result there. */
static bool passes(const Step *step, size_t at, double made) {
  if (!step->attributes.dy_relu_mask) return true;
  return is_own_relu(step) ? made > 0 : step->in[5]->data[at] != 0;
}

/* dbias = sum dy, dweight = sum dy z,
   dx = weight inverse (dy - dbias / count - z dweight / count), without the last two where the
   statistics are frozen. */
void twin_batch_norm_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Tensor *dy = step->in[0], *x = step->in[1];
  const bool own = is_own_relu(step);
  const double count = (double)x->dim[0] * (double)plane_of(x);
  for (int c = 0; c < x->dim[1]; c++) {
    const double weight = step->in[2]->data[c], mean = step->in[3]->data[c];
    const double inverse = step->in[4]->data[c];
    const double bias = own ? step->in[5]->data[c] : 0;
    for (int n = 0; n < x->dim[0]; n++)
      for (size_t i = 0; i < plane_of(x); i++) {
        size_t at = place(x->dim, n, c, i);
        double d = passes(step, at, (x->data[at] - mean) * inverse * weight + bias) * dy->data[at];
        accumulate(&out[1], (size_t)c, d * (x->data[at] - mean) * inverse);
        accumulate(&out[2], (size_t)c, d);
      }
    for (int n = 0; n < x->dim[0]; n++)
      for (size_t i = 0; i < plane_of(x); i++) {
        size_t at = place(x->dim, n, c, i);
        double z = (x->data[at] - mean) * inverse;
        double d = passes(step, at, z * weight + bias) * dy->data[at];
        const double from_batch = step->attributes.frozen_statistics ? 0 : 1 / count;
        double center = out[2].value[c] * from_batch, tilt = z * out[1].value[c] * from_batch;
        expect(&out[0], at, weight * inverse * (d - center - tilt),
               fabs(weight * inverse) *
                   (fabs(d) + out[2].magnitude[c] / count + fabs(z) * out[1].magnitude[c] / count));
      }
  }
}

/* --- local response norm ------------------------------------------------------------------------
   y_c = x_c scale_c^-beta, scale_c = k + alpha / size * sum x_j^2 over the channels j that c sees,
   c - size / 2 to c + (size - 1) / 2. */

static bool sees(int c, int j, int size) {
  return j >= c - size / 2 && j <= c + (size - 1) / 2;
}

void twin_local_response_norm(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Attributes *a = &step->attributes;
  const Tensor *x = step->in[0];
  for (int n = 0; n < x->dim[0]; n++)
    for (int c = 0; c < x->dim[1]; c++)
      for (size_t i = 0; i < plane_of(x); i++) {
        double scale = a->k;
        for (int j = 0; j < x->dim[1]; j++) {
          double v = x->data[place(x->dim, n, j, i)];
          if (sees(c, j, a->size)) scale += a->alpha / a->size * v * v;
        }
        size_t at = place(x->dim, n, c, i);
        double y = x->data[at] * pow(scale, -a->beta);
        expect(&out[0], at, y, fabs(y));
        expect(&out[1], at, scale, scale);
      }
}

void twin_local_response_norm_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Attributes *a = &step->attributes;
  const double *dy = step->in[0]->data, *y = step->in[2]->data, *scale = step->in[3]->data;
  const Tensor *x = step->in[1];
  for (int n = 0; n < x->dim[0]; n++)
    for (int c = 0; c < x->dim[1]; c++)
      for (size_t i = 0; i < plane_of(x); i++) {
        size_t at = place(x->dim, n, c, i);
        accumulate(&out[0], at, dy[at] * pow(scale[at], -a->beta));
        for (int j = 0; j < x->dim[1]; j++) { /* j sees c */
          size_t there = place(x->dim, n, j, i);
          double term = -2 * a->alpha * a->beta / a->size * x->data[at] * dy[there] * y[there];
          if (sees(j, c, a->size)) accumulate(&out[0], at, term / scale[there]);
        }
      }
}

/* --- adaptive pooling ---------------------------------------------------------------------------
   Window p of P over H rows: floor(p H / P) to ceil((p + 1) H / P). */

typedef struct Range {
  int begin, end;
} Range;

static Range window(int p, int count, int length) {
  return (Range){p * length / count, (int)ceil((double)(p + 1) * length / count)};
}

/* Adds every pixel of x to its windows of y, or the other way. */
static void adaptive(const Tensor *x, const Tensor *y, const double *from, bool backward,
                     Expected *out) {
  for (int n = 0; n < y->dim[0]; n++)
    for (int c = 0; c < y->dim[1]; c++)
      for (int p = 0; p < y->dim[2]; p++)
        for (int q = 0; q < y->dim[3]; q++) {
          const Range rows = window(p, y->dim[2], x->dim[2]);
          const Range columns = window(q, y->dim[3], x->dim[3]);
          const double pixels = (rows.end - rows.begin) * (columns.end - columns.begin);
          const size_t whole = place(y->dim, n, c, (size_t)p * y->dim[3] + q);
          for (int h = rows.begin; h < rows.end; h++)
            for (int w = columns.begin; w < columns.end; w++) {
              const size_t part = place(x->dim, n, c, (size_t)h * x->dim[3] + w);
              accumulate(out, backward ? part : whole, from[backward ? whole : part] / pixels);
            }
        }
}

void twin_adaptive_avg_pool2d(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  adaptive(step->in[0], step->out[0], step->in[0]->data, false, out);
}

void twin_adaptive_avg_pool2d_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  adaptive(step->out[0], step->in[0], step->in[0]->data, true, out);
}

/* --- channels -------------------------------------------------------------------------------- */

void twin_concat(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  int first = 0;
  for (int k = 0; k < step->in_count; k++) {
    const Tensor *x = step->in[k];
    for (int n = 0; n < x->dim[0]; n++)
      for (int c = 0; c < x->dim[1]; c++)
        for (size_t i = 0; i < plane_of(x); i++)
          accumulate(out, place(step->out[0]->dim, n, first + c, i),
                     x->data[place(x->dim, n, c, i)]);
    first += x->dim[1];
  }
}

void twin_pad_channels(const Step *step, const Batch *batch, Expected *out) {
  twin_concat(step, batch, out); /* of one; what it leaves is zero */
}

void twin_slice(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Tensor *y = step->out[0];
  for (int n = 0; n < y->dim[0]; n++)
    for (int c = 0; c < y->dim[1]; c++)
      for (size_t i = 0; i < plane_of(y); i++)
        accumulate(out, place(y->dim, n, c, i),
                   step->in[0]->data[place(step->in[0]->dim, n, step->attributes.first + c, i)]);
}
