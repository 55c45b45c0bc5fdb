/* The picture of many races: a panel for each kind of work and number of threads, a group of bars
   for each net and batch. A bar is an engine's speed over the reference's, on a logarithmic scale,
   and starts at the line of the reference. */
#include "engines.h"
#include "core/text.h"
#include "results.h"
#include "driver/text.h"

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
  FILE *out;
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

static void draw_axis(const Chart *chart, double top, double width) {
  for (int i = 0; i < TICK_COUNT; i++) {
    if (TICKS[i] < chart->low || TICKS[i] > chart->high) continue;
    const double y = top + y_of(chart, TICKS[i]);
    fprintf(chart->out, "<path d=\"M%d %.1fh%.0f\" class=\"%s\"/>", LEFT, y, width,
            TICKS[i] == 1 ? "one" : "grid");
    fprintf(chart->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 8,
            y + 4, TICKS[i]);
  }
}

static void draw_group(const Chart *chart, const Result *race, double left, double top) {
  const double one = top + y_of(chart, 1);
  for (int k = 0; k < chart->bar_count; k++) {
    const double speed = ratio(chart, race, chart->bars[k]);
    if (speed == 0) continue;
    const double y = top + y_of(chart, speed);
    fprintf(chart->out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"><title>%s, batch "
            "%d: %s %.3g</title></rect>\n",
            left + k * BAR, fmin(y, one), BAR - 1, fabs(y - one), COLORS[chart->bars[k]], race->net,
            race->batch, engine_name(chart->bars[k]), speed);
  }
  fprintf(chart->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n",
          left + chart->bar_count * BAR / 2.0, top + HEIGHT + 16, race->batch);
}

/* All races with the work and threads of `first`. Returns the panel's width. */
static double draw_panel(const Chart *chart, const Result *first, double top) {
  double x = LEFT + GAP / 2.0, begin = x;
  const char *net = "";
  for (int i = 0; i <= chart->races.count; i++) {
    const Result *race = i < chart->races.count ? chart->races.at[i] : NULL;
    if (race && (strcmp(race->work, first->work) != 0 || race->threads != first->threads)) continue;
    if (*net && (!race || strcmp(race->net, net) != 0)) { /* the name under its batches */
      fprintf(chart->out,
              "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" class=\"net\">%s</text>\n",
              (begin + x - GAP) / 2, top + HEIGHT + 34, net);
      x += GAP;
      begin = x;
    }
    if (!race) break;
    net = race->net;
    draw_group(chart, race, x, top);
    x += chart->bar_count * BAR + GAP;
  }
  fprintf(chart->out, "<text x=\"%d\" y=\"%.1f\" class=\"title\">%s, %d thread%s</text>\n", LEFT,
          top - 12, strcmp(first->work, "train") == 0 ? "training step" : "inference",
          first->threads, cnn_plural(first->threads));
  draw_axis(chart, top, x - LEFT);
  return x;
}

static void draw_legend(const Chart *chart) {
  fprintf(chart->out,
          "<text x=\"%d\" y=\"20\" class=\"title\">images/s over those of %s's best mode (the line "
          "at 1); labels: batch</text>\n",
          MARGIN, engine_name(chart->reference));
  for (int k = 0; k < chart->bar_count; k++)
    fprintf(chart->out,
            "<rect x=\"%d\" y=\"30\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" "
            "y=\"41\">%s</text>\n",
            MARGIN + k * LEGEND, COLORS[chart->bars[k]], MARGIN + k * LEGEND + 18,
            engine_name(chart->bars[k]));
}

/* Whether no race before has the same work and threads. */
static bool opens_panel(const ResultList *races, int index) {
  for (int i = 0; i < index; i++)
    if (strcmp(races->at[i]->work, races->at[index]->work) == 0 &&
        races->at[i]->threads == races->at[index]->threads)
      return false;
  return true;
}

bool results_draw(Arena *arena, const ResultList *results, const char *path) {
  TextStream body, all;
  text_begin(&body);
  text_begin(&all);
  Chart chart = {.results = results, .races = results_races(arena, results), .out = body.out};
  choose_bars(&chart);
  draw_legend(&chart);
  double top = TOP + 24, width = 560;
  for (int i = 0; i < chart.races.count; i++) {
    if (!opens_panel(&chart.races, i)) continue;
    width = fmax(width, draw_panel(&chart, chart.races.at[i], top));
    top += HEIGHT + LABELS + 24;
  }
  fprintf(all.out,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
          "height=\"%.0f\">\n<title>Speed of networks by engine</title>\n"
          "<style>text{font:12px sans-serif;fill:#444}.title,.net{font-weight:bold}"
          ".grid{stroke:#ddd}.one{stroke:#444}</style>\n"
          "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n",
          width + MARGIN, top - 24, width + MARGIN, top - 24, text_done(&body, arena));
  return replace_file(path, text_done(&all, arena));
}
