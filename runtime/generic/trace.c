/* One step on the parameters and images of a file, for comparing with a generated program. */
#include "generic.h"
#include "safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Source {
  const char *path;
  cnn_safetensors file;
} Source;

/* A tensor of the file that has `count` elements; else an error. */
static const cnn_tensor *want(const Source *from, const char *name, int64_t count,
                              cnn_error *error) {
  const cnn_tensor *tensor = cnn_safetensors_find(&from->file, name);
  if (!tensor)
    cnn_fail(error, CNN_EXIT_DATA, "%s: no tensor '%s'", from->path, name);
  else if (cnn_tensor_count(tensor) != count || tensor->dtype == CNN_DTYPE_OTHER)
    cnn_fail(error, CNN_EXIT_DATA, "%s: '%s' should have %" PRId64 " numbers, not %" PRId64,
             from->path, name, count, cnn_tensor_count(tensor));
  else
    return tensor;
  return NULL;
}

static bool copy(const Source *from, const char *name, size_t count, float *to, cnn_error *error) {
  const cnn_tensor *tensor = want(from, name, (int64_t)count, error);
  for (size_t i = 0; tensor && i < count; i++) to[i] = (float)cnn_tensor_get(tensor, (int64_t)i);
  return tensor != NULL;
}

/* Pixel p of channel c becomes p * scale[c] + shift[c]. */
static bool read_images(Net *net, const Source *from, int *n, cnn_error *error) {
  const int channels = net->input[0];
  const int64_t plane = (int64_t)net->input[1] * net->input[2];
  const cnn_tensor *images = cnn_safetensors_find(&from->file, "images");
  const cnn_tensor *scale = want(from, "scale", channels, error);
  const cnn_tensor *shift = want(from, "shift", channels, error);
  if (!images) return cnn_fail(error, CNN_EXIT_DATA, "%s: no tensor 'images'", from->path);
  if (!scale || !shift) return false;
  *n = (int)images->shape[0];
  if (images->rank != 4 || *n < 1 || *n > net->batch ||
      cnn_tensor_count(images) != *n * channels * plane)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: 'images' should be 1 to %d images of %dx%dx%d",
                    from->path, net->batch, net->input[0], net->input[1], net->input[2]);
  for (int64_t i = 0; i < *n * channels * plane; i++) {
    const int64_t c = i / plane % channels;
    net->images->data[i] = (float)cnn_tensor_get(images, i) * (float)cnn_tensor_get(scale, c) +
                           (float)cnn_tensor_get(shift, c);
  }
  return true;
}

static bool read_labels(const Net *net, const Source *from, int n, int32_t *labels,
                        cnn_error *error) {
  const cnn_tensor *tensor = want(from, "labels", n, error);
  if (!tensor) return false;
  for (int i = 0; i < n; i++) {
    labels[i] = (int32_t)cnn_tensor_get(tensor, i);
    if (labels[i] < 0 || labels[i] >= net->output->dim[1])
      return cnn_fail(error, CNN_EXIT_DATA, "%s: label %d of image %d is not a class", from->path,
                      labels[i], i);
  }
  return true;
}

static bool read_all(Net *net, const char *path, int *n, int32_t *labels, cnn_error *error) {
  Source from = {.path = path};
  if (!cnn_safetensors_open(&from.file, path, error)) return false;
  bool good = read_images(net, &from, n, error) && read_labels(net, &from, *n, labels, error);
  for (int i = 0; good && i < net->tensor_count; i++) {
    const Tensor *tensor = &net->tensors[i];
    if (tensor->kind == TENSOR_PARAMETER)
      good = copy(&from, tensor->name, tensor->count, tensor->data, error);
  }
  cnn_safetensors_close(&from.file);
  return good;
}

/* A tensor of the file to write: n images of an activation, or all of a parameter's gradient. */
static cnn_tensor describe(const Tensor *tensor, const char *name, const float *data, int n) {
  cnn_tensor described = {.name = name, .dtype = CNN_DTYPE_F32, .rank = tensor->rank, .data = data};
  for (int i = 0; i < tensor->rank; i++) described.shape[i] = tensor->dim[i];
  if (tensor->kind != TENSOR_PARAMETER) described.shape[0] = n;
  described.bytes = (size_t)cnn_tensor_count(&described) * sizeof(float);
  return described;
}

static bool write_all(const Net *net, const char *path, cnn_error *error) {
  enum { NAME = 256 };
  cnn_tensor *tensors = calloc((size_t)net->tensor_count, sizeof *tensors);
  char(*names)[NAME] = calloc((size_t)net->tensor_count, sizeof *names);
  int count = 0;
  for (int i = 0; i < net->tensor_count; i++) {
    const Tensor *tensor = &net->tensors[i];
    const bool parameter = tensor->kind == TENSOR_PARAMETER;
    if (!parameter && tensor->kind != TENSOR_ACTIVATION && tensor->kind != TENSOR_LOSS) continue;
    snprintf(names[count], NAME, "%s%s", parameter ? "d" : "",
             tensor->kind == TENSOR_LOSS ? "loss" : tensor->name);
    tensors[count] =
        describe(tensor, names[count], parameter ? tensor->gradient : tensor->data, net->n);
    count++;
  }
  cnn_text header = {0};
  cnn_safetensors_header(&header, tensors, count, NULL, 0);
  header = (cnn_text){.data = malloc(header.used + 1), .size = header.used + 1};
  const bool good = cnn_safetensors_write(path, tensors, count, NULL, 0, &header, error);
  free(header.data), free(names), free(tensors);
  return good;
}

int trace_step(Net *net, const char *in_path, const char *out_path) {
  cnn_error error = {0};
  int32_t labels[net->batch];
  int n = 0;
  if (!read_all(net, in_path, &n, labels, &error)) {
    fprintf(stderr, "cnn-generic: %s\n", error.message);
    return (int)error.code;
  }
  net_forward(net, n, labels, false); /* dropout off: its random numbers are nobody else's */
  net_backward(net);
  if (write_all(net, out_path, &error)) return EXIT_DONE;
  fprintf(stderr, "cnn-generic: %s\n", error.message);
  return (int)error.code;
}
