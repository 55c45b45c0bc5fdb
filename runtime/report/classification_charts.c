/* Classification as pictures. */
#include "report/classification.h"
#include "report/svg.h"

#include <math.h>
#include <string.h>

enum { LABEL = 128, TITLE = 512 };

/* --- the confusion matrix --------------------------------------------------------------------- */

/* A square of `side` pixels for each cell. Numbers are written into those that have room for them;
   names of classes stand beside rows that are high enough. */
enum { TOP = 72, MARGIN = 24, LETTER = 7, NUMBERED = 34, NAMED = 14, NAME_MOST = 24 };

typedef struct matrix {
  const cnn_classification_report *report;
  int side, left;
} matrix;

/* "3 shirt", or "3": its number, and as much of its name as has room. */
static void row_label(const cnn_classification_report *report, int class, char text[LABEL]) {
  char name[LABEL];
  if (!*report->names[class]) {
    snprintf(text, LABEL, "%d", class);
    return;
  }
  cnn_class_label(report, class, name, sizeof name);
  name[cnn_utf8_cut(name, NAME_MOST)] = '\0';
  snprintf(text, LABEL, "%d %.100s", class, name);
}

static matrix plan(const cnn_classification_report *report) {
  enum { MOST = 48, ALL = 960 };
  const int classes = report->of->classes;
  matrix m = {report, ALL / classes, MARGIN + 2 * LETTER};
  if (m.side > MOST) m.side = MOST;
  if (m.side < 1) m.side = 1;
  for (int k = 0; k < classes && m.side >= NAMED; k++) {
    char text[LABEL];
    row_label(report, k, text);
    const int width = MARGIN + 16 + LETTER * (int)strlen(text);
    if (width > m.left) m.left = width;
  }
  if (m.side < NAMED) m.left = MARGIN + 7 * LETTER;
  return m;
}

/* From white to a colour, by the part of the row; small parts, and small cells, are made visible.
 */
static void shade(char colour[8], double part, bool right, int side) {
  static const int RIGHT[3] = {0x2b, 0x6c, 0xb0}, WRONG[3] = {0xd9, 0x6c, 0x1b};
  const double least = side < 4 ? 0.5 : 0, strength = least + (1 - least) * sqrt(part);
  int rgb[3];
  for (int i = 0; i < 3; i++)
    rgb[i] = (int)lround(255 - strength * (255 - (right ? RIGHT : WRONG)[i]));
  snprintf(colour, 8, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
}

static void draw_cell(cnn_text *text, const matrix *m, const cnn_confusion *cell) {
  const cnn_classification_report *report = m->report;
  const double part = (double)cell->images / (double)report->of->results[cell->label].images;
  const double x = m->left + (double)cell->predicted * m->side;
  const double y = TOP + (double)cell->label * m->side;
  char colour[8], label[LABEL], predicted[LABEL], tooltip[TITLE];
  shade(colour, part, cell->label == cell->predicted, m->side);
  snprintf(tooltip, sizeof tooltip, "%s, predicted as %s: %lld (%.1f %%)",
           cnn_class_label(report, cell->label, label, sizeof label),
           cnn_class_label(report, cell->predicted, predicted, sizeof predicted),
           (long long)cell->images, 100 * part);
  cnn_svg_rect(text, x, y, m->side, m->side, colour, tooltip);
  if (m->side >= NUMBERED)
    cnn_svg_text(text, x + m->side / 2.0, y + m->side / 2.0 + 4, CNN_ANCHOR_MIDDLE,
                 part > 0.3 ? "strong" : NULL, "%lld", (long long)cell->images);
}

/* The first of 1, 2, 5, 10, 20... classes that have at least `pixels`. */
static int step_of(const matrix *m, int pixels) {
  int step = 1;
  for (int i = 0; step * m->side < pixels; i++) step = i % 3 == 1 ? step / 2 * 5 : step * 2;
  return step;
}

/* Numbers of classes above, and names at the left; with many classes, numbers of some. */
static void draw_labels(cnn_text *text, const matrix *m) {
  const int classes = m->report->of->classes;
  const int columns = step_of(m, 4 * LETTER), rows = step_of(m, NAMED);
  for (int k = 0; k < classes; k += columns)
    cnn_svg_text(text, m->left + (k + 0.5) * m->side, TOP - 8, CNN_ANCHOR_MIDDLE, NULL, "%d", k);
  for (int k = 0; k < classes; k += rows) {
    char label[LABEL];
    row_label(m->report, k, label);
    if (rows > 1) snprintf(label, sizeof label, "%d", k);
    cnn_svg_text(text, m->left - 8, TOP + (k + 0.5) * m->side + 4, CNN_ANCHOR_END, NULL, "%s",
                 label);
  }
}

void cnn_confusion_svg(cnn_text *text, const void *what) {
  const cnn_classification_report *report = what;
  const cnn_classification *c = report->of;
  const matrix m = plan(report);
  const double side = (double)m.side * c->classes;
  char title[TITLE];
  snprintf(title, sizeof title, "%.128s: confusion matrix of %lld images", report->program,
           (long long)c->images);
  cnn_svg_begin(text, fmax(m.left + side, 420) + MARGIN, TOP + side + MARGIN, title,
                ".strong{fill:#fff}.frame{fill:none;stroke:#999}");
  cnn_svg_text(text, MARGIN, 24, CNN_ANCHOR_START, "title", "%s", title);
  cnn_svg_text(text, MARGIN, 42, CNN_ANCHOR_START, NULL,
               "a row a class, a column a predicted class; colour: part of the row");
  for (int64_t i = 0; i < c->confusion_count; i++) draw_cell(text, &m, &c->confusion[i]);
  cnn_svg_curve_begin(text, "frame");
  const double corners[5][2] = {{0, 0}, {side, 0}, {side, side}, {0, side}, {0, 0}};
  for (int i = 0; i < 5; i++)
    cnn_svg_curve_point(text, m.left + corners[i][0], TOP + corners[i][1]);
  cnn_svg_curve_end(text);
  draw_labels(text, &m);
  cnn_svg_end(text);
}

/* --- calibration ------------------------------------------------------------------------------ */

/* Above, the accuracy of each bin; below, its part of the images. Both from 0 to 1. */
enum { LEFT = 64, WIDTH = 420, HEAD = 76, HIGH = 360, LOW_TOP = HEAD + HIGH + 40, LOW = 90 };

static void draw_panel(cnn_text *text, int top, int height, const char *title, int ticks) {
  cnn_svg_text(text, LEFT, top - 8, CNN_ANCHOR_START, NULL, "%s", title);
  for (int i = 0; i <= ticks; i++) {
    const double y = top + height - (double)i * height / ticks;
    cnn_svg_line(text, LEFT, y, WIDTH, "grid");
    cnn_svg_text(text, LEFT - 8, y + 4, CNN_ANCHOR_END, NULL, "%d", 100 * i / ticks);
  }
}

static void draw_bins(cnn_text *text, const cnn_classification *c) {
  const double width = (double)WIDTH / CNN_BINS;
  for (int i = 0; i < CNN_BINS; i++) {
    const cnn_bin *bin = &c->bins[i];
    if (bin->images == 0) continue;
    const double images = (double)bin->images, part = images / (double)c->images;
    const double accuracy = (double)bin->right / images, confidence = bin->confidence / images;
    const double x = LEFT + i * width + 1;
    char tooltip[TITLE];
    snprintf(tooltip, sizeof tooltip, "%lld images, confidence %.2f %%, accuracy %.2f %%",
             (long long)bin->images, 100 * confidence, 100 * accuracy);
    cnn_svg_rect(text, x, HEAD + HIGH * (1 - accuracy), width - 2, HIGH * accuracy, "#2b6cb0",
                 tooltip);
    cnn_svg_dot(text, LEFT + WIDTH * confidence, HEAD + HIGH * (1 - accuracy), 3, "mean");
    cnn_svg_rect(text, x, LOW_TOP + LOW * (1 - part), width - 2, LOW * part, "#888", tooltip);
  }
}

void cnn_calibration_svg(cnn_text *text, const void *what) {
  const cnn_classification_report *report = what;
  const cnn_classification *c = report->of;
  char title[TITLE];
  snprintf(title, sizeof title, "%.128s: accuracy by confidence, %lld images", report->program,
           (long long)c->images);
  cnn_svg_begin(text, LEFT + WIDTH + MARGIN, LOW_TOP + LOW + 48, title,
                ".ideal{stroke:#444;stroke-dasharray:4 3}"
                ".mean{fill:#d9822b;stroke:#fff}");
  cnn_svg_text(text, MARGIN, 20, CNN_ANCHOR_START, "title", "%s", title);
  cnn_svg_text(text, MARGIN, 38, CNN_ANCHOR_START, NULL,
               "accuracy %.2f %%, mean confidence %.2f %%, calibration error %.2f %%",
               c->images > 0 ? 100 * (double)c->right / (double)c->images : 0, 100 * c->confidence,
               100 * c->ece);
  draw_panel(text, HEAD, HIGH, "accuracy, %; dots: at the mean confidence of the bin", 5);
  draw_panel(text, LOW_TOP, LOW, "images, %", 2);
  draw_bins(text, c);
  cnn_svg_curve_begin(text, "ideal");
  cnn_svg_curve_point(text, LEFT, HEAD + HIGH);
  cnn_svg_curve_point(text, LEFT + WIDTH, HEAD);
  cnn_svg_curve_end(text);
  for (int i = 0; i <= 5; i++)
    cnn_svg_text(text, LEFT + i * WIDTH / 5.0, LOW_TOP + LOW + 18, CNN_ANCHOR_MIDDLE, NULL, "%d",
                 20 * i);
  cnn_svg_text(text, LEFT + WIDTH / 2.0, LOW_TOP + LOW + 36, CNN_ANCHOR_MIDDLE, NULL,
               "confidence, %%");
  cnn_svg_end(text);
}
