#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void csv_has_a_line_an_epoch(void **state) {
  (void)state;
  char buffer[4096];
  cnn_text text = {.data = buffer, .size = sizeof buffer};
  cnn_metrics rows[] = {{.epoch = 1,
                         .train_loss = 0.5,
                         .train_accuracy = 0.75,
                         .test_loss = 0.6,
                         .test_accuracy = 0.7,
                         .images_per_s = 12345.67,
                         .lr = 0.1,
                         .train_s = 12.3456,
                         .test_s = 0.5,
                         .top = 0.9375},
                        {.epoch = 2,
                         .train_loss = 0.123456789,
                         .train_accuracy = 1,
                         .test_loss = 1e-9,
                         .images_per_s = 2,
                         .lr = 1e-5,
                         .train_s = 1}};
  cnn_metrics_csv(&text, rows, 2);
  assert_string_equal(buffer,
                      "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_s,"
                      "lr,train_s,test_s\n"
                      "1,0.5,0.75000000,0.6,0.70000000,12345.7,0.1,12.346,0.500\n"
                      "2,0.123456789,1.00000000,1e-09,0.00000000,2.0,1e-05,1.000,0.000\n");
  rows[0].has_top = rows[0].averaged = 1;
  rows[0].average_loss = 0.25;
  rows[0].average_accuracy = 0.5;
  cnn_metrics_csv(&text, rows, 1);
  assert_string_equal(buffer,
                      "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_s,"
                      "ema_test_loss,ema_test_accuracy,lr,test_top5,train_s,test_s\n"
                      "1,0.5,0.75000000,0.6,0.70000000,12345.7,0.25,0.50000000,0.1,0.93750000,"
                      "12.346,0.500\n");
  cnn_metrics_csv(&text, rows, 0);
  assert_int_equal(text.used, strlen("epoch,train_loss,train_accuracy,test_loss,test_accuracy,"
                                     "images_per_s,lr,train_s,test_s\n"));
}

/* Charts of any length fit their promised size and hold finite numbers. */
static void charts_fit(void **state) {
  (void)state;
  enum { MOST = 300 };
  static cnn_metrics rows[MOST];
  for (int i = 0; i < MOST; i++)
    rows[i] = (cnn_metrics){.epoch = i + 1,
                            .train_loss = 2.0 / (i + 1),
                            .train_accuracy = 1 - 0.5 / (i + 1),
                            .test_loss = 1e6 / (i + 1),
                            .test_accuracy = 0.1,
                            .images_per_s = 1e7,
                            .has_top = 1,
                            .averaged = 1,
                            .average_loss = 1.23456789e300,
                            .lr = 1.2345678e-300,
                            .train_s = 1e9,
                            .test_s = 1e9};
  size_t size = cnn_metrics_text_bytes(MOST);
  char *buffer = malloc(size);
  assert_non_null(buffer);
  for (int count = 1; count <= MOST; count++) {
    cnn_text text = {.data = buffer, .size = cnn_metrics_text_bytes(count)};
    cnn_metrics_chart(&text, "net", rows, count);
    assert_true(text.used < text.size);
    assert_null(strstr(buffer, "nan"));
    assert_null(strstr(buffer, "inf"));
    assert_non_null(strstr(buffer, "</svg>\n"));
    cnn_metrics_csv(&text, rows, count);
    assert_true(text.used < text.size);
  }
  free(buffer);
}

/* Equal values, and rising ones end higher on the picture. */
static void curves_rise(void **state) {
  (void)state;
  char buffer[10000];
  cnn_text text = {.data = buffer, .size = sizeof buffer};
  const cnn_metrics rows[] = {{.epoch = 1, .train_loss = 1, .train_accuracy = 0.5, .test_loss = 1},
                              {.epoch = 2, .train_loss = 1, .train_accuracy = 0.9, .test_loss = 1}};
  cnn_metrics_chart(&text, "net", rows, 2);
  const char *curve = buffer;
  for (int i = 0; i < 3; i++) { /* the third: accuracy of training */
    curve = strstr(curve + 1, "points=\"");
    assert_non_null(curve);
  }
  double numbers[4]; /* x, y of both points */
  char *next = buffer + (curve - buffer) + strlen("points=\"");
  for (int i = 0; i < 4; i++) numbers[i] = strtod(next, &next), next++;
  assert_true(numbers[2] > numbers[0] && numbers[3] < numbers[1] - 50);
}

static void text_that_does_not_fit_is_counted(void **state) {
  (void)state;
  char buffer[8] = "";
  cnn_text text = {.data = buffer, .size = sizeof buffer};
  for (int i = 0; i < 5; i++) cnn_text_add(&text, "%s", "abc");
  assert_int_equal(text.used, 15);
  assert_string_equal(buffer, "abcabca");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_has_a_line_an_epoch),
      cmocka_unit_test(charts_fit),
      cmocka_unit_test(curves_rise),
      cmocka_unit_test(text_that_does_not_fit_is_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
