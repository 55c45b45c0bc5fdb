#include "report/prediction.h"

#include "core/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Into best[top]: the classes with the highest logits. */
static void rank(const cnn_prediction_out *o, const float *logits, int best[CNN_PREDICTION_TOP]) {
  for (int rank = 0; rank < o->top; rank++) {
    best[rank] = -1;
    for (int k = 0; k < o->model->classes; k++) {
      bool taken = false;
      for (int r = 0; r < rank; r++) taken |= best[r] == k;
      if (!taken && (best[rank] < 0 || logits[k] > logits[best[rank]])) best[rank] = k;
    }
  }
}

static bool has_probabilities(const cnn_prediction_out *o) {
  return o->model->loss == CNN_SOFTMAX_CROSS_ENTROPY;
}

/* The probability of a class, or the logit if the loss does not make logits probabilities. */
static double score(const cnn_prediction_out *o, const float *logits, int class) {
  if (!has_probabilities(o)) return logits[class];
  double sum = 0;
  for (int k = 0; k < o->model->classes; k++) sum += exp((double)logits[k] - logits[class]);
  return 1 / sum;
}

/* Prints any bytes, as UTF-8 or as a field of CSV. */
static void print(FILE *out, void (*add)(cnn_text *text, const char *bytes), const char *bytes) {
  cnn_text text = {0};
  add(&text, bytes);
  text.size = text.used + 1;
  text.used = 0;
  text.data = calloc(text.size, 1);
  if (text.data) add(&text, bytes);
  fprintf(out, "%s", text.data ? text.data : "?");
  free(text.data);
}

/* --- text ------------------------------------------------------------------------------------- */

/* A class by its name, or its number where it has none. */
static void print_class(const cnn_prediction_out *o, int class, int columns) {
  if (*o->names[class])
    print(o->out, cnn_text_add_utf8, o->names[class]);
  else
    fprintf(o->out, "%*d", columns, class);
}

static void add_text(const cnn_prediction_out *o, const cnn_prediction *row, const int *best) {
  print(o->out, cnn_text_add_utf8, row->image);
  const int length = (int)strlen(row->image);
  fprintf(o->out, "%*s", o->width > length ? o->width - length : 0, "");
  for (int rank = 0; rank < o->top; rank++) {
    const double value = score(o, row->logits, best[rank]);
    fprintf(o->out, "  ");
    print_class(o, best[rank], 3);
    if (has_probabilities(o))
      fprintf(o->out, " %6.2f %%", 100 * value);
    else
      fprintf(o->out, " %8.4f", value);
  }
  if (row->label >= 0) {
    fprintf(o->out, "  %s (is ", best[0] == row->label ? "right" : "wrong");
    print_class(o, row->label, 1);
    fprintf(o->out, ")");
  }
  fprintf(o->out, "\n");
}

static void add_text_error(const cnn_prediction_out *o, const cnn_prediction *row) {
  fflush(o->out);
  fprintf(stderr, "%s: ", o->model->name);
  print(stderr, cnn_text_add_utf8, row->error);
  fprintf(stderr, "\n");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add_string(cJSON *object, const char *key, const char *bytes) {
  char *clean = cnn_text_utf8(bytes);
  if (clean) cJSON_AddStringToObject(object, key, clean);
  free(clean);
}

static void add_class(cJSON *object, const cnn_prediction_out *o, const char *key, int class) {
  cJSON_AddNumberToObject(object, key, class);
  if (*o->names[class]) add_string(object, "name", o->names[class]);
}

static void add_json(const cnn_prediction_out *o, const cnn_prediction *row, const int *best) {
  cJSON *object = cJSON_CreateObject();
  add_string(object, "image", row->image);
  if (row->error) add_string(object, "error", row->error);
  cJSON *classes = row->error ? NULL : cJSON_AddArrayToObject(object, "classes");
  for (int rank = 0; classes && rank < o->top; rank++) {
    cJSON *item = cJSON_CreateObject();
    add_class(item, o, "class", best[rank]);
    cJSON_AddNumberToObject(item, has_probabilities(o) ? "probability" : "logit",
                            score(o, row->logits, best[rank]));
    cJSON_AddItemToArray(classes, item);
  }
  if (!row->error && row->label >= 0) {
    cJSON_AddNumberToObject(object, "label", row->label);
    cJSON_AddBoolToObject(object, "right", row->label == best[0]);
  }
  char *line = cJSON_PrintUnformatted(object);
  fprintf(o->out, "%s\n", line ? line : "{\"error\":\"no memory\"}");
  free(line);
  cJSON_Delete(object);
}

/* --- CSV -------------------------------------------------------------------------------------- */

static void begin_csv(const cnn_prediction_out *o) {
  fprintf(o->out, "image,error,label");
  for (int rank = 1; rank <= o->top; rank++)
    fprintf(o->out, ",class%d,name%d,%s%d", rank, rank,
            has_probabilities(o) ? "probability" : "logit", rank);
  fprintf(o->out, "\n");
}

static void add_csv(const cnn_prediction_out *o, const cnn_prediction *row, const int *best) {
  print(o->out, cnn_text_add_csv, row->image);
  fprintf(o->out, ",");
  if (row->error) print(o->out, cnn_text_add_csv, row->error);
  fprintf(o->out, ",");
  if (!row->error && row->label >= 0) fprintf(o->out, "%d", row->label);
  for (int rank = 0; rank < o->top; rank++) {
    if (row->error) {
      fprintf(o->out, ",,,");
      continue;
    }
    fprintf(o->out, ",%d,", best[rank]);
    print(o->out, cnn_text_add_csv, o->names[best[rank]]);
    fprintf(o->out, ",%.9g", score(o, row->logits, best[rank]));
  }
  fprintf(o->out, "\n");
}

/* --- all -------------------------------------------------------------------------------------- */

void cnn_prediction_begin(const cnn_prediction_out *o) {
  if (o->form == CNN_PREDICTION_CSV) begin_csv(o);
}

void cnn_prediction_add(const cnn_prediction_out *o, const cnn_prediction *row) {
  int best[CNN_PREDICTION_TOP] = {0};
  if (!row->error) rank(o, row->logits, best);
  if (o->form == CNN_PREDICTION_JSON)
    add_json(o, row, best);
  else if (o->form == CNN_PREDICTION_CSV)
    add_csv(o, row, best);
  else if (row->error)
    add_text_error(o, row);
  else
    add_text(o, row, best);
}
