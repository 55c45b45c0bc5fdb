/* Line charts as SVG: panels in a row, up to CNN_SERIES_MAX curves in each. */
#ifndef CNN_CHART_H
#define CNN_CHART_H

#include "core/text.h"

#include <stdbool.h>

typedef struct cnn_series {
  const char *name;
  const double *values; /* the first; the next is `stride` bytes further */
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
  double x_first, x_last; /* a logarithmic horizontal axis from the first value to the last of the
                             longest curve; 0: values have numbers 1, 2, 3... */
  bool marked;
  int mark; /* a value of the last curve that has a dot and its x as text */
} cnn_panel;

/* Adds the chart to the text. A curve omits values that are not finite, or not positive on a
   logarithmic axis. */
void cnn_chart(cnn_text *text, const char *title, const char *x_title, const cnn_panel *panels,
               int panel_count);

#endif
