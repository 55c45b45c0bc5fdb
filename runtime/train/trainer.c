#include "train/trainer.h"

#include "core/process.h"
#include "core/real.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "data/sampler.h"
#include "train/checkpoint.h"
#include "train/gradients.h"
#include "train/save.h"
#include "train/stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- an update -------------------------------------------------------------------------------- */

/* Into blank[channels]: the pixel that is 0 after the normalisation. */
static void set_blank(const cnn_session *session, uint8_t *blank) {
  for (int c = 0; c < session->model->input[0]; c++) {
    float zero = -session->batch.shift[c] / session->batch.scale[c];
    blank[c] = (uint8_t)lrintf(fminf(fmaxf(zero, 0), UINT8_MAX));
  }
}

/* Puts images of an epoch, in its order, into the session's batch, augmented by the recipe. */
static void fill(cnn_trainer *t, int epoch, int64_t first, int count) {
  cnn_session *session = &t->session;
  cnn_dataset_fill(&t->training, session, t->order, first, count);
  if (!t->augmented) return;
  uint8_t blank[CNN_CHANNELS_MAX];
  set_blank(session, blank);
  for (int i = 0; i < count; i++) {
    cnn_augmentation how = cnn_augmentation_draw(&t->recipe, t->model->input, t->seed,
                                                 (uint32_t)epoch, t->order[first + i]);
    uint8_t *image = t->augmented + (size_t)i * t->training.image_bytes;
    cnn_augment(&how, t->model->input, blank, session->images[i], image);
    session->images[i] = image;
  }
}

/* The loss of the images in the batch, summed. */
static double collect(cnn_trainer *t) {
  const cnn_session *session = &t->session;
  double loss = 0;
  for (int i = 0; i < session->batch.count; i++) {
    loss += cnn_real_get(session->model, session->state.loss, (size_t)i);
    t->tally.right += session->state.predicted[i] == session->labels[i];
  }
  t->tally.loss += loss;
  t->tally.images += session->batch.count;
  return loss;
}

/* Gradients, means over all images; those of more than model->batch are computed in parts. Dropout
   draws by seed, step and index in the part, so every part has a seed of its own. */
static double compute_gradients(cnn_trainer *t, int epoch, int64_t first, int count) {
  const cnn_model *model = t->model;
  cnn_state *state = &t->session.state;
  double loss = 0;
  if (count <= model->batch) {
    fill(t, epoch, first, count);
    model->gradients(state, &t->session.batch);
    return collect(t);
  }
  for (int done = 0, part; done < count; done += part) {
    part = count - done < model->batch ? count - done : model->batch;
    state->seed = t->seed + (uint64_t)done * UINT64_C(0xbf58476d1ce4e5b9);
    fill(t, epoch, first + done, part);
    model->gradients(state, &t->session.batch);
    loss += collect(t);
    cnn_gradients_add(model, t->sum, state->gradients, (double)part / count, done == 0);
  }
  state->seed = t->seed;
  memcpy(state->gradients, t->sum, model->gradient_reals * (size_t)model->real_bytes);
  return loss;
}

static void report_lost(cnn_trainer *t, const char *option, const cnn_error *why) {
  cnn_progress_end(&t->progress);
  fprintf(stderr, "%s: %s %s; the training continues without its log\n", t->model->name, option,
          why->message);
}

void cnn_trainer_check_log(cnn_trainer *t, bool written) {
  if (!written) report_lost(t, "--log-steps", &t->log_error);
}

void cnn_trainer_check_board(cnn_trainer *t, bool written) {
  if (!written) report_lost(t, "--tensorboard", &t->board_error);
}

/* A loss that is not finite ends the training; what was saved before stays. */
static bool check_loss(const cnn_trainer *t, double loss, cnn_error *error) {
  const unsigned long long updates = t->session.state.step;
  if (isfinite(loss)) return true;
  return cnn_fail(error, CNN_EXIT_FAILED,
                  "the loss is %s after %llu update%s; try a smaller learning rate than --lr %g",
                  isnan(loss) ? "not a number" : "infinite", updates,
                  cnn_plural((long long)updates), t->recipe.lr);
}

double cnn_trainer_update(cnn_trainer *t, int epoch, int64_t first, int count) {
  const cnn_model *model = t->model;
  const cnn_recipe *recipe = &t->recipe;
  cnn_state *state = &t->session.state;
  double loss;
  if (count <= model->batch && !t->freeze.kept) {
    fill(t, epoch, first, count);
    cnn_gradients_step(model, recipe, state, &t->session.batch);
    loss = collect(t);
  } else {
    loss = compute_gradients(t, epoch, first, count);
    cnn_freeze_before(&t->freeze, state);
    cnn_gradients_clip(model, state->gradients, recipe);
    model->update(state);
    cnn_freeze_after(&t->freeze, state);
  }
  if (t->average)
    cnn_average_update(model, t->average, state->parameters, recipe->ema, state->step);
  return loss;
}

static bool train_batch(cnn_trainer *t, int epoch, int64_t first, int count, cnn_error *error) {
  cnn_state *state = &t->session.state;
  const double loss = cnn_trainer_update(t, epoch, first, count);
  cnn_trainer_check_log(
      t, cnn_step_log_add(&t->log, state->step, loss / count, state->lr, &t->log_error));
  if (!check_loss(t, loss, error)) return false;
  state->step++;
  cnn_trainer_check_board(
      t, cnn_tensorboard_step(&t->board, state->step, loss / count, state->lr, &t->board_error));
  return true;
}

/* Sets the rates of the current update by the schedule. */
static void set_rates(cnn_trainer *t, uint64_t batches) {
  const cnn_recipe *recipe = &t->recipe;
  cnn_state *state = &t->session.state;
  state->lr = cnn_rate(recipe, state->step, batches);
  state->momentum = cnn_momentum(recipe, recipe->momentum, state->step, batches);
  state->beta1 = cnn_momentum(recipe, recipe->beta1, state->step, batches);
}

/* --- an epoch --------------------------------------------------------------------------------- */

/* Something stops the training, wherever it is. */
static bool is_stopped(const cnn_trainer *t) {
  return cnn_stop_signal() || cnn_stop_is_late(t->deadline);
}

static bool is_over(const cnn_trainer *t) {
  return is_stopped(t) || (t->steps > 0 && t->session.state.step >= (uint64_t)t->steps);
}

static void show(cnn_trainer *t, int epoch) {
  const cnn_tally *tally = &t->tally;
  const double seen = (double)tally->images;
  cnn_progress_step(&t->progress, &(cnn_standing){.epoch = epoch + 1,
                                                  .seen = tally->images,
                                                  .loss = tally->loss / seen,
                                                  .accuracy = (double)tally->right / seen,
                                                  .lr = t->session.state.lr,
                                                  .images_per_s = seen / tally->seconds});
}

/* Runs the remaining updates of the epoch. */
static bool train_epoch(cnn_trainer *t, int epoch, cnn_error *error) {
  const cnn_state *state = &t->session.state;
  cnn_tally *tally = &t->tally;
  int64_t images = t->training.count, batches = cnn_sampler_batches(images, t->batch);
  cnn_sampler_order(t->order, (uint32_t)images, !t->no_shuffle, t->seed, (uint64_t)epoch);
  double start = cnn_seconds() - tally->seconds;
  for (int64_t b = (int64_t)state->step - epoch * batches; b < batches && !is_over(t); b++) {
    int count = cnn_sampler_batch_count(images, t->batch, b);
    set_rates(t, (uint64_t)batches);
    if (!train_batch(t, epoch, b * t->batch, count, error)) return false;
    tally->seconds = cnn_seconds() - start;
    show(t, epoch);
    if (b + 1 < batches && cnn_save_is_due(t, false) && !cnn_save_run(t, error)) return false;
  }
  return true;
}

typedef struct evaluated {
  cnn_progress *progress;
  int epoch;
  int64_t seen, images;
} evaluated;

static void show_evaluation(void *context, const float *logits, int label, int predicted) {
  evaluated *e = context;
  (void)logits, (void)label, (void)predicted;
  cnn_progress_evaluation(e->progress, e->epoch, ++e->seen, e->images);
}

static cnn_evaluation evaluate(cnn_trainer *t, const cnn_dataset *dataset, void *parameters) {
  cnn_state *state = &t->session.state;
  void *trained = state->parameters;
  int batch = t->batch < t->model->batch ? t->batch : t->model->batch;
  state->parameters = parameters;
  evaluated shown = {&t->progress, t->epochs_done + 1, 0, dataset->count};
  const cnn_observer observer = {show_evaluation, &shown};
  cnn_evaluation result = cnn_evaluate(&t->session, dataset, batch, &observer, cnn_stop_flag());
  state->parameters = trained;
  return result;
}

bool cnn_trainer_is_complete(const cnn_trainer *t) {
  return t->epochs_done == t->recipe.epochs ||
         cnn_best_is_stale(&t->best, t->epochs_done, t->patience);
}

/* A whole epoch is over: the next begins at nothing. */
static void begin_next_epoch(cnn_trainer *t, double loss) {
  cnn_recipe *recipe = &t->recipe;
  t->epochs_done++;
  t->tally = (cnn_tally){0};
  if (recipe->schedule == CNN_LR_PLATEAU && t->epochs_done > recipe->warmup_epochs)
    recipe->lr = cnn_plateau_rate(&t->plateau, recipe, recipe->lr, loss);
}

static cnn_metrics row_of(const cnn_trainer *t, const cnn_evaluation *test,
                          const cnn_evaluation *average, double test_s) {
  const cnn_tally *tally = &t->tally;
  const double images = (double)tally->images;
  const int64_t batches = cnn_sampler_batches(t->training.count, t->batch);
  return (cnn_metrics){.epoch = t->epochs_done + 1,
                       .updates = (int64_t)t->session.state.step - t->epochs_done * batches,
                       .all_updates = batches,
                       .train_loss = tally->loss / images,
                       .train_accuracy = (double)tally->right / images,
                       .test_loss = test->loss,
                       .test_accuracy = test->accuracy,
                       .images_per_s = images / tally->seconds,
                       .lr = t->session.state.lr,
                       .train_s = tally->seconds,
                       .test_s = test_s,
                       .top = test->top,
                       .has_top = t->model->classes > CNN_TOP,
                       .averaged = t->average != NULL,
                       .average_loss = average->loss,
                       .average_accuracy = average->accuracy};
}

/* Evaluates after an epoch, or after that part of one that `steps` allows; and saves. */
static bool finish_epoch(cnn_trainer *t, cnn_error *error) {
  const double start = cnn_seconds();
  cnn_evaluation test = evaluate(t, &t->validation, t->session.state.parameters), average = {0};
  if (t->average && !cnn_stop_signal()) average = evaluate(t, &t->validation, t->average);
  if (cnn_stop_signal()) return cnn_save_run(t, error);
  if (!check_loss(t, test.loss, error)) return false;
  const cnn_metrics row = row_of(t, &test, &average, cnn_seconds() - start);
  t->rows[t->row_count++] = row;
  cnn_progress_epoch(&t->progress, &row);
  cnn_trainer_check_board(
      t, cnn_tensorboard_epoch(&t->board, t->session.state.step, &row, &t->board_error));
  if (cnn_metrics_is_part(&row)) return cnn_save_run(t, error);
  const cnn_evaluation *judged = t->average ? &average : &test;
  const cnn_best epoch = {row.epoch, judged->loss, judged->accuracy};
  if (cnn_best_update(&t->best, t->best_by, &epoch) && !cnn_save_best(t, error)) return false;
  begin_next_epoch(t, row.train_loss);
  if (!is_over(t) && !cnn_trainer_is_complete(t) && !cnn_save_is_due(t, true)) return true;
  return cnn_save_run(t, error);
}

/* One more epoch, or the rest of one that has begun. */
static bool run_epoch(cnn_trainer *t, int epoch, cnn_error *error) {
  if (!train_epoch(t, epoch, error)) return false;
  const bool whole = t->tally.images == t->training.count;
  if (cnn_stop_signal() || (!whole && is_stopped(t))) return cnn_save_run(t, error);
  return finish_epoch(t, error);
}

bool cnn_trainer_run(cnn_trainer *t, cnn_error *error) {
  bool good = true;
  cnn_progress_begin(&t->progress, t->recipe.epochs, t->training.count,
                     t->epochs_done * (int64_t)t->training.count + t->tally.images);
  while (good && !cnn_trainer_is_complete(t) && !is_over(t))
    good = run_epoch(t, t->epochs_done, error);
  cnn_progress_end(&t->progress);
  /* A training that failed keeps its log, which shows why. */
  cnn_trainer_check_log(t, cnn_step_log_close(&t->log, &t->log_error));
  cnn_trainer_check_board(t, cnn_tensorboard_close(&t->board, &t->board_error));
  return good;
}

bool cnn_trainer_test(cnn_trainer *t, cnn_evaluation *result, cnn_error *error) {
  cnn_checkpoint best;
  if (!cnn_checkpoint_load(t->run.best, t->model, t->session.state.parameters, &best, error))
    return false;
  *result = evaluate(t, &t->test, t->session.state.parameters);
  return true;
}
