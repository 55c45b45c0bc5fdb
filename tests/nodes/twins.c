/* Twins of the ops that look at one element at a time, of the losses and of what only moves
   data. */
#include "twins.h"

#include <math.h>

/* An op without a twin does not link. */
Twin *const TWINS[OP_COUNT] = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = twin_##id,
#include "ir/ops.def"
#undef OP
};

size_t tensor_count(const Tensor *tensor) {
  size_t count = 1;
  for (int i = 0; i < 4; i++) count *= (size_t)tensor->dim[i];
  return count;
}

static void expect(Expected *out, size_t i, double value, double magnitude) {
  out->value[i] = value;
  out->magnitude[i] = magnitude;
}

void twin_epilogue(const Step *step, Expected *out) {
  const Attributes *a = &step->attributes;
  size_t count = tensor_count(step->out[0]);
  for (size_t i = 0; i < count && a->residual; i++) {
    const double residual = step->in[step->in_count - 1 - a->relu_mask]->data[i];
    expect(out, i, out->value[i] + residual, out->magnitude[i] + fabs(residual));
  }
  if (a->activation == ACTIVATION_RELU)
    for (size_t i = 0; i < count; i++) out->value[i] = fmax(out->value[i], 0);
  if (!a->relu_mask || step->op == OP_max_pool2d) return;
  const Tensor *y = step->in[step->in_count - 1]; /* the relu's output */
  for (size_t i = 0; i < count; i++)
    if (y->data[i] == 0) expect(out, i, 0, 0);
}

/* --- one element ----------------------------------------------------------------------------- */

void twin_relu(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *x = step->in[0]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) expect(out, i, fmax(x[i], 0), fabs(x[i]));
}

void twin_tanh(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *x = step->in[0]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) expect(out, i, tanh(x[i]), 1);
}

void twin_sigmoid(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *x = step->in[0]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) expect(out, i, 1 / (1 + exp(-x[i])), 1);
}

void twin_leaky_relu(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *x = step->in[0]->data, slope = step->attributes.slope;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++)
    expect(out, i, x[i] > 0 ? x[i] : slope * x[i], fabs(x[i]));
}

void twin_leaky_relu_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *dy = step->in[0]->data, *y = step->in[1]->data, slope = step->attributes.slope;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++)
    expect(out, i, y[i] > 0 ? dy[i] : slope * dy[i], fabs(dy[i]));
}

void twin_relu_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *dy = step->in[0]->data, *y = step->in[1]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++)
    expect(out, i, y[i] > 0 ? dy[i] : 0, fabs(dy[i]));
}

void twin_tanh_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *dy = step->in[0]->data, *y = step->in[1]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++)
    expect(out, i, dy[i] * (1 - y[i] * y[i]), fabs(dy[i]));
}

void twin_sigmoid_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double *dy = step->in[0]->data, *y = step->in[1]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++)
    expect(out, i, dy[i] * y[i] * (1 - y[i]), fabs(dy[i]));
}

void twin_add(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const int terms = step->in_count - step->attributes.relu_mask; /* the mask comes last */
  for (int k = 0; k < terms; k++)
    for (size_t i = 0; i < tensor_count(step->out[0]); i++) {
      out->value[i] += step->in[k]->data[i];
      out->magnitude[i] += fabs(step->in[k]->data[i]);
    }
}

/* --- dropout ------------------------------------------------------------------------------------
   The draw is the program's own. What must hold: every y is 0 or x / (1 - p), zeros come about as
   often as p specifies, and the backward pass drops what the forward pass dropped. */

void twin_dropout(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double p = step->attributes.p, *x = step->in[0]->data, *y = step->out[0]->data;
  size_t seen = 0, dropped = 0;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) {
    seen += x[i] != 0;
    dropped += x[i] != 0 && y[i] == 0;
    expect(out, i, y[i] != 0 ? x[i] / (1 - p) : 0, fabs(x[i]));
  }
  double deviation = sqrt((double)seen * p * (1 - p));
  if (fabs((double)dropped - (double)seen * p) > 6 * deviation) out->value[0] = NAN;
}

void twin_dropout_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const double p = step->attributes.p, *dy = step->in[0]->data, *dx = step->out[0]->data;
  const double *x = step->forward->in[0]->data, *y = step->forward->out[0]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) {
    bool kept = x[i] != 0 ? y[i] != 0 : dx[i] != 0; /* x = 0 does not tell */
    expect(out, i, kept ? dy[i] / (1 - p) : 0, fabs(dy[i]));
  }
}

/* --- data that moves -------------------------------------------------------------------------- */

static void copy(const Step *step, Expected *out) {
  const double *x = step->in[0]->data;
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) expect(out, i, x[i], fabs(x[i]));
}

void twin_flatten(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  copy(step, out);
}

void twin_reshape(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  copy(step, out);
}

void twin_to_rows(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  copy(step, out);
}

void twin_pack_input(const Step *step, const Batch *batch, Expected *out) {
  const Tensor *images = step->in[0];
  const size_t plane = (size_t)images->dim[2] * images->dim[3];
  for (size_t i = 0; i < tensor_count(step->out[0]); i++) {
    size_t c = i / plane % (size_t)images->dim[1];
    double product = images->data[i] * batch->scale[c];
    expect(out, i, product + batch->shift[c], fabs(product) + fabs(batch->shift[c]));
  }
}

/* --- losses ----------------------------------------------------------------------------------- */

/* Mean over the batch of -sum_k t_k log softmax(x)_k; t is 1 - s + s/K at the label and s/K
   elsewhere (Szegedy et al. 2016). */
void twin_softmax_cross_entropy(const Step *step, const Batch *batch, Expected *out) {
  const Tensor *logits = step->in[0];
  const int classes = logits->dim[1];
  const double s = step->attributes.label_smoothing, weight = step->attributes.loss_weight;
  const double images = batch->count / weight;
  for (int n = 0; n < batch->count; n++) {
    const double *x = logits->data + (size_t)n * classes;
    double largest = x[0], sum = 0;
    for (int k = 0; k < classes; k++) largest = fmax(largest, x[k]);
    for (int k = 0; k < classes; k++) sum += exp(x[k] - largest);
    for (int k = 0; k < classes; k++) {
      double target = s / classes + (k == (int)batch->labels[n] ? 1 - s : 0);
      double log_probability = x[k] - largest - log(sum);
      out[0].value[n] -= weight * target * log_probability;
      out[0].magnitude[n] += weight * (fabs(x[k]) + fabs(largest) + 1);
      expect(&out[1], (size_t)n * classes + k, (exp(log_probability) - target) / images,
             (1 + fabs(x[k]) + fabs(largest)) / images);
    }
  }
}

void twin_squared_error(const Step *step, const Batch *batch, Expected *out) {
  const Tensor *logits = step->in[0];
  const int classes = logits->dim[1];
  const double weight = step->attributes.loss_weight, images = batch->count / weight;
  for (int n = 0; n < batch->count; n++) {
    for (int k = 0; k < classes; k++) {
      size_t i = (size_t)n * classes + k;
      double error = logits->data[i] - (k == (int)batch->labels[n]);
      out[0].value[n] += weight * error * error / 2;
      out[0].magnitude[n] += weight * error * error / 2;
      expect(&out[1], i, error / images, (fabs(logits->data[i]) + 1) / images);
    }
  }
}

/* Makes no value, and a trace ends before it; tests/parity compares what it does. */
void twin_update(const Step *step, const Batch *batch, Expected *out) {
  (void)step, (void)batch, (void)out;
}
