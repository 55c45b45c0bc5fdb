#include "report/gradient_flow.h"

#include "report/chart.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cnn_flow_is_weighted(const cnn_flow_row *row) {
  return strncmp(row->kind, "conv2d", 6) == 0 || strncmp(row->kind, "linear", 6) == 0;
}

/* --- CSV -------------------------------------------------------------------------------------- */

static const char HEADER[] =
    "model,layer,kind,activation,activation_gradient,weight,weight_gradient\n";
enum { TEXTS = 3, NUMBERS = 4 };

void cnn_flow_csv(cnn_text *text, const cnn_flow *flow) {
  cnn_text_add(text, "%s", HEADER);
  for (int i = 0; i < flow->count; i++) {
    const cnn_flow_row *row = &flow->rows[i];
    const double numbers[NUMBERS] = {row->activation, row->activation_gradient, row->weight,
                                     row->weight_gradient};
    cnn_text_add(text, "%s,%s,%s", flow->model, row->layer, row->kind);
    for (int k = 0; k < NUMBERS; k++)
      cnn_text_add(text, isnan(numbers[k]) ? "," : ",%.6g", numbers[k]);
    cnn_text_add(text, "\n");
  }
}

/* Parses a line. */
static bool parse_row(char *line, char model[CNN_FLOW_NAME], cnn_flow_row *row) {
  char *texts[TEXTS] = {model, row->layer, row->kind};
  double *numbers[NUMBERS] = {&row->activation, &row->activation_gradient, &row->weight,
                              &row->weight_gradient};
  line[strcspn(line, "\r\n")] = '\0';
  for (int i = 0; i < TEXTS + NUMBERS; i++) {
    char *field = strsep(&line, ","), *end = NULL;
    if (!field) return false;
    if (i < TEXTS) {
      /* Names go into a picture, where these are markup. */
      if (!*field || strpbrk(field, "<>&\"")) return false;
      if (snprintf(texts[i], CNN_FLOW_NAME, "%s", field) >= CNN_FLOW_NAME) return false;
    } else {
      double value = strtod(field, &end);
      if (*end) return false;
      *numbers[i - TEXTS] = *field ? value : NAN;
    }
  }
  return !line;
}

static bool load_rows(cnn_flow *flow, FILE *file, char **line, size_t *size) {
  if (getline(line, size, file) < 0 || strcmp(*line, HEADER) != 0) return false;
  while (getline(line, size, file) >= 0) {
    cnn_flow_row *rows = realloc(flow->rows, ((size_t)flow->count + 1) * sizeof *rows);
    if (!rows) return false;
    flow->rows = rows;
    if (!parse_row(*line, flow->model, &rows[flow->count])) return false;
    flow->count++;
  }
  return flow->count > 0;
}

bool cnn_flow_load(cnn_flow *flow, const char *path, cnn_error *error) {
  *flow = (cnn_flow){0};
  FILE *file = fopen(path, "re");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  char *line = NULL;
  size_t size = 0;
  bool good = load_rows(flow, file, &line, &size);
  free(line);
  fclose(file);
  if (good) return true;
  free(flow->rows);
  flow->rows = NULL;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: not a table of gradflow; `PROGRAM gradflow --out FOLDER` writes one, "
                  "FOLDER/gradflow.csv",
                  path);
}

/* --- the chart -------------------------------------------------------------------------------- */

void cnn_flow_drop_unweighted(cnn_flow *flow) {
  int kept = 0;
  for (int i = 0; i < flow->count; i++)
    if (cnn_flow_is_weighted(&flow->rows[i])) flow->rows[kept++] = flow->rows[i];
  flow->count = kept;
}

static void add_series(cnn_panel *panel, const cnn_flow *flow, const double *column) {
  panel->series[panel->series_count++] =
      (cnn_series){flow->model, column, sizeof(cnn_flow_row), flow->count, 1};
}

void cnn_flow_chart(cnn_text *text, const cnn_flow *flow, const cnn_flow *other) {
  cnn_panel panels[] = {{.title = "RMS of activations", .logarithmic = true},
                        {.title = "of their gradients", .logarithmic = true},
                        {.title = "of gradients of weights", .logarithmic = true}};
  const cnn_flow *flows[CNN_SERIES_MAX] = {flow, other};
  for (int i = 0; i < CNN_SERIES_MAX && flows[i]; i++) {
    const cnn_flow_row *rows = flows[i]->rows;
    add_series(&panels[0], flows[i], &rows->activation);
    add_series(&panels[1], flows[i], &rows->activation_gradient);
    add_series(&panels[2], flows[i], &rows->weight_gradient);
  }
  char title[2 * CNN_FLOW_NAME + 64];
  snprintf(title, sizeof title, "%s%s%s: activations and gradients by layer", flow->model,
           other ? " and " : "", other ? other->model : "");
  cnn_chart(text, title, "layer with weights", panels, 3);
}
