#include "report/metrics.h"

#include "report/chart.h"

#include <stdio.h>

bool cnn_metrics_is_part(const cnn_metrics *row) {
  return row->updates < row->all_updates;
}

double cnn_metrics_epochs(const cnn_metrics *row) {
  if (!cnn_metrics_is_part(row)) return row->epoch;
  return row->epoch - 1 + (double)row->updates / (double)row->all_updates;
}

void cnn_metrics_csv(cnn_text *text, const cnn_metrics *rows, int count) {
  text->used = 0;
  cnn_text_add(text,
               "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_s%s,lr%s,"
               "train_s,test_s\n",
               count > 0 && rows[0].averaged ? ",ema_test_loss,ema_test_accuracy" : "",
               count > 0 && rows[0].has_top ? ",test_top5" : "");
  for (int i = 0; i < count; i++) {
    const cnn_metrics *row = &rows[i];
    cnn_text_add(text, "%.10g,%.9g,%.8f,%.9g,%.8f,%.1f", cnn_metrics_epochs(row), row->train_loss,
                 row->train_accuracy, row->test_loss, row->test_accuracy, row->images_per_s);
    if (row->averaged) cnn_text_add(text, ",%.9g,%.8f", row->average_loss, row->average_accuracy);
    cnn_text_add(text, ",%.9g", row->lr);
    if (row->has_top) cnn_text_add(text, ",%.8f", row->top);
    cnn_text_add(text, ",%.3f,%.3f\n", row->train_s, row->test_s);
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
  return 8192 + (size_t)count * 384;
}
