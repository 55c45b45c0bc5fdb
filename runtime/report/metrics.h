/* The figures of each epoch of a training, as metrics.csv and curves.svg. */
#ifndef CNN_METRICS_H
#define CNN_METRICS_H

#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { CNN_TOP = 5 };

typedef struct cnn_metrics {
  int epoch;                                                   /* from 1 */
  double train_loss, train_accuracy, test_loss, test_accuracy; /* accuracies 0 to 1 */
  double images_per_s;                                         /* of training alone */
  double lr;                                                   /* of the last update */
  double train_s, test_s;                                      /* seconds */
  double top;  /* of the test images, the part whose label is among the CNN_TOP likeliest classes */
  int has_top; /* the model has more than CNN_TOP classes */
  int averaged; /* the next two are set: of the test images with averaged weights */
  double average_loss, average_accuracy;
  int64_t updates, all_updates; /* of the epoch: fewer than all where the training ended in it */
} cnn_metrics;

/* Whether the row is of a part of an epoch. */
bool cnn_metrics_is_part(const cnn_metrics *row);

/* Epochs at the end of the row: 2.5 of half of the third. */
double cnn_metrics_epochs(const cnn_metrics *row);

/* metrics.csv: a header line, then a line an epoch (of half of the third, 2.5 is the number). The
   first six columns are always the same; ema_test_loss and ema_test_accuracy, and test_top5, are
   there if the first row has them. The last two are the seconds of training and of evaluation. */
void cnn_metrics_csv(cnn_text *text, const cnn_metrics *rows, int count);

/* curves.svg: loss and accuracy over the epochs; name: the run's. */
void cnn_metrics_chart(cnn_text *text, const char *name, const cnn_metrics *rows, int count);

/* Bytes that are enough for either text of `count` epochs. */
size_t cnn_metrics_text_bytes(int count);

#endif
