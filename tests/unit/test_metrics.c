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
  const cnn_metrics rows[] = {{1, 0.5, 0.75, 0.6, 0.7, 12345.67, 0, 0, 0, 0, 0},
                              {2, 0.25, 1, 1e-9, 0, 2, 0, 0, 0, 0, 0}};
  cnn_metrics_csv(&text, rows, 2);
  assert_string_equal(buffer,
                      "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_s\n"
                      "1,0.5,0.750000,0.6,0.700000,12345.7\n"
                      "2,0.25,1.000000,1e-09,0.000000,2.0\n");
  cnn_metrics_csv(&text, rows, 0);
  assert_int_equal(text.used, strlen("epoch,train_loss,train_accuracy,test_loss,test_accuracy,"
                                     "images_per_s\n"));
}

/* Charts of any length fit their promised size and hold finite numbers. */
static void charts_fit(void **state) {
  (void)state;
  enum { MOST = 300 };
  static cnn_metrics rows[MOST];
  for (int i = 0; i < MOST; i++)
    rows[i] = (cnn_metrics){
        i + 1, 2.0 / (i + 1), 1 - 0.5 / (i + 1), 1e6 / (i + 1), 0.1, 1e7, 0, 0, 0, 0, 0};
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
  const cnn_metrics rows[] = {{1, 1, 0.5, 1, 0.5, 1, 0, 0, 0, 0, 0},
                              {2, 1, 0.9, 1, 0.5, 1, 0, 0, 0, 0, 0}};
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
