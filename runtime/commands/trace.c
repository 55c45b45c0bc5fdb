/* `trace`: one step, with all its inputs and results in one safetensors file, so that tests can
   compare it with another implementation. */
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/guarded.h"
#include "core/initialize.h"
#include "core/layout.h"
#include "core/random.h"
#include "core/real.h"
#include "core/session.h"
#include "data/files.h"
#include "train/checkpoint.h"
#include "train/gradients.h"
#include "train/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  const char *out, *images;
  int steps;
  bool integers, infer;
} options;

static const cnn_option OPTIONS[] = {
    {"out", 'o', "FILE", "The safetensors file to write", CNN_TEXT, offsetof(options, out), 0, 0,
     NULL},
    {"images", 0, "FILE",
     "A safetensors file with images U8 [n,C,H,W] and labels I32 or I64 [n] (default: N random "
     "ones)",
     CNN_TEXT, offsetof(options, images), 0, 0, NULL},
    {"integers", 0, NULL, "Weights -1, 0, 1 and pixels -1 to 2, so that small nets are exact",
     CNN_FLAG, offsetof(options, integers), 0, 0, NULL},
    {"infer", 0, NULL, "Inference instead of gradients", CNN_FLAG, offsetof(options, infer), 0, 0,
     NULL},
    {"steps", 0, "N", "Training steps on the batch before (default: 0)", CNN_INTEGER,
     offsetof(options, steps), 0, INT32_MAX, NULL},
    {0}};

static void check(void *command_options, const struct argp_state *state) {
  const options *o = command_options;
  if (!o->out) argp_error(state, "name the file to write with --out FILE");
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tnsw",
    .operands = CNN_NO_OPERANDS,
    .check = check,
    .doc = "Run one step on a batch and write all of it: weights, gradients (d + name) of "
           "what is trained, images, "
           "labels, loss; with --infer the logits; in programs made with --keep-values also every "
           "value between.",
};

typedef struct trace {
  options o;
  cnn_session session;
  uint8_t *pixels;    /* [batch] images */
  cnn_kept kept;      /* values to write */
  void *guarded;      /* activations with guard pages, if the model wants them */
  char (*names)[256]; /* of gradients */
  double *plain;      /* room for all values, row-major, as reals */
  size_t plain_used;  /* reals */
  cnn_tensor *tensors;
  int tensor_count;
  cnn_text header;
} trace;

/* --- inputs ----------------------------------------------------------------------------------- */

static void fill_integers(const cnn_model *model, uint64_t seed, void *parameters) {
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    cnn_random random = cnn_random_stream(seed, parameter->name, 0);
    size_t count = cnn_parameter_count(parameter);
    for (size_t k = 0; k < count; k++)
      cnn_real_set(model, parameters, parameter->offset + k,
                   (double)cnn_random_below(&random, 3) - 1);
  }
}

static bool has_shape(const cnn_tensor *tensor, int rank, const int64_t *shape) {
  if (!tensor || tensor->rank != rank) return false;
  for (int i = 0; i < rank; i++)
    if (tensor->shape[i] != shape[i]) return false;
  return true;
}

static bool take_batch(trace *t, const cnn_safetensors *file, cnn_error *error) {
  const cnn_model *model = t->o.shared.model;
  const cnn_tensor *images = cnn_safetensors_find(file, "images");
  const cnn_tensor *labels = cnn_safetensors_find(file, "labels");
  int64_t n = images && images->rank > 0 ? images->shape[0] : 0;
  int64_t shape[4] = {n, model->input[0], model->input[1], model->input[2]};
  if (n < 1 || n > model->batch || !has_shape(images, 4, shape) || images->dtype != CNN_DTYPE_U8)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: needs 'images' of type U8 and shape [n,%d,%d,%d] with 1 to %d images",
                    t->o.images, model->input[0], model->input[1], model->input[2], model->batch);
  if (!has_shape(labels, 1, shape) ||
      (labels->dtype != CNN_DTYPE_I32 && labels->dtype != CNN_DTYPE_I64))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: needs 'labels' of type I32 or I64, one an image",
                    t->o.images);
  memcpy(t->pixels, images->data, images->bytes);
  for (int64_t i = 0; i < n; i++) {
    double label = cnn_tensor_get(labels, i);
    if (label < 0 || label >= model->classes)
      return cnn_fail(error, CNN_EXIT_DATA, "%s: label %lld is %g; classes are 0 to %d",
                      t->o.images, (long long)i, label, model->classes - 1);
    t->session.labels[i] = (int32_t)label;
    t->session.images[i] = t->pixels + (size_t)i * cnn_image_bytes(model);
  }
  t->session.batch.count = (int)n;
  return true;
}

static bool load_batch(trace *t, cnn_error *error) {
  cnn_safetensors file;
  if (!cnn_safetensors_open(&file, t->o.images, error)) return false;
  bool good = take_batch(t, &file, error);
  cnn_safetensors_close(&file);
  return good;
}

static void normalize(trace *t) {
  static const double mean = 0.3, deviation = 0.35; /* plausible ones, for any data */
  cnn_normalization *n = &t->session.normalization;
  cnn_session_normalize(&t->session, &(cnn_normalization){.channels = t->o.shared.model->input[0]});
  for (int c = 0; c < n->channels; c++) {
    n->scale[c] = t->o.integers ? 1 : (float)(1 / (255 * deviation));
    n->shift[c] = t->o.integers ? -1 : (float)(-mean / deviation);
  }
}

static bool prepare(trace *t, cnn_error *error) {
  enum { LEVELS = 256, FEW_LEVELS = 4 };
  const options *o = &t->o;
  const cnn_model *model = o->shared.model;
  cnn_session *session = &t->session;
  t->kept = o->infer ? cnn_kept_inference(model) : cnn_kept_training(model);
  cnn_session_plan(session, model, CNN_TO_TRAIN, o->shared.threads);
  size_t most = 2 * (size_t)model->parameter_count + (size_t)t->kept.count + 8;
  size_t values = 0;
  for (int i = 0; i < t->kept.count; i++) values += cnn_value_elements(&t->kept.values[i]);
  cnn_storage_want(&session->storage, &t->pixels, (size_t)model->batch, cnn_image_bytes(model));
  cnn_storage_want(&session->storage, &t->plain, values, (size_t)model->real_bytes);
  cnn_storage_want(&session->storage, &t->tensors, most, sizeof *t->tensors);
  cnn_storage_want(&session->storage, &t->names, (size_t)model->parameter_count, sizeof *t->names);
  if (!cnn_session_open(session, error)) return false;
  session->state.seed = o->shared.seed;
  normalize(t);
  if (o->images) {
    if (!load_batch(t, error)) return false;
  } else {
    cnn_session_fill_random(session, t->pixels, o->shared.count, o->integers ? FEW_LEVELS : LEVELS,
                            o->shared.seed);
  }
  if (o->shared.weights) {
    cnn_checkpoint start;
    return cnn_checkpoint_load(o->shared.weights, model, session->state.parameters, &start, error);
  }
  if (o->integers)
    fill_integers(model, o->shared.seed, session->state.parameters);
  else
    cnn_init_parameters(model, o->shared.seed, session->state.parameters);
  return true;
}

/* --- outputs ---------------------------------------------------------------------------------- */

static cnn_tensor *add(trace *t, const char *name, cnn_dtype dtype, int element_bytes,
                       const void *data, int rank, const int *shape) {
  for (int i = 0; i < t->tensor_count; i++) /* a name that two share is written once */
    if (strcmp(t->tensors[i].name, name) == 0) return NULL;
  cnn_tensor *tensor = &t->tensors[t->tensor_count++];
  *tensor = (cnn_tensor){.name = name, .dtype = dtype, .rank = rank, .data = data};
  for (int i = 0; i < rank; i++) tensor->shape[i] = shape[i];
  tensor->bytes = (size_t)cnn_tensor_count(tensor) * (size_t)element_bytes;
  return tensor;
}

static void add_parameters(trace *t, cnn_dtype real) {
  const cnn_model *model = t->o.shared.model;
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *p = &model->parameters[i];
    const cnn_state *state = &t->session.state;
    add(t, p->name, real, model->real_bytes, cnn_real_at(model, state->parameters, p->offset),
        p->rank, p->shape);
    if (t->o.infer || !p->trainable) continue;
    snprintf(t->names[i], sizeof t->names[i], "d%s", p->name);
    add(t, t->names[i], real, model->real_bytes, cnn_real_at(model, state->gradients, p->offset),
        p->rank, p->shape);
  }
}

static void add_values(trace *t, cnn_dtype real) {
  const cnn_model *model = t->o.shared.model;
  int count = t->session.batch.count;
  for (int i = 0; i < t->kept.count; i++) {
    const cnn_value *value = &t->kept.values[i];
    if (value->scratch) continue;
    void *plain = cnn_real_at(model, t->plain, t->plain_used);
    int rows = value->rank > 1 ? count : value->shape[0]; /* rank 1: statistics of channels */
    int shape[4] = {rows, value->shape[1], value->shape[2], value->shape[3]};
    cnn_value_plain(model, value, t->session.state.activations, rows, plain);
    t->plain_used += cnn_value_elements(value);
    add(t, value->name, real, model->real_bytes, plain, value->rank, shape);
  }
}

static bool write_trace(trace *t, cnn_error *error) {
  const cnn_model *model = t->o.shared.model;
  const cnn_batch *batch = &t->session.batch;
  const cnn_dtype real = model->real_bytes == 8 ? CNN_DTYPE_F64 : CNN_DTYPE_F32;
  int n = batch->count, channels = model->input[0];
  int images[4] = {n, channels, model->input[1], model->input[2]};
  add_parameters(t, real);
  add(t, "images", CNN_DTYPE_U8, 1, t->pixels, 4, images);
  add(t, "labels", CNN_DTYPE_I32, 4, batch->labels, 1, &n);
  add(t, "scale", CNN_DTYPE_F32, 4, batch->scale, 1, &channels);
  add(t, "shift", CNN_DTYPE_F32, 4, batch->shift, 1, &channels);
  add(t, "predicted", CNN_DTYPE_I32, 4, t->session.state.predicted, 1, &n);
  if (t->o.infer) {
    add(t, "logits", CNN_DTYPE_F32, 4, t->session.logits, 2, (const int[]){n, model->classes});
  } else {
    add(t, "loss", real, model->real_bytes, t->session.state.loss, 1, &n);
  }
  add_values(t, real);
  const cnn_metadata metadata[] = {{"model", model->name}};
  cnn_safetensors_header(&t->header, t->tensors, t->tensor_count, metadata, 1);
  t->header.size = t->header.used + 1;
  t->header.data = malloc(t->header.size);
  if (!t->header.data) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for the header");
  bool good =
      cnn_safetensors_write(t->o.out, t->tensors, t->tensor_count, metadata, 1, &t->header, error);
  free(t->header.data);
  return good;
}

static bool run(trace *t, cnn_error *error) {
  const cnn_model *model = t->o.shared.model;
  cnn_session *session = &t->session;
  for (; session->state.step < (uint64_t)t->o.steps; session->state.step++)
    cnn_gradients_step(model, model->recipe, &session->state, &session->batch);
  if (model->guard_bytes > 0) {
    t->guarded = cnn_guarded_activations(model, &t->kept, error);
    if (!t->guarded) return false;
    session->state.activations = t->guarded;
  }
  if (t->o.infer) {
    model->prepack(&session->state);
    model->infer(&session->state, &session->batch, session->logits);
  } else {
    model->gradients(&session->state, &session->batch);
  }
  return true;
}

bool cnn_trace(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  trace t = {.o = {.shared = cnn_shared_defaults(model)}};
  cnn_command_line_parse(&LINE, argc, argv, &t.o);
  bool good = cnn_file_spares(t.o.out, t.o.shared.weights, error) &&
              cnn_file_spares(t.o.out, t.o.images, error) && prepare(&t, error) && run(&t, error) &&
              write_trace(&t, error);
  if (t.guarded) cnn_guarded_release(model, &t.kept, t.guarded);
  cnn_session_close(&t.session);
  return good;
}
