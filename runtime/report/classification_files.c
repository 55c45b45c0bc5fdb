/* Classification as CSV and JSON. */
#include "report/classification.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* --- CSV -------------------------------------------------------------------------------------- */

static void add_result(cnn_text *text, const cnn_class_result *r) {
  cnn_text_add(text, ",%lld", (long long)r->images);
  if (cnn_class_is_used(r))
    cnn_text_add(text, ",%.9g,%.9g,%.9g\n", r->precision, r->recall, r->f1);
  else
    cnn_text_add(text, ",,,\n");
}

void cnn_classification_csv(cnn_text *text, const void *what) {
  const cnn_classification_report *report = what;
  const cnn_classification *c = report->of;
  cnn_text_add(text, "class,name,images,precision,recall,f1\n");
  for (int k = 0; k < c->classes; k++) {
    cnn_text_add(text, "%d,", k);
    cnn_text_add_csv(text, report->names[k]);
    add_result(text, &c->results[k]);
  }
  cnn_text_add(text, ",mean");
  add_result(text, &c->mean);
  cnn_text_add(text, ",weighted mean");
  add_result(text, &c->weighted);
}

static void add_label(cnn_text *text, const cnn_classification_report *report, int class) {
  if (*report->names[class])
    cnn_text_add_csv(text, report->names[class]);
  else
    cnn_text_add(text, "%d", class);
}

void cnn_confusion_csv(cnn_text *text, const void *what) {
  const cnn_classification_report *report = what;
  const cnn_classification *c = report->of;
  int64_t i = 0;
  cnn_text_add(text, "class");
  for (int k = 0; k < c->classes; k++) {
    cnn_text_add(text, ",");
    add_label(text, report, k);
  }
  cnn_text_add(text, "\n");
  for (int k = 0; k < c->classes; k++) {
    add_label(text, report, k);
    for (int predicted = 0; predicted < c->classes; predicted++) {
      const cnn_confusion *at = &c->confusion[i];
      const bool is = i < c->confusion_count && at->label == k && at->predicted == predicted;
      cnn_text_add(text, ",%lld", is ? (long long)at->images : 0);
      i += is;
    }
    cnn_text_add(text, "\n");
  }
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* Any bytes as a string. */
static cJSON *string_of(const char *bytes) {
  char *clean = cnn_text_utf8(bytes);
  cJSON *item = clean ? cJSON_CreateString(clean) : NULL;
  free(clean);
  return item;
}

static void add(cJSON *object, const char *key, double number) {
  cJSON_AddNumberToObject(object, key, number);
}

static void add_figures(cJSON *object, const cnn_class_result *r) {
  add(object, "precision", r->precision);
  add(object, "recall", r->recall);
  add(object, "f1", r->f1);
}

static cJSON *classes_of(const cnn_classification_report *report) {
  const cnn_classification *c = report->of;
  cJSON *classes = cJSON_CreateArray();
  for (int k = 0; k < c->classes; k++) {
    cJSON *item = cJSON_CreateObject();
    add(item, "class", k);
    if (*report->names[k]) cJSON_AddItemToObject(item, "name", string_of(report->names[k]));
    add(item, "images", (double)c->results[k].images);
    add(item, "predicted", (double)c->results[k].predicted);
    if (cnn_class_is_used(&c->results[k])) add_figures(item, &c->results[k]);
    cJSON_AddItemToArray(classes, item);
  }
  return classes;
}

static cJSON *calibration_of(const cnn_classification *c) {
  cJSON *calibration = cJSON_CreateObject();
  add(calibration, "ece", c->ece);
  add(calibration, "confidence", c->confidence);
  cJSON *bins = cJSON_AddArrayToObject(calibration, "bins");
  for (int i = 0; i < CNN_BINS; i++) {
    const cnn_bin *bin = &c->bins[i];
    cJSON *item = cJSON_CreateObject();
    add(item, "above", (double)i / CNN_BINS);
    add(item, "images", (double)bin->images);
    if (bin->images > 0) {
      add(item, "confidence", bin->confidence / (double)bin->images);
      add(item, "accuracy", (double)bin->right / (double)bin->images);
    }
    cJSON_AddItemToArray(bins, item);
  }
  return calibration;
}

static cJSON *confusion_of(const cnn_classification *c) {
  cJSON *confusion = cJSON_CreateArray();
  for (int64_t i = 0; i < c->confusion_count; i++) {
    const cnn_confusion *it = &c->confusion[i];
    cJSON *item = cJSON_CreateObject();
    add(item, "class", it->label);
    add(item, "predicted", it->predicted);
    add(item, "images", (double)it->images);
    cJSON_AddItemToArray(confusion, item);
  }
  return confusion;
}

static void add_means(cJSON *object, const char *key, const cnn_class_result *mean) {
  add_figures(cJSON_AddObjectToObject(object, key), mean);
}

bool cnn_classification_json(char **text, const cnn_classification_report *report) {
  const cnn_classification *c = report->of;
  const double images = c->images > 0 ? (double)c->images : 1;
  cJSON *root = cJSON_CreateObject();
  cJSON_AddItemToObject(root, "model", string_of(report->program));
  cJSON_AddItemToObject(root, "weights", string_of(report->weights));
  cJSON_AddItemToObject(root, "data", string_of(report->data));
  add(root, "images", (double)c->images);
  add(root, "loss", report->loss);
  add(root, "accuracy", (double)c->right / images);
  cJSON *top = cJSON_AddObjectToObject(root, "top");
  add(top, "classes", c->top);
  add(top, "accuracy", (double)c->top_right / images);
  add_means(root, "mean", &c->mean);
  add_means(root, "weighted_mean", &c->weighted);
  if (c->is_softmax) cJSON_AddItemToObject(root, "calibration", calibration_of(c));
  cJSON_AddItemToObject(root, "classes", classes_of(report));
  cJSON_AddItemToObject(root, "confusion", confusion_of(c));
  *text = cJSON_Print(root);
  cJSON_Delete(root);
  return *text != NULL;
}
