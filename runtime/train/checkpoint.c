#include "train/checkpoint.h"

#include "core/real.h"
#include "core/text.h"
#include "train/safetensors.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIFFERENCES_SHOWN = 5, NUMBERS_TEXT = CNN_CHANNELS_MAX * 32 };

static void describe(cnn_tensor *tensor, const cnn_model *model, const cnn_parameter *parameter,
                     void *parameters) {
  *tensor = (cnn_tensor){
      .name = parameter->name,
      .dtype = model->real_bytes == 8 ? CNN_DTYPE_F64 : CNN_DTYPE_F32,
      .rank = parameter->rank,
      .data = parameters ? cnn_real_at(model, parameters, parameter->offset) : NULL,
      .bytes = cnn_parameter_count(parameter) * (size_t)model->real_bytes,
  };
  for (int i = 0; i < parameter->rank; i++) tensor->shape[i] = parameter->shape[i];
}

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
    describe(&tensors[i], model, &model->parameters[i], NULL);
  cnn_text text = {0};
  cnn_safetensors_header(&text, tensors, model->parameter_count, NULL, 0);
  size_t names = classes ? ESCAPED * strlen(classes) : 0;
  return text.used + strlen(model->name) + sizeof(labels) + names + 256;
}

bool cnn_checkpoint_save(const char *path, const cnn_model *model, void *parameters,
                         const cnn_checkpoint *checkpoint, cnn_text *header, cnn_error *error) {
  static cnn_tensor tensors[CNN_PARAMETERS_MAX];
  for (int i = 0; i < model->parameter_count; i++)
    describe(&tensors[i], model, &model->parameters[i], parameters);
  labels text;
  make_labels(&text, model, checkpoint);
  return cnn_safetensors_write(path, tensors, model->parameter_count, text.entries, text.count,
                               header, error);
}

static void print_shape(cnn_text *text, const cnn_tensor *tensor) {
  cnn_text_add(text, "[");
  for (int i = 0; i < tensor->rank; i++)
    cnn_text_add(text, i ? ",%lld" : "%lld", (long long)tensor->shape[i]);
  cnn_text_add(text, "]");
}

/* Begins the next line of the list of differences; false after DIFFERENCES_SHOWN. */
static bool next_difference(cnn_text *list, int *differences) {
  if (++*differences > DIFFERENCES_SHOWN) return false;
  cnn_text_add(list, "\n  ");
  return true;
}

/* Adds how many differences are not shown. */
static void end_differences(cnn_text *list, int differences) {
  if (differences > DIFFERENCES_SHOWN)
    cnn_text_add(list, "\n  and %d more", differences - DIFFERENCES_SHOWN);
}

static void compare_parameter(const cnn_safetensors *file, const cnn_tensor *wanted, cnn_text *list,
                              int *differences) {
  const cnn_tensor *found = cnn_safetensors_find(file, wanted->name);
  bool same = found && found->rank == wanted->rank &&
              memcmp(found->shape, wanted->shape, sizeof found->shape) == 0;
  bool readable = found && cnn_dtype_is_real(found->dtype);
  if ((same && readable) || !next_difference(list, differences)) return;
  cnn_text_add(list, "%s: ", wanted->name);
  if (!found) {
    cnn_text_add(list, "not in the file");
  } else if (!same) {
    print_shape(list, found);
    cnn_text_add(list, " in the file, ");
    print_shape(list, wanted);
    cnn_text_add(list, " in the model");
  } else {
    cnn_text_add(list, "not of type F32, F64, F16 or BF16");
  }
}

/* Whether a parameter's name begins with a layer's: "fc" is of fc.weight, and of fc.0.bias. */
static bool is_of_layer(const char *name, const char *layer, size_t length) {
  return strncmp(name, layer, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

/* The first of names with commas between, or the one after `layer`; NULL: no more. */
static const char *next_layer(const char *reinit, const char *layer) {
  const char *next = layer ? strchr(layer, ',') : reinit;
  if (layer && next) next++;
  return next && *next ? next : NULL;
}

/* Whether it is of one of the layers; reinit may be NULL. */
static bool is_reinit(const char *name, const char *reinit) {
  for (const char *layer = NULL; (layer = next_layer(reinit, layer));)
    if (is_of_layer(name, layer, strcspn(layer, ","))) return true;
  return false;
}

/* Every layer of `reinit` exists, in the model or in the file. */
static bool check_reinit(const cnn_safetensors *file, const char *path, const cnn_model *model,
                         const char *reinit, cnn_error *error) {
  for (const char *layer = NULL; (layer = next_layer(reinit, layer));) {
    int length = (int)strcspn(layer, ",");
    bool known = false;
    for (int i = 0; i < model->parameter_count && !known; i++)
      known = is_of_layer(model->parameters[i].name, layer, (size_t)length);
    for (int i = 0; i < file->count && !known; i++)
      known = is_of_layer(file->tensors[i].name, layer, (size_t)length);
    if (!known)
      return cnn_fail(error, CNN_EXIT_USAGE,
                      "--reinit %.*s: neither the model nor %s has a layer of this name", length,
                      layer, path);
  }
  return true;
}

/* PyTorch's batch norm counts its batches; the counter is ignored. */
static bool is_counter(const char *name) {
  static const char suffix[] = ".num_batches_tracked";
  size_t length = strlen(name);
  return length >= sizeof suffix && strcmp(name + length + 1 - sizeof suffix, suffix) == 0;
}

static bool compare(const cnn_safetensors *file, const char *path, const cnn_model *model,
                    const char *reinit, cnn_error *error) {
  char buffer[1500] = "";
  cnn_text list = {.data = buffer, .size = sizeof buffer};
  int differences = 0;
  for (int i = 0; i < model->parameter_count; i++) {
    cnn_tensor wanted;
    if (is_reinit(model->parameters[i].name, reinit)) continue;
    describe(&wanted, model, &model->parameters[i], NULL);
    compare_parameter(file, &wanted, &list, &differences);
  }
  end_differences(&list, differences);
  int foreign = 0;
  for (int i = 0; i < file->count; i++) {
    const char *name = file->tensors[i].name;
    bool known = is_counter(name) || is_reinit(name, reinit);
    for (int k = 0; k < model->parameter_count && !known; k++)
      known = strcmp(name, model->parameters[k].name) == 0;
    if (!known && next_difference(&list, &foreign))
      cnn_text_add(&list, "%s: not in the model", name);
  }
  end_differences(&list, foreign);
  if (differences + foreign == 0) return true;
  if (reinit)
    cnn_text_add(&list, "\nor initialise the layers that differ with --reinit LAYER,LAYER...");
  const char *maker = cnn_safetensors_metadata(file, "model");
  if (maker && strcmp(maker, model->name) == 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: a checkpoint of a %s with other layers; use one that this program made:%s",
                    path, maker, buffer);
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: a checkpoint of another model (%s) than %s; use one of this network:%s",
                  path, maker ? maker : "unnamed", model->name, buffer);
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
                    path, strerror(ENOENT), model->name, model->name);
  return cnn_safetensors_open(file, path, error);
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
  bool good = check_reinit(&file, path, model, reinit, error) &&
              compare(&file, path, model, reinit, error) &&
              cnn_safetensors_check_data(&file, path, error);
  for (int i = 0; good && i < model->parameter_count; i++)
    good = is_reinit(model->parameters[i].name, reinit) ||
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
