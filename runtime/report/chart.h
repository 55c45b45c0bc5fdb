/* Charts as SVG: panels beside each other, a few curves in each over 1, 2, 3... */
#ifndef CNN_CHART_H
#define CNN_CHART_H

#include "core/text.h"

#include <stdbool.h>

typedef struct cnn_series {
  const char *name;     /* plain text without markup */
  const double *values; /* the first of them; the next is `stride` bytes on */
  size_t stride;
  int count;
  double scale; /* factor: 100 for per cent */
} cnn_series;

enum { CNN_SERIES_MAX = 2 };

typedef struct cnn_panel {
  const char *title;
  bool logarithmic;
  cnn_series series[CNN_SERIES_MAX];
  int series_count;
} cnn_panel;

/* Adds the chart to the text. What cannot be shown (not finite, or not positive on a logarithmic
   axis) is left out of its curve. */
void cnn_chart(cnn_text *text, const char *title, const char *x_title, const cnn_panel *panels,
               int panel_count);

#endif
