#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/classification.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_near(double got, double wanted) {
  if (!(fabs(got - wanted) < 1e-12)) fail_msg("%.17g instead of %.17g", got, wanted);
}

/* Three classes and a fourth that is never used. Logits are logarithms of the probabilities. */
enum { CLASSES = 4, IMAGES = 6 };
static const struct {
  double probabilities[CLASSES];
  int label, predicted;
} SIX[IMAGES] = {
    {{0.7, 0.1, 0.1, 0.1}, 0, 0},   {{0.5, 0.3, 0.1, 0.1}, 0, 0}, {{0.2, 0.6, 0.1, 0.1}, 0, 1},
    {{0.2, 0.7, 0.05, 0.05}, 1, 1}, {{0.4, 0.2, 0.3, 0.1}, 2, 0}, {{0.1, 0.2, 0.6, 0.1}, 2, 2},
};
static const char *const NAMES[CLASSES] = {"a,b \"c\"", "\xffx\ny", "<ä&>", ""};

static void fill(cnn_classification *c) {
  cnn_error error = {0};
  assert_true(cnn_classification_open(c, CLASSES, 2, true, IMAGES, &error));
  for (int i = 0; i < IMAGES; i++) {
    float logits[CLASSES];
    for (int k = 0; k < CLASSES; k++) logits[k] = (float)log(SIX[i].probabilities[k]);
    cnn_classification_add(c, logits, SIX[i].label, SIX[i].predicted);
  }
  cnn_classification_finish(c);
}

static cnn_classification_report report_of(const cnn_classification *c) {
  return (cnn_classification_report){
      .of = c, .names = NAMES, .program = "net", .weights = "w\xfe", .data = "d", .loss = 0.75};
}

/* What a writer adds to a text; free it. */
static char *written(void (*write)(cnn_text *text, const void *what),
                     const cnn_classification_report *report) {
  cnn_text text = {0};
  write(&text, report);
  text.size = text.used + 1;
  text.used = 0;
  text.data = calloc(text.size, 1);
  assert_non_null(text.data);
  write(&text, report);
  return text.data;
}

static char *printed(const cnn_classification_report *report) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  cnn_classification_print(report, out);
  fclose(out);
  return text;
}

/* Class 0: 3 images, 3 predictions, 2 right. Class 1: 1, 2, 1. Class 2: 2, 1, 1. */
static void figures_are_those_of_the_formulas(void **state) {
  (void)state;
  cnn_classification c;
  fill(&c);
  assert_int_equal(c.right, 4);
  assert_int_equal(c.top_right, 6);
  assert_near(c.results[0].precision, 2.0 / 3);
  assert_near(c.results[0].recall, 2.0 / 3);
  assert_near(c.results[1].precision, 0.5);
  assert_near(c.results[1].recall, 1);
  assert_near(c.results[1].f1, 2.0 / 3);
  assert_near(c.results[2].precision, 1);
  assert_near(c.results[2].recall, 0.5);
  assert_false(cnn_class_is_used(&c.results[3]));
  assert_near(c.mean.precision, (2.0 / 3 + 0.5 + 1) / 3); /* without class 3 */
  assert_near(c.mean.recall, (2.0 / 3 + 1 + 0.5) / 3);
  assert_near(c.weighted.precision, (3 * 2.0 / 3 + 1 * 0.5 + 2 * 1) / 6);
  assert_near(c.weighted.f1, 2.0 / 3);
  /* Bins of 1/15: 0.4 and 0.5 in those that end there or later; 0.6 twice, 0.7 twice. */
  assert_int_equal(c.bins[5].images + c.bins[6].images, 1);
  assert_int_equal(c.bins[7].images, 1);
  assert_int_equal(c.bins[10].images, 2);
  assert_true(fabs(c.confidence - (0.7 + 0.5 + 0.6 + 0.7 + 0.4 + 0.6) / 6) < 1e-6);
  const double gaps = fabs(2 - 1.4) + fabs(1 - 0.5) + fabs(1 - 1.2) + fabs(0 - 0.4);
  assert_true(fabs(c.ece - gaps / 6) < 1e-6);
  cnn_classification_close(&c);
}

static void equal_logits_rank_by_number(void **state) {
  (void)state;
  static const float logits[] = {1, 2, 2, 2};
  assert_int_equal(cnn_rank_of(logits, 4, 1), 0);
  assert_int_equal(cnn_rank_of(logits, 4, 2), 1);
  assert_int_equal(cnn_rank_of(logits, 4, 3), 2);
  assert_int_equal(cnn_rank_of(logits, 4, 0), 3);
}

static void tables_show_all_of_few_classes(void **state) {
  (void)state;
  cnn_classification c;
  fill(&c);
  const cnn_classification_report report = report_of(&c);
  char *text = printed(&report);
  assert_non_null(strstr(text, "6 test images, loss 0.7500, accuracy 66.67 %, top-2 100.00 %\n"));
  assert_non_null(strstr(text, "calibration: mean confidence 58.33 %, expected calibration error "
                               "28.33 %\n"));
  assert_non_null(
      strstr(text, "    0  a,b \"c\"               3    66.67 %    66.67 %    66.67 %\n"));
  assert_non_null(strstr(text, "    1  \xef\xbf\xbd"
                               "x\xef\xbf\xbd"
                               "y                  1    50.00 %"));
  assert_non_null(
      strstr(text, "    3                        0          -          -          -\n"));
  assert_non_null(
      strstr(text, "       mean                  6    72.22 %    72.22 %    66.67 %\n"));
  assert_non_null(strstr(text, "           0      1      2      3\n"));
  assert_non_null(strstr(text, "    0      2      1      0      0  a,b \"c\"\n"));
  assert_non_null(strstr(text, "    2      1      0      1      0  <ä&>\n    3      0"));
  free(text);
  cnn_classification_close(&c);
}

/* RFC 4180, in UTF-8. */
static void csv_is_quoted(void **state) {
  (void)state;
  cnn_classification c;
  fill(&c);
  const cnn_classification_report report = report_of(&c);
  char *text = written(cnn_classification_csv, &report);
  assert_string_equal(text, "class,name,images,precision,recall,f1\n"
                            "0,\"a,b \"\"c\"\"\",3,0.666666667,0.666666667,0.666666667\n"
                            "1,\xef\xbf\xbd"
                            "x\xef\xbf\xbd"
                            "y,1,0.5,1,0.666666667\n"
                            "2,<ä&>,2,1,0.5,0.666666667\n"
                            "3,,0,,,\n"
                            ",mean,6,0.722222222,0.722222222,0.666666667\n"
                            ",weighted mean,6,0.75,0.666666667,0.666666667\n");
  free(text);
  text = written(cnn_confusion_csv, &report);
  assert_string_equal(text, "class,\"a,b \"\"c\"\"\",\xef\xbf\xbd"
                            "x\xef\xbf\xbd"
                            "y,<ä&>,3\n"
                            "\"a,b \"\"c\"\"\",2,1,0,0\n"
                            "\xef\xbf\xbd"
                            "x\xef\xbf\xbd"
                            "y,0,1,0,0\n"
                            "<ä&>,1,0,1,0\n"
                            "3,0,0,0,0\n");
  free(text);
  cnn_classification_close(&c);
}

static double number(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble;
}

static void json_has_all_figures(void **state) {
  (void)state;
  cnn_classification c;
  fill(&c);
  const cnn_classification_report report = report_of(&c);
  char *text;
  assert_true(cnn_classification_json(&text, &report));
  cJSON *root = cJSON_Parse(text);
  assert_non_null(root);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(root, "weights")), "w\xef\xbf\xbd");
  assert_near(number(root, "accuracy"), 4.0 / 6);
  assert_near(number(root, "loss"), 0.75);
  assert_near(number(cJSON_GetObjectItem(root, "top"), "accuracy"), 1);
  assert_near(number(cJSON_GetObjectItem(root, "mean"), "precision"), c.mean.precision);
  assert_near(number(cJSON_GetObjectItem(root, "weighted_mean"), "f1"), c.weighted.f1);
  const cJSON *calibration = cJSON_GetObjectItem(root, "calibration");
  assert_near(number(calibration, "ece"), c.ece);
  const cJSON *bins = cJSON_GetObjectItem(calibration, "bins");
  assert_int_equal(cJSON_GetArraySize(bins), CNN_BINS);
  assert_near(number(cJSON_GetArrayItem(bins, 7), "accuracy"), 1);
  const cJSON *classes = cJSON_GetObjectItem(root, "classes");
  assert_int_equal(cJSON_GetArraySize(classes), CLASSES);
  assert_string_equal(
      cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(classes, 0), "name")), NAMES[0]);
  assert_near(number(cJSON_GetArrayItem(classes, 2), "recall"), 0.5);
  assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(classes, 3), "recall"));
  const cJSON *confusion = cJSON_GetObjectItem(root, "confusion");
  assert_int_equal(cJSON_GetArraySize(confusion), 5);
  assert_near(number(cJSON_GetArrayItem(confusion, 0), "images"), 2);
  assert_near(number(cJSON_GetArrayItem(confusion, 3), "class"), 2);
  assert_near(number(cJSON_GetArrayItem(confusion, 3), "predicted"), 0);
  cJSON_Delete(root);
  free(text);
  cnn_classification_close(&c);
}

static void pictures_name_the_classes(void **state) {
  (void)state;
  cnn_classification c;
  fill(&c);
  const cnn_classification_report report = report_of(&c);
  char *text = written(cnn_confusion_svg, &report);
  assert_non_null(strstr(text, ">2 &lt;ä&amp;&gt;</text>"));
  assert_non_null(
      strstr(text, "<title>&lt;ä&amp;&gt;, predicted as a,b \"c\": 1 (50.0 %)</title>"));
  assert_null(strstr(text, "nan"));
  free(text);
  text = written(cnn_calibration_svg, &report);
  assert_non_null(strstr(text, "accuracy 66.67 %, mean confidence 58.33 %, calibration error "
                               "28.33 %"));
  assert_non_null(strstr(text, "<title>1 images, confidence 50.00 %, accuracy 100.00 %</title>"));
  assert_null(strstr(text, "nan"));
  free(text);
  cnn_classification_close(&c);
}

static int lines_of(const char *text) {
  int lines = 0;
  for (; *text; text++) lines += *text == '\n';
  return lines;
}

/* Of 1000 classes, the table has the worst, and the mistakes the most frequent ones. */
static void thousands_of_classes_stay_readable(void **state) {
  (void)state;
  enum { MANY = 1000, OF_EACH = 4 };
  static float logits[MANY];
  static const char *names[MANY];
  cnn_error error = {0};
  cnn_classification c;
  assert_true(cnn_classification_open(&c, MANY, 5, false, (int64_t)MANY * OF_EACH, &error));
  for (int i = 0; i < MANY * OF_EACH; i++) {
    const int label = i / OF_EACH, predicted = label == 77 ? 78 : label;
    logits[predicted] = 1;
    cnn_classification_add(&c, logits, label, predicted);
    logits[predicted] = 0;
  }
  cnn_classification_finish(&c);
  for (int k = 0; k < MANY; k++) names[k] = k == 78 ? "black swan" : "";
  cnn_classification_report report = report_of(&c);
  report.names = names;
  char *text = printed(&report);
  assert_true(lines_of(text) < 40);
  assert_null(strstr(text, "calibration"));
  assert_non_null(strstr(text,
                         "\n   77                        4     0.00 %     0.00 %     0.00 %\n"
                         "   78  black swan            4    50.00 %   100.00 %    66.67 %\n"));
  assert_non_null(strstr(text, "the 20 classes of the lowest F1, of 1000 with images; --csv FILE "
                               "lists all\n"));
  assert_non_null(strstr(text, "the most frequent mistakes\n  images  class\n"
                               "       4  77, predicted as black swan\n"));
  free(text);
  text = written(cnn_classification_csv, &report);
  assert_int_equal(lines_of(text), MANY + 3);
  free(text);
  text = written(cnn_confusion_csv, &report);
  assert_int_equal(lines_of(text), MANY + 1);
  free(text);
  text = written(cnn_confusion_svg, &report);
  assert_non_null(strstr(text, "viewBox=\"0 0 1097 1096\""));
  free(text);
  cnn_classification_close(&c);
}

static void no_images_are_no_numbers(void **state) {
  (void)state;
  cnn_error error = {0};
  cnn_classification c;
  assert_true(cnn_classification_open(&c, CLASSES, 2, true, 0, &error));
  cnn_classification_finish(&c);
  const cnn_classification_report report = report_of(&c);
  char *text = printed(&report), *picture = written(cnn_calibration_svg, &report);
  assert_non_null(strstr(text, "0 test images"));
  assert_null(strstr(text, "nan"));
  assert_null(strstr(picture, "nan"));
  free(text);
  free(picture);
  cnn_classification_close(&c);
}

static void any_bytes_become_utf8(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *clean;
  } cases[] = {{"plain", "plain"},
               {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82"},
               {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
               {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
               {"\xf4\x90\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                                     "x"},
               {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
               {"\xff", "\xef\xbf\xbd"},
               {"a\033[31m\x7f\xc2\x9b", "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *clean = cnn_text_utf8(cases[i].bytes);
    assert_string_equal(clean, cases[i].clean);
    free(clean);
  }
  assert_int_equal(cnn_utf8_cut("a\xe2\x82\xac", 3), 1);
  assert_int_equal(cnn_utf8_cut("a\xe2\x82\xac", 4), 4);
  assert_int_equal(cnn_utf8_cut("a", 9), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_are_those_of_the_formulas),
      cmocka_unit_test(equal_logits_rank_by_number),
      cmocka_unit_test(tables_show_all_of_few_classes),
      cmocka_unit_test(csv_is_quoted),
      cmocka_unit_test(json_has_all_figures),
      cmocka_unit_test(pictures_name_the_classes),
      cmocka_unit_test(thousands_of_classes_stay_readable),
      cmocka_unit_test(no_images_are_no_numbers),
      cmocka_unit_test(any_bytes_become_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
