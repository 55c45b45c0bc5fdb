#include "core/session.h"

#include "data/augment.h"
#include "train/checkpoint.h"
#include "report/print.h"
#include "core/random.h"

#include <sched.h>
#include <stdio.h>

static int processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Many more threads than processors wait for each other at every barrier. */
static void warn_of_crowds(const cnn_model *model, int wanted) {
  enum { CROWD = 8 };
  if (wanted <= CROWD * processors()) return;
  fprintf(stderr, "%s: %d threads on %d processor%s will mostly wait for each other; take %d\n",
          model->name, wanted, processors(), cnn_plural(processors()), processors());
}

static int usable_threads(const cnn_model *model, int wanted) {
  if (wanted == 0) wanted = processors();
  if (model->threads_max > 1) warn_of_crowds(model, wanted);
  if (wanted <= model->threads_max) return wanted;
  fprintf(stderr,
          "%s: running on %d thread instead of %d: this program was compiled without OpenMP "
          "(compile it with the flags that `cnnc --cflags` prints)\n",
          model->name, model->threads_max, wanted);
  return model->threads_max;
}

static size_t activation_reals(const cnn_model *model, cnn_purpose purpose) {
  if (purpose == CNN_TO_INFER || model->inference_reals > model->training_reals)
    return model->inference_reals;
  return model->training_reals;
}

void cnn_session_plan(cnn_session *session, const cnn_model *model, cnn_purpose purpose,
                      int threads) {
  const cnn_recipe *recipe = model->recipe;
  *session = (cnn_session){.model = model};
  session->state = (cnn_state){
      .threads = usable_threads(model, threads),
      .lr = recipe->lr,
      .momentum = recipe->momentum,
      .weight_decay = recipe->weight_decay,
      .beta1 = recipe->beta1,
      .beta2 = recipe->beta2,
      .eps = recipe->eps,
  };
  cnn_storage *storage = &session->storage;
  cnn_state *state = &session->state;
  size_t real = (size_t)model->real_bytes, batch = (size_t)model->batch;
  cnn_storage_want(storage, &state->parameters, model->parameter_reals, real);
  if (purpose == CNN_TO_TRAIN) {
    cnn_storage_want(storage, &state->gradients, model->parameter_reals, real);
    cnn_storage_want(storage, &state->optimizer,
                     (size_t)model->optimizer_blocks * model->parameter_reals, real);
    cnn_storage_want(storage, &state->loss, batch, real);
  }
  cnn_storage_want(storage, &state->predicted, batch, sizeof *state->predicted);
  cnn_storage_want(storage, &session->logits, batch * (size_t)model->classes, sizeof(float));
  cnn_storage_want(storage, &session->images, batch, sizeof *session->images);
  cnn_storage_want(storage, &session->labels, batch, sizeof *session->labels);
  cnn_storage_want(storage, &state->activations, activation_reals(model, purpose), real);
}

void cnn_session_plan_mirror(cnn_session *session) {
  const cnn_model *model = session->model;
  size_t batch = (size_t)model->batch, logits = batch * (size_t)model->classes;
  cnn_storage_want(&session->storage, &session->mirrored, batch, cnn_image_bytes(model));
  cnn_storage_want(&session->storage, &session->mirrored_logits, logits, sizeof(float));
}

bool cnn_session_open(cnn_session *session, cnn_error *error) {
  if (!cnn_storage_commit(&session->storage, error)) return false;
  session->batch.images = session->images;
  session->batch.labels = session->labels;
  return true;
}

void cnn_session_close(cnn_session *session) {
  cnn_storage_release(&session->storage);
}

cnn_normalization cnn_session_normalization(const cnn_model *model, const cnn_dataset *training) {
  const cnn_recipe *recipe = model->recipe;
  if (recipe->normalize_from_dataset) return cnn_normalization_measured(model, training);
  return cnn_normalization_given(model->input[0], recipe->mean, recipe->deviation);
}

void cnn_session_normalize(cnn_session *session, const cnn_normalization *normalization) {
  session->normalization = *normalization;
  session->batch.scale = session->normalization.scale;
  session->batch.shift = session->normalization.shift;
}

bool cnn_session_load(cnn_session *session, const char *path, const char *folder,
                      cnn_error *error) {
  const cnn_model *model = session->model;
  cnn_checkpoint checkpoint;
  if (!cnn_checkpoint_load(path, model, session->state.parameters, &checkpoint, error))
    return false;
  if (checkpoint.normalization.channels == 0) {
    cnn_dataset training = {0};
    bool measure = model->recipe->normalize_from_dataset;
    if (measure && !folder)
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s: does not say its normalisation (metadata 'mean' and 'deviation'); give "
                      "the folder of the data set, whose training part tells it",
                      path);
    if (measure && !cnn_dataset_load(&training, model, folder, "train", 0, error)) return false;
    checkpoint.normalization = cnn_session_normalization(model, &training);
    cnn_dataset_release(&training);
  }
  cnn_session_normalize(session, &checkpoint.normalization);
  return true;
}

void cnn_session_fill(cnn_session *session, const cnn_dataset *dataset, const uint32_t *order,
                      int64_t first, int count) {
  for (int i = 0; i < count; i++) {
    size_t index = order ? order[first + i] : (size_t)(first + i);
    session->images[i] = dataset->images + index * dataset->image_bytes;
    if (dataset->labels) session->labels[i] = dataset->labels[index];
  }
  session->batch.count = count;
}

/* Infers mirror images of the batch into logits of their own. */
static void infer_mirrored(cnn_session *session) {
  static const cnn_augmentation mirror = {.flip = 1};
  const cnn_model *model = session->model;
  size_t bytes = cnn_image_bytes(model);
  for (int i = 0; i < session->batch.count; i++) {
    uint8_t *image = session->mirrored + (size_t)i * bytes;
    cnn_augment(&mirror, model->input, NULL, session->images[i], image);
    session->images[i] = image;
  }
  model->infer(&session->state, &session->batch, session->mirrored_logits);
}

/* The first largest of the mean logits. */
static int32_t mean_logits(float *logits, const float *mirrored, int classes) {
  int32_t best = 0;
  for (int k = 0; k < classes; k++) {
    logits[k] = (logits[k] + mirrored[k]) / 2;
    if (logits[k] > logits[best]) best = k;
  }
  return best;
}

void cnn_session_infer(cnn_session *session) {
  const cnn_model *model = session->model;
  model->infer(&session->state, &session->batch, session->logits);
  if (!session->mirrored) return;
  infer_mirrored(session);
  for (int i = 0; i < session->batch.count; i++) {
    size_t at = (size_t)i * (size_t)model->classes;
    session->state.predicted[i] =
        mean_logits(session->logits + at, session->mirrored_logits + at, model->classes);
  }
}

size_t cnn_image_bytes(const cnn_model *model) {
  return (size_t)model->input[0] * (size_t)model->input[1] * (size_t)model->input[2];
}

void cnn_session_fill_random(cnn_session *session, uint8_t *images, int count, int levels,
                             uint64_t seed) {
  const cnn_model *model = session->model;
  size_t bytes = cnn_image_bytes(model);
  for (int i = 0; i < count; i++) {
    cnn_random random = cnn_random_stream(seed, "synthetic image", (uint64_t)i);
    session->images[i] = images + (size_t)i * bytes;
    for (size_t k = 0; k < bytes; k++)
      images[(size_t)i * bytes + k] = (uint8_t)cnn_random_below(&random, (uint32_t)levels);
    session->labels[i] = (int32_t)cnn_random_below(&random, (uint32_t)model->classes);
  }
  session->batch.count = count;
}
