/* The SVG writer, and the charts that it draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/chart.h"
#include "report/profile.h"
#include "report/svg.h"

#include <math.h>
#include <string.h>

static char buffer[1 << 16];

static cnn_text begin(void) {
  memset(buffer, 0, sizeof buffer);
  return (cnn_text){.data = buffer, .size = sizeof buffer};
}

static void expect(const char *words) {
  if (!strstr(buffer, words)) fail_msg("'%s' does not contain '%s'", buffer, words);
}

static int count(const char *words) {
  int found = 0;
  for (const char *at = buffer; (at = strstr(at, words)) != NULL; at++) found++;
  return found;
}

static void coordinates_have_one_decimal_at_most(void **state) {
  (void)state;
  cnn_text text = begin();
  cnn_svg_line(&text, 12, 0.04, 33.26, "grid");
  assert_string_equal(buffer, "<path d=\"M12 0h33.3\" class=\"grid\"/>\n");
  text = begin();
  cnn_svg_line(&text, -0.04, -1.5, 100, "grid");
  assert_string_equal(buffer, "<path d=\"M0 -1.5h100\" class=\"grid\"/>\n");
}

static void texts_are_escaped(void **state) {
  (void)state;
  cnn_text text = begin();
  cnn_svg_text(&text, 1, 2.5, CNN_ANCHOR_END, "title", "%s & %d", "<b>", 3);
  assert_string_equal(buffer, "<text x=\"1\" y=\"2.5\" text-anchor=\"end\" class=\"title\">"
                              "&lt;b&gt; &amp; 3</text>\n");
  text = begin();
  cnn_svg_rect(&text, 0, 0, 2, 3, "#fff", "a<b");
  assert_string_equal(buffer, "<rect x=\"0\" y=\"0\" width=\"2\" height=\"3\" fill=\"#fff\">"
                              "<title>a&lt;b</title></rect>\n");
}

static void pictures_are_measured_without_memory(void **state) {
  (void)state;
  cnn_text measured = {0}, text = begin();
  cnn_text *both[] = {&measured, &text};
  for (int i = 0; i < 2; i++) {
    cnn_svg_begin(both[i], 20, 10.5, "title", ".own{}");
    cnn_svg_pixels_begin(both[i], 1, 2, 3, "pixels");
    cnn_svg_pixel(both[i], 4, 5, (const int[]){255, 0, 16});
    cnn_svg_pixels_end(both[i]);
    cnn_svg_end(both[i]);
  }
  assert_int_equal(measured.used, text.used);
  assert_int_equal(text.used, strlen(buffer));
  expect("viewBox=\"0 0 20 10.5\" width=\"20\" height=\"10.5\">\n<title>title</title>\n<style>");
  expect(".own{}</style>\n");
  expect("translate(1 2) scale(3)\"><title>pixels</title>"
         "<path stroke=\"#ff0010\" d=\"M4 5.5h1\"/></g>\n</svg>\n");
}

static cnn_panel panel_of(const double *values, int size, bool logarithmic) {
  return (cnn_panel){.title = "panel",
                     .logarithmic = logarithmic,
                     .series = {{"curve", values, sizeof *values, size, 1}},
                     .series_count = 1};
}

/* From 0 to 4 by steps of 1: the panel is 220 pixels high and begins at 48. */
static void axes_have_round_bounds(void **state) {
  (void)state;
  static const double values[] = {0.2, 3.9, 2};
  const cnn_panel panel = panel_of(values, 3, false);
  cnn_text text = begin();
  cnn_chart(&text, "chart", "epoch", &panel, 1);
  for (int i = 0; i < 5; i++) {
    static const char *const labels[] = {">0</text>", ">1</text>", ">2</text>", ">3</text>",
                                         ">4</text>"};
    expect(labels[i]);
  }
  assert_int_equal(count("class=\"grid\""), 5);
  expect("points=\"56,257 236,53.5 416,158 \"");
  expect("<circle class=\"s0\" cx=\"416\" cy=\"158\" r=\"2\"/>");
  expect(">epoch</text>");
}

static void what_cannot_be_shown_is_omitted(void **state) {
  (void)state;
  static const double values[] = {NAN, 10, -1, 1000, INFINITY, 0};
  const cnn_panel panel = panel_of(values, 6, true);
  cnn_text text = begin();
  cnn_chart(&text, "chart", "layer", &panel, 1);
  expect("points=\"128,268 272,48 \""); /* 10 at the bottom, 1000 on top */
  assert_null(strstr(buffer, "nan"));
  assert_null(strstr(buffer, "inf"));
}

static void charts_of_nothing_are_charts(void **state) {
  (void)state;
  static const double values[] = {5, 5};
  for (int size = 0; size <= 2; size++) {
    const cnn_panel panel = panel_of(values, size, false);
    cnn_text text = begin();
    cnn_chart(&text, "chart", "epoch", &panel, 1);
    expect("</svg>\n");
    assert_null(strstr(buffer, "nan"));
    assert_int_equal(count("<circle"), size > 0);
  }
}

/* Of a step of 4 ms: the slowest node has the full 420 pixels; half of that is the machine's
   best. */
static void a_profile_shows_the_slowest_nodes(void **state) {
  (void)state;
  static const cnn_profile_row rows[] = {
      {"conv1", "conv2d", CNN_FORWARD, 0.002, 1e9, 1e6},
      {"bn1", "batch_norm", CNN_BACKWARD_DATA, 0.001, 0, 1e7},
      {"fc", "linear", CNN_BACKWARD_WEIGHTS, 0.001, 1e6, 1e6},
  };
  const cnn_profile_row *slowest[] = {&rows[0], &rows[1], &rows[2]};
  const cnn_profile_result result = {.net = "net<1>",
                                     .count = 2,
                                     .threads = 1,
                                     .fma_peak = 1e12,
                                     .bandwidth = 2e10,
                                     .rows = rows,
                                     .slowest = slowest,
                                     .row_count = 3};
  cnn_text text = begin();
  cnn_profile_chart(&text, &result, 2);
  expect("<title>net&lt;1&gt;: time of a step by node</title>");
  expect(">net&lt;1&gt;: training step of 2 images, 1 thread: 4 ms</text>");
  expect(">conv1 conv2d</text>\n<rect x=\"300\" y=\"81\" width=\"420\" height=\"14\"");
  expect("<rect x=\"300\" y=\"81\" width=\"210\" height=\"14\"");
  expect(">2 ms, 50.0 %</text>");
  expect(">bn1 batch_norm</text>\n<rect x=\"300\" y=\"101\" width=\"210\"");
  expect("<rect x=\"300\" y=\"101\" width=\"105\"");
  expect(">1 other nodes: 1 ms, 25.0 %</text>");
  assert_null(strstr(buffer, ">fc linear"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coordinates_have_one_decimal_at_most),
      cmocka_unit_test(texts_are_escaped),
      cmocka_unit_test(pictures_are_measured_without_memory),
      cmocka_unit_test(axes_have_round_bounds),
      cmocka_unit_test(what_cannot_be_shown_is_omitted),
      cmocka_unit_test(charts_of_nothing_are_charts),
      cmocka_unit_test(a_profile_shows_the_slowest_nodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
