/* The picture of many races: a panel for each kind of work and number of threads, a group of bars
   for each net and batch. A bar is an engine's speed over the reference's, on a logarithmic scale,
   and starts at the line of the reference. */
#include "engines.h"
#include "data/files.h"
#include "report/svg.h"
#include "results.h"

#include <math.h>
#include <string.h>

/* In pixels. */
enum {
  LEFT = 64,
  TOP = 60,
  HEIGHT = 200,
  LABELS = 64,
  BAR = 9,
  GAP = 14,
  MARGIN = 16,
  LEGEND = 110
};

static const double TICKS[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100};
enum { TICK_COUNT = sizeof TICKS / sizeof *TICKS };

static const char *const COLORS[ENGINE_COUNT] = {"#2b6cb0", "#8a8a8a", "#d9822b", "#5a8f3c",
                                                 "#8e5aa8"};

typedef struct Chart {
  const ResultList *results;
  ResultList races;
  int reference;                     /* engine */
  int bars[ENGINE_COUNT], bar_count; /* engines that have bars */
  double low, high;                  /* of the ratios */
} Chart;

static double ratio(const Chart *chart, const Result *race, int engine) {
  return results_ratio(chart->results, race, engine_name(engine), engine_name(chart->reference));
}

static bool has_run(const Chart *chart, int engine) {
  for (int i = 0; i < chart->results->count; i++)
    if (strcmp(chart->results->at[i]->engine, engine_name(engine)) == 0) return true;
  return false;
}

/* PyTorch is the reference; without it, the generic runtime. */
static void choose_bars(Chart *chart) {
  chart->reference = has_run(chart, ENGINE_PYTORCH) ? ENGINE_PYTORCH : ENGINE_GENERIC;
  for (int engine = 0; engine < ENGINE_COUNT; engine++)
    if (engine != chart->reference && has_run(chart, engine))
      chart->bars[chart->bar_count++] = engine;
  double low = 0.5, high = 2;
  for (int i = 0; i < chart->races.count; i++)
    for (int k = 0; k < chart->bar_count; k++) {
      const double speed = ratio(chart, chart->races.at[i], chart->bars[k]);
      if (speed > 0) low = fmin(low, speed), high = fmax(high, speed);
    }
  chart->low = low, chart->high = high; /* beyond the last tick only where there is none */
  for (int i = 0; i < TICK_COUNT; i++) {
    if (TICKS[i] <= low) chart->low = TICKS[i];
    if (TICKS[TICK_COUNT - 1 - i] >= high) chart->high = TICKS[TICK_COUNT - 1 - i];
  }
}

/* From the top of a panel. */
static double y_of(const Chart *chart, double ratio) {
  return HEIGHT * log(chart->high / ratio) / log(chart->high / chart->low);
}

static void draw_axis(const Chart *chart, cnn_text *text, double top, double width) {
  for (int i = 0; i < TICK_COUNT; i++) {
    if (TICKS[i] < chart->low || TICKS[i] > chart->high) continue;
    const double y = top + y_of(chart, TICKS[i]);
    cnn_svg_line(text, LEFT, y, width, TICKS[i] == 1 ? "one" : "grid");
    cnn_svg_text(text, LEFT - 8, y + 4, CNN_ANCHOR_END, NULL, "%g", TICKS[i]);
  }
}

static void draw_group(const Chart *chart, cnn_text *text, const Result *race, double left,
                       double top) {
  const double one = top + y_of(chart, 1);
  char tooltip[256];
  for (int k = 0; k < chart->bar_count; k++) {
    const double speed = ratio(chart, race, chart->bars[k]);
    if (speed == 0) continue;
    const double y = top + y_of(chart, speed);
    snprintf(tooltip, sizeof tooltip, "%s, batch %d: %s %.3g", race->net, race->batch,
             engine_name(chart->bars[k]), speed);
    cnn_svg_rect(text, left + k * BAR, fmin(y, one), BAR - 1, fabs(y - one), COLORS[chart->bars[k]],
                 tooltip);
  }
  cnn_svg_text(text, left + chart->bar_count * BAR / 2.0, top + HEIGHT + 16, CNN_ANCHOR_MIDDLE,
               NULL, "%d", race->batch);
}

/* All races with the work and threads of `first`. Returns the panel's width. */
static double draw_panel(const Chart *chart, cnn_text *text, const Result *first, double top) {
  double x = LEFT + GAP / 2.0, begin = x;
  const char *net = "";
  for (int i = 0; i <= chart->races.count; i++) {
    const Result *race = i < chart->races.count ? chart->races.at[i] : NULL;
    if (race && (strcmp(race->work, first->work) != 0 || race->threads != first->threads)) continue;
    if (*net && (!race || strcmp(race->net, net) != 0)) { /* the name under its batches */
      cnn_svg_text(text, (begin + x - GAP) / 2, top + HEIGHT + 34, CNN_ANCHOR_MIDDLE, "net", "%s",
                   net);
      x += GAP;
      begin = x;
    }
    if (!race) break;
    net = race->net;
    draw_group(chart, text, race, x, top);
    x += chart->bar_count * BAR + GAP;
  }
  cnn_svg_text(text, LEFT, top - 12, CNN_ANCHOR_START, "title", "%s, %d thread%s",
               strcmp(first->work, "train") == 0 ? "training step" : "inference", first->threads,
               cnn_plural(first->threads));
  draw_axis(chart, text, top, x - LEFT);
  return x;
}

static void draw_legend(const Chart *chart, cnn_text *text) {
  cnn_svg_text(text, MARGIN, 20, CNN_ANCHOR_START, "title",
               "images/s over those of %s's best mode (the line at 1); labels: batch",
               engine_name(chart->reference));
  for (int k = 0; k < chart->bar_count; k++) {
    const int x = MARGIN + k * LEGEND;
    cnn_svg_rect(text, x, 30, 12, 12, COLORS[chart->bars[k]], NULL);
    cnn_svg_text(text, x + 18, 41, CNN_ANCHOR_START, NULL, "%s", engine_name(chart->bars[k]));
  }
}

/* Whether no race before has the same work and threads. */
static bool opens_panel(const ResultList *races, int index) {
  for (int i = 0; i < index; i++)
    if (strcmp(races->at[i]->work, races->at[index]->work) == 0 &&
        races->at[i]->threads == races->at[index]->threads)
      return false;
  return true;
}

typedef struct Size {
  double width, height;
} Size;

static Size draw_body(const Chart *chart, cnn_text *text) {
  double top = TOP + 24, width = 560;
  draw_legend(chart, text);
  for (int i = 0; i < chart->races.count; i++) {
    if (!opens_panel(&chart->races, i)) continue;
    width = fmax(width, draw_panel(chart, text, chart->races.at[i], top));
    top += HEIGHT + LABELS + 24;
  }
  return (Size){width + MARGIN, top - 24};
}

/* For cnn_file_write_text. The panels decide how large the picture is, so they are measured
   first. */
static void draw(cnn_text *text, const void *what) {
  const Chart *chart = what;
  cnn_text measured = {0};
  const Size size = draw_body(chart, &measured);
  cnn_svg_begin(text, size.width, size.height, "Speed of networks by engine",
                ".net{font-weight:bold}.one{stroke:#444}");
  draw_body(chart, text);
  cnn_svg_end(text);
}

bool results_draw(Arena *arena, const ResultList *results, const char *path) {
  Chart chart = {.results = results, .races = results_races(arena, results)};
  cnn_error error = {0};
  choose_bars(&chart);
  if (cnn_file_write_text(path, draw, &chart, &error)) return true;
  fprintf(stderr, "cnnc bench: %s\n", error.message);
  return false;
}
