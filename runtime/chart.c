#include "metrics.h"

#include <math.h>
#include <stdbool.h>

/* Two panels of the same size beside each other; in pixels. */
enum { WIDTH = 360, HEIGHT = 220, LEFT = 56, TOP = 48, GAP = 76, TICKS_MAX = 6 };

typedef struct panel {
  const char *title;
  size_t train, test; /* offsets of the two columns in cnn_metrics */
  double scale;       /* 100 for per cent */
  double left;        /* pixels */
  double low, high, step;
} panel;

static double column(const cnn_metrics *row, size_t offset) {
  return *(const double *)((const char *)row + offset);
}

/* Bounds that are multiples of a step 1, 2 or 5 times a power of ten. */
static void choose_bounds(panel *p, const cnn_metrics *rows, int count) {
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < count; i++) {
    double train = column(&rows[i], p->train) * p->scale;
    double test = column(&rows[i], p->test) * p->scale;
    low = fmin(low, fmin(train, test));
    high = fmax(high, fmax(train, test));
  }
  if (!(high - low > 1e-9)) low -= 0.5, high += 0.5;
  double rough = (high - low) / (TICKS_MAX - 1), power = pow(10, floor(log10(rough)));
  double digit = rough / power;
  p->step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  p->low = floor(low / p->step) * p->step;
  p->high = ceil(high / p->step) * p->step;
}

static double x_of(const panel *p, int index, int count) {
  return p->left + (count > 1 ? (double)index / (count - 1) : 0.5) * WIDTH;
}
static double y_of(const panel *p, double value) {
  return TOP + (p->high - value) / (p->high - p->low) * HEIGHT;
}

static void draw_axes(cnn_text *text, const panel *p, const cnn_metrics *rows, int count) {
  cnn_text_add(text, "<text x=\"%.0f\" y=\"%d\" class=\"title\">%s</text>\n", p->left, TOP - 16,
               p->title);
  int ticks = (int)lround((p->high - p->low) / p->step);
  for (int i = 0; i <= ticks; i++) {
    double value = p->low + i * p->step, y = y_of(p, value);
    if (fabs(value) < p->step / 2) value = 0; /* not 5e-17 */
    cnn_text_add(text, "<path d=\"M%.0f %.1fh%d\" class=\"grid\"/>", p->left, y, WIDTH);
    cnn_text_add(text, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n", p->left - 8,
                 y + 4, value);
  }
  int every = (count + 9) / 10;
  for (int i = 0; i < count; i += every)
    cnn_text_add(text, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
                 x_of(p, i, count), TOP + HEIGHT + 20, rows[i].epoch);
}

static void draw_curve(cnn_text *text, const panel *p, size_t offset, const char *name,
                       const cnn_metrics *rows, int count) {
  cnn_text_add(text, "<polyline class=\"%s\" points=\"", name);
  for (int i = 0; i < count; i++)
    cnn_text_add(text, "%.1f,%.1f ", x_of(p, i, count),
                 y_of(p, column(&rows[i], offset) * p->scale));
  cnn_text_add(text, "\"/><circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>\n", name,
               x_of(p, count - 1, count), y_of(p, column(&rows[count - 1], offset) * p->scale));
}

static void draw_legend(cnn_text *text, double x) {
  static const char *const names[] = {"train", "test"};
  for (int i = 0; i < 2; i++, x += 76) {
    cnn_text_add(text, "<path class=\"%s\" d=\"M%.0f %dh22\"/>", names[i], x, TOP - 20);
    cnn_text_add(text, "<text x=\"%.0f\" y=\"%d\">%s</text>\n", x + 28, TOP - 16, names[i]);
  }
}

void cnn_metrics_chart(cnn_text *text, const char *title, const cnn_metrics *rows, int count) {
  panel panels[2] = {
      {"loss", offsetof(cnn_metrics, train_loss), offsetof(cnn_metrics, test_loss), 1, LEFT, 0, 0,
       0},
      {"accuracy, %", offsetof(cnn_metrics, train_accuracy), offsetof(cnn_metrics, test_accuracy),
       100, LEFT + WIDTH + GAP, 0, 0, 0},
  };
  int width = LEFT + 2 * WIDTH + GAP + 24, height = TOP + HEIGHT + 48;
  text->used = 0;
  cnn_text_add(text,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
               "height=\"%d\">\n"
               "<title>%s: loss and accuracy by epoch</title>\n"
               "<style>\n"
               "text{font:12px sans-serif;fill:#444}\n"
               ".title{font-weight:bold}\n"
               ".grid{stroke:#ddd}\n"
               ".train,.test{fill:none;stroke-width:2;stroke-linejoin:round}\n"
               ".train{stroke:#d9822b}.test{stroke:#2b6cb0}\n"
               "</style>\n"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               width, height, width, height, title);
  for (int i = 0; i < 2; i++) {
    panel *p = &panels[i];
    choose_bounds(p, rows, count);
    draw_axes(text, p, rows, count);
    draw_curve(text, p, p->train, "train", rows, count);
    draw_curve(text, p, p->test, "test", rows, count);
    draw_legend(text, p->left + WIDTH - 140);
    cnn_text_add(text, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">epoch</text>\n",
                 p->left + WIDTH / 2, TOP + HEIGHT + 38);
  }
  cnn_text_add(text, "</svg>\n");
}
