/* A profile as a picture: a bar a node, the slowest on top; its dark part is the time that the
   machine would take at its best. */
#include "core/text.h"
#include "report/profile.h"

#include <math.h>

/* In pixels. */
enum { LABELS = 300, BARS = 420, VALUES = 150, TOP = 78, ROW = 20, MARGIN = 16 };

static const char *const COLORS[CNN_PASS_COUNT][2] = {
    /* light, dark */
    [CNN_FORWARD] = {"#bcd5ee", "#2b6cb0"},
    [CNN_BACKWARD_DATA] = {"#f5d3ab", "#d9822b"},
    [CNN_BACKWARD_WEIGHTS] = {"#cfe3c0", "#5a8f3c"},
    [CNN_UPDATE] = {"#ddd", "#777"}};

/* At the FMA peak, which Winograd's way passes; for a node without multiply-adds, at the speed of
   the memory, which it passes where its numbers are in a cache. */
static double best_seconds(const cnn_profile_result *result, const cnn_profile_row *row) {
  const double best =
      row->flops > 0 ? row->flops / result->fma_peak : row->bytes / result->bandwidth;
  return fmin(best, row->seconds);
}

static void draw_legend(cnn_text *text) {
  double x = MARGIN;
  for (int pass = 0; pass < CNN_PASS_COUNT; pass++, x += 170) {
    cnn_text_add(text, "<rect x=\"%.0f\" y=\"40\" width=\"12\" height=\"12\" fill=\"%s\"/>", x,
                 COLORS[pass][1]);
    cnn_text_add(text, "<rect x=\"%.0f\" y=\"40\" width=\"12\" height=\"12\" fill=\"%s\"/>", x + 12,
                 COLORS[pass][0]);
    cnn_text_add(text, "<text x=\"%.0f\" y=\"51\">%s</text>\n", x + 30, cnn_pass_name(pass));
  }
  cnn_text_add(text,
               "<text x=\"%d\" y=\"68\" class=\"small\">dark: the time at the FMA peak or, "
               "without multiply-adds, at the memory's speed</text>\n",
               MARGIN);
}

static void draw_bar(cnn_text *text, const cnn_profile_result *result, const cnn_profile_row *row,
                     int index, double all_seconds) {
  const double scale = BARS / result->slowest[0]->seconds;
  const int y = TOP + index * ROW;
  cnn_text_add(text, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s %s</text>", LABELS - 8, y + 14,
               row->layer, row->op);
  cnn_text_add(text, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", LABELS,
               y + 3, row->seconds * scale, ROW - 6, COLORS[row->pass][0]);
  cnn_text_add(text, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", LABELS,
               y + 3, best_seconds(result, row) * scale, ROW - 6, COLORS[row->pass][1]);
  cnn_text_add(text, "<text x=\"%.1f\" y=\"%d\">%.3g ms, %.1f %%</text>\n",
               LABELS + row->seconds * scale + 6, y + 14, 1e3 * row->seconds,
               100 * row->seconds / all_seconds);
}

void cnn_profile_chart(cnn_text *text, const cnn_profile_result *result, int most) {
  const int bars = most < result->row_count ? most : result->row_count;
  const int width = LABELS + BARS + VALUES, height = TOP + (bars + 1) * ROW + MARGIN;
  const double all = cnn_profile_sum(result, CNN_ALL_PASSES).seconds;
  double shown = 0;
  cnn_text_add(text,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
               "height=\"%d\">\n"
               "<title>%s: time of a step by node</title>\n"
               "<style>text{font:12px sans-serif;fill:#444}.title{font-weight:bold}"
               ".small{font-size:11px}</style>\n"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               width, height, width, height, result->net);
  cnn_text_add(text,
               "<text x=\"%d\" y=\"24\" class=\"title\">%s: %s of %d image%s, %d thread%s: "
               "%.4g ms</text>\n",
               MARGIN, result->net, result->infer ? "inference" : "training step", result->count,
               cnn_plural(result->count), result->threads, cnn_plural(result->threads), 1e3 * all);
  draw_legend(text);
  for (int i = 0; i < bars; i++) {
    draw_bar(text, result, result->slowest[i], i, all);
    shown += result->slowest[i]->seconds;
  }
  if (bars < result->row_count)
    cnn_text_add(text, "<text x=\"%d\" y=\"%d\">%d other nodes: %.3g ms, %.1f %%</text>\n", LABELS,
                 TOP + bars * ROW + 14, result->row_count - bars, 1e3 * (all - shown),
                 100 * (all - shown) / all);
  cnn_text_add(text, "</svg>\n");
}
