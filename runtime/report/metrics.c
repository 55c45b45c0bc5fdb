#include "report/metrics.h"

#include "report/chart.h"

#include <stdio.h>

bool cnn_metrics_is_part(const cnn_metrics *row) {
  return row->updates < row->all_updates;
}

static double epochs_of(const cnn_metrics *row) {
  if (!cnn_metrics_is_part(row)) return row->epoch;
  return row->epoch - 1 + (double)row->updates / (double)row->all_updates;
}

void cnn_metrics_csv(cnn_text *text, const cnn_metrics *rows, int count) {
  text->used = 0;
  cnn_text_add(text, "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_s%s\n",
               count > 0 && rows[0].averaged ? ",ema_test_loss,ema_test_accuracy" : "");
  for (int i = 0; i < count; i++) {
    const cnn_metrics *row = &rows[i];
    cnn_text_add(text, "%.10g,%.6g,%.6f,%.6g,%.6f,%.1f", epochs_of(row), row->train_loss,
                 row->train_accuracy, row->test_loss, row->test_accuracy, row->images_per_s);
    if (row->averaged) cnn_text_add(text, ",%.6g,%.6f", row->average_loss, row->average_accuracy);
    cnn_text_add(text, "\n");
  }
}

static cnn_series series_of(const char *name, const double *column, int count, double scale) {
  return (cnn_series){name, column, sizeof(cnn_metrics), count, scale};
}

void cnn_metrics_chart(cnn_text *text, const char *name, const cnn_metrics *rows, int count) {
  text->used = 0;
  const cnn_panel panels[] = {
      {.title = "loss",
       .series = {series_of("train", &rows->train_loss, count, 1),
                  series_of("test", &rows->test_loss, count, 1)},
       .series_count = 2},
      {.title = "accuracy, %",
       .series = {series_of("train", &rows->train_accuracy, count, 100),
                  series_of("test", &rows->test_accuracy, count, 100)},
       .series_count = 2},
  };
  char title[320];
  snprintf(title, sizeof title, "%s: loss and accuracy by epoch", name);
  cnn_chart(text, title, "epoch", panels, 2);
}

size_t cnn_metrics_text_bytes(int count) {
  return 8192 + (size_t)count * 256;
}
