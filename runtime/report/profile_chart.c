/* A profile as a picture: a bar a node, the slowest on top; its dark part is the node's time at the
   machine's peak. */
#include "core/text.h"
#include "report/profile.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

/* In pixels. */
enum { LABELS = 300, BARS = 420, VALUES = 150, TOP = 78, ROW = 20, MARGIN = 16 };

static const char *const COLORS[CNN_PASS_COUNT][2] = {
    /* light, dark */
    [CNN_FORWARD] = {"#bcd5ee", "#2b6cb0"},
    [CNN_BACKWARD_DATA] = {"#f5d3ab", "#d9822b"},
    [CNN_BACKWARD_WEIGHTS] = {"#cfe3c0", "#5a8f3c"},
    [CNN_UPDATE] = {"#ddd", "#777"}};

/* At the FMA peak, which Winograd convolutions exceed; for a node without multiply-adds, at the
   bandwidth of memory, which it exceeds if its numbers are in a cache. */
static double best_seconds(const cnn_profile_result *result, const cnn_profile_row *row) {
  const double best =
      row->flops > 0 ? row->flops / result->fma_peak : row->bytes / result->bandwidth;
  return fmin(best, row->seconds);
}

static void draw_legend(cnn_text *text) {
  double x = MARGIN;
  for (int pass = 0; pass < CNN_PASS_COUNT; pass++, x += 170) {
    cnn_svg_rect(text, x, 40, 12, 12, COLORS[pass][1], NULL);
    cnn_svg_rect(text, x + 12, 40, 12, 12, COLORS[pass][0], NULL);
    cnn_svg_text(text, x + 30, 51, CNN_ANCHOR_START, NULL, "%s", cnn_pass_name(pass));
  }
  cnn_svg_text(text, MARGIN, 68, CNN_ANCHOR_START, "small",
               "dark: the time at the FMA peak or, without multiply-adds, at the memory's speed");
}

static void draw_bar(cnn_text *text, const cnn_profile_result *result, const cnn_profile_row *row,
                     int index, double all_seconds) {
  const double scale = BARS / result->slowest[0]->seconds;
  const int y = TOP + index * ROW;
  cnn_svg_text(text, LABELS - 8, y + 14, CNN_ANCHOR_END, NULL, "%s %s", row->layer, row->op);
  cnn_svg_rect(text, LABELS, y + 3, row->seconds * scale, ROW - 6, COLORS[row->pass][0], NULL);
  cnn_svg_rect(text, LABELS, y + 3, best_seconds(result, row) * scale, ROW - 6,
               COLORS[row->pass][1], NULL);
  cnn_svg_text(text, LABELS + row->seconds * scale + 6, y + 14, CNN_ANCHOR_START, NULL,
               "%.3g ms, %.1f %%", 1e3 * row->seconds, 100 * row->seconds / all_seconds);
}

void cnn_profile_chart(cnn_text *text, const cnn_profile_result *result, int most) {
  const int bars = most < result->row_count ? most : result->row_count;
  const double all = cnn_profile_sum(result, CNN_ALL_PASSES).seconds;
  double shown = 0;
  char title[320];
  snprintf(title, sizeof title, "%s: time of a step by node", result->net);
  cnn_svg_begin(text, LABELS + BARS + VALUES, TOP + (bars + 1) * ROW + MARGIN, title,
                ".small{font-size:11px}");
  cnn_svg_text(text, MARGIN, 24, CNN_ANCHOR_START, "title",
               "%s: %s of %d image%s, %d thread%s: %.4g ms", result->net,
               result->infer ? "inference" : "training step", result->count,
               cnn_plural(result->count), result->threads, cnn_plural(result->threads), 1e3 * all);
  draw_legend(text);
  for (int i = 0; i < bars; i++) {
    draw_bar(text, result, result->slowest[i], i, all);
    shown += result->slowest[i]->seconds;
  }
  if (bars < result->row_count)
    cnn_svg_text(text, LABELS, TOP + bars * ROW + 14, CNN_ANCHOR_START, NULL,
                 "%d other nodes: %.3g ms, %.1f %%", result->row_count - bars, 1e3 * (all - shown),
                 100 * (all - shown) / all);
  cnn_svg_end(text);
}
