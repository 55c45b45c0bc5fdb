/* Classification as tables of text. */
#include "report/classification.h"

#include <stdlib.h>
#include <string.h>

enum {
  NAME_LEAST = 5,
  NAME_MOST = 32, /* columns of a name */
  LABEL = 256,    /* bytes of one */
  CLASSES_MOST = 100,
  WORST = 20,
  MATRIX_MOST = 12,
  MISTAKES = 10
};

const char *cnn_class_label(const cnn_classification_report *report, int class, char *text,
                            size_t size) {
  cnn_text label = {.data = text, .size = size};
  if (*report->names[class])
    cnn_text_add_utf8(&label, report->names[class]);
  else
    cnn_text_add(&label, "%d", class);
  if (label.used >= size) text[cnn_utf8_cut(text, size - 1)] = '\0';
  return text;
}

/* Characters of UTF-8. */
static int columns_of(const char *text) {
  int columns = 0;
  for (; *text; text++) columns += (*text & 0xc0) != 0x80;
  return columns;
}

/* The name in `width` columns, its end cut off where it is longer. */
static void print_name(const char *name, int width, FILE *out) {
  int columns = 0;
  for (; *name; name++) {
    const bool begins = (*name & 0xc0) != 0x80;
    if (begins && columns == width) break;
    columns += begins;
    fputc(*name, out);
  }
  fprintf(out, "%*s", width - columns, "");
}

/* --- classes ---------------------------------------------------------------------------------- */

static void print_result(const cnn_class_result *r, FILE *out) {
  fprintf(out, "  %8lld  ", (long long)r->images);
  if (cnn_class_is_used(r))
    fprintf(out, "%7.2f %%  %7.2f %%  %7.2f %%\n", 100 * r->precision, 100 * r->recall,
            100 * r->f1);
  else
    fprintf(out, "%9s  %9s  %9s\n", "-", "-", "-");
}

typedef struct ranked {
  double f1;
  int class;
} ranked;

static int by_f1(const void *a, const void *b) {
  const ranked *one = a, *other = b;
  if (one->f1 != other->f1) return one->f1 < other->f1 ? -1 : 1;
  return one->class - other->class;
}

/* Into order[classes]: the classes with images, the lowest F1 first. Returns how many. */
static int rank_classes(const cnn_classification *c, ranked *order) {
  int count = 0;
  for (int k = 0; k < c->classes; k++)
    if (c->results[k].images > 0) order[count++] = (ranked){c->results[k].f1, k};
  qsort(order, (size_t)count, sizeof *order, by_f1);
  return count;
}

static int width_of_names(const cnn_classification_report *report, const ranked *shown, int count) {
  int width = NAME_LEAST;
  char text[LABEL];
  for (int i = 0; i < count; i++) {
    const int columns = columns_of(cnn_class_label(report, shown[i].class, text, sizeof text));
    if (columns > width) width = columns;
  }
  return width < NAME_MOST ? width : NAME_MOST;
}

static void print_classes(const cnn_classification_report *report, ranked *order, FILE *out) {
  const cnn_classification *c = report->of;
  const bool all = c->classes <= CLASSES_MOST;
  int count = all ? c->classes : rank_classes(c, order);
  const int shown = all || count < WORST ? count : WORST;
  for (int k = 0; all && k < c->classes; k++) order[k].class = k;
  int width = width_of_names(report, order, shown);
  if (width < (int)strlen("weighted mean")) width = (int)strlen("weighted mean");
  fprintf(out, "\n%5s  %-*s  %8s  %9s  %9s  %9s\n", "class", width, "", "images", "precision",
          "recall", "F1");
  for (int i = 0; i < shown; i++) {
    char text[LABEL] = "";
    const int k = order[i].class;
    fprintf(out, "%5d  ", k);
    if (*report->names[k]) cnn_class_label(report, k, text, sizeof text);
    print_name(text, width, out);
    print_result(&c->results[k], out);
  }
  fprintf(out, "%5s  %-*s", "", width, "mean");
  print_result(&c->mean, out);
  fprintf(out, "%5s  %-*s", "", width, "weighted mean");
  print_result(&c->weighted, out);
  if (!all)
    fprintf(out, "the %d classes of the lowest F1, of %d with images; --csv FILE lists all\n",
            shown, count);
}

/* --- mistakes --------------------------------------------------------------------------------- */

static void print_matrix(const cnn_classification_report *report, FILE *out) {
  enum { CELL = 7 };
  const cnn_classification *c = report->of;
  int64_t i = 0;
  fprintf(out, "\nconfusion: a row a class, a column a predicted class\n%5s", "");
  for (int k = 0; k < c->classes; k++) fprintf(out, "%*d", CELL, k);
  for (int k = 0; k < c->classes; k++) {
    fprintf(out, "\n%5d", k);
    for (int predicted = 0; predicted < c->classes; predicted++) {
      const cnn_confusion *at = &c->confusion[i];
      const bool is = i < c->confusion_count && at->label == k && at->predicted == predicted;
      fprintf(out, "%*lld", CELL, is ? (long long)at->images : 0);
      i += is;
    }
    if (*report->names[k]) {
      char text[LABEL];
      fprintf(out, "  %s", cnn_class_label(report, k, text, sizeof text));
    }
  }
  fprintf(out, "\n");
}

/* The most frequent ones. */
static void print_mistakes(const cnn_classification_report *report, FILE *out) {
  const cnn_classification *c = report->of;
  const cnn_confusion *most[MISTAKES];
  int count = 0;
  for (int64_t i = 0; i < c->confusion_count; i++) {
    const cnn_confusion *it = &c->confusion[i];
    if (it->label == it->predicted) continue;
    int at = count < MISTAKES ? count++ : MISTAKES;
    for (; at > 0 && most[at - 1]->images < it->images; at--)
      if (at < MISTAKES) most[at] = most[at - 1];
    if (at < MISTAKES) most[at] = it;
  }
  if (count > 0) fprintf(out, "\nthe most frequent mistakes\n%8s  class\n", "images");
  for (int i = 0; i < count; i++) {
    char label[LABEL], predicted[LABEL];
    fprintf(out, "%8lld  %s, predicted as %s\n", (long long)most[i]->images,
            cnn_class_label(report, most[i]->label, label, sizeof label),
            cnn_class_label(report, most[i]->predicted, predicted, sizeof predicted));
  }
}

static double per_cent(int64_t part, int64_t all) {
  return all > 0 ? 100.0 * (double)part / (double)all : 0;
}

void cnn_classification_print(const cnn_classification_report *report, FILE *out) {
  const cnn_classification *c = report->of;
  ranked *order = malloc((size_t)c->classes * sizeof *order);
  fprintf(out, "%s: %lld test images, loss %.4f, accuracy %.2f %%", report->weights,
          (long long)c->images, report->loss, per_cent(c->right, c->images));
  if (c->top < c->classes)
    fprintf(out, ", top-%d %.2f %%", c->top, per_cent(c->top_right, c->images));
  fprintf(out, "\n");
  if (c->is_softmax)
    fprintf(out, "calibration: mean confidence %.2f %%, expected calibration error %.2f %%\n",
            100 * c->confidence, 100 * c->ece);
  if (order) print_classes(report, order, out);
  free(order);
  if (c->classes <= MATRIX_MOST)
    print_matrix(report, out);
  else
    print_mistakes(report, out);
}
