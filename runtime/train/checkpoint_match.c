#include "train/checkpoint_match.h"

#include "core/real.h"
#include "core/text.h"
#include "train/layer_names.h"

#include <string.h>

enum { DIFFERENCES_SHOWN = 5 };

void cnn_checkpoint_describe(cnn_tensor *tensor, const cnn_model *model,
                             const cnn_parameter *parameter, void *parameters) {
  *tensor = (cnn_tensor){
      .name = parameter->name,
      .dtype = model->real_bytes == 8 ? CNN_DTYPE_F64 : CNN_DTYPE_F32,
      .rank = parameter->rank,
      .data = parameters ? cnn_real_at(model, parameters, parameter->offset) : NULL,
      .bytes = cnn_parameter_count(parameter) * (size_t)model->real_bytes,
  };
  for (int i = 0; i < parameter->rank; i++) tensor->shape[i] = parameter->shape[i];
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

/* Every layer of `reinit` exists, in the model or in the file. */
static bool check_reinit(const cnn_safetensors *file, const char *path, const cnn_model *model,
                         const char *reinit, cnn_error *error) {
  for (const char *layer = NULL; (layer = cnn_next_layer(reinit, layer));) {
    int length = (int)strcspn(layer, ",");
    bool known = false;
    for (int i = 0; i < model->parameter_count && !known; i++)
      known = cnn_is_of_layer(model->parameters[i].name, layer, (size_t)length);
    for (int i = 0; i < file->count && !known; i++)
      known = cnn_is_of_layer(file->tensors[i].name, layer, (size_t)length);
    if (!known)
      return cnn_fail(error, CNN_EXIT_USAGE,
                      "--reinit %.*s: neither the model nor %s has a layer of this name", length,
                      layer, path);
  }
  return true;
}

/* Counters that are ignored: of the batches of PyTorch's batch norm, and of AveragedModel. */
static bool is_counter(const char *name) {
  static const char suffix[] = ".num_batches_tracked";
  size_t length = strlen(name);
  if (strcmp(name, "n_averaged") == 0) return true;
  return length >= sizeof suffix && strcmp(name + length + 1 - sizeof suffix, suffix) == 0;
}

/* The length of what stands in front of `wanted` in `name`: "module." before "fc.bias"; 0: nothing,
   or `name` ends otherwise. */
static size_t prefix_before(const char *name, const char *wanted) {
  const size_t length = strlen(name), end = strlen(wanted);
  if (length <= end || strcmp(name + length - end, wanted) != 0) return 0;
  return name[length - end - 1] == '.' ? length - end : 0;
}

static bool all_have_prefix(const cnn_safetensors *file, const char *prefix, size_t length) {
  for (int i = 0; i < file->count; i++)
    if (strncmp(file->tensors[i].name, prefix, length) != 0 && !is_counter(file->tensors[i].name))
      return false;
  return true;
}

const char *cnn_checkpoint_strip_prefix(cnn_safetensors *file, const cnn_model *model,
                                        int *prefix_length) {
  const char *prefix = NULL;
  size_t length = 0;
  for (int k = 0; k < model->parameter_count && length == 0; k++) {
    const char *wanted = model->parameters[k].name;
    if (cnn_safetensors_find(file, wanted)) return NULL;
    for (int i = 0; i < file->count && length == 0; i++) {
      prefix = file->tensors[i].name;
      length = prefix_before(prefix, wanted);
    }
  }
  if (length == 0 || !all_have_prefix(file, prefix, length)) return NULL;
  for (int i = 0; i < file->count; i++)
    if (strncmp(file->tensors[i].name, prefix, length) == 0) file->tensors[i].name += length;
  *prefix_length = (int)length;
  return prefix;
}

static bool compare(const cnn_safetensors *file, const char *path, const cnn_model *model,
                    const char *reinit, cnn_error *error) {
  char buffer[1500] = "";
  cnn_text list = {.data = buffer, .size = sizeof buffer};
  int differences = 0;
  for (int i = 0; i < model->parameter_count; i++) {
    cnn_tensor wanted;
    if (cnn_is_of_layers(model->parameters[i].name, reinit)) continue;
    cnn_checkpoint_describe(&wanted, model, &model->parameters[i], NULL);
    compare_parameter(file, &wanted, &list, &differences);
  }
  end_differences(&list, differences);
  int foreign = 0;
  for (int i = 0; i < file->count; i++) {
    const char *name = file->tensors[i].name;
    bool known = is_counter(name) || cnn_is_of_layers(name, reinit);
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

bool cnn_checkpoint_match(const cnn_safetensors *file, const char *path, const cnn_model *model,
                          const char *reinit, cnn_error *error) {
  return check_reinit(file, path, model, reinit, error) &&
         compare(file, path, model, reinit, error);
}
