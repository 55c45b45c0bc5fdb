#include "train/checkpoint.h"

#include "core/real.h"
#include "core/text.h"
#include "train/checkpoint_match.h"
#include "train/layer_names.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBERS_TEXT = CNN_CHANNELS_MAX * 32 };

/* "0.5,0.25", exact. */
static void print_numbers(char *text, size_t size, const double *numbers, int count) {
  cnn_text out = {.data = text, .size = size};
  text[0] = '\0';
  for (int i = 0; i < count; i++) cnn_text_add(&out, i ? ",%.17g" : "%.17g", numbers[i]);
}

static bool parse_numbers(const char *text, double *numbers, int count) {
  if (!text) return false;
  for (int i = 0; i < count; i++) {
    char *end;
    numbers[i] = strtod(text, &end);
    if (end == text || *end != (i + 1 < count ? ',' : '\0') || !isfinite(numbers[i])) return false;
    text = end + 1;
  }
  return true;
}

typedef struct labels {
  char epoch[16], seed[24], mean[NUMBERS_TEXT], deviation[NUMBERS_TEXT];
  cnn_metadata entries[6];
  int count;
} labels;

static void make_labels(labels *to, const cnn_model *model, const cnn_checkpoint *checkpoint) {
  const cnn_normalization *normalization = &checkpoint->normalization;
  snprintf(to->epoch, sizeof to->epoch, "%d", checkpoint->epoch);
  snprintf(to->seed, sizeof to->seed, "%llu", (unsigned long long)checkpoint->seed);
  print_numbers(to->mean, sizeof to->mean, normalization->mean, normalization->channels);
  print_numbers(to->deviation, sizeof to->deviation, normalization->deviation,
                normalization->channels);
  to->entries[0] = (cnn_metadata){"model", model->name};
  to->entries[1] = (cnn_metadata){"epoch", to->epoch};
  to->entries[2] = (cnn_metadata){"seed", to->seed};
  to->count = 3;
  if (normalization->channels > 0) {
    to->entries[to->count++] = (cnn_metadata){"mean", to->mean};
    to->entries[to->count++] = (cnn_metadata){"deviation", to->deviation};
  }
  if (checkpoint->classes)
    to->entries[to->count++] = (cnn_metadata){"classes", checkpoint->classes};
}

size_t cnn_checkpoint_header_bytes(const cnn_model *model, const char *classes) {
  enum { ESCAPED = 6 }; /* bytes of a character as \u001f */
  static cnn_tensor tensors[CNN_PARAMETERS_MAX];
  for (int i = 0; i < model->parameter_count; i++)
    cnn_checkpoint_describe(&tensors[i], model, &model->parameters[i], NULL);
  cnn_text text = {0};
  cnn_safetensors_header(&text, tensors, model->parameter_count, NULL, 0);
  size_t names = classes ? ESCAPED * strlen(classes) : 0;
  return text.used + strlen(model->name) + sizeof(labels) + names + 256;
}

bool cnn_checkpoint_save(const char *path, const cnn_model *model, void *parameters,
                         const cnn_checkpoint *checkpoint, cnn_text *header, cnn_error *error) {
  static cnn_tensor tensors[CNN_PARAMETERS_MAX];
  for (int i = 0; i < model->parameter_count; i++)
    cnn_checkpoint_describe(&tensors[i], model, &model->parameters[i], parameters);
  labels text;
  make_labels(&text, model, checkpoint);
  return cnn_safetensors_write(path, tensors, model->parameter_count, text.entries, text.count,
                               header, error);
}

/* The normalisation of the images; unchanged if the file has none, as files of other programs. */
static bool read_normalization(const cnn_safetensors *file, const char *path,
                               const cnn_model *model, cnn_normalization *normalization,
                               cnn_error *error) {
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  const int channels = model->input[0];
  const char *means = cnn_safetensors_metadata(file, "mean");
  const char *deviations = cnn_safetensors_metadata(file, "deviation");
  if (!means && !deviations) return true;
  bool good =
      parse_numbers(means, mean, channels) && parse_numbers(deviations, deviation, channels);
  for (int c = 0; good && c < channels; c++) good = deviation[c] > 0;
  if (!good)
    return cnn_fail(
        error, CNN_EXIT_DATA,
        "%s: its normalisation (metadata 'mean' and 'deviation') must be %d number%s "
        "each with commas between, deviations above 0; use another copy, or one without "
        "these entries",
        path, channels, cnn_plural(channels));
  *normalization = cnn_normalization_given(channels, mean, deviation);
  return true;
}

static bool read_labels(const cnn_safetensors *file, const char *path, const cnn_model *model,
                        cnn_checkpoint *checkpoint, cnn_error *error) {
  *checkpoint = (cnn_checkpoint){0};
  const char *epoch = cnn_safetensors_metadata(file, "epoch");
  const char *seed = cnn_safetensors_metadata(file, "seed");
  if (epoch) checkpoint->epoch = (int)strtol(epoch, NULL, 10);
  if (seed) checkpoint->seed = strtoull(seed, NULL, 10);
  return read_normalization(file, path, model, &checkpoint->normalization, error);
}

static bool open_checkpoint(cnn_safetensors *file, const char *path, const cnn_model *model,
                            cnn_error *error) {
  if (access(path, F_OK) != 0 && errno == ENOENT)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: %s; name a checkpoint, or train first: `%s train DIR` writes "
                    "runs/%s/last.safetensors",
                    path, strerror(ENOENT), model->name, model->run);
  return cnn_safetensors_open(file, path, error);
}

static void strip_prefix(cnn_safetensors *file, const char *path, const cnn_model *model) {
  int length;
  const char *prefix = cnn_checkpoint_strip_prefix(file, model, &length);
  if (prefix)
    fprintf(stderr, "%s: %s: all names begin with '%.*s', which is ignored\n", model->name, path,
            length, prefix);
}

/* A parameter of the model, from the tensor of its name and shape. */
static bool load_parameter(const cnn_safetensors *file, const char *path, const cnn_model *model,
                           const cnn_parameter *parameter, void *parameters, cnn_error *error) {
  const cnn_tensor *tensor = cnn_safetensors_find(file, parameter->name);
  int64_t count = cnn_tensor_count(tensor);
  for (int64_t k = 0; k < count; k++) {
    double number = cnn_tensor_get(tensor, k);
    if (!isfinite(model->real_bytes == 8 ? number : (double)(float)number))
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s: element %lld of '%s' is not a finite number; use a checkpoint of a "
                      "training that did not diverge",
                      path, (long long)k, parameter->name);
    cnn_real_set(model, parameters, parameter->offset + (size_t)k, number);
  }
  return true;
}

bool cnn_checkpoint_load_but(const char *path, const cnn_model *model, const char *reinit,
                             void *parameters, cnn_checkpoint *checkpoint, cnn_error *error) {
  cnn_safetensors file;
  if (!open_checkpoint(&file, path, model, error)) return false;
  strip_prefix(&file, path, model);
  bool good = cnn_checkpoint_match(&file, path, model, reinit, error) &&
              cnn_safetensors_check_data(&file, path, error);
  for (int i = 0; good && i < model->parameter_count; i++)
    good = cnn_is_of_layers(model->parameters[i].name, reinit) ||
           load_parameter(&file, path, model, &model->parameters[i], parameters, error);
  good = good && read_labels(&file, path, model, checkpoint, error);
  cnn_safetensors_close(&file);
  return good;
}

bool cnn_checkpoint_load(const char *path, const cnn_model *model, void *parameters,
                         cnn_checkpoint *checkpoint, cnn_error *error) {
  return cnn_checkpoint_load_but(path, model, NULL, parameters, checkpoint, error);
}

bool cnn_checkpoint_classes(const char *path, const cnn_model *model, char **classes,
                            cnn_error *error) {
  cnn_safetensors file;
  *classes = NULL;
  if (!open_checkpoint(&file, path, model, error)) return false;
  const char *text = cnn_safetensors_metadata(&file, "classes");
  bool named = text && *text;
  if (named) *classes = strdup(text);
  cnn_safetensors_close(&file);
  return !named || *classes || cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
}
