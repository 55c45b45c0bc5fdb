#include "report/chart.h"

#include "report/svg.h"

#include <math.h>

/* Panels of the same size in a row; in pixels. */
enum { WIDTH = 360, HEIGHT = 220, LEFT = 56, TOP = 48, GAP = 76, LEGEND = 84, TICKS_MAX = 6 };

/* A panel's position and its vertical axis; on a logarithmic axis, values are exponents of ten. */
typedef struct axes {
  const cnn_panel *panel;
  double left; /* pixels */
  double low, high, step;
  int count; /* of the longest series */
} axes;

/* The number on the axis, or NAN. */
static double value_at(const cnn_panel *panel, const cnn_series *series, int i) {
  const char *at = (const char *)series->values + (size_t)i * series->stride;
  double value = *(const double *)(const void *)at * series->scale;
  if (panel->logarithmic) value = value > 0 ? log10(value) : NAN;
  return isfinite(value) ? value : NAN;
}

/* Bounds that are multiples of a step 1, 2 or 5 times a power of ten. */
static void choose_bounds(axes *a) {
  const cnn_panel *panel = a->panel;
  double low = INFINITY, high = -INFINITY;
  for (int s = 0; s < panel->series_count; s++) {
    const cnn_series *series = &panel->series[s];
    if (series->count > a->count) a->count = series->count;
    for (int i = 0; i < series->count; i++) {
      low = fmin(low, value_at(panel, series, i));
      high = fmax(high, value_at(panel, series, i));
    }
  }
  if (low > high) low = high = 0;
  if (!(high - low > 1e-9)) low -= 0.5, high += 0.5;
  double rough = (high - low) / (TICKS_MAX - 1), power = pow(10, floor(log10(rough)));
  double digit = rough / power;
  a->step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  if (panel->logarithmic && a->step < 1) a->step = 1;
  a->low = floor(low / a->step) * a->step;
  a->high = ceil(high / a->step) * a->step;
}

static double x_of(const axes *a, int index) {
  return a->left + (a->count > 1 ? (double)index / (a->count - 1) : 0.5) * WIDTH;
}
static double y_of(const axes *a, double value) {
  return TOP + (a->high - value) / (a->high - a->low) * HEIGHT;
}

static void draw_tick(cnn_text *text, double x, double number) {
  cnn_svg_text(text, x, TOP + HEIGHT + 20, CNN_ANCHOR_MIDDLE, NULL, "%g", number);
}

static void draw_numbers(cnn_text *text, const axes *a) {
  int every = (a->count + 9) / 10;
  for (int i = 0; i < a->count; i += every) draw_tick(text, x_of(a, i), i + 1);
}

/* Powers of ten on a logarithmic axis. */
static void draw_powers(cnn_text *text, const axes *a) {
  const double low = log10(a->panel->x_first), high = log10(a->panel->x_last);
  for (double power = ceil(low - 1e-9); power <= high + 1e-9 && high > low; power++)
    draw_tick(text, a->left + (power - low) / (high - low) * WIDTH, pow(10, power));
}

static void draw_axes(cnn_text *text, const axes *a, const char *x_title) {
  cnn_svg_text(text, a->left, TOP - 16, CNN_ANCHOR_START, "title", "%s", a->panel->title);
  int ticks = (int)lround((a->high - a->low) / a->step);
  for (int i = 0; i <= ticks; i++) {
    double value = a->low + i * a->step, y = y_of(a, value);
    if (fabs(value) < a->step / 2) value = 0; /* not 5e-17 */
    cnn_svg_line(text, a->left, y, WIDTH, "grid");
    cnn_svg_text(text, a->left - 8, y + 4, CNN_ANCHOR_END, NULL, "%.4g",
                 a->panel->logarithmic ? pow(10, value) : value);
  }
  if (a->panel->x_first > 0)
    draw_powers(text, a);
  else
    draw_numbers(text, a);
  cnn_svg_text(text, a->left + WIDTH / 2, TOP + HEIGHT + 38, CNN_ANCHOR_MIDDLE, NULL, "%s",
               x_title);
}

static const char *const CLASSES[CNN_SERIES_MAX] = {"s0", "s1"};

static void draw_curve(cnn_text *text, const axes *a, int number) {
  const cnn_series *series = &a->panel->series[number];
  int last = -1;
  cnn_svg_curve_begin(text, CLASSES[number]);
  for (int i = 0; i < series->count; i++) {
    double value = value_at(a->panel, series, i);
    if (isnan(value)) continue;
    cnn_svg_curve_point(text, x_of(a, i), y_of(a, value));
    last = i;
  }
  cnn_svg_curve_end(text);
  if (last >= 0)
    cnn_svg_dot(text, x_of(a, last), y_of(a, value_at(a->panel, series, last)), 2, CLASSES[number]);
}

static void draw_mark(cnn_text *text, const axes *a) {
  const cnn_panel *panel = a->panel;
  const int last = panel->series_count - 1;
  const double value = value_at(panel, &panel->series[last], panel->mark);
  const double part = a->count > 1 ? (double)panel->mark / (a->count - 1) : 0;
  const double x = x_of(a, panel->mark), y = y_of(a, value);
  cnn_svg_dot(text, x, y, 4, CLASSES[last]);
  cnn_svg_text(text, x + 8, y - 8, CNN_ANCHOR_START, "title", "%.2g",
               panel->x_first > 0 ? panel->x_first * pow(panel->x_last / panel->x_first, part)
                                  : panel->mark + 1);
}

static void draw_legend(cnn_text *text, const axes *a) {
  double x = a->left + WIDTH - LEGEND * a->panel->series_count;
  for (int s = 0; s < a->panel->series_count; s++, x += LEGEND) {
    cnn_svg_line(text, x, TOP - 20, 18, CLASSES[s]);
    cnn_svg_text(text, x + 22, TOP - 16, CNN_ANCHOR_START, NULL, "%s", a->panel->series[s].name);
  }
}

void cnn_chart(cnn_text *text, const char *title, const char *x_title, const cnn_panel *panels,
               int panel_count) {
  cnn_svg_begin(text, LEFT + panel_count * (WIDTH + GAP) - GAP + 24, TOP + HEIGHT + 48, title,
                ".s0,.s1{fill:none;stroke-width:2;stroke-linejoin:round}"
                ".s0{stroke:#d9822b}.s1{stroke:#2b6cb0}");
  for (int i = 0; i < panel_count; i++) {
    axes a = {.panel = &panels[i], .left = LEFT + i * (WIDTH + GAP)};
    choose_bounds(&a);
    draw_axes(text, &a, x_title);
    for (int s = 0; s < a.panel->series_count; s++) draw_curve(text, &a, s);
    if (a.panel->marked) draw_mark(text, &a);
    draw_legend(text, &a);
  }
  cnn_svg_end(text);
}
