#include "core/session.h"

#include "core/processors.h"
#include "core/random.h"
#include "core/team.h"
#include "core/text.h"

#include <stdio.h>

/* Many more threads than processors wait for each other at every barrier. */
static void warn_of_crowds(const cnn_model *model, int wanted) {
  enum { CROWD = 8 };
  const int processors = cnn_processors();
  if (wanted <= CROWD * processors) return;
  fprintf(stderr, "%s: %d threads on %d processor%s will mostly wait for each other; use %d\n",
          model->name, wanted, processors, cnn_plural(processors), processors);
}

static int usable_threads(const cnn_model *model, int wanted) {
  const bool given = wanted > 0;
  if (!given) wanted = cnn_processors();
  if (model->threads_max > 1) warn_of_crowds(model, wanted);
  if (wanted <= model->threads_max) return wanted;
  if (model->target == CNN_REFERENCE) { /* textbook C has no threads */
    if (given)
      fprintf(stderr, "%s: running on 1 thread instead of %d: --target reference has no threads\n",
              model->name, wanted);
    return 1;
  }
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
    cnn_storage_want(storage, &state->gradients, model->gradient_reals, real);
    cnn_storage_want(storage, &state->optimizer,
                     (size_t)model->optimizer_blocks * model->gradient_reals, real);
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
  if (!cnn_team_start(session->model, &session->state, error) ||
      !cnn_storage_commit(&session->storage, error))
    return false;
  session->batch.images = session->images;
  session->batch.labels = session->labels;
  return true;
}

void cnn_session_close(cnn_session *session) {
  cnn_storage_release(&session->storage);
}

void cnn_session_normalize(cnn_session *session, const cnn_normalization *normalization) {
  session->normalization = *normalization;
  session->batch.scale = session->normalization.scale;
  session->batch.shift = session->normalization.shift;
}

/* Left and right of `rows` rows are exchanged. */
static void mirror(const uint8_t *from, uint8_t *to, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, from += width, to += width)
    for (size_t x = 0; x < width; x++) to[x] = from[width - 1 - x];
}

/* Infers mirror images of the batch into logits of their own. */
static void infer_mirrored(cnn_session *session) {
  const cnn_model *model = session->model;
  size_t bytes = cnn_image_bytes(model), width = (size_t)model->input[2];
  for (int i = 0; i < session->batch.count; i++) {
    uint8_t *image = session->mirrored + (size_t)i * bytes;
    mirror(session->images[i], image, bytes / width, width);
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
