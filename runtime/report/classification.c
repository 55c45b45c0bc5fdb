#include "report/classification.h"

#include <math.h>
#include <stdlib.h>

int cnn_rank_of(const float *logits, int classes, int label) {
  int rank = 0;
  for (int k = 0; k < classes; k++)
    rank += logits[k] > logits[label] || (logits[k] == logits[label] && k < label);
  return rank;
}

bool cnn_classification_open(cnn_classification *c, int classes, int top, bool is_softmax,
                             int64_t images, cnn_error *error) {
  *c = (cnn_classification){.classes = classes, .top = top, .is_softmax = is_softmax};
  c->results = calloc((size_t)classes, sizeof *c->results);
  c->confusion = calloc((size_t)images + 1, sizeof *c->confusion);
  if (c->results && c->confusion) return true;
  cnn_classification_close(c);
  return cnn_fail(error, CNN_EXIT_FAILED, "no memory to count %lld images of %d classes",
                  (long long)images, classes);
}

void cnn_classification_close(cnn_classification *c) {
  free(c->results);
  free(c->confusion);
  *c = (cnn_classification){0};
}

/* The probability of a class. */
static double confidence_of(const float *logits, int classes, int class) {
  double sum = 0;
  for (int k = 0; k < classes; k++) sum += exp((double)logits[k] - logits[class]);
  return 1 / sum;
}

static void add_to_bin(cnn_classification *c, double confidence, bool is_right) {
  int number = (int)ceil(confidence * CNN_BINS) - 1;
  if (number < 0) number = 0;
  if (number >= CNN_BINS) number = CNN_BINS - 1;
  cnn_bin *bin = &c->bins[number];
  bin->images++;
  bin->right += is_right;
  bin->confidence += confidence;
}

void cnn_classification_add(cnn_classification *c, const float *logits, int label, int predicted) {
  const bool is_right = predicted == label;
  c->confusion[c->images++] = (cnn_confusion){label, predicted, 1};
  c->right += is_right;
  c->top_right += cnn_rank_of(logits, c->classes, label) < c->top;
  c->results[label].images++;
  c->results[label].right += is_right;
  c->results[predicted].predicted++;
  if (c->is_softmax) add_to_bin(c, confidence_of(logits, c->classes, predicted), is_right);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int by_class(const void *a, const void *b) {
  const cnn_confusion *one = a, *other = b;
  if (one->label != other->label) return one->label < other->label ? -1 : 1;
  return (one->predicted > other->predicted) - (one->predicted < other->predicted);
}

/* Adds up the images of equal pairs. */
static void merge_confusion(cnn_classification *c) {
  qsort(c->confusion, (size_t)c->images, sizeof *c->confusion, by_class);
  int64_t count = 0;
  for (int64_t i = 0; i < c->images; i++)
    if (count > 0 && by_class(&c->confusion[count - 1], &c->confusion[i]) == 0)
      c->confusion[count - 1].images++;
    else
      c->confusion[count++] = c->confusion[i];
  c->confusion_count = count;
}

static double ratio(int64_t part, int64_t all) {
  return all > 0 ? (double)part / (double)all : 0;
}

bool cnn_class_is_used(const cnn_class_result *result) {
  return result->images > 0 || result->predicted > 0;
}

static void add_weighted(cnn_class_result *sum, const cnn_class_result *result, double weight) {
  sum->precision += weight * result->precision;
  sum->recall += weight * result->recall;
  sum->f1 += weight * result->f1;
}

static void finish_classes(cnn_classification *c) {
  int used = 0;
  for (int k = 0; k < c->classes; k++) used += cnn_class_is_used(&c->results[k]);
  for (int k = 0; k < c->classes; k++) {
    cnn_class_result *r = &c->results[k];
    r->precision = ratio(r->right, r->predicted);
    r->recall = ratio(r->right, r->images);
    r->f1 = ratio(2 * r->right, r->predicted + r->images);
    if (used > 0 && cnn_class_is_used(r)) add_weighted(&c->mean, r, 1.0 / used);
    add_weighted(&c->weighted, r, ratio(r->images, c->images));
  }
  c->mean.images = c->weighted.images = c->images;
}

void cnn_classification_finish(cnn_classification *c) {
  merge_confusion(c);
  finish_classes(c);
  for (int i = 0; i < CNN_BINS && c->images > 0; i++) {
    c->ece += fabs((double)c->bins[i].right - c->bins[i].confidence) / (double)c->images;
    c->confidence += c->bins[i].confidence / (double)c->images;
  }
}
