/* One step or inference on the parameters and images of a file, for comparing with a generated
   program. */
#include "generic.h"
#include "train/safetensors.h"

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
  if (images->dtype == CNN_DTYPE_OTHER)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: 'images' has a type that cannot be read",
                    from->path);
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

/* Running statistics come from the file for inference alone: a step begins with those of a net that
   has seen nothing, as the program that traced it did. */
static bool read_all(Net *net, const char *path, bool train, int *n, int32_t *labels,
                     cnn_error *error) {
  Source from = {.path = path};
  if (!cnn_safetensors_open(&from.file, path, error)) return false;
  bool good = read_images(net, &from, n, error) && read_labels(net, &from, *n, labels, error);
  for (int i = 0; good && i < net->tensor_count; i++) {
    const Tensor *tensor = &net->tensors[i];
    if (tensor->kind == TENSOR_PARAMETER || (tensor->kind == TENSOR_BUFFER && !train))
      good = copy(&from, tensor->name, tensor->count, tensor->data, error);
  }
  cnn_safetensors_close(&from.file);
  return good;
}

typedef struct Target {
  cnn_tensor *tensors;
  char (*names)[256];
  int count, n; /* n: images */
} Target;

static void add(Target *to, const char *before, const char *name, const char *behind,
                const Tensor *tensor, const float *data) {
  cnn_tensor *added = &to->tensors[to->count];
  snprintf(to->names[to->count], sizeof *to->names, "%s%s%s", before, name, behind);
  *added = (cnn_tensor){
      .name = to->names[to->count], .dtype = CNN_DTYPE_F32, .rank = tensor->rank, .data = data};
  for (int i = 0; i < tensor->rank; i++) added->shape[i] = tensor->dim[i];
  if (tensor->per_image) added->shape[0] = to->n;
  added->bytes = (size_t)cnn_tensor_count(added) * sizeof(float);
  to->count++;
}

/* Of a step: values, running statistics, gradients of what is trained, and magnitudes. Of
   inference: the values that it has. */
static void add_tensor(const Net *net, Target *to, const Tensor *tensor) {
  const float *data = NULL;
  const char *before = "";
  switch (tensor->kind) {
  case TENSOR_ACTIVATION:
    if (net->training || (tensor->feeds_output && tensor->per_image)) data = tensor->data;
    break;
  case TENSOR_BUFFER:
    if (net->training) data = tensor->data;
    break;
  case TENSOR_PARAMETER:
    if (net->training) data = tensor->gradient, before = "d";
    break;
  default:
    break;
  }
  if (data) add(to, before, tensor->name, "", tensor, data);
  if (data && tensor->magnitude)
    add(to, before, tensor->name, ".magnitude", tensor, tensor->magnitude);
}

static bool write_all(const Net *net, const char *path, cnn_error *error) {
  const size_t most = 2 * (size_t)net->tensor_count + 2;
  Target to = {.n = net->n};
  to.tensors = calloc(most, sizeof *to.tensors);
  to.names = calloc(most, sizeof *to.names);
  for (int i = 0; i < net->tensor_count; i++) add_tensor(net, &to, &net->tensors[i]);
  const float kink = net->training ? (float)kink_distance(net) : 0;
  const Tensor number = {.rank = 1, .dim = {1}};
  if (net->training) {
    add(&to, "", "loss", "", net->loss, net->loss->data);
    add(&to, "", "kink_distance", "", &number, &kink);
  } else {
    add(&to, "", "logits", "", net->output, net->output->data);
  }
  cnn_text header = {0};
  cnn_safetensors_header(&header, to.tensors, to.count, NULL, 0);
  header = (cnn_text){.data = malloc(header.used + 1), .size = header.used + 1};
  const bool good = cnn_safetensors_write(path, to.tensors, to.count, NULL, 0, &header, error);
  free(header.data), free(to.names), free(to.tensors);
  return good;
}

static int trace(Net *net, const char *in_path, const char *out_path, bool train) {
  cnn_error error = {0};
  int32_t labels[net->batch];
  int n = 0;
  net->without_dropout = true; /* other programs have other random numbers */
  bool good = read_all(net, in_path, train, &n, labels, &error);
  if (good) {
    net_forward(net, n, train ? labels : NULL);
    if (train) net_backward(net), magnitudes(net);
    good = write_all(net, out_path, &error);
  }
  if (good) return EXIT_DONE;
  fprintf(stderr, "cnn-generic: %s\n", error.message);
  return (int)error.code;
}

int trace_step(Net *net, const char *in_path, const char *out_path) {
  return trace(net, in_path, out_path, true);
}

int trace_infer(Net *net, const char *in_path, const char *out_path) {
  return trace(net, in_path, out_path, false);
}
